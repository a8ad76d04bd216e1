"""The package as a whole: what it exports, what it loads, and which way its modules import."""

import ast
import inspect
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import costcalc

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "costcalc"

# From the data to the answer: a module imports only from its own layer or from those above it.
LAYERS = [
    {"errors", "units", "notices"},
    {"files"},
    {"showing"},
    {"tokens", "tomlfile"},
    {"entries"},
    {"pricing", "workload"},
    {"billing", "upkeep"},
    {"readers"},
    {"history", "frames"},
    {"reconciliation", "fitting", "pricefile"},
    {"quote", "claims"},
    {"estimation"},
    {"cases", "team", "sessions", "focus"},
    {"comparison"},
    {"forecasting"},
    {"deciding", "saved"},
    {"guarding"},
    {"reporting", "schemas", "app"},
    {"cli"},
]


def loaded_after(code: str) -> set[str]:
    """Every module in a new interpreter after running the code."""
    script = f"{code}\nimport sys; print(*sys.modules, sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_costcalc_loads_nothing_else() -> None:
    new = loaded_after("import costcalc") - loaded_after("pass")
    assert new == {"costcalc"}


def test_the_list_of_commands_loads_none_of_what_they_need() -> None:
    own = {
        name
        for name in loaded_after("from costcalc.cli.main import _run; _run(['--help'])")
        if name.startswith("costcalc.")
    }
    assert {name for name in own if not name.startswith("costcalc.cli")} == {"costcalc.errors"}


@pytest.mark.parametrize(
    "code",
    [
        "from costcalc import PriceBook; PriceBook.load()",
        "from costcalc.cli.main import _run; _run(['price', 'gpt-5-mini', '--on', '2026-08-01', '--output', '5'])",
    ],
)
def test_pricing_a_request_loads_no_heavy_library(code: str) -> None:
    loaded = loaded_after(code)
    heavy = ("pydantic._internal", "pydantic_core", "rich.console", "rich.table", "numpy", "pandas", "polars")
    assert not loaded & set(heavy)


def test_the_help_loads_no_prices_and_nothing_that_only_writing_needs() -> None:
    loaded = loaded_after("from costcalc.cli.main import _run; _run(['--help'])")
    assert not loaded & {"costcalc.pricing", "costcalc.tomlfile", "secrets"}


@pytest.mark.parametrize("name", costcalc.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(costcalc, name)
    assert name in dir(costcalc)
    if name.startswith("__"):
        return
    assert not isinstance(value, ModuleType), "a module must not hide the name of a function"
    assert inspect.getdoc(value)
    members = vars(value).items() if inspect.isclass(value) else ()
    for member, found in members:
        if member.startswith(("_", "model_")):
            continue
        if inspect.isfunction(found) or isinstance(found, property | classmethod):
            assert inspect.getdoc(getattr(value, member) if isinstance(found, classmethod) else found), member


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = costcalc.nothing  # type: ignore[attr-defined]


def imports_of(path: Path) -> set[str]:
    """The parts of costcalc that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("costcalc.")}
    return found


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_import_in_one_direction(path: Path) -> None:
    part = part_of(path)
    if part in ("__init__", "__main__"):
        return
    place = next(index for index, layer in enumerate(LAYERS) if part in layer)
    above = set().union(*LAYERS[:place]) | {part}
    if part == "showing":  # the types of what it shows; nothing of them is loaded
        above |= {"pricing"}
    assert imports_of(path) <= above


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Within a part too; what is imported for its types only does not count."""
    paths = {".".join(path.relative_to(SOURCE).with_suffix("").parts): path for path in SOURCE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = []
        found = (node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        graph[name] = {each.removeprefix("costcalc.") for each in found} & paths.keys() - {name}
    assert len(list(TopologicalSorter(graph).static_order())) == len(paths)  # raises CycleError for a circle


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in SOURCE.rglob("*.py")} - {"__init__", "__main__"}
    assert parts == set().union(*LAYERS)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(path: Path) -> None:
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_benchmarks_are_of_models_that_the_price_book_knows() -> None:
    for benchmark in costcalc.benchmarks().values():
        assert {result.model for result in benchmark.results} <= costcalc.PriceBook.load().models.keys()
        assert benchmark.baseline is None or benchmark.mean_ktokens(benchmark.baseline) is not None


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {costcalc.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
