"""Writing a file whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from costcalc.errors import InputError

IF_THERE: Final = "give another name, or allow it to be replaced (--replace, replace=True)"
"""What to do about a file that is there already, where it may be replaced."""


def target_of(path: "str | os.PathLike[str]", *, replace: bool = False, otherwise: str = "give another name") -> Path:
    """Where a file is to be written, links followed.

    Raises `InputError` for what is there already (the message says what to do `otherwise`), and for what is no file.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not replace:
        raise InputError(f"{path}: is there already; {otherwise}")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: not a file that can be replaced; give another name")
    return target


@contextmanager
def whole_path(
    path: "str | os.PathLike[str]", *, replace: bool = False, otherwise: str = "give another name"
) -> Iterator[str]:
    """The path of a file yet to be written, which takes its place at `path` afterwards and leaves nothing behind if not.

    A file that is replaced keeps its mode. Raises `InputError` as `target_of` does, and for what cannot be written.
    """
    import secrets  # only what writes pays for these
    import shutil

    target = target_of(path, replace=replace, otherwise=otherwise)
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield str(part)
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        why = error.strerror or " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{path}: cannot be written ({why})") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_file(
    path: "str | os.PathLike[str]", *, replace: bool = False, otherwise: str = "give another name"
) -> Iterator[TextIO]:
    """A text file (UTF-8) that takes its place at `path` when all of it is written, and leaves nothing behind if not.

    Raises `InputError` as `whole_path` does.
    """
    with (
        whole_path(path, replace=replace, otherwise=otherwise) as part,
        open(part, "x", encoding="utf-8", newline="") as file,  # noqa: PTH123
    ):
        yield file
        file.flush()
        os.fsync(file.fileno())  # on disk before it takes the place of the old one
