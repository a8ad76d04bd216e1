"""A report: the forecast, the advice, the comparison and what moves the bill, of one way of working, on one page.

It has no figure of its own: all are those of `forecast`, `advise`, `compare` and `sensitivity`, of the same day, prices and
draws.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar

from costcalc.billing.account import Account
from costcalc.comparison import Comparison, compare
from costcalc.deciding.advising import Advice, advise
from costcalc.deciding.sensitivities import Sensitivity, sensitivity
from costcalc.estimation import Option, resolved_options
from costcalc.files import IF_THERE, whole_file
from costcalc.forecasting.horizon import options_or_usual
from costcalc.forecasting.outlook import Forecast
from costcalc.forecasting.running import DEFAULT_DRAWS, forecast
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.catalog import Source
from costcalc.pricing.rate import PRICE_COLUMNS, Rate, first_day_words
from costcalc.showing.charts import Chart
from costcalc.showing.display import Cell, Heading, Part, Result, Table
from costcalc.showing.page import page
from costcalc.team import Team, is_team_file
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile


@dataclass(frozen=True, slots=True, repr=False)
class Report(Result):
    """What next months may cost, what to do, and what all of it rests on.

    `comparison` (of several options) and `sensitivity` are of a profile's expected month, and None for a team. `sources` are
    those of the prices.
    """

    kind: ClassVar[str] = "report"

    forecast: Forecast
    advice: Advice
    comparison: Comparison | None
    sensitivity: Sensitivity | None
    sources: tuple[Source, ...]
    notices: tuple[Notice, ...]

    @property
    def title(self) -> str:
        """What the report is about."""
        months = self.forecast.options[0].months
        until = f" to {months[-1].month}" if len(months) > 1 else ""
        return f"Cost report: {self.forecast.work}, {months[0].month}{until}"

    @property
    def answers(self) -> dict[str, Result]:
        """The answers it is made of, by their kind."""
        found = (self.forecast, self.advice, self.comparison, self.sensitivity)
        return {each.kind: each for each in found if each is not None}

    @property
    def profiles(self) -> tuple[SessionProfile, ...]:
        """The ways of working of the groups, as they were taken."""
        return tuple(dict.fromkeys(group.profile for group in self.forecast.groups))

    @property
    def answer(self) -> tuple[Part, ...]:
        """What each of the answers says first."""
        return tuple(next(each.parts()) for each in self.answers.values())

    def rates_used(self) -> Iterator[Rate]:
        yield from {rate.id: rate for each in self.answers.values() for rate in each.rates_used()}.values()

    def body(self) -> dict[str, Any]:
        found = self.forecast
        return {
            "work": found.work,
            "people": found.people,
            "on": found.on.isoformat(),
            "basis": found.basis,
            "seed": found.seed,
            "draws": found.draws,
            **{kind: self.answers[kind].body() if kind in self.answers else None for kind in _KINDS},
            "profiles": [each.to_dict() for each in self.profiles],
            "ages": [{"claim": rate.id, "age_days": rate.age_days(found.on)} for rate in self.rates_used()],
            "sources": [each.to_dict() for each in self.sources],
        }

    def parts(self) -> Iterator[Part]:
        yield Heading(self.title)
        yield from self.answer
        yield from self._behind()

    def charts(self) -> tuple[Chart, ...]:
        return tuple(chart for each in self.answers.values() for chart in each.charts())

    def _behind(self) -> Iterator[Part]:
        """What is behind the answer: more of each, what it rests on, and every figure."""
        for kind, each in self.answers.items():
            yield Heading(_KINDS[kind])
            yield from islice(each.parts(), 1, None)
        yield Heading("Assumptions")
        yield from self._assumptions()
        yield Heading("Prices and their sources")
        yield from self._prices()
        yield Heading("Every figure")
        yield from (_every_figure(each) for each in self.answers.values())

    def _assumptions(self) -> Iterator[Part]:
        found = self.forecast
        yield (
            f"Prices of {found.on}, basis {found.basis}; {found.draws:,} possible months drawn with seed {found.seed}. The same "
            "inputs give the same report."
        )
        yield Table(
            ("group", "people", "way of working", "option", "share of tasks"),
            tuple(
                (group.name, group.people, group.profile.name, str(option), share)
                for group in found.groups
                for option, share in group.options
            ),
            "Who works how",
        )
        for profile in self.profiles:
            yield from profile.all_parts()
        yield Table(
            ("group", "number", "value", "what it is", "how", "note"),
            tuple(
                (each["group"], each["number"], Decimal(each["value"]), each["unit"], each["how"], each["note"])
                for each in found.body()["spread"]
            ),
            "How months, days, tasks and people are taken to differ",
        )

    def _prices(self) -> Iterator[Part]:
        on = self.forecast.on
        yield Table(
            (
                "model",
                "route",
                "tier",
                *PRICE_COLUMNS,
                "status",
                "source",
                "read",
                "age, days",
                "from",
                "until",
                "note",
            ),
            tuple(
                (
                    rate.model,
                    rate.route,
                    rate.tier if rate.service_tier == "standard" else f"{rate.tier}, {rate.service_tier}",
                    *rate.usd_per_mtok,
                    rate.status,
                    rate.source,
                    rate.as_of,
                    rate.age_days(on),
                    first_day_words(rate),
                    None if rate.effective_until is None else rate.effective_until.isoformat(),
                    rate.note or None,
                )
                for rate in self.rates_used()
            ),
            f"Prices used, USD per million tokens, and their age on {on}",
        )
        yield Table(
            ("source", "title", "where", "read", "status", "note"),
            tuple(
                (each.id, each.title, each.address, each.read, each.status, each.note or None) for each in self.sources
            ),
            "Sources",
        )

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all answers, below each other: `answer` says of which."""
        found = {kind: each.rows() for kind, each in self.answers.items()}
        names = dict.fromkeys(name for rows in found.values() for row in rows for name in row)
        return [
            {"answer": kind, **{name: row.get(name) for name in names}} for kind, rows in found.items() for row in rows
        ]

    def columns(self) -> dict[str, type]:
        return {name: kind for each in self.answers.values() for name, kind in each.columns().items()}

    def to_page(self) -> str:
        """The report as one HTML document that works offline, without scripts, on paper and in the dark.

        Raises `InputError` without the extra `costcalc[charts]`.
        """
        found = self.forecast
        about = f"Prices of {found.on}; {found.draws:,} possible months, seed {found.seed}."

        answer = [Heading("The answer"), *self.answer, Heading("Charts"), *self.charts()]
        notices = [Heading("Notices"), "\n".join(f"- {notice.message}" for notice in self.notices)]
        return page(self.title, about, [*answer, *self._behind(), *(notices if self.notices else ())])

    def save(self, path: "str | os.PathLike[str]", *, replace: bool = False) -> None:
        """Write the page to a file, whole or not at all.

        Raises `InputError` as `to_page` does, if the file is there already (unless `replace`), or if it cannot be written.
        """
        text = self.to_page()
        with whole_file(path, replace=replace, otherwise=IF_THERE) as file:
            file.write(text)


