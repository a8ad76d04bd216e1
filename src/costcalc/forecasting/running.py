"""The month as a distribution: what use, bill and exhaustion of credits to expect, with what chance.

The means are those of `costcalc.estimate`; the spread around them is the model of `costcalc.workload.months`. Everything
that is compared is compared on the same draws. Figures from draws carry their numerical error; what the model cannot know
(whether a profile fits you) no number of draws tells.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from costcalc.billing.account import Account
from costcalc.errors import InputError, check_between, check_number, check_told, check_type
from costcalc.estimation import Option, checked_usd
from costcalc.forecasting.horizon import (
    ASSUMED,
    MAX_DRAWS,
    SPREAD_UNITS,
    Horizon,
    HorizonMonth,
    PricedWay,
    Tiers,
    applies,
    lanes_of,
    month_of,
    size_of,
    spread_of,
    task_credits,
)
from costcalc.forecasting.outlook import (
    ClaimOutlook,
    DayOutlook,
    Distribution,
    Exhaustion,
    Forecast,
    MonthOutlook,
    Outlook,
    TaskSizes,
    cheapest_chances,
    distribution,
    figure,
    is_pooled,
    share_of,
    weighted_quantiles,
)
from costcalc.forecasting.simulation import (
    BLOCK,
    MAX_WORKERS,
    ONE_BY_ONE,
    Way,
    WayDraws,
    joined,
    make_tables,
    simulate_month,
)
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.showing.texts import assumption_words
from costcalc.team import Team
from costcalc.tokens import KINDS
from costcalc.units import canonical, credits_of_nano_aiu, credits_of_usd, plain
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DEFAULT_DRAWS: Final = 10_000


def forecast(
    work: "SessionProfile | Team | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    months: int = 1,
    usage_growth: float = 0.0,
    headcount_growth: float = 0.0,
    draws: int = DEFAULT_DRAWS,
    seed: int = 1,
    budget_usd: "Decimal | int | str | None" = None,
    confidence: "Sequence[float | Decimal] | float | Decimal" = 0.9,
    so_far: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None" = None,
    precision: float | None = None,
    tiers: Tiers = "mean",
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
    workers: int | None = None,
    told: "Callable[[int, int], object] | None" = None,
) -> Forecast:
    """Possible months of a profile or a team (or its name, or the path of its file) under some options, on the same draws.

    An option is an `Option` or its text, `ROUTE/MODEL[@PLAN]`; left out, they are those of `costcalc.compare`, unless
    there is an account. A team has options of its own, and any that are given here are alternatives for all of its groups.
    `account` bills the Copilot options that have no plan. The months start with the
    one of `on` (default: today in UTC), `usage_growth` and `headcount_growth` are shares of growth from month to month.

    `draws` months are drawn with `seed`; with `precision`, more until the percentiles 50 and 90 of the bill are known to
    that share of themselves (at most `MAX_DRAWS`). `confidence` is for which shares of months to state the budget that
    holds. `so_far` are logs or reports of the first month: what they hold is taken as it was, up to `on` or, left out, the
    last day they have use on, and moves the level of the rest as far as it can be trusted. `tiers` decides long-context
    prices by the mean prompt, as `estimate` does, or task by task.

    Raises `InputError` for what cannot be forecast, and what `estimate` raises.

    >>> from datetime import date
    >>> found = forecast("interactive_ide", "copilot/mai-code-1-flash@pro", on=date(2026, 6, 15), draws=2_000)
    >>> found.credits.mean, found.credits[50] < found.credits[90] < found.credits[99]
    (Decimal('1893.6'), True)
    """
    check_between("draws", draws, 100, MAX_DRAWS)
    check_between("seed", seed, 0, 2**63)
    if precision is not None:
        check_number("precision", precision)
    if precision is not None and not 0.0001 <= precision < 1:
        raise InputError(f"precision must be a share from 0.0001 to below 1, not {precision}")
    budget = None if budget_usd is None else checked_usd("budget", budget_usd)
    asked = [confidence] if isinstance(confidence, int | float | Decimal | str) else confidence
    check_type("confidence", asked, Iterable, "a share such as 0.9, or a list of them")
    confidences = [checked_confidence(each) for each in asked]
    horizon = Horizon.of(
        work, options, account, developers, on, basis, months, usage_growth, headcount_growth, so_far, tiers,
        split_cache_writes, rates,
    )  # fmt: skip
    planned = [month_of(horizon, place) for place in range(horizon.months)]
    results = drawn_months(horizon, planned, draws, seed, precision, workers, told)
    return _Answers(horizon, planned, results, budget, confidences).forecast(seed, precision)


def drawn_months(
    horizon: Horizon,
    planned: list[HorizonMonth],
    draws: int,
    seed: int,
    precision: float | None = None,
    workers: int | None = None,
    told: "Callable[[int, int], object] | None" = None,
) -> list[list[WayDraws]]:
    """By month and way what came of the draws: as many as asked for, and more until the precision is reached."""
    if workers is not None:
        check_between("workers", workers, 1, MAX_WORKERS)
    check_told(told)
    parts: list[list[list[WayDraws]]] = [[[] for _ in month.ways] for month in planned]
    tables = make_tables([(month.units, month.thresholds) for month in planned], seed)
    goal, done = draws if precision is None else -(-draws // BLOCK) * BLOCK, 0
    while done < goal:
        for place, month in enumerate(planned):
            some = simulate_month(
                month.units,
                tables[place],
                month.ways,
                draws=goal - done,
                month=place,
                day_us=month.day_us,
                seed=seed,
                workers=workers,
                told=None if told is None else _steps(told, place, len(planned)),
                first_block=done // BLOCK,
            )
            for way, each in zip(parts[place], some, strict=True):
                way.append(each)
        done = goal
        if precision is not None:
            goal = _goal(horizon, parts, done, precision)
    return [[joined(way, done) for way in month] for month in parts]


def _goal(horizon: Horizon, parts: list[list[list[WayDraws]]], done: int, precision: float) -> int:
    """How many draws it takes to know every bill that well: no more than there are, or twice as many at least."""
    totals = [distribution(joined(way, done).total_usd, crowds=horizon.has_crowds) for month in parts for way in month]
    worst = max(map(_imprecision, totals))
    if worst <= precision:
        return done
    wanted = max(2 * done, int(done * (worst / precision) ** 2 * 1.1))
    return min(MAX_DRAWS, -(-wanted // BLOCK) * BLOCK)


def _imprecision(total: Distribution) -> float:
    """The error of the percentiles 50 and 90, as a share of them."""
    return max((float(total.errors[f"p{each}"] / total[each]) for each in (50, 90) if total[each]), default=0.0)


@dataclass(slots=True)
class _Answers:
    """Reads the answers off the draws."""

    horizon: Horizon
    planned: list[HorizonMonth]
    results: list[list[WayDraws]]
    budget: Decimal | None
    confidences: list[Decimal]

    def forecast(self, seed: int, precision: float | None) -> Forecast:
        """All of them."""
        horizon, first = self.horizon, self.planned[0]
        own = [place for place, way in enumerate(first.plans) if way.claim is None]
        totals = [
            np.sum([month[place].total_usd for month in self.results], axis=0) for place in range(len(first.plans))
        ]
        chances = cheapest_chances(np.stack([totals[place] for place in own]))
        outlooks = tuple(
            self._outlook(place, chance, totals, [totals[other] for other in own if other != place])
            for place, chance in zip(own, chances, strict=True)
        )
        estimates = [lane.estimate for month in self.planned for plan in month.plans for lane in plan.lanes]
        notices = (*estimate_notices(self.planned), *model_notices(horizon, first), *horizon.notices)
        worst = max(_imprecision(month.total_usd) for each in outlooks for month in each.months)
        draws = len(self.results[0][0].credits)
        if precision is not None and worst > precision:
            notices += (Notice("precision_not_reached", f"{draws:,} draws give a precision of {worst:.2%} only"),)
        return Forecast(
            work=horizon.name,
            groups=horizon.groups,
            on=horizon.day,
            basis=horizon.basis,
            seed=seed,
            draws=draws,
            budget_usd=self.budget,
            known_until=horizon.known_until,
            known_credits=None if horizon.known_until is None else figure(sum(horizon.known)),
            options=outlooks,
            tasks=_task_sizes(horizon, first),
            spread=tuple(
                (group.name, name, *spread_of(group, name)) for group in horizon.groups for name in SPREAD_UNITS
            ),
            rates=tuple({each.rate.id: each.rate for each in estimates}.values()),
            notices=distinct(notices),
        )

    def _outlook(self, place: int, chance: Decimal, totals: "list[Floats]", others: "list[Floats]") -> Outlook:
        """What is to be said of one way."""
        plan = self.planned[0].plans[place]
        people = self.results[0][place].people
        return Outlook(
            option=plan.name,
            months=tuple(self._month(month, place) for month in range(len(self.planned))),
            horizon_usd=distribution(totals[place], crowds=self.horizon.has_crowds),
            cheapest_probability=chance,
            budget_for=tuple(
                (each, figure(max(np.quantile(month[place].total_usd, float(each)) for month in self.results)))
                for each in self.confidences
            ),
            person_credits=distribution(people["credits"], crowds=False),
            person_usd=distribution(people["usd"], crowds=False),
            claims=tuple(self._claims(plan, totals, others)),
        )

    def _claims(self, plan: PricedWay, totals: "list[Floats]", others: "list[Floats]") -> Iterator[ClaimOutlook]:
        """The same draws at every claim of the price of a way that has several."""
        same = [other for other, way in enumerate(self.planned[0].plans) if way.name == plan.name]
        for other in same if len(same) > 1 else ():
            way, found = self.planned[0].plans[other], self.results[0][other]
            cheaper = share_of((totals[other] < np.min(others, axis=0)).mean()) if others else None
            rate = way.claim or way.lanes[0].estimate.rate
            total = distribution(found.total_usd, crowds=self.horizon.has_crowds)
            yield ClaimOutlook(rate, figure(found.credits.mean()), total, cheaper)

    def _month(self, place: int, way: int) -> MonthOutlook:
        horizon, month, found = self.horizon, self.planned[place], self.results[place][way]
        plan, crowds = month.plans[way], horizon.has_crowds
        people = sum(horizon.people(group, place) for group in horizon.groups)
        exact = None
        if horizon.tiers == "mean" and (horizon.known_until is None or place):
            exact = sum((lane.estimate.month.credits * lane.share for lane in plan.lanes), Decimal(0))
        included = _included_credits(month.ways[way], people)
        return MonthOutlook(
            month=f"{horizon.month_start(place):%Y-%m}",
            people=people,
            expected=tuple(lane.estimate for lane in plan.lanes),
            credits=distribution(found.credits, crowds=crowds, exact_mean=exact),
            total_usd=distribution(found.total_usd, crowds=crowds),
            exhaustion=_exhaustion(plan, found, month.days),
            blocked_probability=share_of((found.blocked > 1e-6).mean()),
            blocked_credits=distribution(found.blocked, crowds=crowds),
            over_budget_probability=None
            if self.budget is None
            else share_of((found.total_usd > float(self.budget)).mean()),
            included_credits=included,
            budget_credits=None
            if self.budget is None
            else _budget_credits(month.ways[way], included, found, self.budget),
            by_day=tuple(_by_day(month.days, found.by_day)),
        )


def estimate_notices(planned: list[HorizonMonth]) -> Iterator[Notice]:
    """What the expected months had to assume, and of later months what changes."""
    for place, month in enumerate(planned):
        for plan in month.plans:
            for notice in (notice for lane in plan.lanes for notice in lane.estimate.notices):
                if place:
                    wanted = notice.code in ("plan_promotion", "rate_ends_in_month", "rate_starts_in_month")
                else:
                    wanted = plan.claim is None and notice.code not in ("tokens_rounded", "use_blocked", "equal_seats")
                if wanted:
                    yield notice


def model_notices(horizon: Horizon, first: HorizonMonth) -> Iterator[Notice]:
    """What the spread around the means had to assume."""
    for group in horizon.groups:
        missing = [name for name in ASSUMED if getattr(group.profile, name) is None and applies(group, name)]
        assumed = [name for name in missing if ASSUMED[name][0]]
        if assumed:
            words = ", ".join(f"{name} {plain(ASSUMED[name][0])} ({ASSUMED[name][1]})" for name in assumed)
            yield Notice("spread_assumed", f"{group.name} does not state all of its spread; taken are {words}")
        if group.profile.assumed_spread:
            message = f"{group.name}: {assumption_words(group.profile.assumed_spread)} about its spread"
            yield Notice("spread_assumptions", message)
        if group.people == 1 and group.profile.per == "developer" and horizon.known_until is None:
            message = f"{group.name} is taken to describe this one person; how people differ is left out"
            yield Notice("one_person", message)
    if horizon.known_until is not None:
        message = (
            "what was used so far counts as it was paid, also for options of another model or route, and evenly for all"
        )
        yield Notice("so_far_as_paid", message)
        for group, level in zip(horizon.groups, first.levels, strict=True):
            message = (
                f"{group.name}: use so far is {level.ratio:.3g} of what the profile expects; with a weight of "
                f"{level.weight:.0%} the rest of the month is taken at {level.factor:.3g} of it"
            )
            yield Notice("level_from_so_far", message)
    if horizon.has_crowds:
        message = (
            f"groups of more than {ONE_BY_ONE} people are added up from months of single people, not drawn one by one"
        )
        yield Notice("crowds_added_up", message)
    for words in first.long_context:
        yield Notice("long_context_tasks", words)


def _included_credits(way: Way, people: int) -> Decimal | None:
    """The credits that are included for all together; None where there are none, or not for all."""
    if len(way.payers) != 1 or (way.payers[0].per_person and people > 1):
        return None
    return credits_of_nano_aiu(way.payers[0].terms.pool[-1][1]) or None


def _budget_credits(way: Way, included: Decimal | None, found: WayDraws, budget: Decimal) -> Decimal | None:
    """The use that makes a bill of the budget, where all use draws on the same credits and nothing stops it."""
    on_pool_alone = included is not None and not any(each.any() for each in way.api)
    rest = budget - Decimal(str(way.seat_usd))
    if (way.payers and not on_pool_alone) or found.blocked.any() or rest < 0:
        return None
    return canonical(credits_of_usd(rest) + (included or 0))


def _by_day(days: list[date], use: "Floats") -> Iterator[DayOutlook]:
    """How use adds up over the month."""
    percentiles = np.quantile(np.cumsum(use, axis=1), (0.1, 0.5, 0.9), axis=0)
    for day, found in zip(days, percentiles.T, strict=True):
        yield DayOutlook(day, *map(figure, found))


def _exhaustion(plan: PricedWay, found: WayDraws, days: list[date]) -> Exhaustion | None:
    """When the credits run out; None where none are included."""
    if not any(lane.estimate.bill.included_credits for lane in plan.lanes):
        return None
    ran_out = found.exhausted_day
    if not is_pooled(lane.estimate for lane in plan.lanes):
        ran_out = found.people["exhausted_day"].astype(np.int64)
    gone = np.sort(ran_out[ran_out >= 0])
    if not len(gone):
        return Exhaustion(Decimal(0), None, None, None)

    def day(share: float) -> date:
        return days[int(gone[min(len(gone) - 1, int(share * len(gone)))])]

    return Exhaustion(share_of(len(gone) / len(ran_out)), day(0.1), day(0.5), day(0.9))


def _task_sizes(horizon: Horizon, month: HorizonMonth) -> TaskSizes:
    """Single tasks of all groups under the first way: closed-form quantiles of each, weighted by how many there are."""
    slices = 20_000
    middles = (np.arange(slices) + 0.5) / slices
    columns: dict[str, list[Floats]] = {}
    weights, credits, calls = [], [], []
    means = {name: Decimal(0) for name in ("prompt", *KINDS)}
    mean_credits, mean_calls, tasks_in_all = Decimal(0), Decimal(0), Decimal(0)
    for index, group in enumerate(horizon.groups):
        plain_factor, cached_factor = size_of(group).factors(middles)
        for lane in lanes_of(month.plans[0], index):
            estimate = lane.estimate
            tasks = estimate.month.tasks * lane.share
            tokens = [line.tokens / estimate.month.tasks for line in estimate.by_kind]
            by_kind = [
                float(count) * (cached_factor if kind == "cached_input" else plain_factor)
                for kind, count in zip(KINDS, tokens, strict=True)
            ]
            columns.setdefault("prompt", []).append(by_kind[0] + by_kind[1] + by_kind[2])
            for kind, values in zip(KINDS, by_kind, strict=True):
                columns.setdefault(kind, []).append(values)
            others, cached = task_credits(estimate, estimate.rate)
            credits.append(others * plain_factor + cached * cached_factor)
            requests = float(group.profile.requests_per_task)
            calls.append(requests * plain_factor if requests > 1 else np.ones(slices))
            mean_calls += group.profile.requests_per_task * tasks
            weights.append(np.full(slices, float(tasks) / slices))
            tasks_in_all += tasks
            mean_credits += estimate.per_task_usd * 100 * tasks
            for kind, count in zip(KINDS, tokens, strict=True):
                means[kind] += count * tasks
            means["prompt"] += sum(tokens[:3], Decimal(0)) * tasks
    weight = np.concatenate(weights)
    named = {
        kind: {"mean": means[kind] / tasks_in_all, **weighted_quantiles(np.concatenate(values), weight)}
        for kind, values in columns.items()
    }
    cost = np.concatenate(credits)
    order = np.argsort(cost)
    share_below = np.cumsum(weight[order]) / weight.sum()
    value = np.cumsum((cost * weight)[order])
    heaviest = {
        label: share_of(1 - np.interp(1 - part, share_below, value) / value[-1])
        for label, part in (("1", 0.01), ("10", 0.1))
    }
    return TaskSizes(
        tokens=named,
        requests={
            "mean": figure(mean_calls / tasks_in_all),
            **weighted_quantiles(np.maximum(1, np.concatenate(calls)), weight),
        },
        credits={"mean": figure(mean_credits / tasks_in_all), **weighted_quantiles(cost, weight)},
        heaviest=heaviest,
        per_month=canonical(tasks_in_all),
    )


def checked_confidence(value: "float | Decimal") -> Decimal:
    """A share of months that a budget is to hold in. Raises `InputError` for one that makes no sense."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        raise InputError(f"confidence must be a share such as 0.9, not {value!r:.40}") from None
    if not found.is_finite() or not Decimal("0.01") <= found <= Decimal("0.999"):
        raise InputError(f"confidence must be a share from 0.01 to 0.999, not {value}")
    return canonical(found)


def _steps(told: "Callable[[int, int], object]", place: int, months: int) -> "Callable[[int, int], object]":
    """Progress over all months."""
    return lambda done, draws: told(place * draws + done, months * draws)
