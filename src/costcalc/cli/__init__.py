"""The command line: one module per command group, each a thin layer over the library."""

from costcalc.cli.main import main

__all__ = ["main"]
