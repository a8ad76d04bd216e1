"""The page of a report in a real browser: offline, silent, drawn, by keyboard, in the dark, on a phone and on paper."""

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import costcalc
from costcalc import Report
from costcalc.showing.display import number
from costcalc.showing.texts import visible
from tests.browser import PHONE, Pages, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[1] / "examples"
OPTIONS = ["copilot/mai-code-1.1-flash@pro", "copilot/claude-haiku-4.5@pro", "api/gpt-5.4-mini"]

HOSTILE = [
    "</title></style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>&amp;'\"`",
    '" onfocus=alert(1) autofocus x="',
    "\u202eevil\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 --> ]]>",
    "url(#c2-1-clip0) &lt;b&gt; {{7*7}} ${7*7}",
    "x" * 200,
]


@cache
def made(name: str) -> Report:
    if name == "one person":
        return costcalc.report("interactive_ide", OPTIONS, on=date(2026, 11, 24), draws=300, budget_usd=20)
    return costcalc.report(EXAMPLES / "team.toml", on=date(2026, 11, 24), draws=300, budget_usd=1_000, months=3)


REPORTS = pytest.mark.parametrize("name", ["one person", "a team"])


def opened(pages: Pages, report: Report, folder: Path, **window: Any) -> "Page":
    """The page of a report, from a file, without a network."""
    report.save(folder / "report.html", replace=True)
    page = pages.open((folder / "report.html").as_uri(), **window)
    page.context.set_offline(True)
    page.reload()
    return page


@REPORTS
def test_it_opens_offline_and_asks_for_nothing(pages: Pages, tmp_path: Path, name: str) -> None:
    page = opened(pages, made(name), tmp_path)
    assert page.title() == made(name).title
    assert set(pages.requests) == {(tmp_path / "report.html").as_uri()}
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@REPORTS
def test_every_chart_is_drawn_and_its_figures_stand_below_it(pages: Pages, tmp_path: Path, name: str) -> None:
    page = opened(pages, made(name), tmp_path)
    charts = made(name).charts()
    drawn = page.locator("figure").all()
    assert len(drawn) == len(charts)
    for figure, chart in zip(drawn, charts, strict=True):
        assert figure.locator("h3").inner_text() == chart.title
        box = figure.locator("svg").bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 60
        # A shape for every bar, dot or cell, besides those of axes, and none that is empty.
        shapes = figure.locator("svg").evaluate(
            "svg => [...svg.querySelectorAll('path')].map(each => each.getBBox())"
            ".filter(box => box.width + box.height > 0 && box.width < 600).length"
        )
        expected = [len(mark.points) for mark in chart.marks if mark.form in ("bar", "dot", "ring", "cell")]
        assert shapes >= sum(expected)
        words = figure.locator("svg").evaluate("e => [...e.querySelectorAll('text')].map(each => each.textContent)")
        assert chart.x.label in words
        assert figure.locator("table").is_hidden()
        figure.locator("summary").click()
        assert figure.locator("table").is_visible()
        rows = figure.locator("tbody tr").all()
        points = [(mark, point) for mark in chart.marks for point in mark.points]
        assert len(rows) == len(points)
        texts = figure.locator("tbody").evaluate(
            "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        )
        for cells, (mark, point) in zip(texts, points, strict=True):
            for place in point[:4]:
                shown = None if place is None else str(place) if isinstance(place, str | date) else number(place)
                assert shown is None or shown in cells
            assert not mark.series or mark.series in cells


@REPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_axe_finds_nothing_wrong(pages: Pages, tmp_path: Path, name: str, scheme: Any, width: int) -> None:
    page = opened(pages, made(name), tmp_path, width=width)
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background))) < 200) == (scheme == "dark")


