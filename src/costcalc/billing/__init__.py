"""From credits to a bill: plans, their allowance, and the month's total."""
