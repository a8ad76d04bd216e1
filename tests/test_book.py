"""Which rate applies?"""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcalc import InputError, PriceBook, Rate, RateNotFoundError, TokenUsage, UnknownNameError, price
from costcalc.pricing.book import checked_day, today
from costcalc.pricing.rate import STATUSES
from costcalc.showing.display import text
from tests.recorded import assert_as_recorded
from tests.strategies import BOOK, days

AUGUST = date(2026, 8, 1)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-5.4-mini", "gpt-5.4-mini"),
        ("GPT-5.4 Mini", "gpt-5.4-mini"),
        ("  gpt-5.4   mini ", "gpt-5.4-mini"),
        ("Claude Opus 4.8 (fast mode)", "claude-opus-4.8-fast"),
        ("mai-code-1-flash-picker", "mai-code-1-flash"),
        ("MAI-CODE-1-FLASH-INTERNAL", "mai-code-1-flash"),
        ("mai-code-1-flash-4th", "mai-code-1.1-flash"),
    ],
)
def test_a_model_is_found_by_id_name_or_alias(name: str, model: str) -> None:
    assert BOOK.model(name).id == model


@pytest.mark.parametrize("name", ["mai-code-1-flash-5th", "gpt-5.4-min", "gpt", "", " ", "gpt-5.4-mini-2026"])
def test_a_model_is_never_found_by_prefix(name: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown model"):
        BOOK.model(name)


def test_what_is_no_text_is_no_model() -> None:
    for name in (None, 5, ["gpt-5.4"]):
        with pytest.raises(UnknownNameError, match="unknown model"):
            BOOK.model(name)  # type: ignore[arg-type]


def test_an_unknown_model_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="nearest: gpt-5.4-mini"):
        BOOK.rate("gpt-5.4-mni", on=AUGUST)


@given(st.text())
def test_any_text_is_a_model_or_an_error_of_one_line(name: str) -> None:
    try:
        BOOK.model(name)
    except UnknownNameError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


class TestWindows:
    def test_a_closed_window_names_the_last_day_and_the_successor(self) -> None:
        with pytest.raises(RateNotFoundError) as caught:
            BOOK.rate("mai-code-1-flash", on=date(2026, 10, 1))
        assert str(caught.value) == (
            "MAI-Code-1-Flash on route copilot left the table on 2026-09-10 (last day 2026-09-09); "
            "successor MAI-Code-1.1-Flash (mai-code-1.1-flash)"
        )

    def test_the_first_and_the_last_day_count(self) -> None:
        assert BOOK.rate("mai-code-1-flash", on=date(2026, 6, 2)).usd_per_mtok.output == Decimal("4.5")
        assert BOOK.rate("mai-code-1-flash", on=date(2026, 9, 9))
        with pytest.raises(RateNotFoundError, match="first known day is 2026-06-02"):
            BOOK.rate("mai-code-1-flash", on=date(2026, 6, 1))
        with pytest.raises(RateNotFoundError, match="left the table on 2026-09-10"):
            BOOK.rate("mai-code-1-flash", on=date(2026, 9, 10))

    @pytest.mark.parametrize(
        ("on", "price"),
        [("2026-08-19", 5), ("2026-08-20", "2.5"), ("2026-08-21", 2), ("2026-09-03", 2), ("2026-09-04", 4)],
    )
    def test_each_day_has_its_price(self, on: str, price: str | int) -> None:
        assert BOOK.rate("gpt-5.6-sol", on=date.fromisoformat(on)).usd_per_mtok.fresh_input == Decimal(price)

    def test_a_promotion_that_ended_says_so(self) -> None:
        with pytest.raises(RateNotFoundError, match="no known price from 2026-12-01, when its promotional price ends"):
            BOOK.rate("gemini-4-argon", on=date(2026, 12, 1))

    def test_an_unknown_first_day_is_told(self) -> None:
        rate = BOOK.rate("claude-haiku-5.5", on=date(2026, 10, 1))
        assert rate.effective_from is None
        assert rate.to_dict()["effective_from"] is None
        assert "first_day_unknown" in {notice.code for notice in BOOK.notices(rate, date(2026, 10, 1))}
        with pytest.raises(RateNotFoundError, match="first known day is 2026-09-23"):
            BOOK.rate("claude-haiku-5.5", on=date(2026, 9, 22))

    def test_a_model_without_a_price_is_not_free(self) -> None:
        with pytest.raises(RateNotFoundError, match="no price of it is known at all"):
            BOOK.rate("MAI Code 2 Flash", on=date(2026, 11, 24))

    def test_a_route_without_a_price_names_those_that_have_one(self) -> None:
        with pytest.raises(RateNotFoundError, match="no rate for GPT-5 mini on route api; there are rates on: copilot"):
            BOOK.rate("gpt-5-mini", route="api", on=AUGUST)

    def test_a_service_tier_is_a_price_of_its_own(self) -> None:
        on = date(2026, 11, 1)
        prices = {
            tier: BOOK.rate("gpt-5.4-mini", route="api", service_tier=tier, on=on).usd_per_mtok.output
            for tier in ("standard", "batch", "flex", "priority")
        }
        assert prices == {"standard": Decimal("4.5"), "batch": Decimal("2.25"), "flex": Decimal("2.25"), "priority": 9}
        with pytest.raises(RateNotFoundError, match="first known day is 2026-10-14"):
            BOOK.rate("gpt-5.4-mini", route="api", service_tier="batch", on=date(2026, 10, 13))


