from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import (
    Account,
    Budget,
    InputError,
    Option,
    Seats,
    SessionProfile,
    TokenUsage,
    UnknownNameError,
    UsageRecord,
    advise,
    bill,
    breakeven,
    compare,
    estimate,
    forecast,
    price,
    report,
    sensitivity,
    sweep,
    whatif,
)
from costcalc.estimation import bill_of_credits
from costcalc.workload.benchmark import benchmarks
from tests.strategies import BOOK, accounts, profiles

JUNE = date(2026, 6, 15)
NOVEMBER = date(2026, 11, 24)
OCTOBER = date(2026, 10, 15)

copilot_models = st.sampled_from(sorted({rate.model for rate in BOOK.in_force(on=NOVEMBER, route="copilot")}))


def codes(result: Any) -> set[str]:
    return {notice.code for notice in result.notices}


def test_a_month_of_mai_code_1_flash_on_pro() -> None:
    result = estimate("interactive_ide", "mai-code-1-flash", "copilot", plan="pro", on=JUNE)
    assert result.credits == Decimal("1893.6")
    assert result.bill.metered_credits == Decimal("393.6")
    assert result.total_usd == Decimal("13.936")
    assert result.per_task_usd == Decimal("0.0789")
    assert result.month.tasks == 240
    assert result.month.requests == 2_160
    assert result.to_dict()["month"]["tokens"] == {
        "fresh_input": 13_680_000,
        "cached_input": 69_600_000,
        "cache_write": 0,
        "output": 768_000,
    }


def test_without_a_plan_all_use_is_metered() -> None:
    result = estimate("interactive_ide", "gpt-5.4-mini", "api", on=NOVEMBER)
    assert result.total_usd == result.month.usd == Decimal("18.936")
    assert result.bill.to_dict()["plan"] is None
    assert "no_plan" not in codes(result)
    assert "no_plan" in codes(estimate("interactive_ide", "gpt-5.4-mini", "copilot", on=NOVEMBER))


@given(profiles(), copilot_models, st.integers(1, 1_000))
def test_a_month_is_its_tasks_at_the_mean_cost_of_one(profile: SessionProfile, model: str, developers: int) -> None:
    result = estimate(profile, model, developers=developers, on=NOVEMBER)
    tasks = Fraction(profile.tasks_per_day) * Fraction(profile.active_days) * developers
    assert Fraction(result.month.tasks) == tasks
    assert Fraction(result.month.usd) == Fraction(result.per_task_usd) * tasks
    assert sum(Fraction(line.usd) for line in result.by_kind) == Fraction(result.month.usd)
    assert sum(map(Fraction, result.month.tokens)) == sum(map(Fraction, profile.tokens)) * tasks


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 9), st.integers(0, 40),
    copilot_models,
)  # fmt: skip
def test_an_estimate_of_whole_numbers_is_the_price_of_the_usage(
    fresh: int, cached: int, output: int, requests: int, tasks: int, model: str
) -> None:
    profile = SessionProfile(
        name="whole", fresh_input=fresh, cached_input=cached, cache_write=0, output=output,
        requests_per_task=requests, tasks_per_day=tasks, active_days=20,
    )  # fmt: skip
    usage = TokenUsage(fresh, cached, 0, output, requests)
    cost = BOOK.rate(model, on=NOVEMBER).cost(usage)
    assert estimate(profile, model, on=NOVEMBER).month.usd == cost.usd * tasks * 20


