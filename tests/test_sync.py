"""GitHub's price table against the price book: the right differences, the right file, and never half of one."""

import difflib
import hashlib
import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costcalc.files
import costcalc.upkeep.fetching
from costcalc import InputError, PriceBook, RatesSync, sync_rates
from costcalc.tomlfile import packaged
from costcalc.upkeep.fetching import fetch
from tests.conftest import Run
from tests.strategies import BOOK

ON = date(2026, 11, 25)
SHIPPED = packaged("rates.toml").read_text(encoding="utf-8")

Row = dict[str, str]


def k(tokens: int) -> str:
    return f"{tokens // 1000}K"


def book_rows() -> list[Row]:
    """The table as GitHub would write what the price book believes on the day."""
    rows = []
    for rate in BOOK.in_force(on=ON, route="copilot"):
        model = BOOK.model(rate.model)
        provider = {"moonshot": "moonshot_ai"}.get(model.provider, model.provider)
        row = {"model": model.name, "provider": provider, "release_status": "GA", "category": "Versatile"}
        if len(rate.tiers) > 1:
            over = rate.tiers[1].prompt_tokens_over
            row["threshold"] = f"'{'>' if rate.prompt_tokens_over else '≤'} {k(over)}'"
            row["tier"] = "Long context" if rate.prompt_tokens_over else "Default"
        else:
            row |= {"threshold": "Not applicable", "tier": "Default"}
        prices = rate.usd_per_mtok
        row["input"] = f"${prices.fresh_input}"
        row["cached_input"] = f"${prices.cached_input}"
        row["output"] = f"${prices.output}"
        row["cache_write"] = "Not applicable" if prices.cache_write is None else f"${prices.cache_write}"
        rows.append(row)
    return rows


def written(rows: list[Row]) -> bytes:
    lines = ["# Prices are per 1 million tokens.", ""]
    for row in rows:
        first, *rest = (f"{key}: {value}" for key, value in row.items())
        lines += [f"- {first}", *(f"  {line}" for line in rest), ""]
    return "\n".join(lines).encode()


def row_of(rows: list[Row], model: str) -> Row:
    return next(row for row in rows if row["model"] == model)


def sixty_models() -> list[Row]:
    """The book's table grown to 60 models, with 5 changes, 2 removals, a new tier and a footnote."""
    rows = [row for row in book_rows() if row["model"] not in ("Grok 4.5", "Claude Sonnet 4")]
    row_of(rows, "GPT-5 mini")["cached_input"] = "$0.02"
    row_of(rows, "GPT-5.3-Codex")["output"] = "$12.00"
    row_of(rows, "Claude Opus 5.5")["input"] = "$3.50"
    row_of(rows, "Kimi K3")["cache_write"] = "$3.75"
    row_of(rows, "Gemini 3.5 Flash").update(threshold="'≤ 200K'")
    long = {**row_of(rows, "Gemini 3.5 Flash"), "threshold": "'> 200K'", "tier": "Long context", "input": "$3.00"}
    rows.insert(rows.index(row_of(rows, "Gemini 3.5 Flash")) + 1, long)
    row_of(rows, "Claude Opus 4.8 (fast mode)")["model"] += " (preview)"  # an alias of it
    row_of(rows, "Kimi K2.7 Code")["model"] = "'Kimi K2.7 Code[^1]'"
    row_of(rows, "Gemini 3.7 Flash")["model"] = "'Gemini 3.7 Flash[^gemini-flash-promo]'"
    providers = ("anthropic", "google", "microsoft", "moonshot_ai", "openai", "xai")
    number = 0
    while len({row["model"] for row in rows}) < 60:
        new = {"model": f"New Model {number} Pro", "provider": providers[number % 6], "release_status": "GA"}
        rows.append(new | {"category": "Powerful", "input": f"${number + 1}.00", "output": f"${number + 2}.50"})
        number += 1
    return rows


def own_copy(folder: Path) -> Path:
    path = folder / "rates.toml"
    path.write_text(SHIPPED, encoding="utf-8")
    return path


def test_the_book_s_own_table_differs_in_nothing() -> None:
    result = sync_rates(written(book_rows()), on=ON)
    assert (result.new, result.changed, result.gone) == ((), (), ())
    assert result.unchanged == len({row["model"] for row in book_rows()})


