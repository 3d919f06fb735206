"""Process-level concerns: shutdown, logging, metrics, garbage collection."""
