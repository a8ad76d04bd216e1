"""What a forecast draws: for each month of its horizon the people, the ways to price what they do, and who pays.

`Horizon` holds what was asked for, checked; `month_of` turns one of its months into the units, tables and ways that
`costcalc.forecasting.simulation` draws, with the expected months of `costcalc.estimation` beside them. Needs numpy.
"""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from costcalc.billing.account import Account
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.statement import Crowd, crowd_terms, seat_fees
from costcalc.billing.usage import microseconds
from costcalc.billing.waterfall import NO_LIMIT, NONE, ActorTerms, Terms
from costcalc.comparison import DEFAULT_OPTIONS
from costcalc.errors import InputError, check_between, check_number
from costcalc.estimation import (
    Estimate,
    Option,
    by_account,
    check_account_bills,
    checked_developers,
    estimate_option,
    estimated_day,
    loaded_account,
    loaded_profile,
    option_rate,
    resolved_options,
    with_option_modifiers,
)
from costcalc.forecasting.simulation import ONE_BY_ONE, Payer, Unit, Way
from costcalc.history import usage
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import Rate
from costcalc.showing.display import count_of
from costcalc.team import Group, Team, is_team_file
from costcalc.units import NANO_AIU_PER_CREDIT
from costcalc.workload.months import Habits, day_chances, days_of_month, month_variance
from costcalc.workload.profile import SessionProfile
from costcalc.workload.tasksize import TaskSize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MAX_MONTHS: Final = 36
PLANNED: Final = "as planned"
"""The way of a team's file, beside which options that are given are alternatives."""

MAX_DRAWS: Final = 1_000_000
_MOST_NANO_AIU: Final = 2**61
_NO_LIMITS: Final = ActorTerms(0, NONE, NONE, NONE)

Tiers = Literal["mean", "task"]

# What a profile does not state. Each is told in a notice, and can be stated or switched off (0).
ASSUMED: Final = {
    "sigma": (Decimal("1.5"), "as measured for free requests of users (TraceLab)"),
    "tasks_cv": (Decimal("0.7"), "an assumption"),
    "week_sigma": (Decimal(0), "weeks of a person do not differ"),
    "people_sigma": (Decimal("0.8"), "derived from $6 a day and less than $12 for 90 % of people"),
    "level_sigma": (Decimal(0), "the level of use is taken to be known"),
}
SPREAD_UNITS: Final = {
    "sigma": "standard deviation of the logarithm of a task's tokens",
    "tasks_cv": "coefficient of variation of a day's expected tasks",
    "week_sigma": "standard deviation of the logarithm of a person's weeks",
    "people_sigma": "standard deviation of the logarithm of people",
    "level_sigma": "standard deviation of the logarithm of the level of all use",
}


class Level(NamedTuple):
    """How far use so far moves the level of the rest of the month.

    Its `ratio` to what was expected, the `weight` that it gets, the `factor` that the rest is taken at, and the `sigma` of
    what stays uncertain (standard deviation of the logarithm).
    """

    ratio: float = 1.0
    weight: float = 0.0
    factor: float = 1.0
    sigma: float = 0.0


@dataclass(slots=True)
class Lane:
    """What a group does with one option: the expected month of all of its tasks, and the share of them."""

    estimate: Estimate
    share: Decimal


@dataclass(slots=True)
class PricedWay:
    """One way to price the groups, for one month: by group the option for each model of its mix."""

    name: str
    lanes: list[Lane]
    options: list[list[Option]]
    claim: Rate | None = None


