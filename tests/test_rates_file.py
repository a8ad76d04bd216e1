"""The shipped prices: complete, never rewritten; and files of one's own, checked to the line."""

import csv
import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from costcalc import InputError, PriceBook, Rate
from costcalc.pricing.catalog import ContextWindow, LifecycleEvent
from costcalc.tokens import KINDS
from costcalc.tomlfile import packaged
from costcalc.units import plain
from tests.recorded import assert_as_recorded
from tests.strategies import BOOK

HISTORY = Path(__file__).parent / "data" / "price_history.csv"
COLUMNS = (
    "model",
    "route",
    "source",
    "status",
    "service_tier",
    "tier",
    "prompt_tokens_over",
    *KINDS,
    "effective_from",
    "effective_until",
    "promotional",
)


def history_row(rate: Rate) -> dict[str, str]:
    prices = {kind: "" if price is None else str(price) for kind, price in rate.usd_per_mtok._asdict().items()}
    stated = {name: getattr(rate, name) for name in COLUMNS if name not in KINDS}
    return {
        name: prices[name] if name in prices else "" if stated[name] is None else str(stated[name]) for name in COLUMNS
    }


def test_rows_of_the_past_are_never_changed_or_removed() -> None:
    """Each recorded row is still there, but for an end that it had not yet; add rows to the record, never edit it."""
    rows = [history_row(rate) for rate in BOOK.rates]
    with HISTORY.open(newline="") as file:
        recorded = list(csv.DictReader(file))
    assert len(recorded) >= 94
    for row in recorded:
        closed = [{**row, "effective_until": each["effective_until"]} for each in rows if not row["effective_until"]]
        assert row in rows or any(each in rows for each in closed), f"changed or removed: {row}"


def test_every_row_is_in_the_record() -> None:
    with HISTORY.open(newline="") as file:
        recorded = {
            (row["model"], row["route"], row["source"], row["tier"], row["service_tier"], row["effective_from"])
            for row in csv.DictReader(file)
        }
    for rate in BOOK.rates:
        row = history_row(rate)
        key = (row["model"], row["route"], row["source"], row["tier"], row["service_tier"], row["effective_from"])
        assert key in recorded, f"add {key} to {HISTORY.name}"


def test_rate_ids_are_unique() -> None:
    ids = [rate.id for rate in BOOK.rates]
    assert len(ids) == len(set(ids))


def test_anthropic_and_late_openai_models_write_their_cache_at_one_and_a_quarter_of_input() -> None:
    for rate in BOOK.rates:
        if rate.route == "copilot" and rate.usd_per_mtok.cache_write is not None:
            assert rate.usd_per_mtok.cache_write == rate.usd_per_mtok.fresh_input * Decimal("1.25"), rate.id


def test_every_copilot_price_is_on_the_nano_aiu_grid() -> None:
    assert all(rate.on_nano_aiu_grid for rate in BOOK.rates)


def test_modifiers_and_context_windows() -> None:
    assert {name: each.factor for name, each in BOOK.modifiers.items()} == {
        "auto": Decimal("0.9"),
        "data_residency": Decimal("1.1"),
    }
    assert {each.tokens for each in BOOK.model("mai-code-1-flash").context_window} == {256_000, 128_000}


