"""A mistaken argument of any public function is refused with one clear line, never with a traceback from inside."""

import inspect
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import costcalc as cc
from tests.histories import history, write

DAY = date(2026, 10, 15)
EXAMPLES = Path(__file__).parents[1] / "examples"
ACCOUNT = cc.Account(kind="organization", month="2026-10", seats=(cc.Seats(plan="business", users=("ana", "bo")),))
MINI, MAI = "api/gpt-5.4-mini", "copilot/mai-code-1.1-flash@pro"
SOME: dict[str, Any] = {"options": MINI, "on": DAY, "draws": 100}

# What each function needs to give an answer, as quickly as it can.
CALLS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "advise": lambda _: SOME,
    "backtest": lambda root: {"paths": write(root / "history.csv", history(1, 40)), "draws": 100},
    "bill": lambda _: {"usage": [cc.UsageRecord(datetime(2026, 10, 5), "ana", 4_000)], "account": ACCOUNT},
    "breakeven": lambda _: {"options": [MINI, MAI], "on": DAY},
    "check": lambda _: {"forecast": cc.forecast(**SOME), "max_usd": 100},
    "check_account": lambda _: {"account": ACCOUNT},
    "check_rates": lambda _: {"on": DAY},
    "compare": lambda _: {"on": DAY},
    "diff_rates": lambda _: {"old": "shipped", "new": "shipped"},
    "estimate": lambda _: {"profile": "interactive_ide", "model": "gpt-5-mini", "on": DAY},
    "fit_profile": lambda root: {"paths": write(root / "history.csv", history(1, 40))},
    "forecast": lambda _: SOME,
    "import_rates": lambda _: {"models": ["mistral/codestral"], "on": DAY},
    "output_schema": lambda _: {"kind": "estimate"},
    "plan": lambda _: {"name": "pro"},
    "plans": lambda _: {},
    "price": lambda _: {"model": "gpt-5-mini", "usage": cc.TokenUsage(output=3), "on": DAY},
    "price_history": lambda _: {"model": "gpt-5-mini", "on": DAY},
    "read_usage_csv": lambda _: {"path": EXAMPLES / "usage.csv", "account": cc.Account.load(EXAMPLES / "account.toml")},
    "reconcile": lambda _: {"paths": EXAMPLES / "usage-report.csv"},
    "report": lambda _: SOME,
    "sensitivity": lambda _: {"options": MINI, "on": DAY, "samples": 64},
    "session_cost": lambda _: {"session": EXAMPLES / "session-profile.toml", "model": "gpt-5-mini", "on": DAY},
    "solved": lambda _: {"options": [MINI], "pass_rates": {MINI: 0.5}, "on": DAY},
    "sweep": lambda _: {"options": MINI, "on": DAY},
    "sync_rates": lambda _: {"table": EXAMPLES / "copilot-table.yml", "on": DAY},
    "to_focus": lambda _: {"result": cc.estimate("interactive_ide", "gpt-5-mini", on=DAY)},
    "usage": lambda _: {"paths": EXAMPLES / "usage-report.csv"},
    "whatif": lambda _: {"scenarios": ["output=+30%"], "options": MINI, "on": DAY},
}

NEVER: list[Any] = [
    object(),
    {"a": 1},
    {5: 5},
    b"x",
    [5],
    [None],
    ["nonsense"],
    -1,
    float("nan"),
    float("-inf"),
    Decimal("sNaN"),
    10**30,
]
"""What no argument can be, but for the exceptions below."""

SOMETIMES: list[Any] = [
    None,
    5,
    2.5,
    True,
    "",
    "nonsense",
    "\x00",
    "5",
    [],
    {},
    set(),
    (1, 2, 3),
    date(1, 1, 1),
    datetime(2026, 10, 1),
    lambda *_: None,
]
"""What some arguments can be and others cannot: an answer, or a clear refusal."""

CAN_BE = {
    *(("bill", "usage"), ("sync_rates", "table"), ("fit_profile", "user"), ("backtest", "user")),
    *(("check", "max_usd"), ("check", "max_p90_usd"), ("forecast", "budget_usd"), ("report", "budget_usd")),
}
"""Arguments that some of `NEVER` are fit for: bytes, no records, names that are only compared, and any amount."""


def arguments() -> list[tuple[str, str]]:
    found = []
    for name in cc.__all__:
        value = getattr(cc, name)
        if inspect.isfunction(value):
            found += [(name, parameter) for parameter in inspect.signature(value).parameters]
    return found


def test_every_public_function_is_called_here() -> None:
    assert {name for name in cc.__all__ if inspect.isfunction(getattr(cc, name))} == CALLS.keys()


@pytest.mark.parametrize(("name", "parameter"), arguments())
def test_a_mistake_is_refused_in_one_line(name: str, parameter: str, tmp_path: Path) -> None:
    given = CALLS[name](tmp_path)
    for value in (*NEVER, *SOMETIMES):
        error = None
        try:
            getattr(cc, name)(**{**given, parameter: value})
        except cc.CostcalcError as refused:
            error = str(refused)
        if error is None:
            assert any(value is each for each in SOMETIMES) or (name, parameter) in CAN_BE, value
        else:
            assert error.strip()
            assert "\n" not in error
