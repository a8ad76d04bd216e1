"""The what-if page: what its controls stand for, and the page itself in a real browser."""

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
    PROMPT,
    Start,
    changed_profile,
    changed_team,
    planned_options,
    profile_controls,
    sources_table,
    team_controls,
)
from costcalc.display import Result, usd
from tests.browser import PHONE, Pages, violations

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
def test_a_number_of_a_browser_stands_for_a_whole_multiple_of_the_step(profile: SessionProfile, data: st.DataObject) -> None:
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
    """Press a key on the slider of a name, reached by keyboard."""
    by_keyboard(page, page.get_by_role("slider", name=name, exact=True))
    for _ in range(times):
        page.keyboard.press(key)


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
