"""What was really used: entries from logs and reports, priced by the day, added up, and held against what was reported."""

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal, get_args

from costcalc.entries import ReadLog, Skipped, UsageEntry, rows_or_files
from costcalc.errors import (
    CostcalcError,
    InputError,
    UnknownNameError,
    check_known,
    check_path,
    check_type,
    unknown_name,
)
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import PriceBook, checked_day
from costcalc.pricing.rate import Rate, claims_line
from costcalc.readers.find import Found, known_places, read_usage
from costcalc.readers.github_report import REST_SOURCE
from costcalc.readers.normalised import write as write_entries
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, count_of, number, usd
from costcalc.tokens import KINDS
from costcalc.units import credits_of_nano_aiu, plain, usd_of_credits

Exact = int | Fraction
"""An amount of nano-AIU: whole but for prices that are finer."""

Key = Literal["model", "day", "user", "repository", "session", "organization", "cost_center", "route", "source", "rate"]
KEYS: Final = get_args(Key)
REPORTED: Final = "reported"
"""What stands for a rate where the cost is the one that the source reports."""

EXAMPLES: Final = 10
_DATED_ID: Final = re.compile(r"(.+)-20\d\d-[01]\d-[0-3]\d", re.ASCII)
_SHOWN: Final = 30
_DRAWN: Final = 40


@dataclass(frozen=True, slots=True)
class Priced:
    """An entry and what it costs at the rate in force on its day; `computed` is None where it cannot be priced."""

    entry: UsageEntry
    computed: Exact | None
    rate: Rate | None
    reason: str

    @property
    def preferred(self) -> Exact | None:
        """The reported cost where there is one, else the computed one, in nano-AIU; 0 where another entry covers it."""
        reported = self.entry.reported_nano_aiu
        if self.entry.covered:
            return 0
        return self.computed if reported is None else reported


class Pricer:
    """Prices entries by the rate in force on their day, each look-up made once."""

    def __init__(self, book: PriceBook, as_model: str | None = None, as_route: str | None = None) -> None:
        """`as_model` and `as_route` price all entries as if they had been on another model or route."""
        self.book = book
        self.as_model: str | None = None if as_model is None else book.model(as_model).id
        self.as_route = as_route
        self.tiers_unknown: int = 0
        self.tiers_by_mean: int = 0
        self.dated_ids: dict[str, str] = {}
        self._rates: dict[tuple[object, ...], Rate | str] = {}

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Every rate that was used, once."""
        return tuple({rate.id: rate for rate in self._rates.values() if isinstance(rate, Rate)}.values())

    @property
    def prompt_limits(self) -> tuple[int, ...]:
        """The prompts of one request above which some price of the book changes."""
        return tuple(sorted({rate.prompt_tokens_over for rate in self.book.rates if rate.prompt_tokens_over}))

    def price(self, entry: UsageEntry) -> Priced:
        """An entry priced; what it lacks is told as the reason."""
        if self.as_model is not None or self.as_route is not None:
            other = self.as_model or entry.model
            auto = None if self.as_route not in (None, "copilot") else entry.auto
            route = self.as_route or entry.route
            tier = entry.service_tier if route == entry.route else "standard"
            entry = replace(
                entry, model=other, route=route, auto=auto, service_tier=tier, reported_nano_aiu=None, covered=False
            )
        if not entry.has_tokens:
            return Priced(entry, None, None, "no token counts")
        found = self.rate(entry)
        if isinstance(found, str):
            return Priced(entry, None, None, found)
        row = self._tier(found, entry)
        return Priced(entry, row.exact_nano_aiu(entry.counts), row, "")

    def rate(self, entry: UsageEntry) -> Rate | str:
        """The rate for an entry, or why there is none."""
        if entry.model is None:
            return "no model"
        if entry.time is None:
            return "no time, so no day whose price applies"
        day = entry.time.date()
        key = (entry.model, entry.route, day, entry.service_tier, bool(entry.auto))
        if key not in self._rates:
            try:
                rate = self._book_rate(entry.model, entry.route, day, entry.service_tier)
                modifiers = [self.book.modifiers["auto"]] if entry.auto and "auto" in self.book.modifiers else []
                self._rates[key] = rate.with_modifiers(*modifiers)
            except CostcalcError as error:
                self._rates[key] = str(error)
        return self._rates[key]

    def _book_rate(self, model: str, route: str, day: date, service_tier: str) -> Rate:
        """The rate by name; on the API route a model's dated id is that model."""
        try:
            return self.book.rate(model, route=route, on=day, service_tier=service_tier)
        except UnknownNameError:
            undated = _DATED_ID.fullmatch(model)
            if undated is None or route != "api":
                raise
            rate = self.book.rate(undated[1], route=route, on=day, service_tier=service_tier)
            self.dated_ids[model] = rate.model
            return rate

    def _tier(self, rate: Rate, entry: UsageEntry) -> Rate:
        if len(rate.tiers) == 1:
            return rate
        if not entry.requests:
            self.tiers_unknown += entry.records
            return rate.tiers[0]
        self.tiers_by_mean += entry.requests > entry.records
        return rate.tier_for(entry.prompt_tokens, entry.requests)


