"""Checks: limits that hold or break, like compared with like, documents read back, and documents that nobody wrote."""

import json
import sys
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costcalc import Account, Budget, Check, CostcalcError, Forecast, InputError, PriceBook, Seats, check, estimate
from tests.conftest import Run
from tests.strategies import damaged, damaged_bytes

pytest.importorskip("numpy", reason="a check needs numpy")

from costcalc import forecast
from costcalc.showing.display import json_text

ON = date(2026, 10, 1)
CHEAP, DEAR = "copilot/gpt-5-mini", "copilot/claude-sonnet-4.6"
EXAMPLES = Path(__file__).parents[1] / "examples"
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


@cache
def found(*options: str, work: Any = "interactive_ide", months: int = 1, seed: int = 1, draws: int = 500) -> Forecast:
    return forecast(work, options or (DEAR,), on=ON, draws=draws, months=months, seed=seed)


def of_team(tmp_path: Path, *changes: tuple[str, str], options: tuple[str, ...] = ()) -> Forecast:
    text = TEAM
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "team.toml").write_text(text)
    return forecast(tmp_path / "team.toml", options, on=ON, draws=500)


def codes(result: Check) -> set[str]:
    return {notice.code for notice in result.notices}


def changed(result: Check) -> dict[str, tuple[str | None, str | None]]:
    return {each.name or each.what: (each.before, each.now) for each in result.changes}


class TestLimits:
    @given(st.sampled_from(["max_usd", "max_p90_usd"]), st.decimals(0, 200, places=4))
    def test_a_limit_is_the_most_that_passes(self, limit: str, most: Decimal) -> None:
        month = found()
        actual = month.total_usd.mean if limit == "max_usd" else month.total_usd[90]
        for amount in (most, actual, actual - Decimal("0.0001")):
            settings_: dict[str, Any] = {limit: amount}
            result = check(month, **settings_)
            assert result.passed == (actual <= amount)
            (only,) = result.limits
            assert (only.limit, only.limit_usd, only.actual_usd) == (limit, amount, actual)

    def test_every_option_has_to_keep_to_every_limit_in_every_month(self) -> None:
        both = found(CHEAP, DEAR, months=2)
        cheap, dear = both.options
        between = (cheap.months[1].total_usd.mean + dear.months[1].total_usd.mean) / 2
        result = check(both, max_usd=between, max_p90_usd=10_000)
        assert len(result.limits) == 8
        assert [(each.option, each.month) for each in result.broken] == [(DEAR, "2026-10"), (DEAR, "2026-11")]
        assert not result.passed
        grown = forecast("interactive_ide", DEAR, on=ON, draws=500, months=3, usage_growth=0.5)
        most = (grown.options[0].months[1].total_usd.mean + grown.options[0].months[2].total_usd.mean) / 2
        assert [each.month for each in check(grown, max_usd=most).broken] == ["2026-12"]

    def test_the_error_of_the_draws_decides_nothing_but_is_told(self) -> None:
        month = found()
        error = month.total_usd.errors["p90"]
        for factor, passed, close in ((-2, False, False), ("-0.5", False, True), ("0.5", True, True), (2, True, False)):
            result = check(month, max_p90_usd=month.total_usd[90] + Decimal(factor) * error)
            assert result.passed is passed
            assert ("limit_within_error" in codes(result)) is close
            assert ("too close to call" in str(result)) is close

    def test_without_limits_nothing_is_said_to_have_passed(self) -> None:
        result = check(found())
        assert result.passed
        assert str(result).startswith("No limit was set")
        assert "assed" not in str(result)

    def test_work_that_an_account_blocks_is_not_a_saving(self) -> None:
        account = Account(
            kind="organization",
            month="2026-10",
            seats=(Seats(plan="business", count=4),),
            budgets=(Budget(scope="organization", usd=50, stop=True),),
        )
        result = check(forecast("interactive_ide", DEAR, account=account, on=ON, draws=500), max_p90_usd=126)
        assert result.passed
        assert "work_blocked" in codes(result)


