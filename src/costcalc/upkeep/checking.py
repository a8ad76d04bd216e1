"""What in the price book should be looked at: who disagrees, what is old, what is missing and what soon ends."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from costcalc.errors import InputError, UnknownNameError, check_between, check_path
from costcalc.notices import Notice
from costcalc.pricing.book import STALE_AFTER_DAYS, PriceBook, checked_day
from costcalc.pricing.catalog import STANDARD
from costcalc.pricing.rate import Rate, claim_words
from costcalc.showing.display import Result, Table, count_of
from costcalc.upkeep.peers import Peer, Quoted, peers
from costcalc.upkeep.prices import Prices, price_changes, tiers_dict

if TYPE_CHECKING:
    from costcalc.showing.display import Part

FINDINGS: Final = ("disagreement", "stale", "gap", "ends")


class Disagreement(NamedTuple):
    """A price that a peer states otherwise, its `name` there.

    `rate` is None where the price book has none for the route and day, and `model` where it does not know the model.
    """

    peer: str
    name: str
    model: str | None
    route: str
    rate: Rate | None
    prices: Prices


class Stale(NamedTuple):
    """Claims in force that were read from a source too long ago."""

    source: str
    as_of: str
    age_days: int
    rates: tuple[Rate, ...]


class Gap(NamedTuple):
    """Days between two prices on which a model has none on a route: from `first` to before `until`."""

    model: str
    route: str
    service_tier: str
    first: date
    until: date


class Ending(NamedTuple):
    """A model without a known price on a route from the day `on`: `why` is `price ends`, `promotion ends` or `retires`."""

    model: str
    route: str
    on: date
    why: str


class Compared(NamedTuple):
    """A peer, and how many of the prices in force it has and states alike."""

    peer: str
    compared: int
    agree: int


@dataclass(frozen=True, slots=True, repr=False)
class RatesCheck(Result):
    """What should be looked at in the price book on a day; `soon_days` and `stale_days` are the limits that were set."""

    kind: ClassVar[str] = "rates_check"
    on: date
    stale_days: int
    soon_days: int
    peers: tuple[Compared, ...]
    disagreements: tuple[Disagreement, ...]
    stale: tuple[Stale, ...]
    gaps: tuple[Gap, ...]
    ends: tuple[Ending, ...]
    notices: tuple[Notice, ...] = ()

    def count(self, finding: str) -> int:
        """How many there are of a kind: `disagreement`, `stale`, `gap` or `ends`. Raises `InputError` for another."""
        by_kind = (self.disagreements, self.stale, self.gaps, self.ends)
        if finding not in FINDINGS:
            raise InputError(f"unknown finding {finding!r:.40}; known: {', '.join(FINDINGS)}")
        return len(by_kind[FINDINGS.index(finding)])

    def body(self) -> dict[str, Any]:
        """The fields of the machine output between `kind` and `rates`."""
        return {
            "on": self.on.isoformat(),
            "stale_days": self.stale_days,
            "soon_days": self.soon_days,
            "peers": [each._asdict() for each in self.peers],
            "disagreements": [
                {
                    "peer": each.peer,
                    "name": each.name,
                    "route": each.route,
                    "model": each.model,
                    "claim": each.rate.id if each.rate else None,
                    "source": each.rate.source if each.rate else None,
                    "book": tiers_dict(each.rate.prices_by_prompt) if each.rate else None,
                    "stated": tiers_dict(each.prices),
                }
                for each in self.disagreements
            ],
            "stale": [
                {
                    "source": each.source,
                    "as_of": each.as_of,
                    "age_days": each.age_days,
                    "claims": [rate.id for rate in each.rates],
                }
                for each in self.stale
            ],
            "gaps": [
                {
                    "model": each.model,
                    "route": each.route,
                    "service_tier": each.service_tier,
                    "from": each.first.isoformat(),
                    "until": each.until.isoformat(),
                }
                for each in self.gaps
            ],
            "ends": [{**each._asdict(), "on": each.on.isoformat()} for each in self.ends],
        }

    def rates_used(self) -> Iterable[Rate]:
        """The claims that a peer states otherwise, then those that are stale."""
        found = [each.rate for each in self.disagreements if each.rate is not None]
        return (tier for rate in (*found, *(rate for each in self.stale for rate in each.rates)) for tier in rate.tiers)

    def _agreement(self) -> str:
        """How far other lists agree; that none was compared is not that none disagrees."""
        if not self.peers:
            return "no other list to compare with"
        return f"{count_of(len(self.disagreements), 'disagreement')} with other lists"

    def parts(self) -> Iterator["Part"]:
        """What to show a person, the answer first."""
        yield (
            f"On {self.on}: {self._agreement()}, "
            f"{count_of(len(self.stale), 'source')} read more than {self.stale_days} days ago, "
            f"{count_of(len(self.gaps), 'gap')}, {count_of(len(self.ends), 'price')} to end within {self.soon_days} days"
        )
        if self.peers:
            rows = tuple((each.peer, each.compared, each.agree) for each in self.peers)
            yield Table(("other list", "prices compared", "agree"), rows, "Other lists of prices")
        if self.disagreements:
            yield Table(
                ("model", "route", "prompt over", "input", "cached", "write", "output", "here", "there"),
                tuple(
                    (
                        each.model or each.name,
                        each.route,
                        *cells,
                        claim_words(each.rate) if each.rate else "none in force",
                        f"{each.peer}, {each.name}",
                    )
                    for each in self.disagreements
                    for cells in price_changes(each.rate.prices_by_prompt if each.rate else (), each.prices)
                ),
                "Disagreements, here -> there, USD per million tokens",
            )
        if self.stale:
            yield Table(
                ("source", "read", "age", "claims in force"),
                tuple((each.source, each.as_of, f"{each.age_days} days", len(each.rates)) for each in self.stale),
                "Stale",
            )
        if self.gaps:
            yield Table(
                ("model", "route", "first day", "last day"),
                tuple((each.model, _where(each), str(each.first), str(each.until - _DAY)) for each in self.gaps),
                "Days without a price, between two prices",
            )
        if self.ends:
            rows_of = tuple((each.model, each.route, str(each.on), each.why) for each in self.ends)
            yield Table(("model", "route", "from", "what"), rows_of, "Ends soon")

    def rows(self) -> list[dict[str, Any]]:
        """One row a finding."""
        return [
            *(
                _row(
                    "disagreement", each.model, each.route, f"{each.peer} {each.name} states another price than {here}"
                )
                for each in self.disagreements
                for here in (each.rate.source if each.rate else "the price book, which has none in force",)
            ),
            *(
                _row("stale", None, None, f"{each.source}, read {each.as_of}, {each.age_days} days ago")
                for each in self.stale
            ),
            *(
                _row("gap", each.model, _where(each), f"no price from {each.first} to before {each.until}")
                for each in self.gaps
            ),
            *(_row("ends", each.model, each.route, f"{each.why} on {each.on}") for each in self.ends),
        ]

    def columns(self) -> dict[str, type]:
        return dict.fromkeys(_row("", None, None, ""), str)


_DAY: Final = timedelta(days=1)


def _where(gap: Gap) -> str:
    return gap.route + ("" if gap.service_tier == STANDARD else f" ({gap.service_tier})")


def _row(finding: str, model: str | None, route: str | None, detail: str) -> dict[str, Any]:
    return {"finding": finding, "model": model, "route": route, "detail": detail}


def check_rates(
    *,
    on: date | None = None,
    litellm: str | Path | None = None,
    stale_days: int = STALE_AFTER_DAYS,
    soon_days: int = 30,
    rates: PriceBook | None = None,
) -> RatesCheck:
    """What in the price book should be looked at on a day (default: today in UTC).

    The price believed for each model and route is held against the packages genai-prices and LiteLLM, as far as they
    are installed, or against LiteLLM's map as the file `litellm`; nothing is fetched. A model is found there by exact
    name only. Stale are claims in force of sources read more than `stale_days` ago (by default as the draft AI-credits
    specification of github/gh-aw has it); an end is told within `soon_days`.

    Raises `InputError` for a negative number of days and for a file that is no such map.

    >>> result = check_rates(on=date(2026, 11, 24))
    >>> [(each.model, each.why) for each in result.ends]
    [('gemini-4-argon', 'promotion ends'), ('mai-code-1.1-flash', 'retires')]
    """
    for name, days in (("stale_days", stale_days), ("soon_days", soon_days)):
        check_between(name, days, 0, 100_000)
    if litellm is not None:
        check_path("litellm", litellm)
    book = PriceBook.of(rates)
    day = checked_day(on)
    believed = [rate for rate in book.in_force(on=day) if rate is rate.tiers[0]]
    disagreements: list[Disagreement] = []
    compared: list[Compared] = []
    notices: list[Notice] = []
    for peer in peers(litellm):
        both, differ, said = _against(book, believed, peer, day)
        compared.append(Compared(peer.label, both, both - sum(each.rate is not None for each in differ)))
        disagreements += differ
        notices += said
    if not compared:
        message = (
            "neither genai-prices nor LiteLLM is installed, so no other list was compared; --litellm FILE names one"
        )
        notices.append(Notice("no_peer", message))
    return RatesCheck(
        day,
        stale_days,
        soon_days,
        tuple(compared),
        tuple(disagreements),
        tuple(_stale(book, day, stale_days)),
        tuple(_gaps(book)),
        tuple(_endings(book, believed, day, soon_days)),
        tuple(notices),
    )


def _against(
    book: PriceBook, believed: list[Rate], peer: Peer, day: date
) -> tuple[int, list[Disagreement], list[Notice]]:
    """How many prices a peer has too, those that it states otherwise, and what could not be compared."""
    found: list[Disagreement] = []
    notices: list[Notice] = []
    both = 0
    seen = set()
    for rate in believed:
        quote = peer.quoted(book.model(rate.model), rate.route, day, rate.service_tier)
        if quote is None:
            continue
        seen.add(quote.name)
        if not quote.prices:
            notices.append(_not_compared(peer, quote))
            continue
        both += 1
        if quote.prices != rate.prices_by_prompt:
            found.append(Disagreement(peer.label, quote.name, rate.model, rate.route, rate, quote.prices))
    for route in book.routes:
        for quote in peer.all_on(route, day):
            if quote.name not in seen:
                if quote.prices:
                    model = _known(book, quote.key)
                    found.append(Disagreement(peer.label, quote.name, model, route, None, quote.prices))
                else:
                    notices.append(_not_compared(peer, quote))
    return both, found, notices


def _known(book: PriceBook, name: str) -> str | None:
    try:
        return book.model(name).id
    except UnknownNameError:
        return None


def _not_compared(peer: Peer, quote: Quoted) -> Notice:
    return Notice("not_compared", f"{peer.label} {quote.name} was not compared: {quote.reason}")


def _stale(book: PriceBook, day: date, most: int) -> Iterator[Stale]:
    by_reading: dict[tuple[str, str], list[Rate]] = {}
    for rate in book.rates:
        if rate is rate.tiers[0] and rate.in_force(day) and rate.age_days(day) > most:
            by_reading.setdefault((rate.source, rate.as_of), []).append(rate)
    for (source, as_of), rates in sorted(by_reading.items(), key=lambda each: -each[1][0].age_days(day)):
        yield Stale(source, as_of, rates[0].age_days(day), tuple(rates))


def _gaps(book: PriceBook) -> Iterator[Gap]:
    """The holes in what all claims together cover, by model, route and service tier."""
    windows: dict[tuple[str, str, str], list[tuple[date, date]]] = {}
    for rate in book.rates:
        start = rate.effective_from or rate.not_before or date.min
        key = (rate.model, rate.route, rate.service_tier)
        windows.setdefault(key, []).append((start, rate.effective_until or date.max))
    for key, found in sorted(windows.items()):
        covered = min(found)[0]
        for start, until in sorted(found):
            if start > covered:
                yield Gap(*key, covered, start)
            covered = max(covered, until)


def _endings(book: PriceBook, believed: list[Rate], day: date, most: int) -> Iterator[Ending]:
    """Prices with no other after them, and retirements, from the day on; by day."""
    found = []
    last = day + timedelta(days=most)
    for rate in believed:
        until = rate.effective_until
        while until is not None and until <= last:
            after = book.claims(rate.model, route=rate.route, on=until, service_tier=rate.service_tier)
            if not after:
                why = "promotion ends" if rate.promotional else "price ends"
                found.append(Ending(rate.model, rate.route, until, why))
                break
            until = after[0].effective_until
    found += [
        Ending(model.id, event.route or "all", event.on, "retires")
        for model in book.models.values()
        for event in model.lifecycle
        if event.event == "retires" and day <= event.on <= last
    ]
    yield from sorted(dict.fromkeys(found), key=lambda each: (each.on, each.model, each.route))
