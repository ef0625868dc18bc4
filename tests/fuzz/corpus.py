"""What fuzzing begins with: the sample messages, one a line, as the targets read them.

A line break parts the messages of one run, so what comes after something else (an update after a snapshot, an
unsubscription after a subscription) is tried too.
"""

from __future__ import annotations

from pathlib import Path

from kraken_lab.wire.strict import dump, parse
from tests.fixtures import names, sample, sequence

__all__ = ["FINDINGS", "findings", "frames", "requests"]

FINDINGS = Path(__file__).parent / "findings"
"""Inputs that once broke something, as ``<target>-<hash>``; the default tier runs each of them."""

FOLLOWED = 6
"""Frames taken from a longer sequence: a snapshot and some updates."""

_SIGNED = "api-key: key\napi-sign: sign\n"
_REST = (
    "GET /0/public/Time",
    "GET /0/public/SystemStatus",
    "GET /0/public/Assets?asset=DOT,USD&aclass=currency",
    "GET /0/public/AssetPairs?pair=DOTUSD&info=fees",
    "GET /0/public/Ticker?pair=DOT/USD,SHIBUSD",
    "GET /0/public/OHLC?pair=DOTUSD&interval=60&since=1780000000",
    "GET /0/public/Trades?pair=DOTUSD&since=1780000000.5&count=10",
    "GET /0/public/Depth?pair=DOTUSD&count=5",
    "GET /0/public/None",
    f"POST /0/private/GetWebSocketsToken\n{_SIGNED}content-type: application/x-www-form-urlencoded\n\nnonce=17",
    f'POST /0/private/GetWebSocketsToken\n{_SIGNED}content-type: application/json\n\n{{"nonce":17}}',
    f"POST /0/private/Balance\n{_SIGNED}\nnonce=18",
    "POST /0/private/GetWebSocketsToken\napi-key: other\n\nnonce=17",
)
_FOLLOWING = (
    ("book", '"channel":"book","symbol":["DOT/USD","SHIB/USD"],"depth":25'),
    ("ticker", '"channel":"ticker","symbol":["DOT/USD"],"event_trigger":"bbo","snapshot":false'),
    ("trade", '"channel":"trade","symbol":["POL/EUR"],"snapshot":true'),
    ("ohlc", '"channel":"ohlc","symbol":["DOT/USD"],"interval":5'),
    ("instrument", '"channel":"instrument","include_tokenized_assets":true'),
    ("level3", '"channel":"level3","symbol":["DOT/USD"],"depth":10,"token":"TOKEN"'),
)


def frames() -> list[bytes]:
    """What an exchange says: each sample, each channel's snapshot with its updates, and the books of sequences."""
    whole = [name for name in names() if "/sequence-" not in name and "request" not in name]
    followed = [b"\n".join(sequence(name).frames[:FOLLOWED]) for name in names("*/sequence-*")]
    for snapshot in names("*/snapshot*"):
        channel = snapshot.partition("/")[0]
        followed.append(b"\n".join(dump(parse(sample(name))) for name in (snapshot, *names(f"{channel}/update*"))))
    return [dump(parse(sample(name))) for name in whole] + followed


def requests() -> list[bytes]:
    """What a client asks: ``public``, ``private``, ``level3`` or ``rest`` in the first line, requests below."""
    asked = [dump(parse(sample(name))) for name in names("*/*request*")]
    found = [endpoint + b"\n" + request for request in asked for endpoint in (b"public", b"private", b"level3")]
    for channel, params in _FOLLOWING:
        lines = [f'{{"method":"{method}","params":{{{params}}},"req_id":1}}' for method in ("subscribe", "unsubscribe")]
        endpoint = "level3" if channel == "level3" else "public"
        found.append("\n".join([endpoint, lines[0], lines[0], '{"method":"ping"}', lines[1]]).encode())
    return found + [f"rest\n{request}".encode() for request in _REST]


def findings(target: str) -> list[bytes]:
    """What once broke this target."""
    return [path.read_bytes() for path in sorted(FINDINGS.glob(f"{target}-*"))]
