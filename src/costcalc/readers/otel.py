"""OpenTelemetry's GenAI spans as JSON lines: from file exporters, or as OTLP/JSON.

Convention: `gen_ai.usage.input_tokens` includes cache reads and cache writes; an emitter that breaks it is refused
row by row. Only `chat` spans count: `invoke_agent` repeats their sum. One response counts once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import count, each_row, inclusive, iso_time, objects, tables, text, unix_time

SOURCE: Final = "opentelemetry"
SIGNS: Final = (b"gen_ai.",)
DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
COPILOT_PREFIXES: Final = ("copilot_chat.", "github.copilot")
PROVIDERS_BY_API: Final = frozenset({"openai", "azure.ai.openai", "azure.ai.inference", "anthropic", "aws.bedrock"})


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one file of spans."""
    yield from entries_of(path, log, objects(path, log, SIGNS, told))


def entries_of(path: str, log: ReadLog, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[UsageEntry]:
    """The usage of decoded lines with their numbers."""
    spans = ((line, span) for line, found in rows for span in _spans(found))
    yield from each_row(path, log, spans, partial(_entry, path))


def _spans(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The spans of a line, each with its attributes as a plain object."""
    if "resourceSpans" not in found:
        if found.get("type") in (None, "span") and isinstance(found.get("attributes"), dict):
            yield found
        return
    for resource in tables(found, "resourceSpans"):
        for scope in tables(resource, "scopeSpans"):
            for span in tables(scope, "spans"):
                attributes = {
                    each["key"]: _value(each.get("value"))
                    for each in tables(span, "attributes")
                    if isinstance(each.get("key"), str)
                }
                yield {**span, "attributes": attributes}


def _value(value: object) -> object:
    """What an OTLP value holds."""
    return next(iter(value.values()), None) if isinstance(value, dict) else value


def _entry(path: str, line: int, span: Mapping[str, Any]) -> UsageEntry | None:
    attributes = span["attributes"]
    if attributes.get("gen_ai.operation.name") != "chat":
        return None
    if span.get("name") == DETAILS_EVENT or attributes.get("event.name") == DETAILS_EVENT:
        return None  # an event that repeats its span
    own = ":".join(filter(None, (text(span, "traceId", "trace_id"), text(span, "spanId", "span_id"))))
    prompt = count(attributes, "gen_ai.usage.input_tokens", required=True) or 0
    cached = count(attributes, "gen_ai.usage.cache_read.input_tokens")
    write = count(attributes, "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens")
    return UsageEntry(
        path,
        line,
        SOURCE,
        _time(span),
        text(attributes, "gen_ai.response.model", "gen_ai.request.model"),
        route=route_of(attributes),
        fresh_input=inclusive(prompt, cached, write),
        cached_input=cached,
        cache_write=write,
        output=count(attributes, "gen_ai.usage.output_tokens", required=True),
        session=text(attributes, "gen_ai.conversation.id"),
        task=text(span, "traceId", "trace_id"),
        uid=text(attributes, "gen_ai.response.id") or (own if ":" in own else None),
    )


def route_of(attributes: Mapping[str, Any]) -> str:
    """`api` for calls to a provider, unless it is Copilot that made them."""
    provider = text(attributes, "gen_ai.provider.name", "gen_ai.system")
    copilot = any(name.startswith(COPILOT_PREFIXES) for name in attributes)
    return "api" if provider in PROVIDERS_BY_API and not copilot else "copilot"


def _time(span: Mapping[str, Any]) -> datetime | None:
    for name in ("startTime", "startTimeUnixNano", "start_time", "timestamp"):
        value = span.get(name)
        if isinstance(value, list) and value and isinstance(value[0], int):
            return unix_time(value[0])
        found = iso_time(value) or (unix_time(value, 10**9) if name == "startTimeUnixNano" else None)
        if found is not None:
            return found
    return None