class TestCacheWrites:
    def test_anthropic_on_copilot_bills_fresh_input_as_cache_writes(self) -> None:
        result = estimate("interactive_ide", "claude-sonnet-4.6", on=NOVEMBER)
        assert result.per_task_usd * 100 == Decimal("34.875")
        assert result.month.tokens[0] == 0
        assert "fresh_as_cache_write" in codes(result)

    def test_unless_asked_not_to(self) -> None:
        result = estimate("interactive_ide", "claude-sonnet-4.6", on=NOVEMBER, split_cache_writes=False)
        assert result.per_task_usd * 100 == Decimal("30.6")
        assert "cache_writes_ignored" in codes(result)

    def test_or_the_profile_tells_them_apart(self) -> None:
        profile = SessionProfile.load("interactive_ide").changed(cache_write=1_000)
        result = estimate(profile, "claude-sonnet-4.6", on=NOVEMBER)
        assert result.month.tokens[0] == 57_000 * 240
        assert result.month.tokens[2] == 1_000 * 240
        assert not {"fresh_as_cache_write", "cache_writes_unknown"} & codes(result)

    @pytest.mark.parametrize(
        ("model", "route", "usage", "told"),
        [
            ("claude-sonnet-4.6", "copilot", TokenUsage(fresh_input=732, cached_input=45_150, output=210), True),
            ("claude-sonnet-4.6", "copilot", TokenUsage(fresh_input=1, cache_write=731), False),
            ("claude-sonnet-4.6", "copilot", TokenUsage(output=5), False),
            ("gpt-5-mini", "copilot", TokenUsage(fresh_input=732), False),
        ],
    )
    def test_the_price_of_a_request_is_of_the_kinds_as_given_and_says_so(
        self, model: str, route: str, usage: TokenUsage, told: bool
    ) -> None:
        assert ("fresh_input_as_given" in codes(price(model, usage, route, on=NOVEMBER))) == told

    def test_another_provider_with_a_write_price_is_told_to_be_unknown(self) -> None:
        result = estimate("interactive_ide", "gpt-6-sol", on=NOVEMBER)
        assert result.month.tokens[0] == 57_000 * 240
        assert "cache_writes_unknown" in codes(result)


def test_the_mean_prompt_of_a_request_decides_the_tier() -> None:
    profile = SessionProfile.load("heavy_agent")  # 155,400 prompt tokens a request
    assert estimate(profile, "claude-haiku-5.5", on=NOVEMBER).rate.tier == "long_context"
    assert estimate(profile, "gpt-6-sol", on=NOVEMBER).rate.tier == "default"
    result = estimate(profile.changed(requests_per_task=1), "gpt-6-sol", on=NOVEMBER)
    assert result.rate.tier == "long_context"


def test_modifiers_and_service_tiers() -> None:
    plain = estimate("light_chat", "gpt-5-mini", on=NOVEMBER)
    assert estimate("light_chat", "gpt-5-mini", on=NOVEMBER, auto=True).month.usd == plain.month.usd * Decimal("0.9")
    assert estimate(
        "light_chat", "gpt-5-mini", on=NOVEMBER, data_residency=True
    ).month.usd == plain.month.usd * Decimal("1.1")
    batch = estimate("api_batch", "gpt-5.4-mini", "api", service_tier="batch", on=NOVEMBER)
    assert batch.month.usd * 2 == estimate("api_batch", "gpt-5.4-mini", "api", on=NOVEMBER).month.usd


def test_the_auto_discount_is_for_paid_plans() -> None:
    result = estimate("light_chat", "gpt-5-mini", plan="student", auto=True, on=NOVEMBER)
    assert result.month.usd == estimate("light_chat", "gpt-5-mini", on=NOVEMBER).month.usd
    assert "auto_discount_paid_only" in codes(result)
    assert "auto_only" in codes(estimate("light_chat", "gpt-5-mini", plan="student", on=NOVEMBER))


class TestTokenFactor:
    def test_a_stated_factor_scales_the_tokens(self) -> None:
        half = estimate("light_chat", "gpt-5-mini", token_factor="0.5", on=NOVEMBER)
        assert half.month.usd * 2 == estimate("light_chat", "gpt-5-mini", on=NOVEMBER).month.usd
        assert "token_factor" in codes(half)

    @pytest.mark.parametrize(
        ("benchmark", "factor"),
        [
            ("swe-bench-verified", "0.3956"),
            ("swe-bench-pro", "0.9396"),
            ("swe-bench-multilingual", "0.8895"),
            ("terminal-bench-2", "0.864"),
        ],
    )
    def test_a_benchmark_gives_the_factor_against_its_baseline(self, benchmark: str, factor: str) -> None:
        result = estimate("light_chat", "mai-code-1-flash", token_factor=benchmark, on=JUNE)
        assert result.option.token_factor == Decimal(factor)
        (notice,) = (each for each in result.notices if each.code == "token_factor")
        assert benchmarks()[benchmark].name in notice.message
        assert "not stated" in notice.message
        assert estimate("light_chat", "claude-haiku-4.5", token_factor=benchmark, on=JUNE).option.token_factor == 1

    @pytest.mark.parametrize("factor", ["0", "-1", "half", "humaneval", "1e3", ""])
    def test_other_factors_are_refused(self, factor: str) -> None:
        with pytest.raises(InputError if factor in ("0",) else UnknownNameError, match="token factor"):
            estimate("light_chat", "gpt-5-mini", token_factor=factor, on=NOVEMBER)

    def test_a_model_without_a_figure_is_refused(self) -> None:
        with pytest.raises(InputError, match="gives no token figure for gpt-5-mini"):
            estimate("light_chat", "gpt-5-mini", token_factor="swe-bench-pro", on=NOVEMBER)

    def test_a_benchmark_against_a_model_that_is_not_compared_says_so(self) -> None:
        options = ["copilot/mai-code-1-flash,tokens=swe-bench-pro", "copilot/gpt-5-mini"]
        assert "token_factor_baseline" in codes(compare("light_chat", options, on=JUNE))
        with_baseline = compare("light_chat", [*options, "copilot/claude-haiku-4.5"], on=JUNE)
        assert "token_factor_baseline" not in codes(with_baseline)

    def test_a_float_and_a_decimal_are_taken_as_they_print(self) -> None:
        for factor in (0.25, np.float64(0.25), Decimal("0.25"), "0.25", ".25"):
            assert estimate(
                "light_chat", "gpt-5-mini", token_factor=factor, on=NOVEMBER
            ).option.token_factor == Decimal("0.25")


