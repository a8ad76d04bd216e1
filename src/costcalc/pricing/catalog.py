"""Reading `rates.toml` and files like it: sources, models and dated claims, checked as they are read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from costcalc.errors import unknown_name
from costcalc.pricing.rate import (
    DEFAULT_TIER,
    MAX_USD_PER_MTOK,
    STATUSES,
    Certainty,
    KindPrices,
    Modifier,
    Rate,
    Status,
    join_tiers,
)
from costcalc.tomlfile import Table, TomlFile
from costcalc.units import plain

STANDARD: Final = "standard"
SERVICE_TIERS: Final = (STANDARD, "batch", "flex", "priority")
CERTAINTIES: Final = get_args(Certainty)
EVENTS: Final = ("announced", "released", "named", "deprecated", "left", "retires")
MAX_FACTOR: Final = 100


class Source(NamedTuple):
    """Who states a price: its title, where to find it, and when it was read (`YYYY-MM-DD` or `YYYY-MM`)."""

    id: str
    title: str
    address: str
    read: str
    status: Status
    note: str = ""
    carries: str | None = None
    """The source whose price list this one repeats, where it repeats one."""

    def to_dict(self) -> dict[str, Any]:
        """The source as machine output holds it."""
        return {
            "id": self.id,
            "title": self.title,
            "address": self.address,
            "read": self.read,
            "status": self.status,
            "note": self.note or None,
        }


class Provider(NamedTuple):
    """Who makes a model, and how its fresh input is billed on the routes where that differs from its name."""

    id: str
    name: str
    fresh_input_billed_as_cache_write_on: tuple[str, ...] = ()
    certainty: Certainty = "unknown"
    note: str = ""
    aliases: tuple[str, ...] = ()
    """How price lists of others name it."""


class LifecycleEvent(NamedTuple):
    """A dated event in the life of a model, on a route where it is about one."""

    on: date
    event: str
    route: str | None
    certainty: Certainty
    note: str = ""


class ContextWindow(NamedTuple):
    """What a source says fits in one request: `tokens` in all, of which at most `prompt_tokens` of prompt."""

    tokens: int
    prompt_tokens: int | None
    source: str
    note: str = ""


class Model(NamedTuple):
    """A model: its names, and what is known of its life."""

    id: str
    name: str
    provider: str
    aliases: tuple[str, ...] = ()
    catalogue_ids: tuple[str, ...] = ()
    successor: str | None = None
    lifecycle: tuple[LifecycleEvent, ...] = ()
    context_window: tuple[ContextWindow, ...] = ()
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the model can be looked up by."""
        return (self.id, self.name, *self.aliases, *self.catalogue_ids)


@dataclass(slots=True)
class Catalog:
    """What one or more price files hold. `rows` are in the order of the files, with the row's place for complaints."""

    routes: dict[str, str]
    sources: dict[str, Source]
    providers: dict[str, Provider]
    modifiers: dict[str, Modifier]
    models: dict[str, Model]
    rows: list[tuple[Rate, Table]]


def read_catalog(path: str | Path, base: Catalog | None = None) -> Catalog:
    """Read a price file; with `base`, on top of it, unless the file says `replace = true`.

    Raises `InputError` with file and line for a key, name, date or price that cannot be right, for claims of one
    source that overlap, and for a tier or a series of claims with a gap.
    """
    file = TomlFile.read(path)
    root = Table(file, (), file.data)
    if root.flag("replace"):
        base = None
    catalog = (
        Catalog({}, {}, {}, {}, {}, [])
        if base is None
        else Catalog(
            dict(base.routes),
            dict(base.sources),
            dict(base.providers),
            dict(base.modifiers),
            dict(base.models),
            list(base.rows),
        )
    )
    for route, table in root.named("routes"):
        _check_id(table, "route", route)
        catalog.routes[route] = table.text("name")
        table.done()
    for source_id, table in root.named("sources"):
        _check_id(table, "source", source_id)
        if source_id in catalog.sources or source_id in STATUSES or source_id == "best":
            table.fail(f"the source name {source_id!r} is taken; give yours another, or start with replace = true")
        catalog.sources[source_id] = _source(source_id, table)
    for source_id, table in root.named("sources"):
        if (carried := catalog.sources[source_id].carries) is not None and carried not in catalog.sources:
            table.fail(str(unknown_name("source", carried, catalog.sources)), "carries")
    for provider_id, table in root.named("providers"):
        catalog.providers[provider_id] = _provider(provider_id, table, catalog)
    for modifier_id, table in root.named("modifiers"):
        catalog.modifiers[modifier_id] = _modifier(modifier_id, table, catalog)
    fresh: list[tuple[Rate, Table]] = []
    for model_id, table in root.named("models"):
        catalog.models[model_id] = _model(model_id, table, catalog)
        fresh += [(_rate(model_id, row, catalog), row) for row in table.tables("rates")]
        table.done()
    root.done()
    for model_id, table in root.named("models"):
        successor = catalog.models[model_id].successor
        if successor is not None and successor not in catalog.models:
            table.fail(str(unknown_name("successor", successor, catalog.models)), "successor")
    catalog.rows += fresh
    _check_names(catalog, root)
    _check_claims(catalog.rows, file)
    return catalog


