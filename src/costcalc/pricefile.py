"""Files of usage of any size priced into another file: CSV, Parquet or JSON lines, by Polars in a stream, or on Spark."""

import glob
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, get_args

from narwhals.exceptions import NarwhalsError

from costcalc import frames
from costcalc.errors import InputError, unknown_name
from costcalc.files import target_of, whole_path
from costcalc.frames.prices import T
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import PriceBook, checked_day
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.display import Part, Result, Table, count_of, number, usd
from costcalc.units import credits_of_nano_aiu, plain, usd_of_nano_aiu

Engine = Literal["polars", "spark"]

_FORMS: Final = {".csv": "csv", ".parquet": "parquet", ".jsonl": "json", ".ndjson": "json"}


@dataclass(frozen=True, slots=True, repr=False)
class PricedFile(Result):
    """A file that was priced: its rows, what they cost in all, and by reason how many have no cost."""

    kind: ClassVar[str] = "price-file"

    source: str
    target: str
    engine: str
    rows_read: int
    nano_aiu: int
    unpriced: tuple[tuple[str, int], ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def unpriced_rows(self) -> int:
        """How many rows have no cost."""
        return sum(count for _, count in self.unpriced)

    @property
    def credits(self) -> Decimal:
        """What the priced rows cost, in AI credits."""
        return credits_of_nano_aiu(self.nano_aiu)

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "target": self.target,
            "engine": self.engine,
            "records": self.rows_read,
            "credits": plain(self.credits),
            "usd": plain(usd_of_nano_aiu(self.nano_aiu)),
            "unpriced_records": self.unpriced_rows,
            "unpriced": [{"reason": reason, "records": count} for reason, count in self.unpriced],
        }

    def parts(self) -> Iterator[Part]:
        missing = f", {self.unpriced_rows:,} of them without a cost and not in it" if self.unpriced else ""
        yield (
            f"{usd(usd_of_nano_aiu(self.nano_aiu))} ({number(self.credits)} credits): "
            f"{count_of(self.rows_read, 'record')}{missing}; written to {self.target}"
        )
        if self.unpriced:
            yield Table(("why it has no cost", "records"), self.unpriced, "Without a cost")
        yield from claims_line(self.rates)

    def rows(self) -> list[dict[str, Any]]:
        found = [{"reason": None, "records": self.rows_read - self.unpriced_rows, "credits": self.credits}]
        return [*found, *({"reason": reason, "records": count, "credits": None} for reason, count in self.unpriced)]

    def columns(self) -> dict[str, type]:
        return {"reason": str}


def price_file(
    source: "str | os.PathLike[str]",
    target: "str | os.PathLike[str]",
    *,
    engine: Engine = "polars",
    master: str | None = None,
    **arguments: Any,
) -> PricedFile:
    """Price the usage in a file, a folder or a glob of files of one form, and write it with the columns of `frames.price`.

    The forms are CSV, Parquet and JSON lines, told from the ending of names; other arguments are those of `frames.price`.
    Polars streams, so that files may be larger than memory; the target is written whole or not at all, and must not be there.
    `engine="spark"` runs the same on a cluster, `master` its address; the target is then a folder, as Spark writes them.

    Raises `InputError` for what cannot be read or written, and what `frames.price` raises.
    """
    if engine not in get_args(Engine):
        raise unknown_name("engine", engine, get_args(Engine))
    if engine != "spark" and master is not None:
        raise InputError("a master is the address of a Spark cluster; give engine spark with it")
    paths = _files(os.fspath(source))
    read, written = _form(paths[0]), _form(os.fspath(target))
    for path in paths:
        if _form(path) != read:
            raise InputError(
                f"{source}: files of several forms ({Path(paths[0]).name}, {Path(path).name}); give those of one"
            )
    found = _in_spark if engine == "spark" else _in_polars
    sums = found(paths, os.fspath(source), os.fspath(target), read, written, master, arguments)
    by_reason: dict[str, int] = {}
    for reason, _, count, _ in sums:
        if reason is not None:
            by_reason[reason] = by_reason.get(reason, 0) + count
    unpriced = tuple(sorted(by_reason.items()))
    book: PriceBook = arguments.get("rates") or PriceBook.load()
    used = {rate_id for _, rate_id, _, _ in sums}
    rates = tuple(rate for rate in book.rates if rate.id in used)
    notices = [notice for rate in rates for notice in book.notices(rate, checked_day(None))]
    if unpriced:
        total = sum(count for _, count in unpriced)
        notices.append(Notice("unpriced", f"no cost: {count_of(total, 'record')}; none is taken for 0"))
    return PricedFile(
        os.fspath(source),
        os.fspath(target),
        engine,
        sum(count for _, _, count, _ in sums),
        sum(int(cost or 0) for _, _, _, cost in sums),
        unpriced,
        rates,
        distinct(notices),
    )


def _files(source: str) -> list[str]:
    """The files that a path, a folder or a glob stands for, those of a folder at any depth."""
    if os.path.isdir(source):  # noqa: PTH112
        found = [
            os.path.join(folder, name)  # noqa: PTH118
            for folder, _, names in os.walk(source)
            for name in names
            if Path(name).suffix.lower() in _FORMS and not name.startswith(("_", "."))
        ]
    elif os.path.isfile(source):  # noqa: PTH113
        found = [source]
    else:
        found = [path for path in glob.glob(source, recursive=True) if os.path.isfile(path)]  # noqa: PTH113, PTH207
    if not found:
        raise InputError(f"{source}: no file of usage there (.csv, .parquet, .jsonl)")
    return sorted(found)


