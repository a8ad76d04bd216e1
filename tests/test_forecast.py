"""Forecasts: means that are the estimate's, closed forms, brute force, published measurements, and bad input."""

import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import (
    Account,
    Budget,
    CostcalcError,
    Forecast,
    Group,
    InputError,
    Option,
    Seats,
    SessionProfile,
    Team,
    compare,
    estimate,
    forecast,
)
from tests.conftest import Run

np = pytest.importorskip("numpy", reason="a forecast needs numpy")

ON = date(2026, 10, 1)
CHEAP, DEAR = "copilot/gpt-5-mini", "copilot/claude-sonnet-4.6"
NORMAL = NormalDist()
NO_SPREAD: dict[str, Any] = {"sigma": 0, "tasks_cv": 0, "week_sigma": 0, "people_sigma": 0, "level_sigma": 0}


def profile(**numbers: Any) -> SessionProfile:
    stated: dict[str, Any] = {
        "fresh_input": 20_000, "cached_input": 200_000, "output": 2_000, "requests_per_task": 5, "tasks_per_day": 10,
        "active_days": 20, **NO_SPREAD,
    }  # fmt: skip
    return SessionProfile(name="drawn", **{**stated, **numbers})


def task_usd(option: str, work: SessionProfile) -> float:
    """What a mean task costs, of a model whose input is not billed as cache writes."""
    return float(estimate(work, option.split("/")[1], on=ON).per_task_usd)


class TestMeans:
    @settings(max_examples=25)
    @given(
        st.decimals(0, 2, places=2), st.decimals(0, 1, places=2), st.decimals(0, 1, places=2), st.integers(1, 60),
        st.sampled_from([CHEAP, DEAR, "api/gpt-5.4-mini"]),
    )  # fmt: skip
    def test_the_mean_is_that_of_the_estimate(
        self, sigma: Decimal, tasks_cv: Decimal, people_sigma: Decimal, developers: int, option: str
    ) -> None:
        work = profile(sigma=sigma, tasks_cv=tasks_cv, people_sigma=people_sigma)
        found = forecast(work, option, developers=developers, on=ON, draws=2_000)
        route, model = option.split("/")
        expected = estimate(work, model, route, developers=developers, on=ON)
        assert found.credits.mean == expected.credits
        assert found.credits.errors["mean"] == 0
        # Without a plan the bill is linear in use: its mean, which is drawn, is that of the estimate within its error.
        distance = abs(found.total_usd.mean - (expected.total_usd or 0))
        assert distance <= 3 * found.total_usd.errors["mean"] + Decimal("0.001")

    @given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([DEAR, DEAR + "@business", CHEAP + "@pro"]))
    @settings(max_examples=15)
    def test_percentiles_rise_and_chances_are_chances(self, seed: int, developers: int, option: str) -> None:
        found = forecast("interactive_ide", option, developers=developers, on=ON, draws=500, seed=seed, budget_usd=900)
        for figure in (found.credits, found.total_usd, found.options[0].person_credits):
            values = list(figure.percentiles.values())
            assert values == sorted(values)
            assert values[0] >= 0
        assert 0 <= (found.over_budget_probability or 0) <= 1
        if found.exhaustion is not None:
            assert 0 <= found.exhaustion.probability <= 1
        seats = next(iter(found.options[0].months[0].expected)).bill.seat_usd
        assert min(found.total_usd.percentiles.values()) >= seats

    def test_twice_the_tokens_cost_twice_as_much_draw_by_draw(self) -> None:
        once, twice = (
            forecast("interactive_ide", f"{DEAR},tokens={tokens}", on=ON, draws=1_000).credits for tokens in (1, 2)
        )
        for percent, value in once.percentiles.items():
            assert float(twice[percent]) == pytest.approx(2 * float(value), rel=1e-5)


