"""Hypothesis strategies, all in one place."""

import copy
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from costcalc import (
    Account,
    Budget,
    CostCenter,
    PriceBook,
    Rate,
    Seats,
    SessionProfile,
    TokenUsage,
    TurnModel,
    UsageRecord,
)
from costcalc.billing.waterfall import NO_LIMIT, NONE, ActorTerms, BudgetTerms, Terms
from costcalc.tokens import MAX_COUNT

BOOK = PriceBook.load()


def thorough(examples: int) -> settings:
    """So many examples of a property that needs more than others; a third of them in runs by the thousand (conftest)."""
    return settings(max_examples=examples // 3 if os.environ.get("COSTCALC_EXAMPLES") == "few" else examples)


counts = st.integers(0, MAX_COUNT)
days = st.dates(date(2026, 6, 1), date(2027, 6, 30))


@st.composite
def usages(draw: st.DrawFn, most: int = MAX_COUNT) -> TokenUsage:
    """Token usage of any size, of one request or many."""
    tokens = st.integers(0, most) | st.integers(0, 400_000)
    return TokenUsage(draw(tokens), draw(tokens), draw(tokens), draw(tokens), draw(st.integers(1, 10**6)))


@st.composite
def shipped_rates(draw: st.DrawFn) -> Rate:
    """Any row of the price book, with any modifiers of its route."""
    rate = draw(st.sampled_from(BOOK.rates))
    modifiers = [each for each in BOOK.modifiers.values() if each.route == rate.route]
    chosen = draw(st.lists(st.sampled_from(modifiers), unique=True)) if modifiers else []
    return rate.with_modifiers(*chosen)


@st.composite
def turn_models(draw: st.DrawFn) -> TurnModel:
    """Sessions short enough to simulate call by call, some of which compact."""
    prefix, given_tokens = draw(st.integers(0, 30_000)), draw(st.integers(1, 5_000))
    history = draw(st.integers(0, 20_000))
    room = draw(st.integers(0, 60_000))
    return TurnModel(
        prefix=prefix,
        input_per_turn=given_tokens,
        output_per_turn=draw(st.integers(0, 3_000)),
        turns=draw(st.integers(1, 120)),
        cache_hit_share=draw(st.decimals(0, 1, places=4)),
        compact_at=draw(st.none() | st.just(prefix + given_tokens + history + room)),
        history_after_compaction=history,
        summary_tokens=draw(st.integers(0, 3_000)),
    )


@st.composite
def profiles(draw: st.DrawFn) -> SessionProfile:
    """Ways of working with whole and fractional means."""
    mean = st.decimals(0, 3_000_000, places=3)
    return SessionProfile(
        name="drawn",
        fresh_input=draw(mean),
        cached_input=draw(mean),
        cache_write=draw(st.none() | mean),
        output=draw(mean),
        requests_per_task=draw(st.decimals(1, 50, places=2)),
        tasks_per_day=draw(st.decimals(0, 500, places=2)),
        active_days=draw(st.decimals(0, 31, places=1)),
    )


prices = st.decimals(0, 1000, places=7, allow_nan=False, allow_infinity=False).map(lambda price: Decimal(price))


USERS = ("ana", "bo", "cy", "dee", "eve")
ORGANIZATIONS = ("acme", "zeta")
COST_CENTERS = ("platform", "research")
MONTH_START = datetime(2026, 10, 1, tzinfo=UTC)

cost_centers = st.tuples(
    *(
        st.builds(
            CostCenter,
            name=st.just(name),
            included_usage_cap=st.booleans(),
            excluded_from_enterprise_budget=st.booleans(),
        )
        for name in COST_CENTERS
    )
)


@st.composite
def accounts(draw: st.DrawFn, *, limits: bool = True, steady: bool = False) -> Account:
    """Accounts of a few users with budgets small enough to be reached; `steady` adds no seat within the month."""
    maybe = st.none() | st.sampled_from(ORGANIZATIONS)
    seats = []
    for user in draw(st.lists(st.sampled_from(USERS), unique=True, min_size=1)):
        added = None if steady else draw(st.none() | st.dates(date(2026, 9, 20), date(2026, 11, 2)))
        seats.append(
            Seats(
                plan=draw(st.sampled_from(["business", "enterprise"])),
                users=(user,),
                organization=draw(maybe),
                cost_center=draw(st.none() | st.sampled_from(COST_CENTERS)),
                added_on=added,
            )
        )
    if draw(st.booleans()):
        seats.append(Seats(plan="business", count=draw(st.integers(1, 3))))
    settings = {"kind": "enterprise", "month": "2026-10", "prorate_new_seat_credits": draw(st.booleans())}
    if not limits:
        return Account.model_validate({**settings, "seats": seats})
    centers = draw(cost_centers)
    places: list[dict[str, str]] = [{"scope": "enterprise"}, {"scope": "user", "name": "*"}]
    places += [{"scope": "user", "name": user} for each in seats for user in each.users]
    places += [{"scope": "user", "cost_center": name} for name in COST_CENTERS]
    places += [{"scope": "cost_center", "name": name} for name in COST_CENTERS]
    places += [{"scope": "organization", "name": name} for name in {each.organization for each in seats} if name]
    budgets = [
        Budget.model_validate({**place, "usd": draw(st.integers(0, 80)), "stop": draw(st.booleans())})
        for place in draw(st.lists(st.sampled_from(places), unique_by=lambda place: tuple(place.items()), max_size=6))
    ]
    additional = draw(st.none() | st.booleans())
    return Account.model_validate(
        {**settings, "seats": seats, "cost_centers": centers, "budgets": budgets, "additional_usage": additional}
    )


@st.composite
def tight_accounts(draw: st.DrawFn) -> Account:
    """Accounts in which most limits are near each other, so that each of them may be the one that counts."""
    dollars = st.sampled_from([0, 3, 10, 19, 22, 25, 40])
    centers = draw(cost_centers)
    seats = [
        Seats(
            plan="business",
            users=(user,),
            organization=draw(st.sampled_from(ORGANIZATIONS)),
            cost_center=draw(st.none() | st.sampled_from(COST_CENTERS)),
        )
        for user in USERS[: draw(st.integers(1, len(USERS)))]
    ]
    places: list[dict[str, str]] = [{"scope": "user", "name": user} for each in seats for user in each.users]
    places += [{"scope": "organization", "name": name} for name in sorted({str(each.organization) for each in seats})]
    places += [{"scope": "cost_center", "name": name} for name in COST_CENTERS]
    budgets = [{**place, "usd": draw(dollars)} for place in places if draw(st.integers(0, 4))]
    if draw(st.booleans()):
        seats.append(
            Seats(plan="business", count=2, organization="acme", cost_center=draw(st.none() | st.just("platform")))
        )
        budgets.append({"scope": "user", "name": "*", "usd": draw(dollars)})
    if draw(st.integers(0, 3)):
        budgets.append({"scope": "enterprise", "usd": draw(dollars)})
    stops = [Budget.model_validate({**each, "stop": draw(st.integers(0, 4)) > 0}) for each in budgets]
    return Account(kind="enterprise", month="2026-10", seats=tuple(seats), cost_centers=centers, budgets=tuple(stops))


@st.composite
def usage_records(draw: st.DrawFn, most: int = 40) -> list[UsageRecord]:
    """Usage in October 2026, some of it at the very same time, by holders of seats and by strangers."""
    times = st.integers(0, 60).map(lambda step: MONTH_START + timedelta(hours=12 * step))
    record = st.builds(
        UsageRecord,
        time=times,
        user=st.sampled_from((*USERS, "stranger")),
        credits=st.integers(0, 3_000) | st.decimals(0, 3_000, places=9),
        organization=st.none() | st.sampled_from(ORGANIZATIONS),
        cost_center=st.none() | st.sampled_from(COST_CENTERS),
    )
    return draw(st.lists(record, max_size=most))


odd_values: st.SearchStrategy[Any] = st.sampled_from(
    [None, -1, 1.5, 2**63, 10**30, "x", "", True, [], {}, [None], [[[]]], {"a": 1}, float("nan"), float("inf"),
     "9" * 40, "1e400", "NaN", "٣", "\x00", "\ud800", "2026-13-45", "0001-01-01T00:00:00+23:59",
     "9999-12-31T23:59:59-23:59"]
)  # fmt: skip
"""What a count, a name or a time of a log is not."""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place inside nested JSON, as its container and its key."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> bytes:
    """A line of JSON lines after damage: values of the wrong kind, keys gone, bytes changed, the end lost."""
    whole = copy.deepcopy(whole)
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(whole))
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        if isinstance(container, dict) and draw(st.integers(0, 5)) == 0:
            del container[key]
        else:
            container[key] = copy.deepcopy(draw(odd_values))
    return draw(damaged_bytes(json.dumps(whole).encode())).replace(b"\n", b" ").replace(b"\r", b" ")


