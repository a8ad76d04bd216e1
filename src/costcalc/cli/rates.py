"""`costcalc rates`: what is in force on a day, and every claim about a model."""

from typing import TYPE_CHECKING, Annotated

import typer

import costcalc
from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Basis, ChartFile, Format, On, OutputFormat, RatesFile
from costcalc.cli.output import emit, write

if TYPE_CHECKING:
    pass

app = typer.Typer(
    cls=Group, help="Prices: what is in force on a day, and every claim about a model.", rich_markup_mode=None
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
    """Prices: what is in force on a day (without a command), and every claim about a model (show)."""
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    from costcalc.claims import claim_row
    from costcalc.display import envelope
    from costcalc.pricing.book import checked_day

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
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model by id, name or alias.")],
    route: _OptionalRoute = None,
    on: On = None,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Every claim of what a model costs, side by side: past and present, with source, age and conflicts."""
    emit(costcalc.price_history(model, route, on=on, rates=costcalc.PriceBook.load(rates)), output_format, chart)