class TestBasis:
    def test_published_before_provisional_before_indicative(self) -> None:
        claims = BOOK.claims("mai-code-1-flash", route="copilot", on=AUGUST)
        assert [claim.status for claim in claims] == ["published", "provisional"]
        assert BOOK.rate("mai-code-1-flash", on=AUGUST).status == "published"

    @pytest.mark.parametrize(
        ("basis", "source"),
        [
            ("best", "openai-pricing-page"),
            ("published", "openai-pricing-page"),
            ("indicative", "mai-vs-gpt-comparison-article"),
            ("mai-vs-gpt-comparison-article", "mai-vs-gpt-comparison-article"),
        ],
    )
    def test_a_status_or_a_source_can_be_believed(self, basis: str, source: str) -> None:
        assert BOOK.rate("gpt-5.4-mini", route="api", on=AUGUST, basis=basis).source == source

    def test_no_claim_of_that_basis_names_those_there_are(self) -> None:
        with pytest.raises(RateNotFoundError, match=r"there are: mai-code-1-article \(indicative\)"):
            BOOK.rate("mai-code-1-flash", route="api", on=AUGUST, basis="published")

    @given(st.sampled_from(sorted(BOOK.models)), st.sampled_from(sorted(BOOK.routes)), days)
    def test_the_rate_is_the_first_claim_and_none_is_more_believed(self, model: str, route: str, on: date) -> None:
        claims = BOOK.claims(model, route=route, on=on)
        if not claims:
            with pytest.raises(RateNotFoundError):
                BOOK.rate(model, route=route, on=on)
            return
        rate = BOOK.rate(model, route=route, on=on)
        assert rate == claims[0]
        assert STATUSES.index(rate.status) == min(STATUSES.index(claim.status) for claim in claims)
        assert all(claim.in_force(on) for claim in claims)
        for status in {claim.status for claim in claims}:
            assert BOOK.rate(model, route=route, on=on, basis=status).status == status

    def test_claims_of_every_route(self) -> None:
        routes = {claim.route for claim in BOOK.claims("gpt-5.4-mini", on=AUGUST)}
        assert routes == {"copilot", "api", "api-azure-datazone"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"route": "web"}, "unknown route 'web'; known: copilot, api, api-azure-datazone"),
        ({"basis": "hearsay"}, "unknown basis 'hearsay'; use best, a status"),
        ({"service_tier": "gold"}, "unknown service tier 'gold'; known: standard"),
        ({"prompt_tokens": -1}, "prompt_tokens must be"),
        ({"prompt_tokens": True}, "prompt_tokens must be"),
        ({"prompt_tokens": Decimal("NaN")}, "prompt_tokens must be"),
        ({"on": "2026-08-01"}, "on must be a date"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((InputError, UnknownNameError), match=message):
        BOOK.rate("gpt-5-mini", **{"on": AUGUST, **arguments})
    if "basis" not in arguments:
        with pytest.raises((InputError, UnknownNameError), match=message):
            BOOK.claims("gpt-5-mini", **{"on": AUGUST, **arguments})


@pytest.mark.parametrize(("prompt", "tier"), [(272_000, "default"), (272_001, "long_context"), (None, "default")])
def test_the_prompt_picks_the_tier(prompt: int | None, tier: str) -> None:
    assert BOOK.rate("gpt-5.4", on=AUGUST, prompt_tokens=prompt).tier == tier
    assert BOOK.claims("gpt-5.4", on=AUGUST, prompt_tokens=prompt)[0].tier == tier


def test_a_time_is_taken_to_utc() -> None:
    evening_in_oregon = datetime(2026, 9, 9, 18, tzinfo=timezone(timedelta(hours=-7)))
    with pytest.raises(RateNotFoundError):
        BOOK.rate("mai-code-1-flash", on=evening_in_oregon)
    assert BOOK.rate("mai-code-1-flash", on=evening_in_oregon - timedelta(hours=2))


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be set here")
@pytest.mark.parametrize("zone", ["EAST-14", "WEST+12"])  # in one of them it is another day than in UTC, at any time
def test_days_are_those_of_utc_wherever_the_machine_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        before, found, after = datetime.now(UTC).date(), today(), datetime.now(UTC).date()
        assert before <= found <= after
        assert checked_day(datetime(2026, 9, 9, 12)) == date(2026, 9, 9)
        for hour in (0, 23):
            assert checked_day(datetime(2026, 9, 9, hour)) == date(2026, 9, 9)
            assert checked_day(datetime(2026, 9, 9, hour, tzinfo=UTC)) == date(2026, 9, 9)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_today_does_not_outlive_the_day_and_a_day_keeps_its_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "world.toml").write_text(WORLD, encoding="utf-8")
    book = PriceBook.load(tmp_path / "world.toml")
    found = []
    for day in (date(2026, 1, 1), date(2026, 5, 1), date(2026, 1, 1)):
        monkeypatch.setattr("costcalc.pricing.book.today", lambda day=day: day)
        found.append(book.rate("pause", route="api").effective_from)
        assert book.rate("pause", route="api", on=day) == book.rate("pause", route="api", on=day)
        assert book.rate("pause", route="api", on=day).effective_from == day
    assert found == [date(2026, 1, 1), date(2026, 5, 1), date(2026, 1, 1)]


