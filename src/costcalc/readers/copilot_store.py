"""Copilot CLI's `session-store.db`, one row a model call.

Convention: `input_tokens` includes cache reads and cache writes; reasoning is inside output. The file is never
opened where it lies: it is copied together with its write-ahead log, so that rows which sit only there are seen,
nothing is locked, and nothing of the user's is written.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import count, each_row, inclusive, iso_time, nano_aiu, text

SOURCE: Final = "copilot-cli-store"
MAGIC: Final = b"SQLite format 3\x00"
_COLUMNS: Final = (
    "id", "created_at", "session_id", "turn_index", "model", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "total_nano_aiu",
)  # fmt: skip


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:  # noqa: ARG001
    """The usage of one store."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "store.db"
            for ending in ("", "-wal", "-shm"):
                if Path(path + ending).exists():
                    shutil.copyfile(path + ending, f"{copy}{ending}")
            # The copy is ours: opening it for writing lets SQLite replay the log.
            connection = sqlite3.connect(copy)
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            try:
                yield from _rows(connection, path, log)
            finally:
                connection.close()
    # sqlite3 raises UnicodeError where names in a damaged schema are no text.
    except (sqlite3.Error, OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the database cannot be read"
        log.skip(path, 0, reason)


def _rows(connection: sqlite3.Connection, path: str, log: ReadLog) -> Iterator[UsageEntry]:
    connection.row_factory = sqlite3.Row
    there = {row["name"] for row in connection.execute("PRAGMA table_info(assistant_usage_events)")}
    if not {"model", "input_tokens", "output_tokens"} <= there:
        log.skip(path, 0, "the database has no table of model calls")
        return
    repositories = _repositories(connection)
    columns = [name if name in there else f"NULL AS {name}" for name in _COLUMNS]
    rows = enumerate(connection.execute(f"SELECT {', '.join(columns)} FROM assistant_usage_events"), 1)
    yield from each_row(path, log, rows, partial(_entry, path, repositories))


def _entry(path: str, repositories: Mapping[str, str], place: int, row: sqlite3.Row) -> UsageEntry:
    data: dict[str, Any] = dict(row)
    prompt = count(data, "input_tokens")
    cached, write = count(data, "cache_read_tokens"), count(data, "cache_write_tokens")
    session = text(data, "session_id")
    turn = data.get("turn_index")
    return UsageEntry(
        path,
        place,
        SOURCE,
        iso_time(data.get("created_at")),
        text(data, "model"),
        fresh_input=None if prompt is None else inclusive(prompt, cached, write),
        cached_input=cached,
        cache_write=write,
        output=count(data, "output_tokens"),
        reported_nano_aiu=nano_aiu(data, "total_nano_aiu"),
        session=session,
        task=f"{session}/{turn}" if isinstance(turn, int) else None,
        repository=repositories.get(session or ""),
    )


def _repositories(connection: sqlite3.Connection) -> dict[str, str]:
    try:
        return {
            str(row["id"]): str(row["repository"])[:500]
            for row in connection.execute("SELECT id, repository FROM sessions WHERE repository IS NOT NULL")
        }
    except (sqlite3.Error, UnicodeError):
        return {}
