"""What is kept on disk, and the refusal of what does not fit.

A model is a folder, models/<model_name>/, with everything needed to score and nothing pickled:

    model.keras           network with the weights of the best epoch
    settings.txt          the effective settings, all keys
    preprocessing.json    series names, means, scales, longest stretch on one value
    run.json              versions, rows, sampling step, hash of the training file, losses, device
    history.csv, loss.png losses of every epoch
    training_state.npz    what `--resume` goes on from
    alphas.csv            one pair of alphas a series, from alpha_definition.py
    alphas_source.json    the data they were chosen on
    calibration.json      what normal data say of sigma and of windows
    alarms.json           when the system is in alarm
    logs/                 for TensorBoard, if it was asked for
    results/<data file>/  what test.py writes

Nothing is lost on the way there. Every file is written under another name and renamed when whole. A
training grows in models/<model_name>.partial/ and takes the model's name only when it is finished;
the model that had the name before is kept as models/<model_name>.previous/.
"""

import hashlib
import json
import math
import os
import platform
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae import __version__
from dcvae.config.settings import Settings, read_settings
from dcvae.data.loading import read_data, without_labeled
from dcvae.data.preprocessing import Preprocessor
from dcvae.data.tables import Table, sampling_step
from dcvae.data.windows import WindowSplit
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import AlarmRules
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.errors import InputError
from dcvae.pipeline import TrainedModel
from dcvae.scoring.calibration import Calibration
from dcvae.training.tensorboard import TrainingLog

if TYPE_CHECKING:  # importing these would import Keras
    from matplotlib.figure import Figure

    from dcvae.detection.thresholds import Beginning, Definition
    from dcvae.networks.base import Autoencoder
    from dcvae.scoring.model_fit import WindowLosses
    from dcvae.training.loop import EpochLosses, TrainingResult, TrainingState

NETWORK_FILE = "model.keras"
SETTINGS_FILE = "settings.txt"
PREPROCESSING_FILE = "preprocessing.json"
RUN_FILE = "run.json"
HISTORY_FILE = "history.csv"
LOSS_FIGURE_FILE = "loss.png"
STATE_FILE = "training_state.npz"
ALPHAS_FILE = "alphas.csv"
ALPHAS_SOURCE_FILE = "alphas_source.json"
CALIBRATION_FILE = "calibration.json"
ALARMS_FILE = "alarms.json"
LOG_FOLDER = "logs"

_NEEDED_TO_SCORE = (NETWORK_FILE, SETTINGS_FILE, PREPROCESSING_FILE, RUN_FILE)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name when it is whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # or a power cut could leave the new name on old content
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all, with the same line ends everywhere."""
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8"))


def as_json(content: dict[str, Any]) -> str:
    """Write JSON as all our files have it."""
    return json.dumps(content, indent=2) + "\n"


def sha256_of(path: Path) -> str:
    """Hash a file, as a fingerprint of the data a model was trained on."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# ---------------------------------------------------------------------------- training


