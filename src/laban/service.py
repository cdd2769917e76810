"""A network behind limits: work runs in threads, as much of it as may be at once.

Whatever is sent meets a limit before it meets a reader; what is too much, too slow or cannot be
read is answered with 4xx and a sentence.
"""

import asyncio
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from laban.clip import Clip
from laban.errors import LabanError
from laban.recordings import recordings

__all__ = ["Limits", "Service"]

EXPANSION = 8  # how many times its size a zip may have inside
CLIPS = 1000  # of one upload
KEPT = 64  # answers of `Service.once`
QUEUE = 8  # times `at_once`: how many wait for a place
STRIPPED = "; curl -d leaves out the ends of lines: send the file with --data-binary"
FORM = (
    "this is a form, as 'curl -F' sends it: send the recording's bytes alone, as "
    "'curl --data-binary @FILE' does, with ?name=FILE in the address"
)
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
    """Threads, and who may use them.

    Attributes:
        limits: What one request may ask for.
        counts: Of uploads, clips and frames.
        working: Uploads at work.
        live: Live connections.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.counts: Counter[str] = Counter()
        self.working = self.live = 0
        # Uploads, live connections and the viewer have as many each.
        self._threads = ThreadPoolExecutor(3 * limits.at_once)
        self._places = asyncio.Semaphore(limits.at_once)
        self._answers: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()

    async def in_thread(self, work: Callable[..., T], *given: Any) -> T:
        """Runs blocking work beside the server."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def once(
        self, key: Hashable, work: Callable[..., T], *given: Any, keep: bool = True
    ) -> T:
        """Heavy work: whoever asks for the same gets the same, kept for later where it is small.

        It waits for a place, so that a page may ask for several things; what takes too long goes on
        behind its 408, and is there for who asks again.

        Raises:
            HTTPException: 408 or 429, with the reason.
        """
        answer = self._answers.get(key)
        if answer is None:
            waiting = sum(not one.done() for one in self._answers.values())
            if waiting >= QUEUE * self.limits.at_once:
                raise HTTPException(429, "too much is asked for at once, come back soon")
            answer = self._answers[key] = asyncio.ensure_future(self._placed(work, *given))
            answer.add_done_callback(lambda done: self._drop(key, done, keep=keep))
        self._answers.move_to_end(key)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), self.limits.seconds)
        except TimeoutError:
            raise HTTPException(
                408, f"took longer than {self.limits.seconds:g} seconds and goes on: ask again"
            ) from None

    async def _placed(self, work: Callable[..., T], *given: Any) -> T:
        async with self._places:
            return await self.in_thread(work, *given)

    def _drop(self, key: Hashable, done: "asyncio.Future[Any]", *, keep: bool) -> None:
        """Forgets an answer that is large or an error, and the oldest of too many."""
        if done.cancelled() or done.exception() or not keep:
            self._answers.pop(key, None)
        for old in [k for k, one in self._answers.items() if one.done()][:-KEPT]:
            del self._answers[old]

    async def upload(self, request: Request, name: str, work: Callable[..., T]) -> T:
        """What work makes of an uploaded recording's bytes and name.

        Raises:
            HTTPException: 4xx, with the reason.
        """
        self.counts["uploads"] += 1
        if not _is_file_name(name):
            raise HTTPException(
                400, "name is that of a file, without folders, of 200 bytes at most"
            )
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            raise HTTPException(415, FORM)
        if self.working >= self.limits.at_once:
            raise HTTPException(429, "too many uploads at once, come back soon")
        self.working += 1
        freed, body = False, b""

        def free(_: object) -> None:
            self.working -= 1

        try:
            body = await self._body(request)
            judged = asyncio.ensure_future(self.in_thread(work, body, name))
            # A thread cannot be stopped: it keeps its place until it is through.
            judged.add_done_callback(free)
            freed = True
            return await asyncio.wait_for(asyncio.shield(judged), self.limits.seconds)
        except TimeoutError:
            raise HTTPException(408, f"took longer than {self.limits.seconds:g} seconds") from None
        except LabanError as error:
            form = request.headers.get("content-type", "").startswith("application/x-www-form")
            hint = STRIPPED if form and b"\n" not in body else ""
            raise HTTPException(422, f"{error}{hint}") from None
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

    def read(
        self, body: bytes, name: str, check: Callable[[Clip], object]
    ) -> tuple[list[Clip], list[str]]:
        """The clips in a file's bytes that pass a check, and sentences about the others.

        Raises:
            LabanError: Where none passes, or there are too many.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(body)
            try:
                self._check_zip(path)
                kept, skipped = self._passing(path, check)
            except LabanError as error:  # where it lay for a moment is nobody's business
                raise LabanError(str(error).replace(f"{folder}/", "")) from None
        skipped = [sentence.replace(f"{folder}/", "") for sentence in skipped]
        if not kept:
            raise LabanError(skipped[0] if skipped else f"{name} holds no recording")
        return kept, skipped

    def _passing(self, path: Path, check: Callable[[Clip], object]) -> tuple[list[Clip], list[str]]:
        """What `read` gives, of a file."""
        limits, frames = self.limits, 0
        skipped: list[str] = []
        kept: list[Clip] = []
        for clip in recordings(path, skip=skipped.append):
            frames += clip.frames
            if frames > limits.frames or clip.persons > limits.persons or len(kept) >= CLIPS:
                raise LabanError(
                    f"{path.name} has more than {limits.frames} frames, {limits.persons} persons "
                    f"or {CLIPS} clips: cut it"
                )
            try:
                check(clip)
            except LabanError as error:
                skipped.append(str(error))
            else:
                kept.append(clip)
        return kept, skipped

    def _check_zip(self, path: Path) -> None:
        if zipfile.is_zipfile(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    size = sum(entry.file_size for entry in archive.infolist())
            except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
                raise LabanError(f"{path.name} is a damaged zip ({error})") from None
            if size > EXPANSION * self.limits.bytes:
                raise LabanError(f"{path.name} holds {size} bytes unpacked, too many: send parts")


def _is_file_name(name: str) -> bool:
    """Whether a name stays in its folder and is one to every file system."""
    plain = name.isprintable() and Path(name).name == name and name not in ("", "..")
    return plain and len(name.encode()) <= 200
