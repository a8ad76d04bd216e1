"""Rates as claims: what a token costs, who says so, and which claim to believe."""