class TestClosedForms:
    def test_a_month_has_the_variance_of_a_compound_sum(self) -> None:
        # 20 of 22 weekdays, each with probability 20/22; tasks are a gamma mixture of Poisson counts.
        work = profile(sigma=1, tasks_cv="0.6", cached_input=0)
        found = forecast(work, CHEAP, on=ON, draws=40_000, seed=3)
        mean = task_usd(CHEAP, work) * 100
        # Of a gamma(3) size to the power a whose median is exp(-1/2) of its mean.
        spread = _variance_of_size(1.0)
        chance, tasks = 20 / 22, 10.0
        second = chance * (tasks * (1 + spread) + tasks**2 * (1 + 0.6**2))
        variance = 22 * (second - (chance * tasks) ** 2) * mean**2
        assert float(found.credits.mean) == pytest.approx(200 * mean)
        assert float(found.credits.sd) == pytest.approx(math.sqrt(variance), rel=0.02)

    @pytest.mark.parametrize("developers", [1, 500])
    def test_an_uncertain_level_is_lognormal(self, developers: int) -> None:
        work = profile(tasks_per_day=20_000, level_sigma="0.5")  # so many tasks that chance is nothing beside the level
        found = forecast(work, CHEAP, developers=developers, on=ON, draws=40_000)
        mean = float(found.credits.mean)
        for percent in (5, 10, 25, 50, 75, 90, 95, 99):
            expected = mean * math.exp(0.5 * NORMAL.inv_cdf(percent / 100) - 0.125)
            error = float(found.credits.errors[f"p{percent}"])
            assert abs(float(found.credits[percent]) - expected) <= 1.3 * error, percent

    def test_the_pool_takes_its_part_of_a_lognormal_month(self) -> None:
        work = profile(tasks_per_day=5, level_sigma="0.8", active_days=31)
        work = work.changed(tasks_per_day=5_000, fresh_input="20", cached_input="200", output="2")
        found = forecast(work, f"{DEAR}@pro", on=ON, draws=40_000)
        mean, sigma, pool = float(found.credits.mean), 0.8, 1_500.0
        gone = 1 - NORMAL.cdf((math.log(pool / mean) + sigma**2 / 2) / sigma)
        first = (math.log(mean / pool) + sigma**2 / 2) / sigma
        metered = mean * NORMAL.cdf(first) - pool * NORMAL.cdf(first - sigma)
        assert found.exhaustion is not None
        assert float(found.exhaustion.probability) == pytest.approx(gone, abs=0.01)
        assert float(found.total_usd.mean) == pytest.approx(10 + metered / 100, rel=0.02)

    def test_the_day_of_exhaustion_of_an_even_month(self) -> None:
        # 100 credits on each of 31 days; 1,500 are gone on the 15th.
        work = profile(tasks_per_day=100_000, active_days=31)
        one = estimate(work, "claude-sonnet-4.6", on=ON).credits
        scaled = work.changed(
            fresh_input=work.fresh_input * 3_100 / one, cached_input=work.cached_input * 3_100 / one,
            output=work.output * 3_100 / one,
        )  # fmt: skip
        found = forecast(scaled, f"{DEAR}@pro", on=ON, draws=500).exhaustion
        assert found is not None
        assert found.probability == 1
        assert {found.p10, found.p50, found.p90} <= {date(2026, 10, 15), date(2026, 10, 16)}

    def test_the_budget_that_holds_is_the_percentile(self) -> None:
        found = forecast("interactive_ide", DEAR, on=ON, confidence=[0.5, Decimal("0.9")])
        assert found.budget_for(0.9) == found.total_usd[90]
        assert found.budget_for(0.5) == found.total_usd[50]
        over = forecast("interactive_ide", DEAR, on=ON, budget_usd=found.total_usd[90]).over_budget_probability
        assert over == pytest.approx(Decimal("0.1"), abs=Decimal("0.001"))
        with pytest.raises(InputError, match="was not asked for confidence"):
            found.budget_for(0.7)


def _variance_of_size(sigma: float) -> float:
    """Of g^a with g of a gamma distribution of shape 3 and a such that the median is exp(-sigma^2 / 2) of the mean."""

    def moment(power: float) -> float:
        return math.gamma(3 + power) / 2

    low, high = 0.0, 20.0
    for _ in range(80):
        power = (low + high) / 2
        above = 2.6740603137235604**power / moment(power) > math.exp(-(sigma**2) / 2)
        low, high = (power, high) if above else (low, power)
    return moment(2 * low) / moment(low) ** 2 - 1


def brute_force(work: SessionProfile, people: int, people_sigma: float, draws: int, cost: tuple[float, float]) -> Any:
    """Every task of every person, drawn one by one from the definitions; credits of each month."""
    rng = np.random.default_rng(99)
    sigma, cv = float(work.sigma or 0), float(work.tasks_cv or 0)
    total = float(sum(work.tokens))
    share = float(work.cached_input) / total

    def moment(power: float) -> float:
        return math.gamma(3 + power) / 2

    low, high = 0.0, 20.0
    for _ in range(80):
        power = (low + high) / 2
        ratio = (1 - share) * 2.67406**power / moment(power) + share * 2.67406 ** (1.7 * power) / moment(1.7 * power)
        low, high = (power, high) if ratio > math.exp(-(sigma**2) / 2) else (low, power)
    found = np.zeros(draws)
    days = [date(2026, 10, day) for day in range(1, 32)]
    chance = float(work.active_days) / 22
    for month in range(draws):
        levels = rng.lognormal(-(people_sigma**2) / 2, people_sigma, people)
        for level in levels:
            for day in days:
                if day.weekday() >= 5 or rng.random() >= chance:
                    continue
                rate = float(work.tasks_per_day) * level * (rng.gamma(1 / cv**2, cv**2) if cv else 1.0)
                sizes = rng.gamma(3.0, size=rng.poisson(rate))
                found[month] += (cost[0] * sizes**low / moment(low)).sum()
                found[month] += (cost[1] * sizes ** (1.7 * low) / moment(1.7 * low)).sum()
    return found


