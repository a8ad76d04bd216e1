"""The price of usage in a data frame, where it lies: pandas, Polars, PyArrow, DuckDB and PySpark, by one rule.

A row is priced as `Rate.cost` prices a request: the claim of its model, route and day, the tier of its mean prompt, and a
cost in whole nano-AIU. Prices go to the engine as a small table, joined by model and period; the rows never leave it. What
cannot be priced has no cost but a reason. Needs narwhals (`costcalc[frames]`) and the engine itself.
"""

import json
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

import narwhals as nw

from costcalc.errors import InputError, RateNotFoundError, UnknownNameError, unknown_name
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.catalog import SERVICE_TIERS, STANDARD, fold
from costcalc.pricing.rate import Rate
from costcalc.tokens import MAX_COUNT

Frame = TypeVar("Frame")

ADDED: Final = ("cost_nano_aiu", "rate_id", "rate_status", "tier", "cost_reason")
"""The columns that a priced frame has more; `cost_reason` is null where there is a cost."""

REASONS: Final = (
    "no model",
    "no day",
    "a time with an offset",
    "unknown model",
    "no price on this day",
    "tokens missing",
    "not a count of tokens",
    "cached tokens above the input",
    "a cost beyond 64 bits",
)
"""Why a row has no cost: the first of these that holds."""

_AMOUNTS: Final = {"cost_usd": Decimal("1e-11"), "credits": Decimal("1e-9")}
_NO_PERIOD: Final = -1
_NO_CODE, _NO_NAME = -1, -2
_LIMIT: Final = 9.2e18
_LIMIT_OFF_GRID: Final = 9.0e15
_GRID_PLACES: Final = 11
_KINDS: Final = ("fresh", "cached", "write", "output")
_T: Final = "__costcalc_"


class UnpricedRowsWarning(UserWarning):
    """Rows of a frame have no cost; `cost_reason` says why."""


class Preset(NamedTuple):
    """Which columns hold what in frames of a known kind. Those in `optional` may be missing; None: there is none.

    With `inclusive`, the input counts cached tokens and cache writes too. `requests` of None: each row is one request, unless
    `requests_unknown`.
    """

    model: str
    on: str
    fresh_input: str
    cached_input: str | None
    cache_write: str | None
    output: str
    requests: str | None = None
    route: str = "copilot"
    service_tier: str = STANDARD
    batch: str | None = None
    inclusive: bool = False
    requests_unknown: bool = False
    optional: frozenset[str] = frozenset()


_OWN: Final = Preset("model", "date", "fresh_input", "cached_input", "cache_write", "output")

PRESETS: Final[Mapping[str, Preset]] = {
    "costcalc": _OWN._replace(
        on="time",
        requests="requests",
        route="route",
        service_tier="service_tier",
        optional=frozenset({"cached_input", "cache_write", "requests", "route", "service_tier"}),
    ),
    "opentelemetry": Preset(
        "gen_ai.response.model",
        "start_time",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.output_tokens",
        inclusive=True,
        optional=frozenset({"cached_input", "cache_write"}),
    ),
    "github-report": Preset("model", "date", "input", "cache_read", "cache_write", "output", requests_unknown=True),
    "openai-export": Preset(
        "model",
        "start_time",
        "input_tokens",
        "input_cached_tokens",
        "input_cache_write_tokens",
        "output_tokens",
        requests="num_model_requests",
        route="api",
        batch="batch",
        inclusive=True,
        optional=frozenset({"cached_input", "cache_write", "requests", "batch"}),
    ),
}


def _with(preset: Preset, changes: Mapping[str, Any]) -> Preset:
    return preset._replace(**changes)


