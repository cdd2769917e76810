"""The networks of the five papers in their authors' own code, imported from copies of it.

Nothing of that code is here. It is imported by path at run time, from a folder that holds a copy of
each repository under the name that GitHub gives it (``lshiwjx+DSTA-Net`` or ``DSTA-Net``), and
changed in nothing but what keeps it from running on a CPU with today's packages:
- ``cuda()`` gives back what it is called on.
- Packages that the networks import and do not need are empty modules: tqdm, sacred's ``config`` of
  PSTL (whose options are then given as arguments), ST-TR's data feeder.
- ST-TR's dropout, which overwrites what a backward pass needs, makes a tensor of its own.
- What they print goes nowhere.
"""

import contextlib
import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

REPOSITORIES = ("PSTL", "DSTA-Net", "ST-TR", "Hi-TRS", "STST")


def folder_of(repos: Path, name: str) -> Path:
    """The copy of a repository; an error where there is none."""
    for folder in sorted(repos.iterdir()):
        if folder.name.split("+")[-1] == name:
            return folder
    raise FileNotFoundError(f"{repos} has no folder {name}: check the repository out there")


@contextlib.contextmanager
def at_home(folder: Path, **modules: ModuleType) -> Iterator[None]:
    """Imports from a folder, on a CPU, in silence, with modules in place of missing ones."""
    sys.path.insert(0, str(folder))
    sys.modules.update(modules)
    for kind in (Tensor, nn.Module):
        kind.cuda = lambda self, *_: self  # type: ignore[assignment]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
    sys.path.remove(str(folder))


def package(name: str, folder: Path) -> ModuleType:
    """A package whose ``__init__`` does not run."""
    module = ModuleType(name)
    module.__path__, module.__spec__ = [str(folder)], ModuleSpec(name, None)
    return module


