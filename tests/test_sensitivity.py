"""Sensitivity: the tornado is estimates at the ends, and the indices match functions whose indices are known."""

import json
import math
import sys
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import (
    Account,
    Budget,
    CostcalcError,
    InputError,
    Seats,
    SessionProfile,
    breakeven,
    compare,
    estimate,
    sensitivity,
)
from costcalc.cases import Case
from costcalc.deciding.inputs import MEANS, Change, with_changes
from costcalc.deciding.surface import Surface
from costcalc.deciding.variance import sobol_indices
from tests.conftest import Run
from tests.strategies import profiles

JUNE = date(2026, 6, 15)
AUGUST = date(2026, 8, 1)
PRO = "copilot/mai-code-1-flash@pro"
MINI = "api/gpt-5.4-mini"
ARTICLE = f"{MINI},basis=mai-vs-gpt-comparison-article"
PLAIN = SessionProfile(
    name="plain",
    fresh_input=40_000,
    cached_input=0,
    output=2_000,
    requests_per_task=4,
    tasks_per_day=10,
    active_days=20,
)


class TestIndices:
    """Sobol's indices against closed forms."""

    def test_ishigamis_function(self) -> None:
        """The customary test function, sin x1 + a sin^2 x2 + b x3^4 sin x1 on -pi to pi, with a = 7 and b = 0.1."""
        a, b, pi = 7.0, 0.1, math.pi

        def ishigami(unit: Any) -> Any:
            x = -pi + 2 * pi * unit
            return (np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0]))[None, :]

        variance = a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18 + 0.5
        first = [0.5 * (1 + b * pi**4 / 5) ** 2 / variance, a**2 / 8 / variance, 0.0]
        third = 8 * b**2 * pi**8 / 225 / variance
        total = [first[0] + third, first[1], third]
        (found,) = sobol_indices(ishigami, 3, 16_384, 1)
        assert found is not None
        for each, alone, in_all in zip(found, first, total, strict=True):
            assert float(each.first_order) == pytest.approx(alone, abs=0.01)
            assert float(each.total_order) == pytest.approx(in_all, abs=0.01)

    def test_a_figure_that_does_not_vary_has_none(self) -> None:
        found = sobol_indices(lambda unit: np.stack([unit[0], np.full(unit.shape[1], 3.0)]), 2, 64, 1)
        assert found[0] is not None
        assert found[1] is None

    def test_the_bill_of_an_api(self) -> None:
        """Without a plan a month is tasks times what a task costs: two factors, whose indices have a closed form."""
        ranges = {"tasks_per_day": (5, 20), "output": (1_000, 4_000)}
        others = {name: (getattr(PLAIN, name),) * 2 for name in ("fresh_input", "active_days")}
        found = sensitivity(PLAIN, [f"{MINI},basis=published"], ranges={**ranges, **others}, chance=False, on=AUGUST)

        def moments(low: float, high: float) -> tuple[float, float]:
            """Mean and variance of a number whose logarithm is evenly spread."""
            width = math.log(high / low)
            mean = (high - low) / width
            return mean, (high**2 - low**2) / 2 / width - mean**2

        fixed = 40_000 * 0.75 / 4.5  # what the input costs, in tokens of output
        tasks, tasks_variance = moments(5, 20)
        output, output_variance = moments(1_000, 4_000)
        task = output + fixed
        whole = (tasks**2 + tasks_variance) * (task**2 + output_variance) - (tasks * task) ** 2
        expected = {
            "tasks_per_day": (tasks_variance * task**2, tasks_variance * (task**2 + output_variance)),
            "output": (output_variance * tasks**2, output_variance * (tasks**2 + tasks_variance)),
        }
        shares = {share.name: share for share in found.options[0].shares or ()}
        for name, (alone, in_all) in expected.items():
            assert float(shares[name].first_order) == pytest.approx(alone / whole, abs=0.01)
            assert float(shares[name].total_order) == pytest.approx(in_all / whole, abs=0.01)
        assert abs(shares["fresh_input"].total_order) <= Decimal("0.001")

    def test_the_same_seed_gives_the_same(self) -> None:
        one, same, other = (sensitivity(PLAIN, [MINI], samples=256, seed=seed, on=AUGUST) for seed in (1, 1, 2))
        assert one.to_dict() == same.to_dict()
        assert one.options[0].shares != other.options[0].shares


