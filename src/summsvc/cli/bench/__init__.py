"""``summsvc bench``: a load test of a running server."""

from summsvc.cli.bench.command import bench

__all__ = ["bench"]
