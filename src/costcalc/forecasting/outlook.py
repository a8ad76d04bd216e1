"""What a forecast says: distributions with their errors, and the answers of each option, month by month."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import numpy as np

from costcalc.billing.plan import plan as plan_named
from costcalc.errors import InputError
from costcalc.estimation import Estimate
from costcalc.forecasting.horizon import SPREAD_UNITS
from costcalc.forecasting.simulation import BLOCK, batches
from costcalc.notices import Notice
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Cell, Part, Result, Table, cents, number, percent, usd
from costcalc.team import Group
from costcalc.units import canonical, json_number, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERCENTILES: Final = (5, 10, 25, 50, 75, 90, 95, 99)
_Z95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Distribution:
    """A figure as it is distributed, and how exact each number of it is.

    `percentiles` are those of 5, 10, 25, 50, 75, 90, 95 and 99; `sd` is the standard deviation. `errors` are half-widths of
    95 % intervals that come from the number of draws, by `mean` and `p5` to `p99`; a mean that is known in closed form has
    none (0). Figures from draws are rounded to six significant digits.
    """

    mean: Decimal
    sd: Decimal
    percentiles: Mapping[int, Decimal]
    errors: Mapping[str, Decimal]

    def __getitem__(self, percent: int) -> Decimal:
        """A percentile, such as `credits[90]`."""
        return self.percentiles[percent]

    def to_dict(self) -> dict[str, str]:
        """The distribution as machine output holds it."""
        return {
            "mean": plain(self.mean),
            **{f"p{percent}": plain(value) for percent, value in self.percentiles.items()},
        }

    def errors_dict(self) -> dict[str, str]:
        """The errors as machine output holds them."""
        return {name: plain(value) for name, value in self.errors.items()}


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """How likely the included credits run out, and when if they do: the day by which they have in 10, 50, 90 % of such months.

    Where people share a pool, it is that of the pool; of people who do not, that of one of them.
    """

    probability: Decimal
    p10: date | None
    p50: date | None
    p90: date | None

    def to_dict(self) -> dict[str, Any]:
        """The exhaustion as machine output holds it."""
        days = {name: getattr(self, name) for name in ("p10", "p50", "p90")}
        return {
            "probability": plain(self.probability),
            **{name: None if day is None else day.isoformat() for name, day in days.items()},
        }


class DayOutlook(NamedTuple):
    """Credits used from the start of the month to the end of a day, before any limit: percentiles of 10, 50 and 90."""

    day: date
    p10: Decimal
    p50: Decimal
    p90: Decimal

    def to_dict(self) -> dict[str, Any]:
        """The day as machine output holds it."""
        return {"day": self.day.isoformat(), "p10": plain(self.p10), "p50": plain(self.p50), "p90": plain(self.p90)}


@dataclass(frozen=True, slots=True)
class ClaimOutlook:
    """The same draws at another claim of an option's price."""

    rate: Rate
    credits_mean: Decimal
    total_usd: Distribution
    cheaper_probability: Decimal | None


