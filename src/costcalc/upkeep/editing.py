"""Changing a price file as a person would: rows closed and added where they belong, every other byte as it was."""

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from costcalc.errors import InputError
from costcalc.files import target_of, whole_file
from costcalc.pricing.book import PriceBook
from costcalc.pricing.catalog import STANDARD, Source, read_catalog
from costcalc.pricing.rate import DEFAULT_TIER, KindPrices
from costcalc.tokens import KINDS
from costcalc.tomlfile import TomlFile
from costcalc.units import plain

_PACKAGE: Final = Path(__file__).resolve().parents[1]

# What may hold a bracket or a comma that means nothing, and what has a meaning.
_TOKENS: Final = re.compile(
    r"""#[^\n]*|\"{3}(?:\\.|[^\\])*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[\[\]{},\n]""", re.DOTALL
)


class NewRow(NamedTuple):
    """A row to be written: what `rates` holds, with the defaults left out."""

    route: str
    source: str
    tier: str
    over: int
    first: date
    until: date | None
    after_gap: bool
    prices: KindPrices
    note: str = ""
    service_tier: str = STANDARD

    def values(self) -> dict[str, Any]:
        """The row's keys and values in the order in which they are written."""
        found: dict[str, Any] = {"route": self.route, "source": self.source}
        if self.service_tier != STANDARD:
            found["service_tier"] = self.service_tier
        if self.tier != DEFAULT_TIER:
            found.update(tier=self.tier, over=self.over)
        found["from"] = self.first
        if self.until is not None:
            found["until"] = self.until
        if self.after_gap:
            found["after_gap"] = True
        for kind, price in zip(KINDS, self.prices, strict=True):
            if price is not None:
                found[kind] = Decimal(plain(price))
        if self.note:
            found["note"] = self.note
        return found


class NewModel(NamedTuple):
    """A model to be written with its rows; name and provider are empty for one that only adds to a known model."""

    id: str
    name: str
    provider: str
    rows: tuple[NewRow, ...]


class Edit(NamedTuple):
    """What changes in a price file: rows (model, place in its `rates`) that end, rows and models added, a source read."""

    closed: dict[tuple[str, int], date]
    opened: dict[str, tuple[NewRow, ...]]
    models: tuple[NewModel, ...] = ()
    sources: tuple[Source, ...] = ()
    providers: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.closed or self.opened or self.models or self.sources or self.providers)


def edited(text: str, edit: Edit, path: str) -> str:
    """The text of a price file with the changes made, and nothing else changed.

    The result is parsed and held against the values that were to be changed before it is returned: `InputError` if the
    file is written in a way (such as rows not in a list of `rates`) that this cannot change safely.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    before = tomllib.loads(text, parse_float=Decimal)
    windows = "\r\n" in text
    if windows and text.count("\n") != text.count("\r\n"):
        raise InputError(f"{path}: lines end in two ways; save it with one, then sync")
    text = text.replace("\r\n", "\n")
    for source in edit.sources:
        text = _with_source(text, source, before)
    for (model, place), until in sorted(edit.closed.items(), reverse=True):
        text = _with_end(text, model, place, until, path)
    for provider, name in edit.providers:
        block = f"[providers.{_key(provider)}]\nname = {_literal(name)}\n"
        text = _after(text, _last(text, "providers") or _last(text, "sources"), block)
    for model, rows in edit.opened.items():
        text = _with_rows(text, model, rows, path)
    for new in edit.models:
        text = _with_model(text, new)
    if windows:
        text = text.replace("\n", "\r\n")
    try:
        same = tomllib.loads(text, parse_float=Decimal) == _expected(before, edit)
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise InputError(f"{path}: not written in a way that can be changed safely; make the changes by hand")
    return mark + text


def text_of(path: Path) -> str:
    """The text of a price file, every byte of it kept. Raises `InputError` if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def book_of(path: str | Path) -> PriceBook:
    """A price file as it stands: with the prices that ship, unless it is a whole price book itself."""
    shipped = PriceBook.load()
    sources = TomlFile.read(path).data.get("sources")
    whole = isinstance(sources, dict) and not shipped.sources.keys().isdisjoint(sources)
    return PriceBook(read_catalog(path)) if whole else PriceBook.load(path)