class TestNotices:
    def test_a_price_that_starts_within_the_month_is_told(self) -> None:
        assert "rate_starts_in_month" in codes(estimate("light_chat", "mai-code-1.1-flash", on=date(2026, 8, 20)))
        assert "rate_starts_in_month" not in codes(estimate("light_chat", "mai-code-1.1-flash", on=date(2026, 9, 1)))

    def test_more_active_days_than_the_month_has_are_told(self) -> None:
        february = estimate("api_batch", "gpt-5.4-mini", "api", on=date(2027, 2, 1))
        assert "more_days_than_the_month" in codes(february)
        assert "more_days_than_the_month" not in codes(estimate("api_batch", "gpt-5.4-mini", "api", on=NOVEMBER))

    def test_a_model_that_left_another_route_is_told_with_its_successor(self) -> None:
        (notice,) = (n for n in compare(on=NOVEMBER).notices if n.code == "model_left_other_route")
        assert (
            notice.message
            == "MAI-Code-1-Flash left route copilot on 2026-09-10 (certainty medium); its successor: MAI-Code-1.1-Flash"
        )

    def test_assumptions_of_the_profile_are_named(self) -> None:
        (notice,) = (
            each
            for each in estimate("interactive_ide", "gpt-5-mini", on=NOVEMBER).notices
            if each.code == "profile_assumptions"
        )
        assert "output, tasks_per_day are assumptions" in notice.message

    def test_a_price_that_ends_within_the_month_is_told(self) -> None:
        assert "rate_ends_in_month" in codes(estimate("light_chat", "mai-code-1-flash", on=date(2026, 9, 1)))
        assert "rate_ends_in_month" not in codes(estimate("light_chat", "mai-code-1-flash", on=date(2026, 8, 1)))

    def test_a_team_profile_taken_many_times_is_told(self) -> None:
        assert "profile_per" in codes(estimate("ci_code_review", "gpt-5-mini", developers=2, on=NOVEMBER))

    def test_rounded_token_counts_are_told_and_money_stays_exact(self) -> None:
        profile = SessionProfile.load("light_chat").changed(tasks_per_day=Decimal("0.3333"), active_days=Decimal("0.1"))
        result = estimate(profile, "gpt-5-mini", on=NOVEMBER)
        assert "tokens_rounded" in codes(result)
        assert result.month.usd == result.per_task_usd * Decimal("0.03333")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plan": "pro", "route": "api", "model": "gpt-5.4-mini"}, "plan pro applies to route copilot"),
        ({"developers": 0}, "developers must be a whole number from 1"),
        ({"developers": 2.5}, "developers must be a whole number"),
        ({"developers": 10**9}, "developers must be a whole number"),
        ({"plan": "gold"}, "unknown plan"),
        ({"auto": True, "route": "api", "model": "gpt-5.4-mini"}, "auto model selection applies to route copilot"),
        ({"profile": "nobody"}, "unknown profile"),
        ({"model": "gpt-x"}, "unknown model"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate(**{"profile": "light_chat", "model": "gpt-5-mini", "on": NOVEMBER, **arguments})


def test_an_unknown_allowance_leaves_the_bill_unknown() -> None:
    result = estimate("light_chat", "gpt-5-mini", plan="free", on=NOVEMBER)
    assert result.total_usd is None
    assert "an unknown amount" in str(result)


class TestOption:
    @pytest.mark.parametrize(
        "text",
        [
            "api/gpt-5.4-mini",
            "copilot/mai-code-1-flash@pro",
            "copilot/gpt-5-mini@business,tokens=0.4,auto=true,data_residency=true",
            "api/gpt-5.4-mini,service_tier=batch",
            "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article",
        ],
    )
    def test_text_round_trips(self, text: str) -> None:
        assert str(Option.parse(text)) == text
        assert Option.parse(str(Option.parse(text))) == Option.parse(text)

    @pytest.mark.parametrize("factor", [0, -1, float("nan"), True, "half", None])
    def test_a_factor_in_code_is_checked_too(self, factor: Any) -> None:
        with pytest.raises(InputError, match="token factor"):
            Option("copilot", "gpt-5-mini", token_factor=factor)

    def test_names_in_code_become_ids_where_they_are_used(self) -> None:
        options: list[Option | str] = [Option("copilot", "GPT-5 Mini", plan="PRO"), "copilot/gpt-5-mini@pro"]
        with pytest.raises(InputError, match="option copilot/gpt-5-mini@pro is given twice"):
            compare("light_chat", options, on=NOVEMBER)

    def test_names_become_ids(self) -> None:
        assert str(Option.parse("api/GPT-5.4 Mini")) == "api/gpt-5.4-mini"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("gpt-5.4-mini", "is not of the form ROUTE/MODEL"),
            ("/gpt-5-mini", "is not of the form"),
            ("copilot/", "is not of the form"),
            ("copilot/gpt-5-mini@", "is not of the form"),
            ("web/gpt-5-mini", "unknown route 'web'"),
            ("copilot/gpt-5-mini@gold", "unknown plan 'gold'"),
            ("copilot/gpt-5-mini,auto", "is not one KEY=VALUE"),
            ("copilot/gpt-5-mini,auto=yes", "auto is true or false"),
            ("copilot/gpt-5-mini,auto=true,auto=true", "is not one KEY=VALUE"),
            ("copilot/gpt-5-mini,colour=red", "unknown option key 'colour'"),
            ("copilot/gpt-5-mini,tokens=-1", "unknown token factor '-1'"),
        ],
    )
    def test_other_text_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Option.parse(text)


