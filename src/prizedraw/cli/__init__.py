"""The command line: a thin shell over the public engine. Results on stdout, progress and errors on stderr."""

from prizedraw.cli.program import main

__all__ = ["main"]