class TestBaselines:
    @pytest.mark.parametrize("months", [1, 3])
    def test_against_itself_nothing_differs(self, tmp_path: Path, months: int) -> None:
        month = found(CHEAP + "@pro", DEAR, months=months)
        before = check(month)
        path = tmp_path / "saved.json"
        before.save(path)
        for baseline in (path, str(path), before, month):
            result = check(month, max_increase=0, baseline=baseline)
            assert result.passed
            assert len(result.differences) == 2 * months * 3
            assert all(each.difference == 0 == each.share for each in result.differences)
            assert result.changes == ()
            assert codes(result) == codes(before)

    def test_a_team_against_itself(self, tmp_path: Path) -> None:
        team = of_team(tmp_path, options=(f"{CHEAP}@business",))
        result = check(team, max_increase=0, baseline=check(team))
        assert (result.passed, result.changes) == (True, ())

    def test_a_price_that_doubles_doubles_the_bill(self, tmp_path: Path) -> None:
        work = "light_chat"
        before = forecast(work, "api/gpt-5.4-mini", on=ON, draws=500)
        prices = PriceBook.load().rate("gpt-5.4-mini", route="api", on=ON).usd_per_mtok
        doubled = ", ".join(f"{kind} = {2 * price}" for kind, price in prices._asdict().items() if price is not None)
        (tmp_path / "own.toml").write_text(f"""
            [sources.contract]
            title = "A contract"
            address = "procurement"
            read = 2026-10-01
            status = "published"
            [models."gpt-5.4-mini"]
            rates = [{{ route = "api", source = "contract", from = 2026-10-01, {doubled} }}]
        """)
        own = PriceBook.load(tmp_path / "own.toml")
        after = forecast(work, "api/gpt-5.4-mini", on=ON, draws=500, rates=own, basis="contract")
        result = check(after, max_increase="0.99", baseline=before)
        assert not result.passed
        shares = {each.figure: float(each.share or 0) for each in result.differences}
        assert shares == pytest.approx({"expected_usd": 1, "p90_usd": 1, "credits": 1}, rel=1e-4)
        assert check(after, max_increase="1.001", baseline=before).passed
        claims = changed(result)
        assert claims["basis"] == ("best", "contract")
        assert claims["api/gpt-5.4-mini, the claim believed"][1] == "api/gpt-5.4-mini/contract/2026-10-01"

    def test_a_claim_whose_price_changes_is_named_by_token_kind(self) -> None:
        document = found(CHEAP).to_dict()
        (rate,) = document["rates"]
        rate["id"], rate["usd_per_mtok"]["output"] = "copilot/gpt-5-mini/github-docs/2026-01-01", "1.5"
        rate["modifiers"] = [{"id": "auto", "factor": "0.9"}]
        Path("saved.json").write_text(json.dumps(document))
        found_changes = changed(check(found(CHEAP), baseline="saved.json"))
        assert found_changes["copilot/gpt-5-mini, output, USD per million (github-docs)"] == ("1.35", "2")
        assert found_changes["copilot/gpt-5-mini, fresh_input, USD per million (github-docs)"] == ("0.225", "0.25")

    def test_changes_of_a_team_are_told(self, tmp_path: Path) -> None:
        before = of_team(tmp_path)
        after = of_team(
            tmp_path,
            ("people = 12", "people = 14"),
            ("= 0.75", "= 0.5"),
            ("= 0.25", "= 0.5"),
            ('"reviews"', '"audits"'),
            ("tasks_per_day = 8", "tasks_per_day = 9\nsigma = 1"),
        )
        found_changes = changed(check(after, baseline=before))
        assert found_changes["people of editors"] == ("12", "14")
        assert found_changes["share of copilot/gpt-5-mini@business in editors"] == ("0.75", "0.5")
        assert found_changes["people of reviews"] == ("1", None)
        assert found_changes["people of audits"] == (None, "1")
        assert found_changes["sigma of editors"] == ("1.5", "1")
        assert "expected tasks a month" in found_changes

    def test_a_single_option_is_held_against_a_single_one(self) -> None:
        result = check(found(DEAR), max_increase=1, baseline=found(CHEAP))
        assert not result.passed
        assert changed(result)["option"] == (CHEAP, DEAR)
        assert changed(result)["copilot/gpt-5-mini, the model used"] == ("copilot/gpt-5-mini", None)

    def test_what_the_baseline_does_not_have_is_not_taken_to_be_the_same(self) -> None:
        result = check(found(CHEAP, DEAR), baseline=found(CHEAP))
        assert {each.option for each in result.differences} == {CHEAP}
        assert "not_in_baseline" in codes(result)
        assert result.rows()[1]["before_usd"] is None
        with pytest.raises(InputError, match=f"no bill to compare {DEAR} in 2026-10 with"):
            check(found(CHEAP, DEAR), max_increase=1, baseline=found(CHEAP))
        with pytest.raises(InputError, match=f"none of the options that are checked; it has {CHEAP}, {DEAR}"):
            check(found("api/gpt-5.4-mini"), baseline=found(CHEAP, DEAR))
        longer = check(found(months=2), baseline=found())
        assert [each.month for each in longer.differences] == ["2026-10"] * 3
        assert "fewer_months" in codes(longer)
        with pytest.raises(InputError, match="no bill to compare"):
            check(found(months=2), max_increase=1, baseline=found())

    def test_months_are_compared_in_order_and_other_draws_told(self) -> None:
        later = forecast("interactive_ide", DEAR, on=date(2026, 11, 2), draws=600, seed=5)
        result = check(later, max_increase=1, baseline=found())
        assert {each.month for each in result.differences} == {"2026-11"}
        assert {"other_month", "other_draws"} <= codes(result)
        assert "other_draws" not in codes(check(found(), baseline=found()))

    def test_of_other_draws_an_increase_may_be_too_close_to_call(self) -> None:
        before, now = sorted((found(), found(seed=2)), key=lambda each: each.total_usd.mean)
        share = now.total_usd.mean / before.total_usd.mean - 1
        assert "limit_within_error" in codes(check(now, max_increase=share, baseline=before))
        assert "limit_within_error" not in codes(check(now, max_increase=0, baseline=now))

    def test_use_so_far_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "use.csv").write_text("time,model,fresh_input\n2026-10-01,claude-sonnet-4.6,5000000\n")
        part = forecast("interactive_ide", DEAR, on=ON, draws=500, so_far=tmp_path / "use.csv")
        assert changed(check(part, baseline=found()))["known until"] == (None, "2026-10-01")


