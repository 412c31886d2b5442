"""What surrounds the script on the server: hosts, headers, what passes to and fro, and the dispatcher's life."""

import contextlib
import gc
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.message import DecodeError
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates

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
_CLICKS = ("trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value")


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


class ClicksOnce:
    """Takes the clicks out of what a timer of the page asks for.

    Streamlit's browser side keeps a click among the page's values for some milliseconds, until its own message leaves.
    A fragment's ``run_every`` that falls due meanwhile sends it too, and the script would see one click twice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on; of the browser's messages those of timers without what only a click may say."""

        async def without_clicks() -> Message:
            message = await receive()
            return {**message, "bytes": _timer_alone(message["bytes"])} if message.get("bytes") else message

        await self.app(scope, without_clicks if scope["type"] == "websocket" else receive, send)


def _timer_alone(frame: bytes) -> bytes:
    """A frame of Streamlit's protocol as it is, unless a timer sent it and a click is among its values."""
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:  # Streamlit itself refuses it
        return frame
    if not message.rerun_script.is_auto_rerun:
        return frame
    values = message.rerun_script.widget_states.widgets
    kept = [value for value in values if value.WhichOneof("value") not in _CLICKS]
    if len(kept) == len(values):
        return frame
    message.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=kept))
    return message.SerializeToString()


_own = ["localhost", "127.0.0.1", "[::1]"]
_hosts = [host for host in os.environ.get("AELIB_HOSTS", "").split(",") if host]
middleware = [
    Middleware(TrustedHostMiddleware, allowed_hosts=[*_own, *_hosts], www_redirect=False),
    Middleware(SecurityHeaders),
    Middleware(AsTheyAre),
    Middleware(ModulesAhead),
    Middleware(ClicksOnce),
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
