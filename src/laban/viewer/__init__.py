"""The viewer: a page to look at clips and at what a network makes of them, without another host.

`network.py` says what a network makes of a clip, `shelf.py` keeps the clips that are looked at,
`scene.py` tells one as JSON and arrays, `routes.py` answers the page, which is in ``static/``.
"""

from laban.viewer.network import Finding, Naming, Network, network_of
from laban.viewer.routes import add_viewer
from laban.viewer.shelf import Library, Shelf

__all__ = ["Finding", "Library", "Naming", "Network", "Shelf", "add_viewer", "network_of"]