@dataclass(slots=True)
class Horizon:
    """What is to be forecast, checked."""

    book: PriceBook
    groups: tuple[Group, ...]
    name: str
    ways: list[tuple[str, list[list[Option]]]]
    account: Account | None
    day: date
    basis: str
    months: int
    usage_growth: float
    headcount_growth: float
    tiers: Tiers
    split_cache_writes: bool
    known_until: date | None
    known: list[float]
    known_work: float
    notices: list[Notice]
    believed: Mapping[tuple[str, str, str], Rate] = field(default_factory=dict)
    """By route, model and service tier the claim to price at, for options that do not say themselves whose price to believe."""

    with_claims: bool = True
    """Whether a way of one option is drawn at every claim of its price too."""

    @classmethod
    def of(
        cls,
        work: "SessionProfile | Team | str | os.PathLike[str]",
        options: "Sequence[Option | str] | Option | str | None",
        account: "Account | str | os.PathLike[str] | None",
        developers: int | None,
        on: date | None,
        basis: str,
        months: int,
        usage_growth: float,
        headcount_growth: float,
        so_far: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None",
        tiers: Tiers,
        split_cache_writes: bool,
        rates: PriceBook | None,
    ) -> "Horizon":
        """Everything checked and looked up that does not depend on the draws."""
        book = PriceBook.of(rates)
        check_between("months", months, 1, MAX_MONTHS)
        for label, growth in (("usage_growth", usage_growth), ("headcount_growth", headcount_growth)):
            check_number(label, growth)
            if not -1 < growth <= 10:
                raise InputError(f"{label} must be a share from above -1 to 10, not {growth}")
        if tiers not in ("mean", "task"):
            raise InputError(f"tiers is mean or task, not {tiers!r:.40}")
        terms = loaded_account(account)
        if isinstance(work, str | os.PathLike) and is_team_file(os.fspath(work)):
            work = Team.load(work, book)
        options = options_or_usual(options, work, terms)
        chosen = resolved_options(options, book)
        ways: list[tuple[str, list[list[Option]]]] = []
        if isinstance(work, Team):
            if developers is not None:
                raise InputError("a team says how many people it has; leave developers out")
            terms = terms or work.account
            groups, name = work.groups, f"team {work.name}, {work.people:,} people"
            ways.append((PLANNED, [[option for option, _ in group.options] for group in groups]))
        else:
            profile = loaded_profile(work)
            if not chosen:
                raise InputError("no option to forecast; give at least one, such as copilot/mai-code-1.1-flash@pro")
            count = checked_developers(developers, terms)
            groups = (Group(profile.name, count, profile, ((chosen[0], Decimal(1)),)),)
            per = profile.per if count == 1 else f"{profile.per}s"
            name = f"{profile.name}, {count:,} {per}"
        ways += [(str(option), [[option] * len(group.options) for group in groups]) for option in chosen]
        names = [each for each, _ in ways]
        for each in names:
            if names.count(each) > 1:
                raise InputError(f"option {each} is given twice")
        check_account_bills(terms, (option for _, groups_of in ways for each in groups_of for option in each))
        if terms is not None and headcount_growth:
            raise InputError("the seats of an account do not grow; forecast headcount growth with a plan")
        for group in groups:
            if not group.profile.tasks_per_month or not any(group.profile.tokens):
                raise InputError(f"{group.name}: no tasks, or tasks without tokens: there is nothing to forecast")
        day = estimated_day(on, terms)
        horizon = cls(
            book, groups, name, ways, terms, day, basis, months, usage_growth, headcount_growth, tiers,
            split_cache_writes, None, [], 0.0, [],
        )  # fmt: skip
        if so_far is not None:
            horizon._learn(so_far, on)
        return horizon

    def _learn(self, so_far: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str]", on: date | None) -> None:
        """Take what was used on the first days of the month from logs or reports."""
        first = self.day.replace(day=1)
        month = days_of_month(self.day.year, self.day.month)
        found = usage(so_far, by=("day",), since=first, until=on or month[-1], rates=self.book)
        days = {names[0]: totals.credits for names, totals in found.groups if names[0] is not None}
        if not days:
            raise InputError(f"there is no use in {self.day:%Y-%m} in what was given as so far")
        until = on or date.fromisoformat(max(days))
        used = [days.get(day.isoformat(), Decimal(0)) for day in month if day <= until]
        if found.totals.unpriced or any(each is None for each in used):
            raise InputError(f"what was used so far has {count_of(found.totals.unpriced, 'record')} of no known cost")
        self.known_until, self.known = until, [float(each or 0) for each in used]
        # How much work that was is judged at the prices of one model, whichever models it was done with.
        self.known_work = float(sum(self.known))
        if found.totals.without_tokens:
            message = "some of the use so far tells no tokens: the level is judged by its cost, not by the work"
            self.notices.append(Notice("level_by_cost", message))
        else:
            rate = option_rate(self.book, self.yardstick, self.day, self.basis)
            self.known_work = float(rate.tiers[0].exact_nano_aiu(found.totals.tokens)) / NANO_AIU_PER_CREDIT
        self.notices += [
            notice for notice in found.notices if notice.code not in ("profile_assumptions", "undated", "other_rows")
        ]

    @property
    def yardstick(self) -> Option:
        """The option at whose prices use so far is held against what was expected: the first by name, without token factor."""
        first = min((option for _, ways in self.ways for options in ways for option in options), key=str)
        return replace(first, token_factor=Decimal(1))

    def month_start(self, place: int) -> date:
        """The day whose prices and terms apply in a month of the horizon."""
        if not place:
            return self.day
        months = self.day.year * 12 + self.day.month - 1 + place
        return date(months // 12, months % 12 + 1, 1)

    def people(self, group: Group, place: int) -> int:
        """How many people a group has in a month of the horizon."""
        return max(1, round(group.people * (1 + self.headcount_growth) ** place))

    def account_in(self, place: int) -> Account | None:
        """The account's terms in a month of the horizon."""
        if self.account is None or not place:
            return self.account
        return self.account.model_copy(update={"month": f"{self.month_start(place):%Y-%m}"})

    def estimate(self, group: Group, option: Option, place: int, claim: Rate | None = None) -> Estimate:
        """The expected month of a group if all of its tasks are done with an option."""
        day = self.month_start(place)
        rate = option_rate(self.book, option, day, self.basis)
        if claim is None and option.basis is None:
            claim = self.believed.get((option.route, option.model, option.service_tier))
        if claim is not None:
            rate = with_option_modifiers(self.book, option, claim)
        account = self.account_in(place) if option.plan is None and option.route == "copilot" else None
        profile = group.profile
        if place and self.usage_growth:
            grown = profile.tasks_per_day * Decimal(str((1 + self.usage_growth) ** place))
            profile = profile.changed(tasks_per_day=Decimal(f"{grown:.12g}"))
        return estimate_option(
            profile,
            option,
            rate,
            book=self.book,
            on=day,
            basis=self.basis,
            developers=self.people(group, place),
            split_cache_writes=self.split_cache_writes,
            account=account,
        )

    @property
    def has_crowds(self) -> bool:
        """Whether people are so many that they are not drawn one by one."""
        return any(self.people(group, place) > ONE_BY_ONE for group in self.groups for place in range(self.months))

    def claims(self, options: list[list[Option]]) -> list[Rate]:
        """Every claim of the price of a way with a single option."""
        names = {str(option) for each in options for option in each}
        if len(names) > 1:
            return []
        option = options[0][0]
        return list(self.book.claims(option.model, route=option.route, on=self.day, service_tier=option.service_tier))


@dataclass(slots=True)
class HorizonMonth:
    """One month of the horizon, ready to be drawn."""

    place: int
    days: list[date]
    day_us: list[int]
    units: list[Unit]
    thresholds: list[list[float]]
    plans: list[PricedWay]
    ways: list[Way]
    levels: list[Level]
    long_context: list[str]


def options_or_usual(
    options: "Sequence[Option | str] | Option | str | None", work: object, account: object
) -> "Sequence[Option | str] | Option | str":
    """Options as given, else those of `costcalc.compare`; none where a team has its own, or an account says who pays."""
    if options is not None:
        return options
    return () if isinstance(work, Team) or account is not None else DEFAULT_OPTIONS


def spread_of(group: Group, name: str) -> tuple[Decimal, str, str]:
    """A number of a group's spread, how it was found, and a note."""
    if not applies(group, name):
        return Decimal(0), "off", "one person, team or pipeline: nothing to differ"
    value = getattr(group.profile, name)
    if value is None:
        return ASSUMED[name][0], "assumption", ASSUMED[name][1]
    provenance = group.profile.provenance.get(name)
    return value, "stated" if provenance is None else provenance.how, "" if provenance is None else provenance.note


def size_of(group: Group) -> TaskSize:
    """How large the tasks of a group are."""
    tokens = sum(group.profile.tokens, Decimal(0))
    return TaskSize(float(spread_of(group, "sigma")[0]), float(group.profile.cached_input / tokens))


def applies(group: Group, name: str) -> bool:
    """Whether a number of the spread says something about a group: people differ only where there are several."""
    return name != "people_sigma" or (group.people > 1 and group.profile.per == "developer")


def month_of(horizon: Horizon, place: int) -> HorizonMonth:
    """A month of the horizon: units, and for each way what they cost and who pays."""
    start = horizon.month_start(place)
    days = days_of_month(start.year, start.month)
    day_us = [microseconds(datetime.combine(day, time.min)) for day in days]
    account = horizon.account_in(place)
    plans = _priced(horizon, place)
    crowds = _crowds(horizon, account, place, plans)
    thresholds = [_thresholds(horizon, group, plans, index) for index, group in enumerate(horizon.groups)]
    levels = [Level()] * len(horizon.groups)
    if horizon.known and not place:
        levels = [_level(horizon, days)] * len(horizon.groups)
    units: list[Unit] = []
    group_of: list[int] = []
    crowd_of: list[int] = []
    for index, group in enumerate(horizon.groups):
        for crowd_place, crowd in crowds[index]:
            mine = [each for _, each in crowds[index]]
            units.append(_unit(horizon, group, place, days, mine, crowd, levels[index]))
            group_of.append(index)
            crowd_of.append(crowd_place)
    ways = [_way(horizon, plan, place, group_of, crowd_of, thresholds, account) for plan in plans]
    return HorizonMonth(
        place, days, day_us, units, [thresholds[index] for index in group_of], plans, ways, levels,
        _long_context_words(horizon, plans[0]) if not place else [],
    )  # fmt: skip


def _priced(horizon: Horizon, place: int) -> list[PricedWay]:
    """All ways with their expected months; after the own ones, those at other claims of their price."""
    found = []
    for name, options in horizon.ways:
        found.append(PricedWay(name, _lanes(horizon, options, place), options))
    for plan in list(found) if horizon.with_claims else ():
        found += [
            PricedWay(plan.name, _lanes(horizon, plan.options, place, claim), plan.options, claim)
            for claim in _other_claims(horizon, plan.options, place)
        ]
    return found


def _other_claims(horizon: Horizon, options: list[list[Option]], place: int) -> Iterator[Rate]:
    """The claims of the first month that are not believed, as their sources state them in another month, if they still do."""
    first = horizon.claims(options)
    if len(first) < 2:
        return
    option, day = options[0][0], horizon.month_start(place)
    believed = option_rate(horizon.book, option, horizon.day, horizon.basis).tiers[0].id
    later = horizon.book.claims(option.model, route=option.route, on=day, service_tier=option.service_tier)
    for claim in first:
        if claim.tiers[0].id != believed:
            yield next((each for each in later if each.source == claim.source), claim)


def _lanes(horizon: Horizon, options: list[list[Option]], place: int, claim: Rate | None = None) -> list[Lane]:
    lanes: list[Lane] = []
    for group, chosen in zip(horizon.groups, options, strict=True):
        for option, (_, share) in zip(chosen, group.options, strict=True):
            estimate = horizon.estimate(group, option, place, claim)
            if estimate.bill.included_credits is None:
                raise InputError(
                    f"the credits included in plan {option.plan} are not known, so its bill cannot be forecast"
                )
            lanes.append(Lane(estimate, share))
    return lanes


def _crowds(
    horizon: Horizon, account: Account | None, place: int, plans: list[PricedWay]
) -> list[list[tuple[int, Crowd]]]:
    """By group, the crowds that its people form, each with its place among the account's; one crowd without an account."""
    counts = [horizon.people(group, place) for group in horizon.groups]
    if account is None or not any(by_account(option) for plan in plans for each in plan.options for option in each):
        return [[(0, Crowd(count, 0, NO_LIMIT))] for count in counts]
    crowds = crowd_terms(account)[1]
    seats = sum(crowd.people for crowd in crowds)
    seated = [
        any(by_account(option) for plan in plans for option in plan.options[index])
        for index in range(len(horizon.groups))
    ]
    if len(horizon.groups) == 1:
        return [[(index, crowd) for index, crowd in enumerate(crowds)]]
    people = sum(count for count, has_seat in zip(counts, seated, strict=True) if has_seat)
    if people != seats:
        raise InputError(
            f"the groups that the account bills have {people:,} people, the account {seats:,} seats in {account.month}"
        )
    found: list[list[tuple[int, Crowd]]] = []
    left = [crowd.people for crowd in crowds]
    for count, has_seat in zip(counts, seated, strict=True):
        if not has_seat:
            found.append([(0, Crowd(count, 0, NO_LIMIT))])
            continue
        mine, missing = [], count
        for index, crowd in enumerate(crowds):
            taken = min(missing, left[index])
            if taken:
                mine.append((index, crowd._replace(people=taken)))
                left[index] -= taken
                missing -= taken
        found.append(mine)
    return found


def _unit(
    horizon: Horizon,
    group: Group,
    place: int,
    days: list[date],
    crowds: "Sequence[Crowd]",
    crowd: Crowd,
    level: Level,
) -> Unit:
    """One of the crowds of a group. People who are there for a part of the month share out the whole of the expected one."""
    profile = group.profile
    chances = day_chances(days, float(profile.active_days))
    present = sum(each.people * sum(chances[each.first_day :]) for each in crowds)
    if not present:
        raise InputError(f"group {group.name}: nobody is there on a day that can be an active one")
    scale = horizon.people(group, place) * sum(chances) / present
    scale *= max(1.0, float(profile.active_days) / len(days)) * (1 + horizon.usage_growth) ** place
    own_level = float(spread_of(group, "level_sigma")[0])
    known: tuple[float, ...] = ()
    if horizon.known and not place:
        people = sum(each.people for each in horizon.groups)
        known = tuple(used / people for used in horizon.known)
        own_level = level.sigma
    habits = Habits(
        size=size_of(group),
        tasks_per_day=float(profile.tasks_per_day) * scale * level.factor,
        day_chances=tuple(0.0 if day < crowd.first_day else chance for day, chance in enumerate(chances)),
        first_weekday=days[0].weekday(),
        tasks_cv=float(spread_of(group, "tasks_cv")[0]),
        week_sigma=float(spread_of(group, "week_sigma")[0]),
        shares=tuple(float(share) for _, share in group.options),
    )
    return Unit(habits, crowd.people, float(spread_of(group, "people_sigma")[0]), own_level, crowd.user_limit, known)


def task_credits(estimate: Estimate, rate: Rate) -> tuple[float, float]:
    """What a mean task costs at a tier in credits: all but cached input, and cached input."""
    tasks = estimate.month.tasks
    by_kind = rate.kind_costs(tuple(line.tokens for line in estimate.by_kind))
    cached = by_kind[1].usd
    others = sum((line.usd for line in by_kind if line is not by_kind[1]), Decimal(0))
    return float(others / tasks) * 100, float(cached / tasks) * 100


def _thresholds(horizon: Horizon, group: Group, plans: list[PricedWay], index: int) -> list[float]:
    """The sizes of tasks above which some option has a long-context price."""
    if horizon.tiers == "mean":
        return []
    found = set()
    for plan in plans:
        for lane in lanes_of(plan, index):
            found |= set(tier_sizes(group, lane.estimate))
    return sorted(found)


def lanes_of(plan: PricedWay, group: int) -> list[Lane]:
    """What one of the groups does in a way."""
    first = sum(len(options) for options in plan.options[:group])
    return plan.lanes[first : first + len(plan.options[group])]


def tier_sizes(group: Group, estimate: Estimate) -> list[float]:
    """For each tier above the default the size of a task from which on its mean prompt per request is in it."""
    profile = group.profile
    tokens = [float(line.tokens / estimate.month.tasks) for line in estimate.by_kind]
    requests = float(profile.requests_per_task)
    sizes = np.linspace(0.0, 90.0, 90_001)[1:]
    plain_factor, cached_factor = size_of(group).of_size(sizes)
    prompts = (tokens[0] + tokens[2]) * plain_factor + tokens[1] * cached_factor
    calls = np.maximum(1.0, requests * plain_factor) if requests > 1 else np.ones_like(sizes)
    per_call = prompts / calls
    found = []
    for row in estimate.rate.tiers[1:]:
        above = np.flatnonzero(per_call > row.prompt_tokens_over)
        found.append(float(sizes[above[0]]) if len(above) else 90.0)
    return found


def _long_context_words(horizon: Horizon, plan: PricedWay) -> list[str]:
    """What it means for a price with long-context tiers that tasks differ in their prompts."""
    words = []
    for index, group in enumerate(horizon.groups):
        for lane in lanes_of(plan, index):
            estimate = lane.estimate
            if len(estimate.rate.tiers) < 2:
                continue
            sizes = tier_sizes(group, estimate)
            share = math.exp(-sizes[0]) * (1 + sizes[0] + sizes[0] ** 2 / 2)
            label = f"{estimate.option.route}/{estimate.option.model}"
            if horizon.tiers == "task":
                words.append(
                    f"{label}: {share:.2%} of tasks have mean prompts at the long-context price; the mean is not that of "
                    "costcalc estimate, which prices all by the mean prompt"
                )
            elif share >= 0.0001 and estimate.rate.tier == estimate.rate.tiers[0].tier:
                words.append(
                    f"{label}: {share:.2%} of tasks have mean prompts above "
                    f"{estimate.rate.tiers[1].prompt_tokens_over:,} tokens and would cost more; all are priced by the mean "
                    "prompt, as costcalc estimate does (--tiers task prices each by its own)"
                )
    return words


def _way(
    horizon: Horizon,
    plan: PricedWay,
    place: int,
    group_of: list[int],
    crowd_of: list[int],
    thresholds: list[list[float]],
    account: Account | None,
) -> Way:
    """What the units cost in one way, and who pays for them."""
    copilot, api = [], []
    payers: dict[str, tuple[Terms, list[int], bool]] = {}
    seat_usd = Decimal(0)
    for index, group in enumerate(horizon.groups):
        lanes = lanes_of(plan, index)
        columns = 2 + 2 * len(thresholds[index])
        in_copilot, in_api = np.zeros((len(lanes), columns)), np.zeros((len(lanes), columns))
        for row, lane in enumerate(lanes):
            target = in_copilot if lane.estimate.option.route == "copilot" else in_api
            target[row] = _coefficients(horizon, group, lane.estimate, thresholds[index])
        mine = [unit for unit, owner in enumerate(group_of) if owner == index]
        for _ in mine:
            copilot.append(in_copilot)
            api.append(in_api)
        names = {option.plan for option in plan.options[index] if option.plan is not None}
        people = horizon.people(group, place)
        by_it = account is not None and any(map(by_account, plan.options[index]))
        seats = [*sorted(names), *(["one of the account"] if by_it else [])]
        if len(seats) > 1:
            raise InputError(f"group {group.name}: a person has one seat, not {' and '.join(seats)}")
        for name in names:
            terms = plan_named(name)
            included = (terms.included_credits_on(horizon.month_start(place)) or 0) * NANO_AIU_PER_CREDIT
            seat_usd += terms.usd_per_seat * people
            if included * people > _MOST_NANO_AIU:
                raise InputError(f"{people:,} seats of {name} include more credits than can be counted; forecast fewer")
            key = name if terms.pooled else f"{name} {index}"
            known, members, _ = payers.get(key, (None, [], False))
            pool = included * people if terms.pooled else included
            before = 0 if known is None else known.pool[0][1]
            actors = (_NO_LIMITS,) * (len(members) + len(mine) if terms.pooled else 1)
            flat = Terms(actors, (NO_LIMIT,), ((0, before + pool),), (), (), True)
            payers[key] = (flat, [*members, *mine], not terms.pooled)
    if account is not None:
        billed = [
            unit for unit, index in enumerate(group_of) if any(by_account(option) for option in plan.options[index])
        ]
        if billed:
            limits = crowd_terms(account)[0]
            actors = tuple(limits.actors[crowd_of[unit]]._replace(user=0) for unit in billed)
            payers["account"] = (replace(limits, actors=actors, user_limits=(NO_LIMIT,)), billed, False)
            seat_usd += seat_fees(account)
    return Way(
        plan.name,
        tuple(copilot),
        tuple(api),
        tuple(Payer(terms, tuple(members), alone) for terms, members, alone in payers.values()),
        float(seat_usd),
    )


def _coefficients(horizon: Horizon, group: Group, estimate: Estimate, thresholds: list[float]) -> "Floats":
    """Credits per unit of each column: the two factors, then the two factors of tasks above each threshold."""
    if horizon.tiers == "mean":
        return np.array(task_credits(estimate, estimate.rate))
    rows = estimate.rate.tiers
    costs = [task_credits(estimate, row) for row in rows]
    found = np.zeros(2 + 2 * len(thresholds))
    found[:2] = costs[0]
    for tier, size in enumerate(tier_sizes(group, estimate), start=1):
        at = 2 + 2 * thresholds.index(size)
        found[at : at + 2] += np.array(costs[tier]) - np.array(costs[tier - 1])
    return found


def _level(horizon: Horizon, days: list[date]) -> Level:
    """How far use so far moves the level: its ratio to what was expected, its weight, the level, and what stays uncertain.

    The weight is that of credibility theory (Buehlmann): the variance of levels over itself and the variance of use at a
    known level. One person counts as one of the people that the profile is the mean of.
    """
    expected, noise, prior = 0.0, 0.0, 0.0
    for group in horizon.groups:
        crowd = Crowd(group.people, 0, NO_LIMIT)
        unit = _unit(horizon, group, 0, days, [crowd], crowd, Level())
        month = horizon.estimate(group, horizon.yardstick, 0)
        others, cached = task_credits(month, month.rate)
        mean, variance = month_variance(unit.habits, len(horizon.known), (others, cached))
        stated = group.profile.people_sigma
        spread = float(ASSUMED["people_sigma"][0] if stated is None else stated)
        if group.profile.per != "developer":
            spread = 0.0 if stated is None else float(stated)
        level = float(spread_of(group, "level_sigma")[0])
        between = math.expm1(spread**2)
        expected += mean * group.people
        noise += variance * group.people
        prior += between * mean**2 * group.people + math.expm1(level**2) * (mean * group.people) ** 2
    if not expected:
        raise InputError("the profile expects no use on the days that are known so far; it cannot be held against it")
    ratio = horizon.known_work / expected
    weight = prior / (prior + noise) if prior else 0.0
    factor = weight * ratio + (1 - weight)
    left = (1 - weight) * prior / expected**2
    sigma = math.sqrt(math.log1p(left / factor**2)) if factor > 0 else 0.0
    return Level(ratio, weight, factor, sigma)
