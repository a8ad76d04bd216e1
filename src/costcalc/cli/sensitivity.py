"""`costcalc sensitivity`: which input moves the bill, and the choice."""

from typing import Annotated

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
    parse_count,
)
from costcalc.cli.output import emit
from costcalc.errors import InputError


def sensitivity(
    profile: ProfileArgument = "interactive_ide",
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="INPUT=LOW:HIGH",
            help="The range of an input, as often as there are: tasks_per_day=10:20. Default: the profile's own, else one "
            "assumed by how the number was found.",
        ),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            parser=parse_count, metavar="N", help="Samples of all inputs at once, a power of two; 0 leaves them out."
        ),
    ] = 16_384,
    seed: Annotated[int, typer.Option(parser=parse_count, metavar="N", help="The seed of the samples.")] = 1,
    expected_only: Annotated[
        bool, typer.Option("--expected-only", help="Leave the chance of a single month out of all at once.")
    ] = False,
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
    """Which input moves the bill of each option, and the choice between them: what to measure first."""
    result = costcalc.sensitivity(
        profile,
        option or None,
        ranges=_ranges(ranges or []),
        samples=samples,
        seed=seed,
        chance=not expected_only,
        account=account,
        developers=developers,
        on=on,
        basis=basis,
        split_cache_writes=not fresh_as_input,
        rates=costcalc.PriceBook.load(rates),
    )
    emit(result, output_format, chart)


def _ranges(texts: list[str]) -> dict[str, tuple[str, str]]:
    found = [_range(text) for text in texts]
    for name, _ in found:
        if [each for each, _ in found].count(name) > 1:
            raise InputError(f"--range: {name} is given twice")
    return dict(found)


def _range(text: str) -> tuple[str, tuple[str, str]]:
    name, equals, ends = text.partition("=")
    low, colon, high = ends.partition(":")
    if not (equals and colon and name.strip() and low.strip() and high.strip()):
        raise InputError(f"--range {text!r:.60} is not of the form INPUT=LOW:HIGH, such as tasks_per_day=10:20")
    return name.strip(), (low.strip(), high.strip())
