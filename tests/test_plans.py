"""Plans and the expected bill."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import RateNotFoundError, UnknownNameError, plan, plans
from costcalc.billing.bill import bill_without_plan, monthly_bill
from costcalc.showing.display import text
from tests.recorded import assert_as_recorded

OCTOBER = date(2026, 10, 15)

# Dollars a seat, base, flex, included credits, pooled.
TERMS = {
    "free": (Decimal(0), None, None, None, False),
    "student": (Decimal(0), None, None, 200, False),
    "pro": (Decimal(10), 1_000, 500, 1_500, False),
    "pro_plus": (Decimal(39), 3_900, 3_100, 7_000, False),
    "max": (Decimal(100), 10_000, 10_000, 20_000, False),
    "business": (Decimal(19), 1_900, None, 1_900, True),
    "enterprise": (Decimal(39), 3_900, None, 3_900, True),
}


def test_the_terms_of_every_plan() -> None:
    found = {
        name: (each.usd_per_seat, each.base_credits, each.flex_credits, each.included_credits, each.pooled)
        for name, each in plans().items()
    }
    assert found == TERMS


def test_base_credits_are_the_price_in_cents() -> None:
    for each in plans().values():
        if each.base_credits is not None:
            assert each.base_credits == each.usd_per_seat * 100


@pytest.mark.parametrize(
    ("name", "on", "credits"),
    [
        ("business", "2026-05-31", 1_900),
        ("business", "2026-06-01", 3_000),
        ("business", "2026-08-31", 3_000),
        ("business", "2026-09-01", 1_900),
        ("enterprise", "2026-07-01", 7_000),
    ],
)
def test_promotions_apply_by_date_with_a_notice(name: str, on: str, credits: int) -> None:
    bill, notices = monthly_bill(plan(name), 10, Decimal(0), date.fromisoformat(on))
    assert bill.included_credits == credits * 10
    assert ("plan_promotion" in {notice.code for notice in notices}) == (credits in (3_000, 7_000))


def test_the_official_pool_example() -> None:
    bill, _ = monthly_bill(plan("business"), 100, Decimal(200_000), OCTOBER)
    assert bill.included_credits == 190_000
    assert bill.seat_usd == 1_900
    assert bill.metered_credits == 10_000
    assert bill.total_usd == 2_000


amounts = st.decimals(0, 10**9, places=9)
known_plans = st.sampled_from([name for name, terms in TERMS.items() if terms[3] is not None])


@given(known_plans, st.integers(1, 10_000), amounts)
def test_a_bill_is_seats_plus_what_passes_the_allowance(name: str, seats: int, credits: Decimal) -> None:
    bill, _ = monthly_bill(plan(name), seats, credits, OCTOBER)
    assert bill.included_credits is not None
    assert bill.metered_credits == max(Decimal(0), credits - bill.included_credits)
    assert bill.metered_credits is not None
    assert bill.included_used_credits is not None
    assert bill.included_used_credits + bill.metered_credits == credits
    assert bill.total_usd == plan(name).usd_per_seat * seats + bill.metered_credits / 100


@given(known_plans, st.integers(1, 100), amounts, amounts)
def test_more_use_never_costs_less(name: str, seats: int, a: Decimal, b: Decimal) -> None:
    less, more = (monthly_bill(plan(name), seats, each, OCTOBER)[0].total_usd for each in sorted((a, b)))
    assert less is not None
    assert more is not None
    assert less <= more


def test_an_unknown_allowance_is_not_zero() -> None:
    bill, notices = monthly_bill(plan("free"), 1, Decimal(10), OCTOBER)
    assert bill.seat_usd == 0
    assert bill.to_dict() == {
        "plan": "free",
        "seats": 1,
        "seat_usd": "0",
        "included_credits": None,
        "included_used_credits": None,
        "metered_credits": None,
        "metered_usd": None,
        "total_usd": None,
        "blocked_credits": None,
        "account_month": None,
    }
    assert "allowance_unknown" in {notice.code for notice in notices}


@pytest.mark.parametrize(
    ("name", "credits", "code"),
    [
        ("pro", 1_501, "additional_usage_needed"),
        ("student", 201, "additional_usage_unknown"),
        ("student", 1, "plan_certainty"),
    ],
)
def test_what_the_bill_assumes_is_told(name: str, credits: int, code: str) -> None:
    assert code in {n.code for n in monthly_bill(plan(name), 1, Decimal(credits), OCTOBER)[1]}
    assert not monthly_bill(plan("pro"), 1, Decimal(1_500), OCTOBER)[1]


def test_a_day_before_ai_credits_has_no_terms() -> None:
    assert list(plan("pro").all_parts(date(2026, 6, 1)))
    with pytest.raises(RateNotFoundError, match="on 2026-05-31; the first day of AI credits is 2026-06-01"):
        list(plan("pro").all_parts(date(2026, 5, 31)))


def test_a_plan_is_found_without_regard_to_case() -> None:
    assert plan("PRO").id == "pro"
    with pytest.raises(UnknownNameError, match=r"unknown plan 'team'; known: free, student, pro"):
        plan("team")


def test_without_a_plan_every_credit_is_paid() -> None:
    assert bill_without_plan(Decimal("150.5")).to_dict() == {
        "plan": None,
        "seats": 0,
        "seat_usd": "0",
        "included_credits": "0",
        "included_used_credits": "0",
        "metered_credits": "150.5",
        "metered_usd": "1.505",
        "total_usd": "1.505",
        "blocked_credits": "0",
        "account_month": None,
    }


def test_a_bill_as_machine_output() -> None:
    bill, _ = monthly_bill(plan("pro_plus"), 2, Decimal("14000.5"), OCTOBER)
    assert bill.to_dict() == {
        "plan": "pro_plus",
        "seats": 2,
        "seat_usd": "78",
        "included_credits": "14000",
        "included_used_credits": "14000",
        "metered_credits": "0.5",
        "metered_usd": "0.005",
        "total_usd": "78.005",
        "blocked_credits": "0",
        "account_month": None,
    }


@pytest.mark.parametrize("name", sorted(TERMS))
def test_a_plan_as_machine_output(name: str) -> None:
    each = plan(name)
    found = each.to_dict()
    promotions = found.pop("promotions")
    assert found.pop("plan") == each.id == name
    assert found.pop("usd_per_seat") == str(each.usd_per_seat)
    assert found.pop("note") == (each.note or None)
    for key in ("base_credits", "flex_credits", "included_credits"):
        value = getattr(each, key)
        assert found.pop(key) == (None if value is None else str(value))
    assert found == {key: getattr(each, key) for key in ("name", "kind", "pooled", "auto_only", "certainty", "source")}
    assert promotions == [
        {
            "included_credits": str(promotion.included_credits),
            "from": str(promotion.starts),
            "until": str(promotion.until),
            "who": promotion.who,
        }
        for promotion in each.promotions
    ]


def test_the_words_of_plans_and_of_what_their_bills_assume() -> None:
    words = []
    for each in plans().values():
        for on in (date(2026, 7, 1), OCTOBER):
            words.append(text(each.all_parts(on)))
            words += [f"- {n.code}: {n.message}\n" for n in monthly_bill(each, 2, Decimal(10**5), on)[1]]
    assert_as_recorded("words-plans.txt", "\n".join(words))
