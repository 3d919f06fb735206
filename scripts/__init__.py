"""Tools of the project that are written in Python."""
