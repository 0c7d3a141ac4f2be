#!/usr/bin/env bash
# Pulling one serving image of the sample by its digest into an engine that has none of its layers: as `cargo xtask push`
# left it in the registry, and as `docker push` did. All images of the repository are taken off the engine for that, and put
# back at the end. Needs `cargo xtask build-images --profile sample` before it, no servers up, and Debian's docker-registry.
# Usage: benches/pull-images.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-5}
image=cpu-optimized
work=$(mktemp -d)
registry=127.0.0.1:5098
xtask=target/debug/xtask
served=
mapfile -t all < <(docker images tf-serving --format '{{.Repository}}:{{.Tag}}')
if [ -n "$(docker ps -aq $(printf -- '--filter ancestor=%s ' "${all[@]}"))" ]; then
    echo "containers use these images; take them away first: cargo xtask down" >&2
    exit 1
fi
# The lock is the user's: these pushes must not stay in it.
[ ! -e manifests/images.lock ] || cp manifests/images.lock "$work/images.lock"
finish() {
    [ -z "$served" ] || kill "$served" 2> /dev/null || true
    cp "$work/images.lock" manifests/images.lock 2> /dev/null || rm -f manifests/images.lock
    [ ! -e "$work/all.tar" ] || docker load --quiet --input "$work/all.tar" > /dev/null
    rm -rf "$work"
}
trap finish EXIT

fresh_registry() {
    [ -z "$served" ] || { kill "$served"; wait "$served" 2> /dev/null || true; }
    rm -rf "$work/storage"
    printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %s}\n' "$work/storage" "$registry" > "$work/config.yml"
    docker-registry serve "$work/config.yml" > "$work/log" 2>&1 &
    served=$!
    until curl -sf "http://$registry/v2/" > /dev/null; do sleep 0.05; done
}

# pulled NAME REFERENCE: takes every image away and appends the seconds that it takes to get one back.
pulled() {
    local begin end
    docker rmi "${all[@]}" $(docker images "$registry/bench/tf-serving" -q) > /dev/null 2>&1 || true
    begin=$(date +%s.%N)
    docker pull --quiet "$2" > "$work/out"
    end=$(date +%s.%N)
    echo "$end - $begin" | bc >> "$work/$1"
    docker rmi "$2" > /dev/null
    docker load --quiet --input "$work/all.tar" > /dev/null
}

report() {
    sort -n "$work/$1" | awk -v name="$2" '{ t[NR] = $1 } END { printf "%-42s %6.2f (%.2f to %.2f)\n", name, t[int((NR + 1) / 2)], t[1], t[NR] }'
}

docker save --output "$work/all.tar" "${all[@]}"
for _ in $(seq "$runs"); do
    fresh_registry
    docker tag "tf-serving:$image" "$registry/bench/tf-serving:$image"
    docker push --quiet "$registry/bench/tf-serving:$image" > /dev/null
    docker rmi "$registry/bench/tf-serving:$image" > /dev/null
    pulled docker "$registry/bench/tf-serving:$image"
    fresh_registry
    reference=$("$xtask" --profile sample push --registry "$registry/bench" "$image" 2> "$work/log.push")
    pulled ours "$reference"
done
report docker "docker pull of what docker push left"
report ours "docker pull of what xtask push left"
