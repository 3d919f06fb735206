"""Execution of batches: workers, batch sizes, threads, hang detection and quarantine."""
