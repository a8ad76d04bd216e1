"""The waterfall over many records at once, for files of millions.

Between the instants at which a shared limit (the pool, a cost centre's part, a budget or one of its alert thresholds)
is reached, records of different users do not touch each other: every record flows the way that its actor's limits are
open, and only the user budgets cut it. So a stretch of records up to the next such instant is settled in a few array
operations, the record that reaches the limit passes by the rule itself (`Waterfall.pass_record`), and so on. Exact: all
sums are 64-bit integers, and `costcalc.billing.statement` refuses usage that could overflow them.
"""

from array import array
from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from costcalc.billing.waterfall import (
    ADDITIONAL_USAGE,
    NO_LIMIT,
    NONE,
    THRESHOLDS,
    Alert,
    Terms,
    Waterfall,
    flow_one_by_one,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MIN_RECORDS: Final = 20_000
"""Fewer records are passed one by one: that is faster than to load numpy."""

_SMALLEST, _LARGEST = 1 << 8, 1 << 17
_WORTH_WHILE, _ONE_BY_ONE = 1_000, 2_000
_HALF_SHIFT: Final = 31  # of two halves of 31 bits each, sums of 2^32 values fit in 64 bits
_HALF_BITS: Final = (1 << _HALF_SHIFT) - 1
_INCLUDED, _METERED, _BLOCKED = 0, 1, 2


def is_large(records: int) -> bool:
    """Whether records are so many that array operations pay, and numpy is there."""
    if records < MIN_RECORDS:
        return False
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def bounds(column: "array[int]") -> tuple[int, int, int]:
    """The least, the greatest and the sum of a column that is not empty; its values are from 0 to 2^62."""
    if not is_large(len(column)):
        return min(column), max(column), sum(column)
    import numpy as np

    values = np.frombuffer(column, dtype=np.int64)
    total = (int((values >> _HALF_SHIFT).sum()) << _HALF_SHIFT) + int((values & _HALF_BITS).sum())
    return int(values.min()), int(values.max()), total


def first_times(time_us: "array[int]", actor: "array[int]", wanted: "Collection[int]") -> dict[int, int]:
    """The time of the first record of each of the wanted actors that has one."""
    found: dict[int, int] = {}
    if not is_large(len(time_us)):
        for time, code in zip(time_us, actor, strict=True):
            if code in wanted and time < found.get(code, time + 1):
                found[code] = time
        return found
    import numpy as np

    times, codes = (np.frombuffer(column, dtype=np.int64) for column in (time_us, actor))
    there = np.isin(codes, np.array(sorted(wanted), dtype=np.int64))
    times, codes = times[there], codes[there]
    order = np.lexsort((times, codes))
    names, places = np.unique(codes[order], return_index=True)
    return dict(zip(names.tolist(), times[order][places].tolist(), strict=True))


def renumbered(column: "array[int]", numbers: list[int]) -> "array[int]":
    """A column with each value replaced by the number at its place."""
    if numbers == list(range(len(numbers))):
        return column
    if not is_large(len(column)):
        return array("q", map(numbers.__getitem__, column))
    import numpy as np

    values: Any = np.array(numbers, dtype=np.int64)[np.frombuffer(column, dtype=np.int64)]
    found = array("q")
    found.frombytes(memoryview(values).cast("B"))
    return found


def flow(terms: Terms, time_us: "array[int]", actor: "array[int]", nano_aiu: "array[int]") -> Waterfall:
    """Pass all records in order of time; of one time, in the order of their actors. With numpy, many at once."""
    if is_large(len(time_us)):
        return flow_in_bulk(terms, time_us, actor, nano_aiu)
    return flow_one_by_one(terms, time_us, actor, nano_aiu)


def flow_in_bulk(terms: Terms, time_us: "array[int]", actor: "array[int]", nano_aiu: "array[int]") -> Waterfall:
    """Pass all records in order, a stretch at a time."""
    import numpy as np

    waterfall = Waterfall(terms)
    if not len(time_us):
        return waterfall
    columns = [np.frombuffer(column, dtype=np.int64) for column in (time_us, actor, nano_aiu)]
    times, actors, amounts = _in_order(columns[0], columns[1], columns[2], len(terms.actors))
    stretches = _Stretches(waterfall, times, actors, amounts)
    # Pool and caps rise at these instants; within a stretch they stand still.
    rises = {start for steps in (terms.pool, *terms.caps) for start, _ in steps}
    edges = sorted({0, len(times), *(int(np.searchsorted(times, start)) for start in rises)})
    for start, end in pairwise(edges):
        stretches.settle(start, end)
    stretches.write_back()
    return waterfall


def _in_order(times: "Ints", actors: "Ints", amounts: "Ints", actor_count: int) -> "tuple[Ints, Ints, Ints]":
    import numpy as np

    first = int(times.min())
    bits = (actor_count - 1).bit_length()
    if (int(times.max()) - first).bit_length() + bits <= 62:
        order = np.argsort(((times - first) << bits) | actors, kind="stable")
    else:
        order = np.lexsort((actors, times))
    return times[order], actors[order], amounts[order]


class _Stretches:
    """Settles stretches of ordered records into a waterfall whose counters are held as arrays meanwhile."""

    def __init__(self, waterfall: Waterfall, times: "Ints", actors: "Ints", amounts: "Ints") -> None:
        import numpy as np

        self.np = np
        self.waterfall: Any = waterfall  # its counters are arrays from here on
        self.terms = waterfall.terms
        self.times, self.actors, self.amounts = times, actors, amounts
        # The rule works on these arrays as it does on lists.
        for name in ("included", "metered", "blocked", "user_used", "cap_used", "budget_used"):
            setattr(waterfall, name, np.array(getattr(waterfall, name), dtype=np.int64))
        columns = np.array(self.terms.actors, dtype=np.int64).reshape(-1, 4)
        self.user_of, self.cap_of, self.budget_of, self.overall_of = columns.T
        self.user_limit = np.array(self.terms.user_limits, dtype=np.int64)
        self.limited = bool((self.user_limit < NO_LIMIT).any())

    def write_back(self) -> None:
        """Leave the waterfall with plain integers."""
        for name in ("included", "metered", "blocked", "user_used", "cap_used", "budget_used"):
            setattr(self.waterfall, name, getattr(self.waterfall, name).tolist())
        self.waterfall.pool_used = int(self.waterfall.pool_used)

    def settle(self, start: int, end: int) -> None:
        """Settle the records from `start` up to `end`, between which pool and caps do not rise."""
        size = _LARGEST
        while start < end:
            stop = min(end, start + size)
            settled = self._settle_to_next_limit(start, stop)
            start += settled
            if start == stop:
                size = min(_LARGEST, 2 * size)
                continue
            # This record reaches a limit. Where limits follow closely, a few thousand pass by the rule before the next
            # attempt: that costs less than an attempt each.
            some = 1 if settled >= _WORTH_WHILE else _ONE_BY_ONE
            for row in range(start, min(end, start + some)):
                self._pass_one(row)
            start = min(end, start + some)
            size = max(_SMALLEST, min(size, 4 * settled))

    def _pass_one(self, row: int) -> None:
        self.waterfall.pass_record(int(self.times[row]), int(self.actors[row]), int(self.amounts[row]))
        self.waterfall.pool_used = int(self.waterfall.pool_used)

    def _ways(self, time_us: int) -> "tuple[Ints, Ints]":
        """Which way each actor's records flow now, and for those that are blocked the index of the budget that does."""
        np, waterfall, terms = self.np, self.waterfall, self.terms
        ways = np.full(len(self.user_of), _METERED)
        blocking = np.full(len(self.user_of), NONE)
        if not terms.additional_usage:
            ways[:] = _BLOCKED
        else:
            left = np.array(
                [waterfall.budget_left(index) for index in range(len(terms.budgets))] or [1], dtype=np.int64
            )
            for budget_of in (self.overall_of, self.budget_of):  # of two that are used up, the nearer one is named
                used_up = (budget_of != NONE) & (left[budget_of] == 0)
                ways[used_up] = _BLOCKED
                blocking[used_up] = budget_of[used_up]
        if waterfall.pool_left(time_us):
            open_ = np.array([waterfall.cap_left(cap, time_us) > 0 for cap in range(len(terms.caps))] or [True])
            ways[(self.cap_of == NONE) | open_[self.cap_of]] = _INCLUDED
        return ways, blocking

    def _settle_to_next_limit(self, start: int, stop: int) -> int:
        """Settle records from `start` until one reaches a shared limit, and say how many that were."""
        np, waterfall = self.np, self.waterfall
        time_us = int(self.times[start])
        actors, amounts = self.actors[start:stop], self.amounts[start:stop]
        ways_of, blocking_of = self._ways(time_us)
        ways = ways_of[actors]
        wanted = np.where(ways == _BLOCKED, 0, amounts)
        users = self.user_of[actors]
        before = self._used_before(users, wanted) if self.limited else None
        allowed = wanted
        if before is not None:
            allowed = np.clip(self.user_limit[users] - before, 0, wanted)
        included = np.where(ways == _INCLUDED, allowed, 0)
        metered = np.where(ways == _METERED, allowed, 0)
        count = self._first_at_limit(time_us, actors, included, metered)
        if not count:
            return 0
        part = slice(count)
        self._add(waterfall.included, actors[part], included[part])
        self._add(waterfall.metered, actors[part], metered[part])
        self._add(waterfall.user_used, users[part], allowed[part])
        waterfall.pool_used += int(included[part].sum())
        self._add_where(waterfall.cap_used, self.cap_of[actors[part]], included[part])
        self._add_where(waterfall.budget_used, self.budget_of[actors[part]], metered[part])
        self._add_where(waterfall.budget_used, self.overall_of[actors[part]], metered[part])
        rows = slice(start, start + count)
        self._block(rows, ways[part], blocking_of, amounts[part], allowed[part], users[part], before)
        if before is not None:
            self._alert(rows, users[part], before[part], allowed[part])
        return count

    def _used_before(self, users: "Ints", wanted: "Ints") -> "Ints":
        """What each record's user has wanted before it (from now on, on top of what they have used), by record.

        Beyond the user's limit it is more than they were allowed; what is left of the limit is 0 either way.
        """
        np = self.np
        order = np.argsort(users, kind="stable")
        sorted_users, running = users[order], np.cumsum(wanted[order])
        running -= wanted[order]
        firsts = np.flatnonzero(np.r_[True, sorted_users[1:] != sorted_users[:-1]])
        lengths = np.diff(np.r_[firsts, len(users)])
        running -= np.repeat(running[firsts], lengths)
        before: Ints = np.empty_like(running)
        before[order] = running
        before += self.waterfall.user_used[users]
        return before

    def _first_at_limit(self, time_us: int, actors: "Ints", included: "Ints", metered: "Ints") -> int:
        """The place of the first record that reaches a shared limit or threshold; their number if none does."""
        np, waterfall, terms = self.np, self.waterfall, self.terms
        first = len(actors)

        def reach(amounts: "Ints", left: int) -> None:
            nonlocal first
            running = np.cumsum(amounts[:first])
            if len(running) and int(running[-1]) >= left:
                first = int(np.searchsorted(running, left))

        pool_left = waterfall.pool_left(time_us)
        if pool_left:
            reach(included, pool_left)
        ahead = [self._to_next_threshold(budget) for budget in range(len(terms.budgets))] if metered.any() else []
        for flowing, group_of, lefts in (
            (included, self.cap_of, [waterfall.cap_left(cap, time_us) for cap in range(len(terms.caps))]),
            (metered, self.budget_of, ahead),
            (metered, self.overall_of, ahead),
        ):
            if not lefts:
                continue
            groups = group_of[actors]
            totals = np.zeros(len(lefts), dtype=np.int64)
            self._add_where(totals, groups, flowing)
            bounds = np.array([min(left, NO_LIMIT) for left in lefts], dtype=np.int64)
            for group in np.flatnonzero(totals >= bounds):
                if lefts[group]:
                    reach(np.where(groups == group, flowing, 0), lefts[group])
        return first

    def _to_next_threshold(self, budget: int) -> int:
        """Metered use until a budget's next alert, the last of which is at its end; `NO_LIMIT` where none is to come."""
        used = int(self.waterfall.budget_used[budget])
        marks = [-(-self.terms.budgets[budget].nano_aiu * percent // 100) for percent in THRESHOLDS]
        return min((mark - used for mark in marks if mark > used), default=NO_LIMIT)

    def _add(self, sums: "Ints", index: "Ints", amounts: "Ints") -> None:
        """Add amounts to the sums at their indices, exactly.

        Two sums in double precision, of the lower and the upper bits, each below 2^53, are exact and much faster than
        integer addition at repeated indices.
        """
        np = self.np
        low = np.bincount(index, weights=amounts & _LOW_BITS, minlength=len(sums))
        high = np.bincount(index, weights=amounts >> _LOW_SHIFT, minlength=len(sums))
        sums += low.astype(np.int64) + (high.astype(np.int64) << _LOW_SHIFT)

    def _add_where(self, sums: "Ints", index: "Ints", amounts: "Ints") -> None:
        """The same, leaving out records whose index is `NONE`."""
        if len(sums):
            there = (index != NONE) & (amounts != 0)
            if there.any():
                self._add(sums, index[there], amounts[there])

    def _block(
        self,
        rows: slice,
        ways: "Ints",
        blocking_of: "Ints",
        amounts: "Ints",
        allowed: "Ints",
        users: "Ints",
        before: "Ints | None",
    ) -> None:
        """Note what user budgets and used-up limits stopped."""
        np, waterfall = self.np, self.waterfall
        shut = ways == _BLOCKED
        if before is not None:  # of two limits that are used up, the user's is named
            shut &= before[: len(users)] < self.user_limit[users]
        by_limit = np.where(shut, amounts, 0)
        by_user = np.where(shut, 0, amounts - allowed)
        actors = self.actors[rows]
        if by_user.any():
            self._add(waterfall.blocked, actors, by_user)
            self._count_blocks("user", rows, users, by_user)
        if by_limit.any():
            self._add(waterfall.blocked, actors, by_limit)
            if self.terms.additional_usage:
                self._count_blocks("budget", rows, blocking_of[actors], by_limit)
            else:
                self._count_blocks(ADDITIONAL_USAGE, rows, np.full(len(actors), NONE), by_limit)

    def _count_blocks(self, kind: str, rows: slice, index: "Ints", amounts: "Ints") -> None:
        np = self.np
        stopped = np.flatnonzero(amounts)
        names, firsts, places = np.unique(index[stopped], return_index=True, return_inverse=True)
        sums = np.zeros(len(names), dtype=np.int64)
        self._add(sums, places, amounts[stopped])
        times = self.times[rows][stopped[firsts]]
        for name, time_us, total in zip(names.tolist(), times.tolist(), sums.tolist(), strict=True):
            self.waterfall.count_block(kind, name, time_us, total)

    def _alert(self, rows: slice, users: "Ints", before: "Ints", allowed: "Ints") -> None:
        """Note the thresholds of user budgets that records passed."""
        np = self.np
        limits = self.user_limit[users]
        for percent in THRESHOLDS:
            # The least amount that reaches the threshold, without a product that could overflow.
            marks = limits - limits // 100 * (100 - percent) - (limits % 100 * (100 - percent)) // 100
            crossing = np.flatnonzero((limits < NO_LIMIT) & (before < marks) & (before + allowed >= marks))
            times = self.times[rows]
            self.waterfall.alerts += [
                Alert(int(times[row]), NONE, int(users[row]), percent) for row in crossing.tolist()
            ]


_LOW_SHIFT: Final = 26
_LOW_BITS: Final = (1 << _LOW_SHIFT) - 1
