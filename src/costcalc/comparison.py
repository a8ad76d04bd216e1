"""Options side by side on the same work, and whether the answer depends on whose prices one believes."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from typing import Any, ClassVar, Final, TypeVar

from costcalc.billing.account import Account
from costcalc.cases import Case
from costcalc.estimation import Estimate, Option, with_option_modifiers, work_words
from costcalc.notices import Notice, distinct
from costcalc.pricing.book import BEST, PriceBook
from costcalc.pricing.rate import STATUSES, Rate, claim_words, claims_line
from costcalc.showing.charts import Axis, Chart, Mark, Point
from costcalc.showing.display import Part, Result, Table, usd
from costcalc.tokens import KINDS
from costcalc.units import EXACT, canonical, plain, usd_of_credits
from costcalc.workload.profile import DEFAULT_PROFILE, SessionProfile

DEFAULT_OPTIONS: Final = ("api/mai-code-1-flash", "api/gpt-5.4-mini")

Amount = TypeVar("Amount", Decimal, Fraction)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An option with its expected month at the claim believed, and under every claim that applies to it."""

    option: str
    estimate: Estimate
    by_claim: tuple[Estimate, ...]

    @property
    def total_usd(self) -> Decimal:
        """The month's bill at the claim believed, in US dollars."""
        return self.estimate.known_total_usd

    def to_dict(self) -> dict[str, Any]:
        """The option as machine output holds it."""
        chosen = self.estimate
        return {
            "option": self.option,
            "total_usd": plain(self.total_usd),
            "credits": plain(chosen.credits),
            "rate_id": chosen.rate.id,
            "status": chosen.rate.status,
            "by_claim": [
                {
                    "claim": each.rate.id,
                    "status": each.rate.status,
                    "source": each.rate.source,
                    "total_usd": plain(each.known_total_usd),
                }
                for each in self.by_claim
            ],
            "breakdown": {
                "usage_usd": plain(chosen.month.usd),
                "by_kind": [line.to_dict() for line in chosen.by_kind],
                "allowance_usd": plain(_allowance_usd(chosen)),
                "seat_usd": plain(chosen.bill.seat_usd),
                "bill": chosen.bill.to_dict(),
            },
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of the difference between two options: `usd` dollars of it come from `cause`."""

    cause: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """Why `option` costs `usd` dollars more (or, below zero, less) than `against`; the causes add up to it."""

    option: str
    against: str
    usd: Decimal
    causes: tuple[Cause, ...]

    def to_dict(self) -> dict[str, Any]:
        """The difference as machine output holds it."""
        return {
            "option": self.option,
            "against": self.against,
            "usd": plain(self.usd),
            "causes": [{"cause": each.cause, "usd": plain(each.usd)} for each in self.causes],
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """Claims that, believed instead of the base ones, change which option is cheapest (None: a tie)."""

    claims: tuple[str, ...]
    cheapest: str | None
    totals_usd: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the cheapest option stays strictly cheapest whichever claims are believed, and what turns it if not."""

    robust: bool
    turns: tuple[Turn, ...]

    @property
    def turned_by(self) -> tuple[str, ...]:
        """The ids of the claims that turn the answer."""
        return tuple(dict.fromkeys(claim for turn in self.turns for claim in turn.claims))


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Result):
    """Options on the same work. `cheapest` is None on a tie; `verdict` says if another belief would change it."""

    kind: ClassVar[str] = "compare"

    profile: SessionProfile
    developers: int
    on: date
    basis: str
    options: tuple[Candidate, ...]
    cheapest: str | None
    verdict: Verdict
    differences: tuple[Difference, ...]
    notices: tuple[Notice, ...]

    def rates_used(self) -> Iterator[Rate]:
        for candidate in self.options:
            yield candidate.estimate.rate
            yield from (each.rate for each in candidate.by_claim)

    def body(self) -> dict[str, Any]:
        return {
            "profile": self.profile.name,
            "developers": self.developers,
            "on": self.on.isoformat(),
            "basis": self.basis,
            "options": [candidate.to_dict() for candidate in self.options],
            "cheapest": self.cheapest,
            "verdict": {
                "robust": self.verdict.robust,
                "turned_by": list(self.verdict.turned_by),
                "turns": [
                    {
                        "claims": list(turn.claims),
                        "cheapest": turn.cheapest,
                        "totals": [
                            {"option": candidate.option, "total_usd": plain(total)}
                            for candidate, total in zip(self.options, turn.totals_usd, strict=True)
                        ],
                    }
                    for turn in self.verdict.turns
                ],
            },
            "differences": [each.to_dict() for each in self.differences],
        }

    def parts(self) -> Iterator[Part]:
        yield f"{self._answer()}\n{self._verdict_words()}"
        yield Table(
            ("option", "total a month", "credits", "price"),
            tuple(
                (
                    candidate.option,
                    usd(candidate.total_usd),
                    candidate.estimate.credits,
                    claim_words(candidate.estimate.rate),
                )
                for candidate in self.options
            ),
            f"An expected month of {work_words(self.profile, self.developers, self.on)}",
        )
        yield Table(
            ("option", "total a month", "price"),
            tuple(
                (candidate.option, usd(each.known_total_usd), claim_words(each.rate))
                for candidate in self.options
                for each in candidate.by_claim
            ),
            "Under each claim of the price",
        )
        causes = [each for each in self.differences if each.causes]
        if causes:
            yield Table(
                ("option", "against", "because of", "USD"),
                tuple(
                    row
                    for each in causes
                    for row in (
                        *((each.option, each.against, cause.cause, usd(cause.usd)) for cause in each.causes),
                        (each.option, each.against, "in all", usd(each.usd)),
                    )
                ),
                "Where the difference comes from",
            )

    def _answer(self) -> str:
        if self.cheapest is not None:
            best = next(each for each in self.options if each.option == self.cheapest)
            return f"Cheapest: {best.option} at {usd(best.total_usd)} a month."
        lowest = min(each.total_usd for each in self.options)
        tied = [each.option for each in self.options if each.total_usd == lowest]
        return f"A tie: {' and '.join(tied)} cost {usd(lowest)} a month each."

    def _verdict_words(self) -> str:
        if self.verdict.robust:
            return "Robust: it stays strictly cheapest whichever of the known prices is believed."
        if not self.verdict.turns:
            return "Not robust: no option is strictly cheapest, nor is one if one or two other prices are believed."
        lines = ["Not robust: it depends on whose price is believed."]
        for turn in self.verdict.turns:
            believed = believed_words(turn.claims, self.rates_used())
            lowest = usd(min(turn.totals_usd))
            outcome = f"{turn.cheapest} is cheapest at {lowest}" if turn.cheapest else f"it is a tie at {lowest}"
            lines.append(f"- Believing {believed}, {outcome}.")
        return "\n".join(lines)

    def charts(self) -> tuple[Chart, ...]:
        caption = (
            self._verdict_words().partition("\n")[0],
            f"An expected month of {work_words(self.profile, self.developers, self.on)}.",
            *claims_line(self.rates_used()),
        )
        bills = [
            (
                each.option,
                [(month.rate, month.known_total_usd) for month in each.by_claim],
                each.estimate.rate,
                each.total_usd,
            )
            for each in self.options
        ]
        return (claims_chart(self._answer(), caption, Axis("bill of a month", "US dollars"), bills),)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "option": candidate.option,
                "claim": each.rate.id,
                "status": each.rate.status,
                "source": each.rate.source,
                "as_of": each.rate.as_of,
                "believed": each.rate.id == candidate.estimate.rate.id,
                "credits": each.credits,
                "usage_usd": each.month.usd,
                "seat_usd": each.bill.seat_usd,
                "total_usd": each.known_total_usd,
                "cheapest": candidate.option == self.cheapest,
                "robust": self.verdict.robust,
                "turns": each.rate.id in self.verdict.turned_by,
            }
            for candidate in self.options
            for each in candidate.by_claim
        ]


