"""Exact conversions between US dollars, AI credits and nano-AIU.

1 AI credit = $0.01 = 1,000,000,000 nano-AIU (GitHub Docs, billing for GitHub Copilot), so 1 nano-AIU = $1e-11.
Money is `Decimal` or an integer of nano-AIU, never binary floating point.
"""

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fractions import Fraction

USD_PER_CREDIT = Decimal("0.01")
NANO_AIU_PER_CREDIT = 1_000_000_000
NANO_AIU_PER_USD = 100_000_000_000

EXACT = Context(
    prec=400,
    rounding=ROUND_HALF_EVEN,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow],
)
"""The context of every sum and product of money: a result that would need rounding raises instead."""

_ROUNDING = Context(prec=400, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
_ONE = Decimal(1)
_ZERO = Decimal(0)
_POWERS = tuple(10**places for places in range(64))
_SCALE = tuple(Decimal(f"1E-{places}") for places in range(64))
_SHIFTS = tuple(Decimal(-places) for places in range(64))


def canonical(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: `Decimal("0.225")`, `Decimal("525")`."""
    if not value:
        return _ZERO
    stripped = value.normalize(EXACT)
    exponent = stripped.as_tuple().exponent
    return stripped.quantize(_ONE, context=EXACT) if isinstance(exponent, int) and exponent > 0 else stripped


def plain(value: Decimal) -> str:
    """A decimal in plain notation, as machine output shows it.

    >>> plain(Decimal("1.50E+3")), plain(Decimal("0.00007500"))
    ('1500', '0.000075')
    """
    return format(canonical(value), "f")


def json_number(value: Decimal) -> int | float:
    """A count that may be a fraction as a JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def known(value: Decimal | None) -> str | None:
    """A decimal as machine output shows it; None stays null: it is not known."""
    return None if value is None else plain(value)


def decimal_of(units: int, places: int) -> Decimal:
    """`units` x 10^-`places` (0 to 63), exactly and canonical, whatever the caller's decimal context.

    >>> decimal_of(9_109_908_000, 9)
    Decimal('9.109908')
    """
    whole, rest = divmod(units, _POWERS[places])
    if not rest:
        return Decimal(whole)
    return Decimal(units).scaleb(_SHIFTS[places], EXACT).normalize(EXACT)


def usd_of_nano_aiu(nano_aiu: int) -> Decimal:
    """US dollars in so many nano-AIU.

    >>> usd_of_nano_aiu(9_109_908_000)
    Decimal('0.09109908')
    """
    return decimal_of(nano_aiu, 11)


def credits_of_nano_aiu(nano_aiu: int) -> Decimal:
    """AI credits in so many nano-AIU.

    >>> credits_of_nano_aiu(1_943_925_000)
    Decimal('1.943925')
    """
    return decimal_of(nano_aiu, 9)


def credits_of_usd(usd: Decimal) -> Decimal:
    """AI credits worth so many US dollars.

    >>> credits_of_usd(Decimal("5.25"))
    Decimal('525')
    """
    return canonical(usd.scaleb(2, context=EXACT))


def usd_of_credits(credits: Decimal) -> Decimal:
    """US dollars in so many AI credits.

    >>> usd_of_credits(Decimal(525))
    Decimal('5.25')
    """
    return canonical(credits.scaleb(-2, context=EXACT))


def nearest_nano_aiu(usd: Decimal) -> int:
    """US dollars in whole nano-AIU, half to even where the amount lies between two."""
    return int(usd.scaleb(11, context=EXACT).to_integral_value(context=_ROUNDING))


def nearest_whole(value: Decimal) -> int:
    """The nearest integer, half to even."""
    return int(value.to_integral_value(context=_ROUNDING))


def rounded(value: "Fraction", places: int = 12) -> Decimal:
    """A fraction to so many decimals, half to even.

    >>> from fractions import Fraction
    >>> rounded(Fraction(2, 3), 4)
    Decimal('0.6667')
    """
    return canonical(Decimal(round(value * 10**places)).scaleb(-places, context=EXACT))


def significant(value: "Fraction", digits: int = 6) -> Decimal:
    """A fraction to so many significant digits, half to even: for people to read.

    >>> from fractions import Fraction
    >>> significant(Fraction(2, 3)), significant(Fraction(3, 2))
    (Decimal('0.666667'), Decimal('1.5'))
    """
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
    return canonical(context.divide(Decimal(value.numerator), Decimal(value.denominator)))


def ratio(numerator: Decimal, denominator: Decimal, places: int) -> Decimal:
    """A quotient rounded half to even at `places` decimals: for shares and factors, never for money."""
    quotient = _ROUNDING.divide(numerator, denominator)
    return canonical(quotient.quantize(_SCALE[places], context=_ROUNDING))
