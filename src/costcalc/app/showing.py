"""What the page shows of controls and answers, as marimo's widgets and HTML; names come from files of unknown origin."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from html import escape
from typing import Any, ParamSpec, TypeVar

import marimo as mo

from costcalc.app.controls import Control
from costcalc.errors import CostcalcError
from costcalc.showing.display import Part, Result, html
from costcalc.showing.texts import visible

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


def answered(ask: Callable[Asked, Found], *given: Asked.args, **named: Asked.kwargs) -> Found | str:
    """What the library answers, or the words of its refusal."""
    try:
        return ask(*given, **named)
    except CostcalcError as error:
        return str(error)


def sliders(controls: Iterable[Control], places: int) -> list[Any]:
    """The sliders of some controls, each with a field to type the number into, and None for the places that are left."""
    found: list[Any] = []
    for control in controls:
        values = (control.least, control.most, control.step, control.value)
        least, most, step, value = (int(each) if each == each.to_integral_value() else float(each) for each in values)
        found.append(mo.ui.slider(least, most, step, value, include_input=True, full_width=True))
    return [*found, *[None] * (places - len(found))]


def choice(names: Iterable[str], chosen: str) -> Any:
    """A choice of one name."""
    shown = {visible(name): name for name in names}
    return mo.ui.dropdown(shown, visible(chosen) if chosen else None, full_width=True, allow_select_none=False)


def choices(names: Iterable[str], chosen: Iterable[str] = ()) -> Any:
    """A choice of any of some names."""
    return mo.ui.multiselect({visible(name): name for name in names}, list(map(visible, chosen)), full_width=True)


def day(first: date) -> Any:
    """A choice of a day."""
    return mo.ui.date(value=first, full_width=True)


def controls(title: str, named: Iterable[tuple[Any, str]]) -> Any:
    """Widgets, each with its name, side by side as far as there is room."""
    return _section(title, "".join(f"<div>{_named(*each)}</div>" for each in named), "controls")


def _named(widget: Any, name: str) -> str:
    """A widget named by plain text: marimo takes a label for Markdown, and tells a screen reader its markup."""
    text = escape(json.dumps(_shown(name)))
    return re.sub(r"data-label='[^']*'", lambda _: f"data-label='{text}'", str(widget.text), count=1)


def headline(found: Result | str) -> Any:
    """The answer in one line, and below it how far it holds; or why there is none."""
    if isinstance(found, str):
        words = f'<span class="refusal">{_shown(found)}</span>'
    else:
        line, _, more = str(next(iter(found.parts()))).partition("\n")
        words = f"<strong>{_shown(line)}</strong><br>" + _shown(more).replace("\n", "<br>")
    heading = "<h1>What will it cost?</h1>"
    return mo.Html(f'{heading}<section aria-label="Answer"><p id="answer" role="status">{words}</p></section>')


def pictures(title: str, found: Result | str, *names: str) -> Any:
    """The charts of an answer (or those of these names) under a heading, or why there is none; None if it has no chart."""
    if isinstance(found, str):
        return _section(title, f'<h2>{title}</h2><p class="refusal">{_shown(found)}</p>')
    drawn = []
    for chart in found.charts():
        if not names or chart.name in names:
            picture = found.plot(chart.name)
            picture.usermeta = {"embedOptions": {"actions": False}}
            drawn.append(_wide(f"Chart: {chart.title}", mo.as_html(picture).text))
    if not drawn:
        return None
    return _section(title, f"<h2>{title}</h2>{''.join(drawn)}")


def figures(title: str, parts: Iterable[Part]) -> Any:
    """Parts of an answer under a heading."""
    return _section(title, f"<h2>{title}</h2>{_wide(f'{title}: tables', html(parts), 'costcalc')}")


def _section(title: str, body: str, kind: str = "") -> Any:
    return mo.Html(f'<section aria-label="{title}"><div class="{kind}">{body}</div></section>')


def _wide(name: str, body: str, kind: str = "") -> str:
    """What may be wider than a phone: it scrolls by itself, and can be reached by keyboard to do so."""
    return f'<div class="wide {kind}" role="group" tabindex="0" aria-label="{_shown(name)}">{body}</div>'


def _shown(words: str) -> str:
    return escape(visible(words))
