"""What if: scenarios against a base, and differences that add up whichever change is thought of first."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import CostcalcError, Estimate, PriceBook, SessionProfile, estimate, whatif
from costcalc.deciding.scenarios import shapley_values
from tests.conftest import Run
from tests.strategies import changes, profiles

JUNE = date(2026, 6, 15)
AUGUST = date(2026, 8, 1)
PRO = "copilot/mai-code-1-flash@pro"
MINI = "api/gpt-5.4-mini"
LONG = "copilot/gpt-5.4"
PRICE = "price.copilot/gpt-5.4.input"
EXAMPLES = Path(__file__).parents[1] / "examples"


def with_a_prompt(profile: SessionProfile) -> bool:
    return sum(profile.tokens[:3]) > 0


class TestAttribution:
    """The causes of a difference add up, depend on no order, and a change without effect causes nothing."""

    @given(profiles().filter(with_a_prompt), changes(PRICE))
    def test_causes_and_parts_add_up(self, profile: SessionProfile, made: dict[str, str]) -> None:
        found = whatif(profile, made, [f"{LONG}@pro_plus", LONG], on=AUGUST)
        for base, outcome in zip(found.base, found.scenarios[0].outcomes, strict=True):
            assert base.total_usd is not None
            assert outcome.difference_usd == outcome.total_usd - base.total_usd
            assert sum(each.usd for each in outcome.causes) == outcome.difference_usd
            assert sum(each.usd for each in outcome.parts) == outcome.difference_usd

    @given(profiles().filter(with_a_prompt), changes(PRICE), st.randoms())
    def test_the_order_of_changes_does_not_matter(
        self, profile: SessionProfile, made: dict[str, str], random: Any
    ) -> None:
        shuffled = list(made.items())
        random.shuffle(shuffled)
        one, other = (
            whatif(profile, each, [LONG], on=AUGUST).scenarios[0].outcomes[0] for each in (made, dict(shuffled))
        )
        assert one.total_usd == other.total_usd
        assert {each.cause: each.usd for each in one.causes} == {each.cause: each.usd for each in other.causes}

    @given(profiles().filter(with_a_prompt), changes(PRICE))
    def test_what_has_no_effect_causes_nothing(self, profile: SessionProfile, made: dict[str, str]) -> None:
        outcomes = whatif(profile, made, ["copilot/gpt-5-mini", LONG], on=AUGUST).scenarios[0].outcomes
        causes = {each.cause: each.usd for each in outcomes[0].causes}
        assert causes.get("price.copilot/gpt-5.4.fresh_input", 0) == 0

    @given(st.lists(st.fractions(-100, 100), min_size=16, max_size=16))
    def test_shapley_values_are_the_mean_over_all_orders(self, worths: list[Fraction]) -> None:
        def value(some: tuple[int, ...]) -> Fraction:
            return worths[sum(1 << place for place in some)]

        added = [Fraction(0)] * 4
        for order in permutations(range(4)):
            for place, player in enumerate(order):
                before = tuple(sorted(order[:place]))
                added[player] += (value(tuple(sorted((*before, player)))) - value(before)) / 24
        assert shapley_values(4, value) == added


class TestScenario:
    @pytest.mark.parametrize(
        ("change", "numbers"),
        [
            ("output=+30%", {"output": 4_160}),
            ("output=-100%", {"output": 0}),
            ("output=5000.5", {"output": Decimal("5000.5")}),
            ("tasks_per_day=x1.5", {"tasks_per_day": Decimal("22.5")}),
            ("cached_share=0.5", {"fresh_input": 173_500, "cached_input": 173_500}),
            ("requests_per_task=4", {"requests_per_task": 4}),
        ],
    )
    def test_a_change_is_the_estimate_of_the_changed_profile(self, change: str, numbers: dict[str, Any]) -> None:
        outcome = whatif("interactive_ide", [change], [PRO], on=JUNE).scenarios[0].outcomes[0]
        changed = SessionProfile.load("interactive_ide").changed(**numbers)
        expected = estimate(changed, "mai-code-1-flash", plan="pro", on=JUNE)
        assert outcome.estimate.month == expected.month
        assert outcome.total_usd == expected.total_usd

    def test_a_share_of_the_prompt_is_one_of_the_changed_prompt(self) -> None:
        """However the two changes are ordered, the share is of the prompt that there is then."""
        found = whatif("interactive_ide", ["cached_share=0.5", "fresh_input=+100%"], [MINI], on=JUNE)
        profile = found.scenarios[0].outcomes[0].estimate.profile
        assert profile.fresh_input == profile.cached_input == Decimal(57_000 * 2 + 290_000) / 2

    def test_a_share_of_a_tiny_prompt_leaves_nothing_below_zero(self) -> None:
        work = SessionProfile(
            name="tiny", fresh_input=0, cached_input="0.00101", cache_write="0.001", output=1,
            requests_per_task=1, tasks_per_day=1, active_days=1,
        )  # fmt: skip
        profile = whatif(work, ["cached_share=0.001"], [MINI], on=JUNE).scenarios[0].outcomes[0].estimate.profile
        assert profile.cache_write is not None
        assert profile.fresh_input >= 0
        assert sum(profile.tokens[:3]) == Decimal("0.00201")

    def test_a_price_is_stated_for_every_option_of_the_model(self) -> None:
        book = PriceBook.load()
        options = [MINI, f"{MINI},basis=mai-vs-gpt-comparison-article", "copilot/gpt-5.4-mini"]
        found = whatif("interactive_ide", ["price.api/gpt-5.4-mini.output=+10%"], options, on=JUNE, rates=book)
        before = [each.rate.usd_per_mtok.output for each in found.base]
        after = [each.estimate.rate.usd_per_mtok.output for each in found.scenarios[0].outcomes]
        assert after == [before[0] * Decimal("1.1"), before[1] * Decimal("1.1"), before[2]]

    def test_a_stated_price_says_so(self) -> None:
        found = whatif("interactive_ide", ["price.api/gpt-5.4-mini.output=9"], [MINI], on=JUNE)
        rate = found.scenarios[0].outcomes[0].estimate.rate
        assert (rate.source, rate.status, rate.usd_per_mtok.output) == ("stated", "indicative", 9)
        words = "output at $9 in place of $4.5 of openai-pricing-page (published)"
        assert any(words in notice.message for notice in found.notices)
        assert {each.source for each in found.rates_used()} == {"stated", "openai-pricing-page"}

    def test_long_context_prices_keep_their_proportion(self) -> None:
        work = SessionProfile(
            name="long",
            fresh_input=300_000,
            cached_input=0,
            output=0,
            requests_per_task=1,
            tasks_per_day=1,
            active_days=10,
        )
        found = whatif(work, ["price.copilot/gpt-5.4.input=+50%"], [LONG], on=AUGUST)
        outcome = found.scenarios[0].outcomes[0]
        assert outcome.estimate.rate.prompt_tokens_over == 272_000
        assert outcome.total_usd == Decimal("1.5") * (found.base[0].total_usd or 0)

    def test_the_cheapest_option_may_change(self) -> None:
        found = whatif("interactive_ide", ["price.api/gpt-5.4-mini.input=0.10"], [PRO, MINI], on=JUNE)
        assert (found.cheapest, found.scenarios[0].cheapest) == (PRO, MINI)
        assert f"The cheapest option changes: {PRO} before, {MINI} then." in str(found)

    def test_an_account_bills_the_changed_work(self) -> None:
        found = whatif(
            "interactive_ide", {"tasks_per_day": "x3"}, ["copilot/gpt-5.4-mini"], account=EXAMPLES / "account.toml"
        )
        outcome = found.scenarios[0].outcomes[0]
        assert outcome.estimate.bill.account_month is not None
        assert outcome.difference_usd > 0


class TestFile:
    def test_a_file_is_the_same_as_its_scenarios_in_python(self) -> None:
        option = ["copilot/mai-code-1.1-flash@pro"]
        read = whatif("interactive_ide", EXAMPLES / "scenarios.toml", option, on=AUGUST.replace(month=10))
        stated = whatif(
            "interactive_ide",
            {
                "growth": {"tasks_per_day": "+40%", "output": "+20%"},
                "colder cache": ["cached_share=0.5"],
                "dearer model": {
                    "price.copilot/mai-code-1.1-flash.input": Decimal("0.75"),
                    "price.copilot/mai-code-1.1-flash.output": 4.5,
                },
            },
            option,
            on=AUGUST.replace(month=10),
        )
        assert read.to_dict() == stated.to_dict()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "empty; it holds no setting"),
            ("scenario = 1", ":1: unknown key 'scenario'"),
            ("scenarios = 1", ":1: scenarios must be a table of tables"),
            ("[scenarios]\ngrowth = 3", ":2: growth must be a table of inputs"),
            ("[scenarios.a]\noutput = '+x%'", ":2: output: '+x%' is neither a number nor a change"),
            ("[scenarios.a]\noutput = true", ":2: output must become a number"),
            ("[scenarios.a]\n\nouput = 3", ":3: unknown input 'ouput'"),
            ("[scenarios.a]\n", ":1: nothing is changed"),
            ("[scenarios.a]\noutput = -3", ":2: output can be from 0, not -3"),
        ],
    )
    def test_bad_files(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "scenarios.toml"
        path.write_text(text)
        with pytest.raises(CostcalcError) as caught:
            whatif("interactive_ide", path, [MINI], on=JUNE)
        assert message in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ([], "nothing is changed"),
        (["output"], "not of the form INPUT=VALUE"),
        (["output="], "not of the form INPUT=VALUE"),
        (["output=1e3"], "neither a number nor a change"),
        (["output=-5"], "neither a number nor a change"),
        (["output=-101%"], "by more than 100 %"),
        (["output=1", "output=2"], "output is changed twice"),
        (["sigma=1"], "it changes a forecast"),
        (["cache_write=+5%"], "does not tell cache_write apart"),
        (["cached_share=1.2"], "cached_share can be from 0 to 1"),
        (["active_days=32"], "active_days can be from 0 to 31"),
        (["developers=2.5"], "developers must be a whole number"),
        (["price.api/gpt-5-mini.output=1"], "no option is api/gpt-5-mini"),
        (["price.api/gpt-5.4-mini.output=9999999"], "can be from 0 to 1000000"),
        ({f"{place}": [f"output={place}"] for place in range(101)}, "101 scenarios are more than"),
        ({"a" * 300: ["output=1"]}, "at most 200 characters"),
        ("output=1", "a list of changes, not the text"),
        (None, "changes are a list of texts"),
        ([5], "a change is a text such as"),
        ({5: 5}, "unknown input 5"),
        ({"a": 5, "b": ["output=1"]}, "changes are a list of texts"),
        ({"output": 10**5000}, "more digits than can be meant"),
        ({"developers": "+10%"}, "developers must be a whole number, not 1.1"),
        ({"price.api/gpt-5.4-mini.output": Decimal("1e-4000")}, "more digits than can be meant"),
    ],
)
def test_bad_input(made: Any, message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        whatif("interactive_ide", made, [MINI], on=JUNE)


def test_a_price_that_nothing_is_billed_at_is_told() -> None:
    """Input that is not read from cache is billed as cache writes for Anthropic's models on Copilot."""
    options = ["copilot/claude-sonnet-4.6@pro"]
    found = whatif("interactive_ide", ["price.copilot/claude-sonnet-4.6.input=x2"], options, on=date(2026, 10, 15))
    assert found.scenarios[0].outcomes[0].difference_usd == 0
    assert "what is billed is cached_input, cache_write, output" in str(found)


