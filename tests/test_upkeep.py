"""What should be looked at in the price book, what differs between two, and how a price has changed."""

import json
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costcalc.upkeep.peers
from costcalc import (
    InputError,
    PriceBook,
    UnknownNameError,
    check_rates,
    diff_rates,
    import_rates,
    price_history,
    sync_rates,
)
from costcalc.pricing.rate import Rate
from costcalc.showing.display import Result
from costcalc.tokens import KINDS
from costcalc.tomlfile import packaged
from costcalc.upkeep.checking import FINDINGS, RatesCheck
from costcalc.upkeep.peers import GenaiPeer, LitellmPeer
from tests.conftest import Run
from tests.strategies import BOOK
from tests.test_cli import check_money

ON = date(2026, 11, 24)
SHIPPED = packaged("rates.toml").read_text(encoding="utf-8")
FIELDS = (
    "input_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "output_cost_per_token",
)
PLACES = {"copilot": "github_copilot/", "api-azure-datazone": "azure/us/"}
ENDS = {"standard": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}


def map_entry(rate: Rate) -> dict[str, float]:
    """A claim as LiteLLM's map writes it: dollars per token, in binary floats."""
    entry = {}
    for tier in rate.tiers:
        middle = f"_above_{tier.prompt_tokens_over // 1000}k_tokens" if tier.prompt_tokens_over else ""
        for field, price in zip(FIELDS, tier.usd_per_mtok, strict=True):
            if price is not None:
                entry[f"{field}{middle}{ENDS[rate.service_tier]}"] = float(f"{price}e-6")
    return entry


def litellm_map() -> dict[str, Any]:
    """What LiteLLM's map would be if it agreed with the price book in all."""
    found: dict[str, Any] = {"sample_spec": {"mode": "one of: chat", "input_cost_per_token": 0.0}}
    for rate in BOOK.in_force(on=ON):
        provider = BOOK.model(rate.model).provider
        place = PLACES.get(rate.route, {"microsoft": "azure_ai/"}.get(provider, ""))
        found.setdefault(f"{place}{BOOK.model(rate.model).name}", {}).update(map_entry(rate))
    return found


def checked(tmp_path: Path, data: object, **options: Any) -> RatesCheck:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(data))
    return check_rates(on=ON, litellm=path, **options)


