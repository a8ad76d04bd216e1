"""A grid over one or two inputs: what each option costs at every point, and where the cheapest changes."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from string import ascii_uppercase
from typing import Any, ClassVar, Final

from costcalc.billing.account import Account
from costcalc.cases import Case
from costcalc.comparison import DEFAULT_OPTIONS, strictly_cheapest
from costcalc.deciding.inputs import PEOPLE, Change, Input, Value, number_of, unused_prices, with_changes
from costcalc.errors import InputError
from costcalc.estimation import Estimate, Option
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis as ChartAxis
from costcalc.showing.charts import Chart, Mark
from costcalc.showing.charts import Point as ChartPoint
from costcalc.showing.display import Cell, Part, Result, Table, cents, usd
from costcalc.units import plain, rounded
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

STEPS: Final = 9
MAX_POINTS: Final = 100_000
_PLACES: Final = 12

Axes = str | Sequence[str] | Mapping[str, Sequence[Value]]
"""Inputs by name, or as text with a range or values: `output`, `output=1000:5000`, `output=1000:5000:5`, `output=1000,2000`."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An input that is swept, the values that it takes in rising order, and what it is now."""

    name: str
    unit: str
    values: tuple[Decimal, ...]
    now: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the grid: the values of the axes, each option's bill in US dollars, the cheapest (None: a tie).

    `blocks_work`: limits of an account block work of the cheapest, so its bill is not for all of it.
    """

    at: tuple[Decimal, ...]
    totals_usd: tuple[Decimal, ...]
    cheapest: str | None
    blocks_work: bool = False


@dataclass(frozen=True, slots=True)
class Boundary:
    """Two neighbours of the grid, along the first axis, with another cheapest option; `row` is the second axis's value."""

    start: Decimal
    end: Decimal
    row: Decimal | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Sweep(Result):
    """What options cost at every point of a grid over one or two inputs; points come row by row, the first axis fastest."""

    kind: ClassVar[str] = "sweep"

    profile: SessionProfile
    developers: int
    on: date
    basis: str
    axes: tuple[Axis, ...]
    options: tuple[str, ...]
    points: tuple[Point, ...]
    estimates: tuple[Estimate, ...]
    notices: tuple[Notice, ...]

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """Where, along the first axis, the cheapest option changes from one point to the next."""
        found = []
        for one, other in pairwise(self.points):
            if one.at[1:] == other.at[1:] and one.cheapest != other.cheapest:
                row = one.at[1] if len(one.at) > 1 else None
                found.append(Boundary(one.at[0], other.at[0], row, one.cheapest, other.cheapest))
        return tuple(found)

    def rates_used(self) -> Iterator[Rate]:
        yield from (each.rate for each in self.estimates)

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "developers": self.developers,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "axes": [
                {
                    "input": axis.name,
                    "unit": axis.unit,
                    "now": plain(axis.now),
                    "values": [plain(value) for value in axis.values],
                }
                for axis in self.axes
            ],
            "options": list(self.options),
            "points": [
                {
                    "at": [plain(value) for value in point.at],
                    "total_usd": [plain(total) for total in point.totals_usd],
                    "cheapest": point.cheapest,
                    "blocks_work": point.blocks_work,
                }
                for point in self.points
            ],
            "boundaries": [
                {
                    "from": plain(each.start),
                    "to": plain(each.end),
                    "row": None if each.row is None else plain(each.row),
                    "before": each.before,
                    "after": each.after,
                }
                for each in self.boundaries
            ],
        }

    def parts(self) -> Iterator[Part]:
        yield self._answer()
        letters = dict(zip(self.options, ascii_uppercase, strict=False))
        yield self._list(letters) if len(self.axes) == 1 else self._map(letters)
        yield "\n".join(f"{letter} = {option}" for option, letter in letters.items())
        if any(point.blocks_work for point in self.points):
            yield "An exclamation mark: limits of the account block work there, and the bill is not for all of it."
        if len(self.options) > 1:
            yield "The cheapest may change between the points too; costcalc breakeven finds every place along one input."
        yield from claims_line(self.rates_used())

    def _list(self, letters: Mapping[str, str]) -> Table:
        return Table(
            (self.axes[0].name, *letters.values(), "cheapest"),
            tuple((*point.at, *map(cents, point.totals_usd), _letter(point, letters)) for point in self.points),
            f"A month's bill in USD, by {self.axes[0].unit}",
        )

    def _map(self, letters: Mapping[str, str]) -> Table:
        """The grid as a map: in each cell the letter of the cheapest option (= on a tie), and its bill."""
        across, down = self.axes
        rows: list[tuple[Cell, ...]] = []
        for place, value in enumerate(down.values):
            first = place * len(across.values)
            cells = [
                f"{_letter(point, letters)} {cents(min(point.totals_usd))}"
                for point in self.points[first : first + len(across.values)]
            ]
            rows.append((value, *cells))
        return Table(
            (f"{down.name} \\ {across.name}", *map(plain, across.values)),
            tuple(rows),
            f"The cheapest option and its month's bill in USD: {across.unit} across, {down.unit} down",
        )

    def charts(self) -> tuple[Chart, ...]:
        caption = (
            f"Expected months of {self.profile.name} ({self.developers:,}); prices of {self.on}.",
            *claims_line(self.rates_used()),
        )
        letters = dict(zip(self.options, ascii_uppercase, strict=False))
        if len(self.axes) == 1:
            lines = tuple(
                Mark("line", tuple(ChartPoint(point.at[0], point.totals_usd[place]) for point in self.points), option)
                for place, option in enumerate(self.options)
            )
            (axis,) = self.axes
            now = (
                (Mark("rule", (ChartPoint(axis.now, None),), f"now {plain(axis.now)}"),)
                if axis.values[0] <= axis.now <= axis.values[-1]
                else ()
            )
            across = ChartAxis(axis.name, axis.unit, from_zero=False)
            return (
                Chart(
                    "bills", self._answer(), caption, across, ChartAxis("bill of a month", "US dollars"), (*lines, *now)
                ),
            )
        cells = tuple(
            Mark(
                "cell",
                tuple(
                    ChartPoint(point.at[0], point.at[1], text=f"{letter} {cents(min(point.totals_usd))}")
                    for point in self.points
                    if point.cheapest == option
                ),
                f"{letter} = {option or 'a tie'}",
            )
            for option, letter in (*letters.items(), (None, "="))
        )
        x, y = (ChartAxis(axis.name, axis.unit, "step") for axis in self.axes)
        caption = ("In each cell: the cheapest option and its bill of a month, US dollars.", *caption)
        return (Chart("map", self._answer(), caption, x, y, tuple(cell for cell in cells if cell.points)),)

    def _answer(self) -> str:
        axes = " and ".join(
            f"{axis.name} from {plain(axis.values[0])} to {plain(axis.values[-1])}" for axis in self.axes
        )
        winners = [option for option in self.options if any(point.cheapest == option for point in self.points)]
        if len(self.options) == 1:
            lowest, highest = min(each.totals_usd for each in self.points), max(each.totals_usd for each in self.points)
            return f"{self.options[0]} costs from {usd(lowest[0])} to {usd(highest[0])} a month, {axes}."
        ties = sum(point.cheapest is None for point in self.points)
        tied = f", a tie at {ties:,}" if ties else ""
        shares = (
            ", ".join(f"{option} at {sum(point.cheapest == option for point in self.points):,}" for option in winners)
            or "none"
        )
        return f"Cheapest of {len(self.points):,} points, {axes}: {shares}{tied}."

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                **dict(zip((axis.name for axis in self.axes), point.at, strict=True)),
                "option": option,
                "total_usd": total,
                "cheapest": point.cheapest == option,
                "blocks_work": point.blocks_work and point.cheapest == option,
            }
            for point in self.points
            for option, total in zip(self.options, point.totals_usd, strict=True)
        ]


