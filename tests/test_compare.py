from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import Comparison, InputError, Option, SessionProfile, compare
from tests.strategies import profiles

JUNE = date(2026, 6, 15)
NOVEMBER = date(2026, 11, 24)
ARTICLE = "api/gpt-5.4-mini/mai-vs-gpt-comparison-article/2026-03-17"


def test_the_default_question_is_a_tie_that_the_article_turns() -> None:
    result = compare(on=NOVEMBER)
    assert [(each.option, each.total_usd) for each in result.options] == [
        ("api/mai-code-1-flash", Decimal("18.936")),
        ("api/gpt-5.4-mini", Decimal("18.936")),
    ]
    assert result.cheapest is None
    assert not result.verdict.robust
    assert result.verdict.turned_by == (ARTICLE,)
    (turn,) = result.verdict.turns
    assert (turn.cheapest, min(turn.totals_usd)) == ("api/gpt-5.4-mini", Decimal("12.9528"))
    assert "cached_price_missing" in {notice.code for notice in result.notices}


def test_machine_output_of_the_default_question() -> None:
    document = compare(on=NOVEMBER).to_dict()
    assert document["schema_version"] == "1"
    assert document["kind"] == "compare"
    assert document["cheapest"] is None
    assert document["verdict"]["robust"] is False
    assert document["verdict"]["turned_by"] == [ARTICLE]
    mini = document["options"][1]
    assert {each["claim"]: each["total_usd"] for each in mini["by_claim"]} == {
        "api/gpt-5.4-mini/openai-pricing-page/2026-03-17": "18.936",
        ARTICLE: "12.9528",
    }
    assert {rate["id"] for rate in document["rates"]} >= {ARTICLE, mini["rate_id"]}


def test_published_alone_is_robust_where_nobody_disagrees() -> None:
    result = compare("interactive_ide", ["copilot/gpt-5-mini", "copilot/gpt-5.4"], on=NOVEMBER)
    assert result.cheapest == "copilot/gpt-5-mini"
    assert result.verdict.robust
    assert "Robust" in str(result)


def test_a_basis_of_its_own_sets_the_claim_of_an_option_but_makes_it_no_surer() -> None:
    options = ["copilot/mai-code-1-flash@pro", "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article"]
    result = compare("interactive_ide", options, on=JUNE)
    assert [each.total_usd for each in result.options] == [Decimal("13.936"), Decimal("12.9528")]
    assert result.verdict.turned_by == ("api/gpt-5.4-mini/openai-pricing-page/2026-03-17",)
    free = compare("interactive_ide", ["copilot/mai-code-1-flash@pro", "api/gpt-5.4-mini"], on=JUNE)
    assert free.cheapest == "copilot/mai-code-1-flash@pro"
    assert free.verdict.turned_by == (ARTICLE,)


def test_one_belief_holds_for_all_options_that_rest_on_it() -> None:
    """The same model twice: the lower claim for one and the higher for the other cannot both be believed."""
    options = ["api/gpt-5.4-mini", "api/gpt-5.4-mini,tokens=1.1"]
    result = compare("interactive_ide", options, on=NOVEMBER)
    assert result.cheapest == "api/gpt-5.4-mini"
    assert result.verdict.robust


OPTIONS = [
    "api/mai-code-1-flash",
    "api/gpt-5.4-mini",
    "api/gpt-4o-mini",
    "copilot/mai-code-1-flash@pro",
    "copilot/gpt-5.4-mini@pro_plus",
    "copilot/gpt-5.4-mini,auto=true",
    "api/gpt-5.4-mini,tokens=0.7",
    "copilot/claude-haiku-4.5@business",
]


def brute_force(result: Comparison) -> bool:
    """Whether one option is strictly cheapest under every combination of claims, by trying all of them."""
    keys = [(c.estimate.rate.route, c.estimate.rate.model, c.estimate.rate.service_tier) for c in result.options]
    claims = {key: sorted({e.rate.source for e in c.by_claim}) for key, c in zip(keys, result.options, strict=True)}
    winners = set()
    for believed in product(*claims.values()):
        belief = dict(zip(claims, believed, strict=True))
        totals = [
            next(e.total_usd for e in candidate.by_claim if e.rate.source == belief[key])
            for key, candidate in zip(keys, result.options, strict=True)
        ]
        lowest = min(total for total in totals if total is not None)
        winners.add(totals.index(lowest) if totals.count(lowest) == 1 else None)
    return len(winners) == 1 and None not in winners


