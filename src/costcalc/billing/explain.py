"""An account in plain words: who draws on what, in which order, and the largest bill that is possible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, ClassVar

from costcalc.billing.account import EVERY_USER, Account, Budget, Seats
from costcalc.billing.statement import AccountBill, bill
from costcalc.display import Part, Result, number, usd
from costcalc.notices import Notice
from costcalc.pricing.rate import Rate
from costcalc.units import EXACT, canonical, plain


@dataclass(frozen=True, slots=True, repr=False)
class AccountCheck(Result):
    """What an account's terms come to: seat fees, pool, and the largest possible bill (None: nothing stops it)."""

    kind: ClassVar[str] = "account"

    account: Account
    empty_bill: AccountBill
    largest_usd: Decimal | None
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        yield from ()

    def body(self) -> dict[str, Any]:
        return {
            "month": self.account.month,
            "account_kind": self.account.kind,
            "seats": sum(seats.number for seats in self.account.billed_seats()),
            "seat_usd": plain(self.empty_bill.seat_usd),
            "pool_credits": plain(self.empty_bill.pool_credits),
            "additional_usage": self.account.allows_additional_usage,
            "largest_usd": None if self.largest_usd is None else plain(self.largest_usd),
            "order": list(self._order()),
        }

    def parts(self) -> Iterator[Part]:
        largest = "nothing stops it" if self.largest_usd is None else f"at most {usd(self.largest_usd)}"
        yield f"The bill for {self.account.month}: {largest}. {usd(self.empty_bill.seat_usd)} of it are seats."
        yield "\n".join(["Seats:", *(f"- {self._seats_words(seats)}" for seats in self.account.billed_seats())])
        yield "\n".join(
            ["What use passes, in this order:", *(f"{place}. {words}" for place, words in enumerate(self._order(), 1))]
        )

    def rows(self) -> list[dict[str, Any]]:
        body = self.body()
        return [{name: body[name] for name in body if name != "order"}]

    def _seats_words(self, seats: Seats) -> str:
        each = self.account.included_credits(seats)
        where = "".join(
            f", {what} {name}"
            for what, name in (("organisation", seats.organization), ("cost centre", seats.cost_center))
            if name
        )
        added = f", added {seats.added_on}" if seats.added_on else ""
        removed = f", removed {seats.removed_on} (billed to the month's end)" if seats.removed_on else ""
        return f"{seats.number:,} x {seats.plan}, {each:,} credits each{where}{added}{removed}"

    def _order(self) -> Iterator[str]:
        account = self.account
        budgets = account.budgets
        personal = [budget for budget in budgets if budget.scope == "user"]
        if personal:
            named = "; ".join(f"{budget.label} {usd(budget.usd)}" for budget in personal)
            yield (
                f"The user budget, included and metered use together, always a stop: {named}. "
                "A person's own comes before their cost centre's, that before everyone's"
            )
        yield f"The pool of {number(self.empty_bill.pool_credits)} included credits, shared by all seats"
        capped = [center.name for center in account.cost_centers if center.included_usage_cap]
        if capped:
            yield f"Within the pool, only up to the credits of their own seats: cost centres {', '.join(capped)}"
        if not account.allows_additional_usage:
            yield "Then use stops: additional usage is off"
            return
        yield "Then metered use at $0.01 a credit"
        for scope, word in (("cost_center", "cost centre"), ("organization", "organisation")):
            found = [budget for budget in budgets if budget.scope == scope]
            if found:
                also = " (of those whose cost centre has no budget)" if scope == "organization" else ""
                yield f"The budget of the {word}{also}: {_budget_words(found)}"
        overall = [budget for budget in budgets if budget.scope in ("enterprise", "individual")]
        if overall:
            excluded = [center.name for center in account.cost_centers if center.excluded_from_enterprise_budget]
            but = f", but for cost centres {', '.join(excluded)}" if excluded else ""
            yield f"The {overall[0].scope} budget over all metered use{but}: {_budget_words(overall)}"


def _budget_words(budgets: "list[Budget]") -> str:
    words = []
    for budget in budgets:
        name = f"{budget.name} " if budget.name else ""
        words.append(f"{name}{usd(budget.usd)} ({'stops use' if budget.stops else 'alerts only'})")
    return "; ".join(words)


def check_account(account: Account) -> AccountCheck:
    """What the terms of an account come to.

    >>> seats = (Seats(plan="business", count=400),)
    >>> budget = Budget(scope="enterprise", usd=5_000, stop=True)
    >>> check_account(Account(kind="enterprise", month="2026-10", seats=seats, budgets=(budget,))).largest_usd
    Decimal('12600')
    """
    empty = bill([], account)
    largest = largest_metered_usd(account, empty.pool_credits)
    total = None if largest is None else canonical(EXACT.add(empty.seat_usd, largest))
    return AccountCheck(account, empty, total, empty.notices)


