"""The pool of loaded models: loading, reloading after a hang, unloading, status."""
