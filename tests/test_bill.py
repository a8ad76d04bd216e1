"""The bill of an account: the official examples, and what must hold for any usage under any limits."""

import json
import sys
from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from costcalc import Account, AccountBill, Budget, CostCenter, InputError, Seats, UsageRecord, bill
from costcalc.billing import bulk, waterfall
from costcalc.billing.statement import expected_bill, seat_fees, spoken, timestamp
from costcalc.billing.waterfall import NO_LIMIT, NONE, ActorTerms, BudgetTerms, Terms
from tests.recorded import assert_as_recorded
from tests.strategies import accounts, limits_and_records, thorough, usage_records
from tests.telling import TELLING, account

DAY = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


def used(user: str, credits: Decimal | int, hours: int = 0, **names: str) -> UsageRecord:
    return UsageRecord(DAY + timedelta(hours=hours), user, credits, **names)


def asked(records: Sequence[UsageRecord]) -> Fraction:
    return sum((Fraction(record.credits) for record in records), Fraction(0))


class TestOfficialExamples:
    def test_a_hundred_business_seats_pool_190_000_credits(self) -> None:
        result = bill([], account(Seats(plan="business", count=100)))
        assert (result.pool_credits, result.forfeited_credits, result.seat_usd) == (190_000, 190_000, 1_900)

    def test_the_promotion_of_june_to_august(self) -> None:
        seats = Seats(plan="business", count=100)
        assert bill([], account(seats, month="2026-08")).pool_credits == 300_000
        assert bill([], account(seats, month="2026-09")).pool_credits == 190_000
        assert bill([], account(seats, month="2026-08", existing_customer=False)).pool_credits == 190_000

    def test_a_capped_cost_centre_of_10_business_and_5_enterprise_seats_draws_38_500(self) -> None:
        terms = account(
            Seats(plan="business", count=10, cost_center="platform"),
            Seats(plan="enterprise", count=5, cost_center="platform"),
            Seats(plan="business", count=50),
            cost_centers=[CostCenter(name="platform", included_usage_cap=True)],
        )
        result = bill([used("x", 50_000, cost_center="platform")], terms)
        assert result.included_used_credits == 38_500
        assert result.metered_credits == 11_500
        assert result.exhausted_at is None

    def test_400_business_seats_and_an_enterprise_budget_of_5_000_dollars_cost_at_most_12_600(self) -> None:
        budget = Budget(scope="enterprise", usd=5_000, stop=True)
        result = bill([used("x", 10_000_000)], account(Seats(plan="business", count=400), budgets=[budget]))
        assert result.total_usd == 12_600
        assert result.blocked_credits == 10_000_000 - 760_000 - 500_000

    def test_a_user_budget_stops_although_the_cost_centre_has_headroom(self) -> None:
        terms = account(
            Seats(plan="business", users=("ana",), cost_center="platform"),
            budgets=[
                Budget(scope="user", name="ana", usd=24),
                Budget(scope="cost_center", name="platform", usd=10, stop=True),
            ],
        )
        result = bill([used("ana", 1_900), used("ana", 1_000, hours=1)], terms)
        assert (result.metered_credits, result.blocked_credits) == (500, 500)
        (stop,) = result.blocks
        assert (stop.scope, stop.name, stop.at, stop.credits) == ("user", "ana", DAY + timedelta(hours=1), 500)

    def test_the_lowest_headroom_wins(self) -> None:
        terms = account(
            Seats(plan="business", users=("ana",)),
            budgets=[Budget(scope="user", name="ana", usd=24), Budget(scope="enterprise", usd=1, stop=True)],
        )
        result = bill([used("ana", 1_900), used("ana", 1_000, hours=1)], terms)
        assert result.metered_credits == 100
        assert [(stop.scope, stop.credits) for stop in result.blocks] == [("enterprise", 900)]