@dataclass(frozen=True, slots=True)
class MonthOutlook:
    """One month of an option: use in credits, the bill, and the credits running out (None: there are none to run out).

    `included_credits` are those that one person has or people share (None: there are none, or everybody has their own, or there
    are several pools), `budget_credits` the use that makes a bill of the budget (None where it depends on whose use it is, or
    on limits). `by_day` is how the use adds up, day by day, from the first draws (25,000 at most).
    """

    month: str
    people: int
    expected: tuple[Estimate, ...]
    credits: Distribution
    total_usd: Distribution
    exhaustion: Exhaustion | None
    blocked_probability: Decimal
    blocked_credits: Distribution
    over_budget_probability: Decimal | None
    included_credits: Decimal | None
    budget_credits: Decimal | None
    by_day: tuple[DayOutlook, ...]

    def to_dict(self) -> dict[str, Any]:
        """The month as machine output holds it."""
        return {
            "month": self.month,
            "people": self.people,
            "credits": self.credits.to_dict(),
            "total_usd": self.total_usd.to_dict(),
            "exhaustion": None if self.exhaustion is None else self.exhaustion.to_dict(),
            "blocked": {
                "probability": plain(self.blocked_probability),
                "credits": self.blocked_credits.to_dict(),
            },
            "over_budget_probability": None
            if self.over_budget_probability is None
            else plain(self.over_budget_probability),
            "included_credits": None if self.included_credits is None else plain(self.included_credits),
            "budget_credits": None if self.budget_credits is None else plain(self.budget_credits),
            "by_day": [each.to_dict() for each in self.by_day],
            "errors": {"credits": self.credits.errors_dict(), "total_usd": self.total_usd.errors_dict()},
        }


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one option may cost: its months, and over all of them the bill, the chance to be cheapest, and other claims.

    `budget_for` pairs each confidence with the budget for a month that holds with it, in US dollars. `person_credits` and
    `person_usd` are of one person in the first month: use, and its worth (their bill, where they pay for themselves).
    `claims` are what the bill would be at every claim of the option's price, the believed one among them.
    """

    option: str
    months: tuple[MonthOutlook, ...]
    horizon_usd: Distribution
    cheapest_probability: Decimal
    budget_for: tuple[tuple[Decimal, Decimal], ...]
    person_credits: Distribution
    person_usd: Distribution
    claims: tuple[ClaimOutlook, ...]

    def to_dict(self) -> dict[str, Any]:
        """The outlook as machine output holds it."""
        first = self.months[0].to_dict()
        return {
            "option": self.option,
            **{name: value for name, value in first.items() if name not in ("by_day", "errors")},
            "budget_for": [
                {"confidence": plain(confidence), "usd": plain(amount)} for confidence, amount in self.budget_for
            ],
            "person": {"credits": self.person_credits.to_dict(), "usd": self.person_usd.to_dict()},
            "horizon_usd": self.horizon_usd.to_dict(),
            "months": [month.to_dict() for month in self.months],
            "claims": [
                {
                    "claim": each.rate.id,
                    "status": each.rate.status,
                    "source": each.rate.source,
                    "credits_mean": plain(each.credits_mean),
                    "total_usd": each.total_usd.to_dict(),
                    "cheaper_probability": None
                    if each.cheaper_probability is None
                    else plain(each.cheaper_probability),
                }
                for each in self.claims
            ],
            "errors": {
                **first["errors"],
                "person_credits": self.person_credits.errors_dict(),
                "horizon_usd": self.horizon_usd.errors_dict(),
            },
        }


@dataclass(frozen=True, slots=True)
class TaskSizes:
    """How large single tasks are, by token kind, in requests and in credits, and how much of all use the largest are.

    `per_month` is how many of them the first month is expected to have.
    """

    tokens: Mapping[str, Mapping[str, Decimal]]
    requests: Mapping[str, Decimal]
    credits: Mapping[str, Decimal]
    heaviest: Mapping[str, Decimal]
    per_month: Decimal

    def tokens_dict(self) -> dict[str, dict[str, int]]:
        """The tokens as machine output holds them, to the nearest whole one."""
        return {kind: {name: round(value) for name, value in row.items()} for kind, row in self.tokens.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Forecast(Result):
    """Possible months of a way of working, and what they cost in each of the options on the same draws."""

    kind: ClassVar[str] = "forecast"

    work: str
    groups: tuple[Group, ...]
    on: date
    basis: str
    seed: int
    draws: int
    budget_usd: Decimal | None
    known_until: date | None
    known_credits: Decimal | None
    options: tuple[Outlook, ...]
    tasks: TaskSizes
    spread: tuple[tuple[str, str, Decimal, str, str], ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def people(self) -> int:
        """How many people there are in all groups, in the first month."""
        return sum(group.people for group in self.groups)

    @property
    def credits(self) -> Distribution:
        """Use in the first month under the first option, in AI credits."""
        return self.options[0].months[0].credits

    @property
    def total_usd(self) -> Distribution:
        """The bill of the first month under the first option, in US dollars."""
        return self.options[0].months[0].total_usd

    @property
    def exhaustion(self) -> Exhaustion | None:
        """The included credits of the first option running out in the first month; None if there are none."""
        return self.options[0].months[0].exhaustion

    @property
    def over_budget_probability(self) -> Decimal | None:
        """The greatest chance of any month of the first option to cost more than the budget; None without a budget."""
        chances = [month.over_budget_probability for month in self.options[0].months]
        known = [chance for chance in chances if chance is not None]
        return max(known, default=None)

    def budget_for(self, confidence: float | Decimal) -> Decimal:
        """The budget for a month of the first option that holds with a confidence that was asked for.

        Raises `InputError` for another one.
        """
        for known, amount in self.options[0].budget_for:
            if known == Decimal(str(confidence)):
                return amount
        raise InputError(f"the forecast was not asked for confidence {confidence}")

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        first = self.options[0].to_dict()
        return {
            "work": self.work,
            "people": self.people,
            "groups": [group.to_dict() for group in self.groups],
            "on": self.on.isoformat(),
            "basis": self.basis,
            "seed": self.seed,
            "draws": self.draws,
            "credits": first["credits"],
            "total_usd": first["total_usd"],
            "tasks": json_number(self.tasks.per_month),
            "task_tokens": self.tasks.tokens_dict(),
            "task_requests": {name: plain(value) for name, value in self.tasks.requests.items()},
            "task_credits": {name: plain(value) for name, value in self.tasks.credits.items()},
            "heaviest_tasks": {name: plain(value) for name, value in self.tasks.heaviest.items()},
            "exhaustion": first["exhaustion"],
            "blocked": first["blocked"],
            "budget_usd": None if self.budget_usd is None else plain(self.budget_usd),
            "over_budget_probability": None
            if self.over_budget_probability is None
            else plain(self.over_budget_probability),
            "budget_for": first["budget_for"],
            "cheaper": [
                {"option": each.option, "probability": plain(each.cheapest_probability)} for each in self.options
            ],
            "so_far": None
            if self.known_until is None or self.known_credits is None
            else {"until": self.known_until.isoformat(), "credits": plain(self.known_credits)},
            "options": [each.to_dict() for each in self.options],
            "spread": [
                {
                    "group": group,
                    "number": name,
                    "value": plain(value),
                    "unit": SPREAD_UNITS[name],
                    "how": how,
                    "note": note,
                }
                for group, name, value, how, note in self.spread
            ],
            "errors": first["errors"],
        }

    def parts(self) -> Iterator[Part]:
        first = self.options[0]
        month = first.months[0]
        yield "\n".join(self._answer(first, month))
        names = ("mean", *(f"p{percent}" for percent in PERCENTILES))
        yield Table(
            ("option", "figure", *names),
            tuple(
                (each.option, figure, *(_shown(value) for value in (found.mean, *found.percentiles.values())))
                for each in self.options
                for figure, found in (("credits", each.months[0].credits), ("bill, USD", each.months[0].total_usd))
            ),
            f"{month.month}: {self.work}, {self.draws:,} possible months, seed {self.seed}",
        )
        if len(self.options) > 1:
            yield Table(
                ("option", "cheapest in"),
                tuple((each.option, percent(each.cheapest_probability)) for each in self.options),
                "On the same draws" + (", all months together" if len(first.months) > 1 else ""),
            )
        if len(first.months) > 1:
            yield Table(
                ("option", "month", "people", "bill, mean", "p50", "p90", "credits run out"),
                tuple(
                    (
                        each.option,
                        found.month,
                        found.people,
                        _shown(found.total_usd.mean),
                        _shown(found.total_usd[50]),
                        _shown(found.total_usd[90]),
                        None if found.exhaustion is None else percent(found.exhaustion.probability),
                    )
                    for each in self.options
                    for found in each.months
                ),
                "Months ahead, USD",
            )
        if self.people > 1:
            yield Table(
                ("option", "figure", *names),
                tuple(
                    (each.option, figure, *(_shown(value) for value in (found.mean, *found.percentiles.values())))
                    for each in self.options
                    for figure, found in (("credits", each.person_credits), ("worth, USD", each.person_usd))
                ),
                "One of the people",
            )
        claims = [(each.option, claim) for each in self.options for claim in each.claims if len(each.claims) > 1]
        if claims:
            yield Table(
                ("option", "bill, mean", "p50", "p90", "price believed"),
                tuple(
                    (
                        option,
                        _shown(claim.total_usd.mean),
                        _shown(claim.total_usd[50]),
                        _shown(claim.total_usd[90]),
                        f"{claim.rate.source} ({claim.rate.status})",
                    )
                    for option, claim in claims
                ),
                "Price risk: the same months at each claim of the price, USD",
            )
        tasks = self.tasks
        rows: list[tuple[Cell, ...]] = [
            (kind, *(round(value) for value in row.values())) for kind, row in tasks.tokens.items()
        ]
        rows.append(("requests", *(_shown(value) for value in tasks.requests.values())))
        rows.append(("credits", *(_shown(value) for value in tasks.credits.values())))
        yield Table(("a task", "mean", "p50", "p90", "p99"), tuple(rows), "Single tasks")
        yield (
            f"The largest 1 % of tasks are {percent(tasks.heaviest['1'])} of all use, "
            f"the largest 10 % {percent(tasks.heaviest['10'])}."
        )
        yield from claims_line(self.rates)

    def charts(self) -> tuple[Chart, ...]:
        spend = [
            _spend_chart(each, each.months[0], self, f"spend-{place}" if place > 1 else "spend")
            for place, each in enumerate(self.options, 1)
        ]
        return (spend[0], self._bills_chart(), *spend[1:])

    def _caption(self) -> tuple[str, ...]:
        return (
            f"{self.work}: {self.draws:,} drawn months, seed {self.seed}; prices of {self.on}.",
            *claims_line(self.rates),
        )

    def _bills_chart(self) -> Chart:
        """The bill of each option in each month: where nine of ten months lie below, and the median."""
        found = [
            (each.option if len(each.months) == 1 else f"{month.month} {each.option}", month.total_usd)
            for each in self.options
            for month in each.months
        ]
        marks = [
            Mark(
                "span",
                tuple(Point(bill[10], name, bill[90]) for name, bill in found),
                "from the 10th to the 90th percentile",
            ),
            Mark("dot", tuple(Point(bill[50], name) for name, bill in found), "median: half of all months cost less"),
            Mark("dot", tuple(Point(bill.mean, name) for name, bill in found), "mean"),
        ]
        if self.budget_usd is not None:
            marks.append(Mark("rule", (Point(self.budget_usd, None),), f"budget {usd(self.budget_usd)}"))
        least = min(self.options, key=lambda each: each.months[0].total_usd[90])
        within = usd(cents(least.months[0].total_usd[90]))
        others = f", the least of {len(self.options)} options" if len(self.options) > 1 else ""
        title = f"Nine of ten months cost less than {within}: {least.option}{others}"
        axis = Axis("bill of a month", "US dollars")
        return Chart("bills", title, self._caption(), axis, Axis("option", scale="name"), tuple(marks))

    def _answer(self, first: Outlook, month: MonthOutlook) -> Iterator[str]:
        """What a person wants to know first."""
        total = month.total_usd
        yield (
            f"Half of all months cost less than {usd(cents(total[50]))}, nine of ten less than "
            f"{usd(cents(total[90]))}; the mean is {usd(cents(total.mean))}: {first.option}"
        )
        if self.known_until is not None and self.known_credits is not None:
            yield f"Known until {self.known_until}: {number(_rounded(self.known_credits))} credits; the rest is forecast."
        gone = month.exhaustion
        if gone is not None:
            when = "" if gone.p50 is None else f", typically on {gone.p50:%B} {gone.p50.day}"
            whose = " of a person" if self.people > 1 and not is_pooled(month.expected) else ""
            yield f"The included credits{whose} run out in {percent(gone.probability)} of months{when}."
        which = "" if len(first.months) == 1 else ", the dearest one ahead included"
        for confidence, amount in first.budget_for:
            yield f"A budget of {usd(cents(amount))} holds in {percent(confidence)} of months{which}."
        if self.budget_usd is not None and self.over_budget_probability is not None:
            yield (
                f"The budget of {usd(self.budget_usd)} is exceeded in {percent(self.over_budget_probability)} of months."
            )
        if month.blocked_probability:
            yield (
                f"Limits block work in {percent(month.blocked_probability)} of months, "
                f"{number(_rounded(month.blocked_credits.mean))} credits of it in the mean month."
            )
        error = max(total.errors[f"p{percent}"] for percent in (50, 90))
        yield f"With {self.draws:,} draws these amounts are exact to about {usd(cents(error))} (95 %)."

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "option": each.option,
                "month": month.month,
                "people": month.people,
                "figure": figure,
                "mean": found.mean,
                **{f"p{percent}": value for percent, value in found.percentiles.items()},
                "over_budget_probability": month.over_budget_probability,
                "exhaustion_probability": None if month.exhaustion is None else month.exhaustion.probability,
                "cheapest_probability": each.cheapest_probability,
            }
            for each in self.options
            for month in each.months
            for figure, found in (
                ("credits", month.credits),
                ("total_usd", month.total_usd),
                ("blocked_credits", month.blocked_credits),
            )
        ]

    def columns(self) -> dict[str, type]:
        return dict.fromkeys(("over_budget_probability", "exhaustion_probability", "cheapest_probability"), Decimal)


def is_pooled(expected: Iterable[Estimate]) -> bool:
    """Whether there is a pool that people share, of a plan or an account: what runs out is that, not the credits of each."""
    terms = [(each.option.plan, each.bill.account_month) for each in expected]
    return any(month is not None or (plan is not None and plan_named(plan).pooled) for plan, month in terms)


def _spend_chart(outlook: Outlook, month: MonthOutlook, found: Forecast, name: str) -> Chart:
    """How the use of a month adds up, against the credits included and the budget, and when the credits run out."""
    marks = [
        Mark("band", tuple(Point(each.day, each.p10, None, each.p90) for each in month.by_day), "eight of ten months"),
        Mark("line", tuple(Point(each.day, each.p50) for each in month.by_day), "median"),
    ]
    gone, included = month.exhaustion, month.included_credits
    title = f"Nine of ten months use less than {number(_rounded(month.credits[90]))} credits: {outlook.option}"
    caption = [f"Credits used up to each day of {month.month}, before any limit.", *found._caption()]
    if included is not None:
        marks.append(Mark("rule", (Point(None, included),), f"included credits: {number(included)}"))
        if gone is not None and gone.p10 is not None and gone.p50 is not None:
            marks.append(
                Mark("span", (Point(gone.p10, included, gone.p90),), "they run out: eight of ten days, if they do")
            )
            marks.append(Mark("dot", (Point(gone.p50, included),), "the middle one of those days"))
            title = (
                f"The included credits run out in {percent(gone.probability)} of months, typically on {gone.p50:%B} "
                f"{gone.p50.day}: {outlook.option}"
            )
    elif gone is not None:
        caption.insert(0, "Included credits are not shared by all, so there is no line for them.")
    if found.budget_usd is not None:
        reached = month.budget_credits
        if reached is None:
            message = f"No number of credits makes a bill of {usd(found.budget_usd)}: it depends on whose they are, or on limits."
            caption.insert(0, message)
        else:
            marks.append(
                Mark("rule", (Point(None, reached),), f"budget {usd(found.budget_usd)}: {number(reached)} credits")
            )
    if found.known_until is not None and f"{found.known_until:%Y-%m}" == month.month:
        marks.append(Mark("rule", (Point(found.known_until, None),), f"known until {found.known_until}"))
    axis = Axis("credits used since the start of the month", "AI credits")
    return Chart(name, title, tuple(caption), Axis(f"day of {month.month}", "UTC", "day"), axis, tuple(marks))


def weighted_quantiles(values: "Floats", weights: "Floats") -> dict[str, Decimal]:
    order = np.argsort(values)
    below = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    found = np.interp([0.5, 0.9, 0.99], below, values[order])
    return {name: figure(value) for name, value in zip(("p50", "p90", "p99"), found, strict=True)}


def distribution(values: "Floats", *, crowds: bool, exact_mean: Decimal | None = None) -> Distribution:
    """Mean, percentiles and their errors.

    The error of a percentile is that of its rank among independent draws. Draws of one block share the people that crowds
    are made of, so there it is at least what the blocks differ by.
    """
    ordered = np.sort(values)
    count = len(ordered)
    found, errors = {}, {}
    deviation = float(values.std()) / math.sqrt(count)
    blocks = [each for each in batches(values) if len(each) == BLOCK] if crowds else []
    if len(blocks) > 3:
        deviation = max(deviation, float(np.std([each.mean() for each in blocks], ddof=1)) / math.sqrt(len(blocks)))
    for place in PERCENTILES:
        share = place / 100
        half = _Z95 * math.sqrt(count * share * (1 - share))
        low = ordered[max(0, math.floor(count * share - half))]
        high = ordered[min(count - 1, math.ceil(count * share + half))]
        error = float(high - low) / 2
        if len(blocks) > 3:
            spread = float(np.std([np.quantile(each, share) for each in blocks], ddof=1))
            error = max(error, _Z95 * spread / math.sqrt(len(blocks)))
        found[place] = figure(np.quantile(ordered, share))
        errors[f"p{place}"] = figure(error, 2)
    mean = figure(values.mean()) if exact_mean is None else canonical(exact_mean)
    return Distribution(
        mean,
        figure(values.std()),
        found,
        {"mean": Decimal(0) if exact_mean is not None else figure(_Z95 * deviation, 2), **errors},
    )


def cheapest_chances(totals: "Floats") -> list[Decimal]:
    """For each way the share of draws in which it is the cheapest; several that tie share the draw."""
    lowest = totals <= nearly(totals.min(axis=0))
    return [share_of((row / lowest.sum(axis=0)).mean()) for row in lowest]


def nearly(totals: "Floats") -> "Floats":
    """The most that counts as the same amount: what binary fractions of the same bill may differ by."""
    return totals + 1e-9 * np.maximum(1.0, np.abs(totals))


def figure(value: Any, digits: int = 6) -> Decimal:
    """A figure from draws, rounded to so many significant digits."""
    return canonical(Decimal(f"{float(value):.{digits}g}"))


def share_of(value: Any) -> Decimal:
    return canonical(Decimal(f"{float(value):.6f}"))


def _rounded(value: Decimal) -> Decimal:
    return canonical(value.quantize(Decimal("0.1"))) if abs(value) < 10_000 else canonical(value.quantize(Decimal(1)))


def _shown(value: Decimal) -> Decimal:
    """A figure for a table of many."""
    return canonical(Decimal(f"{value:.4g}"))
