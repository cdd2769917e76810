"""A GRU that goes on with a pose, frame by frame, from what an encoder made of the seen ones.

Martinez, Black and Romero 2017, https://arxiv.org/abs/1705.02445: one layer of gated recurrent
units; what it adds to the last pose is predicted (their residual connection, section 3.3), and it
is fed its own poses in training too (their sampling-based loss, section 3.2).

Differs from the paper: the state begins as a map of the encoder's feature, since the encoder is
another network here; the map to the next step begins at zero, so that an untrained decoder is the
baseline which its residual connection stands for.
"""

from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["MotionDecoder", "Residual"]

Residual = Literal["pose", "velocity"]


class MotionDecoder(nn.Module):
    """The decoder.

    Args:
        features: Width of the encoder's feature.
        pose: Numbers of a pose.
        width: Units of the recurrent layer.
        residual: What a step is added to: the last ``pose``, as in the paper, or what the pose
            would be with the last ``velocity``, which is then an input too.
    """

    def __init__(
        self, features: int, pose: int, *, width: int = 1024, residual: Residual = "pose"
    ) -> None:
        super().__init__()
        self.residual = residual
        self.start = nn.Linear(features, width)
        self.cell = nn.GRUCell(pose * (2 if residual == "velocity" else 1), width)
        self.step = nn.Linear(width, pose)
        nn.init.zeros_(self.step.weight)
        nn.init.zeros_(self.step.bias)

    def forward(self, features: Tensor, pose: Tensor, velocity: Tensor, frames: int) -> Tensor:
        """``(N, D), (N, P), (N, P) -> (N, frames, P)``: the poses that follow.

        Args:
            features: What was seen, encoded.
            pose: The last seen pose.
            velocity: Its difference to the one before.
            frames: How many follow.
        """
        state, poses = torch.tanh(self.start(features)), []
        carries = self.residual == "velocity"
        for _ in range(frames):
            state = self.cell(torch.cat((pose, velocity), 1) if carries else pose, state)
            step = self.step(state)
            velocity = velocity + step if carries else step
            pose = pose + velocity
            poses.append(pose)
        return torch.stack(poses, 1)