class TrainingFolder:
    """The folder a training grows in, and its way to the model's name.

    Args:
        models: the folder of all models, created if need be.
        model_name: name of the model.

    Raises:
        InputError: `models` is no folder.
    """

    def __init__(self, models: Path, model_name: str) -> None:
        if models.exists() and not models.is_dir():
            raise InputError(f"{models} is not a folder. Give --models a folder, or a new name.")
        models.mkdir(parents=True, exist_ok=True)  # now, not when the training is done
        _check_writable(models)
        self.final = models / model_name
        self.partial = models / f"{model_name}.partial"
        self.previous = models / f"{model_name}.previous"
        self._beginning: dict[str, str] = {}  # files to write with the first state
        self._to_log: Autoencoder | None = None
        self._log: TrainingLog | None = None
        self._fresh = True

    def check_resumable(self, settings: Settings, source: dict[str, Any]) -> None:
        """Check that there is a training to go on from, with these settings and this data.

        Args:
            settings: of the training that is to go on.
            source: from `source_record`.

        Raises:
            InputError: there is none, or it was another training.
        """
        folder = self._to_resume
        if not (folder / STATE_FILE).exists():
            raise InputError(
                f"There is no training to resume in {self.final}: {STATE_FILE} is missing. "
                "Train without --resume first."
            )
        if not zipfile.is_zipfile(folder / STATE_FILE):  # known without waiting for Keras
            raise InputError(
                f"{folder / STATE_FILE} is damaged and cannot be resumed from. Train without "
                "--resume."
            )
        changed = read_settings(folder / SETTINGS_FILE).resume_differences(settings)
        if changed:
            raise InputError(
                f"The training in {folder} cannot be resumed:\n  "
                + "\n  ".join(changed)
                + "\nGive the settings it was begun with, train without --resume, or under another "
                "`model_name`."
            )
        begun_on = _read_json(folder / RUN_FILE)
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
        to_log: "Autoencoder | None" = None,
    ) -> "TrainingState":
        """Say from where to go on (imports TensorFlow).

        Nothing is written before the first epoch is done: until then an earlier training that was
        cut off can still be resumed.

        Args:
            settings: of the training.
            preprocessor: learned on its data.
            source: from `source_record`.
            resume: whether to go on with an earlier training.
            to_log: the network, if there are to be logs for TensorBoard.
        """
        from dcvae.training.loop import TrainingState

        self._fresh = not resume
        self._to_log = to_log
        self._beginning = {
            SETTINGS_FILE: settings.to_json(),
            PREPROCESSING_FILE: as_json(preprocessor.to_dict()),
            RUN_FILE: as_json(source),
        }
        return _read_state(self._to_resume / STATE_FILE) if resume else TrainingState()

    def notices(self, *, resume: bool) -> list[str]:
        """Say what becomes of a training that was cut off."""
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

    def keep_state(self, state: "TrainingState") -> None:
        """Write the state after an epoch; the first one takes the place of an earlier training."""
        if self._beginning:
            if self._fresh and self.partial.exists():
                shutil.rmtree(self.partial)
            self.partial.mkdir(exist_ok=True)
            for name, text in self._beginning.items():
                write_text(self.partial / name, text)
            self._beginning = {}
        write_text(self.partial / HISTORY_FILE, history_csv(state.history))
        _write_state(self.partial / STATE_FILE, state)
        if self._to_log is not None:
            self._log = self._log or TrainingLog(self.partial / LOG_FOLDER, self._to_log)
            self._log.write(state.history)

    def finish(
        self,
        network: "Autoencoder",
        figure: "Figure",
        run: dict[str, Any],
        beginning: "Beginning | None" = None,
    ) -> list[str]:
        """Complete the folder and give it the model's name, keeping the model that had it.

        Args:
            network: the trained network.
            figure: the losses.
            run: content of run.json.
            beginning: what the model knows of normal data; None leaves its files out.

        Returns:
            What the user should know of that model, one sentence each.
        """
        if self._log is not None:
            self._log.close()
        temporary = self.partial / f".{NETWORK_FILE}"  # Keras insists on the suffix
        network.save(temporary)
        temporary.replace(self.partial / NETWORK_FILE)
        with whole_file(self.partial / LOSS_FIGURE_FILE) as stream:
            figure.savefig(stream, format="png", dpi=120)
        if beginning is not None:
            settings = read_settings(self.partial / SETTINGS_FILE)
            for name, text in _beginning_texts(beginning, settings, run).items():
                write_text(self.partial / name, text)
        hashes = {name: sha256_of(self.partial / name) for name in _NEEDED_TO_SCORE[:-1]}
        write_text(self.partial / RUN_FILE, as_json({**run, "sha256": hashes}))
        return self.take_name()

    def take_name(self) -> list[str]:
        """Give the whole folder the model's name, keeping the model that had it.

        Returns:
            What the user should know of that model, one sentence each.
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


def source_record(table: Table, labels: Table | None = None) -> dict[str, Any]:
    """Collect what run.json keeps of the training data; reads the files once more to hash them."""
    record = {
        **_rows_record(table),
        "training_path": str(table.path.resolve()),
        "training_file_sha256": sha256_of(table.path),
    }
    if labels is not None:
        record["labels_file"] = labels.path.name
        record["labels_path"] = str(labels.path.resolve())
        record["labels_sha256"] = sha256_of(labels.path)
    return record


def memory_record(table: Table) -> dict[str, Any]:
    """Collect what run.json keeps of training data that are in no file."""
    numbers = np.ascontiguousarray(table.frame.to_numpy(dtype="<f8"))
    return {
        **_rows_record(table),
        "training_path": None,
        "training_file_sha256": hashlib.sha256(numbers.tobytes()).hexdigest(),
    }


def _rows_record(table: Table) -> dict[str, Any]:
    return {
        "series": list(table.frame.columns),
        "sampling_step_seconds": sampling_step(table.frame.index).total_seconds(),
        "training_file": table.path.name,
        "rows": len(table.frame),
        "first_time": str(table.frame.index[0]),
        "last_time": str(table.frame.index[-1]),
    }


def run_record(
    source: dict[str, Any],
    split: WindowSplit,
    result: "TrainingResult",
    reference_losses: "WindowLosses",
    *,
    seconds: float,
    device: str,
) -> dict[str, Any]:
    """Collect what run.json keeps of a training: where the model comes from and how it went.

    Args:
        source: from `source_record`.
        split: the windows that were trained and validated on.
        result: how the training ended.
        reference_losses: of the validation windows.
        seconds: how long it took.
        device: what it ran on.
    """
    best = result.state.history[result.state.best_epoch - 1]
    return {
        "versions": {
            "python": platform.python_version(),
            "dcvae": __version__,
            **{name: version(name) for name in ("tensorflow", "keras", "numpy", "pandas")},
        },
        "device": device,
        **source,
        "windows": {
            "train": len(split.train),
            "validation": len(split.validation),
            "left_out_across_gaps": split.across_gaps,
            "left_out_labeled": split.labeled,
        },
        "ending": result.ending,
        "epochs": len(result.state.history),
        "best_epoch": result.state.best_epoch,
        "best_losses": {
            name: None if math.isnan(value) else value for name, value in best._asdict().items()
        },
        "reference_losses": reference_losses.to_dict(),
        "session_seconds": round(seconds, 1),
    }


def _beginning_texts(
    beginning: "Beginning", settings: Settings, run: dict[str, Any]
) -> dict[str, str]:
    """Write what a model knows of normal data when it has just been trained, by file names."""
    source = {
        "data": run["training_file"],
        "data_path": run["training_path"],
        "data_sha256": run["training_file_sha256"],
        "labels_path": None,
        "labels_sha256": None,
        "time_zone": settings.time_zone,
        "sigma": settings.sigma,
        "first_time": run["first_time"],
        "last_time": run["last_time"],
    }
    calibration = beginning.calibration
    texts = _definition_texts(beginning.definition, calibration.series, source)
    return {CALIBRATION_FILE: as_json(calibration.to_dict()), **texts}


def _definition_texts(
    defined: "Definition", series: Sequence[str], source: dict[str, Any]
) -> dict[str, str]:
    """Write alphas, alarm and what they were defined on, by file names."""
    name = source["data"]
    alphas = defined.alphas.to_frame().assign(data=name).to_csv(index=False, lineterminator="\n")
    hashed = {"alphas_sha256": hashlib.sha256(alphas.encode()).hexdigest(), **source}
    return {
        ALPHAS_FILE: alphas,
        ALPHAS_SOURCE_FILE: as_json(hashed),
        ALARMS_FILE: as_json({"data": name, **defined.alarm.to_dict(series)}),
    }


def history_csv(history: Sequence["EpochLosses"]) -> str:
    """One line an epoch: losses of training and validation and the learning rate."""
    return pd.DataFrame(history).to_csv(index=False, lineterminator="\n")


def _write_state(path: Path, state: "TrainingState") -> None:
    arrays: dict[str, Any] = {f"last/{name}": value for name, value in state.last.items()}
    arrays |= {f"best/{name}": value for name, value in state.best.items()}
    arrays["history"] = np.array(state.history, dtype=np.float64)
    arrays["numbers"] = np.array(
        [
            state.best_epoch,
            state.best_loss,
            state.reference_loss,
            state.epochs_without_progress,
        ],
        dtype=np.float64,
    )
    with whole_file(path) as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def _read_state(path: Path) -> "TrainingState":
    from dcvae.training.loop import EpochLosses, TrainingState  # imports Keras

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = dict(stored)
        numbers = arrays.pop("numbers")
        history = tuple(
            EpochLosses(int(row[0]), *row[1:].tolist()) for row in arrays.pop("history")
        )
        parts: dict[str, dict[str, NDArray[Any]]] = {"last": {}, "best": {}}
        for name, value in arrays.items():
            part, _, variable = name.partition("/")
            parts[part][variable] = value
        return TrainingState(
            history, int(numbers[0]), float(numbers[1]), float(numbers[2]), int(numbers[3]), **parts
        )
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(
            f"{path} is damaged and cannot be resumed from ({error}). Train without --resume."
        ) from error


# ---------------------------------------------------------------------------- a trained model


@dataclass(frozen=True)
class StoredModel(TrainedModel):
    """A trained model on disk, checked as far as that is possible without TensorFlow.

    All other keys than those of the model are, in its settings, as in the file given now.

    Attributes:
        folder: models/<model_name>.
    """

    folder: Path

    def calibration(self) -> Calibration:
        """Read what training learned of the validation part.

        Raises:
            InputError: the file is missing or damaged.
        """
        path = self.folder / CALIBRATION_FILE
        return Calibration.from_dict(_read_json(path), self.series, str(path))

    def alarm_notice(self, alarm: SystemAlarm) -> list[str]:
        """Say so if the settings ask for other rules than alarms.json was made with."""
        asked = AlarmRules.of(self.settings)
        if alarm.method == "labels" or alarm.rules == asked:
            return []
        return [
            f"The `alarm_...` keys of the settings are not those that {self.folder / ALARMS_FILE} "
            "was made with, which hold: run alpha_definition.py to change them."
        ]

    def system_alarm(self) -> SystemAlarm:
        """Read when the system is in alarm.

        Raises:
            InputError: the file is missing or damaged.
        """
        path = self.folder / ALARMS_FILE
        if not path.exists():
            raise InputError(f"{path} is missing. Run alpha_definition.py, which writes it.")
        return SystemAlarm.from_dict(_read_json(path), self.series, str(path))

    def network(self) -> "Autoencoder":
        """Load the trained network (imports TensorFlow).

        Raises:
            InputError: the file is damaged or is another network than the settings describe.
        """
        import keras

        import dcvae.networks  # noqa: F401  registers the layers

        path = self.folder / NETWORK_FILE
        try:
            network = keras.saving.load_model(path, compile=False)
            shape = (*network.encoder.input_shape[1:], network.latent_size)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as e:
            reason = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
            raise InputError(
                f"{path} is damaged: it does not load ({reason}). Train the model again."
            ) from e
        expected = (
            self.settings.window_length,
            len(self.series),
            self.settings.latent_channels,
        )
        if shape != expected:
            raise InputError(
                f"{path} does not belong to this folder: expected (T, M, J) = {expected}, received "
                f"{shape}. Train the model again."
            )
        checked: Autoencoder = network
        return checked

    def alphas(self) -> Alphas | None:
        """Read alphas.csv, None if there is none.

        Raises:
            InputError: the file is damaged, has other series than the model or was defined for
                another reading of sigma.
        """
        path = self.folder / ALPHAS_FILE
        if not path.exists():
            return None
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)  # "NA" may be a name
        except (ValueError, OSError) as error:
            raise InputError(
                f"{path} is damaged ({error}). Run alpha_definition.py again."
            ) from error
        alphas = Alphas.from_frame(frame, str(path)).for_series(self.series, str(path))
        defined_for = (self.alphas_source() or {}).get("sigma", self.settings.sigma)
        if defined_for != self.settings.sigma:
            raise InputError(
                f"{path} counts in sigmas of another kind: expected alphas for `sigma` "
                f'"{self.settings.sigma}", received "{defined_for}". Run alpha_definition.py '
                "again, or set `sigma` back."
            )
        return alphas

    def write_definition(
        self, defined: "Definition", data: Table, labels: Table | None
    ) -> tuple[Path, Path]:
        """Write alphas.csv and alarms.json whole, and note what they were defined on.

        Returns:
            The paths of the two.
        """
        source = {
            "data": data.path.name,
            "data_path": str(data.path.resolve()),
            "data_sha256": sha256_of(data.path),
            "labels_path": None if labels is None else str(labels.path.resolve()),
            "labels_sha256": None if labels is None else sha256_of(labels.path),
            "time_zone": self.settings.time_zone,
            "sigma": self.settings.sigma,
            "first_time": str(data.frame.index[0]),
            "last_time": str(data.frame.index[-1]),
        }
        for name, text in _definition_texts(defined, self.series, source).items():
            write_text(self.folder / name, text)
        return self.folder / ALPHAS_FILE, self.folder / ALARMS_FILE

    def alphas_source(self) -> dict[str, Any] | None:
        """Tell what alphas.csv was chosen on; None if it was edited by hand, or is not there."""
        path, alphas = self.folder / ALPHAS_SOURCE_FILE, self.folder / ALPHAS_FILE
        if not (path.exists() and alphas.exists()):
            return None
        source = _read_json(path)
        is_current = source.get("alphas_sha256") == sha256_of(alphas)
        return source if is_current else None

    def training_table(self) -> Table | None:
        """Read what the model learned from again; None if a file of it has moved or changed."""
        path, labels = (self.run.get(name) for name in ("training_path", "labels_path"))
        if not _is_unchanged(path, self.run.get("training_file_sha256")):
            return None
        if labels is not None and not _is_unchanged(labels, self.run.get("labels_sha256")):
            return None
        settings = read_settings(self.folder / SETTINGS_FILE)  # its zone, not that of a file now
        with_labels = None if labels is None else Path(labels)
        table, labeled = read_data(Path(path), settings, series=self.series, labels=with_labels)
        return table if labeled is None else without_labeled(table, labeled)

    def definition_tables(self) -> tuple[Table, Table | None] | None:
        """Read data and labels, if any, that the alphas rest on; None if not at hand as they were.

        Without labels the data were taken to be normal.
        """
        source = self.alphas_source()
        if source is None:
            return None
        data, labels = source["data_path"], source["labels_path"]
        if labels is None and data == self.run.get("training_path"):
            table = self.training_table()  # without what its own labels kept out
            return None if table is None else (table, None)
        if not _is_unchanged(data, source["data_sha256"]):
            return None
        if labels is not None and not _is_unchanged(labels, source["labels_sha256"]):
            return None
        settings = self.settings.model_copy(update={"time_zone": source.get("time_zone")})
        with_labels = None if labels is None else Path(labels)
        return read_data(Path(data), settings, series=self.series, labels=with_labels)

    def history(self) -> "list[EpochLosses]":
        """Read the losses of every epoch of the training (imports Keras)."""
        from dcvae.training.loop import EpochLosses

        path = self.folder / HISTORY_FILE
        try:
            lines = pd.read_csv(path)[list(EpochLosses._fields)].itertuples(index=False)
            return [EpochLosses(int(epoch), *losses) for epoch, *losses in lines]
        except (ValueError, KeyError, OSError) as error:
            raise InputError(f"{path} is damaged ({error}). Train the model again.") from error


def open_model(models: Path, given: Settings) -> StoredModel:
    """Find a trained model and check that it is the one the settings file describes.

    Args:
        models: the folder of all models.
        given: the settings file given to the script.

    Raises:
        InputError: no such model, files are missing or damaged, or it was trained with other
            settings than the file given.
    """
    folder = models / given.model_name
    if not folder.is_dir():
        hint = ""
        for kept in (f"{given.model_name}.previous", f"{given.model_name}.partial"):
            if all((models / kept / name).is_file() for name in _NEEDED_TO_SCORE):
                hint = f" A whole one is in {models / kept}: rename that folder to use it."
        raise InputError(
            f"There is no trained model in {folder}. Expected the folder that train.py writes for "
            f"`model_name` {given.model_name!r}: train it first, or give --models.{hint}"
        )
    _check_writable(folder)
    missing = [name for name in _NEEDED_TO_SCORE if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"The model in {folder} is incomplete: {', '.join(missing)} missing. Train it again."
        )
    trained = read_settings(folder / SETTINGS_FILE)
    differences = trained.differences(given)
    if differences:
        raise InputError(
            f"The model in {folder} was trained with other settings:\n  "
            + "\n  ".join(differences)
            + "\nTrain it again, or give the settings file it was trained with."
        )
    preprocessor = _read_preprocessor(folder)
    if trained.num_series != len(preprocessor.series):
        raise InputError(
            f"The model in {folder} is damaged: `M` is {trained.num_series} in {SETTINGS_FILE} but "
            f"{PREPROCESSING_FILE} has {len(preprocessor.series)} series. Train it again."
        )
    run = _read_json(folder / RUN_FILE)
    if not isinstance(run.get("sampling_step_seconds"), int | float):
        raise InputError(f"{folder / RUN_FILE} is damaged. Train the model again.")
    hashes = run.get("sha256")
    for name in _NEEDED_TO_SCORE[:-1]:
        if not isinstance(hashes, dict) or hashes.get(name) != sha256_of(folder / name):
            raise InputError(
                f"{folder / name} is not the file that train.py wrote: it is damaged, was edited, "
                "or belongs to another model. Train the model again, or put the file back."
            )
    settings = given.with_num_series(len(preprocessor.series), folder / PREPROCESSING_FILE)
    return StoredModel(
        settings.model_copy(update={"seed": trained.seed}), preprocessor, run, folder
    )


def open_folder(folder: Path) -> StoredModel:
    """Open a trained model with the settings it was trained with.

    Args:
        folder: models/<model_name>.

    Raises:
        InputError: there is none, or files are missing or damaged.
    """
    if not (folder / SETTINGS_FILE).is_file():
        raise InputError(
            f"There is no trained model in {folder}: {SETTINGS_FILE} is missing. Expected a folder "
            "that train.py or DCVAEDetector.save wrote."
        )
    settings = read_settings(folder / SETTINGS_FILE)
    return open_model(folder.parent, settings.model_copy(update={"model_name": folder.name}))


def copy_model(folder: Path, models: Path, model_name: str) -> Path:
    """Copy a model, without its results, to models/<model_name>/; keep one that had the name.

    Returns:
        The copy, or the folder itself if that is where it should go.
    """
    target = TrainingFolder(models, model_name)
    if target.final.exists() and target.final.samefile(folder):
        return folder
    if target.partial.exists():
        shutil.rmtree(target.partial)
    shutil.copytree(folder, target.partial, ignore=shutil.ignore_patterns("results", LOG_FOLDER))
    target.take_name()
    return target.final


def _check_writable(folder: Path) -> None:
    """Refuse a folder that nothing can be written to, before the work that would be lost."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            f"Nothing can be written to {folder}. Change its permissions, or copy it to a folder "
            "of your own and give that with --models."
        )


def _is_unchanged(path: Any, sha256: Any) -> TypeGuard[str]:
    """Tell whether a stored path names a file that can be read and is as it was."""
    if path is None:
        return False
    try:
        return bool(sha256_of(Path(path)) == sha256)
    except OSError:
        return False


def _read_preprocessor(folder: Path) -> Preprocessor:
    path = folder / PREPROCESSING_FILE
    return Preprocessor.from_dict(_read_json(path), str(path))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is damaged ({error}). Train the model again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged: expected a JSON object. Train the model again.")
    return content
