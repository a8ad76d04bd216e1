"""One usage record for all sources: what one model call, or several added up, used, and what was reported of its cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from costcalc.notices import Notice

MAX_SKIPPED: Final = 1_000
"""How many skipped rows are listed one by one; beyond it they are only counted."""


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """Tokens by disjoint kind, and where they are from.

    None means that the source does not tell: a `cached_input` of None is not 0, it is inside `fresh_input`; so is a
    `cache_write` of None. All four are None where only credits are known. `requests` is the number of model calls.
    `reported_nano_aiu` is the cost that the source states, `auto` whether auto model selection chose the model
    (None: not told), `billed` whether the call is one that costs credits at all. `task` groups the calls of one
    thing asked for. `requests` of 0 means that their number is not known. `covered` says that the cost is inside
    another entry (a session that tells its cost as a whole), `records` how many rows of the source the entry adds
    up, `uid` what makes the entry one of a kind in its source.
    """

    file: str
    line: int
    source: str
    time: datetime | None
    model: str | None
    route: str = "copilot"
    service_tier: str = "standard"
    fresh_input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    output: int | None = None
    requests: int = 1
    reported_nano_aiu: int | None = None
    auto: bool | None = None
    billed: bool = True
    session: str | None = None
    task: str | None = None
    user: str | None = None
    repository: str | None = None
    organization: str | None = None
    cost_center: str | None = None
    covered: bool = False
    records: int = 1
    uid: str | None = None

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Tokens by kind for adding up and pricing; what is not told apart is in fresh input."""
        return (self.fresh_input or 0, self.cached_input or 0, self.cache_write or 0, self.output or 0)

    @property
    def has_tokens(self) -> bool:
        """Whether token counts are known at all."""
        return self.fresh_input is not None or self.output is not None

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the whole prompt."""
        return sum(self.counts[:3])


class Skipped(NamedTuple):
    """A row or file that could not be used, and why; line 0 stands for the whole file."""

    file: str
    line: int
    reason: str


def rows_or_files(number: int) -> str:
    """A number of skipped rows and files in words."""
    return f"{number:,} {'row or file' if number == 1 else 'rows or files'}"


class ReadLog:
    """What readers had to leave out: listed up to `MAX_SKIPPED`, counted always."""

    def __init__(self) -> None:
        """Nothing left out yet."""
        self.skipped: list[Skipped] = []
        self.skipped_count: int = 0
        self.other_rows: int = 0
        self.repeated: int = 0
        self.incomplete_sessions: int = 0
        self.pages_before_others: int = 0
        self.last_pages: int = 0

    def skip(self, file: str, line: int, reason: str) -> None:
        """Note a row that could not be used. The reason never holds contents of messages."""
        self.skipped_count += 1
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append(Skipped(file, line, reason))

    def notices(self) -> Iterator[Notice]:
        """What a result says of rows, files and pages that are in none of its figures."""
        if self.skipped_count:
            yield Notice("rows_left_out", f"left out: {rows_or_files(self.skipped_count)} that could not be used")
        if self.pages_before_others and not self.last_pages:
            yield Notice(
                "pages_missing",
                "the usage export has more pages (has_more) than were given; their usage is in no figure",
            )

    def add(self, other: "ReadLog") -> None:
        """Note what another log does."""
        self.skipped += other.skipped[: MAX_SKIPPED - len(self.skipped)]
        self.skipped_count += other.skipped_count
        self.other_rows += other.other_rows
        self.repeated += other.repeated
        self.incomplete_sessions += other.incomplete_sessions
        self.pages_before_others += other.pages_before_others
        self.last_pages += other.last_pages


def nano_aiu_of_credits(credits: Decimal) -> int:
    """Reported credits in nano-AIU; the float noise that exports carry lies far below one."""
    return int((credits * 1_000_000_000).to_integral_value())


def utc(time: datetime) -> datetime:
    """A time in UTC; without a time zone it is UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
