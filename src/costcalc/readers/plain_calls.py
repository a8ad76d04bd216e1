"""The fast way through large logs in which nearly every line is a model call: decoded by type, added up as they pass.

Plain lines are decoded by msgspec into only the fields that count, and added up by day, model and what else decides a
price or was asked for. Every other line goes through its own reader, as all do without msgspec and numpy; a property test
holds the two together. Logs with many lines of that kind are left to the careful way altogether.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from costcalc.entries import ReadLog, UsageEntry
from costcalc.readers import openai_bodies, otel, vscode_debug
from costcalc.readers.jsonlines import MAX_LINE, decoder, iso_time, object_of, unix_time, whole_document
from costcalc.tokens import MAX_COUNT

MIN_BYTES: Final = 4_000_000
"""Smaller logs are read line by line: that is faster than to load msgspec and numpy."""

_BLOCK: Final = 1 << 18
_LONG_LINE: Final = 2_000
"""Bytes of a line beyond which it pays to look for a sign of usage before decoding it."""

_MOST_CAREFUL: Final = 10_000
_MOST_GROUPS: Final = 100_000
_MS_PER_DAY: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
_Nano = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=200_000_000_000)]


class _Identity(NamedTuple):
    """What entries that are added up have in common, but for what side of the limits their prompts are."""

    day: int
    model: str | None
    session: str | None
    route: str
    service_tier: str
    billed: bool
    knows_cached: bool
    knows_write: bool
    knows_cost: bool


_Call = tuple[tuple[Any, ...], int, int, int, int, int, str]
"""The fields of an identity, the prompt, cached input, cache writes, output, reported nano-AIU, and the uid."""

_Judged = _Call | Literal["odd", "none"]
"""A call; `odd` is a line that only its own reader can judge, `none` one without usage."""


class _VscodeAttrs(msgspec.Struct, gc=False):
    model: _Text | None = None
    debug_name: _Text | None = msgspec.field(name="debugName", default=None)
    prompt: _Count | None = msgspec.field(name="inputTokens", default=None)
    cached: _Count | None = msgspec.field(name="cachedTokens", default=None)
    output: _Count | None = msgspec.field(name="outputTokens", default=None)
    nano_aiu: _Nano | None = msgspec.field(name="copilotUsageNanoAiu", default=None)


class _VscodeEvent(msgspec.Struct, gc=False):
    type: str
    ts: Annotated[int, msgspec.Meta(ge=0, le=200_000_000_000_000)]
    sid: _Text
    span: _Text = msgspec.field(name="spanId")
    attrs: _VscodeAttrs


def _vscode(events: Iterable[_VscodeEvent], sessions: bool, block: bytes) -> Iterator[_Judged]:  # noqa: ARG001
    helpers = vscode_debug.HELPERS
    for event in events:
        if event.type != "llm_request":
            yield "none"
            continue
        attrs, session = event.attrs, event.sid
        prompt, cached, output, nano_aiu = attrs.prompt, attrs.cached, attrs.output, attrs.nano_aiu
        if prompt is None or output is None:
            yield "odd"
            continue
        billed, knows_cached, knows_cost = attrs.debug_name not in helpers, cached is not None, nano_aiu is not None
        kept = session if sessions else None
        yield (
            (
                event.ts // _MS_PER_DAY,
                attrs.model,
                kept,
                "copilot",
                "standard",
                billed,
                knows_cached,
                False,
                knows_cost,
            ),
            prompt,
            cached or 0,
            0,
            output,
            nano_aiu or 0,
            f"{session}/{event.span}",
        )


class _SpanAttributes(msgspec.Struct, gc=False):
    operation: str | None = msgspec.field(name="gen_ai.operation.name", default=None)
    model: _Text | None = msgspec.field(name="gen_ai.response.model", default=None)
    session: _Text | None = msgspec.field(name="gen_ai.conversation.id", default=None)
    uid: _Text | None = msgspec.field(name="gen_ai.response.id", default=None)
    provider: _Text | None = msgspec.field(name="gen_ai.provider.name", default=None)
    system: _Text | None = msgspec.field(name="gen_ai.system", default=None)
    prompt: _Count | None = msgspec.field(name="gen_ai.usage.input_tokens", default=None)
    output: _Count | None = msgspec.field(name="gen_ai.usage.output_tokens", default=None)
    cached: _Count | None = msgspec.field(name="gen_ai.usage.cache_read.input_tokens", default=None)
    write: _Count | None = msgspec.field(name="gen_ai.usage.cache_creation.input_tokens", default=None)
    write_too: Any = msgspec.field(name="gen_ai.usage.cache_write.input_tokens", default=None)
    event: Any = msgspec.field(name="event.name", default=None)
    turn: Any = msgspec.field(name="copilot_chat.turn_count", default=msgspec.UNSET)


class _Span(msgspec.Struct, gc=False):
    attributes: _SpanAttributes
    start: tuple[_Seconds, int] | str | None = msgspec.field(name="startTime", default=None)
    nanoseconds: str | int | None = msgspec.field(name="startTimeUnixNano", default=None)
    name: Any = None
    type: str | None = None
    resource: Any = msgspec.field(name="resourceSpans", default=None)


def _day_of(start: str | None, nanoseconds: object) -> int | None:
    time = unix_time(nanoseconds, 10**9) if start is None else iso_time(start)
    return None if time is None else time.toordinal() - _EPOCH.toordinal()


def _spans(events: Iterable[_Span], sessions: bool, block: bytes) -> Iterator[_Judged]:
    details, providers = otel.DETAILS_EVENT, otel.PROVIDERS_BY_API
    may_be_copilot: bool | None = None
    for span in events:
        found = span.attributes
        if span.resource is not None or span.name == details or found.event is not None:
            yield "odd"
            continue
        if (span.type is not None and span.type != "span") or found.operation != "chat":
            yield "none"
            continue
        start, prompt, output, cached, write = span.start, found.prompt, found.output, found.cached, found.write
        day = start[0] // 86_400 if isinstance(start, tuple) else _day_of(start, span.nanoseconds)
        if (
            day is None
            or found.model is None
            or found.uid is None
            or prompt is None
            or output is None
            or found.write_too is not None
        ):
            yield "odd"
            continue
        route = "copilot"
        provider = found.provider or found.system
        if provider in providers and found.turn is msgspec.UNSET:
            if may_be_copilot is None:
                may_be_copilot = any(b'"' + prefix.encode() in block for prefix in otel.COPILOT_PREFIXES)
            if may_be_copilot:
                yield "odd"
                continue
            route = "api"
        kept = found.session if sessions else None
        yield (
            (day, found.model, kept, route, "standard", True, cached is not None, write is not None, False),
            prompt,
            cached or 0,
            write or 0,
            output,
            0,
            found.uid,
        )


class _Details(msgspec.Struct, gc=False):
    cached: _Count | None = msgspec.field(name="cached_tokens", default=None)
    write: _Count | None = msgspec.field(name="cache_write_tokens", default=None)


class _Usage(msgspec.Struct, gc=False):
    input_tokens: _Count | None = None
    prompt_tokens: _Count | None = None
    output_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    input_details: _Details | None = msgspec.field(name="input_tokens_details", default=None)
    prompt_details: _Details | None = msgspec.field(name="prompt_tokens_details", default=None)
    anthropic_cached: Any = msgspec.field(name="cache_read_input_tokens", default=msgspec.UNSET)
    anthropic_write: Any = msgspec.field(name="cache_creation_input_tokens", default=msgspec.UNSET)


class _Body(msgspec.Struct, gc=False):
    id: _Text
    model: _Text
    usage: _Usage
    created_at: _Seconds | None = None
    created: _Seconds | None = None
    service_tier: _Text | None = None
    response: Any = None
    custom_id: Any = msgspec.UNSET
    copilot_usage: Any = None


def _bodies(events: Iterable[_Body], sessions: bool, block: bytes) -> Iterator[_Judged]:  # noqa: ARG001
    unset, tiers = msgspec.UNSET, openai_bodies.TIERS
    for body in events:
        usage = body.usage
        seconds = body.created_at if body.created_at is not None else body.created
        prompt = usage.input_tokens if usage.input_tokens is not None else usage.prompt_tokens
        output = usage.output_tokens if usage.output_tokens is not None else usage.completion_tokens
        if (
            seconds is None
            or prompt is None
            or output is None
            or body.response is not None
            or body.custom_id is not unset
            or body.copilot_usage is not None
            or usage.anthropic_cached is not unset
            or usage.anthropic_write is not unset
            or (usage.input_details is not None and usage.prompt_details is not None)
        ):
            yield "odd"
            continue
        details = usage.input_details or usage.prompt_details
        cached = None if details is None else details.cached
        write = None if details is None else details.write
        tier = "standard" if body.service_tier is None else tiers.get(body.service_tier, "standard")
        yield (
            (seconds // 86_400, body.model, None, "api", tier, True, cached is not None, write is not None, False),
            prompt,
            cached or 0,
            write or 0,
            output,
            0,
            body.id,
        )


class _Form(NamedTuple):
    """How lines of one source are decoded and judged, and which reader takes the others."""

    marks: tuple[bytes, ...]
    event: type[msgspec.Struct]
    judge: Callable[[Iterable[Any], bool, bytes], Iterator[_Judged]]
    entries_of: Callable[[str, ReadLog, Iterable[tuple[int, Mapping[str, Any]]]], Iterator[UsageEntry]]


FORMS: Final[Mapping[str, _Form]] = {
    vscode_debug.SOURCE: _Form(vscode_debug.SIGNS, _VscodeEvent, _vscode, vscode_debug.entries_of),
    otel.SOURCE: _Form(otel.SIGNS, _Span, _spans, otel.entries_of),
    openai_bodies.SOURCE: _Form(openai_bodies.SIGNS, _Body, _bodies, openai_bodies.entries_of),
}


class _Sums:
    """Calls added up, and the names of all of them, so that a call that stands twice can be told."""

    def __init__(self, source: str, limits: Sequence[int], sessions: bool, repeated: frozenset[int]) -> None:
        """`limits` are the prompts above which prices change; calls in `repeated` count once."""
        self.source = source
        self.sessions = sessions
        self.log = ReadLog()
        self.careful: list[UsageEntry] = []
        self._names = array("q")
        self._limits = sorted(limits)
        self._repeated = repeated
        self._taken: set[int] = set()
        self._groups: dict[str, dict[tuple[tuple[Any, ...], int], list[int]]] = {}

    def is_new(self, uid: str | None) -> bool:
        """Whether a call counts, as far as is known which ones repeat."""
        if uid is None:
            return True
        name = hash(uid)
        self._names.append(name)
        return name not in self._repeated or self._is_first(name)

    def _is_first(self, name: int) -> bool:
        if name in self._taken:
            self.log.repeated += 1
            return False
        self._taken.add(name)
        return True

    def add(self, path: str, judged: Iterable[_Judged], odd: Callable[[int], None]) -> None:
        """Add up calls of a file; `odd` is told the place of each that only the reader can judge."""
        groups = self._groups.setdefault(path, {})
        note, repeated, limits = self._names.append, self._repeated, self._limits
        for place, call in enumerate(judged):
            if isinstance(call, str):
                if call == "odd":
                    odd(place)
                continue
            identity, prompt, cached, write, output, nano_aiu, uid = call
            fresh = prompt - cached - write
            if fresh < 0:
                odd(place)
                continue
            name = hash(uid)
            note(name)
            if repeated and name in repeated and not self._is_first(name):
                continue
            group = (identity, bisect_left(limits, prompt))
            sums = groups.get(group)
            if sums is None:
                sums = groups[group] = [0, 0, 0, 0, 0, 0]
            sums[0] += 1
            sums[1] += fresh
            sums[2] += cached
            sums[3] += write
            sums[4] += output
            sums[5] += nano_aiu

    def take(self, entries: Iterable[UsageEntry]) -> None:
        """Add entries that went the careful way."""
        self.careful.extend(entry for entry in entries if self.is_new(entry.uid))

    @property
    def is_too_much(self) -> bool:
        """Whether this log is none for the fast way."""
        return (
            len(self.careful) + self.log.skipped_count > _MOST_CAREFUL
            or sum(map(len, self._groups.values())) > _MOST_GROUPS
        )

    def repeats(self) -> frozenset[int]:
        """The names that stand more than once."""
        names = np.sort(np.frombuffer(self._names, dtype=np.int64))
        return frozenset(int(name) for name in np.unique(names[1:][names[1:] == names[:-1]]))

    def entries(self) -> Iterator[UsageEntry]:
        """Everything that counts."""
        groups = ((path, *item) for path, found in self._groups.items() for item in found.items())
        for path, (identity, _), (records, fresh, cached, write, output, nano_aiu) in groups:
            found = _Identity(*identity)
            yield UsageEntry(
                path,
                0,
                self.source,
                _EPOCH + timedelta(days=found.day),
                found.model,
                route=found.route,
                service_tier=found.service_tier,
                fresh_input=fresh,
                cached_input=cached if found.knows_cached else None,
                cache_write=write if found.knows_write else None,
                output=output,
                requests=records,
                reported_nano_aiu=nano_aiu if found.knows_cost else None,
                billed=found.billed,
                session=found.session,
                records=records,
            )
        yield from self.careful


def read(
    source: str,
    paths: Sequence[str],
    log: ReadLog,
    keep: "frozenset[str]",
    limits: Sequence[int],
    told: "Callable[[str, int], object] | None" = None,
) -> dict[str, list[UsageEntry]]:
    """The usage of logs of one source by path, added up by day, model and the keys in `keep`; empty if none for this way.

    `limits` are the prompts of one request above which a price may change: calls on either side are kept apart. Calls are
    told from each other by 64 bits of their names. Raises `OSError` if a log cannot be read.
    """
    if sum(os.path.getsize(path) for path in paths) < MIN_BYTES:  # noqa: PTH202
        return {}
    if any(whole_document(path) is not None for path in paths):
        return {}
    sums = _added_up(source, paths, _Sums(source, limits, "session" in keep, frozenset()), told)
    if sums is None:
        return {}
    repeated = sums.repeats()
    if repeated:  # seldom, and only then it is worth a second pass that knows them
        sums = _added_up(source, paths, _Sums(source, limits, "session" in keep, repeated), told)
        if sums is None:
            return {}
    log.add(sums.log)
    found: dict[str, list[UsageEntry]] = {path: [] for path in paths}
    for entry in sums.entries():
        found[entry.file].append(entry)
    return found


def _added_up(
    source: str, paths: Sequence[str], sums: _Sums, told: "Callable[[str, int], object] | None"
) -> _Sums | None:
    form = FORMS[source]
    decode = msgspec.json.Decoder(form.event)
    for path in paths:
        for number, block in _blocks(path, None if told is None else partial(told, path)):
            if len(block) > MAX_LINE:
                return None
            by_reader = partial(_by_reader, path, number, block, form, sums)
            events = _events(block, decode)
            if events is None:
                _by_line(path, block, form, decode, sums, by_reader)
            else:
                sums.add(path, form.judge(events, sums.sessions, block), by_reader)
            if sums.is_too_much:
                return None
    return sums


def _blocks(path: str, told: "Callable[[int], object] | None") -> Iterator[tuple[int, bytes]]:
    """Whole lines, many at a time, with the number of the first."""
    number, read = 1, 0
    with open(path, "rb") as file:  # noqa: PTH123
        while block := file.read(_BLOCK):
            if not block.endswith(b"\n"):
                block += file.readline(MAX_LINE + 1)
            yield number, block
            number += block.count(b"\n")
            read += len(block)
            if told is not None:
                told(read)


def _events(block: bytes, decode: Any) -> list[Any] | None:
    """The events of a block in which every line is one object of the form; None if that is not certain.

    That every line starts and ends as an object does, and that there are as many objects as lines, leaves no way in which
    an object goes over two lines or two stand on one.
    """
    letters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    if not len(ends) or len(ends) * _LONG_LINE < len(block) or letters[-1] != ord("\n") or letters[0] != ord("{"):
        return None
    if not ((letters[ends - 1] == ord("}")).all() and (letters[ends[:-1] + 1] == ord("{")).all()):
        return None
    try:
        block.decode()  # the decoder looks at no text that it passes over
        events: list[Any] = decode.decode_lines(block)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return events if len(events) == len(ends) else None


def _by_line(path: str, block: bytes, form: _Form, decode: Any, sums: _Sums, by_reader: Callable[[int], None]) -> None:
    for place, line in enumerate(block.split(b"\n")):
        if not any(mark in line for mark in form.marks):
            continue
        try:
            line.decode()
            events = [decode.decode(line)]
        except (ValueError, RecursionError, msgspec.MsgspecError):
            by_reader(place)
        else:
            sums.add(path, form.judge(events, sums.sessions, line), lambda _, place=place: by_reader(place))  # type: ignore[misc]


def _by_reader(path: str, number: int, block: bytes, form: _Form, sums: _Sums, place: int) -> None:
    line = number + place
    found = object_of(path, sums.log, line, block.split(b"\n")[place], decoder())
    if found is not None:
        sums.take(form.entries_of(path, sums.log, [(line, found)]))
