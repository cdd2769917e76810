"""STST's multi-task self-supervision: which joint is it, where was it, in which order did it come.

Zhang et al., "STST: Spatial-Temporal Specialized Transformer for Skeleton-based Action
Recognition", ACM Multimedia 2021, https://doi.org/10.1145/3474085.3475473, section 3.5; code
https://github.com/HanzoZY/STST.

The idea: three kinds of information may be wrong in a recording, and a task for each makes the
encoder stand it. Semantic tokens of some joints are masked in all frames, and what the encoder
says of those joints must tell which they are (Eq. 16). Coordinates of some joints in some frames
are masked and must be found again (Eq. 17). The clip is cut into K segments, and which of the K!
orders they were put in must be told (Eq. 18).

Of what is selected 80 % is masked, 10 % is something else and 10 % stays. The losses are means over
the selected where the equations write sums, over all processes.

The paper leaves open: the share that is selected (15 %, BERT's) and K (3, as in its code). Heads
are those of the official code: linear map, batch normalisation, leaky ReLU, linear map. A joint is
told by the mean of its features over frames and persons, an order by the mean over everything.
Every clip is reordered, and to leave it as it is counts as one of the K! orders.

On other encoders than STST the tasks carry over like this:
- Semantic tokens are STST's own: the task needs an encoder that has them.
- Coordinates are read off the joint's feature in that frame. Where strides leave fewer frames T' of
  T, frame t is read off feature floor(t T' / T), to which the sinusoid of the frame's place among
  those that share the feature is added. Features without joints do not carry them: Hi-TRS's above
  its frame level.
- Segments are reordered in the view. Hi-TRS's features at the frame level know no order.

Differs from the official code: STST's paper is followed where the two part (squared distance of the
masked joints alone, normal noise with a variance of 1; ``shipped``: absolute distance of all
joints, uniform noise). Two more tasks of its code, which the paper does not have, are not here.
"""

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.errors import LabanError
from laban.objectives.recognition import Recognition
from laban.objectives.stst_heads import STSTHeads
from laban.pipelines import View

__all__ = ["RecognitionSTST", "STSTTasks"]


class STSTTasks(nn.Module):
    """The tasks alone: pre-training without labels.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        semantic: Whether joints are to be told by their features (PS).
        coordinates: Whether masked coordinates are to be found (PC).
        permutation: Whether the order of segments is to be told (PT).
        share: Probability that a joint, or a joint in a frame, is selected.
        segments: In how many a clip is cut, K.
        shipped: The official coordinate task: of the joints of all frames, the same in all clips
            of a batch, a tenth is zero and a tenth moved by up to 0.5, and all are judged by their
            absolute errors.
    """

    compares = 2  # clips of a step, at least: the heads normalise over them

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        semantic: bool = True,
        coordinates: bool = True,
        permutation: bool = True,
        share: float = 0.15,
        segments: int = 3,
        shipped: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.view = encoder, view
        self.tasks = STSTHeads(
            encoder,
            joints=len(view.pipeline.skeleton),
            semantic=semantic,
            coordinates=coordinates,
            permutation=permutation,
            share=share,
            segments=segments,
            shipped=shipped,
        )

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        poses, present = self.view(batch, generator)
        poses = poses.to(next(self.encoder.parameters()).dtype)
        losses = self.tasks(self.encoder, poses, present, batch.keys, generator)
        loss = torch.stack(list(losses.values())).sum()
        return loss, {name: value.detach() for name, value in (losses | {"loss": loss}).items()}


class RecognitionSTST(Recognition):
    """Recognition and the tasks together, on one view (section 3.6).

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        classes: How many classes there are.
        smoothing: Share of recognition's target spread evenly over all classes.
        weight: Of each task (section 4.2; official code: 0.1).
        semantic: Whether joints are to be told by their features (PS).
        coordinates: Whether masked coordinates are to be found (PC).
        permutation: Whether the order of segments is to be told (PT).
        share: Probability that a joint, or a joint in a frame, is selected.
        segments: In how many a clip is cut, K.
        shipped: The official coordinate task: of the joints of all frames, the same in all clips
            of a batch, a tenth is zero and a tenth moved by up to 0.5, and all are judged by their
            absolute errors.
    """

    compares = STSTTasks.compares

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        classes: int,
        smoothing: float = 0.0,
        weight: float = 0.2,
        semantic: bool = True,
        coordinates: bool = True,
        permutation: bool = True,
        share: float = 0.15,
        segments: int = 3,
        shipped: bool = False,
    ) -> None:
        super().__init__(encoder, view, classes=classes, smoothing=smoothing)
        if weight < 0:
            raise LabanError(f"the objective's weight is {weight}, give 0 or more")
        self.weight = weight
        self.tasks = STSTHeads(
            encoder,
            joints=len(view.pipeline.skeleton),
            semantic=semantic,
            coordinates=coordinates,
            permutation=permutation,
            share=share,
            segments=segments,
            shipped=shipped,
        )

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; every clip of the batch has a label."""
        generator = generator or torch.Generator().manual_seed(0)
        poses, present = self.view(batch, generator)
        loss, logs = self.graded(self.scores_of(poses, present), batch.labels)
        poses = poses.to(self.model.head.weight.dtype)
        losses = self.tasks(self.model.encoder, poses, present, batch.keys, generator)
        loss = loss + self.weight * torch.stack(list(losses.values())).sum()
        logs |= {name: value.detach() for name, value in losses.items()}
        return loss, logs | {"loss": loss.detach()}
