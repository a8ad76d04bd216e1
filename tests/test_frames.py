"""One exact price in every engine: each row of a frame costs what the rule says of a single request."""

import json
import os
import random
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import Account, CostcalcError, InputError, PriceBook, Seats, TokenUsage
from tests.conftest import needs_java
from tests.strategies import BOOK, counts

nw = pytest.importorskip("narwhals", reason="frames need narwhals")
pl = pytest.importorskip("polars", reason="frames of polars")
pd = pytest.importorskip("pandas", reason="frames of pandas")
pa = pytest.importorskip("pyarrow", reason="frames of pyarrow")
duckdb = pytest.importorskip("duckdb", reason="frames of duckdb")
frames = pytest.importorskip("costcalc.frames")

NAMES = ("model", "date", "fresh_input", "cached_input", "cache_write", "output", "requests")
TYPES = ("string", "date", *["bigint"] * 5)


def as_polars(rows: list[tuple[Any, ...]]) -> Any:
    schema = dict(zip(NAMES, (pl.String, pl.Date, *[pl.Int64] * 5), strict=True))
    return pl.DataFrame([dict(zip(NAMES, row, strict=True)) for row in rows], schema=schema)


def as_arrow(rows: list[tuple[Any, ...]]) -> Any:
    types = (pa.string(), pa.date32(), *[pa.int64()] * 5)
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip(NAMES, types, strict=True))
        }
    )


def as_pandas(rows: list[tuple[Any, ...]]) -> Any:
    frame = pd.DataFrame(rows, columns=list(NAMES))
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.astype({**dict.fromkeys(NAMES[2:], "Int64"), "model": "object"})


def as_duckdb(rows: list[tuple[Any, ...]]) -> Any:
    return in_duckdb(as_arrow(rows))


