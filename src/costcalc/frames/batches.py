"""The fast way through Polars frames: a batch of rows at a time, in numpy, while it is in the cache.

Names are hashed once, in the spellings of the book; prices are taken by place instead of joined; what is wrong with a batch
is looked for only if its extremes say that something is. The tests of all engines hold it to the rule.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from costcalc.frames.prices import KINDS, PriceTable, T, key_of
from costcalc.tokens import MAX_COUNT

_NO_CODE, _NO_NAME, _NO_MODEL = -1, -2, -3
_LIMIT: Final = 9.2e18
_EPOCH: Final = date(1970, 1, 1)
_DONE: Final = pl.Struct({"cost": pl.Int64, "place": pl.Int32, "reason": pl.UInt32})


def priced(
    frame: "pl.LazyFrame",
    model: str,
    counts: Sequence[str | None],
    table: PriceTable,
    *,
    dated_ids: bool,
    inclusive: bool,
    requests: int,
    reasons: Sequence[str],
) -> "pl.LazyFrame":
    """The frame with cost, claim and reason. `counts` are columns by kind, then of requests; None: there is none."""
    prices = _Prices(table, dated_ids=dated_ids)
    names = [*KINDS, "requests"]
    given = [pl.col(column).cast(pl.Int64).alias(name) for name, column in zip(names, counts, strict=True) if column]
    row = pl.struct(
        pl.col(model).cast(pl.String).alias("model"), pl.col(f"{T}day").cast(pl.Int32).alias("day"),
        pl.col(f"{T}offset").alias("offset"), *given,
    )  # fmt: skip

    def batch(rows: "pl.Series") -> "pl.Series":
        return _priced_batch(rows.struct.unnest(), prices, reasons, inclusive=inclusive, requests=requests)

    place = pl.col(f"{T}done").struct.field("place")
    return frame.with_columns(
        row.map_batches(batch, return_dtype=_DONE, is_elementwise=True).alias(f"{T}done")
    ).with_columns(
        pl.col(f"{T}done").struct.field("cost").alias("cost_nano_aiu"),
        *(pl.lit(texts).gather(place).alias(name) for name, texts in prices.texts.items()),
        pl.lit(pl.Series([None, *reasons], dtype=_enum(reasons)))
        .gather(pl.col(f"{T}done").struct.field("reason"))
        .alias("cost_reason"),
    )


class _Prices:
    """The table as arrays, by place: code of the name, period, tier."""

    def __init__(self, table: PriceTable, *, dated_ids: bool) -> None:
        self.dated_ids = dated_ids
        keys = sorted({row["key"] for row in table.rows})
        self.code_of = {key: code for code, key in enumerate(keys)}
        spelled = {name: self.code_of[key_of(name, dated_ids=dated_ids)] for name in table.spellings}
        self._known = pl.Enum(list(spelled))
        self._codes = pl.Series(list(spelled.values()), dtype=pl.Int32)
        self.periods, self.tiers = len(table.starts) + 1, table.tiers
        first = (table.starts[0] if table.starts else _EPOCH) - timedelta(days=1)
        span = (table.starts[-1] - first).days if table.starts else 0
        self.first, self.span = (first - _EPOCH).days, span
        days = [first + timedelta(days=offset) for offset in range(span + 1)]
        self.period_of_day = np.array([sum(start <= day for start in table.starts) for day in days], dtype=np.int64)
        size = len(keys) * self.periods
        self.units = np.zeros((len(KINDS), size * self.tiers), dtype=np.int64)
        self.has_price = np.zeros(size, dtype=bool)
        texts: dict[str, list[str | None]] = {
            name: [None] * (size * self.tiers) for name in ("rate_id", "rate_status", "tier")
        }
        self.over = np.full((max(0, self.tiers - 1), size), 4.0 * MAX_COUNT)  # above any prompt
        for row in table.rows:
            rate = row["rate"]
            if rate is None:
                continue
            place = self.code_of[row["key"]] * self.periods + row["period"]
            self.has_price[place] = True
            for tier, each in enumerate(rate.tiers):
                flat = place * self.tiers + tier
                self.units[:, flat] = each.integer_prices()[0]
                texts["rate_id"][flat], texts["rate_status"][flat], texts["tier"][flat] = (
                    each.id,
                    each.status,
                    each.tier,
                )
                if tier:
                    self.over[tier - 1, place] = each.prompt_tokens_over
        # Of few different texts: as enums they take a byte or two a row instead of sixteen.
        self.texts = {name: pl.Series(values, dtype=_enum(values)) for name, values in texts.items()}
        self.safe_count = int(_LIMIT / max(1, int(self.units.max(initial=1))) / len(KINDS))

    def codes(self, names: "pl.Series") -> Any:
        """The code of each name; names in a spelling that is not the book's are folded, each once."""
        found = self._codes.gather(names.cast(self._known, strict=False).to_physical())
        if found.null_count():
            other = found.is_null() & names.is_not_null()
            unusual = names.filter(other).unique().to_list()
            if unusual:
                places = [self.code_of.get(key_of(name, dated_ids=self.dated_ids), _unknown(name)) for name in unusual]
                found = found.zip_with(
                    ~other, names.replace_strict(unusual, places, default=None, return_dtype=pl.Int32)
                )
        return found.fill_null(_NO_MODEL).to_numpy()


