"""Fair queueing between callers."""
