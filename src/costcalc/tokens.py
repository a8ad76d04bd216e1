"""Token counts in four disjoint kinds, and the one constructor for sources that count the prompt as a whole."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from costcalc.errors import InputError

Kind = Literal["fresh_input", "cached_input", "cache_write", "output"]

KINDS: Final[tuple[Kind, ...]] = ("fresh_input", "cached_input", "cache_write", "output")
"""The token kinds, in the order in which everything lists them."""

MAX_COUNT: Final = 10**15
"""The largest count believed of one record; more is taken for a broken one."""


def checked_count(name: str, value: object) -> int:
    """`value` as a count of tokens or requests.

    Raises `InputError` if it is not a whole number from 0 to `MAX_COUNT`.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} must be a whole number, not {value!r:.60}")
    if value < 0:
        raise InputError(f"{name} must not be negative, not {value}")
    if value > MAX_COUNT:
        raise InputError(f"{name} must be at most 10^15, not {Decimal(value):.3E}")
    return value


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one request, or of several added up; each token is in exactly one kind.

    `fresh_input` is the part of the prompt neither read from nor written to a cache, `cached_input` the part read
    from it, `cache_write` the part written to it; `output` includes reasoning tokens. `requests` is the number of
    model calls: an aggregate is placed in a long-context tier by its mean prompt.

    Raises `InputError` for a count that is negative, not whole, or above 10^15.

    >>> usage = TokenUsage(fresh_input=120_000, cached_input=360_000, output=24_000)
    >>> usage.prompt_tokens
    480000
    >>> usage + usage == usage * 2
    True
    """

    fresh_input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    requests: int = 1

    def __post_init__(self) -> None:
        for name in KINDS:
            checked_count(name, getattr(self, name))
        checked_count("requests", self.requests)
        if not self.requests and any(self.counts):
            raise InputError("requests must be at least 1 where there are tokens")

    @classmethod
    def from_inclusive(
        cls,
        prompt_tokens: int,
        *,
        cached_input: int,
        output: int,
        cache_write: int = 0,
        requests: int = 1,
    ) -> "TokenUsage":
        """Usage from a source whose input count is the whole prompt, cached tokens and cache writes inside it.

        That is the convention of OpenAI, of OpenTelemetry's `gen_ai.usage.input_tokens` and of most Copilot logs.
        `cached_input` has no default: a source that does not report it does not mean 0.

        Raises `InputError` if the cached tokens and cache writes are more than the prompt.

        >>> TokenUsage.from_inclusive(480_000, cached_input=360_000, output=24_000).fresh_input
        120000
        """
        prompt = checked_count("prompt_tokens", prompt_tokens)
        inside = checked_count("cached_input", cached_input) + checked_count("cache_write", cache_write)
        if inside > prompt:
            raise InputError(
                f"cached_input plus cache_write is {inside}, more than the {prompt} prompt_tokens that should "
                "include them; if the source counts them apart, use TokenUsage(fresh_input=…)"
            )
        return cls(prompt - inside, cached_input, cache_write, output, requests)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Tokens by kind, in the order of `KINDS`."""
        return (self.fresh_input, self.cached_input, self.cache_write, self.output)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the whole prompt: fresh, read from cache, and written to it."""
        return self.fresh_input + self.cached_input + self.cache_write

    def __add__(self, other: object) -> "TokenUsage":
        if not isinstance(other, TokenUsage):
            return NotImplemented
        return _unchecked(
            self.fresh_input + other.fresh_input,
            self.cached_input + other.cached_input,
            self.cache_write + other.cache_write,
            self.output + other.output,
            self.requests + other.requests,
        )

    def __radd__(self, other: object) -> "TokenUsage":
        return self if other == 0 else NotImplemented  # so that sum() works

    def __mul__(self, factor: object) -> "TokenUsage":
        """The same usage `factor` times over, `requests` included, so that the mean prompt stays.

        `factor` is a whole number of at least 0, or a `Decimal` that leaves every count whole. Raises `InputError`
        otherwise: half a token cannot be priced as a token.
        """
        if isinstance(factor, bool) or not isinstance(factor, int | Decimal):
            return NotImplemented
        if isinstance(factor, Decimal) and (not factor.is_finite() or abs(factor.adjusted()) > 30):
            raise InputError(f"usage cannot be scaled by {factor}")
        if factor < 0:
            raise InputError(f"usage can be scaled by a factor of at least 0, not {factor}")
        if isinstance(factor, int):
            return _unchecked(*(count * factor for count in (*self.counts, self.requests)))
        numerator, denominator = factor.as_integer_ratio()
        scaled = [divmod(count * numerator, denominator) for count in (*self.counts, self.requests)]
        if any(remainder for _, remainder in scaled):
            raise InputError(f"usage scaled by {factor} does not give whole counts; use a profile for mean usage")
        return _unchecked(*(quotient for quotient, _ in scaled))

    __rmul__ = __mul__

    def to_dict(self) -> dict[str, int]:
        """The counts by name, `requests` included."""
        return dict(zip((*KINDS, "requests"), (*self.counts, self.requests), strict=True))


def _unchecked(*counts: int) -> TokenUsage:
    """Usage that arithmetic made of checked usage: a sum of many records may well pass the limit of one."""
    usage = object.__new__(TokenUsage)
    for name, count in zip((*KINDS, "requests"), counts, strict=True):
        object.__setattr__(usage, name, count)
    return usage
