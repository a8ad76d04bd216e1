"""The expected month's bill as a function of its inputs, for many values at once. Needs numpy.

A twin of `costcalc.estimation` in binary floating point, for answers that are statistical anyway. It copies no price and no
plan: what a token of each kind costs, and what a month of so many credits is billed at, are asked from the one rule. Only
that a month is a product of means, and that the mean prompt decides the tier, stands here again; a test holds the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from costcalc.cases import Case
from costcalc.deciding.crossings import pieces
from costcalc.deciding.inputs import SHARE
from costcalc.estimation import Option, bill_of_credits
from costcalc.pricing.rate import Rate
from costcalc.tokens import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

_MILLION: Final = Decimal(1_000_000)


class Surface:
    """The bill of one option; `claims` are the rates that it may be priced at, by their place."""

    def __init__(self, case: Case, option: Option, claims: Sequence[Rate]) -> None:
        """Ask the one rule for what a token costs at each claim and tier."""
        self._case, self._option = case, option
        self._factor = float(option.token_factor)
        most = max(len(claim.tiers) for claim in claims)
        self._usd_per_token = np.zeros((len(claims), most, len(KINDS)))
        self._over = np.full((len(claims), most), np.inf)
        for place, claim in enumerate(claims):
            for tier, row in enumerate(claim.tiers):
                self._over[place, tier] = row.prompt_tokens_over if tier else 0
                self._usd_per_token[place, tier] = [self._token_usd(kind, row) for kind in KINDS]

    def _token_usd(self, kind: str, row: Rate) -> float:
        """What a token of a kind in the profile costs at a tier."""
        profile = self._case.profile
        if kind == "cache_write" and profile.cache_write is None:
            return 0.0
        counts = {each: _MILLION if each == kind else Decimal(0) for each in KINDS}
        if profile.cache_write is None:
            del counts["cache_write"]
        alone = replace(self._case, profile=profile.changed(**counts))
        return float(alone.estimate(self._option, replace(row)).per_task_usd / _MILLION)

    def credits(self, numbers: "Mapping[str, Floats]", claim: "Places") -> "Floats":
        """Credits of the month, by the numbers of the profile (and `cached_share`) and the place of the claim."""
        fresh, cached, write = numbers["fresh_input"], numbers["cached_input"], numbers["cache_write"]
        prompt = fresh + cached + write
        if SHARE in numbers:
            cached = prompt * numbers[SHARE]
            uncached = np.maximum(fresh + write, 1e-300)
            fresh, write = (prompt - cached) * fresh / uncached, (prompt - cached) * write / uncached
        tier = np.zeros(len(claim), dtype=np.int64)
        for place in range(1, self._over.shape[1]):
            tier += prompt * self._factor > self._over[claim, place] * numbers["requests_per_task"]
        prices = self._usd_per_token[claim, tier]
        task = fresh * prices[:, 0] + cached * prices[:, 1] + write * prices[:, 2] + numbers["output"] * prices[:, 3]
        found: Floats = task * numbers["tasks_per_day"] * numbers["active_days"] * self._case.developers * 100
        return found

    def bill(self, credits: "Floats") -> "Floats":
        """What months of so many credits are billed at, in US dollars: the one rule's pieces, each a straight line."""
        case = self._case

        def total(value: Decimal) -> Fraction:
            bill, _ = bill_of_credits(self._option, value, case.developers, case.on, case.account)
            return Fraction(bill.total_usd or 0)

        tolerance = Fraction(1, 10**8) if case.account is not None else Fraction(0)
        high = Decimal(int(credits.max()) + 1)
        lines = list(pieces(total, Decimal(0), high, tolerance=tolerance))
        starts = np.array([float(line.start) for line in lines])
        place = np.searchsorted(starts, credits, side="right") - 1
        at_start, slope = (np.array([float(getattr(line, name)) for line in lines]) for name in ("at_start", "slope"))
        found: Floats = at_start[place] + slope[place] * (credits - starts[place])
        return found
