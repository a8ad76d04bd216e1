"""Where options cross: over which range of a number each of them is the cheapest, exactly.

A bill is piecewise linear in the number (an allowance bends it, a budget stops it, a long-context price makes it jump), so its
pieces are found first: by evaluating the one rule of the expected month, never by a copy of it. A piece is a line through
exact values; where two lines meet is an exact fraction.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar, Final, NamedTuple

from costcalc.billing.account import Account
from costcalc.cases import Case
from costcalc.comparison import strictly_cheapest
from costcalc.deciding.inputs import SHARE, Input, unused_prices
from costcalc.errors import InputError
from costcalc.estimation import Estimate, Option
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, usd
from costcalc.units import plain, rounded
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

_MOST_PIECES: Final = 400
_JUMP: Final = Fraction(1, 10**9)
"""Where a bill jumps, the place is known to this share of the range."""

NARROWEST: Final = Decimal("1e-6")
"""A range must be as wide as this."""

_PROBES: Final = tuple(Fraction(*share) for share in ((1, 50), (1, 3), (311, 997), (2, 3), (49, 50)))
"""Where between its ends a piece is held against the bill."""


class Line(NamedTuple):
    """A piece of a bill: from `start` to `end` it is `at_start` plus `slope` times the way from the start."""

    start: Fraction
    end: Fraction
    at_start: Fraction
    slope: Fraction

    def at(self, place: Fraction) -> Fraction:
        """The bill at a place."""
        return self.at_start + self.slope * (place - self.start)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A place at which the cheapest option changes, `before` and `after` it; None is a tie over a range."""

    at: Fraction
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of the number, and the option that is the cheapest in it; None is a tie.

    `blocks_work`: limits of an account block work of that option there, so its bill is not for all of it.
    """

    start: Fraction
    end: Fraction
    cheapest: str | None
    blocks_work: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Breakeven(Result):
    """All places between `low` and `high` at which the cheapest option changes. `now` is the profile's own number.

    `lines` are the pieces of each option's bill in US dollars, in order; `unit` is that of the number.
    """

    kind: ClassVar[str] = "breakeven"

    profile: SessionProfile
    over: str
    unit: str
    low: Decimal
    high: Decimal
    now: Decimal
    developers: int
    on: date
    options: tuple[str, ...]
    lines: tuple[tuple[Line, ...], ...]
    crossings: tuple[Crossing, ...]
    intervals: tuple[Interval, ...]
    estimates: tuple[Estimate, ...]
    notices: tuple[Notice, ...]

    @property
    def cheapest_now(self) -> str | None:
        """The option that is the cheapest at the profile's own number; None is a tie."""
        return strictly_cheapest([each.known_total_usd for each in self.estimates], self.options)

    def tasks_per_month(self, at: Fraction) -> Fraction | None:
        """A number of tasks per day, or of active days, as tasks in a month; None for other numbers."""
        if self.over == "tasks_per_day":
            return at * Fraction(self.profile.active_days)
        return at * Fraction(self.profile.tasks_per_day) if self.over == "active_days" else None

    def rates_used(self) -> Iterator[Rate]:
        for estimate in self.estimates:
            yield estimate.rate

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "over": self.over,
            "low": plain(self.low),
            "high": plain(self.high),
            "now": plain(self.now),
            "developers": self.developers,
            "on": self.on.isoformat(),
            "options": list(self.options),
            "unit": self.unit,
            "bills": [
                {
                    "option": option,
                    "pieces": [
                        {
                            "from": plain(rounded(line.start)),
                            "to": plain(rounded(line.end)),
                            "from_usd": plain(rounded(line.at_start)),
                            "to_usd": plain(rounded(line.at(line.end))),
                        }
                        for line in lines
                    ],
                }
                for option, lines in zip(self.options, self.lines, strict=True)
            ],
            "crossings": [
                {
                    "at": plain(rounded(each.at)),
                    "fraction": str(each.at),
                    "tasks_per_month": None
                    if (tasks := self.tasks_per_month(each.at)) is None
                    else plain(rounded(tasks)),
                    "before": each.before,
                    "after": each.after,
                }
                for each in self.crossings
            ],
            "intervals": [
                {
                    "from": plain(rounded(each.start)),
                    "to": plain(rounded(each.end)),
                    "cheapest": each.cheapest,
                    "blocks_work": each.blocks_work,
                }
                for each in self.intervals
            ],
        }

    def parts(self) -> Iterator[Part]:
        yield self._answer()
        yield Table(
            ("from", "to", "cheapest"),
            tuple((_shown(each.start), _shown(each.end), _winner(each)) for each in self.intervals),
            f"{self.over}, now {plain(self.now)}, for {self.profile.name}; prices of {self.on}",
        )
        yield Table(
            ("option", f"bill at {plain(self.now)}"),
            tuple((option, usd(each.total_usd)) for option, each in zip(self.options, self.estimates, strict=True)),
            "Bills as things are",
        )
        yield from claims_line(tuple(each.rate for each in self.estimates))

    def charts(self) -> tuple[Chart, ...]:
        # What matters is drawn large: beyond twice the last crossing and what the number is, nothing happens.
        last = min(
            Fraction(self.high), 2 * max(Fraction(self.now), *(each.at for each in self.crossings), Fraction(self.low))
        )
        bills = [
            Mark(
                "line",
                tuple(
                    Point(rounded(place), rounded(line.at(place)))
                    for line in lines
                    if line.start < last
                    for place in (line.start, min(line.end, last))
                ),
                option,
            )
            for option, lines in zip(self.options, self.lines, strict=True)
        ]
        crossings = Mark(
            "dot",
            tuple(
                Point(
                    rounded(each.at),
                    rounded(min(_bill_at(lines, each.at) for lines in self.lines)),
                    text=f"{rounded(each.at, 4)}",
                )
                for each in self.crossings
            ),
            "the cheapest changes",
        )
        now = (
            (Mark("rule", (Point(self.now, None),), f"now {plain(self.now)}"),)
            if self.low <= self.now <= self.high
            else ()
        )
        ranges = "; ".join(
            f"{rounded(each.start, 4)} to {rounded(each.end, 4)} {each.cheapest or '(a tie)'}"
            for each in self.intervals
        )
        caption = (
            f"Cheapest, by {self.over}: {ranges}.",
            f"Expected months of {self.profile.name} ({self.developers:,}); prices of {self.on}.",
            *claims_line(tuple(each.rate for each in self.estimates)),
        )
        places = " and ".join(str(rounded(each.at, 4)) for each in self.crossings)
        title = f"The cheapest option changes at {places}" if places else "The cheapest option stays the same"
        x, y = Axis(self.over, self.unit, from_zero=False), Axis("bill of a month", "US dollars")
        return (
            Chart(
                "bills",
                f"{title}: {self.over} from {plain(self.low)} to {plain(self.high)}",
                caption,
                x,
                y,
                (*bills, crossings, *now),
            ),
        )

    def _answer(self) -> str:
        here = f"{self.cheapest_now} is the cheapest at {plain(self.now)}" if self.cheapest_now else "it is a tie now"
        if not self.crossings:
            return f"No crossing from {plain(self.low)} to {plain(self.high)}: {here}."
        places = []
        for each in self.crossings:
            tasks = self.tasks_per_month(each.at)
            month = "" if tasks is None else f" ({rounded(tasks, 1)} tasks a month)"
            places.append(f"{rounded(each.at, 4)}{month}")
        nearest = min(self.crossings, key=lambda each: abs(each.at - Fraction(self.now)))
        change = (
            "" if not self.now else f"; the nearest is {rounded(nearest.at / Fraction(self.now) * 100 - 100, 1)} % away"
        )
        return f"The cheapest option changes at {', '.join(places)}: {here}{change}."

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "over": self.over,
                "from": rounded(each.start),
                "to": rounded(each.end),
                "cheapest": each.cheapest,
                "blocks_work": each.blocks_work,
            }
            for each in self.intervals
        ]

    def columns(self) -> dict[str, type]:
        return {"cheapest": str}


