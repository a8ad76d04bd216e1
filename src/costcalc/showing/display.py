"""How a result shows itself: as parts of text and tables, rendered as plain text, Markdown, HTML, CSV or JSON.

Results state what they show; this module knows how. Whatever is shown is text: control characters are made visible,
and markup of any kind is escaped, since names come from files of unknown origin.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple, overload

from costcalc.notices import Notice
from costcalc.showing.charts import Chart, chosen
from costcalc.showing.texts import visible
from costcalc.units import canonical, plain

if TYPE_CHECKING:
    import os

    import pandas as pd
    import polars as pl
    from rich.console import Console

    from costcalc.pricing.rate import Rate

SCHEMA_VERSION: Final = "1"

_GAP: Final = 3  # spaces between the columns of a table

Cell = str | int | Decimal | None


class Table(NamedTuple):
    """A table to show: numbers are right-aligned, None is shown as a dash. The first cell of a row says what it is of."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str


class Heading(str):
    """A text that is the heading of the parts after it, on one line."""

    __slots__ = ()


Part = str | Table


class Shown:
    """What shows itself, in a notebook too: as HTML where that is understood, as Markdown elsewhere."""

    __slots__ = ()

    def all_parts(self) -> Iterator[Part]:
        """What to show a person, the answer first."""
        raise NotImplementedError

    def to_html(self) -> str:
        """All that is shown as a piece of HTML, for a page of any colours; names are escaped, nothing is loaded."""
        return f'<div class="costcalc">\n<style>{STYLE}</style>\n{html(self.all_parts())}\n</div>'

    def to_markdown(self) -> str:
        """All that is shown as Markdown with pipe tables, fit for a pull-request comment."""
        return markdown(self.all_parts())

    _repr_html_ = to_html
    _repr_markdown_ = to_markdown

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The plain text of a notebook's output; `cycle` is for what may hold itself."""
        del cycle
        printer.text(text(self.all_parts()))


class Result(Shown):
    """What every answer of costcalc can do: show itself, and turn into plain data."""

    __slots__ = ()

    kind: ClassVar[str]
    notices: tuple[Notice, ...]

    def body(self) -> dict[str, Any]:
        """The fields of the machine output between `kind` and `rates`."""
        raise NotImplementedError

    def rates_used(self) -> "Iterable[Rate]":
        """Every rate that a figure of the result rests on."""
        raise NotImplementedError

    def parts(self) -> Iterator[Part]:
        """What to show a person, the answer first."""
        raise NotImplementedError

    def rows(self) -> list[dict[str, Any]]:
        """The result as flat rows for a data frame or a CSV file; money is `Decimal`."""
        raise NotImplementedError

    def columns(self) -> dict[str, type]:
        """What the columns of `rows()` hold, by name: all of them if there may be no row, else those that may be all None."""
        return {}

    def all_rows(self) -> list[dict[str, Any]]:
        """The rows, each with the codes of the notices."""
        codes = " ".join(dict.fromkeys(notice.code for notice in self.notices))
        return [{**row, "notices": codes} for row in self.rows()]

    @overload
    def to_frame(self, engine: 'Literal["pandas"]') -> "pd.DataFrame": ...
    @overload
    def to_frame(self, engine: 'Literal["polars"]') -> "pl.DataFrame": ...
    @overload
    def to_frame(self, engine: None = None) -> Any: ...
    def to_frame(self, engine: 'Literal["pandas", "polars"] | None' = None) -> Any:
        """The rows as a data frame of pandas or Polars: pandas if it is installed, unless `engine` says which.

        Nothing is rounded: money stays `Decimal` (in Polars a decimal column, in pandas a column of objects), a count is a
        whole number, a day a date, and what is not known is null. The column `notices` holds the codes of the notices,
        `result.notices` has their words. Raises `InputError` where the engine is not installed, or where an amount has
        more digits than Polars can hold, `UnknownNameError` for another engine.
        """
        from costcalc.showing.tabular import frame

        return frame(self.all_rows(), {**self.columns(), "notices": str}, engine)

    def to_dict(self) -> dict[str, Any]:
        """The result as machine output: money and credits as decimal strings, null for what is not known."""
        return envelope(self.kind, self.body(), self.rates_used(), self.notices)

    def charts(self) -> tuple[Chart, ...]:
        """What the result shows as pictures: plain data, with the figures of the machine output. Many have none."""
        return ()

    def plot(self, which: str | None = None) -> Any:
        """The result's charts as one Altair chart, which a notebook shows; `which` names one of them.

        Nothing is fetched to show it: it is a picture (SVG), unless you enabled another renderer of Altair's.

        Raises `InputError` if there is none, or without the extra `costcalc[charts]`.
        """
        from costcalc.showing.drawing import plot

        return plot(chosen(self.charts(), which))

    def save_chart(self, path: "str | os.PathLike[str]", which: str | None = None) -> None:
        """Write the result's charts as a picture (`.svg`, `.png`) or an interactive page that needs no network (`.html`).

        They come one below the other; `which` names one of them. A file that is there is replaced. Raises `InputError` if
        there is no chart, for another ending, for what cannot be written, or without the extra `costcalc[charts]`.
        """
        from costcalc.showing.drawing import save

        save(chosen(self.charts(), which), path)

    def all_parts(self) -> Iterator[Part]:
        """The parts of the result, then its notices."""
        yield from self.parts()
        yield from notice_parts(self.notices)

    def __str__(self) -> str:
        return text(self.all_parts())

    __repr__ = __str__


