"""A forecast held against limits and against an earlier answer: what a pipeline asks before a change is merged."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from costcalc.errors import InputError, check_type
from costcalc.estimation import Estimate, checked_usd
from costcalc.files import whole_file
from costcalc.forecasting.horizon import PLANNED
from costcalc.forecasting.outlook import Forecast, MonthOutlook, Outlook
from costcalc.notices import Notice, distinct
from costcalc.pricing.rate import Rate, claims_line
from costcalc.saved import Saved, SavedMonth, SavedRate, check_replaceable
from costcalc.showing.display import Part, Result, Table, count_of, json_text, number, usd
from costcalc.units import EXACT, canonical, plain, ratio

Figure = Literal["expected_usd", "estimate_usd", "p90_usd", "credits"]
FIGURES: Final[dict[Figure, str]] = {
    "expected_usd": "expected bill, USD",
    "estimate_usd": "bill of the expected month, USD",
    "p90_usd": "bill in 9 of 10 months at most (p90), USD",
    "credits": "expected use, credits",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit held against one month of one option, in US dollars.

    `figure` names what was held against it, and `error_usd` is the half-width of its 95 % interval, which comes from the
    number of draws.
    """

    limit: Literal["max_usd", "max_p90_usd", "max_increase"]
    option: str
    month: str
    figure: Figure
    limit_usd: Decimal
    actual_usd: Decimal
    error_usd: Decimal

    @property
    def passed(self) -> bool:
        """Whether it holds. The error of the draws decides nothing."""
        return self.actual_usd <= self.limit_usd

    @property
    def too_close(self) -> bool:
        """Whether other draws could decide otherwise."""
        return abs(EXACT.subtract(self.actual_usd, self.limit_usd)) <= self.error_usd and bool(self.error_usd)

    def to_dict(self) -> dict[str, Any]:
        """The limit as machine output holds it."""
        return {
            "limit": self.limit,
            "option": self.option,
            "month": self.month,
            "figure": self.figure,
            "limit_usd": plain(self.limit_usd),
            "actual_usd": plain(self.actual_usd),
            "error_usd": plain(self.error_usd),
            "passed": self.passed,
            "too_close": self.too_close,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of one month of one option, in the baseline and now, in US dollars or credits."""

    option: str
    month: str
    figure: Figure
    before: Decimal
    now: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more it is now."""
        return canonical(EXACT.subtract(self.now, self.before))

    @property
    def share(self) -> Decimal | None:
        """The same as a share of the baseline's figure; None where that is 0."""
        return ratio(self.difference, self.before, 6) if self.before else None

    def to_dict(self) -> dict[str, Any]:
        """The difference as machine output holds it."""
        return {
            "option": self.option,
            "month": self.month,
            "figure": self.figure,
            "before": plain(self.before),
            "now": plain(self.now),
            "difference": plain(self.difference),
            "difference_share": None if self.share is None else plain(self.share),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """Something else that differs from the baseline, and may be why: `what` it is, of which `name` where there are several.

    Numbers are in plain notation; None is what is not there, or not known.
    """

    what: str
    name: str
    before: str | None
    now: str | None

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return f"{self.what}: {self.name}" if self.name else self.what

    def to_dict(self) -> dict[str, Any]:
        """The change as machine output holds it."""
        return {"what": self.what, "name": self.name, "before": self.before, "now": self.now}


@dataclass(frozen=True, slots=True, repr=False)
class Check(Result):
    """A forecast held against limits, and against a baseline if there is one.

    `max_increase` is a share of the baseline's bill. `differences` and `changes` are against the baseline.
    """

    kind: ClassVar[str] = "check"

    forecast: Forecast
    max_usd: Decimal | None
    max_p90_usd: Decimal | None
    max_increase: Decimal | None
    limits: tuple[Limit, ...]
    baseline: Saved | None
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    notices: tuple[Notice, ...]

    @property
    def passed(self) -> bool:
        """Whether every limit holds, for every option in every month."""
        return not self.broken

    @property
    def broken(self) -> tuple[Limit, ...]:
        """The limits that do not hold."""
        return tuple(limit for limit in self.limits if not limit.passed)

    def rates_used(self) -> Iterator[Rate]:
        yield from self.forecast.rates_used()

    def body(self) -> dict[str, Any]:
        def stated(value: Decimal | None) -> str | None:
            return None if value is None else plain(value)

        saved = self.baseline
        return {
            "passed": self.passed,
            "max_usd": stated(self.max_usd),
            "max_p90_usd": stated(self.max_p90_usd),
            "max_increase": stated(self.max_increase),
            "limits": [limit.to_dict() for limit in self.limits],
            "baseline": None
            if saved is None
            else {
                "name": saved.name,
                "kind": saved.kind,
                "work": saved.work,
                "on": saved.on.isoformat(),
                "seed": saved.seed,
                "draws": saved.draws,
                "differences": [each.to_dict() for each in self.differences],
                "changes": [each.to_dict() for each in self.changes],
            },
            **self.forecast.body(),
        }

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write the JSON document to a file, whole or not at all, to be the baseline of a later check.

        A document that costcalc wrote is replaced. Raises `InputError` for any other file that is there already, and for
        what cannot be written.
        """
        check_replaceable(path)
        with whole_file(path, replace=True) as file:
            file.write(f"{json_text(self.to_dict())}\n")

    def parts(self) -> Iterator[Part]:
        found = self.forecast
        ahead = len(found.options[0].months) > 1

        def row(option: str, month: str) -> tuple[str, ...]:
            return (option, month) if ahead else (option,)

        if self.limits:
            yield Table(
                ("limit", *row("option", "month"), "at most", "is", "verdict"),
                tuple(
                    (
                        self._words(each),
                        *row(each.option, each.month),
                        usd(each.limit_usd),
                        usd(each.actual_usd),
                        ("ok" if each.passed else "BROKEN") + (", too close to call" if each.too_close else ""),
                    )
                    for each in self.limits
                ),
                self._verdict(),
            )
        else:
            yield self._verdict()
        yield Table(
            (*row("option", "month"), "expected bill", "p50", "p90", "expected credits"),
            tuple(
                (
                    *row(option.option, month.month),
                    usd(month.total_usd.mean),
                    usd(month.total_usd[50]),
                    usd(month.total_usd[90]),
                    month.credits.mean,
                )
                for option in found.options
                for month in option.months
            ),
            f"{found.options[0].months[0].month}: {found.work}, {found.draws:,} possible months, seed {found.seed}, "
            f"prices of {found.on}",
        )
        if self.baseline is not None:
            yield Table(
                (*row("option", "month"), "figure", "before", "now", "difference", "in %"),
                tuple(
                    (
                        *row(each.option, each.month),
                        FIGURES[each.figure],
                        each.before,
                        each.now,
                        each.difference,
                        None if each.share is None else _percent(each.share),
                    )
                    for each in self.differences
                ),
                f"Against {self.baseline.name}: {self.baseline.kind} of {self.baseline.work}, prices of {self.baseline.on}",
            )
            if self.changes:
                yield Table(
                    ("what", "before", "now"),
                    tuple((each.words, _cell(each.before), _cell(each.now)) for each in self.changes),
                    "What else differs",
                )
        yield from claims_line(_believed(found))

    def _verdict(self) -> str:
        if not self.limits:
            return "No limit was set: the figures are for information."
        if self.passed:
            return f"Passed: {'the limit holds' if len(self.limits) == 1 else f'all {len(self.limits)} limits hold'}."
        return f"Broken: {len(self.broken)} of {count_of(len(self.limits), 'limit')}."

    def _words(self, limit: Limit) -> str:
        words = FIGURES[limit.figure].removesuffix(", USD")
        if limit.limit == "max_increase":
            assert self.max_increase is not None
            return f"{words}, {number(self.max_increase * 100)} % above the baseline"
        return words

    def rows(self) -> list[dict[str, Any]]:
        known = {(each.option, each.month, each.figure): each for each in self.differences}
        rows = []
        for option in self.forecast.options:
            for month in option.months:
                place = (option.option, month.month)
                bill = known.get((*place, "expected_usd")) or known.get((*place, "estimate_usd"))
                rows.append(
                    {
                        "option": option.option,
                        "month": month.month,
                        "people": month.people,
                        "credits": month.credits.mean,
                        "expected_usd": month.total_usd.mean,
                        "p50_usd": month.total_usd[50],
                        "p90_usd": month.total_usd[90],
                        "compared": None if bill is None else bill.figure,
                        "before_usd": None if bill is None else bill.before,
                        "difference_usd": None if bill is None else bill.difference,
                        "broken": " ".join(each.limit for each in self.broken if (each.option, each.month) == place),
                    }
                )
        return rows

    def columns(self) -> dict[str, type]:
        return {"compared": str, "before_usd": Decimal, "difference_usd": Decimal}


def check(
    forecast: Forecast,
    *,
    max_usd: "Decimal | int | str | None" = None,
    max_p90_usd: "Decimal | int | str | None" = None,
    max_increase: "Decimal | int | str | None" = None,
    baseline: "Saved | Check | Forecast | Estimate | str | os.PathLike[str] | None" = None,
) -> Check:
    """Whether a forecast keeps to limits, and how it differs from an earlier answer.

    Every option of the forecast has to keep to every limit in every month: `max_usd` is of the expected bill (the mean of
    the possible months, which under an allowance is more than the bill of the mean month), `max_p90_usd` of the bill that
    nine months of ten stay within, both in US dollars; `max_increase` is by which share the expected bill may exceed that
    of the baseline: `"0.1"` is 10 %.

    The `baseline` is an earlier check, forecast or estimate, or the path of its JSON document. Options are those of the
    same text; where there is a single one on both sides it is held against the other, whatever it was. Months are compared
    in order. Of an estimate, which has no distribution, the bill of the expected month is compared with that of now.

    Raises `InputError` for a document that cannot be used, and for an increase that cannot be told.

    >>> from datetime import date
    >>> from costcalc import forecast
    >>> month = forecast("interactive_ide", "copilot/gpt-5-mini@pro", on=date(2026, 11, 24), draws=1_000)
    >>> result = check(month, max_usd=11, max_p90_usd="10.50")
    >>> result.passed, [limit.passed for limit in result.limits]
    (True, [True, True])
    """
    if not isinstance(forecast, Forecast):
        raise InputError("check takes a forecast, such as check(forecast('team.toml'), max_usd=2_000)")
    most = None if max_usd is None else checked_usd("max_usd", max_usd)
    most_p90 = None if max_p90_usd is None else checked_usd("max_p90_usd", max_p90_usd)
    increase = None if max_increase is None else _checked_increase(max_increase)
    if increase is not None and baseline is None:
        raise InputError("a largest increase needs a baseline: an increase over what?")
    saved = _loaded(baseline)
    notices: list[Notice] = []
    differences: list[Difference] = []
    changes: tuple[Change, ...] = ()
    if saved is not None:
        pairs = _paired(forecast, saved)
        differences = [each for pair in pairs for each in _differences(*pair, saved)]
        changes = tuple(_changes(forecast, saved, pairs))
        notices += _baseline_notices(forecast, saved, pairs)
    limits = []
    for option in forecast.options:
        for month in option.months:
            place, total = (option.option, month.month), month.total_usd
            if most is not None:
                limits.append(Limit("max_usd", *place, "expected_usd", most, total.mean, total.errors["mean"]))
            if most_p90 is not None:
                limits.append(Limit("max_p90_usd", *place, "p90_usd", most_p90, total[90], total.errors["p90"]))
            if increase is not None and saved is not None:
                limits.append(_increase_limit(forecast, saved, differences, option, month, increase))
    notices += _limit_notices(forecast, limits)
    return Check(
        forecast, most, most_p90, increase, tuple(limits), saved, tuple(differences), changes,
        distinct((*notices, *forecast.notices)),
    )  # fmt: skip


def _checked_increase(value: "Decimal | int | str") -> Decimal:
    check_type("max_increase", value, (int, float, Decimal, str), "a share such as 0.1")
    try:
        share = Decimal(value)
    except ArithmeticError:
        raise InputError(f"max_increase must be a share such as 0.1, not {value!r:.40}") from None
    if not (share.is_finite() and 0 <= share <= 1_000):
        raise InputError(f"max_increase must be a share from 0 to 1,000, not {share}")
    return share


def _loaded(baseline: "Saved | Result | str | os.PathLike[str] | None") -> Saved | None:
    if baseline is None or isinstance(baseline, Saved):
        return baseline
    return Saved.of(baseline) if isinstance(baseline, Result) else Saved.load(baseline)


def _paired(found: Forecast, saved: Saved) -> list[tuple[Outlook, str]]:
    """The options that can be compared, each with the text of the baseline's. Raises `InputError` if there is none."""
    if len(found.options) == len(saved.options) == 1:
        return [(found.options[0], next(iter(saved.options)))]
    pairs = [(option, option.option) for option in found.options if option.option in saved.options]
    if not pairs:
        known = ", ".join(list(saved.options)[:10])
        raise InputError(f"{saved.name} has none of the options that are checked; it has {known}")
    return pairs


def _months(option: Outlook, name: str, saved: Saved) -> Iterator[tuple[MonthOutlook, SavedMonth]]:
    """The months of an option with those of the baseline, in order, as far as both go."""
    yield from zip(option.months, saved.options[name], strict=False)


def _differences(option: Outlook, name: str, saved: Saved) -> Iterator[Difference]:
    """What one option costs and uses, before and now."""
    for month, before in _months(option, name, saved):
        figures: list[tuple[Figure, Decimal | None, Decimal | None]] = [
            ("expected_usd", before.expected_usd, month.total_usd.mean),
            ("estimate_usd", before.estimate_usd, _estimate_usd(month)),
            ("p90_usd", before.p90_usd, month.total_usd[90]),
            ("credits", before.credits, month.credits.mean),
        ]
        for figure, earlier, now in figures:
            if earlier is not None and now is not None:
                yield Difference(option.option, month.month, figure, earlier, canonical(now))


def _estimate_usd(month: MonthOutlook) -> Decimal | None:
    """The bill of the expected month, as `costcalc.estimate` has it; None for several groups or models."""
    return month.expected[0].total_usd if len(month.expected) == 1 else None


def _increase_limit(
    found: Forecast,
    saved: Saved,
    differences: list[Difference],
    option: Outlook,
    month: MonthOutlook,
    increase: Decimal,
) -> Limit:
    place = (option.option, month.month)
    for each in differences:
        if (each.option, each.month) == place and each.figure in ("expected_usd", "estimate_usd"):
            allowed = canonical(EXACT.multiply(each.before, EXACT.add(increase, Decimal(1))))
            # On the same draws, what differs is not the draws.
            drawn_alike = each.figure == "estimate_usd" or (saved.seed, saved.draws) == (found.seed, found.draws)
            error = Decimal(0) if drawn_alike else month.total_usd.errors["mean"]
            return Limit("max_increase", *place, each.figure, allowed, each.now, error)
    raise InputError(
        f"{saved.name}, a document of kind {saved.kind}, has no bill to compare {option.option} in {month.month} with; "
        "save a check or a forecast of the same options and months, or leave the largest increase out"
    )


def _changes(found: Forecast, saved: Saved, pairs: list[tuple[Outlook, str]]) -> Iterator[Change]:
    """What differs but for the figures, as far as both tell it."""
    now = Saved.of(found)
    one = found.options[0].months[0].expected[0]
    work = one.profile.name if saved.kind == "estimate" else now.work
    plain_facts = [
        ("work", "", saved.work, work),
        ("work", "expected tasks a month", f"{saved.tasks:.10g}", f"{now.tasks:.10g}"),
        *(
            ("work", f"{kind} tokens of a mean task", str(saved.task_tokens[kind]), str(count))
            for kind, count in now.task_tokens.items()
            if kind in saved.task_tokens
        ),
        ("basis", "", saved.basis, now.basis),
    ]
    if saved.kind == "estimate":  # the others say it in their work
        plain_facts.append(("work", "people", str(saved.people), str(now.people)))
    for option, name in pairs:
        plain_facts.append(("option", "", name, option.option))
    for what, name, before, after in plain_facts:
        if before != after:
            yield Change(what, name, before, after)
    if saved.kind != "estimate":
        if PLANNED in saved.options and PLANNED in now.options:
            yield from _group_changes(saved, now)
        for (group, spread), value in now.spread.items():
            earlier = saved.spread.get((group, spread))
            if earlier is not None and earlier != value:
                yield Change("spread", f"{spread} of {group}", plain(earlier), plain(value))
        known = tuple(None if until is None else until.isoformat() for until in (saved.known_until, now.known_until))
        if known[0] != known[1]:
            yield Change("use so far", "known until", *known)
    believed = {rate.id for rate in _believed(found)}
    yield from _price_changes(saved.rates, [rate for rate in now.rates if rate.id in believed])


def _group_changes(saved: Saved, now: Saved) -> Iterator[Change]:
    """Groups of a team that came or went, their people and profile, and how their tasks are shared out."""
    for name in dict.fromkeys((*saved.groups, *now.groups)):
        before, after = saved.groups.get(name), now.groups.get(name)
        if before is None or after is None:
            people = (None if each is None else str(each.people) for each in (before, after))
            yield Change("group", f"people of {name}", *people)
            continue
        if before.people != after.people:
            yield Change("group", f"people of {name}", str(before.people), str(after.people))
        if before.profile != after.profile:
            yield Change("group", f"profile of {name}", before.profile, after.profile)
        for option in dict.fromkeys((*before.shares, *after.shares)):
            shares = [each.shares.get(option) for each in (before, after)]
            if shares[0] != shares[1]:
                words = (None if each is None else plain(each) for each in shares)
                yield Change("group", f"share of {option} in {name}", *words)


def _price_changes(before: tuple[SavedRate, ...], now: list[SavedRate]) -> Iterator[Change]:
    """Prices that are not what they were, models that came or went."""
    by_id = {rate.id: rate for rate in before}
    for rate in now:
        route, model, *_ = rate.claim
        label = f"{route}/{model}"
        same = [each for each in before if each.claim == rate.claim]
        earlier = by_id.get(rate.id) or (same[-1] if same else None)
        if earlier is None:
            others = [each.id for each in before if each.claim[:2] == (route, model)]
            yield Change("price", f"{label}, the claim believed", others[0] if len(others) == 1 else None, rate.id)
            continue
        for kind, price in rate.usd_per_mtok.items():
            was = earlier.usd_per_mtok.get(kind)
            if was != price:
                name = f"{label}, {kind}, USD per million ({rate.claim[-1]})"
                yield Change("price", name, *(None if each is None else plain(each) for each in (was, price)))
    models = {rate.claim[:2] for rate in now}
    for gone in dict.fromkeys(rate.claim[:2] for rate in before):
        if gone not in models:
            yield Change("price", f"{'/'.join(gone)}, the model used", "/".join(gone), None)


def _believed(found: Forecast) -> list[Rate]:
    """The rates that the bills of the options rest on, without those of claims that are not believed."""
    used = (each.rate for option in found.options for month in option.months for each in month.expected)
    return list({rate.id: rate for rate in used}.values())


def _baseline_notices(found: Forecast, saved: Saved, pairs: list[tuple[Outlook, str]]) -> Iterator[Notice]:
    """What keeps the two from being compared like with like."""
    drawn = (saved.seed, saved.draws)
    if saved.kind != "estimate" and drawn != (found.seed, found.draws):
        message = f"{saved.name} was drawn with seed {saved.seed}, {saved.draws:,} draws: the differences hold the error of both"
        yield Notice("other_draws", message)
    if saved.kind == "estimate":
        message = f"{saved.name} is an estimate: compared is the bill of the expected month, and no percentile"
        yield Notice("baseline_is_estimate", message)
    compared = {option.option for option, _ in pairs}
    for option in found.options:
        if option.option not in compared:
            yield Notice("not_in_baseline", f"{option.option} is not in {saved.name}; it is compared with nothing")
    for option, name in pairs:
        if len(option.months) > len(saved.options[name]):
            months = len(saved.options[name])
            yield Notice(
                "fewer_months", f"{saved.name} has {count_of(months, 'month')}; later ones are compared with nothing"
            )
        if option.months[0].month != saved.options[name][0].month:
            message = (
                f"{saved.name} begins with {saved.options[name][0].month}, this with {option.months[0].month}: "
                "months are compared in order"
            )
            yield Notice("other_month", message)
        if all(each.figure == "credits" for each in _differences(option, name, saved)):
            yield Notice("no_bill_compared", f"{saved.name} states no bill that {option.option} has too")


def _limit_notices(found: Forecast, limits: list[Limit]) -> Iterator[Notice]:
    """What to know before a verdict is believed."""
    for each in limits:
        if each.too_close:
            message = (
                f"{each.limit}: {usd(each.actual_usd)} of {each.option} in {each.month} is within "
                f"{usd(each.error_usd)} of the limit, the error of {found.draws:,} draws: too close to call; draw more"
            )
            yield Notice("limit_within_error", message)
    for option in found.options:
        for month in option.months:
            if month.blocked_probability:
                message = (
                    f"{option.option}: limits of the account block work in {_percent(month.blocked_probability)} % of the "
                    f"months that {month.month} may be; the bill is not for all of the work"
                )
                yield Notice("work_blocked", message)


def _cell(value: str | None) -> str | None:
    """A value of a change for a person: numbers with their thousands separated."""
    return number(int(value)) if value is not None and value.isdecimal() else value


def _percent(share: Decimal) -> Decimal:
    """A share in percent, to two decimals."""
    return ratio(share * 100, Decimal(1), 2)
