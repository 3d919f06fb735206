"""Connections and streams: addresses, callers, probes, streams without a message."""
