import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from costcalc.cli import main
from tests.browser import browser, pages  # noqa: F401 (fixtures for all)
from tests.schemas import mismatches

settings.register_profile("costcalc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(  # the same few examples every time, for runs of the suite by the thousand
    "few",
    settings.get_profile("costcalc"),
    max_examples=10,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("few" if os.environ.get("COSTCALC_EXAMPLES") == "few" else "costcalc")

Run = Callable[..., tuple[int, str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails is to fail soon where only that counts: recorded words first, which meet every rule, and properties last."""

    def place(item: pytest.Item) -> tuple[bool, bool, str]:
        return item.get_closest_marker("hypothesis") is not None, "_words_" not in item.name, item.nodeid

    if os.environ.get("COSTCALC_EXAMPLES") == "few":
        items.sort(key=place)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's home or leaves a file behind."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def costcalc(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run the command line with these arguments; its exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        out, err = capsys.readouterr()
        if out.startswith('{\n  "schema_version"'):
            assert mismatches(json.loads(out)) == [], "the output and its schema (costcalc.schemas) do not agree"
        return int(caught.value.code or 0), out, err

    yield run  # noqa: PT022


def needs_java() -> None:
    """Skip the test where there is no Java; CI installs it."""
    if shutil.which("java") is None:
        if os.environ.get("CI"):
            raise AssertionError("CI installs Java")
        pytest.skip("needs Java")
