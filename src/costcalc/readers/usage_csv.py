"""Usage of an account as CSV: `time,user,credits`, tokens of a model to be priced, or GitHub's AI usage report.

GitHub's report is known by its header and gives the credits that it states, by day. Else columns are found by name:
`time` (ISO 8601; without a time zone it is UTC), `user`, `credits`, `organization`, `cost_center`, and for rows without
credits `model`, `fresh_input`, `cached_input`, `cache_write`, `output` (disjoint kinds, one request a row), priced on
the Copilot route by the day of the row.
"""

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NoReturn

from costcalc.billing.account import Account
from costcalc.billing.usage import Actor, ColumnBuilder, UsageColumns, microseconds, nano_aiu_of
from costcalc.entries import ReadLog
from costcalc.errors import CostcalcError, InputError, check_path, check_told, check_type, unknown_name
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import Rate
from costcalc.readers import github_report, plain_report
from costcalc.readers.find import reader_of
from costcalc.readers.plain_csv import read_plain
from costcalc.showing.display import count_of
from costcalc.tokens import KINDS, TokenUsage

COLUMNS: Final = ("time", "user", "credits", "organization", "cost_center", "model", *KINDS)

_NOBODY: Final = "(none)"
_BY_DAY: Final = (
    "the report tells days, not times: use of one day counts in the order of users' names, and alerts are to the day"
)