def price(
    frame: Frame,
    *,
    preset: str | None = None,
    model: str | None = None,
    on: "str | date | None" = None,
    fresh_input: str | None = None,
    cached_input: "str | None" = "",
    cache_write: "str | None" = "",
    output: str | None = None,
    requests: "str | None" = "",
    route: str | None = None,
    service_tier: str | None = None,
    basis: str = BEST,
    inclusive: bool | None = None,
    rates: PriceBook | None = None,
    add: Collection[str] = (),
) -> Frame:
    """The frame with a cost for each row: `cost_nano_aiu` (64-bit), `rate_id`, `rate_status`, `tier`, `cost_reason`.

    A frame is one of pandas, Polars (eager or lazy), PyArrow, DuckDB (a relation) or PySpark; the same kind comes back, and
    a lazy one stays lazy. Arguments name its columns: left out, they are `model`, `date`, `fresh_input`, `cached_input`,
    `cache_write` and `output`, or those of a `preset` (`costcalc`, `opentelemetry`, `github-report`, `openai-export`).
    `cached_input`, `cache_write` and `requests` may be None: no cached tokens, no writes told apart, each row one request.
    `inclusive` says that the input counts cached tokens and writes too. `on` is a column of dates, times (without a time zone
    they are UTC), ISO texts or seconds since 1970, or one day for all rows. `route` and `service_tier` are values or columns.

    `add` may ask for `cost_usd` and `credits`, as exact decimals. A row that cannot be priced has null and a reason (one of
    `REASONS`); an eager frame warns with `UnpricedRowsWarning` and how many. Overflow is such a reason, never wrapped.

    Raises `InputError` for a column that is missing, of a wrong type or there already, or an argument that is not known.

    >>> import polars as pl
    >>> usage = pl.DataFrame({"model": ["Claude Haiku 4.5"], "date": ["2026-08-01"], "fresh_input": [1_000_000], "output": [0]})
    >>> price(usage, cached_input=None, cache_write=None)["cost_nano_aiu"].item()
    100000000000
    """
    for name in add:
        if name not in _AMOUNTS:
            raise unknown_name("amount to add", name, _AMOUNTS)
    if preset is not None and preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS)
    base = _OWN if preset is None else PRESETS[preset]
    given: dict[str, Any] = {"model": model, "fresh_input": fresh_input, "output": output, "route": route}
    given |= {"service_tier": service_tier, "inclusive": inclusive}
    given |= {"on": on if isinstance(on, str) else None}
    chosen = _with(base, {name: value for name, value in given.items() if value is not None})
    explicit = {name for name, value in given.items() if value is not None}
    for name, value in (("cached_input", cached_input), ("cache_write", cache_write), ("requests", requests)):
        if value != "":
            chosen = _with(chosen, {name: value})
            explicit.add(name)
            if name == "requests":
                chosen = chosen._replace(requests_unknown=False)
    book = rates or PriceBook.load()
    book.checked_basis(basis)
    day = on if isinstance(on, date) else None
    priced: Frame = _Pricing(book, basis, chosen, explicit, day, tuple(add)).of(frame)
    return priced


