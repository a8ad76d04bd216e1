"""`costcalc whatif`: scenarios against a base."""

from typing import TYPE_CHECKING, Annotated

import typer

import costcalc
from costcalc.cli.options import (
    AccountFile,
    Basis,
    ChartFile,
    Developers,
    Format,
    KeepFresh,
    On,
    Options,
    OutputFormat,
    ProfileArgument,
    RatesFile,
)
from costcalc.cli.output import emit
from costcalc.errors import InputError

if TYPE_CHECKING:
    from costcalc.deciding.inputs import Change


def whatif(
    profile: ProfileArgument = "interactive_ide",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="INPUT=VALUE",
            help="A change, as often as there are: output=+30%, cached_share=0.5, tasks_per_day=x2, developers=20, "
            "price.api/gpt-5.4-mini.input=0.40.",
        ),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:INPUT=VALUE,…",
            help="A scenario of its own, as often as there are: growth:tasks_per_day=+20%.",
        ),
    ] = None,
    scenarios: Annotated[
        str | None, typer.Option(metavar="FILE", help="Scenarios from a TOML file: [scenarios.NAME] tables.")
    ] = None,
    option: Options = None,
    account: AccountFile = None,
    developers: Developers = None,
    on: On = None,
    basis: Basis = "best",
    fresh_as_input: KeepFresh = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Some numbers changed, against the month as it is: each scenario's bill, and how much of it each change causes."""
    book = costcalc.PriceBook.load(rates)
    result = costcalc.whatif(
        profile,
        _scenarios(changes or [], scenario or [], scenarios, book),
        option or None,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=book,
    )
    emit(result, output_format, chart)


def _scenarios(
    changes: list[str], stated: list[str], file: str | None, book: "costcalc.PriceBook"
) -> "dict[str, tuple[Change, ...]]":
    """Scenarios of all three sources by name."""
    from costcalc.deciding.scenarios import UNNAMED, scenarios_of_file

    found = {} if file is None else scenarios_of_file(file, book)
    for text in stated:
        name, colon, rest = text.partition(":")
        if not colon or not name.strip():
            raise InputError(f"--scenario {text!r:.80} is not of the form NAME:INPUT=VALUE,INPUT=VALUE")
        _add(found, name.strip(), [each for each in rest.split(",") if each.strip()], book)
    if changes:
        _add(found, UNNAMED, changes, book)
    if not found:
        raise InputError(
            "nothing is changed; give --set INPUT=VALUE, --scenario NAME:INPUT=VALUE,… or --scenarios FILE"
        )
    return found


def _add(found: "dict[str, tuple[Change, ...]]", name: str, changes: list[str], book: "costcalc.PriceBook") -> None:
    from costcalc.deciding.inputs import checked_changes

    if name in found:
        raise InputError(f"scenario {name:.60} is given twice")
    found[name] = checked_changes(changes, book)
