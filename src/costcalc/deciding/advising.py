"""Which plan, which mix of seats, which route: advice with its reason, how likely it is right, and what it costs if it is not.

All that could be done instead is drawn on the same possible months. Advised is the lowest mean bill among what blocks no more
work than is blocked now.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from costcalc.billing.account import Account
from costcalc.billing.plan import plan as plan_named
from costcalc.deciding.alternatives import Ways, copilot_credits, moved_seats, pooled_account, with_plans
from costcalc.deciding.crossings import breakeven
from costcalc.deciding.levers import levers_of
from costcalc.errors import check_between, check_type
from costcalc.estimation import Option, by_account
from costcalc.forecasting.horizon import MAX_DRAWS, PLANNED, Horizon, HorizonMonth, PricedWay, month_of
from costcalc.forecasting.outlook import Distribution, cheapest_chances, distribution, figure, nearly, share_of
from costcalc.forecasting.running import (
    DEFAULT_DRAWS,
    checked_confidence,
    drawn_months,
    estimate_notices,
    model_notices,
)
from costcalc.forecasting.simulation import WayDraws
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.display import Part, Result, Table, cents, number, percent, usd
from costcalc.team import Team
from costcalc.units import canonical, known, plain
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LEAST_USD: Final = 0.005
"""Half a cent: what saves less is not worth a line."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that could be done: its bill, the budget that holds with the confidence asked for, and how it fares.

    `cheapest_probability` is in what share of the months it is the cheapest of all that block no more than is blocked now
    (several that tie share the month; None: it blocks more, and does not stand for choice), `unbeaten_probability` in what
    share nothing is cheaper; `regret_usd` is what it costs on average more than the cheapest of the month.
    """

    name: str
    total_usd: Distribution
    budget_usd: Decimal
    blocked_credits: Decimal
    cheapest_probability: Decimal | None
    unbeaten_probability: Decimal | None
    regret_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Use:
    """From how many tasks a month of one payer on (up to, exclusive) which candidate is the cheapest, by expected bills.

    `share` is the share of possible months, or of people where they pay for themselves, that lie there.
    """

    start: Decimal
    end: Decimal
    cheapest: str | None
    share: Decimal


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to turn on or off beside the choice: what it saves on average, and the work that it blocks."""

    what: str
    saving_usd: Decimal
    blocked_credits: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Belief:
    """A claim of a price that, believed instead, leads to other advice."""

    rate: Rate
    advised: str


