"""What could be done instead: other plans for a profile or the groups of a team, other seats for an account.

Everything here is found by enumeration over the one rule of the expected bill; which of the few that remain is best is for
the forecast to say.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Final

from costcalc.billing.account import Account, Seats
from costcalc.billing.bill import monthly_bill
from costcalc.billing.plan import Plan, plans
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.statement import expected_bill
from costcalc.errors import InputError, RateNotFoundError
from costcalc.estimation import Option, option_rate
from costcalc.horizon import PLANNED, Horizon
from costcalc.pricing.catalog import STANDARD
from costcalc.units import EXACT

MAX_MIXES: Final = 20_000
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
        found = [plan_named(name) for name in dict.fromkeys(stated)]
        if not found:
            raise InputError("no plan to choose from; state at least one, or leave plans out")
        for each in found:
            if each.included_credits is None:
                raise InputError(f"the credits included in plan {each.id} are not known, so it cannot be advised")
    else:
        found = [each for each in plans().values() if each.kind == kind and each.usd_per_seat and not each.auto_only]
    return sorted(found, key=lambda each: (each.usd_per_seat, each.id))


def with_plans(horizon: Horizon, stated: Sequence[str] | None) -> Ways:
    """The ways of a horizon; where Copilot is used without a plan or an account to bill it, once with each plan.

    Individual plans for one person, plans of organisations for several, unless plans are stated. A team's own way is
    followed by all of its groups on each plan, and by the best mix of plans for them.
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
    for name, options in _mixes(horizon, stated):
        if options not in [known for _, known in found]:
            found.append((name, options))
    return found


def _named(name: str, options: list[list[Option]], plan: str) -> str:
    """The name of a way on a plan: the option itself where there is but one."""
    different = {str(option) for each in options for option in each}
    return different.pop() if len(different) == 1 else f"{name}, on {plan}"


def _needs_a_plan(option: Option, account: Account | None) -> bool:
    return option.route == "copilot" and option.plan is None and account is None


def _on_plan(option: Option, plan: str, account: Account | None) -> Option:
    return replace(option, plan=plan) if _needs_a_plan(option, account) else option


def _mixes(horizon: Horizon, stated: Sequence[str] | None) -> Iterator[tuple[str, list[list[Option]]]]:
    """For a team all groups on each plan, and the plans for its groups with the lowest bill of the expected month.

    A group keeps to plans of the kind that it has, unless plans are stated. Seats of one pooled plan share their credits.
    """
    name, options = horizon.ways[0]
    if name != PLANNED or horizon.account is not None:
        return
    choices: list[list[Plan | None]] = []
    for each in options:
        copilot = [option for option in each if option.route == "copilot"]
        if not copilot:
            choices.append([None])
            continue
        own = copilot[0].plan
        kind = "organization" if own is None else plan_named(own).kind
        choices.append([*plans_to_choose(kind, stated)])
    for plan in dict.fromkeys(plan for choice in choices for plan in choice if plan is not None):
        if all(plan in choice or choice == [None] for choice in choices):
            yield f"all on {plan.id}", _on_plans(options, [None if each == [None] else plan for each in choices])
    if math.prod(map(len, choices)) > MAX_MIXES:
        return
    credits = [copilot_credits(horizon, options, place) for place in range(len(horizon.groups))]
    best = min(product(*choices), key=lambda mix: _mix_usd(horizon, mix, credits))
    words = ", ".join(f"{group.name} on {plan.id}" for group, plan in zip(horizon.groups, best, strict=True) if plan)
    yield words, _on_plans(options, best)


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
        total = EXACT.add(total, monthly_bill(plan, seats, used, horizon.day)[0].total_usd or Decimal(0))
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


def levers_of(horizon: Horizon, options: list[list[Option]]) -> list[tuple[str, list[list[Option]], str]]:
    """What can be turned on or off in a way, the way with it, and what to know: models of a mix, auto, residency, tiers."""
    found: list[tuple[str, list[list[Option]], str]] = []

    def add(what: str, note: str, changed: "Callable[[Option], Option]") -> None:
        other = [[changed(option) for option in each] for each in options]
        if other != options:
            found.append((what, other, note))

    add("data residency off", "prices times 1.1 with it", lambda option: replace(option, data_residency=False))
    add(
        "auto model selection on",
        "prices times 0.9; the figure holds if auto chooses the same model",
        lambda option: replace(option, auto=True) if _may_be_auto(option) else option,
    )
    for tier, note in (
        ("flex", "answers come later, and may be refused"),
        ("batch", "answers within a day, not at once"),
    ):
        add(f"service tier {tier} on", note, partial(_on_tier, horizon, tier))
    for place, (group, each) in enumerate(zip(horizon.groups, options, strict=True)):
        different = list(dict.fromkeys(each))
        for off in different if len(different) > 1 else ():
            others = [option for option in different if option != off]
            cheapest = min(others, key=lambda option: horizon.estimate(group, option, 0).per_task_usd)
            changed = [cheapest if option == off else option for option in each]
            other = [changed if index == place else row for index, row in enumerate(options)]
            found.append((f"{off} off for {group.name}", other, f"its tasks done with {cheapest}, taken to be as good"))
    return found


def _may_be_auto(option: Option) -> bool:
    return option.route == "copilot" and not (option.plan is not None and plan_named(option.plan).auto_only)


def _on_tier(horizon: Horizon, tier: str, option: Option) -> Option:
    """The option on a service tier of the provider, if there is a price for it."""
    if option.route != "api" or option.service_tier != STANDARD:
        return option
    changed = replace(option, service_tier=tier)
    try:
        option_rate(horizon.book, changed, horizon.day, horizon.basis)
    except RateNotFoundError:
        return option
    return changed
