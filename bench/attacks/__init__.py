"""Attacks on the transport, and what they cost a client that calls correctly."""
