"""Reported cost against computed cost, entry by entry, with the cause of each difference told apart."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, ClassVar, Final

from costcalc.entries import ReadLog, Skipped, UsageEntry
from costcalc.history import EXAMPLES, Exact, Pricer, credits_of, listed_paths
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.readers.find import read_usage
from costcalc.showing.display import Part, Result, Table, number
from costcalc.units import plain

EXACT: Final = "exact"
ROUNDING: Final = "rounding"
MODIFIER: Final = "modifier"
CACHE_WRITE: Final = "cache-write convention"
TIER: Final = "tier"
UNKNOWN_MODEL: Final = "unknown model"
MISSING: Final = "missing"
UNEXPLAINED: Final = "unexplained"

_ROUNDING_NANO_AIU: Final = 1_000
"""A millionth of a credit: more digits than any report shows."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Entries that differ (or agree) for one cause; the difference is reported less computed, in credits."""

    cause: str
    records: int
    difference_credits: Decimal


@dataclass(frozen=True, slots=True)
class Example:
    """One entry that does not agree."""

    file: str
    line: int
    model: str | None
    cause: str
    detail: str
    reported_credits: Decimal | None
    computed_credits: Decimal | None


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation(Result):
    """How far reported and computed costs agree: `compared` entries have both, `exact` of them agree to the nano-AIU."""

    kind: ClassVar[str] = "reconcile"

    records: int
    compared: int
    exact: int
    reported_credits: Decimal
    computed_credits: Decimal
    causes: tuple[Cause, ...]
    by_model: tuple[tuple[str, int, Decimal], ...]
    by_day: tuple[tuple[str, int, Decimal], ...]
    examples: tuple[Example, ...]
    skipped: tuple[Skipped, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def difference_credits(self) -> Decimal:
        """Reported less computed, over the entries that have both."""
        return self.reported_credits - self.computed_credits

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        def groups(name: str, found: tuple[tuple[str, int, Decimal], ...]) -> list[dict[str, Any]]:
            return [{name: key, "compared": count, "difference_credits": plain(amount)} for key, count, amount in found]

        return {
            "records": self.records,
            "compared": self.compared,
            "exact": self.exact,
            "credits_reported": plain(self.reported_credits),
            "credits_computed": plain(self.computed_credits),
            "difference_credits": plain(self.difference_credits),
            "causes": [
                {
                    "cause": each.cause,
                    "records": each.records,
                    "difference_credits": plain(each.difference_credits),
                }
                for each in self.causes
            ],
            "by_model": groups("model", self.by_model),
            "by_day": groups("day", self.by_day),
            "examples": [
                {
                    "file": each.file,
                    "line": each.line,
                    "model": each.model,
                    "cause": each.cause,
                    "detail": each.detail or None,
                    "credits_reported": None if each.reported_credits is None else plain(each.reported_credits),
                    "credits_computed": None if each.computed_credits is None else plain(each.computed_credits),
                }
                for each in self.examples
            ],
            "skipped": [{"file": each.file, "line": each.line, "reason": each.reason} for each in self.skipped],
        }

    def parts(self) -> Iterator[Part]:
        yield (
            f"{self.exact:,} of {self.compared:,} records that report a cost agree to the nano-AIU; "
            f"reported less computed is {number(self.difference_credits)} of {number(self.reported_credits)} credits"
        )
        if self.causes:
            yield Table(
                ("cause", "records", "difference, credits"),
                tuple((each.cause, each.records, each.difference_credits) for each in self.causes),
                "By cause",
            )
        yield from claims_line(self.rates)
        off = [each for each in self.by_model if each[2]]
        if off:
            yield Table(("model", "compared", "difference, credits"), tuple(off), "By model, where they differ")
        if self.examples:
            yield Table(
                ("where", "model", "cause", "detail", "reported", "computed"),
                tuple(
                    (
                        f"{each.file}:{each.line}",
                        each.model or "(none)",
                        each.cause,
                        each.detail,
                        each.reported_credits,
                        each.computed_credits,
                    )
                    for each in self.examples
                ),
                "Examples",
            )

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"cause": each.cause, "records": each.records, "difference_credits": each.difference_credits}
            for each in self.causes
        ]

    def columns(self) -> dict[str, type]:
        return {"cause": str, "records": int, "difference_credits": Decimal}


