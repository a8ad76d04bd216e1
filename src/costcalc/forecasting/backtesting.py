"""Would forecasts have come true? A history is cut, the first part fitted, the rest forecast and held against what it was."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from costcalc.entries import ReadLog, UsageEntry
from costcalc.errors import InputError, check_between, check_number
from costcalc.fitting import DEFAULT_PAUSE, tasks_of
from costcalc.forecasting.horizon import MAX_DRAWS
from costcalc.forecasting.outlook import figure, share_of
from costcalc.history import Pricer, listed_paths
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import Rate, claims_line
from costcalc.readers.find import read_usage
from costcalc.showing.display import Part, Result, Table, count_of
from costcalc.units import plain
from costcalc.workload.months import Habits, SumTables, generator, lognormal, person_months
from costcalc.workload.spread import (
    chance_of_a_week,
    sigma_of,
    sigma_of_levels,
    sigma_of_mean,
    variation_beyond_chance,
    whole_weeks,
)
from costcalc.workload.tasksize import MAX_SIGMA, TaskSize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MIN_FITTED_DAYS: Final = 14
MIN_FORECAST_DAYS: Final = 7
MAX_FORECAST_DAYS: Final = 31
INTERVALS: Final = (50, 80, 90)
_ENDS: Final = {50: (25, 75), 80: (10, 90), 90: (5, 95)}
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Trial:
    """One cut of the history: fitted up to `fitted_until`, forecast for `days` days, in credits.

    `percentiles` are those of the forecast, `actual` what came, `line` what a straight line through the days so far says;
    `crps` and `line_crps` are their continuous ranked probability scores (of the line, its distance from what came).
    """

    fitted_until: date
    days: int
    actual: Decimal
    mean: Decimal
    percentiles: dict[int, Decimal]
    line: Decimal
    crps: Decimal
    line_crps: Decimal

    def covered(self, percent: int) -> bool:
        """Whether what came lies within an interval of the forecast."""
        low, high = _ENDS[percent]
        return self.percentiles[low] <= self.actual <= self.percentiles[high]


@dataclass(frozen=True, slots=True, repr=False)
class Backtest(Result):
    """How forecasts of a history's later parts from its earlier ones held.

    `coverage` is by interval the share of trials within it; `crps` and `line_crps` are mean scores in credits, less is
    better; `bias` is how far the mean of the forecasts was above what came (below 0: under it), as a share of it.
    """

    kind: ClassVar[str] = "backtest"

    first_day: date
    last_day: date
    tasks: int
    credits: Decimal
    trials: tuple[Trial, ...]
    coverage: tuple[tuple[int, Decimal], ...]
    crps: Decimal
    line_crps: Decimal
    bias: Decimal
    line_bias: Decimal
    seed: int
    draws: int
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "tasks": self.tasks,
            "credits": plain(self.credits),
            "seed": self.seed,
            "draws": self.draws,
            "coverage": [
                {"interval": plain(Decimal(percent) / 100), "share": plain(share)} for percent, share in self.coverage
            ],
            "crps": plain(self.crps),
            "line_crps": plain(self.line_crps),
            "bias": plain(self.bias),
            "line_bias": plain(self.line_bias),
            "trials": [
                {
                    "fitted_until": each.fitted_until.isoformat(),
                    "days": each.days,
                    "actual": plain(each.actual),
                    "mean": plain(each.mean),
                    **{f"p{percent}": plain(value) for percent, value in each.percentiles.items()},
                    "line": plain(each.line),
                    "crps": plain(each.crps),
                    "line_crps": plain(each.line_crps),
                }
                for each in self.trials
            ],
        }

    def parts(self) -> Iterator[Part]:
        better = "better than" if self.crps < self.line_crps else "not better than"
        yield (
            f"{count_of(len(self.trials), 'forecast')} of what came after a part of the history, "
            f"{self.first_day} to {self.last_day}: {better} a straight line "
            f"(score {plain(self.crps)} against {plain(self.line_crps)} credits; less is better)"
        )
        yield Table(
            ("interval of the forecast", "held in"),
            tuple((f"{percent} %", f"{share * 100:.0f} % of forecasts") for percent, share in self.coverage),
            "How often what came lay within an interval",
        )
        words = "above" if self.bias > 0 else "below"
        yield f"The mean of the forecasts was {abs(self.bias) * 100:.1f} % {words} what came."
        yield Table(
            ("fitted until", "days", "came", "mean", "p5", "p50", "p95", "straight line"),
            tuple(
                (
                    each.fitted_until.isoformat(), each.days, _whole(each.actual), _whole(each.mean),
                    _whole(each.percentiles[5]), _whole(each.percentiles[50]), _whole(each.percentiles[95]),
                    _whole(each.line),
                )
                for each in self.trials
            ),
            "Credits forecast and used",
        )  # fmt: skip
        yield from claims_line(self.rates)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "fitted_until": each.fitted_until,
                "days": each.days,
                "actual": each.actual,
                "mean": each.mean,
                **{f"p{percent}": value for percent, value in each.percentiles.items()},
                "line": each.line,
                "crps": each.crps,
                "line_crps": each.line_crps,
            }
            for each in self.trials
        ]


def _whole(value: Decimal) -> Decimal:
    return Decimal(f"{value:.1f}") if value < 1_000 else Decimal(f"{value:.0f}")


def backtest(
    paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None" = None,
    *,
    split: float | None = None,
    user: str | None = None,
    pause: timedelta = DEFAULT_PAUSE,
    draws: int = 4_000,
    seed: int = 1,
    rates: PriceBook | None = None,
    told: "Callable[[str, int], object] | None" = None,
) -> Backtest:
    """Fit the first part of the history at some paths, forecast what came after it, and say how well that held.

    Without `split`, the history is cut after each week from the second on, and each time up to 31 days are forecast; with
    it, once, after that share of its days. All people are taken together, or one `user`. Use is in credits, the reported
    ones where a source tells them. A task is what `fit_profile` takes for one; of a report that adds up days, a person's
    day.

    Raises `InputError` for a history that is too short, or has no use of known cost.
    """
    if split is not None:
        check_number("split", split)
    if split is not None and not 0 < split < 1:
        raise InputError(f"split must be a share between 0 and 1, not {split}")
    check_between("draws", draws, 100, MAX_DRAWS)
    check_between("seed", seed, 0, 2**63)
    log = ReadLog()
    pricer = Pricer(PriceBook.of(rates))
    tasks, unknown = _tasks(paths, user, pause, pricer, log, told)
    if not tasks:
        raise InputError("no use of known cost and time in this history")
    first, last = min(day for day, _ in tasks), max(day for day, _ in tasks)
    span = (last - first).days + 1
    cuts = list(range(MIN_FITTED_DAYS, span - MIN_FORECAST_DAYS + 1, _WEEK))
    if split is not None:
        cuts = [cut for cut in [round(span * split)] if cut >= MIN_FITTED_DAYS and span - cut >= MIN_FORECAST_DAYS]
    if not cuts:
        raise InputError(
            f"the history has {span:,} days; to forecast a part of it takes at least {MIN_FITTED_DAYS} days to fit and "
            f"{MIN_FORECAST_DAYS} to forecast"
        )
    by_day: list[list[float]] = [[] for _ in range(span)]
    for day, credits in tasks:
        by_day[(day - first).days].append(credits)
    trials = tuple(
        _trial(by_day, first, cut, MAX_FORECAST_DAYS if split is None else span, draws, (seed, (place,)))
        for place, cut in enumerate(cuts)
    )
    actual = sum((each.actual for each in trials), Decimal(0))
    return Backtest(
        first_day=first,
        last_day=last,
        tasks=len(tasks),
        credits=figure(sum(credits for _, credits in tasks)),
        trials=trials,
        coverage=tuple((percent, share_of(fmean(each.covered(percent) for each in trials))) for percent in INTERVALS),
        crps=figure(fmean(float(each.crps) for each in trials)),
        line_crps=figure(fmean(float(each.line_crps) for each in trials)),
        bias=_bias([each.mean for each in trials], actual),
        line_bias=_bias([each.line for each in trials], actual),
        seed=seed,
        draws=draws,
        rates=pricer.rates,
        notices=tuple(_notices(log, unknown, len(trials))),
    )


def _bias(forecasts: Sequence[Decimal], actual: Decimal) -> Decimal:
    return share_of(float(sum(forecasts)) / float(actual) - 1) if actual else Decimal(0)


def _notices(log: ReadLog, unknown: int, trials: int) -> Iterator[Notice]:
    if unknown:
        yield Notice("unpriced", f"left out: {count_of(unknown, 'record')} of unknown cost or time")
    yield from log.notices()
    if trials < 20:
        yield Notice("few_trials", f"too few to tell whether the chances are right: {count_of(trials, 'forecast')}")
    if trials > 1:
        yield Notice("overlapping_trials", "the forecasts overlap in time, so they are not independent of each other")


def _tasks(
    paths: "Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None",
    user: str | None,
    pause: timedelta,
    pricer: Pricer,
    log: ReadLog,
    told: "Callable[[str, int], object] | None",
) -> tuple[list[tuple[date, float]], int]:
    """The day and the credits of each task, and how many records have no known cost or time."""
    calls: list[UsageEntry] = []
    days: dict[tuple[str | None, date], float] = {}
    unknown = 0
    for entry in read_usage(listed_paths(paths), log, None, told):
        if not entry.billed or (user is not None and entry.user != user):
            continue
        cost = pricer.price(entry).preferred
        if cost is None or entry.time is None:
            unknown += entry.records
        elif entry.requests:
            calls.append(replace(entry, reported_nano_aiu=round(cost)))
        else:
            key = (entry.user, entry.time.date())
            days[key] = days.get(key, 0.0) + float(cost) / 1e9
    found = [(task.start.date(), task.nano_aiu / 1e9) for task in tasks_of(calls, pause)]
    found += [(day, credits) for (_, day), credits in days.items()]
    return [each for each in found if each[1] > 0], unknown


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What the first part of a history says: habits but for the calendar, credits of a mean task, how sure the level is."""

    tasks_per_day: float
    on_weekday: float
    on_weekend: float
    tasks_cv: float
    sigma: float
    week_sigma: float
    level_sigma: float
    task_credits: float

    def habits(self, first: date, days: int) -> Habits:
        """The habits for some days of the calendar."""
        weekdays = [(first + timedelta(days=day)).weekday() for day in range(days)]
        return Habits(
            size=TaskSize(self.sigma, 0.0),
            tasks_per_day=self.tasks_per_day,
            day_chances=tuple(self.on_weekday if each < 5 else self.on_weekend for each in weekdays),
            first_weekday=weekdays[0],
            tasks_cv=self.tasks_cv,
            week_sigma=self.week_sigma,
        )