def account(**settings: Any) -> Account:
    return Account.model_validate(
        {"kind": "organization", "month": "2026-10", "seats": [Seats(plan="business", count=3)], **settings}
    )


class TestSurface:
    """What is computed for many values at once is what the one rule gives for each."""

    OPTIONS = (
        "copilot/gpt-5.4@pro_plus",
        "copilot/claude-haiku-4.5",
        "api/gpt-5.4-mini,tokens=0.4",
        "copilot/gemini-3.1-pro@business",
        "copilot/gpt-5.4-mini@max,auto=true",
    )

    @settings(max_examples=40, deadline=None)
    @given(profiles(), st.sampled_from(OPTIONS), st.integers(1, 5), st.data())
    def test_it_is_the_estimate(self, profile: SessionProfile, text: str, people: int, data: st.DataObject) -> None:
        case = Case.of(profile, None, people, AUGUST, "best", True, None)
        self.check(case, text, data)

    @settings(max_examples=15, deadline=None)
    @given(profiles(), st.integers(0, 60), st.data())
    def test_it_is_the_estimate_of_an_account(self, profile: SessionProfile, usd: int, data: st.DataObject) -> None:
        terms = account(budgets=[Budget(scope="organization", usd=usd, stop=True)])
        case = Case.of(profile, terms, None, None, "best", True, None)
        self.check(case, "copilot/gpt-5.4-mini", data)

    def check(self, case: Case, text: str, data: st.DataObject) -> None:
        (option,) = case.options([text])
        claims = case.book.claims(option.model, route=option.route, on=case.on)
        rates = [case.rate(option)] if option.auto else list(claims)
        surface = Surface(case, option, rates)
        changed = data.draw(
            st.fixed_dictionaries(
                {
                    "fresh_input": st.integers(0, 900_000),
                    "cached_input": st.integers(0, 900_000),
                    "output": st.integers(0, 20_000),
                    "tasks_per_day": st.integers(0, 40),
                    "active_days": st.integers(0, 31),
                    "requests_per_task": st.integers(1, 8),
                }
            )
        )
        share = data.draw(st.none() | st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)]))
        made = [Change.of(name, value, case.book) for name, value in changed.items()]
        numbers = {name: np.array([float(getattr(case.profile, name) or 0)]) for name in MEANS}
        numbers |= {name: np.array([float(value)]) for name, value in changed.items()}
        prompt = sum(float(numbers[name][0]) for name in ("fresh_input", "cached_input", "cache_write"))
        if share is not None and prompt and changed["fresh_input"]:
            made.append(Change.of("cached_share", share, case.book))
            numbers["cached_share"] = np.array([float(share)])
        now = with_changes(case, made, [option])
        for place, rate in enumerate(rates):
            expected = now.estimate(option, rate)
            credits = surface.credits(numbers, np.array([place]))
            assert float(credits[0]) == pytest.approx(float(expected.credits), rel=1e-9, abs=1e-9)
            assert float(surface.bill(credits)[0]) == pytest.approx(float(expected.total_usd or 0), rel=1e-6, abs=1e-6)


