"""Tables of contamination.md: what studies of contamination have found, as Markdown.

python -m benchmarks.contamination FOLDER ...

Each FOLDER is what `python -m dcvae.contamination` has written. A line is a detector; a cell holds
a metric at the shares of contamination, means of the runs, one after the other.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

METRICS = {
    "aupr": "average precision",
    "auroc": "AUROC",
    "f1_true_rate": "F1, true rate",
    "f1_train_threshold": "F1, training threshold",
}


def table(folder: Path) -> str:
    """Return the table of a study with a line above it that says what it rests on."""
    results = pd.read_csv(folder / "results.csv")
    # A line that was tried again stands twice: the last one counts.
    results = results.drop_duplicates(["detector", "rho", "run"], keep="last")
    failed = results[results["failure"].notna()] if "failure" in results else results.iloc[:0]
    summary = pd.read_csv(folder / "summary.csv").set_index(["metric", "detector", "rho"])
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    shares, largest = record["rho"], max(record["rho"])
    rests_on = record["rests_on"]
    size = results.groupby("rho")["rows"].median().astype(int)
    lines = [
        f"`{rests_on['data']}`, {rests_on['columns']} columns, anomaly: {rests_on['anomaly']}; "
        f"{size.iloc[0]:,} to {size.iloc[-1]:,} training rows, {rests_on['test_rows']:,} in the "
        f"test, {rests_on['test_anomalies']:,} of them anomalies; runs: {record['runs']}; shares: "
        + ", ".join(f"{share:.0%}" for share in shares),
        "",
        "| detector | "
        + " | ".join(METRICS.values())
        + f" | precision lost at {largest:.0%} (95 %) | s |",
        "|---" * (len(METRICS) + 3) + "|",
    ]
    for name in record["detectors"]:
        done = results[(results["detector"] == name) & results["aupr"].notna()]
        if done.empty:
            lines.append(f"| {name} | {'; '.join(sorted(set(failed['failure'])))} |")
            continue
        cells = [
            " ".join(f"{summary.loc[(metric, name, share), 'mean']:.3f}" for share in shares)
            for metric in METRICS
        ]
        lost = summary.loc[("aupr", name, largest)]
        cells.append(f"{lost['loss']:.3f} ({lost['loss_low']:.3f} to {lost['loss_high']:.3f})")
        cells.append(f"{done['seconds'].median():.1f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables of the folders that are given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders:
        print(f"{table(folder)}\n")


if __name__ == "__main__":
    main()