class TestPeers:
    def test_the_shipped_prices_agree_with_genai_prices(self) -> None:
        result = check_rates(on=ON)
        (peer,) = [each for each in result.peers if each.peer.startswith("genai-prices")]
        assert peer.agree == peer.compared >= 40
        assert [each.model for each in result.disagreements] == ["mai-code-1-flash"]
        assert result.disagreements[0].rate is None, "it has left GitHub's table"

    def test_a_map_that_agrees(self, tmp_path: Path) -> None:
        result = checked(tmp_path, litellm_map())
        peer = next(each for each in result.peers if each.peer.startswith("litellm"))
        assert peer.agree == peer.compared == len([r for r in BOOK.in_force(on=ON) if r is r.tiers[0]])
        assert not [each for each in result.disagreements if each.peer.startswith("litellm")]

    def test_a_disagreement_names_both(self, tmp_path: Path) -> None:
        data = litellm_map()
        data["github_copilot/GPT-5.4 mini"]["output_cost_per_token"] = 4e-06
        data["GPT-5.4 mini"]["input_cost_per_token_flex"] = 5e-07
        data["github_copilot/GPT-5.4"]["input_cost_per_token_above_272k_tokens"] = 6e-06
        data["github_copilot/gpt-9"] = map_entry(BOOK.rate("gpt-5-mini", on=ON))
        found = [each for each in checked(tmp_path, data).disagreements if each.peer.startswith("litellm")]
        assert sorted(
            (each.model or "", each.route, each.rate.service_tier if each.rate else "") for each in found
        ) == [
            ("", "copilot", ""),
            ("gpt-5.4", "copilot", "standard"),
            ("gpt-5.4-mini", "api", "flex"),
            ("gpt-5.4-mini", "copilot", "standard"),
        ]
        entry = next(e for e in checked(tmp_path, data).to_dict()["disagreements"] if e["model"] == "gpt-5.4")
        assert [tier["usd_per_mtok"]["fresh_input"] for tier in entry["book"]] == ["2.5", "5"]
        assert [tier["usd_per_mtok"]["fresh_input"] for tier in entry["stated"]] == ["2.5", "6"]
        assert entry["source"] == "github-docs"

    def test_names_that_only_begin_alike_are_not_compared(self, tmp_path: Path) -> None:
        data = {"github_copilot/mai-code-1-flash-5th": map_entry(BOOK.rate("gpt-5-mini", on=ON))}
        data["github_copilot/x/gpt-5-mini"] = map_entry(BOOK.rate("gpt-5.4", on=ON))
        result = checked(tmp_path, data)
        assert [each.model for each in result.disagreements if each.peer.startswith("litellm")] == [None]

    @pytest.mark.parametrize("price", [None, "much", -1e-6, [1], True])
    def test_a_price_that_is_none_is_not_taken_for_zero(self, tmp_path: Path, price: object) -> None:
        data = litellm_map()
        data["github_copilot/GPT-5 mini"]["cache_read_input_token_cost"] = price
        result = checked(tmp_path, data)
        if price is None:
            assert [each.model for each in result.disagreements if each.rate] == ["gpt-5-mini"]
        else:
            assert [notice.code for notice in result.notices] == ["not_compared"]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "not LiteLLM's map"),
            ("{", "not LiteLLM's map"),
            ("[]", "no model has input_cost_per_token"),
            ('{"a": 1}', "no model has input_cost_per_token"),
            ("[" * 100_000, "not LiteLLM's map"),
            ("\x00", "not LiteLLM's map"),
            ('{"a": 1e99999999999999999999}', "not LiteLLM's map"),
        ],
    )
    def test_another_file_is_refused(self, tmp_path: Path, content: str, message: str) -> None:
        path = tmp_path / "map.json"
        path.write_text(content)
        with pytest.raises(InputError, match=message):
            LitellmPeer(path)
        with pytest.raises(InputError, match="cannot be read"):
            LitellmPeer(tmp_path / "none.json")

    def test_without_any_peer_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(costcalc.upkeep.peers, "find_spec", lambda _: None)
        result = check_rates(on=ON)
        assert (result.peers, result.disagreements) == ((), ())
        assert [notice.code for notice in result.notices] == ["no_peer"]
        assert str(result).startswith(f"On {ON}: no other list to compare with, ")

    def test_an_installed_litellm_is_read_without_importing_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "litellm"
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('imported')")
        (package / "model_prices_and_context_window_backup.json").write_text(json.dumps(litellm_map()))
        monkeypatch.syspath_prepend(tmp_path)
        assert [each.peer.partition(" ")[0] for each in check_rates(on=ON).peers] == ["genai-prices", "litellm"]

    def test_what_genai_prices_states_by_the_hour_is_not_compared(self) -> None:
        """Every model of the package has dated prices, or a reason why no row can state them."""
        peer = GenaiPeer()
        reasons = set()
        for provider in peer.providers.values():
            for model in provider.models:
                try:
                    dated = peer.dated(model)
                except InputError as error:
                    reasons.add(str(error))
                    continue
                assert [each.first for each in dated[1:]] == sorted(each.first for each in dated[1:] if each.first)
        assert reasons <= {
            "its price depends on the time of day",
            "it has several prices without a day",
            "its long prompts start at other lengths for other token kinds",
        }
        assert "its price depends on the time of day" in reasons


