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
from summsvc.server.transport.method_table import MethodTable
from summsvc.server.web.calls import JSON, JSON_LINES, CallEndpoint
from summsvc.server.web.protection import Protection

CALLED = {
    f"/{SUMMARIZATION_SERVICE}/Summarize": JSON,
    f"/{TRANSLATION_SERVICE}/StreamTranslate": JSON_LINES,
    f"/{MODEL_SERVICE}/ListModels": JSON,
    f"/{MODEL_SERVICE}/GetServerInfo": JSON,
}
"""Methods of which the page makes calls, each at ``/api/`` and its name; their media types."""

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


def application(
    methods: MethodTable, max_bytes: int, facts: Mapping[str, object], hosts: Iterable[str]
) -> ASGIApp:
    """Compose the application.

    methods: with ``JsonHandlers``. max_bytes: of a call's body.
    facts: what the page shows about the gRPC port. hosts: names that browsers may use.
    """

    async def server(_request: Request) -> JSONResponse:
        return JSONResponse(dict(facts))

    routes = [
        Route(
            f"/api/{method.rpartition('/')[2]}",
            CallEndpoint(methods, method, kind, max_bytes),
            methods=["POST"],
        )
        for method, kind in CALLED.items()
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
