"""From paths to usage: which files there are, which format each has, and what they hold."""

import contextlib
import csv
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from costcalc.entries import ReadLog, UsageEntry
from costcalc.errors import InputError, check_told
from costcalc.readers import (
    copilot_events,
    copilot_store,
    github_report,
    normalised,
    openai_bodies,
    otel,
    plain_report,
    vscode_debug,
)
from costcalc.readers.jsonlines import decoder, whole_document

Reader = Callable[[str, ReadLog, "Callable[[int], object] | None"], Iterator[UsageEntry]]

_SAMPLE: Final = 1 << 18
_LINES: Final = 200
_EVENT_FAMILIES: Final = frozenset({"session", "assistant", "user", "tool", "system", "subagent", "hook", "abort"})
_ENDINGS: Final = frozenset({".jsonl", ".json", ".ndjson", ".csv", ".db", ".log", ".txt", ".parquet", ""})


class Found(NamedTuple):
    """A file of a known format, and how many entries it gave."""

    path: str
    source: str
    entries: int


def reader_of(path: str) -> "tuple[str, Reader] | None":
    """The reader for a file, told from its content; None if no format fits. Raises `OSError` if it cannot be read."""
    with open(path, "rb") as file:  # noqa: PTH123
        sample = file.read(_SAMPLE)
    if sample.startswith(copilot_store.MAGIC):
        return copilot_store.SOURCE, copilot_store.read
    if sample.startswith(normalised.PARQUET_MAGIC):
        return normalised.PARQUET_SOURCE, normalised.read_parquet
    text = sample.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return _json_reader(path, sample)
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        names = [name.strip().lower() for name in github_report.cells(first.rstrip("\r"))]
    except (ValueError, csv.Error):
        return None
    if normalised.is_header(names):
        return normalised.SOURCE, normalised.read
    return (github_report.SOURCE, github_report.read) if github_report.is_report_header(names) else None


def _json_reader(path: str, sample: bytes) -> "tuple[str, Reader] | None":
    """By what the first lines are as objects, the most frequent form: words inside of messages do not count."""
    decode = decoder()
    votes: dict[str, int] = {}
    readers: dict[str, Reader] = {}
    lines = sample.splitlines(keepends=True)
    if len(sample) == _SAMPLE and len(lines) > 1:
        lines.pop()  # it may be cut
    document = whole_document(path)
    found = [] if document is None else document if isinstance(document, list) else [document]
    for line in lines[:_LINES] if document is None else ():
        try:
            found.append(decode(line))
        except (ValueError, RecursionError):
            continue
    for each in found[:_LINES]:
        form = _form(each) if isinstance(each, dict) else None
        if form is not None:
            votes[form[0]] = votes.get(form[0], 0) + 1
            readers[form[0]] = form[1]
    if not votes:
        return None
    source = max(votes, key=votes.__getitem__)
    return source, readers[source]


def _form(found: Mapping[str, Any]) -> "tuple[str, Reader] | None":
    """The source and the reader of what one object is."""
    kind, attributes = found.get("type"), found.get("attributes")
    if isinstance(kind, str) and "data" in found and kind.split(".")[0] in _EVENT_FAMILIES:
        return copilot_events.SOURCE, copilot_events.read
    if "modelMetrics" in found:
        return copilot_events.SOURCE, copilot_events.read
    if kind == "llm_request" or {"ts", "sid", "spanId"} <= found.keys():
        return vscode_debug.SOURCE, vscode_debug.read
    if "resourceSpans" in found or (
        isinstance(attributes, dict) and any(key.startswith("gen_ai.") for key in attributes)
    ):
        return otel.SOURCE, otel.read
    if "usageItems" in found:
        return github_report.REST_SOURCE, github_report.read_rest
    if found.get("object") in ("page", "bucket") or ("results" in found and "start_time" in found):
        return openai_bodies.EXPORT_SOURCE, openai_bodies.read_export
    if isinstance(found.get("usage"), dict) or "copilot_usage" in found or isinstance(found.get("response"), dict):
        return openai_bodies.SOURCE, openai_bodies.read
    return None


def known_places() -> list[Path]:
    """Where the tools of this user keep their logs, as far as these places exist."""
    home = Path.home()
    copilot = Path(os.environ.get("COPILOT_HOME") or home / ".copilot")
    roots = [
        home / ".config/Code/User",
        home / "Library/Application Support/Code/User",
        home / ".vscode-server/data/User",
    ]
    if os.environ.get("APPDATA"):
        roots.append(Path(os.environ["APPDATA"]) / "Code/User")
    places = [
        copilot / "session-store.db",
        copilot / "session-state",
        copilot / "history-session-state",
        copilot / "otel",
    ]
    places += [
        found for root in roots for found in sorted(root.glob("workspaceStorage/*/GitHub.copilot-chat/debug-logs"))
    ]
    return [place for place in places if place.exists()]


def files_of(path: str, log: ReadLog) -> Iterator[str]:
    """The files that a path stands for: itself, or all below a folder that may hold usage; links are not followed.

    Raises `InputError` if there is nothing at the path.
    """
    if os.path.isfile(path):  # noqa: PTH113
        yield path
        return
    if not os.path.isdir(path):  # noqa: PTH112
        raise InputError(f"{path}: no such file or folder")
    for folder, folders, names in os.walk(path, onerror=partial(_unreadable, log), followlinks=False):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)  # noqa: PTH118
            if os.path.splitext(name)[1].lower() in _ENDINGS and not os.path.islink(full):  # noqa: PTH114, PTH122
                yield full