OWN = """\
[sources.contract]
title = "Our contract"
address = "a drawer"
read = 2026-11-01
status = "published"

[models."gpt-5.4-mini"]
rates = [
  { route = "api", source = "contract", from = 2026-06-01, until = 2026-09-01, fresh_input = 0.7, cached_input = 0.07, output = 4.0 },
  { route = "api", source = "contract", from = 2026-09-01, fresh_input = 0.6, cached_input = 0.06, output = 3.0 },
]

[models.house]
name = "House Model"
provider = "microsoft"
aliases = ["ours"]
rates = [
  { route = "api", source = "contract", from = 2026-06-01, fresh_input = 1, output = 2 },
  { route = "api", source = "contract", tier = "long_context", over = 100_000, from = 2026-06-01, fresh_input = 2, output = 4 },
]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def test_an_own_file_adds_claims_and_models(write: Write) -> None:
    book = PriceBook.load(write(OWN))
    mini = book.rate("gpt-5.4-mini", route="api", on=date(2026, 10, 1))
    assert (mini.source, mini.usd_per_mtok.output) == ("contract", Decimal(3))
    assert book.rate("ours", route="api", on=date(2026, 7, 1), prompt_tokens=100_001).usd_per_mtok.output == 4
    assert book.rate("gpt-5-mini", on=date(2026, 7, 1)) == BOOK.rate("gpt-5-mini", on=date(2026, 7, 1))
    assert (book.modifiers, book.routes, book.providers) == (BOOK.modifiers, BOOK.routes, BOOK.providers)
    assert {name: each for name, each in book.sources.items() if name != "contract"} == BOOK.sources
    assert "house" not in BOOK.models, "the shipped book must not change"


def test_the_book_holds_just_what_the_file_says(write: Write) -> None:
    text = packaged("rates.toml").read_text(encoding="utf-8")
    stated = tomllib.loads(text, parse_float=Decimal)
    book = PriceBook.load(write("replace = true\n" + text))
    sources = stated["sources"]
    assert dict(book.routes) == {name: route["name"] for name, route in stated["routes"].items()}
    assert {name: source._asdict() for name, source in book.sources.items()} == {
        name: {"id": name, "note": "", "carries": None, **source, "read": str(source["read"])}
        for name, source in sources.items()
    }
    assert {name: provider._asdict() for name, provider in book.providers.items()} == {
        name: {
            "id": name,
            "fresh_input_billed_as_cache_write_on": (),
            "certainty": "unknown",
            "note": "",
            "aliases": (),
            **{key: tuple(value) if isinstance(value, list) else value for key, value in provider.items()},
        }
        for name, provider in stated["providers"].items()
    }
    assert {name: each._asdict() for name, each in book.modifiers.items()} == {
        name: {"id": name, "note": "", **each} for name, each in stated["modifiers"].items()
    }
    event = {"route": None, "certainty": "unknown", "note": ""}
    window = {"prompt_tokens": None, "note": ""}
    models = {}
    for name, model in book.models.items():
        models[name] = model._asdict()
        models[name]["lifecycle"] = [each._asdict() for each in model.lifecycle]
        models[name]["context_window"] = [each._asdict() for each in model.context_window]
    rows = [(name, row) for name, model in stated["models"].items() for row in model.pop("rates", ())]
    assert models == {
        name: {
            "id": name,
            "successor": None,
            "note": "",
            **model,
            "aliases": tuple(model.get("aliases", ())),
            "catalogue_ids": tuple(model.get("catalogue_ids", ())),
            "lifecycle": [{**event, **each} for each in model.get("lifecycle", ())],
            "context_window": [{**window, **each} for each in model.get("context_window", ())],
        }
        for name, model in stated["models"].items()
    }
    assert [rate.to_dict() | {"id": None} for rate in book.rates] == [
        {
            "id": None,
            "model": name,
            "route": row["route"],
            "status": row.get("status", sources[row["source"]]["status"]),
            "source": row["source"],
            "as_of": str(row.get("as_of", sources[row["source"]]["read"])),
            "effective_from": None if row["from"] == "unknown" else str(row["from"]),
            "effective_until": str(row["until"]) if "until" in row else None,
            "tier": row.get("tier", "default"),
            "service_tier": row.get("service_tier", "standard"),
            "prompt_tokens_over": row.get("over", 0),
            "usd_per_mtok": {kind: plain(Decimal(row[kind])) if kind in row else None for kind in KINDS},
            "promotional": row.get("promotional", False),
            "modifiers": [],
            "note": row.get("note"),
        }
        for name, row in rows
    ]
    assert [rate.not_before for rate in book.rates] == [row.get("not_before") for _, row in rows]
    assert [rate.id for rate in book.rates] == [rate.id for rate in BOOK.rates]


def test_an_own_file_adds_to_a_model_that_is_known(write: Write) -> None:
    start = """\
[models."gpt-5.4-mini"]
aliases = ["our mini"]
catalogue_ids = ["ours/mini"]
"""
    more = """\