@pytest.mark.parametrize(
    ("people", "tasks", "draws", "people_sigma"), [(1, 3, 3_000, 0.0), (3, 6, 1_500, 0.8), (40, 2, 500, 0.8)]
)
def test_brute_force_agrees(people: int, tasks: int, draws: int, people_sigma: float) -> None:
    work = profile(tasks_per_day=tasks, sigma="1.5", tasks_cv="0.7", people_sigma=str(people_sigma), active_days=16)
    month = estimate(work, "gpt-5-mini", on=ON)
    cached = float(month.by_kind[1].usd / month.month.tasks) * 100
    brute = np.sort(brute_force(work, people, people_sigma, draws, (float(month.per_task_usd) * 100 - cached, cached)))
    found = forecast(work, CHEAP, developers=people, on=ON, draws=20_000)
    for percent in (5, 10, 25, 50, 75, 90, 95, 99):
        half = 1.96 * math.sqrt(draws * percent / 100 * (1 - percent / 100))
        low, high = draws * percent / 100 - half, min(draws - 1, draws * percent / 100 + half)
        own = float(brute[int(high)] - brute[int(max(0, low))]) / 2
        error = float(found.credits.errors[f"p{percent}"])
        distance = abs(float(found.credits[percent]) - float(np.quantile(brute, percent / 100)))
        assert distance <= math.hypot(own, error) * 1.3, (percent, distance, own, error)


def test_a_hundred_thousand_people_spread_as_little_as_they_should() -> None:
    work = profile(sigma="1.5", tasks_cv="0.7", people_sigma="0.8", active_days=16)
    settings: dict[str, Any] = {"on": ON, "draws": 20_000}
    few = forecast(work, CHEAP, developers=30, **settings).credits
    many = forecast(work, CHEAP, developers=100_000, **settings).credits
    assert float(many.sd / many.mean) == pytest.approx(float(few.sd / few.mean) * math.sqrt(30 / 100_000), rel=0.05)
    assert abs(float(many[50] / many.mean) - 1) < 0.001


class TestPublishedMeasurements:
    """From means and one spread figure alone, the percentiles of two public traces."""

    def test_codex_on_swe_bench_pro(self) -> None:
        work = profile(
            fresh_input=132_368,
            cached_input=2_133_687,
            output=17_239,
            requests_per_task=33,
            sigma="0.8",
            tasks_per_day=4,
        )
        tasks = forecast(work, CHEAP, on=ON, draws=500).tasks
        tokens = {**tasks.tokens, "requests": tasks.requests}
        measured = {
            "prompt": (1_637_000, 4_750_691, 9_030_908),
            "cached_input": (1_525_376, 4_580_224, 8_781_952),
            "output": (15_666, 29_968, 40_542),
            "requests": (30, 57, 90),
        }
        for kind, figures in measured.items():
            for name, figure, tolerance in zip(("p50", "p90", "p99"), figures, (0.05, 0.05, 0.15), strict=True):
                assert abs(float(tokens[kind][name]) / figure - 1) <= tolerance, (kind, name)

    def test_tracelab_cost_of_a_request(self) -> None:
        # $0.97 a request, of which 61.7 % for cache reads: tokens that cost so at this model's prices.
        rate = estimate(profile(), "gpt-5-mini", on=ON).rate.usd_per_mtok
        assert rate.cached_input is not None
        shares = {
            "fresh_input": Decimal(round(0.97 * 0.267 / float(rate.fresh_input) * 1e6)),
            "cached_input": Decimal(round(0.97 * 0.617 / float(rate.cached_input) * 1e6)),
            "output": Decimal(round(0.97 * 0.116 / float(rate.output) * 1e6)),
        }

        def credits(sigma: float) -> Any:
            work = profile(**shares, sigma=Decimal(f"{sigma:.6f}"))
            return forecast(work, CHEAP, on=ON, draws=100).tasks.credits

        # The one figure is the spread of cost, 1.5, and sigma that of tokens: the one that gives the other is sought.
        low, high = 0.5, 3.0
        for _ in range(20):
            middle = (low + high) / 2
            found = credits(middle)
            ratio = float(found["p50"] / found["mean"])
            low, high = (middle, high) if ratio > math.exp(-(1.5**2) / 2) else (low, middle)
        found = credits(low)
        for name, usd, tolerance in (("p50", 0.32, 0.05), ("p90", 2.35, 0.05), ("p99", 8.94, 0.15)):
            assert abs(float(found[name]) / 100 / usd - 1) <= tolerance, (name, found[name], low)