def summarize(frame: Frame, by: "str | Sequence[str]", **arguments: Any) -> Frame:
    """The usual group-by of a frame, priced as by `price` with the same arguments.

    By each of the columns `by`: `rows`, the sums of the token columns, `cost_nano_aiu` (null if it passes 64 bits, or no row
    has one), and `unpriced_rows`, which have no cost and are in no sum of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnpricedRowsWarning)  # the count stands in the result
        priced: Any = nw.from_native(price(frame, **arguments))
    keys = [by] if isinstance(by, str) else list(by)
    names = priced.collect_schema().names()
    for key in keys:
        if key not in names:
            raise InputError(f"no column {key!r:.80} in the frame; it has {', '.join(names[:30])}")
    preset = arguments.get("preset")
    base = _OWN if preset is None else PRESETS[preset]
    counts = [
        arguments.get(name) or getattr(base, name) for name in ("fresh_input", "cached_input", "cache_write", "output")
    ]
    sums = [nw.col(name).sum() for name in counts if name in names and name not in keys]
    cost, approximate = nw.col("cost_nano_aiu"), f"{_T}float"
    found = (
        priced.with_columns(nw.lit(1).alias("rows"), cost.is_null().cast(nw.Int64).alias("unpriced_rows"))
        .with_columns(cost.cast(nw.Float64).alias(approximate))
        .group_by(*keys)
        .agg(nw.col("rows").sum(), *sums, cost.sum(), nw.col(approximate).sum(), nw.col("unpriced_rows").sum())
    )
    is_known = (nw.col(approximate) < _LIMIT) & (nw.col("unpriced_rows") < nw.col("rows"))
    whole = nw.when(is_known).then(cost).otherwise(nw.lit(None)).alias("cost_nano_aiu")
    result: Frame = found.with_columns(whole).drop(approximate).to_native()
    return result


@dataclass(frozen=True, slots=True)
class _Pricing:
    book: PriceBook
    basis: str
    columns: Preset
    explicit: set[str]
    day: date | None
    add: tuple[str, ...]

    def of(self, frame: Any) -> Any:
        try:
            known = nw.from_native(frame)
        except TypeError:
            raise InputError(
                f"a {type(frame).__name__} is no data frame of pandas, Polars, PyArrow, DuckDB or PySpark"
            ) from None
        if isinstance(known, nw.DataFrame) and known.implementation.is_polars():
            return self._polars(known)
        if isinstance(known, nw.DataFrame):
            return self._eager(known)
        return self._decimals(self._priced(known)).to_native()

    def _polars(self, known: "nw.DataFrame[Any]") -> Any:
        """Eager Polars by way of its lazy engine, which plans the whole and works on all cores."""
        native = self._decimals(self._priced(known.lazy())).to_native().collect(engine="streaming")
        _warn(nw.from_native(native))
        return native

    def _eager(self, known: "nw.DataFrame[Any]") -> Any:
        """Pandas and PyArrow: joins of these give up the order of rows, or their index."""
        place = f"{_T}row"
        index = getattr(known.to_native(), "index", None)
        found = self._decimals(self._priced(known.with_row_index(place)).sort(place).drop(place))
        _warn(found)
        native = found.to_native()
        if index is not None:
            native.index = index
        return native

    def _priced(self, frame: Any) -> Any:
        schema = dict(frame.collect_schema())
        columns = self._checked(schema)
        first = [name for name in schema if not name.startswith(_T)]
        frame = _with_day(frame, columns.on, schema, self.day)
        routes = self._values(schema, columns.route, "route", tuple(self.book.routes))
        tiers = self._values(schema, columns.service_tier, "service_tier", SERVICE_TIERS)
        listed = tiers or SERVICE_TIERS
        if columns.batch is not None and "batch" not in listed:
            listed = (*listed, "batch")
        table = _price_table(self.book, self.basis, routes or tuple(self.book.routes), listed)
        if frame.implementation.is_polars() and len(routes) == len(tiers) == 1 and columns.batch is None:
            joined = _looked_up(frame, columns.model, table, dated_ids=routes == ("api",))
        else:
            joined = self._joined(frame, columns, table, routes, tiers)
        counted, reasons = self._counts(joined, schema, columns)
        return self._costed(counted, table, reasons).select(
            *first, *(name for name in ADDED), *([f"{_T}row"] if f"{_T}row" in schema else [])
        )

    def _joined(
        self, frame: Any, columns: Preset, table: "_PriceTable", routes: tuple[str, ...], tiers: tuple[str, ...]
    ) -> Any:
        """The rows with the prices of their model and period, by a join."""
        name = nw.col(columns.model).cast(nw.String)
        key = (
            name.str.to_lowercase()
            .str.strip_chars()
            .str.replace_all(r"\s+", " ")
            .str.replace_all(r"^auto: ?", "auto: ")
        )
        route = nw.lit(routes[0]) if len(routes) == 1 else nw.col(columns.route).cast(nw.String)
        tier = nw.lit(tiers[0]) if len(tiers) == 1 else nw.col(columns.service_tier).cast(nw.String)
        if columns.batch is not None:
            tier = nw.when(nw.col(columns.batch).fill_null(value=False)).then(nw.lit("batch")).otherwise(tier)
        undated = key.str.replace_all(r"-20[0-9][0-9]-[01][0-9]-[0-3][0-9]$", "")
        if routes == ("api",):
            key = undated
        elif len(routes) != 1:
            key = nw.when(route == "api").then(undated).otherwise(key)
        frame = frame.with_columns(
            key.alias(f"{_T}key"), table.period(f"{_T}day", frame.collect_schema()[f"{_T}day"]).alias(f"{_T}period")
        )
        frame = frame.with_columns(route.alias(f"{_T}route"), tier.alias(f"{_T}service"))
        on = [f"{_T}{part}" for part in ("key", "period", "route", "service")]
        if frame.implementation.is_polars():
            kept = frame.to_native().join(table.in_engine(frame).to_native(), on=on, how="left", maintain_order="left")
            return nw.from_native(kept)
        return frame.join(table.in_engine(frame), on=on, how="left")

    def _checked(self, schema: Mapping[str, Any]) -> Preset:
        """The columns that are there. Raises `InputError` for one that is not, or should not be."""
        columns = self.columns
        for added in (*ADDED, *self.add):
            if added in schema:
                raise InputError(f"the frame has a column {added} already; drop or rename it")
        for name in ("model", "on", "fresh_input", "cached_input", "cache_write", "output", "requests", "batch"):
            column = getattr(columns, name)
            if column is None or column in schema or (name == "on" and self.day is not None):
                continue
            if name in columns.optional and name not in self.explicit:
                columns = _with(columns, {name: None})
                continue
            none = f"; {name}=None if there is none" if name in ("cached_input", "cache_write", "requests") else ""
            raise InputError(
                f"no column {column!r:.80} ({name}) in the frame; it has {', '.join(list(schema)[:30])}{none}"
            )
        for name in ("fresh_input", "cached_input", "cache_write", "output", "requests"):
            column = getattr(columns, name)
            if column is not None and not schema[column].is_numeric():
                raise InputError(f"column {column} ({name}) is of type {schema[column]}, not of numbers")
        if not isinstance(schema[columns.model], nw.String | nw.Categorical | nw.Enum | nw.Object):
            raise InputError(f"column {columns.model} (model) is of type {schema[columns.model]}, not of texts")
        return columns

    def _values(self, schema: Mapping[str, Any], stated: str, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """The one value that is stated; none if it is a column."""
        if stated in known:
            return (stated,)
        if stated in schema:
            return ()
        if name in self.columns.optional and name not in self.explicit:
            return ("copilot",) if name == "route" else (STANDARD,)
        raise unknown_name(name, stated, known, "or the name of a column")

    def _counts(self, frame: Any, schema: Mapping[str, Any], columns: Preset) -> tuple[Any, dict[str, Any]]:
        """Disjoint counts as 64-bit integers, 0 where they cannot be used, and what is wrong with them."""
        missing, wrong = nw.lit(value=False), nw.lit(value=False)
        counts = {}
        for kind, name in zip(_KINDS, ("fresh_input", "cached_input", "cache_write", "output"), strict=True):
            column = getattr(columns, name)
            if column is None:
                counts[kind] = nw.lit(0).cast(nw.Int64)
                continue
            absent, bad, value = _count(column, schema[column])
            if kind in ("fresh", "output"):
                missing |= absent
            wrong |= bad
            counts[kind] = value
        if columns.inclusive:
            counts["fresh"] = counts["fresh"] - counts["cached"] - counts["write"]
        requests = nw.lit(0 if columns.requests_unknown else 1).cast(nw.Int64)
        if columns.requests is not None:
            _, bad, requests = _count(columns.requests, schema[columns.requests])
            wrong |= bad
        frame = frame.with_columns(
            *(value.alias(f"{_T}{kind}") for kind, value in counts.items()), requests.alias(f"{_T}requests")
        )
        above = (nw.col(f"{_T}fresh") < 0) & ~wrong
        return frame, {
            "tokens missing": missing,
            "not a count of tokens": wrong,
            "cached tokens above the input": above,
        }

    def _costed(self, frame: Any, table: "_PriceTable", wrong: Mapping[str, Any]) -> Any:
        """The cost and what it rests on, or the reason why there is none."""
        prompt = nw.col(f"{_T}fresh") + nw.col(f"{_T}cached") + nw.col(f"{_T}write")
        place = nw.lit(0)
        for tier in range(1, table.tiers):
            over = nw.col(f"{_T}over{tier}")
            is_above = (prompt > over * nw.col(f"{_T}requests")) & (nw.col(f"{_T}requests") > 0)
            place = nw.when(is_above.fill_null(value=False)).then(nw.lit(tier)).otherwise(place)
        frame = frame.with_columns(place.alias(f"{_T}tier"))

        def of_tier(what: str) -> Any:
            chosen = nw.col(f"{_T}{what}0")
            for tier in range(1, table.tiers):
                chosen = nw.when(nw.col(f"{_T}tier") == tier).then(nw.col(f"{_T}{what}{tier}")).otherwise(chosen)
            return chosen

        frame = frame.with_columns(*(of_tier(f"{kind}_unit").alias(f"{_T}{kind}_unit") for kind in _KINDS))
        frame = frame.with_columns(of_tier("scale").alias(f"{_T}scale"), of_tier("id").alias("rate_id"))
        frame = frame.with_columns(of_tier("name").alias("tier"), nw.col(f"{_T}status").alias("rate_status"))
        estimate = nw.lit(0.0)
        for kind in _KINDS:
            estimate = estimate + nw.col(f"{_T}{kind}").cast(nw.Float64) * nw.col(f"{_T}{kind}_unit").cast(nw.Float64)
        limit = nw.when(nw.col(f"{_T}scale") > 1).then(nw.lit(_LIMIT_OFF_GRID)).otherwise(nw.lit(_LIMIT))
        reasons = {
            "no model": nw.col(f"{_T}key").is_null() | (nw.col(f"{_T}key") == ""),
            "a time with an offset": nw.col(f"{_T}offset"),
            "no day": nw.col(f"{_T}period") == _NO_PERIOD,
            "unknown model": nw.col(f"{_T}known").is_null(),
            "no price on this day": nw.col(f"{_T}fresh_unit").is_null(),
            **wrong,
            "a cost beyond 64 bits": estimate >= limit,
        }
        code = nw.lit(0)
        for words, holds in reversed(reasons.items()):
            code = nw.when(holds.fill_null(value=False)).then(nw.lit(REASONS.index(words) + 1)).otherwise(code)
        frame = frame.with_columns(code.cast(nw.Int64).alias(f"{_T}reason"))
        fine = nw.col(f"{_T}reason") == 0
        amount = nw.lit(0).cast(nw.Int64)
        for kind in _KINDS:
            count = nw.when(fine).then(nw.col(f"{_T}{kind}")).otherwise(nw.lit(0))
            amount = amount + count.cast(nw.Int64) * nw.col(f"{_T}{kind}_unit").fill_null(0).cast(nw.Int64)
        frame = frame.with_columns(amount.cast(nw.Int64).alias(f"{_T}amount"))
        whole = nw.col(f"{_T}amount")
        if table.off_grid:
            frame, whole = _rounded(frame)
        frame = _with_reason(frame)
        return frame.with_columns(
            nw.when(fine).then(whole).otherwise(nw.lit(None)).cast(nw.Int64).alias("cost_nano_aiu"),
            *(
                nw.when(fine).then(nw.col(name)).otherwise(nw.lit(None)).alias(name)
                for name in ("rate_id", "rate_status", "tier")
            ),
        )

    def _decimals(self, frame: Any) -> Any:
        """With the exact decimals that were asked for, made by the engine itself: narwhals knows no scale."""
        for name in self.add:
            frame = nw.from_native(_decimal(frame, name, _AMOUNTS[name]))
        return frame


def _looked_up(frame: Any, model: str, table: "_PriceTable", *, dated_ids: bool) -> Any:
    """The rows of a Polars frame with the prices of their model and period, taken by place instead of joined.

    Names are hashed once, in the spellings of the book; what is left of a batch is folded name by name. Ten times as fast as
    a join on normalised texts, and held to it by the tests of all engines.
    """
    import polars as pl

    keys = sorted({row["key"] for row in table.rows})
    code_of = {key: code for code, key in enumerate(keys)}
    spelled = {name: code_of[_key(name, dated_ids=dated_ids)] for name in table.spellings}
    known, codes = pl.Enum(list(spelled)), pl.Series(list(spelled.values()), dtype=pl.Int32)

    def codes_of(names: "pl.Series") -> "pl.Series":
        texts = names.cast(pl.String)
        found = codes.gather(texts.cast(known, strict=False).to_physical())
        other = found.is_null() & texts.is_not_null()
        if other.any():
            unusual = texts.filter(other).unique().to_list()
            places = [
                code_of.get(_key(name, dated_ids=dated_ids), _NO_NAME if not name.strip() else _NO_CODE)
                for name in unusual
            ]
            found = found.zip_with(~other, texts.replace_strict(unusual, places, default=None, return_dtype=pl.Int32))
        return found

    periods = len(table.starts) + 1
    first = (table.starts[0] if table.starts else date(2026, 1, 1)) - timedelta(days=1)
    span = (table.starts[-1] - first).days if table.starts else 0
    of_day = [sum(start <= first + timedelta(days=offset) for start in table.starts) for offset in range(span + 1)]
    offset = (pl.col(f"{_T}day") - pl.lit(first)).dt.total_days().clip(0, span)
    code = pl.col(f"{_T}code")
    place = pl.when(code >= 0).then(code * periods + pl.lit(pl.Series(of_day, dtype=pl.Int32)).gather(offset))
    by_place: list[dict[str, Any] | None] = [None] * (len(keys) * periods)
    for row in table.rows:
        by_place[code_of[row["key"]] * periods + row["period"]] = row
    columns = table.columns([row for row in by_place if row is not None])
    texts = table.texts()
    taken = [
        pl.lit(pl.Series(values, dtype=pl.String if name in texts else pl.Int64))
        .gather(pl.col(f"{_T}place"))
        .alias(name)
        for name, values in columns.items()
        if name.removeprefix(_T) not in ("key", "period", "route", "service")
    ]
    native = (
        frame.to_native()
        .with_columns(
            pl.col(model).map_batches(codes_of, return_dtype=pl.Int32, is_elementwise=True).alias(f"{_T}code")
        )
        .with_columns(
            place.alias(f"{_T}place"),
            pl.when(pl.col(f"{_T}day").is_null()).then(_NO_PERIOD).otherwise(0).alias(f"{_T}period"),
            pl.when(code == _NO_NAME).then(pl.lit("")).when(code.is_not_null()).then(pl.lit("name")).alias(f"{_T}key"),
        )
        .with_columns(taken)
    )
    return nw.from_native(native)


def _key(name: str, *, dated_ids: bool) -> str:
    """A name as it is looked up; `auto: ` before it stays, the date after an API's id goes."""
    folded = fold(name)
    if folded.startswith("auto:"):
        folded = f"auto: {folded[len('auto:') :].strip()}"
    return _undated(folded) if dated_ids else folded


