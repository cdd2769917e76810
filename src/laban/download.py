"""``laban download``: the datasets that anybody may fetch from their owners.

Each is a public repository of its owners at one commit, so what comes is what was seen when its
checksum was taken: SHA-256 of the lines that ``sha256sum`` prints for its files, sorted by name.
The archive that a host packs may differ from day to day, the files in it may not. For all others
the command says where to ask and what to do then.

An interrupted download goes on where it stopped, if the host can (``Range``); the standard library
does all of it, for the usual downloaders begin anew.
"""

import hashlib
import shlex
import urllib.error
import urllib.request
import zipfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

from laban.errors import LabanError, unknown_name
from laban.progress import progress_bar
from laban.result import Result
from laban.unfinished import unfinished

__all__ = ["ASK", "SETS", "Ask", "Fetch", "download"]

CHUNK = 2**18
PATIENCE = 60  # seconds without an answer


@dataclass(frozen=True)
class Fetch:
    """A dataset that its owners let everybody fetch.

    Attributes:
        about: What it is.
        address: A zip of the owners' files.
        folder: Where in the zip, below the folder of the repository, the recordings are.
        ending: That of their names, or several.
        files: How many there are.
        checksum: See above, of names from the repository's folder on.
        licence: The owners' words.
        convert: What to do next.
    """

    about: str
    address: str
    folder: str
    ending: str | tuple[str, ...]
    files: int
    checksum: str
    licence: str
    convert: str


@dataclass(frozen=True)
class Ask:
    """A dataset to be asked for, or without an address that can be held to a checksum.

    Attributes:
        address: Its owners' page.
        convert: What to do with what they give.
    """

    address: str
    convert: str


_ARCHIVE = "https://codeload.github.com/{}/zip/{}"
_MOTION = "dataset/Bandai-Namco-Research-Motiondataset-2/data/"
SETS: dict[str, Fetch] = {
    "sfinge": Fetch(
        about="SFINGE 3D, version 1: hand gestures and recordings of several",
        address=_ARCHIVE.format("SFINGE3D/DatasetV1", "0236d44ffa6d166c29a8b4049f3120ce86e63d57"),
        folder="",
        ending=(".txt", ".csv"),
        files=541,
        checksum="88ca6742148f1cc052f8f971bd75985de3b76503958dddac91df7f92436ec441",
        licence="none is stated; the owners ask to cite their paper, "
        "https://www.sciencedirect.com/science/article/pii/S0097849320301163",
        convert="laban convert sfinge sfinge.zip sfinge.arrow",
    ),
    "precog": Fetch(
        about="PRECOG 2016: untrimmed recordings of a person's eight actions",
        address=_ARCHIVE.format(
            "DavidJardim/precog_dataset_16", "1ff2c9de2559664b2845d992ed60024a173e2eae"
        ),
        folder="Dataset/CSV/",
        ending=".csv",
        files=72,
        checksum="1e26eaee08d76a9320c0537637e9cb4c5055795c824a94a43b4b489f67d7a6b8",
        licence="MIT",
        convert="laban convert precog precog.zip precog.arrow",
    ),
    "bandai-namco-2": Fetch(
        about="Bandai Namco Research Motion Dataset 2: motion capture, 10 contents in 7 styles",
        address=_ARCHIVE.format(
            "BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset",
            "74ead3ba1ae4696404e6086233779f60de8bf9ef",
        ),
        folder=_MOTION,
        ending=".bvh",
        files=2902,
        checksum="1c16dbccca432e57baaefb223e87be16c63fa72e620fee2b43609b42fa8a1a8e",
        licence="CC BY-NC 4.0",
        convert="laban convert bvh bandai-namco-2.zip bn.arrow "
        "--label-from 'dataset-2_{label}_{style}_{trial}.bvh'",
    ),
}

