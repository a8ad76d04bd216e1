"""A rate, what multiplies it, and the exact cost of usage at it."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from costcalc.errors import InputError
from costcalc.notices import Notice
from costcalc.tokens import KINDS, Kind, TokenUsage
from costcalc.units import EXACT, canonical, credits_of_usd, decimal_of, nearest_nano_aiu, nearest_whole, plain, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction

Status = Literal["published", "provisional", "indicative"]
Certainty = Literal["high", "medium", "low", "unknown"]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""From the most to the least believed."""

PRICE_COLUMNS: Final = ("input", "cached", "write", "output")
"""What a table calls the four prices of a rate."""

DEFAULT_TIER: Final = "default"
MAX_USD_PER_MTOK: Final = 1_000_000
_STATED: Final = "stated"
"""The source of a price that whoever asks states."""

_STATED_PLACES: Final = 12
_GRID_PLACES: Final = 5
"""Decimals of a dollar per million tokens that are whole nano-AIU per token: $0.00001 / 10^6 = 10^-11 dollars."""


class KindPrices(NamedTuple):
    """US dollars per million tokens by token kind; None where the source gives no price."""

    fresh_input: Decimal
    cached_input: Decimal | None
    cache_write: Decimal | None
    output: Decimal


class BilledPrices(NamedTuple):
    """US dollars per million tokens that each token kind is billed at, fall-backs and modifiers applied."""

    fresh_input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal


class Modifier(NamedTuple):
    """A factor on every price of a route, such as 0.9 for auto model selection."""

    id: str
    name: str
    factor: Decimal
    route: str
    certainty: Certainty
    source: str
    note: str = ""


class KindCost(NamedTuple):
    """What the tokens of one kind cost: `tokens` at `usd_per_mtok` dollars a million."""

    kind: Kind
    tokens: Decimal
    usd_per_mtok: Decimal
    usd: Decimal

    @property
    def credits(self) -> Decimal:
        """The same cost in AI credits."""
        return credits_of_usd(self.usd)

    @property
    def nano_aiu(self) -> int:
        """The same cost in nano-AIU, the nearest whole one where the price is finer."""
        return nearest_nano_aiu(self.usd)

    def to_dict(self) -> dict[str, Any]:
        """The line as machine output holds it."""
        return {
            "kind": self.kind,
            "tokens": nearest_whole(self.tokens),
            "usd_per_mtok": plain(self.usd_per_mtok),
            "usd": plain(self.usd),
            "credits": plain(self.credits),
        }