def compare(
    profile: "SessionProfile | str | os.PathLike[str]" = DEFAULT_PROFILE,
    options: "Sequence[Option | str] | Option | str | None" = None,
    *,
    account: "Account | str | os.PathLike[str] | None" = None,
    developers: int | None = None,
    on: date | None = None,
    basis: str = BEST,
    split_cache_writes: bool = True,
    rates: PriceBook | None = None,
) -> Comparison:
    """Options side by side on the expected month of a profile (or its name, or the path of its file).

    An option is an `Option` or its text, `ROUTE/MODEL[@PLAN]`; left out, the MAI API route against GPT-5.4 Mini.
    `account` bills the Copilot options that have no plan. Other arguments as in `costcalc.estimate`.

    The verdict tries every claim that applies on the day, also for an option with a basis of its own; the claims of one
    model and route are believed for all options that use it.

    Raises `UnknownNameError`, `RateNotFoundError` or `InputError` for what cannot be priced or ranked.

    >>> from datetime import date
    >>> result = compare("interactive_ide", on=date(2026, 11, 24))
    >>> result.cheapest, result.verdict.robust, result.verdict.turned_by
    (None, False, ('api/gpt-5.4-mini/mai-vs-gpt-comparison-article/2026-03-17',))
    """
    case = Case.of(profile, account, developers, on, basis, split_cache_writes, rates)
    chosen = case.options(DEFAULT_OPTIONS if options is None else options)
    names = [str(option) for option in chosen]
    candidates = [candidate_of(name, option, case, case.estimate) for name, option in zip(names, chosen, strict=True)]
    cheapest = strictly_cheapest([each.total_usd for each in candidates], names)
    turns = turning_claims(candidates, cheapest, lambda months: [each.known_total_usd for each in months])
    verdict = Verdict(cheapest is not None and not turns, tuple(Turn(*turn) for turn in turns))
    notices = distinct(compared_notices(chosen, candidates))
    return Comparison(
        case.profile, case.developers, case.on, basis, tuple(candidates), cheapest, verdict,
        _differences(candidates, cheapest), notices,
    )  # fmt: skip


