"""Usage as columns: who used how many credits when, in any number of records."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from costcalc.errors import InputError, check_number, check_type
from costcalc.notices import Notice
from costcalc.pricing.rate import Rate
from costcalc.showing.display import count_of
from costcalc.units import EXACT, nearest_whole

MAX_NANO_AIU: Final = 2**62
"""More than all the records of an account together can amount to: 4.6 thousand million credits."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class UsageRecord(NamedTuple):
    """What one user used at one time: `credits`, and the organisation and cost centre that it counts for.

    Left out, organisation and cost centre are those of the user's seat. A `time` without a time zone is UTC.
    """

    time: datetime
    user: str
    credits: Decimal | int
    organization: str | None = None
    cost_center: str | None = None


class Actor(NamedTuple):
    """A user in the organisation and cost centre that a record counts for; None: those of the user's seat."""

    user: str
    organization: str | None = None
    cost_center: str | None = None


@dataclass(frozen=True, slots=True)
class UsageColumns:
    """Records as columns of equal length.

    `time_us` is microseconds since 1970 in UTC, `actor` an index into `actors`, `nano_aiu` the amount used. `rates` are
    those that records were priced at, `notices` what a reader had to assume.
    """

    time_us: "array[int]"
    actor: "array[int]"
    nano_aiu: "array[int]"
    actors: tuple[Actor, ...]
    rates: tuple[Rate, ...] = ()
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.time_us)

    @classmethod
    def of(cls, records: Iterable[UsageRecord]) -> "UsageColumns":
        """The columns of some records. Raises `InputError` for credits that are negative or not finite."""
        check_type("usage", records, Iterable, "records of usage")
        builder = ColumnBuilder()
        for record in records:
            check_type("each record", record, UsageRecord, "a UsageRecord")
            check_type("the time of a record", record.time, datetime, "a datetime")
            check_type("the user of a record", record.user, str, "a text")
            check_number("credits", record.credits)
            nano_aiu, rounded = nano_aiu_of(record.credits)
            builder.rounded += rounded
            builder.add(
                microseconds(record.time), Actor(record.user, record.organization, record.cost_center), nano_aiu
            )
        return builder.columns()


class ColumnBuilder:
    """Collects records into columns."""

    def __init__(self) -> None:
        """No records yet."""
        self._time_us, self._actor, self._nano_aiu = array("q"), array("q"), array("q")
        self._codes: dict[Actor, int] = {}
        self.rounded = 0

    def add(self, time_us: int, actor: Actor, nano_aiu: int) -> None:
        """Add one record."""
        self._time_us.append(time_us)
        self._actor.append(self._codes.setdefault(actor, len(self._codes)))
        self._nano_aiu.append(nano_aiu)

    def columns(self, rates: tuple[Rate, ...] = (), notices: tuple[Notice, ...] = ()) -> UsageColumns:
        """The columns of the records so far."""
        if self.rounded:
            records = count_of(self.rounded, "record")
            message = f"credits finer than a nano-AIU were taken to the nearest, in {records} of use"
            notices = (*notices, Notice("credits_rounded", message))
        return UsageColumns(self._time_us, self._actor, self._nano_aiu, tuple(self._codes), rates, notices)


def microseconds(time: datetime) -> int:
    """A time as microseconds since 1970 in UTC; without a time zone it is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    distance = aware - _EPOCH
    return (distance.days * 86_400 + distance.seconds) * 1_000_000 + distance.microseconds


def instant(time_us: int) -> datetime:
    """The time of so many microseconds since 1970, in UTC."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(microsecond=time_us % 1_000_000)


def nano_aiu_of(credits: Decimal | int) -> tuple[int, bool]:
    """Credits in nano-AIU, and whether they had to be rounded to the nearest.

    Raises `InputError` for credits that are negative, or more than `MAX_NANO_AIU`.
    """
    amount = Decimal(credits)
    if amount < 0:
        raise InputError(f"credits must not be negative, not {amount}")
    if amount > MAX_NANO_AIU // 10**9:
        raise InputError(f"credits must be at most {MAX_NANO_AIU // 10**9:,}, not {amount:.3E}")
    if amount and amount.adjusted() < -60:  # far below anything that is billed
        return 0, True
    exact = amount.scaleb(9, context=EXACT)
    whole = nearest_whole(exact)
    return whole, whole != exact
