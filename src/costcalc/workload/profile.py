"""Session profiles: a way of working as mean tokens per task, tasks per day and active days per month."""

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from costcalc.errors import InputError, check_type, unknown_name
from costcalc.showing.display import Cell, Part, Shown, Table, number
from costcalc.tokens import KINDS
from costcalc.tomlfile import TomlFile, packaged, validation_message
from costcalc.units import EXACT, canonical, known, plain
from costcalc.workload.turns import TurnModel

Number = Decimal | int | float | str
"""What a mean may be stated as; a float stands for the decimal it prints as."""

How = Literal["measured", "derived", "assumption", "stated"]

DEFAULT_PROFILE: Final = "interactive_ide"

_Mean = Annotated[Decimal, Field(ge=0, le=10**15, decimal_places=30, allow_inf_nan=False)]
_Spread = Annotated[Decimal, Field(ge=0, le=5, allow_inf_nan=False)]
SPREADS: Final = ("sigma", "tasks_cv", "week_sigma", "people_sigma", "level_sigma")
NUMBERS: Final = (*KINDS, "requests_per_task", "tasks_per_day", "active_days", *SPREADS)


class ProfileSource(BaseModel, frozen=True, extra="forbid"):
    """A publication that profile figures rest on."""

    title: str
    address: str


