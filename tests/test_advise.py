"""Advice: never worse than the best by enumeration, and its chances are those of the forecast."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import (
    Account,
    Budget,
    CostcalcError,
    Group,
    InputError,
    Option,
    Seats,
    SessionProfile,
    Team,
    advise,
    breakeven,
    estimate,
    forecast,
    report,
)
from costcalc.comparison import DEFAULT_OPTIONS
from tests.conftest import Run

OCTOBER = date(2026, 10, 15)
AUGUST = date(2026, 8, 15)  # while existing organisations have more credits a seat
JUNE = date(2026, 6, 15)
HAIKU = "copilot/claude-haiku-4.5"
SONNET = "copilot/claude-sonnet-4.6"
PRO = "copilot/mai-code-1-flash@pro"
ARTICLE = "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article"
EXAMPLES = Path(__file__).parents[1] / "examples"
DRAWS = 1_000


class TestPerson:
    @settings(max_examples=15, deadline=None)
    @given(st.integers(1, 40), st.sampled_from([HAIKU, SONNET, "copilot/gpt-5.4"]))
    def test_never_worse_than_the_best_plan_by_enumeration(self, tasks: int, option: str) -> None:
        profile = SessionProfile.load("interactive_ide").changed(tasks_per_day=tasks)
        found = advise(profile, option, on=OCTOBER, draws=DRAWS)
        plans = ("pro", "pro_plus", "max")
        means = {plan: forecast(profile, f"{option}@{plan}", on=OCTOBER, draws=DRAWS).total_usd.mean for plan in plans}
        assert found.advised.total_usd.mean == min(means.values())
        assert found.advised.name == f"{option}@{min(means, key=lambda plan: means[plan])}"

    def test_its_chances_and_budget_are_those_of_the_forecast(self) -> None:
        options = [f"{HAIKU}@{plan}" for plan in ("pro", "pro_plus", "max")]
        found = advise("interactive_ide", HAIKU, on=OCTOBER, draws=DRAWS, confidence=0.8)
        drawn = forecast("interactive_ide", options, on=OCTOBER, draws=DRAWS, confidence=0.8)
        for outlook in drawn.options:
            candidate = next(each for each in found.candidates if each.name == outlook.option)
            assert candidate.cheapest_probability == outlook.cheapest_probability
            assert candidate.total_usd == outlook.horizon_usd
            assert candidate.budget_usd == dict(outlook.budget_for)[Decimal("0.8")]

    def test_regret_is_what_is_lost_on_average_against_the_cheapest_of_each_month(self) -> None:
        found = advise("interactive_ide", [f"{HAIKU}@pro", f"{HAIKU}@pro_plus"], on=OCTOBER, draws=DRAWS)
        one, other = found.candidates
        assert one.regret_usd is not None
        assert other.regret_usd is not None
        # What the one loses in some months the other loses in the others, so they differ by what their means do.
        assert float(other.regret_usd - one.regret_usd) == pytest.approx(
            float(other.total_usd.mean - one.total_usd.mean), abs=1e-3
        )
        assert (one.cheapest_probability or 0) + (other.cheapest_probability or 0) == 1

    def test_what_a_profile_does_now_is_not_known(self) -> None:
        found = advise("interactive_ide", [f"{SONNET}@pro", SONNET], plans=["pro_plus", "max"], on=OCTOBER, draws=DRAWS)
        assert (found.current, found.saving_usd) == (None, None)
        assert {each.name for each in found.candidates} == {f"{SONNET}@{plan}" for plan in ("pro", "pro_plus", "max")}

    def test_exact_ties_share_the_months_and_cost_nothing(self) -> None:
        """A credit is a cent, so seats that are used up cost the same on both plans of organisations."""
        found = advise("heavy_agent", SONNET, developers=5, on=OCTOBER, draws=DRAWS)
        one, other = found.candidates
        assert one.unbeaten_probability == other.unbeaten_probability == 1
        assert (one.regret_usd, other.regret_usd) == (0, 0)
        assert "As cheap on average is" in str(found)

    def test_what_else_is_shown_has_its_rates_and_notices(self) -> None:
        found = advise("interactive_ide", "api/gpt-5.4-mini", on=OCTOBER, draws=DRAWS)
        assert {each.what for each in found.levers} == {"service tier flex on", "service tier batch on"}
        assert {rate.service_tier for rate in found.rates} == {"standard", "flex", "batch"}
        auto = advise("interactive_ide", f"{SONNET}@pro", on=OCTOBER, draws=DRAWS)
        assert "modifier_applied" in {notice.code for notice in auto.notices}

    def test_by_use_are_the_exact_crossings_and_where_months_lie(self) -> None:
        options = [PRO, ARTICLE]
        found = advise("interactive_ide", options, on=JUNE, draws=DRAWS)
        exact = breakeven("interactive_ide", options, on=JUNE)
        places = [float(exact.tasks_per_month(each.at) or 0) for each in exact.crossings]
        assert [float(each.start) for each in found.by_use][1:3] == pytest.approx(places, rel=1e-5)
        assert sum(each.share for each in found.by_use) == pytest.approx(Decimal(1), abs=Decimal("1e-5"))

    def test_a_claim_that_leads_to_other_advice_is_named(self) -> None:
        found = advise("interactive_ide", [PRO, "api/gpt-5.4-mini"], on=JUNE, draws=DRAWS)
        assert found.advised.name == PRO
        assert [(each.rate.source, each.advised) for each in found.turned_by] == [
            ("mai-vs-gpt-comparison-article", "api/gpt-5.4-mini")
        ]
        assert "Believing mai-vs-gpt-comparison-article (indicative)" in str(found)

    def test_the_same_seed_gives_the_same_advice(self) -> None:
        one, same = (advise("interactive_ide", HAIKU, on=OCTOBER, draws=DRAWS, workers=n).to_dict() for n in (1, 2))
        assert one == same


class TestPeople:
    def test_who_pay_for_themselves_see_what_plans_by_person_are_worth(self) -> None:
        plans = ["pro", "pro_plus", "max"]
        found = advise("interactive_ide", SONNET, developers=20, plans=plans, on=OCTOBER, draws=DRAWS)
        assert found.own_plans_usd is not None
        assert found.own_plans_usd < found.advised.total_usd.mean
        assert found.own_plans_usd >= 20 * 10
        heavy = advise("heavy_agent", SONNET, developers=20, plans=["pro_plus", "max"], on=OCTOBER, draws=DRAWS, seed=3)
        assert heavy.own_plans_usd is not None
        assert heavy.own_plans_usd <= heavy.advised.total_usd.mean
        assert [each.cheapest for each in found.by_use] == [f"{SONNET}@{plan}" for plan in plans]

    def test_who_share_a_pool_do_not(self) -> None:
        found = advise("interactive_ide", SONNET, developers=20, on=OCTOBER, draws=DRAWS)
        assert found.own_plans_usd is None
        assert {each.name for each in found.candidates} == {f"{SONNET}@business", f"{SONNET}@enterprise"}

    def test_some_seats_may_move_up(self) -> None:
        """While promotions give a dollar of enterprise more credits, a mix can beat both plans."""
        found = advise("interactive_ide", SONNET, developers=20, on=AUGUST, draws=DRAWS)
        profile = SessionProfile.load("interactive_ide").changed(tasks_per_day=8)
        mixed = advise(profile, SONNET, developers=20, on=AUGUST, draws=DRAWS)
        assert found.advised.name == f"{SONNET}@enterprise"
        assert "business seats to enterprise" in mixed.advised.name
        pure = [each.total_usd.mean for each in mixed.candidates if "@" in each.name]
        assert len(pure) == 2
        assert mixed.advised.total_usd.mean < min(pure)


def seats(business: int, enterprise: int) -> tuple[Seats, ...]:
    named = (("business", business), ("enterprise", enterprise))
    return tuple(Seats(plan=plan, count=count) for plan, count in named if count)


class TestAccount:
    @settings(max_examples=25, deadline=None)
    @given(
        st.integers(2, 12), st.integers(1, 30), st.none() | st.integers(0, 200), st.sampled_from(["2026-08", "2026-10"])
    )
    def test_the_number_of_seats_to_move_is_the_best_of_all_numbers(
        self, people: int, tasks: int, budget: int | None, month: str
    ) -> None:
        budgets = () if budget is None else (Budget(scope="enterprise", usd=budget),)  # only alerts
        account = Account(kind="enterprise", month=month, seats=seats(people, 0), budgets=budgets)
        profile = SessionProfile.load("interactive_ide").changed(tasks_per_day=tasks)
        day = date.fromisoformat(f"{month}-15")

        def total(moved: int) -> Decimal:
            mixed = account.model_copy(update={"seats": seats(people - moved, moved)})
            found = estimate(profile, "claude-sonnet-4.6", account=mixed, on=day).total_usd
            assert found is not None
            return found

        best = min(range(people + 1), key=lambda moved: (total(moved), moved))
        found = advise(profile, SONNET, account=account, on=day, draws=100)
        moved = [each.name for each in found.candidates if " of " in each.name]
        if 0 < best < people:
            assert moved == [f"{SONNET}, {best:,} of {people:,} business seats to enterprise"]
        else:
            assert moved == []
        assert found.advised.total_usd.mean <= min(
            each.total_usd.mean for each in found.candidates if each.cheapest_probability is not None
        )

    def test_moved_seats_keep_who_they_belong_to(self) -> None:
        account = Account(
            kind="organization",
            month="2026-08",
            seats=(Seats(plan="business", users=("ana", "bo", "cy"), organization="acme"),),
        )
        found = advise("interactive_ide", SONNET, account=account, on=AUGUST, draws=DRAWS)
        assert any("business seats to enterprise" in each.name for each in found.candidates)

    def test_blocking_work_is_no_saving(self) -> None:
        found = advise("interactive_ide", "copilot/gpt-5.4-mini", account=EXAMPLES / "account.toml", draws=DRAWS)
        blocking = [each for each in found.candidates if each.cheapest_probability is None]
        assert blocking
        assert found.advised not in blocking
        assert all(each.blocked_credits > found.advised.blocked_credits for each in blocking)
        assert found.current == found.advised

    def test_what_blocks_work_now_is_said(self) -> None:
        account = Account(kind="individual", month="2026-10", seats=(Seats(plan="pro", users=("ana",)),))
        found = advise("interactive_ide", SONNET, account=account, on=OCTOBER, draws=DRAWS)
        assert found.advised.blocked_credits > 1_000
        assert "work_blocked" in {notice.code for notice in found.notices}
        assert "its bill is not for all of the work" in str(found)

    @pytest.mark.parametrize(
        ("kind", "own", "plan"), [("organization", "business", "max"), ("individual", "pro", "business")]
    )
    def test_a_plan_that_is_not_for_the_account_is_refused(self, kind: str, own: str, plan: str) -> None:
        seat = Seats(plan=own, users=("ana",))
        account = Account.model_validate({"kind": kind, "month": "2026-10", "seats": [seat]})
        with pytest.raises(CostcalcError, match=f"plan {plan} is not for an account of kind {kind}"):
            advise("interactive_ide", SONNET, plans=[plan], account=account, on=OCTOBER, draws=DRAWS)

    def test_notices_of_other_seats_are_told(self) -> None:
        account = Account(kind="organization", month="2026-08", seats=seats(10, 0))
        found = advise("interactive_ide", SONNET, account=account, on=AUGUST, draws=DRAWS)
        told = [
            notice.message for notice in found.notices if "includes" in notice.message and "promotion" in notice.code
        ]
        assert len(told) <= 2
        assert "7,000 credits" in str(found)

    def test_turning_additional_usage_off_says_what_it_blocks(self) -> None:
        account = Account(kind="organization", month="2026-10", seats=seats(5, 0))
        found = advise("interactive_ide", SONNET, account=account, on=OCTOBER, draws=DRAWS)
        lever = next(each for each in found.levers if each.what == "additional usage off")
        assert lever.blocked_credits > 0
        # A credit that is blocked is a cent that is not billed.
        assert float(lever.saving_usd) == pytest.approx(float(lever.blocked_credits) / 100, rel=1e-4)


def group(name: str, profile: str, option: str, people: int = 1, **numbers: Any) -> Group:
    work = SessionProfile.load(profile).changed(**numbers)
    return Group(name, people, work, ((Option.parse(option), Decimal(1)),))


class TestTeam:
    def test_each_group_has_the_plan_that_suits_it(self) -> None:
        team = Team(
            "both",
            (
                group("light", "light_chat", f"{SONNET}@pro", tasks_per_day=2),
                group("heavy", "interactive_ide", f"{SONNET}@pro"),
            ),
        )
        found = advise(team, on=OCTOBER, draws=DRAWS)
        assert found.advised.name in ("light on pro, heavy on pro_plus", "light on pro, heavy on max")
        assert found.current is not None
        uniform = [each for each in found.candidates if each.name.startswith("all on")]
        assert {each.name for each in uniform} == {"all on pro_plus", "all on max"}  # all on pro is what is done now
        assert all(found.advised.total_usd.mean < each.total_usd.mean for each in [*uniform, found.current])

    @pytest.mark.parametrize("tasks", [22, 23, 24])
    def test_each_group_has_the_plan_with_its_lowest_mean_whatever_it_has_now(self, tasks: int) -> None:
        """People differ, so the plan of the mean month need not be the plan with the lowest mean bill."""

        def team(plan: str) -> Team:
            heavy = group("a", "interactive_ide", f"{SONNET}@{plan}", 20, tasks_per_day=tasks)
            return Team("t", (heavy, group("b", "light_chat", "copilot/gpt-5-mini@pro", 20)))

        one, other = (
            advise(team(plan), on=OCTOBER, draws=DRAWS).advised.total_usd.mean for plan in ("max", "pro_plus")
        )
        assert one == other

    def test_many_groups_on_plans_of_their_own_have_a_mix_too(self) -> None:
        groups = [
            group(f"g{place}", "interactive_ide", f"{SONNET}@max", tasks_per_day=2 + 4 * place) for place in range(10)
        ]
        found = advise(Team("many", tuple(groups)), on=OCTOBER, draws=DRAWS)
        assert "g0 on pro" in found.advised.name

    def test_a_claim_of_one_of_several_options_is_tried(self) -> None:
        team = Team(
            "both",
            (
                group("people", "interactive_ide", f"{HAIKU}@business", 10),
                group("pipeline", "api_batch", "api/gpt-5.4-mini", tasks_per_day=20_000),
            ),
        )
        found = advise(team, "api/mai-code-1-flash", on=OCTOBER, draws=DRAWS)
        assert found.advised.name == "api/mai-code-1-flash"
        assert [(each.rate.source, each.advised) for each in found.turned_by] == [
            ("mai-vs-gpt-comparison-article", "as planned")
        ]

    def test_additional_usage_off_is_of_the_groups_on_plans(self) -> None:
        team = Team(
            "both",
            (
                group("people", "interactive_ide", f"{SONNET}@business", 10),
                group("pipeline", "api_batch", "api/gpt-5.4-mini"),
            ),
        )
        found = advise(team, on=OCTOBER, draws=DRAWS)
        assert "additional usage off" in {each.what for each in found.levers}

    def test_further_options_are_alternatives_for_all(self) -> None:
        found = advise(EXAMPLES / "team.toml", "api/gpt-5.4-mini", on=OCTOBER, draws=DRAWS)
        assert {"as planned", "all on enterprise", "api/gpt-5.4-mini"} == {each.name for each in found.candidates}
        assert found.by_use == ()

    def test_a_model_of_a_mix_can_be_turned_off(self) -> None:
        found = advise(EXAMPLES / "team.toml", on=OCTOBER, draws=DRAWS)
        lever = next(each for each in found.levers if "off for developers" in each.what)
        assert lever.what.startswith("copilot/claude-sonnet-4.6@business")
        assert lever.saving_usd > 0

    def test_a_lever_saves_what_the_forecast_says(self) -> None:
        found = advise("interactive_ide", f"{SONNET}@pro", on=OCTOBER, draws=DRAWS)
        drawn = forecast("interactive_ide", [f"{SONNET}@pro", f"{SONNET}@pro,auto=true"], on=OCTOBER, draws=DRAWS)
        dear, cheap = (outlook.horizon_usd.mean for outlook in drawn.options)
        lever = next(each for each in found.levers if each.what == "auto model selection on")
        assert float(lever.saving_usd) == pytest.approx(float(dear - cheap), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": []}, "no option to forecast"),
        ({"plans": ["gold"]}, "unknown plan 'gold'"),
        ({"plans": ["free"]}, "credits included in plan free are not known"),
        ({"plans": []}, "no plan to choose"),
        ({"confidence": 2}, "confidence must be a share"),
        ({"draws": 3}, "draws must be a whole number"),
        ({"plans": "gold"}, "unknown plan 'gold'"),
        ({"confidence": float("nan")}, "confidence must be a share"),
        ({"developers": 10_000_000}, "adds up to more than 4,611,686,018 credits"),
        ({"options": "copilot/gpt-9"}, "unknown model"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        advise("interactive_ide", **{"options": HAIKU, "on": OCTOBER, **arguments})


def test_the_command_line(costcalc: Run) -> None:
    code, out, err = costcalc(
        "advise", "--option", HAIKU, "--plan", "pro", "--plan", "max", "--on", "2026-10-15", "--draws", "1000",
        "--confidence", "95%", "--format", "json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["kind"] == "advise"
    assert found["advised"] == f"{HAIKU}@pro"
    assert found["confidence"] == "0.95"
    assert [each["name"] for each in found["candidates"]] == [f"{HAIKU}@pro", f"{HAIKU}@max"]


@pytest.mark.parametrize("ask", [advise, forecast, report])
def test_left_out_the_options_are_those_of_a_comparison(ask: Any) -> None:
    found = ask("interactive_ide", on=OCTOBER, draws=100)
    assert found.to_dict() == ask("interactive_ide", DEFAULT_OPTIONS, on=OCTOBER, draws=100).to_dict()


def test_an_account_says_who_pays_but_not_for_which_model() -> None:
    account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", count=2),))
    with pytest.raises(InputError, match="no option to forecast"):
        advise("interactive_ide", account=account)
