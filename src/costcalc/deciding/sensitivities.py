"""Which input moves the bill, and the choice between options: one at a time, and all at once.

One at a time (a tornado): the expected month with one input at the ends of its range and all others as they are, exactly.
All at once (Sobol's indices): inputs drawn from their ranges, evenly on a logarithmic scale, each claim of a price equally
likely, and on top the chance of a single month, drawn as in a forecast.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final

from costcalc.billing.account import Account
from costcalc.cases import Case
from costcalc.comparison import DEFAULT_OPTIONS, strictly_cheapest
from costcalc.deciding.crossings import NARROWEST, cheapest_over
from costcalc.deciding.inputs import Change, Input, Value, with_changes
from costcalc.deciding.ranges import ASSUMED, CHANCE, Uncertain, rate_of, uncertain_inputs
from costcalc.errors import InputError, check_between, check_flag, check_type
from costcalc.estimation import Estimate, Option
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, cents, percent, usd
from costcalc.units import EXACT, canonical, known, plain
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

if TYPE_CHECKING:
    from costcalc.deciding.allatonce import Drawn

DEFAULT_SAMPLES: Final = 16_384
MAX_SAMPLES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with one input at either end of its range, in US dollars; of a price, its lowest and highest under any claim."""

    name: str
    at_low_usd: Decimal
    at_high_usd: Decimal

    @property
    def swing_usd(self) -> Decimal:
        """How far apart the two are."""
        return canonical(EXACT.subtract(self.at_high_usd, self.at_low_usd).copy_abs())