@dataclass(slots=True)
class Totals:
    """Entries added up. Costs are in nano-AIU; `unpriced` entries have neither a reported nor a computed cost."""

    records: int = 0
    requests: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    reported: int = 0
    computed: Exact = 0
    preferred: Exact = 0
    reported_records: int = 0
    computed_records: int = 0
    unpriced: int = 0
    without_tokens: int = 0
    cached_unknown: int = 0
    writes_unknown: int = 0
    periods: int = 0
    covered: int = 0

    def add(self, priced: Priced) -> None:
        """Add one entry."""
        entry = priced.entry
        self.records += entry.records
        self.requests += entry.requests
        for place, count in enumerate(entry.counts):
            self.tokens[place] += count
        if entry.reported_nano_aiu is not None:
            self.reported += entry.reported_nano_aiu
            self.reported_records += entry.records
        if priced.computed is not None:
            self.computed += priced.computed
            self.computed_records += entry.records
        self.without_tokens += entry.records * (not entry.has_tokens)
        if entry.has_tokens:
            self.cached_unknown += entry.records * (entry.cached_input is None)
            has_write_price = priced.rate is not None and priced.rate.usd_per_mtok.cache_write is not None
            if entry.cache_write is None and has_write_price and entry.reported_nano_aiu is None:
                self.writes_unknown += entry.records
        self.periods += entry.source == REST_SOURCE
        self.covered += entry.covered
        if priced.preferred is None:
            self.unpriced += entry.records
        else:
            self.preferred += priced.preferred

    def merge(self, other: "Totals") -> None:
        """Add what another one has added up."""
        for each in fields(self):
            if each.name != "tokens":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.tokens = [mine + theirs for mine, theirs in zip(self.tokens, other.tokens, strict=True)]

    @property
    def credits(self) -> Decimal | None:
        """The cost to believe, in credits; None where nothing is known of that of any record."""
        return credits_of(self.preferred) if self.records > self.unpriced or not self.records else None

    def to_dict(self) -> dict[str, Any]:
        """The totals as machine output holds them; credits that nothing is known of are null."""
        row = {name: plain(value) if isinstance(value, Decimal) else value for name, value in self.row().items()}
        return {**row, "unpriced_records": self.unpriced}

    def row(self) -> dict[str, Any]:
        """The totals as a flat row."""
        return {
            "records": self.records,
            **dict(zip(KINDS, self.tokens, strict=True)),
            "requests": self.requests,
            "credits_reported": credits_of_nano_aiu(self.reported) if self.reported_records else None,
            "credits_computed": credits_of(self.computed) if self.computed_records else None,
            "credits": self.credits,
        }