class TestEstimates:
    """An estimate states the bill of the expected month, which under an allowance is less than the expected bill."""

    def test_like_is_compared_with_like(self) -> None:
        baseline = estimate("interactive_ide", "gpt-5-mini", plan="pro", developers=2, on=ON)
        month = forecast("interactive_ide", f"{CHEAP}@pro", developers=2, on=ON, draws=500)
        result = check(month, max_increase=0, baseline=baseline)
        assert month.total_usd.mean > (baseline.total_usd or 0)
        assert [(each.figure, each.difference) for each in result.differences] == [("estimate_usd", 0), ("credits", 0)]
        assert result.passed
        assert result.changes == ()
        assert result.limits[0].error_usd == 0
        assert "baseline_is_estimate" in codes(result)

    def test_what_changed_since(self) -> None:
        baseline = estimate("interactive_ide", "gpt-5-mini", developers=2, on=ON)
        result = check(found(CHEAP, work="light_chat"), baseline=baseline)
        found_changes = changed(result)
        assert found_changes["work"] == ("interactive_ide", "light_chat")
        assert found_changes["people"] == ("2", "1")

    def test_a_mix_has_no_bill_of_one_expected_month(self, tmp_path: Path) -> None:
        baseline = estimate("interactive_ide", "gpt-5-mini", plan="business", on=ON)
        team = of_team(tmp_path)
        assert "no_bill_compared" in codes(check(team, baseline=baseline))
        with pytest.raises(InputError, match="no bill to compare as planned"):
            check(team, max_increase=1, baseline=baseline)

    def test_an_unknown_bill_is_not_zero(self) -> None:
        baseline = estimate("interactive_ide", "gpt-5-mini", plan="free", on=ON)
        assert baseline.total_usd is None
        assert "no_bill_compared" in codes(check(found(CHEAP), baseline=baseline))
        with pytest.raises(InputError, match="no bill to compare"):
            check(found(CHEAP), max_increase=1, baseline=baseline)

    def test_from_nothing_any_bill_is_an_increase(self) -> None:
        document = estimate("interactive_ide", "gpt-5-mini", on=ON).to_dict()
        document["bill"]["total_usd"] = "0"
        Path("saved.json").write_text(json.dumps(document))
        result = check(found(CHEAP), max_increase=100, baseline="saved.json")
        assert not result.passed
        assert result.differences[0].share is None


