"""Break-even: the crossings of bills, against brute force, published examples and known lines."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import Account, Budget, CostcalcError, Seats, SessionProfile, breakeven, compare
from costcalc.deciding.crossings import pieces
from tests.conftest import Run

JUNE = date(2026, 6, 15)
PRO = "copilot/mai-code-1-flash@pro"
ARTICLE = "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article"


class TestPublishedExample:
    """An allowance makes an option win only inside a band."""

    def test_two_crossings_at_the_articles_price(self) -> None:
        found = breakeven("interactive_ide", [PRO, ARTICLE], on=JUNE)
        assert [round(float(found.tasks_per_month(each.at) or 0), 1) for each in found.crossings] == [185.3, 200.6]
        assert [each.cheapest for each in found.intervals] == [ARTICLE, PRO, ARTICLE]
        assert found.cheapest_now == ARTICLE

    def test_one_crossing_at_the_published_price(self) -> None:
        found = breakeven("interactive_ide", [PRO, "api/gpt-5.4-mini,basis=published"], on=JUNE)
        assert [round(float(found.tasks_per_month(each.at) or 0), 1) for each in found.crossings] == [126.7]


@st.composite
def bent_bills(draw: st.DrawFn) -> tuple[Callable[[Decimal], Fraction], list[Fraction]]:
    """A piecewise linear function on 0 to 100 with a few bends at decimals, a fiftieth of it apart at least, and where."""
    bends = sorted(30 * place + draw(st.integers(-5, 5)) for place in draw(st.sets(st.integers(1, 32), max_size=4)))
    slopes = draw(st.lists(st.integers(-50, 50), min_size=len(bends) + 1, max_size=len(bends) + 1))
    start = draw(st.integers(-100, 100))

    def bill(value: Decimal) -> Fraction:
        place, total, before = Fraction(value), Fraction(start), Fraction(0)
        for bend, slope in zip([Fraction(each, 10) for each in bends] + [Fraction(100)], slopes, strict=True):
            upto = min(place, bend)
            if upto > before:
                total += slope * (upto - before)
            before = bend
        return total

    kept = [Fraction(bend, 10) for bend, one, other in zip(bends, slopes, slopes[1:], strict=False) if one != other]
    return bill, kept


@given(bent_bills())
def test_the_pieces_of_a_bill_are_found_exactly(drawn: Any) -> None:
    bill, bends = drawn
    found = list(pieces(bill, Decimal(0), Decimal(100)))
    assert [line.end for line in found[:-1]] == bends
    for line in found:
        for place in (line.start, (line.start + line.end) / 2, line.end):
            near = Decimal(round(place * 10**6)).scaleb(-6)
            if line.start <= Fraction(near) <= line.end:
                assert line.at(Fraction(near)) == bill(near)


def test_a_jump_is_found_to_a_billionth() -> None:
    found = list(
        pieces(lambda value: Fraction(value) + (5 if value > Decimal("33.3") else 0), Decimal(0), Decimal(100))
    )
    assert abs(found[0].end - Fraction(333, 10)) < Fraction(1, 10**6)
    assert found[-1].at(Fraction(100)) == 105


numbers = st.decimals(0, 300_000, places=0)


@settings(max_examples=25)
@given(
    st.builds(
        SessionProfile, name=st.just("drawn"), fresh_input=numbers, cached_input=numbers, output=st.decimals(1, 9_000, places=0),
        requests_per_task=st.integers(1, 9), tasks_per_day=st.integers(1, 30), active_days=st.integers(1, 28),
    ),
    st.lists(
        st.sampled_from([PRO, "copilot/gpt-5.4@pro_plus", "copilot/gpt-5-mini", "api/gpt-5.4-mini", "copilot/claude-haiku-4.5@business"]),
        min_size=2, max_size=3, unique=True,
    ),
    st.sampled_from(["tasks_per_day", "active_days", "output", "cached_input", "cached_share"]),
)  # fmt: skip
def test_brute_force_finds_the_same_cheapest(profile: SessionProfile, options: list[str], over: Any) -> None:
    if over == "cached_share" and not sum(profile.tokens[:3]):
        return
    found = breakeven(profile, options, over, on=JUNE)
    assert found.intervals[0].start == Fraction(found.low)
    assert found.intervals[-1].end == Fraction(found.high)
    width = Fraction(found.high) - Fraction(found.low)
    for step in range(1, 40):
        place = Fraction(found.low) + width * Fraction(step, 40)
        near = Decimal(round(place * 10**6)).scaleb(-6)
        at = Fraction(near)
        if any(abs(at - each.at) <= width / 10**6 for each in found.crossings) or not found.low < near < found.high:
            continue
        changed = profile.changed(**{over: near}) if over != "cached_share" else shared(profile, near)
        totals = {each.option: each.total_usd for each in compare(changed, options, on=JUNE).options}
        lowest = min(totals.values())
        cheapest = [option for option, total in totals.items() if total == lowest]
        (interval,) = (each for each in found.intervals if each.start <= at < each.end)
        assert interval.cheapest == (cheapest[0] if len(cheapest) == 1 else None)


def shared(profile: SessionProfile, share: Decimal) -> SessionProfile:
    prompt = sum(profile.tokens[:3], Decimal(0))
    numbers = {"cached_input": prompt * share, "fresh_input": prompt - prompt * share}
    return profile.changed(**numbers)


def test_seats_change_whole() -> None:
    found = breakeven(
        "light_chat", ["copilot/gpt-5-mini@business", "copilot/gpt-5-mini"], "developers", on=JUNE, high=50
    )
    assert [each.cheapest for each in found.intervals] == ["copilot/gpt-5-mini"]
    account = Account(
        kind="organization", month="2026-10", seats=(Seats(plan="business", count=3),), budgets=(Budget(scope="organization", usd=40, stop=True),)
    )  # fmt: skip
    stopped = breakeven(
        "interactive_ide",
        ["copilot/claude-sonnet-4.6", "copilot/claude-sonnet-4.6@business"],
        account=account,
        on=date(2026, 10, 1),
    )
    # Beyond the budget the account's bill stands still while the plan's goes on: the work that is blocked is free.
    assert stopped.intervals[-1].cheapest == "copilot/claude-sonnet-4.6"
    assert stopped.intervals[0].cheapest is None


def test_at_the_profiles_own_number_it_is_the_estimate() -> None:
    options = ["copilot/claude-haiku-4.5", "copilot/gpt-5-mini"]
    work = SessionProfile(
        name="w", fresh_input=10_000, cached_input=100_000, cache_write=30_000, output=2_000, requests_per_task=5, tasks_per_day=10, active_days=20
    )  # fmt: skip
    totals = [each.total_usd for each in compare(work, options, on=JUNE).options]
    overs: tuple[Any, ...] = ("tasks_per_day", "cached_share", "cache_write")
    for over in overs:
        found = breakeven(work, options, over, on=JUNE)
        assert [each.total_usd for each in found.estimates] == totals
        assert found.cheapest_now == "copilot/gpt-5-mini"
    assert breakeven("interactive_ide", [PRO, ARTICLE], on=JUNE, low=100, high=200).cheapest_now == ARTICLE


class TestBlockedWork:
    """A bill that is low because work is blocked says so: it is not the bill of all of the work."""

    ACCOUNT = Account(
        kind="organization",
        month="2026-10",
        seats=(Seats(plan="business", count=10),),
        budgets=(Budget(scope="user", name="*", usd=30),),
    )

    def test_an_interval_won_by_blocking_is_marked(self) -> None:
        options = ["copilot/claude-haiku-4.5", "api/gpt-5.4-mini"]
        found = breakeven("interactive_ide", options, account=self.ACCOUNT, high=200)
        last = found.intervals[-1]
        assert (last.cheapest, last.blocks_work) == ("copilot/claude-haiku-4.5", True)
        assert "(work is blocked)" in str(found)
        assert "use_blocked" in {notice.code for notice in found.notices}

    def test_without_limits_nothing_is_marked(self) -> None:
        found = breakeven("interactive_ide", [PRO, ARTICLE], on=JUNE)
        assert not any(each.blocks_work for each in found.intervals)


def test_days_that_the_month_does_not_have_are_told() -> None:
    found = breakeven(
        "interactive_ide", ["api/gpt-5.4-mini", "copilot/gpt-5.4-mini@pro"], "active_days", on=date(2027, 2, 10)
    )
    assert "more_days_than_the_month" in {notice.code for notice in found.notices}


def test_a_price_that_nothing_is_billed_at_is_told() -> None:
    found = breakeven("interactive_ide", [PRO, ARTICLE], "price.api/gpt-5.4-mini.cache_write", on=JUNE)
    assert "price_unused" in {notice.code for notice in found.notices}


class TestOverAPrice:
    """A price is a number like any other; a model's other prices, and its other routes, stay."""

    PUBLISHED = "api/gpt-5.4-mini,basis=published"

    @pytest.mark.parametrize("kind", ["fresh_input", "cached_input", "output"])
    def test_the_crossing_is_where_the_bills_are_equal(self, kind: str) -> None:
        over = f"price.api/gpt-5.4-mini.{kind}"
        found = breakeven("interactive_ide", [PRO, self.PUBLISHED], over, on=JUNE)
        tokens = {"fresh_input": 57_000, "cached_input": 290_000, "output": 3_200}
        prices = {"fresh_input": Fraction(3, 4), "cached_input": Fraction(75, 1000), "output": Fraction(9, 2)}
        assert found.now == prices[kind]
        others = sum(tokens[each] * prices[each] for each in tokens if each != kind) * 240 / 10**6
        plan = Fraction(Decimal("13.936"))  # the published example: 1,893.6 credits under Pro
        price = (plan - others) / (tokens[kind] * 240) * 10**6
        assert [each.at for each in found.crossings] == ([price] if price > 0 else [])
        assert found.intervals[-1].cheapest == PRO

    def test_input_is_a_short_name(self) -> None:
        short = breakeven("interactive_ide", [PRO, self.PUBLISHED], "price.api/GPT-5.4 Mini.input", on=JUNE)
        assert short.over == "price.api/gpt-5.4-mini.fresh_input"

    def test_a_missing_cached_price_follows_the_input_price(self) -> None:
        found = breakeven("interactive_ide", [PRO, ARTICLE], "price.api/gpt-5.4-mini.input", on=JUNE)
        price = (Fraction(Decimal("13.936")) - Fraction(3_200 * 240 * 6, 10**7)) * 10**6 / (347_000 * 240)
        assert [each.at for each in found.crossings] == [price]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": [PRO]}, "two different options"),
        ({"options": []}, "two different options"),
        ({"options": PRO}, "two different options"),
        ({"options": [PRO, PRO]}, "is given twice"),
        ({"over": "moon_phase"}, "unknown input 'moon_phase'"),
        ({"over": "sigma"}, "changes a forecast"),
        ({"over": "price.api/gpt-5-mini.output"}, "no option is api/gpt-5-mini"),
        ({"over": "price.api/gpt-5.4-mini"}, "unknown token kind '4-mini'"),
        ({"over": "price.gpt-5.4-mini.output"}, "not of the form price.ROUTE/MODEL.KIND"),
        ({"over": "price.mail/gpt-5.4-mini.output"}, "unknown route 'mail'"),
        ({"low": 5, "high": 5}, "must go from at least 0 up to more"),
        ({"low": 1, "high": "1.0000000000001"}, "must go from at least 0 up to more"),
        ({"low": "1e-4000"}, "more digits than can be meant"),
        ({"over": 5}, "unknown input 5"),
        ({"low": "x"}, "is not a number"),
        ({"high": 40, "over": "active_days"}, "can be from 0 to 31, not 40"),
        ({"over": "cache_write"}, "does not tell cache_write apart"),
        ({"over": "developers", "low": "1.5"}, "a whole number"),
        ({"high": 2, "over": "cached_share"}, "can be from 0 to 1, not 2"),
        ({"options": [PRO, "copilot/gpt-5-mini@free"]}, "are not known"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        breakeven("interactive_ide", **{"options": [PRO, ARTICLE], "on": JUNE, **arguments})


def test_the_command_line(costcalc: Run) -> None:
    command = (
        "breakeven",
        "interactive_ide",
        "--option",
        PRO,
        "--option",
        ARTICLE,
        "--over",
        "tasks_per_day",
        "--on",
        "2026-06-15",
    )
    code, out, err = costcalc(*command, "--format", "json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["kind"] == "breakeven"
    assert [each["at"] for each in document["crossings"]] == ["11.580507689457", "12.53509827517"]
    assert [each["cheapest"] for each in document["intervals"]] == [ARTICLE, PRO, ARTICLE]
    assert {"from", "to", "cheapest"} <= set(document["intervals"][0])
    code, out, _ = costcalc(*command)
    assert code == 0
    assert out.startswith("The cheapest option changes at 11.5805 (185.3 tasks a month), 12.5351 (200.6 tasks a month)")
    code, _, err = costcalc("breakeven", "--option", PRO)
    assert (code, err) == (2, "costcalc: give two different options at least\n")
