"""Usage as CSV: the fast way reads what the careful way reads, or nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import Account, Budget, InputError, Seats, UsageRecord, bill, read_usage_csv
from costcalc.billing.usage import UsageColumns, instant, microseconds
from costcalc.readers import plain_csv, plain_report, usage_csv
from tests import logs
from tests.logs import Call

ACCOUNT = Account(kind="enterprise", month="2026-10", seats=(Seats(plan="business", count=3),))

plain_cells = st.fixed_dictionaries(
    {
        "time": st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 31, 23, 59, 59)).map(
            lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
        ),
        "user": st.sampled_from(["ana", " bo ", "cy d.", "日本", "x" * 50]),
        "credits": st.decimals(0, 10**6, places=9).map(lambda amount: f"{amount:f}") | st.integers(0, 999).map(str),
        "organization": st.sampled_from(["", "acme"]),
        "cost_center": st.sampled_from(["", "platform", " "]),
    }
)
odd_cells = st.fixed_dictionaries(
    {
        "time": st.sampled_from(
            [
                "2026-10-05", "2026-10-05 09:30", "2026-10-05T09:30:00+02:00", "2026-10-05T09:30:00.123456Z",
                "2026-10-5T09:30:00Z", "2026-10-05T09:30:60Z", "2026-10-05T24:00:00Z", "2026-10-32T00:00:00Z",
                "2026-09-30T23:59:59Z", "2026-11-01T00:00:00Z", "+026-10-05T09:30:00Z", "", "x",
            ]
        ),
        "user": st.sampled_from(["ana", "", " ", '"ana, b"', '"', "a\x1fb"]),
        "credits": st.sampled_from(["1", "", "-1", "nan", "1e3", "1.0000000001", ".5", "5.", "9" * 12, "+1", "٣", "1_0"]),
        "organization": st.sampled_from(["", "acme"]),
        "cost_center": st.sampled_from(["", "platform"]),
    }
)  # fmt: skip


@pytest.fixture(autouse=True)
def _small_files_too(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("polars", reason="the fast way needs polars")
    monkeypatch.setattr(plain_csv, "MIN_BYTES", 0)
    yield  # noqa: PT022


def careful(path: Path) -> UsageColumns | str:
    """What the careful way reads, or its complaint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage_csv, "read_plain", lambda *_: None)
        try:
            return read_usage_csv(path, ACCOUNT)
        except InputError as error:
            return str(error)


def records(columns: UsageColumns) -> list[tuple[int, object, int]]:
    actors = [columns.actors[code] for code in columns.actor]
    return list(zip(columns.time_us, actors, columns.nano_aiu, strict=True))


