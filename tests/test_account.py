"""Account files, checked to the line, and what an account's terms come to."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from costcalc import Account, Budget, CostCenter, InputError, Seats, UsageRecord, bill, check_account
from costcalc.billing.explain import WorstUse, worst_month
from costcalc.units import plain
from tests.recorded import assert_as_recorded
from tests.strategies import accounts, thorough, tight_accounts, usage_records
from tests.telling import TELLING, account

FILE = """\
[account]
kind = "enterprise"
month = "2026-10"

[[seats]]
plan = "business"
users = ["ana", "bo"]
organization = "acme"
cost_center = "platform"

[[seats]]
plan = "enterprise"
count = 3
added_on = 2026-10-10

[[cost_centers]]
name = "platform"
included_usage_cap = true

[[budgets]]
scope = "user"
name = "ana"
usd = 5

[[budgets]]
scope = "cost_center"
name = "platform"
usd = 7.5
stop = true
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "account.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_and_the_same_as_objects(tmp_path: Path) -> None:
    account = Account.load(write(tmp_path, FILE))
    assert account == Account(
        kind="enterprise",
        month="2026-10",
        seats=(
            Seats(plan="business", users=("ana", "bo"), organization="acme", cost_center="platform"),
            Seats.model_validate({"plan": "enterprise", "count": 3, "added_on": date(2026, 10, 10)}),
        ),
        cost_centers=(CostCenter(name="platform", included_usage_cap=True),),
        budgets=(
            Budget(scope="user", name="ana", usd=5),
            Budget(scope="cost_center", name="platform", usd="7.5", stop=True),
        ),
    )
    assert account.allows_additional_usage


MISTAKES: list[tuple[tuple[str, str], int | None, str]] = [
    (('kind = "enterprise"', 'kind = "company"'), 2, "kind"),
    (('kind = "enterprise"\n', ""), 1, "kind is missing"),
    (('plan = "business"', 'plan = "business"\nuser = ["cy"]'), 7, "unknown key 'user'; known: plan, users, count"),
    (('kind = "enterprise"', 'kind = "organization"\nmnth = 1'), 3, "unknown key 'mnth'; known: kind, month, add"),
    (('month = "2026-10"', 'month = "2026-13"'), 3, "must be a month such as 2026-10"),
    (('month = "2026-10"', "month = 2026-10-01"), 3, "month"),
    (('plan = "business"', 'plan = "busines"'), 6, "unknown plan 'busines'"),
    (('plan = "business"', 'plan = "pro"'), 6, "plan pro is not for an account of kind enterprise"),
    (('users = ["ana", "bo"]', 'users = ["ana", "ana"]'), 7, "user ana has two seats"),
    (('users = ["ana", "bo"]', 'users = ["ana", "bo"]\ncount = 2'), 5, "either users or a count"),
    (('users = ["ana", "bo"]', "users = []"), 5, "either users or a count"),
    (('users = ["ana", "bo"]', 'users = ["ana", ""]'), 7, "users"),
    (("count = 3", "count = 0"), 13, "count"),
    (("count = 3", "count = 2.5"), 13, "count"),
    (("added_on = 2026-10-10", "added_on = 2026-10-10\nremoved_on = 2026-10-09"), 15, "is before added_on"),
    (("added_on = 2026-10-10", 'added_on = "soon"'), 14, "added_on"),
    (('[[cost_centers]]\nname = "platform"', '[[cost_centers]]\nname = "platform"\n[[cost_centers]]\nname = "platform"'),
     17, "cost centre platform is listed twice"),
    (("included_usage_cap = true", "included_usage_cap = 3"), 18, "included_usage_cap"),
    (('scope = "user"', 'scope = "team"'), 21, "scope"),
    (('name = "ana"\nusd', 'name = "anna"\nusd'), 21, ""),
    (("usd = 5\n", "usd = -5\n"), 23, "usd"),
    (("usd = 5\n", "usd = nan\n"), 23, "usd"),
    (("usd = 5\n", "usd = true\n"), 23, "usd"),
    (("usd = 5\n", "usd = 50000000\n"), 23, "usd"),
    (("usd = 5\n", "usd = 5\nstop = 1\n"), 24, "stop"),
    (('name = "platform"\nusd', 'name = "platfrom"\nusd'), 27, "unknown cost_center 'platfrom'"),
    (('name = "platform"\nusd', "usd"), 25, "needs a name"),
    (('scope = "cost_center"\nname = "platform"', 'scope = "user"\nname = "ana"'), 25, "two budgets for one scope"),
    (('scope = "cost_center"\nname = "platform"', 'scope = "user"\ncost_center = "x"'), 27, "unknown cost centre 'x'"),
    (('scope = "cost_center"', 'scope = "cost_center"\ncost_center = "platform"'), 27, "goes with scope user"),
    (('scope = "cost_center"\nname = "platform"', 'scope = "organization"\nname = "acne"'), 27, "unknown organization"),
    (('scope = "cost_center"\nname = "platform"', 'scope = "individual"'), 26, "has budgets of scope user, cost_center"),
    (('[[seats]]\nplan = "enterprise"', '[[seat]]\nplan = "enterprise"'), 11, "unknown key 'seat'"),
    (("[account]", "[acount]"), None, r"no \[account\] table"),
]  # fmt: skip
"""A change of the file, the line that is to blame, and some words of the complaint."""