class TestDraws:
    def test_the_seed_alone_decides(self) -> None:
        settings: dict[str, Any] = {"developers": 40, "on": ON, "draws": 1_500, "months": 2}
        one = forecast("interactive_ide", [DEAR, CHEAP], workers=1, **settings).to_dict()
        two = forecast("interactive_ide", [DEAR, CHEAP], workers=3, **settings).to_dict()
        assert one == two
        other = forecast("interactive_ide", [DEAR, CHEAP], seed=2, **settings).to_dict()
        assert other["total_usd"] != one["total_usd"]

    def test_more_draws_continue_the_first(self) -> None:
        asked = forecast("interactive_ide", DEAR, on=ON, draws=2_000)
        precise = forecast("interactive_ide", DEAR, on=ON, draws=1_000, precision=0.012)
        assert precise.draws >= 2_000
        for percent in (50, 90):
            assert precise.total_usd.errors[f"p{percent}"] <= precise.total_usd[percent] * Decimal("0.012")
        if precise.draws == asked.draws:
            assert precise.total_usd == asked.total_usd

    def test_a_precision_that_cannot_be_reached_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("costcalc.forecasting.running.MAX_DRAWS", 2_000)
        found = forecast("interactive_ide", DEAR, on=ON, draws=500, precision=0.001)
        assert found.draws == 2_000
        assert "precision_not_reached" in {notice.code for notice in found.notices}

    def test_options_are_compared_on_the_same_draws(self) -> None:
        found = forecast("interactive_ide", [CHEAP, DEAR], on=ON, draws=500)
        assert [each.cheapest_probability for each in found.options] == [1, 0]
        tied = forecast("interactive_ide", [CHEAP, CHEAP + ",basis=published"], on=ON, draws=500)
        assert [each.cheapest_probability for each in tied.options] == [Decimal("0.5"), Decimal("0.5")]

    def test_price_risk_is_told_apart_from_that_of_use(self) -> None:
        found = forecast("interactive_ide", "api/gpt-5.4-mini", on=ON, draws=500)
        (option,) = found.options
        held = compare("interactive_ide", ["api/gpt-5.4-mini"], on=ON).options[0].by_claim
        assert [each.rate.id for each in option.claims] == sorted(
            (each.rate.id for each in held), key=lambda claim: claim != held[0].rate.id
        ) or {each.rate.id for each in option.claims} == {each.rate.id for each in held}
        for claim in option.claims:
            month = next(each for each in held if each.rate.id == claim.rate.id)
            assert float(claim.credits_mean) == pytest.approx(float(month.credits), rel=0.05)

    def test_long_context_prices_task_by_task_cost_more(self) -> None:
        work = profile(cached_input=900_000, requests_per_task=5, sigma="1.2")
        by_mean = forecast(work, "copilot/gpt-5.4", on=ON)
        by_task = forecast(work, "copilot/gpt-5.4", on=ON, tiers="task")
        assert by_mean.credits.mean == estimate(work, "gpt-5.4", on=ON).credits
        assert by_task.credits.mean > by_mean.credits.mean
        assert {"long_context_tasks"} <= {notice.code for notice in by_mean.notices}
        for percent in (5, 50, 99):
            assert by_task.credits[percent] >= by_mean.credits[percent]

    def test_a_large_team_answers_at_once_and_within_what_few_people_give(self) -> None:
        work = profile(sigma="1.5", tasks_cv="0.7", people_sigma="0.8")
        settings: dict[str, Any] = {"on": ON, "draws": 20_000}
        few = forecast(work, CHEAP, developers=32, **settings).credits  # one by one
        many = forecast(work, CHEAP, developers=33, **settings).credits  # added up
        for percent in (5, 25, 50, 75, 95):
            close = float(many[percent]) * 32 / 33
            assert close == pytest.approx(float(few[percent]), rel=0.02)


class TestAccounts:
    def account(self, *budgets: Budget, count: int = 4, **settings: Any) -> Account:
        return Account(
            kind="organization",
            month="2026-10",
            seats=(Seats(plan="business", count=count),),
            budgets=budgets,
            **settings,
        )

    def test_a_team_whose_options_all_name_a_plan_has_nothing_for_an_account_to_bill(self, tmp_path: Path) -> None:
        examples = Path(__file__).parents[1] / "examples"
        text = (examples / "team.toml").read_text(encoding="utf-8")
        (tmp_path / "account.toml").write_bytes((examples / "account.toml").read_bytes())
        (tmp_path / "team.toml").write_text(
            text.replace("\n[team]\n", '\n[team]\naccount = "account.toml"\n'), encoding="utf-8"
        )
        with pytest.raises(InputError, match="the account bills none of the options"):
            forecast(tmp_path / "team.toml", draws=500)

    @pytest.mark.parametrize("count", [4, 200])
    def test_a_user_budget_caps_each_person(self, count: int) -> None:
        account = self.account(Budget(scope="user", name="*", usd=10), count=count)
        found = forecast("interactive_ide", DEAR, account=account, on=ON, draws=1_000)
        month = found.options[0].months[0]
        assert found.people == count
        assert month.total_usd[99] <= 19 * count  # nobody passes $10, and the pool has $19 for each
        assert month.blocked_probability == 1
        assert float(month.blocked_credits.mean) == pytest.approx(float(found.credits.mean) - 1_000 * count, rel=0.1)

    def test_a_hard_limit_blocks_and_a_soft_one_does_not(self) -> None:
        hard = forecast(
            "interactive_ide",
            DEAR,
            account=self.account(Budget(scope="organization", usd=50, stop=True)),
            on=ON,
            draws=500,
        )
        soft = forecast(
            "interactive_ide", DEAR, account=self.account(Budget(scope="organization", usd=50)), on=ON, draws=500
        )
        assert hard.total_usd[99] <= 4 * 19 + 50
        assert hard.options[0].months[0].blocked_probability > Decimal("0.9")
        assert soft.options[0].months[0].blocked_probability == 0
        assert soft.total_usd[50] > hard.total_usd[50]

    def test_it_is_the_account_bill_of_the_expected_month_where_nothing_varies(self) -> None:
        work = profile(tasks_per_day=100_000, active_days=31, fresh_input=2, cached_input=20, output=".2")
        account = self.account(Budget(scope="organization", usd=50, stop=True))
        expected = estimate(work, "claude-sonnet-4.6", account=account, on=ON)
        found = forecast(work, DEAR, account=account, on=ON, draws=500)
        assert expected.total_usd is not None
        assert float(found.total_usd[50]) == pytest.approx(float(expected.total_usd), rel=1e-3)
        assert float(found.options[0].months[0].blocked_credits[50]) == pytest.approx(
            float(expected.bill.blocked_credits or 0), rel=0.01
        )

    def test_seats_added_within_the_month_share_out_the_expected_month(self) -> None:
        account = Account(
            kind="organization",
            month="2026-10",
            seats=(Seats(plan="business", count=3), Seats(plan="business", count=3, added_on=date(2026, 10, 16))),
        )
        found = forecast("interactive_ide", DEAR, account=account, on=ON, draws=4_000)
        assert found.credits.mean == estimate("interactive_ide", "claude-sonnet-4.6", account=account, on=ON).credits
        assert float(found.credits[50]) == pytest.approx(float(found.credits.mean), rel=0.1)


