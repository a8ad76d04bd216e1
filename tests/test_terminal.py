"""What a person sees on a terminal: colour only there, and nothing cut however narrow it is."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from costcalc.showing.display import Table, show

COMMAND = [sys.executable, "-m", "costcalc", "compare", "--on", "2026-11-24"]


def on_terminal(columns: int, command: list[str] = COMMAND, **environment: str) -> str:
    """What a command writes to a terminal so many columns wide."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals exist on POSIX only")
    near, far = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50"}
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(command, stdout=far, stderr=far, env={**inherited, **settings, **environment}) as process:
        os.close(far)
        written = b""
        while True:
            try:
                part = os.read(near, 65536)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            written += part
    os.close(near)
    assert process.returncode == 0
    return written.decode()


def test_styles_only_on_a_terminal_and_not_with_no_color() -> None:
    assert "\x1b[" in on_terminal(100)
    assert "\x1b[" not in on_terminal(100, NO_COLOR="1")
    piped = subprocess.run(COMMAND, capture_output=True, text=True, check=True).stdout
    assert "\x1b[" not in piped


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_lines_keep_to_the_width_and_nothing_is_lost(columns: int) -> None:
    shown = on_terminal(columns, NO_COLOR="1")
    assert all(len(line) <= columns for line in shown.splitlines())
    words = "".join(shown.split())
    for word in ("api/mai-code-1-flash", "mai-vs-gpt-comparison-article", "$12.9528", "$18.936", "2026-06-03"):
        assert word in words


@pytest.mark.parametrize("columns", [20, 40, 60, 100])
def test_every_cell_of_a_table_is_shown_at_any_width(columns: int) -> None:
    table = Table(
        ("name", "words", "USD"), (("alpha-beta-gamma", "one two three four", "$1,234.5"), ("b", None, "$2")), "T"
    )
    buffer = io.StringIO()
    show([table], Console(file=buffer, width=columns, color_system=None, force_terminal=True))
    shown = buffer.getvalue().split()
    for word in ("alpha-beta-gamma", "one", "two", "three", "four", "$1,234.5", "b", "$2"):
        assert word in [each.rstrip(",") for each in shown]


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with errors.open("w") as stderr:
        command = " ".join([sys.executable, "-m", "costcalc", "rates", "|", "head", "-n", "1"])
        done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=stderr, check=False)
    assert done.returncode == 0
    assert errors.read_text() == ""


def test_a_stream_that_cannot_show_a_name_gets_an_escape(tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(
        '[profile]\nname = "Zoë ☕"\nfresh_input = 1\ncached_input = 1\noutput = 1\nrequests_per_task = 1\n'
        "tasks_per_day = 1\nactive_days = 1\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "costcalc", "compare", str(profile)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Zo\\xeb \\u2615" in done.stdout


def test_long_reading_shows_progress_on_a_terminal_and_is_silent_in_a_pipe(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"
    account.write_text(
        '[account]\nkind = "organization"\nmonth = "2026-10"\n[[seats]]\nplan = "business"\nusers = ["ana"]\n'
    )
    usage = tmp_path / "usage.csv"
    row = '"2026-10-05T09:30:00Z",ana,0.001\n'  # quoted, so read row by row
    usage.write_text("time,user,credits\n" + row * 130_000)
    command = [sys.executable, "-m", "costcalc", "bill", str(usage), "--account", str(account)]
    assert "Reading" in on_terminal(100, command)
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    assert "130,000 records" in piped.stdout
    log = tmp_path / "report.csv"
    log.write_text(
        "date,model,sku,quantity,unit_type\n" + "2026-08-01,gpt-5-mini,copilot_ai_credit,1,ai-credits\n" * 20_000
    )
    shown = on_terminal(100, [sys.executable, "-m", "costcalc", "usage", str(log)])
    assert "Reading" in shown
    assert "20,000 records" in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_answer_that_cannot_be_written_is_one_line() -> None:
    for command in (["rates"], ["rates", "--format", "json"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "costcalc", *command],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == "costcalc: the answer cannot be written (No space left on device)\n"


@pytest.mark.skipif(os.name != "posix", reason="closes a stream by the shell")
def test_without_standard_output_it_says_so() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m costcalc rates >&-', sys.executable], stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "costcalc: the answer cannot be written (standard output is closed)\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of pipes")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    near, far = os.pipe()
    os.close(near)
    done = subprocess.run(
        [sys.executable, "-m", "costcalc", "rates"], stdout=far, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(far)
    assert (done.returncode, done.stderr) == (0, "")
