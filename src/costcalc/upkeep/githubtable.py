"""GitHub's own price table, as github/docs keeps it: `data/tables/copilot/models-and-pricing.yml`."""

import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from costcalc.errors import InputError, unknown_name
from costcalc.pricing.catalog import fold
from costcalc.pricing.rate import DEFAULT_TIER, MAX_USD_PER_MTOK, KindPrices
from costcalc.units import canonical, plain

MOST_BYTES: Final = 1_000_000
"""The table has some 9,000 bytes; what is a hundred times as large is something else."""

_KEYS: Final = (
    "model",
    "provider",
    "release_status",
    "category",
    "threshold",
    "tier",
    "input",
    "cached_input",
    "cache_write",
    "output",
    "notes",
)
_NONE: Final = ("", "not applicable", "n/a", "-", "–", "—")
_FOOTNOTE: Final = re.compile(r"\s*(?:\[\^([^\[\]]+)\]|([¹²³⁴-⁹*†‡]+))$")
_TIMES: Final = {"": 1, "K": 1_000, "M": 1_000_000}


class Tier(NamedTuple):
    """What a model costs for prompts of more than `over` tokens, in US dollars per million tokens."""

    label: str
    over: int
    prices: KindPrices


class Listed(NamedTuple):
    """A model as the table lists it. `place` names its first row for complaints; `footnotes` are the marks at its name."""

    place: str
    name: str
    provider: str
    release_status: str
    category: str
    note: str
    footnotes: tuple[str, ...]
    tiers: tuple[Tier, ...]

    @property
    def prices_by_prompt(self) -> tuple[tuple[int, KindPrices], ...]:
        """The prices with the prompt that they start above, by rising prompt; as `Rate.prices_by_prompt`."""
        return tuple((tier.over, tier.prices) for tier in self.tiers)


class PriceTable(NamedTuple):
    """GitHub's table as it was read: where from, the hash of its bytes, and its models in its order."""

    label: str
    sha256: str
    rows: int
    models: tuple[Listed, ...]


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a table's file. Raises `InputError` if it cannot be read or is larger than a table can be."""
    if not str(path):
        raise InputError("no file name is given")
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path!r:.80}: cannot be read ({error})") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: more than {MOST_BYTES:,} bytes, so not GitHub's price table")
    return content


def read_table(content: bytes, label: str) -> PriceTable:
    """Read the table; every value is taken as the text that it is, so that $0.10 stays what was written.

    Raises `InputError`, naming line and row, for a key, price, threshold or tier that cannot be right, for a model
    listed twice, and for a tier without the other one.
    """
    rows = [_Row(label, number, line, values) for number, (line, values) in enumerate(_rows(content, label), 1)]
    if not rows:
        raise InputError(f"{label}: no rows; GitHub's price table is a list of models")
    by_name: dict[str, list[_Row]] = {}
    for row in rows:
        by_name.setdefault(fold(row.name), []).append(row)
    models = tuple(_listed(together) for together in by_name.values())
    return PriceTable(label, hashlib.sha256(content).hexdigest(), len(rows), models)


