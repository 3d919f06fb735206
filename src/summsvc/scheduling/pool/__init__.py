"""Models in memory: loading, placement, state, unloading."""