@dataclass(frozen=True, slots=True)
class Rate:
    """One claim of what a model costs on a route: US dollars per million tokens, in a window of days and a tier.

    `usd_per_mtok` is what the source states, `billed_usd_per_mtok` what each kind is billed at. `effective_from` is
    None where the first day is not known (then `not_before` is a day on which it did not hold yet),
    `effective_until` is exclusive and None while the rate holds. `as_of` is the day or month it was read.
    """

    id: str
    model: str
    route: str
    source: str
    status: Status
    service_tier: str
    tier: str
    prompt_tokens_over: int
    effective_from: date | None
    not_before: date | None
    effective_until: date | None
    as_of: str
    usd_per_mtok: KindPrices
    promotional: bool = False
    note: str = ""
    modifiers: tuple[Modifier, ...] = ()
    billed_usd_per_mtok: BilledPrices = field(init=False, repr=False, compare=False)
    # The rows of the same claim for shorter and longer prompts, this one among them, by rising threshold.
    tiers: "tuple[Rate, ...]" = field(init=False, repr=False, compare=False)
    _units: tuple[int, int, int, int] = field(init=False, repr=False, compare=False)
    _places: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        factor = Decimal(1)
        for modifier in self.modifiers:
            factor = EXACT.multiply(factor, modifier.factor)
        billed = BilledPrices(*(canonical(EXACT.multiply(price, factor)) for price in self.listed_usd_per_mtok))
        # Prices as integers of one unit, so that a cost is four integer products. On the nano-AIU grid the unit is
        # one nano-AIU per token; a price off the grid takes a finer unit and stays exact.
        decimals = [-int(price.as_tuple().exponent) for price in billed]
        places = max(_GRID_PLACES, *decimals)
        units = tuple(int(price.scaleb(places, context=EXACT)) for price in billed)
        for name, value in (
            ("billed_usd_per_mtok", billed),
            ("tiers", (self,)),
            ("_units", units),
            ("_places", places + 6),
        ):
            object.__setattr__(self, name, value)

    @property
    def prices_by_prompt(self) -> tuple[tuple[int, KindPrices], ...]:
        """What the claim states for prompts of every length: thresholds and prices of its tiers."""
        return tuple((row.prompt_tokens_over, row.usd_per_mtok) for row in self.tiers)

    @property
    def on_nano_aiu_grid(self) -> bool:
        """Whether every token costs a whole number of nano-AIU."""
        return self._places == _GRID_PLACES + 6

    def tier_for(self, prompt_tokens: Decimal | int, requests: Decimal | int = 1) -> "Rate":
        """The row of this claim for `requests` requests whose prompts add up to `prompt_tokens`, by their mean.

        At a threshold exactly the lower row still applies; above it the higher row prices every token of the request.
        """
        chosen = self.tiers[0]
        for row in self.tiers[1:]:
            over = row.prompt_tokens_over
            limit = over * requests if isinstance(requests, int) else EXACT.multiply(Decimal(over), requests)
            if prompt_tokens > limit:
                chosen = row
        return chosen

    def cost(self, usage: TokenUsage) -> "Cost":
        """What `usage` costs at this claim, exactly.

        The long-context tier is decided here, by the mean prompt of the usage's requests, so the row used
        (`Cost.rate`) may be another tier of the same claim.

        >>> from datetime import date
        >>> from costcalc import PriceBook, TokenUsage
        >>> rate = PriceBook.load().rate("claude-haiku-4.5", route="copilot", on=date(2026, 8, 1))
        >>> rate.cost(TokenUsage(fresh_input=1_000_000, output=100_000)).credits
        Decimal('150')
        """
        row = self
        fresh, cached, write, output = usage.fresh_input, usage.cached_input, usage.cache_write, usage.output
        if len(self.tiers) > 1:
            row = self.tier_for(fresh + cached + write, usage.requests)
        units = row._units
        return Cost(row, usage, fresh * units[0] + cached * units[1] + write * units[2] + output * units[3])

    def exact_nano_aiu(self, tokens: "Sequence[int]") -> "int | Fraction":
        """What tokens by kind (in the order of `KINDS`) cost in this tier, in nano-AIU: whole on the grid of prices."""
        units = self._units
        amount = tokens[0] * units[0] + tokens[1] * units[1] + tokens[2] * units[2] + tokens[3] * units[3]
        if self.on_nano_aiu_grid:
            return amount
        from fractions import Fraction  # for prices of one's own that are finer than GitHub's

        return Fraction(amount, 10 ** (self._places - _GRID_PLACES - 6))

    def integer_prices(self) -> "tuple[tuple[int, int, int, int], int]":
        """What a token of each kind costs in this tier, in whole numbers of one unit, and how many units are a nano-AIU.

        On the grid of GitHub's prices that unit is the nano-AIU itself.
        """
        return self._units, 10 ** (self._places - _GRID_PLACES - 6)

    def kind_costs(self, tokens: "tuple[Decimal | int, ...]") -> tuple[KindCost, ...]:
        """What tokens of each kind (in the order of `KINDS`; they may be means, so fractions) cost in this tier."""
        return tuple(
            KindCost(
                kind,
                Decimal(count),
                price,
                canonical(EXACT.multiply(Decimal(count), price).scaleb(-6, context=EXACT)),
            )
            for kind, count, price in zip(KINDS, tokens, self.billed_usd_per_mtok, strict=True)
        )

    def with_modifiers(self, *modifiers: Modifier) -> "Rate":
        """The same claim with its prices multiplied, in every tier.

        Raises `InputError` for a modifier of another route, or one that is applied already.
        """
        for modifier in modifiers:
            if modifier.route != self.route:
                raise InputError(f"{modifier.name} applies to route {modifier.route}, not to {self.route}")
            if modifier in self.modifiers:
                raise InputError(f"{modifier.name} is applied already")
        if not modifiers:
            return self
        rows = tuple(replace(row, modifiers=row.modifiers + modifiers) for row in self.tiers)
        join_tiers(rows)
        return next(row for row in rows if row.id == self.id)

    @property
    def listed_usd_per_mtok(self) -> BilledPrices:
        """What each token kind costs before modifiers: the stated price, or that of input where there is none."""
        stated = self.usd_per_mtok
        return BilledPrices(
            stated.fresh_input,
            stated.fresh_input if stated.cached_input is None else stated.cached_input,
            stated.fresh_input if stated.cache_write is None else stated.cache_write,
            stated.output,
        )

    def with_price(self, kind: Kind, usd_per_mtok: Decimal) -> "Rate":
        """The same claim with the price of a kind stated anew, before modifiers, in its default tier.

        The other tiers keep their proportion to it. As somebody's own figure it is indicative, and its source is `stated`.

        Raises `InputError` for a price below 0 or above `MAX_USD_PER_MTOK`.
        """
        if not usd_per_mtok.is_finite() or not 0 <= usd_per_mtok <= MAX_USD_PER_MTOK:
            raise InputError(f"a price must be from 0 to {MAX_USD_PER_MTOK:,} dollars per million, not {usd_per_mtok}")
        place = KINDS.index(kind)
        listed = self.tiers[0].listed_usd_per_mtok[place]

        def restated(row: "Rate") -> "Rate":
            price, before = usd_per_mtok, row.listed_usd_per_mtok[place]
            if before != listed and listed:
                price = ratio(EXACT.multiply(usd_per_mtok, before), listed, _STATED_PLACES)
            words = f"{kind} at ${plain(price)} in place of ${plain(before)}"
            note = f"{row.note}; {words}" if row.source == _STATED else f"{words} of {row.source} ({row.status})"
            return replace(
                row,
                id=f"{row.id}/{kind}={plain(price)}",
                source=_STATED,
                status="indicative",
                usd_per_mtok=row.usd_per_mtok._replace(**{kind: price}),
                note=note,
            )

        rows = tuple(restated(row) for row in self.tiers)
        join_tiers(rows)
        return rows[self.tiers.index(self)]

    def notices(self, tokens: "tuple[Decimal | int, ...]", requests: Decimal | int = 1) -> tuple[Notice, ...]:
        """What was assumed to price tokens (by kind, in the order of `KINDS`) of `requests` requests at this row."""
        found = []
        stated = self.usd_per_mtok
        label = f"{self.source} for {self.route}/{self.model}"
        if tokens[1] and stated.cached_input is None:
            found.append(
                Notice(
                    "cached_price_missing",
                    f"{label} gives no cached-input price; cached input is priced as input, "
                    f"${plain(self.billed_usd_per_mtok.cached_input)} per million",
                )
            )
        if tokens[2] and stated.cache_write is None:
            found.append(
                Notice("cache_write_as_input", f"{label} gives no cache-write price; cache writes are billed as input")
            )
        if len(self.tiers) > 1 and requests > 1:
            found.append(
                Notice(
                    "tier_by_mean_prompt",
                    f"{self.route}/{self.model} costs more for long prompts; the tier ({self.tier}) was chosen by the "
                    f"mean prompt of {_about(requests)} requests, single ones may differ",
                )
            )
        found += [
            Notice(
                "modifier_applied",
                f"prices multiplied by {plain(modifier.factor)} for {modifier.name} "
                f"(certainty {modifier.certainty}, {modifier.source})",
            )
            for modifier in self.modifiers
        ]
        if len(self.modifiers) > 1:
            names = " and ".join(modifier.name for modifier in self.modifiers)
            found.append(Notice("modifiers_multiplied", f"how {names} combine is not documented; multiplied here"))
        return tuple(found)

    def in_force(self, on: date) -> bool:
        """Whether this rate applies on a day; where its first day is not known, from the earliest possible one."""
        first = self.effective_from or self.not_before
        return (first is None or first <= on) and (self.effective_until is None or on < self.effective_until)

    def age_days(self, on: date) -> int:
        """Days from when the rate was read to `on`; from the first of the month where only that is known."""
        return max(0, (on - self.earliest_read).days)

    @property
    def earliest_read(self) -> date:
        """The first day on which the rate may have been read."""
        return date.fromisoformat(self.as_of if len(self.as_of) == 10 else f"{self.as_of}-01")

    def to_dict(self) -> dict[str, Any]:
        """The rate as machine output holds it; prices are those stated, before modifiers."""
        return {
            "id": self.id,
            "model": self.model,
            "route": self.route,
            "status": self.status,
            "source": self.source,
            "as_of": self.as_of,
            "effective_from": self.effective_from.isoformat() if self.effective_from else None,
            "effective_until": self.effective_until.isoformat() if self.effective_until else None,
            "tier": self.tier,
            "service_tier": self.service_tier,
            "prompt_tokens_over": self.prompt_tokens_over,
            "usd_per_mtok": {
                kind: None if price is None else plain(price)
                for kind, price in zip(KINDS, self.usd_per_mtok, strict=True)
            },
            "promotional": self.promotional,
            "modifiers": [{"id": each.id, "factor": plain(each.factor)} for each in self.modifiers],
            "note": self.note or None,
        }

    def __str__(self) -> str:
        first = self.effective_from.isoformat() if self.effective_from else "a day not recorded"
        until = f" to before {self.effective_until}" if self.effective_until else ""
        prices = ", ".join(
            f"{kind} {'-' if price is None else '$' + plain(price)}"
            for kind, price in zip(KINDS, self.usd_per_mtok, strict=True)
        )
        return f"{self.id}: {prices} per million tokens; {self.status}, read {self.as_of}, from {first}{until}"


