"""The what-if page served to the own machine: bound to its loopback address, nothing loaded from or told to elsewhere."""

import asyncio
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any, Final, NoReturn

from costcalc.app.controls import Start
from costcalc.errors import InputError
from costcalc.showing.display import STYLE

HOST: Final = "127.0.0.1"
_GRACE: Final = 1  # seconds that an open page has to notice the end

_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'none'"
)
"""What a browser may load for the page: what the page's own server has."""

_HEAD: Final = f"""<style>
{STYLE}
.controls {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem 2rem; }}
.wide {{ overflow-x: auto; max-width: 100%; }}
#answer {{ overflow-wrap: anywhere; }}
#answer strong {{ font-size: 1.25rem; }}
.refusal {{ border-inline-start: 4px solid #b00020; padding-inline-start: .75rem; }}
h1 {{ font-size: 1.6rem; font-weight: bold; }}
h2 {{ font-size: 1.2rem; font-weight: bold; margin-top: 1rem; }}
.costcalc ul {{ list-style: disc; padding-inline-start: 1.5em; }}
[role="slider"]:focus-visible, .wide:focus-visible {{ outline: 2px solid #0050b3; outline-offset: 2px; }}
[data-testid="notebook-actions-dropdown"] {{ display: none !important; }}
</style>
<script>
document.addEventListener("DOMContentLoaded", () => {{ document.getElementById("root").setAttribute("role", "main"); }});
</script>"""

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Application = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_starts: list[Start] = []


def started() -> Start:
    """What the page starts with; opened on its own, outside of `serve`, the comparison that people ask for first."""
    return _starts[-1] if _starts else Start.of("interactive_ide")


def serve(start: Start, port: int = 0, *, browser: bool = True) -> NoReturn:
    """Serve the page until the process is interrupted, which ends it; port 0 takes a free one.

    Raises `InputError` without the extra `costcalc[app]`, or for a port that cannot be had.
    """
    os.environ["MARIMO_TRACING"] = "false"  # whatever a user's settings say, nothing is told to anybody
    try:
        import altair  # noqa: F401
        import marimo
        import uvicorn
    except ModuleNotFoundError as error:
        raise InputError(f"the page needs {error.name}: pip install 'costcalc[app]'") from None
    with _listening(port) as listener:
        place = listener.getsockname()[1]
        _starts.append(start)
        page = marimo.create_asgi_app(quiet=True, html_head=_HEAD).with_app(
            path="", root=str(Path(__file__).with_name("page.py"))
        )
        application = _own_machine_only(page.build(), {f"{name}:{place}" for name in (HOST, "localhost")})
        address = f"http://{HOST}:{place}"
        print(f"The page is at {address} (for this machine only). Ctrl-C ends it.", flush=True)
        if browser:
            opening = Timer(1, webbrowser.open, [address])
            opening.daemon = True
            opening.start()

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                loop = asyncio.get_running_loop()
                for each in (signal.SIGINT, signal.SIGTERM):  # marimo would ask whether Ctrl-C is meant
                    with suppress(NotImplementedError):
                        loop.remove_signal_handler(each)
                    signal.signal(each, self.handle_exit)

        config = uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=_GRACE)
        with suppress(KeyboardInterrupt):
            Server(config).run(sockets=[listener])
    sys.stdout.flush()
    os._exit(0)  # threads of marimo would wait for pages that are gone; there is nothing left to do


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two listen at once
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        raise InputError(f"port {port} cannot be had ({reason}); give another --port, or none for a free one") from None
    return listener


def _own_machine_only(application: _Application, hosts: set[str]) -> _Application:
    """The application for requests to these hosts by its own page: no page of another site can read or drive it."""

    async def guarded(scope: _Scope, receive: _Receive, send: _Send) -> None:
        async def with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"content-security-policy", _POLICY.encode())]
                message = {**message, "headers": headers}
            await send(message)

        if scope["type"] in ("http", "websocket"):
            headers = dict(scope["headers"])
            host, origin = headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin")
            if host not in hosts or origin not in (None, f"http://{host}".encode("latin-1")):
                await _refuse(scope, send)
                return
        await application(scope, receive, with_policy)

    return guarded


async def _refuse(scope: _Scope, send: _Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"This page is for its own machine only."})
