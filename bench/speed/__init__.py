"""Benchmarks of speed: one call, the event loop, batches, engines, overload."""