class TestRules:
    def test_the_enterprise_budget_is_not_a_total_budget(self) -> None:
        terms = account(Seats(plan="business", count=1), budgets=[Budget(scope="enterprise", usd=1, stop=True)])
        assert bill([used("x", 1_900)], terms).included_used_credits == 1_900

    def test_a_budget_without_stop_only_alerts(self) -> None:
        terms = account(Seats(plan="business", count=1), budgets=[Budget(scope="enterprise", usd=10)])
        result = bill([used("x", 1_900), used("x", 760, 24), used("x", 1_000, 48)], terms)
        assert result.blocked_credits == 0
        assert result.total_usd == 19 + Decimal("17.6")
        assert [(alert.percent, alert.at.day) for alert in result.alerts] == [(75, 6), (90, 7), (100, 7)]

    def test_an_alert_goes_out_with_the_record_that_reaches_it(self) -> None:
        terms = account(Seats(plan="business", count=1), budgets=[Budget(scope="enterprise", usd=100)])
        use: list[Decimal | int] = [1_900, Decimal("7499.999999999"), Decimal("0.000000001"), 1_499, 1, 1_000, 5]
        result = bill([used("x", credits, hours=hour) for hour, credits in enumerate(use)], terms)
        assert [(alert.percent, alert.at) for alert in result.alerts] == [
            (75, DAY + timedelta(hours=2)),
            (90, DAY + timedelta(hours=4)),
            (100, DAY + timedelta(hours=5)),
        ]

    @pytest.mark.parametrize("parts", [(101,), (1, 100), (100, 1)])
    def test_what_is_stopped_counts_for_the_first_limit_that_is_used_up(self, parts: tuple[int, ...]) -> None:
        budgets = [Budget(scope="user", name="*", usd=20), Budget(scope="enterprise", usd=0)]
        terms = account(Seats(plan="business", users=("ana",)), budgets=budgets)
        before = used("ana", 1_900)
        stopped = bill([before, *(used("ana", credits, hours=1) for credits in parts)], terms).blocks
        assert [(stop.scope, stop.credits) for stop in stopped] == [("enterprise", 101)]
        dry = bill([used("ana", 1_999), used("ana", 2, hours=1)], terms.model_copy(update={"budgets": (budgets[0],)}))
        assert [(stop.scope, stop.credits) for stop in dry.blocks] == [("user", 1)]

    def test_a_budget_of_nothing_stops_at_once_whatever_stop_says(self) -> None:
        terms = account(Seats(plan="business", count=1), budgets=[Budget(scope="enterprise", usd=0)])
        result = bill([used("x", 2_000)], terms)
        assert (result.metered_credits, result.blocked_credits) == (0, 100)
        assert "zero_budget_stops" in {notice.code for notice in result.notices}

    def test_the_own_user_budget_beats_the_cost_centres_and_that_beats_everyones(self) -> None:
        terms = account(
            Seats(plan="business", users=("ana", "bo"), cost_center="platform"),
            Seats(plan="business", users=("cy",)),
            budgets=[
                Budget(scope="user", name="*", usd=1),
                Budget(scope="user", cost_center="platform", usd=2),
                Budget(scope="user", name="ana", usd=3),
            ],
        )
        result = bill([used(user, 1_000) for user in ("ana", "bo", "cy", "stranger")], terms)
        assert {share.name: share.included_nano_aiu // 10**9 for share in result.by_user} == {
            "ana": 300,
            "bo": 200,
            "cy": 100,
            "stranger": 100,
        }

    def test_a_cost_centres_budget_stands_in_for_the_organisations(self) -> None:
        terms = account(
            Seats(plan="business", users=("ana",), organization="acme", cost_center="platform"),
            Seats(plan="business", users=("bo",), organization="acme"),
            budgets=[
                Budget(scope="organization", name="acme", usd=1, stop=True),
                Budget(scope="cost_center", name="platform", usd=2, stop=True),
            ],
        )
        result = bill([used("ana", 3_800), used("ana", 1_000, 1), used("bo", 1_000, 1)], terms)
        assert {share.name: share.metered_nano_aiu // 10**9 for share in result.by_user} == {"ana": 200, "bo": 100}

    def test_a_cost_centre_excluded_from_the_enterprise_budget(self) -> None:
        terms = account(
            Seats(plan="business", users=("ana",), cost_center="platform"),
            Seats(plan="business", users=("bo",)),
            cost_centers=[CostCenter(name="platform", excluded_from_enterprise_budget=True)],
            budgets=[Budget(scope="enterprise", usd=1, stop=True)],
        )
        result = bill([used("bo", 3_800), used("ana", 1_000, 1), used("bo", 1_000, 1)], terms)
        assert {share.name: share.metered_nano_aiu // 10**9 for share in result.by_user} == {"ana": 1_000, "bo": 100}

    def test_additional_usage_is_off_for_individuals_and_on_for_organisations(self) -> None:
        own = Account(kind="individual", month="2026-10", seats=(Seats(plan="pro", users=("me",)),))
        result = bill([used("me", 2_000)], own)
        assert (result.included_used_credits, result.metered_credits, result.blocked_credits) == (1_500, 0, 500)
        assert [(stop.scope, stop.name) for stop in result.blocks] == [("additional_usage", None)]
        assert bill([used("me", 2_000)], own.model_copy(update={"additional_usage": True})).total_usd == 15
        limited = own.model_copy(update={"budgets": (Budget(scope="individual", usd=3),)})
        assert bill([used("me", 2_000)], limited).total_usd == 13
        team = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("me",)),))
        assert bill([used("me", 2_000)], team).metered_credits == 100

    def test_a_seat_added_in_the_month_raises_the_pool_at_once_and_pays_for_the_days_left(self) -> None:
        added = Seats(plan="business", users=("bo",), added_on=datetime(2026, 10, 22).date())
        terms = account(Seats(plan="business", users=("ana",)), added)
        early, late = used("ana", 2_000, 24), used("ana", 2_000, 24 * 20)
        result = bill([early, late], terms)
        assert result.metered_credits == 100 + 100
        assert result.pool_credits == 3_800
        assert result.seat_usd == 19 + round(Fraction(19 * 10, 31) * 10**11) / Decimal(10**11)
        assert result.exhausted_at == DAY + timedelta(hours=24)
        prorated = terms.model_copy(update={"prorate_new_seat_credits": True})
        assert abs(bill([], prorated).pool_credits - 1_900 - Decimal(19_000) / 31) < Decimal("1e-9")

    def test_a_seat_removed_in_the_month_is_billed_and_keeps_its_credits(self) -> None:
        gone = Seats(plan="business", users=("bo",), removed_on=datetime(2026, 10, 2).date())
        earlier = Seats(plan="business", users=("cy",), removed_on=datetime(2026, 9, 30).date())
        later = Seats(plan="business", users=("dee",), added_on=datetime(2026, 11, 1).date())
        result = bill([], account(Seats(plan="business", users=("ana",)), gone, earlier, later))
        assert (result.seat_usd, result.pool_credits) == (38, 3_800)

    def test_users_without_a_seat_are_reported_not_dropped(self) -> None:
        result = bill([used("stranger", 100)], account(Seats(plan="business", users=("ana",))))
        assert result.included_used_credits == 100
        assert "users_without_seat" in {notice.code for notice in result.notices}
        counted = account(Seats(plan="business", users=("ana",)), Seats(plan="business", count=1))
        assert "users_without_seat" not in {n.code for n in bill([used("stranger", 100)], counted).notices}

    def test_logins_are_the_same_in_any_case(self) -> None:
        terms = account(Seats(plan="business", users=("Ana",)), budgets=[Budget(scope="user", name="ana", usd=1)])
        result = bill([used("ANA", 100), used("ana", 100)], terms)
        assert [(share.name, share.blocked_nano_aiu) for share in result.by_user] == [("Ana", 100 * 10**9)]
        with pytest.raises(ValueError, match="user ANA has two seats"):
            account(Seats(plan="business", users=("ana", "ANA")))

    def test_use_before_the_day_of_the_seat_is_told(self) -> None:
        late = Seats(plan="business", users=("bo",), added_on=datetime(2026, 10, 20).date())
        terms = account(Seats(plan="business", users=("ana",)), late)
        assert "use_before_seat" in {notice.code for notice in bill([used("bo", 1)], terms).notices}
        assert "use_before_seat" not in {n.code for n in bill([used("bo", 1, 24 * 20)], terms).notices}

    def test_what_is_stated_but_cannot_be_is_told(self) -> None:
        seats = Seats(plan="Business", users=("ana",))
        soft = [Budget(scope="user", name="ana", usd=1, stop=False)]
        assert "user_budgets_stop" in {n.code for n in bill([], account(seats, budgets=soft)).notices}
        assert "before_credits" in {n.code for n in bill([], account(seats, month="2026-05")).notices}

    def test_unknown_cost_centres_and_organisations_are_reported(self) -> None:
        record = used("ana", 1, organization="elsewhere", cost_center="nowhere")
        found = {notice.code for notice in bill([record], account(Seats(plan="business", users=("ana",)))).notices}
        assert {"unknown_cost_centers", "unknown_organizations"} <= found


