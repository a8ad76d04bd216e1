"""An account: its seats, cost centres and budgets in one month, from a file or as objects."""

import calendar
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StrictBool, ValidationError, field_validator, model_validator

from costcalc.billing.plan import Plan, plans
from costcalc.errors import InputError, check_type, unknown_name
from costcalc.tomlfile import Key, TomlFile, validation_message

AccountKind = Literal["individual", "organization", "enterprise"]
Scope = Literal["user", "cost_center", "organization", "enterprise", "individual"]

EVERY_USER: Final = "*"
MAX_BUDGET_USD: Final = 40_000_000
"""More than the usage that can be counted may cost in a month."""

_Name = Annotated[str, Field(min_length=1, max_length=500)]
_SCOPES_OF: Final[dict[str, tuple[str, ...]]] = {
    "individual": ("individual", "user"),
    "organization": ("user", "cost_center", "organization"),
    "enterprise": ("user", "cost_center", "organization", "enterprise"),
}


class _Stated(BaseModel, frozen=True, extra="forbid"):
    """A table of an account file; a key that is not known is an error."""


class Seats(_Stated, frozen=True):
    """Seats of one plan: of named `users`, or a `count` of them.

    `added_on` and `removed_on` are days (UTC). A seat added within the month pays from that day and brings its credits
    then; one removed within the month is billed, and keeps its credits, to the month's end.
    """

    plan: str
    users: tuple[_Name, ...] = ()
    count: Annotated[int, Field(ge=1, le=10**8, strict=True)] | None = None
    organization: _Name | None = None
    cost_center: _Name | None = None
    added_on: Annotated[date, Field(strict=True)] | None = None
    removed_on: Annotated[date, Field(strict=True)] | None = None

    @field_validator("plan")
    @classmethod
    def _plan_in_any_case(cls, value: str) -> str:
        return value.casefold()

    @property
    def number(self) -> int:
        """How many seats these are."""
        return len(self.users) if self.count is None else self.count

    @property
    def terms(self) -> Plan:
        """The plan of the seats."""
        return plans()[self.plan]


class CostCenter(_Stated, frozen=True):
    """A cost centre. `included_usage_cap`: its members draw on the pool only up to the credits of their own seats."""

    name: _Name
    included_usage_cap: StrictBool = False
    excluded_from_enterprise_budget: StrictBool = False


