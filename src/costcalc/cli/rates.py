"""`costcalc rates`: what is in force on a day, every claim about a model, and their upkeep."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

import costcalc
from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Basis, Format, On, OutputFormat, RatesFile, parse_count, parse_day
from costcalc.cli.output import emit, write

if TYPE_CHECKING:
    from costcalc.display import Cell, Part
    from costcalc.notices import Notice
    from costcalc.pricing.catalog import LifecycleEvent, Model
    from costcalc.pricing.rate import Rate

app = typer.Typer(
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
        lambda: [_row(rate, day) for rate in found],
    )


@app.command("show", cls=Command)
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model by id, name or alias.")],
    route: _OptionalRoute = None,
    on: On = None,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Every claim of what a model costs, side by side: past and present, with source, age and conflicts."""
    from costcalc.display import envelope
    from costcalc.notices import distinct
    from costcalc.pricing.book import checked_day

    book = costcalc.PriceBook.load(rates)
    day = checked_day(on)
    found = book.model(model)
    claims = book.history(found.id, route=route)
    notices = distinct(n for rate in claims if rate.in_force(day) for n in book.notices(rate, day))
    sources = [book.sources[name].to_dict() for name in dict.fromkeys(rate.source for rate in claims)]
    conflicts = book.conflicts(found.id, on=day, route=route)
    write(
        output_format,
        _show_parts(book, found, claims, day, conflicts, notices),
        lambda: envelope(
            "model",
            {
                **_model_dict(found),
                "on": day.isoformat(),
                "claims": [
                    {"claim": rate.id, "in_force": rate.in_force(day), "age_days": rate.age_days(day)}
                    for rate in claims
                ],
                "conflicts": [[rate.id for rate in each] for each in conflicts],
                "sources": sources,
            },
            claims,
            notices,
        ),
        lambda: [_row(rate, day) for rate in claims],
    )


