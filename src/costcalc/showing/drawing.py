"""Charts drawn with Vega-Lite: as an Altair chart, a picture, or a page. Nothing is fetched from anywhere.

Only here do figures become binary floating point, which is what pictures are made of; the exact ones are in the tooltips.
People's texts are data, titles or labels, never names of fields or expressions, so Vega shows them as text. Colours are those
of Okabe and Ito in an order whose lightness differs; dashes, shapes and words tell the same, for black and white.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from textwrap import wrap
from typing import Any, Final, Literal

from costcalc.errors import InputError
from costcalc.files import whole_path
from costcalc.showing.charts import Axis, Chart, Mark, Place, Point
from costcalc.showing.texts import visible
from costcalc.units import plain

ENDINGS: Final = (".svg", ".png", ".html")
MAX_CHARTS: Final = 24
"""As many charts, and no more, are drawn below each other."""

_FILLS: Final = ("#0072B2", "#E69F00", "#333333", "#F0E442", "#56B4E9", "#D55E00", "#009E73", "#CC79A7")
_INKS: Final = ("white", "black", "white", "black", "black", "black", "black", "black")
"""The colour of a text on each of the fills."""

_LINES: Final = ("#0072B2", "#D55E00", "#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777")
_DASHES: Final = ([1, 0], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [12, 6], [2, 6], [6, 2, 2, 2, 2, 2])
_SHAPES: Final = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
_WIDTH: Final = 620
_HEIGHT: Final = 300
_ROW: Final = 34
_LABEL: Final = 260
_TICKS: Final = 10
_MANY_DAYS: Final = 62
"""Of more, only the first ones of months are marked."""

_ROOM: Final = 56
"""Pixels beside bars, for their texts."""

_FONT: Final = "Helvetica, Arial, sans-serif"


def spec(chart: Chart) -> dict[str, Any]:
    """A chart as a Vega-Lite specification with its data inside."""
    rows = len({point.y for mark in chart.marks for point in mark.points})
    height = max(_ROW * rows, 70) if chart.y.scale == "name" else _HEIGHT
    return {
        "title": {
            "text": _lines(chart.title, 92, 3),
            "offset": 16 + 13 * sum(mark.form == "rule" and mark.points[0].y is None for mark in chart.marks),
            "subtitle": [line for each in chart.caption for line in _lines(each, 118, 4)],
        },
        "width": _WIDTH,
        "height": height,
        "layer": [layer for mark in chart.marks if mark.points for layer in _layers(mark, chart)],
    }


def document(charts: Sequence[Chart]) -> dict[str, Any]:
    """Charts below each other as one specification. Raises `InputError` for none, or more than can be looked at."""
    if not charts:
        raise InputError("this answer has no chart")
    if len(charts) > MAX_CHARTS:
        raise InputError(
            f"{len(charts)} charts are more than the {MAX_CHARTS} of one picture; ask for less, or draw one with plot()"
        )
    specs = [spec(chart) for chart in charts]
    whole = (
        specs[0]
        if len(specs) == 1
        else {
            "vconcat": specs,
            "spacing": 50,
            "resolve": {"scale": dict.fromkeys(("color", "shape", "strokeDash"), "independent")},
        }
    )
    return {**whole, "background": "white", "padding": 14, "config": _config()}


def plot(charts: Sequence[Chart]) -> Any:
    """Charts as one Altair chart, which a notebook shows as a picture without fetching anything.

    Altair's own default loads its drawing code from the network, and its type of data that a notebook draws itself is none that
    the notebook format knows (nbformat refuses it). Whoever enabled another renderer keeps it.
    """
    found = document(charts)
    try:
        import altair
    except ModuleNotFoundError:
        raise _missing("altair") from None
    if _in_jupyter() and altair.renderers.active == "default":
        altair.renderers.enable("svg")
    return altair.Chart.from_dict(found)


def _in_jupyter() -> bool:
    """Whether a notebook's kernel runs this; other pages have ways of their own to show a chart."""
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None


def save(charts: Sequence[Chart], path: "str | os.PathLike[str]") -> None:
    """Write charts to a file, whole; its ending says as what. Raises `InputError` for what cannot be."""
    ending = checked_ending(path)
    found = document(charts)
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise _missing("vl_convert") from None
    if ending == ".png":
        content: bytes = vl_convert.vegalite_to_png(found, scale=2)
    elif ending == ".svg":
        content = vl_convert.vegalite_to_svg(found).encode()
    else:
        content = _page(found, charts[0].title, vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).encode()
    with whole_path(path, replace=True) as part:
        Path(part).write_bytes(content)


