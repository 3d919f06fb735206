"""The ASGI application: the files of the page, facts about the server, and the calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from summsvc.server.services.health import (
    MODEL_SERVICE,
    SUMMARIZATION_SERVICE,
    TRANSLATION_SERVICE,
)
from summsvc.server.services.models import ModelServicer
from summsvc.server.services.summarization import SummarizationServicer
from summsvc.server.services.translation import TranslationServicer
from summsvc.server.web.calls import CallEndpoint, Calls, Method
from summsvc.server.web.protection import Protection
from summsvc.v1 import (
    model_service_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)

PAGE = Path(__file__).parent / "page"
"""Files of the page, served as they are."""

MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""Media types of the page's files, by the ends of their names."""


def methods(
    summarization: SummarizationServicer, translation: TranslationServicer, models: ModelServicer
) -> list[Method]:
    """List the methods of which the page makes calls."""
    return [
        Method(
            f"/{SUMMARIZATION_SERVICE}/Summarize",
            summarization_service_pb2.SummarizeRequest,
            summarization_service_pb2.SummarizeResponse,
            run=summarization.Summarize,
        ),
        Method(
            f"/{TRANSLATION_SERVICE}/StreamTranslate",
            translation_service_pb2.StreamTranslateRequest,
            translation_service_pb2.StreamTranslateResponse,
            stream=translation.StreamTranslate,
        ),
        Method(
            f"/{MODEL_SERVICE}/ListModels",
            model_service_pb2.ListModelsRequest,
            model_service_pb2.ListModelsResponse,
            run=models.ListModels,
        ),
        Method(
            f"/{MODEL_SERVICE}/GetServerInfo",
            model_service_pb2.GetServerInfoRequest,
            model_service_pb2.GetServerInfoResponse,
            run=models.GetServerInfo,
        ),
    ]


def application(
    calls: Calls, called: Iterable[Method], facts: Mapping[str, object], hosts: Iterable[str]
) -> ASGIApp:
    """Compose the application.

    called: methods that the page calls, each at ``/api/`` and its name.
    facts: what the page shows about the gRPC port. hosts: names that browsers may use.
    """

    async def server(_request: Request) -> JSONResponse:
        return JSONResponse(dict(facts))

    routes = [
        Route(
            f"/api/{method.name.rpartition('/')[2]}", CallEndpoint(calls, method), methods=["POST"]
        )
        for method in called
    ]
    routes += [
        Route("/server.json", server),
        *(_file(path) for path in PAGE.iterdir() if path.suffix in MEDIA_TYPES),
    ]
    return Protection(Starlette(routes=routes), hosts)


def _file(path: Path) -> Route:
    """Serve a file of the page from memory."""
    content, kind = path.read_bytes(), MEDIA_TYPES[path.suffix]

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=kind)

    return Route("/" if path.name == "index.html" else f"/{path.name}", answer)
