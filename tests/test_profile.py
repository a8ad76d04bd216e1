from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from costcalc import InputError, SessionProfile, TurnModel, UnknownNameError
from costcalc.workload.profile import built_in_profiles

# Mean tokens per task, requests, tasks per day, active days, and sigma, as gathered from the published measurements.
GATHERED = {
    "light_chat": (9_600, 3_900, 500, 1, 8, 12, "0.9"),
    "interactive_ide": (57_000, 290_000, 3_200, 9, 15, 16, "1.5"),
    "heavy_agent": (58_600, 1_340_000, 4_760, 9, 28, 20, "1.5"),
    "cloud_agent_batch": (132_400, 2_134_000, 17_240, 33, 4, 21, "0.8"),
    "ci_code_review": (148_500, 112_800, 2_000, 4, 20, 21, "0.45"),
    "api_batch": (5_540, 2_050, 182, 1, 2_000, 30, "1.0"),
}


def test_the_built_in_profiles_are_those_gathered() -> None:
    found = {
        name: (
            each.fresh_input,
            each.cached_input,
            each.output,
            each.requests_per_task,
            each.tasks_per_day,
            each.active_days,
            each.sigma,
        )
        for name, each in built_in_profiles().items()
    }
    assert found == {name: tuple(Decimal(each) for each in numbers) for name, numbers in GATHERED.items()}


@pytest.mark.parametrize("name", GATHERED)
def test_every_number_says_where_it_is_from(name: str) -> None:
    profile = SessionProfile.load(name)
    for number, value in profile.numbers().items():
        if value is None:
            continue
        origin = profile.provenance[number]
        assert origin.how in ("measured", "derived", "assumption")
        assert origin.how == "assumption" or origin.sources or origin.note


def test_interactive_ide_is_its_turn_model_rounded() -> None:
    turns = TurnModel(prefix=28_700, input_per_turn=1_700, output_per_turn=350, turns=9, cache_hit_share="0.966")
    profile = SessionProfile.from_turns("mine", turns, tasks_per_day=15, active_days=16)
    assert round(profile.fresh_input, -3) == 57_000
    assert round(profile.cached_input, -3) == 290_000
    assert round(profile.output, -2) == 3_200
    assert profile.requests_per_task == 9
    assert profile.provenance["fresh_input"].how == "derived"


def test_a_name_is_looked_up_without_regard_to_case_and_a_wrong_one_offers_the_known() -> None:
    assert SessionProfile.load("Heavy_Agent").name == "heavy_agent"
    with pytest.raises(UnknownNameError, match=r"unknown profile 'heavy'; known: light_chat.*\.toml file"):
        SessionProfile.load("heavy")


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


PROFILE = """\
[profile]
title = "Mine"
fresh_input = 40_000
cached_input = { value = 200_000, how = "measured", from = ["log"], note = "one week" }
output = 2_500.5
requests_per_task = 6
tasks_per_day = 10
active_days = 18

[sources.log]
title = "My log"
address = "here"
"""


def test_a_profile_from_a_file(tmp_path: Path) -> None:
    profile = SessionProfile.load(write(tmp_path, PROFILE))
    assert profile.name == "mine"
    assert profile.output == Decimal("2500.5")
    assert profile.cache_write is None
    assert profile.provenance["cached_input"].how == "measured"
    assert profile.tasks_per_month == 180
    assert SessionProfile.load(str(tmp_path / "mine.toml")) == profile


