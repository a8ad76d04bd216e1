"""`costcalc schema`: what the JSON of every command looks like, for programs."""

from typing import Annotated

import typer


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="A kind of output, as its field kind names it.")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of output, or list the kinds."""
    from costcalc.schemas import KINDS_OF_OUTPUT, output_schema

    if kind is None:
        print("\n".join(KINDS_OF_OUTPUT))
        return
    from costcalc.showing.display import json_text

    print(json_text(output_schema(kind)))
