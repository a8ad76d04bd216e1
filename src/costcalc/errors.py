"""What costcalc raises when an input cannot be used.

Every message is one line that says what is wrong, where, and what to do. All are `ValueError`s, so code that
does not know costcalc still handles them.
"""

import os
from collections.abc import Callable, Collection, Iterable
from typing import Any


class CostcalcError(ValueError):
    """Base of every error that costcalc raises on purpose."""


class InputError(CostcalcError):
    """A value, option or file that cannot be used as given."""


class UnknownNameError(CostcalcError, LookupError):
    """A model, route, basis, plan, profile or other name that is not known; the message offers the nearest."""


class RateNotFoundError(CostcalcError, LookupError):
    """The name is known, but no price applies on that day, route, basis or service tier."""


def check_between(name: str, value: object, low: int, high: int) -> None:
    """Raise `InputError` unless a value is a whole number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} must be a whole number from {low:,} to {high:,}, not {value!r:.40}")


def check_type(name: str, value: object, kind: "type | tuple[Any, ...]", what: str) -> None:
    """Raise `InputError` unless a value is of a type, `what` in words."""
    if not isinstance(value, kind):
        raise InputError(f"{name} must be {what}, not {_shown(value)}")


def check_flag(name: str, value: object) -> None:
    """Raise `InputError` unless a value is True or False: a text such as "no" would count as yes."""
    check_type(name, value, bool, "True or False")


def check_told(told: object, name: str = "told") -> None:
    """Raise `InputError` unless what is to be told of the progress is a function, or None."""
    check_type(name, told, (Callable, type(None)), "a function")


def check_path(name: str, value: object) -> None:
    """Raise `InputError` unless a value is a path; a number would be taken for a file that is open."""
    check_type(name, value, (str, os.PathLike), "a path")


def check_number(name: str, value: object) -> None:
    """Raise `InputError` unless a value is a finite number."""
    from decimal import Decimal

    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not Decimal(value).is_finite():
        raise InputError(f"{name} must be a number, not {_shown(value)}")


def check_known(what: str, given: object, known: Collection[str]) -> None:
    """Raise `UnknownNameError` unless a value is one of the names that are known."""
    if not isinstance(given, str) or given not in known:
        raise unknown_name(what, given, known)


def unknown_name(what: str, given: object, known: Iterable[str], hint: str = "") -> UnknownNameError:
    """The error for a name that is not known, with the nearest known ones (or all, where they are few)."""
    from difflib import get_close_matches  # loaded only when something went wrong

    names = list(known)
    if len(names) <= 12:
        offer = f"known: {', '.join(names) or 'none'}"
    else:
        by_folded = {name.casefold(): name for name in reversed(names)}
        close = get_close_matches(str(given).casefold(), by_folded, n=3, cutoff=0.5)
        offer = f"nearest: {', '.join(by_folded[name] for name in close)}" if close else "nothing near it is known"
    tail = f"; {hint}" if hint else ""
    return UnknownNameError(f"unknown {what} {_shown(given)}; {offer}{tail}")


def _shown(value: object) -> str:
    """A stranger's value on one line, of bounded length, with control characters made visible."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
