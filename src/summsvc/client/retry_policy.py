"""Retry policy and load balancing of the clients, as a gRPC service config.

A channel keeps one HTTP/2 connection per address that the server's name
resolves to and distributes calls over them (``round_robin``). On Kubernetes this
needs a headless service and ``dns:///name:port``: an ordinary service has one
virtual address, so that every call of a channel would go to the pod behind its
first connection.
"""

from __future__ import annotations

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [
                {"service": "summsvc.v1.SummarizationService"},
                {"service": "summsvc.v1.TranslationService"},
                {"service": "summsvc.v1.ModelService"},
            ],
            # An immediate retry can succeed only after these codes; retries after
            # RESOURCE_EXHAUSTED would fill a full queue further. gRPC itself sends
            # CANCELLED for a call that arrives while the server shuts down and that
            # no handler has received (grpc/grpc issue 41785).
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
"""https://github.com/grpc/grpc/blob/master/doc/service_config.md"""
