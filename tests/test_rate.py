"""The exact cost of usage at a claim."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import InputError, Rate, TokenUsage
from costcalc.pricing.rate import KindPrices, claim_words, claims_line, first_day_words
from costcalc.tokens import KINDS, Kind
from costcalc.units import NANO_AIU_PER_USD
from tests.recorded import assert_as_recorded
from tests.strategies import BOOK, prices, shipped_rates, usages

AUTO = BOOK.modifiers["auto"]
RESIDENCY = BOOK.modifiers["data_residency"]


def rate_of(*usd_per_mtok: Decimal | None) -> Rate:
    fresh, cached, write, output = usd_per_mtok
    assert fresh is not None
    assert output is not None
    return Rate(
        id="api/m/s/2026-01-01",
        model="m",
        route="api",
        source="s",
        status="published",
        service_tier="standard",
        tier="default",
        prompt_tokens_over=0,
        effective_from=date(2026, 1, 1),
        not_before=None,
        effective_until=None,
        as_of="2026-01-01",
        usd_per_mtok=KindPrices(fresh, cached, write, output),
    )


def by_definition(rate: Rate, usage: TokenUsage) -> Fraction:
    """Dollars by the rule as it is written: tokens times price, over a million, in rational numbers."""
    row = rate.tiers[0]
    for tier in rate.tiers:
        if Fraction(usage.prompt_tokens, usage.requests) > tier.prompt_tokens_over:
            row = tier
    stated = row.usd_per_mtok
    cached = stated.fresh_input if stated.cached_input is None else stated.cached_input
    write = stated.fresh_input if stated.cache_write is None else stated.cache_write
    dollars = sum(
        Fraction(tokens) * Fraction(price)
        for tokens, price in zip(usage.counts, (stated.fresh_input, cached, write, stated.output), strict=True)
    ) / Fraction(10**6)
    for modifier in rate.modifiers:
        dollars *= Fraction(modifier.factor)
    return dollars


@given(shipped_rates(), usages())
def test_cost_is_tokens_times_price_exactly(rate: Rate, usage: TokenUsage) -> None:
    cost = rate.cost(usage)
    expected = by_definition(rate, usage)
    assert Fraction(cost.usd) == expected
    assert Fraction(cost.credits) == expected * 100
    assert cost.nano_aiu == expected * NANO_AIU_PER_USD
    assert sum(Fraction(line.usd) for line in cost.by_kind) == expected
    assert sum(Fraction(line.credits) for line in cost.by_kind) == expected * 100
    assert sum(line.nano_aiu for line in cost.by_kind) == cost.nano_aiu


@given(prices, prices | st.none(), prices | st.none(), prices, usages())
def test_a_price_off_the_nano_aiu_grid_stays_exact_and_says_what_is_rounded(
    fresh: Decimal, cached: Decimal | None, write: Decimal | None, output: Decimal, usage: TokenUsage
) -> None:
    rate = rate_of(fresh, cached, write, output)
    cost = rate.cost(usage)
    expected = by_definition(rate, usage)
    assert Fraction(cost.usd) == expected
    nano_aiu = expected * NANO_AIU_PER_USD
    assert abs(cost.nano_aiu - nano_aiu) <= Fraction(1, 2)
    rounded = any(notice.code == "nano_aiu_rounded" for notice in cost.notices)
    assert rounded == (nano_aiu.denominator != 1)


@given(shipped_rates(), usages(), st.integers(1, 10**6))
def test_cost_scales_with_usage(rate: Rate, usage: TokenUsage, times: int) -> None:
    assert rate.cost(usage * times).nano_aiu == rate.cost(usage).nano_aiu * times


@given(shipped_rates(), usages(), usages())
def test_costs_in_one_tier_add_up(rate: Rate, a: TokenUsage, b: TokenUsage) -> None:
    both = rate.cost(a + b)
    if both.rate == rate.cost(a).rate == rate.cost(b).rate:
        assert both.nano_aiu == rate.cost(a).nano_aiu + rate.cost(b).nano_aiu


@given(shipped_rates(), usages(most=10**14), st.sampled_from(KINDS))
def test_one_more_token_never_costs_less(rate: Rate, usage: TokenUsage, kind: Kind) -> None:
    longer = replace(usage, **{kind: getattr(usage, kind) + 1})
    assert rate.cost(longer).nano_aiu >= rate.cost(usage).nano_aiu


@given(shipped_rates(), usages())
def test_cost_ignores_the_callers_decimal_context(rate: Rate, usage: TokenUsage) -> None:
    def found() -> list[object]:
        cost = rate.cost(usage)
        again = rate.with_price("output", Decimal("1.234567"))
        return [cost.usd, cost.credits, cost.nano_aiu, cost.by_kind, cost.to_dict(), again.tiers, again.cost(usage).usd]

    expected = found()
    with localcontext() as context:
        context.prec = 3
        assert found() == expected


class TestPublishedExamples:
    def test_a_row_of_a_real_export_with_auto_selection(self) -> None:
        rate = BOOK.rate("Claude Haiku 4.5", route="copilot", on=date(2026, 8, 1)).with_modifiers(AUTO)
        cost = rate.cost(TokenUsage(fresh_input=198, cached_input=223_257, cache_write=30_122, output=8_209))
        assert cost.credits == Decimal("9.109908")
        assert cost.usd == Decimal("0.09109908")
        assert cost.nano_aiu == 9_109_908_000

    def test_a_call_from_a_vs_code_log(self) -> None:
        rate = BOOK.rate("claude-sonnet-4.6", on=date(2026, 8, 1))
        cost = rate.cost(TokenUsage(fresh_input=1, cached_input=45_150, cache_write=731, output=210))
        assert cost.nano_aiu == 1_943_925_000

    def test_a_call_from_an_agent_debug_log(self) -> None:
        rate = BOOK.rate("claude-opus-5", on=date(2026, 8, 3))
        cost = rate.cost(TokenUsage.from_inclusive(1000, cached_input=400, output=50))
        assert cost.nano_aiu == 445_000_000

    def test_a_million_in_and_out_of_mai_code_1_flash(self) -> None:
        rate = BOOK.rate("mai-code-1-flash", on=date(2026, 6, 15))
        assert rate.cost(TokenUsage(fresh_input=1_000_000, output=1_000_000)).credits == 525

    def test_gpt_5_4_mini_published_and_under_the_comparison_article(self) -> None:
        usage = TokenUsage.from_inclusive(480_000, cached_input=360_000, output=24_000)
        published = BOOK.rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1))
        assert published.cost(usage).usd == Decimal("0.225")
        article = BOOK.rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1), basis="mai-vs-gpt-comparison-article")
        cost = article.cost(usage)
        assert cost.usd == Decimal("0.0864")
        assert [notice.code for notice in cost.notices] == ["cached_price_missing"]


class TestTiers:
    DEFAULT = BOOK.rate("gpt-5.4", on=date(2026, 8, 1))

    @pytest.mark.parametrize(
        ("prompt", "requests", "tier"),
        [(272_000, 1, "default"), (272_001, 1, "long_context"), (300_000, 2, "default"), (544_001, 2, "long_context")],
    )
    def test_the_prompt_of_one_request_decides(self, prompt: int, requests: int, tier: str) -> None:
        cost = self.DEFAULT.cost(TokenUsage(fresh_input=prompt, output=100, requests=requests))
        assert cost.rate.tier == tier
        long = tier == "long_context"
        expected = Decimal(prompt) * (5 if long else Decimal("2.5")) + 100 * (Decimal("22.5") if long else 15)
        assert cost.usd == expected / 10**6

    def test_every_kind_of_prompt_token_counts(self) -> None:
        usage = TokenUsage(fresh_input=100_000, cached_input=100_000, cache_write=72_001, output=1)
        assert self.DEFAULT.cost(usage).rate.tier == "long_context"

    def test_a_mean_number_of_requests_decides_exactly(self) -> None:
        with localcontext() as context:
            context.prec = 2
            assert self.DEFAULT.tier_for(Decimal(408_000), Decimal("1.5")).tier == "default"
            assert self.DEFAULT.tier_for(Decimal(408_001), Decimal("1.5")).tier == "long_context"

    def test_output_does_not_count(self) -> None:
        assert self.DEFAULT.cost(TokenUsage(fresh_input=272_000, output=10**6)).rate.tier == "default"

    def test_an_aggregate_says_that_its_mean_prompt_decided(self) -> None:
        assert "tier_by_mean_prompt" in {n.code for n in self.DEFAULT.cost(TokenUsage(300_000, requests=2)).notices}
        assert "tier_by_mean_prompt" not in {n.code for n in self.DEFAULT.cost(TokenUsage(300_000)).notices}
        assert self.DEFAULT.notices((1, 0, 0, 0)) == ()

    def test_modifiers_reach_every_tier(self) -> None:
        long = self.DEFAULT.with_modifiers(AUTO).cost(TokenUsage(fresh_input=1_000_000))
        assert long.usd == Decimal("4.5")


class TestModifiers:
    RATE = BOOK.rate("claude-haiku-4.5", on=date(2026, 8, 1))

    def test_both_multiply_with_a_notice_that_this_is_an_assumption(self) -> None:
        cost = self.RATE.with_modifiers(AUTO, RESIDENCY).cost(TokenUsage(output=1_000_000))
        assert cost.usd == Decimal("4.95")
        assert [notice.code for notice in cost.notices] == [
            "modifier_applied",
            "modifier_applied",
            "modifiers_multiplied",
        ]

    def test_one_alone_is_no_assumption(self) -> None:
        assert [notice.code for notice in self.RATE.with_modifiers(AUTO).notices((1, 1, 1, 1))] == ["modifier_applied"]

    def test_they_are_in_machine_output(self) -> None:
        found = self.RATE.with_modifiers(AUTO, RESIDENCY).to_dict()
        assert found["modifiers"] == [{"id": "auto", "factor": "0.9"}, {"id": "data_residency", "factor": "1.1"}]
        assert found | {"modifiers": []} == self.RATE.to_dict()

    def test_not_on_another_route(self) -> None:
        with pytest.raises(InputError, match="applies to route copilot"):
            BOOK.rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1)).with_modifiers(AUTO)

    def test_not_twice(self) -> None:
        with pytest.raises(InputError, match="applied already"):
            self.RATE.with_modifiers(AUTO).with_modifiers(AUTO)


def test_cache_writes_without_a_price_are_billed_as_input_and_say_so() -> None:
    cost = BOOK.rate("gpt-5.5", on=date(2026, 8, 1)).cost(TokenUsage(cache_write=1_000))
    assert cost.usd == Decimal("0.005")
    assert [notice.code for notice in cost.notices] == ["cache_write_as_input"]


def test_rates_and_costs_are_frozen_comparable_and_print_well() -> None:
    rate = BOOK.rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1))
    usage = TokenUsage(fresh_input=1_000_000)
    assert rate.cost(usage) == rate.cost(TokenUsage(fresh_input=1_000_000))
    assert rate.cost(usage) != rate.cost(TokenUsage(fresh_input=1_000_001))
    with pytest.raises(AttributeError):
        rate.status = "indicative"  # type: ignore[misc]
    assert str(rate.cost(usage)) == "$0.75 (75 credits) at api/gpt-5.4-mini/openai-pricing-page/2026-03-17"
    assert str(rate).startswith("api/gpt-5.4-mini/openai-pricing-page/2026-03-17: fresh_input $0.75")
    found = rate.cost(usage).to_dict()
    assert found["by_kind"][0] == {
        "kind": "fresh_input",
        "tokens": 1_000_000,
        "usd_per_mtok": "0.75",
        "usd": "0.75",
        "credits": "75",
    }
    assert [line["kind"] for line in found.pop("by_kind")] == list(KINDS)
    assert found == {"usd": "0.75", "credits": "75", "nano_aiu": 75_000_000_000}


@given(prices, prices | st.none(), prices | st.none(), prices, usages())
def test_costs_in_integers_are_the_cost(
    fresh: Decimal, cached: Decimal | None, write: Decimal | None, output: Decimal, usage: TokenUsage
) -> None:
    rate = rate_of(fresh, cached, write, output)
    expected = by_definition(rate, usage) * NANO_AIU_PER_USD
    assert rate.exact_nano_aiu(usage.counts) == expected
    assert isinstance(rate.exact_nano_aiu(usage.counts), int) or not rate.on_nano_aiu_grid
    units, per_nano_aiu = rate.integer_prices()
    assert Fraction(sum(n * unit for n, unit in zip(usage.counts, units, strict=True)), per_nano_aiu) == expected
    assert (per_nano_aiu == 1) == rate.on_nano_aiu_grid


class TestStatedPrices:
    LONG = BOOK.rate("gpt-5.4", on=date(2026, 8, 1), prompt_tokens=300_000)

    @given(shipped_rates(), st.sampled_from(KINDS), st.decimals(0, 1_000, places=6))
    def test_only_that_price_is_another(self, rate: Rate, kind: Kind, price: Decimal) -> None:
        found = rate.with_price(kind, price)
        place = KINDS.index(kind)
        listed = rate.tiers[0].listed_usd_per_mtok[place]
        assert len(found.tiers) == len(rate.tiers)
        for row, before in zip(found.tiers, rate.tiers, strict=True):
            assert (row.tier, row.prompt_tokens_over, row.modifiers) == (
                before.tier,
                before.prompt_tokens_over,
                before.modifiers,
            )
            assert (row.status, row.source) == ("indicative", "stated")
            for each, old, new in zip(KINDS, before.usd_per_mtok, row.usd_per_mtok, strict=True):
                if each != kind:
                    assert new == old
            # The tiers keep their proportion, to twelve decimals.
            stated = row.usd_per_mtok[place]
            assert stated is not None
            if listed:
                exact = Fraction(price) * Fraction(before.listed_usd_per_mtok[place]) / Fraction(listed)
                assert abs(Fraction(stated) - exact) <= Fraction(1, 2 * 10**12)
            else:
                assert stated == price
        assert found.tier == rate.tier
        assert found in found.tiers

    def test_a_long_prompt_costs_in_proportion(self) -> None:
        assert self.LONG.listed_usd_per_mtok.fresh_input == 5
        found = self.LONG.with_price("fresh_input", Decimal(1))
        assert (found.tier, found.usd_per_mtok.fresh_input) == ("long_context", 2)
        assert found.cost(TokenUsage(100_000)).usd == Decimal("0.1")
        assert found.note == "fresh_input at $2 in place of $5 of github-docs (published)"
        assert found.id == f"{self.LONG.id}/fresh_input=2"

    def test_two_stated_prices_are_both_told(self) -> None:
        rate = BOOK.rate("gpt-5.5", on=date(2026, 8, 1))
        found = rate.with_price("cache_write", Decimal("6.50")).with_price("output", Decimal(0))
        assert (
            found.note == "cache_write at $6.5 in place of $5 of github-docs (published); output at $0 in place of $30"
        )
        assert found.usd_per_mtok == rate.usd_per_mtok._replace(cache_write=Decimal("6.5"), output=Decimal(0))

    @pytest.mark.parametrize(
        ("price", "message"),
        [
            ("-0.01", "a price must be from 0 to 1,000,000 dollars per million, not -0.01"),
            ("1000000.01", "a price must be from 0 to 1,000,000 dollars per million, not 1000000.01"),
            ("NaN", "a price must be from 0 to 1,000,000 dollars per million, not NaN"),
            ("Infinity", "a price must be from 0 to 1,000,000 dollars per million, not Infinity"),
            ("1E-31", "a price has at most 30 decimals, not those of 1E-31"),
        ],
    )
    def test_a_price_that_cannot_be_is_refused(self, price: str, message: str) -> None:
        with pytest.raises(InputError) as caught:
            self.LONG.with_price("output", Decimal(price))
        assert str(caught.value) == message

    @pytest.mark.parametrize("price", ["0", "1000000", "1E-30"])
    def test_the_bounds_of_a_price(self, price: str) -> None:
        rate = BOOK.rate("gpt-5.5", on=date(2026, 8, 1)).with_price("output", Decimal(price))
        assert rate.usd_per_mtok.output == Decimal(price)


def test_the_words_of_rates_and_of_what_they_assume() -> None:
    on = date(2026, 8, 1)
    usage = TokenUsage(300_000, 1_000, 1_000, 10, requests=3)
    rates = [
        BOOK.rate("gpt-5.4", on=on),
        BOOK.rate("gpt-5.4", on=on, prompt_tokens=300_000).with_modifiers(AUTO, RESIDENCY),
        BOOK.rate("claude-haiku-5.5", on=date(2026, 10, 1)),
        BOOK.rate("mai-code-1-flash", on=on),
        BOOK.rate("gpt-5.4-mini", route="api", on=on, basis="mai-vs-gpt-comparison-article"),
        rate_of(Decimal("0.0000001"), None, None, Decimal(1)),
    ]
    lines = []
    for rate in rates:
        cost = rate.cost(usage)
        lines += [str(rate), str(cost), *(f"- {notice.code}: {notice.message}" for notice in cost.notices)]
    lines += [*claims_line(rates[2:5]), *claims_line([])]
    lines += [f"{claim_words(rate)}, {first_day_words(rate)}" for rate in rates]
    assert_as_recorded("words-rates.txt", "\n".join(lines) + "\n")


def test_days_since_a_price_was_read() -> None:
    rate = BOOK.rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1), basis="mai-vs-gpt-comparison-article")
    month = replace(rate, as_of="2026-06")
    assert [month.age_days(date(2026, 6, day)) for day in (1, 2, 30)] == [0, 1, 29]
    assert replace(rate, as_of="2026-06-30").age_days(date(2026, 6, 29)) == 0


def test_a_rate_holds_from_its_first_day_to_before_its_last() -> None:
    rate = replace(rate_of(Decimal(1), None, None, Decimal(1)), effective_until=date(2026, 2, 1))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [rate.in_force(day) for day in days] == [False, True, True, False]
    unknown = replace(rate, effective_from=None, not_before=date(2026, 1, 31))
    assert [unknown.in_force(day) for day in days] == [False, False, True, False]
    assert replace(rate, effective_from=None, effective_until=None).in_force(date.min)