def _count(column: str, dtype: Any) -> tuple[Any, Any, Any]:
    """Whether a count is absent, whether it cannot be one, and its value (0 in both cases)."""
    cell = nw.col(column)
    absent = cell.is_null()
    if dtype.is_float():
        absent |= cell.is_nan().fill_null(value=True)
    filled = nw.when(absent).then(nw.lit(0)).otherwise(cell)
    bad = (filled < 0) | (filled > MAX_COUNT)
    if not dtype.is_integer():
        bad |= filled % 1 != 0
    return absent, bad, nw.when(bad).then(nw.lit(0)).otherwise(filled).cast(nw.Int64)


def _with_reason(frame: Any) -> Any:
    """The reason in words, null for rows that have a cost."""
    if frame.implementation.is_polars():
        import polars as pl

        words = pl.lit(pl.Series([None, *REASONS])).gather(pl.col(f"{_T}reason"))
        return nw.from_native(frame.to_native().with_columns(words.alias("cost_reason")))
    reason = nw.lit(None).cast(nw.String)
    for place, text in enumerate(REASONS, start=1):
        reason = nw.when(nw.col(f"{_T}reason") == place).then(nw.lit(text)).otherwise(reason)
    return frame.with_columns(reason.alias("cost_reason"))


def _rounded(frame: Any) -> tuple[Any, Any]:
    """Amounts of prices finer than the grid, to the nearest nano-AIU, half to even, in whole numbers all the way."""
    amount, scale, quotient = (nw.col(f"{_T}{name}") for name in ("amount", "whole_scale", "quotient"))
    frame = frame.with_columns(nw.col(f"{_T}scale").fill_null(1).cast(nw.Int64).alias(f"{_T}whole_scale"))
    exact = amount.cast(nw.Float64) / scale.cast(nw.Float64)
    frame = frame.with_columns((exact - exact % 1).cast(nw.Int64).alias(f"{_T}quotient"))
    rest = amount - quotient * scale  # the quotient of floats may be one off
    nearer = nw.when(rest < 0).then(quotient - 1).when(rest >= scale).then(quotient + 1).otherwise(quotient)
    frame = frame.with_columns(nearer.cast(nw.Int64).alias(f"{_T}quotient"))
    frame = frame.with_columns((2 * (amount - quotient * scale)).alias(f"{_T}twice"))
    odd = quotient % 2 != 0
    twice = nw.col(f"{_T}twice")
    up = (twice > scale) | ((twice == scale) & odd)
    return frame, nw.when(up).then(quotient + 1).otherwise(quotient)


