"""The numbers of a case that can be varied, by name: those of the profile, the people, and prices.

`cached_share` is how much of the prompt is read from cache; changing it leaves the size of the prompt. A price is named
`price.ROUTE/MODEL.KIND`, in US dollars per million tokens before modifiers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

from costcalc.cases import Case, PriceChange
from costcalc.errors import InputError, unknown_name
from costcalc.estimation import MAX_DEVELOPERS, Estimate, Option
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import MAX_USD_PER_MTOK
from costcalc.tokens import KINDS, Kind
from costcalc.units import EXACT, canonical, plain
from costcalc.workload.profile import SPREADS, SessionProfile

Value = Decimal | int | float | str
"""What an input may become: a number (a float stands for the decimal it prints as), or a text such as +30%."""

MAX_PLACES: Final = 30
"""Decimals that a value may have: more cannot be meant, and would not stay exact."""

SHARE: Final = "cached_share"
PEOPLE: Final = "developers"
MEANS: Final = (*KINDS, "requests_per_task", "tasks_per_day", "active_days")
NAMES: Final = (*MEANS, SHARE, PEOPLE)
_PRICE_FORM: Final = "price.ROUTE/MODEL.KIND"
_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(KINDS, "tokens per task"),
    "requests_per_task": "requests per task",
    "tasks_per_day": "tasks per active day",
    "active_days": "days per month",
    SHARE: "share of the prompt",
    PEOPLE: "people",
}
_SHARE_PLACES: Final = Decimal("1e-6")


class PriceName(NamedTuple):
    """Which price: of a model on a route, for a token kind."""

    route: str
    model: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Input:
    """A number of a case that can be varied, by its name; `price` is set where it is a price."""

    name: str
    price: PriceName | None = None

    @classmethod
    def named(cls, name: str, book: PriceBook) -> "Input":
        """The input with this name. Raises `UnknownNameError` or `InputError` for a name that is none."""
        if not isinstance(name, str):
            raise unknown_name("input", name, NAMES, f"or {_PRICE_FORM}")
        if name in NAMES:
            return cls(name)
        if name in SPREADS:
            raise InputError(f"{name} is spread around the mean: it changes a forecast, not an expected month")
        if not name.startswith("price."):
            raise unknown_name("input", name, NAMES, f"or {_PRICE_FORM}")
        route, slash, rest = name.removeprefix("price.").partition("/")
        model, dot, word = rest.rpartition(".")
        kind = "fresh_input" if word == "input" else word
        if not (slash and dot and model):
            raise InputError(f"price {name!r:.80} is not of the form {_PRICE_FORM}")
        if kind not in KINDS:
            raise unknown_name("token kind", kind, KINDS, f"in {name!r:.80}")
        if route not in book.routes:
            raise unknown_name("route", route, book.routes, f"in {name!r:.80}")
        found = PriceName(route, book.model(model).id, kind)
        return cls(f"price.{found.route}/{found.model}.{found.kind}", found)

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return "USD per million tokens" if self.price else _UNITS[self.name]

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.name == PEOPLE

    @property
    def least(self) -> Decimal:
        """The smallest value that it can have."""
        return Decimal(1) if self.name in (PEOPLE, "requests_per_task") else Decimal(0)

    @property
    def most(self) -> Decimal | None:
        """The largest value that it can have; None where it is larger than any that makes sense."""
        if self.price:
            return Decimal(MAX_USD_PER_MTOK)
        return {SHARE: Decimal(1), "active_days": Decimal(31), PEOPLE: Decimal(MAX_DEVELOPERS)}.get(self.name)

    def usual_range(self, now: Decimal, times: int) -> tuple[Decimal, Decimal]:
        """From the smallest value to so many times what it is (1,000 where that is 0), within what it can be.

        A share and the days of a month go as far as they can.
        """
        if self.most is not None and self.name in (SHARE, "active_days"):
            return self.least, self.most
        high = times * (now or Decimal(1_000))
        return self.least, high if self.most is None else min(high, self.most)

    def checked(self, value: "Value") -> Decimal:
        """A number as a value of the input. Raises `InputError` for one that it cannot have, or something that is none."""
        found = number_of(self.name, value)
        if found < self.least or (self.most is not None and found > self.most):
            limit = "" if self.most is None else f" to {plain(self.most)}"
            raise InputError(f"{self.name} can be from {plain(self.least)}{limit}, not {plain(found)}")
        if self.whole and found != found.to_integral_value():
            raise InputError(f"{self.name} must be a whole number, not {plain(found)}")
        return found

    def now(self, case: Case, options: Sequence[Option]) -> Decimal:
        """Its value in a case; a price is that of the first option that has it.

        Raises `InputError` where there is none: no option has that price, or the profile does not tell it apart.
        """
        if self.price:
            return case.rate(self._priced(options)).tiers[0].listed_usd_per_mtok[KINDS.index(self.price.kind)]
        if self.name == PEOPLE:
            return Decimal(case.developers)
        if self.name == SHARE:
            return _share(case.profile)
        value: Decimal | None = getattr(case.profile, self.name)
        if value is None:
            raise InputError(
                f"{case.profile.name} does not tell {self.name} apart from fresh input; state it in the profile first"
            )
        return value

    def _priced(self, options: Iterable[Option]) -> Option:
        assert self.price
        for option in options:
            if (option.route, option.model) == self.price[:2]:
                return option
        raise InputError(f"{self.name}: no option is {self.price.route}/{self.price.model}")

    def changed(self, case: Case, value: Decimal) -> Case:
        """The case with another value of it. Raises `InputError` for one that it cannot have."""
        if self.price:
            return replace(case, prices=(*case.prices, PriceChange(*self.price, value, times=False)))
        if self.name == PEOPLE:
            return replace(case, developers=self._people(case, value))
        if self.name == SHARE:
            return replace(case, profile=_with_share(case.profile, value))
        return replace(case, profile=case.profile.changed(**{self.name: value}))

    def _people(self, case: Case, value: Decimal) -> int:
        if case.account is not None:
            raise InputError("an account says how many seats there are; leave it out to vary developers")
        return int(self.checked(value))


def number_of(name: str, value: object) -> Decimal:
    """A number, or the text of one, exactly; a float stands for the decimal it prints as.

    Raises `InputError`, which names what it is for, for anything else, and for digits that cannot be meant.
    """
    if isinstance(value, int) and abs(value) > 10**MAX_PLACES:
        raise InputError(f"{name} has more digits than can be meant")
    text = value.strip() if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
    try:
        found = (
            Decimal(text) if isinstance(value, Decimal | int | float | str) and not isinstance(value, bool) else None
        )
    except ArithmeticError:
        found = None
    if found is None or not found.is_finite():
        raise InputError(f"{name}: {text!r:.40} is not a number")
    if int(found.as_tuple().exponent) < -MAX_PLACES or found.adjusted() > MAX_PLACES:
        raise InputError(f"{name}: {text:.40} has more digits than can be meant")
    return found


def _share(profile: SessionProfile) -> Decimal:
    prompt = sum(profile.tokens[:3], Decimal(0))
    if not prompt:
        raise InputError(f"{profile.name} has no prompt, so no share of it is cached")
    return canonical((profile.cached_input / prompt).quantize(_SHARE_PLACES))


def _with_share(profile: SessionProfile, share: Decimal) -> SessionProfile:
    if not 0 <= share <= 1:
        raise InputError(f"{SHARE} must be from 0 to 1, not {share}")
    prompt = sum(profile.tokens[:3], Decimal(0))
    cached = EXACT.multiply(prompt, share)
    rest, writes = EXACT.subtract(prompt, cached), profile.cache_write
    if writes is None:
        return profile.changed(cached_input=cached, fresh_input=rest)
    # Fresh input and cache writes keep their proportion to each other.
    uncached = profile.fresh_input + writes
    written = (rest * writes / uncached).quantize(_SHARE_PLACES, ROUND_DOWN) if uncached else Decimal(0)
    return profile.changed(cached_input=cached, cache_write=written, fresh_input=EXACT.subtract(rest, written))


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an input: a `value`, or so many `times` what it is."""

    input: Input
    value: Decimal | None = None
    times: Decimal | None = None

    @classmethod
    def parse(cls, text: str, book: PriceBook) -> "Change":
        """The change that `INPUT=VALUE` stands for: a number, `+30%`, `-20%` or `x1.5`."""
        if not isinstance(text, str):
            raise InputError(f"a change is a text such as output=+30%, not {text!r:.40}")
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"{text!r:.80} is not of the form INPUT=VALUE, such as output=+30% or cached_share=0.5")
        return cls.of(name.strip(), value.strip(), book)

    @classmethod
    def of(cls, name: str, value: "Value", book: PriceBook) -> "Change":
        """The change of an input to a value: a number, or a text as for `parse`."""
        found = Input.named(name, book)
        if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
            raise InputError(f"{name} must become a number or a text such as +30%, not {value!r:.40}")
        text = value.strip() if isinstance(value, str) else ""
        percent = re.fullmatch(r"([+-])(\d{1,12}(?:\.\d{1,12})?)%", text, re.ASCII)
        if percent:
            share = Decimal(percent[1] + percent[2]) / 100
            if share < -1:
                raise InputError(f"{name} cannot become less by more than 100 %: {text}")
            return cls(found, times=1 + share)
        times = re.fullmatch(r"[x*](\d{1,12}(?:\.\d{1,12})?)", text, re.ASCII)
        if times:
            return cls(found, times=Decimal(times[1]))
        if isinstance(value, str) and not re.fullmatch(r"\d{1,18}(\.\d{1,18})?|\.\d{1,18}", text, re.ASCII):
            raise InputError(f"{name}: {value!r:.40} is neither a number nor a change such as +30%, -20% or x1.5")
        return cls(found, value=found.checked(value))

    def made(self, case: Case, base: Case, options: Sequence[Option]) -> Case:
        """A case with the change, where it is relative to what the input is in the `base`."""
        if self.times is None:
            assert self.value is not None
            if self.input.price:
                self.input.now(base, options)  # a price that no option has
            return self.input.changed(case, self.value)
        now = self.input.now(base, options)
        if self.input.price:  # for each option relative to its own price
            return replace(case, prices=(*case.prices, PriceChange(*self.input.price, self.times, times=True)))
        value = canonical(EXACT.multiply(now, self.times))
        return self.input.changed(case, value)

    def __str__(self) -> str:
        if self.times is None:
            return f"{self.input.name}={plain(self.value or Decimal(0))}"
        percent = canonical(self.times * 100 - 100)
        return f"{self.input.name}={'+' if percent >= 0 else ''}{plain(percent)}%"


