"""GitHub's price table held against the price book: what is new, changed and gone, and writing it down."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from costcalc.errors import InputError, UnknownNameError, check_flag, check_path, check_type, unknown_name
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook, checked_day, today
from costcalc.pricing.catalog import STANDARD, Catalog, Model, Source, read_catalog
from costcalc.pricing.rate import Rate
from costcalc.showing.display import Result, Table, count_of
from costcalc.tomlfile import TomlFile, packaged
from costcalc.upkeep.editing import Edit, NewModel, NewRow, checked, edited, save, text_of
from costcalc.upkeep.githubtable import Listed, PriceTable, read_bytes, read_table
from costcalc.upkeep.prices import PRICE_ROW, Prices, price_changes, price_pairs, price_rows, tiers_dict

if TYPE_CHECKING:
    from costcalc.showing.display import Part

ROUTE: Final = "copilot"
SOURCE: Final = Source(
    "github-docs",
    "GitHub Docs, models and pricing for GitHub Copilot",
    "github.com/github/docs, data/tables/copilot/models-and-pricing.yml",
    "",
    "published",
)
"""Whose claims the table's rows become; a file that knows the source keeps its own words for it."""


class NewListing(NamedTuple):
    """A model that the table lists and that has no price of it; `known` if the price book knows the model."""

    model: str
    known: bool
    listed: Listed


class ChangedListing(NamedTuple):
    """A model whose price the table states differently: the claims that end, the first of them believed so far."""

    model: str
    listed: Listed
    before: tuple[Rate, ...]
    agreeing: bool
    """Whether another claim of the table in force states the new price already."""


class GoneListing(NamedTuple):
    """A model that the table lists no longer: the claims that end."""

    model: str
    name: str
    before: tuple[Rate, ...]


