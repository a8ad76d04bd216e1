"""OpenAI's answers (Responses and Chat Completions bodies as JSON lines, batch results too) and its usage export.

Convention: `input_tokens` / `prompt_tokens` include cached tokens and cache writes; reasoning is inside output.
Batch rows take the batch price, others their service tier. A body of Copilot's own API (`copilot_usage`) states
disjoint kinds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers.jsonlines import (
    MAX_LINE,
    count,
    decoder,
    each_row,
    inclusive,
    kinds_of,
    nano_aiu,
    objects,
    table,
    tables,
    text,
    unix_time,
)

SOURCE: Final = "openai-bodies"
EXPORT_SOURCE: Final = "openai-usage-export"
SIGNS: Final = (b'"usage"',)
EXPORT_SIGN: Final = b"organization.usage.completions.result"
TIERS: Final = {"flex": "flex", "priority": "priority", "batch": "batch"}


def read(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one file of bodies."""
    yield from entries_of(path, log, objects(path, log, SIGNS, told))


def entries_of(path: str, log: ReadLog, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[UsageEntry]:
    """The usage of decoded lines with their numbers."""
    yield from each_row(path, log, rows, partial(_entry, path, log))


def _entry(path: str, log: ReadLog, line: int, found: Mapping[str, Any]) -> UsageEntry | None:
    wrapped = found.get("response")
    batch = "custom_id" in found and isinstance(wrapped, dict)
    body = table(wrapped, "body") if batch and isinstance(wrapped, dict) else found
    body = table(body, "response") if isinstance(body.get("response"), dict) else body  # an event of a stream
    usage = table(body, "usage")
    if not usage:
        log.other_rows += 1
        return None
    shared: dict[str, Any] = {
        "time": unix_time(body.get("created_at")) or unix_time(body.get("created")),
        "model": text(body, "model"),
        "uid": text(body, "id"),
    }
    copilot = table(body, "copilot_usage")
    if copilot:
        return UsageEntry(
            path,
            line,
            SOURCE,
            **shared,
            **kinds_of(copilot, "token_details", "token_type", "token_count"),
            reported_nano_aiu=nano_aiu(copilot, "total_nano_aiu"),
        )
    prompt = count(usage, "input_tokens", "prompt_tokens", required=True) or 0
    if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:  # Anthropic's: disjoint
        return UsageEntry(
            path,
            line,
            SOURCE,
            **shared,
            route="api",
            fresh_input=prompt,
            cached_input=count(usage, "cache_read_input_tokens"),
            cache_write=count(usage, "cache_creation_input_tokens"),
            output=count(usage, "output_tokens", required=True),
        )
    details = table(usage, "input_tokens_details") or table(usage, "prompt_tokens_details")
    cached, write = count(details, "cached_tokens"), count(details, "cache_write_tokens")
    tier = text(body, "service_tier") or ""
    return UsageEntry(
        path,
        line,
        SOURCE,
        **shared,
        route="api",
        service_tier="batch" if batch else TIERS.get(tier, "standard"),
        fresh_input=inclusive(prompt, cached, write),
        cached_input=cached,
        cache_write=write,
        output=count(usage, "output_tokens", "completion_tokens", required=True),
    )


def read_export(path: str, log: ReadLog, told: "Callable[[int], object] | None" = None) -> Iterator[UsageEntry]:
    """The usage of one page (or one page a line) of `/v1/organization/usage/completions`."""
    try:
        whole = decoder()(Path(path).read_bytes()) if Path(path).stat().st_size <= 4 * MAX_LINE else None
    except (ValueError, RecursionError):
        whole = None
    pages = [(1, whole)] if isinstance(whole, dict) else objects(path, log, (EXPORT_SIGN,), told)
    results = (
        (line, (unix_time(bucket.get("start_time")), result))
        for line, page in _counted(pages, log)
        for bucket in tables(page, "data") or [page]
        for result in tables(bucket, "results")
    )
    yield from each_row(path, log, results, partial(_result, path))


def _counted(pages: "Iterable[tuple[int, dict[str, Any]]]", log: ReadLog) -> "Iterator[tuple[int, dict[str, Any]]]":
    """The pages, it being noted whether others follow them."""
    for line, page in pages:
        more = page.get("has_more")
        log.pages_before_others += more is True
        log.last_pages += more is False
        yield line, page


def _result(path: str, line: int, found: "tuple[datetime | None, Mapping[str, Any]]") -> UsageEntry:
    start, result = found
    prompt = count(result, "input_tokens", required=True) or 0
    cached, write = count(result, "input_cached_tokens"), count(result, "input_cache_write_tokens")
    tier = "batch" if result.get("batch") is True else TIERS.get(text(result, "service_tier") or "", "standard")
    return UsageEntry(
        path,
        line,
        EXPORT_SOURCE,
        start,
        text(result, "model"),
        route="api",
        service_tier=tier,
        fresh_input=inclusive(prompt, cached, write),
        cached_input=cached,
        cache_write=write,
        output=count(result, "output_tokens", required=True),
        requests=count(result, "num_model_requests") or 0,
        user=text(result, "user_id"),
        repository=text(result, "project_id"),
    )
