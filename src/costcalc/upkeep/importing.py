"""The long tail: prices of other models on the API route, out of genai-prices and into a price file of one's own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from costcalc.errors import InputError, UnknownNameError, check_flag, check_path, check_type
from costcalc.notices import Notice
from costcalc.pricing.book import PriceBook, checked_day, today
from costcalc.pricing.catalog import Model, Source, fold
from costcalc.pricing.rate import DEFAULT_TIER, MAX_USD_PER_MTOK, Rate
from costcalc.showing.display import Result, Table, count_of
from costcalc.tokens import KINDS
from costcalc.upkeep.editing import Edit, NewModel, NewRow, book_of, checked, edited, save, text_of
from costcalc.upkeep.peers import GENAI, Dated, GenaiPeer
from costcalc.upkeep.syncing import id_of

if TYPE_CHECKING:
    from costcalc.showing.display import Part

ROUTE: Final = "api"
_PLACES: Final = 15
"""The decimals that a price file may give a price."""


class Imported(NamedTuple):
    """A model of genai-prices and the model of the price book that its price became a claim of.

    `known` if the price book knew the model, `already` if the file had this package's claim of it.
    """

    name: str
    model: str
    known: bool
    already: bool


@dataclass(frozen=True, slots=True, repr=False)
class RatesImport(Result):
    """Claims of genai-prices in the form of the price book: indicative, on the route api, with the package as source."""

    kind: ClassVar[str] = "rates_import"
    peer: str
    source: str
    on: date
    into: str | None
    written: bool
    imported: tuple[Imported, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...] = ()

    def body(self) -> dict[str, Any]:
        """The fields of the machine output between `kind` and `rates`."""
        return {
            "peer": self.peer,
            "source": self.source,
            "on": self.on.isoformat(),
            "into": self.into,
            "written": self.written,
            "imported": [each._asdict() for each in self.imported],
        }

    def rates_used(self) -> Iterable[Rate]:
        """The claims."""
        return self.rates

    def parts(self) -> Iterator["Part"]:
        """What to show a person, the answer first."""
        yield f"{count_of(len(self.imported), 'model')} of {self.peer}, indicative, on route {ROUTE} from {self.on}"
        if self.rates:
            yield Table(
                ("model", "prompt over", "input", "cached", "write", "output", "from", "until"),
                tuple(
                    (
                        rate.model,
                        rate.prompt_tokens_over or None,
                        *rate.usd_per_mtok,
                        str(rate.effective_from),
                        str(rate.effective_until) if rate.effective_until else None,
                    )
                    for rate in self.rates
                ),
                "USD per million tokens",
            )
        if self.written:
            yield f"Written to {self.into}; use it with --rates {self.into}"
        elif self.rates:
            yield "Nothing was written; --into FILE --write adds the claims to a price file, for use with --rates FILE."

    def rows(self) -> list[dict[str, Any]]:
        """One row a claim; prices are `Decimal`."""
        return [
            {
                "rate_id": rate.id,
                "model": rate.model,
                "prompt_tokens_over": rate.prompt_tokens_over,
                **{f"{kind}_usd_per_mtok": price for kind, price in rate.usd_per_mtok._asdict().items()},
                "effective_from": rate.effective_from.isoformat() if rate.effective_from else None,
                "effective_until": rate.effective_until.isoformat() if rate.effective_until else None,
            }
            for rate in self.rates
        ]

    def columns(self) -> dict[str, type]:
        prices = {f"{kind}_usd_per_mtok": Decimal for kind in KINDS}
        return {
            "rate_id": str,
            "model": str,
            "prompt_tokens_over": int,
            **prices,
            "effective_from": str,
            "effective_until": str,
        }


def import_rates(
    models: Sequence[str],
    *,
    into: str | Path | None = None,
    on: date | None = None,
    read: date | None = None,
    write: bool = False,
) -> RatesImport:
    """Prices of genai-prices as claims of the price book, and with `write` into a price file.

    `models` are written PROVIDER/MODEL, by the package's exact ids or names. The package does not say since when its
    price holds, so the claims start `on` that day (default: today in UTC), with later prices that it dates after them;
    `read` is the day it was read. They are indicative, so they stand beside other claims and never replace a better one.
    What no row can state (prices by the hour, of images or searches, or by request options) is left out with a notice.

    `into` is a price file, made if it is not there. Raises `InputError` where genai-prices is not installed, and
    `UnknownNameError` for a name that it does not know.

    >>> result = import_rates(["mistral/codestral"], on=date(2026, 11, 1))
    >>> [(rate.model, rate.route, rate.status) for rate in result.rates]
    [('codestral', 'api', 'indicative')]
    """
    check_flag("write", write)
    check_type("models", models, (list, tuple, str), "a list of names")
    if into is not None:
        check_path("into", into)
    if isinstance(models, str) or not models:
        raise InputError("name the models to import, each as PROVIDER/MODEL such as deepseek/deepseek-chat")
    if write and into is None:
        raise InputError("say which price file to write with --into FILE; it is made if it is not there")
    day, read_on = checked_day(on), checked_day(read, "read")
    if read_on > today():
        raise InputError(f"the package cannot have been read on {read_on}, a day to come")
    there = into is not None and Path(into).exists()
    if into is not None and not there and not write:
        raise InputError(f"{into}: no such file; --write makes it")
    book = book_of(into) if there and into is not None else PriceBook.load()
    text = text_of(Path(into)) if there and into is not None else ""
    peer = GenaiPeer()
    source = Source(
        f"{GENAI}-api-{peer.version}",
        f"{GENAI} {peer.version}, prices of providers' APIs",
        f"pypi.org/project/{GENAI}",
        read_on.isoformat(),
        "indicative",
        "as the installed package carries them; the day on which a price began is not known unless it is dated",
    )
    if (known_source := book.sources.get(source.id)) is not None and known_source.read >= source.read:
        source = known_source
    notices: list[Notice] = []
    imported: list[Imported] = []
    new: dict[str, NewModel] = {}
    opened: dict[str, tuple[NewRow, ...]] = {}
    providers: dict[str, str] = {}
    inside = _models_in(text)
    taken = {fold(name) for model in book.models.values() for name in model.names}
    for name in dict.fromkeys(models):
        check_type("each of the models", name, str, "a name as PROVIDER/MODEL")
        provider, stated = peer.model(name)
        label = f"{provider.id}/{stated.id}"
        if provider.id == peer.place("copilot"):
            raise InputError(f"{label} is Copilot's, not an API's; GitHub's own table says more: costcalc rates sync")
        rows, said = _rows(peer, stated, source.id, day, label)
        notices += said
        if not rows:
            continue
        own = next((each for each in book.providers if peer.place(ROUTE, each) == provider.id), provider.id)
        known = _known(book, stated, own)
        model_id = known.id if known else _free_id(taken, provider, stated)
        already = any(rate.source == source.id for rate in book.history(known.id)) if known else False
        imported.append(Imported(label, model_id, known is not None, already))
        if already:
            continue
        if model_id in new or model_id in opened:
            raise InputError(f"{label} is named twice")
        if own not in book.providers:
            providers[own] = provider.name
        if known and known.id in inside:
            opened[known.id] = rows
        else:
            words = stated.name or stated.id
            if fold(words) in taken and fold(words) != model_id:
                words = f"{words} ({provider.name}, {stated.id})"
            taken |= {model_id, fold(words)}
            new[model_id] = NewModel(model_id, "" if known else words, "" if known else own, rows)
    rates: tuple[Rate, ...] = ()
    edit = Edit({}, opened, tuple(new.values()), (source,) if new or opened else (), tuple(providers.items()))
    ids = {each.model for each in imported}
    if not edit.empty:
        text = edited(text, edit, str(into or "the claims"))
        book = checked(text, str(into or "the claims"))
        if write and into is not None:
            save(into, text)
    rates = tuple(rate for rate in book.rates if rate.source == source.id and rate.model in ids)
    where = None if into is None else str(into)
    return RatesImport(peer.label, source.id, day, where, write and bool(rates), tuple(imported), rates, tuple(notices))


def _models_in(text: str) -> frozenset[str]:
    """The models that a price file has tables of."""
    import tomllib

    return frozenset(tomllib.loads(text.removeprefix("\ufeff")).get("models", {}))


def _rows(peer: GenaiPeer, stated: Any, source: str, day: date, label: str) -> tuple[tuple[NewRow, ...], list[Notice]]:
    """The rows of a model from a day on, and what was left out."""
    try:
        dated = peer.dated(stated)
    except InputError as error:
        return (), [Notice("not_imported", f"{label}: {error}; no row can state that, so it is left out")]
    begun = [each for each in dated if each.first is None or each.first <= day]
    held = [*begun[-1:], *(each for each in dated if each.first is not None and each.first > day)]
    doubt = next((words for each in held if (words := _doubt(each))), "" if held else "it has no price")
    if doubt:
        return (), [Notice("not_imported", f"{label}: {doubt}, so it is left out")]
    others = dict.fromkeys(each for one in held for each in one.left_out)
    if getattr(stated, "price_variants", None):
        others["prices by request options"] = None
    notices = [Notice("left_out", f"{label} also has {', '.join(others)}: left out")] if others else []
    rows = []
    for place, each in enumerate(held):
        first = day if each.first is None else max(day, each.first)
        until = held[place + 1].first if place + 1 < len(held) else None
        for number, (over, prices) in enumerate(each.prices):
            tier = DEFAULT_TIER if not over else "long_context" if number == 1 else f"long_context_{number}"
            rows.append(NewRow(ROUTE, source, tier, over, first, until, False, prices))
    return tuple(rows), notices


def _doubt(each: Dated) -> str:
    """Why a price cannot be a row, if it cannot."""
    if not each.prices:
        return "it has no price of both input and output"
    for _, prices in each.prices:
        stated = [price for price in prices if price is not None]
        if any(not 0 <= price <= MAX_USD_PER_MTOK for price in stated):
            return "a price of it cannot be right"
        if any(int(price.as_tuple().exponent) < -_PLACES for price in stated):
            return f"a price of it has more than {_PLACES} decimals"
        if prices.cached_input is not None and prices.cached_input > prices.fresh_input:
            return "its cached input costs more than its input"
    return ""


def _named(book: PriceBook, name: str) -> Model | None:
    try:
        return book.model(name)
    except UnknownNameError:
        return None


def _known(book: PriceBook, stated: Any, provider: str) -> Model | None:
    """The price book's model of the same provider with exactly this id or name."""
    names = [each for each in (stated.id, id_of(stated.id), stated.name) if each]
    found = (_named(book, each) for each in names)
    return next((model for model in found if model is not None and model.provider == provider), None)


def _free_id(taken: set[str], provider: Any, stated: Any) -> str:
    """An id for a model that the price book does not have: its own, or with the provider's where that is taken."""
    for name in (stated.id, f"{provider.id}-{stated.id}"):
        model_id = id_of(name)
        if model_id and model_id not in taken:
            return model_id
    raise InputError(f"{provider.id}/{stated.id}: both of its ids already stand for other models")
