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
source benches/registry.sh
mapfile -t all < <(docker images tf-serving --format '{{.Repository}}:{{.Tag}}')
if [ -n "$(docker ps -aq $(printf -- '--filter ancestor=%s ' "${all[@]}"))" ]; then
    echo "containers use these images; take them away first: cargo xtask down" >&2
    exit 1
fi
keep_lock
finish() {
    end_registry_and_restore_lock
    [ ! -e "$work/all.tar" ] || docker load --quiet --input "$work/all.tar" > /dev/null
    rm -rf "$work"
}
trap finish EXIT

# pulled NAME REFERENCE: takes every image away and appends the seconds that it takes to get one back.
pulled() {
    docker rmi "${all[@]}" $(docker images "$registry/bench/tf-serving" -q) > /dev/null 2>&1 || true
    # An image that stays keeps its layers, and a pull that moves nothing is no pull.
    [ -z "$(docker images -q tf-serving)" ] || { echo "tf-serving images cannot be taken away" >&2; exit 1; }
    timed "$1" docker pull --quiet "$2"
    docker rmi "$2" > /dev/null
    docker load --quiet --input "$work/all.tar" > /dev/null
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
