"""Tasks: what objectives train for, by the word that an objective's class has for it."""

from laban.config import Recipe
from laban.objectives import task_of
from laban.tasks.detection import Detection
from laban.tasks.forecasting import Forecasting
from laban.tasks.pretraining import Pretraining
from laban.tasks.recognition import Recognition
from laban.tasks.task import Task

__all__ = ["TASKS", "Task", "task_for"]

TASKS: dict[str, type[Task]] = {
    "detection": Detection,
    "forecasting": Forecasting,
    "pretraining": Pretraining,
    "recognition": Recognition,
}


def task_for(recipe: Recipe) -> type[Task]:
    """The task of a resolved recipe's objective."""
    return TASKS[task_of(recipe.values)]
