"""Fuzz targets for the readers of files: models, catalogs, settings, glossaries, tokens."""
