"""TensorBoard logs of a training: losses and learning rate of every epoch, and the graph.

TensorBoard is installed separately. Only this module needs TensorFlow, whatever Keras's backend is.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae.errors import InputError

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.networks import Autoencoder
    from dcvae.training.state import EpochLosses


def check_installed() -> None:
    """Check that logs can be written, without an import.

    Raises:
        InputError: TensorBoard or TensorFlow is not installed.
    """
    missing = [name for name in ("tensorboard", "tensorflow") if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(
            f"--tensorboard needs {' and '.join(missing)}, not installed here. Install with: "
            f"pip install {' '.join(missing)}, or leave --tensorboard out."
        )


class TrainingLog:
    """Logs of one training, with the epochs before it was resumed.

    Args:
        folder: of the logs; it is replaced.
        network: for the graph.
    """

    def __init__(self, folder: Path, network: "Autoencoder") -> None:
        import keras
        import tensorflow as tf

        if folder.exists():
            shutil.rmtree(folder)
        self._summary = tf.summary
        self._writers = {
            prefix: tf.summary.create_file_writer(str(folder / name))
            for name, prefix in (("train", ""), ("validation", "val_"))
        }
        self._written = 0
        if keras.backend.backend() == "tensorflow":  # others have no graph of its kind
            forward = tf.function(lambda windows: network(windows, training=False))
            windows = tf.TensorSpec(network.encoder.input_shape, tf.float32)
            with self._writers[""].as_default():
                tf.summary.graph(forward.get_concrete_function(windows).graph)

    def write(self, history: Sequence["EpochLosses"]) -> None:
        """Write the epochs that are not written yet.

        Args:
            history: (epochs,) losses of all epochs so far.
        """
        for losses in history[self._written :]:
            values = losses._asdict()
            for prefix, writer in self._writers.items():
                with writer.as_default(step=losses.epoch):
                    for name in ("loss", "reconst", "kl"):
                        self._summary.scalar(name, values[prefix + name])
                    if not prefix:
                        self._summary.scalar("learning_rate", losses.learning_rate)
                writer.flush()
        self._written = len(history)

    def close(self) -> None:
        """Close the files, so that their folder can be renamed."""
        for writer in self._writers.values():
            writer.close()
