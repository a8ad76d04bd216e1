"""How much will next month cost, with what chance, and when do the credits run out?"""

from datetime import date
from pathlib import Path

from costcalc import forecast

day = date(2026, 11, 24)

# One developer: two options on the same possible months.
month = forecast(
    "interactive_ide",
    ["copilot/claude-haiku-4.5@pro", "api/gpt-5.4-mini"],
    on=day,
    confidence=[0.5, 0.9],
)
first = month.options[0]
print(f"Half of all months cost less than ${month.total_usd[50]}, nine of ten less than ${month.total_usd[90]}.")
print(f"A budget of ${month.budget_for(0.9)} holds in 90 % of months.")
if month.exhaustion is not None and month.exhaustion.p50 is not None:
    print(f"The credits run out in {month.exhaustion.probability:.0%} of months, typically on {month.exhaustion.p50}.")
for option in month.options:
    print(f"{option.option} is the cheapest in {option.cheapest_probability:.0%} of months.")

# A team from a file, three months ahead.
print()
print(forecast(Path(__file__).parent / "team.toml", on=day, months=3, usage_growth=0.05, budget_usd=2_000))