def candidate_of(name: str, option: Option, case: Case, month: Callable[..., Estimate]) -> Candidate:
    """An option at the claim believed and under every claim that applies; `month` is how the case estimates it."""
    claims = case.book.claims(option.model, route=option.route, on=case.on, service_tier=option.service_tier)
    by_claim = (month(option, with_option_modifiers(case.book, option, claim)) for claim in claims)
    return Candidate(name, month(option), tuple(by_claim))


def compared_notices(options: Sequence[Option], candidates: Sequence[Candidate]) -> Iterator[Notice]:
    """What to know of options side by side."""
    baselines = {each.factor_baseline for each in options if each.factor_baseline is not None}
    for baseline in sorted(baselines - {each.model for each in options}):
        yield Notice(
            "token_factor_baseline",
            f"a benchmark's token factor is against {baseline}, which is not among the options: whether the others "
            "need as many tokens as it does is not known",
        )
    for candidate in candidates:
        for each in (candidate.estimate, *candidate.by_claim):
            # In a comparison the claims stand side by side: the pointer to them is for single figures.
            yield from (notice for notice in each.notices if notice.code != "claims_disagree")


def believed_words(claims: Iterable[str], rates: Iterable[Rate]) -> str:
    """Claims, given by their ids, as what one believes."""
    by_id = {rate.id: rate for rate in rates}
    found = [by_id[claim] for claim in claims]
    return " and ".join(f"{rate.source} ({rate.status}) on {rate.route}/{rate.model}" for rate in found)


def claims_chart(
    title: str,
    caption: tuple[str, ...],
    axis: Axis,
    figures: Sequence[tuple[str, Sequence[tuple[Rate, Decimal]], Rate, Decimal]],
) -> Chart:
    """A figure of each option under every claim of its price: the span, a dot for each, and a ring around the one believed.

    `figures` have the option, the figure at each claim, and the claim believed with the figure there.
    """
    spans, dots, rings = [], [], []
    for option, found, believed, figure in figures:
        each = found or [(believed, figure)]
        amounts = [amount for _, amount in each]
        if len(each) > 1:
            spans.append(Point(min(amounts), option, max(amounts)))
        dots += [(rate.status, Point(amount, option, text=claim_words(rate))) for rate, amount in each]
        rings.append(Point(figure, option, text=f"believed: {claim_words(believed)}, {usd(figure)}"))
    marks = (
        Mark("ring", tuple(rings), "the price believed"),
        Mark("span", tuple(spans)),
        *(  # all of them, so that a status looks the same in every chart
            Mark("dot", tuple(point for known, point in dots if known == status), f"{status} price")
            for status in STATUSES
        ),
    )
    ringed = (*caption, "A ring marks the price believed, a line the span of all.")
    return Chart("claims", title, ringed, axis, Axis("option", scale="name"), marks)


def _allowance_usd(estimate: Estimate) -> Decimal:
    """What the plan's included credits take off the bill: 0 or below."""
    used = estimate.bill.included_used_credits
    return Decimal(0) if not used else canonical(EXACT.minus(usd_of_credits(used)))


def _blocked_usd(estimate: Estimate) -> Decimal:
    """What use that an account's limits block takes off the bill: 0 or below."""
    blocked = estimate.bill.blocked_credits
    return Decimal(0) if not blocked else canonical(EXACT.minus(usd_of_credits(blocked)))


def strictly_cheapest(amounts: Sequence[Amount], names: Sequence[str]) -> str | None:
    """The name of the lowest amount; None where several are the lowest."""
    lowest = min(amounts)
    return names[amounts.index(lowest)] if list(amounts).count(lowest) == 1 else None


