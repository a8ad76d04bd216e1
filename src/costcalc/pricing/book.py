"""The price book: all claims, and the answer to "which rate applies?"."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from costcalc.errors import InputError, RateNotFoundError, UnknownNameError, check_known, check_type, unknown_name
from costcalc.notices import Notice, distinct
from costcalc.pricing.catalog import SERVICE_TIERS, STANDARD, Catalog, Model, Provider, Source, fold, read_catalog
from costcalc.pricing.rate import PRICE_COLUMNS, STATUSES, Modifier, Rate, claim_words, first_day_words
from costcalc.showing.display import Part, Shown, Table
from costcalc.tomlfile import packaged
from costcalc.units import EXACT, ratio

BEST: Final = "best"
STALE_AFTER_DAYS: Final = 7
"""A price read longer ago is flagged (draft AI-credits specification of github/gh-aw, v1.4.0)."""

_MEMO_SIZE: Final = 4096


def today() -> date:
    """Today in UTC, the calendar that AI credits are billed by."""
    return datetime.now(UTC).date()


def checked_day(on: object, name: str = "on") -> date:
    """`on` as a day in UTC; None is today. Raises `InputError` for anything that is not a date or a time."""
    if on is None:
        return today()
    if isinstance(on, datetime):
        return (on.astimezone(UTC) if on.tzinfo else on).date()
    if isinstance(on, date):
        return on
    raise InputError(f"{name} must be a date such as datetime.date(2026, 8, 1), not {on!r:.60}")


class PriceBook(Shown):
    """All rates and their sources. Make one with `PriceBook.load()`; it does not change afterwards.

    >>> from datetime import date
    >>> book = PriceBook.load()
    >>> rate = book.rate("GPT-5.4 Mini", route="api", on=date(2026, 8, 1))
    >>> rate.status, rate.usd_per_mtok.output
    ('published', Decimal('4.5'))
    >>> [claim.source for claim in book.claims("gpt-5.4-mini", route="api", on=date(2026, 8, 1))]
    ['openai-pricing-page', 'mai-vs-gpt-comparison-article']
    """

    def __init__(self, catalog: Catalog) -> None:
        """A book of what `costcalc.pricing.catalog.read_catalog` read."""
        self._catalog = catalog
        self._by_name = {fold(name): model.id for model in catalog.models.values() for name in model.names}
        self._place = {id(rate): place for place, (rate, _) in enumerate(catalog.rows)}
        self._rows: dict[tuple[str, str, str], list[Rate]] = {}
        for rate, _ in catalog.rows:
            if rate is rate.tiers[0]:
                self._rows.setdefault((rate.model, rate.route, rate.service_tier), []).append(rate)
        self._memo: dict[tuple[object, ...], Rate] = {}

    @classmethod
    def of(cls, rates: "PriceBook | None") -> "PriceBook":
        """The price book that a caller gives, else the one that ships. Raises `InputError` for what is none."""
        if rates is None:
            return cls.load()
        check_type("rates", rates, cls, "a price book such as PriceBook.load('rates.toml')")
        return rates

    @classmethod
    def load(cls, path: str | Path | None = None) -> "PriceBook":
        """The prices that ship with costcalc, extended or (where it says `replace = true`) replaced by a file.

        Raises `InputError`, naming file and line, if the file cannot be read or states something impossible.
        """
        return _shipped() if path is None else cls(read_catalog(path, _shipped()._catalog))

    @property
    def models(self) -> Mapping[str, Model]:
        """All models by id."""
        return MappingProxyType(self._catalog.models)

    @property
    def sources(self) -> Mapping[str, Source]:
        """All sources by id."""
        return MappingProxyType(self._catalog.sources)

    @property
    def routes(self) -> Mapping[str, str]:
        """All routes by id, each with its name."""
        return MappingProxyType(self._catalog.routes)

    @property
    def modifiers(self) -> Mapping[str, Modifier]:
        """All modifiers by id: `auto`, `data_residency`."""
        return MappingProxyType(self._catalog.modifiers)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """All providers by id."""
        return MappingProxyType(self._catalog.providers)

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Every row of every claim, past and present, in the order of the files."""
        return tuple(rate for rate, _ in self._catalog.rows)

    def model(self, name: str) -> Model:
        """The model with this id, display name, alias or catalogue id, without regard to case; never by prefix.

        Raises `UnknownNameError`, which offers the nearest names.
        """
        model_id = self._by_name.get(fold(name)) if isinstance(name, str) else None
        if model_id is None:
            raise unknown_name("model", name, self._catalog.models, "costcalc rates lists all")
        return self._catalog.models[model_id]

    def rate(
        self,
        model: str,
        *,
        route: str = "copilot",
        on: date | None = None,
        basis: str = BEST,
        prompt_tokens: int | Decimal | None = None,
        service_tier: str = STANDARD,
    ) -> Rate:
        """The claim to believe for a model on a route and day (default: today in UTC).

        `basis` is `best` (published before provisional before indicative, then the most recently read), a status, or
        a source. `prompt_tokens` is the prompt of one request, which decides the long-context tier; left out, the
        default tier is returned, and `Rate.cost` still prices each usage by its own prompt.

        Raises `UnknownNameError` for a model, route, basis or service tier that is not known, and `RateNotFoundError`
        if no claim applies: for a window that has closed it names the last day and the successor.
        """
        key = (model, route, on, basis, service_tier)
        try:
            rate = self._memo[key]
        except (KeyError, TypeError):
            rate = self._find(model, route, on, basis, service_tier)
            if on is not None:  # "today" must not outlive the day
                if len(self._memo) >= _MEMO_SIZE:
                    self._memo.clear()
                self._memo[key] = rate
        return rate if prompt_tokens is None else rate.tier_for(_checked_prompt(prompt_tokens))

    def claims(
        self,
        model: str,
        *,
        route: str | None = None,
        on: date | None = None,
        prompt_tokens: int | Decimal | None = None,
        service_tier: str = STANDARD,
    ) -> tuple[Rate, ...]:
        """All claims that apply on a day (default: today in UTC), the one that `best` believes first.

        Without a route, those of every route; none applying gives an empty tuple. Raises `UnknownNameError` as
        `rate` does.
        """
        day = checked_day(on)
        model_id = self.model(model).id
        routes = list(self._catalog.routes) if route is None else [self._route(route)]
        self._service_tier(service_tier)
        prompt = 0 if prompt_tokens is None else _checked_prompt(prompt_tokens)
        found = [
            rate.tier_for(prompt)
            for each in routes
            for rate in sorted(self._rows.get((model_id, each, service_tier), ()), key=self._preference)
            if rate.in_force(day)
        ]
        return tuple(found)

    def in_force(self, *, on: date | None = None, route: str | None = None, basis: str = BEST) -> tuple[Rate, ...]:
        """The believed claim of every model, route and service tier that has one on a day, all its tiers."""
        day = checked_day(on)
        self.checked_basis(basis)
        if route is not None:
            self._route(route)
        found: list[Rate] = []
        keys = sorted(self._rows, key=lambda key: (key[0], key[1], SERVICE_TIERS.index(key[2])))
        for model, each, service_tier in keys:
            if route in (None, each):
                claims = self.claims(model, route=each, on=day, service_tier=service_tier)
                believed = [rate for rate in claims if basis in (BEST, rate.status, rate.source)]
                found += believed[0].tiers if believed else ()
        return tuple(found)

    def all_parts(self, on: date | None = None, route: str | None = None, basis: str = BEST) -> Iterator[Part]:
        """What is in force on a day (today if left out), as `in_force` gives it, and its sources."""
        day = checked_day(on)
        found = self.in_force(on=day, route=route, basis=basis)
        yield f"{len({rate.model for rate in found})} models have a price on {day} (basis {basis})"
        yield Table(
            ("model", "route", "prompt over", *PRICE_COLUMNS, "price", "from", "until"),
            tuple(
                (
                    rate.model,
                    rate.route + ("" if rate.service_tier == "standard" else f" ({rate.service_tier})"),
                    rate.prompt_tokens_over or None,
                    *rate.usd_per_mtok,
                    claim_words(rate),
                    first_day_words(rate),
                    rate.effective_until.isoformat() if rate.effective_until else None,
                )
                for rate in found
            ),
            "USD per million tokens",
        )
        reads: dict[str, dict[str, None]] = {}
        for rate in found:
            reads.setdefault(rate.source, {})[str(rate.as_of)] = None
        yield (
            "A dash: the source gives no price; cached input and cache writes then cost as much as input.\nSources: "
            + (
                "; ".join(
                    f"{self.sources[name].title} ({name}, read {', '.join(days)})" for name, days in reads.items()
                )
                or "none"
            )
        )

    def history(self, model: str, *, route: str | None = None) -> tuple[Rate, ...]:
        """Every dated claim of a model, past, present and future, of all service tiers, in the order of the files."""
        model_id = self.model(model).id
        if route is not None:
            self._route(route)
        return tuple(rate for rate in self.rates if rate.model == model_id and route in (None, rate.route))

    def _find(self, model: str, route: str, on: date | None, basis: str, service_tier: str) -> Rate:
        day = checked_day(on)
        found = self.model(model)
        route = self._route(route)
        self._service_tier(service_tier)
        basis = self.checked_basis(basis)
        claims = self.claims(found.id, route=route, on=day, service_tier=service_tier)
        believed = [rate for rate in claims if basis in (BEST, rate.status, rate.source)]
        if believed:
            return believed[0]
        if claims:
            others = ", ".join(f"{rate.source} ({rate.status})" for rate in claims)
            raise RateNotFoundError(f"no {basis} rate for {route}/{found.id} on {day}; there are: {others}")
        raise self._not_in_force(found, route, day, service_tier)

    def _not_in_force(self, model: Model, route: str, day: date, service_tier: str) -> RateNotFoundError:
        what = f"{model.name} on route {route}" + ("" if service_tier == STANDARD else f", service tier {service_tier}")
        rows = self._rows.get((model.id, route, service_tier), ())
        if not rows:
            elsewhere = [
                each + ("" if tier == STANDARD else f" ({tier})")
                for (name, each, tier) in self._rows
                if name == model.id
            ]
            known = f"there are rates on: {', '.join(elsewhere)}" if elsewhere else "no price of it is known at all"
            return RateNotFoundError(f"no rate for {what}; {known}")
        ended = [row.effective_until for row in rows if row.effective_until is not None and row.effective_until <= day]
        starts = [start for row in rows if (start := row.effective_from or row.not_before) and start > day]
        if ended:
            until = max(ended)
            last_day = date.fromordinal(until.toordinal() - 1)
            left = any(each.event == "left" and each.route == route and each.on == until for each in model.lifecycle)
            how = f"left the table on {until}" if left or not starts else f"has no price from {until}"
            promotion = all(row.promotional for row in rows if row.effective_until == until)
            if promotion:
                how = f"has no known price from {until}, when its promotional price ends"
            successor = self._catalog.models[model.successor].name if model.successor else None
            after = f"successor {successor} ({model.successor})" if successor else "no successor is recorded"
            return RateNotFoundError(f"{what} {how} (last day {last_day}); {after}")
        return RateNotFoundError(f"no rate for {what} on {day}; the first known day is {min(starts)}")

    def conflicts(
        self, model: str, *, on: date | None = None, route: str | None = None
    ) -> tuple[tuple[Rate, ...], ...]:
        """Claims in force on a day that state different prices for the same model, route and service tier."""
        found = []
        for service_tier in SERVICE_TIERS:
            for each in self._catalog.routes if route is None else [route]:
                claims = self.claims(model, route=each, on=on, service_tier=service_tier)
                if len({claim.prices_by_prompt for claim in claims}) > 1:
                    found.append(claims)
        return tuple(found)

    def checked_basis(self, basis: str) -> str:
        """`basis`, if it is `best`, a status or a source of this book. Raises `UnknownNameError` otherwise."""
        known = (BEST, *STATUSES, *self._catalog.sources)
        if basis not in known:
            raise UnknownNameError(
                f"unknown basis {basis!r:.60}; use best, a status ({', '.join(STATUSES)}) or a source "
                f"({', '.join(self._catalog.sources)})"
            )
        return basis

    def _route(self, route: str) -> str:
        check_known("route", route, self._catalog.routes)
        return route

    def _service_tier(self, service_tier: str) -> None:
        if service_tier not in SERVICE_TIERS:
            raise unknown_name("service tier", service_tier, SERVICE_TIERS)

    def _preference(self, rate: Rate) -> tuple[int, int, int]:
        """Sorts claims by whom to believe: status, then the most recently read, then the later in the files."""
        return (STATUSES.index(rate.status), -rate.earliest_read.toordinal(), -self._place[id(rate)])

    def bills_fresh_as_cache_write(self, rate: Rate) -> bool:
        """Whether input that is not read from cache is really billed as a cache write, for this model and route."""
        provider = self._catalog.providers[self._catalog.models[rate.model].provider]
        return rate.route in provider.fresh_input_billed_as_cache_write_on and rate.usd_per_mtok.cache_write is not None

    def notices(
        self,
        rate: Rate,
        on: date,
        tokens: "tuple[Decimal | int, ...]" = (0, 0, 0, 0),
        requests: Decimal | int = 1,
    ) -> tuple[Notice, ...]:
        """What a reader should know before believing `rate` on a day for tokens (in the order of `KINDS`)."""
        return distinct(
            (
                *rate.notices(tokens, requests),
                *self._doubts(rate, on),
                *self._lifecycle_notices(rate, on),
                *self._context_notices(rate, tokens, requests),
            )
        )

    def _doubts(self, rate: Rate, on: date) -> list[Notice]:
        """How far a claim is to be trusted: who disagrees, how sure and how old it is."""
        label = f"{rate.route}/{rate.model}"
        found = []
        if rate.status != "published":
            found.append(
                Notice(f"rate_{rate.status}", f"the price of {label} is {rate.status}: {rate.note or rate.source}")
            )
        elif rate.note:
            found.append(Notice("rate_note", f"{label}, {rate.source}: {rate.note}"))
        claims = self.claims(rate.model, route=rate.route, on=on, service_tier=rate.service_tier)
        others = [each for each in claims if each.prices_by_prompt != rate.prices_by_prompt]
        somebodys_own = rate.source not in self._catalog.sources  # stated to see what if, so nobody disagrees
        if others and not somebodys_own:
            named = ", ".join(f"{each.source} ({each.status})" for each in others)
            state = "states" if len(others) == 1 else "state"
            found.append(
                Notice(
                    "claims_disagree", f"{named} {state} other prices for {label}; see costcalc rates show {rate.model}"
                )
            )
        if rate.effective_from is None:
            found.append(
                Notice(
                    "first_day_unknown",
                    f"the first day of this price of {label} is not known: it lies between {rate.not_before} "
                    f"and {rate.as_of}",
                )
            )
        if rate.promotional:
            ends = f" until {rate.effective_until} (exclusive)" if rate.effective_until else ""
            found.append(Notice("promotional_price", f"the price of {label} is a promotion{ends}"))
        age = rate.age_days(on)
        if age > STALE_AFTER_DAYS and not somebodys_own:
            at_most = "at most " if len(rate.as_of) == 7 else ""
            found.append(
                Notice(
                    "price_stale",
                    f"{rate.source} was read {rate.as_of}, {at_most}{age} days before {on}; "
                    "check that the price still holds",
                )
            )
        return found

    def _lifecycle_notices(self, rate: Rate, on: date) -> list[Notice]:
        model = self._catalog.models[rate.model]
        found = []
        for event in model.lifecycle:
            if event.event == "left" and event.route != rate.route and event.on <= on:
                successor = self._catalog.models[model.successor].name if model.successor else "none is recorded"
                message = f"{model.name} left route {event.route} on {event.on} (certainty {event.certainty})"
                message += f"; its successor: {successor}"
                found.append(Notice("model_left_other_route", message))
            if event.route != rate.route:
                continue
            sure = f"certainty {event.certainty}" + (f"; {event.note}" if event.note else "")
            if event.event == "deprecated" and event.on <= on:
                message = f"{model.name} is deprecated on route {rate.route} since {event.on} ({sure})"
                found.append(Notice("model_deprecated", message))
            if event.event == "retires":
                verb = "retires" if on < event.on else "was to retire"
                message = f"{model.name} {verb} from route {rate.route} on {event.on} ({sure})"
                found.append(Notice("model_retires", message))
        return found

    def _context_notices(
        self, rate: Rate, tokens: "tuple[Decimal | int, ...]", requests: Decimal | int
    ) -> list[Notice]:
        model = self._catalog.models[rate.model]
        found = []
        if rate.prompt_tokens_over:
            found.append(
                Notice(
                    "long_context_whole_request",
                    f"a prompt over {rate.prompt_tokens_over:,} tokens takes the higher price of {rate.route}/{rate.model} for "
                    "every token of its request (certainty medium)",
                )
            )
        prompt = Decimal(0)
        for count in tokens[:3]:
            prompt = EXACT.add(prompt, Decimal(count))
        for window in model.context_window:
            limit = window.prompt_tokens or window.tokens
            if prompt > EXACT.multiply(Decimal(limit), Decimal(requests)):
                mean = int(ratio(prompt, Decimal(requests), 0))
                found.append(
                    Notice(
                        "prompt_over_context",
                        f"a prompt of {mean:,} tokens per request is more than the {limit:,} "
                        f"that {window.source} gives for {model.name}",
                    )
                )
        return found

    def __repr__(self) -> str:
        return f"<PriceBook: {len(self._catalog.models)} models, {len(self._catalog.rows)} dated prices>"


def _checked_prompt(prompt_tokens: object) -> int | Decimal:
    if isinstance(prompt_tokens, int | Decimal) and not isinstance(prompt_tokens, bool):
        number = Decimal(prompt_tokens)
        if number.is_finite() and number >= 0:
            return prompt_tokens
    raise InputError(f"prompt_tokens must be a number of at least 0, not {prompt_tokens!r:.60}")


@lru_cache(maxsize=1)
def _shipped() -> PriceBook:
    return PriceBook(read_catalog(packaged("rates.toml")))
