"""How users call costcalc, held to these types."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_type

import pandas as pd
import polars as pl

from costcalc import Option, PriceBook, SessionProfile, TokenUsage, TurnModel, compare, estimate, price, solved

rate = PriceBook.load().rate("gpt-5.4-mini", route="api", on=date(2026, 8, 1))
cost = rate.cost(TokenUsage(fresh_input=1) + 2 * TokenUsage(output=3))
assert_type(cost.usd, Decimal)
assert_type(cost.nano_aiu, int)
assert_type(rate.usd_per_mtok.cached_input, Decimal | None)

turns = TurnModel(prefix=1, input_per_turn=1, output_per_turn=1, turns=1, cache_hit_share="0.9")
mine = SessionProfile(
    name="mine",
    fresh_input=40_000,
    cached_input=200_000,
    output=2_500.5,
    requests_per_task="6",
    tasks_per_day=10,
    active_days=18,
)
assert_type(mine.fresh_input, Decimal)
assert_type(SessionProfile.from_turns("t", turns, tasks_per_day=1, active_days=1).sigma, Decimal | None)

month = estimate(mine, "gpt-5-mini", plan="pro")
assert_type(month.total_usd, Decimal | None)
assert_type(month.credits, Decimal)

result = compare("interactive_ide", [Option("copilot", "gpt-5-mini"), "api/gpt-5.4-mini"])
assert_type(result.cheapest, str | None)
assert_type(result.verdict.robust, bool)
assert_type(price("gpt-5-mini", TokenUsage(output=1)).credits, Decimal)

mine_rates = {"gpt-5-mini": 0.7}
assert_type(solved(mine, ["copilot/gpt-5-mini"], pass_rates=mine_rates).options[0].per_solved_usd, Fraction | None)
assert_type(
    solved(mine, pass_rates={Option("api", "gpt-5.4-mini"): Decimal("0.7")}, benchmark="humaneval").robust, bool
)

assert_type(month.to_frame("pandas"), pd.DataFrame)
assert_type(month.to_frame("polars"), pl.DataFrame)
assert_type(month.to_frame(), Any)
assert_type(mine.to_html(), str)
