"""Parsers for plain text, HTML and Markdown, and escaping for each of these formats."""
