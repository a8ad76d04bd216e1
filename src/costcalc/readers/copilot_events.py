"""Copilot CLI's `session-state/**/events.jsonl`, and the metrics file that `--usage-output-file` writes.

Convention: `inputTokens` includes cache reads and cache writes; `tokenDetails` are disjoint; reasoning is inside output.
Per-call `assistant.usage` events are used where a session has them. Otherwise the totals of `session.shutdown`, which
are cumulative over resumes: the difference to the one before counts, and where a counter falls, all of it. Credits that
a session's own total (of a shutdown or a checkpoint) knows beyond those of its entries are an entry without tokens; so a
session without either falls back to its last checkpoint. Messages are never decoded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import RowError, count, inclusive, iso_time, kinds_of, nano_aiu, objects, table, text

SOURCE: Final = "copilot-cli-events"
SIGNS: Final = (b'"session.', b'"assistant.usage"', b'"modelMetrics"')


class _Counters(NamedTuple):
    """What a session has used of one model so far; None where it is not told."""

    prompt: int
    cached: int | None
    write: int | None
    output: int
    requests: int
    nano_aiu: int | None


@dataclass(slots=True)
class _Session:
    """What one file has told so far."""

    name: str
    calls: list[UsageEntry] = field(default_factory=list)
    totals: list[UsageEntry] = field(default_factory=list)
    counters: dict[str, _Counters] = field(default_factory=dict)
    # The session's own cost: of finished epochs, and of the one that runs; where and when it was last told.
    earlier_nano_aiu: int = 0
    current_nano_aiu: int | None = None
    told_at: tuple[int, datetime | None] = (0, None)

    def tell_cost(self, line: int, time: datetime | None, reported: int) -> None:
        """Take a cumulative cost; one that falls starts anew."""
        if self.current_nano_aiu is not None and reported < self.current_nano_aiu:
            self.earlier_nano_aiu += self.current_nano_aiu
        self.current_nano_aiu = reported
        self.told_at = (line, time)


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
    yield from _entries(session, path, log)


def _entries(session: _Session, path: str, log: ReadLog) -> Iterator[UsageEntry]:
    found = session.calls or session.totals
    if session.calls and _tokens(session.totals) > _tokens(session.calls):
        log.incomplete_sessions += 1
    if session.current_nano_aiu is None:
        yield from found
        return
    # The session tells its cost as a whole: what its entries do not tell of it is an entry of its own, and the cost of
    # those that tell none is in there.
    left = session.earlier_nano_aiu + session.current_nano_aiu - sum(each.reported_nano_aiu or 0 for each in found)
    silent = [each for each in found if each.reported_nano_aiu is None]
    if len(silent) == len(found) == 1:
        yield replace(silent[0], reported_nano_aiu=max(0, left))
        return
    yield from (replace(each, covered=True) if each.reported_nano_aiu is None else each for each in found)
    if left > 0:
        line, time = session.told_at
        yield UsageEntry(
            path,
            line,
            SOURCE,
            time,
            None,
            requests=0,
            reported_nano_aiu=left,
            session=session.name,
            uid=f"{session.name}/rest",
        )


def _tokens(entries: list[UsageEntry]) -> int:
    return sum(sum(each.counts) for each in entries)


def _session_of(path: str) -> str:
    """A session's id is the name of its folder, or in the old flat layout that of its file."""
    file = Path(path)
    return file.parent.name if file.name == "events.jsonl" else file.stem


def _take(session: _Session, path: str, line: int, event: Mapping[str, Any], seen: set[str], log: ReadLog) -> None:
    kind, time = event.get("type"), iso_time(event.get("timestamp"))
    if kind is None and "modelMetrics" in event:  # the file that --usage-output-file writes
        _shutdown(session, path, line, time, event, log)
        return
    if kind not in ("session.start", "assistant.usage", "session.shutdown", "session.usage_checkpoint"):
        return
    data = table(event, "data")
    if kind == "session.start":
        session.name = text(data, "sessionId") or session.name
    elif kind == "assistant.usage":
        call = text(data, "apiCallId")
        if call is not None:
            if f"call:{call}" in seen:
                log.repeated += 1
                return
            seen.add(f"call:{call}")
        session.calls.append(_call(session, path, line, time, data, call or text(event, "id")))
    elif kind == "session.shutdown":
        _shutdown(session, path, line, time, data, log)
    else:
        reported = nano_aiu(data, "totalNanoAiu")
        if reported is not None:
            session.tell_cost(line, time, reported)


def _call(
    session: _Session, path: str, line: int, time: datetime | None, data: Mapping[str, Any], uid: str | None
) -> UsageEntry:
    billed = table(data, "copilotUsage")
    counts: dict[str, Any]
    if billed.get("tokenDetails"):
        counts = kinds_of(billed, "tokenDetails", "tokenType", "tokenCount")
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
        uid=uid,
    )


def _shutdown(
    session: _Session, path: str, line: int, time: datetime | None, data: Mapping[str, Any], log: ReadLog
) -> None:
    total = nano_aiu(data, "totalNanoAiu")
    now: dict[str, _Counters] = {}
    for model, found in table(data, "modelMetrics").items():
        try:
            now[model[:500]] = _counters(found)
        except RowError as error:  # the other models of the session are still good
            log.skip(path, line, f"modelMetrics: {error}")
    if any(_falls(now[model], session.counters[model]) for model in now.keys() & session.counters.keys()):
        session.counters = {}  # a counter that falls starts anew
    for model, counters in now.items():
        used = _difference(counters, session.counters.get(model))
        if any(used):
            session.totals.append(
                UsageEntry(
                    path,
                    line,
                    SOURCE,
                    time,
                    model,
                    fresh_input=inclusive(used.prompt, used.cached, used.write),
                    cached_input=used.cached,
                    cache_write=used.write,
                    output=used.output,
                    requests=max(1, used.requests),
                    reported_nano_aiu=used.nano_aiu,
                    session=session.name,
                    uid=f"{session.name}/{line}/{model}",
                )
            )
    session.counters |= now  # a model that one snapshot leaves out has not been used meanwhile
    if total is not None:
        session.tell_cost(line, time, total)


def _counters(found: object) -> _Counters:
    if not isinstance(found, dict):
        raise RowError("an entry that is not an object")
    usage, requests = table(found, "usage"), table(found, "requests")
    prompt = count(usage, "inputTokens", required=True) or 0
    cached, write = count(usage, "cacheReadTokens"), count(usage, "cacheWriteTokens")
    inclusive(prompt, cached, write)
    output = count(usage, "outputTokens", required=True) or 0
    return _Counters(prompt, cached, write, output, count(requests, "count") or 0, nano_aiu(found, "totalNanoAiu"))


def _falls(now: _Counters, before: _Counters) -> bool:
    pairs = zip(now, before, strict=True)
    return any(new is not None and old is not None and new < old for new, old in pairs)


def _difference(now: _Counters, before: _Counters | None) -> _Counters:
    if before is None:
        return now

    def less(new: int | None, old: int | None) -> int | None:
        return None if new is None else new - (old or 0)

    return _Counters(
        now.prompt - before.prompt,
        less(now.cached, before.cached),
        less(now.write, before.write),
        now.output - before.output,
        now.requests - before.requests,
        None if now.nano_aiu is None or before.nano_aiu is None else now.nano_aiu - before.nano_aiu,
    )
