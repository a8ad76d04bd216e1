"""What the README and the pages of docs/ show is true: commands and their outputs, files, links. (Python is run as doctests.)"""

import ast
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

import costcalc as package
from costcalc import Account, Budget, CostCenter, Seats, SessionProfile, TurnModel
from tests.conftest import Run

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.S | re.M)
COMMAND = re.compile(r"^\$ costcalc (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.M)

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture(autouse=True)
def _beside_the_examples(tmp_path: Path) -> None:
    """Commands see the files that they name, and what they write goes nowhere else."""
    for folder in ("examples", "pricing"):
        (tmp_path / folder).symlink_to(ROOT / folder)


def blocks(page: Path, language: str) -> list[str]:
    return [
        found["text"] for found in BLOCK.finditer(page.read_text(encoding="utf-8")) if found["language"] == language
    ]


@by_name
def test_each_command_prints_what_is_shown(costcalc: Run, page: Path) -> None:
    """The commands of a page run in order. Set COSTCALC_RECORD=1 to record the outputs anew, then read the difference."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, "toml"):  # a file that the page's reader is told to write
        for name in re.findall(r"\A# ([\w-]+\.toml)$", block, re.M):
            Path(name).write_text(block, encoding="utf-8")
    shown = [found for block in blocks(page, "console") for found in COMMAND.finditer(block)]
    for found in shown:
        code, out, err = costcalc(*shlex.split(found["command"]))
        if os.environ.get("COSTCALC_RECORD"):
            text = text.replace(found[0], f"$ costcalc {found['command']}\n{out}{err}", 1)
        else:
            assert out + err == found["output"], found["command"]
            assert code == (2 if err else 0)
    if os.environ.get("COSTCALC_RECORD"):
        page.write_text(text, encoding="utf-8")
    else:
        assert sum(block.count("$ ") for block in blocks(page, "console")) == len(shown), (
            "each prompt is a command that is run"
        )


def named_commands(page: Path) -> Iterator[str]:
    """Every `costcalc …` that a page names and does not run: in shell blocks, in workflows, in the text."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, "sh") + blocks(page, "yaml"):
        yield from re.findall(r"(?:^|&& |\s)costcalc ([^\n#>|;&]*)", block.replace("\\\n", " "))
    yield from re.findall(r"`costcalc ([a-z][^`]*)`", BLOCK.sub("", text))


@by_name
def test_each_command_that_is_named_exists(costcalc: Run, page: Path) -> None:
    for command in named_commands(page):
        words = [word for word in shlex.split(command) if word not in ("…", "[PATH]…")]
        code, _, err = costcalc(*words, "--help")
        assert (code, err) == (0, ""), command


@by_name
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@by_name
def test_files_that_are_shown_are_well_formed(page: Path) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)
    for block in blocks(page, "yaml"):
        assert yaml.safe_load(block)
    for block in blocks(page, "python"):
        if not block.startswith(">>>"):
            assert ast.parse(block)


def test_the_profile_of_the_readme_is_accepted(costcalc: Run) -> None:
    (block,) = blocks(README, "toml")
    Path("own.toml").write_text(block, encoding="utf-8")
    code, _, err = costcalc("compare", "own.toml")
    assert (code, err) == (0, "")


def test_the_reference_lists_every_public_name_once() -> None:
    listed = re.findall(
        r"^\.\. (?:auto\w+|py:data):: (\S+)$", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.M
    )
    assert sorted(listed) == sorted(set(listed))
    assert {name for name in listed if "." not in name} == {
        name for name in package.__all__ if not name.startswith("_")
    } - {"frames"}


FILE_MODELS: dict[str, tuple[type[BaseModel], set[str]]] = {
    "profile": (SessionProfile, {"provenance", "sources"}),
    "turns": (TurnModel, set()),
    "account": (Account, {"seats", "cost_centers", "budgets"}),
    "seats": (Seats, set()),
    "cost_centers": (CostCenter, set()),
    "budgets": (Budget, set()),
}


@pytest.mark.parametrize("table", FILE_MODELS)
def test_each_key_of_a_file_is_explained(table: str) -> None:
    model, elsewhere = FILE_MODELS[table]
    explained = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "files.md").read_text(encoding="utf-8")))
    assert model.model_fields.keys() - elsewhere <= explained


def test_each_kind_of_output_has_its_schema_listed(costcalc: Run) -> None:
    _, kinds, _ = costcalc("schema")
    listed = re.findall(r"^\| `([\w-]+)` \| \[", (ROOT / "docs" / "output.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(kinds.split())


def test_each_extra_is_listed_in_the_readme() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    listed = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", README.read_text(encoding="utf-8"), re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(listed))) == extras.keys() - {"dev"}
