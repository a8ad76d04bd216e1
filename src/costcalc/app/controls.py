"""From what a person sets on the page to what the library is asked, without a page.

A control that was not touched stands for the exact number that it started with, a touched one for a whole multiple of its
step: what a browser's binary fractions add is not taken over.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

from costcalc.billing.plan import plans
from costcalc.comparison import DEFAULT_OPTIONS
from costcalc.deciding.inputs import PEOPLE, SHARE
from costcalc.errors import InputError
from costcalc.estimation import MAX_DEVELOPERS, Option, by_account, checked_developers, loaded_profile, resolved_options
from costcalc.pricing.book import BEST, PriceBook, checked_day
from costcalc.pricing.rate import STATUSES
from costcalc.showing.display import Result, Table
from costcalc.team import Group, Team, is_team_file
from costcalc.tokens import KINDS
from costcalc.units import EXACT, canonical, ratio
from costcalc.workload.profile import SessionProfile, built_in_profiles

DRAWS: Final = 2_000
"""How many possible months are drawn: few enough for an answer at once."""

MAX_CONTROLS: Final = 24
"""As many numbers, and no more, can be set: two of each group of a team."""

PROMPT: Final = "prompt"
_MILLIONTH: Final = Decimal("1e-6")


class Control(NamedTuple):
    """A number that can be set: from `least` to `most` by `step`, `value` at first."""

    name: str
    label: str
    value: Decimal
    least: Decimal
    most: Decimal
    step: Decimal

    def exact(self, shown: "float | int | None") -> Decimal:
        """The number that a widget which shows this stands for."""
        if shown is None or shown == float(self.value):
            return self.value
        steps = (Decimal(repr(shown)) / self.step).to_integral_value()
        return min(max(canonical(steps * self.step), self.least), self.most)


def _control(name: str, label: str, value: Decimal, finest: str, most: "Decimal | int | None" = None) -> Control:
    """A control around a number: as fine as its third digit, and up to four times as much unless `most` is told."""
    step = max(Decimal(finest), Decimal(10) ** (value.adjusted() - 2)) if value else Decimal(finest)
    largest = Decimal(most) if most is not None else canonical(4 * value) or 100 * step
    return Control(name, label, value, Decimal(0), largest, canonical(step))


def _people_control(name: str, label: str, people: int) -> Control:
    most = min(max(100, 4 * people), MAX_DEVELOPERS)
    return Control(name, label, Decimal(people), Decimal(1), Decimal(most), Decimal(1))


def profile_controls(profile: SessionProfile, developers: int) -> tuple[Control, ...]:
    """The controls of a way of working and how many work so."""
    prompt = _prompt(profile)
    share = 100 * ratio(profile.cached_input, prompt, 6) if prompt else Decimal(0)
    return (
        _control("tasks_per_day", "Tasks a day", profile.tasks_per_day, "0.1"),
        _control("active_days", "Active days a month", profile.active_days, "0.1", 31),
        _control(PROMPT, "Prompt, tokens a task", prompt, "1"),
        _control(SHARE, "Of the prompt from cache, %", canonical(share), "0.1", 100)._replace(step=Decimal("0.1")),
        _control("output", "Output, tokens a task", profile.output, "1"),
        _people_control(PEOPLE, "People", developers),
    )


def team_controls(team: Team) -> tuple[Control, ...]:
    """The controls of a team: of each group its people and its tasks, as far as there is room for controls."""
    return tuple(
        control
        for group in team.groups[: MAX_CONTROLS // 2]
        for control in (
            _people_control(PEOPLE, f"{group.name}: people", group.people),
            _control("tasks_per_day", f"{group.name}: tasks a day", group.profile.tasks_per_day, "0.1"),
        )
    )


def _prompt(profile: SessionProfile) -> Decimal:
    return sum(profile.tokens[:3], Decimal(0))


def changed_profile(profile: SessionProfile, values: Mapping[str, Decimal]) -> SessionProfile:
    """A profile with the values of its controls; numbers that they leave as they are stay what they were, to the digit."""
    started = {control.name: control.value for control in profile_controls(profile, 1)}
    numbers = {
        name: values[name] for name in ("tasks_per_day", "active_days", "output") if values[name] != started[name]
    }
    found = profile.changed(**numbers)
    if all(values[name] == started[name] for name in (PROMPT, SHARE)):
        return found
    cached = EXACT.multiply(values[PROMPT], values[SHARE] / 100)
    rest, writes = EXACT.subtract(values[PROMPT], cached), profile.cache_write
    if writes is None:
        return found.changed(cached_input=cached, fresh_input=rest)
    # Fresh input and cache writes keep their proportion to each other.
    uncached = profile.fresh_input + writes
    written = (rest * writes / uncached).quantize(_MILLIONTH, ROUND_DOWN) if uncached else Decimal(0)
    return found.changed(cached_input=cached, cache_write=written, fresh_input=EXACT.subtract(rest, written))


def changed_team(team: Team, values: Sequence[Decimal]) -> Team:
    """A team with the values of its controls, in their order; groups without controls stay as they are."""
    groups: list[Group] = []
    for group, people, tasks in zip(team.groups, values[::2], values[1::2], strict=False):
        same = tasks == group.profile.tasks_per_day
        profile = group.profile if same else group.profile.changed(tasks_per_day=tasks)
        groups.append(replace(group, people=int(people), profile=profile))
    return replace(team, groups=(*groups, *team.groups[len(groups) :]))


def planned_options(options: Iterable[str], plans: Sequence[str], book: PriceBook) -> list[str]:
    """Options by their texts; a Copilot option that names no plan stands for one with each of the plans."""
    found: list[str] = []
    for option in resolved_options(list(options), book):
        bare = by_account(option)
        found += [str(replace(option, plan=plan)) for plan in plans] if bare and plans else [str(option)]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Start:
    """What the page starts with. `profiles` are by the name that the page calls them, `team` takes their place."""

    book: PriceBook
    profiles: Mapping[str, SessionProfile]
    profile: str
    team: Team | None
    developers: int
    options: tuple[str, ...]
    on: date
    basis: str

    @classmethod
    def of(
        cls,
        work: "SessionProfile | Team | str | os.PathLike[str]",
        options: "Sequence[Option | str]" = (),
        *,
        developers: int | None = None,
        on: date | None = None,
        basis: str = BEST,
        rates: PriceBook | None = None,
    ) -> "Start":
        """What a person asked for, loaded and checked. Raises `InputError` for what cannot be."""
        book = PriceBook.of(rates)
        team = work if isinstance(work, Team) else None
        if not isinstance(work, SessionProfile | Team) and is_team_file(os.fspath(work)):
            team = Team.load(work, book)
        if team is not None and developers is not None:
            raise InputError(f"{team.name} is a team, whose groups say how many people they have; leave out developers")
        known = {profile.name: profile for profile in built_in_profiles().values()}
        name = ""
        if team is None:
            assert not isinstance(work, Team)
            own = loaded_profile(work)
            name = own.name if known.get(own.name, own) == own else f"{own.name} (own)"
            known = {name: own, **known}
        chosen = tuple(map(str, resolved_options(options, book)))
        if not chosen and team is None:
            chosen = DEFAULT_OPTIONS
        people = checked_developers(developers, None)
        return cls(book, known, name, team, people, chosen, checked_day(on), book.checked_basis(basis))

    @property
    def choices(self) -> list[str]:
        """The options to choose from: those asked for, then all that have a price on the day."""
        priced = (
            f"{rate.route}/{rate.model}" for rate in self.book.in_force(on=self.on) if rate.service_tier == "standard"
        )
        return list(dict.fromkeys((*self.options, *sorted(priced))))

    @property
    def plans(self) -> list[str]:
        """The plans to choose from: those whose included credits are known."""
        return [name for name, plan in plans().items() if plan.included_credits is not None]

    @property
    def bases(self) -> list[str]:
        """Whose prices can be believed."""
        return [BEST, *STATUSES, *self.book.sources]


def tokens_words(profile: SessionProfile) -> str:
    """The tokens of a task by kind, exactly."""
    counts = zip(KINDS, profile.tokens, strict=True)
    return "Tokens a task: " + ", ".join(f"{kind} {canonical(count):,f}" for kind, count in counts if count) + "."


def sources_table(results: Iterable[Result], book: PriceBook) -> Table:
    """Who states the prices that some results rest on, each once."""
    names = dict.fromkeys(rate.source for result in results for rate in result.rates_used())
    found = [book.sources[name] for name in names]
    rows = tuple((each.id, each.status, each.title, each.address, each.read) for each in found)
    return Table(("source", "status", "title", "address", "read"), rows, "Sources of the prices")
