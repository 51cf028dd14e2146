#!/usr/bin/env bash
# pandas 3 meets writers that assume nanoseconds: points land in January 1970, with status 204.
#
# Expected: DataFrameClient.write_points (client of InfluxDB 1.x) sends the times of the index, and
# fastparquet with times="int96" (the format for Spark and Impala) stores them; both document plain
# DataFrames with a DatetimeIndex or datetime column, and with pandas 2 both do.
# Happens: pandas 3 keeps date_range, read_csv and to_datetime results in MICROseconds. Both writers
# take the raw int64 as nanoseconds, so 2026-03-01 12:00 becomes 1970-01-21 12:19:26. All spacing
# shrinks by 1000 too: rows five minutes apart stand 0.3 s apart, and with time_precision "s" all
# rows of 1000 s get one stamp, so they overwrite each other in the database.
# Versions: pandas 3.0.2, influxdb 5.3.2, fastparquet 2026.9.0, numpy 2.3.5.
# Hurt: monitoring histories written by a job whose pandas was upgraded: retention drops the points
# at once or they lie unseen in 1970, and the write reports success.
# Guard: df.index = df.index.as_unit("ns") before writing.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pandas==3.0.2 numpy==2.3.5 influxdb==5.3.2 fastparquet==2026.9.0
venv/bin/python - <<'PY'
import threading, fastparquet, influxdb, pandas as pd
from http.server import BaseHTTPRequestHandler, HTTPServer

print("pandas", pd.__version__, "influxdb", influxdb.__version__, "fastparquet", fastparquet.__version__)
bodies = []
class Server(BaseHTTPRequestHandler):  # stands in for the database: keeps what it is sent
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = influxdb.DataFrameClient(host="127.0.0.1", port=server.server_port, database="plant")

frame = pd.DataFrame({"v": [1.0, 2.0]}, index=pd.date_range("2026-03-01 12:00", periods=2, freq="5min"))
sent = {}
for name, f in (("as pandas 3 makes it", frame), ("as_unit('ns')", frame.set_axis(frame.index.as_unit("ns")))):
    client.write_points(f, "pump")
    sent[name] = [pd.Timestamp(int(line.split()[-1]), unit="ns") for line in bodies[-1].split("\n") if line]
    print(f"InfluxDB, {name} ({f.index.dtype}):", *sent[name])
server.shutdown()

fastparquet.write("t.parquet", frame.reset_index(names="t"), times="int96")
stored = fastparquet.ParquetFile("t.parquet").to_pandas()["t"]
print("fastparquet int96:", *stored)
assert sent["as_unit('ns')"][0] == frame.index[0], "guard no longer works"
assert sent["as pandas 3 makes it"][0].year == 1970, "behaviour changed (influxdb)"
assert stored[0].year == 1970, "behaviour changed (fastparquet)"
PY
