"""Folder of a training: written beside the model, renamed to it when finished.

Every file is written under another name and renamed when whole. A training is written to
models/<model_name>.partial/ and takes the model's name only when it is finished, in one step; the
model that had the name before is kept as models/<model_name>.previous/.
"""

import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dcvae._atomic import whole_file
from dcvae.config import Settings, read_settings, resume_differences
from dcvae.data import Preprocessor
from dcvae.errors import InputError
from dcvae.pipeline import FittedModel
from dcvae.storage.atomic import as_json, check_writable, sha256_of, write_text
from dcvae.storage.changing.folders import remove, replace_folder
from dcvae.storage.changing.locks import LockedError, lock
from dcvae.storage.changing.naming import Names, give_name, is_of_a_model
from dcvae.storage.changing.settled import held, settled
from dcvae.storage.layout import (
    CALIBRATION_FILE,
    DETECTOR_FILE,
    HISTORY_FILE,
    LOG_FOLDER,
    LOSS_FIGURE_FILE,
    NETWORK_FILE,
    PREPROCESSING_FILE,
    RESULTS_FOLDER,
    RUN_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    hashed_files,
)
from dcvae.storage.network_file import save_network
from dcvae.storage.provenance import run_record
from dcvae.storage.reading import read_json
from dcvae.storage.state_file import check_state, read_state, write_detectors, write_state
from dcvae.storage.threshold_files import source_of_training, threshold_texts
from dcvae.training import TrainingLog, TrainingState, history_csv, loss_figure

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks import Autoencoder