def _fit(by_day: Sequence[Sequence[float]], first: date) -> _Fitted:
    """Fit the days of a history, the first of which is `first`."""
    is_weekend = [(first + timedelta(days=day)).weekday() >= 5 for day in range(len(by_day))]
    active = [len(tasks) for tasks in by_day if tasks]
    sizes = [credits for tasks in by_day for credits in tasks]
    chances = []
    for weekend in (False, True):
        worked = [bool(tasks) for tasks, each in zip(by_day, is_weekend, strict=True) if each is weekend]
        chances.append(fmean(worked) if worked else 0.0)
    weeks = whole_weeks([sum(tasks) for tasks in by_day])
    tasks_cv = variation_beyond_chance(active) or 0.0
    per_week = _WEEK / len(by_day)
    chance = chance_of_a_week(len(sizes) * per_week, len(active) * per_week, tasks_cv, sizes)
    return _Fitted(
        tasks_per_day=fmean(active) if active else 0.0,
        on_weekday=chances[0],
        on_weekend=chances[1],
        tasks_cv=tasks_cv,
        sigma=min(MAX_SIGMA, sigma_of(sizes) or 0.0),
        week_sigma=sigma_of_levels(weeks, chance) or 0.0,
        level_sigma=sigma_of_mean(weeks) or 0.0,
        task_credits=fmean(sizes) if sizes else 0.0,
    )


