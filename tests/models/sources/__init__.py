"""Tests of summsvc.models.sources."""
