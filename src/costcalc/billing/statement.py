"""The bill of an account: usage passed through its limits, added up for the whole and for each who takes part."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from costcalc.billing.account import Account, Budget, Seats
from costcalc.billing.bulk import bounds, first_times, flow, renumbered
from costcalc.billing.plan import CREDITS_SINCE
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.usage import Actor, ColumnBuilder, UsageColumns, UsageRecord, instant, microseconds
from costcalc.billing.waterfall import NO_LIMIT, NONE, ActorTerms, BudgetTerms, Terms, Waterfall
from costcalc.errors import InputError, check_type
from costcalc.notices import Notice, distinct
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.display import Part, Result, Table, count_of, usd
from costcalc.units import (
    EXACT,
    NANO_AIU_PER_CREDIT,
    credits_of_nano_aiu,
    nearest_nano_aiu,
    plain,
    usd_of_credits,
    usd_of_nano_aiu,
)

_SHOWN_ROWS: Final = 20


class Share(NamedTuple):
    """What one user, organisation or cost centre has of the bill; `name` is None for what belongs to none.

    All amounts are whole nano-AIU, so that shares add up to the bill exactly.
    """

    name: str | None
    seat_nano_aiu: int
    included_nano_aiu: int
    metered_nano_aiu: int
    blocked_nano_aiu: int

    @property
    def total_usd(self) -> Decimal:
        """Seats and metered use in US dollars."""
        return usd_of_nano_aiu(self.seat_nano_aiu + self.metered_nano_aiu)

    def amounts(self) -> dict[str, Decimal]:
        """The share in dollars and credits, by name."""
        return {
            "seat_usd": usd_of_nano_aiu(self.seat_nano_aiu),
            "included_used_credits": credits_of_nano_aiu(self.included_nano_aiu),
            "metered_credits": credits_of_nano_aiu(self.metered_nano_aiu),
            "metered_usd": usd_of_nano_aiu(self.metered_nano_aiu),
            "blocked_credits": credits_of_nano_aiu(self.blocked_nano_aiu),
            "total_usd": self.total_usd,
        }

    def to_dict(self, key: str) -> dict[str, Any]:
        """The share as machine output holds it; `key` is what it is a share by."""
        return {key: self.name, **{name: plain(amount) for name, amount in self.amounts().items()}}


class ActorUse(NamedTuple):
    """What one user used, in nano-AIU, in the organisation and cost centre that it counts for: the finest part of a bill."""

    actor: Actor
    included_nano_aiu: int
    metered_nano_aiu: int


class Stop(NamedTuple):
    """What one limit stopped: its scope and name, since when, and how many credits."""

    scope: str
    name: str | None
    at: datetime
    credits: Decimal


class BudgetAlert(NamedTuple):
    """A budget reached a percentage of its amount."""

    scope: str
    name: str | None
    percent: int
    at: datetime
    usd: Decimal


@dataclass(frozen=True, slots=True, repr=False)
class AccountBill(Result):
    """What a month costs an account: seats, what the pool covered, what was metered, what was blocked and by whom.

    `exhausted_at` is the instant at which the pool ran dry, None if it did not. The shares of `by_user`,
    `by_organization` and `by_cost_center` each add up to the whole; so does `use`, without the seats.
    """

    kind: ClassVar[str] = "bill"

    account: Account
    records: int
    pool_credits: Decimal
    whole: Share
    exhausted_at: datetime | None
    blocks: tuple[Stop, ...]
    alerts: tuple[BudgetAlert, ...]
    by_user: tuple[Share, ...]
    by_organization: tuple[Share, ...]
    by_cost_center: tuple[Share, ...]
    use: tuple[ActorUse, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def seat_usd(self) -> Decimal:
        """The fees of the seats in US dollars."""
        return usd_of_nano_aiu(self.whole.seat_nano_aiu)

    @property
    def included_used_credits(self) -> Decimal:
        """Credits that the allowance covered."""
        return credits_of_nano_aiu(self.whole.included_nano_aiu)

    @property
    def forfeited_credits(self) -> Decimal:
        """Included credits that nobody used by the end of the month."""
        return credits_of_nano_aiu(int(self.pool_credits.scaleb(9, context=EXACT)) - self.whole.included_nano_aiu)

    @property
    def metered_credits(self) -> Decimal:
        """Credits used beyond the allowance."""
        return credits_of_nano_aiu(self.whole.metered_nano_aiu)

    @property
    def metered_usd(self) -> Decimal:
        """What the metered credits cost, $0.01 each."""
        return usd_of_nano_aiu(self.whole.metered_nano_aiu)

    @property
    def blocked_credits(self) -> Decimal:
        """Credits that were asked for and not let through."""
        return credits_of_nano_aiu(self.whole.blocked_nano_aiu)

    @property
    def total_usd(self) -> Decimal:
        """Seats and metered use in US dollars."""
        return self.whole.total_usd

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "month": self.account.month,
            "records": self.records,
            "seat_usd": plain(self.seat_usd),
            "pool_credits": plain(self.pool_credits),
            "included_used_credits": plain(self.included_used_credits),
            "forfeited_credits": plain(self.forfeited_credits),
            "metered_credits": plain(self.metered_credits),
            "metered_usd": plain(self.metered_usd),
            "blocked_credits": plain(self.blocked_credits),
            "total_usd": plain(self.total_usd),
            "exhausted_at": timestamp(self.exhausted_at),
            "blocks": [
                {"scope": each.scope, "name": each.name, "at": timestamp(each.at), "credits": plain(each.credits)}
                for each in self.blocks
            ],
            "alerts": [
                {
                    "scope": each.scope,
                    "name": each.name,
                    "percent": each.percent,
                    "day": each.at.date().isoformat(),
                    "at": timestamp(each.at),
                    "budget_usd": plain(each.usd),
                }
                for each in self.alerts
            ],
            "by_user": [share.to_dict("user") for share in self.by_user],
            "by_organization": [share.to_dict("organization") for share in self.by_organization],
            "by_cost_center": [share.to_dict("cost_center") for share in self.by_cost_center],
        }

    def parts(self) -> Iterator[Part]:
        dry = "The pool did not run dry." if self.pool_credits else "There was no pool."
        if self.exhausted_at is not None:
            refilled = "; seats added later filled it again" if self.forfeited_credits else ""
            dry = f"The pool ran dry on {spoken(self.exhausted_at)}{refilled}."
        yield f"{usd(self.total_usd)} for {self.account.month}, {count_of(self.records, 'record')} of use. {dry}"
        yield Table(
            ("item", "credits", "USD"),
            (
                ("seats", None, self.seat_usd),
                ("included, in all", self.pool_credits, None),
                ("included, used", self.included_used_credits, None),
                ("included, forfeited", self.forfeited_credits, None),
                ("metered at $0.01", self.metered_credits, self.metered_usd),
                ("blocked", self.blocked_credits, None),
                ("total", None, self.total_usd),
            ),
            "Bill",
        )
        yield from claims_line(self.rates)
        yield from _some(
            "Blocked",
            ("limit", "of", "since", "credits"),
            [(each.scope, each.name, spoken(each.at), each.credits) for each in self.blocks],
        )
        yield from _some(
            "Alerts",
            ("budget", "of", "USD", "reached", "on"),
            [(each.scope, each.name, each.usd, f"{each.percent} %", spoken(each.at)) for each in self.alerts],
        )
        for title, shares in (
            ("user", self.by_user),
            ("organization", self.by_organization),
            ("cost centre", self.by_cost_center),
        ):
            if title == "user" or any(share.name is not None for share in shares):
                yield from _share_table(title, shares)

    def rows(self) -> list[dict[str, Any]]:
        return [{"month": self.account.month, "user": share.name, **share.amounts()} for share in self.by_user]

    def columns(self) -> dict[str, type]:
        return {"month": str, "user": str, **dict.fromkeys(self.whole.amounts(), Decimal)}


def _some(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Iterator[Part]:
    """The first rows of a table, and how many more there are."""
    if not rows:
        return
    more = len(rows) - _SHOWN_ROWS
    yield Table(columns, tuple(rows[:_SHOWN_ROWS]), title)
    if more > 0:
        yield f"… and {more:,} more; --format json or csv has all"


def _share_table(title: str, shares: tuple[Share, ...]) -> Iterator[Part]:
    dearest = sorted(
        shares, key=lambda share: (-share.seat_nano_aiu - share.metered_nano_aiu, -share.included_nano_aiu)
    )
    yield from _some(
        f"By {title}",
        (title, "seats", "included, used", "metered", "blocked", "total"),
        [
            (
                "(none)" if share.name is None else share.name,
                usd(usd_of_nano_aiu(share.seat_nano_aiu)),
                credits_of_nano_aiu(share.included_nano_aiu),
                credits_of_nano_aiu(share.metered_nano_aiu),
                credits_of_nano_aiu(share.blocked_nano_aiu),
                usd(share.total_usd),
            )
            for share in dearest
        ],
    )


def timestamp(at: datetime | None) -> str | None:
    """An instant in machine output: ISO 8601 in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def spoken(at: datetime | None) -> str | None:
    """An instant for a person."""
    return None if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def bill(usage: "UsageColumns | Iterable[UsageRecord]", account: Account) -> AccountBill:
    """What a month of usage costs an account, by its limits, exactly.

    Records pass in order of time; of one time, in the order of user, organisation and cost centre, so that the order
    in which they are given does not matter.

    Raises `InputError` for a record outside the account's month, or usage that adds up to more than can be counted.

    >>> from datetime import datetime
    >>> account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("ana", "bo")),))
    >>> result = bill([UsageRecord(datetime(2026, 10, 5, 9), "ana", 4_000)], account)
    >>> result.included_used_credits, result.metered_credits, result.total_usd
    (Decimal('3800'), Decimal('200'), Decimal('40'))
    """
    check_type("account", account, Account, "an Account; Account.load reads one from a file")
    columns = usage if isinstance(usage, UsageColumns) else UsageColumns.of(usage)
    return _billed(columns, _Plan(_named_by_use(account, columns.actors), columns.actors, {}))


