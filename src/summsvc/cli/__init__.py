"""The command line."""

from summsvc.cli.app import main

__all__ = ["main"]
