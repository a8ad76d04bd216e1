"""Bills, usage and estimates as rows of FOCUS 1.2, the FinOps Open Cost and Usage Specification.

Each row is a charge as its seller would bill it: AI credits at $0.01 on Copilot, tokens by kind on an API, seats as
recurring purchases. The columns are those of FOCUS that every dataset needs and those that apply to what is sold here (no
regions, resources, reservations or commitments, and no invoice yet), then our own (`x_…`): token counts, whose price it is.

A seat is paid ahead, so its purchase has an `EffectiveCost` of 0 and a second row, the seat in use, carries it. Included
credits are used at a `BilledCost` of 0. So `BilledCost` and `EffectiveCost` both add up to the bill.
"""

import calendar
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

from costcalc.billing.account import Account, Seats
from costcalc.billing.plan import Plan
from costcalc.billing.plan import plan as plan_named
from costcalc.billing.statement import AccountBill, seat_fee, timestamp
from costcalc.errors import InputError, UnknownNameError, check_type
from costcalc.estimation import Estimate
from costcalc.files import whole_file
from costcalc.history import REPORTED, Key, Totals, UsageReport
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import PriceBook
from costcalc.pricing.rate import STATUSES, KindCost, Rate
from costcalc.showing.display import Part, Result, Table, count_of, csv_text, usd
from costcalc.tokens import KINDS
from costcalc.units import (
    EXACT,
    USD_PER_CREDIT,
    canonical,
    credits_of_nano_aiu,
    credits_of_usd,
    nearest_whole,
    plain,
    usd_of_credits,
    usd_of_nano_aiu,
)

FOCUS_VERSION: Final = "1.2"
"""The newest version whose validator is published (focus-validator 2.2.1, model 1.2.0.1)."""

FOCUS_KEYS: Final[tuple[Key, ...]] = ("day", "route", "model", "rate", "user", "organization", "cost_center", "source")
"""What a usage report has to be grouped by to become charges."""

CREDIT_CURRENCY: Final = "AIC"
"""AI credits as a pricing currency: three capital letters, since the validator takes no other code."""

UNSPECIFIED: Final = "unspecified"

_COLUMNS: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",  # always empty; the validator's rules for ConsumedQuantity look at it
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",  # always empty: there is no invoice yet
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
)
_TOKEN_COLUMNS: Final = tuple(f"x_{kind.title().replace('_', '')}Tokens" for kind in KINDS)
_OWN_COLUMNS: Final = (
    "x_Basis",
    "x_Coverage",
    "x_CostCenter",
    *_TOKEN_COLUMNS,
    "x_Model",
    "x_RateId",
    "x_Route",
    "x_Source",
    "x_Status",
    "x_User",
)
COLUMNS: Final = (*_COLUMNS, *_OWN_COLUMNS)


def _kind(column: str) -> type:
    """What a column holds, by its name."""
    if column.endswith("Tokens"):
        return int
    return Decimal if column.endswith(("Cost", "Price", "Quantity")) else str


_CREDITS: Final = "AI Credits"
_MTOK: Final = "1000000 Tokens"
# Who sells what is not sold by the maker of the model, and as which service.
_COPILOT: Final = ("GitHub", "GitHub", "GitHub Copilot")
_SELLERS: Final = {"api-azure-datazone": ("Microsoft", "Azure OpenAI")}


