"""Many possible months of people, priced in several ways on the same draws and passed through the rules of their bills.

Draws come in blocks of `BLOCK`. Each block has random numbers of its own, so the result depends on the seed alone: not on
how many threads there are or which block is done first. Few people are drawn one by one. Of many, each block draws
`LIBRARY` months of single people, whose levels are spread evenly over their distribution, and adds them up to crowds as
`SumTables` does with tasks; the mean stays exact, and `costcalc.forecasting` states the error of each figure from how far
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
from costcalc.workload.months import Generator, Habits, Seed, SumTables, generator, lognormal, person_months
from costcalc.workload.tasksize import Floats

BLOCK: Final = 500
LIBRARY: Final = 4_096
ONE_BY_ONE: Final = 32
"""As many people of one kind, and fewer, are drawn one by one."""

_LEVEL_STRATA: Final = 20
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

    `people` holds a sample of single people: their use in credits, their bill beyond the seat in dollars (where they pay for
    themselves), and the day their own credits ran out.
    """

    credits: Floats
    total_usd: Floats
    blocked: Floats
    exhausted_day: NDArray[np.int64]
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
    )
    for name in {name for part in parts for name in part.people}:
        whole.people[name] = np.concatenate([part.people[name] for part in parts])
    return whole


def make_tables(units: Sequence[Unit], thresholds: Sequence[Sequence[float]], seed: int) -> list[SumTables]:
    """The tables of sums of tasks for each unit; units of one task size and the same thresholds share them."""
    found: dict[Any, SumTables] = {}
    return [
        found.setdefault(
            (unit.habits.size, tuple(limits)), SumTables(unit.habits.size, limits, (seed, (_TABLES, len(found))))
        )
        for unit, limits in zip(units, thresholds, strict=True)
    ]


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
    made = [_Tally(way, day_us) for way in ways]
    for place, unit in enumerate(units):
        crowd = _crowd(unit, tables[place], (seed, (place, block)), month)
        for tally in made:
            tally.add(place, unit, crowd)
        del crowd
    return [tally.result() for tally in made]


@dataclass(slots=True)
class _Crowd:
    """Months of single people of a unit, and how they are added up to the unit in each draw."""

    sums: Floats  # (people, days, models, columns)
    in_all: Callable[[Floats], Floats]  # (people, features) to (draws, features)
    level_of_rows: Sequence[Floats]  # what the rows are multiplied by, once for each stratum of levels


def _crowd(unit: Unit, tables: SumTables, seed: Seed, month: int) -> _Crowd:
    common = _strata(unit.level_sigma, generator(seed, _LEVEL))
    if unit.people <= ONE_BY_ONE:
        return _one_by_one(unit, tables, seed, month)
    levels = _even_levels(unit.people_sigma)
    sums = person_months(unit.habits, tables, levels, generator(seed, _MONTH, month))

    def in_all(features: Floats) -> Floats:
        picks, orders = generator(seed, _PICK, 0), generator(seed, _PICK, 1)
        strata = len(features) // LIBRARY
        found = np.zeros((BLOCK, features.shape[1]))
        for stratum in range(strata):
            rows = found[stratum::strata]
            level = features[stratum * LIBRARY : (stratum + 1) * LIBRARY]
            left = unit.people
            while left:
                if left & 1:
                    rows += level[picks.integers(0, LIBRARY, len(rows))]
                left >>= 1
                if left:
                    level = level + level[orders.permutation(LIBRARY)]
        return found

    return _Crowd(sums, in_all, common)


def _one_by_one(unit: Unit, tables: SumTables, seed: Seed, month: int) -> _Crowd:
    people = unit.people
    levels = lognormal(generator(seed, _PEOPLE), unit.people_sigma, (BLOCK, people))
    levels = levels * lognormal(generator(seed, _LEVEL), unit.level_sigma, (BLOCK, 1))
    sums = person_months(unit.habits, tables, levels.ravel(), generator(seed, _MONTH, month))

    def in_all(features: Floats) -> Floats:
        found: Floats = features.reshape(BLOCK, people, features.shape[1]).sum(axis=1)
        return found

    return _Crowd(sums, in_all, [np.ones(1)])


