"""The what-if page as a marimo app: controls and, around them, what the library answers for their values.

Names come from files of unknown origin: all that is written here as HTML is escaped. The cells are shown in the order of
this file and run in the order of what they need.
"""

import marimo

app = marimo.App(width="medium", app_title="costcalc: what will it cost?")


@app.cell
def _():
    import json
    import re
    from html import escape

    import marimo as mo

    import costcalc
    from costcalc.app import controls as c
    from costcalc.app import serving
    from costcalc.display import html
    from costcalc.errors import CostcalcError
    from costcalc.texts import visible

    start = serving.started()

    def shown(words):
        return escape(visible(words))

    def labelled(element, label):
        """A widget named by plain text: marimo takes a label for Markdown, and names the widget with its markup."""
        text = escape(json.dumps(shown(label)))
        return re.sub(r"data-label='[^']*'", lambda _: f"data-label='{text}'", element.text, count=1)

    def slider(control):
        """A slider, with a field to type the number into."""
        values = (control.least, control.most, control.step, control.value)
        numbers = (int(each) if each == each.to_integral_value() else float(each) for each in values)
        return mo.ui.slider(*numbers, include_input=True, full_width=True)

    def answered(ask, *given, **named):
        """What the library answers, or the words of its refusal."""
        try:
            return ask(*given, **named)
        except CostcalcError as error:
            return str(error)

    def section(title, found, *names):
        """The charts of these names (or all) of an answer under a heading, or why there is none."""
        if isinstance(found, str):
            return mo.Html(f'<section aria-label="{title}"><h2>{title}</h2><p class="refusal">{shown(found)}</p></section>')
        drawn = []
        for chart in found.charts():
            if not names or chart.name in names:
                picture = found.plot(chart.name)
                picture.usermeta = {"embedOptions": {"actions": False}}
                drawn.append(
                    f'<div class="wide" role="group" tabindex="0" aria-label="Chart: {shown(chart.title)}">'
                    f"{mo.as_html(picture)}</div>"
                )
        return mo.Html(f'<section aria-label="{title}"><h2>{title}</h2>{"".join(drawn)}</section>')

    def details(title, parts):
        """Parts of an answer, in a place that scrolls by itself where it is too narrow for their tables."""
        return (
            f'<section aria-label="{title}"><h2>{title}</h2>'
            f'<div class="costcalc wide" role="group" tabindex="0" aria-label="{title}">{html(parts)}</div></section>'
        )

    return answered, c, costcalc, details, labelled, mo, section, shown, slider, start


@app.cell
def _(first, mo, shown):
    if isinstance(first, str):
        _words = f'<span class="refusal">{shown(first)}</span>'
    else:
        _line, _, _more = next(first.parts()).partition("\n")
        _words = f"<strong>{shown(_line)}</strong><br>" + shown(_more).replace("\n", "<br>")
    mo.Html(
        '<h1>What will it cost?</h1><section aria-label="Answer">'
        f'<p id="answer" role="status">{_words}</p></section>'
    )
    return


@app.cell
def _(mo, start):
    which = mo.ui.dropdown(list(start.profiles), start.profile or None, full_width=True)
    options = mo.ui.multiselect(start.choices, list(start.options), full_width=True)
    plans = mo.ui.multiselect(start.plans, [], full_width=True)
    basis = mo.ui.dropdown(start.bases, start.basis, full_width=True)
    day = mo.ui.date(value=start.on, full_width=True)
    return basis, day, options, plans, which


@app.cell
def _(c, mo, slider, start, which):
    base = start.profiles.get(which.value)
    known = c.team_controls(start.team) if start.team else c.profile_controls(base, start.developers)
    sliders = mo.ui.array([slider(control) for control in known])
    return base, known, sliders


@app.cell
def _(basis, day, known, labelled, mo, options, plans, sliders, start, which):
    _choices = [(which, "Way of working")] if start.team is None else []
    _choices += [
        (options, "Options" if start.team is None else "Other options for all of the team"),
        (plans, "Plans for the Copilot options"),
        (basis, "Whose prices to believe"),
        (day, "Prices and month of"),
    ]
    _sliders = [labelled(slider, control.label) for slider, control in zip(sliders.elements, known)]
    mo.Html(
        '<section aria-label="What you can change"><div class="controls">'
        + "".join(f"<div>{each}</div>" for each in (*_sliders, *(labelled(*each) for each in _choices)))
        + "</div></section>"
    )
    return


@app.cell
def _(answered, basis, c, costcalc, day, options, plans, start, which):
    asked = answered(c.planned_options, options.value, plans.value, start.book)
    price = {"on": day.value, "basis": basis.value, "rates": start.book}
    return asked, price


@app.cell
def _(answered, asked, base, c, costcalc, known, price, sliders, start):
    values = [control.exact(shown) for control, shown in zip(known, sliders.value)]
    if start.team is None:
        work = answered(c.changed_profile, base, {control.name: value for control, value in zip(known, values)})
        people = {"developers": int(values[-1])}
        refused = next((each for each in (asked, work) if isinstance(each, str)), None)
        first = refused or answered(costcalc.compare, work, asked, **people, **price)
    else:
        work, people = answered(c.changed_team, start.team, values), {}
        refused = next((each for each in (asked, work) if isinstance(each, str)), None)
        first = refused or answered(costcalc.forecast, work, asked or None, draws=c.DRAWS, **price)
    return first, people, refused, work


@app.cell
def _(first, mo, section, start):
    mo.stop(isinstance(first, str))
    section("Under every known price" if start.team is None else "Possible months", first)
    return


@app.cell
def _(answered, asked, c, costcalc, first, mo, people, price, section, start, work):
    mo.stop(isinstance(first, str))
    if start.team is None:
        second = answered(costcalc.forecast, work, asked, draws=c.DRAWS, **people, **price)
        _shown = section("Possible months", second, "spend", "bills")
    else:
        second = answered(costcalc.advise, work, asked or None, draws=c.DRAWS, **price)
        _shown = section("Advice", second) if isinstance(second, str) else None
    _shown
    return (second,)


@app.cell
def _(answered, asked, costcalc, first, mo, people, price, section, start, work):
    mo.stop(isinstance(first, str) or start.team is not None)
    crossings = None
    if len(asked) > 1:
        crossings = answered(costcalc.breakeven, work, asked, "tasks_per_day", **people, **price)
    mo.stop(crossings is None)
    section("Where the cheapest changes", crossings)
    return


@app.cell
def _(c, details, first, mo, second, start, work):
    mo.stop(isinstance(first, str))
    _found = [each for each in (first, second) if not isinstance(each, str)]
    _tokens = [] if start.team else [c.tokens_words(work)]
    mo.Html(
        details("The figures", [*_tokens, *_found[0].all_parts()])
        + "".join(details("The possible months" if start.team is None else "The advice", each.all_parts()) for each in _found[1:])
        + details("Where the prices are from", [c.sources_table(_found, start.book)])
    )
    return


if __name__ == "__main__":
    app.run()
