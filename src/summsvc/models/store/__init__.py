"""Installed models: one folder each, with a manifest."""
