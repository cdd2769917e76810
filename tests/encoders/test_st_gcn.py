import pytest
import torch
import torch.nn.functional as F

from laban.encoders import STGCN
from laban.errors import LabanError
from laban.nn import Classifier, masked_mean, spatial_partition
from laban.skeletons import SKELETONS

KINECT = SKELETONS["kinect-v2"]
SMALL = {"layers": ((8, 1), (12, 2), (12, 1)), "dropout": 0.0}
PSTL = ((16, 1),) * 4 + ((32, 2),) + ((32, 1),) * 2 + ((64, 2), (64, 1), (256, 1))


def size(module):
    return sum(p.numel() for p in module.parameters())


def close(got, wanted):
    scale = max(1.0, float(wanted.detach().abs().max()))
    torch.testing.assert_close(got, wanted, atol=2e-5 * scale, rtol=1e-4)


def shaken(module):
    for norm in module.modules():
        if hasattr(norm, "running_var"):
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
    for factor in getattr(module, "importance", []):
        torch.nn.init.normal_(factor, 1, 0.2)
    return module


def by_formula(layers, channels=3, joints=25, kernel=9):
    count, inputs = 2 * joints * channels, channels
    for number, (width, stride) in enumerate(layers):
        count += 3 * (inputs * width + width) + 2 * width + 3 * joints**2
        count += kernel * width**2 + width + 2 * width
        if number and (inputs != width or stride != 1):
            count += inputs * width + 3 * width
        inputs = width
    return count


def test_sizes_of_the_original_and_of_pstl():
    original, small = STGCN(KINECT), STGCN(KINECT, layers=PSTL)
    assert (original.dim, small.dim) == (256, 256)
    assert size(small) == by_formula(PSTL) == 821_380  # 0.82 million
    layers = ((64, 1),) * 4 + ((128, 2),) + ((128, 1),) * 2 + ((256, 2),) + ((256, 1),) * 2
    assert size(original) == by_formula(layers) == 3_083_412
    assert size(Classifier(original, 60)) == size(original) + 257 * 60


def plain_norm(norm, z):
    return (z - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def plain(encoder, poses, partition):
    """One person in evaluation, from the equations: (T, V, C) -> (T', V', C')."""
    norm = encoder.norm.norm.norm
    x = plain_norm(norm, poses.flatten(1)).view(poses.shape)
    for block, factor in zip(encoder.blocks, encoder.importance, strict=True):
        conv, y = block.spatial.conv, 0
        for k in range(3):
            z = x @ conv.weight[:, k].T + conv.bias[k]
            y = y + torch.einsum("wv,tvc->twc", partition[k] * factor[k], z)
        y = plain_norm(block.spatial.norm, y).relu()
        conv, half = block.temporal.conv, block.temporal.conv.kernel_size[0] // 2
        padded = F.pad(y, (0, 0, 0, 0, half, half))
        times = range(0, len(y), block.stride)
        y = torch.stack(
            [
                sum(padded[t + d] @ conv.weight[:, :, d, 0].T for d in range(2 * half + 1))
                for t in times
            ]
        )
        y = plain_norm(block.temporal.norm, y + conv.bias)
        if block.shortcut is not None:
            linear = block.shortcut.linear
            z = x[:: block.stride] @ linear.weight.T + linear.bias
            y = y + plain_norm(block.shortcut.norm, z)
        elif not block.first:
            y = y + x
        x = y.relu()
    return x


@pytest.mark.parametrize(("partition", "farthest"), [("spatial", None), ("truncated", 1)])
def test_network_follows_its_equations(partition, farthest):
    encoder = shaken(STGCN(KINECT, partition=partition, **SMALL)).eval()
    poses = torch.randn(1, 1, 7, 25, 3)
    maps = spatial_partition(KINECT, farthest=farthest)
    close(encoder(poses).values[0, 0], plain(encoder, poses[0, 0], maps))


def test_a_sub_graph_is_the_network_of_its_rows_and_columns():
    """Normalised over the whole skeleton, then cut; the graph is not normalised again."""
    encoder = shaken(STGCN(KINECT, **SMALL)).eval()
    poses, joints = torch.randn(1, 1, 7, 25, 3), torch.tensor([3, 20, 2, 8])
    got = encoder(poses, joints=joints).values[0, 0]
    norm = encoder.norm.norm.norm
    cut = STGCN(KINECT, **SMALL).eval()
    cut.load_state_dict(encoder.state_dict())
    for factor in cut.importance:
        keep = torch.zeros(25, dtype=torch.bool)
        keep[joints] = True
        factor.data[:, :, ~keep] = 0  # nothing is taken from the others
    wanted = plain(cut, poses[0, 0], spatial_partition(KINECT))
    close(got, wanted[:, joints])
    assert norm.weight.shape == (75,)
    both = encoder(poses.repeat(2, 1, 1, 1, 1), joints=joints.repeat(2, 1)).values
    close(both[1, 0], got)


def test_statistics_of_the_input_count_the_whole_skeleton():
    encoder = STGCN(KINECT, **SMALL).train()
    encoder(3 + torch.randn(4, 1, 8, 25, 3), joints=torch.tensor([0, 1]))
    assert (encoder.norm.norm.norm.running_mean > 0.2).all()


def test_the_first_block_has_no_residual_and_no_dropout():
    encoder = STGCN(KINECT, layers=((3, 1), (3, 1), (3, 1)), dropout=0.25)
    assert [block.dropout.p for block in encoder.blocks] == [0, 0.25, 0.25]
    for block in encoder.blocks:
        torch.nn.init.zeros_(block.temporal.norm.weight)
    assert (encoder.eval()(torch.randn(1, 1, 8, 25, 3)).values == 0).all()


def test_absent_persons_as_zeros_are_averaged_in():
    encoder = shaken(STGCN(KINECT, absent_as_zeros=True, **SMALL)).eval()
    poses, present = torch.randn(1, 2, 8, 25, 3), torch.ones(1, 2, 8, dtype=torch.bool)
    present[:, 1] = False
    got = masked_mean(encoder(poses, present))
    poses[:, 1] = 0
    close(got, encoder(poses).values.mean((1, 2, 3)))


def test_options_and_poses_that_do_not_fit():
    with pytest.raises(LabanError, match="kernel is 4, give an odd"):
        STGCN(KINECT, kernel=4)
    with pytest.raises(LabanError, match="partition of st-gcn 'spatail'"):
        STGCN(KINECT, partition="spatail")
    with pytest.raises(LabanError, match="22 joints but this ST-GCN was made for 25"):
        STGCN(KINECT)(torch.randn(1, 1, 8, 22, 3))
    with pytest.raises(LabanError, match="6 channels but this ST-GCN was made for 3"):
        STGCN(KINECT)(torch.randn(1, 1, 8, 25, 6))