@dataclass(frozen=True, slots=True, repr=False)
class FocusCharges(Result):
    """A bill, usage or an estimate as charges of FOCUS 1.2. `charges` hold every column; None is an empty cell.

    `basis` says what they are charges of: `bill`, `usage` (at list price, before any allowance) or `estimate`.
    """

    kind: ClassVar[str] = "focus"

    basis: str
    charges: tuple[Mapping[str, Any], ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def billed_usd(self) -> Decimal:
        """The sum of `BilledCost`, exactly."""
        return self._sum("BilledCost")

    @property
    def list_usd(self) -> Decimal:
        """The sum of `ListCost`, exactly: before included credits."""
        return self._sum("ListCost")

    def _sum(self, column: str, category: str | None = None) -> Decimal:
        total = Decimal(0)
        for charge in self.charges:
            if category in (None, charge["ChargeCategory"]):
                total = EXACT.add(total, charge[column])
        return canonical(total)

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "focus_version": FOCUS_VERSION,
            "basis": self.basis,
            "billed_usd": plain(self.billed_usd),
            "list_usd": plain(self.list_usd),
            "charges": [
                {column: plain(value) if isinstance(value, Decimal) else value for column, value in charge.items()}
                for charge in self.charges
            ],
        }

    def parts(self) -> Iterator[Part]:
        yield f"{usd(self.billed_usd)} in {count_of(len(self.charges), 'charge')} of FOCUS {FOCUS_VERSION} ({self.basis})"
        categories = dict.fromkeys(charge["ChargeCategory"] for charge in self.charges)
        yield Table(
            ("ChargeCategory", "rows", "ListCost", "BilledCost"),
            tuple(
                (
                    category,
                    sum(charge["ChargeCategory"] == category for charge in self.charges),
                    usd(self._sum("ListCost", category)),
                    usd(self._sum("BilledCost", category)),
                )
                for category in categories
            ),
            "By category, US dollars",
        )

    def rows(self) -> list[dict[str, Any]]:
        return [dict(charge) for charge in self.charges]

    def columns(self) -> dict[str, type]:
        return {name: _kind(name) for name in COLUMNS}

    def write(self, path: "str | os.PathLike[str]", *, replace: bool = False) -> None:
        """Write the charges to a CSV file (UTF-8), whole or not at all.

        Raises `InputError` for a file that is there already (unless `replace`), or that cannot be written.
        """
        rows = [{column: _cell(value) for column, value in charge.items()} for charge in self.charges]
        with whole_file(path, replace=replace) as file:
            file.write(csv_text(rows, COLUMNS))


def _cell(value: object) -> object:
    """A decimal with a fraction, if only of 0: readers that guess the type of a column must not take it for integers."""
    if not isinstance(value, Decimal):
        return value
    text = plain(value)
    return text if "." in text else f"{text}.0"


def to_focus(
    result: "AccountBill | UsageReport | Estimate",
    *,
    billing_account: str | None = None,
    rates: PriceBook | None = None,
) -> FocusCharges:
    """A bill, a usage report or an estimate as FOCUS 1.2 charges; their `BilledCost` adds up to its total exactly.

    `billing_account` is the `BillingAccountId` (default: the account's organisation where there is one, else
    `unspecified`), `rates` the price book the result was made with, which names the makers of its models. A usage
    report has to be grouped by `FOCUS_KEYS`; what it has no price or no day for is left out, with a notice.

    Raises `InputError` for an estimate whose bill is not known, and for a usage report grouped otherwise.

    >>> from datetime import date
    >>> from costcalc import estimate
    >>> month = estimate("interactive_ide", "mai-code-1-flash", plan="pro", on=date(2026, 6, 15))
    >>> charges = to_focus(month)
    >>> [(row["ChargeCategory"], row["x_Coverage"], str(row["BilledCost"])) for row in charges.charges]
    [('Purchase', None, '10'), ('Usage', 'seat', '0'), ('Usage', 'included', '0'), ('Usage', 'metered', '3.936')]
    >>> charges.billed_usd == month.total_usd
    True
    """
    book = PriceBook.of(rates)
    check_type("result", result, (AccountBill, UsageReport, Estimate), "a bill, a usage report or an estimate")
    if billing_account is not None:
        check_type("billing_account", billing_account, str, "a text")
    if billing_account is not None and not billing_account.strip():
        raise InputError("the billing account has no name")
    if isinstance(result, AccountBill):
        return _of_bill(result, billing_account)
    if isinstance(result, Estimate):
        return _of_estimate(result, billing_account, book)
    return _of_usage(result, billing_account, book)


_Charge = Callable[..., dict[str, Any]]


