"""Parsers of plain text, HTML and Markdown, and escaping for each."""