@dataclass(frozen=True, slots=True, repr=False)
class Advice(Result):
    """What to do, and what speaks for it. `current` is what a team or an account does now; of a profile that is not known.

    Candidates are sorted by their mean bill, those that block more than is blocked now at the end. `own_plans_usd` is, where
    people pay for themselves, what all of them would pay on average if each had the plan that suits their own month: at best.
    """

    kind: ClassVar[str] = "advise"

    work: str
    people: int
    on: date
    basis: str
    seed: int
    draws: int
    confidence: Decimal
    advised: Candidate
    current: Candidate | None
    candidates: tuple[Candidate, ...]
    by_use: tuple[Use, ...]
    own_plans_usd: Decimal | None
    levers: tuple[Lever, ...]
    turned_by: tuple[Belief, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def saving_usd(self) -> Decimal | None:
        """What the advice saves a month on average; None where it is not known what is done now."""
        if self.current is None:
            return None
        return canonical(self.current.total_usd.mean - self.advised.total_usd.mean)

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "work": self.work,
            "people": self.people,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "seed": self.seed,
            "draws": self.draws,
            "confidence": plain(self.confidence),
            "advised": self.advised.name,
            "current": None if self.current is None else self.current.name,
            "saving_usd": known(self.saving_usd),
            "right_probability": known(self.advised.unbeaten_probability),
            "regret_usd": known(self.advised.regret_usd),
            "budget_usd": plain(self.advised.budget_usd),
            "candidates": [
                {
                    "name": each.name,
                    "total_usd": each.total_usd.to_dict(),
                    "budget_usd": plain(each.budget_usd),
                    "blocked_credits": plain(each.blocked_credits),
                    "cheapest_probability": known(each.cheapest_probability),
                    "unbeaten_probability": known(each.unbeaten_probability),
                    "regret_usd": known(each.regret_usd),
                    "errors": each.total_usd.errors_dict(),
                }
                for each in self.candidates
            ],
            "by_use": [
                {
                    "from_tasks": plain(each.start),
                    "to_tasks": plain(each.end),
                    "cheapest": each.cheapest,
                    "share": plain(each.share),
                }
                for each in self.by_use
            ],
            "own_plans_usd": known(self.own_plans_usd),
            "levers": [
                {
                    "what": each.what,
                    "saving_usd": plain(each.saving_usd),
                    "blocked_credits": plain(each.blocked_credits),
                    "note": each.note,
                }
                for each in self.levers
            ],
            "turned_by": [
                {
                    "claim": each.rate.id,
                    "status": each.rate.status,
                    "source": each.rate.source,
                    "advised": each.advised,
                }
                for each in self.turned_by
            ],
        }

    def parts(self) -> Iterator[Part]:
        yield "\n".join(self._answer())
        blocks = any(each.blocked_credits for each in self.candidates)
        yield Table(
            (
                "option",
                "bill, mean",
                "p50",
                "p90",
                f"budget, {percent(self.confidence)}",
                "cheapest in",
                "dearer by",
                *(["blocks, credits"] if blocks else ()),
            ),
            tuple(
                (
                    f"{each.name} (now)" if self.current is not None and each.name == self.current.name else each.name,
                    cents(each.total_usd.mean),
                    cents(each.total_usd[50]),
                    cents(each.total_usd[90]),
                    cents(each.budget_usd),
                    "(blocks work)" if each.cheapest_probability is None else percent(each.cheapest_probability),
                    cents(each.total_usd.mean - self.advised.total_usd.mean),
                    *([each.blocked_credits or None] if blocks else ()),
                )
                for each in self.candidates
            ),
            f"A month of {self.work} in USD: {self.draws:,} possible months, seed {self.seed}, prices of {self.on}",
        )
        if len(self.by_use) > 1:
            yield Table(
                ("tasks a month, from", "to", "cheapest", "so much lies there"),
                tuple(
                    (cents(each.start), cents(each.end), each.cheapest or "(a tie)", percent(each.share))
                    for each in self.by_use
                ),
                "By how much is done: exact crossings of the expected bills",
            )
        if self.own_plans_usd is not None:
            less = self.advised.total_usd.mean - self.own_plans_usd
            yield (
                f"With the plan that suits their own month for everyone, all would pay {usd(cents(self.own_plans_usd))} a "
                f"month on average, {usd(cents(less))} less than with the advice: upgrades by person pay that much at best."
            )
        if self.levers:
            yield Table(
                ("turn", "saves, mean", "blocks, credits", "note"),
                tuple(
                    (each.what, usd(cents(each.saving_usd)), each.blocked_credits, each.note) for each in self.levers
                ),
                f"What else could be turned on or off with {self.advised.name}",
            )
        yield from claims_line(self.rates)

    def _answer(self) -> Iterator[str]:
        best = self.advised
        yield f"Advice: {best.name}, {usd(cents(best.total_usd.mean))} a month on average."
        saving = self.saving_usd
        if self.current is not None and saving is not None:
            yield (
                f"That is what is done now{' for the work that is not blocked' if best.blocked_credits else ''}."
                if self.current.name == best.name
                else f"It saves {usd(cents(saving))} a month on average against {self.current.name}."
            )
        if best.blocked_credits:
            yield (
                f"It blocks {number(best.blocked_credits)} credits of work a month on average: its bill is not for all of the "
                "work, nor is it now."
            )
        if best.unbeaten_probability is not None and best.regret_usd is not None and len(self._choice) > 1:
            yield (
                f"Nothing is cheaper in {percent(best.unbeaten_probability)} of possible months; not to know the month "
                f"beforehand costs {usd(cents(best.regret_usd))} on average."
            )
        others = [each for each in self._choice if each.name != best.name]
        if others:
            more = others[0].total_usd.mean - best.total_usd.mean
            error = max(best.total_usd.errors["mean"], others[0].total_usd.errors["mean"])
            close = ", a close call" if more <= max(error, best.total_usd.mean / 50) else ""
            yield (
                f"Next is {others[0].name}, {usd(cents(more))} more on average{close}."
                if cents(more)
                else f"As cheap on average is {others[0].name}."
            )
        yield f"A budget of {usd(cents(best.budget_usd))} holds in {percent(self.confidence)} of months."
        for each in self.turned_by:
            claim = f"{each.rate.source} ({each.rate.status}) on {each.rate.route}/{each.rate.model}"
            yield f"- Believing {claim}, the advice is {each.advised}."

    @property
    def _choice(self) -> list[Candidate]:
        return [each for each in self.candidates if each.cheapest_probability is not None]

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "option": each.name,
                "advised": each.name == self.advised.name,
                "current": self.current is not None and each.name == self.current.name,
                "mean_usd": each.total_usd.mean,
                "p50_usd": each.total_usd[50],
                "p90_usd": each.total_usd[90],
                "budget_usd": each.budget_usd,
                "blocked_credits": each.blocked_credits,
                "cheapest_probability": each.cheapest_probability,
                "unbeaten_probability": each.unbeaten_probability,
                "regret_usd": each.regret_usd,
            }
            for each in self.candidates
        ]


