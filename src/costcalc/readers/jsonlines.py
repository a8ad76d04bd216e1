"""Lines of JSON from hostile files: bounded, located, decoded only where they matter."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

from costcalc.entries import ReadLog, UsageEntry, utc
from costcalc.tokens import MAX_COUNT

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of the longest line that is read; a longer one is left out."""

_Row = TypeVar("_Row")


class RowError(ValueError):
    """A row that cannot be used; the message says why, without contents of messages."""


def _refuse_constant(name: str) -> NoReturn:
    raise RowError(f"{name} is not a number")


def _standard(line: bytes) -> Any:
    return json.loads(line, parse_constant=_refuse_constant)


def decoder() -> Callable[[bytes], Any]:
    """The fastest decoder there is."""
    try:
        import orjson
    except ImportError:
        return _standard
    loads: Callable[[bytes], Any] = orjson.loads
    return loads


def raw_lines(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers; an overlong one is skipped, however long it is."""
    read = 0
    with open(path, "rb") as file:  # noqa: PTH123
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            read += len(line)
            if told is not None and not number % 5_000:
                told(read)
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    read += len(rest)
                log.skip(path, number, f"a line of more than {MAX_LINE // 1024 // 1024} MB")
                continue
            yield number, line


def objects(
    path: str, log: ReadLog, marks: Iterable[bytes], told: "Callable[[int], object] | None" = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of the lines that hold one of the marks; other lines are not even decoded.

    A file that is one document over several lines gives that object, or the objects of that list.
    """
    decode = decoder()
    first, *others = marks
    document = whole_document(path)
    if document is not None:
        for found in document if isinstance(document, list) else [document]:
            if isinstance(found, dict):
                yield 1, found
            else:
                log.skip(path, 1, "not a JSON object")
        return
    for number, line in raw_lines(path, log, told):
        if first not in line and not any(mark in line for mark in others):
            continue
        found = object_of(path, log, number, line, decode)
        if found is not None:
            yield number, found


def object_of(
    path: str, log: ReadLog, number: int, line: bytes, decode: Callable[[bytes], Any]
) -> dict[str, Any] | None:
    """The JSON object that a line is; None, and a note in the log, if it is not one."""
    try:
        found = decode(line)
    except RowError as error:
        log.skip(path, number, str(error))
    except (ValueError, RecursionError):
        log.skip(path, number, "not valid JSON")
    else:
        if isinstance(found, dict):
            return found
        log.skip(path, number, "not a JSON object")
    return None


def whole_document(path: str) -> "dict[str, Any] | list[Any] | None":
    """The object or list that a file holds as one document of several lines; None if it is lines, or not JSON at all."""
    with open(path, "rb") as file:  # noqa: PTH123
        first = file.readline(MAX_LINE)
        if os.fstat(file.fileno()).st_size > 4 * MAX_LINE or first.strip()[:1] not in (b"{", b"["):
            return None
        try:
            alone = decoder()(first)
        except (ValueError, RecursionError):
            pass
        else:
            return alone if isinstance(alone, list) else None
        try:
            found = decoder()(first + file.read())
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict | list) else None


def each_row(
    path: str, log: ReadLog, rows: Iterable[tuple[int, _Row]], entry_of: Callable[[int, _Row], UsageEntry | None]
) -> Iterator[UsageEntry]:
    """The entries of rows with their numbers; a row that cannot be used is noted in the log, one without usage passed over."""
    for number, row in rows:
        try:
            entry = entry_of(number, row)
        except RowError as error:
            log.skip(path, number, str(error))
        else:
            if entry is not None:
                yield entry


def count(data: Mapping[str, Any], *names: str, required: bool = False) -> int | None:
    """The count under the first of the names that is there; None if it is absent or null.

    Raises `RowError` for one that is not a whole number from 0 to 10^15, or a required one that is absent.
    """
    for name in names:
        value = data.get(name)
        if value is None:
            continue
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 17:  # OTLP writes 64-bit so
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
            raise RowError(f"{name} is not a count of tokens")
        return value
    if required:
        raise RowError(f"{names[0]} is missing")
    return None


def nano_aiu(data: Mapping[str, Any], name: str) -> int | None:
    """A reported cost in nano-AIU; None if it is absent. Raises `RowError` for one that is not a whole number."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise RowError(f"{name} is not a number of nano-AIU")
    return value


def table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under a name; an empty one if it is absent. Raises `RowError` if it is something else."""
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowError(f"{name} is not an object")
    return value


def tables(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of the list under a name; none if it is absent or something else."""
    value = data.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(data: Mapping[str, Any], *names: str) -> str | None:
    """The text under the first of the names that is there, at most 500 characters of it; None otherwise."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str) and value:
            return value[:500]
    return None


def inclusive(prompt: int, cached: int | None, write: int | None) -> int:
    """Fresh input where the prompt includes the others. Raises `RowError` if they are more than the prompt."""
    fresh = prompt - (cached or 0) - (write or 0)
    if fresh < 0:
        raise RowError("cached tokens and cache writes are more than the prompt that should include them")
    return fresh


_KINDS: Final = {"input": "fresh_input", "cache_read": "cached_input", "cache_write": "cache_write", "output": "output"}


def kinds_of(data: Mapping[str, Any], name: str, kind: str, amount: str) -> dict[str, Any]:
    """Disjoint token counts from a list of details such as `{tokenType: "cache_read", tokenCount: 5}`.

    Raises `RowError` for a kind that is not known: its tokens would be lost.
    """
    counts = dict.fromkeys(_KINDS.values(), 0)
    details = data.get(name)
    if not isinstance(details, list):
        raise RowError(f"{name} is not a list")
    for detail in details:
        name_of_kind = detail.get(kind) if isinstance(detail, dict) else None
        if not isinstance(name_of_kind, str) or name_of_kind not in _KINDS:
            raise RowError(f"{name} has an entry that is not known")
        counts[_KINDS[name_of_kind]] += count(detail, amount, required=True) or 0
    return counts


def iso_time(value: object) -> datetime | None:
    """An ISO 8601 time in UTC; None for anything else."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        return utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def unix_time(seconds: object, unit: int = 1) -> datetime | None:
    """A time given as so many `unit`ths of a second since 1970; None for anything else."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 25:
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds / unit, UTC)
    except (ValueError, OverflowError, OSError):
        return None
