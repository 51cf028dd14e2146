"""Storage: models as folders on disk, each file written whole or not at all."""

from dcvae._atomic import whole_file
from dcvae.storage.atomic import as_json, check_writable, sha256_of, write_text
from dcvae.storage.changing.folders import remove, replace_folder
from dcvae.storage.changing.locks import LockedError, lock
from dcvae.storage.changing.settled import settled
from dcvae.storage.layout import DEFAULT_MODELS, RESULTS_FOLDER
from dcvae.storage.loading import load_model, open_folder, open_model
from dcvae.storage.model_folder import StoredModel
from dcvae.storage.provenance import memory_record, run_record, source_record, trained_until
from dcvae.storage.threshold_files import ThresholdSource, read_by
from dcvae.storage.training_folder import TrainingFolder, copy_model, save_model

__all__ = [
    "DEFAULT_MODELS",
    "RESULTS_FOLDER",
    "LockedError",
    "StoredModel",
    "ThresholdSource",
    "TrainingFolder",
    "as_json",
    "check_writable",
    "copy_model",
    "load_model",
    "lock",
    "memory_record",
    "open_folder",
    "open_model",
    "read_by",
    "remove",
    "replace_folder",
    "run_record",
    "save_model",
    "settled",
    "sha256_of",
    "source_record",
    "trained_until",
    "whole_file",
    "write_text",
]