class Provenance(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """Where one number of a profile comes from: `how` it was found, the sources it rests on, and a note.

    `low` and `high` are between which the number may well lie, as far as that is known: what the sources span, or the 95 %
    interval of a mean that was fitted to history.
    """

    how: How = "stated"
    sources: tuple[str, ...] = Field(default=(), alias="from")
    note: str = ""
    low: _Mean | None = None
    high: _Mean | None = None

    @model_validator(mode="after")
    def _a_range_or_none(self) -> "Provenance":
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together; give both or neither")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class SessionProfile(Shown, BaseModel, frozen=True, extra="forbid"):
    """A way of working. All numbers are means.

    `fresh_input`, `cached_input`, `cache_write` and `output` are tokens per task; `cache_write` is None where writes
    are not told apart from fresh input. `requests_per_task` is model calls per task, `tasks_per_day` tasks on an active
    day, `active_days` such days in a month. `provenance` says for each number where it comes from; a number without an
    entry was stated by you.

    The spread around the means, for a forecast (None: not known): `sigma` is the standard deviation of the logarithm of a
    task's total tokens; `tasks_cv` how much the tasks of active days differ beyond chance, as a share of their mean;
    `week_sigma`, `people_sigma` and `level_sigma` are standard deviations of the logarithm of what a person's weeks, people,
    and the level of use as a whole (which may not be known well) differ by.

    Raises `pydantic.ValidationError` (a `ValueError`) for numbers that are negative, too large or missing.

    >>> profile = SessionProfile(
    ...     name="mine", fresh_input=40_000, cached_input=200_000, output=2_500,
    ...     requests_per_task=6, tasks_per_day=10, active_days=18,
    ... )
    >>> profile.tasks_per_month
    Decimal('180')
    >>> SessionProfile.load("interactive_ide").fresh_input
    Decimal('57000')
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    title: str = ""
    task: str = "one task"
    per: Literal["developer", "team", "pipeline"] = "developer"
    fresh_input: _Mean
    cached_input: _Mean
    cache_write: _Mean | None = None
    output: _Mean
    requests_per_task: Annotated[_Mean, Field(ge=1)]
    tasks_per_day: _Mean
    active_days: Annotated[_Mean, Field(le=31)]
    sigma: _Spread | None = None
    tasks_cv: _Spread | None = None
    week_sigma: _Spread | None = None
    people_sigma: _Spread | None = None
    level_sigma: _Spread | None = None
    note: str = ""
    turns: TurnModel | None = None
    provenance: Mapping[str, Provenance] = {}
    sources: Mapping[str, ProfileSource] = {}

    if TYPE_CHECKING:  # what the constructor takes is more than what the fields hold

        def __init__(
            self,
            *,
            name: str,
            fresh_input: Number,
            cached_input: Number,
            output: Number,
            requests_per_task: Number,
            tasks_per_day: Number,
            active_days: Number,
            cache_write: Number | None = None,
            sigma: Number | None = None,
            tasks_cv: Number | None = None,
            week_sigma: Number | None = None,
            people_sigma: Number | None = None,
            level_sigma: Number | None = None,
            title: str = "",
            task: str = "one task",
            per: Literal["developer", "team", "pipeline"] = "developer",
            note: str = "",
            provenance: Mapping[str, Provenance] = {},
            sources: Mapping[str, ProfileSource] = {},
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _from_turn_model(cls, data: Any) -> Any:
        """Tokens and requests that the turn model gives, where the profile is stated as one."""
        if not isinstance(data, dict) or data.get("turns") is None:
            return data
        given = [name for name in (*KINDS, "requests_per_task") if data.get(name) is not None]
        if given and not isinstance(data["turns"], TurnModel):
            raise ValueError(f"{given[0]} follows from turns; give one or the other")
        turns = TurnModel.model_validate(data["turns"])
        session = turns.tokens()
        derived = {
            "fresh_input": session.fresh_input,
            "cached_input": session.cached_input,
            "output": session.output,
            "requests_per_task": session.requests,
        }
        note = f"turn model: {turns.words}"
        how = {name: {"how": "derived", "note": note} for name in derived}
        return {**data, **derived, "turns": turns, "provenance": {**how, **(data.get("provenance") or {})}}

    @model_validator(mode="before")
    @classmethod
    def _with_provenance(cls, data: Any) -> Any:
        """Numbers written as `{ value, how, from, note }` become the number and its provenance."""
        if not isinstance(data, dict):
            return data
        plain_data = dict(data)
        provenance = dict(data.get("provenance") or {})
        for name in NUMBERS:
            stated = data.get(name)
            if isinstance(stated, dict) and "value" in stated:
                plain_data[name] = stated["value"]
                provenance[name] = {key: value for key, value in stated.items() if key != "value"}
        return {**plain_data, "provenance": provenance}

    @field_validator(
        "fresh_input",
        "cached_input",
        "cache_write",
        "output",
        "requests_per_task",
        "tasks_per_day",
        "active_days",
        *SPREADS,
        mode="before",
    )
    @classmethod
    def _numbers_only(cls, value: Any) -> Any:
        if isinstance(value, bool | dict):
            raise ValueError("must be a number, or a table with a value")
        return value

    @classmethod
    def load(cls, name_or_path: "str | os.PathLike[str]" = DEFAULT_PROFILE) -> "SessionProfile":
        """A built-in profile by name, or your own from a TOML file with a `[profile]` table.

        Raises `UnknownNameError` for a name that is not known, `InputError` with file and line for a file that does
        not make a profile.
        """
        builtin = built_in_profiles()
        check_type("a profile", name_or_path, (str, os.PathLike), "a SessionProfile, its name or the path of its file")
        text = os.fspath(name_or_path)
        found = builtin.get(text.casefold()) if isinstance(name_or_path, str) else None
        if found is not None:
            return found
        if isinstance(name_or_path, str) and not text.endswith(".toml") and not os.path.exists(text):  # noqa: PTH110 (no name is too long for it)
            raise unknown_name("profile", text, builtin, "or give the path of a .toml file")
        file = TomlFile.read(text)
        if "profile" not in file.data and "groups" in file.data:
            raise InputError(
                f"{file.path}: a team's file; forecast, advise, check, report and app take it, this takes a profile"
            )
        if "profile" not in file.data:
            raise InputError(
                f"{file.path}: no [profile] table; costcalc profiles show NAME --format json shows the keys"
            )
        for key in file.data:
            if key not in ("profile", "sources"):
                file.fail((key,), f"unknown key {key!r}; a profile file has [profile] and [sources]")
        sources = _sources(file)
        stated = file.data["profile"]
        if isinstance(stated, dict):
            _check_numbers(file, ("profile",), stated)
        named = isinstance(stated, dict) and "name" in stated
        profile = file.validate(cls, ("profile",), {} if named else {"name": Path(text).stem})
        return _with_sources(file, ("profile",), profile, sources)

    @classmethod
    def from_turns(
        cls,
        name: str,
        turns: TurnModel,
        *,
        tasks_per_day: Number,
        active_days: Number,
        sigma: Number | None = None,
    ) -> "SessionProfile":
        """A profile whose tasks are sessions of the turn model."""
        return cls.model_validate(
            {"name": name, "turns": turns, "tasks_per_day": tasks_per_day, "active_days": active_days, "sigma": sigma}
        )

    def changed(self, **numbers: object) -> "SessionProfile":
        """The same profile with some of its numbers stated anew, such as `tasks_per_day=20`.

        Raises `UnknownNameError` for something that is not a number of a profile, `InputError` for a bad value.
        """
        for name in numbers:
            if name not in NUMBERS:
                raise unknown_name("number of a profile", name, NUMBERS)
        if not numbers:
            return self
        kept = {name: getattr(self, name) for name in type(self).model_fields if name != "turns"}
        provenance = {name: each for name, each in self.provenance.items() if name not in numbers}
        try:
            return type(self).model_validate({**kept, **numbers, "provenance": provenance})
        except ValidationError as error:
            raise InputError(validation_message(error.errors()[0])) from None

    @model_validator(mode="after")
    def _ranges_hold_their_numbers(self) -> "SessionProfile":
        for name, found in self.provenance.items():
            value = getattr(self, name, None)
            low, high = found.low, found.high
            if value is not None and low is not None and high is not None and not low <= value <= high:
                raise ValueError(f"{name}: {value} does not lie from low {low} to high {high}")
        return self

    @field_validator("provenance", "sources", mode="after")
    @classmethod
    def _frozen(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return MappingProxyType(dict(value))

    def __hash__(self) -> int:
        """Of the numbers: where they are from is a mapping, which has none."""
        return hash((self.name, *self.numbers().values()))

    @property
    def tokens(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Mean tokens per task by kind, in the order of `KINDS`; writes not told apart are in fresh input."""
        return (self.fresh_input, self.cached_input, self.cache_write or Decimal(0), self.output)

    @property
    def tasks_per_month(self) -> Decimal:
        """Expected tasks in a month of one developer (or team, or pipeline: see `per`)."""
        return canonical(EXACT.multiply(self.tasks_per_day, self.active_days))

    @property
    def assumed(self) -> tuple[str, ...]:
        """The means that rest on an assumption rather than on a source."""
        return tuple(name for name in NUMBERS if name not in SPREADS and self._is_assumed(name))

    @property
    def assumed_spread(self) -> tuple[str, ...]:
        """The numbers of the spread that rest on an assumption rather than on a source."""
        return tuple(name for name in SPREADS if self._is_assumed(name))

    def _is_assumed(self, name: str) -> bool:
        return name in self.provenance and self.provenance[name].how == "assumption"

    def numbers(self) -> "dict[str, Decimal | None]":
        """Every number of the profile by name."""
        return {name: getattr(self, name) for name in NUMBERS}

    def to_dict(self) -> dict[str, Any]:
        """The profile as machine output holds it: numbers as decimal strings, each with its provenance."""
        return {
            "name": self.name,
            "title": self.title or None,
            "task": self.task,
            "per": self.per,
            "numbers": {
                name: None
                if value is None
                else {
                    "value": plain(value),
                    "how": self.provenance.get(name, Provenance()).how,
                    "from": list(self.provenance.get(name, Provenance()).sources),
                    "note": self.provenance.get(name, Provenance()).note or None,
                    "low": known(self.provenance.get(name, Provenance()).low),
                    "high": known(self.provenance.get(name, Provenance()).high),
                }
                for name, value in self.numbers().items()
            },
            "note": self.note or None,
            "sources": [{"id": name, **source.model_dump()} for name, source in self.sources.items()],
        }

    def all_parts(self) -> Iterator[Part]:
        """Each number, how it was found and on what it rests."""
        yield f"{self.name}: {self.title or 'no title'} (task: {self.task}; per {self.per})"
        rows: list[tuple[Cell, ...]] = []
        for name, value in self.numbers().items():
            origin = self.provenance.get(name) or Provenance()
            if value is None:
                rows.append((name, None, "", "", "", "inside fresh_input" if name == "cache_write" else ""))
            else:
                between = "" if origin.low is None else f"{number(origin.low)} to {number(origin.high)}"
                rows.append((name, value, between, origin.how, ", ".join(origin.sources), origin.note))
        yield Table(("number", "mean", "may lie", "how", "from", "note"), tuple(rows), "Numbers")
        yield f"In a month: {self.tasks_per_month:,f} tasks."
        if self.note:
            yield f"Note: {self.note}"
        if self.sources:
            lines = [f"- {name}: {source.title}; {source.address}" for name, source in self.sources.items()]
            yield "\n".join(["Sources:", *lines])


@lru_cache(maxsize=1)
def _shipped() -> TomlFile:
    return TomlFile.read(packaged("profiles.toml"))


@lru_cache(maxsize=1)
def built_in_profiles() -> Mapping[str, SessionProfile]:
    """The profiles that ship with costcalc, by name."""
    file = _shipped()
    sources = _sources(file)
    found = {}
    for name in file.data["profiles"]:
        profile = file.validate(SessionProfile, ("profiles", name), {"name": name})
        found[name] = _with_sources(file, ("profiles", name), profile, sources)
    return found


def _sources(file: TomlFile) -> dict[str, ProfileSource]:
    stated = file.data.get("sources", {})
    if not isinstance(stated, dict):
        file.fail(("sources",), "sources must be a table")
    return {name: file.validate(ProfileSource, ("sources", name)) for name in stated}


def _check_numbers(file: TomlFile, keys: tuple[str, ...], stated: Mapping[str, object]) -> None:
    """What a file may not say although an object may, and turns at their own place."""
    for name in ("provenance", "sources"):
        if name in stated:
            file.fail((*keys, name), f"unknown key {name!r}")
    for name in NUMBERS:
        value = stated.get(name)
        if isinstance(value.get("value") if isinstance(value, dict) else value, str):
            file.fail((*keys, name), f"{name} must be a number, not a text in quotes")
    if "turns" in stated:
        for name in (*KINDS, "requests_per_task"):
            if name in stated:
                file.fail((*keys, name), f"{name} follows from turns; give one or the other")
        file.validate(TurnModel, (*keys, "turns"))


def _with_sources(
    file: TomlFile, keys: tuple[str, ...], profile: SessionProfile, sources: Mapping[str, ProfileSource]
) -> SessionProfile:
    """The profile with the sources that its numbers rest on."""
    used = {}
    for name, provenance in profile.provenance.items():
        for source in provenance.sources:
            if source not in sources:
                file.fail((*keys, name), str(unknown_name("source", source, sources)))
            used[source] = sources[source]
    return profile.model_copy(update={"sources": MappingProxyType(used)})
