"""Results in a notebook: accessible HTML that shows names as text, frames that lose no digit, and the example notebooks."""

import csv
import importlib
import io
import os
import pkgutil
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from unicodedata import category

import nbclient
import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import costcalc as cc
from costcalc.pricefile import price_file
from costcalc.showing.display import Result, Shown, Table, csv_text, html, text
from costcalc.showing.tabular import DECIMAL_PLACES, frame
from costcalc.showing.texts import visible
from tests import logs
from tests.conftest import Run
from tests.histories import history, write

EXAMPLES = Path(__file__).parents[1] / "examples"
ACCOUNT = cc.Account.load(EXAMPLES / "account.toml")
DAY = date(2026, 11, 24)
OPTIONS = ["copilot/mai-code-1.1-flash@pro", "api/gpt-5.4-mini"]
VOID = {"br"}

Engine = Literal["pandas", "polars"]


def priced_file(root: Path) -> Result:
    usage = root / "usage.csv"
    head = "date,model,fresh_input,cached_input,cache_write,output"
    usage.write_text(f"{head}\n2026-08-01,gpt-5-mini,1000,0,0,10\n2026-08-01,who,1,0,0,1\n")
    return price_file(usage, root / "priced.csv")


def month(**changes: Any) -> cc.Forecast:
    return cc.forecast("interactive_ide", OPTIONS, on=DAY, draws=200, **changes)


def other_prices(root: Path) -> Result:
    """A price book with one price more against the one that ships."""
    own = root / "own.toml"
    cc.import_rates(["mistral/codestral"], into=own, on=DAY, write=True)
    return cc.diff_rates("shipped", own)


RESULTS: dict[str, Callable[[Path], Result]] = {
    "price": lambda _: cc.price("claude-haiku-4.5", cc.TokenUsage(198, 223_257, 30_122, 8_209), on=date(2026, 8, 1)),
    "estimate": lambda _: cc.estimate("interactive_ide", "gpt-5.4-mini", plan="pro", on=DAY),
    "estimate-api": lambda _: cc.estimate("interactive_ide", "gpt-5.4-mini", route="api", on=DAY),
    "compare": lambda _: cc.compare("interactive_ide", on=DAY),
    "breakeven": lambda _: cc.breakeven("interactive_ide", OPTIONS, on=DAY),
    "breakeven-tie": lambda _: cc.breakeven("interactive_ide", ["api/mai-code-1-flash", "api/gpt-5.4-mini"], on=DAY),
    "whatif": lambda _: cc.whatif("interactive_ide", EXAMPLES / "scenarios.toml", OPTIONS, on=DAY),
    "sweep": lambda _: cc.sweep("interactive_ide", ["output=0:5000:3", "cached_share=0:1:3"], OPTIONS, on=DAY),
    "sensitivity": lambda _: cc.sensitivity("interactive_ide", OPTIONS, on=DAY, samples=64),
    "sensitivity-none": lambda _: cc.sensitivity(
        cc.SessionProfile.load("light_chat"), ["copilot/mai-code-1.1-flash@max"], on=DAY, samples=0
    ),
    "solved": lambda _: cc.solved(
        "interactive_ide", OPTIONS, pass_rates={"mai-code-1.1-flash": "0", "gpt-5.4-mini": "0.5"}, on=DAY
    ),
    "advise": lambda _: cc.advise("interactive_ide", OPTIONS, on=DAY, draws=200),
    "session": lambda _: cc.session_cost(EXAMPLES / "session-profile.toml", "gpt-5.4-mini", on=DAY),
    "price history": lambda _: cc.price_history("gpt-5.4-mini", on=DAY),
    "report": lambda _: cc.report("interactive_ide", OPTIONS, on=DAY, draws=200),
    "report of a team": lambda _: cc.report(EXAMPLES / "team.toml", on=DAY, draws=200, months=2),
    "forecast": lambda _: month(),
    "forecast-budget": lambda _: month(budget_usd=20, months=2),
    "check": lambda _: cc.check(month(), max_usd=5),
    "bill": lambda _: cc.bill(cc.read_usage_csv(EXAMPLES / "usage.csv", ACCOUNT), ACCOUNT),
    "account": lambda _: cc.check_account(ACCOUNT),
    "usage": lambda _: cc.usage(EXAMPLES / "usage-report.csv", by=("day", "user", "model")),
    "usage-none": lambda root: cc.usage(logs.session_file(root, "s"), by=("day", "model")),
    "reconcile": lambda _: cc.reconcile(EXAMPLES / "usage-report.csv"),
    "reconcile-none": lambda root: cc.reconcile(logs.session_file(root, "s")),
    "fit": lambda root: cc.fit_profile(write(root / "history.csv", history(1, 40))),
    "backtest": lambda root: cc.backtest(write(root / "history.csv", history(1, 70)), draws=200),
    "price-file": priced_file,
    "focus": lambda _: cc.to_focus(cc.estimate("interactive_ide", "gpt-5.4-mini", plan="pro", on=DAY)),
    "rates sync": lambda _: cc.sync_rates(EXAMPLES / "copilot-table.yml", on=DAY, read=DAY),
    "rates check": lambda _: cc.check_rates(on=DAY),
    "rates diff": other_prices,
    "rates import": lambda _: cc.import_rates(["mistral/codestral"], on=DAY),
}
OTHERS: dict[str, Callable[[Path], Shown]] = {
    "profile": lambda _: cc.SessionProfile.load("interactive_ide"),
    "plan": lambda _: cc.plan("business"),
    "price book": lambda _: cc.PriceBook.load(),
}

results = pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
engines = pytest.mark.parametrize("engine", ["pandas", "polars"])


def test_every_kind_of_result_is_looked_at(tmp_path: Path) -> None:
    for module in pkgutil.walk_packages(cc.__path__, "costcalc."):
        if module.name != "costcalc.__main__":
            importlib.import_module(module.name)
    kinds = {each.kind for each in Result.__subclasses__() if each.__module__.startswith("costcalc.")}
    assert {make(tmp_path).kind for make in RESULTS.values()} == kinds


class Page(HTMLParser):
    """What a browser reads: elements opened and closed, the attributes of each, and the text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], str | None]] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), self.open[-1] if self.open else None))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_pi = unknown_decl = handle_comment

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _, _ in self.elements)


ALLOWED = {
    "div": {"class"}, "style": set(), "table": set(), "caption": {"dir"}, "thead": set(), "tbody": set(), "tr": set(),
    "th": {"scope", "class", "dir"}, "td": {"class", "dir"}, "p": {"dir"}, "br": set(), "ul": set(), "ol": set(),
    "li": {"dir"}, "h2": {"dir"}, "details": {"open"}, "summary": {"dir"},
}  # fmt: skip


def check_page(page: Page) -> None:
    """Only harmless elements, none with an id or an address; tables told by captions and by heads of rows and columns."""
    for tag, attributes, _ in page.elements:
        assert attributes.keys() <= ALLOWED[tag]
        assert attributes.get("class") in (None, "costcalc", "costcalc-number")
        assert tag != "th" or attributes["scope"] in ("col", "row")
    assert page.count("caption") == page.count("table") == page.count("thead")
    for place, (tag, _, _) in enumerate(page.elements):
        if tag == "table":
            assert page.elements[place + 1][0] == "caption"
    heads = [attributes["scope"] for tag, attributes, _ in page.elements if tag == "th"]
    assert heads.count("row") == page.count("tr") - page.count("table")


@pytest.mark.parametrize("make", [*RESULTS.values(), *OTHERS.values()], ids=[*RESULTS, *OTHERS])
def test_html_is_accessible_and_says_what_the_text_says(make: Callable[[Path], Shown], tmp_path: Path) -> None:
    shown = make(tmp_path)
    source = shown.to_html()
    page = Page(source)
    check_page(page)
    assert "://" not in source.replace("https://", "")  # an address can only be text
    assert not any(word in source for word in ("url(", "@import", "src=", "href="))
    for word in text(shown.all_parts()).split():
        place_in_list = re.fullmatch(r"\d\.", word)
        assert place_in_list or word.strip("-") in page.text or word.removesuffix(":") in page.text, word
    assert all(table.title for table in shown.all_parts() if isinstance(table, Table))


@results
def test_every_form_tells_the_notices(make: Callable[[Path], Result], tmp_path: Path) -> None:
    result = make(tmp_path)
    page = Page(result.to_html())
    for notice in result.notices:
        assert notice.message in page.texts
        assert f"- {notice.message}" in str(result)
    assert result.to_markdown().count("\n- ") >= len(result.notices)


def test_numbers_are_right_aligned_and_text_keeps_its_direction() -> None:
    page = Page(html([Table(("who", "how much"), (("שלום", Decimal("1.50")), ("b", None)), "Who")]))
    cells = [(tag, attributes) for tag, attributes, _ in page.elements if tag in ("th", "td")]
    assert cells == [
        ("th", {"scope": "col", "dir": "auto"}),
        ("th", {"scope": "col", "class": "costcalc-number"}),
        *[("th", {"scope": "row", "dir": "auto"}), ("td", {"class": "costcalc-number"})] * 2,
    ]
    assert page.text.split() == ["Who", "who", "how", "much", "שלום", "1.5", "b", "-"]


def test_lists_are_lists_and_those_with_a_heading_fold() -> None:
    page = Page(html(["Answer.\nMore.\n- why\n- how", "Order:\n1. <one>\n2. two", "Notices:\n- a: b"]))
    assert [tag for tag, _, parent in page.elements if parent is None] == ["p", "ul", "details", "details"]
    assert [page.count(tag) for tag in ("li", "br", "ol", "summary")] == [5, 1, 1, 2]
    assert page.text.split() == ["Answer.", "More.", "why", "how", "Order", "<one>", "two", "Notices", "a:", "b"]


names = st.text(max_size=40) | st.sampled_from(
    ["<script>alert(1)</script>", "</table></caption>", "a\u202eb\u2066", "😀👩‍👩‍👧", "x" * 20_000, "&lt;b&gt;", '" onload="x',
     "<!-- -->", "]]>", "=1+1", "- item", "1. item", "\ud800", "\x00\x1b[31m", "<style>", "`'\"", "$x$", "&#60;i&#62;"]
)  # fmt: skip


@given(names, names, names, names)
@example("Notices:", "<script>", "</style>", "\n")
def test_names_are_shown_as_text(title: str, column: str, cell: str, word: str) -> None:
    source = html([Table((column, "b"), ((cell, 1), ("x", 2)), title), f"{word}\n- {word}", word])
    page = Page(source)
    assert {tag for tag, _, _ in page.elements} <= ALLOWED.keys()
    check_page(page)
    assert page.count("table") == 1
    assert not {char for char in source if category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")} - {"\n", "\u200d"}
    if cell.isprintable():
        assert cell in page.texts or not cell


def test_names_from_files_are_text_in_every_form() -> None:
    hostile = "=cmd|' /C calc'!A0<script>alert(1)</script>\u202e שלום 😀" + "x" * 100
    records = [cc.UsageRecord(datetime(2026, 10, 5, tzinfo=UTC), hostile, 5, organization=hostile)]
    account = cc.Account.model_validate(
        {"kind": "enterprise", "month": "2026-10", "seats": [{"plan": "business", "users": [hostile]}]}
    )
    result = cc.bill(records, account)
    for written in (result.to_html(), result.to_markdown()):
        assert "<script>" not in written
        assert "\u202e" not in written
        assert "&lt;script&gt;alert" in written
    assert hostile.replace("\u202e", "\\u202e") in Page(result.to_html()).texts
    (row,) = csv.DictReader(io.StringIO(csv_text(result.all_rows())))
    assert row["user"] == "'" + visible(hostile)
    for engine in ("pandas", "polars"):
        assert hostile in list(result.to_frame(engine)["user"])


@given(st.sampled_from("=+-@\n＝＋－＠"), st.text(max_size=20))
@example("=", "1\r=2\n=3")
def test_no_csv_cell_becomes_a_formula(start: str, rest: str) -> None:
    written = csv_text([{"name": start + rest, "usd": Decimal("-1.50")}])
    assert list(csv.reader(io.StringIO(written, newline=""))) == [
        ["name", "usd"],
        ["'" + visible(start + rest), "-1.5"],
    ]


@pytest.mark.parametrize("name", ["\r=1", "\t=1", "a\r=1\r\n+2", "\x1b[2J", "\ud800"])
def test_control_characters_cannot_end_a_csv_cell(name: str) -> None:
    written = csv_text([{"name": name, "usd": None}])
    assert list(csv.reader(io.StringIO(written, newline=""))) == [["name", "usd"], [visible(name), ""]]
    assert written.encode()
    assert not {"\r", "\t", "\x1b"} & set(written)


def test_spaces_of_other_scripts_stay() -> None:
    assert visible("山田\u3000太郎 10\u00a0%") == "山田\u3000太郎 10\u00a0%"


def values_of(found: Any, engine: str) -> list[dict[str, Any]]:
    """The rows of a frame in the terms of Python; what is null there is None."""
    if engine == "polars":
        rows: list[dict[str, Any]] = found.to_dicts()
        return rows
    import pandas as pd

    def value(cell: Any) -> Any:
        if cell is None or cell is pd.NA or cell is pd.NaT:
            return None
        return cell.date() if isinstance(cell, pd.Timestamp) else cell

    return [{name: value(cell) for name, cell in row.items()} for row in found.to_dict("records")]


def types_of(found: Any, engine: str) -> dict[str, str]:
    types = found.schema.items() if engine == "polars" else found.dtypes.items()
    return {str(name): str(kind) for name, kind in types}


@results
@engines
def test_a_frame_holds_the_rows_exactly(make: Callable[[Path], Result], engine: Engine, tmp_path: Path) -> None:
    result = make(tmp_path)
    found = result.to_frame(engine)
    codes = {notice.code for notice in result.notices}
    rows = result.rows()
    values = values_of(found, engine)
    assert [{**row, "notices": each["notices"]} for row, each in zip(rows, values, strict=True)] == values
    assert all(set(each["notices"].split()) == codes for each in values)
    assert list(found.columns) == [*(rows[0] if rows else result.columns()), "notices"]
    for row, value in zip(rows, values, strict=True):
        assert [type(cell) for cell in row.values()] == [type(value[name]) for name in row]
    # A column's type does not hang on whether anything is known of it, nor on whether there is a row.
    declared = result.columns()
    known = {name: type(row[name]) for row in rows for name in row if row[name] is not None}
    assert known.keys() | declared.keys() == set(found.columns) - {"notices"}
    assert all(known.get(name, kind) is kind for name, kind in declared.items())


@engines
def test_a_frame_without_a_row_keeps_its_columns(engine: Engine, tmp_path: Path) -> None:
    some = cc.usage(EXAMPLES / "usage-report.csv", by=("day", "model")).to_frame(engine)
    none = cc.usage(logs.session_file(tmp_path, "s"), by=("day", "model")).to_frame(engine)
    assert (len(some), len(none)) == (3, 0)
    assert types_of(some, engine) == types_of(none, engine)


def test_csv_without_a_row_keeps_its_header(costcalc: Run, tmp_path: Path) -> None:
    _, out, _ = costcalc("usage", str(logs.session_file(tmp_path, "s")), "--by", "day,model", "--format", "csv")
    _, other, _ = costcalc("usage", str(EXAMPLES / "usage-report.csv"), "--by", "day,model", "--format", "csv")
    assert out == other.splitlines()[0] + "\n"


def test_types_of_columns() -> None:
    month = cc.estimate("interactive_ide", "gpt-5.4-mini", route="api", on=DAY)
    names = ("on", "developers", "total_usd", "included_credits", "status")
    assert [types_of(month.to_frame("polars"), "polars")[name] for name in names] == [
        "Date", "Int64", "Decimal(precision=38, scale=12)", "Decimal(precision=38, scale=12)", "String",
    ]  # fmt: skip
    assert [types_of(month.to_frame("pandas"), "pandas")[name] for name in names] == [
        "datetime64[s]", "Int64", "object", "object", "string",
    ]  # fmt: skip


cells = {
    "usd": st.none()
    | st.decimals(allow_nan=False, allow_infinity=False, places=15, min_value=-(10**12), max_value=10**12),
    "share": st.none() | st.decimals(0, 1, places=6) | st.integers(-(10**12), 10**12),
    "tokens": st.none() | st.integers(-(2**126), 2**126),
    "on": st.none() | st.dates(),
    "user": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    "cheapest": st.none() | st.booleans(),
}
kinds = {"usd": Decimal, "share": Decimal, "tokens": int, "on": date, "user": str, "cheapest": bool}


@given(st.lists(st.fixed_dictionaries(cells), max_size=5))
@engines
def test_any_rows_go_into_a_frame_and_come_out(engine: Engine, rows: list[dict[str, Any]]) -> None:
    found = frame(rows, kinds, engine)
    assert list(found.columns) == list(rows[0] if rows else kinds)
    assert values_of(found, engine) == rows


def test_what_polars_cannot_hold_exactly_is_refused_and_pandas_holds_it() -> None:
    rows = [{"usd": Decimal(10) ** 20}, {"usd": Decimal("1e-20")}]
    with pytest.raises(cc.InputError, match="usd has more digits than Polars can hold exactly; take engine pandas"):
        frame(rows, {}, "polars")
    assert values_of(frame(rows, {}, "pandas"), "pandas") == rows
    with pytest.raises(cc.InputError, match="tokens has more digits"):
        frame([{"tokens": 2**127}], {}, "polars")
    assert values_of(frame([{"tokens": 2**127}], {}, "pandas"), "pandas") == [{"tokens": 2**127}]


def test_frames_of_several_results_go_below_each_other() -> None:
    import polars as pl

    frames = [cc.estimate("interactive_ide", model, route="api", on=DAY).to_frame("polars") for model in
              ("gpt-5.4-mini", "mai-code-1.1-flash")]  # fmt: skip
    assert (
        len(pl.concat([*frames, cc.estimate("interactive_ide", "gpt-5.4-mini", plan="pro", on=DAY).to_frame("polars")]))
        == 3
    )
    assert DECIMAL_PLACES == 12


@engines
def test_text_that_is_no_unicode_is_made_visible(engine: Engine) -> None:
    assert values_of(frame([{"user": "a\ud800"}], {}, engine), engine) == [{"user": "a\\ud800"}]


def test_pandas_comes_first_and_polars_where_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    result = RESULTS["price"](Path())
    there = {"pandas", "polars"}
    monkeypatch.setattr("costcalc.showing.tabular.find_spec", lambda name: name if name in there else None)
    assert type(result.to_frame()).__module__.startswith("pandas")
    there.remove("pandas")
    assert type(result.to_frame()).__module__.startswith("polars")
    with pytest.raises(cc.InputError, match=r"engine pandas needs pandas: pip install pandas"):
        result.to_frame("pandas")
    there.clear()
    with pytest.raises(cc.InputError, match="a data frame needs pandas or Polars: pip install pandas"):
        result.to_frame()
    with pytest.raises(cc.UnknownNameError, match="unknown engine 'spark'; known: pandas, polars"):
        result.to_frame("spark")  # type: ignore[call-overload]


def test_a_notebook_shows_html_markdown_and_text() -> None:
    from IPython.core.formatters import DisplayFormatter

    shown = [*(make(Path()) for make in OTHERS.values()), RESULTS["price"](Path())]
    for each in shown:
        data, _ = DisplayFormatter().format(each)
        assert data["text/html"] == each.to_html()
        assert data["text/markdown"] == each.to_markdown()
        assert data["text/plain"] == (repr(each) if isinstance(each, cc.PriceBook) else text(each.all_parts()))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_an_example_notebook_gives_what_it_shows(path: Path) -> None:
    """Set COSTCALC_RECORD=1 to record the outputs anew, then read the difference. Only their plain text is stored."""
    run = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        run, resources={"metadata": {"path": str(path.parent)}}, timeout=300, kernel_name="python3", record_timing=False
    ).execute()
    for cell in run.cells:
        for output in cell.get("outputs", ()):
            assert output.output_type == "execute_result", output
            assert ("image/svg+xml" in output.data) == (".plot(" in cell.source)
            output.data = {"text/plain": output.data["text/plain"]}
    if os.environ.get("COSTCALC_RECORD"):
        nbformat.write(run, path)
    stored = nbformat.read(path, as_version=4)
    assert any(cell.get("outputs") for cell in stored.cells)
    for cell, known in zip(run.cells, stored.cells, strict=True):
        assert cell.get("outputs") == known.get("outputs"), cell.source
    assert path.stat().st_size < 30_000