class Budget(_Stated, frozen=True):
    """A budget in US dollars.

    Scope `user` caps one person's included and metered use together and always stops: for `name`, for everyone in a
    `cost_center`, or for everyone (`name = "*"`). The others count metered use only: `cost_center`, `organization`,
    `enterprise`, and `individual` (an individual's budget for additional usage). They stop use if `stop` is true, else
    they only alert; a budget of $0 always stops.
    """

    scope: Scope
    name: _Name | None = None
    cost_center: _Name | None = None
    usd: Annotated[Decimal, Field(ge=0, le=MAX_BUDGET_USD, decimal_places=9, allow_inf_nan=False)]
    stop: StrictBool = False

    if TYPE_CHECKING:  # what the constructor takes is more than what the fields hold

        def __init__(
            self,
            *,
            scope: Scope,
            usd: Decimal | int | str,
            name: str | None = None,
            cost_center: str | None = None,
            stop: bool = False,
        ) -> None: ...

    @field_validator("usd", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("must be a number of US dollars")
        return value

    @property
    def stops(self) -> bool:
        """Whether use stops at the budget."""
        return self.stop or self.scope in ("user", "individual") or not self.usd

    @property
    def label(self) -> str:
        """The budget in a few words."""
        if self.scope == "user" and self.cost_center is not None:
            return f"user budget of cost centre {self.cost_center}"
        if self.scope == "user" and self.name == EVERY_USER:
            return "user budget of everyone"
        return f"{self.scope} budget" + (f" of {self.name}" if self.name else "")


class Account(_Stated, frozen=True):
    """Who pays for whom in a month (`YYYY-MM`, UTC): seats, cost centres and budgets.

    `additional_usage` lets use go on beyond the included credits; left out, it is on for organisations and enterprises,
    and for an individual who has a budget for it. `prorate_new_seat_credits` gives a seat added within the month only
    the share of its credits that is left of the month: GitHub's own pages disagree on this. `existing_customer` says
    whether promotions for existing customers apply.

    Raises `pydantic.ValidationError` (a `ValueError`) for what contradicts itself.

    >>> account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("ana", "bo")),))
    >>> account.allows_additional_usage, account.users
    (True, ('ana', 'bo'))
    """

    kind: AccountKind
    month: str
    additional_usage: StrictBool | None = None
    prorate_new_seat_credits: StrictBool = False
    existing_customer: StrictBool = True
    seats: tuple[Seats, ...] = ()
    cost_centers: tuple[CostCenter, ...] = ()
    budgets: tuple[Budget, ...] = ()

    @field_validator("month")
    @classmethod
    def _a_month(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d{3}-(0[1-9]|1[0-2])", value, re.ASCII):
            raise ValueError(f"must be a month such as 2026-10, not {value!r:.40}")
        return value

    @model_validator(mode="after")
    def _without_contradiction(self) -> "Account":
        for _, message in self._contradictions():
            raise ValueError(message)
        return self

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Account":
        """The account that a TOML file describes: `[account]`, `[[seats]]`, `[[cost_centers]]`, `[[budgets]]`.

        Raises `InputError` with file and line for what cannot be.
        """
        check_type("an account", path, (str, os.PathLike), "an Account or the path of its file")
        file = TomlFile.read(os.fspath(path))
        if "account" not in file.data:
            raise InputError(f"{file.path}: no [account] table; it needs at least kind and month")
        stated = file.validate(_AccountFile)
        account = cls.model_construct(
            **dict(stated.account),
            seats=stated.seats,
            cost_centers=stated.cost_centers,
            budgets=stated.budgets,
        )
        for keys, message in account._contradictions():
            file.fail(keys, message)
        try:
            return cls(**dict(account))
        except ValidationError as error:
            first = error.errors()[0]
            file.fail(("account", *first["loc"]), validation_message(first))

    def _contradictions(self) -> Iterator[tuple[tuple[Key, ...], str]]:
        """What cannot be, each with its place in the file."""
        yield from self._seat_contradictions()
        centers = Counter(center.name for center in self.cost_centers)
        for index, center in enumerate(self.cost_centers):
            if centers[center.name] > 1:
                yield ("cost_centers", index, "name"), f"cost centre {center.name} is listed twice"
        yield from self._budget_contradictions()

    def _seat_contradictions(self) -> Iterator[tuple[tuple[Key, ...], str]]:
        holders: set[str] = set()
        if not self.seats:
            yield ("account",), "the account has no [[seats]]"
        for index, seats in enumerate(self.seats):
            place: tuple[Key, ...] = ("seats", index)
            if seats.plan not in plans():
                yield (*place, "plan"), str(unknown_name("plan", seats.plan, plans()))
                return
            if bool(seats.users) == (seats.count is not None):
                yield place, "seats have either users or a count"
            if (seats.terms.kind == "individual") != (self.kind == "individual"):
                yield (*place, "plan"), f"plan {seats.plan} is not for an account of kind {self.kind}"
            if seats.terms.included_credits is None:
                yield (*place, "plan"), f"the credits included in plan {seats.plan} are not known; it cannot be billed"
            if seats.added_on and seats.removed_on and seats.removed_on < seats.added_on:
                yield (*place, "removed_on"), f"removed_on {seats.removed_on} is before added_on {seats.added_on}"
            for position, user in enumerate(seats.users):
                if user.casefold() in holders:  # logins are the same in any case
                    yield (*place, "users", position), f"user {user} has two seats"
                holders.add(user.casefold())
        if self.kind == "individual" and sum(seats.number for seats in self.seats) != 1:
            yield ("seats", len(self.seats) - 1), "an account of kind individual has exactly one seat"

    def _budget_contradictions(self) -> Iterator[tuple[tuple[Key, ...], str]]:
        known = {"organization": self.organizations, "cost_center": self.cost_center_names, "user": self.users}
        folded = {user.casefold() for user in self.users}
        # Seats that are only counted have no names: any user may hold one.
        any_user = any(seats.count is not None for seats in self.seats)
        seen: dict[tuple[str, str | None, str | None], int] = {}
        for index, budget in enumerate(self.budgets):
            place: tuple[Key, ...] = ("budgets", index)
            if budget.scope not in _SCOPES_OF[self.kind]:
                allowed = ", ".join(_SCOPES_OF[self.kind])
                yield (*place, "scope"), f"an account of kind {self.kind} has budgets of scope {allowed} only"
            if budget.cost_center is not None and (budget.scope != "user" or budget.name is not None):
                yield (*place, "cost_center"), "cost_center goes with scope user, in place of name"
            elif budget.cost_center is not None and budget.cost_center not in known["cost_center"]:
                message = unknown_name("cost centre", budget.cost_center, known["cost_center"])
                yield (*place, "cost_center"), str(message)
            elif budget.scope in known and budget.cost_center is None:
                names = known[budget.scope]
                if budget.scope == "organization" and self.kind == "organization" and not self.organizations:
                    pass  # there is one only, whatever its name
                elif budget.name is None:
                    yield place, f"a budget of scope {budget.scope} needs a name"
                elif budget.scope == "user" and (budget.name == EVERY_USER or budget.name.casefold() in folded):
                    pass
                elif budget.name not in names and not (budget.scope == "user" and any_user):
                    yield (*place, "name"), str(unknown_name(budget.scope, budget.name, names))
            scope, name = self.budget_key(budget)
            if scope not in known:
                name = None
            elif name is not None and scope == "user":
                name = name.casefold()  # logins are the same in any case
            first = seen.setdefault((scope, name, budget.cost_center), index)
            if first != index:
                both = f"{self.budgets[first].label} (number {first + 1}), {budget.label} (number {index + 1})"
                yield place, f"there are two budgets for one scope: {both} of [[budgets]]"

    @property
    def users(self) -> tuple[str, ...]:
        """Everyone who holds a seat by name, in the order of the file."""
        return tuple(user for seats in self.seats for user in seats.users)

    @property
    def organizations(self) -> tuple[str, ...]:
        """The organisations of the seats."""
        return tuple(dict.fromkeys(seats.organization for seats in self.seats if seats.organization is not None))

    def organization_of(self, name: str | None) -> str | None:
        """The organisation that seats, use or a budget without a name of one count for: that of the account, if it is one."""
        if name is not None or self.kind != "organization":
            return name
        stated = (each.name for each in self.budgets if each.scope == "organization" and each.name)
        return next(iter(self.organizations), next(stated, None))

    def budget_key(self, budget: Budget) -> tuple[str, str | None]:
        """What a budget for metered use is for: its scope, and the name that use is charged to."""
        return budget.scope, self.organization_of(budget.name) if budget.scope == "organization" else budget.name

    def user_budgets(self) -> "Callable[[str | None, str | None], Budget | None]":
        """The look-up of a person's user budget, by login (None: of a seat without a name) and cost centre.

        Their own comes before that of their cost centre, that before everyone's.
        """
        personal = [each for each in self.budgets if each.scope == "user"]
        stated = {(each.name and each.name.casefold(), each.cost_center): each for each in personal}

        def budget_of(user: str | None, cost_center: str | None) -> Budget | None:
            own = None if user is None else stated.get((user.casefold(), None))
            center = None if cost_center is None else stated.get((None, cost_center))
            return own or center or stated.get((EVERY_USER, None))

        return budget_of

    @property
    def cost_center_names(self) -> tuple[str, ...]:
        """The cost centres that are listed, then those only named by seats."""
        listed = [center.name for center in self.cost_centers]
        return tuple(
            dict.fromkeys([*listed, *(seats.cost_center for seats in self.seats if seats.cost_center is not None)])
        )

    @property
    def allows_additional_usage(self) -> bool:
        """Whether use goes on beyond the included credits."""
        if self.additional_usage is not None:
            return self.additional_usage
        return self.kind != "individual" or any(budget.scope == "individual" for budget in self.budgets)

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date(int(self.month[:4]), int(self.month[5:]), 1)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return calendar.monthrange(self.first_day.year, self.first_day.month)[1]

    @property
    def starts(self) -> datetime:
        """The instant at which the month starts."""
        return datetime(self.first_day.year, self.first_day.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first instant after the month."""
        following = date(self.first_day.year + self.first_day.month // 12, self.first_day.month % 12 + 1, 1)
        return datetime(following.year, following.month, 1, tzinfo=UTC)

    def billed_seats(self) -> "Sequence[Seats]":
        """The seats that this month bills: added before its end, and not removed before its start."""
        return [
            seats
            for seats in self.seats
            if (seats.added_on is None or seats.added_on < self.ends.date())
            and (seats.removed_on is None or seats.removed_on >= self.first_day)
        ]

    def days_billed(self, seats: Seats) -> int:
        """On how many days of the month the seats are billed."""
        if seats.added_on is None or seats.added_on <= self.first_day:
            return self.days
        return self.days - (seats.added_on - self.first_day).days

    def included_credits(self, seats: Seats) -> int:
        """Credits that one of the seats includes in a whole month, by the promotion of that month if there is one."""
        terms = seats.terms
        included = terms.included_credits_on(self.first_day) if self.existing_customer else terms.included_credits
        assert included is not None  # _seat_contradictions refuses plans without
        return included


class _AccountSettings(_Stated, frozen=True):
    kind: AccountKind
    month: str
    additional_usage: StrictBool | None = None
    prorate_new_seat_credits: StrictBool = False
    existing_customer: StrictBool = True


class _AccountFile(_Stated, frozen=True):
    """An account as its file states it."""

    account: _AccountSettings
    seats: tuple[Seats, ...] = ()
    cost_centers: tuple[CostCenter, ...] = ()
    budgets: tuple[Budget, ...] = ()
