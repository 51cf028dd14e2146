"""The strangest stretches of a file, and the series that began them.

    python examples/strangest_stretches.py

Run it from the project's folder; about half a minute on two cores. It fits a small model, scores a
week that the model has not seen, and lists what stands out. No labels are needed.
"""

import numpy as np
import pandas as pd

from dcvae import DCVAEDetector

SHOWN = 8  # stretches
NAMED = 4  # series of each

# Lesson 1: what goes in. A table with a row per time and a column per series; NaN is a missing
# cell. The first two weeks are taken to be normal: a detector is fitted on them and knows nothing
# else. A few anomalies among them do little harm, many would become normal.
read = {"index_col": 0, "parse_dates": True}
normal = pd.read_csv("data/sample/train.csv", **read)
week = pd.read_csv("data/sample/test.csv", **read)

# Lesson 2: fitting. The keys of a settings file are parameters here. `T` is the window: how many
# rows the model looks at together, here 64 rows of 5 minutes, a little more than 5 hours. Ten
# epochs are a third of the recommended training, to be quick.
detector = DCVAEDetector(T=64, epochs=10, seed=1).fit(normal)
for notice in detector.notices_:
    print("note:", notice)

# Lesson 3: two kinds of scores, larger is stranger. One for every row, and one for every cell. A
# normal row is below log 2 = 0.69 or so. `predict` says in which rows there would be an alarm. Here
# all rows are wanted that are stranger than the strangest training row.
row_score = detector.decision_function(week)
cell_score = detector.score_series(week)
strangest_normal = detector.decision_scores_.max()
strange = row_score > strangest_normal
print(f"\n{len(week):,} rows; {strange.mean():.1%} are stranger than any training row")

# Lesson 4: stretches. A run of such rows is one thing that happened, not a hundred. Edges are where
# it begins and where it is over, in turns.
edges = np.flatnonzero(np.diff(strange, prepend=False, append=False))
stretches = [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
stretches.sort(key=lambda stretch: row_score[slice(*stretch)].max(), reverse=True)

# Lesson 5: who began it. In each stretch, the series are put in the order in which their own scores
# passed that mark, and where that is the same row, by how far they got. The first is where to look
# first. A score looks at all windows that contain a row, so a stretch begins up to T - 1 rows
# before the anomaly: good for finding it, no good as a live alarm.
for first, stop in stretches[:SHOWN]:
    cells = cell_score[first:stop]
    beyond = cells > strangest_normal
    began = np.where(beyond.any(axis=0), beyond.argmax(axis=0), len(cells))
    order = np.lexsort((-cells.max(axis=0), began))
    named = [str(week.columns[column]) for column in order if began[column] < len(cells)]
    # The strangest series may be another in each window: a row can be strange and no series be.
    named = named[:NAMED] or [f"{week.columns[cells.max(axis=0).argmax()]} (nearest)"]
    print(
        f"{week.index[first]} to {week.index[stop - 1]}  "
        f"highest score {row_score[first:stop].max():.2f}  {', '.join(named)}"
    )
