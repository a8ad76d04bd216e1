"""`costcalc forecast` and `costcalc backtest`: the month as a distribution, and whether such forecasts hold."""

import sys
from decimal import Decimal
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
    Draws,
    Format,
    FreshInput,
    HeadcountGrowth,
    KeepFresh,
    Months,
    On,
    Options,
    Output,
    OutputFormat,
    RatesFile,
    RequestsPerTask,
    Route,
    Seed,
    TasksPerDay,
    UsageGrowth,
    WorkArgument,
    number_option,
    parse_count,
    parse_number,
    parse_share,
)
from costcalc.cli.output import emit, file_progress, step_progress
from costcalc.errors import InputError


def forecast(
    work: WorkArgument = "interactive_ide",
    option: Options = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="In place of an option: a model by id, name or alias.")
    ] = None,
    route: Route = "copilot",
    plan: Annotated[
        str | None, typer.Option(metavar="PLAN", help="With --model: a Copilot plan, one seat a developer.")
    ] = None,
    account: AccountFile = None,
    developers: Developers = None,
    months: Months = 1,
    usage_growth: UsageGrowth = Decimal(0),
    headcount_growth: HeadcountGrowth = Decimal(0),
    draws: Draws = 10_000,
    seed: Seed = 1,
    precision: Annotated[
        Decimal | None,
        typer.Option(
            parser=parse_share, metavar="X", help="Draw until P50 and P90 of the bill are this exact: 0.01 or 1%."
        ),
    ] = None,
    budget: Annotated[
        Decimal | None, typer.Option(parser=parse_number, metavar="USD", help="How likely is a month to cost more?")
    ] = None,
    confidence: Annotated[
        list[str] | None,
        typer.Option(metavar="P", help="Which budget holds in this share of months? As often as wanted (0.9)."),
    ] = None,
    fail_over_probability: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="Exit with 1 if the budget is exceeded in more than this share of months.",
        ),
    ] = None,
    so_far: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Logs or reports of what was used of the month; the rest is forecast."),
    ] = None,
    tiers: Annotated[
        str, typer.Option(metavar="mean|task", help="Long-context prices by the mean prompt, or task by task.")
    ] = "mean",
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
    sigma: Annotated[
        Decimal | None, number_option("Spread of a task's tokens, instead of the profile's; 0 is none.")
    ] = None,
    tasks_cv: Annotated[
        Decimal | None, number_option("How much the tasks of days differ beyond chance; 0 is not.")
    ] = None,
    week_sigma: Annotated[Decimal | None, number_option("How much a person's weeks differ; 0 is not.")] = None,
    people_sigma: Annotated[Decimal | None, number_option("How much people differ; 0 is not.")] = None,
    level_sigma: Annotated[Decimal | None, number_option("How uncertain the level of all use is; 0 is not.")] = None,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Possible months: percentiles of use and bill, the day the credits run out, the budget that holds."""
    numbers = {
        "fresh_input": fresh_input,
        "cached_input": cached_input,
        "cache_write": cache_write,
        "output": output,
        "requests_per_task": requests_per_task,
        "tasks_per_day": tasks_per_day,
        "active_days": active_days,
        "sigma": sigma,
        "tasks_cv": tasks_cv,
        "week_sigma": week_sigma,
        "people_sigma": people_sigma,
        "level_sigma": level_sigma,
    }
    book = costcalc.PriceBook.load(rates)
    options: list[costcalc.Option | str] = list(option or ())
    if model is not None:
        options.insert(0, costcalc.Option(route, model, plan))
    elif plan is not None:
        raise InputError("--plan goes with --model; an option names its plan itself, as in copilot/gpt-5-mini@pro")
    most = None if fail_over_probability is None else parse_share(fail_over_probability)
    if most is not None and most > 1:
        raise InputError(f"--fail-over-probability is a share from 0 to 1, or a percentage such as 10%, not {most}")
    if most is not None and budget is None:
        raise InputError("--fail-over-probability needs --budget: the chance to exceed which budget?")
    with step_progress("Drawing months") as told:
        result = costcalc.forecast(
            _work(work, numbers),
            options or None,
            account=account,
            developers=developers,
            on=on,
            basis=basis,
            months=months,
            usage_growth=float(usage_growth),
            headcount_growth=float(headcount_growth),
            draws=draws,
            seed=seed,
            budget_usd=budget,
            confidence=[parse_share(each) for each in confidence or ("0.9",)],
            so_far=so_far or None,
            precision=None if precision is None else float(precision),
            tiers=tiers,  # type: ignore[arg-type]
            split_cache_writes=not fresh_as_input,
            rates=book,
            told=told,
        )
    emit(result, output_format, chart)
    chance = result.over_budget_probability
    if most is not None and chance is not None and chance > most:
        message = f"the budget is exceeded in {chance:.2%} of months, more than {most:.2%}"
        print(f"costcalc: {message}", file=sys.stderr)
        raise typer.Exit(1)


def _work(work: str, numbers: dict[str, Decimal | None]) -> "costcalc.SessionProfile | str":
    """The path of a team's file, or a profile with the numbers that were stated anew."""
    from costcalc.team import is_team_file

    if not is_team_file(work):
        return changed_profile(work, **numbers)
    stated = [name for name, value in numbers.items() if value is not None]
    if stated:
        raise InputError(f"--{stated[0].replace('_', '-')} goes with a profile; a team's file states it for each group")
    return work


def backtest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Logs, reports, or folders of them (default: the known places of this user's machine).",
        ),
    ] = None,
    split: Annotated[
        Decimal | None,
        typer.Option(
            parser=parse_share, metavar="P", help="Cut once, after this share of the days (default: after each week)."
        ),
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="USER", help="Only this person's use.")] = None,
    draws: Annotated[int, typer.Option(parser=parse_count, metavar="N", help="How many draws a forecast.")] = 4_000,
    seed: Seed = 1,
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Would forecasts have come true? Fit the first part of a history, forecast the rest, and compare."""
    with file_progress() as told:
        result = costcalc.backtest(
            paths or None,
            split=None if split is None else float(split),
            user=user,
            draws=draws,
            seed=seed,
            rates=costcalc.PriceBook.load(rates),
            told=told,
        )
    emit(result, output_format)
