"""`costcalc rates`: what is in force on a day, and every claim about a model."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

import costcalc
from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Basis, ChartFile, Format, On, OutputFormat, RatesFile
from costcalc.cli.output import emit, write

if TYPE_CHECKING:
    from costcalc.display import Part
    from costcalc.pricing.rate import Rate

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
        _list_parts(found, day, basis, book),
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


def _list_parts(found: "Sequence[Rate]", day: date, basis: str, book: "costcalc.PriceBook") -> "Iterator[Part]":
    from costcalc.claims import PRICE_COLUMNS, first_day
    from costcalc.display import Table
    from costcalc.pricing.rate import claim_words

    yield f"{len({rate.model for rate in found})} models have a price on {day} (basis {basis}); USD per million tokens"
    yield Table(
        ("model", "route", "prompt over", *PRICE_COLUMNS, "price", "from", "until"),
        tuple(
            (
                rate.model,
                rate.route + ("" if rate.service_tier == "standard" else f" ({rate.service_tier})"),
                rate.prompt_tokens_over or None,
                *rate.usd_per_mtok,
                claim_words(rate),
                first_day(rate),
                rate.effective_until.isoformat() if rate.effective_until else None,
            )
            for rate in found
        ),
    )
    reads: dict[str, dict[str, None]] = {}
    for rate in found:
        reads.setdefault(rate.source, {})[str(rate.as_of)] = None
    yield "A dash: the source gives no price; cached input and cache writes then cost as much as input.\nSources: " + (
        "; ".join(f"{book.sources[name].title} ({name}, read {', '.join(days)})" for name, days in reads.items())
        or "none"
    )
