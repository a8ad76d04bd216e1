"""`costcalc check`: a forecast held against limits and a saved answer, for a pipeline."""

import os
import sys
from decimal import Decimal
from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import (
    AccountFile,
    Basis,
    Developers,
    Draws,
    HeadcountGrowth,
    KeepFresh,
    Months,
    On,
    Options,
    OutputFormat,
    RatesFile,
    Seed,
    UsageGrowth,
    WorkArgument,
    parse_format,
    parse_number,
    parse_share,
)
from costcalc.cli.output import emit, step_progress
from costcalc.errors import InputError


def check(
    work: WorkArgument = "interactive_ide",
    max_usd: Annotated[
        Decimal | None,
        typer.Option(parser=parse_number, metavar="USD", help="Exit with 1 if the expected bill of a month is more."),
    ] = None,
    max_p90: Annotated[
        Decimal | None,
        typer.Option(
            parser=parse_number, metavar="USD", help="Exit with 1 if more than one month of ten costs more than this."
        ),
    ] = None,
    max_increase: Annotated[
        str | None,
        typer.Option(metavar="P", help="Exit with 1 if the expected bill is above the baseline's by more: 10% or 0.1."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What to compare with: JSON of an earlier check, forecast or estimate."),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the JSON document to this file, to be a baseline later; also if a limit breaks.",
        ),
    ] = None,
    option: Options = None,
    account: AccountFile = None,
    developers: Developers = None,
    months: Months = 1,
    usage_growth: UsageGrowth = Decimal(0),
    headcount_growth: HeadcountGrowth = Decimal(0),
    draws: Draws = 10_000,
    seed: Seed = 1,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    output_format: Annotated[
        OutputFormat,
        typer.Option(
            "--format",
            parser=parse_format,
            metavar="FORMAT",
            help="How to write the answer: markdown (the default, for a pull-request comment), table, json or csv.",
        ),
    ] = OutputFormat.markdown,
) -> None:
    """Hold a forecast against limits and a saved answer; every option in every month has to keep to each limit.

    The same inputs and seed give the same answer; state --on too, as prices may change from day to day.
    """
    increase = None if max_increase is None else _increase(max_increase)
    if (max_usd, max_p90, increase, baseline, save) == (None,) * 5:
        raise InputError("nothing to check: give --max-usd, --max-p90 or a --baseline, or --save to make one")
    if increase is not None and baseline is None:
        raise InputError("--max-increase needs --baseline: an increase over what?")
    from costcalc.saved import Saved, check_replaceable

    # What cannot be read or replaced is told before months are drawn.
    saved = None if baseline is None else Saved.load(baseline)
    if save is not None:
        check_replaceable(save)
        if baseline is not None and os.path.realpath(save) == os.path.realpath(baseline):
            raise InputError("--save would replace the baseline, and the next check would forgive this one's increase")
    with step_progress("Drawing months") as told:
        found = costcalc.forecast(
            work,
            option,
            account=account,
            developers=developers,
            on=on,
            basis=basis,
            months=months,
            usage_growth=float(usage_growth),
            headcount_growth=float(headcount_growth),
            draws=draws,
            seed=seed,
            split_cache_writes=not fresh_as_input,
            rates=costcalc.PriceBook.load(rates),
            told=told,
        )
    result = costcalc.check(found, max_usd=max_usd, max_p90_usd=max_p90, max_increase=increase, baseline=saved)
    if save is not None:
        result.save(save)
    emit(result, output_format)
    if not result.passed:
        from costcalc.showing.display import usd

        first = result.broken[0]
        message = f"{usd(first.actual_usd)} is more than {usd(first.limit_usd)} ({first.limit} of {first.option})"
        more = f" and {len(result.broken) - 1} more" if len(result.broken) > 1 else ""
        print(f"costcalc: a limit breaks: {message}{more}", file=sys.stderr)
        raise typer.Exit(1)


def _increase(text: str) -> Decimal:
    """A share; above 1 only as a percentage, since 10 is hardly meant to be 1000 %."""
    share = parse_share(text)
    if share > 1 and not text.strip().endswith("%"):
        raise InputError(f"--max-increase {text} would be {share * 100:f} %; write {text}%, or a share such as 0.1")
    return share
