"""Generators of logs and reports with the truth known: each writes what the tool in question writes."""

import csv
import io
import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

AT = datetime(2026, 8, 3, 9, 30, tzinfo=UTC)


class Call(NamedTuple):
    """One model call: disjoint tokens, and the cost that the log states (None: it states none)."""

    model: str
    fresh: int
    cached: int
    write: int
    output: int
    nano_aiu: int | None = None
    at: datetime = AT


def lines(*objects: dict[str, Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


def event(kind: str, event_id: str, data: dict[str, Any], at: datetime = AT) -> dict[str, Any]:
    return {
        "type": kind,
        "id": event_id,
        "parentId": None,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }


def usage_of(call: Call) -> dict[str, int]:
    return {
        "inputTokens": call.fresh + call.cached + call.write,
        "outputTokens": call.output,
        "cacheReadTokens": call.cached,
        "cacheWriteTokens": call.write,
        "reasoningTokens": 0,
    }


def call_event(event_id: str, call: Call, *, details: bool = False) -> dict[str, Any]:
    """An `assistant.usage` event, inclusive or with the disjoint details."""
    data: dict[str, Any] = {"model": call.model, "apiCallId": f"call-{event_id}", **usage_of(call), "cost": 1}
    billed: dict[str, Any] = {} if call.nano_aiu is None else {"totalNanoAiu": call.nano_aiu}
    if details:
        kinds = {"input": call.fresh, "cache_read": call.cached, "cache_write": call.write, "output": call.output}
        billed["tokenDetails"] = [{"tokenType": kind, "tokenCount": count} for kind, count in kinds.items()]
    if billed:
        data["copilotUsage"] = billed
    return event("assistant.usage", event_id, data, call.at)


def shutdown_event(event_id: str, totals: Sequence[Call], at: datetime = AT) -> dict[str, Any]:
    """A `session.shutdown` event with cumulative totals by model."""
    metrics = {}
    for call in totals:
        found: dict[str, Any] = {"requests": {"count": 1, "cost": 1}, "usage": usage_of(call)}
        if call.nano_aiu is not None:
            found["totalNanoAiu"] = call.nano_aiu
        metrics[call.model] = found
    return event("session.shutdown", event_id, {"totalPremiumRequests": 1, "modelMetrics": metrics}, at)


def session_file(root: Path, name: str, *events: dict[str, Any]) -> Path:
    """`session-state/<name>/events.jsonl`, started as the tool starts it."""
    folder = root / "session-state" / name
    folder.mkdir(parents=True, exist_ok=True)
    start = event("session.start", f"{name}-start", {"sessionId": name, "version": 1, "producer": "copilot-agent"})
    message = event("assistant.message", f"{name}-m", {"content": 'a secret "session.shutdown" in words', "model": "x"})
    path = folder / "events.jsonl"
    path.write_text(lines(start, message, *events))
    return path


def store(path: Path, calls: Sequence[Call], session: str = "s1", *, in_log: bool = False) -> sqlite3.Connection | None:
    """A `session-store.db`; with `in_log`, the rows sit only in its write-ahead log while the connection is open."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, created_at TEXT, session_id TEXT, turn_index INT,"
        " model TEXT, input_tokens INT, output_tokens INT, cache_read_tokens INT, cache_write_tokens INT,"
        " reasoning_tokens INT, total_nano_aiu INT)"
    )
    connection.execute("CREATE TABLE sessions (id TEXT, cwd TEXT, repository TEXT)")
    connection.execute("INSERT INTO sessions VALUES (?, '/work', 'acme/app')", (session,))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for turn, call in enumerate(calls):
        usage = usage_of(call)
        connection.execute(
            "INSERT INTO assistant_usage_events (created_at, session_id, turn_index, model, input_tokens, output_tokens,"
            " cache_read_tokens, cache_write_tokens, reasoning_tokens, total_nano_aiu) VALUES (?,?,?,?,?,?,?,?,0,?)",
            (
                call.at.strftime("%Y-%m-%d %H:%M:%S"), session, turn, call.model, usage["inputTokens"], call.output,
                call.cached, call.write, call.nano_aiu,
            ),
        )  # fmt: skip
    connection.commit()
    if in_log:
        return connection
    connection.close()
    return None


def vscode_line(
    span: str, call: Call, *, debug_name: str = "panel/editAgent", tells_cached: bool = True
) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "model": call.model,
        "debugName": debug_name,
        "inputTokens": call.fresh + call.cached + call.write,
        "outputTokens": call.output,
    }
    if tells_cached:
        attrs["cachedTokens"] = call.cached
    if call.nano_aiu is not None:
        attrs["copilotUsageNanoAiu"] = call.nano_aiu
    return {
        "ts": int(call.at.timestamp() * 1000),
        "dur": 100,
        "sid": "053f",
        "type": "llm_request",
        "name": f"chat:{call.model}",
        "spanId": span,
        "status": "ok",
        "attrs": attrs,
    }


def otel_attributes(response: str, call: Call, operation: str = "chat") -> dict[str, Any]:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.response.model": call.model,
        "gen_ai.response.id": response,
        "gen_ai.conversation.id": "c1",
        "gen_ai.usage.input_tokens": call.fresh + call.cached + call.write,
        "gen_ai.usage.output_tokens": call.output,
        "gen_ai.usage.cache_read.input_tokens": call.cached,
        "gen_ai.usage.cache_creation.input_tokens": call.write,
    }


def otel_line(response: str, call: Call, operation: str = "chat") -> dict[str, Any]:
    """A span as a file exporter writes it."""
    seconds = int(call.at.timestamp())
    return {
        "type": "span",
        "name": f"{operation} {call.model}",
        "traceId": "t1",
        "startTime": [seconds, 0],
        "attributes": otel_attributes(response, call, operation),
    }


def otlp_line(*spans: tuple[str, Call]) -> dict[str, Any]:
    """Spans as OTLP/JSON."""

    def value(item: Any) -> dict[str, Any]:
        return {"intValue": str(item)} if isinstance(item, int) else {"stringValue": item}

    listed = [
        {
            "name": "chat",
            "startTimeUnixNano": str(int(call.at.timestamp()) * 10**9),
            "attributes": [{"key": key, "value": value(item)} for key, item in otel_attributes(response, call).items()],
        }
        for response, call in spans
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": listed}]}]}


REPORT_HEADER = [
    "date",
    "username",
    "product",
    "sku",
    "model",
    "quantity",
    "unit_type",
    "applied_cost_per_quantity",
    "gross_amount",
    "discount_amount",
    "net_amount",
    "total_monthly_quota",
    "organization",
    "repository",
    "cost_center_name",
    "aic_quantity",
    "aic_gross_amount",
    "input",
    "output",
    "cache_read",
    "cache_write",
]


def report_row(call: Call, credits: str, **cells: str) -> dict[str, str]:
    row = {
        "date": call.at.date().isoformat(),
        "username": "USER",
        "product": "copilot",
        "sku": "copilot_ai_credit",
        "model": call.model,
        "quantity": credits,
        "unit_type": "ai-credits",
        "applied_cost_per_quantity": "0.01",
        "net_amount": "0",
        "total_monthly_quota": "1900",
        "organization": "ORG",
        "cost_center_name": "COSTCENTER",
        "aic_quantity": "0",
        "aic_gross_amount": "0",
        "input": str(call.fresh),
        "output": str(call.output),
        "cache_read": str(call.cached),
        "cache_write": str(call.write),
    }
    return {**row, **cells}


def report(
    rows: Sequence[dict[str, str]], *, header: Sequence[str] = REPORT_HEADER, end: str = "\n", quoted: bool = False
) -> str:
    """A usage report; `quoted` wraps every whole line in quotes, as some exports do."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    found = buffer.getvalue().splitlines()
    if quoted:
        found = ['"' + line.replace('"', '""') + '"' for line in found]
    return end.join(found) + end


def openai_body(call: Call, response: str, *, chat: bool = False, **extra: Any) -> dict[str, Any]:
    names = ("prompt_tokens", "completion_tokens") if chat else ("input_tokens", "output_tokens")
    prompt = call.fresh + call.cached
    usage = {
        names[0]: prompt,
        f"{names[0]}_details": {"cached_tokens": call.cached},
        names[1]: call.output,
        f"{names[1]}_details": {"reasoning_tokens": call.output // 2},
        "total_tokens": prompt + call.output,
    }
    return {
        "id": response,
        "object": "chat.completion" if chat else "response",
        "created" if chat else "created_at": int(call.at.timestamp()),
        "model": call.model,
        "usage": usage,
        **extra,
    }


def openai_export(*calls: Call, **extra: Any) -> dict[str, Any]:
    buckets = [
        {
            "object": "bucket",
            "start_time": int(call.at.timestamp()),
            "end_time": int(call.at.timestamp()) + 86_400,
            "results": [
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": call.fresh + call.cached,
                    "input_cached_tokens": call.cached,
                    "output_tokens": call.output,
                    "num_model_requests": 3,
                    "project_id": "proj",
                    "user_id": "user",
                    "model": call.model,
                    "batch": False,
                    **extra,
                }
            ],
        }
        for call in calls
    ]
    return {"object": "page", "data": buckets, "has_more": False, "next_page": None}
