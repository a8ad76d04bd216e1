"""Prices of one model by prompt, before and after: as cells, as rows and as machine output."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from costcalc.pricing.rate import KindPrices
from costcalc.tokens import KINDS
from costcalc.units import plain

if TYPE_CHECKING:
    from costcalc.showing.display import Cell

Prices = tuple[tuple[int, KindPrices], ...]
"""Prices by the prompt that they start above, as `Rate.prices_by_prompt`; none for a model without a price."""


def tiers_dict(prices: Prices) -> list[dict[str, Any]]:
    """The prices as machine output holds them."""
    return [
        {
            "prompt_tokens_over": over,
            "usd_per_mtok": {
                kind: None if price is None else plain(price) for kind, price in zip(KINDS, each, strict=True)
            },
        }
        for over, each in prices
    ]


def price_pairs(before: Prices, after: Prices) -> Iterator[tuple[int, KindPrices | None, KindPrices | None]]:
    """Both sides by prompt threshold; None where a side has no such tier."""
    one, other = dict(before), dict(after)
    for over in sorted({*one, *other}):
        yield over, one.get(over), other.get(over)


def price_changes(before: Prices, after: Prices) -> "Iterator[tuple[Cell, ...]]":
    """For each threshold: it, then each kind's price, or what it was and is: `5 -> 4`. A dash is a kind without one."""
    for over, one, other in price_pairs(before, after):
        sides = [side for side in (one, other) if side is not None]
        cells = []
        for place in range(len(KINDS)):
            words = ["-" if (price := side[place]) is None else plain(price) for side in sides]
            cells.append(words[0] if len(set(words)) == 1 else " -> ".join(words))
        yield (over or None, *cells)


PRICE_ROW: Final[dict[str, type]] = {
    "prompt_tokens_over": int,
    **{f"{kind}_usd_per_mtok_{side}": Decimal for kind in KINDS for side in ("before", "after")},
}
"""What a row of `price_rows` holds."""


def price_rows(before: Prices, after: Prices) -> Iterator[dict[str, Any]]:
    """For each threshold a flat row with each kind's price before and after; prices are `Decimal`."""
    for over, one, other in price_pairs(before, after):
        row: dict[str, Any] = {"prompt_tokens_over": over}
        for place, kind in enumerate(KINDS):
            row[f"{kind}_usd_per_mtok_before"] = one[place] if one else None
            row[f"{kind}_usd_per_mtok_after"] = other[place] if other else None
        yield row
