"""Which models there are, where they lie, how they got there."""
