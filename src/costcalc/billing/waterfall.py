"""The waterfall: each record of usage passes its limits in order of time.

1. The user budget, which caps one person's included and metered use together.
2. The pool of included credits, or what is left of a capped cost centre's own part of it.
3. Beyond that, metered use: the budget of the cost centre, else of the organisation, and the enterprise budget.

What does not pass counts for the first of them, in this order, that is used up by then. So it does not matter into how
many records use is split.

`Waterfall.pass_record` is the rule. `costcalc.billing.bulk` passes many records at once between the instants at which
a shared limit is reached; a property test holds the two together. All amounts are whole nano-AIU.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

THRESHOLDS: Final = (75, 90, 100)
"""Percent of a budget at which an alert goes out."""

NO_LIMIT: Final = 2**62
"""Stands for "nothing stops it": more than all usage together may be."""

NONE: Final = -1
"""The index that stands for no limit of that kind."""


class BudgetTerms(NamedTuple):
    """A shared budget of the metered phase: its amount, and whether use stops at it."""

    nano_aiu: int
    stops: bool


class ActorTerms(NamedTuple):
    """What an actor's records pass: indices of its user, capped cost centre and budgets, `NONE` where there is none.

    A budget is one of cost centres and organisations (`budget`) or the one over all (`enterprise`), never both.
    """

    user: int
    cap: int
    budget: int
    enterprise: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of an account as numbers.

    `pool` and each of `caps` are steps: (from which microsecond, so many nano-AIU in all), by rising time.
    `user_limits` has a limit for every user, `NO_LIMIT` where nothing stops one.
    """

    actors: tuple[ActorTerms, ...]
    user_limits: tuple[int, ...]
    pool: tuple[tuple[int, int], ...]
    caps: tuple[tuple[tuple[int, int], ...], ...]
    budgets: tuple[BudgetTerms, ...]
    additional_usage: bool


class Alert(NamedTuple):
    """A budget reached a threshold: `budget` is its index, or `NONE` for the budget of `user`."""

    time_us: int
    budget: int
    user: int
    percent: int


ADDITIONAL_USAGE: Final = "additional_usage"


@dataclass(slots=True)
class Blocks:
    """What one limit stopped: since when, and how much."""

    first_us: int
    nano_aiu: int = 0


