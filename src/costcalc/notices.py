"""Notices: what a reader has to know before believing a figure. Every result carries its own."""

from collections.abc import Iterable
from typing import NamedTuple


class Notice(NamedTuple):
    """One assumption or warning: a stable `code` for programs, a one-line `message` for people."""

    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """The notice as machine output holds it."""
        return {"code": self.code, "message": self.message}


def distinct(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """The notices without repeats, in the order of first appearance."""
    return tuple(dict.fromkeys(notices))
