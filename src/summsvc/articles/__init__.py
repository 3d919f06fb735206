"""Article parsing: text in, segments with source offsets and a language out."""
