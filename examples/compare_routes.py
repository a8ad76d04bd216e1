"""Which way is cheapest for a month of work, and does the answer depend on whose prices one believes?"""

from datetime import date

from costcalc import compare

result = compare(
    "interactive_ide",
    ["copilot/mai-code-1.1-flash@pro", "copilot/gpt-5.4-mini@pro", "api/mai-code-1.1-flash", "api/gpt-5.4-mini"],
    on=date(2026, 11, 24),
)
print(result)

# The same as data: for a data frame, pandas.DataFrame(result.rows()); for another program, result.to_dict().
print()
for row in result.rows():
    print(row["option"], row["source"], row["status"], row["total_usd"])

# Why does the dearest cost more than the cheapest? The causes add up to the difference, to the last digit.
dearest = max(result.differences, key=lambda difference: difference.usd)
print(f"\n{dearest.option} costs ${dearest.usd} more than {dearest.against}:")
for cause in dearest.causes:
    print(f"  {cause.cause}: ${cause.usd}")
