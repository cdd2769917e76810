"""What the page asks the server: clips by number, their streams, and what a network makes of them.

Read-only but for uploads, which are kept for a while to be looked at. An address holds numbers and
words of a dict, and nothing that reaches the file system.
"""

from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import FastAPI, HTTPException, Path, Query, Request, Response

from laban.clip import Clip
from laban.layout import check_clip
from laban.service import Service
from laban.viewer import scene
from laban.viewer.attention import attention, attention_layers
from laban.viewer.files import static_files
from laban.viewer.network import Naming, Network
from laban.viewer.shelf import STORE, Library, Shelf, Wanted

__all__ = ["add_viewer"]

Word = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=0)]
Choice = Annotated[str | None, Query(max_length=300)]
MOST = 10**9  # of a page's number or a frame's


class Viewer:
    """The answers.

    Args:
        service: Its threads and limits.
        network: Is asked about clips.
        library: Has the clips.
    """

    def __init__(self, service: Service, network: Network, library: Library) -> None:
        self.service, self.network, self.library = service, network, library
        self.files = static_files()

    def file(self, request: Request, path: str) -> Response:
        """A file of the page."""
        found = self.files.get(path)
        if found is None:
            raise HTTPException(404, "there is no such file")
        headers = {"ETag": found.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.type, headers=headers)

    def page(self, request: Request) -> Response:
        """The viewer."""
        return self.file(request, "index.html")

    def docs(self, request: Request) -> Response:
        """The interface as a page."""
        return self.file(request, "docs.html")

    def about(self) -> dict[str, Any]:
        """What is served, and what can be looked at."""
        card, attended = self.network.card, attention_layers(self.network)
        names = ["joint"]
        if find_spec("torch") is not None:
            from laban.streams import STREAMS

            names = list(STREAMS)
        return {
            "task": self.network.task,
            "classes": list(card.classes),
            "benchmark": card.benchmark.name,
            "encoder": card.recipe.get("encoder", {}).get("name", ""),
            "stream": card.stream,
            "streams": names,
            "skeleton": card.skeleton.name,
            "layers": attended.names,
            "no_attention": attended.none,
            "store": None if self.library.store is None else STORE,
        }

    async def upload(self, request: Request, name: str = "recording") -> dict[str, Any]:
        """Keeps a recording of any known format to be looked at: its bytes as the body.

        The answer's ``shelf`` is the word that its clips are asked for by; the eight latest are
        kept.
        """

        def keep(body: bytes, name: str) -> dict[str, Any]:
            clips, skipped = self.service.read(body, name, check_clip)
            return {"shelf": self.library.add(clips), "clips": len(clips), "skipped": skipped}

        return await self.service.upload(request, name, keep)

    def facets(self, shelf: Word) -> dict[str, Any]:
        """What the clips of a shelf can be chosen by."""
        return self._shelf(shelf).facets()

    def clips(
        self,
        *,
        shelf: Word,
        text: Annotated[str, Query(max_length=300)] = "",
        label: Choice = None,
        subject: Choice = None,
        judged: Literal["right", "wrong", "open"] | None = None,
        page: Annotated[int, Query(ge=0, le=MOST)] = 0,
        size: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """The clips of a shelf that are wanted, a page of them."""
        return self._shelf(shelf).page(Wanted(text, label, subject, judged), page, size)

    def clip(self, shelf: Word, number: Number) -> dict[str, Any]:
        """What a clip is: layout, length, label, segments, facts."""
        return scene.described(self._clip(shelf, number)[1], self.network.card)

    async def stream(
        self, shelf: Word, number: Number, stream: Annotated[str, Path(max_length=64)]
    ) -> Response:
        """A stream of a clip's own poses: float32, little-endian, (M, T, V, C) as X-Shape says.

        NaN where nobody is, and in ``joint`` where a joint was not seen.
        """
        clip = self._clip(shelf, number)[1]
        key = (shelf, number, "stream", stream)
        values = await self.service.once(key, scene.stream_values, clip, stream, keep=False)
        headers = {"X-Shape": ",".join(map(str, values.shape))}
        body = np.ascontiguousarray(values, "<f4").tobytes()
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def probabilities(
        self,
        shelf: Word,
        number: Number,
        window: Annotated[float, Query(ge=0.1, le=60, allow_inf_nan=False)] = 2.0,
    ) -> dict[str, Any]:
        """Class probabilities along a clip, of the last ``window`` seconds; found segments."""
        own, clip = self._clip(shelf, number)
        key = (shelf, number, "probabilities", window)
        found = await self.service.once(key, self.network.over_time, clip, window)
        if found.whole is not None:
            own.note(number, found.whole.index, found.whole.probability)
        return scene.over_time(clip, found, self.network.card, own.true_class(number))

    async def attention(
        self,
        shelf: Word,
        number: Number,
        layer: Annotated[int, Query(ge=1, le=1000)] = 1,
        frame: Annotated[int, Query(ge=0, le=MOST)] = 0,
    ) -> dict[str, Any]:
        """The maps between joints of a layer, each head's; around a frame in detection."""
        clip = self._clip(shelf, number)[1]
        frame = 0 if isinstance(self.network, Naming) else frame
        key = (shelf, number, "attention", layer, frame)
        return await self.service.once(key, attention, self.network, clip, layer, frame)

    def _shelf(self, word: str) -> Shelf:
        found = self.library.shelf(word)
        if found is None:
            raise HTTPException(404, f"nothing is kept under that word, upload it again{_STORE}")
        return found

    def _clip(self, word: str, number: int) -> tuple[Shelf, Clip]:
        """A clip that is not too large to be sent."""
        shelf, limits = self._shelf(word), self.service.limits
        if number >= len(shelf):
            raise HTTPException(404, f"there are {len(shelf)} clips, their numbers begin with 0")
        if shelf.frames[number] > limits.frames or shelf.persons[number] > limits.persons:
            raise HTTPException(
                413, f"this clip has more than {limits.frames} frames or {limits.persons} persons"
            )
        return shelf, shelf.clips[number]


_STORE = ", or start the server with a store"


def add_viewer(app: FastAPI, service: Service, network: Network, library: Library) -> None:
    """Adds the page and what it asks for to an application."""
    viewer = Viewer(service, network, library)
    for path, answer in (
        ("/", viewer.page),
        ("/docs", viewer.docs),
        ("/static/{path:path}", viewer.file),
    ):
        app.add_api_route(path, answer, include_in_schema=False)
    one = "/view/{shelf}/clips/{number}"
    app.add_api_route("/view", viewer.about)
    app.add_api_route("/view", viewer.upload, methods=["POST"])
    app.add_api_route("/view/{shelf}", viewer.facets)
    app.add_api_route("/view/{shelf}/clips", viewer.clips)
    app.add_api_route(one, viewer.clip)
    app.add_api_route(f"{one}/streams/{{stream}}", viewer.stream)
    app.add_api_route(f"{one}/probabilities", viewer.probabilities)
    app.add_api_route(f"{one}/attention", viewer.attention)
