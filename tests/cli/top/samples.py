"""Replies of a server about itself."""

from __future__ import annotations

from summsvc.client import ModelList, ServerInfo, from_proto
from summsvc.v1 import model_service_pb2 as pb


def server() -> ServerInfo:
    return from_proto.server_info(pb.GetServerInfoResponse(version="1.2.3", uptime_s=3_700))


def models(ready: int = 1, installed: int = 0) -> ModelList:
    """A list of so many loaded and so many other installed models."""
    states = [pb.MODEL_STATE_READY] * ready + [pb.MODEL_STATE_INSTALLED] * installed
    return from_proto.model_list(
        pb.ListModelsResponse(
            models=[
                pb.Model(id=f"model-{number}-with-a-long-name", state=state)
                for number, state in enumerate(states)
            ]
        )
    )