def envelope(
    kind: str, body: Mapping[str, Any], rates: "Iterable[Rate]" = (), notices: Iterable[Notice] = ()
) -> dict[str, Any]:
    """A machine-output document: what every one of them holds, around the body of this kind."""
    used = {rate.id: rate for rate in rates}
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        **body,
        "rates": [rate.to_dict() for rate in used.values()],
        "notices": [notice.to_dict() for notice in notices],
    }


def notice_parts(notices: Iterable[Notice]) -> Iterator[Part]:
    """The notices as a part of their own, if there are any."""
    lines = [f"- {notice.message}" for notice in notices]
    if lines:
        yield "\n".join(["Notices:", *lines])


def usd(amount: Decimal | None) -> str | None:
    """Dollars for a person, every digit kept: `$1,893.6`, `-$0.225`; None stays None."""
    if amount is None:
        return None
    return f"{'-' if amount < 0 else ''}${canonical(amount.copy_abs()):,f}"


def number(value: Decimal | int | None) -> str | None:
    """A number for a person, every digit kept, with thousands separated."""
    return None if value is None else f"{canonical(Decimal(value)):,f}"


def count_of(number: int, what: str) -> str:
    """A number of things in words: 1 record, 2 records."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def cents(value: Decimal) -> Decimal:
    """An amount to compare by eye, to the cent; the exact one is in the other formats."""
    return canonical(value.quantize(Decimal("0.01")))


def percent(share: Decimal) -> str:
    """A share for a person: whole percent but near 0 and 1."""
    value = share * 100
    if 0 < value < 1:
        return "under 1 %" if value < Decimal("0.05") else f"{value:.1f} %"
    if 99 < value < 100:
        return f"{value:.1f} %" if value < Decimal("99.95") else "over 99.9 %"
    return f"{max(value, Decimal(0)):.0f} %"


def text(parts: Iterable[Part]) -> str:
    """The parts as plain text, tables aligned, nothing wrapped or cut."""
    return "\n\n".join(visible(part) if isinstance(part, str) else _aligned(part) for part in parts)


def _aligned(table: Table) -> str:
    from rich.cells import cell_len

    numeric = _numeric_columns(table)
    lines = [table.columns, *(tuple(_shown(cell) for cell in row) for row in table.rows)]
    widths = [max(cell_len(line[position]) for line in lines) for position in range(len(table.columns))]

    def aligned(line: Sequence[str]) -> str:
        padded = []
        for cell, width, right in zip(line, widths, numeric, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if right else cell + space)
        return (" " * _GAP).join(padded).rstrip()

    rule = "-" * (sum(widths) + _GAP * (len(widths) - 1))
    shown = [aligned(lines[0]), rule, *(aligned(line) for line in lines[1:])]
    return "\n".join([visible(table.title), *shown])


def show(parts: Iterable[Part], console: "Console") -> None:
    """Write the parts to a terminal, a blank line between them; lines and cells wrap at its width between words.

    A table that does not fit even so is written row by row, each value after the name of its column: nothing is cut.
    """
    from rich.box import Box
    from rich.table import Table as RichTable
    from rich.text import Text

    ruled = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    for index, part in enumerate(parts):
        if index:
            console.print()
        if isinstance(part, str):
            console.print(Text(visible(part), style="bold underline" if isinstance(part, Heading) else ""))
            continue
        console.print(Text(visible(part.title), style="bold"))
        widths = _widths_within(part, console.width)
        if widths is None:
            for row in part.rows:
                console.print(Text(_shown(row[0]), style="bold"))
                named = zip(part.columns[1:], row[1:], strict=True)
                console.print(Text("  " + ", ".join(f"{column} {_shown(cell)}" for column, cell in named)))
            continue
        table = RichTable(box=ruled, show_edge=False, pad_edge=False, header_style="bold")
        for column, numeric, width in zip(part.columns, _numeric_columns(part), widths, strict=True):
            table.add_column(Text(column), justify="right" if numeric else "left", width=width)
        for row in part.rows:
            table.add_row(*(Text(_shown(cell)) for cell in row))
        console.print(table)


def _widths_within(table: Table, width: int) -> list[int] | None:
    """Column widths that fit side by side, as wide as needed or as there is room; None if they cannot fit.

    Numbers and headings are never broken, text only between words.
    """
    from rich.cells import cell_len

    least, most = [], []
    for position, (column, numeric) in enumerate(zip(table.columns, _numeric_columns(table), strict=True)):
        cells = [column, *(_shown(row[position]) for row in table.rows)]
        words = cells if numeric else [column, *(word for cell in cells for word in cell.split())]
        least.append(max(map(cell_len, words)))
        most.append(max(map(cell_len, cells)))
    room = width - sum(least) - _GAP * (len(least) - 1)
    if room < 0:
        return None
    widths = least
    while room and widths != most:
        narrowest = min((each for each in range(len(widths)) if widths[each] < most[each]), key=widths.__getitem__)
        widths[narrowest] += 1
        room -= 1
    return widths


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return visible(cell) if isinstance(cell, str) else str(number(cell))


def _numeric_columns(table: Table) -> list[bool]:
    """Which columns hold numbers only: real ones, dollar amounts, or nothing known."""

    def numeric(cell: Cell) -> bool:
        if not isinstance(cell, str):
            return True
        return cell.lstrip("+-$").replace(",", "").replace(".", "").isdigit()

    return [all(numeric(row[position]) for row in table.rows) for position in range(len(table.columns))]


def markdown(parts: Iterable[Part]) -> str:
    """The parts as Markdown with pipe tables, fit for a pull-request comment."""
    written = []
    for part in parts:
        if isinstance(part, str):
            mark = "## " if isinstance(part, Heading) else ""
            written.append(mark + _escaped(part).replace("\n- ", "\n\n- ", 1))
            continue
        title = _escaped(part.title).replace("\n", " ")
        aligns = ["---:" if numeric else "---" for numeric in _numeric_columns(part)]
        lines = [f"**{title}**\n", _pipes(part.columns)]
        lines.append(f"| {' | '.join(aligns)} |")
        lines += [_pipes(_shown(cell).replace("\n", " ") for cell in row) for row in part.rows]
        written.append("\n".join(lines))
    return "\n\n".join(written)


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(value: str) -> str:
    escaped = visible(value).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "|*`[]$":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped


STYLE: Final = (
    ".costcalc{overflow-x:auto}"
    ".costcalc table{border-collapse:collapse;margin:1em 0;color:inherit}"
    ".costcalc caption{text-align:start;font-weight:bold;padding:.3em .6em;color:inherit;overflow-wrap:anywhere}"
    ".costcalc thead tr{border-bottom:1px solid}"
    ".costcalc tr>*{padding:.25em .6em;text-align:start;vertical-align:top;max-width:32em;overflow-wrap:break-word}"
    ".costcalc tbody th{font-weight:normal}"
    ".costcalc tr>.costcalc-number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".costcalc p,.costcalc li{overflow-wrap:break-word}"
    ".costcalc summary{cursor:pointer}"
)
"""How the HTML of parts looks inside an element of class `costcalc`: in the colours of the page that it stands on."""

_LISTS: Final = {"ul": re.compile(r"- "), "ol": re.compile(r"\d+\. ")}


def html(parts: Iterable[Part]) -> str:
    """The parts as HTML: tables with a caption and the heads of rows and columns told, lists as lists."""
    return "\n".join(_html_text(part) if isinstance(part, str) else _html_table(part) for part in parts)


def _html_table(table: Table) -> str:
    numeric = _numeric_columns(table)
    marks = [' class="costcalc-number"' if each else ' dir="auto"' for each in numeric]

    def line(cells: Iterable[str], scope: str, others: str) -> str:
        written = []
        for place, (cell, mark) in enumerate(zip(cells, marks, strict=True)):
            name, told = (others, "") if others == "td" and place else ("th", f' scope="{scope}"')
            written.append(f"<{name}{told}{mark}>{html_escaped(cell)}</{name}>")
        return f"<tr>{''.join(written)}</tr>"

    rows = (line(map(_shown, row), "row", "td") for row in table.rows)
    return "\n".join(
        [
            f'<table>\n<caption dir="auto">{html_escaped(table.title)}</caption>',
            f"<thead>{line(table.columns, 'col', 'th')}</thead>",
            "<tbody>",
            *rows,
            "</tbody>\n</table>",
        ]
    )


def _html_text(part: str) -> str:
    """A text as paragraphs and lists; a list under a line that ends in a colon can be folded away, and starts unfolded."""
    if isinstance(part, Heading):
        return f'<h2 dir="auto">{html_escaped(part)}</h2>'

    def kind(line: str) -> str:
        return next((name for name, mark in _LISTS.items() if mark.match(line)), "p")

    written: list[str] = []
    for name, group in groupby(part.split("\n"), kind):
        lines = list(group)
        if name == "p":
            written.append(f'<p dir="auto">{"<br>".join(map(html_escaped, lines))}</p>')
            continue
        items = "".join(f'\n<li dir="auto">{html_escaped(_LISTS[name].sub("", line, count=1))}</li>' for line in lines)
        listed = f"<{name}>{items}\n</{name}>"
        if len(written) == 1 and written[0].endswith(":</p>") and "<br>" not in written[0]:
            heading = written.pop().removeprefix('<p dir="auto">').removesuffix(":</p>")
            listed = f'<details open><summary dir="auto">{heading}</summary>{listed}</details>'
        written.append(listed)
    return "\n".join(written)


def html_escaped(value: str) -> str:
    """A text for HTML, an attribute's value in double quotes included: shown as it is, whatever is in it."""
    return escape(visible(value))


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Iterable[str] = ()) -> str:
    """Rows as CSV with a header, which has these columns even if there is no row.

    A text that a spreadsheet would take for a formula gets a quote before it.
    """
    import csv
    import io

    buffer = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row)) or list(columns)
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv_cell(value) for key, value in row.items()})
    return buffer.getvalue()


_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\n", "＝", "＋", "－", "＠")  # a spreadsheet takes the wide ones too


def _csv_cell(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, str):
        value = visible(value)  # a carriage return would end the row
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    return value


def json_text(document: Mapping[str, Any]) -> str:
    """A machine-output document as JSON text."""
    import json

    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
