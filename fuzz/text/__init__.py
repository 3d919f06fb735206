"""Fuzz targets for functions on texts: reading, segmentation, rendering, checks, terms."""