def reconcile(
    paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None" = None,
    *,
    rates: PriceBook | None = None,
    told: "Callable[[str, int], object] | None" = None,
) -> Reconciliation:
    """Hold what logs and reports say of their cost against what the price book says.

    A difference is put down to the simplest cause that explains it to the nano-AIU: a modifier (auto selection, data
    residency, or one that is not applied), cache writes priced as input or input as cache writes, another tier, or
    rounding. Raises `InputError` for a path at which there is nothing.
    """
    pricer = Pricer(PriceBook.of(rates))
    log = ReadLog()
    records = compared = exact = 0
    reported: Exact = 0
    computed: Exact = 0
    causes: dict[str, tuple[int, Exact]] = {}
    by_model: dict[str, tuple[int, Exact]] = {}
    by_day: dict[str, tuple[int, Exact]] = {}
    examples: dict[str, list[Example]] = {}
    for entry in read_usage(listed_paths(paths), log, None, told):
        if not entry.billed and entry.reported_nano_aiu is None:
            continue
        records += 1
        cause, detail, own = _cause(pricer, entry)
        stated = entry.reported_nano_aiu
        difference: Exact = 0 if stated is None or own is None else stated - own
        if stated is not None and own is not None:
            compared += 1
            exact += cause == EXACT
            reported += stated
            computed += own
            _count(by_model, entry.model or "", difference)
            _count(by_day, entry.time.date().isoformat() if entry.time else "", difference)
        _count(causes, cause, difference)
        some = examples.setdefault(cause, [])
        if cause != EXACT and len(some) < 3:
            some.append(
                Example(
                    entry.file,
                    entry.line,
                    entry.model,
                    cause,
                    detail,
                    None if stated is None else credits_of(stated),
                    None if own is None else credits_of(own),
                )
            )
    return Reconciliation(
        records=records,
        compared=compared,
        exact=exact,
        reported_credits=credits_of(reported),
        computed_credits=credits_of(computed),
        causes=tuple(
            Cause(cause, count, credits_of(amount))
            for cause, (count, amount) in sorted(
                causes.items(), key=lambda item: (item[0] != EXACT, -item[1][0], item[0])
            )
        ),
        by_model=_ranked(by_model),
        by_day=tuple(sorted(_ranked(by_day))),
        examples=tuple(each for some in examples.values() for each in some)[:EXAMPLES],
        skipped=tuple(log.skipped),
        rates=pricer.rates,
        notices=tuple(log.notices()),
    )


def _count(groups: dict[str, tuple[int, Exact]], key: str, difference: Exact) -> None:
    """One more record of a group, and its difference."""
    records, amount = groups.get(key, (0, 0))
    groups[key] = (records + 1, amount + difference)


def _distance(one: Exact, other: Exact) -> Fraction:
    return abs(Fraction(one) - Fraction(other))


def _ranked(groups: dict[str, tuple[int, Exact]]) -> tuple[tuple[str, int, Decimal], ...]:
    ordered = sorted(groups.items(), key=lambda item: (-_distance(item[1][1], 0), item[0]))
    return tuple((key, count, credits_of(amount)) for key, (count, amount) in ordered)


def _cause(pricer: Pricer, entry: UsageEntry) -> tuple[str, str, Exact | None]:
    """Why reported and computed cost agree or not, a detail, and the computed cost in nano-AIU."""
    if not entry.has_tokens:
        return MISSING, "no token counts", None
    priced = pricer.price(entry)
    own, stated = priced.computed, entry.reported_nano_aiu
    if own is None or priced.rate is None:
        return UNKNOWN_MODEL, priced.reason, None
    if stated is None:
        return MISSING, "no reported cost" if not entry.covered else "cost told for the session as a whole", own
    if stated == own:
        return EXACT, "", own
    if _distance(stated, own) < 1:
        return ROUNDING, "within a nano-AIU", own
    for words, other in _alternatives(pricer, entry, priced.rate):
        if _distance(stated, other) < 1:
            return words[0], ", ".join(words[1:]), own
    if _distance(stated, own) <= _ROUNDING_NANO_AIU:
        return ROUNDING, "within a millionth of a credit", own
    return UNEXPLAINED, f"reported is {float(stated / own):.4g} times the computed cost" if own else "", own


def _alternatives(pricer: Pricer, entry: UsageEntry, rate: Rate) -> Iterator[tuple[tuple[str, ...], Exact]]:
    """Other ways to price an entry, those with fewer changes first: the cause to name, details, and the cost."""
    base = rate.tiers[0]
    plain_rate = pricer.book.rate(rate.model, route=entry.route, on=entry.time, service_tier=entry.service_tier)
    factors: list[tuple[str, Fraction]] = [("", Fraction(1))]
    listed = [each for each in pricer.book.modifiers.values() if each.route == entry.route]
    factors += [(f"x{plain(each.factor)}", Fraction(each.factor)) for each in listed]
    if len(listed) > 1:
        both = prod((Fraction(each.factor) for each in listed), start=Fraction(1))
        factors.append((f"x{plain(Decimal(both.numerator) / Decimal(both.denominator))}", both))
    if base.modifiers:  # the entry says auto, but the cost may be without it
        applied = prod((Fraction(each.factor) for each in base.modifiers), start=Fraction(1))
        factors = [(words or "x0.9 not applied", factor) for words, factor in factors if factor != applied]
        factors.insert(0, ("", applied))
    fresh, cached, write, output = entry.counts
    conventions = [("", (fresh, cached, write, output))]
    if plain_rate.usd_per_mtok.cache_write is not None:
        conventions += [
            ("input not read from cache priced as cache writes", (0, cached, write + fresh, output)),
            ("cache writes priced as input", (fresh + write, cached, 0, output)),
        ]
    chosen = plain_rate.tier_for(entry.prompt_tokens, entry.requests) if entry.requests else plain_rate.tiers[0]
    tiers = [("", chosen)] + [(f"the {row.tier} price", row) for row in plain_rate.tiers if row is not chosen]
    ways = []
    for (factor_words, factor), (convention_words, counts), (tier_words, row) in product(factors, conventions, tiers):
        named = [
            (cause, words)
            for cause, words in (
                (f"{MODIFIER} {factor_words}", factor_words),
                (CACHE_WRITE, convention_words),
                (TIER, tier_words),
            )
            if words
        ]
        if named:
            cause = " + ".join(each for each, _ in named)
            ways.append((len(named), (cause, *(words for _, words in named)), row.exact_nano_aiu(counts) * factor))
    for _, words, cost in sorted(ways, key=lambda way: way[0]):
        yield words, cost