def test_the_later_read_is_believed_and_of_one_day_the_later_in_the_file(tmp_path: Path) -> None:
    text = WORLD.replace('status = "provisional"', 'status = "published"')
    path = tmp_path / "world.toml"
    path.write_text(text, encoding="utf-8")
    claims = PriceBook.load(path).claims("pause", route="api", on=date(2026, 5, 1))
    assert [claim.source for claim in claims] == ["u", "t", "s"]


def test_the_default_day_is_today_in_utc() -> None:
    assert BOOK.rate("gpt-5-mini") == BOOK.rate("gpt-5-mini", on=datetime.now(UTC).date())


class TestNotices:
    def codes(self, rate: Rate, on: date, tokens: tuple[int, ...] = (0, 0, 0, 0), requests: int = 1) -> set[str]:
        return {notice.code for notice in BOOK.notices(rate, on, tokens, requests)}

    def test_an_old_price_says_its_age(self) -> None:
        rate = BOOK.rate("gpt-5-mini", on=date(2026, 11, 24))
        assert "price_stale" not in self.codes(rate, date(2026, 9, 30))
        (notice,) = BOOK.notices(rate, date(2026, 11, 24))
        assert notice.message == (
            "github-docs was read 2026-09-23, 62 days before 2026-11-24; check that the price still holds"
        )

    def test_rivals_promotions_and_lifecycle_are_told(self) -> None:
        on = date(2026, 11, 24)
        assert "claims_disagree" in self.codes(BOOK.rate("gpt-5.4-mini", route="api", on=on), on)
        assert "rate_indicative" in self.codes(BOOK.rate("mai-code-1-flash", route="api", on=on), on)
        assert "promotional_price" in self.codes(BOOK.rate("gemini-3.8-flash", on=on), on)
        assert "model_deprecated" in self.codes(BOOK.rate("gpt-5.4-mini", on=on), on)
        assert "model_deprecated" not in self.codes(BOOK.rate("gpt-5.4-mini", on=AUGUST), AUGUST)
        assert "model_retires" in self.codes(BOOK.rate("mai-code-1.1-flash", route="api", on=on), on)

    def test_a_prompt_beyond_the_context_window_is_told(self) -> None:
        rate = BOOK.rate("gpt-5.4-mini", route="api", on=AUGUST)
        assert "prompt_over_context" in self.codes(rate, AUGUST, (272_001, 0, 0, 0))
        assert "prompt_over_context" not in self.codes(rate, AUGUST, (272_000, 0, 0, 0))
        assert "prompt_over_context" not in self.codes(rate, AUGUST, (272_001, 0, 0, 0), 2)


