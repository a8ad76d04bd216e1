"""A profile from history: what a known way of working leaves in logs is found again."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import InputError, SessionProfile, compare, fit_profile
from tests import logs
from tests.conftest import Run
from tests.logs import Call

START = datetime(2026, 8, 3, 9, tzinfo=UTC)


def history(root: Path, tasks: list[list[Call]], per_day: int, *, gap: int = 60) -> Path:
    """A log of tasks of several calls, `per_day` of them a day, `gap` minutes apart, calls a minute apart."""
    found = []
    for number, task in enumerate(tasks):
        start = START + timedelta(days=number // per_day, minutes=gap * (number % per_day))
        found += [
            logs.call_event(f"{number}-{place}", call._replace(at=start + timedelta(minutes=place)))
            for place, call in enumerate(task)
        ]
    return logs.session_file(root, "s", *found)


calls = st.builds(
    Call,
    model=st.just("gpt-5-mini"),
    fresh=st.integers(0, 50_000),
    cached=st.integers(0, 50_000),
    write=st.integers(0, 50_000),
    output=st.integers(0, 5_000),
    nano_aiu=st.none(),
    at=st.just(START),
)


@given(st.lists(st.lists(calls, min_size=1, max_size=5), min_size=1, max_size=12), st.integers(1, 4))
def test_tasks_are_found_by_their_pauses(tmp_path_factory: Any, tasks: list[list[Call]], per_day: int) -> None:
    fit = fit_profile(history(tmp_path_factory.mktemp("log"), tasks, per_day))
    assert fit.tasks == len(tasks)
    assert fit.active_days == -(-len(tasks) // per_day)
    means = {mean.name: mean.mean for mean in fit.means}
    for place, kind in enumerate(("fresh_input", "cached_input", "cache_write", "output"), 1):
        truth = sum(call[place] for task in tasks for call in task) / len(tasks)  # type: ignore[misc]
        assert float(means[kind]) == pytest.approx(truth, abs=0.5)
    assert float(means["requests_per_task"]) == pytest.approx(sum(map(len, tasks)) / len(tasks), abs=1e-3)
    assert float(means["tasks_per_day"]) == pytest.approx(len(tasks) / fit.active_days, abs=1e-3)


def test_a_longer_pause_joins_tasks(tmp_path: Path) -> None:
    call = Call("gpt-5-mini", 1, 1, 1, 1)
    path = history(tmp_path, [[call]] * 6, 3, gap=20)
    assert fit_profile(path).tasks == 6
    assert fit_profile(path, pause=timedelta(minutes=30)).tasks == 2


def test_turns_of_the_store_are_tasks(tmp_path: Path) -> None:
    logs.store(tmp_path / "session-store.db", [Call("gpt-5-mini", 10, 0, 0, 1)] * 4)
    assert fit_profile(tmp_path).tasks == 4


def test_means_have_intervals_that_hold_the_truth(tmp_path: Path) -> None:
    tasks = [[Call("gpt-5-mini", 1_000 if number % 2 else 3_000, 500, 0, 100)] for number in range(60)]
    fit = fit_profile(history(tmp_path, tasks, 3))
    fresh = next(mean for mean in fit.means if mean.name == "fresh_input")
    assert fresh.mean == 2_000
    assert fresh.low is not None
    assert fresh.high is not None
    assert fresh.low < 2_000 < fresh.high
    assert fresh.values == 60
    assert fit.cached_share == Decimal("0.2")
    assert fit.models == (("gpt-5-mini", Decimal(1)),)
    assert "too_little_history" not in {notice.code for notice in fit.notices}
    assert fit.profile.active_days == Decimal("30.4375")


def test_cache_writes_that_are_not_told_apart_stay_in_fresh_input(tmp_path: Path) -> None:
    path = tmp_path / "main.jsonl"
    path.write_text(logs.lines(logs.vscode_line("1", Call("gpt-5-mini", 60, 40, 0, 5))))
    fit = fit_profile(path)
    assert fit.profile.cache_write is None
    assert fit.profile.fresh_input == 60


def test_what_is_not_to_be_trusted_is_told(tmp_path: Path) -> None:
    totals = logs.shutdown_event("1", [Call("gpt-5-mini", 10, 0, 0, 1)])
    totals["data"]["modelMetrics"]["gpt-5-mini"]["requests"]["count"] = 9
    fit = fit_profile(logs.session_file(tmp_path, "s", totals))
    assert {"too_little_history", "sessions_as_tasks"} <= {notice.code for notice in fit.notices}
    assert fit.profile.requests_per_task == 9


def test_reports_of_days_know_no_tasks(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(logs.report([logs.report_row(Call("gpt-5-mini", 1, 1, 0, 1), "5")]))
    with pytest.raises(InputError, match="reports of days know no tasks"):
        fit_profile(path)
    with pytest.raises(InputError, match="no task can be found"):
        fit_profile(logs.session_file(tmp_path, "s"))


def test_a_fitted_profile_is_saved_whole_and_read_again(tmp_path: Path) -> None:
    fit = fit_profile(history(tmp_path, [[Call("gpt-5-mini", 1_234, 5_000, 7, 100)]] * 40, 2), name='my "team"')
    target = tmp_path / "mine.toml"
    fit.save(target)
    loaded = SessionProfile.load(target)
    assert loaded.numbers() == fit.profile.numbers()
    assert loaded.name == 'my "team"'
    assert loaded.provenance["output"].how == "measured"
    interval = next(mean for mean in fit.means if mean.name == "output")
    assert (loaded.provenance["output"].low, loaded.provenance["output"].high) == (interval.low, interval.high)
    assert interval.low is not None
    assert compare(target, ["copilot/gpt-5-mini"]).profile == loaded
    with pytest.raises(InputError, match="is there already"):
        fit.save(target)
    fit.save(target, replace=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine.toml", "session-state"]
    with pytest.raises(InputError, match="cannot be written"):
        fit.save(tmp_path / "nowhere" / "mine.toml")


def test_the_command_line(costcalc: Run, tmp_path: Path) -> None:
    history(tmp_path, [[Call("gpt-5-mini", 1_234, 5_000, 7, 100)]] * 40, 2)
    code, out, err = costcalc("profiles", "fit", str(tmp_path), "-o", "mine.toml")
    assert (code, err) == (0, "")
    assert out.startswith("mine: 40 tasks of 1 person on 20 days")
    assert costcalc("compare", "mine.toml")[0] == 0
    code, out, err = costcalc("profiles", "fit", str(tmp_path), "-o", "mine.toml")
    assert (code, out) == (2, "")
    assert "mine.toml: is there already" in err
    assert costcalc("profiles", "fit", str(tmp_path), "--pause", "x")[0] == 2
    assert costcalc("profiles", "fit", str(tmp_path / "missing"))[0] == 2


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    path = logs.session_file(tmp_path, "s", logs.call_event("1", Call("gpt-5.4-mini", 100, 100, 0, 10)))
    with pytest.raises(InputError, match="name must be"):
        fit_profile([path], name=name)


def test_a_profile_is_written_through_a_link_and_keeps_its_mode(tmp_path: Path) -> None:
    path = logs.session_file(tmp_path, "s", logs.call_event("1", Call("gpt-5.4-mini", 100, 100, 0, 10)))
    target, link = tmp_path / "target.toml", tmp_path / "link.toml"
    fit_profile([path]).save(target)
    target.chmod(0o640)
    link.symlink_to(target)
    fit_profile([path], name="other").save(link, replace=True)
    assert link.is_symlink()
    assert 'name = "other"' in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o640
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a file that can be replaced"):
        fit_profile([path]).save(tmp_path / "pipe", replace=True)
    assert not list(tmp_path.glob("*.tmp"))
