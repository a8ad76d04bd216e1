"""A report has the figures of the answers it is made of, and its page shows them, whole, the same each time."""

import json
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import costcalc
from costcalc import Report
from costcalc.showing.display import cents, percent
from costcalc.units import canonical
from tests.conftest import Run

EXAMPLES = Path(__file__).parents[1] / "examples"
DAY = date(2026, 11, 24)
OPTIONS = ["copilot/mai-code-1-flash@pro", "copilot/claude-haiku-4.5@pro", "api/gpt-5.4-mini"]
TERMS: dict[str, Any] = {"on": DAY, "draws": 300, "seed": 7}
JUNE = date(2026, 6, 15)


@cache
def one() -> Report:
    """Of one person, with three options."""
    return costcalc.report("interactive_ide", OPTIONS, on=JUNE, draws=300, seed=7, budget_usd=20, confidence=0.8)


@cache
def team() -> Report:
    """Of a team, three months ahead."""
    return costcalc.report(EXAMPLES / "team.toml", **TERMS, months=3, budget_usd=1_000)


REPORTS = pytest.mark.parametrize("made", [one, team])


@cache
def page_of(made: Any) -> str:
    page: str = made().to_page()
    return page


class Elements(HTMLParser):
    """The elements of a page, and whether they nest."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def figures(value: Any) -> Iterable[Decimal]:
    """Every figure of machine output."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from figures(each)
    elif isinstance(value, int | str) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        yield Decimal(value)


def test_it_holds_what_the_functions_answer() -> None:
    document = one().to_dict()
    terms: dict[str, Any] = {"on": JUNE}
    drawn = {**terms, "draws": 300, "seed": 7, "confidence": 0.8}
    expected = {
        "forecast": costcalc.forecast("interactive_ide", OPTIONS, **drawn, budget_usd=20),
        "advise": costcalc.advise("interactive_ide", OPTIONS, **drawn),
        "compare": costcalc.compare("interactive_ide", OPTIONS, **terms),
        "sensitivity": costcalc.sensitivity("interactive_ide", OPTIONS, samples=0, **terms),
    }
    for kind, result in expected.items():
        assert document[kind] == result.body()
        assert set(result.notices) <= set(one().notices)
        assert {rate.id for rate in result.rates_used()} <= {each["id"] for each in document["rates"]}
        assert [row for row in one().rows() if row["answer"] == kind] == [
            {"answer": kind, **{name: row.get(name) for name in one().rows()[0] if name != "answer"}}
            for row in result.rows()
        ]


def test_a_team_has_no_expected_month_of_one_profile() -> None:
    document = team().to_dict()
    assert (document["compare"], document["sensitivity"]) == (None, None)
    assert [profile["name"] for profile in document["profiles"]] == ["interactive_ide", "ci_code_review"]
    assert [month["month"] for month in document["forecast"]["options"][0]["months"]] == [
        "2026-11",
        "2026-12",
        "2027-01",
    ]


def test_one_option_is_compared_with_nothing() -> None:
    found = costcalc.report("interactive_ide", OPTIONS[0], on=JUNE, draws=100)
    assert found.comparison is None
    assert found.sensitivity is not None


@REPORTS
def test_rates_have_their_sources_and_ages(made: Any) -> None:
    document, page = made().to_dict(), unescape(page_of(made))
    assert [each["claim"] for each in document["ages"]] == [each["id"] for each in document["rates"]]
    assert {each["source"] for each in document["rates"]} == {each["id"] for each in document["sources"]}
    for rate, age in zip(made().rates_used(), document["ages"], strict=True):
        assert age["age_days"] == rate.age_days(made().forecast.on)
    for source in made().sources:
        assert source.title in page
        assert source.address in page


@REPORTS
def test_every_figure_of_a_chart_and_of_the_answer_is_one_of_the_machine_output(made: Any) -> None:
    known = {Decimal(0), *figures(made().to_dict())}
    for chart in made().charts():
        for place in (place for mark in chart.marks for point in mark.points for place in point[:4]):
            assert not isinstance(place, Decimal) or place in known, (chart.name, place)
    section = re.search(r'<section id="part-1".*?</section>', page_of(made), re.S)
    assert section
    # Option names hold figures too; they are no amounts.
    answer = unescape(re.sub(r"<[^>]*>", " ", section[0]))
    amounts = {Decimal(each.replace(",", "")) for each in re.findall(r"\$([\d,]+(?:\.\d+)?)", answer)}
    assert len(amounts) >= 4
    means = [each.total_usd.mean for each in made().advice.candidates]
    more = {mean - means[0] for mean in means}  # what the next one costs more
    assert amounts <= {cents(abs(each)) for each in known | more} | known
    shares = set(re.findall(r"(?:under |over )?[\d.]+ %(?!\))", answer))  # in brackets: how sure an error is
    assert len(shares) >= 3
    assert shares <= {percent(each) for each in known if 0 <= each <= 1}


