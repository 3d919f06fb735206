"""Process-level concerns: active calls, shutdown, signals, logging, metrics, memory."""