def _trial(
    by_day: Sequence[Sequence[float]], first: date, cut: int, most: int, draws: int, seed: "tuple[int, tuple[int, ...]]"
) -> Trial:
    rest = by_day[cut : cut + most]
    days, start = len(rest), first + timedelta(days=cut)
    fitted = _fit(by_day[:cut], first)
    actual = float(sum(map(sum, rest)))
    line = float(sum(map(sum, by_day[:cut]))) / cut * days
    found = _forecast(fitted, start, days, draws, seed)
    ends = sorted({end for pair in _ENDS.values() for end in pair} | {50})
    return Trial(
        fitted_until=start - timedelta(days=1),
        days=days,
        actual=figure(actual),
        mean=figure(found.mean()),
        percentiles={end: figure(np.quantile(found, end / 100)) for end in ends},
        line=figure(line),
        crps=figure(ranked_probability_score(found, actual)),
        line_crps=figure(abs(line - actual)),
    )


def _forecast(fitted: _Fitted, first: date, days: int, draws: int, seed: "tuple[int, tuple[int, ...]]") -> "Floats":
    """Possible totals of the days to come."""
    habits = fitted.habits(first, days)
    levels = lognormal(generator(seed, 0), fitted.level_sigma, (draws,))
    tables = SumTables(habits.size, (), (seed[0], (*seed[1], 1)))
    sums = person_months(habits, tables, levels, generator(seed, 2))
    found: Floats = sums[:, :, 0, 0].sum(axis=1) * fitted.task_credits
    return found


def ranked_probability_score(draws: "Floats", actual: float) -> float:
    """The continuous ranked probability score of a sample: its mean distance from what came, less half of that in itself.

    It has the unit of the draws; for a single value it is the distance from what came.

    >>> import numpy as np
    >>> ranked_probability_score(np.array([1.0, 3.0]), 2.0)
    0.5
    """
    ordered = np.sort(draws)
    count = len(ordered)
    within = float(((2 * np.arange(1, count + 1) - count - 1) * ordered).sum()) / count**2
    return float(np.abs(ordered - actual).mean()) - within