def svg(chart: Chart, prefix: str) -> str:
    """A chart as SVG to stand in a page: without title and caption, which are the page's text, and one image to a screen reader.

    `prefix` comes before every id, so that pictures on one page do not take each other's. Raises `InputError` without the
    extra `costcalc[charts]`.
    """
    from xml.etree import ElementTree

    check_drawable()
    import vl_convert

    found = {name: value for name, value in spec(chart).items() if name != "title"}
    text = vl_convert.vegalite_to_svg({**found, "background": "white", "padding": 10, "config": _config()})
    root = ElementTree.fromstring(text)
    for each in root.iter():
        for name, value in list(each.attrib.items()):
            if name in ("class", "role") or name.startswith("aria-"):
                del each.attrib[name]
            elif name == "id":
                each.set(name, prefix + value)
            elif value.startswith("url(#") or (value.startswith("#") and name.endswith("href")):
                each.set(name, value.replace("#", f"#{prefix}", 1))
    root.set("role", "img")
    root.set("aria-label", _shown(f"{chart.title}. The figures are in the table below it."))
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


_SVG: Final = "http://www.w3.org/2000/svg"


def check_drawable() -> None:
    """Raise `InputError` where charts cannot be drawn, before anything is computed for them."""
    from importlib.util import find_spec

    if find_spec("vl_convert") is None:
        raise _missing("vl_convert")


def checked_ending(path: "str | os.PathLike[str]") -> str:
    """The ending of a picture's name. Raises `InputError` for one that is not known."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"{os.fspath(path)!r:.80}: the name of a chart ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        )
    return ending


def _missing(name: str) -> InputError:
    return InputError(f"a chart needs {name}: pip install 'costcalc[charts]'")


def _page(found: dict[str, Any], title: str, script: str) -> str:
    """A page that needs nothing else; what it shows is written so that none of it can end the script."""
    import json
    from html import escape

    data = json.dumps(found, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(" ".join(_lines(title, 118, 1)))}</title>
<script>{script}</script>
</head>
<body>
<div id="chart"></div>
<script>
const options = {{mode: "vega-lite", renderer: "svg", actions: {{export: true, source: false, compiled: false, editor: false}}}};
vegaEmbed("#chart", {data}, options);
</script>
</body>
</html>
"""


def _config() -> dict[str, Any]:
    return {
        "font": _FONT,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "fontSize": 15,
            "subtitleFontSize": 11,
            "subtitleColor": "#444444",
        },
        "axis": {
            "labelFontSize": 11,
            "titleFontSize": 12,
            "labelLimit": _LABEL,
            "gridColor": "#dddddd",
            "tickCount": 8,
        },
        "legend": {
            "labelFontSize": 11,
            "orient": "bottom",
            "direction": "horizontal",
            "title": None,
            "symbolSize": 110,
            "offset": 8,
        },
    }


def _lines(text: str, width: int, most: int) -> list[str]:
    """A text in so many lines at most, cut with an ellipsis; a line of a picture does not wrap by itself."""
    lines = wrap(_shown(text), width, break_on_hyphens=False) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: width - 1]}…"]


def _shown(text: str) -> str:
    return visible(" ".join(text.split()))


def _number(place: Place | None) -> "str | float | None":
    """A place as JSON can hold it."""
    if isinstance(place, Decimal):
        return float(place)
    if isinstance(place, date):
        return place.isoformat()
    return None if place is None else _shown(place)


def _exact(point: Point, name: Literal["x", "y"], axis: Axis) -> str:
    """A place, or from where to where, in words: every digit."""
    places = [place for place in (getattr(point, name), getattr(point, f"{name}2")) if place is not None]
    words = " to ".join(plain(each) if isinstance(each, Decimal) else _shown(str(each)) for each in places)
    return f"{words} {_shown(axis.unit)}" if words and axis.scale in ("number", "step") else words