@dataclass(slots=True)
class _Drawn:
    """A way that was drawn."""

    name: str
    horizon: Horizon
    month: HorizonMonth
    plan: PricedWay
    draws: WayDraws

    @property
    def mean(self) -> float:
        return float(self.draws.total_usd.mean())

    @property
    def blocked(self) -> float:
        return float(self.draws.blocked.mean())


def advise(
    work: "SessionProfile | Team | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    plans: Sequence[str] | None = None,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    confidence: "float | Decimal" = 0.9,
    draws: int = DEFAULT_DRAWS,
    seed: int = 1,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
    workers: int | None = None,
    told: "Callable[[int, int], object] | None" = None,
) -> Advice:
    """The cheapest plan, mix of seats or route for a profile, a team or an account, on the same possible months.

    A Copilot option without a plan stands for one with each plan: individual plans for one person, those of organisations
    for several, unless `plans` states which may be chosen. A team keeps its options, and the best mix of plans for its groups
    is among the candidates; further options are alternatives for all of it. For an account, seats moved to another plan are:
    all, and the number of them that costs least. Left out, the options are those of `costcalc.compare`, unless there is a
    team or an account. `confidence` is the share of months that the budget has to hold in. Other arguments as in
    `costcalc.forecast`.

    Advised is the lowest mean bill among what blocks no more work than is blocked now. What it leaves out is what a forecast
    cannot know: whether the profile fits you, and what a plan is worth besides credits.

    Raises `InputError` for what cannot be forecast, and what `estimate` raises.

    >>> from datetime import date
    >>> found = advise("interactive_ide", "copilot/claude-haiku-4.5", on=date(2026, 10, 15), draws=2_000)
    >>> found.advised.name, found.current
    ('copilot/claude-haiku-4.5@pro', None)
    """
    check_between("draws", draws, 100, MAX_DRAWS)
    check_between("seed", seed, 0, 2**63)
    holds = checked_confidence(confidence)
    check_type("plans", plans, (Iterable, type(None)), "a list of plans")
    horizon = replace(
        Horizon.of(work, options, account, developers, on, basis, 1, 0.0, 0.0, None, "mean", split_cache_writes, rates),
        with_claims=False,
    )

    def drawn(some: Horizon) -> list[_Drawn]:
        month = month_of(some, 0)
        results = drawn_months(some, [month], draws, seed, None, workers, told)[0]
        return [_Drawn(plan.name, some, month, plan, result) for plan, result in zip(month.plans, results, strict=True)]

    ways, notices = with_plans(horizon, plans, lambda some: [each.mean for each in drawn(some)])
    variants = list(_seat_variants(horizon, plans))

    def everything(believed: "Mapping[tuple[str, str, str], Rate]") -> list[_Drawn]:
        found = drawn(replace(horizon, ways=ways, believed=believed))
        for name, variant in variants:
            found += [replace(each, name=name) for each in drawn(replace(variant, believed=believed))]
        return found

    found = everything({})
    now = horizon.ways[0][0] if horizon.account is not None or horizon.ways[0][0] == PLANNED else None
    current = next((each for each in found if each.name == now), None)
    allowed = _allowed(found, current)
    advised = min(allowed, key=lambda each: each.mean)
    candidates = tuple(_candidates(found, allowed, holds))
    levers, pulled = _levers(advised, drawn)
    beliefs = tuple(_turned_by(horizon, found, {each.name for each in allowed}, advised, everything))
    priced = [lane.estimate.rate for each in [*found, *pulled] for lane in each.plan.lanes]
    months = {id(each.month): each.month for each in [*found, *pulled]}.values()
    best = next(each for each in candidates if each.name == advised.name)
    return Advice(
        work=horizon.name,
        people=sum(group.people for group in horizon.groups),
        on=horizon.day,
        basis=basis,
        seed=seed,
        draws=draws,
        confidence=holds,
        advised=best,
        current=next((each for each in candidates if current is not None and each.name == current.name), None),
        candidates=candidates,
        by_use=tuple(_by_use(horizon, [each for each in allowed if each.horizon.account is horizon.account])),
        own_plans_usd=_own_plans_usd(horizon, allowed, advised),
        levers=levers,
        turned_by=beliefs,
        rates=tuple({rate.id: rate for rate in (*priced, *(each.rate for each in beliefs))}.values()),
        notices=distinct(
            (
                *(_blocked_notice(best) if best.blocked_credits else ()),
                *notices,
                *(notice for month in months for notice in estimate_notices([month])),
                *model_notices(horizon, found[0].month),
                *horizon.notices,
                Notice("advice_by_bill", "advice is by the bill alone; what a plan offers besides credits is left out"),
            )
        ),
    )


