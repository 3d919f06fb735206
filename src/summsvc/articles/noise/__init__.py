"""Kinds of boilerplate lines, each recognised by its structure; see ``articles.boilerplate``."""