def _bill_at(lines: Sequence[Line], place: Fraction) -> Fraction:
    """A bill at a place; where it jumps, the lower one."""
    return min(line.at(place) for line in lines if line.start <= place <= line.end)


def _winner(interval: Interval) -> str:
    """The cheapest of an interval in words."""
    if interval.cheapest is None:
        return "(a tie)"
    return f"{interval.cheapest} (work is blocked)" if interval.blocks_work else interval.cheapest


def _shown(value: Fraction) -> Decimal:
    return rounded(value, 4)


def breakeven(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str]" = (),
    over: str = "tasks_per_day",
    *,
    low: "Decimal | int | str | None" = None,
    high: "Decimal | int | str | None" = None,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Breakeven:
    """All places at which another of the options becomes the cheapest, as one number of the profile goes from low to high.

    `over` is a number of the profile, `cached_share` (of the prompt, whose size stays), `developers`, or a price such as
    `price.api/gpt-5.4-mini.output` in dollars per million tokens. Left out, the range is from 0 to ten times what the number
    is (for a share, 0 to 1; active days end at 31). Other arguments as in `costcalc.compare`. A place where a bill jumps (a
    long-context price) is found to a billionth of the range, one of an account's bill, which is in whole nano-AIU, to about a
    millionth; all others are exact.

    Raises `InputError` for fewer than two options, a range that is none, or what `estimate` raises.

    >>> from datetime import date
    >>> article = "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article"
    >>> found = breakeven("interactive_ide", ["copilot/mai-code-1-flash@pro", article], on=date(2026, 6, 15))
    >>> [round(float(found.tasks_per_month(each.at)), 1) for each in found.crossings]
    [185.3, 200.6]
    """
    case = Case.of(profile, account, developers, on, basis, split_cache_writes, rates)
    varied = Input.named(over, case.book)
    chosen = case.options(options) if options else []
    if len(chosen) < 2:
        raise InputError("give two different options at least")
    names = [str(option) for option in chosen]
    now = varied.now(case, chosen)
    first, last = _range(varied, now, low, high)
    estimates = tuple(map(case.estimate, chosen))
    lines = lines_over(case, varied, chosen, first, last)
    intervals = tuple(_with_blocks(case, varied, dict(zip(names, chosen, strict=True)), _intervals(lines, names)))
    crossings = tuple(Crossing(before.end, before.cheapest, after.cheapest) for before, after in pairwise(intervals))
    at_ends = [varied.changed(case, end).estimate(option) for end in (first, last) for option in chosen]
    notices = [notice for each in estimates for notice in each.notices if notice.code != "tokens_rounded"]
    told = {notice.code for notice in notices}
    notices += [
        notice
        for each in at_ends
        for notice in each.notices
        if notice.code not in told and notice.code != "tokens_rounded" and not notice.code.startswith("rate_")
    ]
    notices += unused_prices([varied], estimates)
    if not first <= now <= last:
        notices.append(Notice("now_outside", f"what {varied.name} is, {plain(now)}, is outside of the range"))
    return Breakeven(
        case.profile, varied.name, varied.unit, first, last, now, case.developers, case.on, tuple(names),
        tuple(map(tuple, lines)), crossings, intervals, estimates, distinct(notices),
    )  # fmt: skip


