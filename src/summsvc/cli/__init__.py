"""Command-line interface ``summsvc``."""

from summsvc.cli.app import main

__all__ = ["main"]
