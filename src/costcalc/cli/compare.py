"""`costcalc compare`: options side by side on the same work."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.estimate import changed_profile
from costcalc.cli.options import (
    AccountFile,
    ActiveDays,
    Basis,
    CachedInput,
    CacheWrite,
    ChartFile,
    Developers,
    Format,
    FreshInput,
    KeepFresh,
    On,
    Output,
    OutputFormat,
    ProfileArgument,
    RatesFile,
    RequestsPerTask,
    TasksPerDay,
)
from costcalc.cli.output import emit


def compare(
    profile: ProfileArgument = "interactive_ide",
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROUTE/MODEL[@PLAN]",
            help="An option, as often as there are: copilot/gpt-5-mini@pro. Settings may follow: "
            ",tokens=0.4 or ,tokens=BENCHMARK ,service_tier=batch ,basis=SOURCE ,auto=true ,data_residency=true. "
            "Default: api/mai-code-1-flash against api/gpt-5.4-mini.",
        ),
    ] = None,
    account: AccountFile = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
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
    output_format: Format = OutputFormat.table,
) -> None:
    """Options side by side on the same month of work, and whether the answer depends on whose prices one believes."""
    result = costcalc.compare(
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
        option or None,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)