def test_the_book_lists_what_is_in_force_and_all_that_ever_was() -> None:
    listed = BOOK.in_force(on=date(2026, 7, 1), route="copilot")
    assert all(rate.in_force(date(2026, 7, 1)) and rate.route == "copilot" for rate in listed)
    assert {"mai-code-1-flash", "gpt-5.4"} <= {rate.model for rate in listed}
    assert {rate.tier for rate in listed if rate.model == "gpt-5.4"} == {"default", "long_context"}
    assert len(BOOK.history("gpt-5.6-sol")) == 10
    assert {rate.source for rate in BOOK.in_force(on=AUGUST, basis="indicative")} == {
        "mai-code-1-article",
        "mai-vs-gpt-comparison-article",
    }


def test_the_shipped_book_is_read_once() -> None:
    assert PriceBook.load() is PriceBook.load()
    assert repr(BOOK) == f"<PriceBook: {len(BOOK.models)} models, {len(BOOK.rates)} dated prices>"


def test_conflicts_are_told_by_route_and_day() -> None:
    on = date(2026, 11, 24)
    both = BOOK.conflicts("gpt-5.4-mini", on=on)
    assert [claims[0].route for claims in both] == ["api"]
    assert BOOK.conflicts("gpt-5.4-mini", on=on, route="api") == both
    assert BOOK.conflicts("gpt-5.4-mini", on=on, route="copilot") == ()
    assert BOOK.conflicts("gpt-5.4-mini", on=date(2026, 1, 1)) == ()


def test_the_history_of_a_route() -> None:
    everywhere = BOOK.history("gpt-5.4-mini")
    assert {rate.route for rate in everywhere} == {"copilot", "api", "api-azure-datazone"}
    assert BOOK.history("gpt-5.4-mini", route="api") == tuple(rate for rate in everywhere if rate.route == "api")
    with pytest.raises(UnknownNameError, match="unknown route 'web'"):
        BOOK.history("gpt-5.4-mini", route="web")


@pytest.mark.parametrize("prompt", [0, Decimal(0), Decimal("0.5"), 1])
def test_a_short_prompt_is_a_prompt(prompt: int | Decimal) -> None:
    assert BOOK.rate("gpt-5.4", on=AUGUST, prompt_tokens=prompt).tier == "default"


