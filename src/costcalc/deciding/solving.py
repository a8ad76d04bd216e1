"""What a solved task costs: the price of an attempt, how often one succeeds, and what retries change.

A pass rate says how many tasks one attempt solves, not whether a second attempt would solve the others. So there are two
bounds: every attempt is a fresh chance, or a task that failed once fails always.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal, NamedTuple

from costcalc.cases import Case
from costcalc.comparison import (
    DEFAULT_OPTIONS,
    Candidate,
    believed_words,
    candidate_of,
    claims_chart,
    compared_notices,
    strictly_cheapest,
    turning_claims,
)
from costcalc.errors import InputError, check_known, check_type
from costcalc.estimation import Estimate, Option
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import Rate, claim_words, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, usd
from costcalc.units import plain, rounded, significant
from costcalc.workload.benchmark import Benchmark, benchmarks
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

Failures = Literal["independent", "repeat", "repeat_for_the_cheapest"]
"""Every attempt is a fresh chance; a task that failed once fails always; the latter for the cheapest option alone."""

PassRate = Decimal | float | int | Fraction | str
PassRates = Mapping[Option, PassRate] | Mapping[str, PassRate] | Mapping[Option | str, PassRate]
MAX_ATTEMPTS: Final = 1_000

_PLACES: Final = 30
"""Decimals that a pass rate may have."""


class Retries(NamedTuple):
    """Attempts that a task takes on average, solved or given up, and the share of tasks that they solve."""

    attempts: Fraction
    solved_share: Fraction

    @property
    def attempts_per_solved(self) -> Fraction | None:
        """Attempts for one solved task; None if none is ever solved."""
        return self.attempts / self.solved_share if self.solved_share else None

    def usd(self, attempt_usd: Decimal) -> Fraction | None:
        """What a solved task costs if an attempt costs so much; None if none is ever solved."""
        each = self.attempts_per_solved
        return None if each is None else Fraction(attempt_usd) * each


def fresh_chances(pass_rate: Fraction, attempts: int) -> Retries:
    """Up to so many attempts at a task, each of which solves it with the same chance: a solved task takes 1 / pass rate.

    >>> fresh_chances(Fraction(1, 2), 3)
    Retries(attempts=Fraction(7, 4), solved_share=Fraction(7, 8))
    """
    solved = 1 - (1 - pass_rate) ** attempts
    return Retries(solved / pass_rate if pass_rate else Fraction(attempts), solved)


def repeated_failures(pass_rate: Fraction, attempts: int) -> Retries:
    """Up to so many attempts at a task, where one that fails first fails always: the others are in vain.

    >>> repeated_failures(Fraction(1, 2), 3)
    Retries(attempts=Fraction(2, 1), solved_share=Fraction(1, 2))
    """
    return Retries(pass_rate + (1 - pass_rate) * attempts, pass_rate)


@dataclass(frozen=True, slots=True)
class SolvedOption:
    """An option with its pass rate, the cost of an attempt (at the claim believed, and at each) and of a solved task.

    `option` has the token factor that was used. `pass_rate_from` is `benchmark` or `stated`, so is `token_factor_from`,
    or None where the profile's tokens are taken as they are. `against` is the cheapest of the other options,
    `difference_usd` what a solved task costs more than there (below zero: less), and `break_even_pass_rate` the pass rate
    at which it would cost the same; above 1 no pass rate suffices. All are for independent attempts.
    """

    name: str
    option: Option
    candidate: Candidate
    pass_rate: Fraction
    pass_rate_from: Literal["benchmark", "stated"]
    token_factor_from: Literal["benchmark", "stated"] | None
    independent: Retries
    repeating: Retries
    against: str | None
    difference_usd: Fraction | None
    break_even_pass_rate: Fraction | None

    @property
    def attempt_usd(self) -> Decimal:
        """What one attempt costs, in US dollars, exactly."""
        return self.candidate.estimate.per_task_usd

    @property
    def per_solved_usd(self) -> Fraction | None:
        """What a solved task costs if every attempt is a fresh chance, in US dollars, exactly; None if none is solved."""
        return self.independent.usd(self.attempt_usd)

    @property
    def per_solved_usd_if_failures_repeat(self) -> Fraction | None:
        """What a solved task costs if one that failed once fails always, in US dollars, exactly; None if none is solved."""
        return self.repeating.usd(self.attempt_usd)

    @property
    def month_per_solved_usd(self) -> Fraction | None:
        """An expected month's bill under the option's plan over its solved tasks, with one attempt a task.

        None without a plan, if the bill is not known, or if nothing is solved.
        """
        month = self.candidate.estimate
        solved = Fraction(month.month.tasks) * self.pass_rate
        if self.option.plan is None or month.total_usd is None or not solved:
            return None
        return Fraction(month.total_usd) / solved

    def to_dict(self) -> dict[str, Any]:
        """The option as machine output holds it."""
        month = self.candidate.estimate
        return {
            "option": self.name,
            "pass_rate": _plain(self.pass_rate),
            "pass_rate_source": self.pass_rate_from,
            "token_factor": plain(self.option.token_factor),
            "token_factor_source": self.token_factor_from,
            "attempt_usd": plain(self.attempt_usd),
            "per_solved_usd": _plain(self.per_solved_usd),
            "per_solved_usd_if_failures_repeat": _plain(self.per_solved_usd_if_failures_repeat),
            "attempts_expected": _plain(self.independent.attempts),
            "attempts_expected_if_failures_repeat": _plain(self.repeating.attempts),
            "solved_share": _plain(self.independent.solved_share),
            "solved_share_if_failures_repeat": _plain(self.repeating.solved_share),
            "against": self.against,
            "difference_usd": _plain(self.difference_usd),
            "break_even_pass_rate": _plain(self.break_even_pass_rate),
            "rate_id": month.rate.id,
            "status": month.rate.status,
            "by_claim": [
                {
                    "claim": each.rate.id,
                    "status": each.rate.status,
                    "source": each.rate.source,
                    "attempt_usd": plain(each.per_task_usd),
                    "per_solved_usd": _plain(self.independent.usd(each.per_task_usd)),
                    "per_solved_usd_if_failures_repeat": _plain(self.repeating.usd(each.per_task_usd)),
                }
                for each in self.candidate.by_claim
            ],
            "month": None
            if self.option.plan is None
            else {
                "plan": self.option.plan,
                "total_usd": None if month.total_usd is None else plain(month.total_usd),
                "tasks_solved": _plain(Fraction(month.month.tasks) * self.pass_rate),
                "per_solved_usd": _plain(self.month_per_solved_usd),
            },
        }


@dataclass(frozen=True, slots=True)
class SolvedTurn:
    """What, believed instead, changes which option is cheapest (None: a tie): claims of prices, how failures go, or both.

    `per_solved_usd` has what a solved task costs then, for the options that solve any.
    """

    failures: Failures
    claims: tuple[str, ...]
    cheapest: str | None
    per_solved_usd: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Solved(Result):
    """Options by what a solved task costs, the cheapest first. `cheapest` is None on a tie, or if none solves any.

    `robust` says that it stays strictly cheapest whichever claims of the prices are believed and however far failures
    repeat, for each option; `turns` has what changes it otherwise.
    """

    kind: ClassVar[str] = "solved"

    profile: SessionProfile
    on: date
    basis: str
    benchmark: Benchmark | None
    attempts: int
    options: tuple[SolvedOption, ...]
    cheapest: str | None
    cheapest_if_failures_repeat: str | None
    robust: bool
    turns: tuple[SolvedTurn, ...]
    notices: tuple[Notice, ...]

    @property
    def turned_by(self) -> tuple[str, ...]:
        """The ids of the claims that turn the answer, alone or with others or with failures that repeat."""
        return tuple(dict.fromkeys(claim for turn in self.turns for claim in turn.claims))

    @property
    def ranked(self) -> tuple[SolvedOption, ...]:
        """The options that solve any task: those that can be ranked."""
        return tuple(each for each in self.options if each.pass_rate)

    def rates_used(self) -> Iterator[Rate]:
        for each in self.options:
            yield each.candidate.estimate.rate
            yield from (month.rate for month in each.candidate.by_claim)

    def body(self) -> dict[str, Any]:
        source = self.benchmark
        return {
            "profile": self.profile.name,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "benchmark": None
            if source is None
            else source.model_dump(include={"id", "name", "source", "read", "caveat"}),
            "attempts": self.attempts,
            "options": [each.to_dict() for each in self.options],
            "cheapest": self.cheapest,
            "cheapest_if_failures_repeat": self.cheapest_if_failures_repeat,
            "verdict": {
                "robust": self.robust,
                "turned_by": list(self.turned_by),
                "turns": [
                    {
                        "failures": turn.failures,
                        "claims": list(turn.claims),
                        "cheapest": turn.cheapest,
                        "per_solved": [
                            {"option": each.name, "per_solved_usd": _plain(cost)}
                            for each, cost in zip(self.ranked, turn.per_solved_usd, strict=True)
                        ],
                    }
                    for turn in self.turns
                ],
            },
        }

    def parts(self) -> Iterator[Part]:
        yield f"{self._answer()}\n{self._verdict_words()}" if self.ranked else self._answer()
        yield Table(
            ("option", "pass rate", "from", "token factor", "an attempt", "a solved task", "breaks even at"),
            tuple(
                (
                    each.name,
                    _percent(each.pass_rate),
                    {"benchmark": "benchmark", "stated": "you"}[each.pass_rate_from],
                    each.option.token_factor,
                    usd(each.attempt_usd),
                    _usd(each.per_solved_usd),
                    _break_even_words(each.break_even_pass_rate),
                )
                for each in self.options
            ),
            f"An attempt at a task of {self.profile.name}, prices of {self.on}; an option breaks even at the pass rate that "
            "makes it cost as much as the cheapest of the others",
        )
        if self.attempts > 1:
            yield Table(
                ("option", "failures", "attempts a task", "tasks solved", "a solved task"),
                tuple(
                    (each.name, words, significant(found.attempts), _percent(found.solved_share), _usd(cost))
                    for each in self.options
                    for words, found, cost in (
                        ("independent", each.independent, each.per_solved_usd),
                        ("repeat", each.repeating, each.per_solved_usd_if_failures_repeat),
                    )
                ),
                f"Up to {self.attempts:,} attempts at a task",
            )
        yield Table(
            ("option", "an attempt", "a solved task", "price"),
            tuple(
                (
                    each.name,
                    usd(month.per_task_usd),
                    _usd(each.independent.usd(month.per_task_usd)),
                    claim_words(month.rate),
                )
                for each in self.options
                for month in each.candidate.by_claim
            ),
            "Under each claim of the price",
        )
        planned = [each for each in self.options if each.option.plan is not None]
        if planned:
            yield Table(
                ("option", "bill", "tasks", "solved", "the bill over them"),
                tuple(
                    (
                        each.name,
                        usd(each.candidate.estimate.total_usd),
                        each.candidate.estimate.month.tasks,
                        significant(Fraction(each.candidate.estimate.month.tasks) * each.pass_rate),
                        _usd(each.month_per_solved_usd),
                    )
                    for each in planned
                ),
                f"With its plan: an expected month of one {self.profile.per}, one attempt at each task",
            )

    def _answer(self) -> str:
        ranked = self.ranked
        if not ranked:
            return "No option solves any task, so there is no cost per solved task."
        lowest = _usd(ranked[0].per_solved_usd)
        if self.cheapest is None:
            tied = [each.name for each in ranked if each.per_solved_usd == ranked[0].per_solved_usd]
            return f"A tie: a solved task costs {lowest} with each of {' and '.join(tied)}."
        answer = f"Cheapest: {self.cheapest} at {lowest} a solved task"
        best, cost = ranked[0], ranked[0].per_solved_usd
        other = next((each for each in ranked if each.name == best.against), None)
        if other is None or other.per_solved_usd is None or cost is None:
            return f"{answer}."
        less = 1 - cost / other.per_solved_usd
        return f"{answer}, {rounded(less * 100, 1)} % less than {other.name} at {_usd(other.per_solved_usd)}."

    def _verdict_words(self) -> str:
        if self.robust:
            retried = "" if self.attempts == 1 else ", and however far failures repeat"
            return f"Robust: it stays strictly cheapest whichever of the known prices is believed{retried}."
        if not self.turns:
            return "Not robust: no option is strictly cheapest, nor is one if other prices are believed."
        lines = ["Not robust: it depends on whose price is believed, or on how failures go."]
        if all(turn.failures == "independent" for turn in self.turns):
            lines = ["Not robust: it depends on whose price is believed."]
        elif not self.turned_by:
            lines = ["Not robust: it depends on how far failures repeat."]
        for turn in self.turns:
            conditions = [f"believing {believed_words(turn.claims, self.rates_used())}"] if turn.claims else []
            if turn.failures == "repeat":
                conditions.append("if failures repeat")
            elif turn.failures == "repeat_for_the_cheapest":
                conditions.append(f"if failures of {self.cheapest} repeat and those of the others do not")
            lowest = _usd(min(turn.per_solved_usd))
            outcome = f"{turn.cheapest} is cheapest at {lowest}" if turn.cheapest else f"it is a tie at {lowest}"
            said = " and ".join(conditions)
            lines.append(f"- {said[:1].upper()}{said[1:]}, {outcome}.")
        return "\n".join(lines)

    def charts(self) -> tuple[Chart, ...]:
        if not self.ranked:
            return ()
        attempts = "one attempt a task" if self.attempts == 1 else f"up to {self.attempts:,} attempts a task"
        rates = "; ".join(f"{each.name} {_percent(each.pass_rate)}" for each in self.options)
        caption = (
            self._verdict_words().partition("\n")[0],
            f"The mean task of {self.profile.name}, prices of {self.on}; {attempts}. Pass rates: {rates}.",
            *([] if self.benchmark is None else [f"Benchmark: {self.benchmark.name}, read {self.benchmark.read}."]),
            *claims_line(self.rates_used()),
        )
        axis = Axis("cost of a solved task", "US dollars")
        found = [
            (
                each.name,
                [(month.rate, _figure(each.independent, month.per_task_usd)) for month in each.candidate.by_claim],
                each.candidate.estimate.rate,
                _figure(each.independent, each.attempt_usd),
            )
            for each in self.ranked
        ]
        charts = [claims_chart(self._answer(), caption, axis, found)]
        if self.attempts > 1:
            bounds = [
                (each.name, _figure(each.independent, each.attempt_usd), _figure(each.repeating, each.attempt_usd))
                for each in self.ranked
            ]
            marks = (
                Mark("span", tuple(Point(low, name, high) for name, low, high in bounds)),
                Mark("dot", tuple(Point(low, name) for name, low, _ in bounds), "if every attempt is a fresh chance"),
                Mark(
                    "dot",
                    tuple(Point(high, name) for name, _, high in bounds),
                    "if a task that failed once fails always",
                ),
            )
            title = "A solved task costs between these bounds, by how failures go"
            charts.append(Chart("bounds", title, caption[1:], axis, Axis("option", scale="name"), marks))
        return tuple(charts)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "option": each.name,
                "pass_rate": rounded(each.pass_rate),
                "pass_rate_source": each.pass_rate_from,
                "token_factor": each.option.token_factor,
                "attempts": self.attempts,
                "claim": month.rate.id,
                "status": month.rate.status,
                "source": month.rate.source,
                "as_of": month.rate.as_of,
                "believed": month.rate.id == each.candidate.estimate.rate.id,
                "attempt_usd": month.per_task_usd,
                "per_solved_usd": _rounded(each.independent.usd(month.per_task_usd)),
                "per_solved_usd_if_failures_repeat": _rounded(each.repeating.usd(month.per_task_usd)),
                "solved_share": rounded(each.independent.solved_share),
                "solved_share_if_failures_repeat": rounded(each.repeating.solved_share),
                "break_even_pass_rate": _rounded(each.break_even_pass_rate),
                "cheapest": each.name == self.cheapest,
                "robust": self.robust,
                "turns": month.rate.id in self.turned_by,
            }
            for each in self.options
            for month in each.candidate.by_claim
        ]

    def columns(self) -> dict[str, type]:
        figures = ("token_factor", "per_solved_usd", "per_solved_usd_if_failures_repeat", "break_even_pass_rate")
        return dict.fromkeys(figures, Decimal)


def _figure(retries: Retries, attempt_usd: Decimal) -> Decimal:
    """What a solved task costs, as machine output has it, with an option that solves some."""
    cost = retries.usd(attempt_usd)
    assert cost is not None
    return rounded(cost)


def solved(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    benchmark: str | None = None,
    pass_rates: PassRates | None = None,
    attempts: int = 1,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Solved:
    """What a solved task costs with each of some options, where an attempt is the mean task of a profile.

    The pass rate of an option is the share of tasks that one attempt solves: stated in `pass_rates` by option,
    `ROUTE/MODEL` or model (the first of these that is there applies; a number from 0 to 1, or text such as `71.6%` or
    `14/20`; a float stands for the decimal it prints as), else what the `benchmark` (its id) gives for the model. The
    benchmark's token factor applies to an option that states none and whose model it has one for.

    A failed task is tried again, up to so many `attempts`. If every attempt is a fresh chance, a solved task costs the
    attempt over the pass rate p, whatever their number N; if a task that failed once fails always, p + (1 - p) N attempts
    over p. For tasks that each have a chance of their own the truth lies between. One attempt, the default, is what a pass
    rate speaks of, and needs no such assumption. Costs are of use only: a plan's seats and included credits are by the
    month. An option whose pass rate is 0 has no cost per solved task (None) and is not ranked.

    Costs per solved task are exact fractions; in machine output they are rounded half to even at 12 decimals.
    Other arguments as in `costcalc.compare`.

    Raises `InputError` for a pass rate that is not known or makes no sense, and what `compare` raises.

    >>> from datetime import date
    >>> options = ["copilot/mai-code-1-flash", "copilot/claude-haiku-4.5"]
    >>> found = solved("interactive_ide", options, benchmark="swe-bench-verified", on=date(2026, 6, 15))
    >>> [(each.name, each.attempt_usd, round(float(each.per_solved_usd), 4)) for each in found.options]
    [('copilot/mai-code-1-flash', Decimal('0.03121284'), 0.0436), ('copilot/claude-haiku-4.5', Decimal('0.11625'), 0.1745)]
    """
    case = Case.of(profile, None, 1, on, basis, split_cache_writes, rates)
    tries = _checked_attempts(attempts)
    chosen = case.options(DEFAULT_OPTIONS if options is None else options)
    names = [str(option) for option in chosen]
    table = None if benchmark is None else _benchmark(benchmark)
    passed = _pass_rates(chosen, names, table, {} if pass_rates is None else pass_rates, case.book)
    factored = [_with_benchmark_tokens(option, table) for option in chosen]
    candidates = [candidate_of(name, option, case, case.month) for name, option in zip(names, factored, strict=True)]
    costs = [
        Fraction(candidate.estimate.per_task_usd) / rate if rate else None
        for candidate, (rate, _) in zip(candidates, passed, strict=True)
    ]
    found = []
    for place, (name, option, candidate, (rate, rate_from)) in enumerate(
        zip(names, factored, candidates, passed, strict=True)
    ):
        others = [(cost, names[each]) for each, cost in enumerate(costs) if cost is not None and each != place]
        other, against = min(others, key=lambda each: each[0]) if others else (None, None)
        cost = costs[place]
        found.append(
            SolvedOption(
                name=name,
                option=option,
                candidate=candidate,
                pass_rate=rate,
                pass_rate_from=rate_from,
                token_factor_from="benchmark" if option.factor_baseline else "stated" if option.factor_note else None,
                independent=fresh_chances(rate, tries),
                repeating=repeated_failures(rate, tries),
                against=against,
                difference_usd=None if other is None or cost is None else cost - other,
                break_even_pass_rate=Fraction(candidate.estimate.per_task_usd) / other if other else None,
            )
        )
    found.sort(key=lambda each: (each.per_solved_usd is None, each.per_solved_usd or 0))
    cheapest, repeating, turns = _ranking([each for each in found if each.pass_rate])
    notices = [
        *_pass_rate_notices(found, table, case.profile),
        *_attempt_notices(tries),
        # No token counts are shown, and that an attempt has no allowance is said already.
        *(each for each in compared_notices(factored, candidates) if each.code not in ("tokens_rounded", "no_plan")),
    ]
    robust = cheapest is not None and not turns
    return Solved(
        case.profile, case.on, basis, table, tries, tuple(found), cheapest, repeating, robust, turns, distinct(notices)
    )


def _ranking(options: Sequence[SolvedOption]) -> tuple[str | None, str | None, tuple[SolvedTurn, ...]]:
    """Which of the options that solve any task is the cheapest, which if failures repeat, and what changes that."""
    if not options:
        return None, None, ()
    names = [each.name for each in options]
    candidates = [each.candidate for each in options]

    def amounts(repeats: Callable[[str], bool]) -> Callable[[Sequence[Estimate]], list[Fraction]]:
        """What a solved task costs with each option, where the failures of some repeat."""
        needed = [
            (each.repeating if repeats(each.name) else each.independent).attempts_per_solved or Fraction(0)
            for each in options
        ]
        return lambda months: [
            Fraction(month.per_task_usd) * number for month, number in zip(months, needed, strict=True)
        ]

    believed = [each.estimate for each in candidates]
    cheapest = strictly_cheapest(amounts(lambda _: False)(believed), names)
    repeating = strictly_cheapest(amounts(lambda _: True)(believed), names)
    # The last is the worst that can happen to the cheapest: if it survives that, it survives every mixture.
    ways: tuple[tuple[Failures, Callable[[str], bool]], ...] = (
        ("independent", lambda _: False),
        ("repeat", lambda _: True),
        ("repeat_for_the_cheapest", lambda name: name == cheapest),
    )
    turns: list[SolvedTurn] = []
    for failures, repeats in ways:
        for turn in turning_claims(candidates, cheapest, amounts(repeats)):
            if not any(set(known.claims) <= set(turn[0]) for known in turns):
                turns.append(SolvedTurn(failures, *turn))
    return cheapest, repeating, tuple(turns)


def _benchmark(name: str) -> Benchmark:
    check_known("benchmark", name, benchmarks())
    return benchmarks()[name]


def _with_benchmark_tokens(option: Option, table: Benchmark | None) -> Option:
    """The option with the benchmark's token factor, unless it states its own or the benchmark has none for its model."""
    if table is None or option.factor_note or not table.gives_tokens(option.model):
        return option
    return option.with_token_factor(table.id)


