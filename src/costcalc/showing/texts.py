"""Texts of unknown origin, made safe to show anywhere."""

from collections.abc import Sequence
from unicodedata import category


def assumption_words(names: Sequence[str]) -> str:
    """What is to be said of things that are assumed: that they are, or it is."""
    return f"{', '.join(names)} {'is an assumption' if len(names) == 1 else 'are assumptions'}"


def visible(value: str) -> str:
    """A text with its control and direction-changing characters made visible, so that it cannot move the cursor."""
    if value.isprintable():
        return value
    return "".join(
        char
        if char.isprintable() or char in "\n\u200d" or category(char) == "Zs"
        else char.encode("unicode_escape").decode()
        for char in value
    )
