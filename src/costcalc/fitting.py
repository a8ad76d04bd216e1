"""A session profile from history: tasks found in logs, their mean tokens and spread, and how far the means can be trusted."""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import fmean, stdev
from typing import Any, ClassVar, Final

from costcalc.entries import ReadLog, UsageEntry
from costcalc.errors import InputError, check_type
from costcalc.files import IF_THERE, whole_file
from costcalc.history import listed_paths
from costcalc.notices import Notice
from costcalc.pricing.rate import Rate
from costcalc.readers.find import read_usage
from costcalc.showing.display import Part, Result, Table, count_of, number
from costcalc.tokens import KINDS
from costcalc.units import plain
from costcalc.workload.profile import SPREADS, Provenance, SessionProfile
from costcalc.workload.spread import (
    chance_of_a_week,
    sigma_of,
    sigma_of_levels,
    sigma_of_mean,
    variation_beyond_chance,
    whole_weeks,
)

DAYS_PER_MONTH: Final = 365.25 / 12
DEFAULT_PAUSE: Final = timedelta(minutes=10)
"""A longer pause between two calls of a session starts a new task, where a log does not number its turns."""

MIN_TASKS: Final = 30
MIN_DAYS: Final = 10
MIN_SPAN: Final = 14
_Z95: Final = 1.959964
"""95 % of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval (None with fewer than two values) and the number of values it rests on."""

    name: str
    mean: Decimal
    low: Decimal | None
    high: Decimal | None
    values: int

    def to_dict(self) -> dict[str, Any]:
        """The mean as machine output holds it."""
        return {
            "number": self.name,
            "mean": plain(self.mean),
            "low": None if self.low is None else plain(self.low),
            "high": None if self.high is None else plain(self.high),
            "values": self.values,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Fit(Result):
    """A profile fitted to history: each mean with its interval, and what the history is.

    `cached_share` is the share of the prompts that was read from cache (None without prompts); `models` the share of
    tasks by model.
    """

    kind: ClassVar[str] = "fit"

    profile: SessionProfile
    means: tuple[Mean, ...]
    tasks: int
    users: int
    active_days: int
    first_day: date
    last_day: date
    cached_share: Decimal | None
    models: tuple[tuple[str, Decimal], ...]
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        yield from ()

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.to_dict(),
            "means": [mean.to_dict() for mean in self.means],
            "tasks": self.tasks,
            "users": self.users,
            "active_days": self.active_days,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "cached_share": None if self.cached_share is None else plain(self.cached_share),
            "models": [{"model": model, "share": plain(share)} for model, share in self.models],
        }

    def parts(self) -> Iterator[Part]:
        yield (
            f"{self.profile.name}: {count_of(self.tasks, 'task')} of "
            f"{self._people()} on {count_of(self.active_days, 'day')}, "
            f"{self.first_day} to {self.last_day}"
        )
        yield Table(
            ("number", "mean", "95 % from", "to", "values"),
            tuple((mean.name, mean.mean, mean.low, mean.high, mean.values) for mean in self.means),
            "Means, and the interval that each may lie in",
        )
        shares = "; ".join(f"{model} {number(share * 100)} %" for model, share in self.models)
        cached = (
            "" if self.cached_share is None else f" Of the prompts, {number(self.cached_share * 100)} % were cached."
        )
        yield f"Tasks by model: {shares}.{cached} Spread: {self._spread_words()}."

    def _spread_words(self) -> str:
        found = {name: getattr(self.profile, name) for name in SPREADS}
        return ", ".join(f"{name} {plain(value)}" for name, value in found.items() if value is not None) or "not known"

    def _people(self) -> str:
        return "1 person" if self.users == 1 else f"{self.users:,} people"

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"number": mean.name, "mean": mean.mean, "low": mean.low, "high": mean.high, "values": mean.values}
            for mean in self.means
        ]

    def columns(self) -> dict[str, type]:
        return {"low": Decimal, "high": Decimal}

    def to_toml(self) -> str:
        """The profile as a file that `SessionProfile.load` reads."""
        lines = [
            f"# Fitted to {count_of(self.tasks, 'task')} of {self._people()} on {count_of(self.active_days, 'day')},",
            f"# {self.first_day} to {self.last_day}. Models: "
            + ", ".join(f"{_comment(model)} {plain(share * 100)} %" for model, share in self.models),
            *(f"# {_comment(notice.message)}" for notice in self.notices),
            "",
            "[profile]",
            f"name = {_quoted(self.profile.name)}",
            'title = "Fitted to history"',
        ]
        for name, value in self.profile.numbers().items():
            if value is not None:
                origin = self.profile.provenance[name]
                lines.append(
                    f'{name} = {{ value = {plain(value)}, how = "measured", from = ["history"], note = {_quoted(origin.note)}'
                    + ("" if origin.low is None else f", low = {origin.low:f}, high = {origin.high:f}")
                    + " }"
                )
        days = f"{self.first_day} to {self.last_day}"
        lines += [
            "",
            "[sources.history]",
            'title = "Own history of use"',
            f"address = {_quoted(f'logs of {days}')}",
            "",
        ]
        return "\n".join(lines)

    def save(self, path: "str | os.PathLike[str]", *, replace: bool = False) -> None:
        """Write the profile to a file, whole or not at all.

        Raises `InputError` if the file is there already (unless `replace`) or cannot be written.
        """
        with whole_file(path, replace=replace, otherwise=IF_THERE) as file:
            file.write(self.to_toml())