@dataclass(slots=True)
class Waterfall:
    """The state of a month: what has been used of every limit so far, and what came of it."""

    terms: Terms
    included: "list[int]" = field(init=False)
    metered: "list[int]" = field(init=False)
    blocked: "list[int]" = field(init=False)
    user_used: "list[int]" = field(init=False)
    cap_used: "list[int]" = field(init=False)
    budget_used: "list[int]" = field(init=False)
    pool_used: int = 0
    exhausted_us: int | None = None
    blocks: "dict[tuple[str, int], Blocks]" = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)

    def __post_init__(self) -> None:
        actors = len(self.terms.actors)
        self.included, self.metered, self.blocked = [0] * actors, [0] * actors, [0] * actors
        self.user_used = [0] * len(self.terms.user_limits)
        self.cap_used = [0] * len(self.terms.caps)
        self.budget_used = [0] * len(self.terms.budgets)

    def pool_left(self, time_us: int) -> int:
        """What is left of the pool at a time."""
        return max(0, step_at(self.terms.pool, time_us) - self.pool_used)

    def cap_left(self, cap: int, time_us: int) -> int:
        """What a capped cost centre may still draw from the pool at a time."""
        return max(0, step_at(self.terms.caps[cap], time_us) - int(self.cap_used[cap]))

    def budget_left(self, budget: int) -> int:
        """What metered use a budget still lets through."""
        terms = self.terms.budgets[budget]
        return max(0, terms.nano_aiu - int(self.budget_used[budget])) if terms.stops else NO_LIMIT

    def pass_record(self, time_us: int, actor: int, nano_aiu: int) -> None:
        """Let one record pass its limits, in part or whole."""
        terms = self.terms.actors[actor]
        user_limit = self.terms.user_limits[terms.user]
        used = int(self.user_used[terms.user])  # the bulk engine holds the counters as arrays of 64-bit integers
        allowed = min(nano_aiu, max(0, user_limit - used))
        room = self.pool_left(time_us)
        if terms.cap != NONE:
            room = min(room, self.cap_left(terms.cap, time_us))
        included = min(allowed, room)
        metered = self._meter(time_us, actor, allowed - included) if included < allowed else 0
        self._count_included(time_us, actor, included)
        through = included + metered
        self.user_used[terms.user] = used + through
        if through < nano_aiu:
            self.blocked[actor] += nano_aiu - through
            kind, index = ("user", terms.user) if through == allowed else self._used_up(actor)
            self.count_block(kind, index, time_us, nano_aiu - through)
        if user_limit != NO_LIMIT:
            self.alert(time_us, NONE, terms.user, user_limit, used, used + through)

    def _count_included(self, time_us: int, actor: int, included: int) -> None:
        if not included:
            return
        cap = self.terms.actors[actor].cap
        self.included[actor] += included
        self.pool_used += included
        if cap != NONE:
            self.cap_used[cap] += included
        if self.exhausted_us is None and not self.pool_left(time_us):
            self.exhausted_us = time_us

    def _meter(self, time_us: int, actor: int, wanted: int) -> int:
        """Meter as much of `wanted` as the metered phase lets through."""
        terms = self.terms.actors[actor]
        if not self.terms.additional_usage:
            return 0
        budgets = [budget for budget in (terms.budget, terms.enterprise) if budget != NONE]
        metered = min([wanted, *(self.budget_left(budget) for budget in budgets)])
        self.metered[actor] += metered
        for budget in budgets:
            used = int(self.budget_used[budget])
            self.budget_used[budget] = used + metered
            self.alert(time_us, budget, NONE, self.terms.budgets[budget].nano_aiu, used, used + metered)
        return metered

    def _used_up(self, actor: int) -> tuple[str, int]:
        """The first limit of the metered phase that lets no more through."""
        if not self.terms.additional_usage:
            return ADDITIONAL_USAGE, NONE
        terms = self.terms.actors[actor]
        budgets = (budget for budget in (terms.budget, terms.enterprise) if budget != NONE)
        return "budget", next(budget for budget in budgets if not self.budget_left(budget))

    def count_block(self, kind: str, index: int, time_us: int, nano_aiu: int) -> None:
        """Note what a limit stopped, and when it first did."""
        block = self.blocks.setdefault((kind, index), Blocks(time_us))
        block.first_us = min(block.first_us, time_us)
        block.nano_aiu += nano_aiu

    def alert(self, time_us: int, budget: int, user: int, limit: int, before: int, after: int) -> None:
        """Note the thresholds of a budget that were passed between two amounts; one of $0 has none."""
        for percent in THRESHOLDS:
            if before * 100 < limit * percent <= after * 100:
                self.alerts.append(Alert(time_us, budget, user, percent))


def step_at(steps: Sequence[tuple[int, int]], time_us: int) -> int:
    """The value of a step function at a time; 0 before its first step."""
    value = 0
    for start, amount in steps:
        if start > time_us:
            break
        value = amount
    return value


def in_order(time_us: Sequence[int], actor: Sequence[int]) -> list[int]:
    """The places of the records in order of time; of one time, in the order of their actors.

    The order of records with one time and actor does not matter, so the outcome does not depend on the order given.
    """
    return sorted(range(len(time_us)), key=lambda row: (time_us[row], actor[row]))


def flow_one_by_one(terms: Terms, time_us: Sequence[int], actor: Sequence[int], nano_aiu: Sequence[int]) -> Waterfall:
    """Pass every record by itself."""
    waterfall = Waterfall(terms)
    for row in in_order(time_us, actor):
        waterfall.pass_record(time_us[row], actor[row], nano_aiu[row])
    return waterfall
