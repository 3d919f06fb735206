"""Admission control: queue limits, deadlines and shares of callers."""
