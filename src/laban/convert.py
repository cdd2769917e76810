"""Raw recordings to a store: streaming, in bounded memory, and saying what was left out and why.

Progress and summary go to standard error; a bar is shown on a terminal only. Files that cannot be
read are skipped and named, with their reasons in ``STORE.skipped.txt`` beside the store. The store
appears when it is whole; until then what was there stays. What is interrupted can be
taken up again.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any, cast

from rich.console import Console

from laban.clip import Clip, cut_segments
from laban.errors import LabanError, unknown_name
from laban.mapping import Missing, apply_mapping, mapping_between
from laban.naming import label_entries
from laban.progress import progress_bar
from laban.readers import READERS, Entry, Reader, Source
from laban.readers.table_layout import given_layout
from laban.reading import Outcome, outcomes, size_of
from laban.result import Result
from laban.resume import Earlier, take_up
from laban.skeletons import Skeleton, skeleton_named
from laban.store import Store
from laban.unfinished import left_behind

__all__ = ["Summary", "convert"]

SHOWN = 20

_FIELDS = {"layout": "given", "unit": "unit"}  # options of readers and the fields that they set


@dataclass
class Summary:
    """What a conversion did.

    Attributes:
        store: The file that was written.
        clips: Clips in it.
        frames: Frames in it.
        skipped: For each file that was left out its path inside the source and the reason.
        source_bytes: Size of the files read, unpacked.
        store_bytes: Size of the store.
        seconds: Duration.
        mapping: What became of the joints where the clips got another layout.
        resumed: Clips of these that an interrupted conversion had left.
    """

    store: Path
    clips: int = 0
    frames: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    source_bytes: int = 0
    store_bytes: int = 0
    seconds: float = 0.0
    mapping: str = ""
    resumed: int = 0

    def to_json(self) -> dict:
        """The summary as plain values."""
        skipped = [{"path": path, "reason": reason} for path, reason in self.skipped]
        return vars(self) | {"store": str(self.store), "skipped": skipped}

    def __str__(self) -> str:
        rate = self.source_bytes / 1e6 / max(self.seconds, 1e-9)
        mapping = f"{self.mapping}\n" if self.mapping else ""
        resumed = f" ({self.resumed:,} of them from before)" if self.resumed else ""
        return mapping + (
            f"{self.store}: {self.clips:,} clips{resumed}, {self.frames:,} frames, "
            f"{len(self.skipped):,} skipped; {_megabytes(self.source_bytes)} read, "
            f"{_megabytes(self.store_bytes)} written in {self.seconds:.1f} s ({rate:.0f} MB/s)"
        )


def convert(  # noqa: PLR0913 - each is an option of the command
    format: str,
    source: Path,
    store: Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    workers: int = 1,
    ignored: Path | None = None,
    trimmed: bool = False,
    label_from: str | None = None,
    layout: str | None = None,
    unit: float | None = None,
    skeleton: str | None = None,
    missing: Missing = "interpolate",
) -> Result:
    """Turn raw recordings into a store.

    Args:
        format: The raw format: ntu, pku-mmd, kinetics, shrec17, dhg, fpha, nw-ucla,
            msr-action3d, sbu, precog, sfinge, bvh, pyskl, ctr-gcn, agcn, openpose, mediapipe or
            table.
        source: A folder, a zip or a single file.
        store: The file to write.
        overwrite: Replace a store that is there.
        resume: Go on with what an interrupted conversion of the same source, with the same options,
            left on this machine; its recordings are not read again.
        workers: Processes that read; the store is the same whatever their number.
        ignored: A text file with the names of clips to leave out, one a line.
        trimmed: Cut untrimmed recordings, such as PKU-MMD's, into one clip for each labelled
            segment; clips with a label of their own stay whole.
        label_from: Where the class stands in a file's path, such as {label}_{subject}.csv or
            {label}/*.bvh; other words in braces become facts; or a regular expression.
        layout: Which joints the source has, of table, pyskl, ctr-gcn and agcn: a layout file, or
            the word of a joint layout, such as kinect-v1.
        unit: Metres of one unit of length, for BVH, which does not tell it.
        skeleton: The joint layout to give all clips, such as kinect-v2; joints go by name. The
            store says what became of the joints of the first clip's layout.
        missing: What becomes of that layout's joints which the clips lack.

    Raises:
        LabanError: Where the source holds nothing that can be read, or the store is there already;
            a store that was there stays as it was.
    """
    if format not in READERS:
        raise unknown_name("format", format, READERS)
    if workers < 1:
        raise LabanError(f"workers is {workers}: give the number of processes, 1 or more")
    reader = _set_up(READERS[format], {"layout": layout, "unit": unit})
    store, began = Path(store), time.perf_counter()
    summary, console = Summary(store), Console(stderr=True, highlight=False)
    info = {"format": format, "source": Path(source).name}
    own: dict[str, Any] = {"ignored": ignored, "trimmed": trimmed, "label_from": label_from}
    own |= {"layout": layout, "unit": unit, "skeleton": skeleton}
    if told := _told(own | {"missing": missing if skeleton else None}):
        info["options"] = told
    with Source.open(source) as opened:
        entries = reader.find(opened)
        if not entries:
            raise LabanError(
                f"{source} holds no {format} recordings: they are named like {reader.layout}"
            )
        entries = _without(entries, ignored, summary)
        if label_from is not None:
            entries = _labelled(entries, label_from, summary)
        earlier = take_up(store, entries, info) if resume else None
        entries = entries if earlier is None else earlier.rest(entries)
        found = outcomes(reader, opened, entries, workers=workers)
        with closing(found), progress_bar(console) as bar:
            shown = bar.track(found, total=len(entries), description=f"convert {format}")
            clips = _clips(shown, opened, summary, trimmed=trimmed)
            if skeleton is not None:
                clips = _mapped(clips, skeleton_named(skeleton), missing, summary)
            if earlier is not None:
                info, summary.mapping = earlier.info, earlier.info.get("mapping", "")
                clips = chain(_counted(earlier, summary), clips)
            elif skeleton is not None:
                first = next(clips)  # The mapping is known with it, and stands in the file's head.
                clips, info["mapping"] = chain([first], clips), summary.mapping
            _write(store, clips, info, console, overwrite=overwrite)
    if earlier is not None:
        earlier.remove()
    summary.store_bytes = store.stat().st_size
    summary.seconds = time.perf_counter() - began
    _report(summary, console)
    return Result(summary.to_json(), str(summary))


def _told(options: dict[str, Any]) -> str:
    """The options that decide what is in the store, as on a command line."""
    words = []
    for name, value in options.items():
        if value not in (None, False):
            # Where a file lies is nobody else's business.
            plain = Path(value).name if name in ("ignored", "layout") else str(value)
            words.append(
                f"--{name.replace('_', '-')}" + ("" if value is True else f" {quote(plain)}")
            )
    return " ".join(words)


def _write(
    store: Path, clips: Iterable[Clip], info: dict[str, Any], console: Console, *, overwrite: bool
) -> None:
    """Write the store; say so where an interrupt leaves what can be taken up again."""
    try:
        Store.write(store, clips, overwrite=overwrite, info=info, resumable=True)
    except KeyboardInterrupt:
        if left_behind(store):
            console.print(
                "what is converted so far stays for --resume; a conversion without it removes it"
            )
        raise


def _counted(earlier: Earlier, summary: Summary) -> Iterator[Clip]:
    """The clips from before, in the summary too."""
    for clip in earlier:
        summary.clips += 1
        summary.frames += clip.frames
        summary.resumed += 1
        yield clip


def _without(entries: list[Entry], ignored: Path | None, summary: Summary) -> list[Entry]:
    """The entries that a list of ignored clips does not name."""
    if ignored is None:
        return entries
    try:
        names = {line.strip() for line in Path(ignored).read_text("utf-8").splitlines()}
    except (OSError, UnicodeDecodeError) as error:
        raise LabanError(
            f"{ignored} cannot be read as a list of clip names: give a text file with one a line"
        ) from error
    out = [e for e in entries if e.name in names or PurePosixPath(e.path).name in names]
    summary.skipped += [(entry.path, f"named in {ignored}") for entry in out]
    gone = {entry.name for entry in out}
    return [entry for entry in entries if entry.name not in gone]


def _set_up(reader: Reader, options: dict[str, Any]) -> Reader:
    """The reader with the options that were given, which must be its own."""
    own = {}
    for option, value in options.items():
        if value is None:
            continue
        if not hasattr(reader, _FIELDS[option]):
            fit = [name for name, own in READERS.items() if hasattr(own, _FIELDS[option])]
            raise LabanError(
                f"--{option} is not for the format {reader.name}, but for {', '.join(fit)}"
            )
        if option == "unit" and not 0 < value < float("inf"):
            raise LabanError(f"--unit is {value}: give the metres of one unit, above 0")
        own[_FIELDS[option]] = given_layout(str(value)) if option == "layout" else value
    return cast(Reader, replace(cast(Any, reader), **own)) if own else reader


def _labelled(entries: list[Entry], pattern: str, summary: Summary) -> list[Entry]:
    """The entries with labels from their names; those that the pattern does not fit are skipped."""
    labelled, others = label_entries(entries, pattern)
    if not labelled:
        raise LabanError(
            f"--label-from {pattern!r} fits none of the paths, such as {others[0].path}"
        )
    reason = f"its path does not fit --label-from {pattern!r}"
    summary.skipped += [(entry.path, reason) for entry in others]
    return labelled


def _clips(
    found: Iterable[tuple[Entry, Outcome]], source: Source, summary: Summary, *, trimmed: bool
) -> Iterator[Clip]:
    """The clips alone or their segments, with the count of everything in the summary."""
    paths: set[str] = set()
    for entry, outcome in found:
        if isinstance(outcome, str):
            summary.skipped.append((entry.path, outcome))
            continue
        summary.source_bytes += size_of(source, entry) if entry.path not in paths else 0
        paths.add(entry.path)
        clips = cut_segments(outcome) if trimmed and outcome.label is None else [outcome]
        if not clips:
            summary.skipped.append((entry.path, "it has no labelled segments to cut"))
        for clip in clips:
            summary.clips += 1
            summary.frames += clip.frames
            yield clip
    if not summary.clips:
        path, reason = summary.skipped[0]
        raise LabanError(
            f"{source.path}: none of {len(summary.skipped):,} recordings can be used; the first: "
            f"{_named(path, reason)}"
        )


def _mapped(
    clips: Iterable[Clip], target: Skeleton, missing: Missing, summary: Summary
) -> Iterator[Clip]:
    """The clips in another layout, and what became of the joints in the summary."""
    mapping = None
    for clip in clips:
        if mapping is None or mapping.source != clip.skeleton:
            mapping = mapping_between(clip.skeleton, target, missing=missing)
            if str(mapping) not in summary.mapping:
                summary.mapping = "\n".join(filter(None, [summary.mapping, str(mapping)]))
        yield apply_mapping(mapping, clip)


def _report(summary: Summary, console: Console) -> None:
    """Tell what was skipped, the first on the screen and all of it in a file, and the summary."""
    listing = summary.store.with_name(summary.store.name + ".skipped.txt")
    lines = [_named(path, " ".join(reason.split())) for path, reason in summary.skipped]
    for line in lines[:SHOWN]:
        console.print(f"skipped {line}", markup=False, soft_wrap=True)
    if lines:
        text = "".join(line + "\n" for line in lines)
        listing.write_text(text, encoding="utf-8", errors="backslashreplace")
        more = f"and {len(lines) - SHOWN:,} more; " if len(lines) > SHOWN else ""
        console.print(f"{more}all are listed in {listing}", markup=False, soft_wrap=True)
    else:
        listing.unlink(missing_ok=True)


def _named(path: str, reason: str) -> str:
    """Why a file was left out, with its path once."""
    return reason if path in reason else f"{path}: {reason}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
