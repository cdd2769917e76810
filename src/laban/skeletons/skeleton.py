"""What a joint layout is, and how the built-in ones are written down.

Conventions: joints count from 0; *left* and *right* are the person's own; a bone points from the
parent to the child; the root is its own parent, so its bone is zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from laban.errors import LabanError, unknown_name

__all__ = ["Skeleton", "layout", "tree"]


@dataclass(frozen=True)
class Skeleton:
    """A joint layout.

    Attributes:
        name: The layout's word, such as ``kinect-v2``.
        joints: Joint names in the order of the arrays' V axis.
        parents: For each joint the index of its parent; a root is its own parent.
        mirror: For each joint the index of its left-right counterpart, itself on the midline.
        parts: Body parts by name, each a tuple of joint indices.
        spine: Names of the two joints whose bone gives a body its upright direction and its size.
        across: Names of two joints that lie on a left-to-right line, from the person's right to
            the left; None where the layout has no such line.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...] = ()
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    spine: tuple[str, str] | None = None
    across: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        count = len(self.joints)
        if len(set(self.joints)) != count or count == 0:
            raise LabanError(f"skeleton '{self.name}': joint names must be there and differ")
        if not self.mirror:
            object.__setattr__(self, "mirror", tuple(range(count)))
        for what, numbers in (("parents", self.parents), ("mirror", self.mirror)):
            if len(numbers) != count or not all(0 <= n < count for n in numbers):
                raise LabanError(
                    f"skeleton '{self.name}': {what} must give one joint index for each of "
                    f"the {count} joints"
                )
        if any(self.mirror[self.mirror[j]] != j for j in range(count)):
            raise LabanError(f"skeleton '{self.name}': mirror must be its own inverse")
        _ = self.order

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """The place of a named joint on the V axis."""
        if joint not in self.joints:
            raise unknown_name(f"joint of skeleton {self.name}", joint, self.joints)
        return self.joints.index(joint)

    @property
    def root(self) -> int:
        """The first joint that is its own parent."""
        return next(j for j, parent in enumerate(self.parents) if j == parent)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All joints, parents before children."""
        placed: list[int] = [j for j, parent in enumerate(self.parents) if j == parent]
        seen = set(placed)
        for _ in self.joints:
            fresh = [j for j, p in enumerate(self.parents) if j not in seen and p in seen]
            placed += fresh
            seen.update(fresh)
        if len(placed) != len(self.joints):
            raise LabanError(f"skeleton '{self.name}': parents form a loop without a root")
        return tuple(placed)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """Pairs (parent, child), one for every joint that is not a root."""
        return tuple((p, j) for j, p in enumerate(self.parents) if p != j)

    def to_json(self) -> dict:
        """A JSON value that `from_json` turns back into an equal skeleton."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "parents": list(self.parents),
            "mirror": list(self.mirror),
            "parts": {part: list(joints) for part, joints in self.parts.items()},
            "spine": list(self.spine) if self.spine else None,
            "across": list(self.across) if self.across else None,
        }

    @classmethod
    def from_json(cls, value: Mapping) -> "Skeleton":
        """The skeleton that `to_json` wrote."""
        return cls(
            name=value["name"],
            joints=tuple(value["joints"]),
            parents=tuple(value["parents"]),
            mirror=tuple(value["mirror"]),
            parts={part: tuple(joints) for part, joints in value["parts"].items()},
            spine=tuple(value["spine"]) if value["spine"] else None,
            across=tuple(value["across"]) if value["across"] else None,
        )


def layout(
    name: str,
    parents_by_name: Mapping[str, str],
    parts: Mapping[str, str],
    *,
    spine: tuple[str, str],
    across: tuple[str, str] | None,
) -> Skeleton:
    """A skeleton from joint: parent in V order, and parts as blank-separated joint names."""
    joints = tuple(parents_by_name)
    swap = {"left": "right", "right": "left"}

    def twin(joint: str) -> str:
        return "-".join(swap.get(word, word) for word in joint.split("-"))

    return Skeleton(
        name=name,
        joints=joints,
        parents=tuple(joints.index(parent) for parent in parents_by_name.values()),
        mirror=tuple(joints.index(twin(joint)) for joint in joints),
        parts={part: tuple(joints.index(j) for j in text.split()) for part, text in parts.items()},
        spine=spine,
        across=across,
    )


def tree(text: str) -> dict[str, str]:
    """Joint to parent in V order, from blank-separated ``joint:parent``."""
    return dict(word.split(":") for word in text.split())