def test_a_table_of_sixty_models(tmp_path: Path) -> None:
    path = own_copy(tmp_path)
    table = written(sixty_models())
    result = sync_rates(table, into=path, on=ON, read=date(2026, 11, 26), write=True)
    changed = {each.model for each in result.changed}
    assert changed == {"gpt-5-mini", "gpt-5.3-codex", "claude-opus-5.5", "kimi-k3", "gemini-3.5-flash"}
    assert {each.model for each in result.gone} == {"grok-4.5", "claude-sonnet-4"}
    assert result.to_dict()["models"] == 60
    assert len(result.new) + len(result.changed) + result.unchanged == 60
    assert not any(each.known for each in result.new)
    assert result.sha256 == hashlib.sha256(table).hexdigest()
    (notice,) = result.notices
    assert notice.code == "footnote"
    assert "Kimi K2.7 Code carries the footnote 1," in notice.message, "Gemini 3.7 Flash is known to be a promotion"

    book = PriceBook.load(standing_alone(path))
    assert book.rate("gpt-5-mini", on=ON).usd_per_mtok.cached_input == Decimal("0.02")
    yesterday = book.rate("gpt-5-mini", on=ON - timedelta(days=1))
    assert yesterday.usd_per_mtok == BOOK.rate("gpt-5-mini", on=ON).usd_per_mtok
    assert book.rate("gemini-3.5-flash", on=ON, prompt_tokens=200_001).usd_per_mtok.fresh_input == 3
    assert book.rate("New Model 0 Pro", on=ON).usd_per_mtok.output == Decimal("2.5")
    assert book.claims("grok-4.5", route="copilot", on=ON) == ()
    assert len(book.claims("grok-4.5", route="copilot", on=ON - timedelta(days=1))) == 1

    first = path.read_bytes()
    again = sync_rates(table, into=path, on=ON, read=date(2026, 11, 26), write=True)
    assert (again.differs, again.written, result.written) == (False, False, True)
    assert path.read_bytes() == first
    later = sync_rates(table, into=path, on=date(2026, 12, 20), read=date(2026, 11, 26), write=True)
    assert {each.model for each in later.new} == {"gemini-4-argon"}, "its stated end has come, the table still has it"