@pytest.mark.parametrize(("change", "line", "message"), MISTAKES)
def test_a_mistake_names_file_and_line(tmp_path: Path, change: tuple[str, str], line: int | None, message: str) -> None:
    assert change[0] in FILE
    path = write(tmp_path, FILE.replace(*change, 1))
    if not message:  # seats that are only counted may be held by anyone
        assert Account.load(path)
        return
    with pytest.raises(InputError, match=message) as caught:
        Account.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert "\n" not in str(caught.value)


def test_two_budgets_of_a_user_are_refused_in_any_case_and_named(tmp_path: Path) -> None:
    text = f'{FILE}\n[[budgets]]\nscope = "user"\nname = "ANA"\nusd = 7\n'
    both = r"user budget of ana \(number 1\), user budget of ANA \(number 3\) of \[\[budgets\]\]"
    with pytest.raises(InputError, match=rf"account\.toml:\d+: there are two budgets for one scope: {both}"):
        Account.load(write(tmp_path, text))


def test_the_words_of_mistakes(tmp_path: Path) -> None:
    more = [
        ('kind = "enterprise"', 'kind = "individual"'),
        ('kind = "enterprise"', 'kind = "organization"\nadditional_usage = 1'),
        ('plan = "business"', "plan = 5"),
        ('plan = "business"\n', ""),
        (
            '[[budgets]]\nscope = "user"',
            '[[cost_centers]]\nname = "x"\n[[cost_centers]]\nname = "x"\n[[budgets]]\nscope = "user"',
        ),
        ('users = ["ana", "bo"]', 'users = ["ana", "ANA"]'),
        ('scope = "user"\nname = "ana"', 'scope = "user"\nname = "ana"\ncost_center = "platform"'),
        ("usd = 7.5", "usd = 7.0000000001"),
        ("usd = 7.5\n", ""),
        ('name = "ana"\nusd', "usd"),
        ('month = "2026-10"', 'month = "２026-10"'),
        ('month = "2026-10"', 'month = "0026-10"'),
    ]
    words = []
    for before, after in [*(each[0] for each in MISTAKES if each[2]), *more]:
        assert before in FILE
        path = write(tmp_path, FILE.replace(before, after, 1))
        with pytest.raises(InputError) as caught:
            Account.load(path)
        words.append(str(caught.value).removeprefix(str(path)))
    own = [each for each in words if " should " not in each]  # what should be is in pydantic's words, by its version
    assert_as_recorded("words-account-file.txt", "\n".join(own) + "\n")