def _belief(estimate: Estimate) -> tuple[str, str, str]:
    """What one believes a claim about: options that share it cannot be priced at different claims at once."""
    return (estimate.rate.model, estimate.rate.route, estimate.rate.service_tier)


def turning_claims(
    candidates: Sequence[Candidate], cheapest: str | None, amounts: Callable[[Sequence[Estimate]], list[Amount]]
) -> list[tuple[tuple[str, ...], str | None, tuple[Amount, ...]]]:
    """What turns the answer: the ids of the claims to believe, which option is the cheapest then, and the amounts.

    `amounts` gives what each option is ranked by, of the options' months at what is believed. All claims are tried:
    none changed (the amounts may not be those that made the cheapest), then one belief, then pairs, which suffices: an
    option fails to stay strictly cheapest only against some one other option, and that pair of amounts depends on at
    most two beliefs. Fewer changed beliefs are reported in preference to more.
    """
    names = [each.option for each in candidates]
    beliefs: dict[tuple[str, str, str], list[str]] = {}
    for candidate in candidates:
        others = beliefs.setdefault(_belief(candidate.estimate), [])
        for each in candidate.by_claim:
            if _claim(each) != _claim(candidate.estimate) and _claim(each) not in others:
                others.append(_claim(each))

    def outcome(changed: dict[tuple[str, str, str], str]) -> tuple[tuple[str, ...], str | None, tuple[Amount, ...]]:
        months = []
        for candidate in candidates:
            claim = changed.get(_belief(candidate.estimate))
            months.append(
                candidate.estimate
                if claim is None
                else next(each for each in candidate.by_claim if _claim(each) == claim)
            )
        found = amounts(months)
        ids = {each.rate.id for each in months if _claim(each) in changed.values()}
        return tuple(sorted(ids)), strictly_cheapest(found, names), tuple(found)

    turns: list[tuple[tuple[str, ...], str | None, tuple[Amount, ...]]] = []
    for size in (0, 1, 2):
        for subjects in combinations(beliefs, size):
            for believed in product(*(beliefs[subject] for subject in subjects)):
                turn = outcome(dict(zip(subjects, believed, strict=True)))
                already = any(set(known[0]) <= set(turn[0]) for known in turns)
                if turn[1] != cheapest and not already:
                    turns.append(turn)
    return turns


def _claim(estimate: Estimate) -> str:
    """The claim behind an estimate, whatever the tier that the option's prompts fall into."""
    return estimate.rate.tiers[0].id


def _differences(candidates: Sequence[Candidate], cheapest: str | None) -> tuple[Difference, ...]:
    """Each other option against the cheapest, or on a tie against the first."""
    base = next((each for each in candidates if each.option == cheapest), candidates[0])
    return tuple(
        difference(each.option, each.estimate, base.option, base.estimate) for each in candidates if each is not base
    )


def difference(option: str, own: Estimate, against: str, base: Estimate) -> Difference:
    """The difference of two totals by cause, exactly and in whichever order one thinks of the causes.

    For each token kind the change of price counts at the mean of both token counts and the change of tokens at the
    mean of both prices, so that the two add up and neither goes first.
    """
    half = Decimal("0.5")
    causes = []
    for kind, mine, other in zip(KINDS, own.by_kind, base.by_kind, strict=True):
        million = Decimal("1e-6")
        price_change = EXACT.subtract(mine.usd_per_mtok, other.usd_per_mtok)
        token_change = EXACT.subtract(mine.tokens, other.tokens)
        mean_tokens = EXACT.multiply(EXACT.add(mine.tokens, other.tokens), half)
        mean_price = EXACT.multiply(EXACT.add(mine.usd_per_mtok, other.usd_per_mtok), half)
        causes.append((f"price of {kind}", EXACT.multiply(EXACT.multiply(price_change, mean_tokens), million)))
        causes.append((f"tokens of {kind}", EXACT.multiply(EXACT.multiply(token_change, mean_price), million)))
    causes.append(("allowance", EXACT.subtract(_allowance_usd(own), _allowance_usd(base))))
    causes.append(("blocked use", EXACT.subtract(_blocked_usd(own), _blocked_usd(base))))
    causes.append(("seats", EXACT.subtract(own.bill.seat_usd, base.bill.seat_usd)))
    return Difference(
        option,
        against,
        canonical(EXACT.subtract(own.known_total_usd, base.known_total_usd)),
        tuple(Cause(cause, canonical(amount)) for cause, amount in causes if amount),
    )