def _form(path: str) -> str:
    form = _FORMS.get(Path(path).suffix.lower())
    if form is None:
        raise InputError(f"{path}: must end in {', '.join(_FORMS)}")
    return form


def _in_polars(
    paths: list[str],
    source: str,
    target: str,
    read: str,
    written: str,
    _: str | None,
    arguments: dict[str, Any],
) -> list[tuple[Any, ...]]:
    """By reason and claim how many rows there are, and what they cost."""
    try:
        import polars as pl
    except ImportError:
        raise InputError("pricing files needs polars: pip install 'costcalc[fast]'") from None
    scans = {"csv": _scan_csv, "parquet": pl.scan_parquet, "json": pl.scan_ndjson}
    # What the first rows lack must not decide the type of what was written.
    added = {"cost_nano_aiu": pl.Int64, **dict.fromkeys(("rate_id", "rate_status", "tier", "cost_reason"), pl.String)}
    settings = {"csv": {"schema_overrides": added}, "parquet": {}, "json": {"schema_overrides": added}}

    def priced_into(part: str, usage: Any, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
        priced = frames.price(usage, **arguments)
        {"csv": priced.sink_csv, "parquet": priced.sink_parquet, "json": priced.sink_ndjson}[written](part)
        back = scans[written](part, **settings[written])  # type: ignore[operator]
        sums = back.group_by("cost_reason", "rate_id").agg(pl.len(), pl.col("cost_nano_aiu").cast(pl.Int128).sum())
        rows: list[tuple[Any, ...]] = sums.collect(engine="streaming").rows()
        return rows

    try:
        with whole_path(target) as part:
            if read != "csv":
                return priced_into(part, scans[read](paths), arguments)  # type: ignore[operator]
            try:
                return priced_into(part, _scan_csv(paths), arguments)
            except (
                InputError,
                pl.exceptions.PolarsError,
            ):  # a cell that is no number, perhaps: each is judged by itself
                return priced_into(part, *_with_counts(paths, arguments))
    except (pl.exceptions.PolarsError, NarwhalsError, OSError, UnicodeDecodeError) as error:
        first = str(error).strip().split("\n", 1)[0][:200]
        hint = "; save it as UTF-8" if "utf" in first.lower() else ""
        raise InputError(f"{source}: cannot be priced ({first}){hint}") from None


def _scan_csv(paths: Any, **settings: Any) -> Any:
    """CSV with days as texts: how they are written is judged row by row, not guessed."""
    import polars as pl

    return pl.scan_csv(paths, infer_schema_length=10_000, **settings)


def _with_counts(paths: list[str], arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """CSV with counts as texts, what they are as numbers beside them, and arguments that name the latter.

    A cell that is no whole number becomes -1, which no row can have: it is told as no count, and not taken for a missing one.
    """
    import polars as pl

    named = frames.count_columns(arguments)
    usage = _scan_csv(paths, schema_overrides=dict.fromkeys(named.values(), pl.String))
    read = {}
    for name, column in named.items():
        if column in usage.collect_schema():
            text = pl.col(column).str.strip_chars().str.strip_suffix(".0")  # as is written where one is missing
            value = text.cast(pl.Int64, strict=False).fill_null(-1)
            read[name] = pl.when(text.is_null() | (text == "")).then(None).otherwise(value).alias(f"{T}{name}_read")
    return usage.with_columns(*read.values()), {**arguments, **{name: f"{T}{name}_read" for name in read}}


def _in_spark(
    paths: list[str],
    source: str,
    target: str,
    read: str,
    written: str,
    master: str | None,
    arguments: dict[str, Any],
) -> list[tuple[Any, ...]]:
    """By reason and claim how many rows there are, and what they cost."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession, functions
    except ImportError:
        raise InputError("engine spark needs PySpark: pip install 'costcalc[spark]'") from None
    folder = target_of(target)
    builder = SparkSession.builder.appName("costcalc price-file")
    spark = (builder if master is None else builder.master(master)).getOrCreate()
    try:
        reader = spark.read.option("header", "true").option("inferSchema", "true") if read == "csv" else spark.read
        usage = getattr(reader, read)(source if os.path.isdir(source) else paths)  # noqa: PTH112
        priced = frames.price(usage, **arguments)
        writer = priced.write.option("header", "true") if written == "csv" else priced.write
        getattr(writer, written)(str(folder))
        reader = spark.read.option("header", "true").option("inferSchema", "true") if written == "csv" else spark.read
        back = getattr(reader, written)(str(folder))
        cost = functions.sum(functions.col("cost_nano_aiu").cast("decimal(38,0)"))
        found = back.groupBy("cost_reason", "rate_id").agg(functions.count(functions.lit(1)), cost).collect()
    except PySparkException as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(f"{source}: cannot be priced ({str(error).splitlines()[0][:200]})") from None
    return [tuple(row) for row in found]