@app.command("sync", cls=Command)
def sync(
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="GitHub's table: models-and-pricing.yml of github/docs, data/tables/copilot."
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
    models: Annotated[list[str], typer.Argument(metavar="PROVIDER/MODEL", help="As genai-prices names them.")],
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


@app.command("history", cls=Command)
def history(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model by id, name or alias.")],
    route: _OptionalRoute = None,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """How a model's price has changed: its dated rows in the order of time, with the change of each."""
    emit(costcalc.rate_history(model, route=route, rates=costcalc.PriceBook.load(rates)), output_format)


def _list_parts(found: "Sequence[Rate]", day: date, basis: str, book: "costcalc.PriceBook") -> "Iterator[Part]":
    from costcalc.display import Table
    from costcalc.pricing.rate import claim_words

    yield f"{len({rate.model for rate in found})} models have a price on {day} (basis {basis}); USD per million tokens"
    yield Table(
        ("model", "route", "prompt over", *_PRICE_COLUMNS, "price", "from", "until"),
        tuple(
            (
                rate.model,
                rate.route + ("" if rate.service_tier == "standard" else f" ({rate.service_tier})"),
                rate.prompt_tokens_over or None,
                *rate.usd_per_mtok,
                claim_words(rate),
                _first_day(rate),
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


_PRICE_COLUMNS = ("input", "cached", "write", "output")


def _first_day(rate: "Rate") -> str:
    return rate.effective_from.isoformat() if rate.effective_from else f"after {rate.not_before}"


def _show_parts(
    book: "costcalc.PriceBook",
    model: "Model",
    claims: "Sequence[Rate]",
    day: date,
    conflicts: "Sequence[Sequence[Rate]]",
    notices: "Sequence[Notice]",
) -> "Iterator[Part]":
    from costcalc.display import Table, notice_parts

    names = [name for name in (*model.aliases, *model.catalogue_ids) if name]
    yield f"{model.name} ({model.id}), {book.providers[model.provider].name}" + (
        f"; also {', '.join(names)}" if names else ""
    )
    if not claims:
        yield "No price of it is known."
    else:
        yield Table(
            ("route", "prompt over", *_PRICE_COLUMNS, "price", "age", "from", "until", f"on {day}"),
            tuple(_claim_cells(rate, day) for rate in claims),
            "Claims, USD per million tokens",
        )
    for rivals in conflicts:
        prices = "; ".join(f"{rate.source} ({rate.status}): {_words(rate)}" for rate in rivals)
        yield f"Conflict on {day}, route {rivals[0].route}: {prices}"
    if model.context_window:
        windows = "; ".join(
            f"{each.tokens:,}"
            + (f" (of which {each.prompt_tokens:,} of prompt)" if each.prompt_tokens else "")
            + f" says {each.source}"
            for each in model.context_window
        )
        yield f"Context window, tokens: {windows}"
    if model.lifecycle:
        yield "\n".join(["Life:", *(_event_line(each) for each in model.lifecycle)])
    if model.successor:
        yield f"Successor: {book.models[model.successor].name} ({model.successor})"
    if model.note:
        yield f"Note: {model.note}"
    used = dict.fromkeys(rate.source for rate in claims)
    if used:
        yield "\n".join(["Sources:", *(_source_line(book, name) for name in used)])
    yield from notice_parts(notices)


def _claim_cells(rate: "Rate", day: date) -> "tuple[Cell, ...]":
    from costcalc.pricing.rate import claim_words

    started = (rate.effective_from or rate.not_before or date.min) <= day
    return (
        rate.route + ("" if rate.service_tier == "standard" else f" ({rate.service_tier})"),
        rate.prompt_tokens_over or None,
        *rate.usd_per_mtok,
        claim_words(rate),
        f"{rate.age_days(day)} days",
        _first_day(rate),
        rate.effective_until.isoformat() if rate.effective_until else None,
        "in force" if rate.in_force(day) else "ended" if started else "not yet",
    )


def _event_line(event: "LifecycleEvent") -> str:
    route = f", route {event.route}" if event.route else ""
    return f"- {event.on} {event.event}{route} (certainty {event.certainty})" + (
        f": {event.note}" if event.note else ""
    )


def _source_line(book: "costcalc.PriceBook", name: str) -> str:
    source = book.sources[name]
    return f"- {name}: {source.title}; {source.address}; read {source.read}" + (
        f"; {source.note}" if source.note else ""
    )


def _words(rate: "Rate") -> str:
    from costcalc.units import plain

    tiers = []
    for over, prices in rate.prices_by_prompt:
        words = " / ".join("-" if price is None else plain(price) for price in prices)
        tiers.append(f"{words} over {over:,} tokens of prompt" if over else words)
    return ", ".join(tiers)


def _model_dict(model: "Model") -> dict[str, Any]:
    return {
        "model": model.id,
        "name": model.name,
        "provider": model.provider,
        "aliases": list(model.aliases),
        "catalogue_ids": list(model.catalogue_ids),
        "successor": model.successor,
        "context_window": [
            {
                "tokens": each.tokens,
                "prompt_tokens": each.prompt_tokens,
                "source": each.source,
                "note": each.note or None,
            }
            for each in model.context_window
        ],
        "lifecycle": [
            {
                "on": each.on.isoformat(),
                "event": each.event,
                "route": each.route,
                "certainty": each.certainty,
                "note": each.note or None,
            }
            for each in model.lifecycle
        ],
        "note": model.note or None,
    }


def _row(rate: "Rate", day: date) -> dict[str, Any]:
    return {
        "rate_id": rate.id,
        "model": rate.model,
        "route": rate.route,
        "service_tier": rate.service_tier,
        "tier": rate.tier,
        "prompt_tokens_over": rate.prompt_tokens_over,
        **{f"{kind}_usd_per_mtok": price for kind, price in rate.usd_per_mtok._asdict().items()},
        "status": rate.status,
        "source": rate.source,
        "as_of": rate.as_of,
        "age_days": rate.age_days(day),
        "effective_from": rate.effective_from.isoformat() if rate.effective_from else None,
        "effective_until": rate.effective_until.isoformat() if rate.effective_until else None,
        "in_force": rate.in_force(day),
    }
