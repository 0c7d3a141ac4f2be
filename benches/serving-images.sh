#!/usr/bin/env bash
# Measures: `build-images` and `push` against `docker build`, `docker push` and `skopeo copy`
# Needs: dockerd docker docker-registry skopeo curl debootstrap
# Building and pushing one serving image of the sample: ours, the docker command line and skopeo, one after
# another, each push into an empty registry.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 5
image=cpu-optimized
work=$(mktemp -d)
registry=127.0.0.1:5099
xtask=target/debug/xtask
source benches/registry.sh
keep_lock
finish() {
    end_registry_and_restore_lock
    rm -rf "$work"
    docker rmi "$registry/bench/tf-serving:$image" > /dev/null 2>&1 || true
}
trap finish EXIT

cargo build --quiet --package xtask
"$xtask" --profile sample build-servers cpu-optimized > /dev/null
"$xtask" --profile sample build-images "$image" > /dev/null
docker tag "tf-serving:$image" "$registry/bench/tf-serving:$image"

# The context that ours sends, for the docker command line.
mkdir -p "$work/context/servers"
cp docker/serving.cpu.Dockerfile "$work/context/Dockerfile"
cp docker/serving-root.sh docker/entrypoint.sh "$work/context/"
cp bin/tensorflow_model_server.cpu.optimized "$work/context/servers/"
echo "run tensorflow_model_server.cpu.optimized -" > "$work/context/servers/servers"
(cd "$work/context/servers" && sha256sum tensorflow_model_server.* > sums)
from=$(docker inspect "tf-serving:$image" --format '{{index .Config.Labels "tf-serving-xtask.tf-dev"}}')

# The same labels too, as one instruction (`--label` costs a step each): ours come without any step.
docker inspect "tf-serving:$image" --format 'LABEL{{range $name, $value := .Config.Labels}} {{printf "%q=%q" $name $value}}{{end}}' \
    >> "$work/context/Dockerfile"
docker_build() {
    DOCKER_BUILDKIT=0 docker build --build-arg BASE=debian-base:bookworm --build-arg LIBRARIES_FROM="$from" \
        --build-arg LIBRARIES=/opt/serving-root --build-arg SOURCE_DATE_EPOCH="$(date +%s)" --build-arg CHECKOUT=bench "$work/context"
}
# Fills the cache.
docker_build > /dev/null

for round in $(seq "$runs"); do
    # The date changes, for both, so that both lay out the image anew and find the steps before it in the cache.
    timed build-docker docker_build
    timed build-ours env SOURCE_DATE_EPOCH="$(date +%s)" "$xtask" --profile sample build-images "$image"
    value build-alone "$(sed -n 's/.*"seconds": \([0-9.]*\),.*/\1/p' "bin/images/$image.receipt.json" | head -n 1)"
    "$xtask" --profile sample build-images "$image" > /dev/null 2>&1
    docker tag "tf-serving:$image" "$registry/bench/tf-serving:$image"
    fresh_registry
    timed push-docker docker push --quiet "$registry/bench/tf-serving:$image"
    fresh_registry
    timed push-skopeo skopeo copy --quiet --dest-tls-verify=false "docker-daemon:tf-serving:$image" "docker://$registry/bench/tf-serving:$image"
    # What an earlier round packed is of no use in an empty registry, but no head start shall be possible either.
    rm -f target/xtask/packed-layers.json
    fresh_registry
    timed push-ours "$xtask" --profile sample push --registry "$registry/bench" "$image"
    timed push-again "$xtask" --profile sample push --registry "$registry/bench" "$image"
    echo "round $round of $runs"
done
engine_version
version skopeo "$(skopeo --version | sed 's/skopeo version //')"
case_of push-docker s "\`docker push\`"
case_of push-skopeo s "\`skopeo copy\`"
case_of push-ours s "\`cargo xtask push\`, with SBOM and provenance" --against push-skopeo --wanted "at most 1.05"
same beside-docker push-ours
case_of beside-docker s "the same, against \`docker push\`" --against push-docker
case_of push-again s "\`cargo xtask push\` again: no blob moves" --wanted "at most 1"
case_of build-docker s "\`docker build\` with the same context, its labels as one instruction"
case_of build-alone s "the same in \`build-images\`, by its receipt, the builder's clock taken out of the image" --against build-docker --wanted "at most 1.05"
case_of build-ours s "\`build-images\` whole, with the gate, in which a model is served"
