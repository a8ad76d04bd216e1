"""Hypothesis strategies, all in one place."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from costcalc import PriceBook, Rate, SessionProfile, TokenUsage, TurnModel
from costcalc.tokens import MAX_COUNT

BOOK = PriceBook.load()

counts = st.integers(0, MAX_COUNT)
days = st.dates(date(2026, 6, 1), date(2027, 6, 30))


@st.composite
def usages(draw: st.DrawFn, most: int = MAX_COUNT) -> TokenUsage:
    """Token usage of any size, of one request or many."""
    tokens = st.integers(0, most) | st.integers(0, 400_000)
    return TokenUsage(draw(tokens), draw(tokens), draw(tokens), draw(tokens), draw(st.integers(1, 10**6)))


@st.composite
def shipped_rates(draw: st.DrawFn) -> Rate:
    """Any row of the price book, with any modifiers of its route."""
    rate = draw(st.sampled_from(BOOK.rates))
    modifiers = [each for each in BOOK.modifiers.values() if each.route == rate.route]
    chosen = draw(st.lists(st.sampled_from(modifiers), unique=True)) if modifiers else []
    return rate.with_modifiers(*chosen)


@st.composite
def turn_models(draw: st.DrawFn) -> TurnModel:
    """Sessions short enough to simulate call by call, some of which compact."""
    prefix, given_tokens = draw(st.integers(0, 30_000)), draw(st.integers(1, 5_000))
    history = draw(st.integers(0, 20_000))
    room = draw(st.integers(0, 60_000))
    return TurnModel(
        prefix=prefix,
        input_per_turn=given_tokens,
        output_per_turn=draw(st.integers(0, 3_000)),
        turns=draw(st.integers(1, 120)),
        cache_hit_share=draw(st.decimals(0, 1, places=4)),
        compact_at=draw(st.none() | st.just(prefix + given_tokens + history + room)),
        history_after_compaction=history,
        summary_tokens=draw(st.integers(0, 3_000)),
    )


@st.composite
def profiles(draw: st.DrawFn) -> SessionProfile:
    """Ways of working with whole and fractional means."""
    mean = st.decimals(0, 3_000_000, places=3)
    return SessionProfile(
        name="drawn",
        fresh_input=draw(mean),
        cached_input=draw(mean),
        cache_write=draw(st.none() | mean),
        output=draw(mean),
        requests_per_task=draw(st.decimals(1, 50, places=2)),
        tasks_per_day=draw(st.decimals(0, 500, places=2)),
        active_days=draw(st.decimals(0, 31, places=1)),
    )


prices = st.decimals(0, 1000, places=7, allow_nan=False, allow_infinity=False).map(lambda price: Decimal(price))