@given(data=st.data(), plain=st.lists(plain_cells, min_size=1, max_size=8), odd=st.lists(odd_cells, max_size=2))
def test_the_fast_way_reads_what_the_careful_way_reads_or_nothing(
    data: st.DataObject,
    plain: list[dict[str, str]],
    odd: list[dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = data.draw(
        st.permutations(
            ["time", "user", "credits", *data.draw(st.sets(st.sampled_from(["organization", "cost_center"])))]
        )
    )
    rows = data.draw(st.permutations([*plain, *odd]))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
    lines = [*lines, *data.draw(st.sampled_from([[], [""], ["2026-10-05T09:30:00Z,ana"], ["a,b,c,d,e,f"]]))]
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    mark = data.draw(st.sampled_from(["", "\ufeff"]))
    path.write_text(mark + end.join(lines) + data.draw(st.sampled_from(["", end])), encoding="utf-8", newline="")
    expected = careful(path)
    found = plain_csv.read_plain(str(path), ACCOUNT)
    if found is not None:
        assert isinstance(expected, UsageColumns), expected
        assert records(found) == records(expected)
        assert bill(found, ACCOUNT).to_dict() == bill(expected, ACCOUNT).to_dict()


@given(plain=st.lists(plain_cells, min_size=1, max_size=20))
def test_plain_rows_are_read_the_fast_way(
    plain: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    lines = ["time,user,credits", *(f"{row['time']},{row['user']},{row['credits']}" for row in plain)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = plain_csv.read_plain(str(path), ACCOUNT)
    assert found is not None
    expected = careful(path)
    assert isinstance(expected, UsageColumns)
    assert records(found) == records(expected)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
def test_times_round_trip(at: datetime) -> None:
    assert instant(microseconds(at)) == at.replace(tzinfo=UTC)


def test_a_large_file_is_billed_as_its_records_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    with path.open("w") as file:
        file.write("time,user,credits\n")
        for number in range(30_000):
            day, hour, minute = number % 31 + 1, number % 24, number % 60
            file.write(
                f"2026-10-{day:02}T{hour:02}:{minute:02}:00Z,user{number % 700},{number % 97}.{number % 1000:03}\n"
            )
    fast = bill(read_usage_csv(path, ACCOUNT), ACCOUNT)
    expected = careful(path)
    assert isinstance(expected, UsageColumns)
    assert fast == bill(expected, ACCOUNT)
    asked = sum(Decimal(f"{number % 97}.{number % 1000:03}") for number in range(30_000))
    assert fast.included_used_credits + fast.metered_credits == asked


@pytest.mark.parametrize(("cell", "message"), [("x", "'x' is not"), ("-1", "'-1' is not"), ("1.5", "'1.5' is not")])
def test_a_bad_count_is_refused_beside_credits_too(tmp_path: Path, cell: str, message: str) -> None:
    path = tmp_path / "usage.csv"
    rows = "2026-10-01T00:00:00Z,ana,1,5\n2026-10-02T00:00:00Z,ana,1,"
    path.write_text(f"time,user,credits,output\n{rows}\n")
    assert len(read_usage_csv(path, ACCOUNT)) == 2
    path.write_text(f"time,user,credits,output\n{rows}{cell}\n")
    with pytest.raises(InputError, match=f"usage.csv:3: output {message} a whole number of tokens"):
        read_usage_csv(path, ACCOUNT)


CALL = Call("GPT-5 mini", 12_000, 48_000, 0, 1_000)


def row(day: int = 5, user: str = "ana", credits: str = "1.5", **cells: str) -> dict[str, str]:
    """A row of GitHub's report in October 2026."""
    return logs.report_row(CALL, credits, date=f"2026-10-{day:02}", username=user, **cells)


def written(folder: Path, *rows: dict[str, str], quoted: bool = False) -> Path:
    """GitHub's report of some rows."""
    path = folder / "report.csv"
    path.write_text("\ufeff" + logs.report(rows, quoted=quoted, end="\r\n"), encoding="utf-8", newline="")
    return path


ENTITY = Account(
    kind="enterprise",
    month="2026-10",
    seats=(Seats(plan="business", users=("ana", "bo"), organization="acme", cost_center="platform"),),
    budgets=(Budget(scope="user", name="ana", usd=20), Budget(scope="enterprise", usd=25, stop=True)),
)

report_rows = st.builds(
    row,
    st.integers(1, 31),
    st.sampled_from(["ana", "Bo", "zoe"]),
    st.integers(1, 3_000 * 10**9).map(lambda nano_aiu: f"{Decimal(nano_aiu).scaleb(-9):f}"),
    organization=st.sampled_from(["", "acme"]),
    cost_center_name=st.sampled_from(["", "platform", "other"]),
    repository=st.sampled_from(["", "app"]),
)


@pytest.mark.parametrize("fast", [True, False])
@given(rows=st.lists(report_rows, min_size=1, max_size=8), quoted=st.booleans())
def test_the_bill_of_a_report_is_that_of_its_credits_by_day(
    tmp_path_factory: pytest.TempPathFactory, *, fast: bool, rows: list[dict[str, str]], quoted: bool
) -> None:
    path = written(tmp_path_factory.mktemp("usage"), *rows, quoted=quoted)
    expected = [
        UsageRecord(
            datetime.fromisoformat(each["date"]),
            each["username"],
            Decimal(each["quantity"]),
            each["organization"] or None,
            each["cost_center_name"] or None,
        )
        for each in rows
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_report, "MIN_BYTES", 0 if fast else 10**9)
        found = bill(read_usage_csv(path, ENTITY), ENTITY)
    by_record = bill(expected, ENTITY)
    for name in ("by_user", "by_organization", "by_cost_center", "total_usd", "blocked_credits", "metered_credits"):
        assert getattr(found, name) == getattr(by_record, name)
    assert [notice.code for notice in found.notices].count("days_without_times") == 1


def test_a_report_is_billed_for_the_month_of_the_account(tmp_path: Path) -> None:
    september = logs.report_row(CALL, "7", date="2026-09-30", username="ana")
    path = written(
        tmp_path, september, row(credits="3"), row(1, "", "2"), row(sku="actions_linux", unit_type="minutes")
    )
    columns = read_usage_csv(path, ENTITY)
    assert records(columns) == [
        (microseconds(datetime(2026, 10, 5)), ("ana", "ORG", "COSTCENTER"), 3 * 10**9),
        (microseconds(datetime(2026, 10, 1)), ("(none)", "ORG", "COSTCENTER"), 2 * 10**9),
    ]
    assert {notice.code: notice.message for notice in columns.notices if notice.code != "days_without_times"} == {
        "other_months": "left out: 1 row of other months (2026-09-30 to 2026-09-30)",
        "use_without_user": "billed as (none): 1 row without a user",
        "other_products": "left out: 1 row of other products than AI credits",
    }
    with pytest.raises(
        InputError, match=r"report.csv: its use is of 2026-09-30.*, the account's month is 2026-10; change"
    ):
        read_usage_csv(written(tmp_path, september), ENTITY)
    assert len(read_usage_csv(written(tmp_path), ENTITY)) == 0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(credits="x"), "quantity is not a number"),
        (row(credits="-1"), "quantity is not a number from 0"),
        ({**row(), "date": "October"}, "date is not a day"),
        (row(input="many"), "input is not a count of tokens"),
    ],
)
def test_a_report_is_not_billed_in_part(tmp_path: Path, bad: dict[str, str], message: str) -> None:
    path = written(tmp_path, row(), row(), bad, row())
    with pytest.raises(
        InputError, match=rf"report.csv:4: {message}.*; mend the row or take it out; nothing is billed in part"
    ):
        read_usage_csv(path, ENTITY)
