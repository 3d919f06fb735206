"""The wire: servicers, interceptors, health. Translates protobuf to domain and back."""

from summsvc.server.app import Server, run, serve

__all__ = ["Server", "run", "serve"]
