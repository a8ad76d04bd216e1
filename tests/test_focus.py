"""FOCUS charges: they add up to what they are charges of, and hold to the rules of FOCUS 1.2 on any input.

CI also runs the public validator over the files that this test writes for it (COSTCALC_FOCUS_FILES is the folder).
"""

import csv
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import (
    FOCUS_KEYS,
    Account,
    FocusCharges,
    InputError,
    Seats,
    SessionProfile,
    UnknownNameError,
    UsageRecord,
    bill,
    estimate,
    read_usage_csv,
    to_focus,
    usage,
)
from tests.conftest import Run
from tests.strategies import accounts, profiles, usage_records

EXAMPLES = Path(__file__).parents[1] / "examples"
GOLDEN = Path(__file__).parent / "golden"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
LOG = """\
time,model,route,fresh_input,cached_input,cache_write,output,requests,reported_nano_aiu,user
2026-10-05T09:30:00Z,gpt-5.4-mini,api,1000,2000,0,300,1,,=ana
2026-10-05T10:30:00Z,gpt-5.4-mini,api,7,,,1,1,123456789,=ana
2026-10-06T00:00:00Z,gpt-5-mini,copilot,1000,2000,0,300,1,,bo
2026-10-06T00:00:00Z,gpt-5-mini,copilot,1000,2000,0,300,1,5,bo
2026-10-06T00:00:00Z,nobody-knows,copilot,1000,2000,0,300,1,,bo
,gpt-5-mini,copilot,1000,2000,0,300,1,5,bo
"""


def total(charges: FocusCharges, column: str, **where: object) -> Fraction:
    chosen = [each for each in charges.charges if all(each[name] == value for name, value in where.items())]
    return sum((Fraction(each[column]) for each in chosen), Fraction(0))


