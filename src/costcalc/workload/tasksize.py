"""How large single tasks are: one heavy-tailed size per task moves all of its tokens together.

Measured tasks (Codex on SWE-bench Pro, TraceLab) have a wide body and a tail that is lighter than a lognormal's, and long
tasks are more cache-heavy: the spread of cached input is 1.7 times that of calls, while fresh input and output move with
calls. So a size g is drawn from a gamma distribution of shape 3, and

    fresh input, cache writes, output, requests  ~  g^a / E[g^a]
    cached input                                 ~  g^(1.7 a) / E[g^(1.7 a)]

which keeps every mean exactly. One number, `sigma`, sets the spread: a is chosen so that the median of a task's tokens is
exp(-sigma^2 / 2) of their mean, as it is for a lognormal with that sigma. The shape and the 1.7 are the model's own
constants, the same for all profiles; `docs/forecast.md` holds the result against what was measured. Needs numpy.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costcalc.errors import InputError

Floats = NDArray[np.float64]

SHAPE: Final = 3
CACHED_EXPONENT: Final = 1.7
MAX_SIGMA: Final = 3.0
"""Beyond it the mean rests on tasks so rare that no number of draws shows them: at 3, two fifths of all cached input are in
one task of 1,000."""

VALUES: Final = 1 << 16
"""In how many equally likely values a distribution of sizes is held."""

_MEDIAN: Final = 2.6740603137235604
"""The median of a gamma distribution of shape 3."""

_GRID: Final = np.linspace(0.0, 90.0, 450_001)


@dataclass(frozen=True, slots=True)
class TaskSize:
    """The distribution of sizes for a `sigma`, given which share of a task's mean tokens is cached input.

    >>> size = TaskSize(sigma=0.8, cached_share=0.94)
    >>> plain, cached = size.factors([0.5, 0.9])
    >>> [round(float(value), 2) for value in cached]
    [0.71, 2.18]
    """

    sigma: float
    cached_share: float

    def __post_init__(self) -> None:
        if not 0 <= self.sigma <= MAX_SIGMA:
            raise InputError(
                f"sigma must be from 0 to {MAX_SIGMA:g} for a forecast, not {self.sigma:g}: with more, the mean rests on "
                "tasks so rare that no number of draws shows them"
            )

    @property
    def exponent(self) -> float:
        """The power a of the size that tokens other than cached input go with."""
        return _exponent(self.sigma, self.cached_share)

    def of_size(self, sizes: Floats) -> tuple[Floats, Floats]:
        """What fresh input, output and requests, and what cached input are multiplied by in tasks of these sizes."""
        power = self.exponent
        plain: Floats = sizes**power / _moment(power)
        cached: Floats = sizes ** (CACHED_EXPONENT * power) / _moment(CACHED_EXPONENT * power)
        return plain, cached

    def factors(self, probabilities: "list[float] | Floats") -> tuple[Floats, Floats]:
        """The two factors at quantiles of the size: all tokens of a task rise with it."""
        return self.of_size(quantiles(np.asarray(probabilities, dtype=np.float64)))

    def variance(self) -> tuple[float, float, float]:
        """The variances of the two factors, and their covariance, in closed form."""
        power = self.exponent
        wide = CACHED_EXPONENT * power
        first, second = _moment(power), _moment(wide)
        return (
            _moment(2 * power) / first**2 - 1,
            _moment(2 * wide) / second**2 - 1,
            _moment(power + wide) / (first * second) - 1,
        )

    def table(self) -> tuple[Floats, Floats, Floats]:
        """Sizes and the two factors at `VALUES` equally likely values: means of as many slices, so that means hold."""
        edges, middles = _slices()
        density = _GRID**2 * np.exp(-_GRID) / 2
        found = []
        for power in (self.exponent, CACHED_EXPONENT * self.exponent):
            weights = _GRID**power * density
            sums = np.concatenate(([0.0], np.cumsum((weights[1:] + weights[:-1]) / 2) * (_GRID[1] - _GRID[0])))
            slices = np.diff(np.interp(edges, _GRID, sums), prepend=0.0, append=sums[-1])
            found.append(slices / slices.mean())
        return middles, found[0], found[1]


def quantiles(probabilities: Floats) -> Floats:
    """Sizes at probabilities: the gamma distribution of shape 3 has a closed form to be inverted."""
    sums = 1 - np.exp(-_GRID) * (1 + _GRID + _GRID**2 / 2)
    found = np.interp(probabilities, sums, _GRID)
    upper = np.exp(-_GRID) * (1 + _GRID + _GRID**2 / 2)  # the tail keeps its digits where the sum is next to 1
    tail = np.interp(-np.log(np.maximum(1 - probabilities, 1e-300)), -np.log(upper), _GRID)
    return np.asarray(np.where(probabilities > 0.5, tail, found))


@lru_cache(maxsize=1)
def _slices() -> tuple[Floats, Floats]:
    """The edges between equally likely slices of sizes, and their middles."""
    return quantiles(np.arange(1, VALUES) / VALUES), quantiles((np.arange(VALUES) + 0.5) / VALUES)


def _moment(power: float) -> float:
    """The mean of g^power."""
    return math.exp(math.lgamma(SHAPE + power) - math.lgamma(SHAPE))


@lru_cache(maxsize=256)
def _exponent(sigma: float, cached_share: float) -> float:
    if not sigma:
        return 0.0
    median, wanted = _MEDIAN, math.exp(-(sigma**2) / 2)

    def ratio(power: float) -> float:
        wide = CACHED_EXPONENT * power
        return float((1 - cached_share) * median**power / _moment(power) + cached_share * median**wide / _moment(wide))

    low, high = 0.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if ratio(middle) > wanted else (low, middle)
    return (low + high) / 2