def _rows(mark: Mark, chart: Chart) -> Iterator[dict[str, Any]]:
    """The data of a mark. What a tooltip or a screen reader says is in it too: Vega-Lite would make expressions of titles."""
    for point in mark.points:
        words = {
            "series": _shown(mark.series),
            "at_x": _exact(point, "x", chart.x),
            "at_y": _exact(point, "y", chart.y),
            "text": _shown(point.text),
        }
        row = {name: _number(getattr(point, name)) for name in ("x", "y", "x2", "y2")}
        row |= {**words, "said": "; ".join(filter(None, words.values()))}
        yield {name: value for name, value in row.items() if value not in (None, "")}


def _layers(mark: Mark, chart: Chart) -> Iterator[dict[str, Any]]:
    """What is drawn of a mark."""
    rows = list(_rows(mark, chart))
    encoding: dict[str, Any] = {
        "x": _axis(chart.x, "x", chart),
        "y": _axis(chart.y, "y", chart),
        "tooltip": [
            {"field": field, "type": "nominal", "title": title}
            for field, title in (("series", "what"), ("at_x", "across"), ("at_y", "up"), ("text", "note"))
            if any(field in row for row in rows)
        ],
        "description": {"field": "said", "type": "nominal"},
    }
    encoding |= {name: {"field": name} for name in ("x2", "y2") if any(name in row for row in rows)}
    if mark.form == "rule":
        yield from _rule(mark, chart, rows, encoding)
        return
    looks: dict[str, dict[str, Any]] = {
        "bar": {"type": "bar", "stroke": "black", "strokeWidth": 0.7},
        "dot": {"type": "point", "filled": True, "size": 90, "opacity": 1, "stroke": "black", "strokeWidth": 0.7},
        "ring": {"type": "point", "filled": False, "size": 330, "strokeWidth": 2, "opacity": 1},
        "span": {"type": "rule", "strokeWidth": 3.5},
        "line": {"type": "line", "strokeWidth": 2.2},
        "band": {"type": "area", "fillOpacity": 0.3, "opacity": 1},
        "cell": {"type": "rect", "stroke": "white"},
    }
    drawn = looks[mark.form]
    if mark.form == "bar" and chart.x.scale == "day":
        drawn["width"] = max(1, round(0.8 * _WIDTH / (len(_days(chart)) + 1)))
    yield {"data": {"values": rows}, "mark": drawn, "encoding": {**encoding, **_series(mark, chart)}}
    if mark.form == "cell" or mark.labelled:
        yield from _words(mark, chart, rows, encoding)