def _enum(texts: Sequence[str | None]) -> "pl.Enum":
    return pl.Enum(sorted({text for text in texts if text is not None}))


def _unknown(name: str) -> int:
    return _NO_CODE if name.strip() else _NO_NAME


def _priced_batch(
    rows: "pl.DataFrame", prices: _Prices, reasons: Sequence[str], *, inclusive: bool, requests: int
) -> "pl.Series":
    size = len(rows)
    code = prices.codes(rows["model"])
    day = rows["day"]
    has_days = not day.null_count()
    offset = day.fill_null(prices.first).to_numpy() - prices.first
    period = prices.period_of_day[np.clip(offset, 0, prices.span)]  # 64-bit places are taken faster than 32-bit ones
    has_codes = not size or int(code.min()) >= 0
    place = (code if has_codes else np.maximum(code, 0)) * prices.periods + period

    wrong: Any = None
    missing: Any = None
    tokens: list[Any] = []
    largest = 0
    for name in (*KINDS, "requests"):
        if name not in rows.columns:
            tokens.append(np.int64(requests if name == "requests" else 0))
            continue
        column = rows[name]
        if column.null_count():
            if name in ("fresh", "output"):
                absent = column.is_null().to_numpy()
                missing = absent if missing is None else missing | absent
            column = column.fill_null(1 if name == "requests" else 0)
        values = column.to_numpy()
        if size and (int(values.min()) < 0 or int(values.max()) > MAX_COUNT):
            bad = (values < 0) | (values > MAX_COUNT)
            wrong = bad if wrong is None else wrong | bad
            values = np.where(bad, 0, values)
        if size and name != "requests":
            largest = max(largest, int(values.max()))
        tokens.append(values)
    fresh, cached, write, output, calls = tokens
    above: Any = None
    if inclusive:
        fresh = fresh - cached - write
        if size and int(np.min(fresh)) < 0:
            above = fresh < 0
    flat: Any = place
    if prices.tiers > 1:
        prompt = fresh + cached + write
        tier: Any = np.zeros(size, dtype=np.int64)
        for step, over in enumerate(prices.over, start=1):
            # In floats: exact up to 2^53, and what is beyond is more than any prompt.
            tier[(prompt > over[place] * np.asarray(calls, dtype=np.float64)) & (calls > 0)] = step
        flat = place * prices.tiers + tier
    amount = np.zeros(size, dtype=np.int64)
    for kind, values in enumerate((fresh, cached, write, output)):
        if np.ndim(values):
            amount += values * prices.units[kind][flat]
    holds: dict[str, Any] = {
        "tokens missing": missing,
        "not a count of tokens": wrong,
        "cached tokens above the input": above,
        "no price on this day": ~prices.has_price[place],
    }
    if largest > prices.safe_count:
        parts = (fresh, cached, write, output)
        estimate = sum(
            np.asarray(values, dtype=np.float64) * prices.units[kind][flat] for kind, values in enumerate(parts)
        )
        holds["a cost beyond 64 bits"] = estimate >= _LIMIT
    if not has_codes:
        holds |= {"unknown model": code == _NO_CODE, "no model": code <= _NO_NAME}
    if not has_days:
        holds["no day"] = day.is_null().to_numpy()
    if rows["offset"].any():
        holds["a time with an offset"] = rows["offset"].to_numpy()
    reason = np.zeros(size, dtype=np.uint32)
    for number, words in reversed(list(enumerate(reasons, start=1))):  # the first that holds stands
        if holds.get(words) is not None:
            reason[holds[words]] = number
    cost, claim = pl.Series("cost", amount), pl.Series("place", flat.astype(np.int32))
    if reason.any():
        fine = pl.Series(reason == 0)
        cost = cost.zip_with(fine, pl.Series([None], dtype=pl.Int64))
        claim = claim.zip_with(fine, pl.Series([None], dtype=pl.Int32))
    return pl.DataFrame([cost, claim, pl.Series("reason", reason)]).to_struct()
