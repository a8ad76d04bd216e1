"""`costcalc usage` and `costcalc reconcile`: what logs and reports hold, and whether their cost is ours."""

from datetime import date
from typing import Annotated, Any

import typer

import costcalc
from costcalc.cli.focus import write_focus
from costcalc.cli.options import BillingAccount, ChartFile, Focus, Format, OutputFormat, RatesFile, parse_day
from costcalc.cli.output import emit, file_progress

_Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Logs, reports, or folders of them (default: the known places of this user's machine).",
    ),
]


def usage(
    paths: _Paths = None,
    since: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="DATE", help="Only from this day on (UTC).")
    ] = None,
    until: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="DATE", help="Only up to this day, included (UTC).")
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            metavar="KEYS",
            help="Group by these, with commas: model,day,user,repository,session,organization,cost_center,route,source,rate.",
        ),
    ] = "model",
    as_model: Annotated[
        str | None, typer.Option("--as", metavar="MODEL", help="What it would have cost on this model, [ROUTE/]MODEL.")
    ] = None,
    pseudonyms: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Replace users, repositories and the like by stable pseudonyms of this key."),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the records to this .csv or .parquet file, in costcalc's own form."),
    ] = None,
    rates: RatesFile = None,
    chart: ChartFile = None,
    focus: Focus = None,
    billing_account: BillingAccount = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What was really used, and what it cost: reported where a log says so, computed elsewhere."""
    book = costcalc.PriceBook.load(rates)
    route = None
    if as_model is not None and "/" in as_model:
        route, _, as_model = as_model.partition("/")
        book.in_force(route=route)  # refuses a route that is not known
    shown: list[Any] = [key.strip() for key in by.split(",") if key.strip()]
    finest = shown if focus is None else [*dict.fromkeys((*shown, *costcalc.FOCUS_KEYS))]
    with file_progress() as told:
        result = costcalc.usage(
            paths or None,
            by=finest,
            since=since,
            until=until,
            as_model=as_model,
            as_route=route,
            pseudonym_key=pseudonyms,
            rates=book,
            export=export,
            told=told,
        )
    write_focus(result, focus, billing_account, book)
    emit(result.grouped_by(shown), output_format, chart)


def reconcile(
    paths: _Paths = None,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Whether costcalc's figure is the reported one, entry by entry, or where and why not."""
    with file_progress() as told:
        result = costcalc.reconcile(paths or None, rates=costcalc.PriceBook.load(rates), told=told)
    emit(result, output_format)
