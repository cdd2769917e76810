"""``laban serve``: a run, or an exported file, answers over HTTP."""

import socket
from importlib.util import find_spec
from pathlib import Path

from laban.errors import LabanError
from laban.result import Result

__all__ = ["serve"]


def serve(
    run: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    megabytes: float = 32.0,
    frames: int = 20_000,
    persons: int = 16,
    at_once: int = 4,
    seconds: float = 30.0,
) -> Result:
    """Names the actions of uploaded recordings and of live poses, until Ctrl-C.

    Args:
        run: The run folder, or an .onnx file that 'laban export' wrote.
        host: Where to listen; the default is this machine alone.
        port: Where to listen.
        megabytes: Largest upload.
        frames: Most frames of a recording, all clips together.
        persons: Most persons of a recording, and of a live frame.
        at_once: Most uploads at work, and most live connections.
        seconds: Longest time for an upload to arrive, and then to be judged.
    """
    for name in ("fastapi", "uvicorn"):
        if find_spec(name) is None:
            raise LabanError(f"a server needs {name}: pip install 'laban[serve]'")
    import uvicorn

    from laban.loading import load
    from laban.server import Limits, application

    _check_free(host, port)
    limits = Limits(int(megabytes * 2**20), frames, persons, at_once, seconds)
    app = application(load(run), limits, hosts=(host, "localhost", "127.0.0.1"))
    uvicorn.run(app, host=host, port=port, ws_max_size=limits.bytes, log_level="warning")
    return Result({"run": str(run)}, "stopped")


def _check_free(host: str, port: int) -> None:
    """Raises a LabanError where nobody can listen there, before a network is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as error:
        raise LabanError(f"cannot listen on {host} port {port} ({error}): give another") from None