def _pass_rates(
    options: Sequence[Option],
    names: Sequence[str],
    table: Benchmark | None,
    stated: PassRates,
    book: PriceBook,
) -> list[tuple[Fraction, Literal["benchmark", "stated"]]]:
    """The pass rate of each option, and where it is from."""
    check_type("pass_rates", stated, Mapping, "a mapping of options or models to shares")
    rates: dict[Option | str, Fraction] = {}
    for key, value in stated.items():
        known = _pass_rate_key(key, book)
        if known in rates:
            raise InputError(f"the pass rate of {known} is given twice")
        rates[known] = checked_pass_rate(value, str(known))
    used: set[Option | str] = set()
    found: list[tuple[Fraction, Literal["benchmark", "stated"]]] = []
    for option, name in zip(options, names, strict=True):
        keys = [key for key in (option, Option(option.route, option.model), option.model) if key in rates]
        used.update(keys)
        percent = None if table is None else table.pass_percent(option.model)
        if keys:
            found.append((rates[keys[0]], "stated"))
        elif percent is not None:
            found.append((Fraction(percent) / 100, "benchmark"))
        else:
            state = f"state one (--pass-rate), such as {option.route}/{option.model}=0.7"
            if table is None:
                raise InputError(f"no pass rate for {name}; {state}, or name a benchmark: {', '.join(benchmarks())}")
            known_models = ", ".join(each.model for each in table.results)
            raise InputError(f"benchmark {table.id} has no pass rate for {name}; {state}; it has: {known_models}")
    for key in rates:
        if key not in used:
            raise InputError(f"the pass rate of {key} is of none of the options: {', '.join(names)}")
    return found