def _quoted(text: str) -> str:
    """A text as a TOML string: JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


@dataclass(slots=True)
class Task:
    """What one task used."""

    user: str | None
    start: datetime
    end: datetime
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    requests: int = 0
    nano_aiu: int = 0
    models: dict[str, int] = field(default_factory=dict)

    def add(self, entry: UsageEntry) -> None:
        for place, count in enumerate(entry.counts):
            self.tokens[place] += count
        self.requests += max(1, entry.requests)
        self.nano_aiu += entry.reported_nano_aiu or 0
        name = entry.model or "(none)"
        self.models[name] = self.models.get(name, 0) + sum(entry.counts)


def fit_profile(
    paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None" = None,
    *,
    name: str = "mine",
    pause: timedelta = DEFAULT_PAUSE,
    user: str | None = None,
    told: "Callable[[str, int], object] | None" = None,
) -> Fit:
    """The session profile that the logs at some paths show.

    A task is a turn where a log numbers its turns, else the calls of a session without a pause longer than `pause`
    between them. `user` takes one person's use only. Means are per developer; months are taken to have 30.4 days.

    Raises `InputError` if there is no task to be found: daily reports know no tasks.
    """
    check_type("name", name, str, "a text")
    if not 1 <= len(name.strip()) <= 200 or not name.isprintable():
        raise InputError(f"name must be a text of 1 to 200 characters on one line, not {name!r:.40}")
    log = ReadLog()
    entries: list[UsageEntry] = []
    totals_only = without_calls = cached_unknown = 0
    for entry in read_usage(listed_paths(paths), log, None, told):
        if not entry.billed or not entry.has_tokens or (user is not None and entry.user != user):
            continue
        if entry.time is None or not entry.requests:
            without_calls += 1
            continue
        totals_only += entry.requests > 1
        cached_unknown += entry.cached_input is None
        entries.append(entry)
    tasks = tasks_of(entries, pause)
    if not tasks:
        why = (
            "reports of days know no tasks; give logs of single calls" if without_calls else "there are no calls in it"
        )
        raise InputError(f"no task can be found in this history: {why}")
    writes_known = all(entry.cache_write is not None for entry in entries)
    return _fitted(
        name, tasks, log, writes_known=writes_known, totals_only=totals_only, without_calls=without_calls,
        cached_unknown=cached_unknown,
    )  # fmt: skip


def tasks_of(entries: list[UsageEntry], pause: timedelta) -> list[Task]:
    """The tasks that calls belong to, by turn or by pauses."""
    check_type("pause", pause, timedelta, "a datetime.timedelta")
    by_turn: dict[tuple[str, str | None, str], Task] = {}
    by_session: dict[tuple[str, str | None], list[UsageEntry]] = {}
    for entry in entries:
        assert entry.time is not None  # fit_profile leaves out entries without
        if entry.task is None:
            by_session.setdefault((entry.session or entry.file, entry.user), []).append(entry)
            continue
        key = (entry.session or entry.file, entry.user, entry.task)
        task = by_turn.setdefault(key, Task(entry.user, entry.time, entry.time))
        task.start = min(task.start, entry.time)
        task.add(entry)
    tasks = list(by_turn.values())
    for calls in by_session.values():
        current: Task | None = None
        for entry in sorted(calls, key=lambda each: (each.time or datetime.min, each.line)):
            assert entry.time is not None
            if current is None or entry.time - current.end > pause or entry.requests > 1:
                current = Task(entry.user, entry.time, entry.time)
                tasks.append(current)
            current.end = entry.time
            current.add(entry)
    return tasks


def _fitted(
    name: str,
    tasks: list[Task],
    log: ReadLog,
    *,
    writes_known: bool,
    totals_only: int,
    without_calls: int,
    cached_unknown: int,
) -> Fit:
    if not writes_known:
        for task in tasks:
            task.tokens[0] += task.tokens[2]
            task.tokens[2] = 0
    days: dict[tuple[str | None, date], int] = {}
    for task in tasks:
        key = (task.user, task.start.date())
        days[key] = days.get(key, 0) + 1
    users = len({user for user, _ in days})
    first, last = min(day for _, day in days), max(day for _, day in days)
    span = (last - first).days + 1
    per_month = min(31.0, len(days) / users / span * DAYS_PER_MONTH)
    means = [
        _mean(kind, [float(task.tokens[place]) for task in tasks])
        for place, kind in enumerate(KINDS)
        if kind != "cache_write" or writes_known
    ]
    means.append(_mean("requests_per_task", [float(task.requests) for task in tasks]))
    means.append(_mean("tasks_per_day", [float(count) for count in days.values()]))
    means.append(Mean("active_days", _rounded(per_month), None, None, len(days)))
    spread: dict[str, Any] = {
        name: _rounded(value) for name, value in _spread(tasks, days, first, span).items() if value is not None
    }
    prompt = sum(sum(task.tokens[:3]) for task in tasks)
    cached = sum(task.tokens[1] for task in tasks)
    numbers: dict[str, Any] = {mean.name: mean.mean for mean in means}
    notes = {mean.name: _note(mean) for mean in means} | dict.fromkeys(spread, f"of {len(tasks):,} tasks")
    intervals = {mean.name: (mean.low, mean.high) for mean in means}
    provenance = {}
    for each, note in notes.items():
        low, high = intervals.get(each, (None, None))
        provenance[each] = Provenance(how="measured", note=note, low=low, high=high)
    profile = SessionProfile(name=name, title="Fitted to history", **numbers, **spread, provenance=provenance)
    by_model: dict[str, int] = {}
    for task in tasks:
        main = max(task.models, key=lambda model: (task.models[model], model))
        by_model[main] = by_model.get(main, 0) + 1
    return Fit(
        profile=profile,
        means=tuple(means),
        tasks=len(tasks),
        users=users,
        active_days=len(days),
        first_day=first,
        last_day=last,
        cached_share=_rounded(cached / prompt) if prompt else None,
        models=tuple(
            (model, _rounded(count / len(tasks)))
            for model, count in sorted(by_model.items(), key=lambda item: (-item[1], item[0]))
        ),
        notices=tuple(_notices(log, len(tasks), len(days), span, totals_only, without_calls, cached_unknown)),
    )


def _spread(
    tasks: list[Task], days: dict[tuple[str | None, date], int], first: date, span: int
) -> dict[str, float | None]:
    """The spread around the means, as far as the history tells; sizes are total tokens."""
    sizes = [float(sum(task.tokens)) for task in tasks]
    counts = [float(count) for count in days.values()]
    tasks_cv = variation_beyond_chance(counts)
    by_day, by_user = [0.0] * span, dict.fromkeys((user for user, _ in days), 0.0)
    for task, size in zip(tasks, sizes, strict=True):
        by_day[(task.start.date() - first).days] += size
        by_user[task.user] += size
    weeks = whole_weeks(by_day)
    chance = chance_of_a_week(len(tasks) * 7 / span, len(days) * 7 / span, tasks_cv or 0.0, sizes)
    return {
        "sigma": sigma_of(sizes),
        "tasks_cv": tasks_cv,
        "week_sigma": sigma_of_levels(weeks, chance),
        "people_sigma": sigma_of_levels(list(by_user.values())),
        "level_sigma": sigma_of_mean(weeks),
    }


def _mean(name: str, values: list[float]) -> Mean:
    mean = fmean(values)
    if len(values) < 2:
        return Mean(name, _rounded(mean), None, None, len(values))
    half = _Z95 * stdev(values) / math.sqrt(len(values))
    return Mean(name, _rounded(mean), _rounded(max(0.0, mean - half)), _rounded(mean + half), len(values))


def _note(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"of {mean.values:,} values"
    return f"95 % from {plain(mean.low)} to {plain(mean.high)}, of {mean.values:,} values"


def _rounded(value: float) -> Decimal:
    """A fitted figure to four significant digits at least: more would claim to be known."""
    digits = 4 if not value or abs(value) < 1_000 else 0
    return Decimal(f"{value:.{digits}f}").normalize() + 0


def _notices(
    log: ReadLog, tasks: int, days: int, span: int, totals_only: int, without_calls: int, cached_unknown: int
) -> Iterator[Notice]:
    if tasks < MIN_TASKS or days < MIN_DAYS or span < MIN_SPAN:
        yield Notice(
            "too_little_history",
            f"too little to trust: {tasks:,} tasks on {days:,} days within {span:,}; {MIN_TASKS} tasks on {MIN_DAYS} days "
            f"within {MIN_SPAN} are the least, and use is heavy-tailed",
        )
    if totals_only:
        yield Notice(
            "sessions_as_tasks",
            f"known by totals only: {count_of(totals_only, 'session')}; each counts as one task, which makes tasks too large",
        )
    if without_calls:
        yield Notice(
            "no_calls", f"left out: {count_of(without_calls, 'record')} without single calls or without a time"
        )
    if cached_unknown:
        yield Notice(
            "cached_count_absent",
            f"cached tokens not told: {count_of(cached_unknown, 'call')}; they count as fresh input there",
        )
    yield from log.notices()