class _Payer(NamedTuple):
    """Whose charges they are."""

    account: str
    account_type: str


class _Price(NamedTuple):
    """What a charge is priced by: a SKU, its unit, and so many US dollars a unit."""

    sku: str
    sku_price: str
    meter: str
    unit: str
    usd: Decimal
    details: Mapping[str, str] | None = None


def _charge(
    payer: _Payer,
    basis: str,
    period: tuple[datetime, datetime],
    seller: tuple[str, str, str],
    price: _Price,
    quantity: Decimal,
    *,
    description: str,
    billed: Decimal | None = None,
    effective: Decimal | None = None,
    purchase: bool = False,
    organization: str | None = None,
    **own: Any,
) -> dict[str, Any]:
    """One row. `billed` is less than the list cost where included credits covered the charge.

    `effective` differs from it where a charge is paid ahead, or covered by one that was.
    """
    provider, publisher, service = seller
    start, end = period
    month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    cost = canonical(EXACT.multiply(price.usd, quantity))
    billed = cost if billed is None else billed
    effective = billed if effective is None else effective
    in_credits = price.unit == _CREDITS
    unit_price = Decimal(1) if in_credits else price.usd
    filled: dict[str, Any] = {
        "BilledCost": billed,
        "BillingAccountId": payer.account,
        "BillingAccountName": payer.account,
        "BillingAccountType": payer.account_type,
        "BillingCurrency": "USD",
        "BillingPeriodStart": timestamp(month),
        "BillingPeriodEnd": timestamp(_next_month(month)),
        "ChargeCategory": "Purchase" if purchase else "Usage",
        "ChargeDescription": description,
        "ChargeFrequency": "Recurring" if purchase else "Usage-Based",
        "ChargePeriodStart": timestamp(start),
        "ChargePeriodEnd": timestamp(end),
        "ContractedCost": cost,
        "ContractedUnitPrice": price.usd,
        "EffectiveCost": effective,
        "InvoiceIssuerName": provider,
        "ListCost": cost,
        "ListUnitPrice": price.usd,
        "PricingCategory": "Standard",
        "PricingCurrency": CREDIT_CURRENCY if in_credits else "USD",
        "PricingCurrencyContractedUnitPrice": unit_price,
        "PricingCurrencyEffectiveCost": credits_of_usd(effective) if in_credits else effective,
        "PricingCurrencyListUnitPrice": unit_price,
        "PricingQuantity": quantity,
        "PricingUnit": price.unit,
        "ProviderName": provider,
        "PublisherName": publisher,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": service,
        "ServiceSubcategory": "Generative AI",
        "SkuId": price.sku,
        "SkuMeter": price.meter,
        "SkuPriceDetails": json.dumps(price.details) if price.details else None,
        "SkuPriceId": price.sku_price,
        "SubAccountId": organization,
        "SubAccountName": organization,
        "SubAccountType": None if organization is None else "Organization",
        "x_Basis": basis,
        **{f"x_{name}": value for name, value in own.items()},
    }
    if not purchase:
        tokens = price.unit == _MTOK
        filled["ConsumedQuantity"] = canonical(quantity.scaleb(6, context=EXACT)) if tokens else quantity
        filled["ConsumedUnit"] = "Tokens" if tokens else price.unit
    return {column: filled.get(column) for column in COLUMNS}


def _credits_price(model: str | None, rate: Rate | None) -> _Price:
    """AI credits for the use of a model; its token prices are details of the price."""
    sku = f"copilot/{model or 'ai-credits'}"
    if rate is None:
        return _Price(sku, f"{sku}/credit", "AI credits", _CREDITS, USD_PER_CREDIT)
    prices = {
        f"x_UsdPerMtok{kind.title().replace('_', '')}": plain(price)
        for kind, price in zip(KINDS, rate.listed_usd_per_mtok, strict=True)
    }
    return _Price(sku, rate.id, "AI credits", _CREDITS, USD_PER_CREDIT, prices)