@dataclass(frozen=True, slots=True, repr=False)
class RatesSync(Result):
    """GitHub's price table against the price book on a day.

    `sha256` is the hash of the table's bytes. `into` is the file that was compared, None for the prices that ship;
    `written` whether it was changed; the day of reading may be all that changes.
    """

    kind: ClassVar[str] = "rates_sync"
    table: str
    sha256: str
    on: date
    read: date
    into: str | None
    written: bool
    new: tuple[NewListing, ...]
    changed: tuple[ChangedListing, ...]
    gone: tuple[GoneListing, ...]
    unchanged: int
    notices: tuple[Notice, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the table says anything else than the price book."""
        return bool(self.new or self.changed or self.gone)

    def body(self) -> dict[str, Any]:
        """The fields of the machine output between `kind` and `rates`."""
        return {
            "table": self.table,
            "sha256": self.sha256,
            "on": self.on.isoformat(),
            "read": self.read.isoformat(),
            "into": self.into,
            "written": self.written,
            "models": len(self.new) + len(self.changed) + self.unchanged,
            "new": [
                {
                    "model": each.model,
                    "known": each.known,
                    **_listed_dict(each.listed),
                    "after": tiers_dict(each.listed.prices_by_prompt),
                }
                for each in self.new
            ],
            "changed": [
                {
                    "model": each.model,
                    **_listed_dict(each.listed),
                    "before": tiers_dict(each.before[0].prices_by_prompt),
                    "after": tiers_dict(each.listed.prices_by_prompt),
                    "closed": _ids(each.before),
                }
                for each in self.changed
            ],
            "gone": [
                {
                    "model": each.model,
                    "name": each.name,
                    "before": tiers_dict(each.before[0].prices_by_prompt),
                    "closed": _ids(each.before),
                }
                for each in self.gone
            ],
            "unchanged": self.unchanged,
        }

    def rates_used(self) -> Iterable[Rate]:
        """The claims that the table no longer bears out, all their tiers."""
        ended = [*(each.before for each in self.changed), *(each.before for each in self.gone)]
        return (tier for rates in ended for rate in rates for tier in rate.tiers)

    def parts(self) -> Iterator["Part"]:
        """What to show a person, the answer first."""
        counts = f"{len(self.new)} new, {len(self.changed)} changed, {len(self.gone)} gone, {self.unchanged} unchanged"
        against = self.into or "the prices that ship"
        yield (
            f"GitHub's table of {count_of(len(self.new) + len(self.changed) + self.unchanged, 'model')} "
            f"against {against} on {self.on}: {counts}"
        )
        lines = tuple(
            (model, name, *cells)
            for model, what, before, after in self._differences()
            for name, cells in zip(_tier_names(what, before, after), price_changes(before, after), strict=True)
        )
        if lines:
            columns = ("model", "", "prompt over", "input", "cached", "write", "output")
            yield Table(columns, lines, "Before and after, USD per million tokens")
        yield f"Table: {self.table}, sha256 {self.sha256}"
        if self.written:
            done = "rows that ended were closed, none was removed" if self.differs else "no price changed"
            yield f"Written to {self.into}: changes count from {self.on}; {done}."
        elif self.differs:
            yield "Nothing was written; --into FILE --write closes and opens the rows in a price file."

    def rows(self) -> list[dict[str, Any]]:
        """One row for each model and prompt threshold that differs; prices are `Decimal`."""
        return [
            {"model": model, "what": what, **row}
            for model, what, before, after in self._differences()
            for row in price_rows(before, after)
        ]

    def columns(self) -> dict[str, type]:
        return {"model": str, "what": str, **PRICE_ROW}

    def _differences(self) -> Iterator[tuple[str, str, Prices, Prices]]:
        for new in self.new:
            yield new.model, "new", (), new.listed.prices_by_prompt
        for changed in self.changed:
            yield changed.model, "changed", changed.before[0].prices_by_prompt, changed.listed.prices_by_prompt
        for gone in self.gone:
            yield gone.model, "gone", gone.before[0].prices_by_prompt, ()


def _tier_names(what: str, before: Prices, after: Prices) -> Iterator[str]:
    for _, one, other in price_pairs(before, after):
        yield what if what != "changed" or (one and other) else "new tier" if other else "tier gone"


def sync_rates(
    table: str | Path | bytes,
    *,
    into: str | Path | None = None,
    on: date | None = None,
    read: date | None = None,
    write: bool = False,
    label: str = "table",
) -> RatesSync:
    """Hold GitHub's price table against a price file, and with `write` bring the file up to it.

    `table` is a file of the form of github/docs `data/tables/copilot/models-and-pricing.yml`, or its bytes, then named
    by `label`. `into` is the price file that is compared; without one, the prices that ship, which are never written. A
    file that is not there yet is made from them with `replace = true`, to be used with `PriceBook.load(into)`. Changes
    count from the day `on`, and `read` is the day on which the table was read (both default to today in UTC).

    Models are matched by their names and aliases alone, never by prefix. A changed price ends one row and opens
    another, a model that left ends, a new model gets an entry; no other byte of the file changes, and it is replaced
    whole or not at all. Only claims of `github-docs` and of sources that carry it are compared.

    Raises `InputError`, naming line and row, for a table that cannot be right, and for changes that cannot be written.

    >>> table = b"- {model: GPT-5 mini, provider: openai, input: $0.25, cached_input: $0.02, output: $2.00}"
    >>> result = sync_rates(table, on=date(2026, 11, 1))
    >>> [(each.model, each.before[0].usd_per_mtok.cached_input) for each in result.changed]
    [('gpt-5-mini', Decimal('0.025'))]
    >>> len(result.gone), result.unchanged
    (37, 0)
    """
    check_flag("write", write)
    check_type("label", label, str, "a text")
    if not isinstance(table, bytes):
        check_path("table", table)
    if into is not None:
        check_path("into", into)
    day, read_on = checked_day(on), checked_day(read, "read")
    if read_on > today():
        raise InputError(f"the table cannot have been read on {read_on}, a day to come")
    content, named = (table, label) if isinstance(table, bytes) else (read_bytes(table), str(table))
    listed = read_table(content, named)
    if write and into is None:
        raise InputError(
            "say which price file to write with --into FILE; the prices that ship are never changed. "
            "A file that is not there yet is made from them, for use with --rates FILE"
        )
    path = packaged("rates.toml") if into is None or (write and not Path(into).exists()) else Path(into)
    catalog = _catalog(path)
    found = _Diff(listed, catalog, path, day, read_on)
    done = write and into is not None and found.write(Path(into))
    return RatesSync(
        named,
        listed.sha256,
        day,
        read_on,
        None if into is None else str(into),
        done,
        tuple(found.new),
        tuple(found.changed),
        tuple(found.gone),
        found.unchanged,
        tuple(found.notices),
    )


def _catalog(path: Path) -> Catalog:
    """A price file by itself; one that adds to the prices that ship cannot close their rows."""
    try:
        return read_catalog(path)
    except InputError as error:
        if path == packaged("rates.toml") or TomlFile.read(path).data.get("replace"):
            raise
        raise InputError(f"{error}; a file to sync must stand alone, with replace = true in its first line") from None


class _Diff:
    """What the table says against what the file says, and the edit that follows."""

    def __init__(self, table: PriceTable, catalog: Catalog, path: Path, on: date, read: date) -> None:
        self.path, self.on, self.read = path, on, read
        self.catalog, self.book = catalog, PriceBook(catalog)
        self.places = {rate.id: place for rate, place in catalog.rows}
        self.carriers = {SOURCE.id} | {each.id for each in catalog.sources.values() if each.carries == SOURCE.id}
        self.new: list[NewListing] = []
        self.changed: list[ChangedListing] = []
        self.gone: list[GoneListing] = []
        self.unchanged = 0
        self.notices: list[Notice] = []
        self.known = {listed: self._model(listed) for listed in table.models}
        self._compare(table)
        self._tell()

    def _model(self, listed: Listed) -> Model | None:
        """The model that a name of the table stands for, or None for a new one."""
        providers = self.catalog.providers
        provider = next((key for key, each in providers.items() if listed.provider in (key, *each.aliases)), None)
        if provider is None:
            problem = unknown_name("provider", listed.provider, providers)
            raise InputError(f"{listed.place}: {problem}; add it under [providers], or to the aliases of one")
        try:
            model = self.book.model(listed.name)
        except UnknownNameError:
            return None
        if model.provider != provider:
            raise InputError(f"{listed.place}: provider {listed.provider}, where the price book says {model.provider}")
        return model

    def _provider(self, listed: Listed) -> str:
        return next(key for key, each in self.catalog.providers.items() if listed.provider in (key, *each.aliases))

    def _compare(self, table: PriceTable) -> None:
        seen: dict[str, Listed] = {}
        for listed in table.models:
            model = self.known[listed]
            model_id = model.id if model else id_of(listed.name)
            if not model and (not model_id or model_id in self.catalog.models):
                what = f"the id {model_id} already stands for another model" if model_id else "no id can be made of it"
                raise InputError(f"{listed.place}: {what}; add the name to the aliases of the model that is meant")
            if (other := seen.setdefault(model_id, listed)) is not listed:
                raise InputError(f"{listed.place}: stands for {model_id}, as {other.place.rpartition(': ')[2]} does")
            claims = self._claims(model_id) if model else ()
            stale = tuple(claim for claim in claims if claim.prices_by_prompt != listed.prices_by_prompt)
            if not claims:
                self.new.append(NewListing(model_id, model is not None, listed))
            elif stale:
                self.changed.append(ChangedListing(model_id, listed, stale, len(stale) < len(claims)))
            else:
                self.unchanged += 1
        for model_id, model in self.catalog.models.items():
            if model_id not in seen and (claims := self._claims(model_id)):
                self.gone.append(GoneListing(model_id, model.name, claims))

    def _claims(self, model: str) -> tuple[Rate, ...]:
        """The claims of the table, or of those who carry it, in force on the day."""
        return tuple(each for each in self.book.claims(model, route=ROUTE, on=self.on) if each.source in self.carriers)

    def _tell(self) -> None:
        """What a person should look at before believing the differences."""
        if len(self.gone) > len(self.changed) + self.unchanged:
            message = "most models of the price book are gone from the table; see whether it is whole before writing"
            self.notices.append(Notice("most_are_gone", message))
        for listed, model in self.known.items():
            claims = self._claims(model.id) if model else ()
            if any(each.promotional and each.prices_by_prompt == listed.prices_by_prompt for each in claims):
                continue  # what the footnote says is in the price book
            for mark in listed.footnotes:
                message = f"{listed.name} carries the footnote {mark}, whose text is not in the table: see whether it"
                self.notices.append(Notice("footnote", f"{message} states a promotion or its end"))
        for gone in self.gone:
            for new in self.new:
                same = gone.before[0].prices_by_prompt == new.listed.prices_by_prompt
                provider = self.catalog.models[gone.model].provider
                if not new.known and same and provider == self._provider(new.listed):
                    message = f"{gone.name} is gone and {new.listed.name} is new at the same price; if one was renamed,"
                    self.notices.append(
                        Notice("possible_rename", f"{message} add the new name to the aliases of {gone.model} instead")
                    )
            others = [
                each
                for each in self.book.claims(gone.model, route=ROUTE, on=self.on)
                if each.source not in self.carriers
            ]
            if others:
                named = ", ".join(f"{each.source} ({each.status})" for each in others)
                message = f"{gone.name} left GitHub's table, but others still state its price on {ROUTE}: {named}"
                self.notices.append(Notice("others_claim", f"{message}; end their rows by hand if it is gone"))
        for _, ended in self._ending():
            for rate in ended:
                if rate.effective_until is not None:
                    message = f"{rate.id} was to hold to before {rate.effective_until} and ends on {self.on} instead"
                    self.notices.append(Notice("ends_earlier", message))

    def _ending(self) -> list[tuple[str, tuple[Rate, ...]]]:
        """The models whose claims end, with those claims."""
        changed = [(each.model, each.before) for each in self.changed]
        return [*changed, *((each.model, each.before) for each in self.gone)]

    def edit(self) -> Edit:
        """The rows to close, and those to open."""
        closed: dict[tuple[str, int], date] = {}
        for model, ended in self._ending():
            for rate in ended:
                start = rate.effective_from or rate.not_before
                if start is not None and start >= self.on:
                    raise InputError(
                        f"the price of {model} by {rate.source} starts on {start} and cannot end on {self.on}; "
                        "give a later day with --on, or mend the row by hand"
                    )
                for tier in rate.tiers:
                    keys = self.places[tier.id].keys
                    closed[str(keys[1]), int(keys[3])] = self.on
        opened: dict[str, tuple[NewRow, ...]] = {}
        models: list[NewModel] = []
        for changed in self.changed:
            if not changed.agreeing:
                opened[changed.model] = self._rows(changed.model, changed.listed)
        for new in self.new:
            rows = self._rows(new.model, new.listed)
            if new.known:
                opened[new.model] = rows
            else:
                models.append(NewModel(new.model, new.listed.name, self._provider(new.listed), rows))
        known = self.catalog.sources.get(SOURCE.id)
        read = self.read.isoformat()
        sources = () if known is not None and known.read >= read else ((known or SOURCE)._replace(read=read),)
        return Edit(closed, opened, tuple(models), sources)

    def _rows(self, model: str, listed: Listed) -> tuple[NewRow, ...]:
        """The rows that state the table's price of a model from the day on."""
        rows = [
            each
            for each in self.book.rates
            if (each.model, each.route, each.source, each.service_tier) == (model, ROUTE, SOURCE.id, STANDARD)
        ]
        later = [start for each in rows if (start := each.effective_from or each.not_before) and start > self.on]
        ends = [each.effective_until for each in rows if each.effective_until and each.effective_until <= self.on]
        now = any(each.in_force(self.on) for each in rows)
        gap = bool(ends) and not now and max(ends) < self.on
        return tuple(
            NewRow(
                ROUTE,
                SOURCE.id,
                tier.label,
                tier.over,
                self.on,
                min(later, default=None),
                gap,
                tier.prices,
                listed.note,
            )
            for tier in listed.tiers
        )

    def write(self, into: Path) -> bool:
        """Make the edit in a file, whole or not at all; whether there was one, since a file up to date is not touched."""
        edit, text = self.edit(), text_of(self.path)
        if into.exists():
            if edit.empty:
                return False
        else:
            text = f"replace = true\n\n{text}"
        changed = edited(text, edit, str(into))
        checked(changed, str(into))
        save(into, changed)
        return True


def id_of(name: str) -> str:
    """The id of a new model: its name in small letters, what is no letter, digit or one of ._+ as a hyphen."""
    return re.sub(r"[^\w.+]+", "-", name.casefold()).strip("-.")


def _ids(rates: Iterable[Rate]) -> list[str]:
    return [tier.id for rate in rates for tier in rate.tiers]


def _listed_dict(listed: Listed) -> dict[str, Any]:
    return {
        "name": listed.name,
        "provider": listed.provider,
        "release_status": listed.release_status or None,
        "category": listed.category or None,
        "note": listed.note or None,
        "footnotes": list(listed.footnotes),
    }