def checked(text: str, name: str) -> PriceBook:
    """The price book that a changed text makes. Raises `InputError` if it makes none."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rates.toml"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            return book_of(path)
        except InputError as error:
            what = str(error).removeprefix(f"{path}:").partition(": ")[2] or "it would be empty"
            raise InputError(f"{name}: cannot hold these changes, nothing was written: {what}") from None


def save(into: str | Path, text: str) -> None:
    """Write a price file, whole or not at all; one that belongs to the installed package is refused."""
    target = target_of(into, replace=True)
    if _PACKAGE in target.parents:
        raise InputError(f"{into}: data of the installed package, never changed; give a file of your own")
    with whole_file(into, replace=True) as file:
        file.write(text)


def _expected(before: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """The values of the file with the changes made."""
    found = copy.deepcopy(before)
    for source in edit.sources:
        stated = found.setdefault("sources", {}).setdefault(source.id, {})
        stated["read"] = _day_or_month(source.read)
        if source.id not in before.get("sources", {}):
            stated.update(title=source.title, address=source.address, status=source.status)
            stated.update({"note": source.note} if source.note else {})
    for provider, name in edit.providers:
        found.setdefault("providers", {})[provider] = {"name": name}
    for (model, place), until in edit.closed.items():
        found["models"][model]["rates"][place]["until"] = until
    for model, rows in edit.opened.items():
        found["models"][model].setdefault("rates", []).extend(row.values() for row in rows)
    for new in edit.models:
        known = {"name": new.name, "provider": new.provider} if new.name else {}
        found.setdefault("models", {})[new.id] = {**known, "rates": [row.values() for row in new.rows]}
    return found


def _day_or_month(text: str) -> date | str:
    return date.fromisoformat(text) if len(text) == 10 else text


class _Section(NamedTuple):
    """A table of the file: its keys, and where its heading and its last line of content start and end."""

    keys: tuple[str, ...]
    start: int
    body: int
    end: int


def _sections(text: str) -> list[_Section]:
    heads: list[tuple[tuple[str, ...], int, int]] = []
    depth = 0
    for token in _TOKENS.finditer(text):
        sign = token[0]
        line = text.rfind("\n", 0, token.start()) + 1
        if sign == "[" and depth == 0 and not text[line : token.start()].strip():
            stop = text.find("\n", token.start())
            stop = len(text) if stop < 0 else stop
            keys = _heading(text[line:stop])
            if keys:
                heads.append((keys, line, stop))
        depth += (sign in ("[", "{")) - (sign in ("]", "}"))
    found = []
    for place, (keys, start, body) in enumerate(heads):
        limit = heads[place + 1][1] if place + 1 < len(heads) else len(text)
        content = text[body:limit]
        # Blank lines and comments at the end belong to what follows.
        kept = re.sub(r"(?:\n[ \t]*(?:#[^\n]*)?)+$", "", content)
        found.append(_Section(keys, start, body, body + len(kept)))
    return found


def _heading(line: str) -> tuple[str, ...]:
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    keys = []
    while value:
        value = value[0] if isinstance(value, list) else value
        if not value:
            break
        ((key, value),) = value.items()
        keys.append(key)
    return tuple(keys)


def _section(text: str, *keys: str) -> _Section | None:
    return next((each for each in _sections(text) if each.keys == keys), None)


def _last(text: str, kind: str) -> _Section | None:
    return next((each for each in reversed(_sections(text)) if each.keys[0] == kind), None)


def _values(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Each key of a table's body with where its value starts and ends."""
    place = start
    while found := re.compile(r"[ \t\n]*(?:#[^\n]*\n[ \t\n]*)*([^=\n#]+?)[ \t]*=[ \t]*").match(text, place, end):
        stop = end
        depth = 0
        for token in _TOKENS.finditer(text, found.end(), end):
            depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
            if depth == 0 and (token[0] == "\n" or token[0].startswith("#")):
                stop = token.start()
                break
        value = text[found.end() : stop]
        yield found[1].strip("\"' "), found.end(), found.end() + len(value.rstrip())
        line = text.find("\n", stop)
        place = end if line < 0 else line


def _rates(text: str, model: str) -> tuple[int, int] | None:
    """Where the list of a model's rates starts and ends, its brackets included."""
    section = _section(text, "models", model)
    if section is None:
        return None
    return next(((start, end) for key, start, end in _values(text, section.body, section.end) if key == "rates"), None)


