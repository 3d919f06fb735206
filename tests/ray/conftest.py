"""Imports Ray, which warns of its own code."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Warnings are errors in tests.
    warnings.simplefilter("ignore")
    import ray.serve
    import ray.serve._private.grpc_util
    import ray.serve.schema  # noqa: F401