class TestStrangersDocuments:
    @settings(max_examples=150)
    @given(st.data())
    def test_damage_is_one_clear_line_or_harmless(self, data: st.DataObject) -> None:
        whole = data.draw(st.sampled_from([check(found()), found(), estimate("light_chat", "gpt-5-mini", on=ON)]))
        draw = data.draw(st.booleans())
        text = data.draw(damaged(whole.to_dict()) if draw else damaged_bytes(json_text(whole.to_dict()).encode()))
        path = Path("damaged.json")
        path.write_bytes(text)
        try:
            shown = json_text(check(found(), max_usd=100, baseline=path).to_dict())
        except InputError as error:
            shown = str(error)
            lines, most = shown.count("\n"), len(shown)
        else:
            lines = most = 0
        assert "damaged.json" in shown
        assert lines == 0
        assert most < 2_000

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b"", "not a JSON document"),
            (b"{", "not a JSON document"),
            (b"[" * 100_000, "not a JSON document"),
            (b'{"kind":' * 5_000, "not a JSON document"),
            (b"[1]", "not an object of fields"),
            (b"5", "not an object of fields"),
            (b"\xff\xfe{\x00", "not UTF-8 text"),
            (b"{}", "schema_version is missing"),
            (b'{"schema_version": "1"}', "kind is missing"),
            (b'{"schema_version": 1, "kind": "check"}', "schema_version: must be text in quotes, not 1"),
            (b'{"schema_version": "99", "kind": "check"}', "schema_version '99' is not known"),
            (b'{"schema_version": "1", "kind": "compare"}', "a document of kind 'compare', where one of these is needed"),
            (b'{"schema_version": "1", "kind": "check"}', "is missing"),
        ],
    )  # fmt: skip
    def test_what_costcalc_did_not_write(self, text: bytes, message: str) -> None:
        Path("saved.json").write_bytes(text)
        with pytest.raises(InputError, match=f"^saved.json: .*{message}") as caught:
            check(found(), baseline="saved.json")
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("mean", "NaN"), ("mean", "Infinity"), ("mean", "1e999999999"), ("mean", "1e-999999999"), ("mean", "-1"),
            ("mean", "9" * 5_000), ("mean", float("nan")), ("mean", True), ("mean", None), ("mean", [1]), ("p90", "x"),
        ],
    )  # fmt: skip
    def test_numbers_that_cannot_be_a_bill(self, field: str, value: Any) -> None:
        document = found().to_dict()
        document["options"][0]["months"][0]["total_usd"][field] = value
        Path("saved.json").write_text(json.dumps(document))
        with pytest.raises(
            InputError, match=rf"^saved.json: ({field}|options.0.months.0.total_usd.{field}|not a JSON)"
        ):
            check(found(), baseline="saved.json")

    def test_other_files(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="nothing.json: no such file"):
            check(found(), baseline="nothing.json")
        with pytest.raises(InputError, match="a folder, where a saved JSON document is needed"):
            check(found(), baseline=tmp_path)
        with pytest.raises(InputError, match="no file name"):
            check(found(), baseline="")
        (tmp_path / "large.json").write_bytes(b" " * 20_000_001)
        with pytest.raises(InputError, match="too large"):
            check(found(), baseline="large.json")

    def test_names_show_as_text(self, costcalc: Run) -> None:
        document = found().to_dict()
        document["options"][0]["option"] = "a|b\n# <img src=x> [l](http://x) \x1b[2J\u202e"
        document["work"] = "w\n\n| x | y |"
        Path("saved.json").write_text(json.dumps(document))
        code, out, err = costcalc(
            "check", "--option", DEAR, "--on", "2026-10-01", "--draws", "500", "--baseline", "saved.json"
        )
        assert (code, err) == (0, "")
        assert r"a\|b # &lt;img src=x&gt; \[l\](http://x) \\x1b\[2J\\u202e" in out
        assert r"w \| x \| y \|" in out

    def test_a_document_of_this_version_stays_readable(self) -> None:
        team = forecast(EXAMPLES / "team.toml", on=date(2026, 11, 24), draws=500)
        assert check(team, max_increase=1, baseline=EXAMPLES / "team-saved.json").passed


