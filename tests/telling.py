"""Accounts with their usage that, together, meet every rule, notice and word of a bill at least once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from costcalc import Account, Budget, CostCenter, Seats, UsageRecord


def account(*seats: Seats, **settings: Any) -> Account:
    """An account of October 2026, unless the settings say otherwise."""
    return Account.model_validate({"kind": "enterprise", "month": "2026-10", "seats": seats, **settings})


def used(month: str, day: int, user: str, credits: Decimal | int, **names: str) -> UsageRecord:
    """A record at noon of a day."""
    at = datetime.fromisoformat(f"{month}-01T12:00:00").replace(tzinfo=UTC) + timedelta(days=day - 1)
    return UsageRecord(at, user, credits, **names)


_SEATS = (
    Seats(plan="business", users=("ana", "Bo"), organization="acme", cost_center="platform"),
    Seats(plan="business", users=("cy",), organization="zeta", added_on=date(2026, 10, 10)),
    Seats(plan="enterprise", count=3, organization="zeta", cost_center="lab"),
    Seats(plan="enterprise", users=("dee",), removed_on=date(2026, 9, 30)),
    Seats(plan="business", count=1_000, added_on=date(2026, 11, 1)),
    Seats(plan="business", users=("fay",), cost_center="research", removed_on=date(2026, 10, 1)),
)
_CENTERS = (
    CostCenter(name="platform", included_usage_cap=True),
    CostCenter(name="research", included_usage_cap=True, excluded_from_enterprise_budget=True),
    CostCenter(name="sales", excluded_from_enterprise_budget=True),
)
_BUDGETS = (
    Budget(scope="user", name="ana", usd=60, stop=False),
    Budget(scope="user", cost_center="research", usd="0.5"),
    Budget(scope="user", name="*", usd=150, stop=True),
    Budget(scope="cost_center", name="platform", usd=25),
    Budget(scope="cost_center", name="research", usd=10, stop=True),
    Budget(scope="organization", name="zeta", usd=0),
    Budget(scope="organization", name="acme", usd=5, stop=True),
    Budget(scope="enterprise", usd=100, stop=True),
)
_USE = [
    used("2026-10", 2, "ANA", 3_000),
    used("2026-10", 2, "fay", Decimal("49.9999999996")),
    used("2026-10", 3, "bo", Decimal("900.5"), cost_center="sales"),
    used("2026-10", 3, "fay", 10),
    used("2026-10", 4, "cy", 200),
    used("2026-10", 5, "stranger", 16_000, organization="acme"),
    used("2026-10", 6, "ana", 1_900),
    used("2026-10", 12, "cy", 2_500),
    used("2026-10", 14, "dee", 100, organization="unheard", cost_center="of"),
    used("2026-10", 31, "ana", 2_000),
    used("2026-10", 31, "Bo", 400, organization="zeta"),
]

TELLING: Final[dict[str, tuple[Account, list[UsageRecord]]]] = {
    "everything": (account(*_SEATS, cost_centers=_CENTERS, budgets=_BUDGETS), _USE),
    "everything, credits of new seats by the day": (
        account(*_SEATS, cost_centers=_CENTERS, budgets=_BUDGETS, prorate_new_seat_credits=True),
        _USE,
    ),
    "everything, without additional usage": (
        account(*_SEATS, cost_centers=_CENTERS, budgets=_BUDGETS, additional_usage=False),
        _USE,
    ),
    "strangers and counted seats": (
        account(Seats(plan="business", count=2, organization="acme"), Seats(plan="business", users=("ana",))),
        [used("2026-10", 3, name, 2_000) for name in ("x", "y", "z")],
    ),
    "as many strangers as counted seats": (
        account(Seats(plan="business", count=2)),
        [used("2026-10", 3, name, 1_900) for name in ("x", "y")],
    ),
    "a crowd of strangers": (
        account(Seats(plan="business", users=("ana",))),
        [used("2026-10", 3, f"u{number:02}", number) for number in range(52)],
    ),
    "as many strangers as are named": (
        account(Seats(plan="business", users=("ana",))),
        [used("2026-10", 3, f"u{number:02}", number) for number in range(50)],
    ),
    "one more stranger than are named": (
        account(Seats(plan="business", users=("ana",))),
        [used("2026-10", 3, f"u{number:02}", number) for number in range(51)],
    ),
    "two of each that is told by name": (
        account(
            Seats(plan="business", users=("ana", "bo"), cost_center="labs", added_on=date(2026, 10, 10)),
            Seats(plan="business", users=("cy",), cost_center="sales"),
            cost_centers=(CostCenter(name="platform"),),
        ),
        [
            used("2026-10", 3, user, 10, organization=organization, cost_center=center)
            for user in ("ana", "bo")
            for organization, center in (("acme", "moon"), ("zeta", "sun"))
        ],
    ),
    "a user budget of nothing": (
        account(Seats(plan="business", users=("ana",)), budgets=(Budget(scope="user", name="ana", usd=0),)),
        [used("2026-10", 3, "ana", 10)],
    ),
    "as many people as a table shows": (
        account(Seats(plan="business", users=tuple(f"u{number:02}" for number in range(20)))),
        [used("2026-10", 3, f"u{number:02}", number % 7) for number in range(20)],
    ),
    "one more than a table shows": (
        account(Seats(plan="business", users=tuple(f"u{number:02}" for number in range(21)))),
        [used("2026-10", 3, f"u{number:02}", 3_000 * (number % 2)) for number in range(21)],
    ),
    "a promotion": (
        account(Seats(plan="business", users=("ana",)), Seats(plan="enterprise", count=1), month="2026-07"),
        [used("2026-07", 31, "ana", 10_001)],
    ),
    "a promotion for others": (
        account(Seats(plan="business", users=("ana",)), month="2026-07", existing_customer=False),
        [used("2026-07", 31, "ana", 1_900)],
    ),
    "the first month of credits": (
        account(Seats(plan="business", users=("ana",)), month="2026-06"),
        [used("2026-06", 1, "ana", 5)],
    ),
    "before credits": (
        account(Seats(plan="business", users=("ana",)), month="2026-05"),
        [used("2026-05", 31, "ana", 5)],
    ),
    "an individual": (
        account(Seats(plan="pro", users=("ana",)), kind="individual"),
        [used("2026-10", 3, "ana", 1_600)],
    ),
    "an individual with a budget": (
        account(
            Seats(plan="pro_plus", users=("ana",)),
            kind="individual",
            month="2026-12",
            budgets=(Budget(scope="individual", usd=10, stop=False), Budget(scope="user", name="ANA", usd=200)),
        ),
        [used("2026-12", day, "ana", 750) for day in (1, 5, 9, 10, 11, 12, 13, 14, 15, 28, 31)],
    ),
    "an organisation and two names of one": (
        account(
            Seats(plan="business", users=("ana",)),
            Seats(plan="business", users=("bo",), organization="acme"),
            kind="organization",
            month="2027-02",
            budgets=(Budget(scope="organization", name="acme", usd=3, stop=True),),
        ),
        [used("2027-02", 1, "ana", 3_800), used("2027-02", 27, "ana", 250), used("2027-02", 28, "bo", 100)],
    ),
    "nobody used anything": (
        account(
            Seats(plan="business", count=1),
            Seats(plan="business", count=1, cost_center="platform"),
            cost_centers=(CostCenter(name="platform", included_usage_cap=True),),
            budgets=(Budget(scope="enterprise", usd="12.5"),),
        ),
        [],
    ),
    "a part that is not reserved": (
        account(
            Seats(plan="business", users=("ana",), cost_center="platform"),
            Seats(plan="business", users=("bo",)),
            cost_centers=(CostCenter(name="platform", included_usage_cap=True),),
        ),
        [used("2026-10", 3, "bo", 3_000), used("2026-10", 4, "ana", 900)],
    ),
    "a pool that is filled again": (
        account(
            Seats(plan="business", users=("ana",)),
            Seats(plan="business", users=("bo",), added_on=date(2026, 10, 17)),
        ),
        [used("2026-10", 3, "ana", 1_900), used("2026-10", 4, "ana", 1)],
    ),
}