_ROSE = "https://rose1.ntu.edu.sg/dataset/actionRecognition/"
_PKU = "https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html"
_SHREC = "http://www-rech.telecom-lille.fr/shrec2017-hand/"
ASK: dict[str, Ask] = {
    "ntu60": Ask(_ROSE, "laban convert ntu nturgbd_skeletons_s001_to_s017.zip ntu60.arrow"),
    "ntu120": Ask(_ROSE, "laban convert ntu nturgb+d_skeletons ntu120.arrow"),
    "pku-mmd": Ask(_PKU, "laban convert pku-mmd PKUMMD pku.arrow"),
    "kinetics": Ask(
        "https://github.com/yysijie/st-gcn", "laban convert kinetics kinetics-skeleton kin.arrow"
    ),
    "shrec17": Ask(_SHREC, "laban convert shrec17 HandGestureDataset_SHREC2017 shrec17.arrow"),
    "dhg": Ask(
        "http://www-rech.telecom-lille.fr/DHGdataset/", "laban convert dhg DHG2016 dhg.arrow"
    ),
    "fpha": Ask(
        "https://guiggh.github.io/publications/first-person-hands/",
        "laban convert fpha Hand_pose_annotation_v1 fpha.arrow",
    ),
    "nw-ucla": Ask(
        "https://github.com/Uason-Chen/CTR-GCN", "laban convert nw-ucla all_sqe.zip ucla.arrow"
    ),
    "msr-action3d": Ask(
        "https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
        "laban convert msr-action3d MSRAction3DSkeletonReal3D msr.arrow",
    ),
    "sbu": Ask(
        "https://www3.cs.stonybrook.edu/~kyun/research/kinect_interaction/index.html",
        "laban convert sbu SBU sbu.arrow",
    ),
}


def download(name: str, *, out: Path | None = None) -> Result:
    """Fetches a dataset from its owners, checks it, and leaves a zip for 'laban convert'.

    Args:
        name: sfinge, precog or bandai-namco-2; of others it says where to ask.
        out: The zip to write; NAME.zip here by default.
    """
    if name in ASK:
        ask = ASK[name]
        raise LabanError(
            f"{name} cannot be fetched without its owners' leave: see {ask.address}, then "
            f"'{ask.convert}'"
        )
    if name not in SETS:
        raise unknown_name("dataset", name, [*SETS, *ASK])
    wanted, out = SETS[name], out or Path(f"{name}.zip")
    if out.exists():
        raise LabanError(f"{out} exists already, choose another --out or remove it")
    if not out.parent.is_dir():
        raise LabanError(f"{out.parent} is no folder: make it, or choose another --out")
    archive = out.with_name(f"{out.name}.download")
    _fetch(wanted.address, archive)
    _keep(wanted, archive, out)
    archive.unlink()
    lines = [f"{out}: {wanted.files} files, as they were checked", f"licence: {wanted.licence}"]
    value = {"out": str(out), "files": wanted.files, "licence": wanted.licence}
    command = wanted.convert.replace(f"{name}.zip", shlex.quote(str(out)))
    return Result(value | {"convert": command}, "\n".join([*lines, f"next: {command}"]))


def _fetch(address: str, path: Path) -> None:
    """Writes what is at an address to a file; what is there of it already is not sent again."""
    have = path.stat().st_size if path.exists() else 0
    request = urllib.request.Request(address, headers={"User-Agent": "laban"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            goes_on = answer.status == 206
            with path.open("ab" if goes_on else "wb") as file:
                _copy(answer, file, have if goes_on else 0)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send
            return
        raise LabanError(
            f"{address} answers {error.code} {error.reason}: try again later"
        ) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise LabanError(
            f"{address} was not received in whole ({reason}): the same command goes on with it"
        ) from None


def _copy(answer: Any, file: BinaryIO, have: int) -> None:
    """Copies an answer to a file, with a bar where its length is told."""
    length = answer.headers.get("Content-Length")
    total = have + int(length) if length else None
    with progress_bar() as bar:
        task = bar.add_task("fetching", total=total, completed=have)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            bar.advance(task, len(chunk))
    if total is not None and file.tell() < total:
        raise OSError(f"{file.tell()} of {total} bytes came")


def _keep(wanted: Fetch, archive: Path, out: Path) -> None:
    """Takes the recordings out of the owners' zip into one of their own, if they are right.

    Raises:
        LabanError: Where the zip is damaged or holds something else; it is removed.
    """
    part, lines = unfinished(out), []
    try:
        with (
            zipfile.ZipFile(archive) as source,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as kept,
        ):
            for entry in source.infolist():
                name = entry.filename.partition("/")[2]  # without the folder of the repository
                if name.startswith(wanted.folder) and name.endswith(wanted.ending):
                    sha = hashlib.sha256()
                    with source.open(entry) as file, kept.open(name, "w") as copy:
                        while chunk := file.read(CHUNK):
                            sha.update(chunk)
                            copy.write(chunk)
                    lines.append((name, f"{sha.hexdigest()}  {name}\n"))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        lines, damage = [], f" ({error})"
    else:
        damage = ""
    text = "".join(line for _, line in sorted(lines))
    if hashlib.sha256(text.encode()).hexdigest() != wanted.checksum:
        part.unlink(missing_ok=True)
        archive.unlink()
        raise LabanError(
            f"{wanted.address} gave something else than what was checked{damage}: it was removed, "
            "try again later"
        )
    part.replace(out)
