"""The what-if page: what its controls stand for, and the page itself in a real browser."""

import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costcalc
from costcalc import InputError, Option, PriceBook, SessionProfile, Team
from costcalc.app.controls import (
    DRAWS,
    MAX_CONTROLS,
    PROMPT,
    Start,
    changed_profile,
    changed_team,
    planned_options,
    profile_controls,
    sources_table,
    team_controls,
)
from costcalc.showing.display import Result
from tests.browser import PHONE, Pages, violations
from tests.conftest import Run

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

EXAMPLES = Path(__file__).parents[1] / "examples"
ON = date(2026, 11, 24)
OPTIONS = ["copilot/mai-code-1.1-flash@pro", "api/gpt-5.4-mini"]
HOSTILE = "<img src=x onerror=alert(1)> `$x$` **b** \u202e"
BOOK = PriceBook.load()
PROFILES = [SessionProfile.load(name) for name in ("light_chat", "interactive_ide", "ci_code_review")]
PROFILES.append(PROFILES[1].changed(cache_write="12_345.5"))
IDE = PROFILES[1]

Serve = Callable[..., str]


# What the controls stand for


def started_values(profile: SessionProfile) -> dict[str, Decimal]:
    return {control.name: control.value for control in profile_controls(profile, 1)}


@pytest.mark.parametrize("profile", PROFILES)
def test_untouched_controls_leave_the_profile_as_it_is(profile: SessionProfile) -> None:
    shown = {control.name: control.exact(float(control.value)) for control in profile_controls(profile, 1)}
    assert changed_profile(profile, shown) == profile


@given(st.sampled_from(PROFILES), st.data())
def test_a_number_of_a_browser_stands_for_a_whole_multiple_of_the_step(
    profile: SessionProfile, data: st.DataObject
) -> None:
    control = data.draw(st.sampled_from(profile_controls(profile, 7)))
    most = int((control.most - control.least) / control.step)
    steps = data.draw(st.integers(0, most))
    meant = control.least + steps * control.step
    noise = data.draw(st.sampled_from([0.0, 1e-10, -1e-10])) * float(control.step)
    if float(meant) != float(control.value):
        assert control.exact(float(meant) + noise) == meant


@given(st.sampled_from(PROFILES), st.integers(0, 10**7), st.integers(0, 1000))
def test_the_prompt_is_shared_out_exactly(profile: SessionProfile, prompt: int, thousandths: int) -> None:
    share = Decimal(thousandths) / 10
    values = {**started_values(profile), PROMPT: Decimal(prompt), "cached_share": share}
    found = changed_profile(profile, values)
    assert sum(found.tokens[:3]) == prompt
    if values != started_values(profile):
        assert found.cached_input == prompt * share / 100
    assert (found.cache_write is None) == (profile.cache_write is None)
    assert found.output == profile.output


def test_a_team_changes_by_its_controls_alone() -> None:
    team = Team.load(EXAMPLES / "team.toml")
    values = [control.value for control in team_controls(team)]
    assert changed_team(team, values) == team
    found = changed_team(team, [Decimal(50), Decimal("12.5"), *values[2:]])
    assert [(group.people, group.profile.tasks_per_day) for group in found.groups] == [(50, Decimal("12.5")), (1, 20)]


def test_a_team_of_more_groups_than_there_is_room_for_keeps_the_others() -> None:
    group = Team.load(EXAMPLES / "team.toml").groups[1]
    team = Team("large", tuple(dataclasses.replace(group, name=f"group {place}") for place in range(30)))
    controls = team_controls(team)
    assert len(controls) == MAX_CONTROLS
    found = changed_team(team, [control.value + 1 for control in controls])
    assert [each.people for each in found.groups] == [2] * 12 + [1] * 18


def test_a_copilot_option_without_a_plan_stands_for_one_with_each_plan() -> None:
    options = ["copilot/gpt-5-mini,auto=true", "copilot/gpt-5-mini@max", "api/gpt-5.4-mini"]
    assert planned_options(options, ["pro", "business"], BOOK) == [
        "copilot/gpt-5-mini@pro,auto=true",
        "copilot/gpt-5-mini@business,auto=true",
        "copilot/gpt-5-mini@max",
        "api/gpt-5.4-mini",
    ]
    assert planned_options(options, [], BOOK) == options


