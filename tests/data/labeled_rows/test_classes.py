"""Which of the labels are anomalies: told by the labels, or by the user, and always said."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.labeled_rows.classes import classes_of

WORDS = np.array(["Benign", "Bot", "Benign", "DoS, slow", "Bot"])


def anomalies(labels, **chosen):
    return np.flatnonzero(classes_of(np.asarray(labels), "y", **chosen).labels).tolist()


@pytest.mark.parametrize(
    ("labels", "chosen", "expected", "said"),
    [
        ([0, 1, 0], {}, [1], "label 1"),
        ([False, True, False], {}, [1], "label 1"),
        (["True", "False", "False"], {}, [0], "label `True`"),
        ([1, 2, 3], {"anomaly": "2,3"}, [1, 2], "labels `2`, `3`"),
        ([1, 2, 3], {"anomaly": 2}, [1], "label 2"),
        ([1, 2, 3], {"anomaly": [2.0, 3]}, [1, 2], "labels `2`, `3`"),
        ([1, -1, 1], {"anomaly": "-1"}, [1], "label -1"),
        ([0, 1, 0], {"anomaly": "0"}, [0, 2], "label 0"),
        ([1, 2, 1], {"normal": 1}, [1], "every label but `1`"),
        (WORDS, {}, [1, 3, 4], "every label but `Benign`"),
        (WORDS, {"normal": "Benign"}, [1, 3, 4], "every label but `Benign`"),
        (WORDS, {"anomaly": "Bot"}, [1, 4], "label `Bot`"),
        (WORDS, {"anomaly": "DoS, slow"}, [3], "label `DoS, slow`"),  # a comma of its own
        (WORDS, {"anomaly": ["Bot", "DoS, slow"]}, [1, 3, 4], "labels `Bot`, `DoS, slow`"),
        (["normal.", "smurf."], {"anomaly": "normal"}, [0], "label `normal.`"),
    ],
)
def test_the_anomalies_are_those_that_the_labels_or_the_user_tell(labels, chosen, expected, said):
    assert anomalies(labels, **chosen) == expected
    assert classes_of(np.asarray(labels), "y", **chosen).anomaly == said


def test_rows_that_are_neither_are_left_out_and_counted():
    found = classes_of(WORDS, "y", anomaly="DoS, slow", normal="Benign")
    assert found.kept.tolist() == [True, False, True, True, False]
    assert found.labels[found.kept].tolist() == [False, False, True]
    assert found.notices == ["2 rows with other labels (`Bot`) are left out."]


@pytest.mark.parametrize(
    ("labels", "chosen", "message"),
    [
        (
            [0, 0, 0],
            {},
            r"y: all 3 rows have one class: they are normal \(`0` \(3 rows\)\)\. Expected normal r",
        ),
        ([1, 1], {}, r"all 2 rows have one class: they are an anomaly \(`1` \(2 rows\)\)"),
        (["a", "a"], {"anomaly": "a"}, r"all 2 rows have one class: they are an anomaly"),
        (
            [1, 2, 2],
            {},
            r"y has the labels `2` \(2 rows\), `1` \(1 row\); expected 0 and 1, 1 for an anomaly\."
            r" Say which are the anomaly, as in `--anomaly 1`, or which are normal, as in "
            r"`--normal 2`",
        ),
        (["fast", "very slow"], {}, r"as in `--anomaly fast`, or .* as in `--normal fast`"),
        ([0, 0.5, 1], {}, r"has the labels `0` \(1 row\), `0\.5` \(1 row\), `1`"),
        (
            np.arange(40) / 7,
            {},
            r"has 40 different labels \(.* and 35 more\); .* Is it a measurement\? Name the column",
        ),
        ([0, 1], {"anomaly": "2"}, r"has no label `2`, which is given as `anomaly`; its labels a"),
        ([0, 1], {"normal": "ok"}, r"has no label `ok`, which is given as `normal`.* `0`, `1`"),
        ([0, 1], {"anomaly": 1, "normal": [0, 1]}, r"`1` is given as an anomaly and as normal"),
        ([0, np.nan, 1, np.inf], {}, r"y has no label in \[1\], \[3\]; expected one for each row"),
        (["a", " ", "b"], {"anomaly": "a"}, r"y has no label in \[1\]; .*or remove them"),
    ],
)
def test_labels_that_tell_no_two_classes_are_refused(labels, chosen, message):
    with pytest.raises(InputError, match=message):
        classes_of(np.asarray(labels), "y", **chosen)


def test_rows_without_a_label_are_named_as_the_file_has_them():
    with pytest.raises(InputError, match=r"no label in row 2 \(line 3\)"):
        classes_of(
            np.array([0.0, np.nan]), "y", places=lambda rows: [f"row 2 (line {rows[0] + 2})"]
        )
