"""What a chart shows, in plain data: title, caption, axes with their units, and marks with their points.

A result says what its charts show in these words, with the figures of its machine output; `costcalc.showing.drawing` draws them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from costcalc.errors import unknown_name

Place = str | date | Decimal
"""Where on an axis: at a name, a day or a number."""

Form = Literal["bar", "dot", "ring", "span", "line", "band", "rule", "cell"]
"""How points are drawn.

A bar, span or band goes from `x` to `x2` or from `y` to `y2`. A ring goes around a dot. A line connects its points. A rule
crosses the chart at the one place that its point has. A cell is filled by its series and shows its text.
"""


class Axis(NamedTuple):
    """An axis. Numbers have a `unit`; `scale` says what its places are: of a step scale, numbers at even distances."""

    title: str
    unit: str = ""
    scale: Literal["number", "step", "day", "name"] = "number"
    from_zero: bool = True

    @property
    def label(self) -> str:
        """What stands beside the axis."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


class Point(NamedTuple):
    """A point, or with `x2` or `y2` what reaches from one place to another; `text` says more of it."""

    x: Place | None
    y: Place | None
    x2: Place | None = None
    y2: Place | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Points that are drawn alike; `series` is what the legend calls them. `labelled` writes the text of each beside it."""

    form: Form
    points: tuple[Point, ...]
    series: str = ""
    labelled: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the answer as its `title`, and in its `caption` what the figures rest on.

    `name` tells it from the other charts of a result. Names on an axis come in the order in which the marks have them.
    """

    name: str
    title: str
    caption: tuple[str, ...]
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]

    def series(self, name: str) -> tuple[Point, ...]:
        """The points of a series."""
        return tuple(point for mark in self.marks if mark.series == name for point in mark.points)

    @property
    def legend(self) -> tuple[str, ...]:
        """The names of all series, in order."""
        return tuple(dict.fromkeys(mark.series for mark in self.marks if mark.series))

    def names(self, axis: Literal["x", "y"]) -> list[str]:
        """The names on an axis of names, in order."""
        found = (getattr(point, axis) for mark in self.marks for point in mark.points)
        return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def chosen(charts: Iterable[Chart], which: str | None) -> tuple[Chart, ...]:
    """All charts, or the one of a name. Raises `UnknownNameError` for a name that none has."""
    found = tuple(charts)
    if which is None:
        return found
    named = tuple(chart for chart in found if chart.name == which)
    if not named:
        raise unknown_name("chart", which, [chart.name for chart in found])
    return named
