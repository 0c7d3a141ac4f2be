#!/usr/bin/env bash
# Measures: whether `bench` finds an effect that was planted into a server, and none where there is none
# Whole small experiments between two stand-ins for servers that are equal, and between two of which the second takes longer, each
# with TRIALS seeds. What cannot be told is left open, which is no wrong verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 1
trials=${TRIALS:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --package bench --example planted
for round in $(seq "$runs"); do
    timed seconds target/release/examples/planted "$trials"
    cat "$work/out"
    value trials "$trials"
    while read -r effect right all open; do
        case $effect in 0) list=none ;; *) list=effect ;; esac
        value "$list-right" "$right"
        value "$list-open" "$open"
        value "$list-wrong" "$((all - right - open))"
    done < <(sed -n 's/^planted \([0-9.]*\): \([0-9]*\) of \([0-9]*\) right, \([0-9]*\) left open$/\1 \2 \3 \4/p' "$work/out")
    echo "round $round of $runs"
done
case_of none-right verdicts "nothing planted: none found" --against trials --wanted "at least 0.9"
case_of none-open verdicts "nothing planted: left open"
case_of none-wrong verdicts "nothing planted: an effect found"
case_of effect-right verdicts "an effect of 10 % planted: found" --against trials --wanted "at least 0.9"
case_of effect-open verdicts "an effect of 10 % planted: left open"
case_of effect-wrong verdicts "an effect of 10 % planted: said that there is none"
case_of trials experiments "experiments of each kind"
case_of seconds s "all of it"
