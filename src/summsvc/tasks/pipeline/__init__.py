"""Execution of texts on one model or two: routing, splitting, decoding options, text threads."""
