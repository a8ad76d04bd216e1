from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import InputError, TokenUsage
from costcalc.tokens import KINDS, MAX_COUNT
from tests.strategies import counts, usages


@pytest.mark.parametrize("bad", [-1, MAX_COUNT + 1, 10**30, 1.5, 1.0, "7", None, True, Decimal(3), float("nan")])
@pytest.mark.parametrize("name", [*KINDS, "requests"])
def test_a_count_must_be_a_whole_number_within_bounds(name: str, bad: Any) -> None:
    with pytest.raises(InputError, match=name):
        TokenUsage(**{name: bad})


def test_tokens_need_a_request() -> None:
    with pytest.raises(InputError, match="^requests must be at least 1 where there are tokens$"):
        TokenUsage(fresh_input=1, requests=0)
    assert TokenUsage(requests=0).prompt_tokens == 0


@given(counts, counts, counts)
def test_inclusive_counts_split_into_disjoint_kinds(fresh: int, cached: int, write: int) -> None:
    prompt = fresh + cached + write
    if prompt > MAX_COUNT:
        return
    usage = TokenUsage.from_inclusive(prompt, cached_input=cached, cache_write=write, output=5, requests=2)
    assert usage == TokenUsage(fresh, cached, write, 5, 2)
    assert usage.prompt_tokens == prompt


def test_more_cached_than_prompt_is_an_error_not_a_clamp() -> None:
    with pytest.raises(InputError, match="more than the 10 prompt_tokens"):
        TokenUsage.from_inclusive(10, cached_input=11, output=0)


def test_an_absent_cached_count_is_not_taken_for_zero() -> None:
    with pytest.raises(TypeError):
        TokenUsage.from_inclusive(10, output=0)  # type: ignore[call-arg]


@given(usages(), usages(), usages())
def test_addition_is_a_commutative_monoid(a: TokenUsage, b: TokenUsage, c: TokenUsage) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == sum([a, b, c])
    assert a + TokenUsage(requests=0) == a


@given(usages(), st.integers(0, 1000), st.integers(0, 1000))
def test_scaling_is_repeated_addition(usage: TokenUsage, m: int, n: int) -> None:
    assert usage * m + usage * n == usage * (m + n)
    assert (usage * m) * n == m * n * usage
    assert usage * 2 == usage + usage
    assert (usage * 4) * Decimal("0.5") == usage * 2


@pytest.mark.parametrize("factor", [-1, Decimal("-0.5"), Decimal("0.3"), Decimal("NaN"), Decimal("Infinity")])
def test_a_scale_that_leaves_no_whole_counts_is_refused(factor: Any) -> None:
    with pytest.raises(InputError):
        TokenUsage(fresh_input=5) * factor


@pytest.mark.parametrize("factor", [0.5, "2", True, None])
def test_only_exact_numbers_scale(factor: Any) -> None:
    with pytest.raises(TypeError):
        TokenUsage(fresh_input=5) * factor


def test_usage_is_frozen_and_turns_into_a_dict() -> None:
    usage = TokenUsage(1, 2, 3, 4, 5)
    with pytest.raises(AttributeError):
        usage.output = 9  # type: ignore[misc]
    assert usage.to_dict() == {"fresh_input": 1, "cached_input": 2, "cache_write": 3, "output": 4, "requests": 5}
    assert TokenUsage(**usage.to_dict()) == usage


def test_what_is_refused_is_named() -> None:
    """The words of a mistake name the count as the caller does, and what to do."""
    stated = {"prompt_tokens": 10, "cached_input": 1, "cache_write": 1, "output": 1, "requests": 1}
    for name in stated:
        with pytest.raises(InputError, match=f"^{name} must not be negative, not -1$"):
            TokenUsage.from_inclusive(**{**stated, name: -1})
    with pytest.raises(InputError) as caught:
        TokenUsage.from_inclusive(10, cached_input=11, output=0)
    assert str(caught.value) == (
        "cached_input plus cache_write is 11, more than the 10 prompt_tokens that should include them; "
        "if the source counts them apart, use TokenUsage(fresh_input=…)"
    )


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (-1, "usage can be scaled by a factor of at least 0, not -1"),
        (Decimal("-0.5"), "usage can be scaled by a factor of at least 0, not -0.5"),
        (Decimal("0.3"), "usage scaled by 0.3 does not give whole counts; use a profile for mean usage"),
        (Decimal("NaN"), "usage cannot be scaled by NaN"),
        (Decimal("1E+31"), "usage cannot be scaled by 1E+31"),
        (Decimal("1E-31"), "usage cannot be scaled by 1E-31"),
    ],
)
def test_a_scale_that_cannot_be_is_named(factor: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        TokenUsage(fresh_input=5) * factor
    assert str(caught.value) == message


def test_bounds_of_counts_and_scales() -> None:
    assert TokenUsage(MAX_COUNT).fresh_input == MAX_COUNT
    assert TokenUsage.from_inclusive(MAX_COUNT, cached_input=MAX_COUNT, output=0).fresh_input == 0
    assert TokenUsage.from_inclusive(1, cached_input=0, output=0).requests == 1
    assert (TokenUsage(1) * Decimal("1E+30")).fresh_input == 10**30
    assert (TokenUsage(10**15, requests=10**15) * Decimal("1E-15")).counts == (1, 0, 0, 0)
    assert TokenUsage(3) * 0 == TokenUsage(3) * Decimal(0) == TokenUsage(requests=0)
    with pytest.raises(TypeError):
        1 + TokenUsage(1)