def _decimal(frame: Any, name: str, factor: Decimal) -> Any:
    """The native frame with the cost as an exact decimal of the factor's unit."""
    native, places = frame.to_native(), -int(factor.as_tuple().exponent)
    kind = frame.implementation
    if kind.is_polars():
        import polars as pl

        return native.with_columns((pl.col("cost_nano_aiu").cast(pl.Decimal(38, places)) * pl.lit(factor)).alias(name))
    if kind.is_duckdb():
        text = f"{factor:f}"
        return native.project(f"*, cost_nano_aiu::DECIMAL(19, 0) * {text}::DECIMAL({places + 1}, {places}) AS {name}")
    if kind.is_pyspark():
        from pyspark.sql import functions

        unit = functions.lit(factor).cast(f"decimal({places + 1},{places})")
        return native.withColumn(name, functions.col("cost_nano_aiu").cast("decimal(19,0)") * unit)
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind.is_pyarrow():
        cost = native["cost_nano_aiu"]
    else:
        import pandas as pd

        stated = native["cost_nano_aiu"]
        cost = pa.array([None if pd.isna(value) else int(value) for value in stated], pa.int64())
    exact = pc.multiply(pc.cast(cost, pa.decimal128(19, 0)), pa.scalar(factor, pa.decimal128(places + 1, places)))
    if kind.is_pyarrow():
        return native.append_column(name, exact)
    import pandas as pd

    series = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([exact])), index=native.index)
    return native.assign(**{name: series})


