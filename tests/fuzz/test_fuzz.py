"""The fuzzing targets in the default tier: samples, a moderate number of mutations of them, and all former findings."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kraken_lab.errors import Malformed
from kraken_lab.sandbox.order_request import TRADING_METHODS
from kraken_lab.sandbox.session import Session
from kraken_lab.streams import Router
from kraken_lab.wire import UnknownMessage

from . import corpus, fuzz_decode, fuzz_requests
from .mutations import mutated
from .run import TARGETS, keep, read_report, unguided

FRAMES, REQUESTS = fuzz_decode.corpus(), fuzz_requests.corpus()
MODEST = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])


def damaged(samples: list[bytes]) -> st.SearchStrategy[bytes]:
    """One of the samples after up to four mutations."""

    def damage(data: bytes, seed: int, times: int) -> bytes:
        random = Random(seed)
        for _ in range(times):
            data = mutated(data, random)
        return data

    return st.builds(damage, st.sampled_from(samples), st.integers(0, 2**32 - 1), st.integers(1, 4))


@pytest.mark.promise("S-13")
@given(data=damaged(FRAMES) | st.binary(max_size=100))
@example(data=b"")
@MODEST
def test_no_frame_breaks_the_decoder_or_a_router(data: bytes) -> None:
    """A message or `Malformed`, the same by both roads of the decoder, and the router lives on."""
    fuzz_decode.target(data)


@pytest.mark.promise("W-03")
@given(data=damaged(REQUESTS) | st.binary(max_size=100))
@example(data=b"")
@MODEST
def test_no_request_breaks_the_sandbox(data: bytes) -> None:
    """Every answer is JSON, on the three sockets and by REST."""
    fuzz_requests.target(data)


@pytest.mark.parametrize("name", TARGETS)
def test_samples_and_former_findings_go_well(name: str) -> None:
    """Unchanged samples, and whatever broke the target before."""
    target, samples = TARGETS[name]
    for data in samples() + corpus.findings(name):
        target(data)


# --- whether the targets see anything -------------------------------------------------------------------------------


def test_the_frames_reach_every_kind_of_message_and_every_feed() -> None:
    """A corpus that is refused at the door would prove nothing."""
    lines = {line for data in FRAMES for line in data.split(b"\n")}
    kinds = {type(fuzz_decode.understood(line)).__name__ for line in lines}
    assert {f"{name}Message" for name in ("Book", "Level3", "Trade", "Ticker", "Ohlc", "Instrument", "Status")} < kinds
    assert {"ExecutionsMessage", "BalancesMessage", "Response", "Pong", "Heartbeat"} < kinds
    live = set()
    for data in FRAMES:
        router = fuzz_decode.listening([symbol for symbol in fuzz_decode.PRECISIONS if symbol.encode() in data])
        for line in data.split(b"\n"):
            router.hear(line, fuzz_decode.at(fuzz_decode.ASKED_S))
        live |= {key.channel for key, feed in router.feeds.items() if feed.messages}
    assert live == {"book", "level3", "trade", "ticker", "ohlc", "instrument"}


def test_the_requests_reach_every_channel_every_method_and_every_rest_path() -> None:
    """Each channel is subscribed to, orders are entered and leave, and REST gives results, a token among them."""
    channels, methods, results = set(), set(), 0
    for data in REQUESTS:
        where, _, asked = data.partition(b"\n")
        if where == b"rest":
            results += b'"error":[]' in fuzz_requests.rest(asked).body
            continue
        endpoint = fuzz_requests.ENDPOINTS[[name.encode() for name in fuzz_requests.ENDPOINTS].index(where)]
        for answer in fuzz_requests.answers(endpoint, asked.split(b"\n")):
            if answer.get("success"):
                methods.add(answer["method"])
                channels.add(answer["result"]["channel"] if "subscribe" in answer["method"] else "orders")
    assert channels == {
        *("book", "ticker", "trade", "ohlc", "instrument", "level3", "executions", "balances", "orders"),
    }
    assert methods == {"subscribe", "unsubscribe", *TRADING_METHODS} - {"edit_order"}
    assert results == 23


@pytest.mark.parametrize("error", [ValueError, RecursionError, KeyError])
def test_another_error_of_the_decoder_is_a_finding(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `Malformed` is let pass."""

    def broken(frame: bytes) -> UnknownMessage:
        raise error

    monkeypatch.setattr(fuzz_decode, "decode", broken)
    with pytest.raises(error):
        fuzz_decode.target(FRAMES[0])


def test_two_roads_that_differ_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that the careful road would not give."""
    monkeypatch.setattr(fuzz_decode, "decode", lambda frame: UnknownMessage({}, raw=frame))
    with pytest.raises(AssertionError, match="two roads differ"):
        fuzz_decode.target(b'{"channel":"heartbeat"}')


def test_an_error_in_a_router_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even `Malformed`, which a router has to keep to itself."""

    def broken(*_: object) -> bool:
        raise Malformed("unheard of")

    monkeypatch.setattr(Router, "hear", broken)
    with pytest.raises(Malformed):
        fuzz_decode.target(FRAMES[0])


@pytest.mark.parametrize("said", ["{", "[]", '{"method":NaN}', "\ud800", "{}"])
def test_an_answer_that_is_no_json_object_is_a_finding(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad syntax, no object, no number, no Unicode, nothing that says what it is."""
    fuzz_requests.target(b"public")  # what is shared by runs is made by a sandbox in good health
    monkeypatch.setattr(Session, "receive", lambda session, data: session.send_as_is(said))
    with pytest.raises((ValueError, AssertionError)):
        fuzz_requests.target(b'public\n{"method":"ping"}')


# --- how it is run --------------------------------------------------------------------------------------------------


def test_a_run_without_guidance_stops_at_what_it_finds() -> None:
    """The input that broke it is kept, and does so again."""

    def fussy(data: bytes) -> None:
        assert b"null" not in data

    outcome = unguided(fussy, FRAMES[:3], 30.0, Random(1))
    [broke] = outcome.broke
    assert b"null" in broke
    assert outcome.executions > 1


def test_a_run_without_guidance_ends_in_time() -> None:
    """Nothing was found, and the executions were counted."""
    seen: list[bytes] = []
    outcome = unguided(seen.append, FRAMES, 0.01, Random(1))
    assert (outcome.broke, outcome.executions) == ([], len(seen))
    assert len(set(seen)) > 1


def test_what_libfuzzer_printed_is_understood() -> None:
    """The last coverage line, and the runs by either of the lines that tell them."""
    said = "#2\tINITED cov: 3 ft: 3 corp: 1/1b\n#9\tNEW    cov: 12 ft: 30 corp: 2/9b\nDone 800 runs in 2 second(s)\n"
    report = read_report(said + "stat::number_of_executed_units: 800\n")
    assert (report.executions, report.coverage) == (800, "12 edges and 30 features covered")
    assert read_report("").executions == 0


def test_a_finding_becomes_part_of_the_default_tier(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept under a name that tells its target."""
    monkeypatch.setattr("tests.fuzz.run.FINDINGS", tmp_path)
    monkeypatch.setattr(corpus, "FINDINGS", tmp_path)
    keep("decode", b"bad")
    assert corpus.findings("decode") == [b"bad"]
    assert corpus.findings("requests") == []
