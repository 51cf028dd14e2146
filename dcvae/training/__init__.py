"""Training: the loss of a network minimized, with a state to resume from and a history.

States, histories and the training loop need no Keras; what makes the steps in Keras does, and is
imported on first use.
"""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.training.epochs import EpochRunner as EpochRunner
    from dcvae.training.history import history_csv as history_csv
    from dcvae.training.history import loss_figure as loss_figure
    from dcvae.training.in_keras.runner import KerasEpochs as KerasEpochs
    from dcvae.training.in_numpy.epochs import NumpyEpochs as NumpyEpochs
    from dcvae.training.loop import train as train
    from dcvae.training.minibatch.minimizing import minimize as minimize
    from dcvae.training.minibatch.objective import Objective as Objective
    from dcvae.training.minibatch.objective import Tensors as Tensors
    from dcvae.training.minibatch.objective import Weights as Weights
    from dcvae.training.minibatch.plan import Minimized as Minimized
    from dcvae.training.minibatch.plan import Plan as Plan
    from dcvae.training.progress import EpochLines as EpochLines
    from dcvae.training.progress import Progress as Progress
    from dcvae.training.state import EpochLosses as EpochLosses
    from dcvae.training.state import TrainingResult as TrainingResult
    from dcvae.training.state import TrainingState as TrainingState
    from dcvae.training.tensorboard import TrainingLog as TrainingLog
    from dcvae.training.tensorboard import check_installed as check_installed
    from dcvae.training.trimming import SuspectRows as SuspectRows
    from dcvae.training.trimming import suspect_rows as suspect_rows

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.training.epochs": ("EpochRunner",),
        "dcvae.training.history": ("history_csv", "loss_figure"),
        "dcvae.training.in_keras.runner": ("KerasEpochs",),
        "dcvae.training.in_numpy.epochs": ("NumpyEpochs",),
        "dcvae.training.loop": ("train",),
        "dcvae.training.minibatch.minimizing": ("minimize",),
        "dcvae.training.minibatch.objective": ("Objective", "Tensors", "Weights"),
        "dcvae.training.minibatch.plan": ("Minimized", "Plan"),
        "dcvae.training.progress": ("EpochLines", "Progress"),
        "dcvae.training.state": ("EpochLosses", "TrainingResult", "TrainingState"),
        "dcvae.training.tensorboard": ("TrainingLog", "check_installed"),
        "dcvae.training.trimming": ("SuspectRows", "suspect_rows"),
    },
)