def _seat_price(plan: Plan, usd_per_seat: Decimal, sku_price: str, details: Mapping[str, str]) -> _Price:
    return _Price(f"copilot/plan/{plan.id}", sku_price, "Seats", "Seats", usd_per_seat, details)


def _seat(charge: "_Charge", price: _Price, number: Decimal, description: str, **own: Any) -> Iterator[dict[str, Any]]:
    """The purchase of seats, and the seats in use that it covers."""
    paid = charge(price=price, quantity=number, description=description, effective=Decimal(0), purchase=True, **own)
    yield paid
    in_use = price._replace(sku_price=f"{price.sku_price}/in-use", usd=Decimal(0))
    words = f"{description}, in use"
    yield charge(price=in_use, quantity=number, description=words, effective=paid["BilledCost"], Coverage="seat", **own)


def _plan_status(plan: Plan) -> str:
    return "published" if plan.certainty == "high" else "indicative"


def _of_bill(bill: AccountBill, billing_account: str | None) -> FocusCharges:
    account = bill.account
    payer = _payer(account, billing_account)
    whole = (account.starts, account.ends)
    charge: _Charge = partial(_charge, payer, "bill", seller=_COPILOT, Route="copilot")
    charges: list[dict[str, Any]] = []
    for seats in account.billed_seats():
        plan = seats.terms
        days = account.days_billed(seats)
        start = account.ends - timedelta(days=days)
        sku_price = f"copilot/plan/{plan.id}/seat" + ("" if days == account.days else f"/from-{start.date()}")
        details = {
            "x_UsdPerSeatAndMonth": plain(plan.usd_per_seat),
            "x_DaysBilled": str(days),
            "x_DaysInMonth": str(account.days),
        }
        price = _seat_price(plan, usd_of_nano_aiu(seat_fee(account, seats)), sku_price, details)
        for user, number in _holders(seats):
            charges += _seat(
                partial(charge, (start, account.ends)),
                price,
                Decimal(number),
                f"{plan.name}: {count_of(number, 'seat')}" + (f" of {user}" if user else ""),
                organization=account.organization_of(seats.organization),
                User=user,
                CostCenter=seats.cost_center,
                Source=plan.source,
                Status=_plan_status(plan),
            )
    # The bill adds up credits that were stated and credits priced from tokens, so it names all claims it rests on.
    status = max((rate.status for rate in bill.rates), key=STATUSES.index, default=REPORTED)
    sources = ", ".join(dict.fromkeys(rate.source for rate in bill.rates)) or None
    for used in bill.use:
        for coverage, nano_aiu in (("included", used.included_nano_aiu), ("metered", used.metered_nano_aiu)):
            if nano_aiu:
                charges.append(
                    charge(
                        whole,
                        price=_credits_price(None, None),
                        quantity=credits_of_nano_aiu(nano_aiu),
                        billed=Decimal(0) if coverage == "included" else None,
                        description=f"AI credits of {used.actor.user}, {coverage}",
                        organization=account.organization_of(used.actor.organization),
                        Coverage=coverage,
                        User=used.actor.user,
                        CostCenter=used.actor.cost_center,
                        Source=sources,
                        Status=status,
                    )
                )
    return FocusCharges("bill", tuple(charges), bill.rates, bill.notices)


def _holders(seats: Seats) -> list[tuple[str | None, int]]:
    """Who holds the seats: each by name, or all that are only counted."""
    return [(user, 1) for user in seats.users] if seats.users else [(None, seats.number)]


def _payer(account: Account, billing_account: str | None) -> _Payer:
    own = account.organization_of(None) if account.kind == "organization" else None
    return _Payer(billing_account or own or UNSPECIFIED, account.kind.capitalize())


