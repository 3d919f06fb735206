"""Summaries of an article: extractive and abstractive."""
