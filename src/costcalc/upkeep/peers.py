"""Prices as other packages carry them: genai-prices, and LiteLLM's map. Neither is needed, and neither is believed."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from costcalc.errors import InputError, unknown_name
from costcalc.pricing.catalog import STANDARD, Model, fold
from costcalc.pricing.rate import MAX_USD_PER_MTOK, KindPrices
from costcalc.tomlfile import TomlFile, packaged
from costcalc.units import EXACT, canonical
from costcalc.upkeep.prices import Prices

GENAI: Final = "genai-prices"
LITELLM: Final = "litellm"
_LITELLM_MAP: Final = "model_prices_and_context_window_backup.json"
_MOST_BYTES: Final = 100_000_000
_GENAI_KINDS: Final = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
_LITELLM_KINDS: Final = (
    "input_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "output_cost_per_token",
)
_LITELLM_TIERS: Final = {STANDARD: "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}


class Quoted(NamedTuple):
    """What a peer says that a model costs: its full name and bare key there, prices by the prompt they start above.

    `prices` is empty where the peer's price is not of a form that can be compared, and `reason` says why.
    """

    name: str
    key: str
    prices: Prices
    reason: str = ""


class Peer:
    """A price list of somebody else, looked into by route and exact name."""

    def __init__(self, name: str, label: str, routes: Mapping[str, Mapping[str, str]]) -> None:
        """`label` names the list with its version; `routes` says where in it the models of a provider are."""
        self.name: str = name
        self.label: str = label
        self._routes = routes

    def place(self, route: str, provider: str = "any") -> str | None:
        """What stands before a model's name in this list, on a route for a provider."""
        return self._routes.get(route, {}).get(provider)

    def quoted(self, model: Model, route: str, on: date, service_tier: str = STANDARD) -> Quoted | None:
        """The peer's price of a model, or None if it has none. An `InputError` if its names are not clear."""
        place = self.place(route) if self.place(route) is not None else self.place(route, model.provider)
        if place is None:
            return None
        listed = self._listed(place)
        found = dict.fromkeys(listed[name] for each in model.names if (name := fold(each)) in listed)
        quotes = [quote for each in found if (quote := self._quote(each, place, on, service_tier)) is not None]
        if len({each.prices for each in quotes}) > 1:
            return Quoted(", ".join(each.name for each in quotes), "", (), "several of its models have the name")
        return quotes[0] if quotes else None

    def all_on(self, route: str, on: date) -> Iterator[Quoted]:
        """Every price of a route that has one list for all providers."""
        place = self.place(route)
        for key in () if place is None else dict.fromkeys(self._listed(place).values()):
            quote = self._quote(key, place or "", on, STANDARD)
            if quote is not None:
                yield quote

    def _listed(self, place: str) -> Mapping[str, str]:
        """The peer's keys of a place, by folded name."""
        raise NotImplementedError

    def _quote(self, key: str, place: str, on: date, service_tier: str) -> Quoted | None:
        raise NotImplementedError


@lru_cache(maxsize=1)
def _places() -> dict[str, dict[str, dict[str, str]]]:
    return TomlFile.read(packaged("peers.toml")).data


def peers(litellm: str | Path | None = None) -> tuple[Peer, ...]:
    """The peers that are there: genai-prices and LiteLLM if installed, or LiteLLM's map as a file.

    Raises `InputError` for a file that is not such a map.
    """
    found: list[Peer] = []
    if find_spec("genai_prices") is not None:
        found.append(GenaiPeer())
    path = litellm if litellm is not None else _installed_map()
    if path is not None:
        found.append(LitellmPeer(path, "" if litellm is not None else _version("litellm")))
    return tuple(found)


def _installed_map() -> Path | None:
    """LiteLLM's map in the installed package, which is not imported: that takes seconds."""
    spec = find_spec("litellm")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((path for each in places if (path := Path(each) / _LITELLM_MAP).is_file()), None)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class Dated(NamedTuple):
    """A price of genai-prices from a day on, None for the one without a day; `left_out` are prices of other things."""

    first: date | None
    prices: Prices
    left_out: tuple[str, ...]