def _rows(content: bytes, label: str) -> list[tuple[int, dict[str, str]]]:
    """The rows with their lines, each key and value as text."""
    try:
        import yaml  # its nodes keep the lines, and its base loader takes every scalar as text and builds no objects
    except ModuleNotFoundError:
        raise InputError("reading GitHub's table needs PyYAML: pip install 'costcalc[sync]'") from None
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.BaseLoader)
    except UnicodeDecodeError as error:
        raise InputError(f"{label}: not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        what = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InputError(f"{label}{where}: not valid YAML: {what:.120}") from None
    except RecursionError:
        raise InputError(f"{label}: not valid YAML: nested too deeply") from None
    if root is None:
        return []
    if not isinstance(root, yaml.SequenceNode):
        raise InputError(f"{label}: not a list of rows; GitHub's price table starts each row with '- model:'")
    found = []
    for number, node in enumerate(root.value, 1):
        line = node.start_mark.line + 1
        values: dict[str, str] = {}
        for key, value in _pairs(yaml, node, f"{label}:{line}: row {number}"):
            place = f"{label}:{value.start_mark.line + 1}: row {number}"
            if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
                raise InputError(f"{place}: each key holds one text or number")
            if key.value in values:
                raise InputError(f"{place}: {key.value!r:.40} stands there twice")
            values[key.value] = " ".join(value.value.split())
        found.append((line, values))
    return found


def _pairs(yaml: Any, node: Any, place: str) -> "list[tuple[Any, Any]]":
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{place}: not a row of keys and values")
    return list(node.value)


class _Row:
    """One row of the table, checked."""

    def __init__(self, label: str, number: int, line: int, values: dict[str, str]) -> None:
        self._values = values
        name = values.get("model", "")
        self.place = f"{label}:{line}: row {number}" + (f" ({name:.60})" if name else "")
        for key in values:
            if key not in _KEYS:
                self.fail(str(unknown_name("key", key, _KEYS)))
        marks: list[str] = []
        while mark := _FOOTNOTE.search(name):
            marks.insert(0, mark[1] or mark[2])
            name = name[: mark.start()]
        self.name, self.footnotes = name.strip(), tuple(marks)
        if not self.name:
            self.fail("model is missing")
        self.provider = self._required("provider")
        self.over = self._over()
        label_of_tier = fold(values.get("tier") or DEFAULT_TIER).replace(" ", "_")
        self.tier = DEFAULT_TIER if label_of_tier in _NONE or label_of_tier == "not_applicable" else label_of_tier
        if (self.tier == DEFAULT_TIER) != (self.over <= 0):
            self.fail(f"tier {values.get('tier')!r:.40} does not fit threshold {values.get('threshold')!r:.40}")
        fresh, output = self._price("input"), self._price("output")
        if fresh is None or output is None:
            self.fail("input and output need a price")
        self.prices = KindPrices(fresh, self._price("cached_input"), self._price("cache_write"), output)
        if self.prices.cached_input is not None and self.prices.cached_input > fresh:
            self.fail(f"cached_input {plain(self.prices.cached_input)} is above input {plain(fresh)}")

    def fail(self, message: str) -> NoReturn:
        raise InputError(f"{self.place}: {message}")

    def text(self, key: str) -> str:
        value = self._values.get(key, "")
        return "" if value.casefold() in _NONE else value

    def _required(self, key: str) -> str:
        return self.text(key) or self.fail(f"{key} is missing")

    def _price(self, key: str) -> Decimal | None:
        text = self.text(key)
        if not text:
            return None
        found = re.fullmatch(r"\$?\s?(\d{1,3}(?:,\d{3})+|\d{1,9})(\.\d{1,15})?", text, re.ASCII)
        price = Decimal(found[1].replace(",", "") + (found[2] or "")) if found else None
        if price is None or price > MAX_USD_PER_MTOK:
            self.fail(f"{key} must be a price such as $0.075, not {text!r:.40}")
        return canonical(price)

    def _over(self) -> int:
        """The prompt above which the row holds; 0 for any prompt, and for prompts up to N: -N."""
        text = self.text("threshold")
        if not text:
            return 0
        found = re.fullmatch(r"(≤|<=|>)\s*(\d+(?:,\d{3})*(?:\.\d+)?)\s*([KM]?)", text.upper(), re.ASCII)
        tokens = Decimal(found[2].replace(",", "")) * _TIMES[found[3]] if found else Decimal(0)
        if found is None or tokens != int(tokens) or not 0 < tokens <= 10**12:
            self.fail(f"threshold must be such as '≤ 272K' or '> 272K', not {text!r:.40}")
        return int(tokens) if found[1] == ">" else -int(tokens)


def _listed(rows: list[_Row]) -> Listed:
    """The rows of one model as one claim, every prompt priced once."""
    rows = sorted(rows, key=lambda row: max(0, row.over))
    first = rows[0]
    seen: dict[int, _Row] = {}
    for row in rows:
        if row.provider != first.provider:
            row.fail(f"provider {row.provider!r:.40}, where another row of the model says {first.provider!r:.40}")
        if max(0, row.over) in seen:
            row.fail("a second price of the model for the same prompts")
        seen[max(0, row.over)] = row
    if first.over > 0:
        first.fail("no row of the model gives the price of shorter prompts")
    if first.over < 0 and (len(rows) == 1 or rows[1].over != -first.over):
        first.fail(f"no row of the model gives the price of prompts over {-first.over:,} tokens")
    if first.over == 0 and len(rows) > 1:
        first.fail(f"any prompt, where another row of the model is for those over {rows[1].over:,} tokens")
    tiers = tuple(Tier(row.tier, max(0, row.over), row.prices) for row in rows)
    footnotes = dict.fromkeys(mark for row in rows for mark in row.footnotes)
    return Listed(
        first.place,
        first.name,
        first.provider,
        first.text("release_status"),
        first.text("category"),
        first.text("notes"),
        tuple(footnotes),
        tiers,
    )
