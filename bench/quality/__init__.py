"""Benchmarks of quality: checks of outputs, sentence boundaries, summaries, conversions."""