def _pass_rate_key(key: object, book: PriceBook) -> Option | str:
    """What a pass rate is stated for: an option, or the id of a model."""
    if isinstance(key, Option):
        return key.resolved(book)
    if not isinstance(key, str):
        raise InputError(f"a pass rate is stated for an option or a model, not for {key!r:.60}")
    return Option.parse(key, book) if "/" in key else book.model(key).id


def checked_pass_rate(value: object, of: str) -> Fraction:
    """A share of tasks from 0 to 1: a number, or a text such as `0.71`, `71%` or `14/20`.

    Raises `InputError`, naming what it is the pass rate `of`, for anything else.
    """
    found: Fraction | None = None
    text = value.strip() if isinstance(value, str) else ""
    counts = re.fullmatch(r"(\d{1,15})\s*/\s*(\d{1,15})", text, re.ASCII)
    share = re.fullmatch(rf"(\d{{1,15}}(?:\.\d{{1,{_PLACES}}})?|\.\d{{1,{_PLACES}}})\s*(%?)", text, re.ASCII)
    if counts is not None and int(counts[2]):
        found = Fraction(int(counts[1]), int(counts[2]))
    elif share is not None:
        found = Fraction(share[1]) / (100 if share[2] else 1)
    elif isinstance(value, int | Fraction) and not isinstance(value, bool):
        found = Fraction(value)
    elif isinstance(value, float | Decimal):
        decimal = Decimal(float.__repr__(value)) if isinstance(value, float) else value
        # An exponent can stand for more digits than there is room for.
        if decimal.is_finite() and decimal.adjusted() < _PLACES and -int(decimal.as_tuple().exponent) <= 2 * _PLACES:
            found = Fraction(decimal)
    if found is None or not 0 <= found <= 1 or found.denominator > 10 ** (2 * _PLACES):
        raise InputError(
            f"the pass rate of {of} must be from 0 to 1, such as 0.71, 71% or 14/20 (tasks solved of tasks tried), "
            f"not {value!r:.40}"
        )
    return found


