"""The server under load: many clients at once, uploads and live poses, some of them malformed.

    python benchmarks/load.py [--run RUN] [--clients 100] [--minutes 2] [--at-once 4] [--json]

Starts 'laban serve' on this machine and asks it for so long. Of ten clients six upload recordings
again and again, two send poses over a WebSocket, thirty frames a second as a camera does, and two
send what nobody can read. Who is told to come back (429, or 1013 on a WebSocket) comes back later
with the same, so every request has an end; a request is lost that gets no answer, a 5xx, or, if it
was sound, anything but its predictions. Without --run: a small network that nobody has trained.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from laban import config
from laban.benchmarks import find_benchmark
from laban.clip import Clip
from laban.run import Run, new_folder
from laban.skeletons import SKELETONS
from laban.store import Store

FRAMES = 60  # of a live connection
PATIENCE = 90.0  # seconds without an answer, more than any limit of the server's


@dataclass
class Found:
    """What happened.

    Attributes:
        statuses: How often each answer came, by kind of client.
        times: Seconds from a request to its answer, by kind and answer.
        lost: Sentences about requests without a proper end.
        memory: MiB of the server, one number a second.
    """

    statuses: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def answered(self, kind: str, status: object, seconds: float) -> None:
        """Counts an answer."""
        self.statuses[kind][str(status)] += 1
        self.times[f"{kind} {status}"].append(seconds)

    def to_json(self) -> dict:
        """The figures."""
        latency = {}
        for name, seconds in sorted(self.times.items()):
            marks = np.percentile(np.array(seconds) * 1000, (50, 95, 99, 100))
            latency[name] = dict(zip(("p50", "p95", "p99", "most"), marks.round(1), strict=True))
        return {
            "answers": sum(count.total() for count in self.statuses.values()),
            "by_status": {kind: dict(count) for kind, count in sorted(self.statuses.items())},
            "lost": len(self.lost),
            "first_lost": self.lost[:5],
            "latency_ms": latency,
            "server_mib": {
                "start": self.memory[0],
                "most": max(self.memory),
                "end": self.memory[-1],
            },
        }


def untrained(folder: Path) -> Path:
    """A run of a small DSTA-Net with the weights that it starts with."""
    values = config.load_recipe("nw-ucla") | {
        "encoder": {"name": "dsta-net", "heads": 2, "layers": [[16, 8, 1], [32, 8, 2]]}
    }
    recipe = config.resolve(values).values
    benchmark = find_benchmark("nw-ucla-xview")
    run = Run(
        recipe=recipe,
        skeleton=SKELETONS["kinect-v1"],
        channels=3,
        stream="joint",
        benchmark=benchmark,
        path=new_folder(folder / "run"),
    )
    run.save(run.build().objective)
    return run.path


def recording(run: Path, folder: Path) -> tuple[bytes, np.ndarray]:
    """A store of two recordings as bytes, and the frames of one, (T, 1, V, C)."""
    card = Run.open(run)
    rng = np.random.default_rng(0)
    shape = (1, FRAMES, len(card.skeleton), card.channels)
    walks = [rng.normal(0, 0.01, shape).cumsum(1) + rng.normal(size=shape[2:]) for _ in range(2)]
    clips = [Clip(f"c{n}", walk, card.skeleton, fps=30) for n, walk in enumerate(walks)]
    path = folder / "sent.arrow"
    Store.write(path, clips)
    return path.read_bytes(), walks[0][0][:, None].round(4)


@contextlib.contextmanager
def server(run: Path, at_once: int, log: Path):
    """A running server's process and address."""
    command = [sys.executable, "-m", "laban", "serve", str(run), "--at-once", str(at_once)]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("w") as said:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=said, stderr=said)
    address = f"127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://{address}/health", trust_env=False).status_code == 200:
                    break
            if process.poll() is not None:
                raise SystemExit(f"the server ended: {log.read_text()}")
            time.sleep(0.1)
        yield process, address
    finally:
        process.terminate()
        process.wait(20)