def _strata(sigma: float, rng: Generator) -> list[Floats]:
    """Levels that are common to all people of a draw, spread evenly over their distribution: one if they do not differ."""
    if not sigma:
        return [np.ones(1)]
    normal = NormalDist(-(sigma**2) / 2, sigma)
    chances = (np.arange(_LEVEL_STRATA) + rng.random(_LEVEL_STRATA)) / _LEVEL_STRATA
    return [np.array([np.exp(normal.inv_cdf(min(max(chance, 1e-12), 1 - 1e-12)))]) for chance in chances.tolist()]


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

    def __init__(self, way: Way, day_us: Sequence[int]) -> None:
        self._way = way
        self._day_us = day_us
        self._use, self._metered, self._blocked = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
        self._exhausted = np.full(BLOCK, -1, dtype=np.int64)
        self._wanted: dict[int, dict[int, Floats]] = {}
        self._people: dict[str, list[Floats]] = {"credits": [], "usd": [], "exhausted_day": []}

    def add(self, place: int, unit: Unit, crowd: _Crowd) -> None:
        """Add the months of a unit."""
        way = self._way
        people, days, models, columns = crowd.sums.shape
        flat = crowd.sums.reshape(people * days, models * columns)
        copilot = (flat @ way.copilot[place].ravel()).reshape(people, days)
        api = (flat @ way.api[place].ravel()).reshape(people, days).sum(axis=1)
        if len(crowd.level_of_rows) > 1:
            copilot = np.concatenate([copilot * level for level in crowd.level_of_rows])
            api = np.concatenate([api * level for level in crowd.level_of_rows])
        if unit.known:
            copilot[:, : len(unit.known)] = unit.known
        payer = next((index for index, each in enumerate(way.payers) if place in each.units), None)
        if payer is None:
            self._add_metered(crowd, copilot.sum(axis=1) + api)
        elif way.payers[payer].per_person:
            self._add_people(way.payers[payer].terms, unit, crowd, _nano(copilot), api)
        else:
            self._add_shared(payer, place, unit, crowd, _nano(copilot), api)

    def _sample(self, credits: Floats, usd: Floats, exhausted: "NDArray[Any] | None" = None) -> None:
        self._people["credits"].append(credits)
        self._people["usd"].append(usd)
        if exhausted is not None:
            self._people["exhausted_day"].append(exhausted.astype(np.float64))

    def _add_metered(self, crowd: _Crowd, use: Floats) -> None:
        self._sample(use, use / 100)
        found = crowd.in_all(use[:, None])[:, 0]
        self._use += found
        self._metered += found

    def _add_people(self, terms: Terms, unit: Unit, crowd: _Crowd, path: "NDArray[np.int64]", api: Floats) -> None:
        outcome = flow_over_draws(terms, self._day_us, path[:, :, None])
        use = path.sum(axis=1) / _NANO + api
        metered = outcome.metered[:, 0] / _NANO + api
        self._sample(use, metered / 100, outcome.exhausted_day)
        found = crowd.in_all(np.stack([use, metered, outcome.blocked[:, 0] / _NANO], axis=1))
        self._use += found[:, 0]
        self._metered += found[:, 1]
        self._blocked += found[:, 2]
        if unit.people == 1:
            self._run_out(outcome.exhausted_day)

    def _add_shared(
        self, payer: int, place: int, unit: Unit, crowd: _Crowd, path: "NDArray[np.int64]", api: Floats
    ) -> None:
        use = path.sum(axis=1) / _NANO + api
        self._sample(use, use / 100)
        allowed = within_user_limit(path, unit.user_limit)
        stopped = (path.sum(axis=1) - allowed.sum(axis=1)) / _NANO
        found = crowd.in_all(np.concatenate([allowed / _NANO, np.stack([use, stopped, api], axis=1)], axis=1))
        self._wanted.setdefault(payer, {})[place] = found[:, :-3]
        self._use += found[:, -3]
        self._blocked += found[:, -2]
        self._metered += found[:, -1]

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
            {name: np.concatenate(parts) for name, parts in self._people.items() if parts},
        )


def _nano(credits: Floats) -> "NDArray[np.int64]":
    return np.rint(np.minimum(credits * _NANO, _MOST_NANO)).astype(np.int64)


def batches(values: Floats) -> Iterator[Floats]:
    """The values of each block."""
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]