def with_changes(case: Case, changes: Iterable[Change], options: Sequence[Option]) -> Case:
    """A case with all of the changes, in whichever order they are given: shares of the prompt come after its size."""
    found = case
    for change in sorted(changes, key=lambda each: _rank(each.input)):
        found = change.made(found, case, options)
    return found


def _rank(found: Input) -> tuple[int, str]:
    return (NAMES.index(found.name) if found.name in NAMES else len(NAMES), found.name)


def checked_changes(
    changes: "Iterable[Change | str] | Mapping[str, Decimal | int | float | str]", book: PriceBook
) -> tuple[Change, ...]:
    """Changes as texts, or as names with values. Raises `InputError` for none, or for two of the same input."""
    if isinstance(changes, str) or not isinstance(changes, Iterable):
        raise InputError(f"changes are a list of texts such as output=+30%, or inputs with values, not {changes!r:.40}")
    if isinstance(changes, Mapping):
        found = [Change.of(name, value, book) for name, value in changes.items()]
    else:
        found = [each if isinstance(each, Change) else Change.parse(each, book) for each in changes]
    names = [each.input.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name} is changed twice")
    if not found:
        raise InputError("nothing is changed; give at least one change such as output=+30%")
    return tuple(found)


def unused_prices(inputs: Iterable[Input], estimates: Sequence[Estimate]) -> Iterator[Notice]:
    """Prices that no option pays: it uses no token of that kind, or none that is billed as it."""
    for each in inputs:
        if each.price is None:
            continue
        place = KINDS.index(each.price.kind)
        mine = [found for found in estimates if (found.option.route, found.option.model) == each.price[:2]]
        if mine and not any(found.by_kind[place].tokens for found in mine):
            billed = ", ".join(line.kind for line in mine[0].by_kind if line.tokens) or "nothing"
            yield Notice("price_unused", f"{each.name} prices nothing here: what is billed is {billed}")
