"""Copilot's plans: the price of a seat and the credits that come with it on a day."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, model_validator

from costcalc.errors import RateNotFoundError, unknown_name
from costcalc.pricing.book import checked_day
from costcalc.pricing.rate import Certainty
from costcalc.showing.display import Part, Shown, number, usd
from costcalc.tomlfile import TomlFile, packaged
from costcalc.units import plain

CREDITS_SINCE: Final = date(2026, 6, 1)
"""The first day on which Copilot was billed in AI credits."""

_Credits = Annotated[int, Field(ge=0)]


class PlanSource(BaseModel, frozen=True, extra="forbid"):
    """A publication that the terms of a plan come from."""

    title: str
    address: str
    read: str


class Promotion(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """Other included credits for some customers, from one day up to but not including another."""

    included_credits: _Credits
    starts: date = Field(alias="from")
    until: date
    who: str

    def to_dict(self) -> dict[str, Any]:
        """The promotion as machine output holds it."""
        return {
            "included_credits": str(self.included_credits),
            "from": self.starts.isoformat(),
            "until": self.until.isoformat(),
            "who": self.who,
        }


class Plan(Shown, BaseModel, frozen=True, extra="forbid"):
    """A plan: `usd_per_seat` dollars a seat and month, and AI credits included with each seat.

    `included_credits` is base plus flex; any of the three is None where it is not known.
    """

    id: str
    name: str
    kind: Literal["individual", "organization"]
    usd_per_seat: Annotated[Decimal, Field(ge=0)]
    base_credits: _Credits | None = None
    flex_credits: _Credits | None = None
    included_credits: _Credits | None = None
    pooled: bool = False
    auto_only: bool = False
    certainty: Certainty
    source: str
    note: str = ""
    promotions: tuple[Promotion, ...] = ()

    @model_validator(mode="after")
    def _parts_add_up(self) -> "Plan":
        if self.base_credits is not None and self.flex_credits is not None:
            both = self.base_credits + self.flex_credits
            if self.included_credits != both:
                raise ValueError(f"included_credits must be base_credits plus flex_credits, {both}")
        return self

    def promotion_on(self, day: date) -> Promotion | None:
        """The promotion that runs on a day, if one does."""
        return next((each for each in self.promotions if each.starts <= day < each.until), None)

    def included_credits_on(self, day: date) -> int | None:
        """Credits that a seat includes on a day, by the promotion that runs then if one does; None if not known."""
        promotion = self.promotion_on(day)
        return self.included_credits if promotion is None else promotion.included_credits

    def to_dict(self) -> dict[str, Any]:
        """The plan as machine output holds it."""

        def known(credits: int | None) -> str | None:
            return None if credits is None else str(credits)

        return {
            "plan": self.id,
            "name": self.name,
            "kind": self.kind,
            "usd_per_seat": plain(self.usd_per_seat),
            "base_credits": known(self.base_credits),
            "flex_credits": known(self.flex_credits),
            "included_credits": known(self.included_credits),
            "pooled": self.pooled,
            "auto_only": self.auto_only,
            "certainty": self.certainty,
            "source": self.source,
            "note": self.note or None,
            "promotions": [each.to_dict() for each in self.promotions],
        }

    def all_parts(self, on: date | None = None) -> Iterator[Part]:
        """The terms on a day (today if left out), their source and how sure they are.

        Raises `RateNotFoundError` for a day before AI credits.
        """
        day = checked_plan_day(on)
        included = self.included_credits_on(day)
        credits = "an unknown number of credits" if included is None else f"{included:,} credits"
        yield f"{self.name} ({self.id}): {usd(self.usd_per_seat)} a seat and month with {credits} on {day}"
        lines = []
        if self.base_credits is not None:
            lines.append(
                f"- base {number(self.base_credits)} (stated never to change, used first)"
                + (f", flex {number(self.flex_credits)} (may change)" if self.flex_credits is not None else "")
            )
        lines.append("- the seats share one pool" if self.pooled else "- each seat has its own credits")
        lines.append("- what is not used by the end of the month (UTC) is forfeited")
        if self.auto_only:
            lines.append("- auto model selection only; the auto discount is for paid plans")
        elif self.kind == "individual":
            lines.append("- beyond the credits use stops, unless a budget for additional usage is set: $0.01 a credit")
        else:
            lines.append("- beyond the pool use goes on at $0.01 a credit, unless additional usage is switched off")
        lines += [
            f"- promotion {each.starts} to before {each.until}: {each.included_credits:,} credits a seat for {each.who}"
            for each in self.promotions
        ]
        if self.note:
            lines.append(f"- {self.note}")
        yield "\n".join(lines)
        source = plan_sources()[self.source]
        yield f"Source: {source.title}; {source.address}; read {source.read}; certainty of the credits {self.certainty}"


def checked_plan_day(on: object) -> date:
    """`on` as a day on which plans include AI credits; None is today in UTC.

    Raises `InputError` for what is no day, `RateNotFoundError` for one before AI credits.
    """
    day = checked_day(on)
    if day < CREDITS_SINCE:
        raise RateNotFoundError(
            f"no plan has terms in AI credits on {day}; the first day of AI credits is {CREDITS_SINCE}"
        )
    return day


@lru_cache(maxsize=1)
def _shipped() -> tuple[Mapping[str, Plan], Mapping[str, PlanSource]]:
    file = TomlFile.read(packaged("plans.toml"))
    sources = {name: file.validate(PlanSource, ("sources", name)) for name in file.data["sources"]}
    plans = {name: file.validate(Plan, ("plans", name), {"id": name}) for name in file.data["plans"]}
    for name, plan in plans.items():
        if plan.source not in sources:
            file.fail(("plans", name, "source"), str(unknown_name("source", plan.source, sources)))
    return plans, sources


def plans() -> Mapping[str, Plan]:
    """All plans by id.

    >>> plans()["pro"].included_credits
    1500
    """
    return _shipped()[0]


def plan_sources() -> Mapping[str, PlanSource]:
    """The publications that the plans' terms come from, by id."""
    return _shipped()[1]


def plan(name: str) -> Plan:
    """The plan with this id, without regard to case. Raises `UnknownNameError`, which lists all."""
    found = plans().get(str(name).casefold())
    if found is None:
        raise unknown_name("plan", name, plans())
    return found
