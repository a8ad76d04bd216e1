"""The day of each row in UTC, by each engine's own means: these are where engines differ most."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import narwhals as nw

from costcalc.errors import InputError
from costcalc.frames.prices import T

_MAX_SECONDS: Final = 7_258_118_400  # the year 2200


def with_day(frame: Any, column: str, schema: Mapping[str, Any], fixed: date | None) -> Any:
    """The frame with the day of each row in UTC, null where there is none, and whether its text has an offset."""
    no_offset = nw.lit(value=False).alias(f"{T}offset")
    if fixed is not None:
        return frame.with_columns(nw.lit(fixed).alias(f"{T}day"), no_offset)
    dtype = schema[column]
    if isinstance(dtype, nw.String):
        text = nw.col(column)
        has_offset = text.str.contains(r":[0-9]{2}(?:\.[0-9]+)? ?[+-][0-9]{2}(?::?[0-9]{2})?$") & ~text.str.contains(
            r"[+-]00(?::?00)?$"
        )
        sound = text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$")
        cut = nw.when(sound & ~has_offset).then(text.str.slice(0, 10)).otherwise(nw.lit(None).cast(nw.String))
        frame = frame.with_columns(cut.alias(f"{T}text"), has_offset.fill_null(value=False).alias(f"{T}offset"))
        return nw.from_native(_native_day(frame, f"{T}text", "text"))
    if isinstance(dtype, nw.Date):
        return frame.with_columns(nw.col(column).alias(f"{T}day"), no_offset)
    if isinstance(dtype, nw.Datetime):
        form = "time" if dtype.time_zone is None else "zoned"
        return nw.from_native(_native_day(frame, column, form)).with_columns(no_offset)
    if dtype.is_integer() or dtype.is_float():
        absent = nw.col(column).is_null()
        if dtype.is_float():  # as pandas has whole numbers of which one is missing
            absent = absent | nw.col(column).is_nan().fill_null(value=True)
        filled = nw.when(~absent).then(nw.col(column)).otherwise(nw.lit(-1))  # in this order pandas keeps the type
        frame = frame.with_columns((filled - filled % 1).cast(nw.Int64).alias(f"{T}seconds"))
        cell = nw.col(f"{T}seconds")
        sound = (cell >= 0) & (cell < _MAX_SECONDS)  # milliseconds, for instance, are no seconds
        frame = frame.with_columns(nw.when(sound).then(cell).otherwise(nw.lit(None)).alias(f"{T}seconds"))
        return nw.from_native(_native_day(frame, f"{T}seconds", "seconds")).with_columns(no_offset)
    if frame.implementation.is_pandas_like():
        import pandas as pd

        cells = frame.to_native()[column]
        if isinstance(cells.dtype, pd.DatetimeTZDtype):  # of zones that narwhals does not know
            return nw.from_native(_native_day(frame, column, "zoned")).with_columns(no_offset)
        if cells.map(lambda cell: isinstance(cell, date) or pd.isna(cell)).all():  # dates as Python objects
            days = frame.to_native().assign(**{f"{T}day": pd.to_datetime(cells)})
            return nw.from_native(days).with_columns(no_offset)
    raise InputError(f"column {column} (on) is of type {dtype}, not of dates, times, ISO texts or seconds since 1970")


def _native_day(frame: Any, column: str, form: str) -> Any:
    """The day in UTC by the engine itself: from a text of ten letters, a time with or without a zone, or seconds."""
    native, kind, name = frame.to_native(), frame.implementation, f"{T}day"
    if kind.is_polars():
        import polars as pl

        cell = pl.col(column)
        days = {
            "text": cell.str.to_date("%Y-%m-%d", strict=False),
            "time": cell.dt.date(),
            "zoned": cell.dt.convert_time_zone("UTC").dt.date(),
            "seconds": pl.from_epoch(cell, "s").dt.date(),
        }
        return native.with_columns(days[form].alias(name))
    if kind.is_duckdb():
        quoted = '"' + column.replace('"', '""') + '"'
        sql = {
            "text": f"TRY_CAST({quoted} AS DATE)",
            "time": f"CAST({quoted} AS DATE)",
            "zoned": f"CAST({quoted} AT TIME ZONE 'UTC' AS DATE)",
            "seconds": f"CAST(make_timestamp(CAST({quoted} AS BIGINT) * 1000000) AS DATE)",
        }
        return native.project(f'*, {sql[form]} AS "{name}"')
    if kind.is_pyspark():
        from pyspark.sql import functions

        quoted = "`" + column.replace("`", "``") + "`"
        from_seconds = "date_add(DATE'1970-01-01', CAST(floor({} / 86400) AS INT))"
        sql = {
            "text": f"try_cast({quoted} AS DATE)",
            "time": f"CAST({quoted} AS DATE)",
            "zoned": from_seconds.format(f"unix_seconds({quoted})"),
            "seconds": from_seconds.format(quoted),
        }
        return native.withColumn(name, functions.expr(sql[form]))
    if kind.is_pyarrow():
        import pyarrow as pa
        import pyarrow.compute as pc

        cell = native[column]
        if form == "text":
            parsed = pc.strptime(cell, format="%Y-%m-%d", unit="s", error_is_null=True)
            sound = pc.equal(pc.strftime(parsed, format="%Y-%m-%d"), cell)  # no 31st of February
            cell = pc.if_else(sound, parsed, pa.scalar(None, parsed.type))
        elif form == "zoned":
            cell = pc.cast(cell, pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        elif form == "seconds":
            cell = pc.cast(cell, pa.int64()).cast(pa.timestamp("s"))
        return native.append_column(name, pc.cast(pc.floor_temporal(cell, unit="day"), pa.date32()))
    import pandas as pd

    cell = native[column]
    if form == "text":
        day = pd.to_datetime(cell, format="%Y-%m-%d", errors="coerce")
    elif form == "seconds":
        day = pd.to_datetime(cell, unit="s", errors="coerce")
    elif form == "zoned":
        day = cell.dt.tz_convert("UTC").dt.tz_localize(None)
    else:
        day = cell
    return native.assign(**{name: day})
