"""What differs between two price files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from costcalc.errors import check_path
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook
from costcalc.pricing.catalog import STANDARD
from costcalc.pricing.rate import Rate
from costcalc.showing.display import Result, Table
from costcalc.tokens import KINDS
from costcalc.upkeep.editing import book_of
from costcalc.upkeep.prices import price_changes

if TYPE_CHECKING:
    from costcalc.showing.display import Cell, Part

SHIPPED: Final = "shipped"
_COMPARED: Final = ("status", "prompt_tokens_over", "effective_until", "as_of", "usd_per_mtok", "promotional", "note")


class ChangedRow(NamedTuple):
    """A row that is in both files with other values, and which those are."""

    before: Rate
    after: Rate
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class RatesDiff(Result):
    """The rows that differ between two price files: `old` and `new` are their names."""

    kind: ClassVar[str] = "rates_diff"
    old: str
    new: str
    added: tuple[Rate, ...]
    removed: tuple[Rate, ...]
    changed: tuple[ChangedRow, ...]
    same: int
    notices: tuple[Notice, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether any row differs."""
        return bool(self.added or self.removed or self.changed)

    def body(self) -> dict[str, Any]:
        """The fields of the machine output between `kind` and `rates`."""
        return {
            "old": self.old,
            "new": self.new,
            "added": [rate.id for rate in self.added],
            "removed": [rate.to_dict() for rate in self.removed],
            "changed": [
                {"id": each.after.id, "fields": list(each.fields), "before": each.before.to_dict()}
                for each in self.changed
            ],
            "same": self.same,
        }

    def rates_used(self) -> Iterable[Rate]:
        """The rows that are new in the second file, and those that changed, as they are there."""
        return (*self.added, *(each.after for each in self.changed))

    def parts(self) -> Iterator["Part"]:
        """What to show a person, the answer first."""
        counts = (
            f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed, {self.same} the same"
        )
        yield f"{self.old} -> {self.new}: {counts}"
        lines = tuple((*_cells(*row), _others(row[3])) for row in self._differences())
        if lines:
            columns = (
                "",
                "model",
                "route",
                "source",
                "from",
                "until",
                "prompt over",
                "input",
                "cached",
                "write",
                "output",
            )
            yield Table((*columns, "also differs"), lines, "Rows that differ, USD per million tokens")

    def rows(self) -> list[dict[str, Any]]:
        """One row for each that differs; prices are `Decimal`."""
        found = []
        for what, before, after, fields in self._differences():
            rate = after or before
            row: dict[str, Any] = {"what": what, "rate_id": rate.id if rate else None, "fields": fields}
            for name, side in (("before", before), ("after", after)):
                until = side.effective_until if side else None
                row[f"effective_until_{name}"] = until.isoformat() if until else None
                for place, kind in enumerate(KINDS):
                    row[f"{kind}_usd_per_mtok_{name}"] = side.usd_per_mtok[place] if side else None
            found.append(row)
        return found

    def columns(self) -> dict[str, type]:
        sides = ("before", "after")
        days = {f"effective_until_{name}": str for name in sides}
        prices = {f"{kind}_usd_per_mtok_{name}": Decimal for name in sides for kind in KINDS}
        return {"what": str, "rate_id": str, "fields": str, **days, **prices}

    def _differences(self) -> Iterator[tuple[str, Rate | None, Rate | None, str]]:
        for rate in self.added:
            yield "added", None, rate, ""
        for rate in self.removed:
            yield "removed", rate, None, ""
        for each in self.changed:
            yield "changed", each.before, each.after, ", ".join(each.fields)


def _others(fields: str) -> str | None:
    """The fields that no other column shows."""
    return ", ".join(each for each in fields.split(", ") if each not in ("effective_until", "usd_per_mtok")) or None


def _cells(what: str, before: Rate | None, after: Rate | None, _: str) -> "tuple[Cell, ...]":
    rates = [rate for rate in (before, after) if rate is not None]
    rate = rates[-1]
    ends = dict.fromkeys(str(each.effective_until or "-") for each in rates)
    sides = [((each.prompt_tokens_over, each.usd_per_mtok),) for each in rates]
    prices = (
        next(price_changes(sides[0], sides[-1]))
        if len({side[0][0] for side in sides}) == 1
        else next(price_changes((), sides[-1]))
    )
    first = rate.effective_from or f"after {rate.not_before}"
    return (what, rate.model, _place(rate), rate.source, str(first), " -> ".join(ends), *prices)


def _place(rate: Rate) -> str:
    return rate.route + ("" if rate.service_tier == STANDARD else f" ({rate.service_tier})")


def diff_rates(old: str | Path, new: str | Path) -> RatesDiff:
    """The rows that a price file has, lacks or states otherwise than another; `shipped` is the one that ships.

    A file that only adds to the prices that ship is compared together with them. Rows are the same row if model, route,
    source, service tier, tier and first day are. Raises `InputError` for a file that cannot be right.

    >>> diff_rates("shipped", "shipped").differs
    False
    """
    one, other = _book(old), _book(new)
    before, after = ({rate.id: rate for rate in book.rates} for book in (one, other))
    changed = []
    for rate_id, rate in after.items():
        if (was := before.get(rate_id)) is not None:
            fields = [name for name in _COMPARED if getattr(was, name) != getattr(rate, name)]
            if (was.as_of, rate.as_of) == (one.sources[was.source].read, other.sources[rate.source].read):
                fields = [name for name in fields if name != "as_of"]  # told once, by source
            if fields:
                changed.append(ChangedRow(was, rate, tuple(fields)))
    read = [
        Notice("source_read", f"{name}: read {known.read} in {old}, {source.read} in {new}")
        for name, source in other.sources.items()
        if (known := one.sources.get(name)) is not None and known.read != source.read
    ]
    added = tuple(rate for rate_id, rate in after.items() if rate_id not in before)
    removed = tuple(rate for rate_id, rate in before.items() if rate_id not in after)
    same = len(after) - len(added) - len(changed)
    return RatesDiff(str(old), str(new), added, removed, tuple(changed), same, tuple(read))


def _book(path: str | Path) -> PriceBook:
    check_path("a price file", path)
    return PriceBook.load() if str(path) == SHIPPED else book_of(path)
