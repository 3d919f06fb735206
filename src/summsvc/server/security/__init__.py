"""TLS credentials and bearer tokens, reloaded when their files change."""
