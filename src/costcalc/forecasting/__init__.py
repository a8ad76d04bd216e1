"""Possible months: drawn, passed through plans and budgets, and held against history."""