def standing_alone(path: Path) -> Path:
    copy = path.with_name("alone.toml")
    copy.write_text("replace = true\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_old_rows_are_untouched_but_for_their_end(tmp_path: Path) -> None:
    path = own_copy(tmp_path)
    sync_rates(written(sixty_models()), into=path, on=ON, write=True)
    removed, added = [], []
    for line in difflib.ndiff(SHIPPED.splitlines(), path.read_text(encoding="utf-8").splitlines()):
        if line.startswith("- "):
            removed.append(line[2:])
        elif line.startswith("+ "):
            added.append(line[2:])
    closed = [line for line in removed if "route =" in line]
    assert len(closed) == 5 + 3  # one row of each change, one of Sonnet 4, two tiers of Grok 4.5
    for line in closed:
        assert any(each.replace(f", until = {ON}", "") == line for each in added)
    assert [line for line in removed if "route =" not in line] == ["read = 2026-09-23"]
    before, after = tomllib.loads(SHIPPED), tomllib.loads(path.read_text(encoding="utf-8"))
    for model, stated in before["models"].items():
        kept = after["models"][model]["rates"][: len(stated["rates"])]
        assert [{**row, "until": old.get("until")} for row, old in zip(kept, stated["rates"], strict=True)] == [
            {**row, "until": row.get("until")} for row in stated["rates"]
        ]


def test_new_models_stand_with_their_provider(tmp_path: Path) -> None:
    path = own_copy(tmp_path)
    sync_rates(written(sixty_models()), into=path, on=ON, write=True)
    models = tomllib.loads(path.read_text(encoding="utf-8"))["models"]
    providers = [model["provider"] for model in models.values()]
    runs = [one for one, other in zip(providers, [*providers[1:], ""], strict=True) if one != other]
    assert len(runs) == len(set(runs)), runs


def test_a_model_that_comes_back_has_a_gap_that_says_so(tmp_path: Path) -> None:
    path = own_copy(tmp_path)
    back = {"model": "Raptor mini", "provider": "github", "input": "$0.25", "cached_input": "$0.025", "output": "$2.00"}
    result = sync_rates(
        written([*book_rows(), back | {"notes": 'Uses "GPT-5 mini" pricing'}]), into=path, on=ON, write=True
    )
    assert [(each.model, each.known) for each in result.new] == [("raptor-mini", True)]
    book = PriceBook.load(standing_alone(path))
    assert book.rate("raptor-mini", on=ON).note == 'Uses "GPT-5 mini" pricing'
    assert book.claims("raptor-mini", on=ON - timedelta(days=1)) == ()


def test_a_rename_is_told_and_an_alias_ends_it(tmp_path: Path) -> None:
    rows = book_rows()
    row_of(rows, "Kimi K3")["model"] = "Kimi K3 Instruct"
    result = sync_rates(written(rows), on=ON)
    assert [each.model for each in result.new] == ["kimi-k3-instruct"]
    assert [notice.code for notice in result.notices] == ["possible_rename"]
    path = tmp_path / "rates.toml"
    path.write_text(SHIPPED.replace('name = "Kimi K3"\n', 'name = "Kimi K3"\naliases = ["kimi k3 instruct"]\n'))
    assert not sync_rates(written(rows), into=path, on=ON).differs


def test_names_are_never_matched_by_prefix() -> None:
    rows = book_rows()
    row_of(rows, "MAI-Code-1.1-Flash")["model"] = "MAI-Code-1.1-Flash-X"
    result = sync_rates(written(rows), on=ON)
    assert [each.model for each in result.new] == ["mai-code-1.1-flash-x"]
    assert [each.model for each in result.gone] == ["mai-code-1.1-flash"]


def test_a_promotion_that_ends_before_its_day_is_told(tmp_path: Path) -> None:
    rows = book_rows()
    row_of(rows, "Gemini 3.6 Flash").update(input="$1.50", cached_input="$0.15", output="$7.50")
    path = own_copy(tmp_path)
    result = sync_rates(written(rows), into=path, on=ON, write=True)
    assert [notice.code for notice in result.notices] == ["ends_earlier"]
    assert PriceBook.load(standing_alone(path)).rate("gemini-3.6-flash", on=ON).usd_per_mtok.output == Decimal("7.5")


def test_a_cut_table_is_told() -> None:
    assert "most_are_gone" in {notice.code for notice in sync_rates(written(book_rows()[:9]), on=ON).notices}


def test_a_price_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A contract's price on Copilot is no claim of GitHub's table: it is neither compared nor closed."""
    source = '[sources.contract]\ntitle = "C"\naddress = "a"\nread = 2026-11-20\nstatus = "published"\n\n'
    text = SHIPPED.replace("[sources.openai", source + "[sources.openai").replace(
        '[models."kimi-k3"]\nname = "Kimi K3"\nprovider = "moonshot"\nrates = [\n',
        '[models."kimi-k3"]\nname = "Kimi K3"\nprovider = "moonshot"\nrates = [\n'
        '  { route = "copilot", source = "contract", from = 2026-10-01, fresh_input = 1, output = 2 },\n',
    )
    path = tmp_path / "rates.toml"
    path.write_text(text, encoding="utf-8")
    assert not sync_rates(written(book_rows()), into=path, on=ON).differs
    result = sync_rates(
        written([row for row in book_rows() if row["model"] != "Kimi K3"]), into=path, on=ON, write=True
    )
    assert [notice.code for notice in result.notices] == ["others_claim"]
    assert [claim.source for claim in PriceBook.load(standing_alone(path)).claims("kimi-k3", on=ON)] == ["contract"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": "0.25 dollars"}, "input must be a price such as $0.075, not '0.25 dollars'"),
        ({"input": "$-1"}, "input must be a price"),
        ({"input": "$1e3"}, "input must be a price"),
        ({"input": "$1,00"}, "input must be a price"),
        ({"input": "$999999999"}, "input must be a price"),
        ({"input": "Not applicable"}, "input and output need a price"),
        ({"output": "''"}, "input and output need a price"),
        ({"cached_input": "$9"}, "cached_input 9 is above input 0.25"),
        ({"provider": "opnai"}, "unknown provider 'opnai'"),
        ({"provider": "google"}, "provider google, where the price book says openai"),
        ({"provider": "''"}, "provider is missing"),
        ({"threshold": "'about 200K'", "tier": "Long context"}, "threshold must be such as"),
        ({"threshold": "'> 1.0001K'", "tier": "Long context"}, "threshold must be such as"),
        ({"threshold": "'> 200K'"}, "does not fit threshold"),
        ({"threshold": "'> 200K'", "tier": "Long context"}, "no row of the model gives the price of shorter prompts"),
        ({"threshold": "'≤ 200K'"}, "no row of the model gives the price of prompts over 200,000 tokens"),
        ({"tier": "Long context"}, "does not fit threshold"),
        ({"model": "GPT-5.4 mini"}, "a second price of the model for the same prompts"),
        ({"model": "'[^1]'"}, "model is missing"),
        ({"model": "'***'"}, "model is missing"),
        ({"model": "'🎈'"}, "no id can be made of it"),
        ({"model": "mai-code-1-flash-4th", "provider": "microsoft"}, "stands for mai-code-1.1-flash, as row"),
        ({"cache_wrte": "$1"}, "unknown key 'cache_wrte'"),
        ({"notes": "[1, 2]"}, "each key holds one text or number"),
        ({"notes": "{a: 1}"}, "each key holds one text or number"),
        ({"notes": "a\n  input: $1"}, "'input' stands there twice"),
    ],
)  # fmt: skip
def test_a_malformed_row_is_named(tmp_path: Path, change: Row, message: str) -> None:
    rows = book_rows()
    row = row_of(rows, "GPT-5 mini")
    row.update(change)
    path = tmp_path / "table.yml"
    path.write_bytes(written(rows))
    own = own_copy(tmp_path)
    with pytest.raises(InputError) as caught:
        sync_rates(path, into=own, on=ON, write=True)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert ": row " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert own.read_text(encoding="utf-8") == SHIPPED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b"# only words\n", "no rows"),
        (b"a: b\n", "not a list of rows"),
        (b"- 1\n- 2\n", ":1: row 1: not a row of keys and values"),
        (b"- model: [\n", "not valid YAML"),
        (b"- model: x\n model: y\n", ":2: not valid YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 30_000, "nested too deeply"),
        (b"- &a {model: *a}\n", "each key holds one text"),
        (b"<!DOCTYPE html>\n<html></html>", "not a list of rows"),
        (b"- !!python/object/apply:os.system ['true']\n", "not a row of keys and values"),
        (b"- {? [a, b] : c}", "each key holds one text"),
        (b"\x00", "not valid YAML"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"^page.*{message}".replace("(", "\\(")) as caught:
        sync_rates(content, label="page")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_an_error_of_one_line(content: bytes) -> None:
    try:
        sync_rates(content, label="page", on=ON)
    except InputError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


prices = st.decimals(Decimal("0.001"), 500, places=3)


@settings(max_examples=30)  # each writes and reads the whole file
@given(
    st.dictionaries(
        st.sampled_from(sorted({row["model"] for row in book_rows() if row["threshold"] == "Not applicable"})),
        prices,
        max_size=6,
    ),
    st.sets(st.sampled_from(sorted({row["model"] for row in book_rows()})), max_size=5),
    st.lists(st.tuples(st.sampled_from(["openai", "xai", "github"]), prices), max_size=4),
)
def test_after_writing_the_file_says_what_the_table_says(
    tmp_path_factory: pytest.TempPathFactory,
    outputs: dict[str, Decimal],
    left: set[str],
    new: list[tuple[str, Decimal]],
) -> None:
    rows = [row | ({"output": f"${outputs[row['model']]}"} if row["model"] in outputs else {}) for row in book_rows()]
    rows = [row for row in rows if row["model"] not in left]
    for number, (provider, price) in enumerate(new):
        rows.append({"model": f"Fresh {number}", "provider": provider, "input": f"${price}", "output": f"${price}"})
    if not rows:
        return
    path = own_copy(tmp_path_factory.mktemp("sync"))
    sync_rates(written(rows), into=path, on=ON, write=True)
    assert not sync_rates(written(rows), into=path, on=ON).differs
    book = PriceBook.load(standing_alone(path))
    day = ON - timedelta(days=1)
    before = [(rate.id, rate.usd_per_mtok) for rate in BOOK.in_force(on=day)]
    assert [(rate.id, rate.usd_per_mtok) for rate in book.in_force(on=day)] == before


class TestTheFile:
    def test_the_prices_that_ship_are_never_written(self) -> None:
        with pytest.raises(InputError, match="say which price file to write with --into FILE"):
            sync_rates(written(book_rows()), write=True)

    def test_data_inside_the_package_is_never_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "costcalc"
        (package / "data").mkdir(parents=True)
        monkeypatch.setattr("costcalc.upkeep.editing._PACKAGE", package.resolve())
        inside = own_copy(package / "data")
        with pytest.raises(InputError, match="data of the installed package, never changed"):
            sync_rates(written(sixty_models()), into=inside, on=ON, write=True)
        assert inside.read_text(encoding="utf-8") == SHIPPED

    def test_a_file_not_there_yet_is_made_to_stand_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        with pytest.raises(InputError, match="no such file"):
            sync_rates(written(book_rows()), into=path, on=ON)
        sync_rates(written(sixty_models()), into=path, on=ON, write=True)
        assert PriceBook.load(path).rate("gpt-5-mini", on=ON).usd_per_mtok.cached_input == Decimal("0.02")

    def test_a_file_that_adds_to_the_shipped_prices_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        path.write_text('[models.gpt-5-mini]\naliases = ["mini"]\n')
        with pytest.raises(InputError, match="must stand alone, with replace = true"):
            sync_rates(written(book_rows()), into=path, on=ON)

    def test_a_price_cannot_end_on_the_day_it_starts(self, tmp_path: Path) -> None:
        path = own_copy(tmp_path)
        sync_rates(written(sixty_models()), into=path, on=ON, write=True)
        before = path.read_bytes()
        with pytest.raises(InputError, match="starts on 2026-11-25 and cannot end on 2026-11-25; give a later day"):
            sync_rates(written(book_rows()), into=path, on=ON, write=True)
        assert path.read_bytes() == before

    def test_other_ways_of_writing_toml(self, tmp_path: Path) -> None:
        """Rows on one line, over several, with comments, brackets and commas in texts; CRLF; a byte-order mark."""
        text = """\
replace = true  # all
[routes]
copilot = { name = "C, [x] {y}" }
[sources.github-docs]
title = "T"  # title
address = '''
[models.fake]
'''
read = "2026-09"  # month
status = "published"
[providers]
openai = { name = "O" }

[models.a]
name = "A # not a comment"
provider = "openai"
rates = [{route="copilot",source="github-docs",from=2026-06-01,fresh_input=1,output=2}] # one

# b comes here
[models.'b']
name = "B"
provider = "openai"
rates = [
    # first
    { route = "copilot", source = "github-docs", note = "a, from = {b} [c", fresh_input = 1, output = 2, from = 2026-06-01 } # last
    # no more
]

[models.c]
name = "C"
provider = "openai"
rates = []
[models.d]
name = "D"
provider = "openai"
# the end
"""
        table = "".join(
            f"- {{model: '{name}', provider: openai, input: $3, output: $4}}\n"
            for name in ("A # not a comment", "B", "C", "D", "E")
        ).encode()
        for newline, mark in (("\n", ""), ("\r\n", "\ufeff")):
            path = tmp_path / "rates.toml"
            path.write_bytes((mark + text.replace("\n", newline)).encode())
            sync_rates(table, into=path, on=ON, read=date(2026, 11, 26), write=True)
            after = path.read_bytes().decode()
            assert after.startswith(mark)
            assert after.count("\r") == (after.count("\n") if mark else 0)
            assert not sync_rates(table, into=path, on=ON).differs
            lines = set(after.removeprefix(mark).splitlines())
            changed = [line for line in text.splitlines() if line not in lines]
            assert len(changed) == 4, changed  # two rows, the day of reading, the list that was empty
            assert "read = 2026-11-26  # month" in lines
            assert after.index("# b comes here") < after.index("[models.'b']") < after.index("[models.e]")

    def test_rows_in_tables_of_their_own_are_refused(self, tmp_path: Path) -> None:
        row = 'route = "copilot"\nsource = "github-docs"\nfrom = 2026-06-01\nfresh_input = 1\noutput = 2\n'
        text = SHIPPED + f'\n[models.z]\nname = "Z"\nprovider = "openai"\n[[models.z.rates]]\n{row}'
        path = tmp_path / "rates.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="are not lines of a list rates = .*close them by hand"):
            sync_rates(written(book_rows()), into=path, on=ON, write=True)
        assert path.read_text(encoding="utf-8") == text


CRASH = """
import os, sys
from datetime import date
from costcalc import sync_rates
import yaml
into, table, at = sys.argv[1], sys.argv[2], int(sys.argv[3])
folder, seen, armed = os.path.dirname(into), 0, False

def crash(event, arguments):
    global seen
    if armed and any(isinstance(each, str) and each.startswith(folder) for each in arguments):
        seen += 1
        if seen == at:
            os._exit(9)

sys.addaudithook(crash)
real = os.fsync
def fsync(descriptor):
    global seen
    seen += 1
    if seen == at:
        os.ftruncate(descriptor, 100)  # half a file is all that reached the disk
        os._exit(9)
    real(descriptor)
os.fsync = fsync
armed = True
sync_rates(table, into=into, on=date(2026, 11, 25), write=True)
print(seen)
"""


def test_a_crash_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """The process is ended at every opening, renaming, removing and syncing that concerns the file's folder."""
    table = tmp_path / "table.yml"
    table.write_bytes(written(sixty_models()))
    folder = tmp_path / "own"
    folder.mkdir()
    path = own_copy(folder)
    environment = {**os.environ, "PYTHONPATH": str(Path(costcalc.files.__file__).parents[1])}

    def crashed_at(moment: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CRASH, str(path), str(table), str(moment)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    whole = crashed_at(0)
    assert whole.returncode == 0, whole.stderr
    moments, new = int(whole.stdout), path.read_text(encoding="utf-8")
    assert moments >= 6
    outcomes = []
    for moment in range(1, moments + 1):
        path.write_text(SHIPPED, encoding="utf-8")
        done = crashed_at(moment)
        assert done.returncode == 9, done.stderr
        assert path.read_text(encoding="utf-8") in (SHIPPED, new)
        outcomes.append(path.read_text(encoding="utf-8") == new)
    assert not outcomes[0]
    path.write_text(SHIPPED, encoding="utf-8")
    sync_rates(table, into=path, on=ON, write=True)
    assert path.read_text(encoding="utf-8") == new, "what a crash left behind does no harm"


@pytest.mark.parametrize("name", ["fsync", "replace", "copymode", "write"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = own_copy(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if name == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif name == "replace":
        monkeypatch.setattr(Path, "replace", full)
    elif name == "copymode":
        monkeypatch.setattr("shutil.copymode", full)
    else:
        monkeypatch.setattr(costcalc.files, "open", full, raising=False)
    with pytest.raises(InputError, match="cannot be written .No space left on device"):
        sync_rates(written(sixty_models()), into=path, on=ON, write=True)
    assert path.read_text(encoding="utf-8") == SHIPPED
    assert [each.name for each in tmp_path.iterdir()] == ["rates.toml"]


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/table.yml"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def says(content: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


class TestFetching:
    """Only a server on this machine is asked, by way of the one list of schemes that are allowed."""

    @pytest.fixture
    def _plain_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(costcalc.upkeep.fetching, "_SCHEMES", ("http",))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)

    @pytest.mark.usefixtures("_plain_http")
    def test_a_table_is_fetched_and_its_hash_shown(self, costcalc: Run) -> None:
        table = written(sixty_models())
        with serving(says(table)) as url:
            code, out, err = costcalc("rates", "sync", "--fetch", "--url", url, "--on", str(ON), "--format", "json")
        assert (code, err) == (0, "")
        found = json.loads(out)
        assert (found["table"], found["sha256"]) == (url, hashlib.sha256(table).hexdigest())

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/t",
            "file:///etc/passwd",
            "ftp://127.0.0.1/t",
            "https://",
            "table.yml",
            "",
            "https://[/",
            "data:,x",
        ],
    )
    def test_only_https_is_fetched(self, url: str) -> None:
        with pytest.raises(InputError, match="only https addresses are fetched|is not an address"):
            fetch(url)

    @pytest.mark.usefixtures("_plain_http")
    @pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "https://127.0.0.1/x"])
    def test_a_redirect_to_another_scheme_is_refused(self, target: str) -> None:
        with (
            serving(says(b"", 302, Location=target)) as url,
            pytest.raises(InputError, match="only https addresses|status 302"),
        ):
            fetch(url)

    @pytest.mark.usefixtures("_plain_http")
    def test_limits_of_size_and_time(self) -> None:
        def drips(handler: BaseHTTPRequestHandler) -> None:
            says(b"")(handler)
            for _ in range(40):
                try:
                    handler.wfile.write(b"x")
                    handler.wfile.flush()
                except OSError:
                    return
                threading.Event().wait(0.02)

        with serving(says(b"x" * 1001)) as url, pytest.raises(InputError, match="more than 1,000 bytes"):
            fetch(url, most_bytes=1000)
        with serving(drips) as url, pytest.raises(InputError, match="no whole answer within 0.1 seconds"):
            fetch(url, timeout_seconds=0.1)

    @pytest.mark.usefixtures("_plain_http")
    @pytest.mark.parametrize("status", [204, 404, 500])
    def test_an_answer_that_is_not_the_table(self, status: int) -> None:
        with serving(says(b"", status)) as url, pytest.raises(InputError, match=f"status {status}"):
            fetch(url)

    @pytest.mark.usefixtures("_plain_http")
    def test_a_server_that_is_not_there(self) -> None:
        with serving(says(b"")) as url:
            pass
        with pytest.raises(InputError, match="cannot be fetched"):
            fetch(url)

    @pytest.mark.usefixtures("_plain_http")
    def test_a_failed_fetch_leaves_the_file_as_it_was(self, costcalc: Run, tmp_path: Path) -> None:
        path = own_copy(tmp_path)
        with serving(says(b"", 500)) as url:
            code, out, err = costcalc("rates", "sync", "--fetch", "--url", url, "--into", str(path), "--write")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "status 500" in err
        assert path.read_text(encoding="utf-8") == SHIPPED
        assert [each.name for each in tmp_path.iterdir()] == ["rates.toml"]