def _warn(frame: Any) -> None:
    """Say how many rows have no cost, and why."""
    unpriced = frame.filter(~nw.col("cost_reason").is_null())
    if len(unpriced):
        counts: dict[str, int] = {}
        for reason in unpriced["cost_reason"].to_list():
            counts[reason] = counts.get(reason, 0) + 1
        words = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
        message = f"{len(unpriced):,} of {len(frame):,} rows have no cost: {words}"
        warnings.warn(message, UnpricedRowsWarning, stacklevel=5)


def _with_day(frame: Any, column: str, schema: Mapping[str, Any], fixed: date | None) -> Any:
    """The frame with the day of each row in UTC, null where there is none, and whether its text has an offset."""
    no_offset = nw.lit(value=False).alias(f"{_T}offset")
    if fixed is not None:
        return frame.with_columns(nw.lit(fixed).alias(f"{_T}day"), no_offset)
    dtype = schema[column]
    if isinstance(dtype, nw.String):
        text = nw.col(column)
        has_offset = text.str.contains(r"[0-9][+-][0-9][0-9]:?[0-9][0-9]$") & ~text.str.contains(r"[+-]00:?00$")
        sound = text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?$")
        cut = nw.when(sound & ~has_offset).then(text.str.slice(0, 10)).otherwise(nw.lit(None).cast(nw.String))
        frame = frame.with_columns(cut.alias(f"{_T}text"), has_offset.fill_null(value=False).alias(f"{_T}offset"))
        return nw.from_native(_native_day(frame, f"{_T}text", "text"))
    if isinstance(dtype, nw.Date):
        return frame.with_columns(nw.col(column).alias(f"{_T}day"), no_offset)
    if isinstance(dtype, nw.Datetime):
        form = "time" if dtype.time_zone is None else "zoned"
        return nw.from_native(_native_day(frame, column, form)).with_columns(no_offset)
    if dtype.is_integer():
        return nw.from_native(_native_day(frame, column, "seconds")).with_columns(no_offset)
    if frame.implementation.is_pandas_like():
        import pandas as pd

        cells = frame.to_native()[column]
        if isinstance(cells.dtype, pd.DatetimeTZDtype):  # of zones that narwhals does not know
            return nw.from_native(_native_day(frame, column, "zoned")).with_columns(no_offset)
        if cells.map(lambda cell: isinstance(cell, date) or pd.isna(cell)).all():  # dates as Python objects
            days = frame.to_native().assign(**{f"{_T}day": pd.to_datetime(cells)})
            return nw.from_native(days).with_columns(no_offset)
    raise InputError(f"column {column} (on) is of type {dtype}, not of dates, times, ISO texts or seconds since 1970")


