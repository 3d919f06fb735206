"""Fuzz targets for all code that reads what callers and operators supply; see scripts/fuzz."""
