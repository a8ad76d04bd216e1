"""What could be done instead: other plans for a profile or the groups of a team, other seats for an account.

Everything here is found by enumeration over the one rule of the expected bill; which of the few that remain is best is for
the forecast to say.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Final

from costcalc.billing.account import Account, Seats
from costcalc.billing.bill import monthly_bill
from costcalc.billing.plan import Plan, plans
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.statement import expected_bill
from costcalc.errors import InputError
from costcalc.estimation import Option, by_account
from costcalc.forecasting.horizon import PLANNED, Horizon
from costcalc.notices import Notice
from costcalc.units import EXACT

MAX_MIXES: Final = 20_000
_MIXES_KEPT: Final = 3
_FINE: Final = 64
"""So many numbers of moved seats are tried evenly, and then around the best."""

Ways = list[tuple[str, list[list[Option]]]]


@dataclass(frozen=True, slots=True)
class Moved:
    """An account with some of its seats on another plan; `words` say which."""

    words: str
    account: Account


def plans_to_choose(kind: str, stated: Sequence[str] | None) -> list[Plan]:
    """The plans that may be chosen, by rising price: those that are stated, else all paid ones of a kind with known credits.

    Raises `UnknownNameError` for a plan that is not known, `InputError` for one whose credits are not.
    """
    if stated is not None:
        stated = [stated] if isinstance(stated, str) else stated
        found = [plan_named(name) for name in dict.fromkeys(stated)]
        if not found:
            raise InputError("no plan to choose from; state at least one, or leave plans out")
        for each in found:
            if each.included_credits is None:
                raise InputError(f"the credits included in plan {each.id} are not known, so it cannot be advised")
    else:
        found = [each for each in plans().values() if each.kind == kind and each.usd_per_seat and not each.auto_only]
    return sorted(found, key=lambda each: (each.usd_per_seat, each.id))


def with_plans(
    horizon: Horizon, stated: Sequence[str] | None, means: "Callable[[Horizon], list[float]]"
) -> tuple[Ways, list[Notice]]:
    """The ways of a horizon; where Copilot is used without a plan or an account to bill it, once with each plan.

    Individual plans for one person, plans of organisations for several, unless plans are stated. A team's own way is
    followed by all of its groups on each plan, and by the best mixes of plans for them. `means` draws the ways of a
    horizon and gives the mean bill of each.
    """
    found: Ways = []
    people = sum(group.people for group in horizon.groups)
    for name, options in horizon.ways:
        bare = [option for each in options for option in each if _needs_a_plan(option, horizon.account)]
        if not bare:
            found.append((name, options))
            continue
        for plan in plans_to_choose("individual" if people == 1 else "organization", stated):
            chosen = [[_on_plan(option, plan.id, horizon.account) for option in each] for each in options]
            found.append((_named(name, chosen, plan.id), chosen))
    notices: list[Notice] = []
    if horizon.ways[0][0] == PLANNED and horizon.account is None:
        mixes, notices = _mixes(horizon, stated, means)
        for name, options in mixes:
            if options not in [known for _, known in found]:
                found.append((name, options))
    return found, notices


def _named(name: str, options: list[list[Option]], plan: str) -> str:
    """The name of a way on a plan: the option itself where there is but one."""
    different = {str(option) for each in options for option in each}
    return different.pop() if len(different) == 1 else f"{name}, on {plan}"


def _needs_a_plan(option: Option, account: Account | None) -> bool:
    return by_account(option) and account is None


def _on_plan(option: Option, plan: str, account: Account | None) -> Option:
    return replace(option, plan=plan) if _needs_a_plan(option, account) else option


def _mixes(
    horizon: Horizon, stated: Sequence[str] | None, means: "Callable[[Horizon], list[float]]"
) -> tuple[Ways, list[Notice]]:
    """For a team all groups on each plan, and the best mixes of plans for its groups.

    A group keeps to plans of the kind that it has, unless plans are stated. Where people pay for themselves, each group has
    the plan with its lowest mean bill. Groups on plans that share a pool depend on each other: of all their mixes those with
    the lowest bills of the expected month are kept.
    """
    options = horizon.ways[0][1]
    choices: list[list[Plan | None]] = []
    for each in options:
        copilot = [option for option in each if option.route == "copilot"]
        own = copilot[0].plan if copilot else None
        kind = "organization" if own is None else plan_named(own).kind
        choices.append([*plans_to_choose(kind, stated)] if copilot else [None])
    found: Ways = []
    for plan in dict.fromkeys(plan for choice in choices for plan in choice if plan is not None):
        if all(plan in choice or choice == [None] for choice in choices):
            found.append(
                (f"all on {plan.id}", _on_plans(options, [None if each == [None] else plan for each in choices]))
            )
    for place, choice in enumerate(choices):
        alone = [plan for plan in choice if plan is not None and not plan.pooled]
        if len(alone) > 1 and len(alone) == len(choice):
            choices[place] = [_best_alone(horizon, place, alone, means)]
    credits = [copilot_credits(horizon, options, place) for place in range(len(horizon.groups))]
    notices = []
    if math.prod(map(len, choices)) > MAX_MIXES:
        message = "there are too many mixes of plans to try; each group has the plan that suits it on its own"
        notices.append(Notice("mixes_left_out", message))
        for place, choice in enumerate(choices):
            alone = [plan for plan in choice if plan is not None]
            if alone:
                usd = {
                    plan.id: _bill_usd(plan, horizon, horizon.groups[place].people, credits[place]) for plan in alone
                }
                choices[place] = [min(alone, key=lambda plan, usd=usd: usd[plan.id])]  # type: ignore[misc]
    best = heapq.nsmallest(_MIXES_KEPT, product(*choices), key=lambda mix: _mix_usd(horizon, mix, credits))
    for mix in best:
        words = ", ".join(f"{group.name} on {plan.id}" for group, plan in zip(horizon.groups, mix, strict=True) if plan)
        found.append((words, _on_plans(options, mix)))
    return found, notices


def _best_alone(horizon: Horizon, place: int, plans: list[Plan], means: "Callable[[Horizon], list[float]]") -> Plan:
    """The plan with the lowest mean bill of a group whose people pay for themselves."""
    group, options = horizon.groups[place], horizon.ways[0][1][place]
    ways = [(plan.id, _on_plans([options], [plan])) for plan in plans]
    found = means(replace(horizon, groups=(group,), ways=ways))
    return plans[found.index(min(found))]


def _bill_usd(plan: Plan, horizon: Horizon, seats: int, credits: Decimal) -> Decimal:
    return monthly_bill(plan, seats, credits, horizon.day)[0].total_usd or Decimal(0)


def _on_plans(options: list[list[Option]], mix: Sequence[Plan | None]) -> list[list[Option]]:
    """The options of each group on its plan."""
    return [
        [replace(option, plan=plan.id) if plan is not None and option.route == "copilot" else option for option in each]
        for each, plan in zip(options, mix, strict=True)
    ]


def copilot_credits(horizon: Horizon, options: list[list[Option]], place: int) -> Decimal:
    """Credits that a group uses on Copilot in an expected month of a way."""
    total = Decimal(0)
    group = horizon.groups[place]
    for option, (_, share) in zip(options[place], group.options, strict=True):
        if option.route == "copilot":
            total = EXACT.add(total, EXACT.multiply(horizon.estimate(group, option, 0).month.credits, share))
    return total


def _mix_usd(horizon: Horizon, mix: Sequence[Plan | None], credits: Sequence[Decimal]) -> Decimal:
    """The bills of the expected month, pooled plans together."""
    pools: dict[str, tuple[Plan, int, Decimal]] = {}
    for place, plan in enumerate(mix):
        if plan is not None:
            key = plan.id if plan.pooled else f"{plan.id} {place}"
            _, seats, used = pools.get(key, (plan, 0, Decimal(0)))
            pools[key] = (plan, seats + horizon.groups[place].people, EXACT.add(used, credits[place]))
    total = Decimal(0)
    for plan, seats, used in pools.values():
        total = EXACT.add(total, _bill_usd(plan, horizon, seats, used))
    return total


def pooled_account(horizon: Horizon, stated: Sequence[str] | None) -> Account | None:
    """Seats of the cheapest pooled plan for all people of a profile, from which some may move up; None where none pool."""
    choice = plans_to_choose("organization", stated)
    people = horizon.groups[0].people
    if horizon.account is not None or len(horizon.groups) > 1 or people < 2 or len(choice) < 2:
        return None
    if not all(plan.pooled for plan in choice):
        return None
    return Account(kind="organization", month=f"{horizon.day:%Y-%m}", seats=(Seats(plan=choice[0].id, count=people),))


def moved_seats(account: Account, credits: Decimal, stated: Sequence[str] | None) -> Iterator[Moved]:
    """Accounts worth a look instead: for each two plans all seats moved, and the number of them that costs least.

    `credits` are those of the expected month.
    """
    kind = "individual" if account.kind == "individual" else "organization"
    choice = [plan.id for plan in plans_to_choose(kind, stated)]
    for plan in choice:
        if plan_named(plan).kind != kind:
            raise InputError(f"plan {plan} is not for an account of kind {account.kind}")
    have = dict.fromkeys(seats.plan for seats in account.billed_seats())
    for source in have:
        number = sum(seats.number for seats in account.billed_seats() if seats.plan == source)
        for target in choice:
            if target == source:
                continue
            whole = with_moved_seats(account, source, target, number)
            if number > 1:
                best = _cheapest_number(account, credits, source, target, number)
                if 0 < best < number:
                    yield Moved(
                        f"{best:,} of {number:,} {source} seats to {target}",
                        with_moved_seats(account, source, target, best),
                    )
            yield Moved(f"all {source} seats to {target}" if number > 1 else f"{source} to {target}", whole)


def _cheapest_number(account: Account, credits: Decimal, source: str, target: str, number: int) -> int:
    """How many seats to move for the lowest bill of the expected month: every number, or of many those around the best."""
    known: dict[int, Decimal] = {}

    def usd(moved: int) -> Decimal:
        if moved not in known:
            known[moved] = expected_bill(with_moved_seats(account, source, target, moved), credits).total_usd
        return known[moved]

    low, high = 0, number
    while True:
        step = max(1, (high - low) // _FINE)
        tried = {moved: usd(moved) for moved in (*range(low, high, step), high)}
        best: int = min(tried, key=lambda moved: (tried[moved], moved))
        if step == 1:
            return best
        low, high = max(0, best - step), min(number, best + step)


def with_moved_seats(account: Account, source: str, target: str, number: int) -> Account:
    """The account with its first seats of one plan on another, in the order that it lists them."""
    seats: list[Seats] = []
    left = number
    billed = set(map(id, account.billed_seats()))
    for each in account.seats:
        taken = min(left, each.number) if each.plan == source and id(each) in billed else 0
        left -= taken
        if taken:
            seats.append(_part(each, 0, taken, target))
        if taken < each.number:
            seats.append(_part(each, taken, each.number, each.plan) if taken else each)
    return account.model_copy(update={"seats": tuple(seats)})


def _part(seats: Seats, start: int, end: int, plan: str) -> Seats:
    """Some of the seats of a table, on a plan."""
    if seats.count is None:
        return seats.model_copy(update={"plan": plan, "users": seats.users[start:end]})
    return seats.model_copy(update={"plan": plan, "count": end - start})
