"""What a session costs as it grows longer: every turn sends the story so far again."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

from costcalc.errors import InputError
from costcalc.estimation import Estimate, Option, estimate_option, loaded_profile, option_rate
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook, checked_day
from costcalc.pricing.rate import Rate, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, usd
from costcalc.units import plain, ratio
from costcalc.workload.profile import SessionProfile
from costcalc.workload.turns import TurnModel

MAX_TURNS: Final = 1_000_000
_POINTS: Final = 40
_SESSION_NOTICES: Final = ("no_plan", "tokens_rounded")
"""What is said of a month only."""


class SessionPoint(NamedTuple):
    """What a session of so many turns costs in US dollars, as it is, without a cache, and never compacted.

    `usd_uncompacted` is None where the session is not compacted at any length.
    """

    turns: int
    usd: Decimal
    usd_uncached: Decimal
    usd_uncompacted: Decimal | None

    def to_dict(self) -> dict[str, Any]:
        """The point as machine output holds it."""
        return {
            "turns": self.turns,
            "usd": plain(self.usd),
            "uncached_usd": plain(self.usd_uncached),
            "uncompacted_usd": None if self.usd_uncompacted is None else plain(self.usd_uncompacted),
        }


@dataclass(frozen=True, slots=True, repr=False)
class SessionCost(Result):
    """A session of the turn model at some lengths, the last of which is the whole one, priced with a model on a route."""

    kind: ClassVar[str] = "session"

    session: TurnModel
    option: Option
    on: date
    basis: str
    points: tuple[SessionPoint, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]

    @property
    def usd(self) -> Decimal:
        """What the whole session costs in US dollars, exactly."""
        return self.points[-1].usd

    def rates_used(self) -> Iterator[Rate]:
        yield from self.rates

    def body(self) -> dict[str, Any]:
        return {
            "model": self.option.model,
            "route": self.option.route,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "session": {
                "prefix": self.session.prefix,
                "input_per_turn": self.session.input_per_turn,
                "output_per_turn": self.session.output_per_turn,
                "turns": self.session.turns,
                "cache_hit_share": plain(self.session.cache_hit_share),
                "compact_at": self.session.compact_at,
                "history_after_compaction": self.session.history_after_compaction,
                "summary_tokens": self.session.summary_tokens,
            },
            "usd": plain(self.usd),
            "points": [point.to_dict() for point in self.points],
        }

    def _answer(self) -> str:
        last = self.points[-1]
        return f"{usd(last.usd)} for a session of {last.turns:,} turns with {self.option}"

    def parts(self) -> Iterator[Part]:
        last = self.points[-1]
        uncompacted = (
            ""
            if last.usd_uncompacted is None
            else f", and {usd(_cents(last.usd_uncompacted))} if it were never compacted"
        )
        yield f"{self._answer()}; it would be {usd(_cents(last.usd_uncached))} without a cache{uncompacted}."
        compacted = last.usd_uncompacted is not None
        yield Table(
            ("turns", "USD", "USD a turn", "without a cache", *(("never compacted",) if compacted else ())),
            tuple(
                (
                    point.turns,
                    _cents(point.usd),
                    ratio(point.usd, Decimal(point.turns), 6),
                    _cents(point.usd_uncached),
                    *(() if point.usd_uncompacted is None else (_cents(point.usd_uncompacted),)),
                )
                for point in _some(self.points)
            ),
            f"Session: {self.session.words}; prices of {self.on}",
        )
        yield from claims_line(self.rates)

    def charts(self) -> tuple[Chart, ...]:
        lines = [
            Mark("line", tuple(Point(Decimal(point.turns), point.usd) for point in self.points), "as it is"),
            Mark(
                "line",
                tuple(Point(Decimal(point.turns), point.usd_uncached) for point in self.points),
                "without a cache",
            ),
            Mark(
                "line",
                tuple(
                    Point(Decimal(point.turns), point.usd_uncompacted)
                    for point in self.points
                    if point.usd_uncompacted is not None
                ),
                "never compacted",
            ),
        ]
        caption = (
            f"{self.session.words}; mean tokens of a call decide its price tier; prices of {self.on}.",
            *claims_line(self.rates),
        )
        axes = Axis("length of the session", "turns"), Axis("cost of the session", "US dollars")
        return (Chart("session", self._answer(), caption, *axes, tuple(line for line in lines if line.points)),)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "turns": point.turns,
                "usd": point.usd,
                "uncached_usd": point.usd_uncached,
                "uncompacted_usd": point.usd_uncompacted,
            }
            for point in self.points
        ]


def session_cost(
    session: "TurnModel | SessionProfile | str | os.PathLike[str]",
    model: str,
    route: str = "copilot",
    *,
    turns: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> SessionCost:
    """What a session costs at lengths up to all of its turns: as it is, without a cache, and without compaction.

    `session` is a turn model, or a profile (or its name, or the path of its file) that states one; `turns` is another length.
    Other arguments as in `costcalc.estimate`.

    Raises `InputError` for a profile without turns or a length that cannot be, and what `estimate` raises.

    >>> from datetime import date
    >>> turns = TurnModel(prefix=28_700, input_per_turn=1_700, output_per_turn=350, turns=120, cache_hit_share="0.966")
    >>> found = session_cost(turns, "gpt-5-mini", on=date(2026, 6, 15))
    >>> round(found.usd, 2), round(found.points[-1].usd_uncached, 2)
    (Decimal('0.74'), Decimal('4.66'))
    """
    book = PriceBook.of(rates)
    day = checked_day(on)
    whole = _session(session, turns)
    option = Option(route, model).resolved(book)
    rate = option_rate(book, option, day, basis)

    def cost(changes: dict[str, Any]) -> Estimate:
        profile = SessionProfile.from_turns("session", whole.model_copy(update=changes), tasks_per_day=1, active_days=1)
        return estimate_option(
            profile, option, rate, book=book, on=day, basis=basis, developers=1, split_cache_writes=split_cache_writes
        )

    count = min(_POINTS, whole.turns)
    points, used, notices = [], {}, []
    for length in sorted({-(-whole.turns * step // count) for step in range(1, count + 1)} | {1}):
        at = {"turns": length}
        found = cost(at)
        uncompacted = None if whole.compact_at is None else cost({**at, "compact_at": None}).per_task_usd
        uncached = cost({**at, "cache_hit_share": Decimal(0)}).per_task_usd
        points.append(SessionPoint(length, found.per_task_usd, uncached, uncompacted))
        used[found.rate.id] = found.rate
        notices = [notice for notice in found.notices if notice.code not in _SESSION_NOTICES]
    return SessionCost(whole, option, day, basis, tuple(points), tuple(used.values()), distinct(notices))


def _session(session: "TurnModel | SessionProfile | str | os.PathLike[str]", turns: int | None) -> TurnModel:
    if not isinstance(session, TurnModel):
        profile = loaded_profile(session)
        if profile.turns is None:
            raise InputError(
                f"profile {profile.name:.60} does not state the turns of a session: [profile.turns] in its file"
            )
        session = profile.turns
    if turns is None:
        return session
    if isinstance(turns, bool) or not isinstance(turns, int) or not 1 <= turns <= MAX_TURNS:
        raise InputError(f"turns must be a whole number from 1 to {MAX_TURNS:,}, not {turns!r:.40}")
    return session.model_copy(update={"turns": turns})


def _some(points: tuple[SessionPoint, ...]) -> tuple[SessionPoint, ...]:
    """A few of the lengths, the last among them."""
    step = -(-len(points) // 8)
    return tuple(reversed(points[::-1][::step]))


def _cents(amount: Decimal) -> Decimal:
    """Enough digits to compare by eye; the exact amounts are in the other formats."""
    return ratio(amount, Decimal(1), 4)