def test_a_profile_from_turns_in_a_file(tmp_path: Path) -> None:
    text = """\
[profile]
name = "sessions"
tasks_per_day = 4
active_days = 18.5

[profile.turns]
prefix = 28_700
input_per_turn = 1_700
output_per_turn = 350
turns = 90
cache_hit_share = 0.966
compact_at = 102_400
"""
    profile = SessionProfile.load(write(tmp_path, text))
    assert profile.requests_per_task > 90
    assert profile.tasks_per_month == 74


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("fresh_input = 40_000", "fresh_input = -1"), 3, "fresh_input"),
        (("fresh_input = 40_000", "fresh_input = nan"), 3, "fresh_input"),
        (("fresh_input = 40_000", "fresh_input = 1e40"), 3, "fresh_input"),
        (("fresh_input = 40_000", 'fresh_input = "many"'), 3, "fresh_input"),
        (("fresh_input = 40_000", "fresh_input = true"), 3, "fresh_input"),
        (("fresh_input = 40_000\n", ""), 1, "fresh_input is missing"),
        (("active_days = 18", "active_days = 32"), 8, "active_days"),
        (("requests_per_task = 6", "requests_per_task = 0"), 6, "requests_per_task"),
        (("tasks_per_day = 10", "tasks_per_dya = 10"), 7, "tasks_per_dya"),
        (('from = ["log"]', 'from = ["lgo"]'), 4, "unknown source 'lgo'"),
        (('how = "measured"', 'how = "guessed"'), 4, "how"),
        (("value = 200_000, ", ""), 4, "cached_input: must be a number, or a table with a value"),
        (("value = 200_000, ", "value = 200_000, low = 1, "), 4, "low and high go together"),
        (("value = 200_000, ", "value = 200_000, low = 3, high = 2, "), 4, "low 3 is above high 2"),
        (
            ("value = 200_000, ", "value = 200_000, low = 3, high = 4, "),
            1,
            "cached_input: 200000 does not lie from low 3",
        ),
        (("value = 200_000, ", "value = 200_000, low = -1, high = 4, "), 4, "low"),
        (('title = "Mine"', 'title = "Mine'), 2, "not valid TOML"),
        (("[sources.log]", "[surces.log]"), 10, "unknown key 'surces'"),
        (("output = 2_500.5", 'output = "2500"'), 5, "output must be a number, not a text"),
        (("output = 2_500.5", "output = 1\nactive_day = 3"), 6, "unknown key 'active_day'; nearest: active_days"),
        (("value = 200_000, ", "value = 200_000, wo = 1, "), 4, "unknown key 'wo'; known: .*how"),
        (("output = 2_500.5", "output = 1\nprovenance = {}"), 6, "unknown key 'provenance'"),
        (("[profile]\n", "[profiles]\n"), None, r"no \[profile\] table"),
        (('title = "Mine"', "turns = { turns = 3 }"), 3, "fresh_input follows from turns"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_line(
    tmp_path: Path, change: tuple[str, str], line: int | None, message: str
) -> None:
    assert change[0] in PROFILE
    path = write(tmp_path, PROFILE.replace(*change))
    where = f"mine.toml:{line}: " if line else "mine.toml: "
    with pytest.raises(InputError, match=message) as caught:
        SessionProfile.load(path)
    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"# nothing\n"])
def test_a_file_without_content_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"empty\.toml"):
        SessionProfile.load(path)
    with pytest.raises(InputError, match="no such file"):
        SessionProfile.load(tmp_path / "missing.toml")
    with pytest.raises(InputError, match="a folder"):
        SessionProfile.load(tmp_path)


def test_changed_numbers_lose_their_provenance_and_are_checked() -> None:
    profile = SessionProfile.load("interactive_ide")
    busier = profile.changed(tasks_per_day=Decimal(20))
    assert busier.tasks_per_month == 320
    assert "tasks_per_day" not in busier.provenance
    assert busier.provenance["active_days"] == profile.provenance["active_days"]
    assert profile.changed() is profile
    with pytest.raises(InputError, match="active_days"):
        profile.changed(active_days=40)
    with pytest.raises(UnknownNameError, match="tasks_a_day"):
        profile.changed(tasks_a_day=1)


@pytest.mark.parametrize("bad", [-1, "x", float("nan"), float("inf"), True, 10**16])
def test_a_profile_in_code_is_checked_too(bad: Any) -> None:
    with pytest.raises(ValidationError):
        SessionProfile(
            name="x",
            fresh_input=bad,
            cached_input=0,
            output=1,
            requests_per_task=1,
            tasks_per_day=1,
            active_days=1,
        )


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("turns = 90", "turns = 0"), 9, "turns"),
        (("cache_hit_share = 0.966", "cache_hit_share = 1.5"), 10, "cache_hit_share"),
        (("cache_hit_share = 0.966", "cache_hit_share = 0.9\ncache_hits = 1"), 11, "unknown key"),
        (("prefix = 28_700", "prefix = true"), 6, "prefix"),
        (("compact_at = 102_400", "compact_at = 100"), 5, "every call would compact again"),
    ],
)
def test_a_mistake_in_the_turns_names_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, message: str
) -> None:
    text = """\
[profile]
tasks_per_day = 4
active_days = 18.5

[profile.turns]
prefix = 28_700
input_per_turn = 1_700
output_per_turn = 350
turns = 90
cache_hit_share = 0.966
compact_at = 102_400
"""
    assert change[0] in text
    with pytest.raises(InputError, match=message) as caught:
        SessionProfile.load(write(tmp_path, text.replace(*change)))
    assert f"mine.toml:{line}: " in str(caught.value)


def test_profiles_are_frozen_and_comparable() -> None:
    profile = SessionProfile.load("light_chat")
    assert profile == SessionProfile.load("light_chat")
    assert hash(profile) == hash(SessionProfile.load("light_chat"))
    with pytest.raises(TypeError):
        profile.provenance["output"] = None  # type: ignore[index]
    with pytest.raises(ValidationError):
        profile.output = Decimal(1)  # type: ignore[misc]
