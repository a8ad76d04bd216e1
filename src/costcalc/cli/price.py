"""`costcalc price`: what given tokens cost."""

from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import (
    Auto,
    Basis,
    ChartFile,
    DataResidency,
    Format,
    On,
    OutputFormat,
    RatesFile,
    Route,
    ServiceTier,
    parse_count,
)
from costcalc.cli.output import emit


def price(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model by id, name or alias.")],
    fresh_input: Annotated[
        int | None,
        typer.Option(parser=parse_count, metavar="N", help="Prompt tokens neither read from nor written to a cache."),
    ] = None,
    cached_input: Annotated[
        int | None, typer.Option(parser=parse_count, metavar="N", help="Prompt tokens read from the cache.")
    ] = None,
    cache_write: Annotated[
        int | None, typer.Option(parser=parse_count, metavar="N", help="Prompt tokens written to the cache.")
    ] = None,
    output: Annotated[
        int | None, typer.Option(parser=parse_count, metavar="N", help="Output tokens, reasoning included.")
    ] = None,
    requests: Annotated[
        int, typer.Option(parser=parse_count, metavar="N", help="How many requests the tokens are from.")
    ] = 1,
    route: Route = "copilot",
    on: On = None,
    basis: Basis = "best",
    service_tier: ServiceTier = "standard",
    auto: Auto = False,
    data_residency: DataResidency = False,
    rates: RatesFile = None,
    chart: ChartFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What the given tokens of a model cost, by token kind."""
    counts = {
        "fresh_input": fresh_input,
        "cached_input": cached_input,
        "cache_write": cache_write,
        "output": output,
    }
    given = {kind: count for kind, count in counts.items() if count is not None}
    usage = costcalc.TokenUsage(**given, requests=requests)
    result = costcalc.price(
        model,
        usage,
        route,
        on=on,
        basis=basis,
        service_tier=service_tier,
        auto=auto,
        data_residency=data_residency,
        rates=costcalc.PriceBook.load(rates),
    )
    if not given:
        message = "no tokens given; state at least one of --fresh-input, --cached-input, --cache-write and --output"
        raise costcalc.InputError(message)
    emit(result, output_format, chart)
