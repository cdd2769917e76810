"""Parts of networks that more than one encoder needs."""

from laban.nn.adaptive_graph import AdaptiveMaps
from laban.nn.attention_maps import AttentionMaps, Directions, Strategy, attention_scores
from laban.nn.attention_module import (
    AttentionModule,
    TimeConvolution,
    fan_out_start,
    strided,
    zero_absent,
)
from laban.nn.classifier import Classifier, Pooled
from laban.nn.drop_attention import DropAttention, attend
from laban.nn.dropout import Dropout
from laban.nn.features import Features, masked_mean, present_features
from laban.nn.graph import (
    GraphConv,
    GraphConvNorm,
    choose_maps,
    directed_partition,
    spatial_partition,
)
from laban.nn.joint_attention import AttendingBlocks, MeanMaps, mean_maps
from laban.nn.joint_norm import InputNorm, JointNorm
from laban.nn.linear import LinearNorm, TimeConvNorm
from laban.nn.motion_decoder import MotionDecoder, Residual
from laban.nn.norm import MaskedBatchNorm
from laban.nn.options import check_counts, check_shape, check_shares, check_words
from laban.nn.persons import Scope, fold_persons, unfold_persons
from laban.nn.position import Position, PositionCode, position_code, sinusoid
from laban.nn.processes import gathered_over_processes, shared_mean, summed_over_processes
from laban.nn.softmax_attention import SoftmaxMaps, TransformerBlock
from laban.nn.tanh_attention import TanhMaps
from laban.nn.tokens import JointTokens
from laban.nn.transformer import PreNormBlock, TokenTransformer
from laban.nn.windows import Windows, sliding_windows

__all__ = [
    "AdaptiveMaps",
    "AttendingBlocks",
    "AttentionMaps",
    "AttentionModule",
    "Classifier",
    "Directions",
    "DropAttention",
    "Dropout",
    "Features",
    "GraphConv",
    "GraphConvNorm",
    "InputNorm",
    "JointNorm",
    "JointTokens",
    "LinearNorm",
    "MaskedBatchNorm",
    "MeanMaps",
    "MotionDecoder",
    "Pooled",
    "Position",
    "PositionCode",
    "PreNormBlock",
    "Residual",
    "Scope",
    "SoftmaxMaps",
    "Strategy",
    "TanhMaps",
    "TimeConvNorm",
    "TimeConvolution",
    "TransformerBlock",
    "attend",
    "TokenTransformer",
    "Windows",
    "attention_scores",
    "check_counts",
    "check_shape",
    "check_shares",
    "check_words",
    "choose_maps",
    "directed_partition",
    "fan_out_start",
    "fold_persons",
    "gathered_over_processes",
    "masked_mean",
    "mean_maps",
    "position_code",
    "present_features",
    "shared_mean",
    "sinusoid",
    "spatial_partition",
    "strided",
    "sliding_windows",
    "summed_over_processes",
    "unfold_persons",
    "zero_absent",
]
