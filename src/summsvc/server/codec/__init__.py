"""Conversion between protobuf messages, domain values and gRPC statuses."""