def test_every_option_plan_and_basis_to_choose_from_is_one() -> None:
    start = Start.of("interactive_ide", on=ON)
    for choice in start.choices:
        option = Option.parse(choice)
        assert costcalc.estimate(IDE, option.model, option.route, on=ON).credits > 0
    assert set(start.plans) < set(costcalc.plans())
    assert all(costcalc.compare(on=ON, options=["copilot/gpt-5-mini@" + plan]) for plan in start.plans)
    assert all(BOOK.checked_basis(basis) for basis in start.bases)


def test_an_own_profile_does_not_hide_one_of_the_same_name() -> None:
    own = IDE.changed(tasks_per_day=3)
    start = Start.of(own)
    assert start.profiles[start.profile] == own
    assert start.profiles["interactive_ide"] == IDE
    assert start.profile != "interactive_ide"


def test_a_team_has_its_own_people() -> None:
    with pytest.raises(InputError, match="leave out developers"):
        Start.of(EXAMPLES / "team.toml", developers=3)


def test_every_source_of_a_price_is_told_once() -> None:
    results: list[Result] = [costcalc.compare(on=ON), costcalc.breakeven(IDE, OPTIONS, on=ON)]
    names = [row[0] for row in sources_table(results, BOOK).rows]
    assert len(set(names)) == len(names)
    assert set(names) == {rate.source for result in results for rate in result.rates_used()}


# The page itself


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start the page with arguments; its address. Interrupted at the end, it has told nobody of any trouble."""
    home = tmp_path_factory.mktemp("home")
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> str:
        command = [sys.executable, "-m", "costcalc", "app", "--no-browser", "--on", str(ON), *arguments]
        environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=home
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + process.communicate()[1]
        return found.group()

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


@pytest.fixture(scope="module")
def profile_page(serve: Serve) -> str:
    return serve("interactive_ide", *(word for option in OPTIONS for word in ("--option", option)))


def settled(page: "Page") -> "Page":
    """The page, with everything on it."""
    page.get_by_role("heading", name="Where the prices are from").wait_for()
    page.locator("[aria-label^='Chart'] svg, [aria-label^='Chart'] canvas").first.wait_for()
    return page


def assert_shows(page: "Page", result: Result) -> None:
    """The page comes to show the result: its answer, and every cell of its tables."""
    from playwright.sync_api import expect

    answer, *tables = result.parts()
    expect(page.locator("#answer strong")).to_have_text(str(answer).partition("\n")[0])
    for table in tables:
        if not isinstance(table, str):
            rows = page.locator("table", has=page.locator("caption", has_text=table.title)).first.locator("tbody tr")
            expect(rows).to_have_count(len(table.rows))
    for notice in result.notices:
        expect(page.get_by_text(notice.message, exact=True).first).to_be_attached()


def compared(profile: SessionProfile = IDE, options: list[str] = OPTIONS, **named: Any) -> costcalc.Comparison:
    return costcalc.compare(profile, options, on=ON, **named)


def by_keyboard(page: "Page", wanted: "Locator") -> None:
    """Move the focus to something with the Tab key alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === element.getRootNode().activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {wanted}")


def press(page: "Page", name: str, key: str, times: int = 1) -> None:
    """Press a key on the slider of a name, reached by keyboard, as often as it moves it."""
    from playwright.sync_api import expect

    slider = page.get_by_role("slider", name=name, exact=True)
    by_keyboard(page, slider)
    for _ in range(times):
        before = slider.get_attribute("aria-valuenow")
        page.keyboard.press(key)
        expect(slider).not_to_have_attribute("aria-valuenow", str(before))
        expect(slider).to_be_focused()


