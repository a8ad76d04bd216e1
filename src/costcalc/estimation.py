"""The expected month: a way of working, priced on a route, and the bill under a plan.

`Option` says how the work is done (route, model, plan and so on); `estimate_option` is the one rule that turns a
profile and an option into a month. `compare` uses it for each option and each claim.
"""

import calendar
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

from costcalc.billing.account import Account
from costcalc.billing.bill import Bill, bill_without_plan, monthly_bill
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.statement import expected_bill
from costcalc.errors import InputError, check_flag, check_known, check_number, check_type, unknown_name
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook, checked_day
from costcalc.pricing.catalog import STANDARD
from costcalc.pricing.rate import KindCost, Rate, claims_line, total_usd
from costcalc.quote import chosen_modifiers, cost_table, kind_chart, rate_line
from costcalc.showing.charts import Chart
from costcalc.showing.display import Cell, Part, Result, Table, count_of, number, usd
from costcalc.showing.texts import assumption_words
from costcalc.tokens import KINDS
from costcalc.units import EXACT, canonical, credits_of_usd, json_number, nearest_whole, plain, usd_of_credits
from costcalc.workload.benchmark import STATED, checked_factor, token_factor_of
from costcalc.workload.profile import Number, SessionProfile

MAX_DEVELOPERS: Final = 10_000_000

_GRAMMAR: Final = "ROUTE/MODEL[@PLAN][,KEY=VALUE…] with keys tokens, service_tier, basis, auto, data_residency"


@dataclass(frozen=True, slots=True)
class Option:
    """One way to get the work done: a model on a route, perhaps under a plan.

    `token_factor` multiplies the profile's tokens for a model that needs more or fewer of them per task (a number you
    state, or taken from a benchmark with `Option.parse("…,tokens=swe-bench-verified")`); `factor_note` says where it
    is from, and is empty where nobody stated one. `basis` overrides the basis of the estimate for this option alone.

    >>> str(Option.parse("copilot/mai-code-1-flash@pro,tokens=0.4"))
    'copilot/mai-code-1-flash@pro,tokens=0.4'
    """

    route: str
    model: str
    plan: str | None = None
    service_tier: str = STANDARD
    basis: str | None = None
    auto: bool = False
    data_residency: bool = False
    token_factor: Decimal = Decimal(1)
    factor_note: str = field(default="", compare=False)
    factor_baseline: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token_factor", checked_factor(self.token_factor))
        if self.token_factor != 1 and not self.factor_note:
            object.__setattr__(self, "factor_note", STATED)

    def resolved(self, book: PriceBook) -> "Option":
        """The same option with the ids of its model and plan. Raises `UnknownNameError` for a name it does not know."""
        check_known("route", self.route, book.routes)
        plan = None if self.plan is None else plan_named(self.plan).id
        return replace(self, model=book.model(self.model).id, plan=plan)

    @classmethod
    def parse(cls, text: str, book: PriceBook | None = None) -> "Option":
        """The option that `ROUTE/MODEL[@PLAN][,KEY=VALUE…]` stands for.

        Raises `InputError` if the text is not of that form, `UnknownNameError` for a name in it that is not known.
        """
        way, *settings = (part.strip() for part in text.split(","))
        route, slash, rest = way.partition("/")
        model, at, plan = rest.partition("@")
        if not slash or not route or not model or (at and not plan):
            raise InputError(f"option {text!r:.80} is not of the form {_GRAMMAR}")
        book = PriceBook.of(book)
        if route not in book.routes:
            raise unknown_name("route", route, book.routes, f"in option {text!r:.80}")
        values: dict[str, Any] = {}
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals or not value or key in values:
                raise InputError(f"option {text!r:.80}: {setting!r:.40} is not one KEY=VALUE; the form is {_GRAMMAR}")
            values[key] = value
        option = cls(route, book.model(model).id, plan_named(plan).id if plan else None)
        for key, value in values.items():
            option = option._with_setting(key, value, text)
        return option

    def with_token_factor(self, factor: "Number") -> "Option":
        """The same option with a token factor: a number above 0, or the id of a benchmark."""
        found = token_factor_of(factor, self.model)
        return replace(self, token_factor=found.factor, factor_note=found.note, factor_baseline=found.baseline)

    def _with_setting(self, key: str, value: str, text: str) -> "Option":
        if key == "tokens":
            return self.with_token_factor(value)
        if key == "service_tier":
            return replace(self, service_tier=value)
        if key == "basis":
            return replace(self, basis=value)
        if key in ("auto", "data_residency"):
            if value not in ("true", "false"):
                raise InputError(f"option {text!r:.80}: {key} is true or false, not {value!r:.40}")
            return (
                replace(self, auto=value == "true") if key == "auto" else replace(self, data_residency=value == "true")
            )
        raise unknown_name("option key", key, ("tokens", "service_tier", "basis", "auto", "data_residency"))

    def __str__(self) -> str:
        parts = [f"{self.route}/{self.model}" + (f"@{self.plan}" if self.plan else "")]
        if self.token_factor != 1:
            parts.append(f"tokens={plain(self.token_factor)}")
        if self.service_tier != STANDARD:
            parts.append(f"service_tier={self.service_tier}")
        if self.basis:
            parts.append(f"basis={self.basis}")
        parts += [f"{name}=true" for name in ("auto", "data_residency") if getattr(self, name)]
        return ",".join(parts)


