"""gRPC server: servicers, interceptor, codec, TLS, health, metrics, process lifecycle."""

from summsvc.server.app import Server
from summsvc.server.process import run, serve

__all__ = ["Server", "run", "serve"]
