"""The fast way to read usage as CSV, for files of millions of plain rows.

It takes only rows that cannot be read in two ways: unquoted cells, times like `2026-10-05T09:30:00Z`, credits like
`12.5` with at most nine decimals. Anything else, and any row that cannot be billed, is left to
`costcalc.readers.usage_csv`, which reads every form and names the line; a property test holds the two together.
Needs polars and numpy (`costcalc[fast]`).
"""

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from costcalc.billing.account import Account
from costcalc.billing.usage import Actor, UsageColumns, microseconds

if TYPE_CHECKING:
    import polars as pl

MIN_BYTES: Final = 2_000_000
"""Smaller files are read row by row: that is faster than to load polars."""

_COLUMNS: Final = ("time", "user", "credits", "organization", "cost_center")
_SEPARATOR: Final = "\x1f"
_CONTROL: Final = r"[\x00-\x1f\x7f\u0085]"
_TIME: Final = r"^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ$"
_CREDITS: Final = r"^\d{1,9}(\.\d{1,9})?$"


def read_plain(path: str, account: Account) -> UsageColumns | None:
    """The usage of a large file of plain rows, all of it in the account's month; None if it is not such a file."""
    try:
        if Path(path).stat().st_size < MIN_BYTES:
            return None
        commas = _commas(path)
        if commas is None:
            return None
        import polars as pl
    except (OSError, ValueError, ImportError):
        return None
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            names = [name.strip().lower() for name in file.readline().rstrip("\r\n").split(",")]
        if not {"time", "user", "credits"} <= set(names) <= set(_COLUMNS) or len(names) != len(set(names)):
            return None
        rows = pl.scan_csv(path, schema=dict.fromkeys(names, pl.String), quote_char=None)
        found = rows.select(*_columns(pl, names)).collect(engine="streaming")
        # Short rows are padded when read; the number of commas tells that there are none.
        if (
            not found.height
            or commas != (len(names) - 1) * (found.height + 1)
            or any(found[name].null_count() for name in ("time_us", "key", "nano_aiu"))
        ):
            return None
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return None
    first, last = found["time_us"].min(), found["time_us"].max()
    within = isinstance(first, int) and isinstance(last, int)
    if not within or not microseconds(account.starts) <= first <= last < microseconds(account.ends):  # type: ignore[operator]
        return None
    return _as_columns(pl, found)


def _commas(path: str) -> int | None:
    """How many commas a file has; None if it has quotes."""
    commas = 0
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            if b'"' in part:
                return None
            commas += part.count(b",")
    return commas


def _columns(pl: Any, names: list[str]) -> "list[pl.Expr]":
    """Time in microseconds, the key of the actor, and nano-AIU; null where a cell is not plain."""

    def cell(name: str) -> Any:
        return pl.col(name).fill_null("").str.strip_chars()

    time = cell("time")
    instant = time.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", strict=False)
    credits = cell("credits")
    nano_aiu = (credits.str.to_decimal(scale=9) * 1_000_000_000).cast(pl.Int64, strict=False)
    optional = [cell(name) if name in names else pl.lit("") for name in ("organization", "cost_center")]
    key = pl.concat_str([cell("user"), *optional], separator=_SEPARATOR)
    return [
        pl.when(time.str.contains(_TIME)).then(instant.cast(pl.Int64)).alias("time_us"),
        pl.when((cell("user") != "") & ~pl.any_horizontal(pl.col(name).str.contains(_CONTROL) for name in names))
        .then(key)
        .cast(pl.Categorical)
        .alias("key"),
        pl.when(credits.str.contains(_CREDITS)).then(nano_aiu).alias("nano_aiu"),
    ]


def _as_columns(pl: Any, found: "pl.DataFrame") -> UsageColumns:
    import numpy as np

    keys = found["key"].unique()
    codes = keys.to_physical().to_numpy()
    place = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    place[codes] = np.arange(len(codes))
    actor = place[found["key"].to_physical().to_numpy()]
    actors = []
    for name in keys.cast(pl.String).to_list():
        user, organization, cost_center = name.split(_SEPARATOR)
        actors.append(Actor(user, organization or None, cost_center or None))
    return UsageColumns(
        _as_array(found["time_us"].to_numpy()),
        _as_array(actor),
        _as_array(found["nano_aiu"].to_numpy()),
        tuple(actors),
    )


def _as_array(values: Any) -> "array[int]":
    column = array("q")
    column.frombytes(memoryview(values).cast("B"))
    return column
