"""What one request costs, on Copilot and through the API, and whose price that is."""

from datetime import date

from costcalc import PriceBook, TokenUsage, price

# OpenAI and most logs count the prompt as a whole, cached tokens inside it; from_inclusive takes them apart.
usage = TokenUsage.from_inclusive(480_000, cached_input=360_000, output=24_000)

# The short way: a rate, and the exact cost of usage at it.
rate = PriceBook.load().rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1))
cost = rate.cost(usage)
print(f"{cost.usd} US dollars, {cost.credits} credits, {cost.nano_aiu} nano-AIU")
for line in cost.by_kind:
    print(f"  {line.kind}: {line.tokens} tokens at ${line.usd_per_mtok} a million = ${line.usd}")

# The whole answer, with everything to know before believing it; it prints as a table.
print()
print(price("gpt-5.4-mini", usage, "api", on=date(2026, 8, 1), basis="mai-vs-gpt-comparison-article"))
