"""Generated from proto/summsvc/v1 by scripts/gen-protos. Do not edit."""
