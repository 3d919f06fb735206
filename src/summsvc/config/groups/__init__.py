"""Settings by group, one module per group."""
