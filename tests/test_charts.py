"""Charts: their data are the figures of the machine output, and whatever is drawn shows people's texts as text."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

import costcalc
from costcalc import Option, SessionProfile, TokenUsage, TurnModel
from costcalc.pricing.rate import claim_words
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Result
from costcalc.showing.drawing import document, save, spec
from costcalc.showing.texts import visible
from tests.conftest import Run

EXAMPLES = Path(__file__).parents[1] / "examples"
JUNE = date(2026, 6, 15)
PRO = "copilot/mai-code-1-flash@pro"
MINI = "api/gpt-5.4-mini"
ARTICLE = "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article"
TURNS = TurnModel(
    prefix=28_700, input_per_turn=1_700, output_per_turn=350, turns=120, cache_hit_share="0.966", compact_at=102_400
)

RESULTS: dict[str, Callable[[], Result]] = {
    "price": lambda: costcalc.price("gpt-5-mini", TokenUsage(fresh_input=900, cached_input=8_000, output=70), on=JUNE),
    "estimate": lambda: costcalc.estimate("interactive_ide", "mai-code-1-flash", plan="pro", on=JUNE),
    "estimate without a plan": lambda: costcalc.estimate("interactive_ide", "gpt-5.4-mini", "api", on=JUNE),
    "estimate of an account": lambda: costcalc.estimate(
        "interactive_ide", "gpt-5.4-mini", account=EXAMPLES / "account.toml"
    ),
    "compare": lambda: costcalc.compare("interactive_ide", [PRO, MINI, "copilot/claude-haiku-4.5@pro"], on=JUNE),
    "breakeven": lambda: costcalc.breakeven("interactive_ide", [PRO, ARTICLE], on=JUNE),
    "no crossing": lambda: costcalc.breakeven("interactive_ide", [PRO, MINI], low=10, high=12, on=JUNE),
    "sweep": lambda: costcalc.sweep("interactive_ide", "tasks_per_day", [PRO, MINI], on=JUNE),
    "map": lambda: costcalc.sweep(
        "interactive_ide", ["tasks_per_day=5:25:5", "cached_share=0.5:1:3"], [PRO, ARTICLE], on=JUNE
    ),
    "whatif": lambda: costcalc.whatif("interactive_ide", ["output=+30%", "tasks_per_day=-20%"], [PRO, MINI], on=JUNE),
    "sensitivity": lambda: costcalc.sensitivity("interactive_ide", [PRO, MINI], samples=0, on=JUNE),
    "solved": lambda: costcalc.solved(
        "interactive_ide", ["copilot/mai-code-1-flash", MINI], pass_rates={"mai-code-1-flash": "0.7", MINI: "0.6"},
        attempts=3, on=JUNE,
    ),
    "forecast": lambda: costcalc.forecast("interactive_ide", [PRO, MINI], on=JUNE, draws=500, budget_usd=20),
    "forecast of a team": lambda: costcalc.forecast(
        EXAMPLES / "team.toml", on=date(2026, 11, 24), draws=300, budget_usd=1_000, months=2
    ),
    "usage": lambda: costcalc.usage([EXAMPLES / "usage-report.csv"]),
    "usage by day": lambda: costcalc.usage([EXAMPLES / "usage-report.csv"], by=["day"]),
    "price history": lambda: costcalc.price_history("gpt-5.4-mini", on=date(2026, 11, 24)),
    "session": lambda: costcalc.session_cost(TURNS, "gpt-5-mini", on=JUNE),
    "report": lambda: costcalc.report("interactive_ide", [PRO, MINI], on=JUNE, draws=300, budget_usd=20),
}  # fmt: skip


@cache
def result(name: str) -> Result:
    return RESULTS[name]()


def found(name: str) -> tuple[dict[str, Any], dict[str, Chart]]:
    """The machine output of a result, and its charts by name."""
    return result(name).to_dict(), {chart.name: chart for chart in result(name).charts()}


def numbers(value: Any) -> Iterable[Decimal]:
    """Every figure of machine output."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, int | str) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        yield Decimal(value)


