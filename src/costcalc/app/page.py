"""The what-if page as a marimo app: it wires the controls to the library and the library's answers to what is shown.

The cells are shown in the order of this file and run in the order of what they need.
"""

import marimo

app = marimo.App(width="medium", app_title="costcalc: what will it cost?")  # type: marimo.App


@app.cell
def _():
    import marimo as mo

    import costcalc
    from costcalc.app import controls as c
    from costcalc.app import serving, showing
    from costcalc.app.showing import answered

    start = serving.started()
    team = start.team
    return answered, c, costcalc, mo, showing, start, team


@app.cell
def _(first, showing):
    showing.headline(first)
    return


@app.cell
def _(showing, start, team):
    # A cell that shows a control must be the one that makes it, or it is drawn anew as it is moved.
    which = showing.choice(start.profiles, start.profile)
    options = showing.choices(start.choices, start.options)
    plans = showing.choices(start.plans)
    basis = showing.choice(start.bases, start.basis)
    day = showing.day(start.on)
    showing.controls(
        "What to compare",
        [
            *([] if team else [(which, "Way of working")]),
            (options, "Other options, for all of the team" if team else "Options"),
            (plans, "Plans for the Copilot options"),
            (basis, "Whose prices to believe"),
            (day, "Prices and month of"),
        ],
    )
    return basis, day, options, plans, which


@app.cell
def _(c, showing, start, team, which):
    # Each has a name of its own: of widgets in an array marimo loses all changes but the last that come while it is busy.
    known = c.team_controls(team) if team else c.profile_controls(start.profiles[which.value], start.developers)
    (
        s00,
        s01,
        s02,
        s03,
        s04,
        s05,
        s06,
        s07,
        s08,
        s09,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s16,
        s17,
        s18,
        s19,
        s20,
        s21,
        s22,
        s23,
    ) = showing.sliders(known, c.MAX_CONTROLS)
    showing.controls(
        "How much work it is",
        zip(
            [
                s00,
                s01,
                s02,
                s03,
                s04,
                s05,
                s06,
                s07,
                s08,
                s09,
                s10,
                s11,
                s12,
                s13,
                s14,
                s15,
                s16,
                s17,
                s18,
                s19,
                s20,
                s21,
                s22,
                s23,
            ],
            [each.label for each in known],
        ),
    )
    return (
        known,
        s00,
        s01,
        s02,
        s03,
        s04,
        s05,
        s06,
        s07,
        s08,
        s09,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
        s16,
        s17,
        s18,
        s19,
        s20,
        s21,
        s22,
        s23,
    )


@app.cell
def _(
    answered,
    basis,
    c,
    costcalc,
    day,
    known,
    options,
    plans,
    start,
    team,
    which,
    s00,
    s01,
    s02,
    s03,
    s04,
    s05,
    s06,
    s07,
    s08,
    s09,
    s10,
    s11,
    s12,
    s13,
    s14,
    s15,
    s16,
    s17,
    s18,
    s19,
    s20,
    s21,
    s22,
    s23,
):
    values = [
        control.exact(slider.value)
        for control, slider in zip(
            known,
            [
                s00,
                s01,
                s02,
                s03,
                s04,
                s05,
                s06,
                s07,
                s08,
                s09,
                s10,
                s11,
                s12,
                s13,
                s14,
                s15,
                s16,
                s17,
                s18,
                s19,
                s20,
                s21,
                s22,
                s23,
            ],
        )
    ]
    named = {"on": day.value, "basis": basis.value, "rates": start.book}
    asked = answered(c.planned_options, options.value, plans.value, start.book)
    if team:
        work, main, named_first = answered(c.changed_team, team, values), costcalc.forecast, {"draws": c.DRAWS}
    else:
        work = answered(
            c.changed_profile, start.profiles[which.value], {each.name: value for each, value in zip(known, values)}
        )
        named |= {"developers": int(values[-1])}
        main, named_first = costcalc.compare, {}
    refused = next((each for each in (asked, work) if isinstance(each, str)), None)
    first = refused or answered(main, work, (asked or None) if team else asked, **named, **named_first)
    return asked, first, named, work


@app.cell
def _(first, mo, showing, team):
    mo.stop(isinstance(first, str))
    showing.pictures("Possible months" if team else "Under every known price", first)
    return


@app.cell
def _(answered, asked, costcalc, first, mo, named, showing, team, work):
    mo.stop(isinstance(first, str))
    over = "tasks_per_day"
    crossings = None if team or len(asked) < 2 else answered(costcalc.breakeven, work, asked, over, **named)
    crossings and showing.pictures("Where the cheapest changes", crossings)
    return (crossings,)


@app.cell
def _(answered, asked, c, costcalc, first, mo, named, showing, team, work):
    mo.stop(isinstance(first, str))
    ask = costcalc.advise if team else costcalc.forecast
    months = answered(ask, work, asked or None, draws=c.DRAWS, **named)
    showing.pictures("Advice" if team else "Possible months", months, "spend", "bills")
    return (months,)


@app.cell
def _(c, crossings, first, mo, months, showing, start, team, work):
    mo.stop(isinstance(first, str))
    named_results = {
        "The figures": first,
        "The advice" if team else "The possible months": months,
        "The crossings": crossings,
    }
    results = {name: each for name, each in named_results.items() if each and not isinstance(each, str)}
    tokens = [] if team else [c.tokens_words(work)]
    mo.vstack(
        [
            *(
                showing.figures(name, [*(tokens if each is first else ()), *each.all_parts()])
                for name, each in results.items()
            ),
            showing.figures("Where the prices are from", [c.sources_table(results.values(), start.book)]),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
