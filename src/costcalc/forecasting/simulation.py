"""Many possible months of people, priced in several ways on the same draws and passed through the rules of their bills.

Draws come in blocks of `BLOCK`. Each block has random numbers of its own, so the result depends on the seed alone: not on
how many threads there are or which block is done first. Few people are drawn one by one. Of many, each block draws
`LIBRARY` months of single people, whose levels are spread evenly over their distribution, and adds them up to crowds as
`SumTables` does with tasks; the mean stays exact, and `costcalc.forecasting.running` states the error of each figure from how far
the blocks differ. Needs numpy.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from costcalc.billing.draws import flow_over_draws, within_user_limit
from costcalc.billing.waterfall import NO_LIMIT, Terms
from costcalc.workload.months import Habits, Seed, SumTables, generator, lognormal, person_months
from costcalc.workload.tasksize import Floats

BLOCK: Final = 1_000
LIBRARY: Final = 4_096
MAX_WORKERS: Final = 1_024
"""Threads that months are drawn with at most."""

ONE_BY_ONE: Final = 32
"""As many people of one kind, and fewer, are drawn one by one."""

_SAMPLE: Final = 4_096
"""Single people that are kept of a block, in the proportions of the units."""

_SAMPLED_BLOCKS: Final = 25
"""Of how many blocks single people and the use of single days are kept, so that the memory does not grow with the draws."""

_LEVEL_STRATA: Final = 50
_EVERY_DRAW: Final = np.arange(BLOCK)
_NANO: Final = 1e9
_MOST_NANO: Final = float(2**61)
_PEOPLE, _MONTH, _LEVEL, _PICK, _TABLES = range(5)


@dataclass(frozen=True, slots=True)
class Unit:
    """People who work alike and whose use passes the same limits.

    `user_limit` is what each may use in a month, in nano-AIU. `known` is what each used on the first days of the month, in
    credits. `level_sigma` is how uncertain the level of all of them together is, `people_sigma` how they differ.
    """

    habits: Habits
    people: int
    people_sigma: float
    level_sigma: float
    user_limit: int = NO_LIMIT
    known: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose limits the use of some units passes: `actors` pairs each unit with its actor in the terms.

    With `per_person`, the terms have one actor and are those of every single person.
    """

    terms: Terms
    units: tuple[int, ...]
    per_person: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One way to get the work done: what a unit of each factor costs in credits, by unit, and who pays.

    `copilot` and `api` are by unit an array of (models of the mix, columns of the tables); use of `api` passes no limits.
    """

    name: str
    copilot: tuple[Floats, ...]
    api: tuple[Floats, ...]
    payers: tuple[Payer, ...]
    seat_usd: float


@dataclass(slots=True)
class WayDraws:
    """What came of each draw of a way: use in credits, dollars in all, credits blocked, the day the credits ran out (-1).

    `exhausted_day` is that of credits that people share. `people` holds a sample of single people: their use in credits, their
    bill beyond the seat in dollars (where they pay for themselves), and the day their own credits ran out. `by_day` is the use
    of all of them by draw and day, of the first draws.
    """

    credits: Floats
    total_usd: Floats
    blocked: Floats
    exhausted_day: NDArray[np.int64]
    by_day: Floats
    people: dict[str, Floats] = field(default_factory=dict)


def simulate_month(
    units: Sequence[Unit],
    tables: Sequence[SumTables],
    ways: Sequence[Way],
    *,
    draws: int,
    month: int,
    day_us: Sequence[int],
    seed: int,
    workers: int | None = None,
    told: "Callable[[int, int], object] | None" = None,
    first_block: int = 0,
) -> list[WayDraws]:
    """`draws` possible months of the units, priced in each of the ways; the draws are the same for all of them.

    `tables` are those of each unit's habits. `month` is the place of the month in a horizon: people, their levels and the
    crowds they form are the same in all of its months. `first_block` continues an earlier run.
    """
    blocks = range(first_block, first_block + ceil(draws / BLOCK))
    done: list[list[WayDraws]] = []
    with ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1) as pool:
        work = [pool.submit(_block, units, tables, ways, block, month, day_us, seed) for block in blocks]
        for count, each in enumerate(work, 1):
            done.append(each.result())
            if told is not None:
                told(min(draws, count * BLOCK), draws)
    return [joined([block[place] for block in done], draws) for place in range(len(ways))]


def joined(parts: Sequence[WayDraws], draws: int) -> WayDraws:
    """Blocks of one way as one, cut to so many draws."""
    whole = WayDraws(
        credits=np.concatenate([part.credits for part in parts])[:draws],
        total_usd=np.concatenate([part.total_usd for part in parts])[:draws],
        blocked=np.concatenate([part.blocked for part in parts])[:draws],
        exhausted_day=np.concatenate([part.exhausted_day for part in parts])[:draws],
        by_day=np.concatenate([part.by_day for part in parts])[:draws],
    )
    for name in {name for part in parts for name in part.people}:
        whole.people[name] = np.concatenate([part.people[name] for part in parts if name in part.people])
    return whole


def make_tables(
    months: "Sequence[tuple[Sequence[Unit], Sequence[Sequence[float]]]]", seed: int
) -> list[list[SumTables]]:
    """The tables of sums of tasks by month and unit; units of one task size and the same thresholds share them."""
    found: dict[Any, SumTables] = {}

    def table(unit: Unit, limits: Sequence[float]) -> SumTables:
        key = (unit.habits.size, tuple(limits))
        if key not in found:
            found[key] = SumTables(unit.habits.size, limits, (seed, (_TABLES, len(found))))
        return found[key]

    return [[table(*pair) for pair in zip(units, limits, strict=True)] for units, limits in months]


def _block(
    units: Sequence[Unit],
    tables: Sequence[SumTables],
    ways: Sequence[Way],
    block: int,
    month: int,
    day_us: Sequence[int],
    seed: int,
) -> list[WayDraws]:
    """One block of draws. Units are taken one after the other, so that only one of them is held in full."""
    sampled = block < _SAMPLED_BLOCKS
    made = [_Tally(way, units, day_us, by_day=sampled) for way in ways]
    for place, unit in enumerate(units):
        crowd = _crowd(unit, tables[place], (seed, (place, block)), month)
        for tally in made:
            tally.add(place, unit, crowd)
        del crowd
    found = [tally.result() for tally in made]
    if not sampled:
        for each in found:
            each.people.clear()
    return found


@dataclass(slots=True)
class _Crowd:
    """Months of single people of a unit, and how they are added up to the unit in each draw.

    `in_all` turns features of people into those of the unit in some of the draws. `levels` is what use is multiplied by in
    each draw, where the people do not have it in them already.
    """

    sums: Floats  # (people, days, models, columns)
    in_all: Callable[[Floats, "NDArray[np.intp]"], Floats]  # (people, features), draws -> (draws, features)
    levels: Floats | None


def _crowd(unit: Unit, tables: SumTables, seed: Seed, month: int) -> _Crowd:
    if unit.people <= ONE_BY_ONE:
        return _one_by_one(unit, tables, seed, month)
    sums = person_months(unit.habits, tables, _even_levels(unit.people_sigma), generator(seed, _MONTH, month))
    _set_means(sums, unit.habits, tables)
    rng = generator(seed, _PICK)
    picks = [rng.integers(0, LIBRARY, BLOCK) for _ in range(unit.people.bit_length())]
    orders = [rng.permutation(LIBRARY) for _ in range(unit.people.bit_length() - 1)]

    def in_all(features: Floats, draws: "NDArray[np.intp]") -> Floats:
        found = np.zeros((len(draws), features.shape[1]))
        for place, picked in enumerate(picks):
            if place:
                features = features + features[orders[place - 1]]
            if unit.people >> place & 1:
                found += features[picked[draws]]
        return found

    levels = lognormal(generator(seed, _LEVEL), unit.level_sigma, (BLOCK,)) if unit.level_sigma else None
    return _Crowd(sums, in_all, levels)


def _set_means(sums: Floats, habits: Habits, tables: SumTables) -> None:
    """Scale the months of a library to their exact mean: of a large crowd it would be off by more than its spread."""
    tasks = LIBRARY * habits.tasks_per_day * sum(habits.day_chances)
    expected = tasks * np.outer(habits.shares, tables.means)
    drawn = sums.sum(axis=(0, 1))
    sums *= np.divide(expected, drawn, out=np.ones_like(expected), where=drawn > 0)


def _one_by_one(unit: Unit, tables: SumTables, seed: Seed, month: int) -> _Crowd:
    people = unit.people
    levels = lognormal(generator(seed, _PEOPLE), unit.people_sigma, (BLOCK, people))
    levels = levels * lognormal(generator(seed, _LEVEL), unit.level_sigma, (BLOCK, 1))
    sums = person_months(unit.habits, tables, levels.ravel(), generator(seed, _MONTH, month))

    def in_all(features: Floats, draws: "NDArray[np.intp]") -> Floats:
        found: Floats = features.reshape(BLOCK, people, features.shape[1]).sum(axis=1)[draws]
        return found

    return _Crowd(sums, in_all, None)


@lru_cache(maxsize=16)
def _even_levels(sigma: float) -> Floats:
    """Levels of `LIBRARY` people: the means of as many equally likely slices of a lognormal with mean 1."""
    if not sigma:
        return np.ones(LIBRARY)
    normal = NormalDist()
    below = [0.0, *(normal.cdf(normal.inv_cdf(place / LIBRARY) - sigma) for place in range(1, LIBRARY)), 1.0]
    return np.diff(np.array(below)) * LIBRARY


class _Tally:
    """The bill of one way in one block, unit by unit."""

    def __init__(self, way: Way, units: Sequence[Unit], day_us: Sequence[int], *, by_day: bool) -> None:
        self._way = way
        self._day_us = day_us
        self._use, self._metered, self._blocked = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
        self._exhausted = np.full(BLOCK, -1, dtype=np.int64)
        self._by_day = np.zeros((BLOCK if by_day else 0, len(day_us)))
        self._wanted: dict[int, dict[int, Floats]] = {}
        self._people: dict[str, list[Floats]] = {"credits": [], "usd": [], "exhausted_day": []}
        self._unit = 0
        people = [unit.people for unit in units]
        drawn = [BLOCK * count if count <= ONE_BY_ONE else LIBRARY for count in people]
        most = min(_SAMPLE, *(rows * sum(people) / count for rows, count in zip(drawn, people, strict=True)))
        self._samples = [max(1, round(most * count / sum(people))) for count in people]

    def add(self, place: int, unit: Unit, crowd: _Crowd) -> None:
        """Add the months of a unit."""
        way = self._way
        self._unit = place
        people, days, models, columns = crowd.sums.shape
        flat = crowd.sums.reshape(people * days, models * columns)
        copilot = (flat @ way.copilot[place].ravel()).reshape(people, days)
        api_by_day = (flat @ way.api[place].ravel()).reshape(people, days)
        if len(self._by_day):
            self._by_day += _linear(unit, crowd, copilot + api_by_day)
        api = api_by_day[:, len(unit.known) :].sum(axis=1)
        payer = next((index for index, each in enumerate(way.payers) if place in each.units), None)
        if payer is None:
            self._add_metered(unit, crowd, copilot, api)
        elif way.payers[payer].per_person:
            self._add_people(way.payers[payer].terms, unit, crowd, copilot, api)
        else:
            self._add_shared(payer, place, unit, crowd, copilot, api)

    def _sample(self, credits: Floats, usd: Floats, exhausted: "NDArray[Any] | None" = None) -> None:
        """Keep as many single people as the unit has its share of all: units are drawn in different numbers."""
        size = self._samples[self._unit]
        picked = np.arange(size) * len(credits) // size
        self._people["credits"].append(credits[picked])
        self._people["usd"].append(usd[picked])
        if exhausted is not None:
            self._people["exhausted_day"].append(exhausted[picked].astype(np.float64))

    def _add_metered(self, unit: Unit, crowd: _Crowd, copilot: Floats, api: Floats) -> None:
        path = np.concatenate([copilot, api[:, None]], axis=1)
        found = _linear(unit, crowd, path).sum(axis=1)
        use = _of_people(unit, crowd, path).sum(axis=1)
        self._sample(use, use / 100)
        self._use += found
        self._metered += found

    def _add_people(self, terms: Terms, unit: Unit, crowd: _Crowd, copilot: Floats, api: Floats) -> None:
        """People who pay for themselves."""
        single: list[tuple[Floats, Floats, NDArray[np.int64]]] = []
        for draws, level in _strata(crowd):
            path = _nano(_with_known(unit, copilot * level))
            outcome = flow_over_draws(terms, self._day_us, path[:, :, None])
            use = path.sum(axis=1) / _NANO + api * level
            metered = outcome.metered[:, 0] / _NANO + api * level
            found = crowd.in_all(np.stack([use, metered, outcome.blocked[:, 0] / _NANO], axis=1), draws)
            self._use[draws] += found[:, 0]
            self._metered[draws] += found[:, 1]
            self._blocked[draws] += found[:, 2]
            single.append((use, metered / 100, outcome.exhausted_day))
        self._sample(*(np.concatenate(column) for column in zip(*single, strict=True)))

    def _add_shared(self, payer: int, place: int, unit: Unit, crowd: _Crowd, copilot: Floats, api: Floats) -> None:
        """People whose use passes the limits of all together, and perhaps a user budget of each."""
        days = copilot.shape[1]
        path = np.concatenate([copilot, api[:, None]], axis=1)
        use = _of_people(unit, crowd, path).sum(axis=1)
        self._sample(use, use / 100)
        if unit.user_limit == NO_LIMIT:
            found = _linear(unit, crowd, path)
            wanted, stopped = found[:, :days], np.zeros(BLOCK)
            self._metered += found[:, days]
            self._use += found.sum(axis=1)
        else:
            wanted, stopped = np.zeros((BLOCK, days)), np.zeros(BLOCK)
            for draws, level in _strata(crowd):
                nano = _nano(_with_known(unit, copilot * level))
                allowed = within_user_limit(nano, unit.user_limit)
                beyond = (nano.sum(axis=1) - allowed.sum(axis=1)) / _NANO
                features = np.concatenate([allowed / _NANO, np.stack([beyond, api * level], axis=1)], axis=1)
                part = crowd.in_all(features, draws)
                wanted[draws], stopped[draws] = part[:, :days], part[:, days]
                self._metered[draws] += part[:, days + 1]
                self._use[draws] += part.sum(axis=1)
        self._blocked += stopped
        self._wanted.setdefault(payer, {})[place] = wanted

    def _run_out(self, day: "NDArray[np.int64]") -> None:
        earlier = (day >= 0) & ((self._exhausted < 0) | (day < self._exhausted))
        self._exhausted[earlier] = day[earlier]

    def result(self) -> WayDraws:
        """What came of the block."""
        for payer, wanted in self._wanted.items():
            terms = self._way.payers[payer].terms
            shared = np.stack([wanted[unit] for unit in self._way.payers[payer].units], axis=2)
            outcome = flow_over_draws(terms, self._day_us, _nano(shared))
            self._metered += outcome.metered.sum(axis=1) / _NANO
            self._blocked += outcome.blocked.sum(axis=1) / _NANO
            self._run_out(outcome.exhausted_day)
        return WayDraws(
            self._use,
            self._way.seat_usd + self._metered / 100,
            self._blocked,
            self._exhausted,
            self._by_day,
            {name: np.concatenate(parts) for name, parts in self._people.items() if parts},
        )


def _with_known(unit: Unit, path: Floats) -> Floats:
    """The path with what is known of its first days."""
    if unit.known:
        path[:, : len(unit.known)] = unit.known
    return path


def _linear(unit: Unit, crowd: _Crowd, path: Floats) -> Floats:
    """Use of all the people by draw and day (and of another route, the last), where nothing limits single people."""
    found = crowd.in_all(path, _EVERY_DRAW)
    if crowd.levels is not None:
        found *= crowd.levels[:, None]
    if unit.known:
        found[:, : len(unit.known)] = np.array(unit.known) * unit.people
    return found


def _of_people(unit: Unit, crowd: _Crowd, path: Floats) -> Floats:
    """Use of single people by day, each at the level of one of the draws."""
    if crowd.levels is not None:
        path = path * crowd.levels[np.arange(len(path)) % BLOCK][:, None]
    return _with_known(unit, path.copy()) if unit.known else path


def _strata(crowd: _Crowd) -> "Iterator[tuple[NDArray[np.intp], float]]":
    """Draws of about the same level, and that level."""
    if crowd.levels is None:
        yield _EVERY_DRAW, 1.0
        return
    order = np.argsort(crowd.levels)
    for draws in np.array_split(order, _LEVEL_STRATA):
        yield draws, float(crowd.levels[draws].mean())


def _nano(credits: Floats) -> "NDArray[np.int64]":
    return np.rint(np.minimum(credits * _NANO, _MOST_NANO)).astype(np.int64)


def batches(values: Floats) -> Iterator[Floats]:
    """The values of each block."""
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]