@REPORTS
def test_the_keyboard_reaches_everything(pages: Pages, tmp_path: Path, name: str) -> None:
    page = opened(pages, made(name), tmp_path, width=PHONE)
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.className")
    assert first == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0, "what has the focus is seen"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    reached = []
    for _ in range(400):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(e => e === document.body || !e ? null : [e.tagName, e.getAttribute('aria-label') || e.textContent,"
            "getComputedStyle(e).outlineStyle])(document.activeElement)"
        )
        if told is None or told[0] == "A":
            break
        reached.append(told)
    labels = page.evaluate(
        "[...document.querySelectorAll('main [tabindex=\"0\"], main summary')].filter(e => e.checkVisibility())"
        ".map(e => e.getAttribute('aria-label') || e.textContent)"
    )
    assert [label for _, label, _ in reached] == labels
    assert all(outline == "solid" for *_, outline in reached)
    # What scrolls sideways can be scrolled by keyboard, since it can be reached.
    assert (
        page.evaluate(
            "[...document.querySelectorAll('*')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 "
            "&& ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0).length"
        )
        == 0
    )


@REPORTS
def test_a_phone_scrolls_only_tables_and_charts(pages: Pages, tmp_path: Path, name: str) -> None:
    page = opened(pages, made(name), tmp_path, width=PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert page.evaluate("[...document.querySelectorAll('[tabindex=\"0\"]')].some(e => e.scrollWidth > e.clientWidth)")


@REPORTS
def test_on_paper_the_answer_is_first_and_no_table_is_cut(pages: Pages, tmp_path: Path, name: str) -> None:
    page = opened(pages, made(name), tmp_path, width=700)  # A4 less its margins
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    place = page.locator("#part-1").bounding_box()
    assert place is not None
    assert place["y"] + place["height"] < 1000, "on the first page, whole"
    assert page.locator("figure table").first.is_visible(), "on paper nothing can be unfolded"
    for section in page.locator("section").all():
        wide = section.evaluate("e => getComputedStyle(e).page === 'wide'")
        page.set_viewport_size({"width": 1030 if wide else 700, "height": 900})
        assert (
            section.evaluate(
                "e => [...e.querySelectorAll('table, svg')].filter(t => t.getBoundingClientRect().right > innerWidth).length"
            )
            == 0
        )
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_hostile_names_are_text(pages: Pages, tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()

    def quoted(text: str) -> str:
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text) + '"'

    groups = []
    for place, name in enumerate(HOSTILE):
        numbers = "fresh_input = 9000\ncached_input = 50000\noutput = 900\nrequests_per_task = 3\ntasks_per_day = 9"
        profile = f"[profile]\nname = {quoted(name)}\ntitle = {quoted(name)}\n{numbers}\nactive_days = 18\n"
        (folder / f"p{place}.toml").write_text(f"{profile}note = {quoted(name)}\n")
        option = 'option = "api/gpt-5.4-mini"'
        groups.append(f'[[groups]]\nname = {quoted(name)}\npeople = 2\nprofile = "p{place}.toml"\n{option}\n')
    (folder / "team.toml").write_text(f"[team]\nname = {quoted(HOSTILE[0])}\n" + "".join(groups))
    (folder / "rates.toml").write_text(
        f"[sources.contract]\ntitle = {quoted(HOSTILE[1])}\naddress = {quoted(HOSTILE[2])}\nread = 2026-11-01\n"
        f'status = "published"\nnote = {quoted(HOSTILE[5])}\n\n[models."gpt-5.4-mini"]\nrates = [\n'
        '  { route = "api", source = "contract", from = 2026-11-01, fresh_input = 0.60, cached_input = 0.06, output = 3.60, '
        f"note = {quoted(HOSTILE[0])} }},\n]\n"
    )
    book = costcalc.PriceBook.load(folder / "rates.toml")
    team = costcalc.report(folder / "team.toml", on=date(2026, 11, 24), draws=100, basis="contract", rates=book)
    own = costcalc.report(
        folder / "p1.toml", OPTIONS[2], on=date(2026, 11, 24), draws=100, basis="contract", rates=book
    )
    for report in (team, own):
        page = opened(pages, report, tmp_path, width=PHONE)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        text = page.evaluate("document.body.textContent")
        names = HOSTILE if report is team else [HOSTILE[1]]
        for name in [*names, HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[5]]:
            assert visible(name) in text
        assert page.locator("script, img, iframe, [onerror], [onfocus], [autofocus]").count() == 0
        assert page.title() == report.title
        assert set(pages.requests) == {(tmp_path / "report.html").as_uri()}
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        assert "\u202e" not in text
        assert violations(page) == []