class TestSaving:
    def test_only_documents_are_replaced_and_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "saved.json"
        path.touch()
        result = check(found(CHEAP))
        result.save(path)
        result.save(path)
        assert json.loads(path.read_text(encoding="utf-8")) == result.to_dict()
        path.write_text("mine")
        with pytest.raises(InputError, match="is there already, and not a document of costcalc"):
            result.save(path)
        assert path.read_text() == "mine"
        with pytest.raises(InputError, match="cannot be written"):
            result.save(tmp_path / "nowhere" / "saved.json")
        with pytest.raises(InputError, match="not a file"):
            result.save(tmp_path)
        assert [each.name for each in tmp_path.iterdir()] == ["saved.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_usd": "x"}, "max_usd must be a number"),
        ({"max_usd": -1}, "max_usd must be a number of US dollars of at least 0"),
        ({"max_p90_usd": Decimal("NaN")}, "max_p90_usd must be"),
        ({"max_increase": "0.1"}, "needs a baseline"),
        ({"max_increase": "x", "baseline": "b"}, "max_increase must be a share"),
        ({"max_increase": -1, "baseline": "b"}, "max_increase must be a share from 0"),
        ({"max_increase": Decimal("NaN"), "baseline": "b"}, "max_increase must be a share"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CostcalcError, match=message):
        check(found(), **arguments)


def test_what_is_no_forecast_is_told_what_to_do() -> None:
    unexpected: Any = "team.toml"
    with pytest.raises(InputError, match="check takes a forecast"):
        check(unexpected, max_usd=5)