class TrainingFolder:
    """The folder of a training, which becomes the folder of the model.

    A context manager: within it no other training can be under the name.

    Args:
        models: the folder of all models, created if need be.
        model_name: name of the model.
        changes: what was changed on disk is added here, as clauses for a message.
        hidden: whether to write beside a training that was cut off, which is then left alone.

    Attributes:
        final: models/<model_name>.
        partial: models/<model_name>.partial, where the training is written.
        previous: models/<model_name>.previous, the model that had the name before.

    Raises:
        InputError: `models` is no folder, or cannot be written to, or what has one of these names
            is not of a model.
    """

    def __init__(
        self,
        models: Path,
        model_name: str,
        changes: list[str] | None = None,
        *,
        hidden: bool = False,
    ) -> None:
        if models.exists() and not models.is_dir():
            raise InputError(f"{models} is not a folder. Give --models a folder, or a new name.")
        models.mkdir(parents=True, exist_ok=True)  # now, not when the training is done
        check_writable(models)
        self._names = Names.of(models / model_name)
        self.final = self._names.final
        self.partial = self._names.saved if hidden else self._names.partial
        self.previous = self._names.previous
        self._changes = [] if changes is None else changes
        self._held = ExitStack()
        self._beginning: dict[str, str] = {}  # files to write with the first state
        self._to_log: Autoencoder | None = None
        self._log: TrainingLog | None = None
        self._fresh = True
        with settled(self.final):  # what a killed command had begun is done
            for path in (self.final, self._names.partial, self.previous):
                if os.path.lexists(path) and not (path.is_symlink() or is_of_a_model(path)):
                    raise InputError(
                        f"{path} is in the way: it was not written by this program, which removes "
                        "nothing of yours. Rename it, or give another `model_name`."
                    )

    def __enter__(self) -> Self:
        """Take the name for this process.

        Raises:
            InputError: another process is training under it.
        """
        try:
            self._held.enter_context(lock(self._names.training_lock))
        except LockedError as error:
            raise InputError(
                f"A training under the name {self.final.name} is running ({error}). Wait for its "
                "end, stop it, or give another `model_name`."
            ) from error
        return self

    def __exit__(self, *details: object) -> None:
        """Give the name free."""
        self._held.close()

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
        # That of a finished training whose model could not be saved leaves nothing but that to do.
        is_unsaved = self._to_resume == self.partial
        state = replace(read_state(self._to_resume / STATE_FILE), is_unsaved=is_unsaved)
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
            self._begin_folder(state)
        else:
            self._write_state(self.partial, state)
        if self._to_log is not None:
            self._log = self._log or TrainingLog(self.partial / LOG_FOLDER, self._to_log)
            self._log.write(state.history)

    def _begin_folder(self, state: TrainingState | None) -> None:
        """Write the first state of this run, which replaces an earlier training in one step.

        Args:
            state: None without a network.
        """
        if not self._fresh and self.partial.exists():
            for name, text in self._beginning.items():
                write_text(self.partial / name, text)
            self._write_state(self.partial, state)
            self._begun()
            return
        new = self.partial.with_name(f".{self.partial.name.removeprefix('.')}.new")
        remove(new)
        new.mkdir()
        for name, text in self._beginning.items():
            write_text(new / name, text)
        self._write_state(new, state)
        with held(self._names):
            replace_folder(new, self.partial, self._begun)

    def _begun(self) -> None:
        self._beginning = {}
        if not self._changes and (self.partial / STATE_FILE).exists():
            self._changes.append(
                f"the training so far is kept in {self.partial}: --resume goes on with it"
            )

    @staticmethod
    def _write_state(folder: Path, state: TrainingState | None) -> None:
        if state is None:
            return
        write_text(folder / HISTORY_FILE, history_csv(state.history))
        write_state(folder / STATE_FILE, state)

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
        result = training.result
        if self._beginning:  # an earlier run had done all epochs, or there are none
            self._begin_folder(None if result is None else result.state)
        for left_over in self.partial.glob(".*"):  # by a run that was killed
            remove(left_over)
        if result is not None:
            save_network(model.network, self.partial / NETWORK_FILE)
            state, title = result.state, model.settings.model_name
            with whole_file(self.partial / LOSS_FIGURE_FILE) as stream:
                loss_figure(state.history, state.best_epoch, title).savefig(
                    stream, format="png", dpi=120
                )
        files = hashed_files(model.settings)
        if DETECTOR_FILE in files:
            write_detectors(self.partial / DETECTOR_FILE, model.scorer.to_arrays())
        run = run_record(source, training)
        texts = {CALIBRATION_FILE: as_json(model.calibration.to_dict())}
        texts |= threshold_texts(
            model.thresholds, model.series, source_of_training(run, model.settings)
        )
        for name, text in texts.items():
            write_text(self.partial / name, text)
        hashes = {name: sha256_of(self.partial / name) for name in files}
        write_text(self.partial / RUN_FILE, as_json({**run, "sha256": hashes}))
        return self.take_name()

    def take_name(self) -> list[str]:
        """Give the complete folder the model's name, keeping the model that had it.

        Returns:
            Notices on the model that had the name, one sentence each.
        """
        notices = []
        if os.path.lexists(self.final):
            notices = [
                f"The model that was here before, its alphas and its results are now in "
                f"{self.previous}; the new one begins with thresholds from its training file."
            ]

        def done() -> None:
            self._changes[:] = [f"the new model is in {self.final}"]

        with held(self._names):
            return notices + give_name(self.partial, self._names, done)


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
    _ = model.training
    with TrainingFolder(models, model.settings.model_name, hidden=True) as folder:
        folder.begin(model.settings, model.preprocessor, source, resume=False)
        folder.finish(model, source)
    return folder.final


def copy_model(folder: Path, models: Path, model_name: str, identity: Any = None) -> Path:
    """Copy a model without results and logs to models/<model_name>/; keep one that had the name.

    Args:
        folder: folder of the model to copy.
        models: the folder of all models, created if need be.
        model_name: name of the copy.
        identity: `StoredModel.identity` of the model to copy; None for whichever has the folder.

    Returns:
        The folder of the copy, models/<model_name>; nothing is done if that is `folder` itself.

    Raises:
        InputError: `models` is no folder, or cannot be written to, or the model is not in `folder`
            any more.
    """
    if not folder.is_dir():
        raise InputError(
            f"The model that was loaded from {folder} is not there any more. Put the folder back, "
            "or load the model from where it is now."
        )
    with TrainingFolder(models, model_name, hidden=True) as target:
        remove(target.partial)
        ignored = shutil.ignore_patterns(RESULTS_FOLDER, LOG_FOLDER)
        with settled(folder, identity) as place:
            if target.final.exists() and target.final.samefile(place):
                return target.final
            shutil.copytree(place, target.partial, ignore=ignored)
        target.take_name()
    return target.final
