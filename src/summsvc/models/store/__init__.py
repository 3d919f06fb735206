"""Local model store: one folder per installed model, with a manifest."""
