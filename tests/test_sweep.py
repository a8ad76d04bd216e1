"""The grid: every point is an estimate, and the cheapest of a point is that of the exact break-even."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import Account, Budget, CostcalcError, Seats, SessionProfile, breakeven, estimate, sweep, whatif
from tests.conftest import Run
from tests.strategies import profiles

JUNE = date(2026, 6, 15)
PRO = "copilot/mai-code-1-flash@pro"
MINI = "api/gpt-5.4-mini"
ARTICLE = f"{MINI},basis=mai-vs-gpt-comparison-article"


@given(profiles(), st.lists(st.decimals(0, 30, places=2), min_size=1, max_size=4, unique=True))
def test_every_point_is_the_estimate_there(profile: SessionProfile, tasks: list[Decimal]) -> None:
    found = sweep(profile, {"tasks_per_day": tasks, "output": [0, 1_000]}, [PRO, MINI], on=JUNE)
    assert [point.at for point in found.points] == [(each, more) for more in (0, 1_000) for each in sorted(tasks)]
    for point in found.points:
        changed = profile.changed(tasks_per_day=point.at[0], output=point.at[1])
        expected = (
            estimate(changed, "mai-code-1-flash", plan="pro", on=JUNE).total_usd,
            estimate(changed, "gpt-5.4-mini", "api", on=JUNE).total_usd,
        )
        assert point.totals_usd == expected


def test_the_cheapest_of_each_point_is_that_of_the_interval_it_lies_in() -> None:
    """The band in which an allowance makes an option win shows on a grid that is fine enough, and only there."""
    exact = breakeven("interactive_ide", [PRO, ARTICLE], on=JUNE)
    found = sweep("interactive_ide", "tasks_per_day=11:13:21", [PRO, ARTICLE], on=JUNE)
    for point in found.points:
        inside = next(each for each in exact.intervals if each.start <= Fraction(point.at[0]) < each.end)
        assert point.cheapest == inside.cheapest
    assert [(each.start, each.end, each.after) for each in found.boundaries] == [
        (Decimal("11.5"), Decimal("11.6"), PRO),
        (Decimal("12.5"), Decimal("12.6"), ARTICLE),
    ]


def test_boundaries_do_not_run_from_one_row_to_the_next() -> None:
    found = sweep("interactive_ide", ["tasks_per_day=5,15", "output=3000,3200"], [PRO, MINI], on=JUNE)
    assert [(each.start, each.end, each.row) for each in found.boundaries] == [(5, 15, 3_000), (5, 15, 3_200)]


def test_a_share_and_a_token_kind_on_the_axes_act_as_in_a_scenario() -> None:
    found = sweep("interactive_ide", ["cached_share=0.5", "fresh_input=114000"], [MINI], on=JUNE)
    same = whatif("interactive_ide", ["fresh_input=114000", "cached_share=0.5"], [MINI], on=JUNE)
    assert found.points[0].totals_usd == (same.scenarios[0].outcomes[0].total_usd,)


@pytest.mark.parametrize(
    ("name", "swept", "searched"),
    [
        ("tasks_per_day", (0, 30), (0, 150)),
        ("requests_per_task", (1, 18), (1, 90)),
        ("cached_share", (0, 1), (0, 1)),
        ("active_days", (0, 31), (0, 31)),
        ("developers", (1, 2), (1, 10)),
        ("cache_write", (0, 2_000), (0, 10_000)),
    ],
)
def test_a_range_that_is_left_out(name: str, swept: tuple[int, int], searched: tuple[int, int]) -> None:
    profile = SessionProfile.load("interactive_ide").changed(cache_write=0)
    (axis,) = sweep(profile, name, [PRO, MINI], on=JUNE).axes
    assert [axis.values[0], axis.values[-1]] == [*swept]
    found = breakeven(profile, [PRO, MINI], name, on=JUNE)
    assert [found.low, found.high] == [*searched]


def test_a_price_can_be_swept() -> None:
    found = sweep("interactive_ide", "price.api/gpt-5.4-mini.output=0:9:3", [MINI], on=JUNE)
    totals = [point.totals_usd[0] for point in found.points]
    assert totals[1] == estimate("interactive_ide", "gpt-5.4-mini", "api", on=JUNE).total_usd
    assert totals[1] - totals[0] == totals[2] - totals[1] == 240 * 3_200 * Decimal("4.5") / 10**6
    assert [each.source for each in found.rates_used()] == ["openai-pricing-page"]
    assert "price_swept" in {notice.code for notice in found.notices}


def test_points_won_by_blocking_work_are_marked() -> None:
    account = Account(
        kind="organization", month="2026-10", seats=(Seats(plan="business", count=10),),
        budgets=(Budget(scope="user", name="*", usd=30),),
    )  # fmt: skip
    options = ["copilot/claude-haiku-4.5", MINI]
    found = sweep("interactive_ide", "tasks_per_day=10,100", options, account=account)
    assert [point.blocks_work for point in found.points] == [False, True]
    assert "A!" in str(found)


def test_notices_of_the_work_stay_where_a_price_is_swept() -> None:
    over = ["active_days=10,31", "price.api/gpt-5.4-mini.output=1:5:3"]
    found = sweep("interactive_ide", over, [MINI], on=date(2026, 11, 24))
    assert "more_days_than_the_month" in {notice.code for notice in found.notices}


def test_steps_are_as_fine_as_asked_for() -> None:
    found = sweep("interactive_ide", "tasks_per_day=0.0000001:0.0000002:3", [MINI], on=JUNE)
    assert [str(value) for value in found.axes[0].values] == ["1E-7", "1.5E-7", "2E-7"]


def test_left_out_the_range_is_from_nothing_to_twice_what_it_is() -> None:
    axes = [
        sweep("interactive_ide", name, [MINI], on=JUNE).axes[0] for name in ("output", "cached_share", "developers")
    ]
    assert axes[0].values == tuple(Decimal(800 * step) for step in range(9))
    assert (axes[1].values[0], axes[1].values[-1]) == (0, 1)
    assert axes[2].values == (1, 2)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("ouput", "unknown input 'ouput'"),
        ("sigma", "it changes a forecast"),
        ("output=5:5", "from a lower to a higher value"),
        ("output=5:9:1", "in 2 to 100,000 steps"),
        ("output=5:9:2:3", "not of the form LOW:HIGH"),
        ("output=5:x", "output: 'x' is not a number"),
        ("output=1,,2", "output: '' is not a number"),
        ("output=-1,2", "output can be from 0, not -1"),
        ("cached_share=0:2", "cached_share can be from 0 to 1, not"),
        ("output=0:9:200000", "in 2 to 100,000 steps"),
        ("output=0:9:100000", "are more than the 100,000 of one sweep"),
        ([], "not none"),
        (["output", "output"], "two different ones, not output, output"),
        (["output", "fresh_input", "cached_input"], "one input or over two"),
        ({"output": []}, "give at least one value"),
        ({"output": [True]}, "is not a number"),
        ({"output": 5}, "its values are a list of numbers"),
        ({"developers": ["1.2"]}, "developers must be a whole number"),
        (5, "over names one input or two"),
        ([5], "an input is named by a text"),
        ("output=-1:5", "a range starts at 0 or above, not at -1"),
        ("price.api/gpt-5.4-mini.output=1e-300,1", "more digits than can be meant"),
        ("price.api/gpt-5-mini.output", "no option is"),
    ],
)
def test_bad_input(over: Any, message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        sweep("interactive_ide", over, [PRO, MINI], on=JUNE)


def test_the_command_line(costcalc: Run) -> None:
    code, out, err = costcalc(
        "sweep", "--over", "tasks_per_day=5,15", "--over", "cached_share=0.5,0.9", "--option", PRO, "--option", MINI,
        "--on", "2026-06-15", "--format", "json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [each["input"] for each in found["axes"]] == ["tasks_per_day", "cached_share"]
    assert found["points"][0] == {
        "at": ["5", "0.5"],
        "total_usd": ["10", "12.603"],
        "cheapest": PRO,
        "blocks_work": False,
    }
