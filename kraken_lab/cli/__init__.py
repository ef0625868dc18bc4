"""The command line: ``kraken-lab demo | notebook | sandbox | doctor | kill | check-notebook``.

Each command is one function here and its work in a module of the same name, imported when it runs, so that ``--help``
answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import KrakenLabError

__all__ = ["app", "main"]

app = typer.Typer(
    name="kraken-lab",
    help="A live order book in your notebook: Kraken's WebSocket API v2 as pandas and polars tables, with an exchange "
    "inside that needs no network and no keys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from .. import __version__

        typer.echo(f"kraken-lab {__version__}")
        raise typer.Exit


@app.callback(help=app.info.help)
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """What stands before a command."""


@app.command()
def demo(
    seconds: Annotated[float, typer.Option(help="How long to stream.", min=2.0, max=3600.0)] = 15.0,
    symbol: Annotated[
        list[str] | None, typer.Option(help="A pair to stream; give it several times.", show_default="three pairs")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic market.")] = 7,
    output: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("kraken-lab-demo.html"),
) -> None:
    """Stream ticker, trades, books, candles and level3 from the sandbox, break the line once, and show the result.

    Starts an exchange on this machine, streams five channels of a few pairs into tables for a while, resets its own
    connection in the middle to show the recovery, prints the pandas and polars frames, and writes one self-contained
    HTML page with the order-book heatmap, the trades and the candles. Needs no network and no key.
    """
    from .demo import run

    _end(run(seconds=seconds, symbols=symbol or ["BTC/USD", "ETH/USD", "SOL/USD"], seed=seed, output=output))


@app.command()
def notebook(
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Copy the notebooks there and open them.",
            show_default="a checkout's own; else ./kraken-lab-notebooks",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="TCP port, or fail.", min=1, max=65535, show_default="8888 or the next free one")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser; else the address is printed.")
    ] = True,
    allow_root: Annotated[bool, typer.Option("--allow-root", help="Start even as root, as in a container.")] = False,
) -> None:
    """Open JupyterLab on the notebooks that come with this package, at the first of them.

    They run in the sandbox and need no network and no key. JupyterLab listens on this machine only; Ctrl-C ends it. A
    notebook that you have changed is never overwritten.
    """
    from .notebook import run

    _end(run(folder=folder, port=port, browser=browser, allow_root=allow_root))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic market.")] = 7,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON line and take control lines on stdin; its end ends the sandbox."),
    ] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Serve TLS with a throw-away certificate.")] = False,
    market: Annotated[
        str,
        typer.Option(help="synthetic, or feed: another exchange's public frames, which come down the pipe of --json."),
    ] = "synthetic",
    silence: Annotated[
        float, typer.Option(help="With --market feed: seconds without a frame after which nothing is matched.", min=0.1)
    ] = 5.0,
    rate: Annotated[
        float | None, typer.Option(help="Market actions a second over all pairs.", show_default="a lively market")
    ] = None,
    host: Annotated[str, typer.Option(help="A loopback address; any other is refused.")] = "127.0.0.1",
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="An origin whose pages may connect; none may by default.")
    ] = None,
) -> None:
    """Run the embedded exchange: Kraken's WebSocket API v2 and REST on this machine, for any client.

    It listens on loopback only, and its addresses carry a secret that is new with every run.
    """
    from ..sandbox.market import DEFAULT_RATE
    from ..sandbox.program import run

    _end(
        run(
            host=host,
            port=port,
            seed=seed,
            as_json=json,
            tls=tls,
            market=market,
            rate=DEFAULT_RATE if rate is None else rate,
            silence_s=silence,
            allow_origin=allow_origin or (),
        )
    )


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not look at the network.")] = False,
) -> None:
    """Check the installation, the sandbox, the network and the clock, and explain what is found.

    Ends with 0 if the sandbox works; trouble with the network is a warning, because the sandbox needs none.
    """
    from .doctor import run

    _end(run(offline=offline))


@app.command()
def kill(
    at: Annotated[
        str | None,
        typer.Option(help="The sandbox that plays the exchange: the JSON line it printed, or - to read it from stdin."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="Whose orders: live; with --at sandbox, paper or live, which a sandbox can play.",
            show_default="live; with --at sandbox",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Give up after so long.", min=1.0, show_default="until nothing is left"),
    ] = None,
) -> None:
    """Halt an account and cancel all its orders, whoever placed them. Asks nothing.

    Works from any terminal, however busy the kernel is: it writes the halt file first, which every kernel reads before
    each order, then cancels by REST and shows three lists: confirmed cancelled, filled meanwhile, not confirmed. The
    halt lasts until lab.resume("why") in Python or a notebook, where the account can be seen: no command ends it.
    """
    from .kill import run

    _end(run(at=sys.stdin.read() if at == "-" else at, mode=mode, seconds=seconds))


@app.command("check-notebook")
def check_notebook(
    files: Annotated[list[Path], typer.Argument(help="Notebooks to look at.")],
) -> None:
    """Look for keys, secrets and saved widget state in notebooks, before they are shared.

    Names the cell of everything it finds, never the secret itself, and ends with 1 if it finds anything.
    """
    from .check_notebook import run

    _end(run(files))


def _end(code: int) -> None:
    if code:
        raise typer.Exit(code)


def main() -> None:
    """The program ``kraken-lab``: one sentence for what went wrong, and no traceback."""
    try:
        app()
    except KrakenLabError as error:
        typer.echo(f"kraken-lab: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("kraken-lab: interrupted.", err=True)
        sys.exit(130)