_NUMBER: Final = re.compile(r"\d{1,30}(\.\d{1,60})?", re.ASCII)
_COUNT: Final = re.compile(r"\d{1,16}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def read_usage_csv(
    path: "str | os.PathLike[str]",
    account: Account,
    book: PriceBook | None = None,
    progress: "Callable[[int], object] | None" = None,
) -> UsageColumns:
    """The usage that a CSV file holds, all of it in the account's month.

    GitHub's AI usage report may go beyond the month: a notice says what was left out. `progress` is told the number of
    bytes read now and then. Raises `InputError` with file and line for the first row that cannot be billed: nothing is
    billed in part.
    """
    check_path("path", path)
    check_type("account", account, Account, "an Account; Account.load reads one from a file")
    check_told(progress, "progress")
    shown = os.fspath(path)
    try:
        form = reader_of(shown)
        if form is not None and form[0] == github_report.SOURCE:
            return _reported(shown, account, progress)
        plain = read_plain(shown, account)
        if plain is not None:
            return plain
        reader = _Reader(shown, account, book)
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader.read(file if progress is None else _told(file, progress))
    except UnicodeDecodeError as error:
        raise InputError(f"{shown}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except (OSError, ValueError) as error:
        if isinstance(error, CostcalcError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown}: cannot be read ({reason})") from None
    return reader.columns()


def _reported(path: str, account: Account, progress: "Callable[[int], object] | None") -> UsageColumns:
    """The credits that GitHub's report states for the account's month, by day.

    Raises `InputError` for the first row that cannot be read, and if all use is of other months.
    """
    log = ReadLog()
    entries = plain_report.read(path, log, frozenset({"user", "organization", "cost_center"}))
    builder = ColumnBuilder()
    other_days: set[datetime] = set()
    other_rows = nameless = 0
    for entry in github_report.read(path, log, progress) if entries is None else entries:
        if entry.time is None or entry.reported_nano_aiu is None:
            raise AssertionError(entry)  # every row of a report has both
        if not account.starts <= entry.time < account.ends:
            other_days.add(entry.time)
            other_rows += entry.records
            continue
        nameless += 0 if entry.user else entry.records
        actor = Actor(entry.user or _NOBODY, entry.organization, entry.cost_center)
        builder.add(microseconds(entry.time), actor, entry.reported_nano_aiu)
    if log.skipped:
        first = min(log.skipped, key=lambda skipped: skipped.line)
        raise InputError(f"{path}:{first.line}: {first.reason}; mend the row or take it out; nothing is billed in part")
    columns = builder.columns()
    others = f"{min(other_days):%Y-%m-%d} to {max(other_days):%Y-%m-%d}" if other_days else ""
    if others and not columns:
        month = f"the account's month is {account.month}; change it in the account's file, or take another report"
        raise InputError(f"{path}: its use is of {others}, {month}")
    notices = []
    if columns:
        notices.append(Notice("days_without_times", _BY_DAY))
    if others:
        notices.append(Notice("other_months", f"left out: {count_of(other_rows, 'row')} of other months ({others})"))
    if nameless:
        notices.append(Notice("use_without_user", f"billed as {_NOBODY}: {count_of(nameless, 'row')} without a user"))
    if log.other_rows:
        rows = count_of(log.other_rows, "row")
        notices.append(Notice("other_products", f"left out: {rows} of other products than AI credits"))
    return replace(columns, notices=tuple(notices))


def _told(lines: Iterable[str], progress: "Callable[[int], object]") -> Iterator[str]:
    """The lines, the characters read so far told now and then."""
    read = 0
    for number, line in enumerate(lines):
        read += len(line)
        if not number % 10_000:
            progress(read)
        yield line


class _Reader:
    def __init__(self, path: str, account: Account, book: PriceBook | None) -> None:
        self._path, self._account = path, account
        self._book = book
        self._rates: dict[str, Rate] = {}
        self._notices: dict[Notice, None] = {}
        self._builder = ColumnBuilder()
        self._first_us, self._end_us = microseconds(account.starts), microseconds(account.ends)
        self._line = 1

    def columns(self) -> UsageColumns:
        return self._builder.columns(tuple(self._rates.values()), tuple(self._notices))

    def read(self, file: Iterable[str]) -> None:
        rows = csv.reader(file, strict=True)
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            places = self._places(header)
            width = len(header)
            self._line = rows.line_num + 1
            for row in rows:
                if row:
                    if len(row) != width:
                        self._fail(f"{len(row)} cells, where the header has {width}")
                    self._add(row, places)
                self._line = rows.line_num + 1
        except csv.Error as error:
            self._line = rows.line_num
            self._fail(f"not valid CSV: {error}")

    def _fail(self, message: str) -> NoReturn:
        raise InputError(f"{self._path}:{self._line}: {message}")

    def _places(self, header: list[str]) -> dict[str, int]:
        if not any(header):
            raise InputError(f"{self._path}: empty; it needs a header: time,user,credits")
        for name in header:
            if name not in COLUMNS:
                hint = "columns are separated by commas" if ";" in name or "\t" in name else ""
                self._fail(str(unknown_name("column", name, COLUMNS, hint)))
            if header.count(name) > 1:
                self._fail(f"column {name} is there twice")
        for name in ("time", "user"):
            if name not in header:
                self._fail(f"there is no column {name}; it needs time, user and credits (or model and tokens)")
        if "credits" not in header and "model" not in header:
            self._fail("there is no column credits, nor model and tokens to price")
        return {name: place for place, name in enumerate(header)}

    def _add(self, row: list[str], places: dict[str, int]) -> None:
        def cell(name: str) -> str:
            place = places.get(name)
            return "" if place is None else row[place].strip()

        time_us = self._time(cell("time"))
        user = cell("user")
        if not user:
            self._fail("the row has no user")
        actor = Actor(user, cell("organization") or None, cell("cost_center") or None)
        stated, counts = cell("credits"), self._counts(cell)  # a bad count is one, whether or not it is billed
        nano_aiu = self._credits(stated) if stated else self._priced(cell("model"), counts, time_us)
        self._builder.add(time_us, actor, nano_aiu)

    def _time(self, text: str) -> int:
        if not _TIME.fullmatch(text):
            self._fail(f"time {text!r:.40} is not of the form 2026-10-05T09:30:00Z")
        try:
            time_us = microseconds(
                datetime.fromisoformat(text.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
            )
        except (ValueError, OverflowError):
            self._fail(f"there is no time {text}")
        if not self._first_us <= time_us < self._end_us:
            self._fail(f"time {text} is outside the account's month {self._account.month} (UTC)")
        return time_us

    def _credits(self, text: str) -> int:
        if not _NUMBER.fullmatch(text):
            try:
                negative = Decimal(text) < 0
            except InvalidOperation:
                negative = False
            self._fail(f"credits {text!r:.40} " + ("are negative" if negative else "are not a number such as 12.5"))
        try:
            nano_aiu, rounded = nano_aiu_of(Decimal(text))
        except CostcalcError as error:
            self._fail(str(error))
        self._builder.rounded += rounded
        return nano_aiu

    def _counts(self, cell: "Callable[[str], str]") -> dict[str, int]:
        """The token counts that the row states."""
        counts: dict[str, int] = {}
        for kind in KINDS:
            text = cell(kind)
            if text and not _COUNT.fullmatch(text):
                self._fail(f"{kind} {text!r:.40} is not a whole number of tokens")
            if text:
                counts[kind] = int(text)
        return counts

    def _priced(self, model: str, counts: dict[str, int], time_us: int) -> int:
        """The credits of tokens, at the rate in force on the day."""
        if not model:
            self._fail("the row has neither credits nor a model to price")
        auto = model.lower().startswith(github_report.AUTO_PREFIX)
        model = model[len(github_report.AUTO_PREFIX) :].strip() if auto else model
        if not counts:
            self._fail("the row has a model but no tokens")
        day = datetime.fromtimestamp(time_us // 1_000_000, UTC).date()
        self._book = PriceBook.of(self._book)
        try:
            usage = TokenUsage(**counts)
            rate = self._book.rate(model, on=day)
            cost = (rate.with_modifiers(self._book.modifiers["auto"]) if auto else rate).cost(usage)
        except CostcalcError as error:
            self._fail(str(error))
        if cost.rate.id not in self._rates:
            self._rates[cost.rate.id] = cost.rate
            for notice in self._book.notices(cost.rate, day):
                self._notices[notice] = None
        for notice in cost.notices:
            self._notices[notice] = None
        return cost.nano_aiu
