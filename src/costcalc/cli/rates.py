"""`costcalc rates`: what is in force on a day, every claim about a model, and their upkeep."""

from datetime import date
from typing import Annotated

import typer

import costcalc
from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Basis, ChartFile, Format, On, OutputFormat, RatesFile, parse_count, parse_day
from costcalc.cli.output import emit, write

app: typer.Typer = typer.Typer(
    cls=Group,
    help="Prices: what is in force on a day, every claim about a model, and their upkeep.",
    rich_markup_mode=None,
)

_OptionalRoute = Annotated[str | None, typer.Option(metavar="ROUTE", help="Only this route (default: all).")]


@app.callback(invoke_without_command=True)
def rates(
    context: typer.Context,
    route: _OptionalRoute = None,
    on: On = None,
    basis: Basis = "best",
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Prices: what is in force on a day (without a command), every claim about a model (show), and their upkeep."""
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    from costcalc.claims import claim_row
    from costcalc.pricing.book import checked_day
    from costcalc.showing.display import envelope

    book = costcalc.PriceBook.load(rates)
    day = checked_day(on)
    found = book.in_force(on=day, route=route, basis=basis)
    write(
        output_format,
        book.all_parts(day, route, basis),
        lambda: envelope(
            "rates", {"on": day.isoformat(), "basis": basis, "models": len({r.model for r in found})}, found
        ),
        lambda: [claim_row(rate, day) for rate in found],
    )


@app.command("show", cls=Command)
@app.command("history", cls=Command, hidden=True)
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model by id, name or alias.")],
    route: _OptionalRoute = None,
    on: On = None,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Every claim of what a model costs, side by side: past and present, with source, age, conflicts and changes."""
    emit(costcalc.price_history(model, route, on=on, rates=costcalc.PriceBook.load(rates)), output_format, chart)


@app.command("sync", cls=Command)
def sync(
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="GitHub's table: models-and-pricing.yml of github/docs, data/tables/copilot."
        ),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the table from GitHub. Without it nothing is ever fetched.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="With --fetch: another https address of the table.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The price file to compare (default: the prices that ship) and to write."),
    ] = None,
    write_file: Annotated[
        bool, typer.Option("--write", help="Close and open the rows in the file given with --into; made if not there.")
    ] = False,
    on: Annotated[
        date | None,
        typer.Option("--on", parser=parse_day, metavar="DATE", help="The day from which changes count (today, UTC)."),
    ] = None,
    read: Annotated[
        date | None,
        typer.Option("--read", parser=parse_day, metavar="DATE", help="The day the table was read (today, UTC)."),
    ] = None,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with 1 if the table differs; for a pipeline.")
    ] = False,
    output_format: Format = OutputFormat.table,
) -> None:
    """What is new, changed and gone in GitHub's own price table; --write brings a price file up to it.

    No network is used unless --fetch asks for it.
    """
    from costcalc.errors import InputError

    if fetch == (table is not None):
        raise InputError("give GitHub's table as a file, or --fetch to get it from GitHub; one of the two")
    if url is not None and not fetch:
        raise InputError("--url goes with --fetch: nothing is fetched otherwise")
    if fetch:
        from costcalc.upkeep.fetching import TABLE_URL
        from costcalc.upkeep.fetching import fetch as fetched

        address = url or TABLE_URL
        result = costcalc.sync_rates(fetched(address), label=address, into=into, on=on, read=read, write=write_file)
    else:
        result = costcalc.sync_rates(table or "", into=into, on=on, read=read, write=write_file)
    emit(result, output_format)
    if fail_on_change and result.differs:
        raise typer.Exit(1)


@app.command("check", cls=Command)
def check(
    litellm: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="LiteLLM's map of prices (JSON), instead of an installed LiteLLM's."),
    ] = None,
    stale: Annotated[
        int, typer.Option(parser=parse_count, metavar="DAYS", help="A source read longer ago is stale.")
    ] = 7,
    soon: Annotated[
        int, typer.Option(parser=parse_count, metavar="DAYS", help="Tell prices that end within so many days.")
    ] = 30,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="FINDING", help="Exit with 1 if there is a disagreement, stale, gap or ends."),
    ] = None,
    on: On = None,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Where other price lists disagree, what was read too long ago, days without a price, and what ends soon.

    The other lists are genai-prices and LiteLLM, if they are installed. Nothing is fetched.
    """
    from costcalc.errors import unknown_name
    from costcalc.upkeep.checking import FINDINGS

    for finding in fail_on or ():
        if finding not in FINDINGS:
            raise unknown_name("finding", finding, FINDINGS)
    result = costcalc.check_rates(
        on=on, litellm=litellm, stale_days=stale, soon_days=soon, rates=costcalc.PriceBook.load(rates)
    )
    emit(result, output_format)
    if any(result.count(finding) for finding in fail_on or ()):
        raise typer.Exit(1)


@app.command("import", cls=Command)
def import_(
    models: Annotated[list[str], typer.Argument(metavar="PROVIDER/MODEL...", help="As genai-prices names them.")],
    into: Annotated[
        str | None, typer.Option(metavar="FILE", help="The price file of your own to add the claims to.")
    ] = None,
    write_file: Annotated[
        bool, typer.Option("--write", help="Write the file given with --into; made if it is not there.")
    ] = False,
    on: Annotated[
        date | None,
        typer.Option("--on", parser=parse_day, metavar="DATE", help="The day from which the claims hold (today, UTC)."),
    ] = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Prices of other models on the API route, from the installed package genai-prices, as indicative claims."""
    emit(costcalc.import_rates(models, into=into, on=on, write=write_file), output_format)


@app.command("diff", cls=Command)
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A price file, or shipped.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another.")],
    output_format: Format = OutputFormat.table,
) -> None:
    """Rows that one price file has, lacks or states otherwise than another; `shipped` is the one that ships."""
    emit(costcalc.diff_rates(old, new), output_format)
