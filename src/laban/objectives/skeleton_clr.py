"""SkeletonCLR: a clip's two views are told from those of other clips, which a queue remembers.

Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021,
https://arxiv.org/abs/2104.14233, section 3.1; code https://github.com/LinguoLi/CrosSCLR. Its
contrast is MoCo's, https://arxiv.org/abs/1911.05722.

The idea: an encoder and a projector embed one view of a clip, the query; a second pair, which
follows the first slowly, embeds another, the key. The query must be nearer to its key than to the
keys of the last 32,768 clips.

Settled by the official code: 128 numbers in an embedding, of a length of 1; a projector with one
hidden layer, as wide as the features; the queue starts with random directions; the followers move
before they embed, and normalise by their own batch.

Unusual here:
- The queue takes the keys of all processes in the order of the batch.
- Followers and queue are weights of the objective, so a resumed training goes on with them.
- The augmentation is the pipeline's view, drawn anew for query and key.
- Each part of a batch that ``training.accumulate`` makes moves followers and queue by itself.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.batch import Batch
from laban.errors import LabanError
from laban.nn import gathered_over_processes, masked_mean
from laban.nn.processes import world_size
from laban.pipelines import View

__all__ = ["SkeletonCLR"]


class SkeletonCLR(nn.Module):
    """Query and key encoder, their projectors and the queue.

    Args:
        encoder: Gives features (B, M, T', V', D); the query's.
        view: The pipeline's view of the stream.
        width: Of the embeddings.
        queue: Keys that are remembered, as many as a batch has clips at least.
        momentum: Share that the key's weights keep at each step.
        temperature: What similarities are divided by, tau.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        width: int = 128,
        queue: int = 32768,
        momentum: float = 0.999,
        temperature: float = 0.07,
    ) -> None:
        super().__init__()
        if width < 1 or queue < 1 or not 0 <= momentum <= 1 or temperature <= 0:
            raise LabanError(
                f"the objective's width is {width}, queue {queue}, momentum {momentum} and "
                f"temperature {temperature}: give 1 or more, 1 or more, a share and a number above "
                "0"
            )
        self.encoder, self.view = encoder, view
        self.momentum, self.temperature = momentum, temperature
        features = int(encoder.dim)  # type: ignore[arg-type]
        self.projector = nn.Sequential(
            nn.Linear(features, features), nn.ReLU(), nn.Linear(features, width)
        )
        self.key_encoder = deepcopy(encoder).requires_grad_(False)
        encoder.register_load_state_dict_post_hook(self._follow)
        self.key_projector = deepcopy(self.projector).requires_grad_(False)
        self.queue: Tensor
        self.register_buffer("queue", F.normalize(torch.randn(queue, width), dim=1))
        self.place: Tensor
        self.register_buffer("place", torch.tensor(0))

    def _follow(self, encoder: nn.Module, _: object) -> None:
        """An encoder that is given another run's weights gives them to its follower too.

        Where a whole objective is loaded, the follower's own come behind these.
        """
        self.key_encoder.load_state_dict(encoder.state_dict())

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        query = self.embed(self._features(batch, generator))
        keys = self.keys(batch, generator)
        loss = F.cross_entropy(self.logits(query, keys), torch.zeros_like(batch.labels))
        self.remember(keys)
        return loss, {"loss": loss.detach()}

    def augmented(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A view: ``Batch (B, M, T, V, C) -> (B, M, T', V, C'), (B, M, T')``."""
        poses, present = self.view(batch, generator)
        return poses.to(self.queue.dtype), present

    def _features(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Of the query's view: ``Batch -> (B, D)``."""
        return masked_mean(self.encoder(*self.augmented(batch, generator)))

    def embed(self, features: Tensor) -> Tensor:
        """The query's projector: (B, D) -> embeddings (B, D') with a length of 1."""
        return _unit(self.projector(features.to(self.queue.dtype)))

    @torch.no_grad()
    def keys(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Moves the followers, then embeds another view: ``Batch -> (B, D')``."""
        pairs = (self.key_encoder, self.encoder), (self.key_projector, self.projector)
        for follower, leader in pairs:
            for key, query in zip(follower.parameters(), leader.parameters(), strict=True):
                key.lerp_(query, 1 - self.momentum)
        features = masked_mean(self.key_encoder(*self.augmented(batch, generator)))
        return _unit(self.key_projector(features.to(self.queue.dtype)))

    def logits(self, query: Tensor, keys: Tensor) -> Tensor:
        """Similarities to the own key and the remembered, by tau: ``(B, D) -> (B, 1 + queue)``."""
        with torch.autocast(query.device.type, enabled=False):
            near = (query * keys).sum(1, keepdim=True)
            # A copy: the queue changes before the backward pass.
            far = query @ self.queue.clone().T
            return torch.cat((near, far), 1) / self.temperature

    @torch.no_grad()
    def remember(self, keys: Tensor) -> None:
        """The keys (B, D) of all processes replace the oldest of the queue."""
        rows, _ = gathered_over_processes(keys)
        # Each process holds every n-th clip of the batch.
        rows = rows.unflatten(0, (world_size(), -1)).transpose(0, 1).flatten(0, 1)
        size = len(self.queue)
        if len(rows) > size:
            raise LabanError(
                f"the objective's queue remembers {size} clips and a batch has {len(rows)}: give "
                "objective.queue as many at least"
            )
        places = (self.place + torch.arange(len(rows), device=rows.device)) % size
        self.queue[places] = rows.to(self.queue.dtype)
        self.place.copy_((self.place + len(rows)) % size)


def _unit(x: Tensor) -> Tensor:
    """(B, D) -> (B, D) of length 1, in float32 at least."""
    return F.normalize(x.to(torch.promote_types(x.dtype, torch.float32)), dim=1)