def join_tiers(rows: tuple[Rate, ...]) -> None:
    """Make rows of one claim know each other, so that each can price a prompt of any length."""
    ordered = tuple(sorted(rows, key=lambda row: row.prompt_tokens_over))
    for row in ordered:
        object.__setattr__(row, "tiers", ordered)  # only while the rows are being made: nobody has seen them yet


def _about(number: Decimal | int) -> str:
    return f"{nearest_whole(Decimal(number)):,}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What usage costs at a rate. `usd` and `credits` are exact; `by_kind` adds up to them."""

    rate: Rate
    usage: TokenUsage
    _amount: int  # in units of 10^-rate._places dollars

    @property
    def usd(self) -> Decimal:
        """US dollars, exactly."""
        return decimal_of(self._amount, self.rate._places)

    @property
    def credits(self) -> Decimal:
        """AI credits, exactly. On a route that bills in dollars, the credits worth the same."""
        return decimal_of(self._amount, self.rate._places - 2)

    @property
    def nano_aiu(self) -> int:
        """Nano-AIU: exact on the grid of five decimals of a dollar per million; off it the nearest, with a notice."""
        return nearest_whole(decimal_of(self._amount, self.rate._places - 11))

    @property
    def by_kind(self) -> tuple[KindCost, ...]:
        """The cost of each token kind, in the order of `KINDS`."""
        return self.rate.kind_costs(self.usage.counts)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was assumed about the rate to arrive at this cost."""
        found = self.rate.notices(self.usage.counts, self.usage.requests)
        if self._amount % 10 ** (self.rate._places - 11):
            rounded = Notice(
                "nano_aiu_rounded", "the price is finer than a nano-AIU; nano_aiu is the nearest, usd exact"
            )
            return (*found, rounded)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The cost as a plain dict: money as decimal strings, counts as integers."""
        return {
            "usd": plain(self.usd),
            "credits": plain(self.credits),
            "nano_aiu": self.nano_aiu,
            "by_kind": [line.to_dict() for line in self.by_kind],
        }

    def __str__(self) -> str:
        return f"${plain(self.usd)} ({plain(self.credits)} credits) at {self.rate.id}"


def total_usd(lines: "tuple[KindCost, ...]") -> Decimal:
    """The sum of the lines, exactly."""
    total = Decimal(0)
    for line in lines:
        total = EXACT.add(total, line.usd)
    return canonical(total)


def claim_words(rate: Rate) -> str:
    """Whose price it is in a few words: status, source and when it was read."""
    return f"{rate.status}, {rate.source}, read {rate.as_of}"


def claims_line(rates: "Iterable[Rate]") -> "Iterator[str]":
    """Whose prices a computed figure rests on, in a line, if it rests on any."""
    words = dict.fromkeys(claim_words(rate) for rate in rates)
    if words:
        yield f"Computed at prices: {'; '.join(words)}"


def first_day_words(rate: Rate) -> str:
    """The first day of a rate, or the day after which it started."""
    return rate.effective_from.isoformat() if rate.effective_from else f"after {rate.not_before}"
