"""How much of the variance of figures each input explains: Sobol's indices, by scipy. Needs numpy and scipy."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_PARTS: Final = 8


@dataclass(frozen=True, slots=True)
class Indices:
    """What one input explains of a figure's variance: alone (`first_order`), and with all that it works together with.

    The errors are half-widths of 95 % intervals.
    """

    first_order: Decimal
    total_order: Decimal
    first_order_error: Decimal
    total_order_error: Decimal


def sobol_indices(
    function: "Callable[[Floats], Floats]", inputs: int, samples: int, seed: int
) -> list[list[Indices] | None]:
    """For each figure that a function gives, the indices of its inputs; None for a figure that does not vary.

    The function takes samples of (inputs, n), each evenly spread from 0 to 1, and returns (figures, n). `samples` is a power
    of two; the function is evaluated at samples times (inputs + 2) places.
    """
    varies = np.ptp(function(even_samples(inputs, samples, seed)), axis=1) > 1e-9
    found: list[list[Indices] | None] = [None] * len(varies)
    if not varies.any():
        return found

    def indices(count: int, stream: int) -> "Floats":
        generator = np.random.default_rng((seed, stream))
        uniform: Any = [stats.uniform()] * inputs
        result = stats.sobol_indices(func=lambda x: function(x)[varies], n=count, dists=uniform, rng=generator)
        return np.stack([np.atleast_2d(result.first_order), np.atleast_2d(result.total_order)])

    # How far parts of the samples differ tells the error of the whole; scipy's own interval takes time by the square.
    parts = np.stack([indices(samples // _PARTS, stream) for stream in range(1, _PARTS + 1)])
    half = stats.t.ppf(0.975, _PARTS - 1) * parts.std(axis=0, ddof=1) / np.sqrt(_PARTS)
    columns = [*indices(samples, 0), *half]
    for row, figure in enumerate(np.flatnonzero(varies)):
        found[figure] = [
            Indices(*(Decimal(f"{float(column[row, place]):.4f}") for column in columns)) for place in range(inputs)
        ]
    return found


def even_samples(inputs: int, samples: int, seed: int) -> "Floats":
    """Samples of (inputs, samples), spread evenly from 0 to 1 (scrambled Sobol points; a power of two of them)."""
    points: Floats = stats.qmc.Sobol(inputs, rng=seed).random(samples).T
    return points
