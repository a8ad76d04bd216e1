"""What can be turned on or off beside the choice of a plan: models of a mix, auto selection, residency, service tiers."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from costcalc.billing.plan import plan as plan_named
from costcalc.errors import RateNotFoundError
from costcalc.estimation import Option, option_rate
from costcalc.forecasting.horizon import Horizon
from costcalc.pricing.catalog import STANDARD


def levers_of(horizon: Horizon, options: list[list[Option]]) -> list[tuple[str, list[list[Option]], str]]:
    """What can be turned on or off in a way, the way with it, and what to know: models of a mix, auto, residency, tiers."""
    found: list[tuple[str, list[list[Option]], str]] = []

    def add(what: str, note: str, changed: "Callable[[Option], Option]") -> None:
        other = [[changed(option) for option in each] for each in options]
        if other != options:
            found.append((what, other, note))

    add("data residency off", "prices times 1.1 with it", lambda option: replace(option, data_residency=False))
    add(
        "auto model selection on",
        "prices times 0.9; the figure holds if auto chooses the same model",
        lambda option: replace(option, auto=True) if _may_be_auto(option) else option,
    )
    for tier, note in (
        ("flex", "answers come later, and may be refused"),
        ("batch", "answers within a day, not at once"),
    ):
        add(f"service tier {tier} on", note, partial(_on_tier, horizon, tier))
    for place, (group, each) in enumerate(zip(horizon.groups, options, strict=True)):
        different = list(dict.fromkeys(each))
        for off in different if len(different) > 1 else ():
            others = [option for option in different if option != off]
            cheapest = min(others, key=lambda option: horizon.estimate(group, option, 0).per_task_usd)
            changed = [cheapest if option == off else option for option in each]
            other = [changed if index == place else row for index, row in enumerate(options)]
            found.append((f"{off} off for {group.name}", other, f"its tasks done with {cheapest}, taken to be as good"))
    return found


def _may_be_auto(option: Option) -> bool:
    return option.route == "copilot" and not (option.plan is not None and plan_named(option.plan).auto_only)


def _on_tier(horizon: Horizon, tier: str, option: Option) -> Option:
    """The option on a service tier of the provider, if there is a price for it."""
    if option.route != "api" or option.service_tier != STANDARD:
        return option
    changed = replace(option, service_tier=tier)
    try:
        option_rate(horizon.book, changed, horizon.day, horizon.basis)
    except RateNotFoundError:
        return option
    return changed