@pytest.mark.parametrize("name", [name for name in RESULTS if name not in ("estimate", "whatif", "breakeven")])
def test_every_figure_of_a_chart_is_one_of_the_machine_output(name: str) -> None:
    document, charts = found(name)
    known = {Decimal(0), *numbers(document)}
    if name == "estimate of an account":
        return  # the steps to a bill are sums: tested on their own
    for chart in charts.values():
        for mark in chart.marks:
            for point in mark.points:
                for place in point[:4]:
                    assert not isinstance(place, Decimal) or place in known or chart.name == "by_kind", (
                        chart.name,
                        place,
                    )


@pytest.mark.parametrize("name", ["price", "estimate", "estimate without a plan", "estimate of an account"])
def test_bars_of_token_kinds_lead_from_nothing_to_the_bill(name: str) -> None:
    document, charts = found(name)
    (chart,) = charts.values()
    points = [point for mark in chart.marks for point in mark.points]
    grown = {str(point.y): as_number(point.x2) - as_number(point.x) for point in points}
    for line in document["by_kind"]:
        assert grown.get(line["kind"], 0) == Decimal(line["usd"])
    assert points[0].x == 0
    bill = document.get("bill")
    if bill is None or not bill["seats"]:
        assert points[-1].x2 == Decimal(document["usd"] if bill is None else bill["total_usd"])
        return
    assert grown["included credits"] == -Decimal(bill["included_used_credits"]) / 100
    assert grown["seats"] == Decimal(bill["seat_usd"])
    assert grown["bill"] == points[-2].x2 == Decimal(bill["total_usd"])


def as_number(place: object) -> Decimal:
    assert isinstance(place, Decimal)
    return place


def test_a_comparison_shows_every_claim_its_span_and_the_one_believed() -> None:
    document, charts = found("compare")
    chart = charts["claims"]
    by_status: dict[str, list[tuple[Decimal, str]]] = {}
    for option in document["options"]:
        for claim in option["by_claim"]:
            by_status.setdefault(claim["status"], []).append((Decimal(claim["total_usd"]), option["option"]))
        totals = [Decimal(claim["total_usd"]) for claim in option["by_claim"]]
        spans = [point for mark in chart.marks if mark.form == "span" for point in mark.points]
        if len(totals) > 1:
            assert (min(totals), option["option"], max(totals)) in [point[:3] for point in spans]
    assert len(by_status) == 3
    for status, expected in by_status.items():
        assert [point[:2] for point in chart.series(f"{status} price")] == expected
    believed = [(Decimal(option["total_usd"]), option["option"]) for option in document["options"]]
    assert [point[:2] for point in chart.series("the price believed")] == believed
    assert chart.names("y") == [option["option"] for option in document["options"]]


def test_each_status_has_a_shape_of_its_own() -> None:
    _, charts = found("compare")
    shapes = [layer["encoding"].get("shape") for layer in spec(charts["claims"])["layer"]]
    (scale,) = {json.dumps(shape["scale"]) for shape in shapes if shape}
    assert len(set(json.loads(scale)["range"])) == len(json.loads(scale)["domain"]) == 3


