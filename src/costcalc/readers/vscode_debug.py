"""VS Code's Copilot agent debug logs: `debug-logs/<session>/main.jsonl` and the files of its sub-agents.

Convention: `inputTokens` includes cached tokens; cache writes are never logged, so they are inside fresh input; a
log without `cachedTokens` is of a version that did not tell them. Helper calls (titles, tool summaries) cost
nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import count, each_row, inclusive, nano_aiu, objects, table, text, unix_time

SOURCE: Final = "vscode-debug-log"
SIGNS: Final = (b'"llm_request"',)
HELPERS: Final = frozenset({"title", "summarizeVirtualTools"})


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one file of a session."""
    yield from entries_of(path, log, objects(path, log, SIGNS, told))


def entries_of(path: str, log: ReadLog, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[UsageEntry]:
    """The usage of decoded lines with their numbers."""
    yield from each_row(path, log, rows, partial(_entry, path))


def _entry(path: str, line: int, event: Mapping[str, Any]) -> UsageEntry | None:
    if event.get("type") != "llm_request":
        return None
    span, session = text(event, "spanId"), text(event, "sid") or Path(path).parent.name
    attrs = table(event, "attrs")
    cached = count(attrs, "cachedTokens")
    prompt = count(attrs, "inputTokens", required=True) or 0
    return UsageEntry(
        path,
        line,
        SOURCE,
        unix_time(event.get("ts"), 1_000),
        text(attrs, "model"),
        fresh_input=inclusive(prompt, cached, None),
        cached_input=cached,
        output=count(attrs, "outputTokens", required=True),
        reported_nano_aiu=nano_aiu(attrs, "copilotUsageNanoAiu"),
        billed=text(attrs, "debugName") not in HELPERS,
        session=session,
        uid=None if span is None else f"{session}/{span}",
    )