def test_a_budget_for_a_user_who_holds_no_seat_is_refused_where_all_are_named(tmp_path: Path) -> None:
    named = FILE.replace("count = 3", 'users = ["cy"]').replace('name = "ana"\nusd', 'name = "anna"\nusd')
    with pytest.raises(InputError, match=r"account\.toml:22: unknown user 'anna'; known: ana, bo, cy"):
        Account.load(write(tmp_path, named))


@pytest.mark.parametrize(
    ("seats", "complaint"),
    [
        ("", ":2: the account has no [[seats]]"),
        ('[[seats]]\nusers = ["ana"]\nplan = "free"\n',
         ":8: the credits included in plan free are not known; it cannot be billed"),
        ('[[seats]]\nplan = "pro"\ncount = 1\n[[seats]]\nplan = "pro"\ncount = 1\n',
         ":9: an account of kind individual has exactly one seat"),
        ('[[seats]]\ncount = 1\nplan = "business"\n', ":8: plan business is not for an account of kind individual"),
    ],
)  # fmt: skip
def test_what_an_individual_cannot_have(tmp_path: Path, seats: str, complaint: str) -> None:
    path = write(tmp_path, f'# mine\n[account]\nkind = "individual"\nmonth = "2026-10"\n\n{seats}')
    with pytest.raises(InputError) as caught:
        Account.load(path)
    assert str(caught.value) == f"{path}{complaint}"


def test_names_are_checked_where_no_seat_has_an_organisation(tmp_path: Path) -> None:
    text = FILE.replace('organization = "acme"\n', "").replace('name = "platform"\nusd', 'name = "platfrom"\nusd')
    with pytest.raises(InputError, match="unknown cost_center 'platfrom'; known: platform$"):
        Account.load(write(tmp_path, text))


def test_there_is_one_enterprise_whatever_its_budgets_are_called() -> None:
    budgets = tuple(Budget(scope="enterprise", name=name, usd=5) for name in ("a", "b"))
    with pytest.raises(
        ValidationError, match="two budgets for one scope: enterprise budget of a .number 1., enterprise budget of b"
    ):
        account(Seats(plan="business", users=("ana",)), budgets=budgets)


def test_a_seat_may_be_removed_on_the_day_it_was_added(tmp_path: Path) -> None:
    text = FILE.replace("added_on = 2026-10-10", "added_on = 2026-10-10\nremoved_on = 2026-10-10")
    assert Account.load(write(tmp_path, text)).seats[1].removed_on == date(2026, 10, 10)


def test_contradictions_are_refused_in_code_too() -> None:
    with pytest.raises(ValidationError, match="user ana has two seats"):
        Account(kind="organization", month="2026-10", seats=(Seats(plan="business", users=("ana", "ana")),))
    with pytest.raises(ValidationError, match="no \\[\\[seats\\]\\]"):
        Account(kind="organization", month="2026-10")
    with pytest.raises(ValidationError, match="exactly one seat"):
        Account(kind="individual", month="2026-10", seats=(Seats(plan="pro", count=2),))
    with pytest.raises(ValidationError, match="included in plan free are not known"):
        Account(kind="individual", month="2026-10", seats=(Seats(plan="free", count=1),))


@pytest.mark.parametrize(("name", "organization"), [(None, None), ("acme", None), ("acme", "acme")])
def test_the_budget_of_an_organisation_that_is_the_account(name: str | None, organization: str | None) -> None:
    account = Account(
        kind="organization",
        month="2026-10",
        seats=(Seats(plan="business", users=("ana",), organization=organization),),
        budgets=(Budget(scope="organization", name=name, usd=5, stop=True),),
    )
    result = bill([UsageRecord(datetime(2026, 10, 5, tzinfo=UTC), "ana", 5_000)], account)
    assert result.total_usd == 24 == check_account(account).largest_usd
    assert [stop.scope for stop in result.blocks] == ["organization"]