def test_a_forecast_shows_its_use_by_day_the_credits_the_budget_and_when_they_run_out() -> None:
    document, charts = found("forecast")
    month = document["options"][0]["months"][0]
    chart = charts["spend"]
    days = [
        (date.fromisoformat(day["day"]), *(Decimal(day[name]) for name in ("p10", "p50", "p90")))
        for day in month["by_day"]
    ]
    assert [(point.x, point.y, point.y2) for point in chart.series("eight of ten months")] == [
        (day, low, high) for day, low, _, high in days
    ]
    assert [point[:2] for point in chart.series("median")] == [(day, middle) for day, _, middle, _ in days]
    assert (month["included_credits"], month["budget_credits"]) == ("1500", "2500")
    rules = {mark.series: mark.points[0].y for mark in chart.marks if mark.form == "rule"}
    assert rules == {"included credits: 1,500": 1500, "budget $20: 2,500 credits": 2500}
    (span,) = chart.series("they run out: eight of ten days, if they do")
    gone = month["exhaustion"]
    assert (str(span.x), span.y, str(span.x2)) == (gone["p10"], 1500, gone["p90"])
    assert str(chart.series("the middle one of those days")[0].x) == gone["p50"]
    bills = charts["bills"]
    assert [point[:3:2] for point in bills.series("from the 10th to the 90th percentile")] == [
        (Decimal(each["total_usd"]["p10"]), Decimal(each["total_usd"]["p90"])) for each in document["options"]
    ]


@pytest.mark.parametrize("name", ["forecast", "forecast of a team"])
def test_the_last_day_of_a_forecast_is_its_month(name: str) -> None:
    for option in result(name).to_dict()["options"]:
        for month in option["months"]:
            for percent in ("p10", "p50", "p90"):
                last, whole = Decimal(month["by_day"][-1][percent]), Decimal(month["credits"][percent])
                assert abs(last - whole) <= whole / 50, "the same draws, up to how levels of crowds are grouped"
                rising = [Decimal(day[percent]) for day in month["by_day"]]
                assert rising == sorted(rising)


def test_the_bills_of_a_forecast_are_titled_by_the_least_of_them() -> None:
    def title(*options: str) -> str:
        found = costcalc.forecast("interactive_ide", list(options), on=JUNE, draws=500)
        (chart,) = (each for each in found.charts() if each.name == "bills")
        return chart.title

    alone, other = title(PRO), "copilot/claude-haiku-4.5@pro"
    assert re.fullmatch(rf"Nine of ten months cost less than \$[\d.,]+: {PRO}", alone)
    assert title(PRO, other) == title(other, PRO) == f"{alone}, the least of 2 options"


def test_the_use_by_day_is_of_the_first_draws() -> None:
    many, fewer = (
        costcalc.forecast("interactive_ide", PRO, on=JUNE, draws=draws).options[0].months[0]
        for draws in (26_000, 25_000)
    )
    assert many.by_day == fewer.by_day
    assert fewer.by_day[-1].p50 == fewer.credits[50] != many.credits[50]


def test_the_budget_in_credits_makes_a_bill_of_the_budget() -> None:
    """At the use that the line shows, the expected bill is the budget."""
    document, _ = found("forecast")
    for option in document["options"]:
        credits = Decimal(option["months"][0]["budget_credits"])
        included = Decimal(option["months"][0]["included_credits"] or 0)
        seat = 10 if option["option"] == PRO else 0
        assert seat + (credits - included) / 100 == 20


def test_the_shared_credits_of_a_team_are_drawn_once() -> None:
    document, charts = found("forecast of a team")
    assert document["options"][0]["months"][0]["included_credits"] == str(40 * 1_900)
    assert document["options"][0]["months"][0]["budget_credits"] is None, "the reviews draw on no credits"
    assert any("depends on whose" in line for line in charts["spend"].caption)


def test_people_who_each_have_credits_have_no_common_line() -> None:
    found = costcalc.forecast("interactive_ide", PRO, developers=3, on=JUNE, draws=200, budget_usd=50)
    month = found.options[0].months[0]
    assert (month.included_credits, month.budget_credits) == (None, None)
    assert not [mark for mark in found.charts()[0].marks if mark.form == "rule"]


