"""Keeping the price book true: GitHub's table, peers, differences, and claims from elsewhere."""