def _checked_attempts(attempts: object) -> int:
    if isinstance(attempts, bool) or not isinstance(attempts, int) or not 1 <= attempts <= MAX_ATTEMPTS:
        raise InputError(f"attempts must be a whole number from 1 to {MAX_ATTEMPTS:,}, not {attempts!r:.40}")
    return attempts


def _pass_rate_notices(
    options: Sequence[SolvedOption], table: Benchmark | None, profile: SessionProfile
) -> Iterator[Notice]:
    """Where the pass rates and token factors are from, and what that leaves open."""
    origins = {each.pass_rate_from for each in options}
    if table is not None:
        about = f"{table.name} ({table.source}, read {table.read})"
        yield Notice("benchmark_caveat", f"{about}: {table.caveat}")
        if "benchmark" in origins:
            message = (
                f"pass rates are of {table.name}'s tasks, tokens of {profile.name}'s: how many of those are solved"
            )
            yield Notice("benchmark_tasks", f"{message} is not known")
        without = sorted({each.option.model for each in options if each.token_factor_from is None})
        if without:
            message = f"{table.name} gives no tokens for {', '.join(without)}: the profile's are taken as they are"
            yield Notice("benchmark_tokens_missing", message)
    if len(origins) > 1:
        stated = ", ".join(each.name for each in options if each.pass_rate_from == "stated")
        message = f"pass rates of {stated} are stated by you, the others are the benchmark's"
        yield Notice("pass_rates_of_two_origins", f"{message}: if of the same tasks is not known")
    for each in options:
        if not each.pass_rate:
            message = (
                f"{each.name} solves no task at a pass rate of 0: it has no cost per solved task and is not ranked"
            )
            yield Notice("never_solved", message)