class TestTornado:
    def test_a_bar_is_the_estimate_at_either_end(self) -> None:
        found = sensitivity("interactive_ide", [PRO, MINI], samples=0, on=JUNE)
        profile = SessionProfile.load("interactive_ide")
        bars = {bar.name: bar for bar in found.options[0].bars}
        inputs = {each.name: each for each in found.inputs}
        for name in ("fresh_input", "cached_input", "output", "tasks_per_day", "active_days"):
            for end, shown in ((inputs[name].low, bars[name].at_low_usd), (inputs[name].high, bars[name].at_high_usd)):
                changed = profile.changed(**{name: end})
                assert estimate(changed, "mai-code-1-flash", plan="pro", on=JUNE).total_usd == shown
        assert [bar.swing_usd for bar in found.options[0].bars] == sorted(
            (bar.swing_usd for bar in bars.values()), reverse=True
        )

    def test_the_profiles_own_range_before_an_assumed_one(self) -> None:
        inputs = {each.name: each for each in sensitivity("interactive_ide", [MINI], samples=0, on=JUNE).inputs}
        assert (inputs["output"].how, inputs["output"].low, inputs["output"].high) == ("profile", 1_890, 4_710)
        assert (inputs["fresh_input"].how, inputs["fresh_input"].high) == ("assumed", Decimal("85500"))
        stated = sensitivity("interactive_ide", [MINI], ranges={"output": (3_000, "3_300".replace("_", ""))}, samples=0)
        assert next(each for each in stated.inputs if each.name == "output").how == "stated"

    def test_active_days_end_at_31(self) -> None:
        found = sensitivity(PLAIN.changed(active_days=30), [MINI], samples=0, on=AUGUST)
        assert next(each for each in found.inputs if each.name == "active_days").high == 31

    def test_a_price_swings_between_its_claims(self) -> None:
        found = sensitivity("interactive_ide", [MINI], samples=0, on=JUNE)
        bar = next(bar for bar in found.options[0].bars if bar.name == "price of api/gpt-5.4-mini")
        totals = [each.total_usd for each in compare("interactive_ide", [MINI], on=JUNE).options[0].by_claim]
        claimed = sorted(total for total in (each.total_usd for each in compare_claims()) if total is not None)
        assert [bar.at_low_usd, bar.at_high_usd] == claimed == sorted(total or 0 for total in totals)

    def test_an_option_with_a_basis_of_its_own_has_its_price_settled(self) -> None:
        found = sensitivity("interactive_ide", [PRO, ARTICLE], samples=0, on=JUNE)
        assert not any(each.claims for each in found.inputs)

    def test_the_price_turns_the_choice_and_tasks_do_not(self) -> None:
        found = sensitivity("interactive_ide", [PRO, MINI], samples=0, on=JUNE)
        assert found.cheapest == PRO
        assert found.turned_by == ("price of api/gpt-5.4-mini",)
        assert found.look_first == "price of api/gpt-5.4-mini"
        assert found.decision is not None
        assert found.decision.now_usd == 5

    @settings(max_examples=30, deadline=None)
    @given(profiles())
    def test_what_turns_the_choice_is_what_compare_says_there(self, profile: SessionProfile) -> None:
        options = [PRO, f"{MINI},basis=published"]
        found = sensitivity(profile, options, samples=0, on=JUNE)
        for each in found.inputs:
            low, high = each.low or Decimal(0), each.high or Decimal(0)
            places = [low + (high - low) * step / 10 for step in range(11)]
            winners = {compare(profile.changed(**{each.name: place}), options, on=JUNE).cheapest for place in places}
            if winners - {found.cheapest}:
                assert each.name in found.turned_by
            elif each.name in found.turned_by:  # a band between two of the places: it has to be there
                crossed = breakeven(profile, options, each.name, low=low, high=high, on=JUNE)
                assert {interval.cheapest for interval in crossed.intervals} - {found.cheapest}

    def test_a_band_inside_the_range_turns_the_choice_though_its_ends_do_not(self) -> None:
        """The published example: an allowance makes an option win only between 11.58 and 12.54 tasks a day."""
        found = sensitivity("interactive_ide", [PRO, ARTICLE], ranges={"tasks_per_day": (5, 40)}, samples=0, on=JUNE)
        assert "tasks_per_day" in found.turned_by

    def test_a_tie_is_said_and_what_breaks_it(self) -> None:
        found = sensitivity("interactive_ide", samples=0, on=date(2026, 11, 24))
        assert found.cheapest is None
        assert found.decision is not None
        assert found.decision.now_usd == 0
        assert found.turned_by == ("price of api/gpt-5.4-mini",)
        assert str(found).startswith("A tie as things are;")