class TestFindings:
    def test_ends_and_retirements_soon(self) -> None:
        assert [(each.model, str(each.on)) for each in check_rates(on=ON, soon_days=6).ends] == []
        assert [(each.model, str(each.on)) for each in check_rates(on=ON, soon_days=7).ends] == [
            ("gemini-4-argon", "2026-12-01")
        ]
        assert {each.model for each in check_rates(on=ON, soon_days=60).ends} == {
            "gemini-4-argon", "gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash", "mai-code-1.1-flash",
        }  # fmt: skip

    def test_a_price_that_another_follows_is_no_end(self) -> None:
        assert "gpt-5.6-sol" not in {each.model for each in check_rates(on=date(2026, 8, 20)).ends}

    @given(st.dates(date(2026, 6, 1), date(2027, 3, 1)), st.integers(0, 200))
    def test_every_end_is_a_day_without_a_price(self, on: date, days: int) -> None:
        for each in check_rates(on=on, soon_days=days).ends:
            assert 0 <= (each.on - on).days <= days
            if each.why != "retires":
                assert BOOK.claims(each.model, route=each.route, on=each.on) == ()
                assert BOOK.claims(each.model, route=each.route, on=date.fromordinal(each.on.toordinal() - 1))

    def test_stale_by_source_and_reading(self) -> None:
        result = check_rates(on=ON, stale_days=30)
        assert {each.source for each in result.stale} >= {"github-docs", "mai-code-1-article", "openai-pricing-page"}
        assert [each.age_days for each in result.stale] == sorted(
            (each.age_days for each in result.stale), reverse=True
        )
        assert "genai-prices-0.2.3" not in {each.source for each in result.stale}
        assert check_rates(on=ON, stale_days=1000).stale == ()

    def test_a_gap_between_claims_of_two_sources(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            '[sources.s]\ntitle = "S"\naddress = "a"\nread = 2026-11-20\nstatus = "indicative"\n'
            '[models."raptor-mini"]\nrates = [\n'
            '  { route = "copilot", source = "s", from = 2026-10-01, fresh_input = 1, output = 2 },\n]\n'
        )
        assert check_rates(on=ON).gaps == ()
        (gap,) = check_rates(on=ON, rates=PriceBook.load(path)).gaps
        assert (gap.model, gap.route, str(gap.first), str(gap.until)) == (
            "raptor-mini", "copilot", "2026-09-04", "2026-10-01",
        )  # fmt: skip

    @pytest.mark.parametrize("options", [{"stale_days": -1}, {"soon_days": -1}])
    def test_days_below_zero_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="_days must be a whole number from 0 to"):
            check_rates(**options)

    def test_findings_can_fail_a_pipeline(self, costcalc: Run) -> None:
        assert costcalc("rates", "check", "--on", "2026-11-24")[0] == 0
        assert costcalc("rates", "check", "--on", "2026-11-24", "--fail-on", "gap")[0] == 0
        assert costcalc("rates", "check", "--on", "2026-11-24", "--fail-on", "gap", "--fail-on", "stale")[0] == 1
        code, out, err = costcalc("rates", "check", "--fail-on", "gaps")
        assert (code, out) == (2, "")
        assert "unknown finding 'gaps'; known: disagreement, stale, gap, ends" in err

    def test_every_finding_is_a_row(self) -> None:
        result = check_rates(on=ON)
        rows = [row["finding"] for row in result.rows()]
        assert {finding: rows.count(finding) for finding in FINDINGS} == {each: result.count(each) for each in FINDINGS}
        with pytest.raises(InputError, match="unknown finding"):
            result.count("typo")


class TestDiff:
    def test_a_file_that_adds_claims(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            '[sources.s]\ntitle = "S"\naddress = "a"\nread = 2026-11-20\nstatus = "indicative"\n'
            '[models."raptor-mini"]\nrates = [\n'
            '  { route = "copilot", source = "s", from = 2026-10-01, fresh_input = 1, output = 2 },\n]\n'
        )
        result = diff_rates("shipped", path)
        assert [rate.id for rate in result.added] == ["copilot/raptor-mini/s/2026-10-01"]
        assert (result.removed, result.changed, result.same) == ((), (), len(BOOK.rates))
        assert [rate.id for rate in diff_rates(path, "shipped").removed] == ["copilot/raptor-mini/s/2026-10-01"]

    def test_closed_and_restated_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "rates.toml"
        text = SHIPPED.replace(
            "from = 2026-06-01, fresh_input = 0.25, cached_input = 0.025, output = 2 },",
            "from = 2026-06-01, until = 2026-11-01, fresh_input = 0.25, cached_input = 0.02, output = 2 },",
        ).replace("read = 2026-09-23", "read = 2026-11-01")
        path.write_text(text)
        (changed,) = diff_rates("shipped", path).changed
        assert changed.after.model == "gpt-5-mini"
        assert changed.fields == ("effective_until", "usd_per_mtok")
        assert [notice.code for notice in diff_rates("shipped", path).notices] == ["source_read"]
        assert "- -> 2026-11-01" in str(diff_rates("shipped", path))
        assert "0.025 -> 0.02" in str(diff_rates("shipped", path))

    def test_a_file_with_a_mistake_is_refused(self, costcalc: Run, tmp_path: Path) -> None:
        (tmp_path / "bad.toml").write_text("[models.a]\n")
        for name, message in (("bad.toml", "bad.toml:1: name is missing"), ("none.toml", "no such file")):
            code, out, err = costcalc("rates", "diff", "shipped", name)
            assert (code, out) == (2, "")
            assert message in err

    @pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown"])
    def test_formats(self, costcalc: Run, output_format: str, tmp_path: Path) -> None:
        (tmp_path / "rates.toml").write_text(SHIPPED.replace("output = 2 },", "output = 3 },"))
        code, out, _ = costcalc("rates", "diff", "shipped", "rates.toml", "--format", output_format)
        assert code == 0
        assert "gpt-5-mini" in out