@dataclass(frozen=True, slots=True)
class Share:
    """What an input explains of the variance of a figure (`first_order` alone, `total_order` with others), with errors."""

    name: str
    first_order: Decimal
    total_order: Decimal
    first_order_error: Decimal
    total_order_error: Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """How a figure depends on the inputs: the bill of an option, or what one costs more than another.

    `now_usd` is the figure as things are. `bars` are sorted by swing, `shares` by total order (None where all at once was not
    asked for, or nothing moves the figure). `p5_usd` to `p95_usd` are its percentiles with everything drawn.
    """

    name: str
    now_usd: Decimal
    bars: tuple[Bar, ...]
    shares: tuple[Share, ...] | None = None
    p5_usd: Decimal | None = None
    p50_usd: Decimal | None = None
    p95_usd: Decimal | None = None

    @property
    def spread(self) -> tuple[Decimal | None, ...]:
        """The figure as things are, and its percentiles."""
        return self.now_usd, self.p5_usd, self.p50_usd, self.p95_usd

    def to_dict(self) -> dict[str, Any]:
        """The figure as machine output holds it."""
        return {
            "figure": self.name,
            "now_usd": plain(self.now_usd),
            "tornado": [
                {
                    "input": bar.name,
                    "at_low_usd": plain(bar.at_low_usd),
                    "at_high_usd": plain(bar.at_high_usd),
                    "swing_usd": plain(bar.swing_usd),
                }
                for bar in self.bars
            ],
            "sobol": None
            if self.shares is None
            else [
                {
                    "input": share.name,
                    "first_order": plain(share.first_order),
                    "total_order": plain(share.total_order),
                    "errors": {
                        "first_order": plain(share.first_order_error),
                        "total_order": plain(share.total_order_error),
                    },
                }
                for share in self.shares
            ],
            "p5_usd": known(self.p5_usd),
            "p50_usd": known(self.p50_usd),
            "p95_usd": known(self.p95_usd),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Sensitivity(Result):
    """Which inputs move the bills of options, and the choice between them.

    `decision` is what the runner-up costs more than the cheapest (None with one option); `turned_by` are the
    inputs that alone, within their range, change which option is cheapest. `cheapest_shares` is in how many of all draws each
    option is the cheapest. `look_first` is the input to measure, or the price to settle, before all others.
    """

    kind: ClassVar[str] = "sensitivity"

    profile: SessionProfile
    developers: int
    on: date
    basis: str
    seed: int
    samples: int
    inputs: tuple[Uncertain, ...]
    options: tuple[Figure, ...]
    cheapest: str | None
    decision: Figure | None
    turned_by: tuple[str, ...]
    cheapest_shares: tuple[tuple[str, Decimal], ...] | None
    estimates: tuple[Estimate, ...]
    notices: tuple[Notice, ...]

    @property
    def look_first(self) -> str | None:
        """The input that explains most of the decision, or else of the first option's bill; None if nothing does."""
        figure = self.decision or self.options[0]
        if figure.shares is not None:
            names = [share.name for share in figure.shares if share.name != CHANCE and share.total_order > 0]
        else:
            names = [bar.name for bar in figure.bars if bar.swing_usd]
        return names[0] if names else None

    def rates_used(self) -> Iterator[Rate]:
        yield from (each.rate for each in self.estimates)
        yield from (claim for each in self.inputs for claim in each.claims)

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "developers": self.developers,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "seed": self.seed,
            "samples": self.samples,
            "inputs": [each.to_dict() for each in self.inputs],
            "options": [each.to_dict() for each in self.options],
            "cheapest": self.cheapest,
            "cheapest_shares": None
            if self.cheapest_shares is None
            else [{"option": option, "share": plain(share)} for option, share in self.cheapest_shares],
            "decision": None if self.decision is None else self.decision.to_dict(),
            "turned_by": list(self.turned_by),
            "look_first": self.look_first,
        }

    def parts(self) -> Iterator[Part]:
        yield "\n".join(self._answer())
        figures = [*self.options, *([] if self.decision is None else [self.decision])]
        for figure in figures:
            yield self._table(figure)
        yield Table(
            ("input", "now", "from", "to", "range is", "unit"),
            tuple(
                (each.name, each.now, each.low, each.high, each.how, each.unit)
                if not each.claims
                else (each.name, None, None, None, ", ".join(claim.source for claim in each.claims), each.unit)
                for each in self.inputs
            ),
            "The inputs and their ranges",
        )
        if self.samples:
            yield Table(
                ("figure", "now", "p5", "p50", "p95"),
                tuple(
                    (each.name, *(None if value is None else cents(value) for value in each.spread)) for each in figures
                ),
                f"With every input drawn from its range, USD ({self.samples:,} samples, seed {self.seed})",
            )
        yield from claims_line(self.rates_used())

    def _table(self, figure: Figure) -> Table:
        """The tornado of a figure, beside what each input explains of all at once."""
        shares = {share.name: share for share in figure.shares or ()}
        swings = {bar.name: bar for bar in figure.bars}
        names = [*shares, *(name for name in swings if name not in shares)] if shares else list(swings)
        widest = max((bar.swing_usd for bar in figure.bars), default=Decimal(0))
        rows = []
        for name in names:
            bar, share = swings.get(name), shares.get(name)
            ends = (
                (None, None, None)
                if bar is None
                else (cents(bar.at_low_usd), cents(bar.at_high_usd), _bar(bar, widest))
            )
            explained = (None, None) if share is None else (percent(share.first_order), percent(share.total_order))
            rows.append((name, *ends, *(explained if shares else ())))
        columns = ("input", "at low", "at high", "swing", *(("alone", "in all") if shares else ()))
        return Table(columns, tuple(rows), f"{figure.name}: {usd(cents(figure.now_usd))} now")

    def charts(self) -> tuple[Chart, ...]:
        figures = (*([] if self.decision is None else [self.decision]), *self.options)
        return tuple(self._tornado(figure, place) for place, figure in enumerate(figures, 0 if self.decision else 1))

    def _tornado(self, figure: Figure, place: int) -> Chart:
        """What each input within its range does to a figure, the strongest on top."""
        bars = [bar for bar in figure.bars if bar.swing_usd]
        marks = [
            Mark(
                "bar",
                tuple(
                    Point(figure.now_usd, bar.name, end, None, "" if end == figure.now_usd else str(usd(cents(end))))
                    for bar, end in ends
                ),
                name,
                labelled=True,
            )
            for name, ends in (
                ("at the low end", [(bar, bar.at_low_usd) for bar in bars]),
                ("at the high end", [(bar, bar.at_high_usd) for bar in bars]),
            )
        ]
        marks.append(Mark("rule", (Point(figure.now_usd, None),), f"now {usd(cents(figure.now_usd))}"))
        first = f"{bars[0].name} moves it most" if bars else "nothing moves it"
        caption = (
            f"An expected month of {self.profile.name} ({self.developers:,}), one input at a time at the ends of its range.",
            *claims_line(self.rates_used()),
        )
        return Chart(
            f"tornado-{place}" if place else "decision",
            f"{figure.name}: {first}",
            caption,
            Axis("bill of a month" if place else "difference of the bills of a month", "US dollars", from_zero=False),
            Axis("input", scale="name"),
            tuple(marks),
        )

    def _answer(self) -> Iterator[str]:
        figure = self.decision or self.options[0]
        if self.decision is not None:
            difference = f"{figure.name}: {usd(cents(figure.now_usd))}"
            yield (
                f"Cheapest as things are: {self.cheapest}; {difference}."
                if self.cheapest
                else (f"A tie as things are; {difference}.")
            )
            yield (
                f"Alone, within its range, each of these changes which is cheapest: {', '.join(self.turned_by)}."
                if self.turned_by
                else "No input alone, within its range, changes which is cheapest."
            )
        if self.cheapest_shares is not None and len(self.cheapest_shares) > 1:
            shares = ", ".join(f"{option} in {percent(share)}" for option, share in self.cheapest_shares)
            yield f"With every input drawn from its range, the cheapest is {shares} of the samples."
        first = self.look_first
        if first is None:
            yield f"Nothing moves {figure.name}."
            return
        verb = (
            "Settle whose price holds" if any(each.name == first and each.claims for each in self.inputs) else "Measure"
        )
        share = next((each for each in figure.shares or () if each.name == first), None)
        why = "it swings most" if share is None else f"it has a part in {percent(share.total_order)} of the variance"
        yield f"{verb} first: {first} ({why} of {figure.name})."

    def rows(self) -> list[dict[str, Any]]:
        found = []
        for figure in (*self.options, *([] if self.decision is None else [self.decision])):
            shares = {share.name: share for share in figure.shares or ()}
            swings = {bar.name: bar for bar in figure.bars}
            for name in dict.fromkeys([*swings, *shares]):
                bar, share = swings.get(name), shares.get(name)
                found.append(
                    {
                        "figure": figure.name,
                        "input": name,
                        "now_usd": figure.now_usd,
                        "at_low_usd": None if bar is None else bar.at_low_usd,
                        "at_high_usd": None if bar is None else bar.at_high_usd,
                        "swing_usd": None if bar is None else bar.swing_usd,
                        "first_order": None if share is None else share.first_order,
                        "total_order": None if share is None else share.total_order,
                    }
                )
        return found

    def columns(self) -> dict[str, type]:
        figures = ("now_usd", "at_low_usd", "at_high_usd", "swing_usd", "first_order", "total_order")
        return {"figure": str, "input": str, **dict.fromkeys(figures, Decimal)}


