"""gRPC service for short summaries and translations of news articles."""

__version__ = "0.1.0"
"""The version of the package, the server and the clients; written nowhere else."""
