"""Benchmarks quoted with the models: how often a model solves a task, and how many tokens it needs against another."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field

from costcalc.errors import InputError, unknown_name
from costcalc.tomlfile import TomlFile, packaged
from costcalc.units import canonical, plain, ratio

_FACTOR_PLACES: Final = 4

STATED: Final = "stated by you"


class BenchmarkResult(BaseModel, frozen=True, extra="forbid"):
    """How one model did: tasks solved in percent, and mean tokens per task in thousands (None: not given)."""

    model: str
    pass_percent: Annotated[Decimal, Field(ge=0, le=100)]
    mean_ktokens: Annotated[Decimal, Field(gt=0)] | None = None


class Benchmark(BaseModel, frozen=True, extra="forbid"):
    """A benchmark's figures; `baseline` is the model that token factors are relative to, `caveat` what to know of them.

    `read` is the day or month in which the source was read.
    """

    id: str
    name: str
    source: str
    read: str
    caveat: str
    baseline: str | None = None
    results: tuple[BenchmarkResult, ...]

    def mean_ktokens(self, model: str) -> Decimal | None:
        """Mean tokens per task of a model, in thousands; None if the benchmark does not give them."""
        return next((each.mean_ktokens for each in self.results if each.model == model), None)

    def pass_percent(self, model: str) -> Decimal | None:
        """Tasks that a model solves, in percent; None if the benchmark does not have it."""
        return next((each.pass_percent for each in self.results if each.model == model), None)

    def gives_tokens(self, model: str) -> bool:
        """Whether it can serve as the token factor of a model."""
        return self.baseline is not None and self.mean_ktokens(model) is not None


@lru_cache(maxsize=1)
def benchmarks() -> Mapping[str, Benchmark]:
    """All benchmarks by id.

    >>> benchmarks()["swe-bench-verified"].mean_ktokens("mai-code-1-flash")
    Decimal('10.8')
    """
    file = TomlFile.read(packaged("benchmarks.toml"))
    found = {}
    for name, stated in file.data["benchmarks"].items():
        if stated["source"] not in file.data["sources"]:
            message = str(unknown_name("source", stated["source"], file.data["sources"]))
            file.fail(("benchmarks", name, "source"), message)
        read = file.data["sources"][stated["source"]]["read"]
        extra = {"id": name, "read": read} | ({} if "caveat" in stated else {"caveat": file.data["caveat"]})
        found[name] = file.validate(Benchmark, ("benchmarks", name), extra)
    return MappingProxyType(found)


class TokenFactor(NamedTuple):
    """A factor on tokens per task, where it is from, and the model it is relative to (None: not a benchmark's)."""

    factor: Decimal
    note: str
    baseline: str | None


def checked_factor(value: object) -> Decimal:
    """A token factor that is stated as a number; a float stands for the decimal it prints as.

    Raises `InputError` unless it is a number above 0 and at most a million.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InputError(f"a token factor must be a number above 0, not {value!r:.40}")
    number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or not 0 < number <= 1_000_000 or number.adjusted() < -30:
        raise InputError(f"a token factor must be above 0 and at most a million, not {value}")
    return canonical(number)


def token_factor_of(value: "Decimal | float | str", model: str) -> TokenFactor:
    """A token factor as a person states it: a number above 0, or the id of a benchmark.

    A benchmark gives the model's mean tokens over its baseline's, to four decimals. Raises `InputError` for something
    else, or for a model that the benchmark gives no figure for.

    >>> token_factor_of("swe-bench-verified", "mai-code-1-flash").factor
    Decimal('0.3956')
    """
    if not isinstance(value, str):
        return TokenFactor(checked_factor(value), STATED, None)
    if re.fullmatch(r"\d{0,7}(\.\d{1,30})?", value, re.ASCII) and value:
        return TokenFactor(checked_factor(Decimal(value)), STATED, None)
    usable = {name: each for name, each in benchmarks().items() if each.baseline is not None}
    if value not in usable:
        raise unknown_name("token factor", value, usable, "or a number above 0")
    benchmark = usable[value]
    own, base = benchmark.mean_ktokens(model), benchmark.mean_ktokens(benchmark.baseline or "")
    if own is None or base is None:
        known = ", ".join(each.model for each in benchmark.results)
        raise InputError(f"benchmark {value} gives no token figure for {model}; it has: {known}")
    note = (
        f"{benchmark.name}, {plain(own)}K against {plain(base)}K tokens of {benchmark.baseline} "
        f"({benchmark.source}; {benchmark.caveat})"
    )
    return TokenFactor(ratio(own, base, _FACTOR_PLACES), note, benchmark.baseline)
