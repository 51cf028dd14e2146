"""Public detectors of rows, where they are installed: PyOD 3 and DeepOD 0.4.

Neither is a requirement. PyOD needs torch besides; DeepOD 0.4.1 names an old torch, but runs with a
new one when it is installed without its requirements:

    pip install pyod torch tqdm && pip install --no-deps deepod

Each is made as its library makes it, with a seed where it takes one. PyOD's ALAD stands twice: what
it calls an epoch is one batch, so that its 200 epochs see few of the rows; `passes` has as many
batches as 200 passes over all of them take.
"""

import importlib
import importlib.util
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
PASSES = 200  # of "PyOD ALAD, passes"


class Peer:
    """A public detector, with the rows standardized by those it is fitted to.

    Args:
        make: (rows, columns, seed) to a detector with `fit` and `decision_function`.
        seed: for what it draws.
    """

    def __init__(self, make: Callable[[int, int, int], Any], seed: int) -> None:
        self._make, self._seed = make, seed

    def fit(self, rows: Rows) -> "Peer":
        """Fit to rows, (rows, columns)."""
        self._mean, spread = rows.mean(axis=0), rows.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        set_seeds(self._seed)
        self._detector = self._make(*rows.shape, self._seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._detector.fit(self._scaled(rows))
        return self

    def decision_function(self, rows: Rows) -> Rows:
        """Score rows: larger is stranger."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self._detector.decision_function(self._scaled(rows)), np.float64)

    def _scaled(self, rows: Rows) -> Rows:
        return (rows - self._mean) / self._spread


def set_seeds(seed: int) -> None:
    """Seed the generators that PyOD's loops draw from: NumPy's of old, and torch's."""
    np.random.seed(seed)  # noqa: NPY002
    if importlib.util.find_spec("torch") is not None:
        importlib.import_module("torch").manual_seed(seed)


def _pyod(module: str, name: str, **options: Any) -> Callable[[int, int, int], Any]:
    def make(rows: int, columns: int, seed: int) -> Any:
        given = {key: seed if value is SEED else value for key, value in options.items()}
        given = {key: columns if value is COLUMNS else value for key, value in given.items()}
        if options.get("epochs") is ALL_ROWS:
            given["epochs"] = PASSES * math.ceil(rows / 32)
        return getattr(importlib.import_module(f"pyod.models.{module}"), name)(**given)

    return make


def _deepod(name: str) -> Callable[[int, int, int], Any]:
    def make(rows: int, columns: int, seed: int) -> Any:
        kind = getattr(importlib.import_module("deepod.models.tabular"), name)
        return kind(device="cpu", verbose=0, random_state=seed)

    return make


SEED, COLUMNS, ALL_ROWS = object(), object(), object()
_DEEP: dict[str, Any] = {"random_state": SEED, "verbose": 0}
_ALAD: dict[str, Any] = {"verbose": 0, "preprocessing": False}
MAKERS: dict[str, tuple[str, Callable[[int, int, int], Any]]] = {  # with the package it takes
    "PyOD AE": ("pyod", _pyod("auto_encoder", "AutoEncoder", **_DEEP)),
    "PyOD VAE": ("pyod", _pyod("vae", "VAE", **_DEEP)),
    "PyOD DeepSVDD": ("pyod", _pyod("deep_svdd", "DeepSVDD", n_features=COLUMNS, **_DEEP)),
    "PyOD ALAD": ("pyod", _pyod("alad", "ALAD", **_ALAD)),
    "PyOD ALAD, passes": ("pyod", _pyod("alad", "ALAD", epochs=ALL_ROWS, **_ALAD)),
    "PyOD LUNAR": ("pyod", _pyod("lunar", "LUNAR")),
    "PyOD DIF": ("pyod", _pyod("dif", "DIF", random_state=SEED)),
    "PyOD ECOD": ("pyod", _pyod("ecod", "ECOD")),
    "PyOD IForest": ("pyod", _pyod("iforest", "IForest", random_state=SEED)),
    "PyOD INNE": ("pyod", _pyod("inne", "INNE", random_state=SEED)),
    "PyOD KNN": ("pyod", _pyod("knn", "KNN")),
    "PyOD LOF": ("pyod", _pyod("lof", "LOF")),
    "PyOD OCSVM": ("pyod", _pyod("ocsvm", "OCSVM")),
    "PyOD HBOS": ("pyod", _pyod("hbos", "HBOS")),
    "PyOD PCA": ("pyod", _pyod("pca", "PCA")),
    "DeepOD DeepSVDD": ("deepod", _deepod("DeepSVDD")),
    "DeepOD NeuTraL": ("deepod", _deepod("NeuTraL")),
    "DeepOD RCA": ("deepod", _deepod("RCA")),
    "DeepOD ICL": ("deepod", _deepod("ICL")),
    "DeepOD GOAD": ("deepod", _deepod("GOAD")),
    "DeepOD SLAD": ("deepod", _deepod("SLAD")),
}


def installed() -> list[str]:
    """Return the names of the peers whose package and torch are installed."""
    return [
        name
        for name, (package, _) in MAKERS.items()
        if all(importlib.util.find_spec(each) is not None for each in (package, "torch"))
    ]


def peer(name: str, seed: int) -> Peer:
    """Make a peer by its name."""
    return Peer(MAKERS[name][1], seed)


# ------------------------------------------------------------ of one size, for their loops


def alike(name: str, epochs: int, rows: int, columns: int, batch: int) -> Any:
    """Make PyOD's AE, DeepSVDD or ALAD of the widths of `OURS_ALIKE`, without dropout and norms.

    ALAD's epochs are multiplied by the batches of a pass.
    """
    of = {
        "ae": lambda: _pyod(
            "auto_encoder",
            "AutoEncoder",
            **_DEEP,
            hidden_neuron_list=[64, 32],
            batch_norm=False,
            dropout_rate=0.0,
            epoch_num=epochs,
            batch_size=batch,
            preprocessing=False,
            optimizer_params={},
        ),
        "deep-svdd": lambda: _pyod(
            "deep_svdd",
            "DeepSVDD",
            **_DEEP,
            n_features=columns,
            hidden_neurons=[64, 32],
            dropout_rate=0.0,
            epochs=epochs,
            batch_size=batch,
            preprocessing=False,
        ),
        "alad": lambda: _pyod(
            "alad",
            "ALAD",
            **_ALAD,
            latent_dim=32,
            enc_layers=[64],
            dec_layers=[64, 128],
            disc_xx_layers=[128],
            disc_zz_layers=[32],
            disc_xz_layers=[128, 128],
            dropout_rate=0.0,
            epochs=epochs * math.ceil(rows / batch),
            batch_size=batch,
        ),
    }
    return of[name]()(rows, columns, 1)


OURS_ALIKE: dict[str, dict[str, Any]] = {
    "ae": {"hidden": (64,), "latent": 32},
    "deep-svdd": {"hidden": (64,), "latent": 32},
    "alad": {"latent": 32},
}