class TestHistory:
    @pytest.mark.parametrize("model", list(BOOK.models))
    def test_each_change_leads_from_the_price_before(self, model: str) -> None:
        result = price_history(model)
        assert result.claims == BOOK.history(model)
        changes = dict(zip(result.claims, result.changes, strict=True))
        last: dict[tuple[object, ...], Rate] = {}
        for rate in sorted(changes, key=lambda each: each.effective_from or each.not_before or each.earliest_read):
            series = (rate.route, rate.service_tier, rate.source, rate.prompt_tokens_over)
            before = last.get(series)
            for kind, share in zip(KINDS, changes[rate], strict=True):
                new = getattr(rate.usd_per_mtok, kind)
                old = getattr(before.usd_per_mtok, kind) if before else None
                if old is None or new is None:
                    assert share is None
                else:
                    assert share is not None
                    assert abs(old * (1 + share) - new) <= old * Decimal("0.000001")
            if before is not None and before.effective_until is not None and rate.effective_from is not None:
                assert before.effective_until <= rate.effective_from
            last[series] = rate

    def test_a_known_change(self) -> None:
        changes = price_history("gemini-3.6-flash", "copilot").changes
        assert [each[0] for each in changes] == [None, Decimal("-0.5")]

    def test_the_command_has_one_name_in_the_help(self, costcalc: Run) -> None:
        shown = costcalc("rates", "show", "gpt-5.6-sol", "--on", "2026-11-24")
        assert costcalc("rates", "history", "gpt-5.6-sol", "--on", "2026-11-24") == shown
        assert "history" not in costcalc("rates", "--help")[1]

    def test_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown model"):
            price_history("gpt")
        with pytest.raises(UnknownNameError, match="unknown route"):
            price_history("gpt-5-mini", route="copilt")


