"""The wire: servicers, interceptors, health. Translates protobuf to domain and back."""
