"""Where raw files are: a folder, a zip or one file, listed and read in the same way.

Zip entries are read in memory, never extracted. Format: PKWARE APPNOTE,
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

Unusual here: a zip may come from anywhere, so entries that point out of it, that are encrypted, or
that unpack to far more than they are (zip bombs) are refused; so are links that leave a folder.
"""

import mmap
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType

from laban.errors import LabanError

__all__ = ["ZIP_FAULTS", "Entry", "Mapped", "Source", "clip_names", "distinct", "named"]

Mapped = mmap.mmap | bytes  # a file's bytes, mapped or read

_LARGEST = 256 * 2**20  # bytes of one unpacked file
_RATIO, _RATIO_FREE = 200, 2**20  # unpacked / packed, asked only of entries above a mebibyte
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # an unknown method of packing, among others
)


@dataclass(frozen=True)
class Entry:
    """One clip that a reader has found, known by names and list files alone.

    Attributes:
        name: The clip's name, distinct within the source.
        path: Where its file is inside the source, or what its files' paths begin with.
        facts: What the names and list files say: ``subject``, ``camera`` and so on, all strings.
        label: The class name, or None where nothing says it.
        files: Its files in order, where a clip is several.
    """

    name: str
    path: str
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
    label: str | None = None
    files: tuple[str, ...] = ()


def named(names: Iterable[str], file: str) -> list[str]:
    """The paths of a source's files that have this name, wherever they lie."""
    return [name for name in names if name.rpartition("/")[2] == file]


