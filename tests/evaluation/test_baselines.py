"""Names of the detectors that a user asks for among the baselines."""

import sys

import pytest

from dcvae import InputError
from dcvae.detectors.classical.ecod import ECODDetector
from dcvae.evaluation import baseline_names


def test_names_with_commas_between() -> None:
    assert baseline_names(" pca,isolation-forest ,ecod,") == ("pca", "isolation-forest", "ecod")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pca,ecodd", r"Received: 'ecodd'\. Did you mean `ecod`\?"),
        (" , ", r"names of detectors with commas between, of .*`ecod`, .*\. Received: ' , '\."),
        ("pca,ecod,pca", r"each detector once\. Received: `pca` again\."),
        ("k-means", r"`k-means`, which is among the baselines already: leave it out\."),
        ("never", r"`never`, which is among the baselines already"),
        ("pca,dc-vae", r"`dc-vae`, which looks at the rows around it already: leave it out\."),
    ],
)
def test_names_of_none_that_can_stand_there(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        baseline_names(text)


def test_what_needs_keras_is_refused_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A framework that nobody knows is as good as none."""
    monkeypatch.setattr(ECODDetector, "needs_keras", True)
    monkeypatch.setenv("KERAS_BACKEND", "none")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(InputError, match=r"\"none\".*`ecod` is trained by Keras; leave it"):
        baseline_names("pca,ecod")
    assert baseline_names("pca") == ("pca",)