def _named_by_use(account: Account, actors: Iterable[Actor]) -> Account:
    """An account that is one organisation, and does not say its name, with the one name that use gives it."""
    names = {actor.organization for actor in actors if actor.organization}
    if account.kind != "organization" or account.organization_of(None) is not None or len(names) != 1:
        return account
    seats = tuple(each.model_copy(update={"organization": next(iter(names))}) for each in account.seats)
    return account.model_copy(update={"seats": seats})


def expected_bill(account: Account, credits: Decimal) -> AccountBill:
    """The bill of an expected month: `credits` in all, used in the same measure by every seat on every day it is there.

    Equal seats are taken together, with as many user budgets as there are of them; a user with a budget of their own is
    alone.
    """
    plan, groups = _expected_terms(account)
    shares = _split(nearest_nano_aiu(usd_of_credits(credits)), [weight * days for _, weight, days in groups])
    builder = ColumnBuilder()
    first_us = microseconds(account.starts)
    for (actor, _, billed), share in zip(groups, shares, strict=True):
        for day, amount in enumerate(_split(share, [1] * billed), start=account.days - billed):
            builder.add(first_us + day * _DAY_US, actor, amount)
    return _billed(builder.columns(), plan)


@lru_cache(maxsize=8)
def _expected_terms(account: Account) -> "tuple[_Plan, tuple[tuple[Actor, int, int], ...]]":
    """An account's limits for an expected month, and its seats: as whom they use, how many they are, and on how many days.

    Kept, because what-if, sweeps and break-even ask for many months of one account.
    """
    counted = _equal_seats_counted(account)
    groups: list[tuple[Actor, int, int]] = []
    crowds: dict[str, int] = {}
    for place, seats in enumerate(counted.billed_seats()):
        names = seats.users
        if not names:
            names = (f"{seats.number:,} seats of {seats.plan} ({place + 1})",)
            crowds[names[0]] = seats.number
        people, days = seats.number // len(names), counted.days_billed(seats)
        # Named people count where their seat does; a name that stands for several holds none.
        at = () if seats.users else (seats.organization, seats.cost_center)
        groups += [(Actor(name, *at), people, days) for name in names]
    return _Plan(counted, tuple(actor for actor, _, _ in groups), crowds), tuple(groups)