name = "Our Mini"
provider = "microsoft"
successor = "gpt-5-mini"
note = "ours"
lifecycle = [{ on = 2027-01-01, event = "retires", route = "api", certainty = "high", note = "by contract" }]
context_window = [{ tokens = 9_000, prompt_tokens = 8_000, source = "github-docs", note = "measured" }]
"""
    known = BOOK.models["gpt-5.4-mini"]
    little = PriceBook.load(write(start)).model("OUR mini")
    assert little == known._replace(
        aliases=(*known.aliases, "our mini"), catalogue_ids=(*known.catalogue_ids, "ours/mini")
    )
    much = PriceBook.load(write(start + more)).model("ours/MINI")
    assert much == little._replace(
        name="Our Mini",
        provider="microsoft",
        successor="gpt-5-mini",
        note="ours",
        lifecycle=(*known.lifecycle, LifecycleEvent(date(2027, 1, 1), "retires", "api", "high", "by contract")),
        context_window=(*known.context_window, ContextWindow(9_000, 8_000, "github-docs", "measured")),
    )
    changed = PriceBook.load(write(start)).models
    assert {name: each for name, each in changed.items() if name != known.id} == {
        name: each for name, each in BOOK.models.items() if name != known.id
    }


def test_an_own_modifier(write: Write) -> None:
    text = '[modifiers.m]\nname = "M"\nfactor = 100\nroute = "api"\nsource = "contract"\n'
    (found,) = (each for name, each in PriceBook.load(write(OWN + text)).modifiers.items() if name == "m")
    assert found == ("m", "M", 100, "api", "unknown", "contract", "")


def test_an_own_file_can_replace_all(write: Write) -> None:
    start = 'replace = true\n[routes.api]\nname = "API"\n[providers.microsoft]\nname = "M"\n'
    text = start + OWN.replace('[models."gpt-5.4-mini"]', '[models."gpt-5.4-mini"]\nname = "x"\nprovider = "microsoft"')
    book = PriceBook.load(write(text))
    assert list(book.models) == ["gpt-5.4-mini", "house"]
    assert list(book.sources) == ["contract"]


MISTAKES: list[tuple[tuple[str, str], int, str]] = [
    (("fresh_input = 0.7", "fresh_input = -0.7"), 9, "fresh_input must not be negative"),
    (("fresh_input = 0.7", "fresh_input = nan"), 9, "fresh_input must be a number"),
    (("fresh_input = 0.7", "fresh_input = 1e999"), 9, "fresh_input must be at most"),
    (("fresh_input = 0.7", "fresh_input = 1e-99"), 9, "at most 15 decimals"),
    (("fresh_input = 0.7", "fresh_input = true"), 9, "fresh_input must be a number"),
    (("fresh_input = 0.7", 'fresh_input = "0.7"'), 9, "fresh_input must be a number"),
    (("fresh_input = 0.7, ", ""), 9, "fresh_input is missing"),
    (("cached_input = 0.07", "cached_input = 0.71"), 9, "cached_input 0.71 is above fresh_input 0.7"),
    (('source = "contract", from = 2026-06-01, until', 'source = "contrat", from = 2026-06-01, until'), 9,
     "unknown source 'contrat'"),
    (("output = 4.0", "outptu = 4.0"), 9, "output is missing"),
    (("output = 4.0", "output = 4.0, outptu = 4.0"), 9, "unknown key 'outptu'"),
    (('route = "api", source = "contract", from = 2026-09-01', 'route = "azure", source = "contract", from = 2026-09-01'),
     10, "unknown route 'azure'"),
    (("from = 2026-09-01, fresh", "from = 2026-08-01, fresh"), 10, "overlaps"),
    (("from = 2026-09-01, fresh", "from = 2026-10-01, fresh"), 10, "gap"),
    (("until = 2026-09-01, ", ""), 10, "is still open; close it with until"),
    (("until = 2026-09-01", "until = 2026-05-01"), 9, "until 2026-05-01 must be after 2026-06-01"),
    (("until = 2026-09-01", "until = 2026-02-30"), 9, "not valid TOML"),
    (("until = 2026-09-01", 'until = "soon"'), 9, "until must be a date"),
    (("until = 2026-09-01", "until = 2026-09-01T00:00:00"), 9, "without a time of day"),
    (("from = 2026-06-01, until", 'from = "unknown", until'), 9, "needs not_before"),
    (("from = 2026-06-01, until", "until"), 9, "from is missing"),
    (('tier = "long_context", ', ""), 19, "tier and over go together"),
    (("over = 100_000", "over = 0"), 19, "over must be above 0"),
    (("over = 100_000, from = 2026-06-01", "over = 100_000, from = 2026-07-01"), 19, "no default-tier price"),
    (('provider = "microsoft"', 'provider = "mircosoft"'), 15, "unknown provider 'mircosoft'"),
    (('aliases = ["ours"]', 'aliases = ["GPT-5.4 MINI"]'), 13, "already stands for gpt-5.4-mini"),
    (('aliases = ["ours"]', 'aliases = "ours"'), 16, "aliases must be a list"),
    (('aliases = ["ours"]', 'successor = "theirs"'), 16, "unknown successor 'theirs'"),
    (('status = "published"', 'status = "sure"'), 5, "unknown status 'sure'"),
    (("read = 2026-11-01", 'read = "2026-13"'), 4, "read must be a date or a month"),
    (("[sources.contract]", "[sources.github-docs]"), 1, "the source name 'github-docs' is taken"),
    (("[models.house]", "[model.house]"), 13, "unknown key 'model'"),
    (("rates = [\n  { route", "rates = 3\nother = [\n  { route"), 8, "rates must be a list of tables"),
    (('title = "Our contract"', "title = Our contract"), 2, "not valid TOML"),
    (('title = "Our contract"', 'title = "a"\ntitle = "b"'), 3, "not valid TOML"),
]  # fmt: skip
"""A change of the file, the line that is to blame, and some words of the complaint."""


@pytest.mark.parametrize(("change", "line", "message"), MISTAKES)
def test_a_mistake_names_file_and_line(write: Write, change: tuple[str, str], line: int, message: str) -> None:
    assert change[0] in OWN
    path = write(OWN.replace(*change, 1))
    with pytest.raises(InputError, match=message) as caught:
        PriceBook.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(caught.value)


def test_the_shipped_file_itself_is_checked_the_same_way(write: Write) -> None:
    shipped = packaged("rates.toml").read_text(encoding="utf-8")
    broken = "replace = true\n" + shipped.replace(
        "from = 2026-06-04, fresh_input = 2.5, cached_input = 0.25",
        "from = 2026-06-03, fresh_input = 2.5, cached_input = 0.25",
    )
    assert broken.count("from = 2026-06-03") == 1
    with pytest.raises(InputError, match=r"own\.toml:\d+: .*(overlaps|no default-tier price)"):
        PriceBook.load(write(broken))


def test_every_prefix_of_the_shipped_file_loads_or_is_refused_in_one_line(write: Write) -> None:
    shipped = packaged("rates.toml").read_text(encoding="utf-8")
    for end in range(0, len(shipped), 997):
        try:
            PriceBook.load(write("replace = true\n" + shipped[:end]))
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_an_own_price_of_a_shipped_source_is_refused_in_the_own_file(write: Write) -> None:
    words = []
    for start in ("2026-01-01", "2026-12-01"):
        text = f"""[models.gpt-5-mini]
