"""Synthetic histories, turn by turn: not the model that forecasts, so that the forecast can be held against them.

Days hold sessions, sessions turns, and turns calls whose prompts grow until they are compacted; the cache is lost after a
pause. Most sessions are short, a few are long runs of an agent. There are holidays, and weeks of a busy project.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

# USD per million tokens of fresh input, cached input and output: those of a mid-size model.
PRICES = (3.0, 0.3, 15.0)


Task = tuple[datetime, int, int, int, int]
"""Time, fresh input, cached input, output, requests."""


class Kind(NamedTuple):
    """A kind of person: sessions on a working day, share of sessions that are long, chance to work on a weekday."""

    sessions: float
    long_share: float
    works: float
    busy: float


KINDS = (Kind(2, 0.1, 0.8, 2.0), Kind(4, 0.05, 0.9, 1.6), Kind(1.2, 0.2, 0.6, 2.5), Kind(8, 0.02, 0.95, 1.4))


def history(seed: int, days: int) -> list[Task]:
    """Tasks of one person."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    level = rng.lognormvariate(0, 0.6)
    found: list[Task] = []
    start = datetime(2026, 6, 1, 9, tzinfo=UTC) + timedelta(days=rng.randrange(7))
    away: set[int] = set()
    while rng.random() < 0.4:
        begin = rng.randrange(days)
        away |= set(range(begin, begin + rng.randrange(2, 8)))
    busy = rng.random() < 0.3
    for day in range(days):
        if day % 7 == 0 and rng.random() < 0.35:
            busy = not busy
        at = start + timedelta(days=day)
        if day in away or rng.random() > (kind.works if at.weekday() < 5 else 0.1):
            continue
        wanted = kind.sessions * level * (kind.busy if busy else 0.8)
        sessions = 0
        while rng.random() < wanted / (1 + wanted):  # geometric
            sessions += 1
        for _ in range(sessions):
            at += timedelta(minutes=rng.randrange(5, 60))
            at = _session(rng, kind, at, found)
    return found


def _session(rng: random.Random, kind: Kind, at: datetime, found: list[Task]) -> datetime:
    long = rng.random() < kind.long_share
    tasks = 1 + int(rng.paretovariate(1.8)) if not long else rng.randrange(2, 6)
    story, cached_until = 20_000, 0
    for _ in range(min(tasks, 40)):
        calls = 1 + min(150, int(rng.weibullvariate(60 if long else 6, 0.9)))
        fresh = cached = output = 0
        for _ in range(calls):
            new = rng.randrange(200, 3_000)
            if story > 100_000:  # compacted
                story, cached_until = 25_000, 10_000
            fresh += story + new - cached_until
            cached += cached_until
            answer = rng.randrange(50, 900)
            output += answer
            cached_until = story + new
            story += new + answer
        found.append((at, fresh, cached, output, calls))
        pause = rng.expovariate(1 / 8)
        if pause > 10:
            cached_until = 0
        at += timedelta(minutes=11 + pause)
    return at


def write(path: Path, tasks: list[Task]) -> Path:
    """The history as a file, a record a task, with its cost."""
    rows = ["time,model,fresh_input,cached_input,output,requests,reported_nano_aiu,task"]
    for number, (at, fresh, cached, output, requests) in enumerate(tasks):
        credits = (fresh * PRICES[0] + cached * PRICES[1] + output * PRICES[2]) / 1e4
        rows.append(
            f"{at:%Y-%m-%dT%H:%M:%SZ},claude-sonnet-4.6,{fresh},{cached},{output},{requests},{round(credits * 1e9)},{number}"
        )
    path.write_text("\n".join(rows) + "\n")
    return path
