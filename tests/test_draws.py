"""The bill of many possible months at once is the bill of each."""

import math
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import Account, UsageRecord, bill
from costcalc.billing.statement import crowd_terms, seat_fees
from costcalc.billing.waterfall import NO_LIMIT, NONE, ActorTerms, Terms, flow_one_by_one, step_at
from tests.strategies import MONTH_START, accounts, limits_of_a_month, thorough
from tests.telling import TELLING

np = pytest.importorskip("numpy", reason="a forecast needs numpy")
draws = pytest.importorskip("costcalc.billing.draws", reason="a forecast needs numpy")


@thorough(300)
@given(limits_of_a_month())
def test_each_draw_is_the_rule_record_by_record(drawn: Any) -> None:
    terms, day_us, use = drawn
    found = draws.flow_over_draws(terms, day_us, np.array(use, dtype=np.int64))
    for place, days in enumerate(use):
        records = [
            (start, actor, amount) for start, day in zip(day_us, days, strict=True) for actor, amount in enumerate(day)
        ]
        times, actors, amounts = (list(column) for column in zip(*records, strict=True))
        rule = flow_one_by_one(terms, times, actors, amounts)
        assert found.included[place].tolist() == rule.included
        assert found.metered[place].tolist() == rule.metered
        assert found.blocked[place].tolist() == rule.blocked
        day = int(found.exhausted_day[place])
        assert (None if day < 0 else day_us[day]) == rule.exhausted_us


def test_a_pool_that_is_filled_again_ran_dry_on_the_first_of_the_days() -> None:
    actor = ActorTerms(0, NONE, NONE, NONE)
    terms = Terms((actor,), (NO_LIMIT,), ((0, 5), (10, 9)), (), (), additional_usage=True)
    use = np.array([[[5], [4]], [[4], [4]], [[4], [5]], [[4], [0]]], dtype=np.int64)
    assert draws.flow_over_draws(terms, [0, 10], use).exhausted_day.tolist() == [0, -1, 1, -1]


@thorough(200)
@given(accounts(steady=True), st.data())
def test_people_of_the_same_limits_are_billed_as_a_crowd(account: Account, data: st.DataObject) -> None:
    account = account.model_copy(update={"seats": tuple(seats for seats in account.seats if seats.users)})
    terms, crowds = crowd_terms(account)
    assert sum(crowd.people for crowd in crowds) == len(account.users)
    use = {user: data.draw(st.lists(st.integers(0, 2_000), min_size=3, max_size=3)) for user in account.users}
    # Crowds pass one after the other, so their people have later hours.
    records = [
        UsageRecord(MONTH_START + timedelta(days=day, hours=hour), user, use[user][day])
        for hour, crowd in enumerate(crowds)
        for user in crowd.users
        for day in range(3)
    ]
    allowed = [
        draws.within_user_limit(np.array([use[user] for user in crowd.users]) * 10**9, crowd.user_limit).sum(axis=0)
        for crowd in crowds
    ]
    day_us = [int((MONTH_START + timedelta(days=day)).timestamp()) * 10**6 for day in range(3)]
    outcome = draws.flow_over_draws(terms, day_us, np.stack(allowed, axis=1)[None])
    found = bill(records, account)
    assert found.included_used_credits * 10**9 == int(outcome.included.sum())
    assert found.metered_credits * 10**9 == int(outcome.metered.sum())
    total = sum(sum(days) for days in use.values())
    assert found.blocked_credits == total - found.included_used_credits - found.metered_credits
    assert found.seat_usd == seat_fees(account)
    day = int(outcome.exhausted_day[0])
    assert (found.exhausted_at is None) == (day < 0)
    if found.exhausted_at is not None:
        assert found.exhausted_at.date() == (MONTH_START + timedelta(days=day)).date()


@pytest.mark.parametrize("name", TELLING)
def test_everybody_is_in_one_crowd_whether_named_or_counted(name: str) -> None:
    account, _ = TELLING[name]
    billed = account.billed_seats()
    terms, crowds = crowd_terms(account)
    assert sorted(user for crowd in crowds for user in crowd.users) == sorted(
        user for each in billed for user in each.users
    )
    days, expected = Counter[int](), Counter[int]()
    for crowd in crowds:
        days[crowd.first_day] += crowd.people
    for seats in billed:
        expected[account.days - account.days_billed(seats)] += seats.number
    assert days == expected
    some = [seats for seats in account.seats if seats.number < 1_000]
    named = [
        seats
        if seats.users
        else seats.model_copy(update={"count": None, "users": tuple(f"{place}/{n}" for n in range(seats.number))})
        for place, seats in enumerate(some)
    ]
    by_name, by_count = (crowd_terms(account.model_copy(update={"seats": tuple(seats)})) for seats in (named, some))
    assert by_name[0] == by_count[0] == terms
    assert [crowd._replace(users=()) for crowd in by_name[1]] == [crowd._replace(users=()) for crowd in by_count[1]]


def test_a_step_holds_from_its_time_on_and_there_is_nothing_before_the_first() -> None:
    assert [step_at(((10, 5), (20, 7)), time) for time in (9, 10, 19, 20)] == [0, 5, 5, 7]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.just(NO_LIMIT) | st.integers(0, 30), st.data())
def test_a_user_budget_cuts_the_days_of_each(shape: list[int], limit: int, data: st.DataObject) -> None:
    count = math.prod(shape)
    wanted = np.array(data.draw(st.lists(st.integers(0, 12), min_size=count, max_size=count)), dtype=np.int64)
    found = draws.within_user_limit(wanted.reshape(shape), limit)
    assert found.shape == tuple(shape)
    for days, allowed in zip(wanted.reshape(-1, shape[-1]), found.reshape(-1, shape[-1]), strict=True):
        left = limit
        for amount, through in zip(days.tolist(), allowed.tolist(), strict=True):
            assert through == min(amount, left)
            left -= through
