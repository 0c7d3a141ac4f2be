#!/usr/bin/env bash
# Measures: the load generator of `bench` against `wrk`, before the sample's server over REST
# Needs: dockerd docker debootstrap wrk python3
# Closed loops of 1, 2, 4 and 8 callers with the very same bytes: the bench sends the original where it makes no JPEG of its own,
# and the other tool posts the JSON that ours writes. SECONDS_EACH is the length of each. The server is one of a checkout of its
# own, so that whatever is up here stays so.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 3
each=${SECONDS_EACH:-20}
work=$(mktemp -d)
checkout=$work/checkout
finish() {
    [ ! -e "$checkout/config.toml" ] || "$xtask" --config "$checkout/config.toml" --profile sample down > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
for step in build-servers "build-images auto" export-model; do
    # shellcheck disable=SC2086
    "$xtask" --profile sample $step > /dev/null
done
mkdir -p "$checkout/serving"
cp -r config.toml docker bin model-data "$checkout/"
cp -r serving/sample "$checkout/serving/"
url=$("$xtask" --config "$checkout/config.toml" --profile sample up tf-serving-1cpu | grep -o 'http://[^ ]*/v1/models/[^ ]*' | head -n 1)
address=${url%%/v1/*}

mkdir "$work/pictures"
# Noise, of the size of a usual derivative.
python3 - "$work/pictures/noise.png" << 'PY'
import random
import struct
import sys
import zlib

SIDE = 128
chance = random.Random(1)
rows = b"".join(b"\0" + chance.randbytes(3 * SIDE) for _ in range(SIDE))
chunks = (b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
with open(sys.argv[1], "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in chunks:
        file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
PY
{
    printf 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
    printf 'wrk.body = [=[{"signature_name":"predict_images","instances":[{"b64":"%s"}]}]=]\n' "$(base64 --wrap 0 "$work/pictures/noise.png")"
    cat << 'LUA'
done = function(summary, latency)
    local errors = summary.errors
    local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format("POINT %.3f %.3f %.3f %d", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, wrong))
end
LUA
} > "$work/post.lua"

point() { # LIST PER_SECOND MEDIAN_MS P99_MS WRONG
    [ "$5" = 0 ] || { echo "FAILED: $5 requests of $1 went wrong" >&2; exit 1; }
    value "$1" "$2"
    value "$1-middle" "$3"
    value "$1-most" "$4"
}
for round in $(seq "$runs"); do
    rm -rf "$work/report"
    "$xtask" --profile sample bench --target "sample=$address" --quick --images "$work/pictures" --sizes 64 --formats png \
        --concurrency 1,2,4,8 --rates 0.5 --seconds "$each" --output "$work/report" > "$work/out" 2>&1 ||
        { tail -n 30 "$work/out" >&2; exit 1; }
    while read -r callers rest; do
        # shellcheck disable=SC2086
        point "ours-$callers" $rest
    done < <(python3 - "$work/report/records.ndjson" << 'PY'
import json
import sys

for row in map(json.loads, open(sys.argv[1])):
    if row["row"] == "point" and "closed" in row["load"]:
        wrong = row["sent"] - row["answered"]
        latency = row["latency"]
        print(row["load"]["closed"]["concurrency"], row["answered"] / row["seconds"], latency["p50"], latency["p99"], wrong)
PY
    )
    for callers in 1 2 4 8; do
        # shellcheck disable=SC2046
        point "wrk-$callers" $(wrk --threads 1 --connections "$callers" --duration "${each}s" --latency --script "$work/post.lua" \
            "$url:predict" | sed -n 's/^POINT //p')
    done
    echo "round $round of $runs"
done

version wrk "$(wrk -v 2>&1 | sed -n '1s/^wrk \([^ ]*\).*/\1/p')"
for callers in 1 2 4 8; do
    case_of "ours-$callers" requests/s "ours, $callers at once" --against "wrk-$callers" --wanted "at least 0.95"
    case_of "wrk-$callers" requests/s "\`wrk\`, $callers at once"
    case_of "ours-$callers-middle" ms "ours, median of an answer, $callers at once" --against "wrk-$callers-middle" --wanted "at most 1.05"
    case_of "wrk-$callers-middle" ms "\`wrk\`, median of an answer, $callers at once"
    case_of "ours-$callers-most" ms "ours, 99th percentile, $callers at once" --against "wrk-$callers-most"
    case_of "wrk-$callers-most" ms "\`wrk\`, 99th percentile, $callers at once"
done