def _axis(axis: Axis, name: Literal["x", "y"], chart: Chart) -> dict[str, Any]:
    """One axis of a layer; all layers share its scale."""
    found: dict[str, Any] = {"field": name, "title": " ".join(_lines(axis.label, 110, 1))}
    if axis.scale == "name":
        ordered = list(dict.fromkeys(map(_shown, chart.names(name))))
        return {**found, "type": "nominal", "sort": ordered, "scale": {"domain": ordered}}
    if axis.scale == "step":
        return {
            **found,
            "type": "ordinal",
            "sort": "ascending" if name == "x" else "descending",
            "axis": {"labelAngle": 0},
        }
    if axis.scale == "day":
        days = _days(chart)
        marked = [day for day in days if day.day == 1] if len(days) > _MANY_DAYS else days
        marked = marked[:: -(-len(marked) // _TICKS)]
        ticks = [{"year": day.year, "month": day.month, "date": day.day, "utc": True} for day in marked]
        room = {"padding": 0.6 * _WIDTH / len(days)} if any(each.form == "bar" for each in chart.marks) else {}
        labels = {"format": "%b %-d" if len({f"{day:%Y-%m}" for day in days}) == 1 else "%Y-%m-%d", "values": ticks}
        return {**found, "type": "temporal", "scale": {"type": "utc", **room}, "axis": {**labels, "labelFlush": False}}
    room = {"padding": _ROOM} if any(each.form == "bar" for each in chart.marks) and not axis.from_zero else {}
    return {**found, "type": "quantitative", "scale": {"zero": axis.from_zero, "nice": not room, **room}}


def _days(chart: Chart) -> list[date]:
    """Every day from the first to the last of a chart."""
    found = [
        each for mark in chart.marks for point in mark.points for each in (point.x, point.x2) if isinstance(each, date)
    ]
    first = min(found)
    return [first + timedelta(days) for days in range((max(found) - first).days + 1)]


def _series(mark: Mark, chart: Chart) -> dict[str, Any]:
    """Colour, and shape or dashes, by series; a chart of one series needs no legend."""
    forms = {each.series: each.form for each in chart.marks if each.series and each.form not in ("rule", "ring")}
    filled = any(form in ("bar", "cell") for form in forms.values())
    palette = _FILLS if filled else _LINES
    if len(forms) < 2 or mark.series not in forms:
        dark = "#555555" if mark.form == "span" else "black"
        return {"color": {"value": palette[0] if mark.series in forms else dark}}
    domain = [_shown(name) for name in forms]
    longest = max(map(len, domain))
    columns = 1 if longest > 38 else 2 if longest > 24 else 4
    legend = {"columns": columns, "labelLimit": _WIDTH // columns}
    kinds = {
        "color": [palette[place % len(palette)] for place in range(len(forms))],
        "shape": list(_by_turns(_SHAPES, forms.values(), ("dot",), {"line": "stroke", "span": "stroke"})),
        "strokeDash": list(_by_turns(_DASHES, forms.values(), ("line", "span"), {})),
    }
    wanted = {"dot": ("color", "shape"), "line": ("color", "strokeDash"), "span": ("color", "strokeDash")}
    used = {each for form in forms.values() for each in wanted.get(form, ("color",))}
    return {
        channel: {"field": "series", "type": "nominal", "scale": {"domain": domain, "range": values}, "legend": legend}
        for channel, values in kinds.items()
        if channel in used and channel in wanted.get(mark.form, ("color",))
    }


def _by_turns(
    values: Sequence[Any], forms: Iterable[str], taking: tuple[str, ...], others: dict[str, Any]
) -> Iterator[Any]:
    """For each form that takes one the next of its values, for others what is said of them, or else what is plain."""
    turns = {form: cycle(values) for form in taking}
    for form in forms:
        yield (
            next(turns[form])
            if form in taking
            else others.get(form, "square" if isinstance(values[0], str) else [1, 0])
        )


def _rule(mark: Mark, chart: Chart, rows: list[dict[str, Any]], encoding: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A line across the chart, with its name beside it."""
    place = [each for each in chart.marks if each.form == "rule"].index(mark)
    upright = "x" in rows[0]
    kept = {name: value for name, value in encoding.items() if name not in ("y" if upright else "x",)}
    dash = _DASHES[(place + 1) % len(_DASHES)]
    yield {
        "data": {"values": rows},
        "mark": {"type": "rule", "color": "black", "strokeWidth": 1.4, "strokeDash": dash},
        "encoding": kept,
    }
    beside = {"y": {"value": -7 - 13 * place}} if upright else {"x": {"value": 5}}
    yield {
        "data": {"values": rows},
        "mark": {
            "type": "text",
            "align": "center" if upright else "left",
            "dx": 0,
            "dy": 0 if upright else -6,
            "limit": _LABEL,
            "fontSize": 11,
        },
        "encoding": {**kept, **beside, "text": {"field": "series"}},
    }


def _words(mark: Mark, chart: Chart, rows: list[dict[str, Any]], encoding: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The text of each point: inside of a cell, above a dot, at the far end of a bar."""
    kept = {name: value for name, value in encoding.items() if name not in ("x2", "y2")}
    style = {"type": "text", "fontSize": 11, "limit": _LABEL}
    if mark.form == "cell":
        series = [each.series for each in chart.marks if each.series]
        ink = _INKS[series.index(mark.series) % len(_INKS)] if mark.series in series else "black"
        yield {
            "data": {"values": rows},
            "mark": {**style, "color": ink},
            "encoding": {**kept, "text": {"field": "text"}},
        }
        return
    if mark.form != "bar":
        yield {"data": {"values": rows}, "mark": {**style, "dy": -13}, "encoding": {**kept, "text": {"field": "text"}}}
        return
    for back in (False, True):
        some = [row for row in rows if (row["x2"] < row["x"]) == back]
        left = back and not chart.x.from_zero  # beside a scale that starts at zero there may be no room
        if some:
            side = {"align": "right", "dx": -5} if left else {"align": "left", "dx": 5}
            at = {"x": {**encoding["x"], "field": "x" if back and not left else "x2"}, "text": {"field": "text"}}
            yield {"data": {"values": some}, "mark": {**style, **side}, "encoding": {**kept, **at}}
