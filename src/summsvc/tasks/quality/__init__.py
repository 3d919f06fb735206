"""Reference-free quality checks of an output."""