def lines_over(case: Case, varied: Input, options: Sequence[Option], low: Decimal, high: Decimal) -> list[list[Line]]:
    """The pieces of each option's bill as an input goes from low to high."""
    varied.changed(case, low)  # what cannot be varied is refused before the work

    def bill_of(option: Option) -> Callable[[Decimal], Fraction]:
        return lambda value: Fraction(varied.changed(case, value).estimate(option).known_total_usd)

    # An account's bill is in whole nano-AIU by seat and day; parts of a share of the prompt are in millionths of a token.
    is_rounded = case.account is not None or (varied.name == SHARE and case.profile.cache_write is not None)
    tolerance = Fraction(1, 10**8) if is_rounded else Fraction(0)
    return [list(pieces(bill_of(option), low, high, whole=varied.whole, tolerance=tolerance)) for option in options]


def cheapest_over(case: Case, varied: Input, options: Sequence[Option], low: Decimal, high: Decimal) -> set[str | None]:
    """Every option that is the cheapest anywhere between two values of an input; None where some tie over a range."""
    names = [str(option) for option in options]
    return {each.cheapest for each in _intervals(lines_over(case, varied, options, low, high), names)}


def _with_blocks(
    case: Case, varied: Input, options: Mapping[str, Option], intervals: Iterable[Interval]
) -> Iterator[Interval]:
    """The intervals, marked where limits of an account block work of the cheapest."""
    for each in intervals:
        if case.account is None or each.cheapest is None:
            yield each
            continue
        places = {
            round(place) if varied.whole else place for place in (each.start, (each.start + each.end) / 2, each.end)
        }
        bills = [
            varied.changed(case, rounded(Fraction(place))).estimate(options[each.cheapest]).bill for place in places
        ]
        yield replace(each, blocks_work=any(bill.blocked_credits for bill in bills))


def _range(varied: Input, now: Decimal, low: object, high: object) -> tuple[Decimal, Decimal]:
    least, most = varied.usual_range(now, 10)
    first = varied.checked(least if low is None else low)  # type: ignore[arg-type]
    last = varied.checked(most if high is None else high)  # type: ignore[arg-type]
    if last - first < NARROWEST:
        raise InputError(
            f"{varied.name} must go from at least {plain(varied.least)} up to more, not from {plain(first)} to {plain(last)}"
        )
    return first, last