def test_an_estimate_is_frozen_comparable_and_turns_into_plain_data() -> None:
    result = estimate("interactive_ide", "mai-code-1-flash", plan="pro", on=JUNE)
    assert result == estimate("interactive_ide", "mai-code-1-flash", plan="pro", on=JUNE)
    assert result != estimate("interactive_ide", "mai-code-1-flash", on=JUNE)
    with pytest.raises(AttributeError):
        result.developers = 3  # type: ignore[misc]
    (row,) = result.rows()
    assert row["total_usd"] == Decimal("13.936")
    assert result.to_dict()["bill"] == {
        "plan": "pro",
        "seats": 1,
        "seat_usd": "10",
        "included_credits": "1500",
        "included_used_credits": "1500",
        "metered_credits": "393.6",
        "metered_usd": "3.936",
        "total_usd": "13.936",
        "blocked_credits": "0",
        "account_month": None,
    }
    assert repr(result) == str(result)
    assert str(result).startswith("$13.936 in an expected month: copilot/mai-code-1-flash@pro")


class TestAccount:
    def account(self, **settings: Any) -> Account:
        seats = settings.pop("seats", [Seats(plan="business", count=10)])
        return Account.model_validate({"kind": "enterprise", "month": "2026-11", "seats": seats, **settings})

    def test_it_bills_by_its_seats_and_pool(self) -> None:
        by_plan = estimate("interactive_ide", "gpt-5.4", plan="business", developers=10, on=NOVEMBER)
        by_account = estimate("interactive_ide", "gpt-5.4", account=self.account(), on=NOVEMBER)
        assert by_account.developers == 10
        assert by_account.total_usd == by_plan.total_usd
        assert by_account.bill.included_credits == by_plan.bill.included_credits
        assert by_account.bill.account_month == "2026-11"

    def test_named_and_counted_seats_come_to_the_same(self) -> None:
        names = tuple(f"user {number}" for number in range(10))
        for budgets in ((), (Budget(scope="user", name="*", usd=20),)):
            named = self.account(seats=[Seats(plan="business", users=names)], budgets=budgets)
            counted = self.account(budgets=budgets)
            totals = {
                estimate("interactive_ide", "gpt-5.4", account=account, on=NOVEMBER).total_usd
                for account in (named, counted)
            }
            assert len(totals) == 1

    def test_what_its_limits_block_is_told(self) -> None:
        budget = Budget(scope="enterprise", usd=1, stop=True)
        result = estimate("interactive_ide", "gpt-5.4", account=self.account(budgets=[budget]), on=NOVEMBER)
        assert result.total_usd == 191
        assert result.bill.blocked_credits == result.credits - 19_000 - 100
        assert "use_blocked" in codes(result)
        assert "blocked" in str(result)

    def test_other_people_than_seats_are_told(self) -> None:
        assert "developers_not_seats" not in codes(estimate("light_chat", "gpt-5-mini", account=self.account()))
        more = estimate("light_chat", "gpt-5-mini", account=self.account(), developers=50)
        (notice,) = (each for each in more.notices if each.code == "developers_not_seats")
        assert notice.message.startswith("the use of 50 developers is billed on")

    def test_it_sets_the_month(self) -> None:
        account = self.account(month="2026-08")
        assert estimate("light_chat", "gpt-5-mini", account=account).on == date(2026, 8, 1)
        with pytest.raises(InputError, match="2026-11-24 is not in the account's month 2026-08"):
            estimate("light_chat", "gpt-5-mini", account=account, on=NOVEMBER)

    def test_it_takes_the_place_of_a_plan_on_copilot(self) -> None:
        with pytest.raises(InputError, match="in place of a plan"):
            estimate("light_chat", "gpt-5-mini", plan="pro", account=self.account(), on=NOVEMBER)
        with pytest.raises(InputError, match="an account bills route copilot"):
            estimate("light_chat", "gpt-5.4-mini", "api", account=self.account(), on=NOVEMBER)
        options = ["copilot/gpt-5.4-mini", "copilot/gpt-5.4-mini@business", "api/gpt-5.4-mini"]
        result = compare("interactive_ide", options, account=self.account(), on=NOVEMBER)
        months = [candidate.estimate.bill.account_month for candidate in result.options]
        assert months == ["2026-11", None, None]
        assert result.options[0].total_usd == result.options[1].total_usd

    @pytest.mark.parametrize(
        ("ask", "more"),
        [
            (compare, {}),
            (breakeven, {}),
            (whatif, {"scenarios": ["output=+30%"]}),
            (sweep, {}),
            (sensitivity, {}),
            (forecast, {}),
            (advise, {}),
            (report, {}),
        ],
    )
    def test_one_that_bills_nothing_is_refused_and_not_ignored(self, ask: Any, more: dict[str, Any]) -> None:
        options = ["copilot/gpt-5-mini@business", "api/gpt-5.4-mini"]
        with pytest.raises(InputError, match="the account bills none of the options.*leave @PLAN out"):
            ask("interactive_ide", options=options, account=self.account(), on=NOVEMBER, **more)

    def test_the_causes_of_a_difference_add_up_where_use_is_blocked(self) -> None:
        account = self.account(budgets=[Budget(scope="user", name="*", usd=5)])
        result = compare("interactive_ide", ["copilot/gpt-5.4", "api/gpt-5.4-mini"], account=account, on=NOVEMBER)
        (difference,) = result.differences
        assert "blocked use" in {cause.cause for cause in difference.causes}
        assert sum(cause.usd for cause in difference.causes) == difference.usd


