"""Months of people, drawn at random: who works on which day, how many tasks that is, and how large they are.

A person's month is tasks per day (more or fewer than the mean by the level of the person, of the week and of the day, and
by chance) on active days, each task with a size of its own. What comes out is size, not money: for each day the sums of
the factors that tokens are multiplied by, so that any model, route or claim prices the same months.

Sums of many tasks are taken from tables of sums of 1, 2, 4, 8, … tasks: the tables are made by adding a table to itself in
another order, which keeps the mean exactly, and are set to the exact variance. Needs numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costcalc.workload.tasksize import VALUES, Floats, TaskSize

Generator = np.random.Generator
Seed = tuple[int, tuple[int, ...]]
"""A seed, and what a generator is for: each use has its own, so that no result depends on the order of the work."""

MAX_TASKS_PER_DAY: Final = 10_000_000
"""More tasks a day than a person, a team or a pipeline of one profile can have."""


def generator(seed: Seed, *purpose: int) -> Generator:
    """The random numbers for one purpose under a seed."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed[0], spawn_key=(*seed[1], *purpose))))


@dataclass(frozen=True, slots=True)
class Habits:
    """How one person works, as numbers without units of money: see `SessionProfile` for each.

    `day_chances` are the chances of each day of the month to be an active one; `shares` how the tasks are shared out among
    several models, adding up to 1.
    """

    size: TaskSize
    tasks_per_day: float
    day_chances: tuple[float, ...]
    first_weekday: int
    tasks_cv: float
    week_sigma: float
    shares: tuple[float, ...] = (1.0,)


def day_chances(month: Sequence[date], active_days: float) -> tuple[float, ...]:
    """The chance of each day to be active: weekdays first, the rest of the days at weekends; they add up to the mean.

    With more active days than the month has, each day is active.
    """
    weekdays = sum(day.weekday() < 5 for day in month)
    weekends = len(month) - weekdays
    on_weekday = min(1.0, active_days / weekdays) if weekdays else 0.0
    on_weekend = min(1.0, max(0.0, active_days - weekdays) / weekends) if weekends else 0.0
    if not weekends or not weekdays:
        on_weekday = on_weekend = min(1.0, active_days / len(month))
    return tuple(on_weekday if day.weekday() < 5 else on_weekend for day in month)


def days_of_month(year: int, month: int) -> list[date]:
    """All days of a month."""
    day, found = date(year, month, 1), []
    while day.month == month:
        found.append(day)
        day += timedelta(days=1)
    return found


class SumTables:
    """Sums of 2^j tasks: for each j, `VALUES` equally likely pairs of sums of the two factors (and of masked ones).

    `thresholds` add, for each, the same two factors counted only in tasks whose size is above it. The tables depend on the
    seed alone, not on who asks for which first.
    """

    def __init__(self, size: TaskSize, thresholds: Sequence[float], seed: Seed) -> None:
        """The table of single tasks; those of more are made as they are needed."""
        sizes, plain, cached = size.table()
        columns = [plain, cached]
        for threshold in thresholds:
            above = sizes > threshold
            columns += [np.where(above, plain, 0.0), np.where(above, cached, 0.0)]
        first = np.stack(columns, axis=1)
        self._seed = seed
        self._lock = Lock()
        self.means: Floats = first.mean(axis=0)
        self._variances = first.var(axis=0)
        self.levels: list[Floats] = [first]

    @property
    def columns(self) -> int:
        """How many sums there are of each number of tasks."""
        return len(self.means)

    def level(self, place: int) -> Floats:
        """The table of sums of 2^place tasks."""
        with self._lock:
            while len(self.levels) <= place:
                last = self.levels[-1]
                sums = last + last[generator(self._seed, len(self.levels)).permutation(VALUES)]
                count = 2 ** len(self.levels)
                means, variances = self.means * count, sums.var(axis=0)
                wanted = self._variances * count
                scale = np.sqrt(np.divide(wanted, variances, out=np.ones_like(means), where=variances > 0))
                self.levels.append(np.maximum(0.0, (sums - means) * scale + means))
            return self.levels[place]

    def add(self, counts: "NDArray[np.int64]", cells: "NDArray[np.int64]", sums: Floats, rng: Generator) -> None:
        """Add the sums of so many tasks for each of `counts` to the rows `cells` of `sums`, which must be contiguous."""
        pairs = sums.view(np.complex128)  # two columns move as one number, which is twice as fast
        most = int(counts.max(initial=0))
        for place in range(most.bit_length()):
            rows = cells[(counts & (1 << place)) != 0]
            if len(rows):
                table = self.level(place).view(np.complex128)
                picks = rng.integers(0, VALUES, len(rows), dtype=np.uint16)
                for column in range(pairs.shape[1]):
                    pairs[rows, column] += table[picks, column]


def person_months(habits: Habits, tables: SumTables, levels: Floats, rng: Generator) -> Floats:
    """Sums of the factors by person, day, model of the mix and column of the tables, for people of the given levels."""
    people, days, models = len(levels), len(habits.day_chances), len(habits.shares)
    cells = np.flatnonzero(rng.random((people, days)) < np.array(habits.day_chances))  # the active days
    person, day = np.divmod(cells, days)
    rate = habits.tasks_per_day * levels[person]
    if habits.week_sigma:
        week_of = (np.arange(days) + habits.first_weekday) // 7
        weeks = lognormal(rng, habits.week_sigma, (people, int(week_of[-1]) + 1))
        rate *= weeks[person, week_of[day]]
    if habits.tasks_cv:
        shape = 1 / habits.tasks_cv**2
        rate *= rng.standard_gamma(shape, len(cells)) / shape
    counts = rng.poisson(np.minimum(rate, MAX_TASKS_PER_DAY * 1000))
    sums = np.zeros((models, people * days, tables.columns))
    left = 1.0
    for place, share in enumerate(habits.shares):
        mine = counts if place == models - 1 else rng.binomial(counts, min(1.0, share / left))
        tables.add(mine, cells, sums[place], rng)
        counts = counts - mine
        left -= share
    found: Floats = sums.transpose(1, 0, 2).reshape(people, days, models, tables.columns)
    return found


def lognormal(rng: Generator, sigma: float, shape: "tuple[int, ...]") -> Floats:
    """Factors with a mean of exactly 1 whose logarithm has this standard deviation."""
    if not sigma:
        return np.ones(shape)
    found: Floats = rng.lognormal(-(sigma**2) / 2, sigma, shape)
    return found


def month_variance(habits: Habits, days: int, weights: tuple[float, float]) -> tuple[float, float]:
    """Mean and variance of one person's use over the first `days` days, in closed form (without levels or mix).

    A task's use is `weights[0]` times its plain factor plus `weights[1]` times its cached one.
    """
    plain, cached, both = habits.size.variance()
    mean = weights[0] + weights[1]
    second = weights[0] ** 2 * plain + weights[1] ** 2 * cached + 2 * weights[0] * weights[1] * both + mean**2
    tasks = habits.tasks_per_day
    week = float(np.exp(habits.week_sigma**2)) - 1
    total, variance = 0.0, 0.0
    by_week: dict[int, float] = {}
    for day, chance in enumerate(habits.day_chances[:days]):
        expected = chance * tasks * mean
        total += expected
        day_second = chance * (tasks * second + tasks**2 * (1 + habits.tasks_cv**2) * (1 + week) * mean**2)
        variance += day_second - expected**2
        key = (day + habits.first_weekday) // 7
        variance += 2 * week * by_week.get(key, 0.0) * expected
        by_week[key] = by_week.get(key, 0.0) + expected
    return total, variance
