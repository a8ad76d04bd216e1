"""`costcalc bill` and `costcalc account`: what an account's usage costs, and what its terms come to."""

import sys
from decimal import Decimal
from typing import Annotated

import typer

import costcalc
from costcalc.cli.command import Command, Group
from costcalc.cli.focus import write_focus
from costcalc.cli.options import BillingAccount, Focus, Format, OutputFormat, RatesFile, parse_number
from costcalc.cli.output import emit, progress_bar

app: typer.Typer = typer.Typer(cls=Group, help="Accounts: seats, cost centres and budgets.", rich_markup_mode=None)


def bill(
    usage: Annotated[
        str,
        typer.Argument(metavar="USAGE.csv", help="time,user,credits (or tokens of a model), or GitHub's usage report."),
    ],
    account: Annotated[str, typer.Option(metavar="FILE", help="The account: seats, cost centres, budgets (TOML).")],
    rates: RatesFile = None,
    fail_over: Annotated[
        Decimal | None,
        typer.Option(parser=parse_number, metavar="USD", help="Exit with 1 if the bill is more than this."),
    ] = None,
    focus: Focus = None,
    billing_account: BillingAccount = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """What a month of usage costs an account: covered, metered, blocked, by whom and when."""
    terms = costcalc.Account.load(account)
    with progress_bar("Reading", usage) as progress:
        columns = costcalc.read_usage_csv(usage, terms, costcalc.PriceBook.load(rates), progress)
    result = costcalc.bill(columns, terms)
    write_focus(result, focus, billing_account)
    emit(result, output_format)
    if fail_over is not None and result.total_usd > fail_over:
        print(f"costcalc: the bill is ${result.total_usd:,f}, more than ${fail_over:,f}", file=sys.stderr)
        raise typer.Exit(1)


@app.callback()
def account() -> None:
    """Accounts: seats, cost centres and budgets."""


@app.command("check", cls=Command)
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The account (TOML).")],
    output_format: Format = OutputFormat.table,
) -> None:
    """Explain an account in plain words: who draws on what, in which order, and the largest bill that is possible."""
    emit(costcalc.check_account(costcalc.Account.load(file)), output_format)