class TestWhatMustHold:
    @given(accounts(), usage_records())
    def test_nothing_is_lost_and_the_parts_add_up(self, terms: Account, records: list[UsageRecord]) -> None:
        result = bill(records, terms)
        whole = result.whole
        assert result.included_used_credits + result.metered_credits + result.blocked_credits == asked(records)
        assert result.forfeited_credits + result.included_used_credits == result.pool_credits
        assert result.total_usd == result.seat_usd + result.metered_credits / 100
        for shares in (result.by_user, result.by_organization, result.by_cost_center):
            assert sum(share.seat_nano_aiu for share in shares) == whole.seat_nano_aiu
            assert sum(share.included_nano_aiu for share in shares) == whole.included_nano_aiu
            assert sum(share.metered_nano_aiu for share in shares) == whole.metered_nano_aiu
            assert sum(share.blocked_nano_aiu for share in shares) == whole.blocked_nano_aiu
        assert sum(stop.credits for stop in result.blocks) == result.blocked_credits
        for share in result.by_user:
            own = [use for use in result.use if use.actor.user == share.name]
            assert sum(use.included_nano_aiu for use in own) == share.included_nano_aiu
            assert sum(use.metered_nano_aiu for use in own) == share.metered_nano_aiu

    @given(accounts(), usage_records())
    def test_no_limit_is_passed(self, terms: Account, records: list[UsageRecord]) -> None:
        result = bill(records, terms)
        assert result.included_used_credits <= result.pool_credits
        if not terms.allows_additional_usage:
            assert result.metered_credits == 0
        own = {budget.name: budget.usd for budget in terms.budgets if budget.scope == "user" and budget.name}
        for share in result.by_user:
            by_center = any(budget.scope == "user" and budget.cost_center for budget in terms.budgets)
            limit = own.get(share.name or "", None if by_center else own.get("*"))
            if limit is not None:
                assert share.included_nano_aiu + share.metered_nano_aiu <= limit * 10**11
        excluded = {center.name for center in terms.cost_centers if center.excluded_from_enterprise_budget}
        within = sum(share.metered_nano_aiu for share in result.by_cost_center if share.name not in excluded)
        for budget in terms.budgets:
            if budget.scope == "enterprise" and budget.stops:
                assert within <= budget.usd * 10**11

    @given(accounts(), usage_records(), st.randoms(use_true_random=False))
    def test_the_order_given_does_not_matter(self, terms: Account, records: list[UsageRecord], random: Any) -> None:
        shuffled = list(records)
        random.shuffle(shuffled)
        assert bill(shuffled, terms) == bill(records, terms)

    @given(accounts(), usage_records(), st.integers(0, 39), st.integers(0, 10**12))
    def test_splitting_a_record_changes_nothing(
        self, terms: Account, records: list[UsageRecord], place: int, part: int
    ) -> None:
        if place >= len(records):
            return
        record = records[place]
        first = min(Decimal(part).scaleb(-9), Decimal(record.credits))
        halves = [record._replace(credits=first), record._replace(credits=record.credits - first)]
        split = bill([*records[:place], *halves, *records[place + 1 :]], terms)
        whole = bill(records, terms)
        assert split.to_dict() | {"records": 0} == whole.to_dict() | {"records": 0}

    @given(accounts(limits=False, steady=True), usage_records())
    def test_without_limits_it_is_seats_and_what_passes_the_pool(
        self, terms: Account, records: list[UsageRecord]
    ) -> None:
        result = bill(records, terms)
        assert result.metered_credits == max(Fraction(0), asked(records) - Fraction(result.pool_credits))
        assert result.blocked_credits == 0
        dry = asked(records) >= result.pool_credits
        assert (result.exhausted_at is not None) == dry

    @thorough(300)
    @given(accounts(), usage_records(), st.integers(0, 5), st.integers(1, 50))
    def test_a_larger_budget_never_raises_blocked_use(
        self, terms: Account, records: list[UsageRecord], place: int, more: int
    ) -> None:
        if place >= len(terms.budgets):
            return
        budgets = list(terms.budgets)
        budgets[place] = budgets[place].model_copy(update={"usd": budgets[place].usd + more})
        larger = terms.model_copy(update={"budgets": tuple(budgets)})
        assert bill(records, larger).blocked_credits <= bill(records, terms).blocked_credits

    @thorough(300)
    @given(accounts(), usage_records())
    def test_a_larger_pool_never_raises_blocked_use(self, terms: Account, records: list[UsageRecord]) -> None:
        larger = terms.model_copy(update={"seats": (*terms.seats, Seats(plan="business", count=1))})
        assert bill(records, larger).blocked_credits <= bill(records, terms).blocked_credits

    @thorough(100)
    @given(accounts(), usage_records(most=80))
    def test_many_at_once_is_one_by_one(self, terms: Account, records: list[UsageRecord]) -> None:
        pytest.importorskip("numpy", reason="the bulk engine needs numpy")
        many = billed_by(bulk.flow_in_bulk, records, terms)
        assert many == billed_by(waterfall.flow_one_by_one, records, terms)

    # A capped cost centre has the last nano-AIU of its part left.
    @example(
        (Terms((ActorTerms(0, 0, NONE, NONE),), (NO_LIMIT,), ((0, 9),), (((0, 1),),), (), True), [(5, 0, 3)]), 1, 1, 4
    )
    @thorough(900)
    @given(limits_and_records(), st.sampled_from([1, 1, 3]), st.sampled_from([1, 1, 4]), st.sampled_from([1, 4, 2**17]))
    def test_many_at_once_end_as_one_by_one(
        self, drawn: tuple[Terms, list[tuple[int, int, int]]], worth_while: int, one_by_one: int, largest: int
    ) -> None:
        pytest.importorskip("numpy", reason="the bulk engine needs numpy")
        terms, records = drawn
        columns = [array("q", column) for column in zip(*records, strict=True)] or [array("q")] * 3
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "_WORTH_WHILE", worth_while)
            patch.setattr(bulk, "_ONE_BY_ONE", one_by_one)
            patch.setattr(bulk, "_LARGEST", largest)
            patch.setattr(bulk, "_SMALLEST", min(largest, 4))
            many = bulk.flow_in_bulk(terms, *columns)
        one = waterfall.flow_one_by_one(terms, *columns)
        for each in (many, one):
            each.alerts.sort()
        assert many == one
        held = (many.included, many.metered, many.blocked, many.user_used, many.cap_used, many.budget_used)
        assert {type(amount) for amounts in (*held, [many.pool_used]) for amount in amounts} <= {int}


