"""The server: recordings go in as files, live poses over a WebSocket, named actions come out.

FastAPI, https://fastapi.tiangolo.com. Whatever is sent meets the limits of `laban.service`. The
page at ``/`` is `laban.viewer`'s; like that at ``/docs`` it asks no other host, which a
Content-Security-Policy holds. Requests under a foreign host name, and those of a foreign host's
pages, are refused, so that no web page can use a server on its reader's own machine.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import laban
from laban.errors import LabanError
from laban.live import Answer, Stream
from laban.live_frame import array
from laban.service import Limits, Service
from laban.viewer.files import HEADERS
from laban.viewer.judging import Judge
from laban.viewer.network import Naming, Network
from laban.viewer.routes import add_viewer
from laban.viewer.shelf import Library

__all__ = ["Limits", "application"]

FRAME = {"poses", "time", "ids", "confidence"}
FOREIGN = "a page of another host asks: start the server with that host as a --name to let it"
UNKNOWN = "not a name of this server: start it with that host as a --name to be asked by it"
KEPT = 4  # times the largest upload: what the poses of all uploads that are looked at may take


class _Headers:
    """Puts the headers of `laban.viewer.files` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sent)


class _Hosts:
    """Refuses other names for this server, and what pages of other hosts send.

    A browser lets any page write to this machine, and any name lead to it.

    Args:
        app: What answers the others.
        hosts: Names under which it may be asked; ``*.lan`` is all that end so.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if not self._known(headers.get("host", "")):
            return await PlainTextResponse(UNKNOWN, 400)(scope, receive, send)
        if origin is not None and not self._known(origin.partition("://")[2]):
            return await PlainTextResponse(FOREIGN, 403)(scope, receive, send)
        return await self.app(scope, receive, send)

    def _known(self, address: str) -> bool:
        """Whether an address such as ``localhost:8000`` is one of the hosts."""
        name = re.sub(r":\d+$", "", address).lower()
        ends = tuple(host[1:] for host in self.hosts if host.startswith("*."))
        return name in self.hosts or (bool(ends) and name.endswith(ends))


async def _follow(service: Service, socket: WebSocket, stream: Stream) -> None:
    """Frames in, answers out, until the other side goes or errs."""
    while True:
        text = await asyncio.wait_for(socket.receive_text(), service.limits.seconds)
        if len(text) > service.limits.bytes:
            raise LabanError(f"a frame of more than {service.limits.bytes} bytes")
        answers = await service.in_thread(_push, stream, text, service.limits)
        service.counts["frames"] += 1
        await socket.send_json({"answers": [_plain(answer) for answer in answers]})


def _push(stream: Stream, text: str, limits: Limits) -> list[Answer]:
    """One message, an object of what `FRAME` names, of which only poses must be there."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise LabanError("a frame is no JSON") from None
    if not isinstance(frame, dict) or "poses" not in frame or not frame.keys() <= FRAME:
        raise LabanError(
            "a frame is an object with poses, and time, ids and confidence if you like"
        )
    ids = frame.get("ids")
    if ids is not None and not (
        isinstance(ids, list) and all(isinstance(name, str | int) for name in ids)
    ):
        raise LabanError("ids is no list of words or whole numbers")
    poses = array("poses", frame["poses"])
    if poses.ndim == 3 and len(poses) > limits.persons:
        raise LabanError(f"more than {limits.persons} persons in a frame")
    return stream.push(poses, time=frame.get("time"), ids=ids, confidence=frame.get("confidence"))


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer as one JSON value."""
    return asdict(answer) | {"window": answer.window.to_json()}


def application(
    network: Network,
    limits: Limits,
    *,
    library: Library | None = None,
    hosts: Sequence[str] = ("localhost", "127.0.0.1"),
    judge: bool = False,
) -> FastAPI:
    """The server's routes.

    Args:
        network: Names the actions, or finds them.
        limits: What one request may ask for.
        library: The clips that can be looked at; without one only uploads.
        hosts: Names under which the server may be asked.
        judge: Whether the store's clips are judged in the background.
    """
    service, card = Service(limits), network.card
    library = library or Library(card.benchmark, None, most=KEPT * limits.bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = None
        if judge and library.store is not None and isinstance(network, Naming):
            worker = Judge(library.store, network)
            worker.start()
        yield
        if worker is not None:
            worker.stop()

    app = FastAPI(
        title="Laban", version=laban.__version__, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.add_middleware(_Hosts, hosts=list(hosts))
    app.add_middleware(_Headers)
    _add_own(app, service, network)
    add_viewer(app, service, network, library)

    @app.exception_handler(LabanError)
    async def said(_: Request, error: LabanError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    return app


def _add_own(app: FastAPI, service: Service, network: Network) -> None:
    """Health, metrics, uploads and live poses."""
    card, limits = network.card, service.limits

    @app.get("/health")
    def health() -> dict[str, Any]:
        """Alive, and what is served."""
        return {
            "status": "ok",
            "task": network.task,
            "classes": card.classes,
            "skeleton": card.skeleton.name,
            "joints": card.skeleton.joints,
            "channels": card.channels,
            "stream": card.stream,
        }

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> str:
        """Counters for Prometheus."""
        rows = dict(sorted(service.counts.items()))
        lines = [f"laban_{name}_total {count}" for name, count in rows.items()]
        lines += [f"laban_uploads {service.working}", f"laban_live {service.live}"]
        return "\n".join(lines) + "\n"

    @app.post("/predict")
    async def predict(request: Request, name: str = "recording") -> dict[str, Any]:
        """The actions of a recording of any known format: its bytes as the body.

        ``name`` is that of the file, which some formats need to be known by. The answer holds
        ``predictions``, or ``detections`` where a detection run is served.
        """

        def judge(body: bytes, name: str) -> dict[str, Any]:
            clips, skipped = service.read(body, name, network.check)
            service.counts["clips"] += len(clips)
            return network.answers(clips) | {"skipped": skipped}

        return await service.upload(request, name, judge)

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        """Frames as JSON, each answered with the actions that have become known."""
        await socket.accept()
        if service.live >= limits.at_once:
            await socket.close(1013, "too many connections at once, come back soon")
            return
        service.live += 1
        try:
            if not isinstance(network, Naming):
                raise LabanError("a detection run is served: use 'laban detect --follow'")
            await _follow(service, socket, Stream(network.predictor))
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await socket.close(1008, "no frame came for too long")
        except (LabanError, KeyError) as error:  # KeyError: a message of bytes has no text
            words = str(error) if isinstance(error, LabanError) else "send frames as text"
            await socket.send_json({"error": words})
            await socket.close(1008)
        finally:
            service.live -= 1