@pytest.mark.parametrize("names", [(None, "acme"), ("acme", None), ("acme", "acme"), (None, None)])
def test_an_account_that_is_one_organisation_has_one_budget_for_it(names: tuple[str | None, str | None]) -> None:
    budgets = tuple(Budget(scope="organization", name=name, usd=5, stop=True) for name in names)
    with pytest.raises(ValidationError, match="two budgets for one scope: organization budget"):
        account(Seats(plan="business", users=("ana",)), kind="organization", budgets=budgets)


def test_use_without_an_organisation_counts_for_that_of_the_account_if_it_is_one() -> None:
    seats = Seats(plan="business", users=("ana",), organization="acme")
    one = account(seats, kind="organization")
    assert [one.organization_of(name) for name in (None, "acme", "zeta")] == ["acme", "acme", "zeta"]
    assert [account(seats).organization_of(name) for name in (None, "acme", "zeta")] == [None, "acme", "zeta"]


class TestLargestBill:
    def account(self, *budgets: Budget, additional_usage: bool | None = None, capped: bool = False) -> Account:
        return Account(
            kind="enterprise",
            month="2026-10",
            additional_usage=additional_usage,
            seats=(
                Seats(plan="business", users=("ana", "bo"), cost_center="platform"),
                Seats(plan="business", users=("cy",), organization="acme"),
            ),
            cost_centers=(CostCenter(name="platform", included_usage_cap=capped),),
            budgets=budgets,
        )

    @pytest.mark.parametrize(
        ("budgets", "largest"),
        [
            ((), None),
            ((Budget(scope="enterprise", usd=100),), None),
            ((Budget(scope="enterprise", usd=100, stop=True),), 157),
            ((Budget(scope="cost_center", name="platform", usd=10, stop=True),), None),
            (
                (
                    Budget(scope="cost_center", name="platform", usd=10, stop=True),
                    Budget(scope="organization", name="acme", usd=5, stop=True),
                ),
                72,
            ),
            ((Budget(scope="user", name="*", usd=30),), 57 + 33),
            ((Budget(scope="user", name="*", usd=10),), 57),
            ((Budget(scope="user", name="*", usd=30), Budget(scope="enterprise", usd=1, stop=True)), 58),
            ((Budget(scope="enterprise", usd=0),), 57),
        ],
    )
    def test_it_is_what_the_limits_let_through(self, budgets: tuple[Budget, ...], largest: int | None) -> None:
        assert check_account(self.account(*budgets)).largest_usd == largest

    def test_without_additional_usage_it_is_the_seats(self) -> None:
        assert check_account(self.account(additional_usage=False)).largest_usd == 57

    def test_a_capped_cost_centre_meters_before_the_pool_is_used_up(self) -> None:
        budgets = (
            Budget(scope="user", name="ana", usd=50),
            Budget(scope="user", name="bo", usd=0),
            Budget(scope="user", name="cy", usd=0),
        )
        assert check_account(self.account(*budgets, capped=True)).largest_usd == 57 + 12
        assert check_account(self.account(*budgets)).largest_usd == 57

    def test_who_is_listed_first_does_not_matter(self) -> None:
        budgets = (Budget(scope="user", name="ana", usd=50), Budget(scope="user", name="*", usd=0))
        terms = self.account(*budgets, capped=True)
        assert check_account(terms.model_copy(update={"seats": terms.seats[::-1]})).largest_usd == 57 + 12

    @pytest.mark.parametrize(
        ("organization", "enterprise", "metered"),
        [(10, 3, 10), (10, None, 10), (10, 12, 10), (2, 3, 2), (0, 3, 0), (None, 3, None)],
    )
    def test_a_budget_of_people_inside_and_outside_of_the_enterprise_budget_bounds_both_together(
        self, organization: int | None, enterprise: int | None, metered: int | None
    ) -> None:
        budgets = [
            *([] if organization is None else [Budget(scope="organization", name="acme", usd=organization, stop=True)]),
            *([] if enterprise is None else [Budget(scope="enterprise", usd=enterprise, stop=True)]),
        ]
        terms = account(
            Seats(plan="business", users=("ana",), organization="acme"),
            Seats(plan="business", users=("bo",), organization="acme", cost_center="research"),
            cost_centers=(CostCenter(name="research", excluded_from_enterprise_budget=True),),
            budgets=budgets,
        )
        assert check_account(terms).largest_usd == (None if metered is None else 38 + metered)
        worst = worst_month(terms)
        if metered:
            assert worst is not None
            assert worst[0].metered <= (metered if enterprise is None else enterprise) * 10**11

    def test_a_capped_cost_centre_of_two_organisations_uses_its_part_up_once(self) -> None:
        terms = Account(
            kind="enterprise",
            month="2026-10",
            seats=(
                Seats(plan="business", users=("ana",), organization="acme", cost_center="platform"),
                Seats(plan="business", users=("bo",), organization="zeta", cost_center="platform"),
            ),
            cost_centers=(CostCenter(name="platform", included_usage_cap=True),),
            budgets=(Budget(scope="user", name="*", usd=25),),
        )
        assert check_account(terms).largest_usd == 38 + 12

    def test_who_can_only_meter_through_a_budget_comes_before_who_can_use_the_pool_instead(self) -> None:
        """Bo's part of the pool is used up; ana shares his budget, but can use the pool in place of cy, who then meters more."""
        terms = Account(
            kind="enterprise",
            month="2026-10",
            seats=(
                Seats(plan="business", users=("cy",), organization="zeta"),
                Seats(plan="business", users=("ana",), organization="acme"),
                Seats(plan="business", users=("bo",), organization="acme", cost_center="platform"),
            ),
            cost_centers=(CostCenter(name="platform", included_usage_cap=True),),
            budgets=(
                Budget(scope="user", name="cy", usd=40),
                Budget(scope="user", name="ana", usd=19),
                Budget(scope="user", name="bo", usd=40),
                Budget(scope="organization", name="acme", usd=10, stop=True),
            ),
        )
        assert check_account(terms).largest_usd == 57 + 10 + 21

    def test_seats_added_within_the_month_bring_their_credits_too_late(self) -> None:
        terms = Account(
            kind="enterprise",
            month="2026-10",
            seats=(
                Seats(plan="business", users=("ana",)),
                Seats(plan="business", users=("bo",), added_on=date(2026, 10, 17)),
            ),
            budgets=(Budget(scope="user", name="ana", usd=22), Budget(scope="user", name="bo", usd=0)),
        )
        check = check_account(terms)
        assert check.largest_usd == check.empty_bill.seat_usd + 3
        assert "largest_is_a_bound" in {notice.code for notice in check.notices}

    @thorough(600)
    @given(accounts() | tight_accounts() | tight_accounts())
    def test_the_dearest_month_costs_exactly_that(self, terms: Account) -> None:
        """The use that the check has in mind, billed, comes to the sum that it states: it can happen."""
        worst = worst_month(terms)
        largest = check_account(terms).largest_usd
        assert (worst is None) == (largest is None)
        if worst is not None:
            assert bill(as_records(worst), terms).total_usd == largest
            assert terms.allows_additional_usage or {use[1:] for use in worst} <= {(0, 0, ())}

    @thorough(600)
    @given(accounts(steady=True) | tight_accounts() | tight_accounts())
    def test_the_largest_bill_is_that_of_a_linear_programme(self, terms: Account) -> None:
        pytest.importorskip("scipy", reason="the reference is a linear programme")
        expected = largest_by_linear_programme(terms)
        largest = check_account(terms).largest_usd
        assert (largest is None) == (expected is None)
        if largest is not None and expected is not None:
            assert abs(float(largest) - expected) < 1e-6

    @given(accounts(), usage_records())
    def test_no_use_of_holders_of_seats_costs_more(self, terms: Account, records: list[UsageRecord]) -> None:
        largest = check_account(terms).largest_usd
        holders = {user for seats in terms.billed_seats() for user in seats.users}
        own = [record._replace(organization=None, cost_center=None) for record in records if record.user in holders]
        if largest is not None:
            assert bill(own, terms).total_usd <= largest