@REPORTS
def test_the_page_shows_the_figures_of_the_rows_and_the_notices(made: Any) -> None:
    page = unescape(page_of(made))
    cells = set(re.findall(r">([^<>]*)</t[dh]>", page))
    for row in made().rows():
        for value in row.values():
            if isinstance(value, Decimal):
                assert f"{canonical(value):,f}" in cells
    for notice in made().notices:
        assert notice.message in page


@REPORTS
def test_the_page_is_one_document_that_loads_nothing(made: Any) -> None:
    elements = Elements(page_of(made))
    tags = [tag for tag, _ in elements.found]
    assert not {"script", "img", "iframe", "object", "embed", "image", "foreignobject", "use"} & set(tags)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert len(ids) > len(made().charts()), "pictures have ids of their own"
    for tag, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style")]
        href = attributes.get("href")
        assert href is None or href == "data:," or (tag == "a" and href[1:] in ids), href
        for value in filter(None, attributes.values()):
            for used in re.findall(r"url\(#([^)]*)\)", value):
                assert used in ids
    assert not re.search(r"@import|url\((?!#)", page_of(made))
    heads = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(heads))
    assert tags.count("figure") == len(made().charts()) == tags.count("svg")


def test_the_same_inputs_give_the_same_bytes() -> None:
    again = costcalc.report(EXAMPLES / "team.toml", **TERMS, months=3, budget_usd=1_000)
    assert again.to_page() == page_of(team)
    assert again.to_markdown() == team().to_markdown()
    assert again.to_dict() == team().to_dict()


def test_ten_thousand_people_and_a_year_are_a_small_page(tmp_path: Path) -> None:
    models = ["mai-code-1.1-flash", "claude-sonnet-4.6", "gpt-5.4-mini", "claude-haiku-4.5"]
    groups = "\n".join(
        f'[[groups]]\nname = "{model}"\npeople = 2500\nprofile = "interactive_ide"\noption = "copilot/{model}@business"\n'
        for model in models
    )
    (tmp_path / "big.toml").write_text(groups)
    found = costcalc.report(tmp_path / "big.toml", ["copilot/claude-haiku-4.5@business"], on=DAY, draws=100, months=12)
    assert found.forecast.people == 10_000
    assert len(found.to_page().encode()) < 1_000_000


def test_the_answer_comes_first_in_markdown(costcalc: Run) -> None:
    code, out, err = costcalc(
        "report", str(EXAMPLES / "team.toml"), "--format", "markdown", "--on", f"{DAY}", "--draws", "100"
    )
    assert (code, err) == (0, "")
    heads = re.findall(r"^## (.*)$", out, re.M)
    assert heads[0] == "Cost report: team platform, 41 people, 2026-11"
    assert heads[1:3] == ["Months as they may come", "What to do"]
    assert out.split("\n\n")[1].startswith("Half of all months cost less than")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!DOCTYPE html>"),
        ("r", "<!DOCTYPE html>"),
        ("r.md", "## Cost report"),
        ("r.json", "{"),
        ("r.csv", "answer,option,month,people,figure,mean,p5"),
        ("r.txt", "Cost report"),
    ],
)
def test_the_command_writes_by_the_name_of_the_file_and_says_the_answer(costcalc: Run, name: str, start: str) -> None:
    command = ["report", "--option", OPTIONS[0], "--on", f"{JUNE}", "--draws", "100", "-o", name]
    code, out, err = costcalc(*command)
    assert (code, err) == (0, "")
    assert out.startswith("Half of all months cost less than")
    assert out.endswith(f"The report is in {name}\n")
    written = Path(name).read_text(encoding="utf-8")
    assert written.startswith(start)
    if name == "r.json":
        assert json.loads(written)["kind"] == "report"
    code, _, err = costcalc(*command)
    assert code == 2
    assert (
        err
        == f"costcalc: {name}: is there already; give another name, or allow it to be replaced (--replace, replace=True)\n"
    )
    assert costcalc(*command, "--replace")[0] == 0
    assert Path(name).read_text(encoding="utf-8") == written
    assert [each.name for each in Path().iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a page is a file: give -o report.html, or --format markdown to read it here"),
        (["-o", "r.html", "--draws", "3"], "draws must be a whole number from 100"),
        (["--format", "pdf"], "'pdf' is not one of html, table, json, csv, markdown"),
        (["-o", "none/r.html", "--option", OPTIONS[2], "--draws", "100"], "none/r.html: cannot be written"),
        (["-o", ".", "--replace"], ".: not a file that can be replaced; give another name"),
        (["none.toml", "-o", "r.html"], "none.toml: no such file"),
        ([str(EXAMPLES / "team.toml"), "-o", "r.html", "--developers", "3"], "a team says how many people it has"),
    ],
)
def test_a_mistake_is_one_line(costcalc: Run, arguments: list[str], message: str) -> None:
    code, out, err = costcalc("report", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_without_the_extra_one_line_says_what_to_install(costcalc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    code, out, err = costcalc("report", "--option", OPTIONS[0], "-o", "r.html")
    assert (code, out) == (2, "")
    assert err == "costcalc: a chart needs vl_convert: pip install 'costcalc[charts]'\n"
