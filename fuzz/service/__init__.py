"""Fuzz targets for request messages: their deserialization, and a server over a real port."""
