#!/usr/bin/env bash
# Measures: `docker pull` of what `cargo xtask push` left against what `docker push` left
# Needs: dockerd docker docker-registry curl debootstrap
# Pulling one serving image of the sample by its digest: as `cargo xtask push` left it in a registry, and as `docker push` did.
# The engine that built the image has its layers in any case, so a second one pulls, which has nothing: in namespaces of its
# own, because an engine without a bridge takes away that of the first. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 5
image=cpu-optimized
work=$(mktemp -d)
registry=127.0.0.1:5098
xtask=target/debug/xtask
engine=unix://$work/engine.sock
source benches/registry.sh
keep_lock
second=
finish() {
    end_registry_and_restore_lock
    [ ! -e "$work/engine.pid" ] || { kill "$(cat "$work/engine.pid")"; wait "$second" || true; } 2> /dev/null
    docker rmi "$registry/bench/tf-serving:$image" > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

# pulled NAME: appends the seconds that the second engine takes for the image of that registry, and takes it away again.
pulled() {
    local reference
    reference=$(cat "$work/$1.reference")
    timed "$1" docker -H "$engine" pull "$reference"
    # A pull that moves nothing is no pull.
    if grep -q "Already exists\|up to date" "$work/out"; then
        echo "the second engine had layers of $reference" >&2
        exit 1
    fi
    docker -H "$engine" rmi --force "$(docker -H "$engine" images --quiet --no-trunc)" > /dev/null
}

cargo build --quiet --package xtask
"$xtask" --profile sample build-servers cpu-optimized > /dev/null
"$xtask" --profile sample build-images "$image" > /dev/null
fresh_registry
docker tag "tf-serving:$image" "$registry/bench/tf-serving:$image"
docker push "$registry/bench/tf-serving:$image" | awk -v name="$registry/bench/tf-serving" '/digest:/ { print name "@" $3 }' > "$work/docker.reference"
"$xtask" --profile sample push --registry "$registry/bench" --tag ours "$image" > "$work/ours.reference" 2> "$work/log.push"
sed -i 's/:ours@/@/' "$work/ours.reference"
if cmp -s "$work/docker.reference" "$work/ours.reference"; then
    echo "both pushes left the same manifest: nothing to compare" >&2
    exit 1
fi
kill "$served"
wait "$served" 2> /dev/null || true
served=

unshare --mount --net sh -c "ip link set lo up
    docker-registry serve $work/config.yml > $work/log 2>&1 &
    registry=\$!
    dockerd --host $engine --data-root $work/engine --exec-root $work/exec --pidfile $work/engine.pid --bridge none --iptables=false > $work/log.engine 2>&1
    kill \$registry" &
second=$!
until docker -H "$engine" version > /dev/null 2>&1; do
    kill -0 "$second" || { cat "$work/log.engine"; exit 1; }
    sleep 0.1
done
for round in $(seq "$runs"); do
    pulled docker
    pulled ours
    echo "round $round of $runs"
done
engine_version
case_of ours s "\`docker pull\` of what \`cargo xtask push\` left" --against docker --wanted "at most 1.05"
case_of docker s "\`docker pull\` of what \`docker push\` left"
