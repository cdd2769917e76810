"""The card of a trained network: what it was made of and what it takes.

A run's weights carry it in their header and an exported file in its metadata, so that nobody
repeats a flag at prediction time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from laban.benchmarks import Benchmark
from laban.clip import Clip
from laban.errors import LabanError
from laban.layout import check_clip
from laban.skeletons import Skeleton

__all__ = ["FORMAT", "Card"]

FORMAT = 1


@dataclass(kw_only=True)
class Card:
    """What a network knows of itself.

    Attributes:
        recipe: The resolved recipe as plain values.
        skeleton: The joint layout of its input.
        channels: Channels of the poses, before the stream.
        stream: The stream's word.
        benchmark: Label set and split.
        notes: Splits, selection, data, environment and seconds, for the report.
    """

    recipe: dict[str, Any]
    skeleton: Skeleton
    channels: int
    stream: str
    benchmark: Benchmark
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the scores."""
        return self.benchmark.classes

    def facts(self) -> dict[str, Any]:
        """The card as one JSON value."""
        return {
            "format": FORMAT,
            "recipe": self.recipe,
            "skeleton": self.skeleton.to_json(),
            "channels": self.channels,
            "stream": self.stream,
            "benchmark": self.benchmark.to_json(),
            "notes": self.notes,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], place: str, **more: Any) -> Self:
        """The card that `facts` describes.

        Args:
            facts: The JSON value.
            place: Where it was read, for the sentence of an error.
            more: What a subclass has beside.

        Raises:
            LabanError: Where it is damaged, or of a newer version.
        """
        number = facts.get("format")
        if not isinstance(number, int):
            raise LabanError(f"{place} holds a damaged run, train it again")
        if number > FORMAT:
            raise LabanError(
                f"{place} was written by a newer version (format {number}, this one reads up to "
                f"{FORMAT}): update laban"
            )
        return cls(
            recipe=facts["recipe"],
            skeleton=Skeleton.from_json(facts["skeleton"]),
            channels=facts["channels"],
            stream=facts["stream"],
            benchmark=Benchmark.from_json(facts["benchmark"], place),
            notes=facts["notes"],
            **more,
        )

    def check(self, skeleton: Skeleton, channels: int, place: str) -> None:
        """Refuses input of another layout.

        Raises:
            LabanError: Naming the place and what differs.
        """
        if skeleton.joints != self.skeleton.joints:
            raise LabanError(
                f"{place} has skeleton {skeleton.name}, this run takes {self.skeleton.name}: map "
                "it with 'laban convert --skeleton' or laban.map_clip"
            )
        if channels != self.channels:
            raise LabanError(f"{place} has {channels} channels, this run takes {self.channels}")

    def check_clip(self, clip: Clip) -> None:
        """Refuses what this network cannot judge.

        Raises:
            LabanError: Where the layout differs, nobody is there, or a number is not finite.
        """
        check_clip(clip)
        self.check(clip.skeleton, clip.poses.shape[-1], f"clip {clip.name}")
        if not clip.present.any():
            raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")