def listed(frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame of any engine, in their order."""
    known = nw.from_native(frame)
    if isinstance(known, nw.LazyFrame):
        known = known.collect("pyarrow")
        if "place" in known.columns:
            known = known.sort("place").drop("place")
    found = known.to_dict(as_series=False)
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)] if found else []
    return [
        {name: None if value is None or value is pd.NA or value != value else value for name, value in row.items()}
        for row in rows
    ]


ENGINES: dict[str, Callable[[list[tuple[Any, ...]]], Any]] = {
    "polars": as_polars,
    "polars lazy": lambda rows: as_polars(rows).lazy(),
    "pandas": as_pandas,
    "pyarrow": as_arrow,
    "duckdb": as_duckdb,
}


def ruled(row: tuple[Any, ...], route: str, book: PriceBook = BOOK, basis: str = "best") -> dict[str, Any]:
    """What the rule of a single request says of a row: its cost and claim, or none."""
    model, day, fresh, cached, write, output, requests = row
    none = {"cost_nano_aiu": None, "rate_id": None, "rate_status": None, "tier": None}
    if model is None or day is None or fresh is None or output is None:
        return none
    usage = TokenUsage(
        fresh_input=fresh, cached_input=cached or 0, cache_write=write or 0, output=output, requests=requests or 1
    )
    name, _, marked = model.partition(":")
    is_auto = name.strip().lower() == "auto" and bool(marked)
    try:
        rate = book.rate(marked if is_auto else model, route=route, on=day, basis=basis)
        if is_auto:
            rate = rate.with_modifiers(book.modifiers["auto"])
    except CostcalcError:
        return none
    if requests == 0:  # their number is not known, so neither is a prompt: the default tier
        default = rate.tiers[0]
        amount = round(default.exact_nano_aiu(usage.counts))
        if amount >= 9.2e18:
            return none
        return {"cost_nano_aiu": amount, "rate_id": default.id, "rate_status": default.status, "tier": default.tier}
    cost = rate.cost(usage)
    if cost.nano_aiu >= 9.2e18:
        return none
    return {
        "cost_nano_aiu": cost.nano_aiu,
        "rate_id": cost.rate.id,
        "rate_status": cost.rate.status,
        "tier": cost.rate.tier,
    }


every_name = sorted({name for model in BOOK.models.values() for name in model.names})
priced_now = sorted({rate.model for rate in BOOK.in_force(on=date(2026, 8, 1))})
odd_names = [
    "gpt-99",
    "",
    "  Claude   HAIKU 4.5 ",
    "auto: GPT-5 mini",
    "Auto:  claude haiku 4.5",
    "claude",
    "gpt-5.4",
    "gpt-5.4",
]
names = st.sampled_from(priced_now) | st.sampled_from(every_name) | st.sampled_from(odd_names)
few = st.integers(0, 400_000)
rows_of_usage = st.lists(
    st.tuples(
        names | st.none(), st.dates(date(2026, 7, 1), date(2026, 11, 1)) | st.dates(date(2026, 3, 1), date(2027, 2, 1)) | st.none(),
        few | counts | st.none(), few | st.none(), few | counts | st.none(), few | st.none(),
        st.integers(0, 5) | counts | st.none(),
    ),
    max_size=20,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", frames.UnpricedRowsWarning)
        yield


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=25)
@given(rows=rows_of_usage, route=st.sampled_from(["copilot", "api"]))
def test_every_row_costs_what_the_rule_says(engine: str, rows: list[tuple[Any, ...]], route: str) -> None:
    priced = frames.price(ENGINES[engine](rows), requests="requests", route=route)
    assert type(priced) is type(ENGINES[engine](rows))
    found = listed(priced)
    assert len(found) == len(rows)
    for got, row in zip(found, rows, strict=True):
        expected = ruled(row, route)
        assert {name: got[name] for name in expected} == expected, row
        assert (got["cost_reason"] is None) == (got["cost_nano_aiu"] is not None)
        assert tuple(got[name] for name in NAMES[2:]) == row[2:]


OWN_PRICES = """\
[sources.own]
title = "Own"
address = "here"
read = 2026-01-01
status = "indicative"
[models.fine]
name = "Fine"
provider = "openai"
rates = [
  { route = "api", source = "own", from = 2026-01-01, until = 2026-06-01, fresh_input = 0.0000012, cached_input = 0.00000015, output = 0.123456789 },
  { route = "api", source = "own", from = 2026-06-01, fresh_input = 3, output = 1.0000005 },
  { route = "api", source = "own", tier = "long", over = 1000, from = 2026-06-01, fresh_input = 5, output = 2.0000005 },
  { route = "api", source = "own", tier = "longer", over = 5000, from = 2026-06-01, fresh_input = 7, output = 3.0000005 },
]
"""


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=25)
@given(data=st.data())
def test_prices_off_the_grid_and_several_tiers(engine: str, tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("rates") / "own.toml"
    path.write_text(OWN_PRICES)
    book = PriceBook.load(path)
    small = st.integers(0, 3_000)
    rows = data.draw(
        st.lists(
            st.tuples(
                st.just("fine"), st.sampled_from([date(2026, 3, 1), date(2026, 7, 1)]), small, small, small, small, st.integers(1, 3),
            ),
            max_size=8,
        )
    )  # fmt: skip
    found = listed(frames.price(ENGINES[engine](rows), requests="requests", route="api", rates=book))
    for got, row in zip(found, rows, strict=True):
        expected = ruled(row, "api", book)
        assert {name: got[name] for name in expected} == expected, row


ONE = ("gpt-5-mini", date(2026, 8, 1), 1_000, 500, 0, 100, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_exact_decimals_on_request(engine: str) -> None:
    (row,) = listed(frames.price(ENGINES[engine]([ONE]), add=["cost_usd", "credits"]))
    cost = BOOK.rate("gpt-5-mini", on=ONE[1]).cost(TokenUsage(fresh_input=1_000, cached_input=500, output=100))
    assert (Decimal(row["cost_usd"]), Decimal(row["credits"])) == (cost.usd, cost.credits)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": None}, "no model"),
        ({"model": ""}, "no model"),
        ({"model": "gpt-99"}, "unknown model"),
        ({"date": None}, "no day"),
        ({"date": date(2020, 1, 1)}, "no price on this day"),
        ({"fresh_input": None}, "tokens missing"),
        ({"output": None}, "tokens missing"),
        ({"fresh_input": -1}, "not a count of tokens"),
        ({"cached_input": 10**16}, "not a count of tokens"),
        ({"output": 10**15, "fresh_input": 10**15, "model": "claude-opus-5"}, "a cost beyond 64 bits"),
        ({}, None),
    ],
)
def test_what_has_no_cost_has_a_reason(engine: str, changes: dict[str, Any], reason: str | None) -> None:
    row = tuple({**dict(zip(NAMES, ONE, strict=True)), **changes}.values())
    (found,) = listed(frames.price(ENGINES[engine]([row])))
    assert found["cost_reason"] == reason
    assert (found["cost_nano_aiu"] is None) == (reason is not None)


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow"])
def test_an_eager_frame_says_how_many_rows_have_no_cost(engine: str) -> None:
    rows = [ONE, ("gpt-99", *ONE[1:]), (None, *ONE[1:]), (None, *ONE[1:])]
    with pytest.warns(frames.UnpricedRowsWarning, match="3 of 4 rows have no cost: 2 no model, 1 unknown model"):
        frames.price(ENGINES[engine](rows))


TIMES = [
    ("2026-09-03T23:30:00Z", date(2026, 9, 3)),
    ("2026-09-04T00:30:00+00:00", date(2026, 9, 4)),
    ("2026-09-04", date(2026, 9, 4)),
    ("2026-09-04T01:30:00+02:00", None),
    ("2026-09-04 01:30:00+02", None),
    ("2026-09-04 01:30:00 +0200", None),
    ("2026-09-04 01:30:00+00", date(2026, 9, 4)),
    ("2026-02-31", None),
    ("yesterday", None),
]


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
def test_texts_of_days(engine: str) -> None:
    # Gemini 3.1 Pro has a long-context price until 2026-09-04, and none after: the id tells the day that was taken.
    table = pa.table(
        {
            "model": ["gpt-5-mini"] * len(TIMES),
            "date": [text for text, _ in TIMES],
            "fresh_input": [1] * len(TIMES),
            "output": [1] * len(TIMES),
        }
    )
    found = listed(frames.price(native_of(engine, table), cached_input=None, cache_write=None))
    reasons = [row["cost_reason"] for row in found]
    assert reasons == [None] * 3 + ["a time with an offset"] * 3 + [None] + ["no day"] * 2


def native_of(engine: str, table: Any) -> Any:
    """An Arrow table as a frame of an engine."""
    if engine == "polars":
        return pl.from_arrow(table)
    if engine == "pandas":
        return table.to_pandas()
    return table if engine == "pyarrow" else in_duckdb(table)


CONNECTIONS: list[Any] = []
"""Kept open: before DuckDB 1.5 a relation does not do so."""


def in_duckdb(table: Any) -> Any:
    connection = duckdb.connect()
    CONNECTIONS.append(connection)
    connection.register("usage", table)
    # Relations have no order: a number keeps it for the comparison.
    return connection.sql("SELECT *, row_number() OVER () AS place FROM usage")


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
@pytest.mark.parametrize("form", ["naive", "zoned", "seconds"])
def test_days_are_those_of_utc(engine: str, form: str) -> None:
    """A price that ends on 2026-09-10, at five to midnight and five past, seen from another time zone."""
    before = datetime(2026, 9, 9, 23, 55, tzinfo=UTC)
    instants = [before, before + timedelta(minutes=10)]
    if form == "seconds":
        column = pa.array([int(each.timestamp()) for each in instants])
    elif form == "zoned":
        column = pa.array(
            [each.astimezone(timezone(timedelta(hours=-5))) for each in instants],
            pa.timestamp("us", "America/New_York"),
        )
    else:
        column = pa.array([each.replace(tzinfo=None) for each in instants])
    table = pa.table({"model": ["mai-code-1-flash"] * 2, "at": column, "fresh_input": [1, 1], "output": [1, 1]})
    found = listed(frames.price(native_of(engine, table), on="at", cached_input=None, cache_write=None))
    assert [row["cost_reason"] for row in found] == [None, "no price on this day"]


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
@pytest.mark.parametrize("kind", ["int64", "double"])
def test_seconds_and_what_is_none(engine: str, kind: str) -> None:
    at = pa.array([1_785_600_000_000, 1_785_600_000, None, -5], kind)  # milliseconds are no seconds
    table = pa.table({"model": ["gpt-5-mini"] * 4, "at": at, "fresh_input": [1] * 4, "output": [1] * 4})
    found = listed(frames.price(native_of(engine, table), on="at", cached_input=None, cache_write=None))
    assert [row["cost_reason"] for row in found] == ["no day", None, "no day", "no day"]


def test_one_day_for_all_rows() -> None:
    frame = pl.DataFrame({"model": ["gpt-5-mini"], "fresh_input": [1_000_000], "output": [0]})
    found = frames.price(frame, on=date(2026, 8, 1), cached_input=None, cache_write=None)
    assert found["cost_nano_aiu"].item() == 25 * 10**9


def test_whole_numbers_as_floats_and_others() -> None:
    frame = pd.DataFrame(
        {"model": ["gpt-5-mini"] * 3, "date": ["2026-08-01"] * 3, "fresh_input": [1.0, 1.5, None], "output": [1, 1, 1]}
    )
    found = listed(frames.price(frame, cached_input=None, cache_write=None))
    assert [row["cost_reason"] for row in found] == [None, "not a count of tokens", "tokens missing"]


def test_dates_as_python_objects_in_pandas() -> None:
    frame = as_pandas([ONE, ONE]).assign(date=pd.Series([date(2026, 8, 1), None], dtype=object))
    assert [row["cost_reason"] for row in listed(frames.price(frame))] == [None, "no day"]


def test_the_index_and_the_order_of_pandas_stay() -> None:
    rows = [(name, *ONE[1:]) for name in ("gpt-5.4", "gpt-99", "gpt-5-mini", "gpt-5.4")]
    frame = as_pandas(rows).set_index(pd.Index([7, 3, 3, 1], name="n"))
    found = frames.price(frame)
    assert list(found.index) == [7, 3, 3, 1]
    assert found.index.name == "n"
    assert list(found["model"]) == list(frame["model"])
    assert list(found.columns) == [*NAMES, *frames.ADDED]


def test_columns_of_routes_and_service_tiers() -> None:
    frame = pl.DataFrame(
        {
            "model": ["gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", "gpt-5.4-mini", "gpt-5.4-mini"],
            "date": [date(2026, 10, 20)] * 4, "fresh_input": [1_000_000] * 4, "output": [0] * 4,
            "way": ["copilot", "api", "api", "elsewhere"], "class": ["standard", "standard", "batch", "standard"],
        }
    )  # fmt: skip
    found = frames.price(frame, cached_input=None, cache_write=None, route="way", service_tier="class")
    assert found["rate_id"].to_list()[0].startswith("copilot/")
    assert found["cost_nano_aiu"].to_list()[1:3] == [75_000_000_000, 37_500_000_000]
    assert found["cost_reason"].to_list() == [None, None, None, "unknown model"]


class TestPresets:
    def test_opentelemetry_is_inclusive(self) -> None:
        names = (
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
        )
        cells = {
            "gen_ai.response.model": ["claude-sonnet-4.6"] * 2,
            "start_time": ["2026-08-01T10:00:00Z"] * 2,
            "gen_ai.usage.output_tokens": [210, 1],
        }
        frame = pl.DataFrame({**cells, **dict(zip(names, ([45_882, 5], [45_150, 9], [731, 0]), strict=True))})
        found = frames.price(frame, preset="opentelemetry")
        assert found["cost_nano_aiu"].to_list() == [1_943_925_000, None]
        assert found["cost_reason"].to_list() == [None, "cached tokens above the input"]

    def test_github_report(self) -> None:
        cells = {
            "date": "2026-08-01",
            "model": "Auto: Claude Haiku 4.5",
            "input": 198,
            "output": 8209,
            "cache_read": 223257,
            "cache_write": 30122,
        }
        found = frames.price(pl.DataFrame([cells]), preset="github-report", add=["credits"])
        assert found["credits"].item() == Decimal("9.109908")

    def test_openai_export(self) -> None:
        at = int(datetime(2026, 10, 20, tzinfo=UTC).timestamp())
        cells = {
            "start_time": at,
            "model": "gpt-5.4-mini-2026-03-17",
            "input_tokens": 2_000_000,
            "input_cached_tokens": 1_000_000,
            "output_tokens": 0,
            "num_model_requests": 100,
        }
        frame = pl.DataFrame([{**cells, "batch": False}, {**cells, "batch": True}])
        assert frames.price(frame, preset="openai-export")["cost_nano_aiu"].to_list() == [
            82_500_000_000,
            41_250_000_000,
        ]

    def test_its_own_form(self) -> None:
        frame = pl.DataFrame(
            {
                "time": ["2026-08-01T10:00:00Z"],
                "model": ["gpt-5-mini"],
                "fresh_input": [1_000_000],
                "cached_input": [None],
                "output": [0],
            },
            schema_overrides={"cached_input": pl.Int64},
        )
        assert frames.price(frame, preset="costcalc")["cost_nano_aiu"].item() == 25 * 10**9


def test_sums_by_group() -> None:
    rows = [ONE, ONE, ("gpt-99", *ONE[1:]), ("gpt-5.4", *ONE[1:])]
    single = ruled(ONE, "copilot")["cost_nano_aiu"]
    for engine, make in ENGINES.items():
        found = {row["model"]: row for row in listed(frames.summarize(make(rows), "model"))}
        assert (found["gpt-5-mini"]["rows"], found["gpt-5-mini"]["cost_nano_aiu"]) == (2, 2 * single), engine
        assert found["gpt-5-mini"]["output"] == 200
        assert (found["gpt-99"]["unpriced_rows"], found["gpt-5-mini"]["unpriced_rows"]) == (1, 0)
    huge = [("claude-opus-5", ONE[1], 10**12, 0, 0, 10**10, 1)] * 20
    assert listed(frames.summarize(as_polars(huge), ["model"]))[0]["cost_nano_aiu"] is None
    with pytest.raises(InputError, match="no column 'team'"):
        frames.summarize(as_polars(rows), "team")
    for keys in ([], ["model", "model"], "rows"):
        with pytest.raises(InputError, match="by must name columns"):
            frames.summarize(as_polars(rows), keys)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_bill_of_an_account(engine: str) -> None:
    account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("ana",)),))
    rows = [("claude-sonnet-4.6", date(2026, 10, 1 + day), 0, 0, 10**6, 0, 1) for day in range(6)] + [
        ("gpt-99", date(2026, 10, 2), 1, 1, 1, 1, 1)
    ]
    found = frames.bill(ENGINES[engine](rows), account, user="model")
    # 375 credits a row: five fit into the 1,900 of the seat, the sixth does in part.
    assert (found.included_used_credits, found.metered_credits) == (1_900, 6 * 375 - 1_900)
    assert found.exhausted_at == datetime(2026, 10, 6, tzinfo=UTC)
    assert "unpriced" in {notice.code for notice in found.notices}
    with pytest.raises(InputError, match="no column 'login' \\(user\\)"):
        frames.bill(ENGINES[engine](rows), account, user="login")
    with pytest.raises(InputError, match="not of texts"):
        frames.bill(ENGINES[engine](rows), account, user="output")


def test_times_of_every_form_are_billed() -> None:
    account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("ana",)),))
    at = datetime(2026, 10, 5, 9, tzinfo=UTC)
    for cell in (at, at.isoformat(), int(at.timestamp()), at.date()):
        frame = pl.DataFrame(
            {"user": ["ana"], "model": ["claude-sonnet-4.6"], "date": [cell], "fresh_input": [10**7], "output": [0]}
        )
        found = frames.bill(frame, account, cached_input=None, cache_write=None)
        assert found.metered_credits == 3_000 - 1_900
        assert found.exhausted_at is not None
        assert found.exhausted_at.date() == at.date()


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        (lambda: [1, 2], {}, "a list is no data frame"),
        (lambda: as_polars([ONE]).drop("model"), {}, "no column 'model'"),
        (lambda: as_polars([ONE]).drop("cache_write"), {}, "cache_write=None if there is none"),
        (lambda: as_polars([ONE]).with_columns(output=pl.lit("x")), {}, "of type String, not of numbers"),
        (lambda: as_polars([ONE]).with_columns(model=pl.lit(1)), {}, "not of texts"),
        (lambda: as_polars([ONE]).with_columns(date=pl.lit(True)), {}, "not of dates, times"),
        (lambda: as_polars([ONE]).with_columns(tier=pl.lit("x")), {}, "has a column tier already"),
        (lambda: as_polars([ONE]), {"preset": "sap"}, "unknown preset 'sap'"),
        (lambda: as_polars([ONE]), {"add": ["eur"]}, "unknown amount to add 'eur'"),
        (lambda: as_polars([ONE]), {"route": "road"}, "unknown route 'road'"),
        (lambda: as_polars([ONE]), {"basis": "gossip"}, "gossip"),
        (lambda: as_polars([ONE]), {"requests": "calls"}, "no column 'calls' \\(requests\\)"),
    ],
)
def test_bad_input_is_one_clear_line(frame: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message) as caught:
        frames.price(frame(), **arguments)
    assert "\n" not in str(caught.value)


def test_lazy_stays_lazy() -> None:
    def fails(_: Any) -> Any:
        raise AssertionError("collected")

    frame = as_polars([ONE]).lazy().map_batches(fails, schema=as_polars([ONE]).schema)
    assert isinstance(frames.price(frame), pl.LazyFrame)
    json.dumps(str(frames.price(as_duckdb([ONE])).columns))


def test_a_partitioned_dataset_on_a_spark_cluster(tmp_path: Path) -> None:
    """Two worker processes price Parquet files by day; every row is that of DuckDB, Polars, pandas and the rule."""
    sql = pytest.importorskip("pyspark.sql", reason="needs PySpark")
    needs_java()
    rng = random.Random(7)
    known = sorted({name for model in BOOK.models.values() for name in model.names})
    rows = [
        (
            rng.choice([*known, "gpt-99", "Auto: GPT-5 mini"]), date(2026, 6, 1) + timedelta(days=rng.randrange(200)),
            rng.randrange(400_000), rng.choice([None, rng.randrange(10**6)]), rng.randrange(10**5), rng.randrange(10**5), rng.randrange(4),
        )
        for _ in range(3_000)
    ]  # fmt: skip
    frame = as_polars(rows).with_row_index("place").with_columns(part=pl.col("date").dt.month())
    for (month,), part in frame.partition_by("part", as_dict=True).items():
        folder = tmp_path / f"usage/part={month}"
        folder.mkdir(parents=True)
        part.drop("part").write_parquet(folder / "0.parquet")
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    spark = (
        sql.SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "America/New_York")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    try:
        priced = frames.price(spark.read.parquet(str(tmp_path / "usage")), requests="requests", add=["credits"])
        found = sorted((row.asDict() for row in priced.collect()), key=lambda row: row["place"])
        assert len(found) == len(rows)
        for got, row in zip(found, rows, strict=True):
            expected = ruled(row, "copilot")
            assert {name: got[name] for name in expected} == expected, row
            assert got["credits"] is None or got["credits"] * 10**9 == got["cost_nano_aiu"]
        columns = ["cost_nano_aiu", "rate_id", "rate_status", "tier", "cost_reason"]
        spark_rows = [[got[name] for name in columns] for got in found]
        for make in ENGINES.values():
            assert [
                [got[name] for name in columns] for got in listed(frames.price(make(rows), requests="requests"))
            ] == spark_rows
        usage = spark.read.parquet(str(tmp_path / "usage"))
        sums = {
            row["model"]: row["cost_nano_aiu"]
            for row in frames.summarize(usage, "model", requests="requests").collect()
        }
        in_polars = listed(frames.summarize(as_polars(rows), "model", requests="requests"))
        assert sums == {row["model"]: row["cost_nano_aiu"] for row in in_polars}
    finally:
        spark.stop()


@pytest.mark.parametrize("empty", ["polars", "lazy", "pandas"])
def test_a_column_of_nothing_is_as_if_it_were_not_told(empty: str) -> None:
    rows = {"model": ["gpt-5-mini"], "date": ["2026-08-01"], "fresh_input": [1_000_000], "output": [0]}
    rows |= {"cached_input": [None], "cache_write": [None]}
    frame = pd.DataFrame(rows) if empty == "pandas" else pl.DataFrame(rows)
    (row,) = listed(frames.price(frame.lazy() if empty == "lazy" else frame))
    assert row["cost_nano_aiu"] == 25 * 10**9
    assert row["cached_input"] is None
