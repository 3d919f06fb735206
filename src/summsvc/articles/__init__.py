"""Article parsing: converts a text to segments with source offsets, and identifies its language."""
