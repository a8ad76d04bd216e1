"""The price of usage in a data frame, where it lies: pandas, Polars, PyArrow, DuckDB and PySpark, by one rule.

A row is priced as `Rate.cost` prices a request: the claim of its model, route and day, the tier of its mean prompt, and a
cost in whole nano-AIU. Prices go to the engine as a small table, joined by model and period; the rows never leave it. What
cannot be priced has no cost but a reason. Needs narwhals (`costcalc[frames]`) and the engine itself.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

import narwhals as nw

from costcalc.billing.account import Account
from costcalc.billing.statement import AccountBill
from costcalc.billing.statement import bill as account_bill
from costcalc.billing.usage import Actor, ColumnBuilder, microseconds
from costcalc.errors import InputError, unknown_name
from costcalc.frames.days import with_day
from costcalc.frames.prices import KINDS, NO_PERIOD, PriceTable, T, price_table
from costcalc.notices import Notice
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.catalog import SERVICE_TIERS, STANDARD
from costcalc.readers.jsonlines import iso_time, unix_time
from costcalc.showing.display import count_of
from costcalc.tokens import MAX_COUNT

Frame = TypeVar("Frame")

ADDED: Final = ("cost_nano_aiu", "rate_id", "rate_status", "tier", "cost_reason")
"""The columns that a priced frame has more; `cost_reason` is null where there is a cost."""

REASONS: Final = (
    "no model",
    "a time with an offset",
    "no day",
    "unknown model",
    "no price on this day",
    "tokens missing",
    "not a count of tokens",
    "cached tokens above the input",
    "a cost beyond 64 bits",
)
"""Why a row has no cost: the first of these that holds."""

_AMOUNTS: Final = {"cost_usd": Decimal("1e-11"), "credits": Decimal("1e-9")}
_LIMIT: Final = 9.2e18
_WIDE: Final = (nw.UInt64, nw.Int128, nw.UInt128)
_LIMIT_OFF_GRID: Final = 9.0e15


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


_MAY_BE_NONE: Final = ("cached_input", "cache_write", "requests")
_TEXTS: Final = (nw.String, nw.Categorical, nw.Enum, nw.Object)


def _chosen(stated: Mapping[str, Any]) -> tuple[Preset, set[str]]:
    """The columns that arguments of `price` stand for, and which of them were stated."""
    preset = stated.get("preset")
    if preset is not None and preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS)
    changes = {
        name: value
        for name, value in stated.items()
        if name in Preset._fields and (value != "" if name in _MAY_BE_NONE else value is not None)
    }
    if not isinstance(changes.get("on", ""), str):  # one day for all rows
        del changes["on"]
    explicit = set(changes)
    if "requests" in changes:
        changes["requests_unknown"] = False
    return (_OWN if preset is None else PRESETS[preset])._replace(**changes), explicit


def _quietly_priced(frame: Any, arguments: Mapping[str, Any]) -> Any:
    """The frame priced, without a warning: whoever asks counts the rows without a cost."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnpricedRowsWarning)
        return nw.from_native(price(frame, **arguments))


def _check_column(column: str, what: str, names: Collection[str], hint: str = "") -> None:
    """Refuse the name of a column that is not there."""
    if column not in names:
        has = ", ".join(list(names)[:30])
        raise InputError(f"no column {column!r:.80}{what and f' ({what})'} in the frame; it has {has}{hint}")


def _check_texts(column: str, what: str, kind: Any) -> None:
    if not isinstance(kind, _TEXTS):
        raise InputError(f"column {column} ({what}) is of type {kind}, not of texts")


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
    chosen, explicit = _chosen(
        {
            "preset": preset, "model": model, "on": on, "fresh_input": fresh_input, "cached_input": cached_input,
            "cache_write": cache_write, "output": output, "requests": requests, "route": route,
            "service_tier": service_tier, "inclusive": inclusive,
        }
    )  # fmt: skip
    book = PriceBook.of(rates)
    book.checked_basis(basis)
    day = on if isinstance(on, date) else None
    priced: Frame = _Pricing(book, basis, chosen, explicit, day, tuple(add)).of(frame)
    return priced


def summarize(frame: Frame, by: "str | Sequence[str]", **arguments: Any) -> Frame:
    """The usual group-by of a frame, priced as by `price` with the same arguments.

    By each of the columns `by`: `rows`, the sums of the token columns, `cost_nano_aiu` (null if it passes 64 bits, or no row
    has one), and `unpriced_rows`, which have no cost and are in no sum of it.
    """
    priced = _quietly_priced(frame, arguments)
    keys = [by] if isinstance(by, str) else list(by)
    names = priced.collect_schema().names()
    if not keys or len(set(keys)) < len(keys) or {"rows", "unpriced_rows", "cost_nano_aiu"} & set(keys):
        raise InputError(f"by must name columns, each once and none of the sums, not {', '.join(keys) or 'nothing'}")
    for key in keys:
        _check_column(key, "", names)
    chosen, _ = _chosen(arguments)
    counts = (chosen.fresh_input, chosen.cached_input, chosen.cache_write, chosen.output)
    sums = [nw.col(name).sum() for name in counts if name is not None and name in names and name not in keys]
    cost, approximate = nw.col("cost_nano_aiu"), f"{T}float"
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