@dataclass(frozen=True, slots=True)
class Month:
    """The expected use of a calendar month. `tokens` are means by kind, in the order of `KINDS`."""

    tasks: Decimal
    requests: Decimal
    tokens: tuple[Decimal, Decimal, Decimal, Decimal]
    usd: Decimal
    credits: Decimal

    def to_dict(self) -> dict[str, Any]:
        """The month as machine output holds it."""
        return {
            "tasks": json_number(self.tasks),
            "requests": json_number(self.requests),
            "tokens": {kind: nearest_whole(count) for kind, count in zip(KINDS, self.tokens, strict=True)},
            "usd": plain(self.usd),
            "credits": plain(self.credits),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(Result):
    """An expected calendar month of a profile on one option: use, its cost by token kind, and the bill.

    `per_task_usd` is the mean cost of one task. Real months spread around the expected one.
    """

    kind: ClassVar[str] = "estimate"

    profile: SessionProfile
    option: Option
    developers: int
    on: date
    basis: str
    rate: Rate
    month: Month
    by_kind: tuple[KindCost, ...]
    per_task_usd: Decimal
    bill: Bill
    notices: tuple[Notice, ...]

    @property
    def total_usd(self) -> Decimal | None:
        """The month's bill in US dollars; None where the plan's allowance is not known."""
        return self.bill.total_usd

    @property
    def known_total_usd(self) -> Decimal:
        """The month's bill in US dollars. Raises `InputError` where it is not known."""
        if self.total_usd is None:
            raise InputError(
                f"option {self.option}: the credits included in plan {self.option.plan} are not known, so neither is its bill"
            )
        return self.total_usd

    @property
    def credits(self) -> Decimal:
        """The month's use in AI credits, before any allowance."""
        return self.month.credits

    def rates_used(self) -> Iterator[Rate]:
        yield self.rate

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "option": str(self.option),
            "model": self.option.model,
            "route": self.option.route,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "developers": self.developers,
            "token_factor": plain(self.option.token_factor),
            "month": self.month.to_dict(),
            "per_task": {"usd": plain(self.per_task_usd), "credits": plain(credits_of_usd(self.per_task_usd))},
            "by_kind": [line.to_dict() for line in self.by_kind],
            "bill": self.bill.to_dict(),
        }

    def parts(self) -> Iterator[Part]:
        bill = self.bill
        total = "an unknown amount" if bill.total_usd is None else usd(bill.total_usd)
        yield f"{total} in an expected month: {self.option} for {work_words(self.profile, self.developers, self.on)}"
        yield cost_table(self.by_kind, f"Use: {number(self.month.credits)} credits, {usd(self.month.usd)}")
        if bill.seats:
            yield bill_table(bill)
        yield f"A task costs {usd(self.per_task_usd)} ({plain(credits_of_usd(self.per_task_usd))} credits) on average."
        yield rate_line(self.rate)

    def charts(self) -> tuple[Chart, ...]:
        bill = self.bill
        caption = [f"An expected month of {work_words(self.profile, self.developers, self.on)}."]
        total = "an unknown amount" if bill.total_usd is None else usd(bill.total_usd)
        if bill.total_usd is None:
            caption.append(f"The credits included in plan {bill.plan} are not known; shown is the use alone.")
        caption += claims_line(self.rates_used())
        title = f"{total} in an expected month: {self.option}"
        return (kind_chart(title, self.by_kind, tuple(caption), self._bill_steps()),)

    def _bill_steps(self) -> tuple[tuple[str, str, Decimal], ...]:
        """From the use to the bill: what each step is called, its series, and what it adds. Nothing without a plan."""
        bill = self.bill
        if bill.total_usd is None or not bill.seats:
            return ()
        steps = (
            ("included credits", "the plan", -usd_of_credits(bill.included_used_credits or Decimal(0))),
            ("blocked by limits", "the plan", -usd_of_credits(bill.blocked_credits or Decimal(0))),
            ("seats", "the plan", bill.seat_usd),
        )
        return tuple(step for step in steps if step[2])

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "profile": self.profile.name,
                "option": str(self.option),
                "on": self.on,
                "developers": self.developers,
                "tasks": self.month.tasks,
                "requests": self.month.requests,
                **{kind: nearest_whole(count) for kind, count in zip(KINDS, self.month.tokens, strict=True)},
                "credits": self.month.credits,
                "usd": self.month.usd,
                "per_task_usd": self.per_task_usd,
                "seats": self.bill.seats,
                "seat_usd": self.bill.seat_usd,
                "included_credits": self.bill.included_credits,
                "included_used_credits": self.bill.included_used_credits,
                "metered_credits": self.bill.metered_credits,
                "metered_usd": self.bill.metered_usd,
                "total_usd": self.bill.total_usd,
                "rate_id": self.rate.id,
                "status": self.rate.status,
            }
        ]

    def columns(self) -> dict[str, type]:
        money = ("included_credits", "included_used_credits", "metered_credits", "metered_usd", "total_usd")
        return {"seats": int, **dict.fromkeys(money, Decimal)}