class TestImport:
    """The long tail: genai-prices as one more source."""

    def test_a_new_model_becomes_a_claim_of_the_same_form(self, costcalc: Run, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        result = import_rates(["mistral/codestral", "openai/gpt-5.4"], into=path, on=ON, read=ON, write=True)
        assert [(each.model, each.known) for each in result.imported] == [("codestral", False), ("gpt-5.4", True)]
        book = PriceBook.load(path)
        claim = book.rate("codestral", route="api", on=ON)
        assert (claim.status, claim.source) == ("indicative", result.source)
        assert book.sources[claim.source].read == "2026-11-24"
        assert claim.usd_per_mtok == import_rates(["mistral/codestral"], on=ON).rates[0].usd_per_mtok
        long = book.rate("gpt-5.4", route="api", on=ON, prompt_tokens=272_001)
        assert long.usd_per_mtok.output == Decimal("22.5")
        code, _, err = costcalc(
            "price", "codestral", "--route", "api", "--rates", "own.toml", "--output", "1000", "--on", "2026-11-24"
        )
        assert (code, err) == (0, "")

    def test_it_never_replaces_another_claim(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        import_rates(["openai/gpt-5.4-mini"], into=path, on=ON, write=True)
        book = PriceBook.load(path)
        assert book.rate("gpt-5.4-mini", route="api", on=ON).source == "openai-pricing-page"
        assert len(book.claims("gpt-5.4-mini", route="api", on=ON)) == 3

    def test_twice_is_once(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        import_rates(["mistral/codestral"], into=path, on=ON, read=ON, write=True)
        before = path.read_bytes()
        again = import_rates(["mistral/codestral", "mistral/Codestral"], into=path, on=date(2026, 11, 26), write=True)
        assert [each.already for each in again.imported] == [True, True]
        assert path.read_bytes() == before
        import_rates(["openai/gpt-5.4", "mistral/devstral-small"], into=path, on=ON, read=date(2026, 11, 1), write=True)
        assert path.read_text().startswith(before.decode().partition("\n[models")[0])
        assert {"codestral", "devstral-small"} <= PriceBook.load(path).models.keys()

    def test_into_a_file_with_rows_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        own = (
            '# ours\n[sources.s]\ntitle = "S"\naddress = "a"\nread = 2026-11-20\nstatus = "published"\n\n'
            '[models."gpt-5.4"]\nrates = [\n'
            '  { route = "api", source = "s", from = 2026-10-01, fresh_input = 1, output = 2 },  # agreed\n]\n'
        )
        path.write_text(own)
        import_rates(["openai/gpt-5.4"], into=path, on=ON, write=True)
        assert set(own.splitlines()) <= set(path.read_text().splitlines())
        assert PriceBook.load(path).rate("gpt-5.4", route="api", on=ON).source == "s"

    def test_dated_prices_stay_dated(self) -> None:
        rates = import_rates(["google/gemini-4-argon"], on=ON).rates
        assert [(str(rate.effective_from), str(rate.effective_until), rate.usd_per_mtok.output) for rate in rates] == [
            ("2026-11-24", "2026-12-01", 10),
            ("2026-12-01", "None", 20),
        ]
        assert [
            str(rate.effective_from) for rate in import_rates(["google/gemini-4-argon"], on=date(2026, 12, 1)).rates
        ] == ["2026-12-01"]

    @pytest.mark.parametrize("name", ["deepseek/deepseek-v4-flash", "google/gemma-3", "google/gemini-embedding-001"])
    def test_what_no_row_can_state_is_left_out_and_told(self, name: str) -> None:
        result = import_rates([name], on=ON)
        assert (result.imported, result.rates) == ((), ())
        assert [notice.code for notice in result.notices] == ["not_imported"]

    def test_prices_of_other_things_are_told(self) -> None:
        assert "web_searches_kcount" in import_rates(["openai/gpt-5.4"], on=ON).notices[0].message

    def test_another_seller_s_price_is_not_the_provider_s(self) -> None:
        """A model sold by another provider than its own gets an id of its own: the price is of somebody else."""
        result = import_rates(["openrouter/openai/gpt-5.4-mini"], on=ON)
        assert [(each.model, each.known) for each in result.imported] == [("openai-gpt-5.4-mini", False)]

    def test_models_of_every_provider_are_imported_or_told(self, tmp_path: Path) -> None:
        peer = GenaiPeer()
        for provider in peer.providers.values():
            if provider.id == "github-copilot":
                continue
            names = [f"{provider.id}/{model.id}" for model in provider.models[:60]]
            result = import_rates(names, into=tmp_path / f"{provider.id}.toml", on=ON, write=True)
            done = {each.name for each in result.imported}
            told = [notice.message for notice in result.notices if notice.code == "not_imported"]
            for name in set(names) - done:
                assert any(message.startswith(f"{name}: ") for message in told), name
            if result.rates:
                assert PriceBook.load(tmp_path / f"{provider.id}.toml")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["codestral"], "unknown provider 'codestral'"),
            (["mistral/codestrl"], "unknown model of mistral 'codestrl'; nearest: codestral"),
            (["mistral/code"], "unknown model of mistral"),
            (["github-copilot/gpt-5-mini"], "costcalc rates sync"),
            (["mistral/codestral", "--write"], "say which price file to write with --into FILE"),
            (["mistral/codestral", "--into", "x.toml"], "x.toml: no such file; --write makes it"),
            (["mistral/codestral", "--into", "bad.toml", "--write"], "bad.toml:1: not valid TOML"),
        ],
    )
    def test_a_mistake_is_one_line(self, costcalc: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
        (tmp_path / "bad.toml").write_text("[")
        code, out, err = costcalc("rates", "import", *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1

    def test_without_the_package_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "genai_prices.data", None)
        with pytest.raises(InputError, match="pip install 'costcalc.peers.'"):
            import_rates(["mistral/codestral"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: check_rates(on=ON),
        lambda: diff_rates("shipped", "shipped"),
        lambda: import_rates(["google/gemini-4-argon"], on=ON),
        lambda: sync_rates(b"- {model: GPT-5 mini, provider: openai, input: $0.25, output: $2.00}", on=ON),
    ],
    ids=["check", "diff", "import", "sync"],
)
def test_machine_output_keeps_its_promises(make: Callable[[], Result]) -> None:
    found = make().to_dict()
    assert list(found)[:2] == ["schema_version", "kind"]
    assert list(found)[-2:] == ["rates", "notices"]
    assert json.loads(json.dumps(found)) == found
    check_money(found)