def compare_claims() -> list[Any]:
    return list(compare("interactive_ide", [MINI], on=JUNE).options[0].by_claim)


class TestAllAtOnce:
    def test_a_bill_that_nothing_moves_has_no_indices(self) -> None:
        found = sensitivity(PLAIN.changed(tasks_per_day=1), ["copilot/mai-code-1-flash@max"], samples=64, on=JUNE)
        assert found.options[0].shares is None
        assert found.look_first is None
        assert "Nothing moves" in str(found)

    def test_chance_is_not_to_be_measured(self) -> None:
        narrow = {
            name: (getattr(PLAIN, name),) * 2 for name in ("fresh_input", "output", "tasks_per_day", "active_days")
        }
        found = sensitivity(PLAIN, [f"{MINI},basis=published"], ranges=narrow, samples=256, on=AUGUST)
        shares = found.options[0].shares or ()
        assert shares[0].name == "chance of the month"
        assert shares[0].total_order == pytest.approx(Decimal(1), abs=Decimal("0.05"))
        assert found.look_first is None

    def test_shares_of_the_cheapest_add_up(self) -> None:
        found = sensitivity("interactive_ide", [PRO, MINI], samples=256, on=JUNE)
        assert sum(share for _, share in found.cheapest_shares or ()) == 1

    def test_people_who_pay_for_themselves_are_taken_alike_and_it_is_said(self) -> None:
        found = sensitivity("interactive_ide", [PRO], developers=5, samples=64, on=JUNE)
        assert "people_alike" in {notice.code for notice in found.notices}

    @pytest.mark.parametrize("missing", ["numpy", "scipy"])
    def test_without_the_extra_it_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == missing or name.startswith("costcalc.")]:
            if name in ("costcalc.deciding.allatonce", "costcalc.deciding.variance", "costcalc.deciding.surface"):
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(InputError, match=rf"need {missing}: pip install 'costcalc\[sensitivity\]'"):
            sensitivity("interactive_ide", [MINI], samples=64, on=JUNE)
        assert sensitivity("interactive_ide", [MINI], samples=0, on=JUNE).options[0].bars


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 100}, "0 or a power of two"),
        ({"samples": -1}, "samples must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"options": []}, "give at least one option"),
        ({"ranges": {"ouput": (1, 2)}}, "unknown input with a range 'ouput'"),
        ({"ranges": {"output": (2, 1)}}, "a range goes up, not from 2 to 1"),
        ({"ranges": {"output": (1, "x")}}, "'x' is not a number"),
        ({"ranges": {"output": (1,)}}, "a range is a low and a high number"),
        ({"ranges": {"cached_share": (0, 2)}}, "can be from 0 to 1, not 2"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        sensitivity("interactive_ide", **{"options": [PRO, MINI], "on": JUNE, "samples": 0, **arguments})


def test_the_command_line(costcalc: Run) -> None:
    command = ("sensitivity", "--option", PRO, "--option", MINI, "--on", "2026-06-15", "--samples", "256")
    code, out, err = costcalc(*command, "--range", "output=3000:3300", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["kind"] == "sensitivity"
    assert [each["figure"] for each in found["options"]] == [PRO, MINI]
    assert found["decision"]["figure"] == f"{MINI} less {PRO}"
    assert next(each for each in found["inputs"] if each["input"] == "output")["low"] == "3000"
    code, out, err = costcalc(*command, "--range", "output=3000")
    assert (code, out) == (2, "")
    assert "not of the form INPUT=LOW:HIGH" in err
    code, out, err = costcalc(*command, "--range", "output=1:2", "--range", "output=2:3")
    assert (code, out) == (2, "")
    assert "output is given twice" in err
