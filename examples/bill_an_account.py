"""What a month cost an account: what the pool covered, what was metered, who was blocked."""

from datetime import UTC, datetime
from pathlib import Path

from costcalc import Account, Budget, Seats, UsageRecord, bill, check_account, read_usage_csv

# From files, as the command line does.
here = Path(__file__).parent
account = Account.load(here / "account.toml")
print(check_account(account))
print()
print(bill(read_usage_csv(here / "usage.csv", account), account))

# The same as objects.
team = Account(
    kind="organization",
    month="2026-10",
    seats=(Seats(plan="business", users=("ana", "bo")),),
    budgets=(Budget(scope="user", name="*", usd=25),),
)
records = [
    UsageRecord(datetime(2026, 10, 5, 9, 30, tzinfo=UTC), "ana", 3_000),
    UsageRecord(datetime(2026, 10, 6, 9, 30, tzinfo=UTC), "bo", 2_000),
]
result = bill(records, team)
print(f"\n{result.total_usd} US dollars; the pool ran dry at {result.exhausted_at}")
for stop in result.blocks:
    print(f"{stop.credits} credits were blocked by the {stop.scope} budget of {stop.name} since {stop.at}")