def _blocked_notice(best: Candidate) -> Iterator[Notice]:
    message = (
        f"limits block {number(best.blocked_credits)} credits of work a month on average: the bill is not for all of it"
    )
    yield Notice("work_blocked", message)


def _seat_variants(horizon: Horizon, plans: Sequence[str] | None) -> Iterator[tuple[str, Horizon]]:
    """Horizons with other seats of the account, for its first way; of people without one, mixes of two pooled plans."""
    account = horizon.account or pooled_account(horizon, plans)
    if account is None:
        return
    first = next(
        (way for way in horizon.ways if any(by_account(o) for each in way[1] for o in each)),
        None,
    )
    if first is None:
        return
    credits = sum((copilot_credits(horizon, first[1], place) for place in range(len(horizon.groups))), Decimal(0))
    for moved in moved_seats(account, credits, plans):
        if horizon.account is not None or len(moved.account.seats) > 1:
            yield f"{first[0]}, {moved.words}", replace(horizon, account=moved.account, ways=[first])


def _allowed(everything: list[_Drawn], current: _Drawn | None) -> list[_Drawn]:
    """What may be advised: what blocks no more work than is blocked now, or, without a now, than has to be."""
    limit = min(each.blocked for each in everything) if current is None else current.blocked
    return [each for each in everything if each.blocked <= limit * (1 + 1e-9) + 1e-6]


def _candidates(everything: list[_Drawn], allowed: list[_Drawn], holds: Decimal) -> Iterator[Candidate]:
    totals = np.stack([each.draws.total_usd for each in allowed])
    lowest = totals.min(axis=0)
    chances = dict(zip([each.name for each in allowed], cheapest_chances(totals), strict=True))
    for each in sorted(everything, key=lambda each: (each.name not in chances, each.mean)):
        chance = chances.get(each.name)
        beaten = each.draws.total_usd > nearly(lowest)
        lost = np.where(beaten, each.draws.total_usd - lowest, 0.0)
        yield Candidate(
            name=each.name,
            total_usd=distribution(each.draws.total_usd, crowds=each.horizon.has_crowds),
            budget_usd=figure(np.quantile(each.draws.total_usd, float(holds))),
            blocked_credits=figure(each.blocked),
            cheapest_probability=chance,
            unbeaten_probability=None if chance is None else share_of(1 - beaten.mean()),
            regret_usd=None if chance is None else figure(lost.mean()),
        )


def _turned_by(
    horizon: Horizon,
    found: list[_Drawn],
    allowed: set[str],
    advised: _Drawn,
    everything: "Callable[[Mapping[tuple[str, str, str], Rate]], list[_Drawn]]",
) -> Iterator[Belief]:
    """Claims under which another candidate has the lowest mean bill, one belief at a time, on the same draws."""
    lanes = [lane.estimate for each in found for lane in each.plan.lanes if lane.estimate.option.basis is None]
    keys = dict.fromkeys((each.option.route, each.option.model, each.option.service_tier) for each in lanes)
    for route, model, service_tier in keys:
        known = {each.rate.tiers[0].id for each in lanes if (each.option.route, each.option.model) == (route, model)}
        for claim in horizon.book.claims(model, route=route, on=horizon.day, service_tier=service_tier):
            if claim.tiers[0].id in known:
                continue
            other = [each for each in everything({(route, model, service_tier): claim}) if each.name in allowed]
            best = min(other, key=lambda each: each.mean)
            mine = next(each.mean for each in other if each.name == advised.name)
            if best.name != advised.name and best.mean < mine - 1e-9 * max(1.0, abs(mine)):
                yield Belief(claim, best.name)


