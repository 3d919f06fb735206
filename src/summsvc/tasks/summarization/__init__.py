"""Summarization of an article: extractive (LexRank) and abstractive (a model, map-reduce)."""
