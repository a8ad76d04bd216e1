"""Rows as a data frame of pandas or Polars, whichever is there, with every value as it was."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Final

from costcalc.errors import InputError, unknown_name
from costcalc.units import canonical

ENGINES: Final = {"pandas": "pandas", "polars": "Polars"}
"""In the order in which they are tried."""

DECIMAL_PLACES: Final = 12
"""What a decimal column of Polars has at least, so that frames of several results can be put one below the other."""

_MOST_DIGITS: Final = 38  # of a decimal in Arrow and Polars
_INT64: Final = range(-(2**63), 2**63)
_INT128: Final = range(-(2**127), 2**127)


def frame(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, type], engine: str | None = None) -> Any:
    """The rows as a data frame; `columns` tells what a column holds where its values do not.

    Raises `InputError` or `UnknownNameError` as `Result.to_frame` says.
    """
    if engine is None:
        engine = next(filter(find_spec, ENGINES), None)
        if engine is None:
            raise InputError("a data frame needs pandas or Polars: pip install pandas, or pip install polars")
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if find_spec(engine) is None:
        raise InputError(f"engine {engine} needs {ENGINES[engine]}: pip install {engine}")
    names = dict.fromkeys(key for row in rows for key in row) or columns
    kinds = {name: _kind(row[name] for row in rows) or columns.get(name, str) for name in names}
    found = {name: [_value(row[name], kind) for row in rows] for name, kind in kinds.items()}
    return (_pandas if engine == "pandas" else _polars)(found, kinds)


def _value(value: Any, kind: type) -> Any:
    """The value as its column holds it; a text that is not valid Unicode, as of a broken log, with that made visible."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return Decimal(value) if kind is Decimal and value is not None else value


def _kind(values: Iterable[Any]) -> type | None:
    """What the values are, None where nothing is known of any; whole numbers among decimals count as those."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, Decimal}:
        return Decimal
    assert len(kinds) <= 1, f"a column of {kinds}"
    return next(iter(kinds), None)


def _pandas(found: Mapping[str, list[Any]], kinds: Mapping[str, type]) -> Any:
    import pandas as pd

    types = {bool: "boolean", date: "datetime64[s]", str: "string"}

    def column(name: str) -> Any:
        values, kind = found[name], kinds[name]
        if kind is int and all(value is None or value in _INT64 for value in values):
            return pd.Series(values, dtype="Int64")
        return pd.Series(values, dtype=types.get(kind, "object"))

    return pd.DataFrame({name: column(name) for name in found})


def _polars(found: Mapping[str, list[Any]], kinds: Mapping[str, type]) -> Any:
    import polars as pl

    def column(name: str) -> Any:
        values, kind = found[name], kinds[name]
        known = [value for value in values if value is not None]
        if kind is int:
            small = all(value in _INT64 for value in known)
            if not small and any(value not in _INT128 for value in known):
                raise _too_long(name)
            return pl.Series(name, values, dtype=pl.Int64 if small else pl.Int128)
        if kind is Decimal:
            return pl.Series(name, values, dtype=pl.Decimal(_MOST_DIGITS, _places(name, known)))
        return pl.Series(name, values, dtype={bool: pl.Boolean, date: pl.Date, str: pl.String}[kind])

    return pl.DataFrame([column(name) for name in found])


def _places(name: str, known: Iterable[Decimal]) -> int:
    """The decimal places that hold every value as it is."""
    places, whole = DECIMAL_PLACES, 0
    for value in map(canonical, known):
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        places = max(places, -exponent)
        whole = max(whole, value.adjusted() + 1)
    if places + whole > _MOST_DIGITS:
        raise _too_long(name)
    return places


def _too_long(name: str) -> InputError:
    return InputError(f"{name} has more digits than Polars can hold exactly; take engine pandas, or rows()")