def test_sliders_change_the_figures_to_what_the_library_returns(pages: Pages, profile_page: str) -> None:
    page = settled(pages.open(profile_page))
    assert_shows(page, compared())
    press(page, "Tasks a day", "ArrowRight", 3)
    profile = IDE.changed(tasks_per_day="15.3")
    assert_shows(page, compared(profile))
    press(page, "Active days a month", "ArrowLeft")
    profile = profile.changed(active_days="15.9")
    assert_shows(page, compared(profile))
    press(page, "Of the prompt from cache, %", "End")
    profile = profile.changed(cached_input=347_000, fresh_input=0)
    assert_shows(page, compared(profile))
    press(page, "Prompt, tokens a task", "ArrowRight")
    profile = profile.changed(cached_input=348_000)
    assert_shows(page, compared(profile))
    press(page, "Output, tokens a task", "Home")
    profile = profile.changed(output=0)
    assert_shows(page, compared(profile))
    press(page, "People", "ArrowRight", 2)
    assert_shows(page, compared(profile, developers=3))


def test_a_typed_number_counts_to_the_digit(pages: Pages, profile_page: str) -> None:
    page = settled(pages.open(profile_page))
    field = page.get_by_role("textbox", name="Tasks a day value input")
    by_keyboard(page, field)
    page.keyboard.press("Control+A")
    page.keyboard.type("33.3")
    page.keyboard.press("Enter")
    assert_shows(page, compared(IDE.changed(tasks_per_day="33.3")))


def test_what_is_chosen_changes_the_figures_by_keyboard_alone(pages: Pages, profile_page: str) -> None:
    page = settled(pages.open(profile_page))
    by_keyboard(page, page.get_by_role("combobox", name="Way of working"))
    page.keyboard.type("heavy")
    heavy = SessionProfile.load("heavy_agent")
    assert_shows(page, compared(heavy))
    by_keyboard(page, page.get_by_role("combobox", name="Whose prices to believe"))
    page.keyboard.type("published")
    assert_shows(page, compared(heavy, basis="published"))
    by_keyboard(page, page.get_by_label("Options", exact=True))
    page.keyboard.press("Enter")
    page.keyboard.type("copilot/gpt-5-mini")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert_shows(page, compared(heavy, [*OPTIONS, "copilot/gpt-5-mini"], basis="published"))
    by_keyboard(page, page.get_by_label("Plans for the Copilot options"))
    page.keyboard.press("Enter")
    page.keyboard.type("business")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert_shows(page, compared(heavy, [*OPTIONS, "copilot/gpt-5-mini@business"], basis="published"))


def test_possible_months_and_crossings_are_those_of_the_library(pages: Pages, profile_page: str) -> None:
    page = settled(pages.open(profile_page))
    press(page, "People", "ArrowRight", 1)
    months = costcalc.forecast(IDE, OPTIONS, developers=2, on=ON, draws=DRAWS)
    crossings = costcalc.breakeven(IDE, OPTIONS, developers=2, on=ON)
    for result, name in ((months, "The possible months"), (crossings, "The crossings")):
        region = page.get_by_role("region", name=name)
        for part in result.parts():
            told = part.splitlines() if isinstance(part, str) else [part.title]
            for line in told:
                region.get_by_text(line.removeprefix("- ")).first.wait_for()


def test_another_day_has_its_own_prices(pages: Pages, profile_page: str) -> None:
    from playwright.sync_api import expect

    page = settled(pages.open(profile_page))
    by_keyboard(page, page.get_by_role("spinbutton", name="month, Prices and month of"))
    for number in ("6", "15"):
        page.keyboard.type(number)
        page.keyboard.press("Tab")
    with pytest.raises(costcalc.RateNotFoundError) as refused:
        costcalc.compare(IDE, OPTIONS, on=date(2026, 6, 15))
    expect(page.locator("#answer .refusal")).to_have_text(str(refused.value))
    month = page.get_by_role("spinbutton", name="month, Prices and month of")
    month.focus()
    for place in range(7, 11):
        page.keyboard.press("ArrowUp")
        expect(month).to_have_attribute("aria-valuenow", str(place))
    answer, _, _ = str(next(costcalc.compare(IDE, OPTIONS, on=date(2026, 10, 15)).parts())).partition("\n")
    expect(page.locator("#answer strong")).to_have_text(answer)


@pytest.fixture(scope="module")
def team_page(serve: Serve) -> str:
    return serve(str(EXAMPLES / "team.toml"))


