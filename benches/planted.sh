#!/usr/bin/env bash
# Measures: whether `bench` finds effects that were planted into servers, and none where there is none
# The servers are stand-ins whose times are known; the program prints what it planted, what the verdicts said, and how many of
# them are right. What it says last as `N of M` is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --package bench --example planted
for round in $(seq "$runs"); do
    timed seconds target/release/examples/planted
    cat "$work/out"
    read -r right planted < <(sed -n 's/.*\b\([0-9]\+\) of \([0-9]\+\)\b.*/\1 \2/p' "$work/out" | tail -n 1)
    [ -n "${planted:-}" ] || { echo "FAILED: the program said no count" >&2; exit 1; }
    value right "$right"
    value planted "$planted"
    echo "round $round of $runs"
done
case_of right verdicts "verdicts that are right" --against planted --wanted "at least 1"
case_of planted verdicts "effects planted, and places with none"
case_of seconds s "all of it"