def _letter(point: Point, letters: Mapping[str, str]) -> str:
    """The letter of the cheapest option, = on a tie, with a ! where it blocks work."""
    return "=" if point.cheapest is None else letters[point.cheapest] + ("!" if point.blocks_work else "")


def sweep(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    over: Axes = "tasks_per_day",
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Sweep:
    """The bill of every option at every point of a grid over one or two inputs, and where the cheapest changes.

    `over` names the inputs, as in `costcalc.whatif`; each may have a range and a number of values (`output=1000:5000:5`), or
    its values (`output=1000,2000`, or a mapping of names to values). Left out, a range is from 0 to twice what the input
    is (a share: 0 to 1, active days: 0 to 31), with 9 values. Other arguments as in `costcalc.compare`. `rows()` gives a
    long frame: a row for each point and option. `costcalc.breakeven` finds the exact places along one input.

    Raises `InputError` for an input or range that cannot be, more than two inputs or more than `MAX_POINTS` points, and
    what `estimate` raises.

    >>> from datetime import date
    >>> options = ["copilot/mai-code-1-flash@pro", "api/gpt-5.4-mini"]
    >>> found = sweep("interactive_ide", "tasks_per_day=5:15:3", options, on=date(2026, 6, 15))
    >>> [(int(point.at[0]), point.cheapest) for point in found.points if point.cheapest == "api/gpt-5.4-mini"]
    [(5, 'api/gpt-5.4-mini')]
    """
    case = Case.of(profile, account, developers, on, basis, split_cache_writes, rates)
    chosen = case.options(DEFAULT_OPTIONS if options is None else options)
    if len(chosen) > len(ascii_uppercase):
        raise InputError(f"give at most {len(ascii_uppercase)} options, not {len(chosen)}")
    inputs, axes = _axes(over, case, chosen)
    count = len(chosen)
    for axis in axes:
        count *= len(axis.values)
    if count > MAX_POINTS:
        raise InputError(f"{count:,} bills are more than the {MAX_POINTS:,} of one sweep; take fewer values")
    names = tuple(str(option) for option in chosen)
    points: list[Point] = []
    base = [case.estimate(option) for option in chosen]
    used = {each.rate.id: each for each in base}
    notices = {(str(each.option), notice.code): notice for each in base for notice in each.notices}
    for at in _places(axes):
        changed = with_changes(case, map(Change, inputs, at), chosen)
        estimates = [changed.estimate(option) for option in chosen]
        totals = [each.known_total_usd for each in estimates]
        cheapest = strictly_cheapest(totals, names)
        blocked = any(each.bill.blocked_credits for each in estimates if str(each.option) == cheapest)
        points.append(Point(at, tuple(totals), cheapest, blocked))
        for name, each in zip(names, estimates, strict=True):
            shipped = each.rate.source in case.book.sources  # a price that is swept is in the axis
            if shipped:
                used.setdefault(each.rate.id, each)
            for notice in each.notices:
                if shipped or not notice.code.startswith("rate_"):
                    notices.setdefault((name, notice.code), notice)
    found = [notice for notice in notices.values() if notice.code != "tokens_rounded"]
    found += [
        Notice(
            "price_swept", f"{axis.name} is stated, from {usd(axis.values[0])} to {usd(axis.values[-1])} per million"
        )
        for axis, varied in zip(axes, inputs, strict=True)
        if varied.price
    ]
    found += unused_prices(inputs, base)
    return Sweep(
        case.profile, case.developers, case.on, basis, axes, names, tuple(points), tuple(used.values()), distinct(found)
    )


def _places(axes: tuple[Axis, ...]) -> Iterator[tuple[Decimal, ...]]:
    """Every point of the grid, the first axis fastest."""
    for rest in product(*(axis.values for axis in reversed(axes))):
        yield rest[::-1]


def _axes(over: Axes, case: Case, options: Sequence[Option]) -> tuple[list[Input], tuple[Axis, ...]]:
    """The inputs that are swept, and the values of each."""
    stated: list[tuple[str, Sequence[Value] | None]]
    if isinstance(over, Mapping):
        stated = list(over.items())
    elif not isinstance(over, Iterable):
        raise InputError(f"over names one input or two, not {over!r:.40}")
    else:
        stated = [_parsed(text) for text in ([over] if isinstance(over, str) else over)]
    inputs, axes = [], []
    for name, values in stated:
        varied = Input.named(name, case.book)
        now = varied.now(case, options)
        inputs.append(varied)
        usual = _steps(*varied.usual_range(now, 2), STEPS, whole=varied.whole)
        axes.append(Axis(varied.name, varied.unit, _checked(varied, list(usual) if values is None else values), now))
    if not 1 <= len(axes) <= 2 or len({axis.name for axis in axes}) < len(axes):
        raise InputError(
            f"sweep over one input or over two different ones, not {', '.join(name for name, _ in stated) or 'none'}"
        )
    return inputs, tuple(axes)


def _parsed(text: object) -> tuple[str, list[Value] | None]:
    """An input's name, and its values if there are any: `NAME`, `NAME=LOW:HIGH`, `NAME=LOW:HIGH:STEPS` or `NAME=V,V`."""
    if not isinstance(text, str):
        raise InputError(f"an input is named by a text such as output=1000:5000, not {text!r:.40}")
    name, equals, rest = (part.strip() for part in text.partition("="))
    if not equals:
        return name, None
    if ":" not in rest:
        return name, [each.strip() for each in rest.split(",")]
    low, high, *steps = (number_of(name, part) for part in rest.split(":"))
    if len(steps) > 1:
        raise InputError(f"{name}: {rest!r:.60} is not of the form LOW:HIGH or LOW:HIGH:STEPS")
    if low < 0:
        raise InputError(f"{name}: a range starts at 0 or above, not at {plain(low)}")
    count = steps[0] if steps else Decimal(STEPS)
    if count != count.to_integral_value() or not 2 <= count <= MAX_POINTS or not low < high:
        raise InputError(
            f"{name}: a range goes from a lower to a higher value in 2 to {MAX_POINTS:,} steps, not {rest!r:.60}"
        )
    return name, list(_steps(low, high, int(count), whole=name == PEOPLE))


def _steps(low: Decimal, high: Decimal, count: int, *, whole: bool) -> Iterator[Decimal]:
    """Values at even distances; of people the nearest whole numbers."""
    for step in range(count):
        place = Fraction(low) + (Fraction(high) - Fraction(low)) * step / (count - 1)
        yield rounded(place, 0 if whole else _PLACES)


def _checked(varied: Input, values: Sequence[Value]) -> tuple[Decimal, ...]:
    """The values of an axis in rising order, none twice."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{varied.name}: its values are a list of numbers, not {values!r:.40}")
    found = set(map(varied.checked, values))
    if not found:
        raise InputError(f"{varied.name}: give at least one value")
    return tuple(sorted(found))
