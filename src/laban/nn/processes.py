"""Numbers of a whole batch where several processes hold parts of it, on CPU and GPU alike.

A loss that is no plain mean over clips must be that of the whole batch: then several processes
train as one. The gradients that ``torch.distributed`` averages over processes are those of the mean
of their losses, which is what `shared_mean` and the gradient of `summed_over_processes` count on.
"""

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["gathered_over_processes", "shared_mean", "summed_over_processes", "world_size"]


class _Sum(torch.autograd.Function):
    """The sum over processes; a gradient is summed over them too, as each one's loss counts."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        total = grad.contiguous().clone()
        dist.all_reduce(total)
        return total


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def summed_over_processes(x: Tensor) -> Tensor:
    """The sum of every process's tensor, shape kept: (...) -> (...); its gradient is summed too."""
    return _Sum.apply(x) if world_size() > 1 else x


def shared_mean(values: Tensor, counts: Tensor) -> Tensor:
    """This process's part of a mean over what counts in all processes: (...), (...) bool -> ().

    The mean of the parts over the processes is the mean of the whole; nothing counted gives 0.
    """
    wide = values.to(torch.promote_types(values.dtype, torch.float32))
    seen = summed_over_processes(counts.sum().to(wide.dtype))
    return wide.masked_fill(~counts, 0).sum() * world_size() / seen.clamp(min=1)


@torch.no_grad()
def gathered_over_processes(x: Tensor) -> tuple[Tensor, int]:
    """Rows of all processes, without gradient: (N, ...) -> (N1 + N2 + ..., ...), own first row.

    Processes may hold different numbers of rows.
    """
    x = x.detach()
    if world_size() == 1:
        return x, 0
    counts = [torch.zeros(1, dtype=torch.long, device=x.device) for _ in range(world_size())]
    dist.all_gather(counts, torch.tensor([len(x)], device=x.device))
    sizes = [int(count) for count in counts]
    padded = x.new_zeros(max(sizes), *x.shape[1:])
    padded[: len(x)] = x
    parts = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(parts, padded)
    rows = torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
    return rows, sum(sizes[: dist.get_rank()])
