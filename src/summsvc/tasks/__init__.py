"""Summarization and translation of articles, independent of gRPC and torch."""
