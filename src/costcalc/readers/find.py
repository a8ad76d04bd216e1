"""From paths to usage: which files there are, which format each has, and what they hold."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from costcalc.entries import ReadLog, UsageEntry
from costcalc.errors import InputError
from costcalc.readers import copilot_events, copilot_store, github_report, normalised, openai_bodies, otel, vscode_debug

Reader = Callable[[str, ReadLog, "Callable[[int], object] | None"], Iterator[UsageEntry]]

_SAMPLE: Final = 1 << 18
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
        return _json_reader(sample)
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        names = [name.strip().lower() for name in github_report.cells(first.rstrip("\r"))]
    except (ValueError, csv.Error):
        return None
    if normalised.is_header(names):
        return normalised.SOURCE, normalised.read
    return (github_report.SOURCE, github_report.read) if github_report.is_report_header(names) else None


def _json_reader(sample: bytes) -> "tuple[str, Reader] | None":
    formats = (
        (github_report.REST_SOURCE, (b'"usageItems"',), github_report.read_rest),
        (openai_bodies.EXPORT_SOURCE, (openai_bodies.EXPORT_SIGN,), openai_bodies.read_export),
        (copilot_events.SOURCE, (b'"session.', b'"assistant.'), copilot_events.read),
        (vscode_debug.SOURCE, vscode_debug.SIGNS, vscode_debug.read),
        (otel.SOURCE, otel.SIGNS, otel.read),
        (openai_bodies.SOURCE, openai_bodies.SIGNS, openai_bodies.read),
    )
    # By the most signs: a stray line of something else must not decide for a whole file.
    signs, source, read = max(
        ((sum(map(sample.count, signs)), source, read) for source, signs, read in formats), key=lambda each: each[0]
    )
    return (source, read) if signs else None


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


def files_of(path: str) -> Iterator[str]:
    """The files that a path stands for: itself, or all below a folder that may hold usage; links are not followed.

    Raises `InputError` if there is nothing at the path.
    """
    if os.path.isfile(path):  # noqa: PTH113
        yield path
        return
    if not os.path.isdir(path):  # noqa: PTH112
        raise InputError(f"{path}: no such file or folder")
    for folder, folders, names in os.walk(path, followlinks=False):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)  # noqa: PTH118
            if os.path.splitext(name)[1].lower() in _ENDINGS and not os.path.islink(full):  # noqa: PTH114, PTH122
                yield full


def read_usage(
    paths: Iterable[str],
    log: ReadLog,
    found: "list[Found] | None" = None,
    told: "Callable[[str, int], object] | None" = None,
) -> Iterator[UsageEntry]:
    """The usage of all files at the paths, in the formats that are known.

    A session of Copilot CLI is counted from its database or from its events, never both; a file given twice counts once.
    Below a folder, files of no known format are passed over; a file named itself is noted in the log. Raises
    `InputError` for a path at which there is nothing.
    """
    stores: list[str] = []
    others: list[tuple[str, str, Reader]] = []
    taken: set[tuple[int, int]] = set()
    for path in paths:
        named = os.path.isfile(path)  # noqa: PTH113
        for file in files_of(path):
            try:
                status = os.stat(file)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in taken:
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
            if reader[0] == copilot_store.SOURCE:
                stores.append(file)
            else:
                others.append((file, *reader))
    in_store: set[str] = set()
    for file, source, read in [*((each, copilot_store.SOURCE, copilot_store.read) for each in stores), *others]:
        entries = 0
        try:
            for entry in read(file, log, None if told is None else partial(told, file)):
                if source == copilot_store.SOURCE and entry.session is not None:
                    in_store.add(entry.session)
                elif source == copilot_events.SOURCE and entry.session in in_store:
                    log.repeated += 1
                    continue
                entries += 1
                yield entry
        except OSError as error:
            log.skip(file, 0, error.strerror or "it cannot be read")
        if found is not None:
            found.append(Found(file, source, entries))