def sensitivity(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    ranges: "Mapping[str, tuple[Value, Value]] | None" = None,
    samples: int = DEFAULT_SAMPLES,
    seed: int = 1,
    chance: bool = True,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Sensitivity:
    """Which input moves the expected bill of each option, and the choice between the cheapest two: which to measure first.

    The inputs are the means of the profile, each within its range (`ranges`, else the profile's own, else one assumed by
    how the number was found), and the claims of each price that an option does not pin with a basis of its own. One at a time
    is exact. All at once gives Sobol's indices over a power of two of `samples` (0 leaves them out), in which inputs are drawn
    evenly on a logarithmic scale and claims are equally likely; with `chance`, the month is one drawn as in
    `costcalc.forecast`, so that the indices are of its bill. Left out, the options are those of `costcalc.compare`, and so
    are the other arguments.

    Raises `InputError` for a range that cannot be, without numpy or scipy where `samples` are asked for, and what
    `estimate` raises.

    >>> from datetime import date
    >>> found = sensitivity("interactive_ide", ["copilot/mai-code-1-flash@pro"], samples=0, on=date(2026, 6, 15))
    >>> [(bar.name, bar.swing_usd) for bar in found.options[0].bars][:2]
    [('tasks_per_day', Decimal('19.84224')), ('fresh_input', Decimal('8.55'))]
    """
    check_between("samples", samples, 0, MAX_SAMPLES)
    if samples and (samples < 64 or samples & (samples - 1)):
        raise InputError(f"samples must be 0 or a power of two from 64 on, such as 16384, not {samples}")
    check_between("seed", seed, 0, 2**63 - 1)
    case = Case.of(profile, account, developers, on, basis, split_cache_writes, rates)
    chosen = case.options(DEFAULT_OPTIONS if options is None else options)
    check_flag("chance", chance)
    stated = {} if ranges is None else ranges
    check_type("ranges", stated, Mapping, "a mapping of inputs to low and high")
    inputs = uncertain_inputs(case, chosen, stated)
    base = tuple(map(case.estimate, chosen))
    ends = [_at_ends(case, chosen, each) for each in inputs]
    names = [str(option) for option in chosen]
    totals = [each.known_total_usd for each in base]
    cheapest = strictly_cheapest(totals, names)
    pair = _pair(totals, names)
    figures = [
        Figure(name, totals[place], _bars(inputs, [(low[place], high[place]) for low, high in map(_spanned, ends)]))
        for place, name in enumerate(names)
    ]
    decision = None if pair is None else _difference(inputs, names, totals, ends, *pair)
    turned = tuple(
        each.name for each, found in zip(inputs, ends, strict=True) if _winners(case, chosen, each, found) - {cheapest}
    )
    notices = [notice for each in base for notice in each.notices if notice.code != "tokens_rounded"]
    notices += _range_notices(case, inputs)
    cheapest_shares = None
    if samples:
        drawn = _drawn(case, chosen, inputs, pair, samples, seed, chance=chance)
        figures = [_with_shares(figure, drawn, place) for place, figure in enumerate(figures)]
        decision = None if decision is None else _with_shares(decision, drawn, len(figures))
        cheapest_shares = tuple(zip(names, drawn.cheapest_shares, strict=True))
        notices += drawn.notices
    return Sensitivity(
        case.profile, case.developers, case.on, basis, seed, samples, inputs, tuple(figures), cheapest, decision, turned,
        cheapest_shares, base, distinct(notices),
    )  # fmt: skip


def _at_ends(case: Case, options: Sequence[Option], found: Uncertain) -> list[list[Decimal]]:
    """The bills of all options at the low and the high end of an input, or under each claim of a price."""
    if found.claims:
        return [
            [
                case.estimate(option, rate_of(case, option, claim if found.is_of(option) else None)).known_total_usd
                for option in options
            ]
            for claim in found.claims
        ]
    varied = Input(found.name)
    changed = [with_changes(case, [Change(varied, end)], options) for end in (found.low, found.high)]
    return [[each.estimate(option).known_total_usd for option in options] for each in changed]


def _winners(
    case: Case, options: Sequence[Option], found: Uncertain, rows: Sequence[Sequence[Decimal]]
) -> set[str | None]:
    """Every option that is the cheapest somewhere within the range of an input, or under a claim; None for a tie."""
    names = [str(option) for option in options]
    winners = {strictly_cheapest(row, names) for row in rows}
    if len(names) > 1 and found.low is not None and found.high is not None and found.high - found.low >= NARROWEST:
        winners |= cheapest_over(case, Input(found.name), options, found.low, found.high)
    return winners


def _spanned(rows: list[list[Decimal]]) -> tuple[list[Decimal], list[Decimal]]:
    """Of an input its two ends; of several claims the lowest and the highest bill of each option."""
    if len(rows) == 2:
        return rows[0], rows[1]
    return [min(column) for column in zip(*rows, strict=True)], [max(column) for column in zip(*rows, strict=True)]


def _bars(inputs: Sequence[Uncertain], ends: Sequence[tuple[Decimal, Decimal]]) -> tuple[Bar, ...]:
    bars = []
    for each, (low, high) in zip(inputs, ends, strict=True):
        bars.append(Bar(each.name, *((min(low, high), max(low, high)) if each.claims else (low, high))))
    return tuple(sorted(bars, key=lambda bar: (-bar.swing_usd, bar.name)))


def _pair(totals: Sequence[Decimal], names: Sequence[str]) -> tuple[int, int] | None:
    """The places of the cheapest option and of the runner-up: on a tie of the first two that share it."""
    if len(names) < 2:
        return None
    first, second, *_ = sorted(range(len(names)), key=lambda place: (totals[place], place))
    return first, second


def _difference(
    inputs: Sequence[Uncertain],
    names: Sequence[str],
    totals: Sequence[Decimal],
    ends: Sequence[list[list[Decimal]]],
    first: int,
    second: int,
) -> Figure:
    """What the runner-up costs more than the cheapest."""
    more = [[EXACT.subtract(row[second], row[first]) for row in rows] for rows in ends]
    spans = [(rows[0], rows[1]) if len(rows) == 2 else (min(rows), max(rows)) for rows in more]
    now = canonical(EXACT.subtract(totals[second], totals[first]))
    return Figure(f"{names[second]} less {names[first]}", now, _bars(inputs, spans))


def _drawn(*arguments: Any, chance: bool) -> "Drawn":
    """All inputs drawn at once, by what needs numpy and scipy."""
    try:
        from costcalc.deciding.allatonce import all_at_once
    except ModuleNotFoundError as error:
        raise InputError(
            f"indices of all inputs at once need {error.name}: pip install 'costcalc[sensitivity]', or ask for 0 samples"
        ) from None
    return all_at_once(*arguments, chance=chance)


def _with_shares(figure: Figure, drawn: "Drawn", place: int) -> Figure:
    """A figure with what drawing all inputs tells of it."""
    indices, percentiles = drawn.indices[place], drawn.percentiles[place]
    shares = None
    if indices is not None:
        found = [
            Share(name, each.first_order, each.total_order, each.first_order_error, each.total_order_error)
            for name, each in zip(drawn.names, indices, strict=True)
        ]
        shares = tuple(sorted(found, key=lambda share: (-share.total_order, share.name)))
    return replace(figure, shares=shares, p5_usd=percentiles[0], p50_usd=percentiles[1], p95_usd=percentiles[2])


def _range_notices(case: Case, inputs: Sequence[Uncertain]) -> Iterator[Notice]:
    assumed = [each.name for each in inputs if each.how == "assumed"]
    if assumed:
        factors = ", ".join(f"{how} numbers {plain(times)}" for how, times in ASSUMED.items())
        yield Notice(
            "ranges_assumed",
            f"{case.profile.name} states no range for {', '.join(assumed)}; taken to lie between so many times less and "
            f"more: {factors} (costcalc's own assumption; state ranges to replace it)",
        )


def _bar(bar: Bar, widest: Decimal) -> str:
    """The swing as a number with a bar: as long as it is of the widest."""
    length = int((bar.swing_usd * 20 / widest).to_integral_value()) if widest else 0
    return f"{cents(bar.swing_usd)!s:>9} {'#' * length}".rstrip()