def test_the_check_speaks_plain_words() -> None:
    budget = Budget(scope="enterprise", usd=Decimal(5_000), stop=True)
    seats = (Seats(plan="business", count=400),)
    text = str(check_account(Account(kind="enterprise", month="2026-10", seats=seats, budgets=(budget,))))
    assert text.startswith("The bill for 2026-10: at most $12,600. $7,600 of it are seats.")
    assert "1. The pool of 760,000 included credits, shared by all seats" in text
    assert "3. The enterprise budget over all metered use: $5,000 (stops use)" in text


def largest_by_linear_programme(terms: Account) -> float | None:
    """The largest bill of an account, by other means: what each may use, metered only where what is included is used up.

    That is the pool, or the part of a capped cost centre; which of these are used up is tried in every way.
    """
    import numpy as np
    from scipy.optimize import linprog

    people = [(seats, user) for seats in terms.billed_seats() for user in seats.users or (None,) * seats.number]
    seat_usd = float(check_account(terms).empty_bill.seat_usd)
    if not terms.allows_additional_usage:
        return seat_usd
    count = len(people)

    def use(included: Any, metered: Any) -> Any:
        """The coefficients of included and metered use of those people who are meant."""
        chosen = [[float(bool(each(seats))) for seats, _ in people] for each in (included, metered)]
        return np.array(chosen).reshape(-1)

    def nobody(_: Seats) -> bool:
        return False

    def in_center(name: str) -> Any:
        return lambda seats: seats.cost_center == name

    budget_of = terms.user_budgets()
    rows = []
    for place, (seats, user) in enumerate(people):
        budget = budget_of(user, seats.cost_center)
        if budget is not None:
            one = np.zeros(2 * count)
            one[[place, count + place]] = 1
            rows.append((one, float(budget.usd)))
    budgets = {(each.scope, each.name): each for each in terms.budgets}
    excluded = {center.name for center in terms.cost_centers if center.excluded_from_enterprise_budget}

    def payer(seats: Seats) -> tuple[str, str | None]:
        center = ("cost_center", seats.cost_center)
        return center if center in budgets else ("organization", seats.organization)

    for key, each in budgets.items():
        if each.stops and key[0] in ("cost_center", "organization"):
            rows.append((use(nobody, lambda seats, key=key: payer(seats) == key), float(each.usd)))
        elif each.stops and key[0] == "enterprise":
            rows.append((use(nobody, lambda seats: seats.cost_center not in excluded), float(each.usd)))

    def credits_usd(seats: Seats) -> float:
        return float(terms.included_credits(seats) * seats.number) / 100

    everybody = use(lambda _: True, nobody)
    pool = sum(credits_usd(seats) for seats in terms.billed_seats())
    rows.append((everybody, pool))
    parts = {}
    for center in terms.cost_centers:
        if center.included_usage_cap:
            parts[center.name] = sum(
                credits_usd(seats) for seats in terms.billed_seats() if seats.cost_center == center.name
            )
            rows.append((use(in_center(center.name), nobody), parts[center.name]))
    ways = [[(everybody, pool)]]
    for used_up in product([False, True], repeat=len(parts)):
        names = {name for name, is_used_up in zip(parts, used_up, strict=True) if is_used_up}
        shut = use(nobody, lambda seats, names=names: seats.cost_center not in names)
        ways.append([(use(in_center(name), nobody), parts[name]) for name in sorted(names)] + [(shut, 0.0)])
    found = [0.0]
    for exactly in ways:
        answer = linprog(
            -use(nobody, lambda _: True),
            A_ub=np.array([row for row, _ in rows]),
            b_ub=[most for _, most in rows],
            A_eq=np.array([row for row, _ in exactly]),
            b_eq=[amount for _, amount in exactly],
        )
        if answer.status == 3:  # unbounded
            return None
        if answer.status == 0:  # else this cannot be
            found.append(-float(answer.fun or 0))
    return seat_usd + max(found)