def pieces(
    bill: Callable[[Decimal], Fraction],
    low: Decimal,
    high: Decimal,
    *,
    whole: bool = False,
    tolerance: Fraction = Fraction(0),
) -> Iterator[Line]:
    """The lines that a piecewise linear function of a number is made of, in order; `whole` asks it for whole numbers only.

    Values may be off a line by the `tolerance` that they are rounded with. Bends nearer to each other than a fiftieth of
    the range may be taken for one. Raises `InputError` if there are more pieces than a bill has.
    """
    known: dict[Decimal, Fraction] = {}

    def at(place: Fraction) -> tuple[Fraction, Fraction]:
        """The nearest place that is a decimal (or whole), and the value there."""
        near = Decimal(round(place)) if whole else rounded(place)
        if near not in known:
            if len(known) > 50 * _MOST_PIECES:
                raise InputError("the bill has more pieces than can be told apart; give a shorter range")
            known[near] = bill(near)
        return Fraction(near), known[near]

    span = Fraction(high) - Fraction(low)
    yield from _joined(_split(at, Fraction(low), Fraction(high), span, whole, tolerance), tolerance)


def _split(
    at: Callable[[Fraction], tuple[Fraction, Fraction]],
    start: Fraction,
    end: Fraction,
    span: Fraction,
    whole: bool,
    tolerance: Fraction,
) -> Iterator[Line]:
    (start, first), (end, last) = at(start), at(end)
    width = end - start
    least = Fraction(1) if whole else span * _JUMP
    line = Line(start, end, first, (last - first) / width)
    inside = [at(start + width * share) for share in _PROBES]
    if width <= least or all(abs(line.at(place) - value) <= tolerance for place, value in inside):
        yield line
        return
    bent = _bent(at, start, first, end, last, inside, tolerance)
    if bent is not None:
        yield from bent
        return
    middle, _ = at((start + end) / 2)
    if middle in (start, end):
        yield line
        return
    yield from _split(at, start, middle, span, whole, tolerance)
    yield from _split(at, middle, end, span, whole, tolerance)


def _bent(
    at: "Callable[[Fraction], tuple[Fraction, Fraction]]",
    start: Fraction,
    first: Fraction,
    end: Fraction,
    last: Fraction,
    inside: Sequence[tuple[Fraction, Fraction]],
    tolerance: Fraction,
) -> tuple[Line, Line] | None:
    """The two lines of a function that bends once between two places; None if it does otherwise."""
    step = (end - start) / 1_000
    (near_start, after), (near_end, before) = at(start + step), at(end - step)
    if near_start <= start or near_end >= end:
        return None
    left, right = (after - first) / (near_start - start), (last - before) / (end - near_end)
    if left == right:
        return None
    bend = (last - first + left * start - right * end) / (left - right)
    if not start < bend < end:
        return None
    lines = Line(start, bend, first, left), Line(bend, end, first + left * (bend - start), right)
    probes = [at(line.start + (line.end - line.start) * share) for line in lines for share in _PROBES]
    # Of rounded values the slope of a short step is known to so much only, and so is the bend.
    slack = tolerance * 4_000
    held = ((lines[0] if place <= bend else lines[1]).at(place) - value for place, value in (*inside, *probes))
    fits = all(abs(distance) <= slack for distance in held)
    return lines if fits else None


def _joined(lines: Iterator[Line], tolerance: Fraction) -> Iterator[Line]:
    """Neighbouring pieces that are one line."""
    current: Line | None = None
    for line in lines:
        if current is not None:
            slack = 0 if current.slope == line.slope else tolerance * 4_000
            ends = abs(current.at(line.start) - line.at_start), abs(current.at(line.end) - line.at(line.end))
            if max(ends) <= slack:
                current = current._replace(end=line.end)
                continue
        if current is not None:
            yield current
        current = line
    if current is not None:
        yield current


def _intervals(lines: Sequence[Sequence[Line]], names: Sequence[str]) -> Iterator[Interval]:
    """Ranges of one cheapest option: the lower envelope of all bills."""
    edges = sorted({edge for option in lines for line in option for edge in (line.start, line.end)})
    current: Interval | None = None
    for start, end in pairwise(edges):
        active = [next(line for line in option if line.start <= start and end <= line.end) for option in lines]
        cuts = {start, end}
        for place, one in enumerate(active):
            for other in active[place + 1 :]:
                if one.slope != other.slope:
                    meet = start + (other.at(start) - one.at(start)) / (one.slope - other.slope)
                    if start < meet < end:
                        cuts.add(meet)
        for left, right in pairwise(sorted(cuts)):
            middle = (left + right) / 2
            values = [line.at(middle) for line in active]
            lowest = min(values)
            cheapest = names[values.index(lowest)] if values.count(lowest) == 1 else None
            if current is not None and current.cheapest == cheapest:
                current = Interval(current.start, right, cheapest)
                continue
            if current is not None:
                yield current
            current = Interval(left, right, cheapest)
    if current is not None:
        yield current