def assert_keeps_the_rules(charges: FocusCharges) -> None:
    parents: dict[str, set[str]] = defaultdict(set)
    for each in charges.charges:
        assert list(each) == list(charges.charges[0])
        assert each["ChargeCategory"] in ("Usage", "Purchase")
        assert each["ChargeFrequency"] == ("Recurring" if each["ChargeCategory"] == "Purchase" else "Usage-Based")
        assert (each["ConsumedQuantity"] is None) == (each["ChargeCategory"] == "Purchase")
        assert (each["ConsumedUnit"] is None) == (each["ConsumedQuantity"] is None)
        for name, value in each.items():
            assert value is None or isinstance(value, str | int | Decimal), name
            assert value != "", name
            assert not isinstance(value, Decimal) or value >= 0, name
        for name in COSTS:
            assert isinstance(each[name], Decimal)
        for cost, price in (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")):
            assert Fraction(each[price]) * Fraction(each["PricingQuantity"]) == Fraction(each[cost])
        assert each["BilledCost"] in (0, each["ListCost"])
        if each["ChargeCategory"] == "Purchase":
            assert each["EffectiveCost"] == 0  # it covers what the rows after it use
        assert each["PricingCurrency"] == ("AIC" if each["PricingUnit"] == "AI Credits" else "USD")
        worth = 100 if each["PricingCurrency"] == "AIC" else 1
        assert Fraction(each["PricingCurrencyEffectiveCost"]) == Fraction(each["EffectiveCost"]) * worth
        assert Fraction(each["PricingCurrencyListUnitPrice"]) == Fraction(each["ListUnitPrice"]) * worth
        starts = [each[name] for name in ("BillingPeriodStart", "ChargePeriodStart")]
        ends = [each[name] for name in ("ChargePeriodEnd", "BillingPeriodEnd")]
        assert all(INSTANT.fullmatch(instant) for instant in (*starts, *ends))
        assert starts == sorted(starts)
        assert ends == sorted(ends)
        assert each["ChargePeriodStart"] < each["ChargePeriodEnd"]
        details = json.loads(each["SkuPriceDetails"] or "{}")
        assert all(name.startswith("x_") and isinstance(value, str) for name, value in details.items())
        parents[each["SkuPriceId"]].add(each["SkuId"])
    assert {len(found) for found in parents.values()} <= {1}
    assert total(charges, "BilledCost") == total(charges, "EffectiveCost") == Fraction(charges.billed_usd)


@given(st.data())
def test_the_charges_of_any_bill_add_up_to_it_in_whole_and_for_each_who_takes_part(data: st.DataObject) -> None:
    account = data.draw(accounts())
    result = bill(data.draw(usage_records()), account)
    charges = to_focus(result)
    assert_keeps_the_rules(charges)
    assert charges.billed_usd == result.total_usd
    assert total(charges, "BilledCost", ChargeCategory="Purchase") == Fraction(result.seat_usd)
    for coverage, credits in (("included", result.included_used_credits), ("metered", result.metered_credits)):
        assert total(charges, "ConsumedQuantity", x_Coverage=coverage) == Fraction(credits)
    for column, shares in (("x_User", result.by_user), ("x_CostCenter", result.by_cost_center)):
        for share in shares:
            assert total(charges, "BilledCost", **{column: share.name}) == Fraction(share.total_usd)
    assert {each["BillingPeriodStart"] for each in charges.charges} <= {f"{account.month}-01T00:00:00Z"}


@given(
    profiles(),
    st.sampled_from(["pro", "business", None]),
    st.sampled_from(["claude-haiku-4.5", "gpt-5-mini"]),
    st.integers(1, 50),
)
def test_the_charges_of_any_estimate_add_up_to_it(profile: Any, plan: str | None, model: str, people: int) -> None:
    month = estimate(profile, model, plan=plan, on=date(2026, 8, 15), developers=people)
    charges = to_focus(month)
    assert_keeps_the_rules(charges)
    assert charges.billed_usd == month.total_usd
    assert total(charges, "ConsumedQuantity", PricingUnit="AI Credits") == Fraction(month.credits)
    counted = month.to_dict()["month"]["tokens"]
    for column, kind in (("x_FreshInputTokens", "fresh_input"), ("x_OutputTokens", "output")):
        known = [each[column] for each in charges.charges if each[column] is not None]
        assert sum(known) == (counted[kind] if month.credits else 0)


@given(profiles())
def test_tokens_of_an_api_are_charged_by_kind_at_the_price_of_a_million(profile: Any) -> None:
    month = estimate(profile, "gpt-5.4-mini", "api", on=date(2026, 11, 1))
    charges = to_focus(month, billing_account="acme")
    assert_keeps_the_rules(charges)
    assert charges.billed_usd == month.total_usd
    prices = {line.kind: line.usd_per_mtok for line in month.by_kind}
    for each in charges.charges:
        assert each["ListUnitPrice"] == prices[each["SkuId"].rpartition("/")[2]]
        assert each["SkuPriceId"].startswith(month.rate.id)
        assert (each["PricingUnit"], each["ProviderName"], each["BillingAccountId"]) == (
            "1000000 Tokens",
            "OpenAI",
            "acme",
        )
        assert each["x_Status"] == "published"


def test_an_estimate_under_an_account_and_one_in_a_data_zone() -> None:
    account = Account.load(EXAMPLES / "account.toml")
    month = estimate("interactive_ide", "claude-haiku-4.5", account=account)
    charges = to_focus(month)
    assert_keeps_the_rules(charges)
    assert charges.billed_usd == month.total_usd
    assert total(charges, "BilledCost", ChargeCategory="Purchase") == Fraction(month.bill.seat_usd)
    zone = to_focus(estimate("interactive_ide", "gpt-5.4-mini", "api-azure-datazone", on=date(2026, 11, 1)))
    names = {(each["ProviderName"], each["PublisherName"], each["ServiceName"]) for each in zone.charges}
    assert names == {("Microsoft", "OpenAI", "Azure OpenAI")}


def test_a_month_whose_allowance_is_not_known_has_no_charges() -> None:
    with pytest.raises(InputError, match="the credits included in free are not known"):
        to_focus(estimate("interactive_ide", "gpt-5-mini", plan="free", on=date(2026, 8, 1)))


def test_a_seat_added_within_the_month_is_charged_from_that_day() -> None:
    seats = Seats(plan="business", count=3, added_on=date(2026, 10, 10), organization="acme")
    account = Account(kind="organization", month="2026-10", seats=(seats,))
    charges = to_focus(bill([], account))
    paid, in_use = charges.charges
    assert paid["ChargePeriodStart"] == in_use["ChargePeriodStart"] == "2026-10-10T00:00:00Z"
    assert (paid["PricingQuantity"], paid["BillingAccountId"], paid["SubAccountType"]) == (3, "acme", "Organization")
    assert json.loads(paid["SkuPriceDetails"])["x_DaysBilled"] == "22"
    assert (paid["BilledCost"], paid["EffectiveCost"]) == (in_use["EffectiveCost"], in_use["BilledCost"])


def charges_of_log(tmp_path: Path, **settings: Any) -> FocusCharges:
    (tmp_path / "log.csv").write_text(LOG)
    return to_focus(usage(tmp_path / "log.csv", by=FOCUS_KEYS, **settings))


def test_usage_is_charged_by_the_day_as_reported_or_at_its_rate(tmp_path: Path) -> None:
    charges = charges_of_log(tmp_path)
    assert_keeps_the_rules(charges)
    report = usage(tmp_path / "log.csv")
    assert report.credits is not None
    undated = Decimal("0.000000005")
    assert charges.billed_usd == (report.credits - undated) / 100
    assert {notice.code for notice in charges.notices} > {"focus_without_cost", "focus_without_day", "unpriced"}
    by_user = {each["x_User"] for each in charges.charges}
    assert by_user == {"=ana", "bo"}
    computed = [each for each in charges.charges if each["x_RateId"] is not None and each["x_Route"] == "api"]
    assert {(each["x_FreshInputTokens"], each["x_CachedInputTokens"], each["x_OutputTokens"]) for each in computed} == {
        (1000, None, None),
        (None, 2000, None),
        (None, None, 300),
    }
    (reported,) = [each for each in charges.charges if each["PricingUnit"] == "US Dollars"]
    assert (reported["BilledCost"], reported["x_Status"]) == (Decimal("0.00123456789"), "reported")
    assert {each["ChargePeriodStart"][:10] for each in charges.charges} == {"2026-10-05", "2026-10-06"}


def test_a_model_has_one_sku_whoever_states_its_cost(tmp_path: Path) -> None:
    header = "time,model,fresh_input,output,reported_nano_aiu"
    (tmp_path / "log.csv").write_text(f"{header}\n2026-10-06,GPT-5 mini,1000,1,\n2026-10-06,gpt-5-mini,1000,1,7\n")
    charges = to_focus(usage(tmp_path / "log.csv", by=FOCUS_KEYS))
    assert {each["SkuId"] for each in charges.charges} == {"copilot/gpt-5-mini"}
    assert {each["x_Status"] for each in charges.charges} == {"published", "reported"}


def test_a_report_grouped_otherwise_is_refused_and_the_finer_one_adds_up_to_it(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    coarse = usage(tmp_path / "log.csv", by=["user"])
    with pytest.raises(InputError, match=r"it lacks day, route, model, rate"):
        to_focus(coarse)
    fine = usage(tmp_path / "log.csv", by=[*FOCUS_KEYS])
    assert fine.grouped_by(["user"]).to_dict()["groups"] == coarse.to_dict()["groups"]
    with pytest.raises(UnknownNameError, match="session"):
        fine.grouped_by(["session"])


def read(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_is_written_whole_and_never_over_another(costcalc: Run, tmp_path: Path) -> None:
    arguments = ["bill", str(EXAMPLES / "usage.csv"), "--account", str(EXAMPLES / "account.toml")]
    code, out, err = costcalc(*arguments, "--focus", "focus.csv", "--billing-account", "acme-enterprise")
    assert (code, err) == (0, "costcalc: 12 charges of FOCUS 1.2 written to focus.csv\n")
    assert out == costcalc(*arguments)[1]
    rows = read(tmp_path / "focus.csv")
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("95.67741935484")
    assert {row["BillingAccountId"] for row in rows} == {"acme-enterprise"}
    written = (tmp_path / "focus.csv").read_text()
    if os.environ.get("COSTCALC_RECORD"):
        (GOLDEN / "focus-bill.csv").write_text(written, encoding="utf-8")
    assert written == (GOLDEN / "focus-bill.csv").read_text(encoding="utf-8")
    code, out, err = costcalc(*arguments, "--focus", "focus.csv")
    refusal = "costcalc: Invalid value for '--focus': focus.csv: is there already; give another name"
    assert (code, out, err) == (2, "", f"{refusal}; costcalc bill --help shows the usage\n")
    assert (tmp_path / "focus.csv").read_text() == written
    assert costcalc("usage", "no-such-log", "--focus", "focus.csv")[2].startswith(refusal)  # before anything is read
    assert costcalc(*arguments, "--billing-account", "x")[0] == 2
    assert costcalc(*arguments, "--focus", "other.csv", "--billing-account", " ")[0] == 2
    assert not (tmp_path / "other.csv").exists()


def test_usage_and_estimate_write_charges_too(costcalc: Run, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    code, out, err = costcalc("usage", "log.csv", "--by", "user", "--focus", "usage-focus.csv")
    assert code == 0
    assert out == costcalc("usage", "log.csv", "--by", "user")[1]
    assert "in no charge: 1 record of unknown cost" in err
    rows = read(tmp_path / "usage-focus.csv")
    assert {row["x_User"] for row in rows} == {"'=ana", "bo"}  # no spreadsheet takes it for a formula
    assert costcalc("usage", "log.csv", "--pseudonyms", "key", "--focus", "pseudonyms.csv")[0] == 0
    assert "ana" not in (tmp_path / "pseudonyms.csv").read_text()
    code, _, _ = costcalc("estimate", "--model", "gpt-5-mini", "--on", "2026-08-01", "--focus", "estimate-focus.csv")
    assert code == 0
    assert {row["x_Basis"] for row in read(tmp_path / "estimate-focus.csv")} == {"estimate"}


def test_a_month_without_charges_is_a_file_of_a_header(tmp_path: Path) -> None:
    month = estimate("interactive_ide", "gpt-5-mini", on=date(2026, 8, 1))
    full = to_focus(month)
    full.write(tmp_path / "full.csv")
    idle = SessionProfile.load("interactive_ide").changed(tasks_per_day=Decimal(0))
    to_focus(estimate(idle, "gpt-5-mini", on=date(2026, 8, 1))).write(tmp_path / "empty.csv")
    (header,) = (tmp_path / "empty.csv").read_text().splitlines()
    assert header == (tmp_path / "full.csv").read_text().splitlines()[0]
    assert header.split(",") == list(full.charges[0])


def test_the_machine_output_shows_the_same(tmp_path: Path) -> None:
    charges = charges_of_log(tmp_path)
    found = charges.to_dict()
    assert (found["kind"], found["focus_version"], found["basis"]) == ("focus", "1.2", "usage")
    assert [each["BilledCost"] for each in found["charges"]] == [f"{each['BilledCost']:f}" for each in charges.charges]
    assert str(charges).startswith("$")


def test_files_for_the_public_validator(tmp_path: Path) -> None:
    """What CI gives to it: every form of charge there is, in one file each."""
    folder = Path(os.environ.get("COSTCALC_FOCUS_FILES", tmp_path))
    account = Account.load(EXAMPLES / "account.toml")
    made = {
        "bill": to_focus(bill(read_usage_csv(EXAMPLES / "usage.csv", account), account)),
        "bill-of-seats": to_focus(bill([], account)),
        "bill-of-one": to_focus(
            bill(
                [UsageRecord(datetime(2026, 10, 1), "ana", 5)],
                Account(kind="individual", month="2026-10", seats=(Seats(plan="pro", users=("ana",)),)),
            )
        ),
        "usage": charges_of_log(tmp_path),
        "usage-report": to_focus(usage(EXAMPLES / "usage-report.csv", by=FOCUS_KEYS)),
        "estimate": to_focus(estimate("interactive_ide", "mai-code-1-flash", plan="pro", on=date(2026, 6, 15))),
        "estimate-account": to_focus(estimate("interactive_ide", "gpt-5-mini", account=account)),
        "estimate-api": to_focus(estimate("interactive_ide", "gpt-5.4-mini", "api", on=date(2026, 11, 1))),
    }
    for name, charges in made.items():
        assert_keeps_the_rules(charges)
        charges.write(folder / f"focus-{name}.csv", replace=True)
        assert len(read(folder / f"focus-{name}.csv")) == len(charges.charges) > 0
