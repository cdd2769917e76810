"""The server: recordings go in as files, live poses over a WebSocket, named actions come out.

FastAPI, https://fastapi.tiangolo.com; the pages ``/docs`` and ``/openapi.json`` are its own.
Whatever is sent meets a limit before it meets a reader, and what cannot be read is answered with
4xx and a sentence. Requests under a foreign host name are refused, so that no web page can reach a
server on its reader's own machine by a name that it makes up.
"""

import asyncio
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import PlainTextResponse

import laban
from laban.clip import Clip
from laban.errors import LabanError
from laban.live import Answer, Stream
from laban.recordings import recordings
from laban.runtime import Predictor

__all__ = ["Limits", "application"]

EXPANSION = 8  # how many times its size a zip may have inside
CLIPS = 1000  # of one upload
T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, see `laban.serve.serve`."""

    bytes: int = 32 * 2**20
    frames: int = 20_000
    persons: int = 16
    at_once: int = 4
    seconds: float = 30.0


class Service:
    """A network behind limits; work runs in threads, as many as may be at once."""

    def __init__(self, predictor: Predictor, limits: Limits) -> None:
        self.predictor, self.limits = predictor, limits
        self.counts: Counter[str] = Counter()
        self.working = self.live = 0
        self._threads = ThreadPoolExecutor(2 * limits.at_once)

    async def in_thread(self, work: Callable[..., T], *given: Any) -> T:
        """Runs blocking work beside the server."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def upload(self, request: Request, name: str) -> dict[str, Any]:
        """An uploaded recording's predictions.

        Raises:
            HTTPException: 4xx, with the reason.
        """
        if self.working >= self.limits.at_once:
            raise HTTPException(429, "too many uploads at once, come back soon")
        self.working += 1
        freed = False

        def free(_: object) -> None:
            self.working -= 1

        try:
            body = await self._body(request)
            judged = asyncio.ensure_future(self.in_thread(self.judge, body, name))
            # A thread cannot be stopped: it keeps its place until it is through.
            judged.add_done_callback(free)
            freed = True
            return await asyncio.wait_for(asyncio.shield(judged), self.limits.seconds)
        except TimeoutError:
            raise HTTPException(408, f"took longer than {self.limits.seconds:g} seconds") from None
        except LabanError as error:
            raise HTTPException(422, str(error)) from None
        finally:
            if not freed:
                free(None)

    async def _body(self, request: Request) -> bytes:
        """What was sent, refused as soon as it is too much or too slow."""
        body = bytearray()
        async with asyncio.timeout(self.limits.seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > self.limits.bytes:
                    raise HTTPException(413, f"more than {self.limits.bytes} bytes")
        if not body:
            raise HTTPException(400, "an empty body: send the bytes of a recording")
        return bytes(body)

    def judge(self, body: bytes, name: str) -> dict[str, Any]:
        """Predictions of the clips in a file's bytes, and sentences about those without one."""
        limits, frames = self.limits, 0
        skipped: list[str] = []
        kept: list[Clip] = []
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(body)
            self._check_zip(path)
            for clip in recordings(path, skip=skipped.append):
                frames += clip.frames
                if frames > limits.frames or clip.persons > limits.persons or len(kept) >= CLIPS:
                    raise LabanError(
                        f"{name} has more than {limits.frames} frames, {limits.persons} persons or "
                        f"{CLIPS} clips: cut it"
                    )
                try:
                    self.predictor.card.check_clip(clip)
                except LabanError as error:
                    skipped.append(str(error))
                else:
                    kept.append(clip)
            if not kept:
                sentence = skipped[0] if skipped else f"{name} holds no recording"
                raise LabanError(sentence.replace(f"{folder}/", ""))
            found = self.predictor.predict(kept)
        self.counts["clips"] += len(found)
        skipped = [sentence.replace(f"{folder}/", "") for sentence in skipped]
        return {"predictions": [row.to_json() for row in found], "skipped": skipped}

    def _check_zip(self, path: Path) -> None:
        if zipfile.is_zipfile(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    size = sum(entry.file_size for entry in archive.infolist())
            except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
                raise LabanError(f"{path.name} is a damaged zip ({error})") from None
            if size > EXPANSION * self.limits.bytes:
                raise LabanError(f"{path.name} holds {size} bytes unpacked, too many: send parts")

    async def follow(self, socket: WebSocket, stream: Stream) -> None:
        """Frames in, answers out, until the other side goes or errs."""
        while True:
            text = await asyncio.wait_for(socket.receive_text(), self.limits.seconds)
            if len(text) > self.limits.bytes:
                raise LabanError(f"a frame of more than {self.limits.bytes} bytes")
            answers = await self.in_thread(self._push, stream, text)
            self.counts["frames"] += 1
            await socket.send_json({"answers": [_plain(answer) for answer in answers]})

    def _push(self, stream: Stream, text: str) -> list[Answer]:
        """One message, such as ``{"poses": [[[0, 1, 2], ...]], "time": 0.5, "ids": [7]}``."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            raise LabanError("a frame is no JSON") from None
        if not isinstance(frame, dict) or not frame.keys() <= {"poses", "time", "ids"}:
            raise LabanError("a frame is an object with poses, and time and ids if you like")
        time, ids = frame.get("time"), frame.get("ids")
        if isinstance(time, bool) or not isinstance(time, int | float | None):
            raise LabanError("time is no number")
        if ids is not None and not (
            isinstance(ids, list) and all(isinstance(name, str | int) for name in ids)
        ):
            raise LabanError("ids is no list of words or whole numbers")
        try:
            with np.errstate(over="ignore"):  # what is too large is infinite, and refused as such
                poses = np.asarray(frame.get("poses"), np.float32)
        except (TypeError, ValueError, OverflowError):
            raise LabanError("poses are no array of numbers") from None
        if poses.ndim == 3 and len(poses) > self.limits.persons:
            raise LabanError(f"more than {self.limits.persons} persons in a frame")
        try:
            return stream.push(poses, time=None if time is None else float(time), ids=ids)
        except OverflowError:
            raise LabanError("time is no number of seconds") from None


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer as one JSON value."""
    return asdict(answer) | {"window": answer.window.to_json()}


def _is_file_name(name: str) -> bool:
    """Whether a name stays in its folder and is one to every file system."""
    plain = name.isprintable() and Path(name).name == name and name not in ("", "..")
    return plain and len(name.encode()) <= 200


def application(
    predictor: Predictor, limits: Limits, *, hosts: Sequence[str] = ("localhost", "127.0.0.1")
) -> FastAPI:
    """The server's routes.

    Args:
        predictor: Names the actions.
        limits: What one request may ask for.
        hosts: Names under which the server may be asked.
    """
    app = FastAPI(title="Laban", version=laban.__version__)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    service, card = Service(predictor, limits), predictor.card

    @app.get("/health")
    def health() -> dict[str, Any]:
        """Alive, and what is served."""
        return {
            "status": "ok",
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

        ``name`` is that of the file, which some formats need to be known by.
        """
        service.counts["uploads"] += 1
        if not _is_file_name(name):
            raise HTTPException(
                400, "name is that of a file, without folders, of 200 bytes at most"
            )
        return await service.upload(request, name)

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        """Frames as JSON, each answered with the actions that have become known."""
        await socket.accept()
        if service.live >= limits.at_once:
            await socket.close(1013, "too many connections at once, come back soon")
            return
        service.live += 1
        try:
            await service.follow(socket, Stream(predictor))
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

    return app
