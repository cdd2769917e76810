"""``laban serve``: a run, or an exported file, answers over HTTP and shows clips on a page."""

import re
import socket
import sys
from importlib.util import find_spec
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from laban.errors import LabanError
from laban.result import Result

__all__ = ["serve"]

# Seconds that an idle connection stays open. The side that closes may meet a request on its way,
# which is then lost: let it be the client, or a proxy, whose usual limit is 60 seconds.
IDLE = 75


def serve(
    run: Path,
    store: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    name: list[str] | None = None,
    megabytes: float = 32.0,
    frames: int = 20_000,
    persons: int = 16,
    at_once: int = 4,
    seconds: float = 30.0,
    lazy: bool = False,
) -> Result:
    """Names the actions of uploaded recordings and of live poses, and shows clips; until Ctrl-C.

    Args:
        run: The run folder, of a detection run too, or an .onnx file that 'laban export' wrote.
        store: Clips to browse on the page.
        host: Where to listen; the default is this machine alone.
        port: Where to listen.
        name: How other machines call this one, names or addresses; requests for names other than
            these, the host's and localhost are refused.
        megabytes: Largest upload.
        frames: Most frames of a recording, all clips together.
        persons: Most persons of a recording, and of a live frame.
        at_once: Most uploads at work, and most live connections.
        seconds: Longest time for an upload to arrive, and then to be judged.
        lazy: Judge a clip of the store when it is opened, not all of them in the background.
    """
    given = {"port": port, "megabytes": megabytes, "frames": frames, "persons": persons}
    for option, number in (given | {"at-once": at_once, "seconds": seconds}).items():
        if not number > 0:
            raise LabanError(f"--{option} is {number}: give a number above 0")
    for package in ("fastapi", "uvicorn"):
        if find_spec(package) is None:
            raise LabanError(f"a server needs {package}: pip install 'laban[serve]'")
    import uvicorn

    from laban.server import KEPT, Limits, application
    from laban.store import Store
    from laban.viewer import Library, Naming, network_of
    from laban.viewer.judging import note_tested

    own = f"[{host}]" if ":" in host else host  # as it stands in an address
    names = [own, "localhost", "127.0.0.1", *map(_known_as, name or [])]
    address = _bound(host, port)
    limits = Limits(int(megabytes * 2**20), frames, persons, at_once, seconds)
    network = network_of(run)
    opened = None if store is None else Store(store)
    library = Library(network.card.benchmark, opened, most=KEPT * limits.bytes)
    if library.store is not None and isinstance(network, Naming):
        note_tested(library.store, run, network)
    app = application(network, limits, library=library, hosts=names, judge=not lazy)
    sys.stderr.write(f"http://{own}:{port}\n")
    if not ip_address(address).is_loopback:
        known = ", ".join(dict.fromkeys(names))
        sys.stderr.write(
            "other machines may reach this server, which has no accounts; it answers to the names "
            f"{known} alone: give others by which they call it with --name\n"
        )
    uvicorn.run(
        app,
        host=host,
        port=port,
        ws_max_size=limits.bytes,
        timeout_keep_alive=IDLE,
        log_level="warning",
    )
    return Result({"run": str(run)}, "stopped")


def _known_as(name: str) -> str:
    """A name or an address as it stands in a request; ``*.lan`` is all names that end so."""
    try:
        return f"[{IPv6Address(name.strip('[]'))}]"
    except ValueError:
        pass
    try:
        plain = name.encode("idna").decode().lower()
    except UnicodeError:
        plain = ""
    # A bare * would let any web page ask under a name that it makes up.
    if not re.fullmatch(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", plain):
        raise LabanError(
            f"--name {name} is no name of a machine: give one such as lab.example.org, without "
            "http:// and port"
        )
    return plain


def _bound(host: str, port: int) -> str:
    """The address that a host is; LabanError where nobody can listen there.

    It is asked before a network is loaded.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as server:
            return str(server.getsockname()[0])
    except (OSError, OverflowError) as error:
        raise LabanError(f"cannot listen on {host} port {port} ({error}): give another") from None
