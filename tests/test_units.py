from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc.units import (
    EXACT,
    NANO_AIU_PER_CREDIT,
    NANO_AIU_PER_USD,
    USD_PER_CREDIT,
    credits_of_nano_aiu,
    credits_of_usd,
    json_number,
    known,
    nearest_nano_aiu,
    nearest_whole,
    plain,
    ratio,
    rounded,
    significant,
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
    usd = usd_of_nano_aiu(nano_aiu)
    finer = usd.scaleb(-3, context=EXACT)

    def found() -> list[object]:
        each = [usd_of_nano_aiu(nano_aiu), credits_of_nano_aiu(nano_aiu), credits_of_usd(usd), usd_of_credits(usd)]
        return [*each, plain(usd), nearest_nano_aiu(usd), nearest_nano_aiu(finer), nearest_whole(usd), json_number(usd)]

    expected = found()
    with localcontext() as context:
        context.prec, context.rounding = 2, ROUND_UP
        assert found() == expected


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


@given(st.fractions(-(10**12), 10**12), st.integers(0, 12))
def test_a_rounded_fraction_is_the_nearest_whatever_the_context(value: Fraction, places: int) -> None:
    with localcontext() as context:
        context.prec = 2
        found = rounded(value, places)
    assert Fraction(found) * 10**places == round(value * 10**places)
    assert abs(Fraction(rounded(value)) - value) <= Fraction(1, 2 * 10**12)


@given(st.fractions(Fraction(1, 10**12), 10**12), st.integers(1, 12))
def test_significant_digits_are_the_nearest_whatever_the_context(value: Fraction, digits: int) -> None:
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 1, -1, 1
        found = significant(value, digits)
    assert len(found.normalize().as_tuple().digits) <= digits
    step = Fraction(10) ** (found.adjusted() - digits + 1)
    assert abs(Fraction(found) - value) <= step / 2


def test_ties_are_rounded_to_even() -> None:
    assert [rounded(Fraction(each, 2), 0) for each in (1, 3, 5)] == [0, 2, 2]
    assert rounded(Fraction(1, 2 * 10**12)) == 0
    assert rounded(Fraction(3, 2 * 10**12)) == Decimal("2E-12")
    assert [significant(Fraction(each, 2), 1) for each in (25, 35)] == [10, 20]
    assert [str(significant(Fraction(each, 2), 1)) for each in (5, 7)] == ["2", "4"]
    assert str(significant(Fraction(1_234_567_5, 10))) == "1234570"
    assert str(significant(Fraction(10**30), 2)) == "1" + "0" * 30
    assert [nearest_nano_aiu(Decimal(each).scaleb(-12)) for each in (5, 15, 25)] == [0, 2, 2]
    assert [nearest_whole(Decimal(each).scaleb(-1)) for each in (5, 15, 25)] == [0, 2, 2]


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_a_count_in_json_is_whole_where_it_is_one(units: int, places: int) -> None:
    value = Decimal(units).scaleb(-places)
    found = json_number(value)
    assert isinstance(found, int) == (units % 10**places == 0)
    assert found == float(value)


def test_what_is_not_known_stays_null() -> None:
    assert (known(None), known(Decimal("1.50"))) == (None, "1.5")