def bill(
    frame: Any,
    account: Account,
    *,
    user: str = "user",
    organization: str | None = None,
    cost_center: str | None = None,
    **arguments: Any,
) -> AccountBill:
    """The bill of an account for the usage in a frame, priced as by `price` with the same arguments.

    `user`, `organization` and `cost_center` name columns of texts (None: those of the user's seat). What is billed of a row
    depends on all rows before it, so the priced rows, five columns of them, are collected here. Rows without a cost are in no
    figure; a notice of the bill counts them.

    Raises `InputError` for a column that is missing, and what `price` and `costcalc.bill` raise.
    """
    priced = _quietly_priced(frame, arguments)
    stated = arguments.get("on")
    on = stated if isinstance(stated, date) else _chosen(arguments)[0].on
    schema = dict(priced.collect_schema())
    wanted = {"user": user, "organization": organization, "cost_center": cost_center}
    for name, column in wanted.items():
        if column is not None:
            _check_column(column, name, schema)
            _check_texts(column, name, schema[column])
    columns = [nw.col(column).alias(f"{T}{name}") for name, column in wanted.items() if column is not None]
    if isinstance(on, str):
        columns.append(nw.col(on).alias(f"{T}on"))
    found = priced.select(*columns, nw.col("cost_nano_aiu"))
    rows = found.collect("pyarrow") if isinstance(found, nw.LazyFrame) else found
    known = rows.filter(~nw.col("cost_nano_aiu").is_null())
    unpriced = len(rows) - len(known)
    builder = ColumnBuilder()
    for row in known.iter_rows(named=True):
        login, *places = (_text(row.get(f"{T}{name}")) for name in wanted)
        actor = Actor(login or "(none)", *places)
        builder.add(microseconds(_instant(row.get(f"{T}on", on))), actor, int(row["cost_nano_aiu"]))
    notices: tuple[Notice, ...] = ()
    if unpriced:
        notices = (Notice("unpriced", f"no cost: {count_of(unpriced, 'row')}; none is taken for 0"),)
    return account_bill(builder.columns((), notices), account)


def _text(value: Any) -> Any:
    """A text, or None: engines have several ways to say that there is none."""
    return value if isinstance(value, str) else None