def _equal_seats_counted(account: Account) -> Account:
    """The account with its seats counted instead of named, but for users who have a budget of their own."""
    own = {budget.name.casefold() for budget in account.budgets if budget.scope == "user" and budget.name is not None}
    found: list[Seats] = []
    for seats in account.seats:
        alone = tuple(user for user in seats.users if user.casefold() in own)
        if len(seats.users) - len(alone) == 1:  # one person keeps their name
            alone = seats.users
        if alone:
            found.append(seats.model_copy(update={"users": alone}))
        if len(alone) < seats.number:
            found.append(seats.model_copy(update={"users": (), "count": seats.number - len(alone)}))
    return account.model_copy(update={"seats": tuple(found)})


class Crowd(NamedTuple):
    """People of an account whose use passes the same limits: how many, from which day of the month on (0 is the first).

    `user_limit` is what each of them may use in the month, in nano-AIU; `users` are the names of those that have one.
    """

    people: int
    first_day: int
    user_limit: int
    users: tuple[str, ...] = ()


def crowd_terms(account: Account) -> tuple[Terms, tuple[Crowd, ...]]:
    """An account's limits with one actor for each crowd; user budgets are left to the crowds."""
    actors: list[Actor] = []
    people: list[int] = []
    first_days: list[int] = []
    for place, seats in enumerate(account.billed_seats()):
        names = seats.users or (f"{seats.number:,} seats ({place + 1})",)
        actors += [Actor(name, seats.organization, seats.cost_center) for name in names]
        people += [1 if seats.users else seats.number] * len(names)
        first_days += [account.days - account.days_billed(seats)] * len(names)
    plan = _Plan(account, tuple(actors), {})
    named = set(account.users)
    crowds: dict[tuple[int, int, int, int, int], Crowd] = {}
    ranks = plan.ranked(array("q", range(len(actors))))
    for actor, rank, count, first_day in zip(actors, ranks, people, first_days, strict=True):
        terms = plan.terms.actors[rank]
        limit = plan.terms.user_limits[terms.user]
        key = (terms.cap, terms.budget, terms.enterprise, first_day, limit)
        known = crowds.get(key, Crowd(0, first_day, limit))
        users = (*known.users, actor.user) if actor.user in named else known.users
        crowds[key] = known._replace(people=known.people + count, users=users)
    merged = tuple(ActorTerms(user, *key[:3]) for user, key in enumerate(crowds))
    return replace(plan.terms, actors=merged, user_limits=(NO_LIMIT,) * len(merged)), tuple(crowds.values())


