"""The documentation site: `make docs`. Its pages are the Markdown files here; the reference is made from the code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import costcalc
from costcalc.cli.main import _app

project = html_title = "costcalc"
version = release = costcalc.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_*", "schemas"]
nitpicky = False  # the types of signatures are Python's own, whose index is elsewhere
default_role = "py:obj"  # `name` in a docstring leads to the entry of that name, where there is one
myst_heading_anchors = 3
autodoc_member_order = "bysource"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = html_copy_source = html_show_copyright = False


class Commands(SphinxDirective):
    """`{costcalc-commands}`: the help of every command, as the program prints it, under a heading each."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        program = typer.main.get_command(_app([]))
        return list(_sections(program, typer.Context(program, info_name="costcalc")))


def _sections(command: Any, context: typer.Context) -> Iterator[nodes.Node]:
    title = context.command_path
    section = nodes.section(ids=[nodes.make_id(title)], names=[title])
    section += nodes.title("", "", nodes.literal("", title))
    section += nodes.literal_block(text := command.get_help(context), text, language="text")
    yield section
    for name, each in sorted(getattr(command, "commands", {}).items()):
        yield from _sections(each, typer.Context(each, info_name=name, parent=context))


# What the theme leaves out for those who read by keyboard or by ear.
_MENDED = {
    "<pre>": '<pre tabindex="0">',  # it scrolls sideways, so it must be reachable
    'role="heading">': 'role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Site">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="Page">',
}


def _signature(_: Sphinx, what: str, __: str, found: Any, *___: Any) -> tuple[str, str] | None:
    """Of a pydantic model, the names of its fields and whether one may be left out: their docstring says what they hold."""
    if what != "class" or not (isinstance(found, type) and issubclass(found, BaseModel)):
        return None
    fields = found.model_fields.items()
    return "(*, " + ", ".join(name if field.is_required() else f"{name}=…" for name, field in fields) + ")", ""


def _without(_: Sphinx, __: str, name: str, found: Any, *___: Any) -> bool | None:
    """What pydantic is told, and what Python itself writes about the fields of a named tuple, say nothing to a reader."""
    said = str(getattr(found, "__doc__", ""))
    return True if name == "model_config" or said.startswith("Alias for field number") else None


def _mend(app: Sphinx, error: Exception | None) -> None:
    for page in [] if error else Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for theirs, ours in _MENDED.items():
            text = text.replace(theirs, ours)
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_directive("costcalc-commands", Commands)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _without)
    app.connect("build-finished", _mend)
