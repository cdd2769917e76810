"""Several processes train as one, and what was saved goes on as what was not, bit for bit."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from laban.objectives import OBJECTIVES


def test_two_processes_take_the_steps_of_one(tmp_path):
    """Losses, weights, followers and queues after two steps, of clips of different lengths."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    script = Path(__file__).with_name("in_two_processes.py")
    done = subprocess.run(
        [*command, "--nproc-per-node", "2", str(script), str(tmp_path / "apart")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:3000]
    for rank in (0, 1):
        found = json.loads((tmp_path / f"apart.{rank}.json").read_text())
        assert found.keys() == OBJECTIVES.keys()
        for name, apart in found.items():
            assert max(apart.values()) < 1e-9, (name, max(apart, key=apart.get), apart)


@pytest.mark.parametrize("name", ["skeleton-clr", "aim-clr"])
def test_what_was_saved_goes_on_to_the_same_bits(name, made):
    def steps(objective, clips, optimiser, numbers):
        for number in numbers:
            loss, _ = objective(clips, torch.Generator().manual_seed(number))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def optimiser_of(objective):
        return torch.optim.SGD(objective.parameters(), lr=0.1, momentum=0.9)

    whole, clips = made(name)
    optimiser = optimiser_of(whole)
    steps(whole, clips, optimiser, range(3))
    saved = {key: value.clone() for key, value in whole.state_dict().items()}
    moments = copy.deepcopy(optimiser.state_dict())
    resumed, _ = made(name)
    resumed.load_state_dict(saved)
    other = optimiser_of(resumed)
    other.load_state_dict(moments)
    steps(resumed, clips, other, range(3, 6))
    steps(whole, clips, optimiser, range(3, 6))
    state = resumed.state_dict()
    assert {"queue", "place"} < state.keys() and any("key_encoder" in key for key in state)
    for key, value in whole.state_dict().items():
        assert torch.equal(value, state[key]), key
    assert not torch.equal(state["queue"], saved["queue"])
