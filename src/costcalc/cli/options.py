"""The options that several commands share, and how the text of an option becomes a value."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from costcalc.errors import InputError


class OutputFormat(StrEnum):
    """How a command writes its answer."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


def parse_format(text: str | OutputFormat) -> OutputFormat:
    """One of the output formats, in any case."""
    try:
        return OutputFormat(text.lower())
    except ValueError:
        raise typer.BadParameter(f"{text!r:.40} is not one of {', '.join(OutputFormat)}") from None


def parse_count(text: str | int) -> int:
    """A whole number from 0 to 10^15, its thousands perhaps separated: 480000, 480_000 or 480,000."""
    if isinstance(text, int):  # the option's default
        return text
    stripped = text.strip()
    if not re.fullmatch(r"-?(\d{1,3}(,\d{3})+|\d+(_\d+)*)", stripped, re.ASCII):
        raise typer.BadParameter(f"{text!r:.40} is not a whole number such as 480000")
    digits = stripped.replace(",", "").replace("_", "")
    from costcalc.tokens import checked_count

    try:
        return checked_count("it", int(digits) if len(digits) < 40 else 10**40)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


def parse_number(text: str) -> Decimal:
    """A number of at least 0, exactly as written, its thousands perhaps separated: 15, 2.5 or 1,000."""
    stripped = text.strip()
    whole = r"(\d{1,3}(,\d{3})+|\d+(_\d+)*)"
    if not re.fullmatch(rf"{whole}(\.\d+)?|\.\d+", stripped, re.ASCII):
        raise typer.BadParameter(f"{text!r:.40} is not a number of at least 0, such as 15 or 2.5")
    if len(stripped) > 50:
        raise typer.BadParameter("it has more digits than can be meant")
    return Decimal(stripped.replace(",", "").replace("_", ""))


def parse_growth(text: str | Decimal) -> Decimal:
    """A share that may be below 0, exactly as written: 0.05, 5% or -0.02."""
    if isinstance(text, Decimal):  # the option's default
        return text
    stripped = text.strip()
    try:
        return -parse_share(stripped[1:]) if stripped.startswith("-") else parse_share(stripped)
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r:.40} is not a share such as 0.05, 5% or -0.02") from None


def parse_share(text: str) -> Decimal:
    """A share such as 0.9, or a percentage such as 90%."""
    stripped = text.strip()
    return parse_number(stripped[:-1]) / 100 if stripped.endswith("%") else parse_number(stripped)


def parse_day(text: str) -> date:
    """A day such as 2026-08-01."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII):
        raise typer.BadParameter(f"{text!r:.40} is not a date such as 2026-08-01")
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"there is no day {text.strip()}") from None


def parse_new_file(text: str) -> str:
    """The name of a file that is yet to be written, refused before anything is read for it."""
    from costcalc.files import target_of

    try:
        target_of(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


Format = Annotated[
    OutputFormat,
    typer.Option(
        "--format", parser=parse_format, metavar="FORMAT", help="How to write the answer: table, json, csv or markdown."
    ),
]


def parse_chart(text: str) -> str:
    """The name of a file for a chart, by its ending."""
    from costcalc.showing.drawing import checked_ending

    try:
        checked_ending(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


ChartFile = Annotated[
    str | None,
    typer.Option(
        "--chart",
        parser=parse_chart,
        metavar="FILE",
        help="Draw the answer to a .svg, .png or (interactive, offline) .html file, too; one that is there is replaced.",
    ),
]
Route = Annotated[str, typer.Option(metavar="ROUTE", help="How the model is reached: copilot or api.")]
On = Annotated[
    date | None,
    typer.Option("--on", parser=parse_day, metavar="DATE", help="The day whose prices apply (default: today, UTC)."),
]
Basis = Annotated[
    str,
    typer.Option(
        metavar="BASIS", help="Whose prices to believe: best, published, provisional, indicative or a source."
    ),
]
ServiceTier = Annotated[
    str, typer.Option(metavar="TIER", help="The provider's service tier: standard, batch, flex or priority.")
]
Auto = Annotated[bool, typer.Option("--auto", help="Copilot's auto model selection: prices times 0.9.")]
DataResidency = Annotated[
    bool, typer.Option("--data-residency", help="Copilot's data residency or FedRAMP policy: prices times 1.1.")
]
RatesFile = Annotated[
    str | None,
    typer.Option("--rates", metavar="FILE", help="Your own prices, added to those that ship (TOML)."),
]
ProfileArgument = Annotated[
    str,
    typer.Argument(metavar="[PROFILE|FILE]", help="A profile by name (costcalc profiles lists them) or a TOML file."),
]
WorkArgument = Annotated[
    str,
    typer.Argument(
        metavar="[PROFILE|FILE]", help="A profile by name, or a TOML file of a profile or of a team's groups."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="ROUTE/MODEL[@PLAN]",
        help="An option, as often as there are: copilot/gpt-5-mini@pro; settings may follow, as for costcalc compare.",
    ),
]
Plans = Annotated[
    list[str] | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        help="A plan that may be chosen, as often as there are. Default: individual plans for one person, those of "
        "organisations for several.",
    ),
]
Months = Annotated[int, typer.Option(parser=parse_count, metavar="N", help="How many months ahead, this one included.")]
UsageGrowth = Annotated[
    Decimal, typer.Option(parser=parse_growth, metavar="X", help="Growth of use a month: 0.05 or 5%.")
]
HeadcountGrowth = Annotated[
    Decimal, typer.Option(parser=parse_growth, metavar="X", help="Growth of the number of people a month.")
]
Draws = Annotated[int, typer.Option(parser=parse_count, metavar="N", help="How many months to draw.")]
Seed = Annotated[int, typer.Option(parser=parse_count, metavar="N", help="The same seed gives the same draws.")]
Developers = Annotated[
    int | None,
    typer.Option(
        parser=parse_count, metavar="N", help="How many people work like this (default: 1, or the account's seats)."
    ),
]
AccountFile = Annotated[
    str | None,
    typer.Option("--account", metavar="FILE", help="Bill Copilot by an account: its seats, pool and budgets (TOML)."),
]
Focus = Annotated[
    str | None,
    typer.Option(
        "--focus",
        parser=parse_new_file,
        metavar="FILE",
        help="Write the charges to this new CSV file too, as FOCUS 1.2.",
    ),
]
BillingAccount = Annotated[
    str | None,
    typer.Option("--billing-account", metavar="ID", help="The BillingAccountId of the charges that --focus writes."),
]
KeepFresh = Annotated[
    bool,
    typer.Option(
        "--fresh-as-input",
        help="Price input not read from cache as input even where it is usually billed as cache writes.",
    ),
]


def number_option(help_text: str) -> typer.models.OptionInfo:
    """An option that states one number of a profile anew."""
    option: typer.models.OptionInfo = typer.Option(parser=parse_number, metavar="X", help=help_text)
    return option


FreshInput = Annotated[Decimal | None, number_option("Fresh input tokens per task, instead of the profile's.")]
CachedInput = Annotated[Decimal | None, number_option("Cached input tokens per task, instead of the profile's.")]
CacheWrite = Annotated[Decimal | None, number_option("Cache write tokens per task, instead of the profile's.")]
Output = Annotated[Decimal | None, number_option("Output tokens per task, instead of the profile's.")]
RequestsPerTask = Annotated[Decimal | None, number_option("Model calls per task, instead of the profile's.")]
TasksPerDay = Annotated[Decimal | None, number_option("Tasks per active day, instead of the profile's.")]
ActiveDays = Annotated[Decimal | None, number_option("Active days per month, instead of the profile's.")]