def test_what_is_known_of_a_month_has_no_band(tmp_path: Path) -> None:
    lines = ["time,model,route,fresh_input,cached_input,cache_write,output"]
    lines += [f"2026-06-{day:02}T10:00:00Z,gpt-5-mini,copilot,90000,0,0,9000" for day in range(1, 9)]
    (tmp_path / "usage.csv").write_text("\n".join(lines) + "\n")
    found = costcalc.forecast("interactive_ide", PRO, on=date(2026, 6, 8), draws=200, so_far=tmp_path / "usage.csv")
    known, rest = found.options[0].months[0].by_day[:8], found.options[0].months[0].by_day[8:]
    assert all(day.p10 == day.p90 for day in known)
    assert rest[-1].p10 < rest[-1].p90
    assert known[-1].p50 == found.known_credits
    assert "known until 2026-06-08" in [mark.series for mark in found.charts()[0].marks]


def test_a_tornado_has_both_ends_of_every_bar() -> None:
    document, charts = found("sensitivity")
    for chart, figure in zip(charts.values(), [document["decision"], *document["options"]], strict=True):
        moved = [bar for bar in figure["tornado"] if Decimal(bar["swing_usd"])]
        for series, end in (("at the low end", "at_low_usd"), ("at the high end", "at_high_usd")):
            assert [(point.y, point.x, point.x2) for point in chart.series(series)] == [
                (bar["input"], Decimal(figure["now_usd"]), Decimal(bar[end])) for bar in moved
            ]


def test_a_break_even_map_goes_along_the_bills_and_marks_the_crossings() -> None:
    document, charts = found("breakeven")
    chart = charts["bills"]
    assert [point.x for point in chart.series("the cheapest changes")] == [
        Decimal(crossing["at"]) for crossing in document["crossings"]
    ]
    for bill in document["bills"]:
        points = chart.series(bill["option"])
        for place, piece in enumerate(bill["pieces"]):
            start, end = points[2 * place : 2 * place + 2]
            assert (start.x, start.y) == (Decimal(piece["from"]), Decimal(piece["from_usd"]))
            if end.x == Decimal(piece["to"]):
                assert end.y == Decimal(piece["to_usd"])
        assert points[-1].x == 30, "twice what it is now; no option becomes the cheapest beyond"


def test_a_map_has_a_cell_for_each_point_in_the_series_of_its_cheapest_option() -> None:
    document, charts = found("map")
    cells = {point[:2]: mark.series for mark in charts["map"].marks for point in mark.points}
    letters = {PRO: f"A = {PRO}", ARTICLE: f"B = {ARTICLE}", None: "= = a tie"}
    assert cells == {
        tuple(Decimal(value) for value in point["at"]): letters[point["cheapest"]] for point in document["points"]
    }


def test_steps_of_a_scenario_lead_from_one_bill_to_the_other() -> None:
    document, charts = found("whatif")
    for option, base in zip(document["scenarios"][0]["outcomes"], document["base"], strict=True):
        chart = charts[f"what if: {option['option']}"]
        steps = chart.series("what a change causes")
        assert [(point.y, as_number(point.x2) - as_number(point.x)) for point in steps] == [
            (cause["cause"], Decimal(cause["usd"])) for cause in option["causes"]
        ]
        assert [point.x2 for point in chart.series("bill")] == [
            Decimal(base["total_usd"]),
            Decimal(option["total_usd"]),
        ]
        assert (steps[0].x, steps[-1].x2) == (Decimal(base["total_usd"]), Decimal(option["total_usd"]))


def test_a_price_history_has_a_line_for_each_claim() -> None:
    history = costcalc.price_history("gpt-5.4-mini", "copilot", on=date(2026, 11, 24))
    chart = next(chart for chart in history.charts() if chart.name == "output")
    ((mark, dots)) = chart.marks
    assert dots.form == "dot"
    for point, claim in zip(mark.points, history.claims, strict=True):
        assert (point.x, point.y) == (claim.effective_from, claim.usd_per_mtok.output)
        assert point.x2 == (claim.effective_until or history.on)
        assert claim_words(claim) in point.text