@given(profiles(), st.lists(st.sampled_from(OPTIONS), min_size=2, max_size=4, unique=True))
def test_robust_means_strictly_cheapest_under_every_combination_of_claims(
    profile: SessionProfile, options: list[str]
) -> None:
    result = compare(profile, options, on=JUNE)
    assert result.verdict.robust == brute_force(result)
    base = [each.total_usd for each in result.options]
    if result.cheapest is None:
        assert base.count(min(base)) > 1
    else:
        assert [each.option for each in result.options if each.total_usd == min(base)] == [result.cheapest]
    for turn in result.verdict.turns:
        assert turn.cheapest != result.cheapest
        assert turn.claims


@given(profiles(), st.lists(st.sampled_from(OPTIONS), min_size=2, max_size=4, unique=True))
def test_the_causes_of_a_difference_add_up(profile: SessionProfile, options: list[str]) -> None:
    result = compare(profile, options, on=JUNE)
    totals = {each.option: each.total_usd for each in result.options}
    assert len(result.differences) == len(options) - 1
    for difference in result.differences:
        assert difference.usd == totals[difference.option] - totals[difference.against]
        assert sum(cause.usd for cause in difference.causes) == difference.usd


@given(profiles())
def test_the_causes_do_not_depend_on_which_option_comes_first(profile: SessionProfile) -> None:
    one, other = "copilot/mai-code-1-flash@pro", "api/gpt-5.4-mini,tokens=0.7"
    there = compare(profile, [one, other], on=JUNE).differences[0]
    back = compare(profile, [other, one], on=JUNE).differences[0]
    if (there.option, there.against) == (back.option, back.against):
        assert there == back
    else:  # a tie: each was held against the first
        assert [(c.cause, c.usd) for c in there.causes] == [(c.cause, -c.usd) for c in back.causes]


def test_a_difference_names_price_tokens_allowance_and_seats() -> None:
    options = ["copilot/mai-code-1-flash@pro", "api/gpt-5.4-mini,tokens=0.5,basis=mai-vs-gpt-comparison-article"]
    (difference,) = compare("interactive_ide", options, on=JUNE).differences
    causes = {cause.cause for cause in difference.causes}
    assert {"price of fresh_input", "tokens of fresh_input", "allowance", "seats"} <= causes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "at least one option"),
        (["api/gpt-5.4-mini", "api/GPT-5.4 mini"], "option api/gpt-5.4-mini is given twice"),
        (
            ["copilot/gpt-5-mini@free"],
            "option copilot/gpt-5-mini@free: the credits included in plan free are not known",
        ),
        (["copilot/mai-code-1-flash"], "left the table on 2026-09-10"),
        (["api/gpt-5.4-mini@pro"], "plan pro applies to route copilot"),
    ],
)
def test_what_cannot_be_compared_is_refused(options: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        compare("light_chat", options, on=NOVEMBER)
    assert isinstance(caught.value, InputError | LookupError)


def test_a_single_option_is_cheapest_and_robust() -> None:
    result = compare("light_chat", [Option("copilot", "gpt-5-mini")], on=NOVEMBER)
    assert result.cheapest == "copilot/gpt-5-mini"
    assert result.verdict.robust
    assert result.differences == ()


def test_a_comparison_is_frozen_comparable_and_gives_rows() -> None:
    result = compare(on=NOVEMBER)
    assert result == compare(on=NOVEMBER)
    with pytest.raises(AttributeError):
        result.cheapest = "x"  # type: ignore[misc]
    assert [(row["claim"], row["total_usd"]) for row in result.rows()][-1] == (ARTICLE, Decimal("12.9528"))
    assert repr(result) == str(result)