# Amounts that binary floating point cannot hold.
@pytest.mark.parametrize("whose", ["user", "budget"])
@example(10**18 + 86, 75, 0, 0)
@example(10**18 + 65, 75, 0, 0)
@given(
    st.integers(1, 400) | st.integers(1, 2**60),
    st.sampled_from(waterfall.THRESHOLDS),
    st.sampled_from([-1, 0, 1]),
    st.integers(0, 100),
)
def test_an_alert_is_due_when_its_share_of_the_budget_is_reached_exactly(
    whose: str, limit: int, percent: int, beside: int, before: int
) -> None:
    pytest.importorskip("numpy", reason="the bulk engine needs numpy")
    terms = Terms(
        actors=(ActorTerms(0, NONE, 0 if whose == "budget" else NONE, NONE),),
        user_limits=(limit if whose == "user" else NO_LIMIT,),
        pool=((0, 0),),
        caps=(),
        budgets=(BudgetTerms(limit, stops=False),) if whose == "budget" else (),
        additional_usage=True,
    )
    most = max(0, -(-limit * percent // 100) + beside)  # just below the threshold, on it, or just above
    first = min(most, before)
    columns = array("q", [1, 2]), array("q", [0, 0]), array("q", [first, most - first])
    for engine in (waterfall.flow_one_by_one, bulk.flow_in_bulk):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "_ONE_BY_ONE", 1)
            found = engine(terms, *columns)
        reached = min(most, limit) if whose == "user" else most
        due = [each for each in waterfall.THRESHOLDS if reached * 100 >= limit * each]
        assert [alert.percent for alert in found.alerts] == due


def billed_by(engine: Any, records: list[UsageRecord], terms: Account) -> AccountBill:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("costcalc.billing.statement.flow", engine)
        return bill(records, terms)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (UsageRecord(datetime(2026, 9, 30, 23, 59), "ana", 1), "outside the account's month 2026-10"),
        (UsageRecord(datetime(2026, 11, 1), "ana", 1), "outside the account's month 2026-10"),
        (used("ana", -1), "credits must not be negative"),
        (used("ana", Decimal("NaN")), "credits must be a number"),
        (used("ana", Decimal("Infinity")), "credits must be a number"),
        (used("ana", 10**30), "credits must be at most"),
    ],
)
def test_usage_that_cannot_be_is_refused(record: UsageRecord, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bill([record], account(Seats(plan="business", users=("ana",))))


TERMS = account(Seats(plan="business", users=("ana",)))


@pytest.mark.parametrize(
    ("usage", "terms", "message"),
    [
        ([], "account.toml", "account must be an Account; Account.load reads one from a file, not 'account.toml'"),
        (5, TERMS, "usage must be records of usage, not 5"),
        (["ana"], TERMS, "each record must be a UsageRecord, not 'ana'"),
        ([UsageRecord("2026-10-05", "ana", 1)], TERMS, "the time of a record must be a datetime, not '2026-10-05'"),  # type: ignore[arg-type]
        ([UsageRecord(DAY, 5, 1)], TERMS, "the user of a record must be a text, not 5"),  # type: ignore[arg-type]
        ([UsageRecord(DAY, "ana", "1")], TERMS, "credits must be a number, not '1'"),  # type: ignore[arg-type]
        (
            [used("ana", 4 * 10**9), used("ana", 10**9)],
            TERMS,
            "the usage adds up to more than 4,611,686,018 credits; that cannot be right",
        ),
    ],
)
def test_mistaken_arguments_are_told_in_these_words(usage: Any, terms: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        bill(usage, terms)
    assert str(caught.value) == message


def test_a_stranger_has_the_budget_of_the_cost_centre_that_their_use_counts_for() -> None:
    terms = account(
        Seats(plan="business", users=("ana",), cost_center="platform"),
        cost_centers=(CostCenter(name="platform"),),
        budgets=(Budget(scope="user", cost_center="platform", usd=1),),
    )
    result = bill([used("zoe", 300, cost_center="platform"), used("yan", 300)], terms)
    assert {share.name: share.blocked_nano_aiu for share in result.by_user} == {"ana": 0, "yan": 0, "zoe": 200 * 10**9}


def test_columns_are_read_the_same_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numpy", reason="the two ways are compared")
    column, codes = array("q", [5, 3, 2**61]), array("q", [1, 0, 1])
    slow = (
        bulk.bounds(column),
        bulk.renumbered(codes, [7, 9]).tolist(),
        bulk.first_times(column, codes, {1: 0}),
    )
    monkeypatch.setattr(bulk, "MIN_RECORDS", 1)
    fast = (
        bulk.bounds(column),
        bulk.renumbered(codes, [7, 9]).tolist(),
        bulk.first_times(column, codes, {1: 0}),
    )
    assert fast == slow == ((3, 2**61, 2**61 + 8), [9, 7, 9], {1: 5})
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert not bulk.is_large(10**6)


def test_usage_that_adds_up_to_too_much_is_refused() -> None:
    with pytest.raises(InputError, match="adds up to more than"):
        bill([used("ana", 4 * 10**9)] * 2, account(Seats(plan="business", users=("ana",))))


def test_credits_finer_than_a_nano_aiu_are_rounded_with_a_notice() -> None:
    result = bill([used("ana", Decimal("1.0000000005"))], account(Seats(plan="business", users=("ana",))))
    assert result.included_used_credits == Decimal("1")
    assert "credits_rounded" in {notice.code for notice in result.notices}


def test_a_time_of_another_zone_is_taken_to_utc() -> None:
    terms = account(Seats(plan="business", users=("ana",)))
    zone = timezone(timedelta(hours=2))
    late = bill([UsageRecord(datetime(2026, 11, 1, 1, 59, tzinfo=zone), "ana", 1_900)], terms)
    assert late.exhausted_at == datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    with pytest.raises(InputError, match="there is use on 2026-09-30T22:30:00Z, outside the account's month 2026-10"):
        bill([UsageRecord(datetime(2026, 10, 1, 0, 30, tzinfo=zone), "ana", 1)], terms)


def test_the_bounds_of_what_a_record_may_use() -> None:
    terms = account(Seats(plan="business", users=("ana",)))
    most = 4_611_686_018
    assert bill([used("ana", most)], terms).metered_credits == most - 1_900
    for more in (most + 1, most + Decimal("0.2")):
        with pytest.raises(InputError, match="^credits must be at most 4,611,686,018, not 4.612E[+]9$"):
            bill([used("ana", more)], terms)
    least = bill([used("ana", Decimal("1E-99"))], terms)
    assert least.included_used_credits == 0
    assert "credits_rounded" in {notice.code for notice in least.notices}
    assert "credits_rounded" not in {notice.code for notice in bill([used("ana", 0)], terms).notices}


def test_a_bill_ignores_the_callers_decimal_context() -> None:
    terms, records = TELLING["everything"]
    expected = bill(records, terms).to_dict(), expected_bill(terms, Decimal("20000.5")).to_dict(), seat_fees(terms)
    with localcontext() as context:
        context.prec = 3
        found = bill(records, terms).to_dict(), expected_bill(terms, Decimal("20000.5")).to_dict(), seat_fees(terms)
    assert found == expected


def test_a_bill_is_frozen_comparable_and_gives_rows() -> None:
    result = bill([used("ana", 1)], account(Seats(plan="business", users=("ana",))))
    with pytest.raises(AttributeError):
        result.records = 3  # type: ignore[misc]
    assert result.rows()[0]["user"] == "ana"
    assert repr(result) == str(result)
    assert str(result).startswith("$19 for 2026-10, 1 record of use. The pool did not run dry.")


def test_the_words_and_fields_of_bills() -> None:
    words, fields = [], {}
    for name, (terms, records) in TELLING.items():
        result = bill(records, terms)
        words.append(f"# {name}\n\n{result}\n")
        if name in ("everything", "an individual with a budget", "nobody used anything"):
            fields[name] = result.to_dict()
        for each in result.rows():
            assert all(isinstance(each[column], kind | None) for column, kind in result.columns().items())
            assert each.keys() == result.columns().keys()
            assert each["month"] == terms.month
        assert seat_fees(terms) == result.seat_usd
    assert_as_recorded("words-bills.txt", "\n".join(words))
    assert_as_recorded("fields-bills.json", json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", TELLING)
def test_an_expected_month_is_everybody_using_the_same_on_every_day_of_their_seat(name: str) -> None:
    terms, _ = TELLING[name]
    records = []
    for place, seats in enumerate(terms.billed_seats(), 1):
        for user in seats.users or [f"{seats.number:,} seats of {seats.plan} ({place})"]:
            for day in range(terms.days - terms.days_billed(seats), terms.days):
                credits = 120 if seats.users else 120 * seats.number
                at = terms.starts + timedelta(days=day)
                records.append(UsageRecord(at, user, credits, seats.organization, seats.cost_center))
    found = expected_bill(terms, Decimal(sum(record.credits for record in records)))
    one_by_one = bill(records, terms)
    # Equal seats are taken together, under another name.
    apart = dict.fromkeys(("notices", "by_user", "records", "blocks", "alerts"))
    assert found.to_dict() | apart == one_by_one.to_dict() | apart
    assert stopped_by_scope(found) == stopped_by_scope(one_by_one)
    told = {notice.code for notice in one_by_one.notices}
    assert {notice.code for notice in found.notices} == told - {"users_without_seat", "use_before_seat"}


def test_an_instant_that_is_not_there_stays_unknown() -> None:
    assert timestamp(None) is spoken(None) is None
    assert (timestamp(DAY), spoken(DAY)) == ("2026-10-05T09:30:00Z", "2026-10-05 09:30 UTC")


def test_all_of_an_account_that_is_one_organisation_counts_for_it() -> None:
    terms = Account(
        kind="organization",
        month="2026-10",
        seats=(Seats(plan="business", users=("ana",), organization="acme"), Seats(plan="business", count=2)),
    )
    result = bill([used("zoe", 3_000)], terms)  # who holds no seat
    assert [(share.name, share.seat_nano_aiu) for share in result.by_organization] == [("acme", 57 * 10**11)]


@pytest.mark.parametrize("named_by", ["use", "budget", "seat"])
def test_an_organisation_that_is_the_account_is_that_of_its_use(named_by: str) -> None:
    terms = account(
        Seats(plan="business", users=("ana",), organization="acme" if named_by == "seat" else None),
        kind="organization",
        budgets=(Budget(scope="organization", name="acme" if named_by != "use" else None, usd=1, stop=True),),
    )
    result = bill([used("ana", 5_000, organization="acme")], terms)
    assert (result.included_used_credits, result.metered_credits, result.blocked_credits) == (1_900, 100, 3_000)
    assert [(share.name, share.total_usd) for share in result.by_organization] == [("acme", 20)]
    assert "unknown_organizations" not in {notice.code for notice in result.notices}


@pytest.mark.parametrize(("kind", "seat"), [("organization", "zeta"), ("enterprise", None)])
def test_seats_keep_their_organisation_where_it_is_not_that_of_their_use(kind: Any, seat: str | None) -> None:
    terms = account(Seats(plan="business", users=("ana",), organization=seat), kind=kind)
    result = bill([used("bo", 5, organization="acme")], terms)
    assert {share.name: share.seat_nano_aiu for share in result.by_organization} == {"acme": 0, seat: 19 * 10**11}
    assert "unknown_organizations" in {notice.code for notice in result.notices}


def test_limits_that_are_met_at_one_time_are_listed_by_name() -> None:
    terms = account(
        Seats(plan="business", users=("ana",), organization="zeta"),
        Seats(plan="business", users=("bo",), organization="acme"),
        budgets=[Budget(scope="organization", name=name, usd=1, stop=True) for name in ("zeta", "acme")],
    )
    result = bill([used("ana", 6_000), used("bo", 6_000)], terms)
    assert [stop.name for stop in result.blocks] == ["acme", "zeta"]
    assert [(alert.name, alert.percent) for alert in result.alerts] == [
        (name, percent) for name in ("acme", "zeta") for percent in (75, 90, 100)
    ]


def test_use_of_two_organisations_is_not_all_of_the_one_that_is_the_account() -> None:
    terms = account(
        Seats(plan="business", users=("ana",)),
        kind="organization",
        budgets=(Budget(scope="organization", usd=1, stop=True),),
    )
    result = bill([used("ana", 1, organization="acme"), used("ana", 1, organization="other")], terms)
    assert "unknown_organizations" in {notice.code for notice in result.notices}


def stopped_by_scope(result: AccountBill) -> dict[str, Decimal]:
    """Credits that each kind of limit stopped."""
    return {
        scope: sum((block.credits for block in result.blocks if block.scope == scope), Decimal(0))
        for scope in {block.scope for block in result.blocks}
    }


def test_counted_seats_have_as_many_user_budgets() -> None:
    terms = account(Seats(plan="business", count=10), budgets=[Budget(scope="user", name="*", usd=30)])
    result = expected_bill(terms, Decimal(50_000))
    assert (result.metered_credits, result.blocked_credits) == (11_000, 20_000)


def test_equal_seats_are_expected_together_and_those_with_their_own_budget_alone() -> None:
    """In one step for any number of seats: what-if and sweeps ask for thousands of months of one account."""
    terms = account(
        Seats(plan="business", users=("ana", "bo", "cy", "dee"), organization="cy"),
        Seats(plan="enterprise", users=("eve", "flo")),
        Seats(plan="business", users=("gus", "hal")),
        budgets=(
            Budget(scope="user", name="Ana", usd=10),
            Budget(scope="user", name="flo", usd=10),
            Budget(scope="user", name="gus", usd=10),
            Budget(scope="user", name="hal", usd=10),
            Budget(scope="organization", name="cy", usd=10),
        ),
    )
    result = expected_bill(terms, Decimal(12_000))
    used_by = {share.name: share.included_nano_aiu + share.blocked_nano_aiu for share in result.by_user}
    assert used_by == {
        "ana": 1_500 * 10**9,
        "3 seats of business (2)": 4_500 * 10**9,
        "eve": 1_500 * 10**9,
        "flo": 1_500 * 10**9,
        "gus": 1_500 * 10**9,
        "hal": 1_500 * 10**9,
        None: 0,
    }
    assert {share.name: share.seat_nano_aiu for share in result.by_user}[None] == 3 * 19 * 10**11


def test_an_account_without_seats_in_the_month_has_no_pool() -> None:
    terms = account(Seats(plan="business", users=("ana",), added_on=date(2026, 11, 2)))
    assert str(bill([used("ana", 5)], terms)).startswith("$0.05 for 2026-10, 1 record of use. There was no pool.\n")