def seat_fees(account: Account) -> Decimal:
    """What the seats of an account cost in its month, in US dollars."""
    return usd_of_nano_aiu(sum(seat_fee(account, seats) * seats.number for seats in account.billed_seats()))


def seat_fee(account: Account, seats: Seats) -> int:
    """The fee of one of the seats in nano-AIU, the share of the month that is left where it is added within."""
    return _share_of(nearest_nano_aiu(seats.terms.usd_per_seat), account.days_billed(seats), account.days)


def _billed(columns: UsageColumns, plan: "_Plan") -> AccountBill:
    """The bill of usage by the actors of a plan, in their order."""
    _check_columns(columns, plan.account)
    waterfall = flow(plan.terms, columns.time_us, plan.ranked(columns.actor), columns.nano_aiu)
    return plan.statement(waterfall, columns)


def _split(whole: int, weights: list[int]) -> list[int]:
    """A whole number in parts that add up to it, each within one unit of its weight's share."""
    total = sum(weights)
    shares, given, so_far = [], 0, 0
    for weight in weights:
        so_far += weight
        upto = whole * so_far // total
        shares.append(upto - given)
        given = upto
    return shares


def _check_columns(columns: UsageColumns, account: Account) -> None:
    if not len(columns):
        return
    first, last, _ = bounds(columns.time_us)
    for time_us in (first, last):
        if not microseconds(account.starts) <= time_us < microseconds(account.ends):
            raise InputError(
                f"there is use on {timestamp(instant(time_us))}, outside the account's month {account.month}"
            )
    if bounds(columns.nano_aiu)[2] >= NO_LIMIT:
        raise InputError("the usage adds up to more than 4,611,686,018 credits; that cannot be right")


