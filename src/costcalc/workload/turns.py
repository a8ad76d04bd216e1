"""The turn model: what a session of many model calls reads, caches and writes, in closed form.

Every call sends the story so far again. The prompt of call t is the prefix, all earlier turns, and the new input; of
it the part that the previous prompt already held can be read from cache. Without a cache the cost of a session grows
with the square of its turns; with one, fresh input is linear and only cheap cached input is quadratic; with compaction
both are linear. (The model is about 15 % low against one published trace, whose agents read much early on.)
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BaseModel, Field, model_validator

from costcalc.units import EXACT, canonical, plain

_Tokens = Annotated[int, Field(ge=0, le=10**9, strict=True)]
_PositiveTokens = Annotated[int, Field(ge=1, le=10**9, strict=True)]


class SessionTokens(NamedTuple):
    """Tokens of one session by kind (means, so possibly fractions), its model calls, and how often it compacted."""

    fresh_input: Decimal
    cached_input: Decimal
    output: int
    requests: int
    compactions: int


class TurnModel(BaseModel, frozen=True, extra="forbid"):
    """A session of `turns` model calls.

    `prefix`: tokens of system prompt and tools. `input_per_turn`: new tokens (user or tool results) per call.
    `output_per_turn`: tokens answered per call. `cache_hit_share`: the share of the reusable prefix that is really
    read from cache, 0 to 1; measured 0.98 in uninterrupted agent runs (Codex on SWE-bench Pro) and 0.966 in mixed
    interactive use (TraceLab). `compact_at`: the prompt, in tokens, above which the history is summarised first
    (Copilot CLI: 102,400 of 128,000), None for never; it then shrinks to `history_after_compaction` tokens, for
    `summary_tokens` of output (10,000 and 1,500 are assumptions).

    Raises `pydantic.ValidationError` (a `ValueError`) for values that make no session.

    >>> turns = TurnModel(prefix=28_700, input_per_turn=1_700, output_per_turn=350, turns=9, cache_hit_share="0.966")
    >>> turns.tokens().fresh_input, turns.tokens().cached_input, turns.tokens().output
    (Decimal('57020.4'), Decimal('290379.6'), 3150)
    """

    prefix: _Tokens
    input_per_turn: _PositiveTokens
    output_per_turn: _Tokens
    turns: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    cache_hit_share: Annotated[Decimal, Field(ge=0, le=1, decimal_places=9)]
    compact_at: _PositiveTokens | None = None
    history_after_compaction: _Tokens = 10_000
    summary_tokens: _Tokens = 1_500

    if TYPE_CHECKING:  # what the constructor takes is more than what the fields hold

        def __init__(
            self,
            *,
            prefix: int,
            input_per_turn: int,
            output_per_turn: int,
            turns: int,
            cache_hit_share: Decimal | int | float | str,
            compact_at: int | None = None,
            history_after_compaction: int = 10_000,
            summary_tokens: int = 1_500,
        ) -> None: ...

    @model_validator(mode="after")
    def _compaction_must_leave_room(self) -> "TurnModel":
        needed = self.prefix + self.input_per_turn + self.history_after_compaction
        if self.compact_at is not None and self.compact_at < needed:
            raise ValueError(
                f"compact_at is {self.compact_at}, less than prefix, history_after_compaction and input_per_turn "
                f"together ({needed}): every call would compact again"
            )
        return self

    @property
    def words(self) -> str:
        """The session in a few words."""
        compaction = f", compacted at {self.compact_at:,}" if self.compact_at is not None else ""
        return (
            f"prefix {self.prefix:,}, {self.turns:,} turns of {self.input_per_turn:,} in and {self.output_per_turn:,} "
            f"out, cache-hit share {plain(self.cache_hit_share)}{compaction}"
        )

    def tokens(self) -> SessionTokens:
        """The session's tokens, exactly, without simulating its calls."""
        growth = self.input_per_turn + self.output_per_turn
        total = reusable = compactions = 0
        history, first, left = 0, True, self.turns
        # One pass per shape of segment: the first, then all full ones at once, then what is left of the last.
        while left:
            fits = self._calls_that_fit(history, growth)
            calls = left if fits is None else min(left, fits)
            repeats = 1 if first else max(1, left // calls)
            segment_total = calls * (self.prefix + history + self.input_per_turn) + growth * calls * (calls - 1) // 2
            segment_reusable = (
                (calls - 1) * (self.prefix + history - self.output_per_turn)
                + growth * calls * (calls - 1) // 2
                + (0 if first else self.prefix)
            )
            left -= calls * repeats
            compacting = repeats if left else repeats - 1
            old_prompt = self.prefix + history + calls * growth
            total += repeats * segment_total + compacting * old_prompt
            reusable += repeats * segment_reusable + compacting * (old_prompt - self.output_per_turn)
            compactions += compacting
            history, first = self.history_after_compaction, False
        cached = canonical(EXACT.multiply(self.cache_hit_share, Decimal(reusable)))
        return SessionTokens(
            fresh_input=canonical(EXACT.subtract(Decimal(total), cached)),
            cached_input=cached,
            output=self.turns * self.output_per_turn + compactions * self.summary_tokens,
            requests=self.turns + compactions,
            compactions=compactions,
        )

    def _calls_that_fit(self, history: int, growth: int) -> int | None:
        """Calls until the next prompt would pass `compact_at`; None where nothing is compacted."""
        if self.compact_at is None:
            return None
        return max(1, (self.compact_at - self.prefix - history - self.input_per_turn) // growth + 1)