def credits_of(nano_aiu: Exact) -> Decimal:
    """Nano-AIU as credits, to the nearest nano-AIU."""
    return credits_of_nano_aiu(round(nano_aiu))


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Entries that no rate applies to and that report no cost."""

    model: str | None
    route: str
    reason: str
    records: int
    tokens: int


@dataclass(frozen=True, slots=True, repr=False)
class UsageReport(Result):
    """What was used: totals, groups by the keys asked for, what could not be priced, and what could not be read."""

    kind: ClassVar[str] = "usage"

    by: tuple[Key, ...]
    found: tuple[Found, ...]
    totals: Totals
    unbilled: Totals
    groups: tuple[tuple[tuple[str | None, ...], Totals], ...]
    unpriced: tuple[Unpriced, ...]
    skipped: tuple[Skipped, ...]
    skipped_count: int
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def credits(self) -> Decimal | None:
        """All credits, reported where they are, computed elsewhere; None where nothing is known of any."""
        return self.totals.credits

    def grouped_by(self, by: Sequence[Key]) -> "UsageReport":
        """The same report, its groups added up by fewer of the keys, or by the same in another order.

        Raises `UnknownNameError` for a key that it is not grouped by.
        """
        for key in by:
            if key not in self.by:
                raise unknown_name("key", key, self.by)
        if tuple(by) == self.by:
            return self
        places = [self.by.index(key) for key in by]
        groups: dict[tuple[str | None, ...], Totals] = {}
        for names, totals in self.groups:
            groups.setdefault(tuple(names[place] for place in places), Totals()).merge(totals)
        return replace(self, by=tuple(by), groups=_dearest_first(groups))

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "records": self.totals.records,
            "files": [{"file": each.path, "source": each.source, "records": each.entries} for each in self.found],
            "skipped": [{"file": each.file, "line": each.line, "reason": each.reason} for each in self.skipped],
            "skipped_count": self.skipped_count,
            "totals": self.totals.to_dict(),
            "unbilled": self.unbilled.to_dict(),
            "by": list(self.by),
            "groups": [{**self._names(names), **totals.to_dict()} for names, totals in self.groups],
            "unpriced": [
                {
                    "model": each.model,
                    "route": each.route,
                    "reason": each.reason,
                    "records": each.records,
                    "tokens": each.tokens,
                }
                for each in self.unpriced
            ],
        }

    def _names(self, names: tuple[str | None, ...]) -> dict[str, str | None]:
        return dict(zip(self.by, names, strict=True))

    def parts(self) -> Iterator[Part]:
        totals = self.totals
        cost = "An unknown amount"
        if not totals.records and self.skipped_count:
            cost = "Nothing could be read"
        elif self.credits is not None:
            cost = f"{usd(usd_of_credits(self.credits))} ({number(self.credits)} credits)"
        unpriced = f", {totals.unpriced:,} of unknown cost and not in it" if totals.unpriced else ""
        yield (
            f"{cost}: {count_of(totals.records, 'record')} of {count_of(len(self.found), 'file')}, "
            f"{totals.reported_records:,} with a reported cost{unpriced}"
        )
        columns = ("records", "fresh input", "cached", "write", "output", "credits", "reported", "computed")
        title = f"Tokens and credits by {', '.join(self.by)}" if self.by else "Tokens and credits"
        rows = [(*(name or "(none)" for name in names), *_cells(each)) for names, each in self.groups[:_SHOWN]]
        yield Table((*self.by, *columns), (*rows, (*("all" for _ in self.by), *_cells(totals))), title)
        if len(self.groups) > _SHOWN:
            yield f"… and {len(self.groups) - _SHOWN:,} more groups; --format json or csv has all"
        yield from claims_line(self.rates)
        if self.unpriced:
            yield Table(
                ("model", "route", "records", "tokens", "why it has no price"),
                tuple(
                    (each.model or "(none)", each.route, each.records, each.tokens, each.reason)
                    for each in self.unpriced
                ),
                "Not priced and not in the credits above",
            )
        if self.skipped_count:
            listed = [
                f"- {each.file}{f':{each.line}' if each.line else ''}: {each.reason}" for each in self.skipped[:5]
            ]
            more = [f"- … and {self.skipped_count - 5:,} more"] if self.skipped_count > 5 else []
            yield "\n".join([f"Left out, {rows_or_files(self.skipped_count)}:", *listed, *more])

    def charts(self) -> tuple[Chart, ...]:
        known = [(names, each.credits) for names, each in self.groups if each.credits is not None]
        if not known:
            return ()
        assert self.credits is not None
        records = count_of(self.totals.records, "record")
        title = f"{number(self.credits)} credits: {records} of {count_of(len(self.found), 'file')}"
        caption = [*claims_line(self.rates), "Reported credits where there are any, computed ones elsewhere."]
        if self.totals.unpriced:
            caption.append(f"{count_of(self.totals.unpriced, 'record')} of unknown cost are not in it.")
        if self.by == ("day",):
            days = tuple(
                Point(date.fromisoformat(day), Decimal(0), None, credits)
                for (day,), credits in sorted(known, key=str)
                if day
            )
            axes = Axis("day", "UTC", "day"), Axis("use", "AI credits")
            return (Chart("use", title, tuple(caption), *axes, (Mark("bar", days, "use"),)),) if days else ()
        if len(known) > _DRAWN:
            caption.append(f"The {_DRAWN} largest of {len(known):,} groups.")
        groups = tuple(
            Point(Decimal(0), ", ".join(name or "(none)" for name in names), credits, None, str(number(credits)))
            for names, credits in known[:_DRAWN]
        )
        axes = Axis("use", "AI credits"), Axis(", ".join(self.by), scale="name")
        return (Chart("use", title, tuple(caption), *axes, (Mark("bar", groups, "use", labelled=True),)),)

    def rows(self) -> list[dict[str, Any]]:
        rows = [{**self._names(names), **totals.row()} for names, totals in self.groups]
        if "day" in self.by:
            return [{**row, "day": None if row["day"] is None else date.fromisoformat(row["day"])} for row in rows]
        return rows

    def columns(self) -> dict[str, type]:
        keys: dict[str, type] = {key: date if key == "day" else str for key in self.by}
        return {**keys, **{name: Decimal if name.startswith("credits") else int for name in Totals().row()}}


def _dearest_first(
    groups: dict[tuple[str | None, ...], Totals],
) -> tuple[tuple[tuple[str | None, ...], Totals], ...]:
    return tuple(sorted(groups.items(), key=lambda item: (-item[1].preferred, [name or "" for name in item[0]])))


def _cells(totals: Totals) -> tuple[Any, ...]:
    row = totals.row()
    return (
        totals.records,
        *totals.tokens,
        row["credits"],
        row["credits_reported"],
        row["credits_computed"],
    )


def usage(
    paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None" = None,
    *,
    by: Sequence[Key] = ("model",),
    since: date | None = None,
    until: date | None = None,
    as_model: str | None = None,
    as_route: str | None = None,
    pseudonym_key: str | None = None,
    rates: PriceBook | None = None,
    export: "str | os.PathLike[str] | None" = None,
    told: "Callable[[str, int], object] | None" = None,
) -> UsageReport:
    """What the logs and reports at some paths hold, priced by the day, and the cost that they report beside it.

    Without paths, the known places of this user's machine are searched. `since` and `until` are days, both included;
    `as_model` and `as_route` price the same history on another model or route (then nothing is reported).
    `pseudonym_key` replaces users, repositories, organisations and cost centres by stable pseudonyms of that key.
    `export` writes the entries that count to a `.csv` or `.parquet` file in costcalc's own form.

    Raises `InputError` for a path at which there is nothing, `UnknownNameError` for a key or model that is not known.
    """
    check_type("by", by, Iterable, f"a list of keys: {', '.join(KEYS)}")
    for key in by:
        check_known("key", key, KEYS)
    since = None if since is None else checked_day(since, "since")
    until = None if until is None else checked_day(until, "until")
    for name, text in (("as_model", as_model), ("as_route", as_route), ("pseudonym_key", pseudonym_key)):
        check_type(name, text, (str, type(None)), "a text")
    if export is not None:
        check_path("export", export)
    if since is not None and until is not None and until < since:
        raise InputError(f"until {until} is before since {since}")
    if pseudonym_key is not None and not pseudonym_key:
        raise InputError("pseudonyms need a key that is not empty: without one they can be guessed")
    pricer = Pricer(PriceBook.of(rates), as_model, as_route)
    log = ReadLog()
    found: list[Found] = []
    totals, unbilled = Totals(), Totals()
    groups: dict[tuple[str | None, ...], Totals] = {}
    unpriced: dict[tuple[str | None, str, str], list[int]] = {}
    undated = other_days = 0
    believed: dict[str, tuple[Rate, date]] = {}
    keep = frozenset(by) - {"rate"} if export is None else None

    def chosen() -> Iterator[UsageEntry]:
        nonlocal undated, other_days
        for entry in read_usage(listed_paths(paths), log, found, told, keep, pricer.prompt_limits):
            if since is not None or until is not None:
                if entry.time is None:
                    undated += 1
                    continue
                day = entry.time.date()
                if (since is not None and day < since) or (until is not None and day > until):
                    other_days += entry.records
                    continue
            yield entry if pseudonym_key is None else with_pseudonyms(entry, pseudonym_key)

    def take(known: UsageEntry) -> None:
        priced = pricer.price(known)
        if not known.billed and known.reported_nano_aiu is None:
            unbilled.add(priced)
            return
        totals.add(priced)
        groups.setdefault(tuple(_name(priced, key) for key in by), Totals()).add(priced)
        entry, rate = priced.entry, priced.rate
        if rate is not None and entry.time is not None and entry.reported_nano_aiu is None and not entry.covered:
            day = entry.time.date()
            if rate.id not in believed or believed[rate.id][1] < day:
                believed[rate.id] = (rate, day)
        if priced.preferred is None:
            counted = unpriced.setdefault((priced.entry.model, priced.entry.route, priced.reason), [0, 0])
            counted[0] += known.records
            counted[1] += sum(known.counts)

    if export is None:
        for known in chosen():
            take(known)
    else:
        write_entries(_each(chosen(), take), export)
    return UsageReport(
        by=tuple(by),
        found=tuple(
            each if pseudonym_key is None else each._replace(path=os.path.basename(each.path))  # noqa: PTH119
            for each in found
            if each.entries
        ),
        totals=totals,
        unbilled=unbilled,
        groups=_dearest_first(groups),
        unpriced=tuple(Unpriced(*key, *counted) for key, counted in sorted(unpriced.items(), key=str)),
        skipped=tuple(
            each if pseudonym_key is None else each._replace(file=os.path.basename(each.file))  # noqa: PTH119
            for each in log.skipped
        ),
        skipped_count=log.skipped_count,
        rates=pricer.rates,
        notices=distinct(
            (
                *_notices(log, pricer, unbilled, undated, totals),
                *_no_use_in_days(totals, other_days),
                *(notice for rate, day in believed.values() for notice in pricer.book.notices(rate, day)),
            )
        ),
    )


def _no_use_in_days(totals: Totals, other_days: int) -> Iterator[Notice]:
    if other_days and not totals.records:
        yield Notice(
            "no_use_in_days",
            f"of other days than those asked for: {count_of(other_days, 'record')}, which is all there is",
        )


def _each(entries: Iterable[UsageEntry], take: Callable[[UsageEntry], None]) -> Iterator[UsageEntry]:
    """The entries, each taken as it passes."""
    for entry in entries:
        take(entry)
        yield entry


def listed_paths(paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None") -> list[str]:
    """Paths as texts; without any, the known places of this user's machine."""
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    given = () if paths is None else paths
    check_type("paths", given, Iterable, "a path, or a list of them")
    stated = list(given)
    for path in stated:
        check_path("each of the paths", path)
    listed = [os.fspath(path) for path in stated] or [os.fspath(place) for place in known_places()]
    if not listed:
        raise InputError("no logs in the known places of this machine; give the path of a log, a report or a folder")
    return listed


