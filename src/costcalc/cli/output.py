"""Writing an answer to standard output in the format that was asked for."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from costcalc.cli.options import OutputFormat

if TYPE_CHECKING:
    from costcalc.showing.display import Part, Result

_LONG_FILE: Final = 4_000_000  # bytes: about a second of reading


@contextmanager
def progress_bar(what: str, path: str) -> "Iterator[Callable[[int], object] | None]":
    """A bar on standard error that shows how much of a file was read; nothing where that is not a terminal."""
    try:
        size = Path(path).stat().st_size
    except (OSError, ValueError):
        size = 0
    if not sys.stderr.isatty() or size < _LONG_FILE:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=size)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def file_progress() -> "Iterator[Callable[[str, int], object] | None]":
    """A line on standard error that shows how much of which file was read; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("Reading") as status:
        yield lambda path, done: status.update(f"Reading {Path(path).name}, {done // 1_000_000:,} MB")


@contextmanager
def step_progress(what: str) -> "Iterator[Callable[[int, int], object] | None]":
    """A bar on standard error for work of many steps; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def emit(result: "Result", output_format: OutputFormat, chart: str | None = None) -> None:
    """Write a result, and its charts to a file where one is given.

    In CSV each row carries the codes of the notices; their texts are in the other formats.
    """
    if chart is not None:
        result.save_chart(chart)
    write(output_format, result.all_parts(), result.to_dict, result.all_rows, (*result.columns(), "notices"))


def write(
    output_format: OutputFormat, parts: "Iterable[Part]", document: Any, rows: Any, columns: Iterable[str] = ()
) -> None:
    """Write parts for a person, or what `document()` or `rows()` give for a program; `columns` if there may be no row."""
    from costcalc.showing.display import csv_text, json_text, markdown, show, text

    if output_format is OutputFormat.json:
        machine: Mapping[str, Any] = document()
        print(json_text(machine))
    elif output_format is OutputFormat.csv:
        flat: Sequence[Mapping[str, Any]] = rows()
        sys.stdout.write(csv_text(flat, columns))
    elif output_format is OutputFormat.markdown:
        print(markdown(parts))
    elif sys.stdout.isatty():
        from rich.console import Console

        styled = not os.environ.get("NO_COLOR")
        show(parts, Console(highlight=False, color_system="auto" if styled else None))
    else:
        print(text(parts))
