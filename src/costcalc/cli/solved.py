"""`costcalc solved`: what a solved task costs."""

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
    ProfileArgument,
    RatesFile,
    parse_count,
)
from costcalc.cli.output import emit
from costcalc.errors import InputError


def solved(
    profile: ProfileArgument = "interactive_ide",
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROUTE/MODEL[@PLAN]",
            help="An option, as often as there are; settings may follow, as for costcalc compare.",
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="BENCHMARK",
            help="Whose pass rates and token factors to use: swe-bench-verified, swe-bench-pro, swe-bench-multilingual, "
            "terminal-bench-2 or humaneval.",
        ),
    ] = None,
    pass_rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=RATE",
            help="The share of tasks that one attempt solves, for a model, ROUTE/MODEL or an option, as often as needed: "
            "gpt-5.4-mini=0.71, =71% or =14/20. Comes before the benchmark's.",
        ),
    ] = None,
    attempts: Annotated[
        int,
        typer.Option(parser=parse_count, metavar="N", help="How often a task is tried at most until it is solved."),
    ] = 1,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What a solved task costs: an attempt over the pass rate, and bounds for what retries make of it."""
    result = costcalc.solved(
        profile,
        option or None,
        benchmark=benchmark,
        pass_rates=_stated(pass_rate or []),
        attempts=attempts,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)


def _stated(texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, _, rate = text.rpartition("=")
        if not key or not rate:
            raise InputError(f"--pass-rate {text!r:.80} is not of the form MODEL=RATE, such as gpt-5.4-mini=0.71")
        if key in found:
            raise InputError(f"--pass-rate {key!r:.80} is given twice")
        found[key] = rate
    return found