def _of_estimate(estimate: Estimate, billing_account: str | None, book: PriceBook) -> FocusCharges:
    bill, rate = estimate.bill, estimate.rate
    if bill.total_usd is None or bill.included_used_credits is None or bill.metered_credits is None:
        raise InputError(f"the credits included in {bill.plan} are not known, so neither are the charges of the month")
    start = datetime(estimate.on.year, estimate.on.month, 1, tzinfo=UTC)
    period = (start, _next_month(start))
    plan = None if bill.plan is None else plan_named(bill.plan)
    kind = "Account" if plan is None else plan.kind.capitalize()
    payer = _Payer(billing_account or UNSPECIFIED, kind)
    charges: list[dict[str, Any]] = []
    if bill.seats:
        if plan is None:
            price = _Price("copilot/seats", f"copilot/seats/{bill.account_month}", "Seats", "Months", bill.seat_usd)
            number, source, status = Decimal(1), None, None
        else:
            details = {"x_UsdPerSeatAndMonth": plain(plan.usd_per_seat)}
            price = _seat_price(plan, plan.usd_per_seat, f"copilot/plan/{plan.id}/seat", details)
            number, source, status = Decimal(bill.seats), plan.source, _plan_status(plan)
        charge: _Charge = partial(_charge, payer, "estimate", period, _COPILOT, Route="copilot")
        of = "the account" if plan is None else plan.name
        charges += _seat(charge, price, number, f"{of}: {count_of(bill.seats, 'seat')}", Source=source, Status=status)
    words = f"expected month of {estimate.profile.name}"
    seller = _seller(book, rate.route, rate.model)
    usage: _Charge = partial(_charge, payer, "estimate", period, seller, **_claim(rate))
    if rate.route != "copilot":
        charges += _by_kind(usage, estimate.by_kind, rate, words)
        return FocusCharges("estimate", tuple(charges), (rate,), estimate.notices)
    tokens = [nearest_whole(count) for count in estimate.month.tokens]
    used = estimate.month.credits
    included = [_part(count, bill.included_used_credits, used) for count in tokens]
    metered = [
        _part(count, EXACT.add(bill.included_used_credits, bill.metered_credits), used) - covered
        for count, covered in zip(tokens, included, strict=True)
    ]
    for coverage, credits, counts in (
        ("included", bill.included_used_credits, included),
        ("metered", bill.metered_credits, metered),
    ):
        if credits:
            charges.append(
                usage(
                    _credits_price(rate.model, rate),
                    credits,
                    billed=Decimal(0) if coverage == "included" else None,
                    description=f"AI credits for {rate.model}, {coverage}, {words}",
                    Coverage=coverage,
                    **_token_counts(counts),
                )
            )
    return FocusCharges("estimate", tuple(charges), (rate,), estimate.notices)


def _part(count: int, credits: Decimal, of: Decimal) -> int:
    """The tokens, rounded down, behind so many of all credits."""
    return int(count * Fraction(credits) / Fraction(of)) if of else 0


def _of_usage(report: UsageReport, billing_account: str | None, book: PriceBook) -> FocusCharges:
    if missing := [key for key in FOCUS_KEYS if key not in report.by]:
        raise InputError(
            f"a usage report becomes charges when it is grouped by {','.join(FOCUS_KEYS)}; "
            f"it lacks {', '.join(missing)}"
        )
    payer = _Payer(billing_account or UNSPECIFIED, "Account")
    rates = {rate.id: rate for rate in report.rates}
    charges: list[dict[str, Any]] = []
    left_out = {"cost": 0, "day": 0}
    for names, totals in report.groups:
        group: dict[str, str | None] = dict(zip(report.by, names, strict=True))
        if group["rate"] is None or group["day"] is None:
            left_out["cost" if group["rate"] is None else "day"] += totals.records
        else:
            charges += _of_group(payer, group, totals, rates.get(group["rate"]), book)
    return FocusCharges(
        "usage",
        tuple(sorted(charges, key=lambda charge: charge["ChargePeriodStart"])),
        report.rates,
        distinct((*report.notices, *_usage_notices(charges, left_out))),
    )


