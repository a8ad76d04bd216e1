"""GitHub's AI usage report (CSV, all header generations) and the answers of its billing REST API.

Convention: the token columns are disjoint (`input` excludes cache reads and writes); `quantity` is credits. Columns
are found by name. `Auto: ` before a model means auto selection. Rows of other products are not usage of credits and
are left out quietly.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry, nano_aiu_of_credits
from costcalc.readers.csvlines import csv_rows
from costcalc.readers.jsonlines import MAX_LINE, RowError, decoder, each_row, table, text
from costcalc.tokens import MAX_COUNT

SOURCE: Final = "github-report"
REST_SOURCE: Final = "github-rest"
AUTO_PREFIX: Final = "auto: "

AI_UNITS: Final = frozenset({"ai-credits", "ai-credit", "credits", "ai-units", "ai-unit", "aic"})
_AI_SKU: Final = re.compile(r"(^|[_ -])ai[_ -]?(credit|unit)s?", re.IGNORECASE)
_KEY: Final = ("date", "username", "sku", "model", "organization", "repository", "cost_center_name")
_TOKENS: Final = {
    "input": "fresh_input",
    "cache_read": "cached_input",
    "cache_write": "cache_write",
    "output": "output",
}


def is_report_header(names: "list[str]") -> bool:
    """Whether a CSV header is that of a usage report."""
    return "date" in names and bool({"quantity", "aic_quantity"} & set(names)) and bool({"sku", "model"} & set(names))


def cells(line: str) -> list[str]:
    """The cells of a line; some exports wrap each whole line in a pair of quotes, with those inside doubled."""
    row = next(csv.reader([line]), []) if line.strip() else []
    return next(csv.reader(row), []) if len(row) == 1 and "," in row[0] else row


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one report."""
    yield from each_row(path, log, csv_rows(path, log, told, cells), partial(entry_of, path, log))


def entry_of(path: str, log: ReadLog, line: int, row: Mapping[str, str]) -> UsageEntry | None:
    """The usage of one row; None, noted in the log, if it is of another product.

    Raises `RowError` for a row that cannot be used.
    """
    unit = row.get("unit_type", "").strip().lower()
    is_ai = unit in AI_UNITS or bool(_AI_SKU.search(row.get("sku", "")))
    quantity, aic = _number(row, "quantity"), _number(row, "aic_quantity")
    # Since the switch `quantity` is credits and aic_quantity 0; before it, aic_quantity stood beside premium requests.
    credits = quantity if is_ai and quantity else aic
    if credits is None or not (is_ai or credits):
        log.other_rows += 1
        return None
    tokens: dict[str, Any] = {kind: _count(row, name) for name, kind in _TOKENS.items()}
    model, auto = model_of(row.get("model", ""))
    return UsageEntry(
        path,
        line,
        SOURCE,
        _day(row.get("date", "")),
        model,
        **tokens,
        requests=0,
        reported_nano_aiu=nano_aiu_of_credits(credits),
        auto=auto,
        user=_name(row, "username"),
        repository=_name(row, "repository"),
        organization=_name(row, "organization"),
        cost_center=_name(row, "cost_center_name"),
        # Tells a row from those of other files; within a file every row counts.
        uid="|".join(row.get(name, "") for name in _KEY) + f"|{credits}|{tokens}",
    )


def model_of(stated: str) -> tuple[str | None, bool]:
    """A model as the report names it, and whether auto selection chose it."""
    name = stated.strip()[:500]
    if name.lower().startswith(AUTO_PREFIX):
        return name[len(AUTO_PREFIX) :].strip() or None, True
    return name or None, False


def _name(row: Mapping[str, str], name: str) -> str | None:
    return row.get(name, "").strip()[:500] or None


def _number(row: Mapping[str, str], name: str) -> Decimal | None:
    stated = row.get(name, "").strip()
    if not stated:
        return None
    return checked_credits(stated, name)


def checked_credits(stated: object, name: str) -> Decimal:
    """A reported amount. Raises `RowError` unless it is a number from 0 to a billion."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        raise RowError(f"{name} is not a number")
    try:
        number = Decimal(str(stated))
    except InvalidOperation:
        raise RowError(f"{name} is not a number") from None
    if not number.is_finite() or not 0 <= number <= 10**9:
        raise RowError(f"{name} is not a number from 0 to a billion")
    return number if number.adjusted() > -40 else Decimal(0)


def _count(row: Mapping[str, str], name: str) -> int | None:
    stated = row.get(name, "").strip()
    if not stated:
        return None
    if not re.fullmatch(r"\d{1,16}(\.0+)?", stated, re.ASCII) or int(stated.partition(".")[0]) > MAX_COUNT:
        raise RowError(f"{name} is not a count of tokens")
    return int(stated.partition(".")[0])


def _day(stated: str) -> datetime:
    try:
        day = date.fromisoformat(stated.strip()[:10])
    except ValueError:
        raise RowError("date is not a day such as 2026-08-01") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def read_rest(
    path: str,
    log: ReadLog,
    told: "Callable[[int], object] | None" = None,  # noqa: ARG001
) -> Iterator[UsageEntry]:
    """The usage of one saved answer of `…/settings/billing/ai_credit/usage`; it has no tokens and no users of its own."""
    try:
        if Path(path).stat().st_size > 4 * MAX_LINE:
            log.skip(path, 0, "too large for an answer of the billing API")
            return
        document = decoder()(Path(path).read_bytes())
    except RowError as error:
        log.skip(path, 0, str(error))
        return
    except (ValueError, RecursionError):
        log.skip(path, 0, "not valid JSON")
        return
    items = document.get("usageItems") if isinstance(document, dict) else None
    if not isinstance(items, list):
        log.skip(path, 0, "it has no usageItems")
        return
    try:
        shared = _shared(document)
    except RowError as error:
        log.skip(path, 0, str(error))
        return
    yield from each_row(path, log, enumerate(items, 1), partial(_item, path, log, shared))


def _item(path: str, log: ReadLog, shared: Mapping[str, Any], place: int, item: Any) -> UsageEntry | None:
    if not isinstance(item, dict):
        raise RowError("an item that is not an object")
    stated = f"{item.get('sku')} {item.get('product')}"
    if str(item.get("unitType", "")).lower() not in AI_UNITS and not _AI_SKU.search(stated):
        log.other_rows += 1
        return None
    model, auto = model_of(text(item, "model") or "")
    credits = checked_credits(item.get("grossQuantity"), "grossQuantity")
    return UsageEntry(
        path,
        place,
        REST_SOURCE,
        model=model,
        auto=auto,
        requests=0,
        reported_nano_aiu=nano_aiu_of_credits(credits),
        **shared,
    )


def _shared(document: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says of all its items: the period, and whose usage it is."""
    period = table(document, "timePeriod")
    year, month, day = (period.get(name) for name in ("year", "month", "day"))
    try:
        time = datetime(int(year or 0), int(month or 1), int(day or 1), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        raise RowError("timePeriod is not a period") from None
    return {
        "time": time,
        "user": text(document, "user"),
        "organization": text(document, "organization"),
        "cost_center": text(table(document, "costCenter"), "name"),
    }