def _instant(value: Any) -> datetime:
    """The time that a cell of days or times stands for."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    found = iso_time(value) if isinstance(value, str) else unix_time(value)
    if found is None:
        raise InputError(f"{value!r:.40} is not a time such as 2026-10-05T09:30:00Z")
    return found


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
        place = f"{T}row"
        index = getattr(known.to_native(), "index", None)
        found = self._decimals(self._priced(known.with_row_index(place)).sort(place).drop(place))
        _warn(found)
        native = found.to_native()
        if index is not None:
            native.index = index
        return native

    def _priced(self, frame: Any) -> Any:
        schema = dict(frame.collect_schema())
        columns = self._checked(schema, frame)
        first = [name for name in schema if not name.startswith(T)]
        frame = with_day(frame, columns.on, schema, self.day)
        routes = self._values(schema, columns.route, "route", tuple(self.book.routes))
        tiers = self._values(schema, columns.service_tier, "service_tier", SERVICE_TIERS)
        listed = tiers or SERVICE_TIERS
        if columns.batch is not None and "batch" not in listed:
            listed = (*listed, "batch")
        table = price_table(self.book, self.basis, routes or tuple(self.book.routes), listed)
        if frame.implementation.is_polars() and len(routes) == len(tiers) == 1:
            priced = _in_batches(frame, schema, columns, table, dated_ids=routes == ("api",))
            if priced is not None:
                return priced.select(*first, *ADDED)
        joined = self._joined(frame, columns, table, routes, tiers)
        counted, reasons = self._counts(joined, schema, columns)
        return self._costed(counted, table, reasons).select(
            *first, *(name for name in ADDED), *([f"{T}row"] if f"{T}row" in schema else [])
        )

    def _joined(
        self, frame: Any, columns: Preset, table: "PriceTable", routes: tuple[str, ...], tiers: tuple[str, ...]
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
            key.alias(f"{T}key"), table.period(f"{T}day", frame.collect_schema()[f"{T}day"]).alias(f"{T}period")
        )
        frame = frame.with_columns(route.alias(f"{T}route"), tier.alias(f"{T}service"))
        on = [f"{T}{part}" for part in ("key", "period", "route", "service")]
        if frame.implementation.is_polars():
            kept = frame.to_native().join(table.in_engine(frame).to_native(), on=on, how="left", maintain_order="left")
            return nw.from_native(kept)
        return frame.join(table.in_engine(frame), on=on, how="left")

    def _checked(self, schema: Mapping[str, Any], frame: Any) -> Preset:
        """The columns that are there. Raises `InputError` for one that is not, or should not be."""
        columns = self.columns
        absent: dict[str, Any] = {}
        for added in (*ADDED, *self.add):
            if added in schema:
                raise InputError(f"the frame has a column {added} already; drop or rename it")
        for name in ("model", "on", "fresh_input", "cached_input", "cache_write", "output", "requests", "batch"):
            column = getattr(columns, name)
            if column is None or column in schema or (name == "on" and self.day is not None):
                continue
            if name in columns.optional and name not in self.explicit:
                absent[name] = None
                continue
            hint = f"; {name}=None if there is none" if name in _MAY_BE_NONE else ""
            hint += "" if name in self.explicit else f"; name it, or take a preset ({', '.join(PRESETS)})"
            _check_column(column, name, schema, hint)
        columns = columns._replace(**absent)
        for name in _MAY_BE_NONE:  # a column of nothing has no type of its own
            column = getattr(columns, name)
            if column is not None and not schema[column].is_numeric() and _is_empty(frame, column, schema[column]):
                absent[name] = None
        columns = columns._replace(**absent)
        for name in ("fresh_input", "cached_input", "cache_write", "output", "requests"):
            column = getattr(columns, name)
            if column is not None and not schema[column].is_numeric():
                raise InputError(f"column {column} ({name}) is of type {schema[column]}, not of numbers")
        _check_texts(columns.model, "model", schema[columns.model])
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
        for kind, name in zip(KINDS, ("fresh_input", "cached_input", "cache_write", "output"), strict=True):
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
            absent, bad, requests = _count(columns.requests, schema[columns.requests])
            requests = nw.when(absent).then(nw.lit(1)).otherwise(requests).cast(nw.Int64)
            wrong |= bad
        frame = frame.with_columns(
            *(value.alias(f"{T}{kind}") for kind, value in counts.items()), requests.alias(f"{T}requests")
        )
        above = (nw.col(f"{T}fresh") < 0) & ~wrong
        return frame, {
            "tokens missing": missing,
            "not a count of tokens": wrong,
            "cached tokens above the input": above,
        }

    def _costed(self, frame: Any, table: "PriceTable", wrong: Mapping[str, Any]) -> Any:
        """The cost and what it rests on, or the reason why there is none."""
        prompt = nw.col(f"{T}fresh") + nw.col(f"{T}cached") + nw.col(f"{T}write")
        place = nw.lit(0)
        for tier in range(1, table.tiers):
            # In floats: exact up to 2^53, and what is beyond is more than any prompt.
            over = nw.col(f"{T}over{tier}").cast(nw.Float64) * nw.col(f"{T}requests").cast(nw.Float64)
            is_above = (prompt.cast(nw.Float64) > over) & (nw.col(f"{T}requests") > 0)
            place = nw.when(is_above.fill_null(value=False)).then(nw.lit(tier)).otherwise(place)
        frame = frame.with_columns(place.alias(f"{T}tier"))

        def of_tier(what: str) -> Any:
            chosen = nw.col(f"{T}{what}0")
            for tier in range(1, table.tiers):
                chosen = nw.when(nw.col(f"{T}tier") == tier).then(nw.col(f"{T}{what}{tier}")).otherwise(chosen)
            return chosen

        frame = frame.with_columns(*(of_tier(f"{kind}_unit").alias(f"{T}{kind}_unit") for kind in KINDS))
        frame = frame.with_columns(of_tier("scale").alias(f"{T}scale"), of_tier("id").alias("rate_id"))
        frame = frame.with_columns(of_tier("name").alias("tier"), nw.col(f"{T}status").alias("rate_status"))
        estimate = nw.lit(0.0)
        for kind in KINDS:
            estimate = estimate + nw.col(f"{T}{kind}").cast(nw.Float64) * nw.col(f"{T}{kind}_unit").cast(nw.Float64)
        limit = nw.when(nw.col(f"{T}scale") > 1).then(nw.lit(_LIMIT_OFF_GRID)).otherwise(nw.lit(_LIMIT))
        reasons = {
            "no model": nw.col(f"{T}key").is_null() | (nw.col(f"{T}key") == ""),
            "a time with an offset": nw.col(f"{T}offset"),
            "no day": nw.col(f"{T}period") == NO_PERIOD,
            "unknown model": nw.col(f"{T}known").is_null(),
            "no price on this day": nw.col(f"{T}fresh_unit").is_null(),
            **wrong,
            "a cost beyond 64 bits": estimate >= limit,
        }
        code = nw.lit(0)
        for number, words in reversed(list(enumerate(REASONS, start=1))):  # the first that holds stands
            code = nw.when(reasons[words].fill_null(value=False)).then(nw.lit(number)).otherwise(code)
        frame = frame.with_columns(code.cast(nw.Int64).alias(f"{T}reason"))
        fine = nw.col(f"{T}reason") == 0
        amount = nw.lit(0).cast(nw.Int64)
        for kind in KINDS:
            count = nw.when(fine).then(nw.col(f"{T}{kind}")).otherwise(nw.lit(0))
            amount = amount + count.cast(nw.Int64) * nw.col(f"{T}{kind}_unit").fill_null(0).cast(nw.Int64)
        frame = frame.with_columns(amount.cast(nw.Int64).alias(f"{T}amount"))
        whole = nw.col(f"{T}amount")
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


def _in_batches(frame: Any, schema: Mapping[str, Any], columns: Preset, table: PriceTable, *, dated_ids: bool) -> Any:
    """A Polars frame priced the fast way; None where only the way of all engines does it."""
    counts = [getattr(columns, name) for name in ("fresh_input", "cached_input", "cache_write", "output", "requests")]
    if columns.batch is not None or table.off_grid:
        return None
    if not all(schema[name].is_integer() and schema[name] not in _WIDE for name in counts if name is not None):
        return None
    try:
        from costcalc.frames import batches
    except ImportError:
        return None
    requests = 0 if columns.requests_unknown else 1
    return nw.from_native(
        batches.priced(
            frame.to_native(), columns.model, counts, table,
            dated_ids=dated_ids, inclusive=columns.inclusive, requests=requests, reasons=REASONS,
        )
    )  # fmt: skip


def _is_empty(frame: Any, column: str, dtype: Any) -> bool:
    """Whether a column is known to hold nothing: by its type, or by its cells where they are at hand."""
    return bool(dtype == nw.Unknown or (isinstance(frame, nw.DataFrame) and frame[column].is_null().all()))


def count_columns(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The columns of counts that the arguments of `price` name, by argument."""
    columns, _ = _chosen(arguments)
    names = ("fresh_input", "cached_input", "cache_write", "output", "requests")
    return {name: column for name in names if (column := getattr(columns, name)) is not None}


