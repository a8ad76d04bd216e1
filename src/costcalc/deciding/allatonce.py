"""All uncertain inputs drawn at once, and what each explains of how the bills differ. Needs numpy and scipy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from costcalc.billing.plan import plan as plan_named
from costcalc.cases import Case
from costcalc.deciding.inputs import MEANS
from costcalc.deciding.ranges import CHANCE, Uncertain, rate_of
from costcalc.deciding.surface import Surface
from costcalc.deciding.variance import Indices, even_samples, sobol_indices
from costcalc.estimation import Option
from costcalc.forecasting.horizon import Horizon, month_of
from costcalc.forecasting.outlook import cheapest_chances, figure
from costcalc.forecasting.running import DEFAULT_DRAWS, drawn_months
from costcalc.notices import Notice
from costcalc.tokens import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERCENTILES: Final = (5, 50, 95)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of drawing all inputs: by figure (the options' bills, then the difference of the pair) indices and percentiles.

    `names` are the inputs, in the order of the indices.
    """

    names: tuple[str, ...]
    indices: tuple[tuple[Indices, ...] | None, ...]
    percentiles: tuple[tuple[Decimal, ...], ...]
    cheapest_shares: tuple[Decimal, ...]
    notices: tuple[Notice, ...]


def all_at_once(
    case: Case,
    options: Sequence[Option],
    inputs: Sequence[Uncertain],
    pair: tuple[int, int] | None,
    samples: int,
    seed: int,
    *,
    chance: bool,
) -> Drawn:
    """Draw every input from its range; `pair` are the places of the options whose difference is a figure too."""
    surfaces = [_surface(case, option, inputs) for option in options]
    ratios = _ratios(case, options[0], seed) if chance else None
    names = (*(each.name for each in inputs), *([CHANCE] if chance else []))

    def figures(unit: "Floats") -> "Floats":
        numbers, claims = _values(case, inputs, unit)
        month = (
            1.0 if ratios is None else ratios[np.minimum(len(ratios) - 1, (unit[-1] * len(ratios)).astype(np.int64))]
        )
        bills = []
        for surface, place in surfaces:
            claim = claims.get(place, np.zeros(unit.shape[1], dtype=np.int64))
            bills.append(surface.bill(surface.credits(numbers, claim) * month))
        if pair is not None:
            bills.append(bills[pair[1]] - bills[pair[0]])
        return np.stack(bills)

    found = sobol_indices(figures, len(names), samples, seed)
    drawn = figures(even_samples(len(names), samples, seed))
    return Drawn(
        names,
        tuple(None if each is None else tuple(each) for each in found),
        tuple(tuple(figure(np.percentile(row, each)) for each in PERCENTILES) for row in drawn),
        tuple(cheapest_chances(drawn[: len(options)])),
        tuple(_notices(case, options, chance=chance)),
    )


def _surface(case: Case, option: Option, inputs: Sequence[Uncertain]) -> tuple[Surface, int | None]:
    """The bill of an option, and the place of the input that says which claim of its price holds."""
    for place, each in enumerate(inputs):
        if each.is_of(option):
            return Surface(case, option, [rate_of(case, option, claim) for claim in each.claims]), place
    return Surface(case, option, [case.rate(option)]), None


def _values(
    case: Case, inputs: Sequence[Uncertain], unit: "Floats"
) -> "tuple[Mapping[str, Floats], Mapping[int | None, NDArray[np.int64]]]":
    """Numbers of the profile and places of claims for samples from 0 to 1."""
    means = {*MEANS, *KINDS}
    numbers = {name: np.full(unit.shape[1], float(getattr(case.profile, name) or 0)) for name in means}
    claims: dict[int | None, NDArray[np.int64]] = {}
    for place, (each, share) in enumerate(zip(inputs, unit, strict=False)):
        if each.claims:
            claims[place] = np.minimum(len(each.claims) - 1, (share * len(each.claims)).astype(np.int64))
            continue
        low, high = float(each.low or 0), float(each.high or 0)
        # A number that may be half or twice as large is as likely to be either: even on a logarithmic scale.
        numbers[each.name] = low * (high / low) ** share if low > 0 else low + (high - low) * share
    return numbers, claims


def _ratios(case: Case, option: Option, seed: int) -> "Floats":
    """Use of possible months over its mean, in rising order, as a forecast draws them."""
    horizon = Horizon.of(
        case.profile, option, case.account, None if case.account else case.developers, case.on, case.basis, 1, 0.0, 0.0,
        None, "mean", case.split_cache_writes, case.book,
    )  # fmt: skip
    planned = [month_of(horizon, 0)]
    credits = drawn_months(horizon, planned, DEFAULT_DRAWS, seed)[0][0].credits
    found: Floats = np.sort(credits / credits.mean())
    return found


def _notices(case: Case, options: Sequence[Option], *, chance: bool) -> "list[Notice]":
    found = []
    if not chance:
        found.append(
            Notice("chance_left_out", "all at once is of expected months; the chance of a single one is left out")
        )
    alone = [option for option in options if option.plan is not None and not plan_named(option.plan).pooled]
    if chance and case.developers > 1 and alone:
        message = (
            f"of {', '.join(map(str, alone))} everybody is taken to use the same in a month, more or less by chance together; "
            "costcalc forecast draws people one by one"
        )
        found.append(Notice("people_alike", message))
    return found
