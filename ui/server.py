"""What surrounds the script on the server: allowed hosts, security headers, and the dispatcher's life."""

import contextlib
import gc
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aelib.jobs.dispatcher import Dispatcher
from aelib.runs.folder import default_checkpoints
from ui import warm
from ui.components import modules

# blob: because Streamlit loads a component's inline script from one; unsafe-eval because Plotly and Vega compile.
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: blob: data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'self'",
    ]
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
]


class SecurityHeaders:
    """Adds the headers above to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and put the headers on its answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        await self.app(scope, receive, with_headers)


class AsTheyAre:
    """Keeps Streamlit from compressing what our routes answer.

    Positions, codes and pictures hardly shrink, and 500,000 points cost half a second of the server to find that out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; one for a route of ours as if the browser took nothing compressed."""
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"accept-encoding"]}
        await self.app(scope, receive, send)


class ModulesAhead:
    """Names a page's modules in its first answer, so that they are there before Streamlit has got round to them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer to one for a page says which modules to fetch."""
        found = modules.ahead(scope["path"].strip("/")) if scope["type"] == "http" else ""

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), (b"link", found.encode())]}
            await send(message)

        await self.app(scope, receive, with_links if found else send)


_own = ["localhost", "127.0.0.1", "[::1]"]
_hosts = [host for host in os.environ.get("AELIB_HOSTS", "").split(",") if host]
middleware = [
    Middleware(TrustedHostMiddleware, allowed_hosts=[*_own, *_hosts], www_redirect=False),
    Middleware(SecurityHeaders),
    Middleware(AsTheyAre),
    Middleware(ModulesAhead),
]


def _answer_at_once() -> None:
    """Set TCP_NODELAY on the listening socket, which accepted connections inherit.

    Streamlit makes that socket itself, without a protocol number, so asyncio does not recognise it as TCP and leaves
    Nagle's algorithm on: each live decode then waits 40 ms for the browser's delayed acknowledgement.
    """
    for found in gc.get_objects():
        if type(found) is not socket.socket or found.fileno() == -1:
            continue
        is_tcp = found.family in (socket.AF_INET, socket.AF_INET6) and found.type == socket.SOCK_STREAM
        if is_tcp and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Start queued runs while the server lives; running workers outlive it."""
    _answer_at_once()
    warm.freeze()
    dispatcher = Dispatcher(default_checkpoints())
    dispatcher.start()
    yield {}
    dispatcher.stop()
