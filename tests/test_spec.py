"""The AI Credits Specification, clause by clause (docs/spec.md), with the compliance tests of its section 8."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from costcalc import InputError, PriceBook, Rate, TokenUsage, UnknownNameError, usage
from costcalc.units import credits_of_usd, usd_of_credits
from tests.conftest import Run

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
HEADER = '[sources.example]\ntitle = "t"\naddress = "a"\nread = 2026-11-01\nstatus = "published"\n'


def rate_of(tmp_path: Path, prices: str) -> Rate:
    row = f'{{ route = "api", source = "example", from = 2026-06-01, {prices} }}'
    (tmp_path / "own.toml").write_text(
        f'{HEADER}[models.example]\nname = "Example"\nprovider = "openai"\nrates = [ {row} ]\n'
    )
    return PriceBook.load(tmp_path / "own.toml").rate("example", route="api", on=date(2026, 11, 1))


def test_t_aic_001_a_credit_is_a_cent() -> None:
    assert usd_of_credits(Decimal(1)) == Decimal("0.01")
    assert credits_of_usd(Decimal("0.0054825")) == Decimal("0.54825")


def test_t_aic_002_the_worked_example_with_all_token_classes(tmp_path: Path) -> None:
    """Its appendix A: 1,000 input of which 400 were read from cache, 50 written, 200 output and 25 of reasoning."""
    rate = rate_of(tmp_path, "fresh_input = 3, cached_input = 0.3, cache_write = 3.75, output = 15")
    cost = rate.cost(TokenUsage(fresh_input=1000 - 400, cached_input=400, cache_write=50, output=200 + 25))
    assert (cost.usd, cost.credits) == (Decimal("0.0054825"), Decimal("0.54825"))
    assert [line.usd for line in cost.by_kind] == [
        Decimal(text) for text in ("0.0018", "0.00012", "0.0001875", "0.003375")
    ]
    assert cost.notices == ()


def test_t_aic_003_cached_tokens_are_never_charged_twice(tmp_path: Path) -> None:
    rate = rate_of(tmp_path, "fresh_input = 3, cached_input = 0.3, cache_write = 3.75, output = 15")
    included = TokenUsage.from_inclusive(1050, cached_input=400, cache_write=50, output=225)
    assert rate.cost(included).credits == Decimal("0.54825")
    with pytest.raises(InputError, match="more than the 449 prompt_tokens"):
        TokenUsage.from_inclusive(449, cached_input=400, cache_write=50, output=0)


def test_t_aic_004_prices_that_are_left_out_fall_back(tmp_path: Path) -> None:
    rate = rate_of(tmp_path, "fresh_input = 3, output = 15")
    cost = rate.cost(TokenUsage(cached_input=1_000_000, cache_write=1_000_000))
    assert [line.usd for line in cost.by_kind] == [0, 3, 3, 0]
    assert [notice.code for notice in cost.notices] == ["cached_price_missing", "cache_write_as_input"]


@pytest.mark.parametrize("prices", ["fresh_input = 3", "output = 15", 'fresh_input = "3", output = 15'])
def test_t_aic_005_a_price_without_input_or_output_is_refused(tmp_path: Path, prices: str) -> None:
    with pytest.raises(InputError, match=r"own\.toml:\d+: "):
        rate_of(tmp_path, prices)


@pytest.mark.parametrize("provider", ["github", "github_models", "github-copilot", "Copilot"])
def test_t_aic_006_names_are_normalised_and_never_guessed(provider: str) -> None:
    book = PriceBook.load()
    assert book.rate("  GPT-5-Mini ", route="copilot", on=date(2026, 8, 1)).model == "gpt-5-mini"
    with pytest.raises(UnknownNameError, match="unknown route"):
        book.rate("gpt-5-mini", route=provider, on=date(2026, 8, 1))


def test_t_aic_008_outputs_of_cost_show_credits(costcalc: Run) -> None:
    _, out, _ = costcalc("price", "gpt-5-mini", "--on", "2026-08-01", "--output", "1000", "--format", "json")
    price = json.loads(out)
    assert Decimal(price["credits"]) == Decimal(price["usd"]) * 100
    _, out, _ = costcalc("estimate", "--model", "gpt-5-mini", "--on", "2026-08-01", "--format", "json")
    assert Decimal(json.loads(out)["month"]["credits"]) > 0


def test_a_price_older_than_seven_days_says_its_date_and_age() -> None:
    rate = PriceBook.load().rate("gpt-5-mini", on=date(2026, 9, 30))

    def told(on: date) -> list[str]:
        return [each.message for each in PriceBook.load().notices(rate, on) if each.code == "price_stale"]

    assert told(date(2026, 9, 30)) == []
    (message,) = told(date(2026, 10, 1))
    assert message == "github-docs was read 2026-09-23, 8 days before 2026-10-01; check that the price still holds"


def test_a_reported_cost_is_preferred(tmp_path: Path) -> None:
    header = "time,model,fresh_input,cached_input,cache_write,output,reported_nano_aiu"
    (tmp_path / "log.csv").write_text(f"{header}\n2026-08-01T00:00:00Z,gpt-5-mini,1000,0,0,10,7\n")
    report = usage(tmp_path / "log.csv")
    assert report.credits == Decimal("0.000000007")
    assert report.to_dict()["totals"]["credits_computed"] == "0.027"


def test_the_references_of_section_6_are_given() -> None:
    for path in (
        "concepts/about-github-copilot-models",
        "reference/copilot-billing/models-and-pricing",
        "about-github-copilot/subscription-plans-for-github-copilot",
    ):
        assert f"<https://docs.github.com/en/copilot/{path}>" in PAGE


def test_every_clause_of_the_page_names_a_test_that_exists() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        file, *names = row.split("|")[-2].strip().strip("`").split("::")
        code = (ROOT / file).read_text(encoding="utf-8")
        for name in names:
            kind = "class" if name.startswith("Test") else "def"
            assert re.search(rf"^ *{kind} {name}\b", code, re.MULTILINE), row


def test_every_compliance_test_of_the_specification_has_its_row() -> None:
    assert {f"T-AIC-{number:03}" for number in range(1, 9)} <= set(re.findall(r"T-AIC-\d{3}", PAGE))
