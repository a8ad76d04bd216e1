"""Backtests: chances that come true on histories that the model did not make, scores, and bad input."""

import json
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import InputError, backtest, fit_profile, forecast
from tests import logs
from tests.conftest import Run
from tests.histories import history, write
from tests.logs import Call
from tests.strategies import BOOK

np = pytest.importorskip("numpy", reason="a backtest needs numpy")
score = pytest.importorskip("costcalc.forecasting.backtesting").ranked_probability_score


def test_chances_come_true_and_a_straight_line_is_beaten(tmp_path: Path) -> None:
    """220 synthetic histories of turns, bursts and holidays, each fitted on 30 days and forecast for 30."""
    held: dict[int, list[bool]] = {50: [], 80: [], 90: []}
    scores, lines = [], []
    for seed in range(20_000, 20_220):  # drawn after the model was settled
        path = write(tmp_path / "history.csv", history(seed, 60))
        try:
            found = backtest(path, split=0.5, draws=1_000, seed=seed, rates=BOOK)
        except InputError:  # a person who was hardly there
            continue
        (trial,) = found.trials
        for percent, hits in held.items():
            hits.append(trial.covered(percent))
        # Heavy users weigh no more than light ones: scores are shares of what the line says.
        scores.append(float(trial.crps) / float(trial.line))
        lines.append(float(trial.line_crps) / float(trial.line))
    assert len(scores) >= 200
    assert 0.85 <= fmean(held[90]) <= 0.95
    assert 0.72 <= fmean(held[80]) <= 0.88
    assert 0.42 <= fmean(held[50]) <= 0.60
    assert fmean(scores) < 0.9 * fmean(lines)


def test_each_week_is_a_trial(tmp_path: Path) -> None:
    path = write(tmp_path / "history.csv", history(1, 70))
    found = backtest(path, draws=500)
    span = (found.last_day - found.first_day).days + 1
    assert len(found.trials) == len(range(14, span - 6, 7))
    assert {"few_trials", "overlapping_trials"} <= {notice.code for notice in found.notices}
    assert all(7 <= trial.days <= 31 for trial in found.trials)
    for trial in found.trials:
        assert list(trial.percentiles.values()) == sorted(trial.percentiles.values())
    document = json.loads(json.dumps(found.to_dict()))
    assert document["kind"] == "backtest"
    assert [each["interval"] for each in document["coverage"]] == ["0.5", "0.8", "0.9"]
    assert backtest(path, draws=500).to_dict() == found.to_dict()
    assert len(found.rows()) == len(found.trials)
    assert repr(found).startswith(f"{len(found.trials)} forecasts of what came after a part of the history")


def test_a_report_of_days_can_be_tested(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    rows = [
        logs.report_row(Call("GPT-5 mini", 1, 1, 0, 1), str(5 + day % 3), date=f"2026-08-{day:02}", username=user)
        for day in range(1, 31)
        for user in ("ana", "bo")
    ]
    path.write_text(logs.report(rows))
    found = backtest(path, split=0.5, draws=500)
    assert (found.tasks, found.first_day, found.last_day) == (60, date(2026, 8, 1), date(2026, 8, 30))
    (trial,) = found.trials
    assert float(trial.actual) == pytest.approx(float(trial.line), rel=0.05)
    assert float(trial.mean) == pytest.approx(float(trial.actual), rel=0.1)
    assert backtest(path, split=0.5, user="ana", draws=500).tasks == 30


def test_what_has_no_known_cost_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [f"2026-08-{day:02}T10:00:00Z,gpt-5-mini,1000,100" for day in range(1, 31)]
    path.write_text("\n".join(["time,model,fresh_input,output", *rows, "2026-08-01T10:00:00Z,gpt-99,5,5", ""]))
    found = backtest(path, draws=500)
    assert {"unpriced"} <= {notice.code for notice in found.notices}
    assert [rate.model for rate in found.rates_used()] == ["gpt-5-mini"]


@pytest.mark.parametrize(
    ("days", "settings", "message"),
    [
        (10, {}, "the history has 10 days; to forecast a part of it takes at least 14 days to fit and 7"),
        (30, {"split": 0.1}, "takes at least 14 days to fit"),
        (30, {"split": 1.5}, "split must be a share"),
        (30, {"draws": 5}, "draws must be"),
        (30, {"seed": -1}, "seed must be"),
        (30, {"user": "nobody"}, "no use of known cost"),
    ],
)
def test_bad_input(tmp_path: Path, days: int, settings: dict[str, Any], message: str) -> None:
    path = tmp_path / "log.csv"
    rows = [f"2026-08-{day:02}T10:00:00Z,gpt-5-mini,1000,100" for day in range(1, days + 1)]
    path.write_text("\n".join(["time,model,fresh_input,output", *rows, ""]))
    with pytest.raises(InputError, match=message):
        backtest(path, **settings)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(-1e6, 1e6))
def test_the_score_is_that_of_its_definition(draws: list[float], actual: float) -> None:
    pairs = fmean(abs(one - other) for one in draws for other in draws)
    definition = fmean(abs(one - actual) for one in draws) - pairs / 2
    assert score(np.array(draws), actual) == pytest.approx(definition, abs=1e-6)
    assert score(np.array([draws[0]]), actual) == pytest.approx(abs(draws[0] - actual))


def test_a_fitted_profile_is_forecast_with_its_spread(tmp_path: Path) -> None:
    fit = fit_profile(write(tmp_path / "history.csv", history(8, 90)))
    fit.save(tmp_path / "mine.toml")
    found = forecast(tmp_path / "mine.toml", "copilot/claude-sonnet-4.6", on=date(2026, 10, 1), draws=1_000)
    by_name = {name: (value, how) for _, name, value, how, _ in found.spread}
    assert by_name["sigma"] == (fit.profile.sigma, "measured")
    assert by_name["level_sigma"][0] > 0
    assert "spread_assumed" not in {notice.code for notice in found.notices}
    assert found.credits[90] > found.credits[50] > 0


def test_the_command_line(costcalc: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "history.csv", history(1, 50))
    code, out, err = costcalc("backtest", str(path), "--draws", "500")
    assert (code, err) == (0, "")
    assert "90 %" in out
    code, out, err = costcalc("backtest", str(path), "--split", "0.5", "--format", "json")
    assert (code, len(json.loads(out)["trials"])) == (0, 1)
    code, _, err = costcalc("backtest", str(path), "--split", "2")
    assert (code, err) == (2, "costcalc: split must be a share between 0 and 1, not 2.0\n")