def _source(source_id: str, table: Table) -> Source:
    source = Source(
        source_id,
        table.text("title"),
        table.text("address"),
        _read_on(table, "read", None),
        _status(table, None),
        table.text("note", ""),
        table.optional_text("carries"),
    )
    table.done()
    return source


def _provider(provider_id: str, table: Table, catalog: Catalog) -> Provider:
    routes = table.texts("fresh_input_billed_as_cache_write_on")
    for route in routes:
        if route not in catalog.routes:
            table.fail(str(unknown_name("route", route, catalog.routes)), "fresh_input_billed_as_cache_write_on")
    provider = Provider(
        provider_id, table.text("name"), routes, _certainty(table), table.text("note", ""), table.texts("aliases")
    )
    table.done()
    return provider


def _modifier(modifier_id: str, table: Table, catalog: Catalog) -> Modifier:
    modifier = Modifier(
        modifier_id,
        table.text("name"),
        _factor(table),
        table.choice("route", catalog.routes),
        _certainty(table),
        table.choice("source", catalog.sources),
        table.text("note", ""),
    )
    table.done()
    return modifier


def _factor(table: Table) -> Decimal:
    factor = table.decimal("factor", MAX_FACTOR)
    if not factor:
        table.fail("factor must be above 0", "factor")
    return factor


def _model(model_id: str, table: Table, catalog: Catalog) -> Model:
    """A model as its table states it; for a model that is known already, what the table adds or replaces."""
    _check_id(table, "model", model_id)
    known = catalog.models.get(model_id)
    stated = Model(
        model_id,
        table.text("name", known.name if known else None),
        table.choice("provider", catalog.providers, known.provider if known else None),
        table.texts("aliases"),
        table.texts("catalogue_ids"),
        table.optional_text("successor"),
        tuple(_event(row, catalog) for row in table.tables("lifecycle")),
        tuple(_context_window(row, catalog) for row in table.tables("context_window")),
        table.text("note", ""),
    )
    if known is None:
        return stated
    return known._replace(
        name=stated.name,
        provider=stated.provider,
        aliases=known.aliases + stated.aliases,
        catalogue_ids=known.catalogue_ids + stated.catalogue_ids,
        successor=stated.successor or known.successor,
        lifecycle=known.lifecycle + stated.lifecycle,
        context_window=known.context_window + stated.context_window,
        note=stated.note or known.note,
    )


def _event(table: Table, catalog: Catalog) -> LifecycleEvent:
    on = table.day("on")
    if on is None:
        table.fail("on is missing")
    event = LifecycleEvent(
        on,
        table.choice("event", EVENTS),
        table.choice("route", catalog.routes) if "route" in table.data else None,
        _certainty(table),
        table.text("note", ""),
    )
    table.done()
    return event


def _context_window(table: Table, catalog: Catalog) -> ContextWindow:
    tokens = table.count("tokens")
    if tokens is None:
        table.fail("tokens is missing")
    window = ContextWindow(
        tokens,
        table.count("prompt_tokens"),
        table.choice("source", catalog.sources),
        table.text("note", ""),
    )
    table.done()
    return window


def _rate(model_id: str, table: Table, catalog: Catalog) -> Rate:
    route = table.choice("route", catalog.routes)
    source = catalog.sources[table.choice("source", catalog.sources)]
    service_tier = table.choice("service_tier", SERVICE_TIERS, STANDARD)
    tier = table.text("tier", DEFAULT_TIER)
    over = table.count("over")
    if (tier == DEFAULT_TIER) != (over is None):
        table.fail("tier and over go together: the default tier has neither")
    first, not_before = _first_day(table)
    table.flag("after_gap")  # for _check_claims
    until = table.day("until")
    if until is not None and (start := first or not_before) is not None and until <= start:
        table.fail(f"until {until} must be after {start}", "until")
    prices = _prices(table)
    row = Rate(
        id="/".join(
            [route, model_id, source.id, first.isoformat() if first else f"after-{not_before}"]
            + [part for part in (service_tier, tier) if part not in (STANDARD, DEFAULT_TIER)]
        ),
        model=model_id,
        route=route,
        source=source.id,
        status=_status(table, source.status),
        service_tier=service_tier,
        tier=tier,
        prompt_tokens_over=over or 0,
        effective_from=first,
        not_before=not_before,
        effective_until=until,
        as_of=_read_on(table, "as_of", source.read),
        usd_per_mtok=prices,
        promotional=table.flag("promotional"),
        note=table.text("note", ""),
    )
    table.done()
    return row


def _first_day(table: Table) -> tuple[date | None, date | None]:
    """The first day of a claim, or None and the day on which it was not there yet."""
    if table.data.get("from") == "unknown":
        table.text("from")
        not_before = table.day("not_before")
        if not_before is None:
            table.fail('from = "unknown" needs not_before: a day on which the price was not there yet', "from")
        return None, not_before
    first = table.day("from")
    if first is None:
        table.fail('from is missing; where the first day is not known, write from = "unknown" and not_before')
    if "not_before" in table.data:
        table.fail('not_before goes with from = "unknown"', "not_before")
    return first, None


