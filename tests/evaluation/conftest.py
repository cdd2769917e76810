"""A toy run that was pre-trained, for the protocols that judge encoders."""

import sys
from types import SimpleNamespace

import pytest

from laban.cli import main


@pytest.fixture(scope="session")
def pretrained(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("pretrained") / "run"
    stub = SimpleNamespace(write_pretraining_report=lambda *_: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "laban.report", stub)
        arguments = [str(toy / "pretrain.yaml"), "--data", str(toy / "store.arrow")]
        assert main(["pretrain", *arguments, "--out", str(out)]) == 0
    return out