def test_the_same_seed_gives_the_same_bytes(costcalc: Run, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(TEAM)
    saved = check(forecast("team.toml", on=ON, draws=3_000, workers=1))
    saved.save("saved.json")
    command = [
        "check",
        "team.toml",
        "--on",
        "2026-10-01",
        "--draws",
        "3000",
        "--baseline",
        "saved.json",
        "--max-usd",
        "600",
    ]
    for output_format in ("json", "csv", "markdown", "table"):
        first, second = (costcalc(*command, "--format", output_format) for _ in range(2))
        assert first == second
    several = check(forecast("team.toml", on=ON, draws=3_000, workers=4), max_usd=600, baseline="saved.json")
    assert json_text(several.to_dict()) + "\n" == costcalc(*command, "--format", "json")[1]


class TestCommandLine:
    COMMAND = ("check", "--option", f"{DEAR}@pro", "--on", "2026-10-01", "--draws", "500")

    def test_a_pull_request(self, costcalc: Run, tmp_path: Path) -> None:
        code, out, err = costcalc(*self.COMMAND, "--save", "saved.json")
        assert (code, err) == (0, "")
        assert out.startswith("No limit was set")
        code, out, err = costcalc(
            "check", "--option", f"{DEAR}@pro", "--on", "2026-10-01", "--draws", "500", "--developers", "2",
            "--baseline", "saved.json", "--max-increase", "50%", "--max-usd", "1,000", "--save", "new.json",
        )  # fmt: skip
        assert code == 1
        assert out.startswith("**Broken: 1 of 2 limits.**\n\n| limit | option | at most | is | verdict |\n| --- |")
        assert err.startswith("costcalc: a limit breaks: $")
        assert err.count("\n") == 1
        document = json.loads((tmp_path / "new.json").read_text())
        assert (document["kind"], document["passed"]) == ("check", False)
        assert [each["passed"] for each in document["limits"]] == [True, False]
        assert document["baseline"]["name"] == "saved.json"
        assert document["baseline"]["differences"][0]["figure"] == "expected_usd"
        assert {"work", "on", "seed", "draws", "options", "max_usd", "max_p90_usd", "max_increase"} <= set(document)
        code, out, _ = costcalc(*self.COMMAND, "--baseline", "new.json", "--max-increase", "0", "--format", "json")
        assert code == 0
        assert json.loads(out)["baseline"]["differences"][0]["difference"].startswith("-")

    def test_all_kinds_of_documents(self, costcalc: Run, tmp_path: Path) -> None:
        for command in (
            (*self.COMMAND, "--max-usd", "1000"),
            ("forecast", *self.COMMAND[1:]),
            ("estimate", "--model", "claude-sonnet-4.6", "--plan", "pro", "--on", "2026-10-01"),
        ):
            (tmp_path / "saved.json").write_text(costcalc(*command, "--format", "json")[1])
            code, out, err = costcalc(
                *self.COMMAND, "--baseline", "saved.json", "--max-increase", "0%", "--format", "csv"
            )
            assert (code, err) == (0, "")
            assert ",0," in out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "nothing to check: give --max-usd"),
            (["--max-increase", "10%"], "--max-increase needs --baseline"),
            (["--max-increase", "10", "--baseline", "saved.json"], "--max-increase 10 would be 1000 %; write 10%"),
            (["--max-increase", "-1%", "--baseline", "saved.json"], "'-1' is not a number of at least 0"),
            (["--max-usd", "$5"], "'$5' is not a number"),
            (["--baseline", "none.json"], "none.json: no such file"),
            (["--save", "team.toml"], "team.toml: is there already, and not a document of costcalc"),
            (["--save", "."], ".: not a file that can be replaced"),
            (["--baseline", "saved.json", "--save", "./saved.json"], "--save would replace the baseline"),
            (["--max-usd", "5", "--format", "yaml"], "is not one of table, json, csv, markdown"),
        ],
    )
    def test_a_mistake_is_one_clear_line(
        self, costcalc: Run, tmp_path: Path, arguments: list[str], message: str
    ) -> None:
        (tmp_path / "team.toml").write_text(TEAM)
        check(found()).save("saved.json")
        code, out, err = costcalc(*self.COMMAND, *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1

    def test_without_numpy_it_says_what_to_install(self, costcalc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.startswith("costcalc.")]:
            if name.rpartition(".")[2] in ("running", "outlook", "horizon", "simulation", "guarding"):
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "numpy", None)
        import costcalc as package

        for name in ("forecast", "check"):
            monkeypatch.delitem(package.__dict__, name, raising=False)
        code, out, err = costcalc(*self.COMMAND, "--max-usd", "5")
        assert (code, out) == (2, "")
        assert err == "costcalc: forecast needs numpy: pip install 'costcalc[forecast]'\n"


def test_a_result_shows_itself_and_is_frozen() -> None:
    result = check(found(), max_usd=1)
    assert repr(result) == str(result)
    with pytest.raises(AttributeError):
        result.baseline = None  # type: ignore[misc]
    assert [row["broken"] for row in result.rows()] == ["max_usd"]
