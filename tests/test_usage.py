"""Logs and reports: read as their tools write them, priced, reconciled; hostile ones survived."""

import json
import os
import sqlite3
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costcalc import InputError, UnknownNameError, UsageReport, fit_profile, reconcile, usage
from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers import find, jsonlines, normalised, plain_report
from tests import logs
from tests.conftest import Run
from tests.logs import Call
from tests.strategies import BOOK, damaged, damaged_bytes, odd_values

SONNET = Call("claude-sonnet-4.6", 1, 45_150, 731, 210, 1_943_925_000)
HAIKU = Call("Auto: Claude Haiku 4.5", 198, 223_257, 30_122, 8_209)
OPUS = Call("claude-opus-5", 600, 400, 0, 50, 445_000_000)


def entries(*paths: Path) -> list[UsageEntry]:
    log = ReadLog()
    found = list(find.read_usage([str(path) for path in paths], log))
    assert log.skipped == []
    return found


def cost(call: Call, **settings: Any) -> int:
    """The list price of a call in nano-AIU, by the price book."""
    from costcalc import TokenUsage

    rate = BOOK.rate(call.model, on=call.at, **settings)
    return rate.cost(TokenUsage(call.fresh, call.cached, call.write, call.output)).nano_aiu


class TestPublishedSamples:
    """Each published sample that carries a cost, to the nano-AIU."""

    def agree(self, path: Path, nano_aiu: int) -> None:
        report, held = usage([path]), reconcile([path])
        assert report.totals.reported == report.totals.computed == nano_aiu
        assert (held.compared, held.exact, held.difference_credits) == (1, 1, 0)

    def test_a_session_shutdown(self, tmp_path: Path) -> None:
        total = Call("claude-sonnet-4.6", 20, 290_380, 57_000, 3_150, 34_817_400_000)
        self.agree(logs.session_file(tmp_path, "s", logs.shutdown_event("s9", [total])), 34_817_400_000)

    def test_a_row_of_the_session_store(self, tmp_path: Path) -> None:
        logs.store(tmp_path / "session-store.db", [SONNET])
        self.agree(tmp_path / "session-store.db", 1_943_925_000)

    def test_a_call_in_a_vs_code_debug_log(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        path.write_text(logs.lines(logs.vscode_line("r1", OPUS)))
        self.agree(path, 445_000_000)

    def test_a_row_of_a_usage_report(self, tmp_path: Path) -> None:
        path = tmp_path / "report.csv"
        path.write_text(logs.report([logs.report_row(HAIKU, "9.109908", repository="")]))
        self.agree(path, 9_109_908_000)

    def test_an_openai_body(self, tmp_path: Path) -> None:
        body = {"model": "gpt-5.4-mini", "usage": {"input_tokens": 22157, "input_tokens_details": {"cached_tokens": 13056},
                "output_tokens": 246, "output_tokens_details": {"reasoning_tokens": 120}, "total_tokens": 22403}}  # fmt: skip
        path = tmp_path / "bodies.jsonl"
        path.write_text(logs.lines({**body, "created_at": 1785760264}))
        (entry,) = entries(path)
        assert entry.counts == (9_101, 13_056, 0, 246)

    def test_a_body_of_copilots_own_api_is_disjoint(self, tmp_path: Path) -> None:
        path = tmp_path / "bodies.jsonl"
        details = {"input": 3857, "cache_read": 0, "cache_write": 12539, "output": 362}
        path.write_text(
            logs.lines(
                {
                    "usage": {
                        "prompt_tokens": 16396,
                        "completion_tokens": 362,
                        "prompt_tokens_details": {"cached_tokens": 0},
                    },
                    "copilot_usage": {
                        "token_details": [{"token_type": k, "token_count": n} for k, n in details.items()]
                    },
                }
            )
        )
        (entry,) = entries(path)
        assert (entry.counts, entry.route) == ((3857, 0, 12539, 362), "copilot")

    def test_credits_from_the_preview_of_april(self, tmp_path: Path) -> None:
        path = tmp_path / "report.csv"
        path.write_text(
            "date,username,product,sku,model,quantity,unit_type,applied_cost_per_quantity,gross_amount,discount_amount,"
            "net_amount,total_monthly_quota,organization,cost_center_name,aic_quantity,aic_gross_amount\n"
            "2026-03-01,test-user-a,copilot,coding_agent_premium_request,Coding Agent model,2,requests,0.04,0.08,0.08,0,"
            "1000,example-org-a,,8.68986,0.08689859999999999\n"
        )
        assert usage([path]).credits == Decimal("8.68986")


counts = st.integers(0, 200_000)
calls = st.builds(
    Call,
    model=st.sampled_from(["claude-sonnet-4.6", "gpt-5-mini", "gpt-5.4", "claude-opus-5"]),
    fresh=counts,
    cached=counts,
    write=counts,
    output=counts,
    nano_aiu=st.none(),
    at=st.integers(0, 25).map(lambda day: datetime(2026, 8, 1, 9, tzinfo=UTC) + timedelta(days=day)),
)
priced_calls = calls.map(lambda call: call._replace(nano_aiu=cost(call)))


def totals(report: UsageReport) -> tuple[list[int], int]:
    return report.totals.tokens, report.totals.reported


def expected(found: list[Call]) -> tuple[list[int], int]:
    tokens = [sum(call[place] for call in found) for place in range(1, 5)]  # type: ignore[misc]
    return tokens, sum(call.nano_aiu or 0 for call in found)


class TestRoundTrips:
    """Whatever a tool writes comes back, to the token and the nano-AIU; on consistent data the difference is 0."""

    def check(self, path: Path, truth: list[Call]) -> None:
        report = usage([path])
        assert report.skipped_count == 0
        assert totals(report) == expected(truth)
        held = reconcile([path])
        assert held.difference_credits == 0
        assert held.exact == held.compared

    @given(st.lists(priced_calls, min_size=1, max_size=6), st.booleans())
    def test_calls_of_copilot_cli(self, tmp_path_factory: Any, truth: list[Call], details: bool) -> None:
        found = [logs.call_event(str(n), call, details=details) for n, call in enumerate(truth)]
        end = logs.shutdown_event("end", truth[:1])  # its totals repeat the calls
        self.check(logs.session_file(tmp_path_factory.mktemp("log"), "s", *found, found[0], end), truth)

    @given(st.lists(priced_calls, min_size=1, max_size=6))
    def test_the_session_store(self, tmp_path_factory: Any, truth: list[Call]) -> None:
        path = tmp_path_factory.mktemp("log") / "session-store.db"
        logs.store(path, truth)
        self.check(path, truth)

    @given(st.lists(priced_calls.map(lambda call: call._replace(write=0)), min_size=1, max_size=6))
    def test_vs_code(self, tmp_path_factory: Any, truth: list[Call]) -> None:
        truth = [call._replace(nano_aiu=cost(call)) for call in truth]
        folder = tmp_path_factory.mktemp("log") / "debug-logs" / "053f"
        folder.mkdir(parents=True)
        (folder / "main.jsonl").write_text(
            logs.lines(*(logs.vscode_line(f"a{n}", c) for n, c in enumerate(truth[::2])))
        )
        (folder / "runSubagent-x-1.jsonl").write_text(
            logs.lines({"type": "start"}, *(logs.vscode_line(f"b{n}", c) for n, c in enumerate(truth[1::2])))
        )
        self.check(folder, truth)

    @given(st.lists(calls, min_size=1, max_size=6), st.booleans())
    def test_opentelemetry(self, tmp_path_factory: Any, truth: list[Call], otlp: bool) -> None:
        path = tmp_path_factory.mktemp("log") / "spans.jsonl"
        if otlp:
            path.write_text(logs.lines(logs.otlp_line(*((f"r{n}", call) for n, call in enumerate(truth)))))
        else:
            spans = [logs.otel_line(f"r{n}", call) for n, call in enumerate(truth)]
            path.write_text(logs.lines(*spans, logs.otel_line("sum", truth[0], "invoke_agent"), spans[0]))
        report = usage([path])
        assert report.totals.tokens == expected(truth)[0]
        assert report.totals.computed == sum(cost(call) for call in truth)

    @given(
        st.lists(priced_calls, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans()
    )
    def test_usage_reports(
        self, tmp_path_factory: Any, truth: list[Call], end: str, quoted: bool, marked: bool
    ) -> None:
        # A row adds up requests whose number is not told, so a model with a long-context price has the default one.
        truth = [call._replace(model="gpt-5-mini") for call in truth]
        truth = [call._replace(nano_aiu=cost(call)) for call in truth]
        rows = [
            logs.report_row(call, f"{Decimal(call.nano_aiu or 0).scaleb(-9):f}", repository=f"repo{n}")
            for n, call in enumerate(truth)
        ]
        path = tmp_path_factory.mktemp("log") / "report.csv"
        mark = "\ufeff" if marked else ""
        path.write_text(mark + logs.report(rows, end=end, quoted=quoted), encoding="utf-8", newline="")
        self.check(path, truth)

    @given(
        st.lists(calls.map(lambda c: c._replace(model="gpt-5.4-mini", write=0)), min_size=1, max_size=5), st.booleans()
    )
    def test_openai(self, tmp_path_factory: Any, truth: list[Call], chat: bool) -> None:
        folder = tmp_path_factory.mktemp("log")
        bodies = [logs.openai_body(call, f"r{n}", chat=chat) for n, call in enumerate(truth)]
        (folder / "bodies.jsonl").write_text(logs.lines(*bodies, bodies[0]))
        (folder / "usage.json").write_text(json.dumps(logs.openai_export(*truth), indent=1))
        report = usage([folder], by=["source"])
        assert {names[0]: found.tokens for names, found in report.groups} == {
            "openai-bodies": expected(truth)[0],
            "openai-usage-export": expected(truth)[0],
        }
        assert report.totals.computed == 2 * sum(cost(call, route="api") for call in truth)


class TestCopilotSessions:
    def test_shutdown_totals_are_differences_over_resumes(self, tmp_path: Path) -> None:
        first = Call("gpt-5-mini", 100, 50, 0, 10, 5_000)
        second = Call("gpt-5-mini", 300, 80, 0, 25, 9_000)
        anew = Call("gpt-5-mini", 40, 0, 0, 5, 1_000)
        path = logs.session_file(
            tmp_path,
            "s",
            logs.shutdown_event("1", [first]),
            logs.shutdown_event("2", [second, Call("gpt-5.4", 7, 0, 0, 1, 70)]),
            logs.shutdown_event("3", [anew]),
        )
        found = entries(path)
        assert [entry.counts for entry in found] == [(100, 50, 0, 10), (200, 30, 0, 15), (7, 0, 0, 1), (40, 0, 0, 5)]
        assert [entry.reported_nano_aiu for entry in found] == [5_000, 4_000, 70, 1_000]

    def test_a_session_that_was_killed_falls_back_to_its_last_checkpoint(self, tmp_path: Path) -> None:
        checkpoint = logs.event("session.usage_checkpoint", "c1", {"totalNanoAiu": 1_510_581_560_000})
        earlier = logs.event("session.usage_checkpoint", "c0", {"totalNanoAiu": 5})
        (entry,) = entries(logs.session_file(tmp_path, "s", earlier, checkpoint))
        assert (entry.reported_nano_aiu, entry.has_tokens) == (1_510_581_560_000, False)
        report = usage([tmp_path])
        assert report.credits == Decimal("1510.58156")
        assert report.totals.to_dict()["credits_computed"] is None

    def test_what_a_checkpoint_knows_beyond_the_last_shutdown_counts(self, tmp_path: Path) -> None:
        path = logs.session_file(
            tmp_path,
            "s",
            logs.shutdown_event("1", [Call("gpt-5-mini", 100, 0, 0, 10, 5_000)]),
            logs.event("session.usage_checkpoint", "c1", {"totalNanoAiu": 8_000}),
        )
        assert [entry.reported_nano_aiu for entry in entries(path)] == [5_000, 3_000]

    def test_a_session_is_counted_from_the_store_or_its_events_never_both(self, tmp_path: Path) -> None:
        logs.store(tmp_path / "session-store.db", [SONNET], "both")
        logs.session_file(tmp_path, "both", logs.call_event("1", SONNET))
        logs.session_file(tmp_path, "events-only", logs.call_event("2", SONNET))
        assert usage([tmp_path]).totals.reported == 2 * 1_943_925_000

    def test_rows_that_sit_only_in_the_write_ahead_log_are_seen_and_nothing_is_written(self, tmp_path: Path) -> None:
        path = tmp_path / "session-store.db"
        connection = logs.store(path, [SONNET], in_log=True)
        assert connection is not None
        connection.execute("BEGIN IMMEDIATE")  # the tool is writing: its lock must not matter, nor ours exist
        before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()}
        assert usage([path]).totals.reported == 1_943_925_000
        after = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()}
        assert after == before
        connection.rollback()
        connection.close()

    def test_repositories_come_from_the_store(self, tmp_path: Path) -> None:
        logs.store(tmp_path / "session-store.db", [SONNET])
        report = usage([tmp_path], by=["repository", "day"])
        assert [names for names, _ in report.groups] == [("acme/app", "2026-08-03")]

    def test_the_known_places_are_searched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COPILOT_HOME", str(tmp_path / "home"))
        with pytest.raises(InputError, match="no logs in the known places"):
            usage()
        logs.session_file(tmp_path / "home", "s", logs.call_event("1", SONNET))
        report = usage()
        assert report.totals.reported == 1_943_925_000
        assert report.found[0].path.endswith("events.jsonl")

    def test_costs_told_for_a_session_as_a_whole(self, tmp_path: Path) -> None:
        """Each history, and the credits in all that it tells."""
        mini, big = Call("gpt-5-mini", 100, 0, 0, 10), Call("gpt-5.4", 50, 0, 0, 5)

        def checkpoint(number: int, nano_aiu: int) -> dict[str, Any]:
            return logs.event("session.usage_checkpoint", f"c{number}", {"totalNanoAiu": nano_aiu})

        def shutdown(number: int, total: int | None, *calls: Call) -> dict[str, Any]:
            found = logs.shutdown_event(f"s{number}", calls)
            if total is not None:
                found["data"]["totalNanoAiu"] = total
            return found

        histories: dict[str, tuple[list[dict[str, Any]], int]] = {
            "a checkpoint that starts anew": ([checkpoint(1, 100), checkpoint(2, 30)], 130),
            "a shutdown, then a session that starts anew": ([shutdown(1, 100, mini), checkpoint(2, 30)], 130),
            "several models under one total": ([shutdown(1, 5_000, mini, big)], 5_000),
            "a total that comes with the second shutdown": (
                [shutdown(1, None, mini), shutdown(2, 10_000, mini._replace(fresh=200))],
                10_000,
            ),
            "a part of the calls": ([logs.call_event("1", mini._replace(nano_aiu=700)), checkpoint(2, 1_000)], 1_000),
        }
        for name, (events, nano_aiu) in histories.items():
            path = logs.session_file(tmp_path / name, "s", *events)
            assert usage([path]).totals.preferred == nano_aiu, name

    def test_a_model_that_a_snapshot_leaves_out_is_not_counted_twice(self, tmp_path: Path) -> None:
        a, b = Call("gpt-5-mini", 100, 0, 0, 0), Call("gpt-5.4", 50, 0, 0, 0)
        snapshots = [[a, b], [a._replace(fresh=120)], [a._replace(fresh=150), b._replace(fresh=60)]]
        path = logs.session_file(
            tmp_path, "s", *(logs.shutdown_event(str(n), each) for n, each in enumerate(snapshots))
        )
        assert usage([path]).totals.tokens == [210, 0, 0, 0]

    def test_a_bad_model_does_not_lose_the_good_ones(self, tmp_path: Path) -> None:
        event = logs.shutdown_event("1", [SONNET, Call("gpt-5-mini", 1, 0, 0, 1)])
        event["data"]["modelMetrics"]["gpt-5-mini"]["usage"]["inputTokens"] = -1
        report = usage([logs.session_file(tmp_path, "s", event)])
        assert (report.totals.reported, report.skipped_count) == (1_943_925_000, 1)

    def test_the_metrics_file_of_the_command_line(self, tmp_path: Path) -> None:
        path = tmp_path / "usage.json"
        path.write_text(json.dumps({"totalNanoAiu": 5, **logs.shutdown_event("1", [SONNET])["data"]}, indent=2))
        assert usage([path]).totals.tokens == [1, 45_150, 731, 210]

    def test_a_session_in_several_places_counts_once(self, tmp_path: Path) -> None:
        logs.session_file(tmp_path, "c1", logs.call_event("1", SONNET))
        (tmp_path / "session-state" / "c1.jsonl").write_text((tmp_path / "session-state/c1/events.jsonl").read_text())
        (tmp_path / "otel.jsonl").write_text(logs.lines(logs.otel_line("r1", SONNET)))
        (tmp_path / "otel-copy.jsonl").write_text(logs.lines(logs.otel_line("r1", SONNET)))
        report = usage([tmp_path])
        assert report.totals.records == 1
        assert "repeated_rows" in {notice.code for notice in report.notices}

    def test_what_messages_say_does_not_decide_the_format(self, tmp_path: Path) -> None:
        words = 'gen_ai. gen_ai. "llm_request" organization.usage.completions.result "usageItems" "usage"'
        message = logs.event("assistant.message", "m", {"content": words * 20})
        many = logs.shutdown_event("1", [SONNET, Call("gpt-5-mini", 1, 0, 0, 1), Call("gpt-5.4", 1, 0, 0, 1)])
        assert usage([logs.session_file(tmp_path, "s", message, many)]).totals.records == 3