rates = [
  {{ route = "copilot", source = "github-docs", from = {start}, fresh_input = 1, output = 2 }},
]
"""
        path = write(text)
        with pytest.raises(InputError, match="give your price a source of its own") as caught:
            PriceBook.load(path)
        words.append(str(caught.value).removeprefix(f"{path}:3: ").replace(str(packaged("rates.toml")), "rates.toml"))
    own, shipped = "copilot/gpt-5-mini/github-docs/2026-", "copilot/gpt-5-mini/github-docs/2026-06-01"
    mend = "of the same source, that row is in rates.toml; give your price a source of its own"
    assert words == [f"{own}01-01 overlaps {shipped} {mend}", f"{own}12-01 overlaps {shipped} {mend}"]


def test_two_rows_cannot_have_one_id(write: Write) -> None:
    row = "from = 2026-06-01, fresh_input = 1, output = 2 },"
    twice = f'  {{ route = "api", source = "contract", service_tier = "batch", {row}\n'
    twice += f'  {{ route = "api", source = "contract", tier = "batch", over = 5, {row}\n'
    complaint = (
        r"own\.toml:10: there are two prices with the id api/gpt-5.4-mini/contract/2026-06-01/batch: same source, "
    )
    with pytest.raises(InputError, match=complaint + "days, service tier and tier$"):
        PriceBook.load(write(OWN.replace("rates = [\n", f"rates = [\n{twice}", 1)))


ROW = """\
[[models.house.rates]]
route = "api"
source = "contract"
service_tier = "batch"
from = 2026-06-01
until = 2026-09-01
fresh_input = 1
cached_input = 0.5
output = 2
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("until = 2026-09-01", "until = 2026-06-01"), 6),
        (("cached_input = 0.5", "cached_input = 1.5"), 8),
        (("from = 2026-06-01", 'from = "unknown"'), 5),
        (("from = 2026-06-01", "from = 2026-06-01\nnot_before = 2026-05-01"), 6),
        (("fresh_input = 1", "fresh_input = -1"), 7),
        (('"batch"', '"bath"'), 4),
        (("output = 2", 'output = 2\nas_of = "May"'), 10),
    ],
)
def test_a_mistake_in_a_row_of_several_lines_names_its_line(write: Write, change: tuple[str, str], line: int) -> None:
    start, end = OWN[: OWN.index("rates = [", OWN.index("[models.house]"))], ROW.replace(*change)
    PriceBook.load(write(start + ROW))
    path = write(start + end)
    with pytest.raises(InputError) as caught:
        PriceBook.load(path)
    assert str(caught.value).startswith(f"{path}:{start.count(chr(10)) + line}: ")