def _name(priced: Priced, key: Key) -> str | None:
    entry = priced.entry
    if key == "rate":  # what the cost to believe was computed at; None where it is not known
        if entry.reported_nano_aiu is not None or entry.covered:
            return REPORTED
        return None if priced.rate is None else priced.rate.id
    if key == "day":
        return None if entry.time is None else entry.time.date().isoformat()
    value = getattr(entry, key)
    return None if value is None else str(value)


def with_pseudonyms(entry: UsageEntry, key: str) -> UsageEntry:
    """The entry with users, repositories, organisations and cost centres replaced by pseudonyms of a key."""

    def pseudonym(kind: str, name: str | None) -> str | None:
        if name is None:
            return None
        digest = hmac.new(key.encode(), f"{kind}:{name}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:12]}"

    return replace(
        entry,
        user=pseudonym("user", entry.user),
        repository=pseudonym("repository", entry.repository),
        organization=pseudonym("organization", entry.organization),
        cost_center=pseudonym("cost-center", entry.cost_center),
    )


def _notices(log: ReadLog, pricer: Pricer, unbilled: Totals, undated: int, totals: Totals) -> Iterator[Notice]:
    yield from log.notices()
    if totals.unpriced:
        yield Notice(
            "unpriced",
            f"neither a price nor a reported cost: {count_of(totals.unpriced, 'record')}; none is taken for 0",
        )
    if totals.cached_unknown:
        yield Notice(
            "cached_count_absent",
            f"cached tokens not told: {count_of(totals.cached_unknown, 'record')}; all of the prompt is priced as input there, "
            "so the computed cost is too high if there was a cache",
        )
    if totals.writes_unknown:
        yield Notice(
            "cache_writes_unknown",
            f"cache writes not told from fresh input: {count_of(totals.writes_unknown, 'record')} without a reported cost, "
            "of models that charge more for writes; the computed cost may be too low there",
        )
    if totals.covered:
        yield Notice(
            "session_totals",
            f"no cost told, but by the session as a whole: {count_of(totals.covered, 'record')}; it stands without a model",
        )
    if totals.periods:
        yield Notice(
            "whole_periods", "answers of the billing API are of a whole period; they are dated to its first day"
        )
    if log.incomplete_sessions:
        yield Notice(
            "incomplete_sessions",
            f"calls for only a part of the tokens of the totals: {count_of(log.incomplete_sessions, 'session')}; the calls count",
        )
    for dated, model in pricer.dated_ids.items():
        yield Notice("dated_model_id", f"{dated} is priced as {model}")
    if pricer.tiers_by_mean:
        yield Notice(
            "tier_by_mean_prompt",
            f"several requests added up: {count_of(pricer.tiers_by_mean, 'record')} of models with a long-context "
            "price; it was chosen by the mean prompt",
        )
    if pricer.tiers_unknown:
        yield Notice(
            "tier_unknown",
            f"an unknown number of requests added up: {count_of(pricer.tiers_unknown, 'record')} of models with a "
            "long-context price; the default price was taken",
        )
    if log.repeated:
        yield Notice("repeated_rows", f"counted once: {count_of(log.repeated, 'record')} more of the same calls")
    if log.other_rows:
        yield Notice("other_rows", f"left out: {count_of(log.other_rows, 'row')} of other products or without usage")
    if unbilled.records:
        yield Notice(
            "unbilled_calls",
            f"left out, since they cost nothing: {count_of(unbilled.records, 'helper call')} (titles and the like)",
        )
    if undated:
        yield Notice("undated", f"left out of the days asked for: {count_of(undated, 'record')} without a time")
    if pricer.as_model is not None or pricer.as_route is not None:
        yield Notice(
            "as_another",
            "the history is priced as it was on another model or route, with the same tokens; another model would have "
            "used more or fewer",
        )
