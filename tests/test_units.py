from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc.units import (
    NANO_AIU_PER_CREDIT,
    NANO_AIU_PER_USD,
    USD_PER_CREDIT,
    credits_of_nano_aiu,
    credits_of_usd,
    nearest_nano_aiu,
    plain,
    ratio,
    usd_of_credits,
    usd_of_nano_aiu,
)

amounts = st.integers(0, 10**25)


def test_a_credit_is_a_cent_and_a_billion_nano_aiu() -> None:
    assert usd_of_credits(Decimal(1)) == USD_PER_CREDIT == Decimal("0.01")
    assert credits_of_nano_aiu(NANO_AIU_PER_CREDIT) == 1
    assert usd_of_nano_aiu(NANO_AIU_PER_USD) == 1


@given(amounts)
def test_every_conversion_round_trips(nano_aiu: int) -> None:
    usd = usd_of_nano_aiu(nano_aiu)
    assert nearest_nano_aiu(usd) == nano_aiu
    assert credits_of_usd(usd) == credits_of_nano_aiu(nano_aiu)
    assert usd_of_credits(credits_of_usd(usd)) == usd


@given(amounts)
def test_conversions_ignore_the_callers_decimal_context(nano_aiu: int) -> None:
    expected = usd_of_nano_aiu(nano_aiu)
    with localcontext() as context:
        context.prec = 2
        assert usd_of_nano_aiu(nano_aiu) == expected
        assert plain(usd_of_nano_aiu(nano_aiu)) == plain(expected)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_plain_notation_has_no_exponent_and_no_trailing_zero(value: Decimal) -> None:
    shown = plain(value)
    assert Decimal(shown) == value
    assert "E" not in shown
    assert "." not in shown or not shown.endswith("0")


@pytest.mark.parametrize(
    ("text", "shown"), [("0", "0"), ("-0.00", "0"), ("5.25E+4", "52500"), ("0.2250", "0.225"), ("-1E-7", "-0.0000001")]
)
def test_plain_notation(text: str, shown: str) -> None:
    assert plain(Decimal(text)) == shown


def test_a_ratio_is_rounded_half_to_even_whatever_the_context() -> None:
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 1, -1, 1
        assert ratio(Decimal("10.8"), Decimal("27.3"), 4) == Decimal("0.3956")
        assert ratio(Decimal(5), Decimal(2), 0) == 2
