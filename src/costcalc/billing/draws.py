"""The waterfall over many possible months at once: the twin of `costcalc.billing.waterfall` for a forecast.

Every day is one record per actor; the limits are followed for all draws of the month together, in whole nano-AIU. A
property test holds this to the rule, record by record. Needs numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costcalc.billing.waterfall import NO_LIMIT, NONE, Terms, step_at

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DrawsOutcome:
    """What came of each draw: nano-AIU by draw and actor, and the place of the day on which the pool ran dry (-1: never)."""

    included: Ints
    metered: Ints
    blocked: Ints
    exhausted_day: Ints


def flow_over_draws(terms: Terms, day_us: Sequence[int], wanted: Ints) -> DrawsOutcome:
    """Let the use of each day pass its limits, for all draws at once.

    `wanted` is nano-AIU by draw, day and actor; `day_us` the start of each day in microseconds since 1970. Of one day,
    actors pass in their order.
    """
    draws, days, actors = wanted.shape
    included = np.zeros((draws, actors), dtype=np.int64)
    metered, blocked = included.copy(), included.copy()
    user_used = np.zeros((draws, len(terms.user_limits)), dtype=np.int64)
    cap_used = np.zeros((draws, len(terms.caps)), dtype=np.int64)
    budget_used = np.zeros((draws, len(terms.budgets)), dtype=np.int64)
    pool_used = np.zeros(draws, dtype=np.int64)
    exhausted = np.full(draws, -1, dtype=np.int64)
    for day in range(days):
        pool = step_at(terms.pool, day_us[day])
        caps = [step_at(steps, day_us[day]) for steps in terms.caps]
        for actor in range(actors):
            place = terms.actors[actor]
            amount = wanted[:, day, actor]
            limit = terms.user_limits[place.user]
            allowed = amount
            if limit != NO_LIMIT:
                allowed = np.minimum(amount, np.maximum(0, limit - user_used[:, place.user]))
            room = np.maximum(0, pool - pool_used)
            if place.cap != NONE:
                room = np.minimum(room, np.maximum(0, caps[place.cap] - cap_used[:, place.cap]))
            within = np.minimum(allowed, room)
            beyond = np.zeros_like(within)
            if terms.additional_usage:
                beyond = allowed - within
                budgets = [budget for budget in (place.budget, place.enterprise) if budget != NONE]
                for budget in budgets:
                    if terms.budgets[budget].stops:
                        left = np.maximum(0, terms.budgets[budget].nano_aiu - budget_used[:, budget])
                        beyond = np.minimum(beyond, left)
                for budget in budgets:
                    budget_used[:, budget] += beyond
            included[:, actor] += within
            metered[:, actor] += beyond
            blocked[:, actor] += amount - within - beyond
            user_used[:, place.user] += within + beyond
            pool_used += within
            if place.cap != NONE:
                cap_used[:, place.cap] += within
            exhausted[(exhausted < 0) & (within > 0) & (pool_used >= pool)] = day
    return DrawsOutcome(included, metered, blocked, exhausted)


def within_user_limit(wanted: Ints, limit: int) -> Ints:
    """What a user budget lets through of the use of each day (the last axis), for people of one budget each.

    Use that another limit stops later counts here as used: it makes a difference only if that limit opens again.
    """
    if limit == NO_LIMIT:
        return wanted
    so_far = np.cumsum(wanted, axis=-1)
    found: Ints = np.clip(limit - (so_far - wanted), 0, wanted)
    return found
