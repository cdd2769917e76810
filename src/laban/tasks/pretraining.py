"""Pre-training: clips without their labels, and no test; the rank of the embeddings is watched."""

from lightning_fabric import Fabric
from rich.console import Console

from laban.assembly import Parts
from laban.dataset import ClipDataset
from laban.errors import LabanError
from laban.evaluation.rank import first_loss, lost_rank, rank_of
from laban.pipelines import View
from laban.result import Result
from laban.run import Run
from laban.splits import Part, Splits, split_store
from laban.tasks.task import Task, Watch

__all__ = ["Pretraining"]


class Pretraining(Task):
    """Trains on all training clips, with or without labels."""

    splits: Splits

    def split(self) -> Splits:
        """The training clips alone."""
        if self.recipe.training.validation:
            raise LabanError(
                "training.validation is an accuracy and a pre-training has none, leave it at 0"
            )
        if self.recipe.training.labels < 1:
            raise LabanError(
                "training.labels is a share of labels and a pre-training has none, leave it at 1"
            )
        train = split_store(self.store, self.benchmark, labelled=False).train
        splits = Splits(train, Part(), Part())
        splits.need("train")
        return splits

    def watch(
        self,
        fabric: Fabric,
        run: Run,
        parts: Parts,
        datasets: tuple[ClipDataset, ClipDataset],
        console: Console,
    ) -> Watch:
        """The rank of the embeddings; that it is lost is said once."""
        view = View(parts.pipeline, run.stream)

        def rank() -> float:
            found = rank_of(parts.encoder, view, datasets[0]) if fabric.global_rank == 0 else 0.0
            return fabric.broadcast(found)

        run.notes["rank_before"] = rank()
        ranks = [run.notes["rank_before"], *(row["rank"] for row in run.metrics() if "rank" in row)]

        def watched() -> dict[str, float]:
            ranks.append(rank())
            if first_loss(ranks) == len(ranks) - 1:
                console.print(f"epoch {len(ranks) - 1}: {lost_rank(ranks)}", style="yellow")
            return {"rank": ranks[-1]}

        return watched

    def finish(self, run: Run, parts: Parts, *, report: bool) -> Result:
        """Weights and a report of the loss."""
        parts.objective.float()
        run.save(parts.objective)
        if report:
            from laban.report import write_pretraining_report

            write_pretraining_report(run)
        last = run.metrics()[-1]
        clips = run.notes["clips"]["train"]
        value = {
            "run": str(run.path),
            "benchmark": run.benchmark.name,
            "clips": clips,
            "epochs": int(last["epoch"]),
            "loss": last["train_loss"],
        }
        lines = [
            f"{run.benchmark.name}, {run.stream}, {clips} training clips without labels",
            f"loss: {last['train_loss']:.4f}",
            f"run: {run.path}",
        ]
        return Result(value, "\n".join(lines))
