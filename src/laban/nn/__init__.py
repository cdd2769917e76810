"""Parts of networks that more than one encoder needs."""

from laban.nn.classifier import Classifier
from laban.nn.features import Features, masked_mean
from laban.nn.linear import LinearNorm, TimeConvNorm
from laban.nn.norm import MaskedBatchNorm
from laban.nn.persons import Scope, fold_persons, unfold_persons
from laban.nn.position import Kind, PositionCode, sinusoid
from laban.nn.tanh_attention import Strategy, TanhMaps, attention_scores

__all__ = [
    "Classifier",
    "Features",
    "Kind",
    "LinearNorm",
    "MaskedBatchNorm",
    "PositionCode",
    "Scope",
    "Strategy",
    "TanhMaps",
    "TimeConvNorm",
    "attention_scores",
    "fold_persons",
    "masked_mean",
    "sinusoid",
    "unfold_persons",
]
