"""Extraction of articles from web pages: this service beside three libraries."""
