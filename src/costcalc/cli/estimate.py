"""`costcalc estimate`: the expected month of a way of working."""

from decimal import Decimal
from typing import Annotated

import typer

import costcalc
from costcalc.cli.focus import write_focus
from costcalc.cli.options import (
    AccountFile,
    ActiveDays,
    Auto,
    Basis,
    BillingAccount,
    CachedInput,
    CacheWrite,
    ChartFile,
    DataResidency,
    Developers,
    Focus,
    Format,
    FreshInput,
    KeepFresh,
    On,
    Output,
    OutputFormat,
    ProfileArgument,
    RatesFile,
    RequestsPerTask,
    Route,
    ServiceTier,
    TasksPerDay,
)
from costcalc.cli.output import emit


def estimate(
    model: Annotated[str, typer.Option(metavar="MODEL", help="A model by id, name or alias.")],
    profile: ProfileArgument = "interactive_ide",
    route: Route = "copilot",
    plan: Annotated[
        str | None,
        typer.Option(metavar="PLAN", help="A Copilot plan, one seat a developer (costcalc plans lists them)."),
    ] = None,
    account: AccountFile = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
    service_tier: ServiceTier = "standard",
    auto: Auto = False,
    data_residency: DataResidency = False,
    token_factor: Annotated[
        str,
        typer.Option(
            metavar="X|BENCHMARK", help="Share of the profile's tokens this model needs: a number or a benchmark."
        ),
    ] = "1",
    fresh_as_input: KeepFresh = False,
    fresh_input: FreshInput = None,
    cached_input: CachedInput = None,
    cache_write: CacheWrite = None,
    output: Output = None,
    requests_per_task: RequestsPerTask = None,
    tasks_per_day: TasksPerDay = None,
    active_days: ActiveDays = None,
    rates: RatesFile = None,
    chart: ChartFile = None,
    focus: Focus = None,
    billing_account: BillingAccount = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """An expected calendar month: tokens, credits, dollars, and the bill."""
    book = costcalc.PriceBook.load(rates)
    result = costcalc.estimate(
        changed_profile(
            profile,
            fresh_input=fresh_input,
            cached_input=cached_input,
            cache_write=cache_write,
            output=output,
            requests_per_task=requests_per_task,
            tasks_per_day=tasks_per_day,
            active_days=active_days,
        ),
        model,
        route,
        plan=plan,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        service_tier=service_tier,
        auto=auto,
        data_residency=data_residency,
        token_factor=token_factor,
        split_cache_writes=not fresh_as_input,
        rates=book,
    )
    write_focus(result, focus, billing_account, book)
    emit(result, output_format, chart)


def changed_profile(name_or_path: str, **numbers: Decimal | None) -> "costcalc.SessionProfile":
    """The profile that was asked for, with the numbers that were stated anew."""
    profile = costcalc.SessionProfile.load(name_or_path)
    return profile.changed(**{name: number for name, number in numbers.items() if number is not None})
