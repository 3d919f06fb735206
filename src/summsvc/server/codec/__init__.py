"""Protobuf messages from and to domain values, and gRPC statuses."""
