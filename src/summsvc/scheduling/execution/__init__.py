"""Execution of batches: workers, threads, hang detection and quarantine."""