class Quiet(nn.Module):
    """A network that prints, which takes our poses.

    Args:
        network: The authors' network.
        call: (network, poses (B, M, T, V, C)) -> scores.
    """

    def __init__(self, network: nn.Module, call: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.call = network, call

    def forward(self, poses: Tensor) -> Tensor:
        """(B, M, T, V, C) -> (B, K)."""
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            return self.call(self.network, poses)


def channels_first(poses: Tensor) -> Tensor:
    """(B, M, T, V, C) -> (B, C, T, V, M), the authors' order in all but Hi-TRS."""
    return poses.permute(0, 4, 2, 3, 1).contiguous()


DSTA_LAYERS = ([64, 64, 16, 1],) * 2 + ([64, 128, 32, 2], [128, 128, 32, 1], [128, 256, 64, 2])
DSTA_LAYERS = [*DSTA_LAYERS, *([256, 256, 64, 1],) * 3]
STST_LAYERS = [[64, 64, 16, 1], [64, 128, 32, 1], [128, 256, 64, 1], [256, 256, 64, 1]]


def dsta_net(repos: Path, **options: Any) -> Quiet:
    """DSTA-Net as shipped for SHREC'17; options as the configuration names them."""
    with at_home(folder_of(repos, "DSTA-Net")):
        make = importlib.import_module("model.dstanet").DSTANet
        shipped = {"num_class": 14, "num_point": 22, "num_frame": 128, "num_person": 1}
        network = make(**shipped | {"config": DSTA_LAYERS} | options)
    return Quiet(network, lambda network, poses: network(channels_first(poses)))


def dsta_net_ntu(repos: Path) -> Quiet:
    """DSTA-Net as shipped for NTU RGB+D: convolutions over time."""
    sizes = {"num_class": 60, "num_point": 25, "num_person": 2}
    return dsta_net(repos, **sizes, use_temporal_att=False, att_t=False)


def stst(repos: Path) -> Quiet:
    """STST as shipped for SHREC'17 with 28 classes."""
    with at_home(folder_of(repos, "STST")):
        network = importlib.import_module("model.stst").STST_option(
            num_class=28,
            num_point=22,
            num_frame=40,
            attention_head_S=3,
            attention_head_T=2,
            num_person=1,
            parallel=True,
            T_atten="context_new",
            directed=True,
            config=STST_LAYERS,
        )
    return Quiet(network, lambda network, poses: network(channels_first(poses))[0])


def st_tr(repos: Path, *, over: str) -> Quiet:
    """S-TR (over joints) or T-TR (over frames) as shipped for NTU RGB+D, joint and bone input."""
    code = folder_of(repos, "ST-TR") / "code"
    both = code / "st_gcn"
    stubs = {"st_gcn": package("st_gcn", both), "tqdm": package("tqdm", both)}
    with at_home(code, **stubs):
        importlib.import_module("st_gcn.graph")
        sys.modules["st_gcn"].graph = sys.modules["st_gcn.graph"]  # type: ignore[attr-defined]
        network = importlib.import_module("st_gcn.net.st_gcn").Model(
            channel=6,
            num_class=60,
            window_size=300,
            num_point=25,
            num_person=2,
            mask_learning=True,
            use_data_bn=True,
            attention=over == "joints",
            tcn_attention=over == "frames",
            only_attention=True,
            only_temporal_attention=True,
            attention_3=False,
            relative=False,
            kernel_temporal=9,
            double_channel=True,
            drop_connect=True,
            concat_original=True,
            all_layers=False,
            data_normalization=True,
            visualization=False,
            skip_conn=True,
            adjacency=False,
            bn_flag=True,
            weight_matrix=2,
            more_channels=False,
            agcn=False,
            dv=0.25,
            dk=0.25,
            Nh=8,
            n=4,
            dim_block1=10,
            dim_block2=30,
            dim_block3=75,
            device=[0],
            graph="st_gcn.graph.NTU_RGB_D",
            graph_args={"labeling_mode": "spatial"},
        )
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.inplace = False
    return Quiet(network, lambda network, poses: network(channels_first(poses), None, None))


def hi_trs(repos: Path) -> Quiet:
    """Hi-TRS as shipped for NTU RGB+D; takes clips already cut, (B, M, clips, 7, V, C)."""
    with at_home(folder_of(repos, "Hi-TRS")):
        make = importlib.import_module("model.Hi_TRS_AR").Hi_TRS_AR
        network = make(w_size=7, d_model=128, nhead=8, d_att=64, dp_rate=0.2, layer_num=3,
                       label_num=60)  # fmt: skip

    def call(network: nn.Module, clips: Tensor) -> Tensor:
        nobody = clips.new_zeros(clips.shape[0], clips.shape[1], clips.shape[2] + 1)
        return network(clips.permute(0, 2, 3, 1, 4, 5), nobody)

    return Quiet(network, call)


def pstl(repos: Path) -> Quiet:
    """PSTL's ST-GCN as shipped: features (B, 256)."""
    with at_home(folder_of(repos, "PSTL")):
        network = importlib.import_module("module.gcn.st_gcn").Model(
            in_channels=3,
            hidden_channels=16,
            hidden_dim=256,
            dropout=0.5,
            graph_args={"layout": "ntu-rgb+d", "strategy": "spatial"},
            edge_importance_weighting=True,
        )
    return Quiet(network, lambda network, poses: network(channels_first(poses)))


class PSTLStep(nn.Module):
    """PSTL's pre-training step up to its loss, in the authors' code and order.

    Args:
        repos: The folder with the copies.
        width: Of the projector; the shipped 6144.
    """

    def __init__(self, repos: Path, width: int = 6144) -> None:
        super().__init__()
        self.encoder = pstl(repos).network
        config = ModuleType("config")
        config.ex = SimpleNamespace(capture=lambda made: made)  # type: ignore[attr-defined]
        with at_home(folder_of(repos, "PSTL"), config=config):
            self.parts = importlib.import_module("model")
        self.head = self.parts.BTwins(hidden_size=256, lambd=2e-4, pj_size=width)

    def forward(self, poses: Tensor) -> Tensor:
        """(B, M, T, V, C) -> loss ()."""
        parts, data = self.parts, channels_first(poses)
        gone = parts.central_spacial_mask(8)

        def view() -> Tensor:
            sheared = parts.shear(parts.crop(data), 1)
            return parts.random_spatial_flip(parts.random_rotate(sheared))

        anchor = self.encoder(view())
        short = self.encoder(parts.motion_att_temp_mask(view(), 10))
        few = self.encoder(view(), gone)
        return self.head(anchor, short) + self.head(anchor, few)


def seeded(module: nn.Module) -> nn.Module:
    """The module with weights that keep their input's size, and batch statistics of their own.

    With those of its start an untrained network in evaluation lets its features grow out of range.
    """
    torch.manual_seed(0)
    random.seed(0)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_mean"):
                tensor.normal_(0, 0.1)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif name.endswith("weight") and tensor.dim() >= 2:
                tensor.normal_(0, 0.7 / tensor[0].numel() ** 0.5)
    return module
