"""Folder of a training: written beside the model, renamed to it when finished.

Every file is written under another name and renamed when whole. A training is written to
models/<model_name>.partial/ and takes the model's name only when it is finished; the model that had
the name before is kept as models/<model_name>.previous/.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcvae.config import Settings, read_settings, resume_differences
from dcvae.data import Preprocessor
from dcvae.errors import InputError
from dcvae.pipeline import FittedModel
from dcvae.storage.atomic import (
    as_json,
    check_writable,
    sha256_of,
    whole_file,
    write_text,
)
from dcvae.storage.layout import (
    CALIBRATION_FILE,
    HISTORY_FILE,
    LOG_FOLDER,
    LOSS_FIGURE_FILE,
    NEEDED_TO_SCORE,
    NETWORK_FILE,
    PREPROCESSING_FILE,
    RUN_FILE,
    SETTINGS_FILE,
    STATE_FILE,
)
from dcvae.storage.network_file import save_network
from dcvae.storage.provenance import run_record
from dcvae.storage.reading import read_json
from dcvae.storage.state_file import check_state, read_state, write_state
from dcvae.storage.threshold_files import source_of_training, threshold_texts
from dcvae.training import TrainingLog, TrainingState, history_csv, loss_figure

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks import Autoencoder


class TrainingFolder:
    """The folder of a training, which becomes the folder of the model.

    Args:
        models: the folder of all models, created if need be.
        model_name: name of the model.

    Attributes:
        final: models/<model_name>.
        partial: models/<model_name>.partial, where the training is written.
        previous: models/<model_name>.previous, the model that had the name before.

    Raises:
        InputError: `models` is no folder, or cannot be written to.
    """

    def __init__(self, models: Path, model_name: str) -> None:
        if models.exists() and not models.is_dir():
            raise InputError(f"{models} is not a folder. Give --models a folder, or a new name.")
        models.mkdir(parents=True, exist_ok=True)  # now, not when the training is done
        check_writable(models)
        self.final = models / model_name
        self.partial = models / f"{model_name}.partial"
        self.previous = models / f"{model_name}.previous"
        self._beginning: dict[str, str] = {}  # files to write with the first state
        self._to_log: Autoencoder | None = None
        self._log: TrainingLog | None = None
        self._fresh = True

    def check_resumable(self, settings: Settings, source: dict[str, Any]) -> None:
        """Check that there is a training to resume, with these settings and this data.

        Args:
            settings: settings of the training that is to be resumed.
            source: from `source_record`.

        Raises:
            InputError: there is no training, it is damaged, or it was begun with other settings,
                data or labels.
        """
        folder = self._to_resume
        if not (folder / STATE_FILE).exists():
            raise InputError(
                f"There is no training to resume in {self.final}: {STATE_FILE} is missing. "
                "Train without --resume first."
            )
        check_state(folder / STATE_FILE)  # known without waiting for Keras
        changed = resume_differences(read_settings(folder / SETTINGS_FILE), settings)
        if changed:
            raise InputError(
                f"The training in {folder} cannot be resumed:\n  "
                + "\n  ".join(changed)
                + "\nGive the settings it was begun with, train without --resume, or under another "
                "`model_name`."
            )
        begun_on = read_json(folder / RUN_FILE)
        if begun_on.get("training_file_sha256") != source["training_file_sha256"]:
            raise InputError(
                f"The training in {folder} cannot be resumed: it was begun on other data. Give "
                "the same CSV file, or train without --resume."
            )
        if begun_on.get("labels_sha256") != source.get("labels_sha256"):
            begun_with = begun_on.get("labels_file", "none")
            raise InputError(
                f"The training in {folder} cannot be resumed: it was begun with other --labels "
                f"({begun_with}), received {source.get('labels_file', 'none')}. Give the same "
                "label file, or train without --resume."
            )

    def begin(
        self,
        settings: Settings,
        preprocessor: Preprocessor,
        source: dict[str, Any],
        *,
        resume: bool,
    ) -> TrainingState:
        """Return the state to train from: an earlier one to resume, or an empty one.

        Nothing is written before the first epoch is done: until then an earlier training that was
        cut off can still be resumed.

        Args:
            settings: settings of the training.
            preprocessor: fitted to its data.
            source: from `source_record` or `memory_record`.
            resume: whether to resume an earlier training.

        Raises:
            InputError: the earlier state is damaged, or leaves nothing to do.
        """
        self._fresh = not resume
        self._beginning = {
            SETTINGS_FILE: settings.to_json(),
            PREPROCESSING_FILE: as_json(preprocessor.to_dict()),
            RUN_FILE: as_json(source),
        }
        if not resume:
            return TrainingState()
        state = read_state(self._to_resume / STATE_FILE)
        state.check_unfinished(settings)
        return state

    def notices(self, *, resume: bool) -> list[str]:
        """Return a notice of what becomes of a training that was cut off."""
        if resume:
            return [f"Going on with the training in {self._to_resume}."]
        if (self.partial / STATE_FILE).exists():
            return [
                f"An earlier training was cut off ({self.partial}). --resume would go on with it; "
                "it is given up when the first epoch of this one is done."
            ]
        return []

    @property
    def _to_resume(self) -> Path:
        """A training that was cut off, or else the model itself."""
        return self.partial if (self.partial / STATE_FILE).exists() else self.final

    def log(self, network: "Autoencoder") -> None:
        """Write logs for TensorBoard from now on, with the graph of the network."""
        self._to_log = network

    def keep_state(self, state: TrainingState) -> None:
        """Write the state after an epoch; the first one replaces an earlier training."""
        if self._beginning:
            if self._fresh and self.partial.exists():
                shutil.rmtree(self.partial)
            self.partial.mkdir(exist_ok=True)
            for name, text in self._beginning.items():
                write_text(self.partial / name, text)
            self._beginning = {}
        write_text(self.partial / HISTORY_FILE, history_csv(state.history))
        write_state(self.partial / STATE_FILE, state)
        if self._to_log is not None:
            self._log = self._log or TrainingLog(self.partial / LOG_FOLDER, self._to_log)
            self._log.write(state.history)

    def finish(self, model: FittedModel, source: dict[str, Any]) -> list[str]:
        """Complete the folder and give it the model's name, keeping the model that had it.

        Args:
            model: a model that was fitted here.
            source: from `source_record` or `memory_record`.

        Returns:
            Notices on the model that had the name, one sentence each.

        Raises:
            ValueError: the model was not fitted here but read from disk.
        """
        training = model.training
        if self._log is not None:
            self._log.close()
        save_network(model.network, self.partial / NETWORK_FILE)
        state = training.result.state
        title = model.settings.model_name
        with whole_file(self.partial / LOSS_FIGURE_FILE) as stream:
            loss_figure(state.history, state.best_epoch, title).savefig(
                stream, format="png", dpi=120
            )
        run = run_record(source, training)
        texts = {CALIBRATION_FILE: as_json(model.calibration.to_dict())}
        texts |= threshold_texts(
            model.thresholds, model.series, source_of_training(run, model.settings)
        )
        for name, text in texts.items():
            write_text(self.partial / name, text)
        hashes = {name: sha256_of(self.partial / name) for name in NEEDED_TO_SCORE[:-1]}
        write_text(self.partial / RUN_FILE, as_json({**run, "sha256": hashes}))
        return self.take_name()

    def take_name(self) -> list[str]:
        """Give the complete folder the model's name, keeping the model that had it.

        Returns:
            Notices on the model that had the name, one sentence each.
        """
        notices = []
        if self.final.exists():
            if self.previous.exists():
                shutil.rmtree(self.previous)
            self.final.rename(self.previous)
            notices = [
                f"The model that was here before, its alphas and its results are now in "
                f"{self.previous}; the new one begins with thresholds from its training file."
            ]
        self.partial.rename(self.final)
        return notices


def save_model(model: FittedModel, models: Path, source: dict[str, Any]) -> Path:
    """Write a model that was fitted here to models/<model_name>/; keep one that had the name.

    Args:
        model: a model that was fitted here.
        models: the folder of all models, created if need be.
        source: from `source_record` or `memory_record`.

    Returns:
        The folder of the model.

    Raises:
        InputError: `models` is no folder, or cannot be written to.
        ValueError: the model was not fitted here but read from disk.
    """
    state = model.training.result.state
    folder = TrainingFolder(models, model.settings.model_name)
    folder.begin(model.settings, model.preprocessor, source, resume=False)
    folder.keep_state(state)
    folder.finish(model, source)
    return folder.final


def copy_model(folder: Path, models: Path, model_name: str) -> Path:
    """Copy a model without results and logs to models/<model_name>/; keep one that had the name.

    Args:
        folder: folder of the model to copy.
        models: the folder of all models, created if need be.
        model_name: name of the copy.

    Returns:
        The folder of the copy, models/<model_name>; nothing is done if that is `folder` itself.

    Raises:
        InputError: `models` is no folder, or cannot be written to.
    """
    target = TrainingFolder(models, model_name)
    if target.final.exists() and target.final.samefile(folder):
        return target.final
    if target.partial.exists():
        shutil.rmtree(target.partial)
    shutil.copytree(folder, target.partial, ignore=shutil.ignore_patterns("results", LOG_FOLDER))
    target.take_name()
    return target.final
