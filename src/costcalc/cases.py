"""A case: everything besides the option that an expected month depends on, so that it can be asked for many of them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from costcalc.billing.account import Account
from costcalc.errors import InputError
from costcalc.estimation import (
    Estimate,
    Option,
    check_account_bills,
    checked_developers,
    estimate_option,
    estimated_day,
    loaded_account,
    loaded_profile,
    option_rate,
    resolved_options,
)
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import Rate
from costcalc.tokens import KINDS, Kind
from costcalc.units import EXACT
from costcalc.workload.profile import SessionProfile


class PriceChange(NamedTuple):
    """A price stated anew for every option of a model on a route: `value` dollars per million, or that many times as much."""

    route: str
    model: str
    kind: Kind
    value: Decimal
    times: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A way of working, how many work so, and whose prices they pay on a day.

    `prices` are stated in place of those of the book. `account` bills the Copilot options that have no plan.
    """

    book: PriceBook
    profile: SessionProfile
    developers: int
    on: date
    basis: str
    split_cache_writes: bool = True
    account: Account | None = None
    prices: tuple[PriceChange, ...] = ()

    @classmethod
    def of(
        cls,
        profile: "SessionProfile | str | os.PathLike[str]",
        account: "Account | str | os.PathLike[str] | None",
        developers: int | None,
        on: date | None,
        basis: str,
        split_cache_writes: bool,
        rates: PriceBook | None,
    ) -> "Case":
        """What a public function was given, loaded and checked. Raises `InputError` for what cannot be."""
        book = PriceBook.of(rates)
        terms = loaded_account(account)
        day = estimated_day(on, terms)
        count = checked_developers(developers, terms)
        return cls(book, loaded_profile(profile), count, day, basis, split_cache_writes, terms)

    def options(self, options: Sequence[Option | str] | Option | str) -> list[Option]:
        """Options with the ids of their models and plans. Raises `InputError` for none, or one that is given twice."""
        chosen = resolved_options(options, self.book)
        if not chosen:
            raise InputError("give at least one option, such as copilot/mai-code-1.1-flash@pro")
        names = [str(option) for option in chosen]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"option {name} is given twice")
        check_account_bills(self.account, chosen)
        return chosen

    def rate(self, option: Option) -> Rate:
        """The rate that an option is priced at, with what was stated in place of its prices."""
        listed = option_rate(self.book, option, self.on, self.basis)
        rate = listed
        for change in self.prices:
            if (change.route, change.model) == (option.route, option.model):
                value = change.value
                if change.times:
                    value = EXACT.multiply(value, listed.tiers[0].listed_usd_per_mtok[KINDS.index(change.kind)])
                rate = rate.with_price(change.kind, value)
        return rate

    def month(self, option: Option, rate: Rate | None = None) -> Estimate:
        """The expected month with an option, at its rate or at another claim; its bill may not be known."""
        return estimate_option(
            self.profile,
            option,
            rate or self.rate(option),
            book=self.book,
            on=self.on,
            basis=self.basis,
            developers=self.developers,
            split_cache_writes=self.split_cache_writes,
            account=self.account,
        )

    def estimate(self, option: Option, rate: Rate | None = None) -> Estimate:
        """The same, where its bill is known. Raises `InputError` where the credits included in its plan are not."""
        found = self.month(option, rate)
        _ = found.known_total_usd
        return found