def test_a_team_is_forecast_and_advised(pages: Pages, team_page: str) -> None:
    page = settled(pages.open(team_page))
    team = Team.load(EXAMPLES / "team.toml")
    press(page, "developers: people", "ArrowRight", 2)
    press(page, "reviews: tasks a day", "ArrowLeft")
    values = [control.value for control in team_controls(team)]
    team = changed_team(team, [values[0] + 2, values[1], values[2], values[3] - team_controls(team)[3].step])
    assert_shows(page, costcalc.forecast(team, on=ON, draws=DRAWS))
    advice = str(next(costcalc.advise(team, on=ON, draws=DRAWS).parts())).partition("\n")[0]
    page.get_by_text(advice).first.wait_for()


@pytest.mark.parametrize("which", ["profile_page", "team_page"])
def test_the_page_is_accessible_and_asks_nobody_else(pages: Pages, which: str, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue(which)
    page = settled(pages.open(address))
    assert violations(page) == []
    assert page.get_by_role("main").count() == page.get_by_role("heading", level=1).count() == 1
    assert {urlsplit(url).netloc for url in pages.requests if urlsplit(url).scheme != "data"} == {
        urlsplit(address).netloc
    }


@pytest.mark.parametrize("which", ["profile_page", "team_page"])
def test_a_phone_needs_no_sideways_scrolling(pages: Pages, which: str, request: pytest.FixtureRequest) -> None:
    page = settled(pages.open(request.getfixturevalue(which), width=PHONE))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert (
        page.evaluate("Math.max(...['#App', '#root'].map(each => document.querySelector(each).scrollWidth))") <= PHONE
    )
    outside = "element => element.getBoundingClientRect().right"
    for slider in page.get_by_role("slider").all():
        assert slider.evaluate(outside) <= PHONE
    assert violations(page) == []


def test_hostile_names_are_text(pages: Pages, serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    name = HOSTILE.replace("\u202e", "\\u202e")
    (folder / "profile.toml").write_text(
        f'[profile]\nname = "{name}"\nfresh_input = 1000\ncached_input = 2000\noutput = 100\nrequests_per_task = 2\n'
        "tasks_per_day = 10\nactive_days = 20\n",
        encoding="utf-8",
    )
    (folder / "team.toml").write_text(
        f'[team]\nname = "{name}"\n[[groups]]\nname = "{name}"\npeople = 3\nprofile = "profile.toml"\n'
        'option = "api/gpt-5.4-mini"\n',
        encoding="utf-8",
    )
    for file in ("profile.toml", "team.toml"):
        for width in (1280, PHONE):
            page = settled(pages.open(serve(str(folder / file)), width=width))
            assert page.get_by_text("<img src=x onerror=alert(1)> `$x$` **b** \\u202e").count() > 2
            assert page.locator("img[src=x]").count() == 0
            assert "\u202e" not in page.content()
            assert page.evaluate("document.querySelector('#App').scrollWidth") <= width
            assert violations(page) == []


def test_other_sites_and_other_machines_get_nothing(profile_page: str) -> None:
    place = urlsplit(profile_page)
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(profile_page, headers=headers))
        with refused.value as answer:
            assert answer.code == 403
    with urllib.request.urlopen(profile_page) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
    others = {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1"
    }
    for other in others:
        with socket.socket() as asked:
            assert asked.connect_ex((other, place.port)) != 0


# Refusals


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "unknown profile 'nothing'"),
        (["--option", "copilot/nothing"], "unknown model 'nothing'"),
        (["--basis", "nobody"], "unknown basis 'nobody'"),
        (["--port", "65536"], "port 65536 cannot be had (a port is a number from 0 to 65535)"),
        (["--developers", "0"], "developers must be a whole number from 1"),
    ],
)
def test_bad_input_is_one_line(costcalc: Run, arguments: list[str], said: str) -> None:
    code, out, err = costcalc("app", "--no-browser", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_port_that_is_taken_is_one_line(costcalc: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = costcalc("app", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be had" in err
    assert "give another --port" in err


def test_without_the_extra_it_says_which(costcalc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "marimo", None)
    assert costcalc("app") == (2, "", "costcalc: the page needs marimo: pip install 'costcalc[app]'\n")
