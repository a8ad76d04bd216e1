"""Cost per solved task: the arithmetic against enumeration of what can happen, pass rates and where they are from."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import CostcalcError, InputError, Option, SessionProfile, Solved, benchmarks, estimate, solved
from tests.conftest import Run
from tests.strategies import profiles

JUNE = date(2026, 6, 15)
NOVEMBER = date(2026, 11, 24)
ARTICLE = "api/gpt-5.4-mini/mai-vs-gpt-comparison-article/2026-03-17"
MAI, HAIKU, MINI = "copilot/mai-code-1-flash", "copilot/claude-haiku-4.5", "api/gpt-5.4-mini"

fractions = st.fractions(0, 1, max_denominator=60)
some = fractions.filter(lambda rate: rate > 0)


def codes(result: Solved) -> set[str]:
    return {notice.code for notice in result.notices}


def by_name(result: Solved) -> dict[str, Any]:
    return {each.name: each for each in result.options}


class TestPublishedExample:
    """MAI-Code-1-Flash solves 71.6 % with 10.8K tokens, Claude Haiku 4.5 66.6 % with 27.3K (SWE-Bench Verified)."""

    def test_an_attempt_over_the_pass_rate(self) -> None:
        result = solved("interactive_ide", [HAIKU, MAI], benchmark="swe-bench-verified", on=JUNE)
        mai, haiku = result.options
        assert (mai.name, haiku.name, result.cheapest, result.robust) == (MAI, HAIKU, MAI, True)
        assert mai.attempt_usd == Decimal("0.0789") * Decimal("0.3956")
        assert mai.per_solved_usd == Fraction("0.03121284") / Fraction("0.716")
        assert haiku.per_solved_usd == Fraction("0.11625") / Fraction("0.666")
        assert mai.difference_usd == mai.per_solved_usd - haiku.per_solved_usd
        assert {mai.pass_rate_from, mai.token_factor_from, haiku.token_factor_from} == {"benchmark"}
        assert haiku.break_even_pass_rate is not None
        assert haiku.break_even_pass_rate > 1  # no pass rate makes it as cheap

    def test_its_caveats_travel(self) -> None:
        result = solved("interactive_ide", [HAIKU, MAI], benchmark="swe-bench-verified", on=JUNE)
        assert codes(result) >= {"benchmark_caveat", "benchmark_tasks", "token_factor", "attempts_alike", "use_only"}
        said = str(result)
        assert "the vendor's own run" in said
        assert "whether the average counts input, output or both is not stated" in said
        approximate = solved("interactive_ide", benchmark="humaneval", on=NOVEMBER)
        assert codes(approximate) >= {"benchmark_caveat", "benchmark_tokens_missing"}
        assert "stated as approximate" in str(approximate)
        assert "vendor's own run" not in str(approximate)
        assert [each.option.token_factor for each in approximate.options] == [1, 1]

    def test_the_articles_price_does_not_turn_what_its_pass_rate_favours_anyway(self) -> None:
        result = solved("interactive_ide", benchmark="humaneval", on=NOVEMBER)
        assert (result.cheapest, result.robust, result.turned_by) == (MINI, True, ())
        worse = solved("interactive_ide", benchmark="humaneval", pass_rates={MINI: "80%"}, on=NOVEMBER)
        assert (worse.cheapest, worse.robust) == ("api/mai-code-1-flash", False)
        assert worse.turned_by == (ARTICLE,)


def outcomes(chances: list[Fraction], attempts: int) -> tuple[Fraction, Fraction]:
    """Mean attempts and the share solved over every way that attempts at these tasks can go, one task as likely as another."""
    mean, share = Fraction(0), Fraction(0)
    for chance in chances:
        for succeeds in product((True, False), repeat=attempts):
            likely = Fraction(1, len(chances))
            for success in succeeds:
                likely *= chance if success else 1 - chance
            made = succeeds.index(True) + 1 if any(succeeds) else attempts
            mean += likely * made
            share += likely * any(succeeds)
    return mean, share


def one(rate: Any, attempts: int, **more: Any) -> Any:
    (found,) = solved("light_chat", [MINI], pass_rates={MINI: rate}, attempts=attempts, on=NOVEMBER, **more).options
    return found


class TestRetries:
    @settings(max_examples=40)
    @given(fractions, st.integers(1, 5))
    def test_fresh_chances_are_every_way_it_can_go(self, rate: Fraction, attempts: int) -> None:
        found = one(rate, attempts)
        assert tuple(found.independent) == outcomes([rate], attempts)
        assert found.per_solved_usd == (Fraction(found.attempt_usd) / rate if rate else None)

    @settings(max_examples=40)
    @given(st.lists(st.booleans(), min_size=1, max_size=9), st.integers(1, 5))
    def test_repeated_failures_are_tasks_that_always_or_never_succeed(self, tasks: list[bool], attempts: int) -> None:
        found = one(Fraction(sum(tasks), len(tasks)), attempts)
        mean, share = outcomes([Fraction(task) for task in tasks], attempts)
        assert tuple(found.repeating) == (mean, share)
        cost = Fraction(found.attempt_usd) * mean / share if share else None
        assert found.per_solved_usd_if_failures_repeat == cost

    @settings(max_examples=40)
    @given(st.lists(some, min_size=1, max_size=4), st.integers(1, 4))
    def test_tasks_with_chances_of_their_own_lie_between(self, chances: list[Fraction], attempts: int) -> None:
        found = one(sum(chances) / len(chances), attempts)
        mean, share = outcomes(chances, attempts)
        assert found.independent.attempts <= mean <= found.repeating.attempts
        assert found.repeating.solved_share <= share <= found.independent.solved_share
        cost = Fraction(found.attempt_usd) * mean / share
        assert found.per_solved_usd <= cost <= found.per_solved_usd_if_failures_repeat

    def test_one_attempt_needs_no_assumption(self) -> None:
        found = one("0.7", 1)
        assert found.independent == found.repeating

    def test_many_attempts_at_a_rate_with_many_digits(self) -> None:
        found = one("0." + "1" * 30, 1_000)
        assert found.per_solved_usd == Fraction(found.attempt_usd) / Fraction("0." + "1" * 30)
        assert found.to_dict()["solved_share"] == "1"


CLAIMED = ["api/mai-code-1-flash", MINI, "api/gpt-5.4-mini,tokens=0.7", "copilot/mai-code-1-flash@pro", HAIKU]


def winners(result: Solved, shares: list[Fraction]) -> set[str | None]:
    """What is strictly cheapest under every combination of claims, with failures that repeat to some share by option."""
    ranked = [each for each in result.options if each.pass_rate]
    keys = [(each.candidate.estimate.rate.route, each.candidate.estimate.rate.model) for each in ranked]
    claims = {
        key: sorted({month.rate.source for month in each.candidate.by_claim})
        for key, each in zip(keys, ranked, strict=True)
    }
    found = set()
    for believed in product(*claims.values()):
        belief = dict(zip(claims, believed, strict=True))
        for mix in product(shares, repeat=len(ranked)):
            costs = []
            for key, each, share in zip(keys, ranked, mix, strict=True):
                month = next(month for month in each.candidate.by_claim if month.rate.source == belief[key])
                cost = Fraction(month.per_task_usd) / each.pass_rate
                repeated = cost * (each.pass_rate + (1 - each.pass_rate) * result.attempts)
                costs.append(cost + (repeated - cost) * share)
            lowest = min(costs)
            found.add(ranked[costs.index(lowest)].name if costs.count(lowest) == 1 else None)
    return found


@given(
    profiles(),
    st.lists(st.sampled_from(CLAIMED), min_size=2, max_size=3, unique=True),
    st.lists(st.sampled_from([some, fractions]).flatmap(lambda each: each), min_size=3, max_size=3),
    st.integers(1, 4),
)
def test_robust_means_strictly_cheapest_whatever_is_believed(
    profile: SessionProfile, options: list[str], rates: list[Fraction], attempts: int
) -> None:
    stated = dict(zip(options, rates, strict=False))
    result = solved(profile, options, pass_rates=stated, attempts=attempts, on=JUNE)
    costs = [each.per_solved_usd for each in result.options]
    known = [cost for cost in costs if cost is not None]
    assert costs == sorted(known) + [None] * (len(costs) - len(known))
    if not known:
        assert (result.cheapest, result.robust, result.turns) == (None, False, ())
        return
    found = winners(result, [Fraction(0), Fraction(1, 3), Fraction(1)])
    assert result.robust == (found == {result.cheapest} and result.cheapest is not None)
    assert (result.cheapest is None) == (known.count(min(known)) > 1)
    for turn in result.turns:
        assert turn.cheapest != result.cheapest
        assert turn.claims or turn.failures != "independent"
    if result.attempts == 1:
        assert result.turned_by or not result.turns


@given(profiles(), st.lists(some, min_size=2, max_size=2))
def test_at_the_break_even_pass_rate_it_costs_the_same(profile: SessionProfile, rates: list[Fraction]) -> None:
    result = solved(profile, [MINI, HAIKU], pass_rates=dict(zip([MINI, HAIKU], rates, strict=True)), on=JUNE)
    for each in result.options:
        needed = each.break_even_pass_rate
        if needed is None or not 0 < needed <= 1 or needed.denominator > 10**60:
            continue
        stated: dict[str, Fraction] = {other.name: other.pass_rate for other in result.options} | {each.name: needed}
        again = solved(profile, [MINI, HAIKU], pass_rates=stated, on=JUNE)
        assert again.cheapest is None
        assert by_name(again)[each.name].difference_usd == 0


class TestPassRates:
    @pytest.mark.parametrize(
        "rate", ["0.7", ".7", "70%", "70.0 %", "14/20", 0.7, np.float64(0.7), Decimal("0.7"), Fraction(7, 10), " 0.70 "]
    )
    def test_ways_to_state_one(self, rate: Any) -> None:
        found = one(rate, 1)
        assert (found.pass_rate, found.pass_rate_from) == (Fraction(7, 10), "stated")
        assert found.token_factor_from is None

    @pytest.mark.parametrize(
        "rate",
        [-0.1, 1.01, 70, "70", "101%", "5/0", "3/2", "", "x", "1e-3", "٣", True, None, [], Decimal("NaN"), float("inf"),
         Decimal("1e-999999999"), Decimal("1e999999999"), "0." + "1" * 99, Fraction(1, 10**90)],
    )  # fmt: skip
    def test_what_is_none(self, rate: Any) -> None:
        with pytest.raises(InputError, match="the pass rate of api/gpt-5.4-mini must be from 0 to 1, such as"):
            one(rate, 1)

    def test_the_nearest_key_applies(self) -> None:
        auto = Option("copilot", "claude-haiku-4.5", auto=True)
        stated: dict[Option | str, Any] = {"Claude Haiku 4.5": "0.3", HAIKU: "0.2", auto: "0.1"}
        options = [HAIKU, f"{HAIKU}@pro", f"{HAIKU},auto=true"]
        found = by_name(solved("light_chat", options, pass_rates=stated, on=JUNE))
        assert [found[name].pass_rate for name in options] == [Fraction(1, 5), Fraction(1, 5), Fraction(1, 10)]
        by_model = solved("light_chat", options, pass_rates={"Claude Haiku 4.5": "0.3"}, on=JUNE)
        assert {each.pass_rate for each in by_model.options} == {Fraction(3, 10)}

    def test_a_stated_one_comes_before_the_benchmarks(self) -> None:
        result = solved("light_chat", [MAI, HAIKU], benchmark="swe-bench-pro", pass_rates={MAI: 0.9}, on=JUNE)
        found = by_name(result)
        assert (found[MAI].pass_rate, found[MAI].pass_rate_from) == (Fraction(9, 10), "stated")
        assert found[MAI].token_factor_from == "benchmark"
        assert found[HAIKU].pass_rate == Fraction("0.352")
        assert "pass_rates_of_two_origins" in codes(result)

    def test_a_model_that_the_benchmark_lacks_keeps_the_profiles_tokens(self) -> None:
        result = solved("light_chat", [MAI, MINI], benchmark="swe-bench-pro", pass_rates={MINI: 0.5}, on=JUNE)
        assert by_name(result)[MINI].option.token_factor == 1
        assert codes(result) >= {"benchmark_tokens_missing", "token_factor_baseline"}

    @pytest.mark.parametrize("factor", ["1", "0.5"])
    def test_an_options_own_token_factor_comes_before_the_benchmarks(self, factor: str) -> None:
        (found,) = solved("light_chat", [f"{MAI},tokens={factor}"], benchmark="swe-bench-pro", on=JUNE).options
        assert (found.option.token_factor, found.token_factor_from) == (Decimal(factor), "stated")
        whole = estimate("light_chat", "mai-code-1-flash", token_factor=factor, on=JUNE)
        assert found.attempt_usd == whole.per_task_usd

    def test_never_solved_is_neither_free_nor_ranked(self) -> None:
        result = solved("light_chat", [MINI, HAIKU], pass_rates={MINI: "0", HAIKU: "1%"}, attempts=3, on=JUNE)
        assert (result.cheapest, result.robust) == (HAIKU, True)
        last = result.options[-1]
        assert (last.name, last.per_solved_usd, last.per_solved_usd_if_failures_repeat) == (MINI, None, None)
        assert (last.independent.attempts, last.independent.solved_share) == (3, 0)
        assert "never_solved" in codes(result)
        assert result.to_dict()["options"][-1]["per_solved_usd"] is None
        none = solved("light_chat", [MINI], pass_rates={MINI: 0}, on=JUNE)
        assert str(none).startswith("No option solves any task")
        assert (none.cheapest, none.cheapest_if_failures_repeat, none.robust) == (None, None, False)

    def test_work_without_tokens_is_a_tie(self) -> None:
        idle = SessionProfile.load("light_chat").changed(fresh_input=0, cached_input=0, output=0, tasks_per_day=0)
        result = solved(idle, [MINI, f"{HAIKU}@pro"], pass_rates={MINI: 0.5, HAIKU: 0.5}, on=JUNE)
        assert result.cheapest is None
        assert "A tie: a solved task costs $0" in str(result)
        assert result.options[1].month_per_solved_usd is None


def test_an_attempt_is_use_alone_and_the_plans_month_stands_beside() -> None:
    rates = {"claude-haiku-4.5": "0.5"}
    plain, planned = (
        solved("interactive_ide", [option], pass_rates=rates, on=JUNE).options[0] for option in (HAIKU, f"{HAIKU}@pro")
    )
    assert plain.attempt_usd == planned.attempt_usd
    assert plain.month_per_solved_usd is None
    month = estimate("interactive_ide", "claude-haiku-4.5", plan="pro", on=JUNE)
    assert month.total_usd is not None
    assert planned.month_per_solved_usd == Fraction(month.total_usd) / (Fraction(month.month.tasks) / 2)
    (unknown,) = solved("light_chat", ["copilot/gpt-5-mini@free"], pass_rates={"gpt-5-mini": 1}, on=JUNE).options
    assert unknown.month_per_solved_usd is None
    assert unknown.to_dict()["month"]["total_usd"] is None


def test_failures_that_repeat_can_turn_it_for_all_or_for_the_cheapest_alone() -> None:
    cheap = "copilot/gpt-5-mini"

    def ranked(rate: str, attempts: int) -> Solved:
        return solved("light_chat", [cheap, HAIKU], pass_rates={cheap: rate, HAIKU: "0.9"}, attempts=attempts, on=JUNE)

    once = ranked("0.3", 1)
    assert (once.cheapest, once.robust) == (cheap, True)
    often = ranked("0.3", 30)
    assert (often.cheapest, often.cheapest_if_failures_repeat) == (cheap, HAIKU)
    assert [(turn.failures, turn.claims, turn.cheapest) for turn in often.turns] == [("repeat", (), HAIKU)]
    assert "- If failures repeat, copilot/claude-haiku-4.5 is cheapest at " in str(often)
    alone = ranked("0.9", 100)
    assert alone.cheapest == alone.cheapest_if_failures_repeat == cheap
    assert [turn.failures for turn in alone.turns] == ["repeat_for_the_cheapest"]
    assert "- If failures of copilot/gpt-5-mini repeat and those of the others do not" in str(alone)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {},
            r"no pass rate for api/gpt-5.4-mini; state one \(--pass-rate\), such as api/gpt-5.4-mini=0.7, or name a benchmark",
        ),
        (
            {"benchmark": "swe-bench-pro"},
            "has no pass rate for api/gpt-5.4-mini; state one.*; it has: mai-code-1-flash",
        ),
        ({"benchmark": "swe"}, "unknown benchmark 'swe'; known: swe-bench-verified"),
        ({"options": []}, "give at least one option"),
        ({"options": [MINI, MINI]}, "is given twice"),
        ({"pass_rates": {MINI: 1, "gpt-5-mini": 1}}, "pass rate of gpt-5-mini is of none of the options: api/gpt-5.4"),
        ({"pass_rates": {"gpt-5.4-mini": 1, "GPT-5.4 Mini": 1}}, "pass rate of gpt-5.4-mini is given twice"),
        ({"pass_rates": {"nobody": 1}}, "unknown model 'nobody'"),
        ({"pass_rates": {"moon/gpt-5.4-mini": 1}}, "unknown route 'moon'"),
        ({"pass_rates": {5: 1}}, "stated for an option or a model, not for 5"),
        ({"pass_rates": {MINI: 1}, "attempts": 0}, "attempts must be a whole number from 1 to 1,000, not 0"),
        ({"pass_rates": {MINI: 1}, "attempts": 1.5}, "attempts must be a whole number"),
        ({"pass_rates": {MINI: 1}, "attempts": True}, "attempts must be a whole number"),
        ({"pass_rates": {MINI: 1}, "attempts": 1_001}, "attempts must be a whole number"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        solved("light_chat", **{"options": [MINI], "on": NOVEMBER, **arguments})


def test_every_benchmark_answers_for_its_models() -> None:
    for name, table in benchmarks().items():
        rates = {result.model: result.pass_percent for result in table.results}
        options = [f"{'copilot' if model != 'gpt-5.4-mini' else 'api'}/{model}" for model in rates]
        result = solved("interactive_ide", options, benchmark=name, on=JUNE)
        assert {each.option.model: each.pass_rate * 100 for each in result.options} == rates
        assert table.caveat in str(result)


def test_the_command_line(costcalc: Run) -> None:
    command = ["solved", "light_chat", "--option", MINI, "--option", HAIKU, "--on", "2026-06-15"]
    command += ["--pass-rate", f"{MINI}=2/3", "--pass-rate", "claude-haiku-4.5=90%", "--attempts", "2"]
    code, out, err = costcalc(*command, "--format", "json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["kind"], document["attempts"], document["benchmark"]) == ("solved", 2, None)
    first = document["options"][0]
    assert (first["option"], first["pass_rate"], first["pass_rate_source"]) == (MINI, "0.666666666667", "stated")
    assert first["attempts_expected"] == "1.333333333333"
    assert first["solved_share"] == "0.888888888889"
    exact = Fraction(first["attempt_usd"]) * 3 / 2
    assert abs(Fraction(first["per_solved_usd"]) - exact) <= Fraction(5, 10**13)
    assert document["verdict"].keys() == {"robust", "turned_by", "turns"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pass-rate", "0.7"], "--pass-rate '0.7' is not of the form MODEL=RATE, such as gpt-5.4-mini=0.71"),
        (["--pass-rate", f"{MINI}=70"], "the pass rate of api/gpt-5.4-mini must be from 0 to 1, such as 0.71, 71% or"),
        (["--pass-rate", f"{MINI}=1", "--pass-rate", f"{MINI}=0.5"], "--pass-rate 'api/gpt-5.4-mini' is given twice"),
        (["--pass-rate", f"{MINI}=\x1b[31m"], r"not '\x1b[31m'"),
        (["--attempts", "1.5"], "not a whole number"),
        (["--benchmark", "mmlu"], "unknown benchmark 'mmlu'; known: swe-bench-verified"),
    ],
)
def test_a_persons_mistakes(costcalc: Run, arguments: list[str], message: str) -> None:
    code, out, err = costcalc("solved", "--option", MINI, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
