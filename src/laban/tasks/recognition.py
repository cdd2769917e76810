"""Recognition: clips are named, and the test clips judge it."""

from laban.assembly import Parts
from laban.dataset import ClipDataset
from laban.evaluation.recognition import scored
from laban.result import Result
from laban.run import Run
from laban.splits import Splits, split_store
from laban.tasks.task import Task

__all__ = ["Recognition"]


class Recognition(Task):
    """Trains on labelled clips, or a share of them."""

    splits: Splits

    def split(self) -> Splits:
        """The benchmark's split, or a share of it, clips for validation set apart."""
        training = self.recipe.training
        splits = split_store(
            self.store,
            self.benchmark,
            validation=training.validation,
            seed=training.seed,
            share=training.labels,
        )
        splits.need("train", "test", *(["validation"] if training.validation else []))
        return splits

    def finish(self, run: Run, parts: Parts, *, report: bool) -> Result:
        """Weights, test scores and report."""
        chosen = self.splits.test
        test = ClipDataset(self.store, chosen.keys, chosen.labels, parts.pipeline)
        parts.objective.float()
        run.save_weights(parts.objective)  # before the test, which may be interrupted
        scores = scored(parts.objective, test, run.benchmark, chosen.left_out)
        run.notes["test"] = {"top1": round(scores.top(1), 2), "top5": round(scores.top(5), 2)}
        run.save(parts.objective)
        scores.save(run.path / "test.parquet")
        if report:
            from laban.report import write_report

            write_report(run, parts, scores, test)
        value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
        what = f"{run.benchmark.name}, {run.stream}, {value['clips']} test clips"
        lines = [
            f"{what}, {run.notes['selection']}",
            f"top-1: {value['top1']:.1f} %",
            f"top-5: {value['top5']:.1f} %",
            f"run: {run.path}",
        ]
        return Result(value, "\n".join(lines))
