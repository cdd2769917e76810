"""Parts of networks that more than one encoder needs."""

from laban.nn.classifier import Classifier
from laban.nn.features import Features, masked_mean
from laban.nn.linear import LinearNorm, TimeConvNorm
from laban.nn.norm import MaskedBatchNorm
from laban.nn.options import check_words
from laban.nn.persons import Scope, fold_persons, unfold_persons
from laban.nn.position import Position, PositionCode, position_code, sinusoid
from laban.nn.tanh_attention import Strategy, TanhMaps, attention_scores

__all__ = [
    "Classifier",
    "Features",
    "LinearNorm",
    "MaskedBatchNorm",
    "Position",
    "PositionCode",
    "Scope",
    "Strategy",
    "TanhMaps",
    "TimeConvNorm",
    "attention_scores",
    "check_words",
    "fold_persons",
    "masked_mean",
    "position_code",
    "sinusoid",
    "unfold_persons",
]