class TestMonthsAhead:
    def test_growth_and_the_end_of_a_promotion(self) -> None:
        found = forecast(
            "interactive_ide", f"{DEAR}@business", developers=10, on=date(2026, 8, 3), months=3, usage_growth=0.1,
            headcount_growth=0.5, draws=500,
        )  # fmt: skip
        months = found.options[0].months
        assert [(month.month, month.people) for month in months] == [("2026-08", 10), ("2026-09", 15), ("2026-10", 22)]
        means = [float(month.credits.mean) for month in months]
        assert means[1] == pytest.approx(means[0] * 1.5 * 1.1)
        assert means[2] == pytest.approx(means[0] * 2.2 * 1.21)
        included = [month.expected[0].bill.included_credits for month in months]
        assert included == [30_000, 15 * 1_900, 22 * 1_900]
        assert "plan_promotion" in {notice.code for notice in found.notices}
        total = sum(float(month.total_usd.mean) for month in months)
        assert float(found.options[0].horizon_usd.mean) == pytest.approx(total, rel=1e-4)

    @pytest.mark.parametrize("developers", [5, 100])
    def test_people_stay_who_they_are(self, developers: int) -> None:
        work = profile(people_sigma="1.2", tasks_per_day=50)
        found = forecast(work, CHEAP, developers=developers, on=ON, months=2, draws=4_000).options[0]
        spread = [float(month.total_usd.sd / month.total_usd.mean) for month in found.months]
        whole = float(found.horizon_usd.sd / found.horizon_usd.mean)
        assert whole == pytest.approx(max(spread), rel=0.1)  # independent months would be 0.7 of it

    def test_an_account_moves_on_to_the_next_month(self) -> None:
        account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", count=4),))
        found = forecast("interactive_ide", DEAR, account=account, on=ON, months=2, draws=500)
        assert [month.month for month in found.options[0].months] == ["2026-10", "2026-11"]


def used(path: Path, days: dict[int, int]) -> Path:
    """A log with so many credits on each of these days of October 2026."""
    rows = [f"2026-10-{day:02}T10:00:00Z,gpt-5-mini,copilot,,{credits}000000000" for day, credits in days.items()]
    path.write_text("\n".join(["time,model,route,fresh_input,reported_nano_aiu", *rows, ""]))
    return path