@given(accounts(limits=False), st.integers(0, 400), st.lists(st.integers(0, 60), max_size=2), st.booleans())
def test_named_seats_are_billed_as_the_records_of_each_of_them(
    account: Account, each_day: int, dollars: list[int], stop: bool
) -> None:
    named = [
        seats
        if seats.users
        else seats.model_copy(update={"users": ("fay", "gus", "hal")[: seats.number], "count": None})
        for seats in account.seats
    ]
    places = ({"scope": "user", "name": "*"}, {"scope": "user", "name": named[0].users[0].upper()})
    budgets = [Budget.model_validate({**place, "usd": usd}) for place, usd in zip(places, dollars, strict=False)]
    budgets.append(Budget(scope="enterprise", usd=20, stop=stop))
    account = Account.model_validate({**dict(account), "seats": tuple(named), "budgets": tuple(budgets)})
    records = [
        UsageRecord(account.ends - timedelta(days=day + 1), user, each_day)
        for seats in account.billed_seats()
        for user in seats.users
        for day in range(account.days_billed(seats))
    ]
    by_records = bill(records, account)
    expected = bill_of_credits(Option("copilot", "gpt-5.4"), Decimal(each_day * len(records)), 1, OCTOBER, account)
    for name in ("seat_usd", "included_used_credits", "metered_usd", "blocked_credits", "total_usd"):
        assert getattr(expected[0], name) == getattr(by_records, name)
