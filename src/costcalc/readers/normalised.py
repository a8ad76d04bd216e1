"""costcalc's own form of usage, as CSV or Parquet: one row an entry, the fields of `costcalc.entries.UsageEntry`.

Convention: token kinds are disjoint, an empty cell is unknown, times are ISO 8601 in UTC. What is written here is read
back the same. Parquet needs polars (`costcalc[fast]`).
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.errors import InputError
from costcalc.files import whole_file
from costcalc.readers.csvlines import csv_rows
from costcalc.readers.jsonlines import RowError, count, each_row, iso_time, nano_aiu
from costcalc.tokens import KINDS

SOURCE: Final = "costcalc-csv"
PARQUET_SOURCE: Final = "costcalc-parquet"
PARQUET_MAGIC: Final = b"PAR1"

_TEXTS: Final = (
    "model",
    "route",
    "service_tier",
    "session",
    "task",
    "user",
    "repository",
    "organization",
    "cost_center",
)
_FLAGS: Final = ("auto", "billed")
COLUMNS: Final = ("time", *_TEXTS[:3], *KINDS, "requests", "reported_nano_aiu", *_FLAGS, *_TEXTS[3:])
_MARKED: Final = ("=", "+", "-", "@", "'")
"""A text that starts so gets a quote before it, so that no spreadsheet takes it for a formula."""


def is_header(names: "list[str]") -> bool:
    """Whether a CSV header is of this form."""
    return {"time", "fresh_input"} <= set(names) <= set(COLUMNS)


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one CSV file of this form."""
    rows = (
        (number, {name: _from_cell(cell) for name, cell in row.items()})
        for number, row in csv_rows(path, log, told, lambda line: next(csv.reader([line], strict=True), []))
    )
    yield from each_row(path, log, rows, partial(_entry, path, SOURCE))


def _from_cell(cell: str) -> str | None:
    return cell[1:] if cell.startswith("'") and cell[1:2] in _MARKED else cell or None


def _entry(path: str, source: str, line: int, row: Mapping[str, Any]) -> UsageEntry:
    time = iso_time(row.get("time"))
    if time is None and row.get("time") is not None:
        raise RowError("time is not of the form 2026-10-05T09:30:00Z")
    reported = row.get("reported_nano_aiu")
    if isinstance(reported, str) and reported.isascii() and reported.isdigit() and len(reported) < 20:
        reported = int(reported)
    texts = {name: None if row.get(name) is None else str(row[name])[:500] for name in _TEXTS}
    requests = count(row, "requests")
    return UsageEntry(
        path,
        line,
        source,
        time,
        texts["model"],
        route=texts["route"] or "copilot",
        service_tier=texts["service_tier"] or "standard",
        **{kind: count(row, kind) for kind in KINDS},  # type: ignore[arg-type]
        requests=1 if requests is None else requests,
        reported_nano_aiu=nano_aiu({"reported_nano_aiu": reported}, "reported_nano_aiu"),
        auto=_flag(row, "auto"),
        billed=_flag(row, "billed") is not False,
        **{name: texts[name] for name in _TEXTS[3:]},  # type: ignore[arg-type]
    )


def _flag(row: Mapping[str, Any], name: str) -> bool | None:
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise RowError(f"{name} is not true or false")
    return bool(value == "true")


def read_parquet(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:  # noqa: ARG001
    """The usage of one Parquet file of this form."""
    try:
        import polars as pl
    except ImportError:
        log.skip(path, 0, "Parquet needs polars: pip install 'costcalc[fast]'")
        return
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        log.skip(path, 0, "not a Parquet file that can be read")
        return
    if not is_header(frame.columns):
        log.skip(path, 0, "a Parquet file of another form")
        return
    yield from each_row(path, log, enumerate(frame.iter_rows(named=True), 1), partial(_entry, path, PARQUET_SOURCE))


def write(entries: Iterable[UsageEntry], path: "str | os.PathLike[str]") -> int:
    """Write entries to a `.csv` or `.parquet` file, whole or not at all, and say how many.

    Raises `InputError` for another ending, for a file that is there already, or one that cannot be written.
    """
    target = Path(path)
    form = target.suffix.lower()
    if form not in (".csv", ".parquet"):
        raise InputError(f"{target}: must end in .csv or .parquet")
    with whole_file(target) as file:
        if form == ".parquet":
            return _write_parquet(entries, file.name)
        written = 0
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for entry in entries:
            writer.writerow(_to_cell(value) for value in row_of(entry).values())
            written += 1
    return written


def _write_parquet(entries: Iterable[UsageEntry], path: str) -> int:
    try:
        import polars as pl
    except ImportError:
        raise InputError("Parquet needs polars: pip install 'costcalc[fast]'") from None
    integers = (*KINDS, "requests", "reported_nano_aiu")
    schema = {name: pl.Int64 if name in integers else pl.Boolean if name in _FLAGS else pl.String for name in COLUMNS}
    frame = pl.DataFrame([row_of(entry) for entry in entries], schema=schema)
    frame.write_parquet(path)
    return frame.height


def row_of(entry: UsageEntry) -> dict[str, Any]:
    """The fields of an entry by column; times as text."""
    row = {name: getattr(entry, name) for name in COLUMNS}
    row["time"] = None if entry.time is None else entry.time.isoformat().replace("+00:00", "Z")
    return row


def _to_cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Neither a formula nor a line break may leave the cell.
        value = " ".join(value.splitlines())
        return f"'{value}" if value.startswith(_MARKED) else value
    return value
