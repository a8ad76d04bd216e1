"""Writing an answer to standard output in the format that was asked for."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from costcalc.cli.options import OutputFormat
from costcalc.display import Part, Result, csv_text, json_text, markdown, show, text


def emit(result: Result, output_format: OutputFormat) -> None:
    """Write a result."""
    write(output_format, result.all_parts(), result.to_dict, result.rows)


def write(
    output_format: OutputFormat,
    parts: Iterable[Part],
    document: Any,
    rows: Any,
) -> None:
    """Write parts for a person, or what `document()` or `rows()` give for a program."""
    if output_format is OutputFormat.json:
        machine: Mapping[str, Any] = document()
        print(json_text(machine))
    elif output_format is OutputFormat.csv:
        flat: Sequence[Mapping[str, Any]] = rows()
        sys.stdout.write(csv_text(flat))
    elif output_format is OutputFormat.markdown:
        print(markdown(parts))
    elif sys.stdout.isatty():
        from rich.console import Console

        styled = not os.environ.get("NO_COLOR")
        show(parts, Console(highlight=False, color_system="auto" if styled else None))
    else:
        print(text(parts))