class TestOtherTraps:
    def test_an_event_that_repeats_its_span_does_not_count(self, tmp_path: Path) -> None:
        event = logs.otel_line("x", SONNET)
        event |= {"type": None, "name": "gen_ai.client.inference.operation.details"}
        del event["attributes"]["gen_ai.response.id"]
        path = tmp_path / "spans.jsonl"
        path.write_text(logs.lines(logs.otel_line("r1", SONNET), event))
        assert usage([path]).totals.records == 1

    def test_a_copy_of_a_report_counts_once_but_equal_rows_of_one_report_all_count(self, tmp_path: Path) -> None:
        text = logs.report([logs.report_row(HAIKU, "5"), logs.report_row(HAIKU, "5")])
        for name in ("report.csv", "report (1).csv"):
            (tmp_path / name).write_text(text)
        assert usage([tmp_path]).credits == 10

    def test_a_body_of_anthropic_is_disjoint(self, tmp_path: Path) -> None:
        usage_of = {
            "input_tokens": 1,
            "cache_creation_input_tokens": 205,
            "cache_read_input_tokens": 76_262,
            "output_tokens": 308,
        }
        path = tmp_path / "bodies.jsonl"
        path.write_text(logs.lines({"id": "m", "model": "claude-x", "usage": usage_of}))
        (entry,) = entries(path)
        assert entry.counts == (1, 76_262, 205, 308)

    def test_dated_ids_of_the_api_are_their_model(self, tmp_path: Path) -> None:
        call = Call("gpt-5.4-mini-2026-03-17", 1_000_000, 0, 0, 0)
        path = tmp_path / "bodies.json"
        path.write_text(json.dumps([logs.openai_body(call, "1")], indent=1))
        report = usage([path])
        assert report.credits == 75
        assert "dated_model_id" in {notice.code for notice in report.notices}

    def test_nothing_known_is_not_zero(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        path.write_text(logs.lines(logs.vscode_line("1", OPUS._replace(model="gpt-99", nano_aiu=None))))
        report = usage([path])
        assert report.credits is None
        assert str(report).startswith("An unknown amount: 1 record of 1 file")
        path.write_text(path.read_text() + logs.lines(logs.vscode_line("2", OPUS)))
        assert str(usage([path])).startswith(
            "$0.00445 (0.445 credits): 2 records of 1 file, 1 with a reported cost, 1 of"
        )

    def test_whose_prices_are_used_is_in_sight(self, tmp_path: Path) -> None:
        path = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        for result in (usage([path]), reconcile([path])):
            assert "Computed at prices: published, github-docs, read " in str(result)
        other = usage([path], as_model="mai-code-1-flash", as_route="api")
        assert "Computed at prices: indicative, " in str(other)
        assert "rate_indicative" in {notice.code for notice in other.notices}

    def test_days_that_leave_nothing_are_told(self, tmp_path: Path) -> None:
        path = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        codes = {notice.code for notice in usage([path], since=date(2029, 1, 1)).notices}
        assert "no_use_in_days" in codes

    @pytest.mark.parametrize("name", ["notes.txt", "empty"])
    def test_nothing_readable_is_an_error_everywhere(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "notes.txt").write_text("nothing of the kind\n")
        for ask in (usage, reconcile, fit_profile):
            with pytest.raises(InputError, match=rf"no usage in what was given: .*{name}: no f"):
                ask([tmp_path / name])

    def test_a_pseudonym_needs_a_key(self, tmp_path: Path) -> None:
        path = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        with pytest.raises(InputError, match="pseudonyms need a key"):
            usage([path], pseudonym_key="")

    def test_doubts_about_records_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        path.write_text(logs.lines(logs.vscode_line("1", OPUS._replace(nano_aiu=None))))
        assert "cache_writes_unknown" in {notice.code for notice in usage([path]).notices}
        total = logs.shutdown_event("1", [Call("gpt-5.4", 300_000, 0, 0, 1)])
        total["data"]["modelMetrics"]["gpt-5.4"]["requests"]["count"] = 2
        found = {notice.code for notice in usage([logs.session_file(tmp_path, "s", total)]).notices}
        assert "tier_by_mean_prompt" in found

    def test_helper_calls_of_vs_code_are_apart(self, tmp_path: Path) -> None:
        helper = Call("gpt-5-mini", 10, 0, 0, 5)
        path = tmp_path / "main.jsonl"
        spans = [logs.vscode_line("1", OPUS), logs.vscode_line("2", helper, debug_name="title")]
        path.write_text(logs.lines(*spans, logs.vscode_line("1", OPUS)))
        report = usage([path])
        assert (report.totals.records, report.unbilled.records) == (1, 1)
        assert {"unbilled_calls", "repeated_rows"} <= {notice.code for notice in report.notices}

    def test_an_absent_cached_count_is_not_zero(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        path.write_text(logs.lines(logs.vscode_line("1", OPUS, tells_cached=False)))
        (entry,) = entries(path)
        assert entry.cached_input is None
        assert "cached_count_absent" in {notice.code for notice in usage([path]).notices}

    def test_more_cached_than_input_is_refused_row_by_row(self, tmp_path: Path) -> None:
        path = tmp_path / "spans.jsonl"
        broken = logs.otel_line("r1", SONNET)
        broken["attributes"]["gen_ai.usage.input_tokens"] = 5
        path.write_text(logs.lines(broken, logs.otel_line("r2", SONNET)))
        report = usage([path])
        assert (report.totals.records, report.skipped_count) == (1, 1)
        assert (report.skipped[0].line, "more than the prompt" in report.skipped[0].reason) == (1, True)

    def test_batch_and_service_tiers_have_their_price(self, tmp_path: Path) -> None:
        call = Call("gpt-5.4-mini", 1_000_000, 0, 0, 0, at=datetime(2026, 11, 1, tzinfo=UTC))
        path = tmp_path / "bodies.jsonl"
        body = logs.openai_body(call, "b")
        path.write_text(
            logs.lines(
                {"id": "x", "custom_id": "1", "response": {"status_code": 200, "body": body}},
                logs.openai_body(call, "f", service_tier="flex"),
                logs.openai_body(call, "p", service_tier="priority"),
                logs.openai_body(call, "d", service_tier="default"),
            )
        )
        assert [entry.service_tier for entry in entries(path)] == ["batch", "flex", "priority", "standard"]
        assert usage([path]).credits == Decimal("37.5") * 2 + 150 + 75
        (tmp_path / "export.json").write_text(json.dumps(logs.openai_export(call, batch=True)))
        assert usage([tmp_path / "export.json"]).credits == Decimal("37.5")

    def test_rows_of_a_report_that_differ_by_repository_only_all_count(self, tmp_path: Path) -> None:
        rows = [logs.report_row(HAIKU, "9.109908", repository=name) for name in ("a", "b", "")]
        path = tmp_path / "report.csv"
        path.write_text(logs.report(rows))
        assert usage([path]).credits == 3 * Decimal("9.109908")

    @pytest.mark.parametrize(
        ("cells", "credits"),
        [
            ({"sku": "copilot_ai_credits", "unit_type": ""}, "5"),
            ({"sku": "coding_agent_ai_credit", "unit_type": "credits"}, "5"),
            ({"sku": "spark_ai_credits", "unit_type": "aic"}, "5"),
            ({"quantity": "0", "aic_quantity": "7"}, "7"),
            ({"sku": "actions_linux", "unit_type": "minutes"}, "0"),
            ({"quantity": "5.000000000000001"}, "5"),
        ],
    )
    def test_generations_and_quirks_of_reports(self, tmp_path: Path, cells: dict[str, str], credits: str) -> None:
        path = tmp_path / "report.csv"
        path.write_text(logs.report([logs.report_row(HAIKU, "5", **cells)]))
        assert usage([path]).credits == Decimal(credits)

    def test_an_answer_of_the_billing_api(self, tmp_path: Path) -> None:
        item = {"product": "Copilot", "sku": "Copilot AI Credits", "model": "Claude Sonnet 4.6", "unitType": "ai-credits",
                "pricePerUnit": 0.01, "grossQuantity": 176.97417, "netQuantity": 1.62087}  # fmt: skip
        other = {"product": "Actions", "sku": "Linux", "unitType": "minutes", "grossQuantity": 5}
        document = {"timePeriod": {"year": 2026, "month": 8}, "organization": "acme", "usageItems": [item, other]}
        path = tmp_path / "usage.json"
        path.write_text(json.dumps(document, indent=2))
        report = usage([path], by=["organization", "model"])
        assert report.credits == Decimal("176.97417")
        assert [names for names, _ in report.groups] == [("acme", "Claude Sonnet 4.6")]

    def test_a_model_without_a_price_is_listed_not_zero(self, tmp_path: Path) -> None:
        path = tmp_path / "spans.jsonl"
        path.write_text(logs.lines(logs.otel_line("1", SONNET._replace(model="gpt-99")), logs.otel_line("2", SONNET)))
        report = usage([path])
        (missing,) = report.unpriced
        assert (missing.model, missing.records, missing.tokens) == ("gpt-99", 1, 46_092)
        assert report.totals.unpriced == 1
        by_model = {names[0]: found.to_dict()["credits"] for names, found in report.groups}
        assert by_model["gpt-99"] is None


class TestQuestions:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        found = [SONNET._replace(at=datetime(2026, 8, day, 9, tzinfo=UTC)) for day in (1, 2, 3)]
        return logs.session_file(tmp_path, "s", *(logs.call_event(str(n), call) for n, call in enumerate(found)))

    def test_days(self, path: Path) -> None:
        assert usage([path], since=date(2026, 8, 2)).totals.records == 2
        assert usage([path], since=date(2026, 8, 2), until=date(2026, 8, 2)).totals.records == 1
        with pytest.raises(InputError, match="is before since"):
            usage([path], since=date(2026, 8, 2), until=date(2026, 8, 1))

    def test_as_another_model(self, path: Path) -> None:
        report = usage([path], as_model="GPT-5 mini")
        assert report.totals.reported_records == 0
        assert report.totals.computed == 3 * cost(SONNET._replace(model="gpt-5-mini"))
        api = usage([path], as_model="gpt-5.4-mini", as_route="api")
        assert api.totals.computed == 3 * cost(SONNET._replace(model="gpt-5.4-mini"), route="api")
        with pytest.raises(UnknownNameError):
            usage([path], as_model="gpt-99")

    def test_pseudonyms_are_stable_for_a_key(self, tmp_path: Path) -> None:
        path = tmp_path / "report.csv"
        path.write_text(logs.report([logs.report_row(HAIKU, "5", repository="secret/repo")]))
        one, again, other = (
            usage([path], by=["user", "repository", "organization", "cost_center"], pseudonym_key=key)
            for key in ("k", "k", "other")
        )
        assert one.groups[0][0] == again.groups[0][0] != other.groups[0][0]
        assert not {"USER", "ORG", "COSTCENTER", "secret/repo"} & set(one.groups[0][0])
        assert "secret" not in json.dumps(one.to_dict())
        assert one.found[0].path == "report.csv"

    def test_unknown_keys_and_paths_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownNameError, match="unknown key 'colour'"):
            usage([tmp_path], by=["colour"])  # type: ignore[list-item]
        with pytest.raises(InputError, match="no such file or folder"):
            usage([tmp_path / "missing"])


class TestReconcile:
    def causes(self, tmp_path: Path, *found: Call) -> dict[str, int]:
        path = tmp_path / "session-store.db"
        logs.store(path, found)
        return {cause.cause: cause.records for cause in reconcile([path]).causes}

    @pytest.mark.parametrize(
        ("call", "factor", "cause"),
        [
            (SONNET, "1", "exact"),
            (SONNET, "0.9", "modifier x0.9"),
            (SONNET, "1.1", "modifier x1.1"),
            (SONNET, "0.99", "modifier x0.99"),
            (SONNET, "0.5", "unexplained"),
            (Call("gpt-99", 1, 1, 0, 1, 5), "1", "unknown model"),
            (Call("claude-sonnet-4.6", 1, 1, 0, 1), "1", "missing"),
        ],
    )
    def test_causes(self, tmp_path: Path, call: Call, factor: str, cause: str) -> None:
        stated = None if call.nano_aiu is None else int(call.nano_aiu * Decimal(factor))
        assert self.causes(tmp_path, call._replace(nano_aiu=stated)) == {cause: 1}

    def test_the_cache_write_convention(self, tmp_path: Path) -> None:
        as_write = Call("claude-sonnet-4.6", 0, 1_000, 500, 10)
        assert self.causes(tmp_path, as_write._replace(fresh=500, write=0, nano_aiu=cost(as_write))) == {
            "cache-write convention": 1
        }

    def test_the_tier(self, tmp_path: Path) -> None:
        long = Call("gpt-5.4", 272_001, 0, 0, 0)
        stated = 272_001 * 250_000
        assert cost(long) == 2 * stated
        assert self.causes(tmp_path, long._replace(nano_aiu=stated)) == {"tier": 1}

    def test_several_at_once(self, tmp_path: Path) -> None:
        as_write = Call("claude-sonnet-4.6", 0, 1_000, 500, 10)
        stated = cost(as_write) * 9 // 10
        assert self.causes(tmp_path, as_write._replace(fresh=500, write=0, nano_aiu=stated)) == {
            "modifier x0.9 + cache-write convention": 1
        }

    def test_a_dated_id_of_the_api_that_differs(self, tmp_path: Path) -> None:
        path = tmp_path / "own.csv"
        path.write_text(
            "time,model,route,fresh_input,output,reported_nano_aiu\n2026-08-01,gpt-5.4-mini-2026-03-17,api,1000,10,7\n"
        )
        assert [cause.cause for cause in reconcile([path]).causes] == ["unexplained"]

    def test_auto_selection_that_was_not_applied(self, tmp_path: Path) -> None:
        path = tmp_path / "report.csv"
        path.write_text(logs.report([logs.report_row(HAIKU, "10.12212", repository="r")]))
        held = reconcile([path])
        assert [(cause.cause, cause.difference_credits) for cause in held.causes] == [
            ("modifier x0.9 not applied", Decimal("1.012212"))
        ]


texts = st.none() | st.sampled_from(["a", "=1+1", "-x", "'", "'=", 'q"uote', "com,ma", "ünï", " lead"])
any_entries = st.builds(
    UsageEntry,
    file=st.just("f"),
    line=st.just(1),
    source=st.just("s"),
    time=st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    model=texts,
    route=st.sampled_from(["copilot", "api"]),
    service_tier=st.sampled_from(["standard", "batch"]),
    fresh_input=st.none() | counts,
    cached_input=st.none() | counts,
    cache_write=st.none() | counts,
    output=st.none() | counts,
    requests=st.integers(0, 5),
    reported_nano_aiu=st.none() | st.integers(0, 2**61),
    auto=st.none() | st.booleans(),
    billed=st.booleans(),
    session=texts,
    task=texts,
    user=texts,
    repository=texts,
    organization=texts,
    cost_center=texts,
)


class TestLargeReports:
    """The fast way adds up what the careful way reads."""

    @given(
        st.lists(st.tuples(priced_calls, st.sampled_from(["a", "b", ""])), min_size=1, max_size=8),
        st.lists(
            st.sampled_from(
                [
                    {"quantity": "0", "aic_quantity": "7"}, {"quantity": "5.0000000000001"}, {"date": "2026-13-01"},
                    {"input": ""}, {"input": "", "output": "", "cache_read": "", "cache_write": ""}, {"input": "1.5"},
                    {"sku": "actions", "unit_type": "minutes"}, {"sku": "spark_ai_credits", "unit_type": ""}, {"model": ""},
                    {"model": "Auto: GPT-5 mini"}, {"model": "auto:  gpt-5 mini "}, {"username": "a, b"}, {"username": 'q"'},
                    {"quantity": "nan"}, {"cache_write": "9" * 15}, {"quantity": "900000000"}, {"date": " 2026-08-02 "},
                ]
            ),
            max_size=4,
        ),
        st.lists(st.sampled_from(["user", "model", "day", "repository", "organization", "cost_center"]), unique=True),
        st.sampled_from(["\n", "\r\n"]),
        st.booleans(),
    )  # fmt: skip
    def test_both_ways_agree(
        self, tmp_path_factory: Any, plain: list[Any], odd: list[dict[str, str]], by: list[Any], end: str, ragged: bool
    ) -> None:
        pytest.importorskip("polars", reason="the fast way needs polars")
        rows = [logs.report_row(call, f"{Decimal(call.nano_aiu).scaleb(-9):f}", username=user) for call, user in plain]
        rows += [logs.report_row(HAIKU, "5", **cells) for cells in odd]
        path = tmp_path_factory.mktemp("log") / "report.csv"
        path.write_text(
            logs.report(rows, end=end) + ("2026-08-01,short\n" if ragged else ""), newline="", encoding="utf-8"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plain_report, "MIN_BYTES", 0)
            fast = usage([path], by=by).to_dict()
            patch.setattr(plain_report, "read", lambda *_: None)
            careful = usage([path], by=by).to_dict()
        fast["skipped"].sort(key=lambda each: each["line"])
        assert {**fast, "rates": None} == {**careful, "rates": None}

    def test_plain_reports_are_read_the_fast_way(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("polars", reason="the fast way needs polars")
        monkeypatch.setattr(plain_report, "MIN_BYTES", 0)
        path = tmp_path / "report.csv"
        path.write_text(logs.report([logs.report_row(SONNET, "5")] * 9))
        found = list(plain_report.read(str(path), ReadLog(), frozenset()) or ())
        assert [(each.records, each.reported_nano_aiu) for each in found] == [(9, 45 * 10**9)]


@pytest.mark.parametrize(("more", "told"), [([True], True), ([True, False], False), ([False], False), ([None], False)])
def test_pages_of_an_export_that_were_not_given_are_told(tmp_path: Path, more: list[bool | None], told: bool) -> None:
    for place, each in enumerate(more):
        call = Call("gpt-5.4-mini", 100, 0, 0, 10, at=logs.AT + timedelta(days=place))
        page = {**logs.openai_export(call), "has_more": each}
        (tmp_path / f"page{place}.json").write_text(json.dumps(page))
    found = usage([tmp_path])
    assert found.totals.records == len(more)
    assert ("pages_missing" in {notice.code for notice in found.notices}) == told


class TestLargeLogs:
    """The fast way adds up what the careful way reads, line by line."""

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @pytest.mark.parametrize("form", ["VS Code", "OpenTelemetry", "Responses", "Chat Completions"])
    @given(data=st.data(), by=st.lists(st.sampled_from(["model", "day", "session", "route", "source"]), unique=True))
    def test_both_ways_agree(self, tmp_path_factory: Any, form: str, data: st.DataObject, by: list[Any]) -> None:
        plain_calls = pytest.importorskip("costcalc.readers.plain_calls", reason="the fast way needs msgspec and numpy")
        odd_line = st.one_of(*(damaged(sound) for sound in (*FORMS[form], *ODD_LINES.get(form, ()))))
        line = st.builds(plain_line, st.just(form), calls, st.integers(0, 9), st.sampled_from(EXTRAS[form])) | odd_line
        folder = tmp_path_factory.mktemp("log")
        sound = json.dumps(FORMS[form][0]).encode()
        for name in ("a.jsonl", "b.jsonl"):
            lines = [sound, *data.draw(st.lists(line, max_size=5))]
            end = data.draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n"]))
            (folder / name).write_bytes(end.join(lines) + data.draw(st.sampled_from([end, b""])))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plain_calls, "MIN_BYTES", 0)
            patch.setattr(plain_calls, "_BLOCK", data.draw(st.sampled_from([1, 500, 10_000])))
            patch.setattr(plain_calls, "_LONG_LINE", data.draw(st.sampled_from([1, 10_000])))
            fast = usage([folder], by=by).to_dict()
            patch.setattr(plain_calls, "read", lambda *_: {})
            careful = usage([folder], by=by).to_dict()
        for found in (fast, careful):
            found["skipped"].sort(key=lambda each: (each["file"], each["line"], each["reason"]))
        assert {**fast, "rates": None} == {**careful, "rates": None}

    @pytest.mark.parametrize("form", ["VS Code", "OpenTelemetry", "Responses", "Chat Completions"])
    def test_plain_logs_are_read_the_fast_way(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
        plain_calls = pytest.importorskip("costcalc.readers.plain_calls", reason="the fast way needs msgspec and numpy")
        path = tmp_path / "log.jsonl"
        path.write_bytes(b"\n".join(plain_line(form, API_CALL, number, {}) for number in range(9)) + b"\n")
        monkeypatch.setattr(plain_calls, "MIN_BYTES", 0)
        source = find.reader_of(str(path))[0]  # type: ignore[index]
        found = plain_calls.read(source, [str(path)], ReadLog(), frozenset(), ())
        assert [(each.records, each.output) for each in found[str(path)]] == [(9, 9 * API_CALL.output)]

    def test_calls_on_either_side_of_a_long_context_price_stay_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain_calls = pytest.importorskip("costcalc.readers.plain_calls", reason="the fast way needs msgspec and numpy")
        monkeypatch.setattr(plain_calls, "MIN_BYTES", 0)
        path = tmp_path / "log.jsonl"
        both = [Call("gpt-5.4", prompt, 0, 0, 0) for prompt in (272_000, 272_001)]
        path.write_bytes(b"\n".join(plain_line("VS Code", call, n, {}) for n, call in enumerate(both)) + b"\n")
        assert usage([path]).totals.computed == sum(map(cost, both))


def plain_line(form: str, call: Call, number: int, extra: dict[str, Any]) -> bytes:
    """A sound line of a form, with more or other fields at its top or in its attributes."""
    name = f"call-{number}"
    if form == "VS Code":
        line = logs.vscode_line(name, call)
    elif form == "OpenTelemetry":
        line = logs.otel_line(name, call)
    else:
        line = logs.openai_body(call, name, chat=form == "Chat Completions")
    inner = line.get("attrs") or line.get("attributes") or {}
    inner.update(extra.get("attributes", {}))
    line.update({key: value for key, value in extra.items() if key != "attributes"})
    return json.dumps(line).encode()


EXTRAS: dict[str, list[dict[str, Any]]] = {
    "VS Code": [
        {}, {}, {"sid": "other"}, {"sid": None}, {"type": "tool_call"}, {"attributes": {"debugName": "title"}},
        {"attributes": {"cachedTokens": None}}, {"attributes": {"copilotUsageNanoAiu": 5}}, {"ts": 1.5}, {"attributes": {"x": "ü"}},
    ],
    "OpenTelemetry": [
        {}, {}, {"attributes": {"gen_ai.provider.name": "openai"}}, {"attributes": {"gen_ai.system": "anthropic"}},
        {"attributes": {"gen_ai.provider.name": "openai", "copilot_chat.turn_count": 1}}, {"startTime": None},
        {"attributes": {"gen_ai.provider.name": "openai", "github.copilot.x": 1}}, {"startTime": "2026-08-03T23:59:59.9+02:00"},
        {"startTime": None, "startTimeUnixNano": "1785542400000000000"}, {"startTime": "x"}, {"type": "metric"},
        {"attributes": {"gen_ai.operation.name": "invoke_agent"}}, {"attributes": {"event.name": "e"}},
        {"attributes": {"gen_ai.conversation.id": "c2"}}, {"attributes": {"gen_ai.response.id": None}}, {"spanId": "s"},
        {"name": "gen_ai.client.inference.operation.details"}, {"attributes": {"gen_ai.response.finish_reasons": ["stop"]}},
        {"attributes": {"gen_ai.usage.cache_write.input_tokens": 1}}, {"startTime": None, "timestamp": "2026-08-03"},
    ],
    "Responses": [
        {}, {}, {"service_tier": "flex"}, {"service_tier": "x"}, {"created": 5}, {"created_at": None}, {"model": ""},
        {"usage": {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": 5}}, {"usage": {}},
        {"usage": {"input_tokens": 5, "output_tokens": 5, "prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 1}}},
        {"usage": {"input_tokens": 5, "output_tokens": 5, "input_tokens_details": {"cache_write_tokens": 1}}},
        {"response": {"model": "x"}}, {"custom_id": "x"}, {"output": "n\u00e9"},
        {"copilot_usage": {"token_details": [{"token_type": "input", "token_count": 5}], "total_nano_aiu": 5}},
    ],
    "Chat Completions": [{}, {}, {"service_tier": "priority"}, {"choices": [{"message": {"content": '"usage" {}'}}]}],
}  # fmt: skip
ODD_LINES: dict[str, list[dict[str, Any]]] = {"OpenTelemetry": [logs.otlp_line(("call-1", SONNET), ("call-2", OPUS))]}


class TestOwnForm:
    @given(st.lists(any_entries, min_size=1, max_size=5), st.sampled_from([".csv", ".parquet"]))
    def test_what_is_written_is_read_back(self, tmp_path_factory: Any, written: list[UsageEntry], form: str) -> None:
        if form == ".parquet":
            pytest.importorskip("polars", reason="Parquet needs polars")
        path = tmp_path_factory.mktemp("log") / f"usage{form}"
        assert normalised.write(written, path) == len(written)
        found = entries(path)
        assert [normalised.row_of(each) for each in found] == [normalised.row_of(each) for each in written]
        if form == ".csv":
            cells = path.read_text(encoding="utf-8").replace('"', "").replace("\n", ",").split(",")
            assert not any(cell.startswith(("=", "-", "+", "@")) for cell in cells)

    def test_exported_usage_is_the_same_usage(self, tmp_path: Path) -> None:
        source = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET), logs.call_event("2", OPUS))
        target = tmp_path / "out.csv"
        first = usage([source], export=target)
        again = usage([target])
        assert again.totals == first.totals
        assert again.credits == first.credits
        with pytest.raises(InputError, match="is there already"):
            usage([source], export=target)
        with pytest.raises(InputError, match=r"must end in \.csv or \.parquet"):
            usage([source], export=tmp_path / "out.txt")
        assert not list(tmp_path.glob("*.tmp"))

    def test_a_bad_row_is_counted(self, tmp_path: Path) -> None:
        path = tmp_path / "own.csv"
        path.write_text(
            "time,model,fresh_input,output\n2026-08-01,gpt-5-mini,5,5\nx,gpt-5-mini,5,5\n2026-08-01,m,-1,5\n"
        )
        report = usage([path])
        assert (report.totals.records, [each.line for each in report.skipped]) == (1, [3, 4])


junk = st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))

API_CALL = SONNET._replace(model="gpt-5.4-mini", write=0)
FORMS: dict[str, list[dict[str, Any]]] = {
    "a call of Copilot CLI": [logs.call_event("e", SONNET, details=True)],
    "a session of Copilot CLI": [logs.shutdown_event("e", [SONNET, OPUS])],
    "VS Code": [logs.vscode_line("e", OPUS)],
    "OpenTelemetry": [logs.otel_line("e", API_CALL)],
    "OTLP": [logs.otlp_line(("e", API_CALL), ("f", API_CALL))],
    "Responses": [logs.openai_body(API_CALL, "e")],
    "Chat Completions": [logs.openai_body(API_CALL, "e", chat=True)],
    "usage export": [logs.openai_export(API_CALL, API_CALL)],
}
"""One sound line of each form of JSON lines."""


class TestHostileInput:
    """Good rows survive, bad rows are counted with file and line."""

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(junk, max_size=6), st.sampled_from(["events", "vscode", "otel", "openai", "report"]))
    def test_junk_between_good_rows(self, tmp_path_factory: Any, bad: list[bytes], form: str) -> None:
        folder = tmp_path_factory.mktemp("log")
        call = SONNET._replace(model="gpt-5.4-mini", write=0)
        good: dict[str, Any] = {
            "events": lambda n: json.dumps(logs.call_event(f"e{n}", call)),
            "vscode": lambda n: json.dumps(logs.vscode_line(f"e{n}", call)),
            "otel": lambda n: json.dumps(logs.otel_line(f"e{n}", call)),
            "openai": lambda n: json.dumps(logs.openai_body(call, f"e{n}")),
            "report": lambda n: logs.report([logs.report_row(call, "5", repository=str(n))]).splitlines()[1],
        }
        write = good[form]
        head = [logs.report([]).encode().strip()] if form == "report" else []
        rows = [*head, write(0).encode()]
        for number, each in enumerate(bad, 1):
            rows += [each.replace(b"\n", b" ").replace(b"\r", b" "), write(number).encode()]
        path = folder / ("report.csv" if form == "report" else "log.jsonl")
        path.write_bytes(b"\n".join(rows) + b"\n")
        report = usage([path])
        assert report.totals.records == len(bad) + 1
        assert all(each.file == str(path) and 1 <= each.line <= len(rows) for each in report.skipped)

    @given(st.sampled_from(["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"]), odd_values)
    def test_odd_counts_of_a_call(self, tmp_path_factory: Any, name: str, value: Any) -> None:
        bad = logs.call_event("bad", SONNET)
        bad["data"][name] = value
        path = logs.session_file(tmp_path_factory.mktemp("log"), "s", bad, logs.call_event("good", SONNET))
        report = usage([path])
        fine = value is None and name.startswith("cache")
        assert report.totals.records + report.skipped_count == 2
        assert report.skipped_count == (0 if fine else 1)

    def test_a_file_that_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        good = logs.session_file(tmp_path, "s", logs.call_event("e", SONNET))
        closed = tmp_path / "closed.jsonl"
        closed.write_text("{}")

        def guarded(path: str, *arguments: Any, **named: Any) -> Any:
            # Not by its mode: who runs the tests may be root, who may read all.
            if path == str(closed):
                raise PermissionError(13, "Permission denied")
            return open(path, *arguments, **named)  # noqa: PTH123

        monkeypatch.setattr(find, "open", guarded, raising=False)
        report = usage([good, closed])
        assert (report.totals.records, report.skipped) == (1, ((str(closed), 0, "Permission denied"),))
        with pytest.raises(InputError, match="Permission denied"):
            usage([closed])

    @pytest.mark.parametrize("form", FORMS)
    @given(data=st.data())
    def test_damaged_lines(self, tmp_path_factory: Any, form: str, data: st.DataObject) -> None:
        (sound,) = FORMS[form]
        rows = [json.dumps(sound).encode(), *(data.draw(st.lists(damaged(sound), min_size=1, max_size=4)))]
        path = tmp_path_factory.mktemp("log") / "log.jsonl"
        path.write_bytes(b"\n".join(rows) + b"\n")
        alone = tmp_path_factory.mktemp("log") / "alone.jsonl"
        alone.write_bytes(rows[0] + b"\n")
        report = usage([path], by=["day", "model", "user", "session"])
        assert report.totals.records >= usage([alone]).totals.records > 0
        assert all(each.file == str(path) and 1 <= each.line <= len(rows) for each in report.skipped)
        json.dumps(report.to_dict())
        assert str(report)
        assert reconcile([path]).compared <= report.totals.records

    @given(st.data())
    def test_a_damaged_report(self, tmp_path_factory: Any, data: st.DataObject) -> None:
        head, *rows = logs.report([logs.report_row(HAIKU, "5")] * 3).encode().splitlines()
        bad = data.draw(st.lists(st.sampled_from(rows).flatmap(damaged_bytes), min_size=1, max_size=3))
        path = tmp_path_factory.mktemp("log") / "report.csv"
        path.write_bytes(b"\n".join([head, rows[0], *bad]) + b"\n")
        report = usage([path])
        assert report.totals.records >= 1
        json.dumps(report.to_dict())
        assert str(report)

    @given(st.data())
    def test_a_damaged_database(self, tmp_path_factory: Any, data: st.DataObject) -> None:
        path = tmp_path_factory.mktemp("log") / "session-store.db"
        logs.store(path, [SONNET] * 3)
        whole = path.read_bytes()
        path.write_bytes(data.draw(damaged_bytes(whole, start=16)))
        report = usage([path])
        json.dumps(report.to_dict())
        assert str(report)

    def test_a_database_whose_schema_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "session-store.db"
        logs.store(path, [SONNET])
        path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"CREA\xff\xfe TABLE"))
        report = usage([path])
        assert [each.reason for each in report.skipped] == ["the database cannot be read"]

    @given(odd_values)
    def test_odd_kinds_of_tokens(self, tmp_path_factory: Any, value: Any) -> None:
        bad = logs.call_event("bad", SONNET, details=True)
        bad["data"]["copilotUsage"]["tokenDetails"][0]["tokenType"] = value
        path = logs.session_file(tmp_path_factory.mktemp("log"), "s", bad, logs.call_event("good", SONNET))
        report = usage([path])
        assert (report.totals.records, [each.line for each in report.skipped]) == (1, [3])

    @given(odd_values)
    def test_odd_totals_of_a_session(self, tmp_path_factory: Any, value: Any) -> None:
        bad = logs.shutdown_event("bad", [SONNET])
        bad["data"]["modelMetrics"] = value
        path = logs.session_file(tmp_path_factory.mktemp("log"), "s", bad, logs.shutdown_event("good", [SONNET]))
        assert usage([path]).totals.reported == 1_943_925_000

    def test_deep_nesting_and_truncated_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        deep = '{"type":"llm_request","a":' + "[" * 100_000 + "]" * 100_000 + "}"
        good = json.dumps(logs.vscode_line("1", OPUS))
        path.write_text("\n".join([good, deep, good[:-20], good.replace('"r1"', '"r2"')]) + "\n")
        report = usage([path])
        assert report.totals.records == 1
        assert [each.line for each in report.skipped] == [2, 3]

    def test_a_line_without_end_is_left_out_in_bounded_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jsonlines, "MAX_LINE", 1_000)
        path = tmp_path / "main.jsonl"
        good = json.dumps(logs.vscode_line("1", OPUS))
        path.write_text(good + "\n" + '{"type":"llm_request' + "x" * 100_000 + "\n" + good.replace('"1"', '"2"') + "\n")
        report = usage([path])
        assert report.totals.records == 2
        assert [each.line for each in report.skipped] == [2]

    def test_message_contents_never_reach_an_answer(self, tmp_path: Path) -> None:
        secret = "the launch code is 0000"
        bad = logs.call_event("bad", SONNET)
        bad["data"]["inputTokens"] = secret
        path = logs.session_file(tmp_path, "s", bad, logs.event("assistant.message", "m", {"content": secret}))
        path.write_text(path.read_text() + json.dumps({"type": "session.shutdown", "data": secret}) + "\n")
        report = usage([path])
        assert report.skipped_count == 2
        assert secret not in json.dumps(report.to_dict())

    @pytest.mark.parametrize("content", [b"", b"\x00" * 5_000, b"{" * 10_000, "date,quantity,sku".encode("utf-16")])
    def test_files_of_no_known_form(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "junk.db"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"no usage in what was given: .*junk\.db: no format that is known"):
            usage([path])
        good = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        report = usage([path, good])
        assert (report.totals.records, report.skipped_count) == (1, 1)

    @pytest.mark.parametrize(
        ("document", "reason"),
        [
            ({"usageItems": 5}, "it has no usageItems"),
            ({"usageItems": [5], "timePeriod": {"year": 2026}}, "not an object"),
            ({"usageItems": [], "timePeriod": {"year": "x"}}, "timePeriod is not a period"),
            ({"usageItems": [], "timePeriod": {"year": 2026, "month": 13}}, "timePeriod is not a period"),
            (
                {"usageItems": [{"unitType": "ai-credits", "grossQuantity": "many"}], "timePeriod": {"year": 2026}},
                "not a number",
            ),
            (
                {"usageItems": [{"unitType": "ai-credits", "grossQuantity": -1}], "timePeriod": {"year": 2026}},
                "from 0 to a billion",
            ),
            (
                {"usageItems": [{"unitType": "ai-credits"}], "timePeriod": {"year": 2026}},
                "grossQuantity is not a number",
            ),
        ],
    )
    def test_odd_answers_of_the_billing_api(self, tmp_path: Path, document: Any, reason: str) -> None:
        path = tmp_path / "usage.json"
        path.write_text(json.dumps(document))
        report = usage([path])
        assert report.totals.records == 0
        assert reason in report.skipped[0].reason

    @pytest.mark.parametrize(
        ("cells", "reason"),
        [
            ({"date": "yesterday"}, "date is not a day"),
            ({"quantity": "many"}, "quantity is not a number"),
            ({"quantity": "-1"}, "from 0 to a billion"),
            ({"quantity": "1e30"}, "from 0 to a billion"),
            ({"quantity": "NaN"}, "from 0 to a billion"),
            ({"input": "1.5"}, "input is not a count of tokens"),
            ({"cache_read": "9" * 16}, "cache_read is not a count of tokens"),
        ],
    )
    def test_odd_rows_of_a_report(self, tmp_path: Path, cells: dict[str, str], reason: str) -> None:
        path = tmp_path / "report.csv"
        good = logs.report_row(HAIKU, "5")
        path.write_text(logs.report([good, logs.report_row(HAIKU, "5", **cells), good]) + "too,few\n")
        report = usage([path])
        assert report.totals.records == 2
        assert [each.line for each in report.skipped] == [3, 5]
        assert reason in report.skipped[0].reason

    def test_odd_files_of_the_own_form(self, tmp_path: Path) -> None:
        pl = pytest.importorskip("polars", reason="Parquet needs polars")
        pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
        (tmp_path / "junk.parquet").write_bytes(b"PAR1" + b"junk" * 100)
        rows = [{"time": "2026-08-01", "fresh_input": -5, "output": 1, "model": "gpt-5-mini"}]
        pl.DataFrame(rows).write_parquet(tmp_path / "bad.parquet")
        report = usage([tmp_path])
        assert report.totals.records == 0
        assert {each.reason for each in report.skipped} == {
            "a Parquet file of another form",
            "not a Parquet file that can be read",
            "fresh_input is not a count of tokens",
        }
        header = ",".join(normalised.COLUMNS)
        for row, reason in (
            ("2026-08-01" + "," * 16, "cells, where the header has"),
            ("2026-08-01,m,copilot,standard,1,1,1,1,1,,maybe,true,,,,,,", "auto is not true or false"),
            ('"2026-08-01' + "," * 17, "not valid CSV"),
        ):
            path = tmp_path / "own.csv"
            path.write_bytes(f"{header}\n{row}\n".encode() + b"\xff\n")
            reasons = [each.reason for each in usage([path]).skipped]
            assert reason in reasons[0]
            assert reasons[1] == "not UTF-8 text"

    @pytest.mark.parametrize(
        "body",
        [
            {"usage": {"input_tokens": -1, "output_tokens": 1}},
            {"usage": {"input_tokens": 1}},
            {"usage": {"input_tokens": 1, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 5}}},
            {"usage": {"input_tokens": 1, "output_tokens": 1}, "copilot_usage": {"token_details": 5}},
            {
                "usage": {"input_tokens": 1, "output_tokens": 1},
                "copilot_usage": {"token_details": [{"token_type": "x"}]},
            },
            {"usage": [1]},
        ],
    )
    def test_odd_bodies(self, tmp_path: Path, body: dict[str, Any]) -> None:
        path = tmp_path / "bodies.jsonl"
        good = logs.openai_body(Call("gpt-5.4-mini", 1, 1, 0, 1), "good")
        path.write_text(logs.lines(good, body))
        report = usage([path])
        assert (report.totals.records, [each.line for each in report.skipped]) == (1, [2])

    def test_odd_results_of_the_usage_export(self, tmp_path: Path) -> None:
        call = Call("gpt-5.4-mini", 1, 1, 0, 1)
        path = tmp_path / "pages.jsonl"
        path.write_text(logs.lines(logs.openai_export(call), logs.openai_export(call, input_tokens="many")))
        report = usage([path])
        assert (report.totals.records, [each.line for each in report.skipped]) == (1, [2])

    def test_a_corrupt_database(self, tmp_path: Path) -> None:
        path = tmp_path / "junk.db"
        path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
        report = usage([path])
        assert (report.totals.records, report.skipped_count) == (0, 1)

    def test_a_database_that_another_program_has_locked(self, tmp_path: Path) -> None:
        path = tmp_path / "session-store.db"
        logs.store(path, [SONNET])
        holder = sqlite3.connect(path, isolation_level=None)
        try:
            holder.execute("BEGIN EXCLUSIVE")
            assert usage([path]).totals.records == 1
        finally:
            holder.close()

    def test_lines_of_another_encoding_are_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        good = json.dumps(logs.vscode_line("1", OPUS))
        other = json.dumps(logs.vscode_line("2", OPUS)).replace("claude", "clàude")
        path.write_bytes(b"\n".join([good.encode(), other.encode("latin-1"), good.replace('"r1"', '"r3"').encode()]))
        report = usage([path])
        assert [each.line for each in report.skipped] == [2]

    def test_a_row_of_broken_text_does_not_lose_the_others(self, tmp_path: Path) -> None:
        path = tmp_path / "session-store.db"
        logs.store(path, [SONNET] * 3)
        connection = sqlite3.connect(path)
        connection.execute("UPDATE assistant_usage_events SET session_id = CAST(x'ff' AS TEXT) WHERE id = 2")
        connection.commit()
        connection.close()
        assert usage([path]).totals.records == 3

    def test_a_pipe_in_a_folder_is_passed_over(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jsonl")
        logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        assert usage([tmp_path]).totals.records == 1

    def test_a_database_of_something_else(self, tmp_path: Path) -> None:
        path = tmp_path / "other.db"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE things (a INT)")
        connection.commit()
        connection.close()
        report = usage([path])
        assert [each.reason for each in report.skipped] == ["the database has no table of model calls"]

    def test_loops_of_links_end(self, tmp_path: Path) -> None:
        logs.session_file(tmp_path, "s", logs.call_event("1", SONNET))
        (tmp_path / "session-state" / "loop").symlink_to(tmp_path)
        (tmp_path / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
        assert usage([tmp_path, tmp_path]).totals.records == 1

    def test_many_bad_rows_are_counted_but_not_all_listed(self, tmp_path: Path) -> None:
        path = tmp_path / "main.jsonl"
        path.write_text('{"type":"llm_request"}\n' * 5_000)
        report = usage([path])
        assert (report.skipped_count, len(report.skipped)) == (5_000, 1_000)


def test_long_answers_are_cut_for_people_and_whole_for_programs(tmp_path: Path) -> None:
    rows = [logs.report_row(HAIKU._replace(model="gpt-5-mini"), "5", username=f"user{number}") for number in range(40)]
    rows.append(logs.report_row(HAIKU._replace(model="gpt-99"), "0", aic_quantity="0"))
    path = tmp_path / "report.csv"
    path.write_text(logs.report(rows) + "bad\n" * 9)
    report = usage([path], by=["user"])
    shown = str(report)
    assert "… and 11 more groups" in shown
    assert "Left out, 9 rows or files:" in shown
    assert "… and 4 more" in shown
    assert len(report.to_dict()["groups"]) == len(report.rows()) == 41


def test_the_command_line(costcalc: Run, tmp_path: Path) -> None:
    path = logs.session_file(tmp_path, "s", logs.call_event("1", SONNET), logs.call_event("2", SONNET))
    code, out, err = costcalc("usage", str(path), "--by", "day,model", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["kind"] == "usage"
    assert found["totals"] == {
        "records": 2, "fresh_input": 2, "cached_input": 90_300, "cache_write": 1_462, "output": 420, "requests": 2,
        "credits_reported": "3.88785", "credits_computed": "3.88785", "credits": "3.88785", "unpriced_records": 0,
    }  # fmt: skip
    assert found["groups"][0]["day"] == "2026-08-03"
    code, out, err = costcalc("reconcile", str(path), "--format", "json")
    held = json.loads(out)
    assert (code, held["compared"], held["exact"], held["difference_credits"]) == (0, 2, 2, "0")
    code, out, _ = costcalc("usage", str(path), "--as", "api/gpt-5.4-mini")
    assert code == 0
    assert "as it was on another model" in out
    assert costcalc("reconcile", str(path))[1].startswith("2 of 2 records that report a cost agree to the nano-AIU")
    assert costcalc("usage", "missing")[0] == 2
    assert costcalc("usage", str(path), "--by", "colour")[0] == 2
    assert costcalc("usage", str(path), "--as", "web/gpt-5-mini")[0] == 2
