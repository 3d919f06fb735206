"""Text through one model or two: routing, splitting, decoding, text threads."""
