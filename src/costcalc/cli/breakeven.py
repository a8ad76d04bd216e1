"""`costcalc breakeven`: where options cross."""

from decimal import Decimal
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
    OutputFormat,
    ProfileArgument,
    RatesFile,
    parse_number,
)
from costcalc.cli.output import emit


def breakeven(
    profile: ProfileArgument = "interactive_ide",
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROUTE/MODEL[@PLAN]", help="An option, two at least; settings may follow, as for costcalc compare."
        ),
    ] = None,
    over: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="What varies: tasks_per_day, active_days, fresh_input, cached_input, cache_write, output, cached_share, "
            "developers, or a price: price.ROUTE/MODEL.KIND.",
        ),
    ] = "tasks_per_day",
    low: Annotated[Decimal | None, typer.Option(parser=parse_number, metavar="X", help="From this value on.")] = None,
    high: Annotated[
        Decimal | None,
        typer.Option(parser=parse_number, metavar="X", help="Up to this value (ten times the profile's)."),
    ] = None,
    account: AccountFile = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Where the cheapest of some options changes as one number goes from low to high: all crossings, exactly."""
    result = costcalc.breakeven(
        profile,
        option or (),
        over,
        low=low,
        high=high,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)
