"""`costcalc plans`: Copilot's plans, their price and the credits they include."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costcalc.cli.command import Command, Group, refuse_options_before_command
from costcalc.cli.options import Format, On, OutputFormat
from costcalc.cli.output import write

if TYPE_CHECKING:
    from costcalc.billing.plan import Plan

app: typer.Typer = typer.Typer(
    cls=Group, help="Copilot's plans: the price of a seat and the credits it includes.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def plans(context: typer.Context, on: On = None, output_format: Format = OutputFormat.table) -> None:
    """Copilot's plans: list them (without a command), or explain one (show)."""
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    from costcalc.billing.plan import checked_plan_day, plan_sources
    from costcalc.billing.plan import plans as all_plans
    from costcalc.showing.display import Table, envelope, usd

    day = checked_plan_day(on)
    found = list(all_plans().values())
    table = Table(
        ("plan", "USD a seat", "credits a seat", "base", "flex", "pooled", "certainty", "note"),
        tuple(
            (
                each.id,
                usd(each.usd_per_seat),
                each.included_credits_on(day),
                each.base_credits,
                each.flex_credits,
                "yes" if each.pooled else "no",
                each.certainty,
                _remarks(each, day),
            )
            for each in found
        ),
        f"Copilot plans on {day}, a month; credits beyond the included ones cost $0.01 each",
    )
    write(
        output_format,
        [table],
        lambda: envelope(
            "plans",
            {
                "on": day.isoformat(),
                "plans": [each.to_dict() for each in found],
                "sources": [{"id": name, **source.model_dump()} for name, source in plan_sources().items()],
            },
        ),
        lambda: [_row(each, day) for each in found],
    )


@app.command("show", cls=Command)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A plan by name (costcalc plans lists them).")],
    on: On = None,
    output_format: Format = OutputFormat.table,
) -> None:
    """Explain a plan, with its source and how sure its terms are."""
    from costcalc.billing.plan import checked_plan_day, plan, plan_sources
    from costcalc.showing.display import envelope

    found = plan(name)
    day = checked_plan_day(on)
    source_dict = {"id": found.source, **plan_sources()[found.source].model_dump()}
    write(
        output_format,
        found.all_parts(day),
        lambda: envelope("plan", {**_terms(found), "on": day.isoformat(), "sources": [source_dict]}),
        lambda: [_row(found, day)],
    )


def _terms(plan: "Plan") -> dict[str, Any]:
    """The plan as fields of a document, whose own kind is another."""
    return {"plan_kind" if name == "kind" else name: value for name, value in plan.to_dict().items()}


def _remarks(plan: "Plan", day: date) -> str:
    promotion = plan.promotion_on(day)
    remarks = [f"promotion for {promotion.who}; others {plan.included_credits:,}"] if promotion else []
    remarks += ["auto model selection only"] if plan.auto_only else []
    remarks += [plan.note] if plan.note else []
    return "; ".join(remarks)


def _row(plan: "Plan", day: date) -> dict[str, Any]:
    included = plan.included_credits_on(day)
    return {
        "plan": plan.id,
        "name": plan.name,
        "kind": plan.kind,
        "usd_per_seat": plan.usd_per_seat,
        "included_credits": None if included is None else Decimal(included),
        "base_credits": plan.base_credits,
        "flex_credits": plan.flex_credits,
        "pooled": plan.pooled,
        "auto_only": plan.auto_only,
        "certainty": plan.certainty,
        "source": plan.source,
    }
