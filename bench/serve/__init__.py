"""Benchmark of serving: summsvc, simple servers and the engine alone under the same load."""