def as_records(worst: tuple[WorstUse, ...]) -> list[UsageRecord]:
    """The dearest month as usage: first what is included, then what is metered, each person within their budget."""
    records = []
    spent: dict[str, int] = {}
    for hour, part in enumerate(("included", "metered")):
        at = datetime(2026, 10, 1, hour, tzinfo=UTC)
        for place, use in enumerate(worst):
            seats = use.seats
            names = seats.users or tuple(f"someone {place} {number}" for number in range(seats.number))
            left = getattr(use, part)
            if not use.each:
                continue
            for name, limit in zip(names, use.each if seats.users else use.each * seats.number, strict=True):
                amount = min(left, limit - spent.get(name, 0))
                left -= amount
                spent[name] = spent.get(name, 0) + amount
                credits = Decimal(amount).scaleb(-9)
                records.append(UsageRecord(at, name, credits, seats.organization, seats.cost_center))
            assert left == 0
    return records


def test_seats_that_the_month_does_not_bill_and_cost_centres_that_are_not_listed_are_told() -> None:
    seats = (
        Seats(plan="business", users=("ana",), cost_center="platfrm"),
        Seats(plan="business", users=("bo",), added_on=date(2026, 11, 10)),
    )
    centers = (CostCenter(name="platform", included_usage_cap=True),)
    check = check_account(Account(kind="enterprise", month="2026-10", seats=seats, cost_centers=centers))
    told = {notice.code: notice.message for notice in check.notices}
    assert "1 x business (added 2026-11-10)" in told["seats_outside_month"]
    assert "platfrm" in told["cost_centers_not_listed"]


