"""Models on disk: their parts, read when they are needed or all in one moment."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dcvae._archives import reason_of
from dcvae._arrays import AnyArray
from dcvae._engine import scoring_engine
from dcvae.config import Settings, read_settings
from dcvae.data import Table, read_data, without_labeled
from dcvae.detection import AlarmRules, Alphas, SystemAlarm, Thresholds
from dcvae.errors import InputError
from dcvae.networks import entry_of, network_in_numpy
from dcvae.pipeline import (
    CalibratedModel,
    FittedModel,
    ModelDescription,
    Scorer,
    restored_scorer,
)
from dcvae.scoring import Calibration
from dcvae.storage.atomic import sha256_of
from dcvae.storage.changing.files import write_together
from dcvae.storage.changing.settled import settled
from dcvae.storage.keras_format.reading import load_weights
from dcvae.storage.layout import (
    ALARMS_FILE,
    ALPHAS_FILE,
    ALPHAS_SOURCE_FILE,
    CALIBRATION_FILE,
    DETECTOR_FILE,
    HISTORY_FILE,
    LOSS_FIGURE_FILE,
    MODEL_FILES,
    NETWORK_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    hashed_files,
)
from dcvae.storage.network_file import load_network
from dcvae.storage.provenance import read_history
from dcvae.storage.reading import content_of, hash_of_text, is_unchanged, parse_json
from dcvae.storage.state_file import read_detectors
from dcvae.storage.threshold_files import (
    ThresholdSource,
    parse_source,
    read_by,
    source_of_files,
    threshold_texts,
    was_read_by,
    with_keys,
)
from dcvae.training import EpochLosses

if TYPE_CHECKING:
    from dcvae.networks import Network

# What is read of a model as text; the state is for training, the figure for people.
_KEPT = tuple(
    name
    for name in MODEL_FILES
    if name not in (NETWORK_FILE, DETECTOR_FILE, STATE_FILE, LOSS_FIGURE_FILE)
)


@dataclass(frozen=True, eq=False)
class StoredModel(ModelDescription):
    """A trained model on disk, checked as far as that is possible without Keras.

    Its settings have the keys that make the model from training, all others from the settings file
    given now.

    Attributes:
        run: content of run.json.
        folder: models/<model_name>.
        kept: content of its other files, by their names, from `snapshot`; None to read each when
            it is needed.
    """

    run: dict[str, Any]
    folder: Path
    kept: Mapping[str, bytes | None] | None = None

    @property
    def identity(self) -> Any:
        """The hashes of its files, which tell this model from another that takes its name."""
        return self.run.get("sha256")

    def snapshot(self) -> "StoredModel":
        """Read all files of use in one moment: what happens to the folder later does not matter.

        Raises:
            InputError: the model is not there any more, or a file cannot be read.
        """
        with settled(self.folder, self.identity) as place:
            kept = {name: content_of(place / name) for name in _KEPT}
            # The network of many wide layers is as large as it is.
            for name in (NETWORK_FILE, DETECTOR_FILE):
                kept[name] = content_of(place / name, largest=None)
            return replace(self, kept=kept)

    def without_network(self) -> "StoredModel":
        """Return it by its whole path and without what is loaded elsewhere: it may be large."""
        loaded = (NETWORK_FILE, DETECTOR_FILE)
        kept = {name: x for name, x in (self.kept or {}).items() if name not in loaded}
        return replace(self, folder=self.folder.resolve(), kept=kept or None)

    def _read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none."""
        return content_of(self.folder / name) if self.kept is None else self.kept[name]

    def load(self, thresholds: Thresholds | None = None) -> FittedModel:
        """Read the whole model (imports Keras if that computes its network).

        Args:
            thresholds: its thresholds; None to read them too.

        Raises:
            InputError: a file is missing or damaged, or is not of this model.
        """
        calibration = self.calibration  # before the network, which may take seconds
        thresholds = self.thresholds() if thresholds is None else thresholds
        return FittedModel(
            self.settings,
            self.preprocessor,
            self.step_seconds,
            self.scorer(),
            calibration,
            thresholds,
        )

    def calibrated(self) -> CalibratedModel:
        """Read the model without its thresholds (imports Keras if that computes its network).

        Raises:
            InputError: a file is missing or damaged, or is not of this model.
        """
        calibration = self.calibration
        return CalibratedModel(
            self.settings, self.preprocessor, self.step_seconds, self.scorer(), calibration
        )

    def thresholds(self) -> Thresholds:
        """Read alphas and alarm; without alphas.csv every series has the default alpha.

        Raises:
            InputError: a file is missing or damaged, has other series than the model or was made
                for another sigma.
        """
        alphas, alarm = self.alphas(), self.system_alarm()
        notices = self._alarm_notice(alarm)
        default = self.settings.default_alpha
        if alphas is None:
            alphas = Alphas.default(self.series, default)
            notices.append(f"No alphas.csv yet: every band is ± {default:g} sigmas.")
        return Thresholds(alphas, alarm, notices=tuple(notices), offline=self._offline_alarm())

    @cached_property
    def calibration(self) -> Calibration:
        """The calibration on normal data, read at the first use.

        Raises:
            InputError: the file is missing or damaged.
        """
        path = self.folder / CALIBRATION_FILE
        stored = parse_json(self._read(CALIBRATION_FILE), path)
        return Calibration.from_dict(stored, self.series, str(path))

    def _alarm_notice(self, alarm: SystemAlarm) -> list[str]:
        """Return a notice if the settings ask for other rules than alarms.json was made with."""
        asked = AlarmRules.of(self.settings, self.step_seconds)
        follows = (alarm.following is not None) == (self.settings.threshold == "following")
        if alarm.method == "labels" or (alarm.rules == asked and follows):
            return []
        return [
            "The keys `threshold` and `alarm_...` of the settings are not those that "
            f"{self.folder / ALARMS_FILE} was made with, which hold: run alpha_definition.py to "
            "change them."
        ]

    def system_alarm(self) -> SystemAlarm:
        """Read the alarm of the system.

        Raises:
            InputError: the file is missing or damaged.
        """
        return SystemAlarm.from_dict(*self._stored_alarms())

    @property
    def has_alarm(self) -> bool:
        """Whether there is an alarm of the system, which the folder of an old model may lack."""
        return self._read(ALARMS_FILE) is not None

    def _offline_alarm(self) -> SystemAlarm | None:
        stored, series, name = self._stored_alarms()
        found = stored.get("offline")
        return None if found is None else SystemAlarm.from_dict(found, series, name)

    def _stored_alarms(self) -> tuple[dict[str, Any], tuple[str, ...], str]:
        path, content = self.folder / ALARMS_FILE, self._read(ALARMS_FILE)
        if content is None:
            raise InputError(f"{path} is missing. Run alpha_definition.py, which writes it.")
        return parse_json(content, path), self.series, str(path)

    def scorer(self) -> Scorer:
        """Read what scores: network, other detectors, or both.

        Raises:
            InputError: a file is damaged, or is of another model than the settings describe.
        """
        network = self.network() if self.settings.has_network else None
        arrays: dict[str, AnyArray] = {}
        path = self.folder / DETECTOR_FILE
        if DETECTOR_FILE in hashed_files(self.settings):
            arrays = read_detectors(path, self._read_large(DETECTOR_FILE))
        try:
            return restored_scorer(self.settings, network, arrays)
        except (ValueError, KeyError) as error:
            raise InputError(
                f"{path} is damaged ({reason_of(error)}). Train the model again."
            ) from error

    def _read_large(self, name: str) -> bytes | None:
        if self.kept is None:
            return content_of(self.folder / name, largest=None)
        return self.kept[name]

    def network(self) -> "Network":
        """Read the trained network, in NumPy or in Keras, see `scoring_engine`.

        Raises:
            InputError: the file is damaged or is another network than the settings describe.
        """
        channels = entry_of(self.settings).latent_channels(self.settings)
        expected = (self.settings.window_length, len(self.series), channels)
        content = None if self.kept is None else self.kept[NETWORK_FILE]
        path = self.folder / NETWORK_FILE
        if scoring_engine() == "numpy":
            return network_in_numpy(load_weights(path, expected, content))
        return load_network(path, expected, content)

    def alphas(self) -> Alphas | None:
        """Read alphas.csv; None if there is none.

        Raises:
            InputError: the file is damaged, has other series than the model or was fitted to
                residuals of another sigma mode.
        """
        path, content = self.folder / ALPHAS_FILE, self._read(ALPHAS_FILE)
        if content is None:
            return None
        try:  # "NA" may be a name
            frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        except ValueError as error:
            raise InputError(
                f"{path} is damaged ({reason_of(error)}). Run alpha_definition.py again."
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

    def write_thresholds(
        self,
        thresholds: Thresholds,
        data: Table,
        labels: Table | None,
        changes: list[str] | None = None,
    ) -> tuple[Path, Path]:
        """Write alphas.csv and alarms.json together, with a record of the data behind them.

        Another model may have taken the name since this one was read: the files are written to
        where this one is now.

        Args:
            thresholds: alphas and alarm.
            data: the table that they were fitted to.
            labels: its labels; None without.
            changes: what was changed on disk is added here, as a clause for a message.

        Returns:
            The paths of the two.

        Raises:
            InputError: the model is not there any more.
        """
        source = source_of_files(data, labels, self.settings)
        texts = threshold_texts(thresholds, self.series, source)
        told = [] if changes is None else changes
        with settled(self.folder, self.identity) as place:
            write_together(place, texts, lambda: told.append(f"the new thresholds are in {place}"))
            return place / ALPHAS_FILE, place / ALARMS_FILE

    def alphas_source(self) -> dict[str, Any] | None:
        """Read the source of alphas.csv; None if the file was edited by hand or is not there."""
        stored, alphas = self._read(ALPHAS_SOURCE_FILE), self._read(ALPHAS_FILE)
        if stored is None or alphas is None:
            return None
        source = parse_source(stored, self.folder / ALPHAS_SOURCE_FILE)
        is_current = source.get("alphas_sha256") == hash_of_text(alphas)
        return source if is_current else None

    def threshold_source(self, table: Table) -> ThresholdSource | None:
        """Return the source of the thresholds; None if alphas.csv was edited by hand.

        Args:
            table: the file that the thresholds are used on.
        """
        source = self.alphas_source()
        if source is None:
            return None
        has_labels = source["labels_path"] is not None
        read, now = was_read_by(source, self.settings), read_by(self.settings)
        return ThresholdSource(
            data=source["data"],
            first_time=source["first_time"],
            last_time=source["last_time"],
            has_labels=has_labels,
            is_this_file=has_labels
            and table.path.is_file()  # rows in memory are in none
            and source["data_sha256"] == sha256_of(table.path)
            and all(read[name] == now[name] for name in ("entity", "by")),
        )

    def why_no_training_table(self) -> str:
        """Return the reason why `training_table` is None, without paths, as reports are shared."""
        name = self.run.get("training_file")
        reason = f"{name}, the file the model was trained on, is not there any more or has changed"
        if "labels_file" in self.run:
            reason += f" (or {self.run['labels_file']}, its labels)"
        return reason

    def training_table(self) -> Table | None:
        """Read the training table again; None if one of its files has moved or changed."""
        path, labels = (self.run.get(name) for name in ("training_path", "labels_path"))
        if not is_unchanged(path, self.run.get("training_file_sha256")):
            return None
        if labels is not None and not is_unchanged(labels, self.run.get("labels_sha256")):
            return None
        settings = self._trained_settings()  # with its zone, not that of a file now
        with_labels = None if labels is None else Path(labels)
        table, labeled = read_data(Path(path), settings, series=self.series, labels=with_labels)
        return table if labeled is None else without_labeled(table, labeled)

    def threshold_tables(self) -> tuple[Table, Table | None] | None:
        """Read the data and labels that the alphas were fitted to.

        Returns:
            The table, and its labels or None if it was taken to be normal. None in place of both if
            a file has moved or changed or cannot be read, or the source is not known.
        """
        source = self.alphas_source()
        if source is None:
            return None
        data, labels = source["data_path"], source["labels_path"]
        read = was_read_by(source, self.settings)
        try:
            is_of_training = labels is None and data == self.run.get("training_path")
            if is_of_training and read == read_by(self._trained_settings()):
                table = self.training_table()  # without what its own labels kept out
                return None if table is None else (table, None)
            if not is_unchanged(data, source["data_sha256"]):
                return None
            if labels is not None and not is_unchanged(labels, source["labels_sha256"]):
                return None
            settings = with_keys(self.settings, read, self.folder / ALPHAS_SOURCE_FILE)
            with_labels = None if labels is None else Path(labels)
            return read_data(Path(data), settings, series=self.series, labels=with_labels)
        except InputError:  # as by the keys of now, for a record without them
            return None

    def _trained_settings(self) -> Settings:
        path = self.folder / SETTINGS_FILE
        if self.kept is None:
            return read_settings(path)
        return Settings.from_text((self.kept[SETTINGS_FILE] or b"").decode("utf-8-sig"), str(path))

    def history(self) -> list[EpochLosses]:
        """Read the losses of every epoch of the training.

        Raises:
            InputError: the file is missing or damaged.
        """
        return read_history(self.folder / HISTORY_FILE, self._read(HISTORY_FILE))
