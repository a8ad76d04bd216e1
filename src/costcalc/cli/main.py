"""The `costcalc` program: its commands, and how an error ends it.

Exit codes: 0 done, 1 the answer breaks a limit that the caller set, 2 bad usage or bad input, with one line on standard
error.
"""

import os
import sys
from importlib import import_module
from typing import Annotated, Final, NoReturn

import typer

from costcalc.cli.command import Command, Group
from costcalc.errors import CostcalcError

# Where each command or group of commands lives: (module, its name there).
_COMMANDS: Final = {
    "price": ("price", "price"),
    "estimate": ("estimate", "estimate"),
    "compare": ("compare", "compare"),
    "breakeven": ("breakeven", "breakeven"),
    "sweep": ("sweep", "sweep"),
    "whatif": ("whatif", "whatif"),
    "sensitivity": ("sensitivity", "sensitivity"),
    "session": ("session", "session"),
    "solved": ("solved", "solved"),
    "forecast": ("forecast", "forecast"),
    "advise": ("advise", "advise"),
    "report": ("report", "report"),
    "backtest": ("forecast", "backtest"),
    "check": ("check", "check"),
    "app": ("app", "app"),
    "bill": ("bill", "bill"),
    "account": ("bill", "app"),
    "usage": ("usage", "usage"),
    "reconcile": ("usage", "reconcile"),
    "price-file": ("pricefile", "price_file"),
    "rates": ("rates", "app"),
    "profiles": ("profiles", "app"),
    "plans": ("plans", "app"),
    "schema": ("schema", "schema"),
}

# Typer carries click inside or beside it, depending on its version; either way this is the base of usage errors.
_USAGE_ERROR: type[BaseException] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def _app(arguments: "list[str]") -> typer.Typer:
    """The program: all of its commands, or only the one that the arguments start with, which is sooner ready."""
    # No rich help and no rich tracebacks: both load a Markdown renderer that takes longer than the command itself.
    app = typer.Typer(
        name="costcalc",
        cls=Group,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_options)
    wanted = arguments[:1] if arguments and arguments[0] in _COMMANDS else _COMMANDS
    for name in wanted:
        module, place = _COMMANDS[name]
        found = getattr(import_module(f"costcalc.cli.{module}"), place)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, cls=Command)(found)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from costcalc import __version__

        print(f"costcalc {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What GitHub Copilot's AI credits will cost, by which route it is cheapest, and how far to trust the figure."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: "list[str] | None" = None) -> NoReturn:
    """Run the command line and exit the process."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a name that the terminal cannot show must not end the command
            reconfigure(errors="backslashreplace")
    if sys.stdout is None:
        sys.exit(_refuse("the answer cannot be written (standard output is closed)"))
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        status = 0
        _drop_output()
    except OSError as error:
        status = _refuse(f"the answer cannot be written ({error.strerror})")
        _drop_output()
    sys.exit(status)


def _drop_output() -> None:
    """Nothing that is still to be written reaches standard output, not even as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: "list[str] | None") -> int:
    given = sys.argv[1:] if arguments is None else arguments
    command = typer.main.get_command(_app(given))
    try:
        status = command.main(args=given, prog_name="costcalc", standalone_mode=False)
    except CostcalcError as error:
        return _refuse(str(error))
    except _USAGE_ERROR as error:
        format_message = getattr(error, "format_message", error.__str__)
        context = getattr(error, "ctx", None)
        message = str(format_message())
        path = context.command_path if context is not None else "costcalc"
        return _refuse(f"{message.rstrip('.')}; {path} --help shows the usage")
    except SystemExit:  # what typer makes of a broken pipe; it ends the process by itself in no other case
        raise BrokenPipeError from None
    except (typer.Abort, KeyboardInterrupt):
        return 130
    return status if isinstance(status, int) else 0


def _refuse(message: str) -> int:
    from costcalc.showing.texts import visible

    print(f"costcalc: {visible(' '.join(message.split()))}", file=sys.stderr)
    return 2
