#!/usr/bin/env bash
# pandas 3.1.1 moves a time that the clocks skip an hour too far back, in some zones only.
#
# Expected: `nonexistent="shift_backward"` is documented as "shift to the closest existing time". Where
# the clocks skip the hour from 02:00 to 03:00, 02:30 becomes the last microsecond before 02:00, in
# winter time, in every zone. pandas 3.0.0 does that.
# Happens: Berlin and New York are right. In Madrid, Gibraltar, Anchorage and Iqaluit (about 20 of 200
# zones with summer time; those whose winter offset was once another one) the answer is the last
# microsecond before 01:00: an existing time, an hour from the closest. In Samoa, which skipped the
# 30th of December 2011, noon of that day "shifted forward" is 13:00 of the day before, in both
# versions. Scalars, columns and every resolution do the same.
# Versions: pandas 3.1.1 against 3.0.0, numpy 2.3.5, tzdata 2025.2.
# Hurt: whoever localizes a log of a Spanish or Alaskan network with a skipped hour in it (written by a
# device without summer time): rows land before rows that were measured earlier, or on their times.
# Guard: refuse skipped times ("raise"), or find the transition with zoneinfo.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
cat > probe.py <<'PY'
import pandas as pd

SKIPPED = {
    "Europe/Berlin": "2024-03-31 02:30",
    "America/New_York": "2024-03-10 02:30",
    "Europe/Madrid": "2024-03-31 02:30",
    "Europe/Gibraltar": "2024-03-31 02:30",
    "America/Anchorage": "2024-03-10 02:30",
    "America/Iqaluit": "2024-03-10 02:30",
}
print("pandas", pd.__version__)
hours = []
for zone, time in SKIPPED.items():
    moved = pd.Timestamp(time).tz_localize(zone, nonexistent="shift_backward")
    column = pd.DatetimeIndex([time]).tz_localize(zone, nonexistent="shift_backward")
    assert column[0] == moved
    hours.append(moved.hour)
    print(f"{zone:18} {time} shifted backward is {moved}")
noon = pd.Timestamp("2011-12-30 12:00").tz_localize("Pacific/Apia", nonexistent="shift_forward")
print("Pacific/Apia, a day that was skipped: noon shifted forward is", noon)
assert hours == ([1, 1, 1, 1, 1, 1] if pd.__version__ == "3.0.0" else [1, 1, 0, 0, 0, 0]), hours
assert str(noon) == "2011-12-29 13:00:00-10:00", noon
PY
for version in 3.0.0 3.1.1; do
    python3 -m venv "venv-$version"
    "$box/venv-$version/bin/pip" install -q --disable-pip-version-check "pandas==$version" numpy==2.3.5 tzdata==2025.2
    "$box/venv-$version/bin/python" probe.py
done
echo "as described"
