"""Random numbers for a batch: one independent row a clip, whatever the batch around it.

A pipeline's view and an objective's masks must draw per clip, and a clip must get the same draw
however a batch is cut over processes, devices or accumulation steps. So the numbers are a pure
function of (generator's next number, the clip's key, a counter): splitmix64 (Steele, Lea, Flood
2014, https://doi.org/10.1145/2660193.2660195), which is a few integer operations on any device and
gives the same bits on all of them.
"""

import hashlib
import math
from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Draws", "name_keys"]

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64, shape kept: ``(...) -> (...)``."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mix(x: Tensor) -> Tensor:
    """The splitmix64 finaliser of int64 numbers, shape kept: ``(...) -> (...)``."""
    x = (x ^ _shift(x, 30)) * _MIX_1
    x = (x ^ _shift(x, 27)) * _MIX_2
    return x ^ _shift(x, 31)


def name_keys(names: Iterable[str]) -> Tensor:
    """(N,) names of clips -> (N,) int64 keys that hang on nothing else, such as a store's order."""
    made = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return torch.tensor(
        [int.from_bytes(key, "big", signed=True) for key in made], dtype=torch.int64
    )


class Draws:
    """Rows of random numbers, one a clip.

    Args:
        generator: Gives one number for the whole batch, so two calls differ.
        keys: int64 (B,), what identifies each clip: a batch's keys, or `name_keys` where a draw
            must be the same in every store.
    """

    def __init__(self, generator: torch.Generator, keys: Tensor) -> None:
        device = generator.device
        salt = torch.randint(-(2**62), 2**62, (1,), generator=generator, device=device)
        self._rows = _mix(_mix(keys + _GOLDEN) ^ salt.to(keys.device))
        self._calls = 0

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Numbers in [low, high): ``-> (B, *shape)`` float32."""
        # Every call counts from a far place of its own: a call's size, which may depend on the
        # batch, must not move the next call's numbers.
        self._calls += 1
        place = torch.arange(math.prod(shape), device=self._rows.device) + (self._calls << 32)
        bits = _mix(self._rows[:, None] + place * _GOLDEN)
        unit = _shift(bits, 40).to(torch.float32) * 2.0**-24
        return (low + (high - low) * unit).reshape(-1, *shape)

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        """Normal numbers of mean 0 (Box and Muller): ``-> (B, *shape)`` float32."""
        radius = torch.sqrt(-2 * torch.log1p(-self.uniform(*shape)))
        return scale * radius * torch.cos(2 * math.pi * self.uniform(*shape))

    def coin(self, *shape: int, probability: float = 0.5) -> Tensor:
        """True with the probability: ``-> (B, *shape)`` bool."""
        return self.uniform(*shape) < probability
