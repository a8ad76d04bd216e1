"""The turn model's closed form against the session it stands for, call by call."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from pydantic import ValidationError

from costcalc import TurnModel
from tests.strategies import turn_models


def simulated(model: TurnModel) -> tuple[Fraction, Fraction, int, int, int]:
    """Fresh and cached input, output, calls and compactions, by making every call."""
    share = Fraction(model.cache_hit_share)
    total = output = calls = compactions = 0
    cached = Fraction(0)
    history = 0
    cacheable = 0  # what the cache holds of the next prompt
    calls_in_segment = 0
    for _ in range(model.turns):
        limit = model.compact_at
        if limit is not None and calls_in_segment and model.prefix + history + model.input_per_turn > limit:
            prompt = model.prefix + history
            total += prompt
            cached += share * (prompt - model.output_per_turn)
            output += model.summary_tokens
            calls += 1
            compactions += 1
            history, cacheable = model.history_after_compaction, model.prefix
            calls_in_segment = 0
        prompt = model.prefix + history + model.input_per_turn
        total += prompt
        cached += share * cacheable
        output += model.output_per_turn
        calls += 1
        calls_in_segment += 1
        cacheable = prompt
        history += model.input_per_turn + model.output_per_turn
    return total - cached, cached, output, calls, compactions


@given(turn_models())
def test_the_closed_form_is_the_session(model: TurnModel) -> None:
    session = model.tokens()
    found = (
        Fraction(session.fresh_input),
        Fraction(session.cached_input),
        session.output,
        session.requests,
        session.compactions,
    )
    assert found == simulated(model)


@given(turn_models())
def test_without_a_cache_nothing_is_cached_and_the_prompt_is_the_same(model: TurnModel) -> None:
    cold = model.model_copy(update={"cache_hit_share": Decimal(0)}).tokens()
    warm = model.tokens()
    assert cold.cached_input == 0
    assert cold.fresh_input == warm.fresh_input + warm.cached_input
    assert warm.output == cold.output


def test_with_a_perfect_cache_the_fresh_input_is_the_last_prompt() -> None:
    model = TurnModel(prefix=12_000, input_per_turn=1_731, output_per_turn=522, turns=33, cache_hit_share=1)
    last_prompt = 12_000 + 32 * (1_731 + 522) + 1_731
    assert model.tokens().fresh_input == last_prompt


@pytest.mark.parametrize(
    ("turns", "prompt_thousands"), [(1, "18.0"), (5, "112"), (10, "281"), (20, "787"), (40, "2482"), (80, "8550")]
)
def test_published_growth_of_input_with_turns(turns: int, prompt_thousands: str) -> None:
    model = TurnModel(prefix=16_231, input_per_turn=1_730, output_per_turn=522, turns=turns, cache_hit_share=0)
    assert model.tokens().fresh_input / 1000 == pytest.approx(Decimal(prompt_thousands), rel=Decimal("0.005"))


def test_compaction_makes_two_hundred_turns_linear() -> None:
    settings = {"prefix": 16_231, "input_per_turn": 1_730, "output_per_turn": 522, "turns": 200, "cache_hit_share": 0}
    free = TurnModel.model_validate(settings).tokens()
    compacted = TurnModel.model_validate({**settings, "compact_at": 102_400}).tokens()
    assert round(free.fresh_input / 10**6, 1) == Decimal("48.4")
    assert round(compacted.fresh_input / 10**6, 1) == Decimal("13.1")
    assert compacted.compactions == 5
    assert compacted.requests == 205


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"turns": 0}, "turns"),
        ({"cache_hit_share": "1.01"}, "cache_hit_share"),
        ({"input_per_turn": -1}, "input_per_turn"),
        ({"prefix": 1.5}, "prefix"),
        ({"compact_at": 1_000}, "every call would compact again"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_session_that_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    good = {"prefix": 1_000, "input_per_turn": 10, "output_per_turn": 5, "turns": 3, "cache_hit_share": 1}
    with pytest.raises(ValidationError, match=message):
        TurnModel.model_validate({**good, **settings})
