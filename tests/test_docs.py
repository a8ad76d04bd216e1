"""The README's commands and their outputs are true."""

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import Run

README = Path(__file__).parents[1] / "README.md"
CONSOLE = re.compile(r"```console\n\$ costcalc (?P<command>.*)\n(?P<output>(?:.*\n)*?)```")


def test_each_command_prints_what_the_readme_shows(costcalc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set COSTCALC_RECORD=1 to record the outputs anew, then read the difference."""
    monkeypatch.chdir(README.parent)
    text = README.read_text(encoding="utf-8")
    blocks = list(CONSOLE.finditer(text))
    assert len(blocks) >= 4
    for block in blocks:
        code, out, err = costcalc(*shlex.split(block["command"]))
        assert (code, err) == (0, "")
        if os.environ.get("COSTCALC_RECORD"):
            text = text.replace(block[0], f"```console\n$ costcalc {block['command']}\n{out}```")
        else:
            assert out == block["output"], block["command"]
    if os.environ.get("COSTCALC_RECORD"):
        README.write_text(text, encoding="utf-8")


def test_the_files_it_links_to_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (README.parent / target).exists(), target


@pytest.mark.parametrize("heading", ["profile", "sources.contract"])
def test_its_example_files_are_accepted(costcalc: Run, tmp_path: Path, heading: str) -> None:
    (block,) = re.findall(rf"```toml\n(\[{re.escape(heading)}\]\n.*?)```", README.read_text(encoding="utf-8"), re.S)
    (tmp_path / "own.toml").write_text(block)
    option = ["own.toml"] if heading == "profile" else ["--rates", "own.toml"]
    code, _, err = costcalc("compare", *option)
    assert (code, err) == (0, "")