class GenaiPeer(Peer):
    """The prices of the installed package genai-prices."""

    def __init__(self) -> None:
        """Reads the package's own data; nothing is updated over the network."""
        try:
            from genai_prices.data import providers
        except ImportError:
            raise InputError("this needs genai-prices: pip install 'costcalc[peers]'") from None
        self.version: str = _version(GENAI)
        super().__init__(GENAI, f"{GENAI} {self.version}", _places()[GENAI])
        self.providers: dict[str, Any] = {provider.id: provider for provider in providers}

    def model(self, name: str) -> tuple[Any, Any]:
        """The provider and the model of `PROVIDER/MODEL`, by exact id or name. Raises `UnknownNameError`."""
        provider_id, _, rest = name.partition("/")
        if provider_id not in self.providers:
            raise unknown_name("provider", provider_id, self.providers, "write PROVIDER/MODEL")
        provider = self.providers[provider_id]
        key = self._listed(provider_id).get(fold(rest))
        if key is None:
            raise unknown_name(f"model of {provider_id}", rest, [each.id for each in provider.models])
        return provider, next(each for each in provider.models if each.id == key)

    def _listed(self, place: str) -> Mapping[str, str]:
        provider = self.providers.get(place)
        models = provider.models if provider is not None else ()
        # An id goes before a name, which several models of a provider may share.
        names = {fold(each.name): each.id for each in models if each.name}
        return {**names, **{fold(each.id): each.id for each in models}}

    def _quote(self, key: str, place: str, on: date, service_tier: str) -> Quoted | None:
        if service_tier != STANDARD:
            return None
        model = next(each for each in self.providers[place].models if each.id == key)
        label = f"{place}/{key}"
        try:
            dated = self.dated(model)
        except InputError as error:
            return Quoted(label, key, (), str(error))
        begun = [each for each in dated if each.first is None or each.first <= on]
        return Quoted(label, key, begun[-1].prices) if begun and begun[-1].prices else None

    @staticmethod
    def dated(model: Any) -> list[Dated]:
        """The prices of a model with their first days, in the order in which they hold.

        Raises `InputError` for a price that no row can state: by the time of day, or with thresholds that differ by
        token kind. A model without a price of input and output has empty prices.
        """
        stated = model.prices if isinstance(model.prices, list) else [model]
        found: list[Dated] = []
        for each in stated:
            constraint = getattr(each, "constraint", None)
            first = getattr(constraint, "start_date", None)
            if constraint is not None and first is None:
                raise InputError("its price depends on the time of day")
            if first is None and found:
                raise InputError("it has several prices without a day")
            prices, left_out = _genai_prices(each.prices)
            found.append(Dated(first, prices, left_out))
        return sorted(found, key=lambda each: each.first or date.min)


def _genai_prices(price: Any) -> tuple[Prices, tuple[str, ...]]:
    """Prices by prompt, and the names of prices that are of other things than the four token kinds."""
    stated = {key: value for key, value in vars(price).items() if value is not None and not key.startswith("_")}
    kinds = [stated.get(key) for key in _GENAI_KINDS]
    left_out = tuple(key for key in stated if key not in _GENAI_KINDS)
    if kinds[0] is None or kinds[3] is None:
        return (), left_out
    tiered: list[Any] = [each for each in kinds if hasattr(each, "tiers")]
    starts = {tuple(tier.start for tier in each.tiers) for each in tiered}
    if len(starts) > 1:
        raise InputError("its long prompts start at other lengths for other token kinds")

    def at(value: Any, place: int) -> Any:
        if not hasattr(value, "tiers"):
            return value
        return value.tiers[place - 1].price if place else value.base

    return (
        tuple(
            (int(over), _kind_prices([at(each, place) for each in kinds]))
            for place, over in enumerate((0, *(starts.pop() if starts else ())))
        ),
        left_out,
    )


def _kind_prices(values: list[Any]) -> KindPrices:
    fresh, cached, write, output = (None if each is None else canonical(Decimal(each)) for each in values)
    if fresh is None or output is None:
        raise ValueError("input and output need a price")
    return KindPrices(fresh, cached, write, output)


class LitellmPeer(Peer):
    """LiteLLM's map of models and prices, from a file or the installed package."""

    def __init__(self, path: str | Path, number: str = "") -> None:
        """Reads the map. Raises `InputError` if the file is not one."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES:,} bytes")
            data = json.loads(content, parse_float=Decimal, parse_int=Decimal)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise InputError(f"{path}: not LiteLLM's map of prices ({error!s:.100})") from None
        if not isinstance(data, dict) or not any(
            isinstance(each, dict) and _LITELLM_KINDS[0] in each for each in data.values()
        ):
            raise InputError(f"{path}: not LiteLLM's map of prices (no model has {_LITELLM_KINDS[0]})")
        label = f"{LITELLM} {number}" if number else f"{LITELLM} ({path})"
        super().__init__(LITELLM, label, _places()[LITELLM])
        self._data: dict[str, Any] = data

    def _listed(self, place: str) -> Mapping[str, str]:
        cut = len(place)
        return {
            fold(key[cut:]): key
            for key, value in self._data.items()
            if key.startswith(place) and "/" not in key[cut:] and isinstance(value, dict)
        }

    def _quote(self, key: str, place: str, on: date, service_tier: str) -> Quoted | None:  # noqa: ARG002
        entry, end = self._data[key], _LITELLM_TIERS.get(service_tier)
        name = key[len(place) :]
        if end is None:
            return None
        overs = {0: ""}
        for field in entry:
            found = re.fullmatch(rf"{_LITELLM_KINDS[0]}(_above_(\d+)k_tokens){end}", field)
            if found:
                overs[int(found[2]) * 1000] = found[1]
        rows = []
        for over, middle in sorted(overs.items()):
            values = [entry.get(f"{kind}{middle}{end}") for kind in _LITELLM_KINDS]
            if values[0] is None or values[3] is None:
                return None if not over else Quoted(key, name, (), f"its price over {over:,} tokens is not whole")
            try:
                rows.append((over, _kind_prices([None if each is None else _per_million(each) for each in values])))
            except (ArithmeticError, TypeError, ValueError):
                return Quoted(key, name, (), "its price is not a number")
        return Quoted(key, name, tuple(rows)) if any(rows[0][1][place] for place in (0, 3)) else None


def _per_million(per_token: object) -> Decimal:
    if not isinstance(per_token, Decimal) or not per_token.is_finite() or not 0 <= per_token <= MAX_USD_PER_MTOK:
        raise ValueError("not a price")
    return canonical(EXACT.multiply(per_token, Decimal(1_000_000)))
