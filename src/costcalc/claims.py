"""Every claim of what a model costs, past, present and future, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

from costcalc.notices import Notice, distinct
from costcalc.pricing.book import PriceBook, checked_day
from costcalc.pricing.catalog import STANDARD, LifecycleEvent, Model, Source
from costcalc.pricing.rate import DEFAULT_TIER, PRICE_COLUMNS, Rate, claim_words, first_day_words
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Cell, Part, Result, Table
from costcalc.tokens import KINDS
from costcalc.units import EXACT, known, plain, ratio

Change = tuple[Decimal | None, ...]

_SHARE_PLACES: Final = 6


@dataclass(frozen=True, slots=True, repr=False)
class PriceHistory(Result):
    """All claims about a model, how they stand on a day, and which of those in force on it disagree.

    `changes` are, claim by claim, against the price before it of the same route, service tier, source and prompt: by token
    kind, as a share of it (-0.2 is a fifth less); None where there is no price before, or none of that kind.
    """

    kind: ClassVar[str] = "model"

    model: Model
    provider: str
    successor: str | None
    on: date
    claims: tuple[Rate, ...]
    changes: tuple[Change, ...]
    conflicts: tuple[tuple[Rate, ...], ...]
    sources: tuple[Source, ...]
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        yield from self.claims

    def body(self) -> dict[str, Any]:
        return {
            **_model_dict(self.model),
            "on": self.on.isoformat(),
            "claims": [
                {
                    "claim": rate.id,
                    "in_force": rate.in_force(self.on),
                    "age_days": rate.age_days(self.on),
                    "change": {kind: known(share) for kind, share in zip(KINDS, change, strict=True)},
                }
                for rate, change in zip(self.claims, self.changes, strict=True)
            ],
            "conflicts": [[rate.id for rate in each] for each in self.conflicts],
            "sources": [source.to_dict() for source in self.sources],
        }

    def parts(self) -> Iterator[Part]:
        model = self.model
        names = [name for name in (*model.aliases, *model.catalogue_ids) if name]
        yield f"{model.name} ({model.id}), {self.provider}" + (f"; also {', '.join(names)}" if names else "")
        if not self.claims:
            yield "No price of it is known."
        else:
            words = [_change_words(rate, change) for rate, change in zip(self.claims, self.changes, strict=True)]
            changed = any(words)  # else the column is left out
            header = (
                "route",
                "prompt over",
                *PRICE_COLUMNS,
                "price",
                "age",
                "from",
                "until",
                f"on {self.on}",
                "change",
            )
            yield Table(
                header if changed else header[:-1],
                tuple(
                    (*_claim_cells(rate, self.on), *((change,) if changed else ()))
                    for rate, change in zip(self.claims, words, strict=True)
                ),
                "Claims, USD per million tokens",
            )
        for rivals in self.conflicts:
            prices = "; ".join(f"{rate.source} ({rate.status}): {_words(rate)}" for rate in rivals)
            yield f"Conflict on {self.on}, route {rivals[0].route}: {prices}"
        if model.context_window:
            windows = "; ".join(
                f"{each.tokens:,}"
                + (f" (of which {each.prompt_tokens:,} of prompt)" if each.prompt_tokens else "")
                + f" says {each.source}"
                for each in model.context_window
            )
            yield f"Context window, tokens: {windows}"
        if model.lifecycle:
            yield "\n".join(["Life:", *(_event_line(each) for each in model.lifecycle)])
        if model.successor:
            yield f"Successor: {self.successor} ({model.successor})"
        if model.note:
            yield f"Note: {model.note}"
        if self.sources:
            yield "\n".join(["Sources:", *map(_source_line, self.sources)])

    def charts(self) -> tuple[Chart, ...]:
        shown = [rate for rate in self.claims if rate.tier == DEFAULT_TIER]
        starts = [rate.effective_from or rate.not_before or rate.earliest_read for rate in shown]
        end = max([self.on, *starts], default=self.on)
        series = [f"{_route_words(rate)}, {rate.source} ({rate.status})" for rate in shown]
        caption = (
            f"Claims up to {end}, for prompts of ordinary length; a dot is the first day (or the first possible) of one.",
            "Sources: " + "; ".join(f"{each.id}, {each.status}, read {each.read}" for each in self.sources),
        )
        found = []
        for place, kind in enumerate(KINDS):
            points: dict[str, list[Point]] = {name: [] for name in series}  # the same colours for all kinds
            for rate, name, start in zip(shown, series, starts, strict=True):
                price, until = rate.usd_per_mtok[place], max(start, rate.effective_until or end)
                if price is not None:
                    words = f"{claim_words(rate)}; from {first_day_words(rate)}"
                    points[name].append(Point(start, price, until, None, words))
            every = tuple(point for each in points.values() for point in each)
            if every:
                title = f"{kind} of {self.model.name}: what it costs, says each source"
                axes = Axis("day", "UTC", "day"), Axis(f"price of {kind}", "US dollars per million tokens")
                lines = [Mark("span", tuple(each), name) for name, each in points.items()]
                dots = Mark("dot", tuple(point._replace(x2=None) for point in every))
                found.append(Chart(kind, title, caption, *axes, (*lines, dots)))
        return tuple(found)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {**claim_row(rate, self.on), **{f"{kind}_change": share for kind, share in zip(KINDS, change, strict=True)}}
            for rate, change in zip(self.claims, self.changes, strict=True)
        ]

    def columns(self) -> dict[str, type]:
        """What may be all None: prices that a source does not give, and days."""
        prices = dict.fromkeys((f"{kind}_{name}" for name in ("usd_per_mtok", "change") for kind in KINDS), Decimal)
        return {**prices, "effective_from": date, "effective_until": date}


def price_history(
    model: str, route: str | None = None, *, on: date | None = None, rates: PriceBook | None = None
) -> PriceHistory:
    """Every claim of what a model (by id, name or alias) costs, on a route or on all: past, present and future.

    `on` (default: today in UTC) is the day on which claims are in force or not, and disagree or not.

    Raises `UnknownNameError` for a model or route that is not known.

    >>> from datetime import date
    >>> found = price_history("gpt-5.4-mini", "api", on=date(2026, 11, 24))
    >>> [(rate.source, rate.usd_per_mtok.output) for rate in found.conflicts[0]]
    [('openai-pricing-page', Decimal('4.5')), ('mai-vs-gpt-comparison-article', Decimal('0.6'))]
    """
    book = PriceBook.of(rates)
    day = checked_day(on)
    found = book.model(model)
    claims = book.history(found.id, route=route)
    return PriceHistory(
        model=found,
        provider=book.providers[found.provider].name,
        successor=book.models[found.successor].name if found.successor else None,
        on=day,
        claims=claims,
        changes=_changes(claims),
        conflicts=book.conflicts(found.id, on=day, route=route),
        sources=tuple(book.sources[name] for name in dict.fromkeys(rate.source for rate in claims)),
        notices=distinct(n for rate in claims if rate.in_force(day) for n in book.notices(rate, day)),
    )


def _changes(claims: tuple[Rate, ...]) -> tuple[Change, ...]:
    """The change that each claim makes to the one before it in time."""
    found: dict[str, Change] = {}
    last: dict[tuple[object, ...], Rate] = {}
    for rate in sorted(claims, key=lambda each: each.effective_from or each.not_before or each.earliest_read):
        series = (rate.route, rate.service_tier, rate.source, rate.prompt_tokens_over)
        found[rate.id] = _change(last.get(series), rate)
        last[series] = rate
    return tuple(found[rate.id] for rate in claims)


def _change(before: Rate | None, rate: Rate) -> Change:
    if before is None:
        return (None,) * len(KINDS)
    pairs = zip(before.usd_per_mtok, rate.usd_per_mtok, strict=True)
    return tuple(
        ratio(EXACT.subtract(new, old), old, _SHARE_PLACES) if old and new is not None else None for old, new in pairs
    )


def _change_words(rate: Rate, change: Change) -> str | None:
    """A change as a person reads it: `all -20 %`, or by kind, and whether it is a promotion."""
    shares = [share for share in change if share is not None]
    if len(set(shares)) == 1 and shares[0]:
        words = f"all {_percent(shares[0])}"
    elif any(shares):
        words = ", ".join(
            f"{name} {_percent(share)}" for name, share in zip(PRICE_COLUMNS, change, strict=True) if share
        )
    else:
        words = "none" if shares else ""
    return " ".join([*([words] if words else []), *(["(promotion)"] if rate.promotional else [])]) or None


def _percent(share: Decimal) -> str:
    return f"{share * 100:+.1f} %".replace(".0 %", " %")


def _route_words(rate: Rate) -> str:
    return rate.route + ("" if rate.service_tier == STANDARD else f" ({rate.service_tier})")


def _claim_cells(rate: Rate, day: date) -> tuple[Cell, ...]:
    started = (rate.effective_from or rate.not_before or date.min) <= day
    return (
        _route_words(rate),
        rate.prompt_tokens_over or None,
        *rate.usd_per_mtok,
        claim_words(rate),
        f"{rate.age_days(day)} days",
        first_day_words(rate),
        rate.effective_until.isoformat() if rate.effective_until else None,
        "in force" if rate.in_force(day) else "ended" if started else "not yet",
    )


def _event_line(event: LifecycleEvent) -> str:
    route = f", route {event.route}" if event.route else ""
    return f"- {event.on} {event.event}{route} (certainty {event.certainty})" + (
        f": {event.note}" if event.note else ""
    )


def _source_line(source: Source) -> str:
    return f"- {source.id}: {source.title}; {source.address}; read {source.read}" + (
        f"; {source.note}" if source.note else ""
    )


def _words(rate: Rate) -> str:
    tiers = []
    for over, prices in rate.prices_by_prompt:
        words = " / ".join("-" if price is None else plain(price) for price in prices)
        tiers.append(f"{words} over {over:,} tokens of prompt" if over else words)
    return ", ".join(tiers)


def _model_dict(model: Model) -> dict[str, Any]:
    return {
        "model": model.id,
        "name": model.name,
        "provider": model.provider,
        "aliases": list(model.aliases),
        "catalogue_ids": list(model.catalogue_ids),
        "successor": model.successor,
        "context_window": [
            {
                "tokens": each.tokens,
                "prompt_tokens": each.prompt_tokens,
                "source": each.source,
                "note": each.note or None,
            }
            for each in model.context_window
        ],
        "lifecycle": [
            {
                "on": each.on.isoformat(),
                "event": each.event,
                "route": each.route,
                "certainty": each.certainty,
                "note": each.note or None,
            }
            for each in model.lifecycle
        ],
        "note": model.note or None,
    }


def claim_row(rate: Rate, day: date) -> dict[str, Any]:
    """A claim as a flat row."""
    return {
        "rate_id": rate.id,
        "model": rate.model,
        "route": rate.route,
        "service_tier": rate.service_tier,
        "tier": rate.tier,
        "prompt_tokens_over": rate.prompt_tokens_over,
        **{f"{kind}_usd_per_mtok": price for kind, price in rate.usd_per_mtok._asdict().items()},
        "status": rate.status,
        "source": rate.source,
        "as_of": rate.as_of,
        "age_days": rate.age_days(day),
        "effective_from": rate.effective_from,
        "effective_until": rate.effective_until,
        "in_force": rate.in_force(day),
    }
