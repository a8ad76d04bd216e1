"""The command line, as a person or a pipeline uses it."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.recorded import assert_as_recorded

EXAMPLES = Path(__file__).parents[1] / "examples"
ARTICLE = "api/gpt-5.4-mini/mai-vs-gpt-comparison-article/2026-03-17"

PRICE = ["price", "Claude Haiku 4.5", "--fresh-input", "198", "--cached-input", "223257", "--cache-write", "30122"]
PRICE += ["--output", "8209", "--auto", "--on", "2026-08-01"]
ESTIMATE = ["estimate", "interactive_ide", "--model", "mai-code-1-flash", "--plan", "pro", "--on", "2026-06-15"]
COMPARE = ["compare", "--on", "2026-11-24"]
BILL = ["compare", "--on", "2026-06-15", "--option", "copilot/mai-code-1-flash@pro", "--option", "api/gpt-5.4-mini"]
SOLVED = ["solved", "--benchmark", "swe-bench-verified", "--pass-rate", "gpt-5.4-mini=14/20", "--attempts", "3"]
SOLVED += ["--option", "copilot/mai-code-1-flash", "--option", "copilot/claude-haiku-4.5@pro"]
SOLVED += ["--option", "api/gpt-5.4-mini", "--on", "2026-06-15"]

CHECK = ["check", str(EXAMPLES / "team.toml"), "--on", "2026-11-24", "--draws", "500", "--max-usd", "1000", "--max-p90"]
CHECK += ["1100", "--max-increase", "25%", "--baseline", str(EXAMPLES / "team-saved.json")]

GOLDEN_COMMANDS = {
    "price": PRICE,
    "estimate": ESTIMATE,
    "compare": COMPARE,
    "compare-bill": BILL,
    "solved": SOLVED,
    "check": CHECK,
    "session": ["session", str(EXAMPLES / "session-profile.toml"), "--model", "gpt-5-mini", "--on", "2026-06-15"],
    "rates": ["rates", "--on", "2026-11-24"],
    "rates-show": ["rates", "show", "gpt-5.4-mini", "--on", "2026-11-24"],
    "rates-show-mai": ["rates", "show", "mai-code-1-flash", "--on", "2026-06-15"],
    "rates-show-sol": ["rates", "show", "gpt-5.6-sol", "--on", "2026-11-24"],
    "profiles": ["profiles"],
    "profiles-show": ["profiles", "show", "interactive_ide"],
    "plans": ["plans", "--on", "2026-07-01"],
    "bill": ["bill", str(EXAMPLES / "usage.csv"), "--account", str(EXAMPLES / "account.toml")],
    "account-check": ["account", "check", str(EXAMPLES / "account.toml")],
    "estimate-account": ["estimate", "--model", "gpt-5.4-mini", "--account", str(EXAMPLES / "account.toml")],
    "advise": [
        "advise",
        "--on",
        "2026-06-15",
        "--option",
        "copilot/mai-code-1-flash",
        "--option",
        "api/gpt-5.4-mini",
        "--draws",
        "1000",
    ],
    "sensitivity": [
        "sensitivity",
        "--on",
        "2026-06-15",
        "--option",
        "copilot/mai-code-1-flash@pro",
        "--option",
        "api/gpt-5.4-mini",
        "--samples",
        "1024",
    ],
    "sweep": [
        "sweep",
        "--on",
        "2026-06-15",
        "--over",
        "tasks_per_day=5:25:9",
        "--over",
        "cached_share=0.5:1:6",
        "--option",
        "copilot/mai-code-1-flash@pro",
        "--option",
        "api/gpt-5.4-mini,basis=mai-vs-gpt-comparison-article",
    ],
    "whatif": [
        "whatif",
        "--scenarios",
        str(EXAMPLES / "scenarios.toml"),
        "--on",
        "2026-10-15",
        "--option",
        "copilot/mai-code-1.1-flash@pro",
        "--option",
        "api/gpt-5.4-mini",
    ],
    "report": [
        "report",
        str(EXAMPLES / "team.toml"),
        "--on",
        "2026-11-24",
        "--months",
        "2",
        "--budget",
        "1000",
        "--draws",
        "500",
    ],
    "plans-show": ["plans", "show", "business", "--on", "2026-07-01"],
}


@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
@pytest.mark.parametrize("name", GOLDEN_COMMANDS)
def test_output_is_as_recorded(costcalc: Run, name: str, output_format: str) -> None:
    """Set COSTCALC_RECORD=1 to record anew, then read the difference."""
    code, out, err = costcalc(*GOLDEN_COMMANDS[name], "--format", output_format)
    assert (code, err) == (0, "")
    assert_as_recorded(f"{name}.{ {'table': 'txt', 'markdown': 'md'}.get(output_format, output_format) }", out)


def document(costcalc: Run, *arguments: str) -> dict[str, Any]:
    code, out, err = costcalc(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("name", GOLDEN_COMMANDS)
def test_json_keeps_the_promises_of_machine_output(costcalc: Run, name: str) -> None:
    found = document(costcalc, *GOLDEN_COMMANDS[name])
    assert list(found)[:2] == ["schema_version", "kind"]
    assert list(found)[-2:] == ["rates", "notices"]
    assert isinstance(found["schema_version"], str)
    for rate in found["rates"]:
        promised = {"id", "model", "route", "status", "source", "as_of", "effective_from", "effective_until", "tier"}
        assert promised <= rate.keys()
    for notice in found["notices"]:
        assert notice.keys() == {"code", "message"}
        assert "\n" not in notice["message"]
    check_money(found)


def check_money(value: Any, name: str = "") -> None:
    """Money and credits are decimal strings in plain notation, token counts integers."""
    if isinstance(value, dict):
        for key, item in value.items():
            check_money(item, key)
    elif isinstance(value, list):
        for item in value:
            check_money(item, name)
    elif name.endswith(("usd", "credits", "usd_per_mtok")) and not isinstance(value, bool) and value is not None:
        assert isinstance(value, str), name
        assert "e" not in value.lower()
        Decimal(value)
    elif name in ("tokens", "fresh_input", "cached_input", "cache_write", "output", "nano_aiu"):
        assert value is None or isinstance(value, int | str)
    else:
        assert not isinstance(value, float) or name in ("tasks", "requests")


def test_price_json(costcalc: Run) -> None:
    found = document(costcalc, *PRICE)
    assert found["kind"] == "price"
    assert (found["model"], found["route"], found["on"]) == ("claude-haiku-4.5", "copilot", "2026-08-01")
    assert found["tokens"] == {"fresh_input": 198, "cached_input": 223257, "cache_write": 30122, "output": 8209}
    assert (found["usd"], found["credits"], found["nano_aiu"]) == ("0.09109908", "9.109908", 9_109_908_000)
    assert found["by_kind"][0] == {
        "kind": "fresh_input",
        "tokens": 198,
        "usd_per_mtok": "0.9",
        "usd": "0.0001782",
        "credits": "0.01782",
    }


@pytest.mark.parametrize(
    ("arguments", "usd"),
    [
        (["mai-code-1-flash", "--on", "2026-06-15", "--fresh-input", "1000000", "--output", "1_000_000"], "5.25"),
        (["GPT-5.4 Mini", "--route", "api", "--on", "2026-08-01", "--fresh-input", "120,000", "--cached-input",
          "360,000", "--output", "24000"], "0.225"),
        (["gpt-5.4-mini", "--route", "api", "--on", "2026-08-01", "--fresh-input", "120000", "--cached-input",
          "360000", "--output", "24000", "--basis", "mai-vs-gpt-comparison-article"], "0.0864"),
        (["gpt-5.4", "--on", "2026-08-01", "--fresh-input", "272000"], "0.68"),
        (["gpt-5.4", "--on", "2026-08-01", "--fresh-input", "272001"], "1.360005"),
        (["gpt-5.4", "--on", "2026-08-01", "--fresh-input", "300000", "--requests", "2"], "0.75"),
        (["gpt-5.4-mini", "--route", "api", "--service-tier", "batch", "--on", "2026-11-01", "--output", "1000000"],
         "2.25"),
        (["claude-haiku-4.5", "--auto", "--data-residency", "--on", "2026-08-01", "--output", "1000000"], "4.95"),
    ],
)  # fmt: skip
def test_prices(costcalc: Run, arguments: list[str], usd: str) -> None:
    assert document(costcalc, "price", *arguments)["usd"] == usd


def test_the_article_gives_no_cached_price_and_the_answer_says_so(costcalc: Run) -> None:
    found = document(
        costcalc, "price", "gpt-5.4-mini", "--route", "api", "--basis", "indicative", "--cached-input", "1"
    )
    assert "cached_price_missing" in {notice["code"] for notice in found["notices"]}


def test_compare_as_it_stands_is_a_tie_that_the_article_turns(costcalc: Run) -> None:
    found = document(costcalc, "compare")
    assert [each["total_usd"] for each in found["options"]] == ["18.936", "18.936"]
    assert found["cheapest"] is None
    assert found["verdict"]["robust"] is False
    assert found["verdict"]["turned_by"] == [ARTICLE]
    code, out, _ = costcalc("compare")
    assert code == 0
    assert out.startswith("A tie:")
    assert "Not robust" in out
    assert "$12.9528" in out


def test_profile_numbers_can_be_stated_anew(costcalc: Run) -> None:
    arguments = [
        "estimate",
        "--model",
        "gpt-5-mini",
        "--on",
        "2026-08-01",
        "--tasks-per-day",
        "1",
        "--active-days",
        "1",
    ]
    arguments += ["--fresh-input", "1000000", "--cached-input", "0", "--output", "0", "--requests-per-task", "10"]
    found = document(costcalc, *arguments, "--cache-write", "0", "--developers", "3")
    assert found["month"]["usd"] == "0.75"
    assert found["month"]["tasks"] == 3
    assert found["month"]["requests"] == 30


def test_an_own_profile_and_own_prices(costcalc: Run, tmp_path: Path) -> None:
    rates = tmp_path / "own.toml"
    rates.write_text(
        '[sources.contract]\ntitle = "c"\naddress = "a"\nread = 2026-11-01\nstatus = "published"\n'
        '[models."gpt-5.4-mini"]\nrates = [\n'
        '  { route = "api", source = "contract", from = 2026-06-01, fresh_input = 0.1, output = 0.2 },\n]\n'
    )
    profile = str(EXAMPLES / "my-profile.toml")
    found = document(costcalc, "compare", profile, "--rates", str(rates), "--on", "2026-11-24")
    assert found["cheapest"] == "api/gpt-5.4-mini"
    assert found["options"][1]["rate_id"] == "api/gpt-5.4-mini/contract/2026-06-01"


@pytest.mark.parametrize("name", GOLDEN_COMMANDS)
def test_csv_has_a_header_and_as_many_cells_in_every_row(costcalc: Run, name: str) -> None:
    _, out, _ = costcalc(*GOLDEN_COMMANDS[name], "--format", "csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


MISTAKES = [
    (["price", "gpt-5.4-mini", "--fresh-input", "-5"], "'--fresh-input': it must not be negative, not -5"),
    (["price", "gpt-5.4-mini", "--fresh-input", "1.5"], "'--fresh-input': '1.5' is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", "many"], "'--fresh-input': 'many' is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", "1e6"], "'--fresh-input': '1e6' is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", "1000000000000001"], "at most 10^15"),
    (["price", "gpt-5.4-mini", "--fresh-input", "9" * 5000], "at most 10^15"),
    (["price", "gpt-5.4-mini", "--fresh-input", "1,00"], "is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", ""], "is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", "٣"], "is not a whole number"),
    (["price", "gpt-5.4-mini", "--fresh-input", "5", "--requests", "0"], "requests must be at least 1"),
    (["price", "gpt-5.4-mini", "--on", "2026-02-30"], "'--on': there is no day 2026-02-30"),
    (["price", "gpt-5.4-mini", "--on", "yesterday"], "'--on': 'yesterday' is not a date such as 2026-08-01"),
    (["price", "gpt-5.4-mini", "--format", "xml"], "'xml' is not one of table, json, csv, markdown"),
    (["price", "gpt-5.4-mni"], "unknown model 'gpt-5.4-mni'; nearest: gpt-5.4-mini"),
    (["price", "gpt-5.4-mini", "--route", "web"], "unknown route 'web'; known: copilot, api"),
    (["price", "gpt-5.4-mini", "--basis", "hearsay"], "unknown basis 'hearsay'"),
    (["price", "gpt-5.4-mini", "--service-tier", "gold"], "unknown service tier 'gold'"),
    (["price", "gpt-5.4-mini", "--route", "api", "--auto"], "auto model selection applies to route copilot"),
    (["price", "mai-code-1-flash", "--on", "2026-10-01"], "left the table on 2026-09-10 (last day 2026-09-09)"),
    (["price", "mai-code-1-flash", "--on", "2026-10-01"], "successor MAI-Code-1.1-Flash"),
    (["price", "gpt-5.4-mini"], "no tokens given; state at least one of --fresh-input"),
    (["rates", "--on", "2026-06-01", "show", "gpt-5.4"], "'--on': put it after show"),
    (["plans", "--format", "json", "show", "pro"], "'--format': put it after show"),
    (["compare", "--rates", ""], "no file name is given"),
    (["price"], "Missing argument 'MODEL'"),
    (["price", "gpt-5.4-mini", "--colour"], "No such option: --colour"),
    (["price", "gpt-5.4-mini", "extra"], "unexpected extra argument"),
    (["estimate"], "Missing option '--model'"),
    (["estimate", "nobody", "--model", "gpt-5-mini"], "unknown profile 'nobody'; known: light_chat"),
    (["estimate", "--model", "gpt-5-mini", "--plan", "gold"], "unknown plan 'gold'; known: free, student, pro"),
    (["estimate", "--model", "gpt-5-mini", "--developers", "0"], "developers must be a whole number from 1"),
    (["forecast", "--usage-growth", "5x"], "'5x' is not a share such as 0.05, 5% or -0.02"),
    (["forecast", "--headcount-growth", "--5%"], "'--5%' is not a share such as"),
    (["estimate", "--model", "gpt-5-mini", "--tasks-per-day", "-1"], "'-1' is not a number of at least 0"),
    (["estimate", "--model", "gpt-5-mini", "--tasks-per-day", "nan"], "'nan' is not a number of at least 0"),
    (["estimate", "--model", "gpt-5-mini", "--active-days", "32"], "active_days"),
    (["estimate", "--model", "gpt-5-mini", "--token-factor", "0"], "a token factor must be above 0"),
    (["compare", "--option", "gpt-5-mini"], "is not of the form ROUTE/MODEL"),
    (["compare", "--option", "api/gpt-5.4-mini", "--option", "api/gpt-5.4-mini"], "given twice"),
    (["compare", "missing.toml"], "missing.toml: no such file"),
    (["compare", "--rates", "missing.toml"], "missing.toml: no such file"),
    (["compare", "--rates", "."], ".: a folder, where a TOML file is needed"),
    (["compare", "--rates", "a\0b"], "cannot be read"),
    (["rates", "show", "gpt"], "unknown model 'gpt'"),
    (["rates", "hide"], "No such command 'hide'"),
    (["rates", "--route", "web"], "unknown route 'web'"),
    (["profiles", "show", "nobody"], "unknown profile 'nobody'"),
    (["plans", "show", "gold"], "unknown plan 'gold'"),
    (["plans", "--on", "2026-05-15"], "no plan has terms in AI credits on 2026-05-15; the first day of AI credits is 2026-06-01"),
    (["plans", "show", "pro", "--on", "2026-05-15"], "the first day of AI credits is 2026-06-01"),
    (["estimate", ".", "--model", "gpt-5-mini"], ".: a folder, where a TOML file is needed"),
    (["bill", "usage.csv"], "Missing option '--account'"),
    (["bill", "usage.csv", "--account", "missing.toml"], "missing.toml: no such file"),
    (["account", "check", "missing.toml"], "missing.toml: no such file"),
    (["account"], "Missing command"),
    (["estimate", "--model", "gpt-5-mini", "--account", "missing.toml"], "missing.toml: no such file"),
    (["frobnicate"], "No such command 'frobnicate'"),
    (["--frobnicate"], "No such option: --frobnicate"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_ends_in_one_line_on_standard_error_and_exit_code_2(
    costcalc: Run, arguments: list[str], message: str
) -> None:
    code, out, err = costcalc(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("costcalc: ")
    assert err.count("\n") == 1
    assert message in err
    assert len(err) < 600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("a = [", ":1: not valid TOML"),
        ("x = 1\n\n[profile\n", ":3: not valid TOML"),
        ("[models.x]\nname = 1\n", ":2: name must be text"),
        ("[profile]\nname = 'x'\n", ":1: unknown key 'profile'"),
    ],
)
def test_a_broken_price_file_names_file_and_line(costcalc: Run, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    code, out, err = costcalc("compare", "--rates", str(path))
    assert (code, out) == (2, "")
    assert f"broken.toml{message}" in err or f"broken.toml: {message}" in err


def test_names_from_a_file_are_shown_as_text_only(costcalc: Run, tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    name = "[red]=cmd|' /C calc'!A0 <script>alert(1)</script> \\u001b[31m \\u202e x | y"
    path.write_text(
        f'[profile]\nname = "{name}"\nfresh_input = 1\ncached_input = 1\noutput = 1\nrequests_per_task = 1\n'
        "tasks_per_day = 1\nactive_days = 1\n"
    )
    outputs = {}
    for output_format in ("table", "json", "csv", "markdown"):
        code, outputs[output_format], _ = costcalc("compare", str(path), "--format", output_format)
        assert code == 0
        assert "\x1b" not in outputs[output_format]
    assert "[red]=cmd" in outputs["table"]
    assert "\u202e" not in outputs["table"]
    assert "<script>" not in outputs["markdown"]
    _, listed, _ = costcalc("profiles", "show", str(path), "--format", "csv")
    assert listed.splitlines()[1].startswith("[red]")
    path.write_text(path.read_text().replace("[red]=cmd", "=cmd"))
    _, listed, _ = costcalc("profiles", "show", str(path), "--format", "csv")
    assert listed.splitlines()[1].startswith("'=cmd")


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["usage"], "[OPTIONS] [PATH]..."),
        (["bill"], "[OPTIONS] USAGE.csv"),
        (["estimate"], "[OPTIONS] [PROFILE|FILE]"),
        (["rates", "sync"], "[OPTIONS] [FILE]"),
        (["rates", "import"], "[OPTIONS] PROVIDER/MODEL..."),
    ],
)
def test_the_usage_names_arguments_as_one_gives_them(costcalc: Run, arguments: list[str], usage: str) -> None:
    _, out, _ = costcalc(*arguments, "--help")
    assert out.startswith(f"Usage: costcalc {' '.join(arguments)} {usage}\n")
    assert "<" not in out.partition("Arguments:")[2].partition("Options:")[0]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["price", "--help"], ["rates", "--help"], ["compare", "-h"]])
def test_help(costcalc: Run, arguments: list[str]) -> None:
    code, out, err = costcalc(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: costcalc" in out


BILL_ACCOUNT = """\
[account]
kind = "organization"
month = "2026-10"

