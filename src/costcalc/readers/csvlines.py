"""Lines of CSV from hostile files, each by itself: a bad one is located and does not take others with it."""

import csv
from collections.abc import Callable, Iterator

from costcalc.entries import ReadLog
from costcalc.readers.jsonlines import raw_lines


def csv_rows(
    path: str, log: ReadLog, told: "Callable[[int], object] | None", cells: Callable[[str], list[str]]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file with their numbers, by the names of the header; `cells` takes a line apart, a blank one into none.

    A line that is not UTF-8, not CSV, or of another width than the header is noted in the log.
    """
    names: list[str] = []
    for number, raw in raw_lines(path, log, told):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            row = cells(line)
        except UnicodeDecodeError:
            log.skip(path, number, "not UTF-8 text")
        except csv.Error:
            log.skip(path, number, "not valid CSV")
        else:
            if not row:
                continue
            if not names:
                names = [name.strip().lower() for name in row]
            elif len(row) != len(names):
                log.skip(path, number, f"{len(row)} cells, where the header has {len(names)}")
            else:
                yield number, dict(zip(names, row, strict=True))
