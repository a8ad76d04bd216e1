"""The price of given tokens: one request, or several of the same model added up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from costcalc.errors import check_flag, check_type
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook, checked_day
from costcalc.pricing.catalog import STANDARD
from costcalc.pricing.rate import Cost, KindCost, Rate, claim_words, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, count_of, usd
from costcalc.tokens import KINDS, TokenUsage
from costcalc.units import EXACT, canonical, nearest_whole, plain


@dataclass(frozen=True, slots=True, repr=False)
class Price(Result):
    """What tokens cost on a day: `cost` at the rate believed, and what to know before believing it."""

    kind: ClassVar[str] = "price"

    model: str
    route: str
    on: date
    cost: Cost
    notices: tuple[Notice, ...]

    @property
    def usd(self) -> Decimal:
        """US dollars, exactly."""
        return self.cost.usd

    @property
    def credits(self) -> Decimal:
        """AI credits, exactly."""
        return self.cost.credits

    @property
    def nano_aiu(self) -> int:
        """Nano-AIU."""
        return self.cost.nano_aiu

    @property
    def by_kind(self) -> tuple[KindCost, ...]:
        """The cost of each token kind."""
        return self.cost.by_kind

    def rates_used(self) -> Iterator[Rate]:
        yield self.cost.rate

    def body(self) -> dict[str, Any]:
        usage = self.cost.usage
        return {
            "model": self.model,
            "route": self.route,
            "on": self.on.isoformat(),
            "tokens": dict(zip(KINDS, usage.counts, strict=True)),
            "requests": usage.requests,
            **self.cost.to_dict(),
        }

    def parts(self) -> Iterator[Part]:
        usage = self.cost.usage
        requests = "1 request" if usage.requests == 1 else f"{usage.requests:,} requests"
        yield (
            f"{usd(self.usd)} ({plain(self.credits)} credits) for {requests} of {self.model} "
            f"on route {self.route}, {self.on}"
        )
        yield cost_table(self.by_kind, "Cost by token kind")
        yield rate_line(self.cost.rate)

    def charts(self) -> tuple[Chart, ...]:
        title = (
            f"{usd(self.usd)} for {count_of(self.cost.usage.requests, 'request')} of {self.model} on route {self.route}"
        )
        return (kind_chart(title, self.by_kind, (f"Prices of {self.on}.", *claims_line(self.rates_used()))),)

    def rows(self) -> list[dict[str, Any]]:
        shared = {"model": self.model, "route": self.route, "on": self.on}
        rate = self.cost.rate
        return [
            {
                **shared,
                "kind": line.kind,
                "tokens": int(line.tokens),
                "usd_per_mtok": line.usd_per_mtok,
                "usd": line.usd,
                "credits": line.credits,
                "rate_id": rate.id,
                "status": rate.status,
            }
            for line in self.by_kind
        ]


def cost_table(lines: tuple[KindCost, ...], title: str) -> Table:
    """The cost by token kind as a table; kinds without tokens are left out."""
    return Table(
        ("kind", "tokens", "USD per million", "USD", "credits"),
        tuple(
            (line.kind, nearest_whole(line.tokens), line.usd_per_mtok, line.usd, line.credits)
            for line in lines
            if line.tokens
        ),
        title,
    )


def kind_chart(
    title: str, lines: tuple[KindCost, ...], caption: tuple[str, ...], steps: tuple[tuple[str, str, Decimal], ...] = ()
) -> Chart:
    """The cost by token kind as bars, one on from the other; kinds without tokens are left out.

    `steps` lead on from the use to a bill: what each is called, its series and what it adds; the bill is the last bar.
    """
    marks, level = [], Decimal(0)
    used = [(line.kind, "use", line.usd, f", {nearest_whole(line.tokens):,} tokens") for line in lines if line.tokens]
    for name, series, amount, more in (*used, *((*step, "") for step in steps)):
        end = canonical(EXACT.add(level, amount))
        marks.append(Mark("bar", (Point(level, name, end, None, f"{usd(amount)}{more}"),), series, labelled=True))
        level = end
    if steps:
        marks.append(Mark("bar", (Point(Decimal(0), "bill", level, None, str(usd(level))),), "bill", labelled=True))
    kinds = Axis("token kind, then the plan" if steps else "token kind", scale="name")
    return Chart("by_kind", title, caption, Axis("cost", "US dollars"), kinds, tuple(marks))


def rate_line(rate: Rate) -> str:
    """Whose price it is, in a line."""
    since = f"in force since {rate.effective_from}" if rate.effective_from else "first day not known"
    until = f" to before {rate.effective_until}" if rate.effective_until else ""
    tier = "" if rate.tier == "default" else f", tier {rate.tier} (prompts over {rate.prompt_tokens_over:,} tokens)"
    service = "" if rate.service_tier == STANDARD else f", service tier {rate.service_tier}"
    return f"Price: {claim_words(rate)}; {since}{until}{tier}{service}"


def price(
    model: str,
    usage: TokenUsage,
    route: str = "copilot",
    *,
    on: date | None = None,
    basis: str = BEST,
    service_tier: str = STANDARD,
    auto: bool = False,
    data_residency: bool = False,
    rates: PriceBook | None = None,
) -> Price:
    """What `usage` of a model costs on a route and day (default: today in UTC).

    `auto` multiplies by 0.9 for auto model selection, `data_residency` by 1.1, both on Copilot only. `rates` is the
    price book to use instead of the one that ships.

    Raises `UnknownNameError` and `RateNotFoundError` as `PriceBook.rate` does, `InputError` for a modifier that does
    not apply to the route.

    >>> from datetime import date
    >>> usage = TokenUsage(fresh_input=198, cached_input=223_257, cache_write=30_122, output=8_209)
    >>> price("Claude Haiku 4.5", usage, on=date(2026, 8, 1), auto=True).credits
    Decimal('9.109908')
    """
    book = PriceBook.of(rates)
    day = checked_day(on)
    check_type("usage", usage, TokenUsage, "a TokenUsage")
    rate = book.rate(model, route=route, on=day, basis=basis, service_tier=service_tier)
    rate = rate.with_modifiers(*chosen_modifiers(book, auto, data_residency))
    cost = rate.cost(usage)
    notices = [*cost.notices, *book.notices(cost.rate, day, usage.counts, usage.requests)]
    if usage.fresh_input and not usage.cache_write and book.bills_fresh_as_cache_write(cost.rate):
        provider = book.providers[book.models[rate.model].provider]
        message = f"{provider.note} (certainty {provider.certainty}); here it is priced as fresh input, as given"
        notices.insert(0, Notice("fresh_input_as_given", message))
    return Price(rate.model, rate.route, day, cost, distinct(notices))


def chosen_modifiers(book: PriceBook, auto: bool, data_residency: bool) -> "Iterator[Any]":
    """The modifiers that are switched on, from the price book."""
    check_flag("auto", auto)
    check_flag("data_residency", data_residency)
    for name, chosen in (("auto", auto), ("data_residency", data_residency)):
        if chosen:
            if name not in book.modifiers:
                from costcalc.errors import unknown_name

                raise unknown_name("modifier", name, book.modifiers, "the price file has no such [modifiers] entry")
            yield book.modifiers[name]