class Load:
    """The clients of one server, until the time is over.

    Args:
        address: Host and port.
        process: The server's number.
        until: When to send nothing new, in the clock of the event loop.
        sent: A store of recordings, as bytes.
        frames: Live poses, (T, 1, V, C).
    """

    def __init__(
        self, address: str, process: int, until: float, sent: bytes, frames: np.ndarray
    ) -> None:
        self.address, self.process, self.until = address, process, until
        self.sent, self.found = sent, Found()
        self.messages = [
            json.dumps({"poses": poses.tolist(), "time": number / 30})
            for number, poses in enumerate(frames)
        ]
        # Connections are kept between requests, as long as httpx does by default: 5 s.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self.web = httpx.AsyncClient(
            base_url=f"http://{address}", limits=limits, timeout=PATIENCE, trust_env=False
        )

    @property
    def goes_on(self) -> bool:
        """Whether a new request may begin."""
        return asyncio.get_running_loop().time() < self.until

    async def run(self, clients: int) -> Found:
        """All clients side by side; every request that began comes to its end."""
        kinds = (self.uploads, self.live, self.uploads, self.malformed, self.uploads)
        watch = asyncio.create_task(self.watch())
        work = [kinds[k % len(kinds)](random.Random(k)) for k in range(clients)]
        await asyncio.gather(*work)
        watch.cancel()
        await self.web.aclose()
        self.found.memory.append(memory(self.process))
        return self.found

    async def watch(self) -> None:
        """Notes the server's memory every second."""
        while True:
            self.found.memory.append(memory(self.process))
            await asyncio.sleep(1)

    async def post(self, kind: str, body: bytes, name: str) -> httpx.Response | None:
        """An answer to an upload; one that says to come back is heeded. None: it was lost."""
        rng, pause = random.Random(len(body)), 0.05
        while True:
            began = time.perf_counter()
            try:
                answer = await self.web.post("/predict", params={"name": name}, content=body)
            except httpx.HTTPError as error:
                self.found.lost.append(f"{kind}: {type(error).__name__} {error}")
                return None
            self.found.answered(kind, answer.status_code, time.perf_counter() - began)
            if answer.status_code != 429:
                return answer
            await asyncio.sleep(pause * (0.5 + rng.random()))
            pause = min(2.0, 2 * pause)

    async def uploads(self, rng: random.Random) -> None:
        """Sound recordings, one after another."""
        while self.goes_on:
            answer = await self.post("upload", self.sent, "sent.arrow")
            if answer is not None and (
                answer.status_code != 200 or len(answer.json()["predictions"]) != 2
            ):
                self.found.lost.append(f"upload: {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(0.2 * rng.random())

    async def malformed(self, rng: random.Random) -> None:
        """Noise, damaged stores, foreign names, too much; and noise over a WebSocket."""
        while self.goes_on:
            choice = rng.randrange(5)
            if choice == 4:
                await self.noise(rng)
                continue
            damaged = bytearray(self.sent[: rng.randrange(8, len(self.sent))])
            for _ in range(8):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            name = rng.choice(["a.csv", "a.zip", "a.json", "a.skeleton", "a.pkl", "a.npz"])
            bodies = [bytes(damaged), rng.randbytes(rng.randrange(9000)), b"", b"x"]
            names = ["a.arrow", name, name, "../x"]
            answer = await self.post("malformed", bodies[choice], names[choice])
            if answer is not None and answer.status_code >= 500:
                self.found.lost.append(f"malformed: {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(0.2 * rng.random())

    async def noise(self, rng: random.Random) -> None:
        """What is no frame is answered with a sentence, and the end."""
        text = rng.choice(["{", "[]", '{"poses": 1}', '{"poses": [[["x"]]]}', '{"odd": 1}'])
        await self.talk("live malformed", [text])

    async def live(self, rng: random.Random) -> None:
        """A camera of 30 frames a second, two seconds a connection."""
        while self.goes_on:
            await self.talk("live", self.messages, every=1 / 30)
            await asyncio.sleep(0.2 * rng.random())

    async def talk(self, kind: str, messages: list[str], *, every: float = 0.0) -> None:
        """Sends messages and waits for the answer to each; comes back if there was no place."""
        while not await self.tried(kind, messages, every):
            await asyncio.sleep(0.5 + random.random())

    async def tried(self, kind: str, messages: list[str], every: float) -> bool:
        """Whether the connection came to its end; False: there was no place for it."""
        heard = 0
        began = time.perf_counter()
        try:
            async with connect(f"ws://{self.address}/live", proxy=None, open_timeout=60) as socket:
                for number, message in enumerate(messages):
                    await asyncio.sleep(max(0.0, began + number * every - time.perf_counter()))
                    asked = time.perf_counter()
                    await socket.send(message)
                    said = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
                    word = "answers" if kind == "live" else "error"
                    status = "a frame" if word in said else "another answer"
                    self.found.answered(kind, status, time.perf_counter() - asked)
                    heard += word in said
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code == 1013:
                self.found.answered(kind, 1013, time.perf_counter() - began)
                return False
            self.found.lost.append(f"{kind}: closed after {heard} answers, {closed}")
            return True
        except (OSError, TimeoutError, WebSocketException) as error:
            self.found.lost.append(f"{kind}: {type(error).__name__} {error}")
            return True
        if heard < len(messages):
            self.found.lost.append(f"{kind}: {heard} of {len(messages)} answers")
        return True


def memory(process: int) -> float:
    """MiB that a process has in memory (Linux)."""
    text = Path(f"/proc/{process}/status").read_text()
    return round(int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024, 1)


def load(*, run: Path | None, clients: int, seconds: float, at_once: int) -> dict:
    """Starts a server, asks it for so many seconds, and gives the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = run or untrained(folder)
        sent, frames = recording(run, folder)

        async def ask(process: int, address: str) -> Found:
            until = asyncio.get_running_loop().time() + seconds
            return await Load(address, process, until, sent, frames).run(clients)

        with server(run, at_once, folder / "log") as (process, address):
            found = asyncio.run(ask(process.pid, address))
            alive = process.poll() is None
            counts = httpx.get(f"http://{address}/metrics", trust_env=False).text
        own = dict(line.split() for line in counts.splitlines() if line)
        said = (folder / "log").read_text()
    return found.to_json() | {"alive": alive, "left": own["laban_uploads"], "log": said[-2000:]}


def main() -> None:
    """Prints the figures, or with --json one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    value = load(
        run=given.run,
        clients=given.clients,
        seconds=60 * given.minutes,
        at_once=given.at_once,
    )
    if given.json:
        print(json.dumps(value))
        return
    for key, row in value.items():
        if key == "latency_ms":
            print("milliseconds")
            for name, marks in row.items():
                print(f"  {name:<28}", "  ".join(f"{k} {v:g}" for k, v in marks.items()))
        else:
            print(f"{key}: {row}")


if __name__ == "__main__":
    main()
