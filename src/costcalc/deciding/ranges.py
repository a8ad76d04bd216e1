"""How far the inputs of an expected month are known: the range each may lie in, and whose prices may hold.

A range is the caller's, the profile's own (`low` and `high` of a number), or one that is assumed by how the number was
found. Where a price has several claims, which of them holds is an input too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from costcalc.cases import Case
from costcalc.deciding.inputs import MEANS, SHARE, Input, Value
from costcalc.errors import InputError, unknown_name
from costcalc.estimation import Option, with_option_modifiers
from costcalc.pricing.rate import Rate
from costcalc.units import EXACT, canonical, known, plain
from costcalc.workload.profile import Provenance

ASSUMED: Final = {
    "measured": Decimal("1.25"),
    "derived": Decimal("1.5"),
    "assumption": Decimal(2),
    "stated": Decimal("1.25"),
}
"""Where nobody states a range, a number is taken to lie between so many times less and more: costcalc's own assumption."""

NAMES: Final = (*MEANS, SHARE)

CHANCE: Final = "chance of the month"
"""The name of what no measuring makes certain: how single months differ from the expected one."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """An input that is not known exactly, from `low` to `high`; for a price, the claims that may hold instead.

    `how` is `stated` (by the caller), `profile` (its own range), `assumed`, or `claims`.
    """

    name: str
    unit: str
    how: str
    now: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    claims: tuple[Rate, ...] = ()

    def is_of(self, option: Option) -> bool:
        """Whether it is the price of an option, which does not say itself whose price to believe."""
        return bool(self.claims) and option.basis is None and _belief(option) == _claimed(self.claims[0])

    def to_dict(self) -> dict[str, Any]:
        """The input as machine output holds it."""
        return {
            "input": self.name,
            "unit": self.unit,
            "how": self.how,
            "now": known(self.now),
            "low": known(self.low),
            "high": known(self.high),
            "claims": [claim.id for claim in self.claims],
        }


def uncertain_inputs(
    case: Case, options: Sequence[Option], stated: Mapping[str, tuple[Value, Value]]
) -> tuple[Uncertain, ...]:
    """Every input of a case that is not known exactly. Raises `InputError` for a range that cannot be."""
    for name in stated:
        if name not in NAMES:
            raise unknown_name("input with a range", name, NAMES)
    tiered = any(len(case.rate(option).tiers) > 1 for option in options)
    found = []
    for name in NAMES:
        if name in stated:
            found.append(_stated(case, options, name, stated[name]))
        elif name in MEANS and (name != "requests_per_task" or tiered):
            found += _own(case, name)
    return (*found, *_prices(case, options))


def _stated(case: Case, options: Sequence[Option], name: str, ends: tuple[Value, Value]) -> Uncertain:
    varied = Input.named(name, case.book)
    now = varied.now(case, options)
    if not isinstance(ends, tuple | list) or len(ends) != 2:
        raise InputError(f"{name}: a range is a low and a high number, not {ends!r:.60}")
    low, high = map(varied.checked, ends)
    if low > high:
        raise InputError(f"{name}: a range goes up, not from {plain(low)} to {plain(high)}")
    return Uncertain(name, varied.unit, "stated", now, low, high)


def _own(case: Case, name: str) -> Iterator[Uncertain]:
    """The range of a number of the profile, its own or an assumed one; nothing to vary where it is 0."""
    now = getattr(case.profile, name)
    if not now:
        return
    varied = Input.named(name, case.book)
    origin = case.profile.provenance.get(name, Provenance())
    if origin.low is not None and origin.high is not None:
        yield Uncertain(name, varied.unit, "profile", now, origin.low, origin.high)
        return
    times = ASSUMED[origin.how]
    low = max(varied.least, canonical(Decimal(f"{now / times:.4g}")))
    high = canonical(EXACT.multiply(now, times))
    yield Uncertain(name, varied.unit, "assumed", now, low, high if varied.most is None else min(high, varied.most))


def _prices(case: Case, options: Sequence[Option]) -> Iterator[Uncertain]:
    """The prices of which there are several claims that differ."""
    beliefs = dict.fromkeys(_belief(option) for option in options if option.basis is None)
    for route, model, service_tier in beliefs:
        claims = case.book.claims(model, route=route, on=case.on, service_tier=service_tier)
        different = {claim.prices_by_prompt: claim for claim in reversed(claims)}
        if len(different) > 1:
            name = f"price of {route}/{model}" + ("" if service_tier == "standard" else f" ({service_tier})")
            ordered = tuple(claim for claim in claims if claim in different.values())
            yield Uncertain(name, "claim", "claims", claims=ordered)


def _belief(option: Option) -> tuple[str, str, str]:
    return option.route, option.model, option.service_tier


def _claimed(claim: Rate) -> tuple[str, str, str]:
    return claim.route, claim.model, claim.service_tier


def rate_of(case: Case, option: Option, claim: Rate | None) -> Rate:
    """The rate of an option at a claim of its price; None is the one that it is priced at."""
    return case.rate(option) if claim is None else with_option_modifiers(case.book, option, claim)