@st.composite
def damaged_bytes(draw: st.DrawFn, whole: bytes, start: int = 0) -> bytes:
    """Some bytes from `start` on are others, and the end may be lost."""
    found = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        found[draw(st.integers(start, len(found) - 1))] = draw(st.sampled_from(b'",{}\x00\xff0') | st.integers(0, 255))
    return bytes(found[: draw(st.integers(start, len(found)))] if draw(st.integers(0, 5)) == 0 else found)


@st.composite
def limits(draw: st.DrawFn, most: int = 12, unit: int = 1) -> Terms:
    """Limits as numbers of `unit`, up to `most` of them; pool and caps rise at 10, 20, 30 or 40."""
    amounts = st.integers(0, most) | st.sampled_from([each for each in (4, 8, 20, 40, 100) if each <= most])
    steps = st.lists(st.tuples(st.integers(0, 4), amounts), max_size=3).map(
        lambda found: tuple(sorted((day * 10, amount) for day, amount in dict(found).items()))
    )

    def rising(found: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        total, sums = 0, []
        for start, amount in ((0, 0), *found):
            total += amount * unit
            sums.append((start, total))
        return tuple(sums)

    caps = tuple(rising(each) for each in draw(st.lists(steps, max_size=2)))
    budgets = tuple(
        BudgetTerms(amount * unit, stops)
        for amount, stops in draw(st.lists(st.tuples(amounts, st.booleans()), max_size=3))
    )
    users = draw(st.lists(st.just(NO_LIMIT) | amounts.map(lambda amount: amount * unit), min_size=1, max_size=3))

    # The last of the budgets may be the enterprise's, the others are of cost centres and organisations.
    overall = draw(st.sampled_from([NONE, len(budgets) - 1]))
    nearer = len(budgets) - (overall != NONE)
    actors = draw(
        st.lists(
            st.builds(
                ActorTerms,
                user=st.integers(0, len(users) - 1),
                cap=st.integers(NONE, len(caps) - 1),
                budget=st.integers(NONE, nearer - 1),
                enterprise=st.sampled_from([NONE, overall]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return Terms(tuple(actors), tuple(users), rising(draw(steps)), caps, budgets, draw(st.booleans()))


@st.composite
def limits_of_a_month(draw: st.DrawFn) -> tuple[Terms, list[int], list[list[list[int]]]]:
    """Limits as numbers, the starts of a few days, and use by draw, day and actor, small enough to meet the limits."""
    terms = draw(limits())
    days, count = draw(st.integers(1, 5)), len(terms.actors)
    use = st.lists(st.lists(st.integers(0, 12), min_size=count, max_size=count), min_size=days, max_size=days)
    return terms, [day * 10 for day in range(days)], draw(st.lists(use, min_size=1, max_size=3))


@st.composite
def limits_and_records(draw: st.DrawFn) -> tuple[Terms, list[tuple[int, int, int]]]:
    """Limits as numbers, and records that meet them after a while: (time, actor, amount), in any order, many of one time.

    A unit that is not 1 makes thresholds of budgets be no round numbers, the larger one amounts and their sums longer than
    53 bits; the late time makes times too long to be sorted together with an actor as one number.
    """
    unit = draw(st.sampled_from([1, 7, 10**15 + 1]))
    terms = draw(limits(draw(st.sampled_from([12, 130, 130])), unit))
    times = st.integers(0, 45) | (st.just(2**61) if draw(st.integers(0, 5)) == 0 else st.just(5))
    record = st.tuples(
        times, st.integers(0, len(terms.actors) - 1), st.integers(0, 12).map(lambda amount: amount * unit)
    )
    records = draw(st.sampled_from([0, 1, 10, 30, 60]))
    return terms, draw(st.lists(record, min_size=records, max_size=records))


@st.composite
def changes(draw: st.DrawFn, price: str) -> dict[str, str]:
    """Changes of several inputs at once, absolute and relative, that any profile with a prompt can have."""
    number = st.decimals(0, 100_000, places=2).map(str)
    relative = st.integers(-100, 300).map(lambda percent: f"{'+' if percent >= 0 else ''}{percent}%")
    times = st.decimals(0, 5, places=2).map(lambda factor: f"x{factor}")
    values = {
        "fresh_input": number | relative | times,
        "cached_input": number | relative,
        "output": number | relative,
        "tasks_per_day": number | times,
        "active_days": st.integers(0, 31).map(str),
        "requests_per_task": st.integers(1, 40).map(str),
        "cached_share": st.decimals(0, 1, places=3).map(str),
        "developers": st.integers(1, 50).map(str),
        price: st.decimals(0, 20, places=4).map(str) | relative,
    }
    names = draw(st.lists(st.sampled_from(list(values)), unique=True, min_size=1, max_size=5))
    return {name: draw(values[name]) for name in names}