class TestSoFar:
    def test_what_was_used_stands(self, tmp_path: Path) -> None:
        path = used(tmp_path / "log.csv", {1: 500, 2: 700})
        found = forecast("interactive_ide", f"{DEAR}@pro", on=date(2026, 10, 2), so_far=path, draws=1_000)
        assert (found.known_until, found.known_credits) == (date(2026, 10, 2), 1_200)
        assert found.credits[5] >= 1_200
        assert found.exhaustion is not None
        assert found.exhaustion.p10 is not None
        assert found.exhaustion.p10 > date(2026, 10, 2)

    def test_a_whole_month_is_known(self, tmp_path: Path) -> None:
        path = used(tmp_path / "log.csv", {1: 500, 31: 1_700})
        found = forecast("interactive_ide", f"{DEAR}@pro", on=date(2026, 10, 31), so_far=path, draws=500)
        assert found.credits[5] == found.credits[95] == 2_200
        assert found.total_usd[50] == 17
        assert found.exhaustion is not None
        assert (found.exhaustion.probability, found.exhaustion.p50) == (1, date(2026, 10, 31))

    def test_on_an_api_too(self, tmp_path: Path) -> None:
        path = used(tmp_path / "log.csv", {1: 500, 31: 1_700})
        options = ["api/gpt-5.4-mini", f"{DEAR}@business", DEAR]
        found = forecast("interactive_ide", options, developers=40, on=date(2026, 10, 31), so_far=path, draws=500)
        assert [each.months[0].credits[50] for each in found.options] == [2_200, 2_200, 2_200]

    def test_use_above_the_profile_raises_the_rest(self, tmp_path: Path) -> None:
        medians = []
        for number, credits in enumerate((10, 400, 2_000)):
            path = used(tmp_path / f"{number}.csv", dict.fromkeys(range(1, 16), credits))
            medians.append(
                forecast("interactive_ide", DEAR, on=date(2026, 10, 15), so_far=path, draws=500).credits[50]
                - 15 * credits
            )
        assert medians == sorted(medians)
        assert medians[0] < medians[2] / 3

    def test_the_last_day_of_use_is_the_day_it_is_known_to(self, tmp_path: Path) -> None:
        account = Account(kind="organization", month="2026-10", seats=(Seats(plan="business", count=4),))
        path = used(tmp_path / "log.csv", {1: 500, 9: 700})
        found = forecast("interactive_ide", DEAR, account=account, so_far=path, draws=500)
        assert found.known_until == date(2026, 10, 9)
        assert {"level_from_so_far", "so_far_as_paid"} <= {notice.code for notice in found.notices}

    def test_the_level_is_that_of_the_work_whatever_the_options(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        rows = [f"2026-10-{day:02}T10:00:00Z,gpt-5-mini,500000,3000000,30000,90" for day in range(1, 12)]
        path.write_text("\n".join(["time,model,fresh_input,cached_input,output,requests", *rows, ""]))
        options = [f"{CHEAP}@pro", f"{DEAR}@pro"]
        one, two = (
            forecast("interactive_ide", listed, on=date(2026, 10, 11), so_far=path, draws=500)
            for listed in (options, options[::-1])
        )
        assert {each.option: each.to_dict() for each in one.options} == {
            each.option: each.to_dict() for each in two.options
        }
        (level,) = (notice.message for notice in one.notices if notice.code == "level_from_so_far")
        assert (
            "use so far is 0.9" in level or "use so far is 1" in level
        )  # about nine tasks' worth a day, of fifteen on 16 of 22

    def test_a_token_factor_does_not_change_how_much_work_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_text(
            "time,model,fresh_input,cached_input,output\n2026-10-01T10:00:00Z,gpt-5-mini,500000,3000000,30000\n"
        )
        levels = set()
        for tokens in ("", ",tokens=0.4"):
            found = forecast("interactive_ide", CHEAP + tokens, on=date(2026, 10, 1), so_far=iter([path]), draws=500)
            levels |= {notice.message for notice in found.notices if notice.code == "level_from_so_far"}
        assert len(levels) == 1

    def test_what_cannot_be(self, tmp_path: Path) -> None:
        path = used(tmp_path / "log.csv", {1: 500})
        with pytest.raises(InputError, match="no use in 2026-11"):
            forecast("interactive_ide", DEAR, on=date(2026, 11, 2), so_far=path)
        path.write_text("time,model,fresh_input\n2026-10-01,gpt-99,5\n")
        with pytest.raises(InputError, match="what was used so far has 1 record of no known cost"):
            forecast("interactive_ide", DEAR, on=ON, so_far=path)


TEAM = """\
[team]
name = "platform"

[[groups]]
name = "editors"
people = 12
profile = "interactive_ide"
tasks_per_day = 8
options = { "copilot/gpt-5-mini@business" = 0.75, "copilot/claude-sonnet-4.6@business" = 0.25 }

[[groups]]
name = "reviews"
people = 1
profile = "ci_code_review"
option = "api/gpt-5.4-mini"
"""


class TestTeams:
    def team(self, tmp_path: Path, text: str = TEAM) -> Path:
        path = tmp_path / "team.toml"
        path.write_text(text)
        return path

    def test_groups_mixes_and_alternatives(self, tmp_path: Path) -> None:
        found = forecast(self.team(tmp_path), [f"{CHEAP}@business"], on=ON, draws=2_000)
        assert [each.option for each in found.options] == ["as planned", f"{CHEAP}@business"]
        assert found.people == 13
        ide = SessionProfile.load("interactive_ide").changed(tasks_per_day=8)
        parts = [
            estimate(ide, "gpt-5-mini", developers=12, on=ON).credits * Decimal("0.75"),
            estimate(ide, "claude-sonnet-4.6", developers=12, on=ON).credits * Decimal("0.25"),
            estimate("ci_code_review", "gpt-5.4-mini", "api", on=ON).credits,
        ]
        assert found.credits.mean == sum(parts)
        assert float(found.credits[50]) == pytest.approx(float(sum(parts)), rel=0.15)
        assert found.total_usd[5] >= 12 * 19

    def test_one_of_the_people_is_any_of_them(self, tmp_path: Path) -> None:
        found = forecast(self.team(tmp_path, TEAM.replace("people = 12", "people = 60")), on=ON, draws=2_000)
        person = found.options[0].person_credits
        assert float(person.mean) == pytest.approx(float(found.credits.mean) / 61, rel=0.1)

    def test_a_team_of_objects_is_the_team_of_the_file(self, tmp_path: Path) -> None:
        ide = SessionProfile.load("interactive_ide").changed(tasks_per_day=8)
        mix = (
            (Option.parse("copilot/gpt-5-mini@business"), Decimal("0.75")),
            (Option.parse(f"{DEAR}@business"), Decimal("0.25")),
        )
        reviews = Group(
            "reviews", 1, SessionProfile.load("ci_code_review"), ((Option.parse("api/gpt-5.4-mini"), Decimal(1)),)
        )
        team = Team("platform", (Group("editors", 12, ide, mix), reviews))
        assert forecast(team, on=ON, draws=500).to_dict() == forecast(self.team(tmp_path), on=ON, draws=500).to_dict()

    def test_an_account_has_a_seat_for_each(self, tmp_path: Path) -> None:
        (tmp_path / "account.toml").write_text(
            '[account]\nkind = "organization"\nmonth = "2026-10"\n[[seats]]\nplan = "business"\ncount = 20\n'
        )
        text = TEAM.replace('name = "platform"', 'account = "account.toml"').replace("@business", "")
        with pytest.raises(InputError, match="the account bills have 12 people, the account 20 seats"):
            forecast(self.team(tmp_path, text), on=ON, draws=500)
        whole = text.replace("people = 12", "people = 20")
        found = forecast(self.team(tmp_path, whole), on=ON, draws=500)
        assert found.work == "team team, 21 people"
        assert found.total_usd[5] >= 20 * 19

    def test_a_person_has_a_seat_of_a_plan_or_of_the_account(self, tmp_path: Path) -> None:
        (tmp_path / "account.toml").write_text(
            '[account]\nkind = "organization"\nmonth = "2026-10"\n[[seats]]\nplan = "business"\ncount = 12\n'
        )
        text = TEAM.replace('name = "platform"', 'account = "account.toml"').replace(
            "sonnet-4.6@business", "sonnet-4.6"
        )
        with pytest.raises(InputError, match="a person has one seat, not business and one of the account"):
            forecast(self.team(tmp_path, text), on=ON, draws=500)

    @pytest.mark.parametrize("level", ["0.3", "1"])
    def test_a_person_is_the_same_whatever_the_plan(self, level: str) -> None:
        work = SessionProfile.load("interactive_ide").changed(level_sigma=level)
        options = ["copilot/claude-haiku-4.5@pro", "copilot/claude-haiku-4.5@business"]
        found = forecast(work, options, developers=40, on=ON, draws=4_000)
        pro, business = (each.person_credits for each in found.options)
        for percent in (10, 50, 90):
            assert float(pro[percent]) == pytest.approx(float(business[percent]), rel=0.06)

    def test_a_pool_and_people_who_pay_for_themselves(self, tmp_path: Path) -> None:
        text = TEAM.replace('option = "api/gpt-5.4-mini"', 'option = "copilot/claude-haiku-4.5@pro"')
        found = forecast(self.team(tmp_path, text), on=ON, draws=2_000)
        alone = forecast(self.team(tmp_path, TEAM), on=ON, draws=2_000)
        assert found.exhaustion == alone.exhaustion  # it is the pool's, whatever others do

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (('@business" = 0.75', '@business" = 0.5'), "team.toml:.*add up to 0.75, not to 1"),
            (("claude-sonnet-4.6@business", "claude-sonnet-4.6@enterprise"), "a person has one seat"),
            (("people = 12", "people = 0"), "team.toml:6"),
            (("people = 12", 'people = "12"'), "team.toml:6"),
            (('name = "reviews"', 'name = "editors"'), "group editors is listed twice"),
            (("tasks_per_day = 8", "tasks_per_day = -8"), "tasks_per_day"),
            (("tasks_per_day = 8", "tasks_a_day = 8"), "tasks_a_day"),
            (('option = "api/gpt-5.4-mini"', ""), "either option, or options"),
            (('option = "api/gpt-5.4-mini"', 'option = "api/gpt-99"'), "gpt-99"),
            (('profile = "ci_code_review"', 'profile = "ci_code"'), "ci_code"),
            (('name = "platform"', 'name = "platform"\naccount = "none.toml"'), "none.toml"),
        ],
    )  # fmt: skip
    def test_contradictory_files(self, tmp_path: Path, change: tuple[str, str], message: str) -> None:
        with pytest.raises(InputError, match=message):
            forecast(self.team(tmp_path, TEAM.replace(*change)), on=ON, draws=500)

    def test_a_team_without_groups(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="at least one group"):
            forecast(self.team(tmp_path, "[team]\n"), on=ON)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": []}, "no option to forecast"),
        ({"options": "copilot/gpt-5-mini@business", "developers": 10_000_000}, "more credits than can be counted"),
        ({"options": [DEAR, DEAR]}, "given twice"),
        ({"options": "copilot/gpt-99"}, "unknown model"),
        ({"work": profile(sigma=4)}, "sigma must be from 0 to 3"),
        ({"work": profile(tasks_per_day=0)}, "nothing to forecast"),
        ({"work": profile(fresh_input=0, cached_input=0, output=0)}, "nothing to forecast"),
        ({"draws": 10}, "draws must be a whole number from 100"),
        ({"draws": 10**9}, "draws must be a whole number from 100"),
        ({"seed": -1}, "seed must be"),
        ({"months": 0}, "months must be"),
        ({"months": 100}, "months must be"),
        ({"usage_growth": -1.0}, "usage_growth must be"),
        ({"headcount_growth": math.nan}, "headcount_growth must be"),
        ({"precision": 0}, "precision must be"),
        ({"confidence": 1}, "confidence must be"),
        ({"confidence": [0.5, "x"]}, "confidence must be"),
        ({"budget_usd": "x"}, "budget must be"),
        ({"budget_usd": -5}, "budget must be"),
        ({"budget_usd": Decimal("NaN")}, "budget must be"),
        ({"tiers": "all"}, "tiers is mean or task"),
        ({"developers": 0}, "developers must be"),
        ({"so_far": "/nowhere"}, "no such file"),
        ({"options": "copilot/gpt-5-mini@free"}, "not known"),
    ],
)
def test_bad_input_is_one_clear_line(change: dict[str, Any], message: str) -> None:
    given_: dict[str, Any] = {"work": "interactive_ide", "options": DEAR, "on": ON, "draws": 500, **change}
    with pytest.raises(CostcalcError, match=message) as caught:
        forecast(given_.pop("work"), given_.pop("options"), **given_)
    assert "\n" not in str(caught.value)