def test_cached_input_may_cost_as_much_as_input(write: Write) -> None:
    book = PriceBook.load(write(OWN.replace("cached_input = 0.07", "cached_input = 0.7")))
    assert book.rate(
        "gpt-5.4-mini", route="api", on=date(2026, 8, 1), basis="contract"
    ).usd_per_mtok.cached_input == Decimal("0.7")


def test_a_claim_whose_first_day_is_not_known_starts_after_the_day_before(write: Write) -> None:
    """It may follow a claim that ends on the day on which it was not there yet, and overlaps one that ends later."""
    second = 'from = "unknown", not_before = 2026-09-01'
    text = OWN.replace("from = 2026-09-01", second)
    rate = PriceBook.load(write(text)).rate("gpt-5.4-mini", route="api", on=date(2026, 9, 1), basis="contract")
    assert (rate.not_before, rate.effective_from) == (date(2026, 9, 1), None)
    with pytest.raises(InputError) as caught:
        PriceBook.load(write(text.replace("not_before = 2026-09-01", "not_before = 2026-08-31")))
    assert str(caught.value).endswith(
        ":10: api/gpt-5.4-mini/contract/after-2026-08-31 overlaps api/gpt-5.4-mini/contract/2026-06-01 of the same source, "
        "which holds to before 2026-09-01"
    )


def test_two_tiers_of_one_claim_have_two_thresholds(write: Write) -> None:
    row = '  { route = "api", source = "contract", tier = "long_context", over = 100_000, from'
    with pytest.raises(InputError) as caught:
        PriceBook.load(
            write(
                OWN.replace(
                    row, f"{row.replace('long_context', 'long')} = 2026-06-01, fresh_input = 2, output = 4 }},\n{row}"
                )
            )
        )
    assert str(caught.value).endswith(
        ":20: api/house/contract/2026-06-01/long_context overlaps api/house/contract/2026-06-01/long: "
        "two prices of one source for the same days and prompts"
    )


MORE_MISTAKES = [
    (("[models.house]", '[models."house@home,a"]'), "may hold letters, digits and"),
    (('name = "House Model"', 'name = " "'), "name must not be empty"),
    (("rates = [\n  { route", "rates = [ 3,\n  { route"), "rates: each must be a table"),
    (("fresh_input = 0.7", "fresh_input = 1e99999999999999999999"), "is not a number that can be used"),
]


