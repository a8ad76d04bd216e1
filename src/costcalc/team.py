"""A team: groups of people, each with a way of working and the options that they get their work done with."""

import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from costcalc.billing.account import Account
from costcalc.errors import CostcalcError, InputError
from costcalc.estimation import MAX_DEVELOPERS, Option
from costcalc.pricing.book import PriceBook
from costcalc.tomlfile import TomlFile
from costcalc.units import EXACT, plain
from costcalc.workload.profile import NUMBERS, SessionProfile


@dataclass(frozen=True, slots=True)
class Group:
    """People who work alike: a profile, and the options that their tasks are shared out to, with shares that add up to 1.

    Raises `InputError` for shares that do not, or for several plans: a person has one seat.
    """

    name: str
    people: int
    profile: SessionProfile
    options: tuple[tuple[Option, Decimal], ...]

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MAX_DEVELOPERS:
            raise InputError(f"group {self.name}: people must be from 1 to {MAX_DEVELOPERS:,}, not {self.people}")
        if not self.options or any(share <= 0 for _, share in self.options):
            raise InputError(f"group {self.name}: every option needs a share above 0")
        total = Decimal(0)
        for _, share in self.options:
            total = EXACT.add(total, share)
        if total != 1:
            raise InputError(f"group {self.name}: the shares of its options add up to {total}, not to 1")
        if len({str(option) for option, _ in self.options}) < len(self.options):
            raise InputError(f"group {self.name}: an option is given twice")
        if len(self.plans) > 1:
            raise InputError(f"group {self.name}: a person has one seat, not {' and '.join(sorted(self.plans))}")

    @property
    def plans(self) -> set[str]:
        """The plans of the options."""
        return {option.plan for option, _ in self.options if option.plan is not None}

    def to_dict(self) -> dict[str, Any]:
        """The group as machine output holds it."""
        return {
            "name": self.name,
            "people": self.people,
            "profile": self.profile.name,
            "options": [{"option": str(option), "share": plain(share)} for option, share in self.options],
        }


@dataclass(frozen=True, slots=True)
class Team:
    """Groups of people, and the account that Copilot is billed by where their options name no plan.

    Raises `InputError` for groups of one name, or none.
    """

    name: str
    groups: tuple[Group, ...]
    account: Account | None = None

    def __post_init__(self) -> None:
        if not self.groups:
            raise InputError(f"{self.name}: a team needs at least one group")
        names = [group.name for group in self.groups]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"{self.name}: group {name} is listed twice")

    @property
    def people(self) -> int:
        """How many people there are in all groups."""
        return sum(group.people for group in self.groups)

    @classmethod
    def load(cls, path: "str | os.PathLike[str]", book: PriceBook | None = None) -> "Team":
        """The team that a TOML file describes: `[team]` (name, account) and `[[groups]]`.

        Paths of profiles and of the account are taken from the folder of the file. Raises `InputError` with file and
        line for what cannot be.
        """
        file = TomlFile.read(os.fspath(path))
        stated = file.validate(_TeamFile)
        folder = Path(path).parent
        book = PriceBook.of(book)
        account = None
        if stated.team.account is not None:
            account = Account.load(folder / stated.team.account)
        groups = []
        for place, group in enumerate(stated.groups):
            try:
                groups.append(_group(group, folder, book))
            except CostcalcError as error:
                file.fail(("groups", place), str(error))
        try:
            return cls(stated.team.name or Path(path).stem, tuple(groups), account)
        except CostcalcError as error:
            file.fail(("groups",), str(error))


class _Stated(BaseModel, frozen=True, extra="forbid"):
    """A table of a team file; a key that is not known is an error."""


class _GroupTable(_Stated, frozen=True):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    people: Annotated[int, Field(ge=1, le=MAX_DEVELOPERS, strict=True)]
    profile: str
    option: str | None = None
    options: dict[str, Decimal] | None = None


# A group may state any number of its profile anew; what it may be is the profile's to say.
_numbers: dict[str, Any] = dict.fromkeys(NUMBERS, (Any, None))
_GroupFile = create_model("_GroupFile", __base__=_GroupTable, **_numbers)


class _TeamTable(_Stated, frozen=True):
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    account: str | None = None


class _TeamFile(_Stated, frozen=True):
    team: _TeamTable = _TeamTable()
    groups: tuple[_GroupFile, ...] = ()  # type: ignore[valid-type]


def is_team_file(path: str) -> bool:
    """Whether a file is one of a team rather than of a profile."""
    if not path.endswith(".toml") or not Path(path).is_file():
        return False
    return bool({"team", "groups"} & TomlFile.read(path).data.keys())


def _group(stated: _GroupTable, folder: Path, book: PriceBook) -> Group:
    if (stated.option is None) == (stated.options is None):
        raise InputError(f"group {stated.name}: give either option, or options with their shares")
    mix = stated.options if stated.options is not None else {str(stated.option): Decimal(1)}
    options = tuple((Option.parse(text, book), share) for text, share in mix.items())
    in_folder = folder / stated.profile
    profile = SessionProfile.load(os.fspath(in_folder) if stated.profile.endswith(".toml") else stated.profile)
    numbers = {name: getattr(stated, name) for name in NUMBERS if getattr(stated, name) is not None}
    return Group(stated.name, stated.people, profile.changed(**numbers), options)