def test_the_words_and_fields_of_checks() -> None:
    budgets = (
        Budget(scope="cost_center", name="platform", usd=1, stop=True),
        Budget(scope="cost_center", name="research", usd=2),
        Budget(scope="organization", name="acme", usd=3),
    )
    centers = tuple(
        CostCenter(name=name, included_usage_cap=True, excluded_from_enterprise_budget=True)
        for name in ("platform", "research")
    )
    several = account(
        Seats(
            plan="business", users=("ana",), organization="acme", cost_center="platform", removed_on=date(2026, 10, 31)
        ),
        cost_centers=centers,
        budgets=(*budgets, Budget(scope="enterprise", usd=4)),
    )
    words, fields = [], {}
    for name, terms in {**{name: terms for name, (terms, _) in TELLING.items()}, "several budgets": several}.items():
        check = check_account(terms)
        words.append(f"# {name}\n\n{check}\n")
        fields[name] = check.to_dict()
        (row,) = check.rows()
        for column, value in row.items():
            stated = fields[name][column]
            assert stated == (plain(value) if isinstance(value, Decimal) else value), column
        assert check.columns() == {"largest_usd": Decimal}
        assert all(isinstance(row[each], Decimal | None) for each in ("seat_usd", "pool_credits", "largest_usd"))
        assert list(row) == [each for each in check.body() if each != "order"]
        assert list(check.rates_used()) == []
    assert_as_recorded("words-checks.txt", "\n".join(words))
    assert_as_recorded("fields-checks.json", json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


def test_what_is_no_path_of_an_account_is_refused() -> None:
    with pytest.raises(InputError, match=r"^an account must be an Account or the path of its file, not 5$"):
        Account.load(5)  # type: ignore[arg-type]
