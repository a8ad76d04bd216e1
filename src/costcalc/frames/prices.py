"""Prices as a small table for an engine: by model name and period, what a token of each kind costs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import narwhals as nw

from costcalc.errors import RateNotFoundError, UnknownNameError
from costcalc.pricing.book import PriceBook
from costcalc.pricing.catalog import fold
from costcalc.pricing.rate import Rate

T: Final = "__costcalc_"
"""What the names of columns start with that are only there while a frame is priced."""

KINDS: Final = ("fresh", "cached", "write", "output")
NO_PERIOD: Final = -1


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices that may apply, by model name and period: between two of `starts` no price begins or ends."""

    starts: tuple[date, ...]
    rows: tuple[dict[str, Any], ...]
    spellings: tuple[str, ...]
    tiers: int
    off_grid: bool

    @classmethod
    def of(cls, book: PriceBook, basis: str, routes: Iterable[str], service_tiers: Iterable[str]) -> "PriceTable":
        """All that a book states for some routes and service tiers, under a basis."""
        routes, service_tiers = tuple(routes), tuple(service_tiers)
        relevant = [each for each in book.rates if each.route in routes and each.service_tier in service_tiers]
        edges = {
            day for each in relevant for day in (each.effective_from, each.effective_until, each.not_before) if day
        }
        starts = tuple(sorted(edges)) or (date(2026, 6, 1),)
        days = (starts[0] - timedelta(days=1), *starts)
        ways = [(model, route, tier) for model in book.models.values() for route in routes for tier in service_tiers]
        believed = [[_rate(book, model.id, route, day, basis, tier) for day in days] for model, route, tier in ways]
        # Only days on which some believed price changes part two periods.
        kept = [
            place for place in range(1, len(days)) if any(found[place] is not found[place - 1] for found in believed)
        ]
        auto = book.modifiers.get("auto")
        rows: list[dict[str, Any]] = []
        most, off_grid = 1, False
        for (model, route, tier), found in zip(ways, believed, strict=True):
            names = {fold(name) for name in model.names}
            if route == "api":
                names |= {_undated(name) for name in names}
            for period, rate in enumerate([found[0], *(found[place] for place in kept)]):
                forms = [(names, rate)]
                if auto is not None and auto.route == route:
                    marked = None if rate is None else rate.with_modifiers(auto)
                    forms.append(({f"auto: {name}" for name in names}, marked))
                for keys, claim in forms:
                    if claim is not None:
                        most = max(most, len(claim.tiers))
                        off_grid |= not all(each.on_nano_aiu_grid for each in claim.tiers)
                    rows += [
                        {"key": key, "period": period, "route": route, "service": tier, "rate": claim}
                        for key in sorted(keys)
                    ]
        written = {name for model in book.models.values() for name in (*model.names, *map(fold, model.names))}
        if auto is not None and auto.route in routes:
            written |= {f"{mark}: {name}" for mark in ("Auto", "auto") for name in written}
        return cls(tuple(days[place] for place in kept), tuple(rows), tuple(sorted(written)), most, off_grid)

    def period(self, column: str, dtype: Any) -> Any:
        """The period of a row's day: how many starts lie on or before it; `NO_PERIOD` without a day."""
        day = nw.col(column)
        found = nw.lit(0).cast(nw.Int64)
        for start in self.starts:
            edge = start if isinstance(dtype, nw.Date) else datetime(start.year, start.month, start.day)
            found = found + (day >= nw.lit(edge)).fill_null(value=False).cast(nw.Int64)
        return nw.when(day.is_null()).then(nw.lit(NO_PERIOD)).otherwise(found).cast(nw.Int64)

    def texts(self) -> set[str]:
        """The columns that hold texts; the others hold whole numbers."""
        by_tier = (f"{name}{tier}" for name in ("id", "name") for tier in range(self.tiers))
        return {f"{T}{name}" for name in ("key", "route", "service", "status", *by_tier)}

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Rows of the table, column by column."""
        found: dict[str, list[Any]] = {
            f"{T}{name}": [] for name in ("key", "period", "route", "service", "known", "status")
        }
        for tier in range(self.tiers):
            found |= {f"{T}{kind}_unit{tier}": [] for kind in KINDS}
            found |= {f"{T}{name}{tier}": [] for name in ("scale", "id", "name", "over")}
        for row in rows:
            rate: Rate | None = row["rate"]
            for name in ("key", "period", "route", "service"):
                found[f"{T}{name}"].append(row[name])
            found[f"{T}known"].append(1)
            found[f"{T}status"].append(None if rate is None else rate.status)
            for tier in range(self.tiers):
                tiers = () if rate is None else rate.tiers
                each = tiers[tier] if tier < len(tiers) else None
                units: Sequence[int | None] = (None,) * len(KINDS)
                scale: int | None = None
                if each is not None:
                    units, scale = each.integer_prices()
                for kind, unit in zip(KINDS, units, strict=True):
                    found[f"{T}{kind}_unit{tier}"].append(unit)
                found[f"{T}scale{tier}"].append(scale)
                found[f"{T}id{tier}"].append(None if each is None else each.id)
                found[f"{T}name{tier}"].append(None if each is None else each.tier)
                found[f"{T}over{tier}"].append(None if each is None else each.prompt_tokens_over)
        return found

    def in_engine(self, frame: Any) -> Any:
        """The table as a frame of the same engine."""
        columns, kind, native = self.columns(self.rows), frame.implementation, frame.to_native()
        texts = self.texts()
        is_text = {name: name in texts for name in columns}
        if kind.is_duckdb():
            # As one JSON text, which is read much faster than as many literals.
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            types = {name: "VARCHAR" if text else "BIGINT" for name, text in is_text.items()}
            call = f"from_json({_sql(json.dumps(rows))}, {_sql(json.dumps([types]))})"
            return nw.from_native(native.query("costcalc_rows", f"SELECT unnest({call}, recursive := true)"))
        if kind.is_pyspark():
            from pyspark.sql import functions

            declared = ", ".join(f"`{name}` {'string' if is_text[name] else 'bigint'}" for name in columns)
            table = native.sparkSession.createDataFrame(list(zip(*columns.values(), strict=True)), declared)
            return nw.from_native(functions.broadcast(table))
        schema = {name: nw.String() if text else nw.Int64() for name, text in is_text.items()}
        if kind.is_pandas_like():
            import pandas as pd

            frame_of = {
                name: pd.array(values, dtype="string" if is_text[name] else "Int64") for name, values in columns.items()
            }
            return nw.from_native(pd.DataFrame(frame_of))
        table = nw.from_dict(columns, schema, backend=kind)
        return table.lazy() if isinstance(frame, nw.LazyFrame) else table


@lru_cache(maxsize=8)
def price_table(book: PriceBook, basis: str, routes: tuple[str, ...], service_tiers: tuple[str, ...]) -> PriceTable:
    return PriceTable.of(book, basis, routes, service_tiers)


def _sql(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _undated(name: str) -> str:
    """A name without the date that an API puts after a model's id."""
    head, _, tail = name[:-11], name[-11:-10], name[-10:]
    is_dated = len(name) > 11 and name[-11] == "-" and tail[4:5] == "-" and tail.replace("-", "").isdigit()
    return head if is_dated and tail.startswith("20") else name


def _rate(book: PriceBook, model: str, route: str, day: date, basis: str, service_tier: str) -> Rate | None:
    try:
        return book.rate(model, route=route, on=day, basis=basis, service_tier=service_tier)
    except (RateNotFoundError, UnknownNameError):
        return None


def key_of(name: str, *, dated_ids: bool) -> str:
    """A name as it is looked up; `auto: ` before it stays, the date after an API's id goes."""
    folded = fold(name)
    if folded.startswith("auto:"):
        folded = f"auto: {folded[len('auto:') :].strip()}"
    return _undated(folded) if dated_ids else folded