def _attempt_notices(attempts: int) -> Iterator[Notice]:
    message = (
        "an attempt costs its tokens alone: a plan's seats and included credits are by the month (costcalc compare)"
    )
    yield Notice("use_only", message)
    message = "an attempt is taken to cost the same whether it solves the task or not; to find out which is not counted"
    yield Notice("attempts_alike", message)
    message = "costs of a solved task are exact fractions, rounded half to even where shown (12 decimals in data)"
    yield Notice("solved_cost_rounded", message)
    if attempts > 1:
        message = (
            "independent: each attempt is a fresh chance; repeat: a task that failed once fails always. Tasks that each "
            "have a chance of their own lie between; a retry that learns from the failure before it may not"
        )
        yield Notice("retry_bounds", message)


def _rounded(value: Fraction | None) -> Decimal | None:
    return None if value is None else rounded(value)


def _plain(value: Fraction | None) -> str | None:
    return None if value is None else plain(rounded(value))


def _usd(value: Fraction | None) -> str | None:
    """Dollars for a person, to six significant digits."""
    return None if value is None else usd(significant(value))


def _percent(value: Fraction) -> str:
    return f"{plain(significant(value * 100))} %"


def _break_even_words(value: Fraction | None) -> str | None:
    return None if value is None else "over 100 %" if value > 1 else _percent(value)
