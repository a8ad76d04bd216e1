"""`costcalc report`: one page that works offline: what it will cost, what to do, and what that rests on."""

from contextlib import redirect_stdout
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

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
    Plans,
    RatesFile,
    Seed,
    UsageGrowth,
    WorkArgument,
    parse_number,
    parse_share,
)
from costcalc.cli.output import emit, step_progress
from costcalc.errors import InputError


class ReportFormat(StrEnum):
    """How a report is written: as a page, or like any other answer."""

    html = "html"
    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


def parse_report_format(value: str) -> ReportFormat:
    """One of the formats of a report, in any case."""
    try:
        return ReportFormat(value.lower())
    except ValueError:
        raise typer.BadParameter(f"{value!r:.40} is not one of {', '.join(ReportFormat)}") from None


_BY_ENDING: Final = {
    "": ReportFormat.html,
    ".html": ReportFormat.html,
    ".htm": ReportFormat.html,
    ".md": ReportFormat.markdown,
    ".json": ReportFormat.json,
    ".csv": ReportFormat.csv,
    ".txt": ReportFormat.table,
}


def report(
    work: WorkArgument = "interactive_ide",
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the report to this file.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if it is there already.")] = False,
    output_format: Annotated[
        ReportFormat | None,
        typer.Option(
            "--format",
            parser=parse_report_format,
            metavar="FORMAT",
            help="html (one page, a file only), markdown, table, json or csv. Default: by the name of the file, else html.",
        ),
    ] = None,
    option: Options = None,
    plan: Plans = None,
    account: AccountFile = None,
    developers: Developers = None,
    months: Months = 1,
    usage_growth: UsageGrowth = Decimal(0),
    headcount_growth: HeadcountGrowth = Decimal(0),
    budget: Annotated[
        Decimal | None, typer.Option(parser=parse_number, metavar="USD", help="How likely is a month to cost more?")
    ] = None,
    confidence: Annotated[
        str, typer.Option(metavar="P", help="In what share of months the budget has to hold: 0.9 or 90%.")
    ] = "0.9",
    draws: Draws = 10_000,
    seed: Seed = 1,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
) -> None:
    """One page that works offline: the answer, charts, assumptions, prices with their age, and every figure."""
    from costcalc.files import IF_THERE, target_of, whole_file
    from costcalc.showing.display import text

    ending = Path(output or "").suffix.lower()
    if output_format is None and ending not in _BY_ENDING:
        raise InputError(f"--output must end in {', '.join(filter(None, _BY_ENDING))}, not {ending}; or give --format")
    wanted = output_format or _BY_ENDING[ending]
    # What cannot be written is told before months are drawn.
    if wanted is ReportFormat.html:
        if output is None:
            raise InputError("a page is a file: give -o report.html, or --format markdown to read it here")
        from costcalc.showing.drawing import check_drawable

        check_drawable()
    if output is not None:
        target_of(output, replace=replace, otherwise=IF_THERE)
    with step_progress("Drawing months") as told:
        result = costcalc.report(
            work,
            option or None,
            plans=plan or None,
            account=account,
            developers=developers,
            months=months,
            usage_growth=float(usage_growth),
            headcount_growth=float(headcount_growth),
            budget_usd=budget,
            confidence=parse_share(confidence),
            draws=draws,
            seed=seed,
            on=on,
            basis=basis,
            split_cache_writes=not fresh_as_input,
            rates=costcalc.PriceBook.load(rates),
            told=told,
        )
    if output is None:
        emit(result, OutputFormat(wanted))
        return
    if wanted is ReportFormat.html:
        result.save(output, replace=replace)
    else:
        with whole_file(output, replace=replace, otherwise=IF_THERE) as file, redirect_stdout(file):
            emit(result, OutputFormat(wanted))
    print(text([*result.answer, f"The report is in {output}"]))