def work_words(profile: SessionProfile, developers: int, on: date) -> str:
    """The work of a month in a few words."""
    per = profile.per if developers == 1 else f"{profile.per}s"
    return (
        f"{profile.name}, {developers:,} {per}, {number(profile.tasks_per_day)} tasks a day on "
        f"{number(profile.active_days)} days, prices of {on}"
    )


def bill_table(bill: Bill) -> Table:
    """The bill of a plan or an account as a table."""
    blocked: tuple[tuple[Cell, ...], ...] = (("blocked", bill.blocked_credits, None),) if bill.blocked_credits else ()
    return Table(
        ("item", "credits", "USD"),
        (
            (f"{bill.seats:,} x {bill.plan}" if bill.plan else f"{bill.seats:,} seats", None, bill.seat_usd),
            ("included, used", bill.included_used_credits, None),
            ("included, in all", bill.included_credits, None),
            ("metered at $0.01", bill.metered_credits, bill.metered_usd),
            *blocked,
            ("total", None, bill.total_usd),
        ),
        "Bill",
    )


def estimate(
    profile: "SessionProfile | str | os.PathLike[str]",
    model: str,
    route: str = "copilot",
    *,
    plan: str | None = None,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    service_tier: str = STANDARD,
    auto: bool = False,
    data_residency: bool = False,
    token_factor: Number = 1,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Estimate:
    """The expected calendar month of a profile (or its name, or the path of its file) with a model on a route.

    All of the month is priced at the rate of `on` (default: today in UTC). `plan` adds seats and their allowance,
    one seat a developer; `account` (or the path of its file) bills by its seats, pool and budgets instead, every seat
    using the same every day, and sets the number of developers (default: 1) and the month. `token_factor` is the share
    of the profile's tokens that this model needs per task.
    `split_cache_writes` bills input that is not read from cache as a cache write where the provider is known to be
    billed so (Anthropic on Copilot) and the profile does not tell the two apart; False prices it as fresh input.

    Raises `UnknownNameError`, `RateNotFoundError` or `InputError` for what cannot be priced.

    >>> from datetime import date
    >>> month = estimate("interactive_ide", "mai-code-1-flash", "copilot", plan="pro", on=date(2026, 6, 15))
    >>> month.credits, month.total_usd
    (Decimal('1893.6'), Decimal('13.936'))
    """
    book = PriceBook.of(rates)
    option = Option(route, model, plan, service_tier, None, auto, data_residency).resolved(book)
    option = option.with_token_factor(token_factor)
    terms = loaded_account(account)
    if terms is not None and not by_account(option):
        raise InputError("an account bills route copilot, in place of a plan; leave one of them out")
    day = estimated_day(on, terms)
    chosen = loaded_profile(profile)
    rate = option_rate(book, option, day, basis)
    return estimate_option(
        chosen,
        option,
        rate,
        book=book,
        on=day,
        basis=basis,
        developers=checked_developers(developers, terms),
        split_cache_writes=split_cache_writes,
        account=terms,
    )


def loaded_profile(profile: "SessionProfile | str | os.PathLike[str]") -> SessionProfile:
    """A profile, by name or read from its file where it is not one already."""
    return profile if isinstance(profile, SessionProfile) else SessionProfile.load(profile)


def resolved_options(options: "Iterable[Option | str] | Option | str", book: PriceBook) -> list[Option]:
    """Options (one or several), each an `Option` or its text, with the ids of their models and plans.

    Raises `InputError` for what is neither.
    """
    form = "a list of options, each an Option or a text such as copilot/gpt-5-mini@pro"
    listed = [options] if isinstance(options, Option | str) else options
    check_type("options", listed, Iterable, form)
    listed = list(listed)
    for each in listed:
        check_type("options", each, (Option, str), form)
    return [each.resolved(book) if isinstance(each, Option) else Option.parse(each, book) for each in listed]


def by_account(option: Option) -> bool:
    """Whether an option is billed by an account, where there is one: it is on Copilot and names no plan of its own."""
    return option.route == "copilot" and option.plan is None


def check_account_bills(account: Account | None, options: Iterable[Option]) -> None:
    """Refuse an account that would bill none of the options: its seats, pool and budgets would silently count for nothing."""
    if account is not None and not any(map(by_account, options)):
        raise InputError(
            "the account bills none of the options: it bills those of route copilot that name no plan; leave @PLAN out of "
            "them, or leave out the account"
        )


def loaded_account(account: "Account | str | os.PathLike[str] | None") -> Account | None:
    """An account, read from its file where a path is given."""
    return account if account is None or isinstance(account, Account) else Account.load(account)


def estimated_day(on: date | None, account: Account | None) -> date:
    """The day whose prices apply: as stated, else today, or the first of the account's month if today is not in it.

    Raises `InputError` for a day outside the account's month.
    """
    day = checked_day(on)
    if account is None or f"{day:%Y-%m}" == account.month:
        return day
    if on is None:
        return account.first_day
    raise InputError(f"{day} is not in the account's month {account.month}")


def option_rate(book: PriceBook, option: Option, on: date, basis: str) -> Rate:
    """The rate that an option is priced at under a basis, modifiers applied."""
    rate = book.rate(
        option.model, route=option.route, on=on, basis=option.basis or basis, service_tier=option.service_tier
    )
    return with_option_modifiers(book, option, rate)


def with_option_modifiers(book: PriceBook, option: Option, rate: Rate) -> Rate:
    """A claim with the option's modifiers; plans without the auto discount do not get it."""
    discount = False if option.plan and plan_named(option.plan).auto_only else option.auto
    return rate.with_modifiers(*chosen_modifiers(book, discount, option.data_residency))


def estimate_option(
    profile: SessionProfile,
    option: Option,
    rate: Rate,
    *,
    book: PriceBook,
    on: date,
    basis: str,
    developers: int,
    split_cache_writes: bool = True,
    account: Account | None = None,
) -> Estimate:
    """The expected month of a profile with an option, every token priced at one claim.

    `account` bills the Copilot route where the option has no plan.
    """
    check_flag("split_cache_writes", split_cache_writes)
    if option.plan is not None and option.route != "copilot":
        raise InputError(f"plan {option.plan} applies to route copilot, not to {option.route}; leave it out")
    tokens, notices = _task_tokens(profile, option, rate, book, split_cache_writes)
    requests = profile.requests_per_task
    row = rate.tier_for(_prompt(tokens), requests)
    per_task = total_usd(row.kind_costs(tokens))
    tasks = canonical(EXACT.multiply(profile.tasks_per_month, Decimal(developers)))
    month_tokens = (
        _times(tokens[0], tasks),
        _times(tokens[1], tasks),
        _times(tokens[2], tasks),
        _times(tokens[3], tasks),
    )
    by_kind = row.kind_costs(month_tokens)
    month_usd = total_usd(by_kind)
    month = Month(tasks, _times(requests, tasks), month_tokens, month_usd, credits_of_usd(month_usd))
    bill, bill_notices = bill_of_credits(option, month.credits, developers, on, account)
    notices += bill_notices
    notices += book.notices(row, on, tokens, requests)
    notices += _month_notices(profile, row, on, month, developers)
    return Estimate(
        profile, option, developers, on, option.basis or basis, row, month, by_kind, per_task, bill, distinct(notices)
    )


def bill_of_credits(
    option: Option, credits: Decimal, developers: int, on: date, account: Account | None
) -> tuple[Bill, list[Notice]]:
    """The bill of an expected month that uses `credits` in all with an option, and what it assumes."""
    if option.plan is not None:
        bill, notices = monthly_bill(plan_named(option.plan), developers, credits, on)
        return bill, [*notices, *_plan_notices(option)]
    if option.route != "copilot":
        return bill_without_plan(credits), []
    if account is not None:
        return _account_bill(account, credits, developers)
    message = "no plan given: every credit is billed at $0.01, without seats or allowance"
    return bill_without_plan(credits), [Notice("no_plan", message)]


def _seats_of(account: Account) -> int:
    return sum(seats.number for seats in account.billed_seats())


def _account_bill(account: Account, credits: Decimal, developers: int) -> tuple[Bill, list[Notice]]:
    """The bill of the expected month under an account's terms."""
    found = expected_bill(account, credits)
    notices = list(found.notices)
    seats = _seats_of(account)
    if developers != seats:
        people, places = count_of(developers, "developer"), count_of(seats, "seat")
        notices.append(Notice("developers_not_seats", f"the use of {people} is billed on {places} of the account"))
    message = "every seat is taken to use the same, on every day of the month it is there"
    notices.append(Notice("equal_seats", message))
    if found.blocked_credits:
        stops = "; ".join(f"{stop.scope} {stop.name or ''}".strip() for stop in found.blocks[:5])
        message = (
            f"the account's limits block {number(found.blocked_credits)} of {number(credits)} credits ({stops}): "
            "the bill is not for all of the work"
        )
        notices.append(Notice("use_blocked", message))
    bill = Bill(
        plan=None,
        seats=seats,
        seat_usd=found.seat_usd,
        included_credits=found.pool_credits,
        included_used_credits=found.included_used_credits,
        metered_credits=found.metered_credits,
        metered_usd=found.metered_usd,
        total_usd=found.total_usd,
        blocked_credits=found.blocked_credits,
        account_month=account.month,
    )
    return bill, notices


def _prompt(tokens: tuple[Decimal, ...]) -> Decimal:
    return EXACT.add(EXACT.add(tokens[0], tokens[1]), tokens[2])


def _times(amount: Decimal, factor: Decimal) -> Decimal:
    return canonical(EXACT.multiply(amount, factor))


def _task_tokens(
    profile: SessionProfile, option: Option, rate: Rate, book: PriceBook, split_cache_writes: bool
) -> tuple[tuple[Decimal, Decimal, Decimal, Decimal], list[Notice]]:
    """Mean tokens of one task by kind as the option's model is billed for them, and what that assumes."""
    notices = []
    factor = option.token_factor
    fresh, cached, write, output = (_times(count, factor) for count in profile.tokens)
    if factor != 1:
        message = f"{option.route}/{option.model} is taken to need {plain(factor)} of the profile's tokens per task"
        notices.append(Notice("token_factor", f"{message}: {option.factor_note}"))
    if profile.cache_write is None and rate.usd_per_mtok.cache_write is not None:
        label = f"{rate.route}/{rate.model}"
        if not book.bills_fresh_as_cache_write(rate):
            message = (
                f"the profile does not tell cache writes from fresh input; all is priced as input, while {label} "
                f"charges ${plain(rate.usd_per_mtok.cache_write)} instead of ${plain(rate.usd_per_mtok.fresh_input)} "
                "per million for what is written to its cache"
            )
            notices.append(Notice("cache_writes_unknown", message))
        elif split_cache_writes:
            fresh, write = Decimal(0), fresh
            provider = book.providers[book.models[rate.model].provider]
            message = f"input not read from cache is priced as cache writes for {label}: {provider.note}"
            notices.append(Notice("fresh_as_cache_write", f"{message} (certainty {provider.certainty})"))
        else:
            message = f"input not read from cache is priced as fresh input for {label}, as asked"
            notices.append(Notice("cache_writes_ignored", f"{message}; it is usually billed as cache writes"))
    return (fresh, cached, write, output), notices


def _plan_notices(option: Option) -> list[Notice]:
    plan = plan_named(option.plan or "")
    found = []
    if plan.auto_only and option.auto:
        found.append(Notice("auto_discount_paid_only", f"{plan.name} has no auto discount: that is for paid plans"))
    if plan.auto_only and not option.auto:
        message = f"{plan.name} offers auto model selection only; the figure holds if auto chooses {option.model}"
        found.append(Notice("auto_only", message))
    return found


def _month_notices(profile: SessionProfile, rate: Rate, on: date, month: Month, developers: int) -> list[Notice]:
    found = []
    if profile.assumed:
        message = f"{profile.name}: {assumption_words(profile.assumed)}; see costcalc profiles show {profile.name}"
        found.append(Notice("profile_assumptions", message))
    if profile.per != "developer" and developers > 1:
        message = f"{profile.name} is the work of one {profile.per}; it was taken {developers:,} times"
        found.append(Notice("profile_per", message))
    if profile.note:
        found.append(Notice("profile_note", f"{profile.name}: {profile.note}"))
    month_end = date(on.year, on.month, calendar.monthrange(on.year, on.month)[1])
    until = rate.effective_until
    if until is not None and until <= month_end:
        message = f"the price of {rate.route}/{rate.model} ends on {until}, within the month; all of it is priced at it"
        found.append(Notice("rate_ends_in_month", message))
    since = rate.effective_from
    if since is not None and (since.year, since.month) == (on.year, on.month) and since.day > 1:
        message = (
            f"the price of {rate.route}/{rate.model} started on {since}, within the month; all of it is priced at it"
        )
        found.append(Notice("rate_starts_in_month", message))
    if profile.active_days > month_end.day:
        message = f"{profile.name} has {number(profile.active_days)} active days; {on:%Y-%m} has {month_end.day}"
        found.append(Notice("more_days_than_the_month", message))
    if any(count != count.to_integral_value() for count in month.tokens):
        found.append(Notice("tokens_rounded", "expected token counts are shown rounded; money is exact"))
    return found


def checked_developers(developers: object, account: Account | None = None) -> int:
    """A number of developers; None is the seats of the account, or 1.

    Raises `InputError` unless it is a whole number from 1 to `MAX_DEVELOPERS`.
    """
    if developers is None:
        developers = 1 if account is None else _seats_of(account)
    if isinstance(developers, bool) or not isinstance(developers, int) or not 1 <= developers <= MAX_DEVELOPERS:
        raise InputError(f"developers must be a whole number from 1 to {MAX_DEVELOPERS:,}, not {developers!r:.40}")
    return developers


def checked_usd(what: str, value: "Decimal | int | str") -> Decimal:
    """An amount that a caller states. Raises `InputError` unless it is a number of at least 0."""
    if not isinstance(value, str):
        check_number(what, value)
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise InputError(f"{what} must be a number of US dollars, not {value!r:.40}") from None
    if not amount.is_finite() or amount < 0:
        raise InputError(f"{what} must be a number of US dollars of at least 0, not {amount}")
    return amount
