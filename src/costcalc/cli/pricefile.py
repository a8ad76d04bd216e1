"""`costcalc price-file`: files of usage of any size, priced."""

from datetime import date
from typing import Annotated

import typer

import costcalc
from costcalc.cli.options import Basis, Format, OutputFormat, RatesFile, parse_day
from costcalc.cli.output import emit, step_progress
from costcalc.errors import InputError


def price_file(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="A .csv, .parquet or .jsonl file, a folder or a glob of them.")
    ],
    target: Annotated[str, typer.Argument(metavar="OUT", help="The file to write; its ending says the form.")],
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Columns of costcalc, opentelemetry, github-report or openai-export."),
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of models (model).")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="COLUMN|DATE", help="The column of days, or one day (date).")
    ] = None,
    fresh_input: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of fresh input.")] = None,
    cached_input: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of cached input; none if there is none.")
    ] = None,
    cache_write: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of cache writes; none if there is none.")
    ] = None,
    output: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of output.")] = None,
    requests: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of requests (left out: a row is one).")
    ] = None,
    inclusive: Annotated[
        bool, typer.Option("--inclusive", help="The input counts cached tokens and writes too.")
    ] = False,
    route: Annotated[
        str | None, typer.Option(metavar="ROUTE|COLUMN", help="copilot, api, or a column of them.")
    ] = None,
    service_tier: Annotated[
        str | None, typer.Option(metavar="TIER|COLUMN", help="A service tier, or a column of them.")
    ] = None,
    add: Annotated[str, typer.Option(metavar="NAMES", help="Exact decimals to add: cost_usd,credits.")] = "",
    engine: Annotated[str, typer.Option(metavar="polars|spark", help="What computes it.")] = "polars",
    master: Annotated[str | None, typer.Option(metavar="URL", help="With spark: the cluster's master.")] = None,
    basis: Basis = "best",
    rates: RatesFile = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Price each row of a file, larger than memory or on a cluster, and write it with its cost."""
    try:
        from costcalc import pricefile
    except ModuleNotFoundError as error:
        raise InputError(f"price-file needs {error.name}: pip install 'costcalc[frames,fast]'") from None
    columns = {"cached_input": cached_input, "cache_write": cache_write, "requests": requests}
    with step_progress("Pricing"):
        result = pricefile.price_file(
            source,
            target,
            engine=engine,  # type: ignore[arg-type]
            master=master,
            preset=preset,
            model=model,
            on=_day_or_column(on),
            fresh_input=fresh_input,
            output=output,
            inclusive=inclusive or None,
            route=route,
            service_tier=service_tier,
            add=[name.strip() for name in add.split(",") if name.strip()],
            basis=basis,
            rates=costcalc.PriceBook.load(rates),
            **{name: None if value == "none" else value for name, value in columns.items() if value is not None},
        )
    emit(result, output_format)


def _day_or_column(text: str | None) -> "date | str | None":
    if text is None or not text[:4].isdigit():
        return text
    return parse_day(text)
