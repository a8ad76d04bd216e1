"""A way of working of your own: stated in numbers, from a file, or as the turns of a session."""

from datetime import date
from pathlib import Path

from costcalc import SessionProfile, TurnModel, estimate

day = date(2026, 11, 24)

# In numbers: mean tokens per task by kind, model calls per task, tasks per active day, active days per month.
mine = SessionProfile(
    name="mine",
    fresh_input=40_000,
    cached_input=200_000,
    output=2_500,
    requests_per_task=6,
    tasks_per_day=10,
    active_days=18,
)
print(estimate(mine, "gpt-5.4-mini", "copilot", plan="pro", on=day))

# From a file.
print()
from_file = SessionProfile.load(Path(__file__).parent / "my-profile.toml")
print(estimate(from_file, "gpt-5.4-mini", "copilot", plan="business", developers=5, on=day))

# As the turns of a session: tokens and requests follow from the turn model, compaction included.
print()
for turns in (20, 80, 320):
    session = TurnModel(
        prefix=28_700,
        input_per_turn=1_700,
        output_per_turn=350,
        turns=turns,
        cache_hit_share="0.966",
        compact_at=102_400,
    )
    profile = SessionProfile.from_turns(f"{turns} turns", session, tasks_per_day=1, active_days=1)
    month = estimate(profile, "gpt-5.4-mini", "copilot", on=day)
    print(
        f"A session of {turns} turns costs {month.credits} credits and compacts {session.tokens().compactions} times."
    )