def _by_use(horizon: Horizon, allowed: list[_Drawn]) -> Iterator[Use]:
    """By how many tasks a month one payer does, which candidate is the cheapest; nothing for a team."""
    if horizon.ways[0][0] == PLANNED or len(allowed) < 2 or horizon.account is not None:
        return
    group, options = horizon.groups[0], [each.plan.options[0][0] for each in allowed]
    alone = _pay_alone(horizon, allowed)
    credits = allowed[0].draws.people["credits"] if alone else allowed[0].draws.credits
    level = credits / credits.mean()
    tasks = float(group.profile.tasks_per_day)
    high = Decimal(f"{max(1.0, float(np.quantile(level, 0.999))) * tasks * 2:.3g}")
    found = breakeven(
        group.profile, options, "tasks_per_day", high=high, developers=1 if alone else group.people, on=horizon.day,
        basis=horizon.basis, split_cache_writes=horizon.split_cache_writes, rates=horizon.book,
    )  # fmt: skip
    days = group.profile.active_days * (1 if alone else group.people)
    for each in found.intervals:
        start, end = float(each.start), float(each.end)
        inside = (level * tasks >= start) & ((level * tasks < end) | (each is found.intervals[-1]))
        yield Use(figure(start * float(days)), figure(end * float(days)), each.cheapest, share_of(inside.mean()))


def _pay_alone(horizon: Horizon, allowed: list[_Drawn]) -> bool:
    """Whether the people of a profile are several, and each pays for their own use."""
    plans = [each.plan.options[0][0].plan for each in allowed]
    return horizon.groups[0].people > 1 and not any(plan is not None and plan_named(plan).pooled for plan in plans)


def _own_plans_usd(horizon: Horizon, allowed: list[_Drawn], advised: _Drawn) -> Decimal | None:
    """What everyone would pay with the cheapest candidate for their own month; None where people do not pay alone."""
    if horizon.ways[0][0] == PLANNED or horizon.account is not None or not _pay_alone(horizon, allowed):
        return None
    bills = {}
    for each in allowed:
        plan = each.plan.options[0][0].plan
        bills[each.name] = each.draws.people["usd"] + (0.0 if plan is None else float(plan_named(plan).usd_per_seat))
    saved = (bills[advised.name] - np.minimum.reduce(list(bills.values()))).mean() * horizon.groups[0].people
    return figure(advised.mean - saved)


def _levers(advised: _Drawn, drawn: "Callable[[Horizon], list[_Drawn]]") -> tuple[tuple[Lever, ...], list[_Drawn]]:
    """What turning something on or off changes, on the same months, and the ways that were drawn for it."""
    horizon = advised.horizon
    changes = levers_of(horizon, advised.plan.options)
    notes = {what: note for what, _, note in changes}
    ways: Ways = [(what, options) for what, options, _ in changes]
    levers, pulled = [], []
    for each in drawn(replace(horizon, ways=ways)) if ways else ():
        saving = advised.mean - each.mean
        if saving > _LEAST_USD:
            blocked = figure(max(0.0, each.blocked - advised.blocked))
            levers.append(Lever(each.name, figure(saving), blocked, notes[each.name]))
            pulled.append(each)
    off = _without_additional_usage(advised, drawn)
    return (*levers, *off), pulled


def _without_additional_usage(advised: _Drawn, drawn: "Callable[[Horizon], list[_Drawn]]") -> Iterator[Lever]:
    """What it saves, and blocks, that work stops when the included credits are used up."""
    horizon, options = advised.horizon, advised.plan.options
    if horizon.account is not None:
        if not horizon.account.allows_additional_usage:
            return
        account = horizon.account.model_copy(update={"additional_usage": False})
        for each in drawn(replace(horizon, account=account, ways=[(advised.plan.name, options)])):
            if each.blocked - advised.blocked > 1e-6:
                note = "work stops when the pool is used up"
                saving, blocked = figure(advised.mean - each.mean), figure(each.blocked - advised.blocked)
                yield Lever("additional usage off", saving, blocked, note)
        return
    on_plans = [place for place, each in enumerate(options) if all(option.plan is not None for option in each)]
    if not on_plans:
        return
    groups = tuple(horizon.groups[place] for place in on_plans)
    alone = advised
    if len(groups) < len(horizon.groups):
        (alone,) = drawn(replace(horizon, groups=groups, ways=[(PLANNED, [options[place] for place in on_plans])]))
    metered = alone.mean - alone.month.ways[alone.month.plans.index(alone.plan)].seat_usd
    if metered > _LEAST_USD:
        note = "work stops when the included credits are used up"
        yield Lever("additional usage off", figure(metered), figure(metered * 100), note)