def test_a_session_costs_what_its_turns_cost() -> None:
    """Its whole length costs what the estimate of a profile with these turns says, by another way."""
    profile = SessionProfile.from_turns("mine", TURNS, tasks_per_day=3, active_days=20)
    estimate = costcalc.estimate(profile, "gpt-5-mini", on=JUNE)
    found = costcalc.session_cost(profile, "gpt-5-mini", on=JUNE)
    assert found.usd == estimate.per_task_usd
    assert found.points[0].turns == 1
    assert all(point.usd <= point.usd_uncached for point in found.points)
    shorter = costcalc.session_cost(profile, "gpt-5-mini", turns=60, on=JUNE)
    assert shorter.usd == next(point.usd for point in found.points if point.turns == 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("interactive_ide", "gpt-5-mini"), "does not state the turns of a session"),
        ((TURNS, "gpt-5-mini", "copilot", 0), "turns must be a whole number from 1"),
    ],
)
def test_a_session_that_is_none_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    session, model, *rest = arguments
    with pytest.raises(costcalc.InputError, match=message):
        costcalc.session_cost(session, model, on=JUNE, **dict(zip(("route", "turns"), rest, strict=False)))


@pytest.mark.parametrize("name", RESULTS)
def test_every_axis_has_a_title_and_numbers_a_unit(name: str) -> None:
    for chart in result(name).charts():
        for axis in (chart.x, chart.y):
            assert axis.title
            assert axis.unit or axis.scale == "name"
        for layer in spec(chart)["layer"]:
            for axis_name in ("x", "y"):
                assert layer["encoding"].get(axis_name, {}).get("title") in (chart.x.label, chart.y.label, None)


@pytest.mark.parametrize("name", RESULTS)
def test_the_caption_tells_what_the_figures_rest_on(name: str) -> None:
    for chart in result(name).charts():
        words = " ".join(chart.caption)
        for status in {rate.status for rate in result(name).rates_used()}:
            if name not in ("whatif", "report"):  # each of their charts has the prices of its own answer
                assert status in words
        assert re.search(r"published|provisional|indicative", words)
        assert "read 2026-" in words
        if name.startswith("forecast"):
            assert re.search(r"\d+ drawn months, seed 1", words)
        if name.startswith(("estimate", "compare", "whatif", "sensitivity")):
            assert "expected month" in words


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_drawn_is_valid_and_has_the_exact_data(name: str) -> None:
    charts = result(name).charts()
    assert len({chart.name for chart in charts}) == len(charts)
    for chart in charts:
        drawn = result(name).plot(chart.name).to_dict()  # altair holds it against the schema of Vega-Lite
        values = [row for layer in spec(chart)["layer"] for row in layer["data"]["values"]]
        expected = [point for mark in chart.marks for point in mark.points]
        for point in expected:
            for axis in ("x", "y", "x2", "y2"):
                place = getattr(point, axis)
                if isinstance(place, Decimal):
                    assert float(place) in [row.get(axis) for row in values]
        assert drawn["title"]["text"]
    assert isinstance(result(name).plot(), altair.TopLevelMixin)


def test_every_result_with_charts_is_drawn_here() -> None:
    def all_of(kind: type[Result]) -> Iterable[type[Result]]:
        for each in kind.__subclasses__():
            yield each
            yield from all_of(each)

    for name in costcalc.__all__:
        getattr(costcalc, name)
    # A dataclass with slots is made twice, so by name.
    with_charts = {
        each for each in all_of(Result) if each.charts is not Result.charts and each.__module__.startswith("costcalc.")
    }
    assert {each.__name__ for each in with_charts} == {type(result(name)).__name__ for name in RESULTS}


