"""The effective rank: against its definition, and what is said of an encoder that loses it."""

import math

import pytest
import torch

from laban.cli import main
from laban.evaluation.rank import effective_rank, first_loss, lost_rank


def test_it_is_the_exponential_of_the_entropy_of_the_singular_values_shares():
    torch.manual_seed(0)
    features = torch.randn(40, 6) * torch.tensor([9.0, 4.0, 1.0, 1.0, 0.3, 0.1]) + 50
    centred = (features - features.mean(0)).double()
    # Singular values are the roots of the eigenvalues of the scatter.
    singular = [math.sqrt(v) for v in torch.linalg.eigvalsh(centred.T @ centred).tolist()]
    shares = [value / sum(singular) for value in singular]
    wanted = math.exp(-sum(share * math.log(share) for share in shares))
    assert effective_rank(features) == pytest.approx(wanted, rel=1e-6)
    assert effective_rank(0.01 * features) == pytest.approx(wanted, rel=1e-4)


def test_its_ends():
    alike = torch.cat((torch.eye(5), -torch.eye(5)))
    assert effective_rank(alike) == pytest.approx(5)
    assert effective_rank(torch.arange(9.0)[:, None] * torch.ones(9, 4) + 3) == pytest.approx(1)
    same = torch.rand(1, 4).expand(9, 4)
    assert effective_rank(same) == 0
    assert effective_rank(same + 1e-7 * torch.randn(9, 4)) == 0  # float32 leaves as much


def test_below_a_fifth_of_the_highest_before_is_a_loss():
    assert first_loss([4, 20, 4.1, 6]) is None
    assert first_loss([4, 20, 6, 3.9, 9, 1]) == 3
    assert first_loss([10, 1.9]) == 1
    assert lost_rank([4, 20, 6]) == ""


def test_one_direction_is_a_loss_whatever_was_before():
    """A random network may have a rank of 4, a fifth of which is less than one direction."""
    assert first_loss([4.1, 3.0, 1.2, 1.1]) == 2
    assert first_loss([4.1, 1.6]) is None
    assert first_loss([1.2, 1.2, 1.3]) is None


def test_a_loss_is_said_from_where_to_where():
    assert "fell from 20.0 to 3.9" in lost_rank([4, 20, 6, 3.9, 9, 1])


def test_a_pre_training_that_collapses_says_so_once_and_in_its_report(
    toy, tmp_path, capsys, monkeypatch
):
    arguments = [str(toy / "pretrain.yaml"), "--data", str(toy / "store.arrow")]
    healthy, collapsed = tmp_path / "healthy", tmp_path / "collapsed"
    assert main(["pretrain", *arguments, "--out", str(healthy)]) == 0
    assert "collapse" not in capsys.readouterr().err
    page = (healthy / "report.html").read_text()
    assert (
        "effective rank of the embeddings over epochs" in page and "embeddings collapse" not in page
    )
    plain = torch.optim.Adam.step

    def takes_all_away(self, *given):
        plain(self, *given)
        for group in self.param_groups:
            torch._foreach_zero_([weight.detach() for weight in group["params"]])

    monkeypatch.setattr(torch.optim.Adam, "step", takes_all_away)
    assert main(["pretrain", *arguments, "--out", str(collapsed)]) == 0
    said = capsys.readouterr().err
    assert said.count("the embeddings collapse, their effective rank fell from") == 1
    assert "to 0.0: lower training.optimiser.lr" in said
    assert "Of this run the embeddings collapse" in (collapsed / "report.html").read_text()