def _count(column: str, dtype: Any) -> tuple[Any, Any, Any]:
    """Whether a count is absent, whether it cannot be one, and its value (0 in both cases)."""
    cell = nw.col(column)
    absent = cell.is_null()
    if dtype.is_float():
        absent |= cell.is_nan().fill_null(value=True)
    filled = nw.when(~absent).then(cell).otherwise(nw.lit(0))  # in this order pandas keeps the type
    bad = (filled < 0) | (filled > MAX_COUNT)
    if not dtype.is_integer():
        bad |= filled % 1 != 0
    return absent, bad, nw.when(~bad).then(filled).otherwise(nw.lit(0)).cast(nw.Int64)


def _with_reason(frame: Any) -> Any:
    """The reason in words, null for rows that have a cost."""
    if frame.implementation.is_polars():
        import polars as pl

        words = pl.lit(pl.Series([None, *REASONS])).gather(pl.col(f"{T}reason"))
        return nw.from_native(frame.to_native().with_columns(words.alias("cost_reason")))
    reason = nw.lit(None).cast(nw.String)
    for place, text in enumerate(REASONS, start=1):
        reason = nw.when(nw.col(f"{T}reason") == place).then(nw.lit(text)).otherwise(reason)
    return frame.with_columns(reason.alias("cost_reason"))


def _rounded(frame: Any) -> tuple[Any, Any]:
    """Amounts of prices finer than the grid, to the nearest nano-AIU, half to even, in whole numbers all the way."""
    amount, scale, quotient = (nw.col(f"{T}{name}") for name in ("amount", "whole_scale", "quotient"))
    frame = frame.with_columns(nw.col(f"{T}scale").fill_null(1).cast(nw.Int64).alias(f"{T}whole_scale"))
    exact = amount.cast(nw.Float64) / scale.cast(nw.Float64)
    frame = frame.with_columns((exact - exact % 1).cast(nw.Int64).alias(f"{T}quotient"))
    rest = amount - quotient * scale  # the quotient of floats may be one off
    nearer = nw.when(rest >= scale).then(quotient + 1).otherwise(quotient)
    nearer = nw.when(rest < 0).then(quotient - 1).otherwise(nearer)
    frame = frame.with_columns(nearer.cast(nw.Int64).alias(f"{T}quotient"))
    frame = frame.with_columns((2 * (amount - quotient * scale)).alias(f"{T}twice"))
    odd = quotient % 2 != 0
    twice = nw.col(f"{T}twice")
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
