"""Faults of the road to the exchange: connections that end, fall silent or grow slow, and REST that fails."""

from __future__ import annotations

from typing import Final

from .tricks import Part, Trick, trick

__all__ = ["LINE_TRICKS", "REST_TRICKS"]

_LINE, _REST = "The line", "REST"
_THRICE = {"fault": "rest_fail", "path": "", "times": 3}

LINE_TRICKS: Final[tuple[Trick, ...]] = (
    trick(
        _LINE,
        "reset",
        "Cut the line",
        "Every connection ends without a word. Streams turn CONNECTING, come back within about a second, and have one "
        "gap each; books are withdrawn and fetched anew.",
        [Part("Every connection was reset.", {"fault": "reset"})],
    ),
    trick(
        _LINE,
        "close",
        "Close it politely",
        "As before, but the exchange says goodbye: the gap's reason is its close frame, 1001 going away.",
        [Part("Every connection was closed with 1001 going away.", {"fault": "close", "code": 1001})],
    ),
    trick(
        _LINE,
        "silence",
        "Go silent",
        "Nothing is said, on lines that stay open. Ages grow; after five seconds a line counts as dead and is "
        "replaced, with the silence as the gap's reason. A shorter pause leaves no gap: all of it comes late.",
        [
            Part("The exchange is silent for {seconds} s.", {"fault": "freeze"}),
            Part("It speaks again.", {"fault": "thaw"}, after_all=True),
        ],
    ),
    trick(
        _LINE,
        "refuse",
        "Cut it, refuse three times",
        "Three attempts fail, with longer and longer pauses between them; the health strip counts them and says when "
        "the next one comes.",
        [
            Part("The next three connections are refused.", {"fault": "refuse", "n": 3}),
            Part("Every connection was reset.", {"fault": "reset"}),
        ],
    ),
    trick(
        _LINE,
        "busy",
        "Cut it, answer 503 twice",
        "The address answers and says that it is busy: two attempts end with HTTP 503, the one after succeeds.",
        [
            Part(
                "The next two connections are answered with HTTP 503.", {"fault": "upgrade", "status": 503, "times": 2}
            ),
            Part("Every connection was reset.", {"fault": "reset"}),
        ],
    ),
    trick(
        _LINE,
        "hang",
        "Cut it, let the next hang",
        "The next connection is taken and never answered: given up after ten seconds, and made anew after that.",
        [
            Part("The next connection is never answered.", {"fault": "hang", "n": 1}),
            Part("Every connection was reset.", {"fault": "reset"}),
        ],
    ),
    trick(
        _LINE,
        "slow",
        "Slow network",
        "What is shown gets older, exchange → kernel grows, and afterwards all of it arrives. No gap, unless the "
        "exchange gives up on so slow a reader.",
        [
            Part("No more than 2 kB a second on a line for {seconds} s.", {"fault": "throttle", "bytes_per_s": 2000}),
            Part("As fast as it can again.", {"fault": "throttle", "bytes_per_s": 0}, after_all=True),
        ],
    ),
    trick(
        _LINE,
        "crumbs",
        "Send in crumbs",
        "Three bytes at a time. Nothing else changes: no gap, no reconnect.",
        [
            Part("Three bytes at a time for {seconds} s.", {"fault": "slice", "n": 3}),
            Part("In one piece again.", {"fault": "slice", "n": 0}, after_all=True),
        ],
    ),
    trick(
        _LINE,
        "pongs",
        "Leave pings unanswered",
        "Data flows on, but the protocol's own pings stay without answer: the line is replaced after some 25 seconds, "
        "with a gap. It lasts until you go back to normal.",
        [Part("Pings stay unanswered from now on.", {"fault": "drop_pongs", "on": True})],
    ),
    trick(
        _LINE,
        "restart",
        "Restart the exchange",
        "Connections, tokens and nonces are lost. Everything wanted is subscribed anew, with a fresh token.",
        [Part("The exchange was restarted; tokens and nonces are lost.", {"fault": "restart"})],
    ),
)

REST_TRICKS: Final[tuple[Trick, ...]] = (
    trick(
        _REST,
        "rest-lag",
        "REST lags behind",
        "REST tells of orders, trades and candles as they were so long ago. What was heard on the line counts more.",
        [Part("REST tells what was {seconds} s ago.", {"fault": "rest_lag", "seconds": "{seconds}"})],
    ),
    trick(
        _REST,
        "rest-500",
        "REST fails three times",
        "The next three requests are answered with HTTP 500: RestFailed, with the status in it.",
        [Part("The next three REST requests fail.", {**_THRICE, "how": 500})],
    ),
    trick(
        _REST,
        "rest-html",
        "REST answers with a page",
        "The next three requests get HTML instead of JSON, as from a gateway: RestFailed, and nothing of it is run.",
        [Part("The next three REST answers are HTML.", {**_THRICE, "how": "html"})],
    ),
    trick(
        _REST,
        "rest-mute",
        "REST does not answer",
        "The next three requests end without an answer: RestFailed.",
        [Part("The next three REST requests stay unanswered.", {**_THRICE, "how": "no_answer"})],
    ),
)
