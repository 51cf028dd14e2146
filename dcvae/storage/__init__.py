"""Storage: models as folders on disk, each file written whole or not at all."""

from dcvae.storage.atomic import as_json, sha256_of, whole_file, write_text
from dcvae.storage.layout import DEFAULT_MODELS
from dcvae.storage.model_folder import StoredModel, load_model, open_folder, open_model
from dcvae.storage.provenance import memory_record, run_record, source_record, trained_until
from dcvae.storage.threshold_files import ThresholdSource
from dcvae.storage.training_folder import TrainingFolder, copy_model, save_model

__all__ = [
    "DEFAULT_MODELS",
    "StoredModel",
    "ThresholdSource",
    "TrainingFolder",
    "as_json",
    "copy_model",
    "load_model",
    "memory_record",
    "open_folder",
    "open_model",
    "run_record",
    "save_model",
    "sha256_of",
    "source_record",
    "trained_until",
    "whole_file",
    "write_text",
]