def test_one_option_needs_no_list() -> None:
    found = whatif("interactive_ide", ["output=1"], MINI, on=JUNE)
    assert [str(each.option) for each in found.base] == [MINI]


def test_developers_of_an_account_do_not_vary() -> None:
    with pytest.raises(CostcalcError, match="an account says how many seats"):
        whatif("interactive_ide", ["developers=5"], ["copilot/gpt-5.4-mini"], account=EXAMPLES / "account.toml")


def test_the_command_line(costcalc: Run) -> None:
    options = ["--option", PRO, "--option", MINI, "--on", "2026-06-15"]
    code, out, err = costcalc(
        "whatif", "--set", "output=+30%", "--set", "tasks_per_day=-20%",
        "--scenario", "cheap API: price.api/gpt-5.4-mini.input=0.40, output=x2", *options, "--format", "json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [each["name"] for each in found["scenarios"]] == ["cheap API", "what if"]
    assert found["scenarios"][1]["changes"][0] == {
        "input": "output", "change": "output=+30%", "from": "3200", "to": "4160", "unit": "tokens per task",
    }  # fmt: skip
    outcome = found["scenarios"][1]["outcomes"][0]
    assert outcome["causes"] == [{"cause": "output", "usd": "0.93312"}, {"cause": "tasks_per_day", "usd": "-3.89088"}]
    assert outcome["difference_usd"] == "-2.95776"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is changed; give --set"),
        (["--scenario", "output=3"], "not of the form NAME:INPUT=VALUE"),
        (["--scenario", "a:output=3", "--scenario", "a:output=4"], "scenario a is given twice"),
        (["--scenarios", "missing.toml"], "missing.toml: no such file"),
        (["--set", "tokens=3"], "unknown input 'tokens'"),
    ],
)
def test_mistakes_on_the_command_line(costcalc: Run, arguments: list[str], message: str) -> None:
    code, out, err = costcalc("whatif", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_an_estimate_is_a_result_of_the_library() -> None:
    found = whatif("interactive_ide", ["output=+30%"], on=date(2026, 11, 24))
    assert all(isinstance(each, Estimate) for each in found.base)
    assert [str(each.option) for each in found.base] == ["api/mai-code-1-flash", "api/gpt-5.4-mini"]
