"""Protection of the page and its calls against other web sites.

A web site that its user visits may send requests to a server on the user's machine: directly,
or under a name of its own that it lets resolve to the server's address (DNS rebinding). The
first kind names the site as its origin, the second kind names the site's host.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from summsvc.server.transport.listener import is_address

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
"""Only files of this server, no inline script or style, no text that is parsed as markup."""

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Protection:
    """Middleware that refuses requests of other sites, and adds the headers of security.

    hosts: names by which browsers may reach the server, besides localhost and IP addresses.
    An address in a request's Host header proves that no name was resolved.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_protected(event: Message) -> None:
            if event["type"] == "http.response.start":
                MutableHeaders(scope=event).update(SECURITY_HEADERS)
            await send(event)

        answer = self._refusal(scope["method"], Headers(scope=scope)) or self._app
        await answer(scope, receive, send_protected)

    def _refusal(self, method: str, headers: Headers) -> ASGIApp | None:
        authority = headers.get("host", "").lower()
        if not self._is_allowed(_host(authority)):
            return _refuse(
                403, "this host name is not allowed; the setting web_hosts names those that are"
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        # The scheme differs behind a proxy that ends TLS.
        if origin is not None and origin.lower().partition("://")[2] != authority:
            return _refuse(403, "requests of other sites are refused")
        if method in ("GET", "HEAD"):
            return None
        if site not in ("none", "same-origin"):
            return _refuse(403, "requests of other sites are refused")
        # Other types can be sent by a form, without a preflight request of the browser.
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refuse(415, "send the request as application/json")
        return None

    def _is_allowed(self, host: str) -> bool:
        return host in self._hosts or is_address(host)


def _host(authority: str) -> str:
    """Return the host of a Host header, without port and final dot; empty if it is invalid."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
    return "" if "@" in authority else host.rstrip(".")


def _refuse(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status)
