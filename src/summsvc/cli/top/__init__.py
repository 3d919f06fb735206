"""``summsvc top``: what a running server does, live."""

from summsvc.cli.top.command import top

__all__ = ["top"]
