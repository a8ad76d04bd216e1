"""The documentation site: it builds without a warning, its links hold, it asks nobody for anything, and reads well."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import pytest

import costcalc
from tests.browser import PHONE, Pages, violations
from tests.conftest import Run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", str(folder / ".trees")]
    done = subprocess.run([*build, str(ROOT / "docs"), str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_its_links_lead_to_what_is_there(site: Path) -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    marks = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    checked = 0
    for page, text in texts.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme == "https", link
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name}: {link}"
            if parts.fragment and target in marks:
                assert unquote(parts.fragment) in marks[target] | {""}, f"{page.name}: {link}"
            checked += 1
    assert checked > 1_000


def test_every_public_name_and_every_command_has_an_entry(site: Path, costcalc_help: set[str]) -> None:
    names = set(re.findall(r'id="costcalc\.(\w+)"', (site / "python.html").read_text(encoding="utf-8")))
    assert {name for name in costcalc.__all__ if not name.startswith("_")} <= names
    commands = set(re.findall(r'id="(costcalc[\w-]*)"', (site / "commands.html").read_text(encoding="utf-8")))
    assert costcalc_help <= commands


@pytest.fixture
def costcalc_help(costcalc: Run) -> set[str]:
    """The ids of the commands that `costcalc --help` lists."""
    _, out, _ = costcalc("--help")
    return {f"costcalc-{name}" for name in re.findall(r"^  ([a-z][a-z-]*)  ", out, re.M)}


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and tells nobody."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PAGES = pytest.mark.parametrize("page", ["index", "for-a-team", "python", "commands", "billing"])


@pytest.mark.parametrize(
    ("page", "scheme"),
    [
        ("index", "light"),
        ("index", "dark"),
        ("for-a-team", "dark"),
        ("python", "light"),
        ("commands", "dark"),
        ("billing", "light"),
    ],
)
def test_axe_finds_nothing_wrong(address: str, pages: Pages, page: str, scheme: Literal["light", "dark"]) -> None:
    opened = pages.open(f"{address}/{page}.html")
    opened.emulate_media(color_scheme=scheme)
    assert violations(opened) == []
    assert all(each.startswith(address) for each in pages.requests)


@PAGES
def test_on_a_phone_only_tables_and_figures_scroll_sideways(address: str, pages: Pages, page: str) -> None:
    opened = pages.open(f"{address}/{page}.html", width=PHONE)
    assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE
