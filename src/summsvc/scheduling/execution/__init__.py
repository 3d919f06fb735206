"""Batches in an engine: worker threads, batch sizes, watchdog, quarantine."""