class TestCommand:
    def test_without_fetch_nothing_is_fetched(
        self, costcalc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
        table = tmp_path / "table.yml"
        table.write_bytes(written(sixty_models()))
        code, out, err = costcalc("rates", "sync", str(table), "--on", str(ON))
        assert (code, err) == (0, "")
        assert "new, 5 changed, 2 gone" in out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "give GitHub's table as a file, or --fetch"),
            (["t.yml", "--fetch"], "one of the two"),
            (["t.yml", "--url", "https://x"], "--url goes with --fetch"),
            (["t.yml"], "t.yml: cannot be read"),
            ([""], "no file name"),
            (["t.yml", "--on", "soon"], "is not a date"),
        ],
    )
    def test_a_mistake_is_one_line(self, costcalc: Run, arguments: list[str], message: str) -> None:
        code, out, err = costcalc("rates", "sync", *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1

    def test_a_change_can_fail_a_pipeline(self, costcalc: Run, tmp_path: Path) -> None:
        table = tmp_path / "table.yml"
        table.write_bytes(written(book_rows()))
        arguments = ["rates", "sync", str(table), "--on", str(ON), "--fail-on-change"]
        assert costcalc(*arguments)[0] == 0
        table.write_bytes(written(sixty_models()))
        assert costcalc(*arguments)[0] == 1

    @pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
    def test_every_format_shows_every_difference(self, costcalc: Run, tmp_path: Path, output_format: str) -> None:
        table = tmp_path / "table.yml"
        table.write_bytes(written(sixty_models()))
        code, out, _ = costcalc("rates", "sync", str(table), "--on", str(ON), "--format", output_format)
        assert code == 0
        for word in ("gpt-5-mini", "gpt-5.3-codex", "claude-opus-5.5", "kimi-k3", "gemini-3.5-flash", "grok-4.5"):
            assert word in out
        assert "new-model-0-pro" in out

    def test_a_hostile_name_is_shown_as_text(self, costcalc: Run, tmp_path: Path) -> None:
        rows = [*book_rows(), {"model": '"\\e[31m=x[^1]"', "provider": "openai", "input": "$1", "output": "$1"}]
        table = tmp_path / "table.yml"
        table.write_bytes(written(rows))
        code, out, _ = costcalc("rates", "sync", str(table), "--on", str(ON))
        assert code == 0
        assert "\x1b" not in out


def test_the_result_is_a_result() -> None:
    result = sync_rates(written(sixty_models()), on=ON)
    assert isinstance(result, RatesSync)
    assert "5 changed, 2 gone" in str(result)
    closed = {rate_id for each in (*result.body()["changed"], *result.body()["gone"]) for rate_id in each["closed"]}
    assert {rate["id"] for rate in result.to_dict()["rates"]} == closed
