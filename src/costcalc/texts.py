"""Texts of unknown origin, made safe to show anywhere."""

from unicodedata import category


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
