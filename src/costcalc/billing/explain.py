"""An account in plain words: who draws on what, in which order, and the largest bill that is possible."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

from costcalc.billing.account import Account, Budget, Seats
from costcalc.billing.statement import AccountBill, bill, included_steps
from costcalc.notices import Notice
from costcalc.pricing.rate import Rate
from costcalc.showing.display import Part, Result, number, usd
from costcalc.units import nearest_nano_aiu, plain, usd_of_nano_aiu


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
        money = {
            "seat_usd": self.empty_bill.seat_usd,
            "pool_credits": self.empty_bill.pool_credits,
            "largest_usd": self.largest_usd,
        }
        return [{name: money.get(name, value) for name, value in self.body().items() if name != "order"}]

    def columns(self) -> dict[str, type]:
        return {"largest_usd": Decimal}

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
    worst = worst_month(account)
    largest = None
    if worst is not None:
        largest = usd_of_nano_aiu(empty.whole.seat_nano_aiu + sum(each.metered for each in worst))
    notices = empty.notices
    if largest is not None and any(account.days_billed(seats) < account.days for seats in account.billed_seats()):
        message = "seats added within the month are taken to be used from its first day, so the largest bill is an upper bound"
        notices = (*notices, Notice("largest_is_a_bound", message))
    return AccountCheck(account, empty, largest, notices)


class WorstUse(NamedTuple):
    """What the users of some seats do in the dearest month, in nano-AIU: they use up `included`, then `metered`.

    `each` is what the user budget of each of them lets through; one figure for all where seats are only counted.
    """

    seats: Seats
    included: int
    metered: int
    each: tuple[int, ...]


def worst_month(account: Account) -> tuple[WorstUse, ...] | None:
    """The use by holders of seats that costs the most; None where nothing stops it.

    Metered use starts when the pool is used up, or a capped cost centre's own part of it; both are least at the start of
    the month, and seats added within it are taken to be used from its start. So as much as possible of the pool is used up
    first, and as much as possible of what user budgets leave flows through the budgets that stop use. Where all together
    cannot use up the pool, only those have something left whose cost centre has used up its part. A maximum flow, exactly.
    """
    billed = account.billed_seats()
    if not account.allows_additional_usage or not billed:
        return tuple(WorstUse(seats, 0, 0, ()) for seats in billed)

    def included_at_first(seats: Iterable[Seats]) -> int:
        return included_steps(account, seats)[0][1]

    capped = {center.name for center in account.cost_centers if center.included_usage_cap}
    users = _user_limits(account, billed)
    flow = _Flow()
    for place, seats in enumerate(billed):
        flow.limit("all", place, min(_UNLIMITED, sum(users[place]) * (1 if seats.users else seats.number)))
        part = ("part", seats.cost_center) if seats.cost_center in capped else "pool"
        flow.limit(place, part, _UNLIMITED)
    for name in capped:
        members = [seats for seats in billed if seats.cost_center == name]
        flow.limit(("part", name), "pool", included_at_first(members))
    flow.limit("pool", "included", included_at_first(billed))
    flow.send("all", "included")
    _add_budgets(flow, account, billed)
    flow.send("all", "metered")
    uses = tuple(
        WorstUse(seats, flow.through(place, ("part", seats.cost_center)) + flow.through(place, "pool"),
                 flow.through(place, ("metered", place)), users[place])
        for place, seats in enumerate(billed)
    )  # fmt: skip
    return None if sum(each.metered for each in uses) >= _UNLIMITED // 2 else uses


_UNLIMITED: Final = 10**40


def _user_limits(account: Account, billed: Sequence[Seats]) -> list[tuple[int, ...]]:
    """What the user budgets of some seats let each of their users use, in nano-AIU."""
    budget_of = account.user_budgets()
    limits = []
    for seats in billed:
        stated = [budget_of(user, seats.cost_center) for user in seats.users or (None,)]
        limits.append(tuple(_UNLIMITED if each is None else nearest_nano_aiu(each.usd) for each in stated))
    return limits


def _add_budgets(flow: "_Flow", account: Account, billed: Sequence[Seats]) -> None:
    """The way of metered use: the cost centre's budget, else the organisation's, then the enterprise's."""
    stops = {account.budget_key(each): nearest_nano_aiu(each.usd) for each in account.budgets if each.stops}
    owners = {account.budget_key(each) for each in account.budgets}
    overall = min((stops[key] for key in stops if key[0] in ("enterprise", "individual")), default=_UNLIMITED)
    excluded = {center.name for center in account.cost_centers if center.excluded_from_enterprise_budget}
    flow.limit("enterprise", "metered", overall)
    for place, seats in enumerate(billed):
        center: tuple[str, str | None] = ("cost_center", seats.cost_center)
        budget = center if center in owners else ("organization", account.organization_of(seats.organization))
        beside = seats.cost_center in excluded
        flow.limit(place, ("metered", place), _UNLIMITED)
        flow.limit(("metered", place), (*budget, beside), _UNLIMITED)
        flow.limit((*budget, beside), "metered" if beside else "enterprise", _UNLIMITED)
        if budget in stops:  # members inside and outside of the enterprise budget are bounded together
            flow.shared[budget] = stops[budget]


class _Flow:
    """A maximum flow by augmenting paths: for the few nodes of an account, in whole numbers."""

    def __init__(self) -> None:
        """No edges yet."""
        self.capacity: dict[tuple[Any, Any], int] = {}
        self.flow: dict[tuple[Any, Any], int] = {}
        self.shared: dict[tuple[str, str | None], int] = {}

    def limit(self, start: Any, end: Any, capacity: int) -> None:
        """An edge from `start` to `end`."""
        self.capacity[start, end] = capacity

    def through(self, start: Any, end: Any) -> int:
        """What flows over an edge."""
        return max(0, self.flow.get((start, end), 0))

    def left(self, start: Any, end: Any) -> int:
        """What more may flow from `start` to `end`, or be taken back."""
        room = self.capacity.get((start, end), 0) - self.flow.get((start, end), 0)
        if isinstance(start, tuple) and len(start) == 3 and room > 0 and start[:2] in self.shared:
            ends = {True: "metered", False: "enterprise"}
            used = sum(self.through((*start[:2], beside), to) for beside, to in ends.items())
            room = min(room, self.shared[start[:2]] - used) if ends[start[2]] == end else room
        return room

    def send(self, source: Any, sink: Any) -> None:
        """Send as much as possible."""
        ways: dict[Any, list[Any]] = {}
        for start, end in sorted({each for edge in self.capacity for each in (edge, edge[::-1])}, key=str):
            ways.setdefault(start, []).append(end)
        while True:
            came_from: dict[Any, Any] = {source: None}
            queue = [source]
            for node in queue:
                for following in ways[node]:
                    if following not in came_from and self.left(node, following) > 0:
                        came_from[following] = node
                        queue.append(following)
            if sink not in came_from:
                return
            path = [sink]
            while came_from[path[-1]] is not None:
                path.append(came_from[path[-1]])
            steps = [(came_from[node], node) for node in path[:-1]]
            amount = min(self.left(start, end) for start, end in steps)
            for start, end in steps:
                self.flow[start, end] = self.flow.get((start, end), 0) + amount
                self.flow[end, start] = self.flow.get((end, start), 0) - amount
