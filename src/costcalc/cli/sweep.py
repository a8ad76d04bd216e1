"""`costcalc sweep`: a grid over one or two inputs."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import (
    AccountFile,
    Basis,
    ChartFile,
    Developers,
    Format,
    KeepFresh,
    On,
    Options,
    OutputFormat,
    ProfileArgument,
    RatesFile,
)
from costcalc.cli.output import emit


def sweep(
    profile: ProfileArgument = "interactive_ide",
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT[=RANGE]",
            help="What varies, one input or two: tasks_per_day, output=1000:5000 (from, to), output=1000:5000:5 (in 5 steps), "
            "cached_share=0.5,0.7,0.9 (values), price.api/gpt-5.4-mini.output=1:5.",
        ),
    ] = None,
    option: Options = None,
    account: AccountFile = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What each option costs on a grid over one or two inputs, and where the cheapest changes."""
    result = costcalc.sweep(
        profile,
        over or "tasks_per_day",
        option or None,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)