def _native_day(frame: Any, column: str, form: str) -> Any:
    """The day in UTC by the engine itself: from a text of ten letters, a time with or without a zone, or seconds."""
    native, kind, name = frame.to_native(), frame.implementation, f"{_T}day"
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


@dataclass(frozen=True, slots=True)
class _PriceTable:
    """The prices that may apply, by model name and period: between two of `starts` no price begins or ends."""

    starts: tuple[date, ...]
    rows: tuple[dict[str, Any], ...]
    spellings: tuple[str, ...]
    tiers: int
    off_grid: bool

    @classmethod
    def of(cls, book: PriceBook, basis: str, routes: Iterable[str], service_tiers: Iterable[str]) -> "_PriceTable":
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
        """The period of a row's day: how many starts lie on or before it; `_NO_PERIOD` without a day."""
        from datetime import datetime

        day = nw.col(column)
        found = nw.lit(0).cast(nw.Int64)
        for start in self.starts:
            edge = start if isinstance(dtype, nw.Date) else datetime(start.year, start.month, start.day)
            found = found + (day >= nw.lit(edge)).fill_null(value=False).cast(nw.Int64)
        return nw.when(day.is_null()).then(nw.lit(_NO_PERIOD)).otherwise(found).cast(nw.Int64)

    def texts(self) -> set[str]:
        """The columns that hold texts; the others hold whole numbers."""
        by_tier = (f"{name}{tier}" for name in ("id", "name") for tier in range(self.tiers))
        return {f"{_T}{name}" for name in ("key", "route", "service", "status", *by_tier)}

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Rows of the table, column by column."""
        found: dict[str, list[Any]] = {
            f"{_T}{name}": [] for name in ("key", "period", "route", "service", "known", "status")
        }
        for tier in range(self.tiers):
            found |= {f"{_T}{kind}_unit{tier}": [] for kind in _KINDS}
            found |= {f"{_T}{name}{tier}": [] for name in ("scale", "id", "name", "over")}
        for row in rows:
            rate: Rate | None = row["rate"]
            for name in ("key", "period", "route", "service"):
                found[f"{_T}{name}"].append(row[name])
            found[f"{_T}known"].append(1)
            found[f"{_T}status"].append(None if rate is None else rate.status)
            for tier in range(self.tiers):
                tiers = () if rate is None else rate.tiers
                each = tiers[tier] if tier < len(tiers) else None
                units: Sequence[int | None] = (None,) * len(_KINDS)
                scale: int | None = None
                if each is not None:
                    units, scale = each.integer_prices()
                for kind, unit in zip(_KINDS, units, strict=True):
                    found[f"{_T}{kind}_unit{tier}"].append(unit)
                found[f"{_T}scale{tier}"].append(scale)
                found[f"{_T}id{tier}"].append(None if each is None else each.id)
                found[f"{_T}name{tier}"].append(None if each is None else each.tier)
                found[f"{_T}over{tier}"].append(None if each is None else each.prompt_tokens_over)
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
def _price_table(book: PriceBook, basis: str, routes: tuple[str, ...], service_tiers: tuple[str, ...]) -> _PriceTable:
    return _PriceTable.of(book, basis, routes, service_tiers)


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
