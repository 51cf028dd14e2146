"""Settings: files read and checked, keys described, values compared.

A package takes the group of keys that it reads: `data` takes `DataKeys`, `networks` `NetworkKeys`,
`training` `TrainingKeys`, `scoring` `ScoringKeys`, `detection` `ThresholdKeys` and `AlarmKeys`
(together `DetectionKeys`). `Settings` has all of them.
"""

from dcvae.config.compare import (
    differences,
    fidelity_departures,
    resume_differences,
    values_that_differ,
    without_effect,
)
from dcvae.config.json_file import show
from dcvae.config.keys.data import DataKeys
from dcvae.config.keys.detector import DetectorKeys
from dcvae.config.keys.names import NameKeys, SeriesNames, series_names, unknown_names
from dcvae.config.keys.network import NetworkKeys
from dcvae.config.keys.properties import (
    ARCHITECTURE_TRAITS,
    DETECTOR_TITLES,
    NETWORK,
    UNLIMITED,
    AlarmSystem,
    AlphaMeasure,
    AlphaSearch,
    Architecture,
    DetectorName,
    Fidelity,
    LayerType,
    Loss,
    Member,
    NormalAlphaMethod,
    SigmaMode,
    alias_of,
)
from dcvae.config.keys.thresholds import (
    AlarmKeys,
    DetectionKeys,
    ScoringKeys,
    ThresholdKeys,
)
from dcvae.config.keys.training import TrainingKeys
from dcvae.config.presets import keys_for, preset, preset_names, preset_text
from dcvae.config.settings import FIELDS, Settings, architecture_of, keys_of, read_settings
from dcvae.config.values import rows_of

__all__ = [
    "ARCHITECTURE_TRAITS",
    "DETECTOR_TITLES",
    "FIELDS",
    "NETWORK",
    "UNLIMITED",
    "AlarmKeys",
    "AlarmSystem",
    "AlphaMeasure",
    "AlphaSearch",
    "Architecture",
    "DataKeys",
    "DetectionKeys",
    "DetectorKeys",
    "DetectorName",
    "Fidelity",
    "LayerType",
    "Loss",
    "Member",
    "NameKeys",
    "NetworkKeys",
    "NormalAlphaMethod",
    "ScoringKeys",
    "SeriesNames",
    "Settings",
    "SigmaMode",
    "ThresholdKeys",
    "TrainingKeys",
    "alias_of",
    "architecture_of",
    "differences",
    "fidelity_departures",
    "keys_for",
    "keys_of",
    "preset",
    "preset_names",
    "preset_text",
    "read_settings",
    "resume_differences",
    "rows_of",
    "series_names",
    "show",
    "unknown_names",
    "values_that_differ",
    "without_effect",
]