def _usage_notices(charges: Sequence[Mapping[str, Any]], left_out: Mapping[str, int]) -> Iterator[Notice]:
    for what, records in left_out.items():
        if records:
            yield Notice(f"focus_without_{what}", f"in no charge: {count_of(records, 'record')} of unknown {what}")
    if any(charge["x_Route"] == "copilot" for charge in charges):
        yield Notice(
            "focus_before_allowance",
            "credits are charged at list price: logs do not tell what a plan includes; costcalc bill does, with an account",
        )


def _of_group(
    payer: _Payer, group: Mapping[str, str | None], totals: Totals, rate: Rate | None, book: PriceBook
) -> Iterator[dict[str, Any]]:
    """The charges of one group of a usage report: one of credits, or one for each token kind."""
    route = group["route"] or "copilot"
    model = rate.model if rate is not None else _model_id(book, group["model"])
    first = datetime.combine(date.fromisoformat(group["day"] or ""), datetime.min.time(), UTC)
    claim = _claim(rate) if rate is not None else {"Source": group["source"], "Status": REPORTED, "Model": model}
    usage: _Charge = partial(
        _charge,
        payer,
        "usage",
        (first, first + timedelta(days=1)),
        _seller(book, route, model),
        organization=group["organization"],
        **{"Route": route, "User": group["user"], "CostCenter": group["cost_center"], **claim},
    )
    words = f"{model or 'an unknown model'}" + (f" of {group['user']}" if group["user"] else "")
    if rate is not None and route != "copilot":
        yield from _by_kind(usage, rate.kind_costs(tuple(totals.tokens)), rate, words)
        return
    exact = Fraction(totals.preferred)
    credits = canonical(EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator * 10**9)))
    price, quantity = _credits_price(model, rate), credits
    if route != "copilot":  # a cost that the source reports, of tokens whose prices it does not tell
        sku = f"{route}/{model or 'usage'}"
        price, quantity = _Price(sku, f"{sku}/{REPORTED}", "Usage", "US Dollars", Decimal(1)), usd_of_credits(credits)
    yield usage(price, quantity, description=f"{price.meter} for {words}", **_token_counts(totals.tokens))


def _model_id(book: PriceBook, name: str | None) -> str | None:
    """The id of a model whose cost is reported, so that its SKU has one name; the name itself where it is not known."""
    if name is None:
        return None
    try:
        return book.model(name).id
    except UnknownNameError:
        return name


def _by_kind(usage: "_Charge", lines: Sequence[KindCost], rate: Rate, words: str) -> Iterator[dict[str, Any]]:
    """Tokens of each kind that were used, at the price of a million."""
    for place, line in enumerate(lines):
        if line.tokens:
            sku = f"{rate.route}/{rate.model}/{line.kind}"
            meter = line.kind.replace("_", " ").capitalize() + " tokens"
            price = _Price(sku, f"{rate.id}/{line.kind}", meter, _MTOK, line.usd_per_mtok)
            counts: list[int | None] = [None] * len(KINDS)
            counts[place] = nearest_whole(line.tokens)
            quantity = canonical(line.tokens.scaleb(-6, context=EXACT))
            yield usage(price, quantity, description=f"{meter}, {words}", **_token_counts(counts))


def _claim(rate: Rate) -> dict[str, Any]:
    """Whose price it is, for the columns of our own."""
    return {
        "Model": rate.model,
        "RateId": rate.id,
        "Route": rate.route,
        "Source": rate.source,
        "Status": rate.status,
    }


def _token_counts(counts: "Sequence[int | None]") -> dict[str, int | None]:
    return {column.removeprefix("x_"): count for column, count in zip(_TOKEN_COLUMNS, counts, strict=True)}


def _seller(book: PriceBook, route: str, model: str | None) -> tuple[str, str, str]:
    """Who sells and who makes what is used, and the service."""
    if route == "copilot":
        return _COPILOT
    known = None if model is None else book.models.get(model)
    maker = UNSPECIFIED if known is None else book.providers[known.provider].name
    provider, service = _SELLERS.get(route, (maker, f"{maker} API"))
    return provider, maker, service


def _next_month(start: datetime) -> datetime:
    return start + timedelta(days=calendar.monthrange(start.year, start.month)[1])