@pytest.mark.parametrize(("change", "message"), MORE_MISTAKES)
def test_more_mistakes(write: Write, change: tuple[str, str], message: str) -> None:
    assert change[0] in OWN
    with pytest.raises(InputError, match=rf"own\.toml:\d+: .*{message}"):
        PriceBook.load(write(OWN.replace(*change, 1)))


def test_a_mistake_below_a_long_text_is_found_soon(write: Write) -> None:
    """Once a search for the line of a mistake took a minute where a text of thousands of lines stood above it."""
    text = OWN.replace('address = "a drawer"', 'address = """\n' + "x\n" * 5_000 + '"""')
    with pytest.raises(InputError, match=r"own\.toml:50\d\d: unknown route 'azure'"):
        PriceBook.load(write(text.replace('route = "api"', 'route = "azure"', 1)))


def test_a_claim_that_differs_for_long_prompts_only_is_a_conflict(write: Write) -> None:
    text = OWN.replace('[models."gpt-5.4-mini"]', '[models."gpt-5.4"]')
    row = "from = 2026-06-04, fresh_input = 2.5, cached_input = 0.25, output = 15"
    start = text.index("rates = [")
    text = (
        text[:start]
        + f'rates = [\n  {{ route = "copilot", source = "contract", {row} }},\n]\n'
        + text[text.index("[models.house]") :]
    )
    book = PriceBook.load(write(text))
    on = date(2026, 8, 1)
    (rivals,) = book.conflicts("gpt-5.4", on=on)
    assert {rate.source for rate in rivals} == {"contract", "github-docs"}
    assert "claims_disagree" in {notice.code for notice in book.notices(rivals[0], on)}
    assert book.conflicts("gpt-5-mini", on=on) == ()


def test_the_words_of_mistakes(write: Write) -> None:
    more = [
        ("read = 2026-11-01\n", ""),
        ('status = "published"', 'status = "published"\ncarries = "nobody"'),
        ("[models.house]", '[providers.p]\nname = "P"\nfresh_input_billed_as_cache_write_on = ["web"]\n[models.house]'),
        ("[models.house]", '[modifiers.m]\nname = "M"\nfactor = 0\n[models.house]'),
        ("[models.house]", '[modifiers.m]\nname = "M"\nfactor = 101\n[models.house]'),
        ("[models.house]", '[sources."a,b"]\ntitle = "AB"\n[models.house]'),
        ("[models.house]", '[routes."a/b"]\nname = "AB"\n[models.house]'),
        ("[models.house]", '[sources.best]\nname = "AB"\n[models.house]'),
        ("[models.house]", '[sources.indicative]\nname = "AB"\n[models.house]'),
        ('aliases = ["ours"]', 'lifecycle = [{ event = "left" }]'),
        ('aliases = ["ours"]', 'lifecycle = [{ on = 2026-01-01, event = "born" }]'),
        ('aliases = ["ours"]', 'context_window = [{ source = "contract" }]'),
        ('aliases = ["ours"]', "context_window = [{ tokens = 5 }]"),
        ("from = 2026-06-01, until", "from = 2026-06-01, not_before = 2026-05-01, until"),
        ("from = 2026-06-01, until", 'from = "unknown", not_before = 2026-09-01, until'),
        ("output = 4.0", 'output = 4.0, service_tier = "gold"'),
        ("output = 4.0", 'output = 4.0, as_of = "2026-00"'),
        ("output = 4.0", "output = 4.0, promotional = 1"),
    ]
    changes = [*(each[0] for each in MISTAKES), *(each[0] for each in MORE_MISTAKES), *more]
    words = []
    for before, after in changes:
        path = write(OWN.replace(before, after, 1))
        with pytest.raises(InputError) as caught:
            PriceBook.load(path)
        words.append(str(caught.value).removeprefix(str(path)))
    own = [each for each in words if "not valid TOML" not in each]  # that is in Python's words, by its version
    assert_as_recorded("words-rates-file.txt", "\n".join(own) + "\n")
