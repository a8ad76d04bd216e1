"""`costcalc profiles`: the ways of working that ship, and where each of their numbers comes from."""

from datetime import timedelta
from typing import Annotated, Any

import typer

import costcalc
from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Format, OutputFormat, parse_count
from costcalc.cli.output import emit, file_progress, write

app: typer.Typer = typer.Typer(
    cls=Group, help="Ways of working: tokens per task, tasks per day.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def profiles(context: typer.Context, output_format: Format = OutputFormat.table) -> None:
    """Ways of working: list those that ship (without a command), or explain one (show)."""
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    from costcalc.showing.display import Table, envelope
    from costcalc.workload.profile import built_in_profiles

    found = list(built_in_profiles().values())
    table = Table(
        ("profile", "fresh input", "cached input", "output", "requests", "tasks a day", "days", "what it is"),
        tuple(
            (
                each.name,
                each.fresh_input,
                each.cached_input,
                each.output,
                each.requests_per_task,
                each.tasks_per_day,
                each.active_days,
                f"{each.title} (task: {each.task}; per {each.per})",
            )
            for each in found
        ),
        "Mean tokens and requests per task, tasks per active day, active days per month",
    )
    write(
        output_format,
        [table],
        lambda: envelope("profiles", {"profiles": [each.to_dict() for each in found]}),
        lambda: [_row(each) for each in found],
    )


@app.command("show", cls=Command)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A profile by name, or a TOML file.")],
    output_format: Format = OutputFormat.table,
) -> None:
    """Explain a profile: each number, how it was found, and on what it rests."""
    from costcalc.showing.display import envelope

    profile = costcalc.SessionProfile.load(name)
    write(
        output_format,
        profile.all_parts(),
        lambda: envelope("profile", {"profile": profile.to_dict()}),
        lambda: [_row(profile)],
    )


@app.command("fit", cls=Command)
def fit(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Logs, or folders of them (default: the known places)."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the profile to this TOML file.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if it is there already.")] = False,
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the profile.")] = "mine",
    pause: Annotated[
        int,
        typer.Option(parser=parse_count, metavar="MINUTES", help="A longer pause between calls starts a new task."),
    ] = 10,
    user: Annotated[str | None, typer.Option(metavar="USER", help="Only this person's use.")] = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Fit a profile to your own history: tasks, tokens and days, with the interval of each mean."""
    if pause > 60 * 24 * 31:
        raise costcalc.InputError("--pause is at most a month of minutes")
    with file_progress() as told:
        result = costcalc.fit_profile(paths or None, name=name, pause=timedelta(minutes=pause), user=user, told=told)
    if output is not None:
        result.save(output, replace=replace)
    emit(result, output_format)


def _row(profile: "costcalc.SessionProfile") -> dict[str, Any]:
    return {"profile": profile.name, "task": profile.task, "per": profile.per, **profile.numbers()}