def test_what_a_profile_does_not_state_is_told() -> None:
    bare = profile(sigma=None, tasks_cv=None, people_sigma=None)
    found = forecast(bare, CHEAP, developers=3, on=ON, draws=500)
    (notice,) = (notice for notice in found.notices if notice.code == "spread_assumed")
    assert "sigma 1.5" in notice.message
    assert "tasks_cv 0.7" in notice.message
    assert "people_sigma 0.8" in notice.message
    by_name = {name: (value, how) for _, name, value, how, _ in found.spread}
    assert by_name["sigma"] == (Decimal("1.5"), "assumption")
    off = forecast(profile(), CHEAP, developers=3, on=ON, draws=500)
    assert {name: value for _, name, value, _, _ in off.spread} == dict.fromkeys(NO_SPREAD, 0)


def test_the_command_line(costcalc: Run, tmp_path: Path) -> None:
    arguments = ("forecast", "--option", f"{DEAR}@pro", "--on", "2026-10-01", "--draws", "500")
    code, out, err = costcalc(*arguments, "--budget", "50", "--confidence", "95%", "--format", "json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["kind"] == "forecast"
    assert {
        "seed",
        "draws",
        "credits",
        "total_usd",
        "task_tokens",
        "task_credits",
        "exhaustion",
        "budget_for",
        "cheaper",
    } <= set(document)
    assert document["budget_for"][0]["confidence"] == "0.95"
    assert set(document["credits"]) >= {"mean", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99"}
    code, _, err = costcalc(*arguments, "--budget", "50", "--fail-over-probability", "0.01")
    assert code == 1
    assert err.startswith("costcalc: the budget is exceeded in ")
    code, _, err = costcalc(*arguments, "--budget", "1", "--fail-over-probability", "10")
    assert (code, err[:49]) == (2, "costcalc: --fail-over-probability is a share from")
    code, _, err = costcalc(*arguments, "--budget", "1", "--fail-over-probability", "10%")
    assert code == 1
    code, _, err = costcalc(*arguments, "--fail-over-probability", "0.01")
    assert (code, err) == (2, "costcalc: --fail-over-probability needs --budget: the chance to exceed which budget?\n")
    code, _, err = costcalc("forecast", "--plan", "pro", "--option", CHEAP)
    assert code == 2
    assert "--plan goes with --model" in err
    team = tmp_path / "team.toml"
    team.write_text(TEAM)
    code, out, _ = costcalc("forecast", str(team), "--on", "2026-10-01", "--draws", "500", "--format", "csv")
    assert code == 0
    assert out.startswith("option,month,people,figure,mean,")
    code, _, err = costcalc("forecast", str(team), "--sigma", "1")
    assert code == 2
    assert "--sigma goes with a profile" in err
    code, out, _ = costcalc(
        "forecast", "--model", "gpt-5-mini", "--sigma", "0", "--tasks-cv", "0", "--on", "2026-10-01"
    )
    assert code == 0
    assert "Half of all months cost less than" in out


def test_a_result_shows_itself_and_is_frozen() -> None:
    found = forecast("interactive_ide", f"{DEAR}@pro", on=ON, draws=500)
    assert isinstance(found, Forecast)
    assert repr(found) == str(found)
    with pytest.raises(AttributeError):
        found.seed = 3  # type: ignore[misc]
    assert len(found.rows()) == 3


def test_growth_and_precision_may_be_percentages(costcalc: Run) -> None:
    as_shares = costcalc(
        "forecast", "--usage-growth", "-0.05", "--headcount-growth", "0.02", "--months", "2", "--precision", "0.05"
    )
    as_percent = costcalc(
        "forecast", "--usage-growth", "-5%", "--headcount-growth", "2%", "--months", "2", "--precision", "5%"
    )
    assert as_shares[0] == 0
    assert as_percent == as_shares
