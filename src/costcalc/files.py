"""Writing a file whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from costcalc.errors import InputError


@contextmanager
def whole_file(
    path: "str | os.PathLike[str]", *, replace: bool = False, otherwise: str = "give another name"
) -> Iterator[TextIO]:
    """A text file (UTF-8) that takes its place at `path` when all of it is written, and leaves nothing behind if not.

    A link is followed, and a file that is replaced keeps its mode. Raises `InputError` for what is there already (the
    message says what to do `otherwise`), for what is no file, and for what cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not replace:
        raise InputError(f"{path}: is there already; {otherwise}")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: not a file that can be replaced; give another name")
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            yield file
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