def included_steps(account: Account, billed: Iterable[Seats]) -> tuple[tuple[int, int], ...]:
    """Included credits of seats over the month, in nano-AIU: from which microsecond so many. They rise as seats are added."""
    rises: dict[int, int] = {microseconds(account.starts): 0}
    for seats in billed:
        days = account.days_billed(seats)
        start = microseconds(account.starts) + (account.days - days) * _DAY_US
        whole = account.included_credits(seats) * NANO_AIU_PER_CREDIT
        each = _share_of(whole, days, account.days) if account.prorate_new_seat_credits else whole
        rises[start] = rises.get(start, 0) + each * seats.number
    total = 0
    steps = []
    for start in sorted(rises):
        total += rises[start]
        steps.append((start, total))
    return tuple(steps)


class _Plan:
    """An account's limits as numbers, and the way back from numbers to names."""

    def __init__(self, account: Account, actors: tuple[Actor, ...], crowds: Mapping[str, int]) -> None:
        """`crowds` are names that stand for a number of people of the same use each."""
        self.account = account
        self._crowds = crowds
        # Logins are the same in any case; the spelling of the seat is shown.
        self._spelling = {user.casefold(): user for user in account.users}
        self._seat_of = {user: seats for seats in account.seats for user in seats.users}
        resolved = [self._resolved(actor) for actor in actors]
        # In the order of their names, so that the outcome does not depend on the order of the records.
        self.actors = sorted(set(resolved), key=lambda actor: tuple(part or "" for part in actor))
        rank = {actor: index for index, actor in enumerate(self.actors)}
        self._ranks = [rank[actor] for actor in resolved]
        # Whose cost centre is whose: by the seat, else by the first that somebody's use counts for.
        self._cost_center_of = {each.user: each.cost_center for each in reversed(self.actors) if each.cost_center}
        self._cost_center_of |= {user: each.cost_center for user, each in self._seat_of.items() if each.cost_center}
        self.users = sorted({*account.users, *(actor.user for actor in self.actors)})
        self.caps = [center.name for center in account.cost_centers if center.included_usage_cap]
        self.budgets = [budget for budget in account.budgets if budget.scope != "user"]
        self.terms = self._terms()

    def _resolved(self, actor: Actor) -> Actor:
        user = self._spelling.setdefault(actor.user.casefold(), actor.user)
        seat = self._seat_of.get(user)
        if seat is None:
            return actor._replace(user=user)
        return Actor(user, actor.organization or seat.organization, actor.cost_center or seat.cost_center)

    def ranked(self, actor: "array[int]") -> "array[int]":
        """The actors of records by their place in `actors`."""
        return renumbered(actor, self._ranks)

    def _terms(self) -> Terms:
        account = self.account
        user_index = {user: index for index, user in enumerate(self.users)}
        excluded = {center.name for center in account.cost_centers if center.excluded_from_enterprise_budget}
        place = {account.budget_key(budget): index for index, budget in enumerate(self.budgets)}
        unnamed = account.organization_of(None)
        overall = next(
            (index for index, budget in enumerate(self.budgets) if budget.scope in ("enterprise", "individual")), NONE
        )
        actors = []
        for actor in self.actors:
            organization = unnamed if actor.organization is None else actor.organization
            budget = place.get(("cost_center", actor.cost_center), place.get(("organization", organization), NONE))
            actors.append(
                ActorTerms(
                    user=user_index[actor.user],
                    cap=self.caps.index(actor.cost_center) if actor.cost_center in self.caps else NONE,
                    budget=budget,
                    enterprise=NONE if actor.cost_center in excluded else overall,
                )
            )
        billed = account.billed_seats()
        budget_of = account.user_budgets()
        return Terms(
            actors=tuple(actors),
            user_limits=tuple(
                self._user_limit(user, budget_of(user, self._cost_center_of.get(user))) for user in self.users
            ),
            pool=included_steps(account, billed),
            caps=tuple(
                included_steps(account, [seats for seats in billed if seats.cost_center == name]) for name in self.caps
            ),
            budgets=tuple(BudgetTerms(nearest_nano_aiu(each.usd), each.stops) for each in self.budgets),
            additional_usage=account.allows_additional_usage,
        )

    def _user_limit(self, user: str, budget: Budget | None) -> int:
        """What a user budget lets one person use, or so many as a crowd stands for."""
        limit = NO_LIMIT if budget is None else nearest_nano_aiu(budget.usd) * self._crowds.get(user, 1)
        return min(NO_LIMIT, limit)

    def statement(self, waterfall: Waterfall, columns: UsageColumns) -> AccountBill:
        """The bill that the outcome of the waterfall stands for."""
        account = self.account
        fees = [(seats, seat_fee(account, seats)) for seats in account.billed_seats()]
        by_user: dict[str | None, list[int]] = {}
        by_organization: dict[str | None, list[int]] = {}
        by_cost_center: dict[str | None, list[int]] = {}

        def add(key: Actor | tuple[None, str | None, str | None], *amounts: int) -> None:
            user, organization, cost_center = key
            named = (user, account.organization_of(organization), cost_center)
            for shares, name in zip((by_user, by_organization, by_cost_center), named, strict=True):
                share = shares.setdefault(name, [0, 0, 0, 0])
                for index, amount in enumerate(amounts):
                    share[index] += amount

        for seats, fee in fees:
            if seats.users:
                for user in seats.users:
                    add(Actor(user, seats.organization, seats.cost_center), fee)
            else:
                add((None, seats.organization, seats.cost_center), fee * seats.number)
        for index, actor in enumerate(self.actors):
            add(actor, 0, waterfall.included[index], waterfall.metered[index], waterfall.blocked[index])
        whole = Share(
            None,
            sum(fee * seats.number for seats, fee in fees),
            sum(waterfall.included),
            sum(waterfall.metered),
            sum(waterfall.blocked),
        )
        return AccountBill(
            account=account,
            records=len(columns),
            pool_credits=credits_of_nano_aiu(self.terms.pool[-1][1]),
            whole=whole,
            exhausted_at=None if waterfall.exhausted_us is None else instant(waterfall.exhausted_us),
            blocks=self._stops(waterfall),
            alerts=self._alerts(waterfall),
            by_user=_shares(by_user),
            by_organization=_shares(by_organization),
            by_cost_center=_shares(by_cost_center),
            use=tuple(
                ActorUse(actor, waterfall.included[index], waterfall.metered[index])
                for index, actor in enumerate(self.actors)
            ),
            rates=columns.rates,
            notices=distinct((*self._notices(waterfall), *self._early_use(columns), *columns.notices)),
        )

    def _stops(self, waterfall: Waterfall) -> tuple[Stop, ...]:
        found = []
        for (kind, index), block in waterfall.blocks.items():
            scope, name = self._limit_name(kind, index)
            found.append(Stop(scope, name, instant(block.first_us), credits_of_nano_aiu(block.nano_aiu)))
        return tuple(sorted(found, key=lambda stop: (stop.at, stop.scope, stop.name or "")))

    def _limit_name(self, kind: str, index: int) -> tuple[str, str | None]:
        if kind == "user":
            return "user", self.users[index]
        if kind == "budget":
            return self.budgets[index].scope, self.budgets[index].name
        return kind, None

    def _alerts(self, waterfall: Waterfall) -> tuple[BudgetAlert, ...]:
        found = []
        for alert in waterfall.alerts:
            kind, index = ("user", alert.user) if alert.budget == NONE else ("budget", alert.budget)
            scope, name = self._limit_name(kind, index)
            limit = self.terms.user_limits[index] if kind == "user" else self.terms.budgets[index].nano_aiu
            found.append(BudgetAlert(scope, name, alert.percent, instant(alert.time_us), usd_of_nano_aiu(limit)))
        return tuple(sorted(found, key=lambda each: (each.at, each.scope, each.name or "", each.percent)))

    def _early_use(self, columns: UsageColumns) -> Iterator[Notice]:
        """Use of people before the day on which their seat was added."""
        starts = {
            index: microseconds(self.account.starts) + (self.account.days - self.account.days_billed(seat)) * _DAY_US
            for index, actor in enumerate(self.actors)
            if (seat := self._seat_of.get(actor.user)) is not None
            and self.account.days_billed(seat) < self.account.days
            and actor.user not in self._crowds
        }
        if starts and len(columns):
            first = first_times(columns.time_us, self.ranked(columns.actor), starts)
            early = sorted({self.actors[index].user for index, time_us in first.items() if time_us < starts[index]})
            if early:
                yield Notice("use_before_seat", f"use before the day of their seat is billed too: {', '.join(early)}")

    def _notices(self, waterfall: Waterfall) -> Iterator[Notice]:
        account = self.account
        billed = account.billed_seats()
        licensed = {user for seats in billed for user in seats.users}
        strangers = sorted({actor.user for actor in self.actors} - licensed - self._crowds.keys())
        counted = sum(seats.number for seats in billed if seats.count is not None)
        if len(strangers) > counted:
            named = ", ".join(strangers[:50]) + (f" and {len(strangers) - 50:,} more" if len(strangers) > 50 else "")
            more = f"{len(strangers)} users, but only {counted} seats without a name" if counted else "no seat"
            yield Notice("users_without_seat", f"use by users who hold no seat by name ({more}) is billed too: {named}")
        centers = {actor.cost_center for actor in self.actors if actor.cost_center} - set(account.cost_center_names)
        if centers:
            yield Notice("unknown_cost_centers", f"cost centres not in the account: {', '.join(sorted(centers))}")
        known = {*account.organizations, account.organization_of(None)}
        organizations = {actor.organization for actor in self.actors if actor.organization} - known
        if organizations:
            listed = ", ".join(sorted(organizations))
            yield Notice("unknown_organizations", f"organisations not in the account: {listed}")
        partial = [seats for seats in billed if account.days_billed(seats) != account.days]
        if partial:
            share = "the share of the month that is left" if account.prorate_new_seat_credits else "all its credits"
            yield Notice(
                "seats_added_in_month",
                f"a seat added within the month brings {share} (prorate_new_seat_credits; GitHub's pages disagree) and "
                "pays for the days that are left, to the nearest 10^-11 dollars (how an invoice rounds is not known)",
            )
        outside = [seats for seats in account.seats if seats not in billed]
        if outside:
            words = ", ".join(
                f"{seats.number:,} x {seats.plan} "
                + (f"(removed {seats.removed_on})" if seats.removed_on else f"(added {seats.added_on})")
                for seats in outside
            )
            yield Notice("seats_outside_month", f"seats that are not there in {account.month} are not billed: {words}")
        listed_centers = {center.name for center in account.cost_centers}
        unlisted = [name for name in account.cost_center_names if name not in listed_centers]
        if listed_centers and unlisted:
            yield Notice(
                "cost_centers_not_listed",
                f"seats name cost centres that [[cost_centers]] does not list, so no cap applies: {', '.join(unlisted)}",
            )
        for plan_id in dict.fromkeys(seats.plan for seats in billed):
            plan = plan_named(plan_id)
            promotion = plan.promotion_on(account.first_day)
            if promotion is not None and account.existing_customer:
                yield Notice(
                    "plan_promotion",
                    f"{plan.name} includes {promotion.included_credits:,} credits a seat for {promotion.who} "
                    f"(existing_customer); others have {plan.included_credits:,}",
                )
        if account.first_day < CREDITS_SINCE:
            yield Notice(
                "before_credits",
                f"Copilot is billed in AI credits since {CREDITS_SINCE:%Y-%m}; {account.month} is before",
            )
        for budget in account.budgets:
            if budget.scope in ("user", "individual") and "stop" in budget.model_fields_set and not budget.stop:
                yield Notice(
                    "user_budgets_stop", f"the {budget.label} stops use: such budgets always do, whatever stop says"
                )
        for budget in self.budgets:
            if not budget.usd and not budget.stop:
                yield Notice(
                    "zero_budget_stops", f"the {budget.label} is $0: it stops metered use at once, whatever stop says"
                )
        capped = any(waterfall.cap_left(index, _END) for index in range(len(self.caps)))
        if capped and waterfall.exhausted_us is not None:
            yield Notice(
                "cap_is_not_reserved",
                "the pool ran dry before a capped cost centre had drawn its part; the cap is taken for a limit, "
                "not for a reserved part (not documented)",
            )


_DAY_US: Final = 86_400_000_000
_END: Final = 2**62


def _shares(amounts: dict[str | None, list[int]]) -> tuple[Share, ...]:
    return tuple(Share(name, *amounts[name]) for name in sorted(amounts, key=lambda name: (name is None, name or "")))


def _share_of(whole: int, part: int, parts: int) -> int:
    """`part` of `parts` of a whole, to the nearest unit, half to even."""
    return round(Fraction(whole * part, parts))
