"""Commands that start fast."""

from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose option texts go to their parsers directly.

    Since 0.29 typer builds a pydantic adapter for every option on every run, which takes longer than our shorter
    commands themselves. Whatever is not recognised here takes typer's own way, with the same result.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, each with the short way to its value."""
        return _shortened(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands, its own options handled as those of `Command`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, each with the short way to its value."""
        return _shortened(super().get_params(ctx))


def refuse_options_before_command(context: typer.Context) -> None:
    """Refuse options of a group that stand before one of its commands: the command would not see them."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"put it after {context.invoked_subcommand}", param_hint=parameter.opts)


def _shortened(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if parameter.param_type_name == "argument" and parameter.metavar:
            # As we state it: typer would add braces, brackets and the type, which say it twice.
            parameter._usage_display_name = parameter._rich_display_name = partial(str, parameter.metavar)
            parameter.display_type_rich = lambda **_: ""
        if not isinstance(parameter.process_value, partial):
            parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameters


def _process(parameter: Any, typers_way: Any, context: typer.Context, value: Any) -> Any:
    known = getattr(parameter, "type_descriptor", None)
    single = parameter.nargs == 1 and not getattr(parameter, "multiple", False)
    if known is None or not single or (value is None and parameter.required):
        return typers_way(context, value)
    parser = getattr(getattr(known, "parameter_info", None), "parser", None)
    if value is not None:
        if parser is not None:
            value = parser(value)
        elif not (known.annotation in (str, bool) and isinstance(value, known.annotation)):
            return typers_way(context, value)
    return value if parameter.callback is None else parameter.callback(context, parameter, value)
