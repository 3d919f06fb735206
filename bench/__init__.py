"""Benchmarks: serving under load, speed of the parts, and quality of outputs."""
