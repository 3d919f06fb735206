"""Faults that are injected into real servers, on real ports."""