def largest_metered_usd(account: Account, pool_credits: Decimal) -> Decimal | None:
    """The most that metered use can cost; None where nothing stops it.

    Every holder of a seat may use as much as their limits let through. Metered use is bounded by the budgets that stop
    (users within their cost centre or organisation, those within the enterprise), and where every user has a budget
    also by what these leave beyond the credits that have to be used up first.
    """
    if not account.allows_additional_usage:
        return Decimal(0)
    with localcontext(EXACT):
        everyone = _groups(account)
        pool_usd = pool_credits.scaleb(-2)
        capped = {center.name for center in account.cost_centers if center.included_usage_cap}
        parts = {name: _part_usd(account, name) for name in capped}
        # A capped cost centre meters as soon as its own part is used up, be the pool full or not.
        before = _within(account, [group for group in everyone if group.cost_center in capped], parts)
        drawn = [
            _least(_total([group.user_usd for group in everyone if group.cost_center == name]), part)
            for name, part in parts.items()
        ]
        free = _total([group.user_usd for group in everyone if group.cost_center not in capped])
        can_draw = _total([*drawn, free])
        if can_draw is not None and can_draw < pool_usd:  # all budgets together never use up the pool
            return None if before is None else canonical(before)
        after = _within(account, everyone, {})
        held = _total([group.user_usd for group in everyone])
        after = _least(after, None if held is None else held - pool_usd)
        return None if after is None or before is None else canonical(max(after, before))


@dataclass(frozen=True, slots=True)
class _Group:
    """Users of one organisation and cost centre: what their budgets let them use in US dollars; None for no limit."""

    organization: str | None
    cost_center: str | None
    user_usd: Decimal | None


def _groups(account: Account) -> list[_Group]:
    budgets = {(each.name, each.cost_center): each.usd for each in account.budgets if each.scope == "user"}
    found = []
    for seats in account.billed_seats():
        center = budgets.get((None, seats.cost_center)) if seats.cost_center is not None else None
        shared = center if center is not None else budgets.get((EVERY_USER, None))
        if seats.users:
            limit = _total([budgets.get((user, None), shared) for user in seats.users])
        else:
            limit = None if shared is None else shared * seats.number
        found.append(_Group(seats.organization, seats.cost_center, limit))
    return found


def _part_usd(account: Account, cost_center: str) -> Decimal:
    seats = [each for each in account.billed_seats() if each.cost_center == cost_center]
    return Decimal(sum(account.included_credits(each) * each.number for each in seats)).scaleb(-2)


def _within(account: Account, groups: list[_Group], used_first: dict[str, Decimal]) -> Decimal | None:
    """The most that groups can meter within the budgets that stop; `used_first` is used up by a cost centre before."""
    owners: dict[tuple[str, str | None], Budget] = {(each.scope, each.name): each for each in account.budgets}
    excluded = {center.name for center in account.cost_centers if center.excluded_from_enterprise_budget}
    overall = next((each for each in account.budgets if each.scope in ("enterprise", "individual")), None)
    by_cost_center: dict[tuple[str | None, str | None], list[Decimal | None]] = {}
    for group in groups:
        by_cost_center.setdefault((group.organization, group.cost_center), []).append(group.user_usd)
    # By the budget that bounds them: what is under the enterprise budget, and what is excluded from it.
    under: dict[tuple[str, str | None], list[Decimal | None]] = {}
    beside: dict[tuple[str, str | None], list[Decimal | None]] = {}
    for (organization, cost_center), limits in by_cost_center.items():
        most = _total(limits)
        if most is not None and cost_center in used_first:
            most = max(Decimal(0), most - used_first[cost_center])
        own = ("cost_center", cost_center)
        budget = own if own in owners else ("organization", organization)
        (beside if cost_center in excluded else under).setdefault(budget, []).append(most)
    inside: list[Decimal | None] = []
    outside: list[Decimal | None] = []
    for key in dict.fromkeys([*under, *beside]):
        bound = owners[key].usd if key in owners and owners[key].stops else None
        free = _least(_total(beside.get(key, [])), bound)
        outside.append(free)
        inside.append(_least(_total(under.get(key, [])), None if bound is None or free is None else bound - free))
    limit = overall.usd if overall is not None and overall.stops else None
    return _total([_least(_total(inside), limit), *outside])


def _total(amounts: "Sequence[Decimal | None]") -> Decimal | None:
    """The sum; None, for no limit, if one of them has none."""
    known = [each for each in amounts if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _least(*amounts: Decimal | None) -> Decimal | None:
    """The least; None, for no limit, if none of them has one."""
    return min((each for each in amounts if each is not None), default=None)