[[seats]]
plan = "business"
users = ["ana"]
"""

GOOD_ROW = "2026-10-05T09:30:00Z,ana,5\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", None, "empty; it needs a header"),
        ("time,user\n", 1, "no column credits"),
        ("time,credits\n", 1, "no column user"),
        ("time,user,credits,colour\n", 1, "unknown column 'colour'"),
        ("time,user,credits,user\n", 1, "column user is there twice"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana\n", 3, "2 cells, where the header has 3"),
        (f"time,user,credits\n{GOOD_ROW}2026-09-30T23:59:59Z,ana,5\n", 3, "outside the account's month 2026-10"),
        (f"time,user,credits\n{GOOD_ROW}2026-11-01,ana,5\n", 3, "outside the account's month 2026-10"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-01T01:00:00+02:00,ana,5\n", 3, "outside the account's month"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-32,ana,5\n", 3, "there is no time 2026-10-32"),
        (f"time,user,credits\n{GOOD_ROW}yesterday,ana,5\n", 3, "time 'yesterday' is not of the form"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana,-5\n", 3, "credits '-5' are negative"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana,nan\n", 3, "credits 'nan' are not a number"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana,1e3\n", 3, "credits '1e3' are not a number"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana,{'9' * 25}\n", 3, "credits must be at most"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,,5\n", 3, "the row has no user"),
        ("time,user,model,output\n2026-10-05,ana,gpt-5-mini,\n", 2, "the row has a model but no tokens"),
        (f"time,user,credits\n{GOOD_ROW}2026-10-05,ana,\n", 3, "neither credits nor a model"),
        (f'time,user,credits\n{GOOD_ROW}2026-10-05,"ana,5\n', 3, "not valid CSV"),
        ("time,user,model,output\n2026-10-05,ana,gpt-5-mni,5\n", 2, "unknown model 'gpt-5-mni'"),
        ("time,user,model,output\n2026-10-05,ana,gpt-5-mini,5.5\n", 2, "output '5.5' is not a whole number"),
        ("time,user,model,output\n2026-10-05,ana,mai-code-1-flash,5\n", 2, "left the table on 2026-09-10"),
        ("time,user,credits\n\xff\n", None, "not UTF-8"),
    ],
)
def test_a_row_that_cannot_be_billed_names_file_and_line(
    costcalc: Run, tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    (tmp_path / "account.toml").write_text(BILL_ACCOUNT)
    (tmp_path / "usage.csv").write_bytes(text.encode("latin-1"))
    code, out, err = costcalc("bill", "usage.csv", "--account", "account.toml")
    assert (code, out) == (2, "")
    assert err.startswith(f"costcalc: usage.csv:{line}: " if line else "costcalc: usage.csv: ")
    assert message in err
    assert err.count("\n") == 1


def test_usage_in_tokens_is_priced_by_the_day(costcalc: Run, tmp_path: Path) -> None:
    (tmp_path / "account.toml").write_text(BILL_ACCOUNT.replace("2026-10", "2026-08"))
    rows = ["2026-08-19,ana,,GPT-5.6 Sol,1000000,0", "2026-08-20T12:00Z,ana,,gpt-5.6-sol,1000000,0"]
    rows += ["2026-08-21 00:00:00,ana,,gpt-5.6-sol,,1000000", "2026-08-22,ana,0.5,,,"]
    header = "\ufefftime,user,credits,model,fresh_input,output\r\n"
    (tmp_path / "usage.csv").write_text(header + "\r\n".join(rows), encoding="utf-8", newline="")
    found = document(costcalc, "bill", "usage.csv", "--account", "account.toml")
    # 1,000,000 prompt tokens of one request are a long context: $10, then $5 a million; output $10 a million.
    assert found["included_used_credits"] == "2500.5"
    assert {rate["tier"] for rate in found["rates"]} == {"default", "long_context"}


def test_auto_selection_in_usage_is_priced_as_such(costcalc: Run, tmp_path: Path) -> None:
    (tmp_path / "account.toml").write_text(BILL_ACCOUNT.replace("2026-10", "2026-08"))
    row = "2026-08-01,ana,Auto: Claude Haiku 4.5,198,223257,30122,8209"
    (tmp_path / "usage.csv").write_text(f"time,user,model,fresh_input,cached_input,cache_write,output\n{row}\n")
    found = document(costcalc, "bill", "usage.csv", "--account", "account.toml")
    assert found["included_used_credits"] == "9.109908"
    assert "modifier_applied" in {notice["code"] for notice in found["notices"]}


def test_a_bill_over_the_limit_is_shown_and_exits_with_1(costcalc: Run) -> None:
    arguments = GOLDEN_COMMANDS["bill"]
    code, out, err = costcalc(*arguments, "--fail-over", "95.67")
    assert code == 1
    assert out.startswith("$95.67741935484 for 2026-10")
    assert err == "costcalc: the bill is $95.67741935484, more than $95.67\n"
    assert costcalc(*arguments, "--fail-over", "95.68")[0] == 0


def test_version(costcalc: Run) -> None:
    import costcalc as package

    assert costcalc("--version") == (0, f"costcalc {package.__version__}\n", "")
