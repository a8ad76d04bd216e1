"""Files priced into files: every form, folders, what cannot be, and nothing half written."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costcalc import CostcalcError, InputError, TokenUsage
from tests import logs
from tests.conftest import Run, needs_java
from tests.logs import Call
from tests.strategies import BOOK

pl = pytest.importorskip("polars", reason="pricing files needs polars")
pricefile = pytest.importorskip("costcalc.pricefile", reason="pricing files needs narwhals")

ROWS = pl.DataFrame(
    {
        "model": ["gpt-5-mini", "Claude Haiku 4.5", "gpt-99"],
        "date": ["2026-08-01", "2026-08-02", "2026-08-02"],
        "fresh_input": [1_000_000, 5, 5],
        "cached_input": [0, 10**6, 5],
        "cache_write": [0, 0, 5],
        "output": [0, 0, 5],
    }
)
COSTS = [
    25 * 10**9,
    BOOK.rate("claude-haiku-4.5", on=date(2026, 8, 2)).cost(TokenUsage(fresh_input=5, cached_input=10**6)).nano_aiu,
    None,
]


def written(path: Path) -> Path:
    {".csv": ROWS.write_csv, ".parquet": ROWS.write_parquet, ".jsonl": ROWS.write_ndjson}[path.suffix](path)
    return path


def read(path: Path) -> Any:
    return {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".ndjson": pl.read_ndjson}[path.suffix](path)


@pytest.mark.parametrize("source", ["in.csv", "in.parquet", "in.jsonl"])
@pytest.mark.parametrize("target", ["out.csv", "out.parquet", "out.ndjson"])
def test_every_form_to_every_form(tmp_path: Path, source: str, target: str) -> None:
    found = pricefile.price_file(written(tmp_path / source), tmp_path / target)
    assert (found.rows_read, found.unpriced, found.nano_aiu) == (
        3,
        (("unknown model", 1),),
        25 * 10**9 + (COSTS[1] or 0),
    )
    back = read(tmp_path / target)
    assert back["cost_nano_aiu"].to_list() == COSTS
    assert back["model"].to_list() == ROWS["model"].to_list()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([source, target])


def test_rows_without_a_cost_late_or_first_do_not_matter(tmp_path: Path) -> None:
    good, bad = ROWS.head(1), ROWS.tail(1)
    for number, parts in enumerate(([good] * 300 + [bad], [bad] * 300 + [good])):
        pl.concat(parts).write_ndjson(tmp_path / f"{number}.jsonl")
        for form in ("csv", "jsonl"):
            found = pricefile.price_file(tmp_path / f"{number}.jsonl", tmp_path / f"out{number}.{form}")
            assert (found.rows_read, found.unpriced_rows) == (301, 1 if number == 0 else 300)
            assert [rate.model for rate in found.rates_used()] == ["gpt-5-mini"]


@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("place", [0, 12_000], ids=["early", "late"])
def test_a_cell_that_is_no_count_costs_its_own_row_only(tmp_path: Path, target: str, place: int) -> None:
    cells = ["7"] * 12_001
    cells[place] = "x"
    cells[1:5] = ["100.5", "-1", "100.0", "nan"]
    lines = [f"gpt-5-mini,2026-08-01,{cell},,,0" for cell in cells]
    (tmp_path / "in.csv").write_text("\n".join(["model,date,fresh_input,cached_input,cache_write,output", *lines, ""]))
    found = pricefile.price_file(tmp_path / "in.csv", tmp_path / target)
    assert found.unpriced == (("not a count of tokens", 4),)
    assert found.nano_aiu == (7 * (12_001 - 5) + 100) * 25_000
    assert [str(cell) for cell in read(tmp_path / target)["fresh_input"].to_list()] == cells


def test_a_column_of_nothing_is_as_if_it_were_not_told(tmp_path: Path) -> None:
    empty = "model,date,fresh_input,cached_input,cache_write,output\ngpt-5-mini,2026-08-01,1000000,,,0\n"
    (tmp_path / "in.csv").write_text(empty)
    assert pricefile.price_file(tmp_path / "in.csv", tmp_path / "out.csv").nano_aiu == 25 * 10**9


def test_a_file_of_another_encoding_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(
        b"model,date,fresh_input,cached_input,cache_write,output\ngpt-\xe9,2026-08-01,1,0,0,0\n"
    )
    with pytest.raises(InputError, match="in.csv: cannot be priced .*; save it as UTF-8"):
        pricefile.price_file(tmp_path / "in.csv", tmp_path / "out.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_folders_and_globs(tmp_path: Path) -> None:
    for name in ("a/x.parquet", "a/b/y.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path / name)
    assert pricefile.price_file(tmp_path / "a", tmp_path / "all.csv").rows_read == 6
    assert pricefile.price_file(tmp_path / "a/*/*.parquet", tmp_path / "some.csv").rows_read == 3
    written(tmp_path / "a/z.csv")
    with pytest.raises(InputError, match=r"files of several forms"):
        pricefile.price_file(tmp_path / "a", tmp_path / "mixed.csv")


def test_a_report_of_github(tmp_path: Path) -> None:
    haiku = Call("Auto: Claude Haiku 4.5", 198, 223_257, 30_122, 8_209)
    path = tmp_path / "report.csv"
    path.write_text(logs.report([logs.report_row(haiku, "9.109908")]))
    found = pricefile.price_file(path, tmp_path / "out.csv", preset="github-report")
    assert found.credits == Decimal("9.109908")


@pytest.mark.parametrize(
    ("source", "target", "settings", "message"),
    [
        ("in.csv", "out.xlsx", {}, "out.xlsx: must end in .csv, .parquet"),
        ("none.csv", "out.csv", {}, "no file of usage there"),
        ("in.csv", "in.csv", {}, "is there already"),
        ("in.csv", "no/out.csv", {}, "cannot be"),
        ("in.csv", "out.csv", {"engine": "abacus"}, "unknown engine 'abacus'"),
        ("in.csv", "out.csv", {"master": "local"}, "give engine spark"),
        ("in.csv", "out.csv", {"model": "name"}, "no column 'name'"),
        ("junk.parquet", "out.csv", {}, "junk.parquet: cannot be priced"),
        ("bad.csv", "out.csv", {}, "bad.csv: cannot be priced"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(
    tmp_path: Path, source: str, target: str, settings: dict[str, Any], message: str
) -> None:
    written(tmp_path / "in.csv")
    (tmp_path / "junk.parquet").write_bytes(b"PAR1 and no more")
    late = "gpt-5-mini,2026-08-01,1,0,0,1\n" * 12_000 + "gpt-5-mini,2026-08-01,1,0,0,1,2,3\n"
    (tmp_path / "bad.csv").write_text("model,date,fresh_input,cached_input,cache_write,output\n" + late)
    before = sorted(each.name for each in tmp_path.iterdir())
    with pytest.raises(CostcalcError, match=message) as caught:
        pricefile.price_file(tmp_path / source, tmp_path / target, **settings)
    assert "\n" not in str(caught.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == before


def test_the_command_line(costcalc: Run, tmp_path: Path) -> None:
    source, target = str(written(tmp_path / "in.csv")), str(tmp_path / "out.parquet")
    code, out, err = costcalc("price-file", source, target, "--add", "credits,cost_usd", "--format", "json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["kind"], document["records"], document["unpriced_records"]) == ("price-file", 3, 1)
    assert pl.read_parquet(target)["credits"].to_list()[0] == 25
    code, out, _ = costcalc(
        "price-file", source, str(tmp_path / "two.csv"), "--on", "2026-08-01", "--cache-write", "none"
    )
    assert code == 0
    assert out.startswith("$")
    code, out, _ = costcalc("price-file", source, str(tmp_path / "three.csv"), "--format", "csv")
    codes = out.splitlines()[1].split(",")[3]
    assert codes.split()[-1] == "unpriced"
    assert out.splitlines()[1:] == [f",2,{out.splitlines()[1].split(',')[2]},{codes}", f"unknown model,1,,{codes}"]
    code, _, err = costcalc("price-file", source, target)
    assert (code, err) == (2, f"costcalc: {target}: is there already; give another name\n")


def test_on_spark_it_is_the_same(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="needs PySpark")
    needs_java()
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    found = pricefile.price_file(
        written(tmp_path / "in.csv"), tmp_path / "out.parquet", engine="spark", master="local[2]"
    )
    assert (found.rows_read, found.unpriced, found.nano_aiu) == (
        3,
        (("unknown model", 1),),
        25 * 10**9 + (COSTS[1] or 0),
    )
    back = pl.read_parquet(tmp_path / "out.parquet/*.parquet")
    assert sorted(back["cost_nano_aiu"].drop_nulls().to_list()) == sorted(cost for cost in COSTS if cost is not None)
    with pytest.raises(InputError, match="is there already"):
        pricefile.price_file(tmp_path / "in.csv", tmp_path / "out.parquet", engine="spark", master="local[2]")
