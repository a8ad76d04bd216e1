"""`costcalc session`: what a session costs as it grows longer."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import (
    Basis,
    ChartFile,
    Format,
    KeepFresh,
    On,
    OutputFormat,
    RatesFile,
    Route,
    parse_count,
)
from costcalc.cli.output import emit


def session(
    profile: Annotated[
        str, typer.Argument(metavar="FILE", help="A profile that states turns (TOML, [profile.turns]).")
    ],
    model: Annotated[str, typer.Option(metavar="MODEL", help="A model by id, name or alias.")],
    route: Route = "copilot",
    turns: Annotated[
        int | None, typer.Option(parser=parse_count, metavar="N", help="Up to so many turns, instead of the file's.")
    ] = None,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What a session of the turn model costs by its length: as it is, without a cache, and never compacted."""
    result = costcalc.session_cost(
        profile,
        model,
        route,
        turns=turns,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)
