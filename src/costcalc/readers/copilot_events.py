"""Copilot CLI's `session-state/**/events.jsonl`.

Convention: `inputTokens` includes cache reads and cache writes; `tokenDetails` are disjoint; reasoning is inside
output. Per-call `assistant.usage` events are used where a session has them. Otherwise the totals of
`session.shutdown`, which are cumulative over resumes: the difference to the one before counts, and where a counter
falls, all of it. A session without either falls back to its last checkpoint, which knows credits only. Messages are
never decoded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import RowError, count, inclusive, iso_time, nano_aiu, objects, table, text

SOURCE: Final = "copilot-cli-events"
SIGNS: Final = (b'"session.', b'"assistant.usage"')
_DETAILS: Final = {
    "input": "fresh_input",
    "cache_read": "cached_input",
    "cache_write": "cache_write",
    "output": "output",
}

_Snapshot = dict[str, tuple[int, int | None, int | None, int, int, int | None]]


@dataclass(slots=True)
class _Session:
    """What one file has told so far."""

    name: str
    calls: list[UsageEntry] = field(default_factory=list)
    totals: list[UsageEntry] = field(default_factory=list)
    snapshot: _Snapshot = field(default_factory=dict)
    counted_nano_aiu: int = 0
    checkpoint: tuple[int, datetime | None, int] | None = None
    finished: bool = False


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one session's file."""
    session = _Session(_session_of(path))
    seen: set[str] = set()
    for line, event in objects(path, log, SIGNS, told):
        event_id = text(event, "id")
        if event_id is not None:
            if event_id in seen:
                log.repeated += 1
                continue
            seen.add(event_id)
        try:
            _take(session, path, line, event, seen, log)
        except RowError as error:
            log.skip(path, line, str(error))
    yield from session.calls or session.totals
    if not session.calls and session.checkpoint is not None:
        line, time, reported = session.checkpoint
        left = reported - session.counted_nano_aiu
        if left > 0:
            yield UsageEntry(path, line, SOURCE, time, None, requests=0, reported_nano_aiu=left, session=session.name)


def _session_of(path: str) -> str:
    """A session's id is the name of its folder, or in the old flat layout that of its file."""
    file = Path(path)
    return file.parent.name if file.name == "events.jsonl" else file.stem


def _take(session: _Session, path: str, line: int, event: Mapping[str, Any], seen: set[str], log: ReadLog) -> None:
    kind, data, time = event.get("type"), table(event, "data"), iso_time(event.get("timestamp"))
    if kind == "session.start":
        session.name = text(data, "sessionId") or session.name
    elif kind == "assistant.usage":
        call = text(data, "apiCallId")
        if call is not None:
            if f"call:{call}" in seen:
                log.repeated += 1
                return
            seen.add(f"call:{call}")
        session.calls.append(_call(session, path, line, time, data))
    elif kind == "session.shutdown":
        _shutdown(session, path, line, time, data)
    elif kind == "session.usage_checkpoint":
        reported = nano_aiu(data, "totalNanoAiu")
        if reported is not None:
            if session.checkpoint is not None and reported < session.checkpoint[2]:
                session.counted_nano_aiu = 0  # the counter started anew
            session.checkpoint = (line, time, reported)


def _call(session: _Session, path: str, line: int, time: datetime | None, data: Mapping[str, Any]) -> UsageEntry:
    billed = table(data, "copilotUsage")
    details = billed.get("tokenDetails")
    counts: dict[str, Any]
    if isinstance(details, list) and details:
        counts = dict.fromkeys(_DETAILS.values(), 0)
        for detail in details:
            if not isinstance(detail, dict) or detail.get("tokenType") not in _DETAILS:
                raise RowError("tokenDetails has an entry that is not known")
            kind = _DETAILS[detail["tokenType"]]
            counts[kind] = (counts[kind] or 0) + (count(detail, "tokenCount", required=True) or 0)
    else:
        prompt = count(data, "inputTokens", required=True) or 0
        cached, write = count(data, "cacheReadTokens"), count(data, "cacheWriteTokens")
        counts = {
            "fresh_input": inclusive(prompt, cached, write),
            "cached_input": cached,
            "cache_write": write,
            "output": count(data, "outputTokens", required=True),
        }
    return UsageEntry(
        path,
        line,
        SOURCE,
        time,
        text(data, "model"),
        **counts,
        reported_nano_aiu=nano_aiu(billed, "totalNanoAiu"),
        session=session.name,
    )


def _shutdown(session: _Session, path: str, line: int, time: datetime | None, data: Mapping[str, Any]) -> None:
    metrics = table(data, "modelMetrics")
    now: _Snapshot = {}
    for model, found in metrics.items():
        if not isinstance(found, dict):
            raise RowError("modelMetrics has an entry that is not an object")
        usage, requests = table(found, "usage"), table(found, "requests")
        prompt = count(usage, "inputTokens", required=True) or 0
        cached, write = count(usage, "cacheReadTokens"), count(usage, "cacheWriteTokens")
        inclusive(prompt, cached, write)
        now[model[:500]] = (
            prompt,
            cached,
            write,
            count(usage, "outputTokens", required=True) or 0,
            count(requests, "count") or 0,
            nano_aiu(found, "totalNanoAiu"),
        )
    total = nano_aiu(data, "totalNanoAiu")
    before = session.snapshot
    if any(_falls(now[model], before[model]) for model in now.keys() & before.keys()):
        before, session.counted_nano_aiu = {}, 0  # a counter that falls starts anew
    used = {model: _difference(now[model], before.get(model)) for model in now}
    used = {model: amounts for model, amounts in used.items() if any(amounts)}
    whole = None if total is None else max(0, total - session.counted_nano_aiu)
    for model, (prompt, cached, write, output, calls, stated) in used.items():
        session.totals.append(
            UsageEntry(
                path,
                line,
                SOURCE,
                time,
                model,
                fresh_input=inclusive(prompt, cached, write),
                cached_input=cached,
                cache_write=write,
                output=output,
                requests=max(1, calls),
                reported_nano_aiu=whole if stated is None and len(used) == 1 else stated,
                session=session.name,
            )
        )
    session.snapshot = now
    known = [amounts[5] for amounts in now.values()]
    if total is not None:
        session.counted_nano_aiu = total
    elif known and None not in known:
        session.counted_nano_aiu = sum(amount for amount in known if amount is not None)
    if total is None and session.checkpoint is not None:
        session.counted_nano_aiu = max(session.counted_nano_aiu, session.checkpoint[2])


def _falls(now: tuple[int | None, ...], before: tuple[int | None, ...]) -> bool:
    pairs = zip(now, before, strict=True)
    return any(new is not None and old is not None and new < old for new, old in pairs)


def _difference(
    now: tuple[int, int | None, int | None, int, int, int | None],
    before: tuple[int, int | None, int | None, int, int, int | None] | None,
) -> tuple[int, int | None, int | None, int, int, int | None]:
    if before is None:
        return now

    def less(new: int | None, old: int | None) -> int | None:
        return None if new is None else new - (old or 0)

    return (
        now[0] - before[0],
        less(now[1], before[1]),
        less(now[2], before[2]),
        now[3] - before[3],
        now[4] - before[4],
        less(now[5], before[5]),
    )