_KINDS: Mapping[str, str] = {
    "forecast": "Months as they may come",
    "advise": "What to do",
    "compare": "Options on the expected month",
    "sensitivity": "What moves the bill",
}
"""What the parts of each answer are headed by."""


def _every_figure(found: Result) -> Table:
    """The rows of an answer as they are, for whoever computes further."""
    rows = found.rows()
    columns = dict.fromkeys(name for row in rows for name in row)
    values = tuple(tuple(_cell(row[name]) for name in columns) for row in rows)
    heads = tuple(name.replace("_", " ") for name in columns)
    return Table(heads, values, f"Every figure of: {_KINDS[found.kind]}")


def _cell(value: Any) -> Cell:
    """A value of a row as a table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    shown: Cell = value.isoformat() if isinstance(value, date) else value
    return shown


def report(
    work: "SessionProfile | Team | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    plans: Sequence[str] | None = None,
    on: date | None = None,
    basis: str = BEST,
    months: int = 1,
    usage_growth: float = 0.0,
    headcount_growth: float = 0.0,
    budget_usd: "Decimal | int | str | None" = None,
    confidence: "float | Decimal" = 0.9,
    draws: int = DEFAULT_DRAWS,
    seed: int = 1,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
    workers: int | None = None,
    told: "Callable[[int, int], object] | None" = None,
) -> Report:
    """What months may cost, what to do, and what it rests on, of a profile or a team (or its name, or its file) in one result.

    `forecast` and `advise` with the same draws; of a profile also `sensitivity` (one input at a time) and, of several options,
    `compare`. The arguments are theirs, as are the options that are left out: `plans` may be chosen by the advice, which is
    for the first month.

    `Report.save` writes a page that works offline. Raises `InputError` for what cannot be forecast, and what those raise.

    >>> from datetime import date
    >>> found = report("interactive_ide", "copilot/mai-code-1-flash@pro", on=date(2026, 6, 15), draws=500)
    >>> found.forecast.credits.mean, found.advice.advised.name, [chart.name for chart in found.charts()]
    (Decimal('1893.6'), 'copilot/mai-code-1-flash@pro', ['spend', 'bills', 'tornado-1'])
    """
    book = PriceBook.of(rates)
    if isinstance(work, str | os.PathLike) and is_team_file(os.fspath(work)):
        work = Team.load(work, book)
    options = options_or_usual(options, work, account)
    chosen = resolved_options(options, book)
    ahead = forecast(
        work, chosen, account=account, developers=developers, on=on, basis=basis, months=months,
        usage_growth=usage_growth, headcount_growth=headcount_growth, draws=draws, seed=seed, budget_usd=budget_usd,
        confidence=confidence, split_cache_writes=split_cache_writes, rates=book, workers=workers, told=told,
    )  # fmt: skip
    advice = advise(
        work, chosen, plans=plans, account=account, developers=developers, confidence=confidence, draws=draws, seed=seed,
        on=ahead.on, basis=basis, split_cache_writes=split_cache_writes, rates=book, workers=workers, told=told,
    )  # fmt: skip
    comparison, moved = None, None
    if not isinstance(work, Team):
        terms: dict[str, Any] = {
            "account": account, "developers": developers, "on": ahead.on, "basis": basis,
            "split_cache_writes": split_cache_writes, "rates": book,
        }  # fmt: skip
        comparison = compare(work, chosen, **terms) if len(chosen) > 1 else None
        moved = sensitivity(work, chosen, samples=0, **terms)
    answers = [each for each in (ahead, advice, comparison, moved) if each is not None]
    known = dict.fromkeys(rate.source for each in answers for rate in each.rates_used())
    sources = tuple(book.sources[source] for source in known if source in book.sources)
    notices = distinct(notice for each in answers for notice in each.notices)
    return Report(ahead, advice, comparison, moved, sources, notices)
