"""Model management: catalog, download, conversion, the local store and routes between languages."""
