#!/usr/bin/env bash
# A progress bar of rich on standard error takes what is printed away from a piped standard output.
#
# Expected: a bar belongs on standard error, so that `program > alarms.csv` has the rows alone: this is
# what `Console(stderr=True)` is for, and what tqdm does without being asked.
# Happens: while the bar is shown, `print` and `sys.stdout.write` go to the console of the bar, which is
# standard error. The file gets only what is printed before and after; the rows are on the screen, and
# the exit status is 0. Without a terminal on standard error, as under cron, there is no bar and the
# file is complete: the loss is seen only by whoever runs the program by hand.
# Versions: rich 15.0.0, tqdm 4.70.1.
# Hurt: programs that write rows to standard output while they score a long file, and pipe them on.
# Guard: `Progress(..., redirect_stdout=False)`, or write rows to a file of their own.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check rich==15.0.0 tqdm==4.70.1
cat > score.py <<'PY'
import sys

from rich.console import Console
from rich.progress import Progress
from tqdm import tqdm

bar, redirected, is_terminal = sys.argv[1], sys.argv[2] == "default", sys.argv[3] == "terminal"
if bar == "tqdm":
    for row in tqdm(range(3)):
        print(f"{row},alarm")
else:
    console = Console(stderr=True, force_terminal=is_terminal)
    with Progress(console=console, redirect_stdout=redirected) as progress:
        for row in progress.track(range(3)):
            print(f"{row},alarm")
print("end")
PY
rows() {
    venv/bin/python score.py "$@" > out.csv 2> err.txt
    count=$(grep -c alarm out.csv || true)
    echo "$*: $count of 3 rows in the pipe, $(grep -c alarm err.txt || true) on standard error"
    test "$count" = "$expected"
}
expected=0 rows rich default terminal
expected=3 rows rich default cron
expected=3 rows rich off terminal
expected=3 rows tqdm default terminal
echo "as described"
