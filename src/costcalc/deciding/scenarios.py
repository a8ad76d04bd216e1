"""What if some numbers were others: scenarios against a base, and how much of the difference each change causes.

Changes work together (more tasks at a lower price), so a difference is shared out among them by their Shapley values: what
each adds, on average over all orders in which they could be made. That is the one way of sharing that adds up, depends on no
order, and gives a change without effect nothing.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any, ClassVar, Final

from costcalc.billing.account import Account
from costcalc.cases import Case
from costcalc.comparison import DEFAULT_OPTIONS, Cause, difference, strictly_cheapest
from costcalc.deciding.inputs import Change, Value, checked_changes, unused_prices, with_changes
from costcalc.errors import CostcalcError, InputError
from costcalc.estimation import Estimate, Option, work_words
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, usd
from costcalc.tomlfile import TomlFile
from costcalc.units import EXACT, canonical, plain
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

MAX_CHANGES: Final = 10
MAX_SCENARIOS: Final = 100
UNNAMED: Final = "what if"
_PLACES: Final = 12
"""Decimals of a dollar that shares of a difference are rounded to; what rounding leaves goes to the largest."""

Changes = Iterable[Change | str] | Mapping[str, Value]
"""Changes as texts such as `output=+30%`, or the names of inputs with what they become."""


@dataclass(frozen=True, slots=True)
class MadeChange:
    """A change of a scenario: the input, what was stated, and from what to what it went (prices: for the first option)."""

    name: str
    stated: str
    before: Decimal
    after: Decimal
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """The change as machine output holds it."""
        return {
            "input": self.name,
            "change": self.stated,
            "from": plain(self.before),
            "to": plain(self.after),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an option costs in a scenario, and why it is `difference_usd` more than in the base.

    `causes` are the changes with their Shapley values, `parts` the parts of the bill that differ; each adds up.
    """

    option: str
    estimate: Estimate
    difference_usd: Decimal
    causes: tuple[Cause, ...]
    parts: tuple[Cause, ...]

    @property
    def total_usd(self) -> Decimal:
        """The month's bill in US dollars."""
        return self.estimate.known_total_usd

    def to_dict(self) -> dict[str, Any]:
        """The outcome as machine output holds it."""
        return {
            "option": self.option,
            "total_usd": plain(self.total_usd),
            "credits": plain(self.estimate.credits),
            "difference_usd": plain(self.difference_usd),
            "causes": [{"cause": each.cause, "usd": plain(each.usd)} for each in self.causes],
            "parts": [{"part": each.cause, "usd": plain(each.usd)} for each in self.parts],
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes made together, and what comes of them. `cheapest` is None on a tie."""

    name: str
    changes: tuple[MadeChange, ...]
    outcomes: tuple[Outcome, ...]
    cheapest: str | None


@dataclass(frozen=True, slots=True, repr=False)
class WhatIf(Result):
    """Scenarios side by side, each against the base. `cheapest` is the option that is so in the base; None on a tie."""

    kind: ClassVar[str] = "whatif"

    profile: SessionProfile
    developers: int
    on: date
    basis: str
    base: tuple[Estimate, ...]
    cheapest: str | None
    scenarios: tuple[Scenario, ...]
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        yield from (each.rate for each in self.base)
        yield from (outcome.estimate.rate for each in self.scenarios for outcome in each.outcomes)

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "developers": self.developers,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "base": [
                {"option": str(each.option), "total_usd": plain(each.known_total_usd), "credits": plain(each.credits)}
                for each in self.base
            ],
            "cheapest": self.cheapest,
            "scenarios": [
                {
                    "name": each.name,
                    "changes": [change.to_dict() for change in each.changes],
                    "outcomes": [outcome.to_dict() for outcome in each.outcomes],
                    "cheapest": each.cheapest,
                }
                for each in self.scenarios
            ],
        }

    def parts(self) -> Iterator[Part]:
        yield "\n".join(self._answer())
        base = [("base", str(each.option), usd(each.known_total_usd), None, None) for each in self.base]
        yield Table(
            ("scenario", "option", "total a month", "difference", "in %"),
            (
                *base,
                *(
                    (
                        each.name,
                        outcome.option,
                        usd(outcome.total_usd),
                        _signed(outcome.difference_usd),
                        _percent(outcome),
                    )
                    for each in self.scenarios
                    for outcome in each.outcomes
                ),
            ),
            f"An expected month of {work_words(self.profile, self.developers, self.on)}",
        )
        yield Table(
            ("scenario", "input", "from", "to", "unit"),
            tuple(
                (each.name, change.name, change.before, change.after, change.unit)
                for each in self.scenarios
                for change in each.changes
            ),
            "What changes",
        )
        several = [each for each in self.scenarios if len(each.changes) > 1]
        if several:
            yield Table(
                ("scenario", "option", "because of", "USD"),
                tuple(
                    row
                    for each in several
                    for outcome in each.outcomes
                    if any(cause.usd for cause in outcome.causes)
                    for row in (
                        *((each.name, outcome.option, cause.cause, _cents(cause.usd)) for cause in outcome.causes),
                        (each.name, outcome.option, "in all", _cents(outcome.difference_usd)),
                    )
                ),
                "Why: what each change adds, on average over all orders of making them",
            )
        yield Table(
            ("scenario", "option", "part of the bill", "USD"),
            tuple(
                (each.name, outcome.option, part.cause, _cents(part.usd))
                for each in self.scenarios
                for outcome in each.outcomes
                for part in outcome.parts
            ),
            "Where in the bill",
        )
        yield from claims_line(self.rates_used())

    def charts(self) -> tuple[Chart, ...]:
        return tuple(
            self._steps(scenario, base, outcome)
            for scenario in self.scenarios
            for base, outcome in zip(self.base, scenario.outcomes, strict=True)
        )

    def _steps(self, scenario: Scenario, base: Estimate, outcome: Outcome) -> Chart:
        """From the bill as it is to that of a scenario, a bar for what each change causes."""
        level = base.known_total_usd
        steps = []
        for cause in outcome.causes:
            end = canonical(EXACT.add(level, cause.usd))
            steps.append(Point(level, cause.cause, end, None, _signed(cause.usd)))
            level = end
        marks = (
            Mark(
                "bar",
                (Point(Decimal(0), "as it is", base.known_total_usd, None, str(usd(base.known_total_usd))),),
                "bill",
                labelled=True,
            ),
            Mark("bar", tuple(steps), "what a change causes", labelled=True),
            Mark(
                "bar",
                (Point(Decimal(0), "then", outcome.total_usd, None, str(usd(outcome.total_usd))),),
                "bill",
                labelled=True,
            ),
        )
        caption = (
            f"An expected month of {work_words(self.profile, self.developers, self.on)}; shares on average over all orders.",
            *claims_line((base.rate, outcome.estimate.rate)),
        )
        title = (
            f"{scenario.name}: {usd(outcome.total_usd)} instead of {usd(base.known_total_usd)} with {outcome.option}"
        )
        axes = Axis("bill of a month", "US dollars"), Axis("change", scale="name")
        return Chart(f"{scenario.name}: {outcome.option}", title, caption, *axes, marks)

    def _answer(self) -> Iterator[str]:
        for each in self.scenarios:
            found = []
            for base, outcome in zip(self.base, each.outcomes, strict=True):
                more = f"instead of {_cents(base.known_total_usd)} ({_signed(outcome.difference_usd)})"
                total = _cents(outcome.total_usd)
                changed = f"{total} {more}" if outcome.difference_usd else f"stays at {total}"
                found.append(f"{outcome.option} {changed}")
            yield f"{each.name}: {'; '.join(found)}."
            if len(self.base) > 1 and each.cheapest != self.cheapest:
                before, after = self.cheapest or "a tie", each.cheapest or "a tie"
                yield f"  The cheapest option changes: {before} before, {after} then."

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "scenario": each.name,
                "option": outcome.option,
                "base_usd": base.known_total_usd,
                "total_usd": outcome.total_usd,
                "difference_usd": outcome.difference_usd,
                "cause": cause.cause,
                "cause_usd": cause.usd,
                "cheapest": each.cheapest == outcome.option,
            }
            for each in self.scenarios
            for base, outcome in zip(self.base, each.outcomes, strict=True)
            for cause in outcome.causes
        ]


def whatif(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    scenarios: "Changes | Mapping[str, Changes] | os.PathLike[str]" = (),
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> WhatIf:
    """Some numbers of an expected month changed, against the month as it is, and how much of the difference each causes.

    `scenarios` are the changes of one scenario (texts such as `output=+30%`, or inputs with values), several scenarios by
    name, or the path of a TOML file with `[scenarios.NAME]` tables. An input is a number of the profile, `cached_share` (of
    the prompt, whose size stays), `developers`, or a price `price.ROUTE/MODEL.KIND` in dollars per million tokens, whose
    long-context prices keep their proportion to it. It becomes a number, or `+30%`, `-20%`, `x1.5` of what it is.

    A difference is shared out among the changes by their Shapley values, in dollars rounded to 12 decimals, exactly adding
    up. Left out, the options are those of `costcalc.compare`, and so are the other arguments.

    Raises `InputError` for an input or value that cannot be, and what `estimate` raises.

    >>> from datetime import date
    >>> pro = "copilot/mai-code-1-flash@pro"
    >>> found = whatif("interactive_ide", ["output=+30%", "tasks_per_day=-20%"], [pro], on=date(2026, 6, 15))
    >>> outcome = found.scenarios[0].outcomes[0]
    >>> outcome.total_usd, outcome.difference_usd
    (Decimal('10.97824'), Decimal('-2.95776'))
    >>> [(each.cause, each.usd) for each in outcome.causes]
    [('output', Decimal('0.93312')), ('tasks_per_day', Decimal('-3.89088'))]
    """
    case = Case.of(profile, account, developers, on, basis, split_cache_writes, rates)
    chosen = case.options(DEFAULT_OPTIONS if options is None else options)
    named = _named(scenarios, case.book)
    base = tuple(map(case.estimate, chosen))
    found = tuple(_scenario(name, changes, case, chosen, base) for name, changes in named.items())
    estimates = (*base, *(outcome.estimate for each in found for outcome in each.outcomes))
    unused = [
        notice
        for scenario, changes in zip(found, named.values(), strict=True)
        for notice in unused_prices((each.input for each in changes), [each.estimate for each in scenario.outcomes])
    ]
    notices = distinct([*unused, *(notice for each in estimates for notice in each.notices)])
    cheapest = _cheapest(base)
    return WhatIf(case.profile, case.developers, case.on, basis, base, cheapest, found, notices)


def _named(scenarios: Any, book: PriceBook) -> dict[str, tuple[Change, ...]]:
    """Scenarios by name, however they are given."""
    if isinstance(scenarios, os.PathLike):
        return scenarios_of_file(scenarios, book)
    if isinstance(scenarios, str):
        raise InputError(f"scenarios are a list of changes, not the text {scenarios!r:.40}; a file is given as a Path")
    if isinstance(scenarios, Mapping) and any(not isinstance(each, Value) for each in scenarios.values()):
        found = {str(name): checked_changes(each, book) for name, each in scenarios.items()}
    else:
        found = {UNNAMED: checked_changes(scenarios, book)}
    return checked_scenarios(found)


def checked_scenarios(found: dict[str, tuple[Change, ...]]) -> dict[str, tuple[Change, ...]]:
    """Scenarios, if they are not too many and none changes too much at once. Raises `InputError` otherwise."""
    if len(found) > MAX_SCENARIOS:
        raise InputError(f"{len(found):,} scenarios are more than the {MAX_SCENARIOS} that can be compared at once")
    for name, changes in found.items():
        if not name.strip() or len(name) > 200:
            raise InputError("a scenario needs a name of at most 200 characters")
        if len(changes) > MAX_CHANGES:
            raise InputError(
                f"scenario {name:.60}: at most {MAX_CHANGES} changes can be told apart, not {len(changes)}"
            )
    return found


def scenarios_of_file(path: "str | os.PathLike[str]", book: PriceBook) -> dict[str, tuple[Change, ...]]:
    """The scenarios of a TOML file: `[scenarios.NAME]` tables of inputs and what they become.

    Raises `InputError` with file and line for what cannot be.
    """
    file = TomlFile.read(Path(path))
    for key in file.data:
        if key != "scenarios":
            file.fail((key,), f"unknown key {key!r}; a file of scenarios has [scenarios.NAME] tables")
    tables = file.data["scenarios"]
    if not isinstance(tables, dict):
        file.fail(("scenarios",), "scenarios must be a table of tables: [scenarios.NAME]")
    found = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            file.fail(("scenarios", name), f"{name:.60} must be a table of inputs: [scenarios.NAME]")
        changes = []
        for key, value in table.items():
            try:
                changes.append(Change.of(key, value, book))
            except CostcalcError as error:
                file.fail(("scenarios", name, key), str(error))
        try:
            found[name] = checked_changes(changes, book)
            checked_scenarios(found)
        except CostcalcError as error:
            file.fail(("scenarios", name), str(error))
    return found


def _scenario(
    name: str, changes: tuple[Change, ...], case: Case, options: Sequence[Option], base: tuple[Estimate, ...]
) -> Scenario:
    try:
        changed = with_changes(case, changes, options)
        made = tuple(
            MadeChange(
                each.input.name,
                str(each),
                each.input.now(case, options),
                each.input.now(changed, options),
                each.input.unit,
            )
            for each in changes
        )
        cases = {
            some: with_changes(case, [changes[place] for place in some], options)
            for size in range(len(changes) + 1)
            for some in combinations(range(len(changes)), size)
        }
        outcomes = tuple(
            _outcome(option, before, cases, [each.input.name for each in changes])
            for option, before in zip(options, base, strict=True)
        )
    except CostcalcError as error:
        raise type(error)(f"scenario {name:.60}: {error}") from None
    return Scenario(name, made, outcomes, _cheapest([each.estimate for each in outcomes]))


def _outcome(option: Option, before: Estimate, cases: dict[tuple[int, ...], Case], names: Sequence[str]) -> Outcome:
    estimates = {some: case.estimate(option) for some, case in cases.items()}
    after = estimates[tuple(range(len(names)))]
    added = shapley_values(len(names), lambda some: Fraction(estimates[some].known_total_usd))
    whole = canonical(EXACT.subtract(after.known_total_usd, before.known_total_usd))
    causes = tuple(Cause(name, amount) for name, amount in zip(names, _rounded(added, names, whole), strict=True))
    parts = difference(str(option), after, "base", before).causes
    return Outcome(str(option), after, whole, causes, parts)


def shapley_values(players: int, value: Callable[[tuple[int, ...]], Fraction]) -> list[Fraction]:
    """What each of `players` adds to a value of sets of them (as rising numbers), on average over all orders of joining."""
    found = [Fraction(0)] * players
    for place in range(players):
        others = [each for each in range(players) if each != place]
        for size in range(players):
            weight = Fraction(factorial(size) * factorial(players - size - 1), factorial(players))
            for some in combinations(others, size):
                found[place] += weight * (value(tuple(sorted((*some, place)))) - value(some))
    return found


def _rounded(shares: Sequence[Fraction], names: Sequence[str], whole: Decimal) -> list[Decimal]:
    """The shares as decimals that add up to the whole; which of them takes up the rest depends on no order."""
    found = [canonical(Decimal(round(share * 10**_PLACES)).scaleb(-_PLACES)) for share in shares]
    largest = max(range(len(shares)), key=lambda place: (abs(shares[place]), names[place]))
    rest = EXACT.subtract(whole, sum(found, Decimal(0)))
    found[largest] = canonical(EXACT.add(found[largest], rest))
    return found


def _cheapest(estimates: Sequence[Estimate]) -> str | None:
    return strictly_cheapest([each.known_total_usd for each in estimates], [str(each.option) for each in estimates])


def _signed(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{_cents(amount)}"


def _cents(amount: Decimal) -> str:
    """Shares of a difference have many digits; a person needs few."""
    shown = usd(canonical(amount.quantize(Decimal("1e-6"))))
    assert shown is not None
    return shown


def _percent(outcome: Outcome) -> Decimal | None:
    before = outcome.total_usd - outcome.difference_usd
    return canonical((outcome.difference_usd / before * 100).quantize(Decimal("0.1"))) if before else None
