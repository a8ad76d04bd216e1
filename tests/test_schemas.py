"""The JSON Schemas: published as they are stated, and true of every output.

Every JSON output of a command in any test is held against its schema too (tests/conftest.py).
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import costcalc
from costcalc import UnknownNameError, output_schema
from costcalc.schemas import KINDS_OF_OUTPUT
from tests.conftest import Run
from tests.recorded import GOLDEN
from tests.schemas import closed, mismatches
from tests.test_cli import EXAMPLES

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "docs" / "schemas"
ON = ["--on", "2026-06-15"]
TWO = ["--option", "copilot/mai-code-1-flash@pro", "--option", "api/gpt-5.4-mini"]
ACCOUNT = ["--account", str(EXAMPLES / "account.toml")]
SESSION = str(EXAMPLES / "session-profile.toml")
TABLE = str(EXAMPLES / "copilot-table.yml")

# Kinds and forms of output that no golden file holds.
COMMANDS = {
    "breakeven": ["breakeven", *ON, *TWO],
    "forecast": ["forecast", *ON, *TWO, "--draws", "200"],
    "forecast of a team": ["forecast", str(EXAMPLES / "team.toml"), "--on", "2026-11-24", "--draws", "200"],
    "forecast of an account": ["forecast", "--option", "copilot/gpt-5-mini", *ACCOUNT, "--draws", "200"],
    "advice for an account": ["advise", "--option", "copilot/gpt-5-mini", *ACCOUNT, "--draws", "200"],
    "an allowance not known": ["estimate", "--model", "gpt-5-mini", "--plan", "free", "--on", "2026-08-01"],
    "usage": ["usage", str(EXAMPLES / "usage-report.csv")],
    "usage by all keys": ["usage", str(EXAMPLES / "usage-report.csv"), "--by", "day,user,rate,session,organization"],
    "usage on another model": ["usage", str(EXAMPLES / "usage-report.csv"), "--as", "gpt-5.4-mini"],
    "reconcile": ["reconcile", str(EXAMPLES / "usage-report.csv")],
    "session": ["session", SESSION, "--model", "gpt-5.4", "--turns", "900", *ON],
    "rates_sync": ["rates", "sync", TABLE, "--on", "2026-11-25"],
    "rates_check": ["rates", "check", "--on", "2026-11-24"],
    "rates_import": ["rates", "import", "mistral/codestral", "google/gemini-2.5-pro", "--on", "2026-11-01"],
}

# What price files of one's own come to: one brought up to GitHub's table, one with a gap, one with an imported model.
UPKEEP = (
    ["rates", "sync", TABLE, "--on", "2026-11-25", "--into", "synced.toml", "--write"],
    ["rates", "diff", "shipped", "synced.toml"],
    ["rates", "diff", "synced.toml", "shipped"],
    ["rates", "check", "--on", "2026-11-26", "--rates", "synced.toml"],
    ["rates", "check", "--on", "2026-11-26", "--rates", "gap.toml"],
    ["rates", "import", "mistral/codestral", "--on", "2026-11-01", "--into", "own.toml", "--write"],
)
GAP = """
[sources.s]
title = "S"
address = "a"
read = 2026-11-20
status = "indicative"
[models."raptor-mini"]
rates = [{ route = "copilot", source = "s", from = 2026-10-01, fresh_input = 1, output = 2 }]
"""


@pytest.mark.parametrize("kind", KINDS_OF_OUTPUT)
def test_each_schema_is_a_schema_and_published_as_it_is(kind: str) -> None:
    """Set COSTCALC_RECORD=1 to write them anew, then read the difference."""
    schema = output_schema(kind)
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema, indent=2) + "\n"
    path = PUBLISHED / f"{kind}.json"
    if os.environ.get("COSTCALC_RECORD"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    assert schema["$id"].split(":")[-2] == schema["properties"]["schema_version"]["enum"][0]


def test_every_kind_of_result_has_a_schema() -> None:
    public = [getattr(costcalc, name) for name in costcalc.__all__]
    results = {
        each.kind for each in public if isinstance(each, type) and hasattr(each, "body") and hasattr(each, "kind")
    }
    assert len(results) > 20
    assert results <= set(KINDS_OF_OUTPUT)


def test_nothing_else_is_published() -> None:
    assert {path.stem for path in PUBLISHED.iterdir()} == set(KINDS_OF_OUTPUT)


OUTPUTS = sorted(path for path in GOLDEN.glob("*.json") if not path.name.startswith("fields-"))  # those hold several


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_recorded_outputs_match(path: Path) -> None:
    assert mismatches(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_live_outputs_match(costcalc: Run, name: str) -> None:
    code, out, _ = costcalc(*COMMANDS[name], "--format", "json")
    assert code == 0
    assert mismatches(json.loads(out)) == []


def test_outputs_of_the_upkeep_of_a_price_file_match(costcalc: Run) -> None:
    Path("gap.toml").write_text(GAP, encoding="utf-8")
    found: dict[str, dict[str, Any]] = {}
    for arguments in UPKEEP:
        code, out, _ = costcalc(*arguments, "--format", "json")
        assert code == 0, arguments
        document = json.loads(out)
        assert mismatches(document) == [], arguments
        found.setdefault(document["kind"], {}).update({name: value for name, value in document.items() if value})
    # Each list had something in it, so each of its fields was looked at.
    for kind, seen in found.items():
        lists = {name for name, field in output_schema(kind)["properties"].items() if field.get("type") == "array"}
        assert lists - {"notices"} <= seen.keys(), kind


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all objects in a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    found = [path] if isinstance(document, dict) else []
    return found + [place for key, value in inner for place in places(value, (*path, key))]


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_a_field_more_or_less_anywhere_is_noticed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for place in places(json.loads(text)):
        for change in ("more", "less"):
            document = json.loads(text)
            inner = document
            for key in place:
                inner = inner[key]
            if change == "more":
                inner["a_new_field"] = None
            elif set(inner) & {"kind"} and not place:
                inner.pop("schema_version")
            else:
                inner.pop(next(iter(inner)))
            assert mismatches(document), (place, change)


def test_a_consumer_may_meet_fields_that_it_does_not_know() -> None:
    document = json.loads((GOLDEN / "estimate.json").read_text(encoding="utf-8"))
    document["month"]["a_new_field"] = document["a_new_field"] = 1
    assert Draft202012Validator(output_schema("estimate")).is_valid(document)
    assert not Draft202012Validator(closed(output_schema("estimate"))).is_valid(document)


@pytest.mark.parametrize("wrong", ["1,5", "1e3", "01", "", 1.5, "+1", ".5"])
def test_money_is_a_decimal_string_in_plain_notation(wrong: object) -> None:
    document = json.loads((GOLDEN / "estimate.json").read_text(encoding="utf-8"))
    document["month"]["usd"] = wrong
    assert not Draft202012Validator(output_schema("estimate")).is_valid(document)


def test_the_command_prints_a_schema_or_the_kinds(costcalc: Run) -> None:
    code, out, err = costcalc("schema", "bill")
    assert (code, err) == (0, "")
    assert json.loads(out) == output_schema("bill")
    assert costcalc("schema") == (0, "\n".join(KINDS_OF_OUTPUT) + "\n", "")
    code, out, err = costcalc("schema", "invoice")
    assert (code, out) == (2, "")
    assert "unknown kind of output 'invoice'" in err


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="price-file"):
        output_schema("price-fil")
