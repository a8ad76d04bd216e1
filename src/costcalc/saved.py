"""What an earlier answer said: the JSON documents of forecasts, checks and estimates, read back and checked.

A document is a stranger's file: whatever in it is not as costcalc writes it is an error that names the file and the field.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from costcalc.errors import InputError, check_path
from costcalc.files import target_of
from costcalc.showing.display import SCHEMA_VERSION, Result, json_text
from costcalc.showing.texts import visible
from costcalc.tokens import MAX_COUNT
from costcalc.tomlfile import validation_message
from costcalc.units import EXACT, canonical

_MOST_BYTES: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class SavedMonth:
    """A month of an option as a document states it, in US dollars and credits; None is what its kind does not state.

    `expected_usd` is the mean of the bill, `estimate_usd` the bill of the expected month.
    """

    month: str
    credits: Decimal
    expected_usd: Decimal | None = None
    p90_usd: Decimal | None = None
    estimate_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SavedGroup:
    """A group of people, and the shares of their tasks by option."""

    people: int
    profile: str
    shares: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class SavedRate:
    """A rate that a document rests on: what each token kind is billed at, in US dollars per million tokens."""

    id: str
    claim: tuple[str, str, str, str, str]  # route, model, service tier, tier, source
    usd_per_mtok: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Saved:
    """An earlier answer: what it was about, the months of each option, and the rates it rests on."""

    name: str
    kind: str
    work: str
    people: int
    on: date
    basis: str
    seed: int | None
    draws: int | None
    known_until: date | None
    tasks: float
    task_tokens: Mapping[str, int]
    groups: Mapping[str, SavedGroup]
    spread: Mapping[tuple[str, str], Decimal]
    options: Mapping[str, tuple[SavedMonth, ...]]
    rates: tuple[SavedRate, ...]

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Saved":
        """The document in a JSON file. Raises `InputError`, naming the file, for what is not one that costcalc wrote."""
        return cls._checked(_text_of(path), os.fspath(path), Path(path).name)

    @classmethod
    def of(cls, result: Result) -> "Saved":
        """The same of an answer that was never written. Raises `InputError` for one of another kind."""
        return cls._checked(json_text(result.to_dict()), f"the {result.kind}", f"the {result.kind}")

    @classmethod
    def _checked(cls, text: str, shown: str, name: str) -> "Saved":
        head = _validated(_Head, text, shown)
        if head.kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise InputError(f"{shown}: a document of kind {head.kind!r:.40}, where one of these is needed: {known}")
        if head.schema_version != SCHEMA_VERSION:
            message = f"schema_version {head.schema_version!r:.40} is not known to this version, which writes"
            raise InputError(f"{shown}: {message} {SCHEMA_VERSION!r}; save it anew")
        return cls(name=visible(name), kind=head.kind, **_validated(_KINDS[head.kind], text, shown).values())


def check_replaceable(path: "str | os.PathLike[str]") -> None:
    """Refuse to replace a file that is no document of costcalc's; an empty one is nobody's."""
    if target_of(path, replace=True).exists() and Path(path).stat().st_size:
        try:
            _validated(_Head, _text_of(path), str(path))
        except InputError:
            raise InputError(f"{path}: is there already, and not a document of costcalc; give another name") from None


def _text_of(path: "str | os.PathLike[str]") -> str:
    check_path("baseline", path)
    shown = os.fspath(path)
    if not shown:
        raise InputError("no file name is given for the baseline")
    try:
        with Path(path).open("rb") as file:
            found = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{shown}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{shown}: a folder, where a saved JSON document is needed") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown}: cannot be read ({reason})") from None
    if len(found) > _MOST_BYTES:
        raise InputError(f"{shown}: too large to be a document that costcalc wrote")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


class _Stated(BaseModel, frozen=True, strict=True, extra="ignore"):
    """What a saved document says, as strictly as it was written; fields that are not needed are left aside."""


class _Head(_Stated, frozen=True):
    schema_version: str
    kind: str


Name = Annotated[str, Field(max_length=1_000), AfterValidator(lambda text: visible(" ".join(text.split())))]
"""A text on one line, as it can be shown."""


def _places(number: Decimal) -> Decimal:
    if number.is_finite() and int(number.as_tuple().exponent) < -280:  # pydantic before 2.14 lets the farthest pass
        raise ValueError("has more decimal places than can be meant")
    return number


_Short = Annotated[Decimal, AfterValidator(_places)]
# Short enough that what is computed from them stays exact.
Amount = Annotated[_Short, Field(ge=0, le=10**40, allow_inf_nan=False, max_digits=320, decimal_places=280)]
Price = Annotated[_Short, Field(ge=0, le=10**40, allow_inf_nan=False, max_digits=80, decimal_places=40)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Number = Annotated[float, Field(ge=0, le=MAX_COUNT, allow_inf_nan=False)]


class _Modifier(_Stated, frozen=True):
    factor: Price


class _Rate(_Stated, frozen=True):
    id: Name
    route: Name
    model: Name
    service_tier: Name
    tier: Name
    source: Name
    usd_per_mtok: dict[Name, Price | None]
    modifiers: Annotated[tuple[_Modifier, ...], Field(max_length=3)]

    def saved(self) -> SavedRate:
        factor = Decimal(1)
        for modifier in self.modifiers:
            factor = EXACT.multiply(factor, modifier.factor)
        billed = {
            kind: None if price is None else canonical(EXACT.multiply(price, factor))
            for kind, price in self.usd_per_mtok.items()
        }
        return SavedRate(self.id, (self.route, self.model, self.service_tier, self.tier, self.source), billed)


class _Document(_Stated, frozen=True):
    on: date
    basis: Name
    rates: tuple[_Rate, ...]

    def values(self) -> dict[str, Any]:
        """The fields of `Saved`, but for its name and kind."""
        return {"on": self.on, "basis": self.basis, "rates": tuple(rate.saved() for rate in self.rates)}


class _Mean(_Stated, frozen=True):
    mean: Amount


class _Bill(_Mean, frozen=True):
    p90: Amount


class _Month(_Stated, frozen=True):
    month: Name
    credits: _Mean
    total_usd: _Bill


class _Option(_Stated, frozen=True):
    option: Name
    months: Annotated[tuple[_Month, ...], Field(min_length=1)]


class _TaskTokens(_Stated, frozen=True):
    mean: Count


class _Spread(_Stated, frozen=True):
    group: Name
    number: Name
    value: Amount


class _Share(_Stated, frozen=True):
    option: Name
    share: Amount


class _Group(_Stated, frozen=True):
    name: Name
    people: Count
    profile: Name
    options: tuple[_Share, ...]


class _SoFar(_Stated, frozen=True):
    until: date


class _Forecast(_Document, frozen=True):
    work: Name
    people: Count
    seed: Annotated[int, Field(ge=0, le=2**63)]
    draws: Count
    tasks: Number
    task_tokens: dict[Name, _TaskTokens]
    so_far: _SoFar | None
    groups: tuple[_Group, ...]
    spread: tuple[_Spread, ...]
    options: Annotated[tuple[_Option, ...], Field(min_length=1)]

    def values(self) -> dict[str, Any]:
        return {
            **super().values(),
            "work": self.work,
            "people": self.people,
            "seed": self.seed,
            "draws": self.draws,
            "known_until": None if self.so_far is None else self.so_far.until,
            "tasks": self.tasks,
            "task_tokens": {kind: tokens.mean for kind, tokens in self.task_tokens.items() if kind != "prompt"},
            "groups": {
                each.name: SavedGroup(each.people, each.profile, {way.option: way.share for way in each.options})
                for each in self.groups
            },
            "spread": {(each.group, each.number): each.value for each in self.spread},
            "options": {
                each.option: tuple(
                    SavedMonth(month.month, month.credits.mean, month.total_usd.mean, month.total_usd.p90)
                    for month in each.months
                )
                for each in self.options
            },
        }


class _EstimateMonth(_Stated, frozen=True):
    tasks: Number
    tokens: dict[Name, Count]
    credits: Amount


class _EstimateBill(_Stated, frozen=True):
    total_usd: Amount | None


class _Estimate(_Document, frozen=True):
    option: Name
    profile: Name
    developers: Count
    month: _EstimateMonth
    bill: _EstimateBill

    def values(self) -> dict[str, Any]:
        month, tasks = self.month, self.month.tasks
        bill = SavedMonth(f"{self.on:%Y-%m}", month.credits, estimate_usd=self.bill.total_usd)
        return {
            **super().values(),
            "work": self.profile,
            "people": self.developers,
            "seed": None,
            "draws": None,
            "known_until": None,
            "tasks": tasks,
            "task_tokens": {kind: round(count / tasks) for kind, count in month.tokens.items()} if tasks >= 1 else {},
            "groups": {},
            "spread": {},
            "options": {self.option: (bill,)},
        }


_KINDS: Final[dict[str, type[_Document]]] = {"check": _Forecast, "forecast": _Forecast, "estimate": _Estimate}


M = TypeVar("M", bound=BaseModel)


def _validated(model: type[M], text: str, shown: str) -> M:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise InputError(f"{shown}: not a JSON document ({first['ctx']['error']})") from None
        if not first["loc"]:
            raise InputError(f"{shown}: not an object of fields, as costcalc writes it") from None
        raise InputError(f"{shown}: {validation_message(first)}; save it anew with --save") from None
