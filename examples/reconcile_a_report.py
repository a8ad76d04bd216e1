"""What a GitHub usage report holds, and whether its cost is what the prices say."""

from pathlib import Path

from costcalc import reconcile, usage

report = Path(__file__).parent / "usage-report.csv"
print(usage(report, by=["user", "model"]))
print()
result = reconcile(report)
print(result)
print(f"\n{result.exact} of {result.compared} records agree to the nano-AIU")
