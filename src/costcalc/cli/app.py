"""`costcalc app`: the what-if page."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import Basis, Developers, On, Options, RatesFile, WorkArgument, parse_count


def app(
    work: WorkArgument = "interactive_ide",
    option: Options = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
    rates: RatesFile = None,
    port: Annotated[
        int,
        typer.Option(parser=parse_count, metavar="N", help="The port of 127.0.0.1 to listen at (default: a free one)."),
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """A page with sliders, for this machine only: change the work, the options or whose prices to believe, see the bill."""
    from costcalc.app.controls import Start
    from costcalc.app.serving import serve

    book = costcalc.PriceBook.load(rates)
    start = Start.of(work, option or (), developers=developers, on=on, basis=basis, rates=book)
    serve(start, port, browser=not no_browser)
