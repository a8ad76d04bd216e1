"""How far use spreads around its means, from what was observed: the estimators that a fit and a backtest share.

Each is None where there is too little to tell.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median, quantiles, stdev, variance
from typing import Final

_Z90: Final = 1.2815516
_MANY: Final = 20
_MIN_WEEKS: Final = 2
_CORRELATION: Final = 0.3
"""How alike weeks next to each other are taken to be: projects and holidays last longer than a week. An assumption."""

_ALIKE: Final = (1 + _CORRELATION) / (1 - _CORRELATION)
"""How much more uncertain that makes the mean of many weeks."""


def sigma_of(values: Sequence[float]) -> float | None:
    """The spread of sizes: the standard deviation of the logarithm of a lognormal with their body and mean.

    Of many values it is the mean of what the ratios of P90 and of the mean to the median say, so that very small tasks, which
    cost nothing, do not count; of few the standard deviation of the logarithms.
    """
    positive = [value for value in values if value > 0]
    if len(positive) < 2:
        return None
    if len(positive) < _MANY:
        return stdev(map(math.log, positive))
    middle = median(positive)
    by_p90 = math.log(quantiles(positive, n=10)[8] / middle) / _Z90
    by_mean = math.sqrt(2 * max(0.0, math.log(fmean(positive) / middle)))
    return (max(0.0, by_p90) + by_mean) / 2


def variation_beyond_chance(counts: Sequence[float]) -> float | None:
    """How much counts differ beyond chance (a Poisson distribution), as a share of their mean."""
    if len(counts) < 2:
        return None
    mean = fmean(counts)
    return math.sqrt(max(0.0, variance(counts) - mean)) / mean if mean else None


def chance_of_a_week(tasks: float, active_days: float, tasks_cv: float, sizes: Sequence[float]) -> float:
    """The relative variance of a week's use that is there by chance: so many tasks on so many active days in the mean."""
    if not tasks or not active_days or not sizes:
        return 0.0
    mean = fmean(sizes)
    size_cv = stdev(sizes) / mean if len(sizes) > 1 and mean else 0.0
    return max(0.0, (1 + size_cv**2) / tasks + (1 + tasks_cv**2) / active_days - 1 / 7)


def whole_weeks(days: Sequence[float]) -> list[float]:
    """Sums of seven days each, up to the last day; days before the first whole week are left out."""
    return [sum(days[start : start + 7]) for start in range(len(days) % 7, len(days), 7)]


def sigma_of_levels(levels: Sequence[float], chance: float = 0.0) -> float | None:
    """The spread of levels (of people, of weeks) beyond a relative variance that is there by chance."""
    mean = fmean(levels) if levels else 0.0
    if len(levels) < 3 or not mean:
        return None
    return math.sqrt(math.log1p(max(0.0, variance(levels) / mean**2 - chance)))


def sigma_of_mean(weeks: Sequence[float]) -> float | None:
    """How uncertain the level of use is, from how much its weeks differ: few weeks are a poor guide to the next."""
    if len(weeks) < _MIN_WEEKS or not fmean(weeks):
        return None
    relative = variance(weeks) / fmean(weeks) ** 2 / len(weeks)
    # Of a few weeks the variance itself is uncertain: Student's t with so many degrees of freedom is that much wider.
    degrees = len(weeks) - 1
    widened = relative * (degrees / (degrees - 2) if degrees > 3 else 3.0) * _ALIKE
    return math.sqrt(math.log1p(widened))