def distinct(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order of their clip names; two files for one clip are an error."""
    by_name: dict[str, Entry] = {}
    for entry in entries:
        other = by_name.setdefault(entry.name, entry)
        if other is not entry:
            raise LabanError(
                f"{other.path} and {entry.path} are both the clip {entry.name}: "
                "take one of them away or name the folder that holds the right one"
            )
    return [by_name[name] for name in sorted(by_name)]


def clip_names(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Names of clips that are told by their files alone, with the files, sorted by name.

    A name is the path without its ending, below the deepest folder that all files share, so it
    does not depend on where that folder lies.

    >>> clip_names(["data/walk/1.csv", "data/run/1.csv"])
    [('run/1', 'data/run/1.csv'), ('walk/1', 'data/walk/1.csv')]
    """
    paths = list(paths)
    parents = [path.split("/")[:-1] for path in paths]
    shared = os.path.commonprefix(parents) if parents else []
    named = (("/".join(path.split("/")[len(shared) :]), path) for path in paths)
    return sorted((name.rpartition(".")[0] or name, path) for name, path in named)


class Source:
    """A folder, a zip or a single file, as a set of named files.

    It can be sent to another process, which opens the zip for itself.

    Attributes:
        path: What was opened.
        largest: The most bytes that one unpacked file may have.
    """

    def __init__(self, path: str | os.PathLike[str], *, largest: int = _LARGEST) -> None:
        self.path = Path(path)
        self.largest = largest
        self._zip: zipfile.ZipFile | None = None
        self._owner = -1
        self._mapped: tuple[str, Mapped] | None = None
        try:
            mode = self.path.stat().st_mode
        except (OSError, ValueError) as fault:
            raise LabanError(f"{path} cannot be read: {_reason(fault)}, check the path") from fault
        self.is_folder = stat.S_ISDIR(mode)
        if not self.is_folder and not stat.S_ISREG(mode):
            raise LabanError(f"{path} is neither a folder nor a file: give a folder, zip or file")
        self.is_zip = not self.is_folder and self.path.suffix.lower() == ".zip"
        if self.is_zip:
            self._archive()

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, largest: int = _LARGEST) -> "Source":
        """The source at a path; raises LabanError where there is none or a zip is not one."""
        return cls(path, largest=largest)

    def names(self) -> list[str]:
        """All files, sorted, as paths with forward slashes inside the source."""
        if self.is_zip:
            return sorted({i.filename for i in self._archive().infolist() if not i.is_dir()})
        if self.is_folder:
            return sorted(_walk(self.path))
        return [self.path.name]

    def size(self, name: str) -> int:
        """How many bytes `read` will give, without reading them."""
        if self.is_zip:
            return self._info(name).file_size
        try:
            return self._place(name).stat().st_size
        except OSError as fault:
            raise LabanError(f"{self.path}: {name} cannot be read: {_reason(fault)}") from fault

    def read(self, name: str) -> bytes:
        """The bytes of one file; raises LabanError where it cannot or should not be read."""
        size = self.size(name)
        if size > self.largest:
            raise LabanError(
                f"{self.path}: {name} has {size:,} bytes, more than the {self.largest:,} "
                "that a recording may have, leave it out"
            )
        if self.is_zip:
            return self._unpack(self._info(name))
        try:
            with self._place(name).open("rb") as file:
                return file.read(size)  # a larger number would take that much memory
        except OSError as fault:
            raise LabanError(f"{self.path}: {name} cannot be read: {_reason(fault)}") from fault

    def map(self, name: str) -> Mapped:
        """The bytes of one file of many clips, mapped into memory where it lies on disk.

        The last one is kept, so that clips can be read from it one by one. What a zip holds is
        unpacked, so that there it may not be larger than other files.
        """
        if self._mapped is None or self._mapped[0] != name:
            if self.is_zip and self.size(name) > self.largest:
                raise LabanError(
                    f"{self.path}: {name} has {self.size(name):,} bytes, too many to read inside "
                    "a zip: unpack the zip first"
                )
            self._mapped = (name, self.read(name) if self.is_zip else self._map(name))
        return self._mapped[1]

    def _map(self, name: str) -> Mapped:
        try:
            with self._place(name).open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    return b""  # Nothing cannot be mapped.
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as fault:
            raise LabanError(f"{self.path}: {name} cannot be read: {_reason(fault)}") from fault

    def close(self) -> None:
        """Close the zip and the mapped file; the next read opens them again."""
        self._mapped = None  # Not closed: arrays of clips may still lie in it.
        if self._zip is not None:
            self._zip.close()
            self._zip = None

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_zip": None, "_owner": -1, "_mapped": None}

    def _place(self, name: str) -> Path:
        """The file on disk, which must lie inside the folder."""
        if not self.is_folder:
            if name != self.path.name:
                raise LabanError(f"{self.path} is one file, there is no {name} in it")
            return self.path
        place = (self.path / name).resolve()
        if not place.is_relative_to(self.path.resolve()):
            raise LabanError(
                f"{self.path}: {name} lies outside of the folder, copy the file into it"
            )
        return place

    def _archive(self) -> zipfile.ZipFile:
        """The open zip, one for each process: a forked one would share the file's position."""
        if self._zip is None or self._owner != os.getpid():
            try:
                self._zip = zipfile.ZipFile(self.path)
            except ZIP_FAULTS as fault:
                raise LabanError(
                    f"{self.path} is not a zip that can be read ({_reason(fault)}): "
                    "download or pack it again"
                ) from fault
            self._owner = os.getpid()
            for info in self._zip.infolist():
                _refuse_escape(self.path, info)
        return self._zip

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive().getinfo(name)
        except KeyError:
            raise LabanError(f"{self.path}: there is no {name} in it") from None

    def _unpack(self, info: zipfile.ZipInfo) -> bytes:
        where = f"{self.path}: {info.filename}"
        if info.flag_bits & 1:
            raise LabanError(f"{where} is encrypted: unpack the zip with its password first")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise LabanError(f"{where} is packed in an unusual way: pack it again as a plain zip")
        if info.file_size > max(_RATIO_FREE, _RATIO * info.compress_size):
            raise LabanError(
                f"{where} unpacks to more than {_RATIO} times its size, as a zip bomb does: "
                "unpack the zip by hand if you trust it"
            )
        try:
            with self._archive().open(info) as file:
                # With a length the unpacker stops there, whatever the entry really holds.
                return file.read(info.file_size + 1)
        except ZIP_FAULTS as fault:
            raise LabanError(
                f"{where} is damaged ({_reason(fault)}): download the zip again"
            ) from fault


def _reason(fault: Exception) -> str:
    """Why something failed, in the words of the system and on one line."""
    text = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return " ".join(text.split()).rstrip(".") or type(fault).__name__


def _refuse_escape(path: Path, info: zipfile.ZipInfo) -> None:
    """Raise where an entry's name would lead out of the folder that it were unpacked to."""
    name = info.filename
    drive = len(name) > 1 and name[1] == ":"
    if name.startswith("/") or drive or "\\" in name or ".." in PurePosixPath(name).parts:
        raise LabanError(
            f"{path}: the entry {name!r} points out of the zip, do not trust this file"
        )


def _walk(folder: Path, above: str = "") -> Iterator[str]:
    """Regular files below a folder; links to folders are not followed, so there is no loop."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as fault:
        raise LabanError(f"{folder} cannot be listed: {_reason(fault)}") from fault
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{above}{entry.name}/")
        elif entry.is_file():
            yield above + entry.name
