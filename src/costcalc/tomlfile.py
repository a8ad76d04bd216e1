"""Reading TOML so that every complaint about a value names the file and the line.

Numbers with a fraction are read as `Decimal`. Two ways to check what was read: `Table`, light enough for the price
book that every command loads, and pydantic models through `TomlFile.validate` for everything else.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast, get_args

from costcalc.errors import InputError, check_path, unknown_name

if TYPE_CHECKING:
    from pydantic import BaseModel

    M = TypeVar("M", bound=BaseModel)

Key = str | int


def packaged(name: str) -> Path:
    """The path of a data file that ships with costcalc: inside the installed package, or in a checkout's `pricing/`."""
    here = Path(__file__).resolve().parent
    shipped = here / "data" / name
    return shipped if shipped.exists() else here.parents[1] / "pricing" / name


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML file that was read: its path as the user knows it, its text, and its values."""

    path: str
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> "TomlFile":
        """Read and parse a file. Raises `InputError`, with the line where there is one, if that fails."""
        check_path("a TOML file", path)
        shown = str(path)
        if not shown:
            raise InputError("no file name is given")
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{shown}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
        except FileNotFoundError:
            raise InputError(f"{shown}: no such file") from None
        except IsADirectoryError:
            raise InputError(f"{shown}: a folder, where a TOML file is needed") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{shown}: cannot be read ({reason})") from None
        try:
            data = tomllib.loads(text, parse_float=_decimal)
        except InputError as error:
            place = text.find(str(error))
            line_number = text.count("\n", 0, place) + 1
            raise InputError(f"{shown}:{line_number}: {error!s:.40} is not a number that can be used") from None
        except (tomllib.TOMLDecodeError, RecursionError, ValueError, ArithmeticError) as error:
            found = re.fullmatch(r"(?s)(.*?) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
            what, line = (found[1], found[2]) if found else (str(error), None)
            at = line or str(text.count("\n") + 1)
            raise InputError(f"{shown}:{at}: not valid TOML: {what}") from None
        if not data:
            raise InputError(f"{shown}: empty; it holds no setting")
        return cls(shown, text, data)

    def fail(self, keys: Iterable[Key], message: str) -> NoReturn:
        """Raise the `InputError` for the value at `keys`, with file and line."""
        raise InputError(f"{self.path}:{self.line_of(tuple(keys))}: {message}")

    def line_of(self, keys: tuple[Key, ...]) -> int:
        """The line (from 1) that states the value at `keys`, or the nearest table that encloses it.

        The line is the first one up to which the file, parsed alone, already holds the value: tomllib keeps no
        positions, and this way no second TOML parser has to agree with it.
        """
        lines = self.text.splitlines(keepends=True)
        while keys and not _holds(self.data, keys):
            keys = keys[:-1]
        if not keys:
            return 1
        return max(1, bisect_left(range(len(lines) + 1), True, key=lambda count: _head_holds(lines[:count], keys)))

    def validate(self, model: "type[M]", keys: tuple[Key, ...] = (), extra: Mapping[str, object] | None = None) -> "M":
        """The table at `keys`, with `extra` values, as a pydantic model; its first complaint is an `InputError`."""
        from pydantic import ValidationError  # only those who validate pay for its import

        value: Any = self.data
        for key in keys:
            value = value[key]
        if not isinstance(value, dict):
            self.fail(keys, f"{keys[-1]} must be a table")
        try:
            return model.model_validate({**value, **(extra or {})})
        except ValidationError as error:
            # A key that is not known first: a required one may be missing only because it was misspelt.
            first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
            where = first["loc"]
            while where and not _holds(value, where[:1]):  # a field that the model derived from others of the file
                where = where[1:]
            # The line says which one of a list it is.
            shown = {**first, "loc": tuple(part for part in first["loc"] if not isinstance(part, int))}
            self.fail((*keys, *where), validation_message(shown, _keys_at(model, first["loc"][:-1])))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise InputError(text) from None


def _keys_at(model: "type[BaseModel]", places: Iterable[Key]) -> list[str]:
    """The keys that a model's table may have at a place inside of it, as a file spells them."""
    for place in places:
        if place in model.model_fields:  # other places are numbers of a list, or names that a file chose
            model = _model_in(model.model_fields[str(place)].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> "type[BaseModel] | None":
    """The model that a field's type holds, if it holds one."""
    if hasattr(annotation, "model_fields"):
        return cast("type[BaseModel]", annotation)
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


# What is wanted where a value is of another type: the word "input" of pydantic's messages is one of ours, too.
_WANTED: Final = {
    "bool_type": "must be true or false",
    "date_type": "must be a day such as 2026-10-05, without quotes",
    "int_type": "must be a whole number, without quotes",
    "string_type": "must be text in quotes",
}


def validation_message(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """One of pydantic's complaints as a line for a person; `known` are the keys that may stand there."""
    names = [str(part) for part in error["loc"]]
    name = ".".join(names)
    if error["type"] == "extra_forbidden":
        return str(unknown_name("key", names[-1], known)) if known else f"unknown key {name!r}"
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "value_error":
        return f"{name}: {error['ctx']['error']}" if name else str(error["ctx"]["error"])
    given = error.get("input")
    shown = f", not {given!r:.60}" if isinstance(given, str | int | float | bool) else ""
    if isinstance(given, Decimal):
        shown = f", not {given!s:.60}"
    message = _WANTED.get(error["type"]) or str(error["msg"]).replace("valid tuple", "list")
    message = message.replace("Input should be", "must be")
    return f"{name}: {message[:1].lower()}{message[1:]}{shown}"


def _holds(data: Any, keys: tuple[Key, ...]) -> bool:
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _head_holds(head: list[str], keys: tuple[Key, ...]) -> bool:
    """Whether the longest parseable beginning of `head` holds `keys`."""
    while head:
        for closing in ("", "]", '"""', "'''"):  # an array or a text of several lines may still be open
            try:
                data = tomllib.loads("".join(head) + closing)
            except (tomllib.TOMLDecodeError, ValueError):
                continue
            return _holds(data, keys)
        head = head[:-1]
    return False


class Table:
    """One table of a TOML file, read key by key; what was not asked for by the end is an unknown key.

    Each reader raises `InputError` with file and line if the value is missing (where it is required) or of another
    type.
    """

    __slots__ = ("_asked", "data", "file", "keys")

    def __init__(self, file: TomlFile, keys: tuple[Key, ...], data: object) -> None:
        self.file: TomlFile = file
        self.keys: tuple[Key, ...] = keys
        if not isinstance(data, dict):
            last = keys[-1] if keys else "the file"
            self.fail(f"{last} must be a table" if isinstance(last, str) else f"{keys[-2]}: each must be a table")
        self.data: dict[str, Any] = data
        self._asked: set[str] = set()

    def fail(self, message: str, key: Key | None = None) -> NoReturn:
        """Raise `InputError` for this table, or for the value of `key` in it."""
        self.file.fail(self.keys if key is None else (*self.keys, key), message)

    def _get(self, key: str, types: tuple[type, ...], what: str, *, required: bool) -> Any:
        self._asked.add(key)
        value = self.data.get(key)
        if value is None:
            if required:
                self.fail(f"{key} is missing")
        elif not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            self.fail(f"{key} must be {what}, not {value!r:.60}", key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required unless there is a default."""
        value = self._get(key, (str,), "text in quotes", required=default is None)
        if value is not None and not value.strip() and default is None:
            self.fail(f"{key} must not be empty", key)
        return default if value is None and default is not None else str(value)

    def optional_text(self, key: str) -> str | None:
        """A string, or None if it is not given."""
        value: str | None = self._get(key, (str,), "text in quotes", required=False)
        return value

    def flag(self, key: str) -> bool:
        """True or false; false if it is not given."""
        return bool(self._get(key, (bool,), "true or false", required=False))

    def count(self, key: str) -> int | None:
        """A whole number above 0, or None if it is not given."""
        value: int | None = self._get(key, (int,), "a whole number", required=False)
        if value is not None and value <= 0:
            self.fail(f"{key} must be above 0, not {value}", key)
        return value

    def decimal(self, key: str, most: int) -> Decimal:
        """A number from 0 to `most` with at most 15 decimals, exactly as written."""
        value = self.optional_decimal(key, most)
        if value is None:
            self.fail(f"{key} is missing")
        return value

    def optional_decimal(self, key: str, most: int) -> Decimal | None:
        """The same, or None if it is not given."""
        value = self._get(key, (int, Decimal), "a number", required=False)
        if value is None:
            return None
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            self.fail(f"{key} must be a number, not {value}", key)
        if number < 0:
            self.fail(f"{key} must not be negative, not {value}", key)
        if number > most or exponent < -15:
            self.fail(f"{key} must be at most {most} and have at most 15 decimals, not {value!s:.40}", key)
        return number

    def day(self, key: str) -> date | None:
        """A date, or None if it is not given."""
        value = self._get(key, (date,), "a date such as 2026-09-23", required=False)
        if isinstance(value, datetime):
            self.fail(f"{key} must be a date without a time of day, not {value}", key)
        return value if isinstance(value, date) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty if it is not given."""
        value = self._get(key, (list,), "a list of texts", required=False) or []
        if not all(isinstance(item, str) for item in value):
            self.fail(f"{key} must be a list of texts in quotes", key)
        return tuple(value)

    def choice(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """A string that is one of `known`."""
        value = self.text(key, default)
        names = list(known)
        if value not in names:
            self.fail(str(unknown_name(key, value, names)), key)
        return value

    def tables(self, key: str) -> "Iterator[Table]":
        """The tables of a list, in order; none if it is not given."""
        for index, item in enumerate(self._get(key, (list,), "a list of tables", required=False) or []):
            yield Table(self.file, (*self.keys, key, index), item)

    def named(self, key: str) -> "Iterator[tuple[str, Table]]":
        """The tables under `key` with their names, in order; none if it is not given."""
        for name, item in (self._get(key, (dict,), "a table", required=False) or {}).items():
            yield name, Table(self.file, (*self.keys, key, name), item)

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self.data:
            if key not in self._asked:
                self.fail(str(unknown_name("key", key, sorted(self._asked))), key)
