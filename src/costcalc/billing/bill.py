"""The month's bill in expectation: seats, the allowance, and what is metered beyond it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from costcalc.billing.plan import Plan
from costcalc.notices import Notice
from costcalc.units import EXACT, canonical, known, plain, usd_of_credits


@dataclass(frozen=True, slots=True)
class Bill:
    """What a month costs: `total_usd` is `seat_usd` plus `metered_usd`.

    Without a plan there are no seats and no allowance, and all use is metered. Under an account, `account_month` is its
    month, and limits may have blocked use. None stands for a figure that depends on an allowance that is not known.
    """

    plan: str | None
    seats: int
    seat_usd: Decimal
    included_credits: Decimal | None
    included_used_credits: Decimal | None
    metered_credits: Decimal | None
    metered_usd: Decimal | None
    total_usd: Decimal | None
    blocked_credits: Decimal | None = Decimal(0)
    account_month: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The bill as machine output holds it."""
        return {
            "plan": self.plan,
            "seats": self.seats,
            "seat_usd": plain(self.seat_usd),
            "included_credits": known(self.included_credits),
            "included_used_credits": known(self.included_used_credits),
            "metered_credits": known(self.metered_credits),
            "metered_usd": known(self.metered_usd),
            "total_usd": known(self.total_usd),
            "blocked_credits": known(self.blocked_credits),
            "account_month": self.account_month,
        }


def bill_without_plan(credits: Decimal) -> Bill:
    """The bill where every credit (or its worth in dollars, on an API) is metered."""
    usd = usd_of_credits(credits)
    return Bill(None, 0, Decimal(0), Decimal(0), Decimal(0), credits, usd, usd)


def monthly_bill(plan: Plan, seats: int, credits: Decimal, on: date) -> tuple[Bill, tuple[Notice, ...]]:
    """The bill of `seats` seats that use `credits` together in the month of `on`, each the same share of them.

    With equal shares, seats that pool their credits and seats that do not cost the same; budgets and blocking are not
    part of it.
    """
    notices = []
    seat_usd = canonical(EXACT.multiply(plan.usd_per_seat, Decimal(seats)))
    included_per_seat = plan.included_credits_on(on)
    promotion = plan.promotion_on(on)
    if promotion is not None:
        notices.append(
            Notice(
                "plan_promotion",
                f"{plan.name} includes {promotion.included_credits:,} credits a seat until {promotion.until} "
                f"(exclusive), for {promotion.who}; others have {plan.included_credits:,}",
            )
        )
    if plan.certainty != "high":
        notices.append(
            Notice("plan_certainty", f"the credits of {plan.name} are of {plan.certainty} certainty ({plan.source})")
        )
    if included_per_seat is None:
        notices.append(
            Notice("allowance_unknown", f"the credits included in {plan.name} are not known, so neither is the bill")
        )
        return Bill(plan.id, seats, seat_usd, None, None, None, None, None, None), tuple(notices)
    included = Decimal(included_per_seat * seats)
    used = min(credits, included)
    metered = canonical(EXACT.subtract(credits, used))
    metered_usd = usd_of_credits(metered)
    if metered:
        if plan.auto_only:
            message = f"whether {plan.name} can buy credits beyond its allowance is not known; it may just stop"
            notices.append(Notice("additional_usage_unknown", message))
        elif plan.kind == "individual":
            message = (
                f"{plan.name} stops when its {included_per_seat:,} credits are used up, unless a budget for "
                "additional usage is set; the bill assumes one that is large enough"
            )
            notices.append(Notice("additional_usage_needed", message))
    total = canonical(EXACT.add(seat_usd, metered_usd))
    bill = Bill(plan.id, seats, seat_usd, included, canonical(used), metered, metered_usd, total)
    return bill, tuple(notices)