def _prices(table: Table) -> KindPrices:
    fresh = table.decimal("fresh_input", MAX_USD_PER_MTOK)
    cached = table.optional_decimal("cached_input", MAX_USD_PER_MTOK)
    write = table.optional_decimal("cache_write", MAX_USD_PER_MTOK)
    output = table.decimal("output", MAX_USD_PER_MTOK)
    if cached is not None and cached > fresh:
        table.fail(f"cached_input {plain(cached)} is above fresh_input {plain(fresh)}", "cached_input")
    return KindPrices(fresh, cached, write, output)


def _status(table: Table, default: Status | None) -> Status:
    value = table.choice("status", STATUSES, default)
    return next(status for status in STATUSES if status == value)


def _certainty(table: Table) -> Certainty:
    value = table.choice("certainty", CERTAINTIES, "unknown")
    certainty: Certainty = next(each for each in CERTAINTIES if each == value)
    return certainty


def _read_on(table: Table, key: str, default: str | None) -> str:
    """When something was read: a date, or a text `YYYY-MM` where only the month is known."""
    if not isinstance(table.data.get(key), str):
        day = table.day(key)
        if day is not None:
            return day.isoformat()
        if default is None:
            table.fail(f"{key} is missing")
        return default
    month = table.text(key)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        table.fail(f'{key} must be a date or a month such as "2026-09", not {month!r:.40}', key)
    return month


def _check_id(table: Table, what: str, name: str) -> None:
    """Ids stand in options (ROUTE/MODEL@PLAN,KEY=VALUE) and in the ids of rates, so they hold no sign of those."""
    if not re.fullmatch(r"[\w.+-]+", name):
        table.fail(f"{what} id {name!r:.60} may hold letters, digits and . _ + - only")


def _check_names(catalog: Catalog, root: Table) -> None:
    """No name may stand for two models."""
    owner: dict[str, str] = {}
    for model in catalog.models.values():
        for name in model.names:
            other = owner.setdefault(fold(name), model.id)
            if other != model.id:
                root.file.fail(("models", model.id), f"the name {name!r} of {model.id} already stands for {other}")


def fold(name: str) -> str:
    """A model's name as it is looked up: without regard to case and to the spaces around and within."""
    return " ".join(name.casefold().split())


def _claim_key(rate: Rate) -> tuple[str, str, str, str]:
    return (rate.model, rate.route, rate.service_tier, rate.source)


def _check_claims(rows: Iterable[tuple[Rate, Table]], file: TomlFile) -> None:
    """Join the tiers of each claim; refuse overlaps and gaps between the claims of one source.

    Complaints are about rows of `file`, the one just read: those before it were right by themselves.
    """
    rows = list(rows)
    ids: set[str] = set()
    for rate, table in rows:
        if rate.id in ids and table.file is file:
            table.fail(f"there are two prices with the id {rate.id}: same source, days, service tier and tier")
        ids.add(rate.id)
    by_source = sorted(rows, key=lambda row: _claim_key(row[0]))
    for _, group in groupby(by_source, key=lambda row: _claim_key(row[0])):
        windows: dict[tuple[date, date], list[tuple[Rate, Table]]] = {}
        for rate, table in group:
            start = rate.effective_from or rate.not_before or date.min
            windows.setdefault((start, rate.effective_until or date.max), []).append((rate, table))
        for tiers in windows.values():
            _check_tiers(tiers)
        for (earlier, until), (later, _) in pairwise(sorted(windows)):
            rate, table = windows[later, _][0]
            previous, previous_table = windows[earlier, until][0]
            blamed = table if table.file is file else previous_table
            foreign = next((each.file.path for each in (table, previous_table) if each.file is not file), None)
            if later < until:
                if foreign is not None:
                    mend = f"that row is in {foreign}; give your price a source of its own"
                elif until == date.max:
                    mend = "which is still open; close it with until"
                else:
                    mend = f"which holds to before {until}"
                one, other = (rate, previous) if blamed is table else (previous, rate)
                blamed.fail(f"{one.id} overlaps {other.id} of the same source, {mend}")
            if later > until and not table.data.get("after_gap"):
                blamed.fail(
                    f"gap: {previous.id} ends before {until} and the next price of {rate.source} starts on {later}; "
                    "where there was none between, the later one says after_gap = true"
                )


def _check_tiers(tiers: list[tuple[Rate, Table]]) -> None:
    seen: dict[int, Rate] = {}
    for rate, table in tiers:
        other = seen.setdefault(rate.prompt_tokens_over, rate)
        if other is not rate:
            table.fail(f"{rate.id} overlaps {other.id}: two prices of one source for the same days and prompts")
    if 0 not in seen:
        rate, table = tiers[0]
        table.fail(
            f"gap: tier {rate.tier} of {rate.id} has no default-tier price of {rate.source} for exactly the same days"
        )
    join_tiers(tuple(rate for rate, _ in tiers))