WORLD = """\
replace = true
[routes.api]
name = "API"
[routes.web]
name = "Web"
[sources.s]
title = "S"
address = "a drawer"
read = 2026-11-01
status = "published"
[sources.t]
title = "T"
address = "a shelf"
read = 2026-11-02
status = "provisional"
[sources.u]
title = "U"
address = "a wall"
read = 2026-11-02
status = "provisional"
[providers.p]
name = "P"
[models.gap]
name = "Gap"
provider = "p"
lifecycle = [{ on = 2026-03-01, event = "left", route = "web" }, { on = 2026-03-01, event = "deprecated", route = "api" }]
rates = [
  { route = "api", source = "s", from = 2026-01-01, until = 2026-02-01, fresh_input = 1, output = 2 },
  { route = "api", source = "t", from = 2026-01-01, until = 2026-03-01, promotional = true, fresh_input = 1, output = 2 },
  { route = "api", source = "t", from = 2026-05-01, after_gap = true, fresh_input = 1, output = 2 },
  { route = "api", source = "s", from = "unknown", not_before = 2026-06-01, after_gap = true, fresh_input = 1, output = 2 },
  { route = "web", source = "s", service_tier = "batch", from = 2026-01-01, fresh_input = 1, output = 2 },
]
[models.gone]
name = "Gone"
provider = "p"
successor = "gap"
lifecycle = [{ on = 2026-02-01, event = "left", route = "api", certainty = "high", note = "as announced" }]
rates = [
  { route = "api", source = "s", from = 2026-01-01, until = 2026-02-01, fresh_input = 1, output = 2 },
  { route = "api", source = "t", from = 2026-03-01, fresh_input = 1, output = 2 },
  { route = "web", source = "t", from = 2026-01-01, note = "by rumour", fresh_input = 1, output = 2 },
]
[models.pause]
name = "Pause"
provider = "p"
lifecycle = [{ on = 2026-02-01, event = "deprecated", route = "web" }, { on = 2026-03-01, event = "left", route = "web" }]
rates = [
  { route = "api", source = "s", from = 2026-01-01, until = 2026-02-01, fresh_input = 1, output = 2 },
  { route = "api", source = "s", from = 2026-05-01, after_gap = true, promotional = true, fresh_input = 1, output = 2 },
  { route = "api", source = "t", from = 2026-05-01, fresh_input = 1, output = 3 },
  { route = "api", source = "u", from = 2026-05-01, fresh_input = 1, output = 4 },
]
[models.ended]
name = "Ended"
provider = "p"
rates = [{ route = "api", source = "s", from = 2026-01-01, until = 2026-02-01, fresh_input = 1, output = 2 }]
[models.never]
name = "Never"
provider = "p"
[models.short]
name = "Short"
provider = "p"
lifecycle = [
  { on = 2026-05-01, event = "left", route = "web" },
  { on = 2026-05-02, event = "retires", route = "api", certainty = "low" },
  { on = 2026-05-03, event = "deprecated", route = "api" },
]
context_window = [{ tokens = 100, source = "s" }, { tokens = 100, prompt_tokens = 80, source = "t" }]
[[models.short.rates]]
route = "api"
source = "s"
as_of = "2026-04"
from = 2026-01-01
until = 2026-08-01
promotional = true
note = "n"
fresh_input = 1
output = 2
[[models.short.rates]]
route = "api"
source = "t"
from = 2026-01-01
until = 2026-06-01
fresh_input = 3
output = 2
"""