def _unreadable(log: ReadLog, error: OSError) -> None:
    log.skip(str(error.filename), 0, error.strerror or "it cannot be read")


# A session that is told in several places is counted from the first of these.
_RANKS: Final = {copilot_store.SOURCE: 0, copilot_events.SOURCE: 1, otel.SOURCE: 2}


class _Once:
    """Tells what was counted already: the same call in two files, a session in two places."""

    def __init__(self, log: ReadLog) -> None:
        """Nothing counted yet."""
        self._log = log
        self._seen: dict[int, str] = {}
        self._sessions: dict[str, tuple[str, str]] = {}

    def is_new(self, entry: UsageEntry) -> bool:
        """Whether an entry counts; if it repeats another, that is noted."""
        if self._repeats(entry):
            self._log.repeated += 1
            return False
        return True

    def _repeats(self, entry: UsageEntry) -> bool:
        if entry.source in _RANKS and entry.session is not None:
            known = entry.has_tokens or entry.reported_nano_aiu is not None
            place = (entry.source, entry.file if entry.source == copilot_events.SOURCE else "")
            if known and self._sessions.setdefault(entry.session, place) != place:
                return True
        if entry.uid is None:
            return False
        key = hash((entry.source, entry.uid))
        if key not in self._seen:
            self._seen[key] = entry.file
            return False
        # Equal rows of one report are several; equal rows of two reports are one report and its copy.
        return entry.source != github_report.SOURCE or self._seen[key] != entry.file


def read_usage(
    paths: Iterable[str],
    log: ReadLog,
    found: "list[Found] | None" = None,
    told: "Callable[[str, int], object] | None" = None,
    keep: "frozenset[str] | None" = None,
    limits: Sequence[int] = (),
) -> Iterator[UsageEntry]:
    """The usage of all files at the paths, in the formats that are known.

    A session of Copilot CLI is counted from its database, its events or its spans, never from two; a call that stands in
    two files, a copy of a report, and a file given twice count once. Below a folder, files of no known format are passed
    over; a file named itself is noted in the log. With `keep`, rows that differ in none of these keys, nor in day and
    model, may come added up, those of calls with prompts on either side of each of `limits` apart.

    Raises `InputError` for a path at which there is nothing, or if no file is of a known format.
    """
    check_told(told)
    files: list[tuple[int, str, str, Reader]] = []
    taken: set[tuple[int, int]] = set()
    listed = list(paths)
    for path in listed:
        named = os.path.isfile(path)  # noqa: PTH113
        for file in files_of(path, log):
            try:
                status = os.stat(file)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in taken or not stat.S_ISREG(status.st_mode):
                    continue
                reader = reader_of(file)
            except (OSError, ValueError) as error:
                log.skip(file, 0, getattr(error, "strerror", None) or "it cannot be read")
                continue
            if reader is None:
                if named:
                    log.skip(file, 0, "no format that is known")
                continue
            taken.add((status.st_dev, status.st_ino))
            files.append((_RANKS.get(reader[0], len(_RANKS)), file, *reader))
    if not files:
        file, _, reason = log.skipped[0] if log.skipped else (", ".join(listed), 0, "no file of a known format")
        raise InputError(f"no usage in what was given: {file}: {reason}")
    once = _Once(log)
    added_up = {} if keep is None else _added_up(files, log, told, keep, limits)
    for _, file, source, read in sorted(files, key=lambda each: each[0]):
        entries = 0
        try:
            known = added_up.get(file)
            for entry in read(file, log, None if told is None else partial(told, file)) if known is None else known:
                if once.is_new(entry):
                    entries += entry.records
                    yield entry
        except OSError as error:
            log.skip(file, 0, error.strerror or "it cannot be read")
        if found is not None:
            found.append(Found(file, source, entries))


def _added_up(
    files: "Sequence[tuple[int, str, str, Reader]]",
    log: ReadLog,
    told: "Callable[[str, int], object] | None",
    keep: "frozenset[str]",
    limits: Sequence[int],
) -> dict[str, Iterable[UsageEntry]]:
    """The usage of the large files that can be added up as they are read, where nothing else may tell the same usage."""
    paths: dict[str, list[str]] = {}
    for _, file, source, _ in files:
        paths.setdefault(source, []).append(file)
    found: dict[str, Iterable[UsageEntry]] = {}
    try:
        if len(paths.get(github_report.SOURCE, ())) == 1:
            plain = plain_report.read(paths[github_report.SOURCE][0], log, keep)
            if plain is not None:
                found[paths[github_report.SOURCE][0]] = plain
        from costcalc.readers import plain_calls
    except (ImportError, OSError):
        return found
    for source in plain_calls.FORMS.keys() & paths.keys():
        if source in _RANKS and len(_RANKS.keys() & paths.keys()) > 1:
            continue  # its sessions may be told elsewhere
        with contextlib.suppress(OSError):
            found |= plain_calls.read(source, paths[source], log, keep, limits, told)
    return found