def _rows(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where each row of a list stands, its braces included."""
    found, depth, opened = [], 0, 0
    for token in _TOKENS.finditer(text, start, end):
        sign = token[0]
        if sign in ("[", "{"):
            depth += 1
            opened = token.start() if depth == 2 else opened
        elif sign in ("]", "}"):
            depth -= 1
            if depth == 1:
                found.append((opened, token.end()))
    return found


def _with_end(text: str, model: str, place: int, until: date, path: str) -> str:
    """The row with its end stated, after its beginning."""
    where = _rates(text, model)
    rows = _rows(text, *where) if where else []
    if place >= len(rows):
        raise InputError(f"{path}: the prices of {model} are not lines of a list rates = [...]; close them by hand")
    start, end = rows[place]
    parts = _parts(text[start + 1 : end - 1])
    keys = [part.partition("=")[0].strip() for part in parts]
    stated = f" until = {until}"
    if "until" in keys:
        at = keys.index("until")
        parts[at] = stated + (" " if parts[at].endswith(" ") else "")
    else:
        at = keys.index("not_before" if "not_before" in keys else "from")
        if at == len(parts) - 1 and parts[at].endswith(" "):
            parts[at], stated = parts[at].rstrip(" "), f"{stated} "
        parts.insert(at + 1, stated)
    return f"{text[: start + 1]}{','.join(parts)}{text[end - 1 :]}"


def _parts(inside: str) -> list[str]:
    """What stands between the commas of a row."""
    found, depth, last = [], 0, 0
    for token in _TOKENS.finditer(inside):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if token[0] == "," and depth == 0:
            found.append(inside[last : token.start()])
            last = token.end()
    return [*found, inside[last:]]


def _with_rows(text: str, model: str, new: tuple[NewRow, ...], path: str) -> str:
    """The rows at the end of the model's list."""
    written = [_line(row) for row in new]
    where = _rates(text, model)
    if where is None:
        section = _section(text, "models", model)
        if section is None:
            raise InputError(f"{path}: {model} has no table [models.{_key(model)}] of its own; add its price by hand")
        return _after(text, section, _list(written), blank=False)
    start, end = where
    rows = _rows(text, start, end)
    if not rows:
        return f"{text[:start]}{_list(written).removeprefix('rates = ').rstrip()}{text[end:]}"
    last = rows[-1][1]
    if "\n" not in text[last:end]:  # a list on one line
        return f"{text[:last]}{''.join(f', {row}' for row in written)}{text[last:]}"
    indent = text[text.rfind("\n", 0, rows[-1][0]) + 1 : rows[-1][0]]
    if indent.strip():
        indent = "  "
    comma = "" if text[last:end].lstrip().startswith(",") else ","
    stop = text.index("\n", last)
    added = "".join(f"\n{indent}{row}," for row in written)
    return f"{text[:last]}{comma}{text[last:stop]}{added}{text[stop:]}"


def _with_model(text: str, new: NewModel) -> str:
    """The model among those of its provider, by its id."""
    block = f"[models.{_key(new.id)}]\n"
    block += f"name = {_literal(new.name)}\nprovider = {_literal(new.provider)}\n" if new.name else ""
    block += _list([_line(row) for row in new.rows])
    known = tomllib.loads(text).get("models", {})
    peers = sorted(each for each, model in known.items() if new.provider and model.get("provider") == new.provider)
    before = [each for each in peers if each < new.id]
    # A model may have tables below its own; the new one goes after them all.
    sections = _sections(text)
    if before:
        place = [each for each in sections if each.keys[:2] == ("models", before[-1])][-1]
        return _after(text, place, block)
    if peers:
        start = next(each.start for each in sections if each.keys[:2] == ("models", peers[0]))
        return f"{text[:start]}{block}\n{text[start:]}"
    return _after(text, sections[-1] if sections else None, block)


def _with_source(text: str, source: Source, before: dict[str, Any]) -> str:
    """The source with the day on which it was read; with all else, if it is new."""
    if source.id not in before.get("sources", {}):
        block = f"[sources.{_key(source.id)}]\ntitle = {_literal(source.title)}\naddress = {_literal(source.address)}\n"
        block += f"read = {_literal(_day_or_month(source.read))}\nstatus = {_literal(source.status)}\n"
        block += f"note = {_literal(source.note)}\n" if source.note else ""
        return _after(text, _last(text, "sources"), block)
    section = _section(text, "sources", source.id)
    for key, start, end in _values(text, section.body, section.end) if section else ():
        if key == "read":
            return f"{text[:start]}{_literal(_day_or_month(source.read))}{text[end:]}"
    return text


def _after(text: str, section: _Section | None, block: str, *, blank: bool = True) -> str:
    """The block after a table, a line between; without a table, at the end of the file."""
    if section is None:
        return f"{text.rstrip()}\n\n{block}" if text.strip() else block
    gap = "\n\n" if blank else "\n"
    return f"{text[: section.end]}{gap}{block.rstrip()}{text[section.end :] or chr(10)}"


def _list(rows: list[str]) -> str:
    return "\n".join(["rates = [", *(f"  {row}," for row in rows), "]", ""])


def _line(row: NewRow) -> str:
    return f"{{ {', '.join(f'{key} = {_literal(value)}' for key, value in row.values().items())} }}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _literal(name)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