def test_the_words_of_what_has_no_price_and_of_what_a_price_assumes(tmp_path: Path) -> None:
    """The days around every event of a small world, each with what is told of it where that is not as before."""
    path = tmp_path / "world.toml"
    path.write_text(WORLD, encoding="utf-8")
    book = PriceBook.load(path)
    words = []
    days = ["2025-12-31", "2026-01-31", "2026-02-01", "2026-03-01", "2026-04-30", "2026-05-01", "2026-05-02"]
    days += ["2026-05-03", "2026-06-01", "2026-06-02", "2026-08-01", "2026-11-09", "2026-11-10"]
    cases = [("api", "best", "standard"), ("api", "provisional", "standard"), ("api", "indicative", "standard")]
    cases += [("web", "best", "standard"), ("web", "best", "batch")]
    for model in book.models:
        for route, basis, service_tier in cases:
            words.append(f"{model} on {route}, {basis}, {service_tier}")
            before = [""]
            for on in map(date.fromisoformat, days):
                try:
                    rate = book.rate(model, route=route, on=on, basis=basis, service_tier=service_tier)
                except RateNotFoundError as error:
                    found = [str(error)]
                else:
                    notices = book.notices(rate, on, (60, 20, 21, 500), 1)
                    found = [rate.id, *(f"{notice.code}: {notice.message}" for notice in notices)]
                words += [f"  {on} {each}" for each in found if each not in before]
                before = found
    words += [text(book.all_parts(day)) for day in (date(2025, 1, 1), date(2026, 1, 1), date(2026, 5, 1))]
    words += [text(book.all_parts(date(2026, 5, 1), "web")), text(book.all_parts(date(2026, 5, 1), None, "t"))]
    for name in ("gapp", "x" * 100):
        with pytest.raises(UnknownNameError) as caught:
            book.rate(name, route="api", on=AUGUST)
        words.append(str(caught.value))
    with pytest.raises(UnknownNameError) as caught:
        book.rate("gap", route="api", on=AUGUST, basis="v")
    words.append(str(caught.value))
    assert_as_recorded("words-book.txt", "\n".join(words) + "\n")


def test_nobody_disagrees_with_a_price_that_the_caller_states() -> None:
    on = date(2026, 11, 24)
    rate = BOOK.rate("gpt-5.4-mini", route="api", on=on)
    told = {notice.code for notice in BOOK.notices(rate, on)}
    stated = {notice.code for notice in BOOK.notices(rate.with_price("output", Decimal(1)), on)}
    assert {"claims_disagree", "price_stale"} <= told
    assert not {"claims_disagree", "price_stale"} & stated
    assert "rate_indicative" in stated


def test_notices_go_by_the_mean_prompt_of_the_requests() -> None:
    rate = BOOK.rate("gpt-5.4", on=AUGUST)
    assert "tier_by_mean_prompt" not in {notice.code for notice in BOOK.notices(rate, AUGUST, (10, 0, 0, 0))}
    assert "tier_by_mean_prompt" in {notice.code for notice in BOOK.notices(rate, AUGUST, (10, 0, 0, 0), 2)}
    mini = BOOK.rate("gpt-5.4-mini", route="api", on=AUGUST)
    (over,) = (n for n in BOOK.notices(mini, AUGUST, (816_002, 0, 0, 9), 3) if n.code == "prompt_over_context")
    assert over.message.startswith("a prompt of 272,001 tokens per request is more than the 272,000 that ")
    codes = {n.code for n in BOOK.notices(mini, AUGUST, (272_001, 0, 0, 0))}
    assert "prompt_over_context" in codes
    assert "prompt_over_context" not in {n.code for n in BOOK.notices(mini, AUGUST, (272_000, 0, 0, 10**6))}


def test_the_higher_price_for_the_whole_request_is_told() -> None:
    found = BOOK.notices(BOOK.rate("gpt-5.4", on=AUGUST, prompt_tokens=300_000), AUGUST)
    assert {notice.code: notice.message for notice in found}["long_context_whole_request"] == (
        "a prompt over 272,000 tokens takes the higher price of copilot/gpt-5.4 for every token of its request (certainty medium)"
    )
    assert "long_context_whole_request" not in {n.code for n in BOOK.notices(BOOK.rate("gpt-5.4", on=AUGUST), AUGUST)}


def test_what_is_no_price_book_is_refused() -> None:
    wanted = r"^rates must be a price book such as PriceBook\.load\('rates\.toml'\), not 'prices\.toml'$"
    with pytest.raises(InputError, match=wanted):
        price("gpt-5-mini", TokenUsage(output=1), rates="prices.toml")  # type: ignore[arg-type]
