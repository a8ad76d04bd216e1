"""`costcalc advise`: the cheapest plan, mix of seats or route."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import (
    AccountFile,
    Basis,
    Developers,
    Draws,
    Format,
    KeepFresh,
    On,
    Options,
    OutputFormat,
    Plans,
    RatesFile,
    Seed,
    WorkArgument,
    parse_share,
)
from costcalc.cli.output import emit, step_progress


def advise(
    work: WorkArgument = "interactive_ide",
    option: Options = None,
    plan: Plans = None,
    account: AccountFile = None,
    developers: Developers = None,
    confidence: Annotated[
        str, typer.Option(metavar="P", help="In what share of months the budget has to hold: 0.9 or 90%.")
    ] = "0.9",
    draws: Draws = 10_000,
    seed: Seed = 1,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """The cheapest plan, mix of seats or route, how likely that is right, and what it costs if it is not."""
    with step_progress("Drawing months") as told:
        result = costcalc.advise(
            work,
            option or None,
            plans=plan or None,
            account=account,
            developers=developers,
            confidence=parse_share(confidence),
            draws=draws,
            seed=seed,
            on=on,
            basis=basis,
            split_cache_writes=not fresh_as_input,
            rates=costcalc.PriceBook.load(rates),
            told=told,
        )
    emit(result, output_format)
