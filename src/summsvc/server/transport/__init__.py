"""gRPC transport: listening addresses, caller identity, admission, request reading, health port."""