def test_a_result_without_charts_says_so() -> None:
    account = costcalc.check_account(costcalc.Account.load(EXAMPLES / "account.toml"))
    with pytest.raises(costcalc.InputError, match="no chart"):
        account.plot()
    with pytest.raises(costcalc.UnknownNameError, match="unknown chart 'nothing'; known: claims"):
        result("compare").plot("nothing")


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>&amp;'\"`",
    "datum['x']; alert(1) ${7*7} \\u0041 \\",
    "\u202eevil\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \x1b[31mred\x07",
    "__proto__",
    "x" * 5_000,
]


def hostile_chart(name: str) -> Chart:
    points = (Point(Decimal(0), name, Decimal(3), None, name), Point(Decimal(1), "other", Decimal(2), None, ""))
    marks = (
        Mark("bar", points, name, labelled=True),
        Mark("dot", points, f"{name} 2"),
        Mark("rule", (Point(Decimal(1), None),), name),
    )
    return Chart("hostile", name, (name,), Axis(name, name), Axis(name, scale="name"), marks)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_a_picture(tmp_path: Path, name: str) -> None:
    save([hostile_chart(name)], tmp_path / "chart.svg")
    drawn = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    tree = ElementTree.fromstring(drawn)
    tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert tags <= {"svg", "g", "path", "text", "line", "rect", "defs", "clipPath", "tspan"}
    assert not [name for element in tree.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    texts = " ".join("".join(element.itertext()) for element in tree.iter() if element.tag.endswith("text"))
    assert visible(name)[:4] in texts
    assert all(char.isprintable() or char == "\u200d" for char in texts)
    assert len(tree.attrib["width"]) <= 6, "a long name is cut, not the picture made as wide as it is"
    assert float(tree.attrib["width"]) < 2_500


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_name_gives_a_picture(name: str) -> None:
    """What Vega-Lite makes of a specification are expressions; no name may end up as code in one, or break it."""
    drawn = vl_convert.vegalite_to_svg(document([hostile_chart(name)]))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_hostile_names_are_text_in_a_page(tmp_path: Path) -> None:
    charts = [hostile_chart(name) for name in HOSTILE]
    save(charts, tmp_path / "chart.html")
    page = (tmp_path / "chart.html").read_text(encoding="utf-8")
    library, own = re.findall(r"<script>(.*?)</script>", page, re.S)
    outside = page.replace(library, "").replace(own, "")
    assert set(re.findall(r"<(\w+)", outside)) == {"html", "head", "meta", "title", "script", "body", "div"}
    assert not re.findall(r"(?:src|href)=", outside), "nothing is loaded from elsewhere"
    data = own[own.index('vegaEmbed("#chart", ') + 20 : own.index(", options);")]
    assert not set("<>") & set(data)
    assert json.loads(data) == json.loads(json.dumps(document(charts)))


def test_field_names_and_expressions_hold_no_text_of_others() -> None:
    name = "datum['x']; alert(1)"
    drawn = json.dumps(document([hostile_chart(name)]))
    fields = set(re.findall(r'"field": "([^"]*)"', drawn))
    assert fields <= {"x", "y", "x2", "y2", "series", "text", "at_x", "at_y", "said"}
    assert not re.findall(r'"(?:expr|signal|labelExpr|calculate|filter|href|url)"', drawn)


def test_the_name_of_a_profile_reaches_the_picture_as_text(costcalc: Run, tmp_path: Path) -> None:
    profile = (
        "fresh_input = 1000\ncached_input = 0\noutput = 9\nrequests_per_task = 1\ntasks_per_day = 2\nactive_days = 5\n"
    )
    (tmp_path / "own.toml").write_text(f"[profile]\nname = '<script>alert(1)</script>'\n{profile}")
    code, _, err = costcalc("estimate", "own.toml", "--model", "gpt-5-mini", "--chart", "own.svg")
    assert (code, err) == (0, "")
    drawn = (tmp_path / "own.svg").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn
    assert "<script" not in drawn


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<svg "), ("png", b"\x89PNG"), ("html", b"<!DOCTYPE html>")])
def test_a_chart_is_written_without_a_network(
    costcalc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, start: bytes
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a chart needs no network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    (tmp_path / f"chart.{ending}").write_text("an earlier one")
    command = ["compare", "--on", "2026-11-24"]
    code, out, err = costcalc(*command, "--chart", f"chart.{ending.upper()}" if ending == "png" else f"chart.{ending}")
    assert (code, err) == (0, "")
    assert costcalc(*command)[1] == out, "the answer is the same with a chart and without"
    written = tmp_path / (f"chart.{ending.upper()}" if ending == "png" else f"chart.{ending}")
    assert written.read_bytes().startswith(start)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["compare", "--chart", "chart.gif"], "'chart.gif': the name of a chart ends in .svg, .png or .html"),
        (["compare", "--chart", "chart"], "'chart': the name of a chart ends in .svg, .png or .html"),
        (
            ["compare", "--chart", "nowhere/chart.svg"],
            "nowhere/chart.svg: cannot be written (No such file or directory)",
        ),
        (
            ["forecast", "--draws", "1000000", "--months", "24", "--chart", "a.pdf"],
            "'a.pdf': the name of a chart ends in",
        ),
    ],
)
def test_a_chart_that_cannot_be_written_is_one_line(costcalc: Run, command: list[str], message: str) -> None:
    code, out, err = costcalc(*command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


COMMANDS = {
    "price": ["price", "gpt-5-mini", "--output", "900"],
    "estimate": ["estimate", "--model", "gpt-5-mini"],
    "breakeven": ["breakeven", "--option", PRO, "--option", ARTICLE, "--on", "2026-06-15"],
    "sweep": ["sweep"],
    "whatif": ["whatif", "--set", "output=+30%"],
    "sensitivity": ["sensitivity", "--samples", "0"],
    "solved": ["solved", "--pass-rate", "gpt-5.4-mini=0.7", "--pass-rate", "mai-code-1-flash=0.7"],
    "forecast": ["forecast", "--draws", "100", "--option", PRO, "--on", "2026-06-15"],
    "usage": ["usage", str(EXAMPLES / "usage-report.csv")],
    "session": ["session", str(EXAMPLES / "session-profile.toml"), "--model", "gpt-5-mini"],
    "rates show": ["rates", "show", "gpt-5.4-mini"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_with_charts_draws_them(costcalc: Run, tmp_path: Path, name: str) -> None:
    code, _, err = costcalc(*COMMANDS[name], "--chart", "chart.svg")
    assert (code, err) == (0, "")
    assert ElementTree.fromstring((tmp_path / "chart.svg").read_text(encoding="utf-8")).tag.endswith("svg")


@pytest.mark.parametrize(("module", "call"), [("altair", "plot()"), ("vl_convert", "save_chart('chart.svg')")])
def test_without_the_extra_one_line_says_what_to_install(module: str, call: str) -> None:
    script = (
        f"import sys; sys.modules['{module}'] = None\nimport costcalc\n"
        f"try:\n    costcalc.compare().{call}\nexcept costcalc.InputError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"a chart needs {module}: pip install 'costcalc[charts]'\n"


def test_nothing_to_draw_with_is_loaded_before_it_is_used() -> None:
    script = "import sys, costcalc; costcalc.compare().charts(); print({'altair', 'vl_convert'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_more_charts_than_can_be_looked_at_are_refused() -> None:
    with pytest.raises(costcalc.InputError, match="25 charts are more than the 24"):
        document([hostile_chart("one")] * 25)


def test_options_that_are_told_apart_by_their_settings_stay_apart() -> None:
    options = [Option("api", "gpt-5.4-mini", token_factor=factor) for factor in (Decimal("0.5"), Decimal(1))]
    (chart,) = costcalc.compare("interactive_ide", options, on=JUNE).charts()
    assert chart.names("y") == ["api/gpt-5.4-mini,tokens=0.5", "api/gpt-5.4-mini"]
