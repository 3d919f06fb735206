"""Tests of ``summsvc.articles.noise``."""
