"""The fast way to add up a large usage report of GitHub: by polars, a group of equal rows at a time.

Plain rows (credits with at most nine decimals, whole token counts) are added up by day, model and the keys asked for;
every other row goes through `costcalc.readers.github_report` by itself, as all do without polars; a property test holds
the two together. A file whose lines cannot be told apart safely is left to the careful way altogether.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers import github_report
from costcalc.readers.jsonlines import each_row

if TYPE_CHECKING:
    import polars as pl

MIN_BYTES: Final = 4_000_000
"""Smaller files are read row by row: that is faster than to load polars."""

_KEYS: Final = {
    "user": "username",
    "repository": "repository",
    "organization": "organization",
    "cost_center": "cost_center_name",
}
_TOKENS: Final = ("input", "output", "cache_read", "cache_write")
_MOST: Final = 2**62


def read(path: str, log: ReadLog, keep: "frozenset[str]") -> Iterator[UsageEntry] | None:
    """The usage of a large report, added up by day, model and the keys in `keep`; None if it is not such a file."""
    try:
        if Path(path).stat().st_size < MIN_BYTES:
            return None
        import polars as pl
    except (OSError, ImportError):
        return None
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            names = [name.strip().lower() for name in file.readline().rstrip("\r\n").split(",")]
        needed = {"date", "model", "sku", "unit_type", "quantity", *_TOKENS}
        if not needed <= set(names) or len(names) != len(set(names)):
            return None
        rows = _rows(pl, path, names)
        keys = ["date", "model", *(_KEYS[key] for key in sorted(keep & _KEYS.keys()) if _KEYS[key] in names)]
        amounts = ("nano_aiu", *_TOKENS)
        found = (
            rows.group_by("plain", *keys)
            .agg(
                pl.len(),
                *(pl.col(name).sum() for name in amounts),
                *(pl.col(name).max().alias(f"{name}_max") for name in amounts),
            )
            .collect(engine="streaming")
        )
        groups = found.filter("plain")
        others = None
        if groups.height < found.height:
            texts = (f"{name}_text" for name in names)
            others = rows.filter(~pl.col("plain")).select("line", *texts).collect(engine="streaming")
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return None
    if not _is_whole(path, names, int(found["len"].sum())):
        return None
    largest = [((groups[f"{name}_max"].cast(pl.Float64) * groups["len"]).max()) for name in amounts]
    if any(isinstance(each, float) and each >= _MOST for each in largest):  # a sum might have passed 64 bits
        return None
    return _entries(path, log, keys, groups, others, names)


def _rows(pl: Any, path: str, names: list[str]) -> Any:
    """The rows, as a lazy frame, with their line, what they amount to, and whether they are plain."""
    scanned = pl.scan_csv(path, schema=dict.fromkeys(names, pl.String), row_index_name="line", row_index_offset=2)
    texts = [pl.col(name).fill_null("").alias(f"{name}_text") for name in names]
    cells = {name: pl.col(name).fill_null("").str.strip_chars() for name in names}
    used = [name for name in ("model", *_KEYS.values()) if name in names]
    unit, sku = cells["unit_type"].str.to_lowercase(), pl.col("sku").fill_null("")
    is_ai = unit.is_in(sorted(github_report.AI_UNITS)) | sku.str.contains(r"(?i)(^|[_ -])ai[_ -]?(credit|unit)s?")
    nano_aiu = (cells["quantity"].str.to_decimal(scale=9) * 1_000_000_000).cast(pl.Int64, strict=False)
    plain = (
        is_ai
        & cells["date"].str.contains(r"^20\d\d-[01]\d-[0-3]\d$")
        & cells["date"].str.to_date("%Y-%m-%d", strict=False).is_not_null()
        & cells["quantity"].str.contains(r"^\d{1,9}(\.\d{1,9})?$")
        & (nano_aiu > 0)
        & pl.all_horizontal(cells[name].str.contains(r"^\d{1,15}$") for name in _TOKENS)
        & ~pl.any_horizontal(pl.col(name).fill_null("").str.contains(r"[\x00-\x1f\x7f\u0085]") for name in used)
        & (cells["model"].str.len_chars() <= 400)
    )
    return scanned.with_columns(
        *texts,
        *(cells[name] for name in ("date", "model", *_KEYS.values()) if name in names),
        *(cells[name].cast(pl.Int64, strict=False) for name in _TOKENS),
        nano_aiu=nano_aiu,
        plain=plain.fill_null(value=False),
    )


def _is_whole(path: str, names: list[str], rows: int) -> bool:
    """Whether every line is one row with all its cells: no blank line, no padding, no line break inside of quotes."""
    commas = breaks = 0
    last = b""
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            commas += part.count(b",")
            breaks += part.count(b"\n")
            last = part
    return commas == (len(names) - 1) * (rows + 1) and breaks + (not last.endswith(b"\n")) == rows + 1


def _entries(
    path: str, log: ReadLog, keys: list[str], groups: "pl.DataFrame", others: "pl.DataFrame | None", names: list[str]
) -> Iterator[UsageEntry]:
    field_of = {column: key for key, column in _KEYS.items()}
    for row in groups.iter_rows(named=True):
        model, auto = github_report.model_of(row["model"])
        day = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
        named: dict[str, Any] = {field_of[key]: row[key][:500] or None for key in keys if key in field_of}
        yield UsageEntry(
            path,
            0,
            github_report.SOURCE,
            day,
            model,
            fresh_input=row["input"],
            cached_input=row["cache_read"],
            cache_write=row["cache_write"],
            output=row["output"],
            requests=0,
            reported_nano_aiu=row["nano_aiu"],
            auto=auto,
            records=row["len"],
            **named,
        )
    if others is not None:
        texts = ((row["line"], {name: row[f"{name}_text"] for name in names}) for row in others.iter_rows(named=True))
        yield from each_row(path, log, texts, partial(github_report.entry_of, path, log))
