#!/usr/bin/env bash
# Measures: `deploy`, `status` and `undeploy` on a real control plane with 1,000 simulated nodes
# Needs: go etcd openssl curl python3
# `deploy`, `status` and `undeploy` against a real control plane with simulated nodes (benches/control-plane.sh), which
# schedules for real and runs nothing: every overlay on nodes of several shapes, a new version of the model, and 1,000 pods on
# 1,000 nodes. What is asserted is where pods land; seconds are told. PODS is another number of pods; XTASK names the program to
# run; without it, this checkout's is built.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 1
pods=${PODS:-1000}
benches/control-plane.sh build
[ -n "${XTASK:-}" ] || cargo build --quiet --package xtask
work=$(mktemp -d)
xtask=("${XTASK:-target/debug/xtask}" --config "$work/config.toml")
finish() {
    benches/control-plane.sh stop "$work/cluster" || true
    rm -rf "$work"
}
trap finish EXIT

export KUBECONFIG=$work/cluster/kubeconfig KUBERC=off
kubectl() { target/control-plane/bin/kubectl --cache-dir "$work/cache" "$@"; }

# A node of 16 CPUs; labels, taints and further resources are the insides of YAML's maps and lists.
node() { # NAME LABELS TAINTS RESOURCES
    cat << YAML
---
apiVersion: v1
kind: Node
metadata:
  name: $1
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {kubernetes.io/hostname: $1, kubernetes.io/os: linux, kubernetes.io/arch: amd64${2:+, $2}}
spec: {taints: [$3]}
status:
  allocatable: &shape {cpu: "16", memory: 256Gi, pods: "110"${4:+, $4}}
  capacity: *shape
YAML
}
declare -A words
steps=()
step() { # LIST WHAT COMMAND...
    [ -n "${words[$1]:-}" ] || steps+=("$1")
    words[$1]=$2
    timed "$1" "${@:3}"
    printf '%-62s %8.2f s\n' "$2" "$(tail -n 1 "$work/values/$1")"
}
# Where a server's pods run, as a pattern of node names.
run_on() { # SERVER PATTERN
    local nodes elsewhere
    nodes=$(kubectl --namespace tf-serving get pods --selector "app.kubernetes.io/instance=$1" \
        --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}')
    [ -n "$nodes" ] || { echo "FAILED: $1 has no pods" >&2; exit 1; }
    elsewhere=$(grep -Evx "$2" <<< "$nodes") || return 0
    echo "FAILED: a pod of $1 runs on ${elsewhere:-no node}" >&2
    exit 1
}

# What must end with an error that says so.
refused() { # WORDS COMMAND...
    local words=$1
    shift
    if "$@" > "$work/out" 2>&1; then echo "FAILED: went well, without: $words" >&2; exit 1; fi
    said "$words"
}
said() { # WORDS
    grep -qF -- "$1" "$work/out" || { cat "$work/out" >&2; echo "FAILED: nothing said: $1" >&2; exit 1; }
}

copies=(--component model-init-container)

a_round() {
    benches/control-plane.sh start "$work/cluster"
    flag=feature.node.kubernetes.io/cpu-cpuid
    avx="$flag.AVX: 'true'"
    avx2="$avx, $flag.AVX2: 'true', $flag.FMA3: 'true'"
    gpu="nvidia.com/gpu.compute.major: '7'"
    {
        node old '' '' ''
        node avx "$avx" '' ''
        # Two: a server of eight CPUs is replaced by one that is up before it goes.
        node avx2-a "$avx2" '' ''
        node avx2-b "$avx2" '' ''
        node gpu "$avx2, $gpu" '{key: nvidia.com/gpu, effect: NoSchedule}' 'nvidia.com/gpu: "1"'
    } | kubectl apply --filename - > /dev/null
    kubectl wait --for=condition=Ready node --all --timeout=60s > /dev/null

    # A checkout whose images were pushed to a registry that nobody asks.
    rm -rf "$work/manifests"
    cp -r manifests config.toml "$work/"
    python3 - > "$work/manifests/images.lock" << 'PY'
print("schema = 1")
optimized, standard = '"sse4_1", "sse4_2", "avx", "fma", "avx2"', '"sse4_2", "avx"'
images = {"cpu-optimized": optimized, "gpu-optimized": optimized, "auto": standard, "resizer": ""}
digest = lambda digit: "sha256:" + str(digit) * 64
for at, (name, features) in enumerate(images.items()):
    print(f'[images.{name}]\nreference = "registry.example/ml/tf-serving:{name}@{digest(at)}"\nalso-tagged = []')
    print(f'sbom = "{digest(8)}"\nprovenance = "{digest(9)}"\nreceipt-key = "k"\ncpu-features = [{features}]\npushed = "now"')
for version in 1, 2:
    print(f'[models.inception.{version}]\nreference = "registry.example/ml/model-inception:{version}@{digest(version)}"\npushed = "now"')
PY

    refused 'the cluster leaves out' "${xtask[@]}" deploy --timeout 20
    refused 'the cluster does not know' "${xtask[@]}" deploy --overlay kserve --timeout 20
    step all "\`deploy\` of all (three servers, web app), until ready" "${xtask[@]}" deploy "${copies[@]}" --model-version 1 --timeout 120
    run_on tf-serving-1cpu 'avx2-[ab]'
    run_on tf-serving-8cpu 'avx2-[ab]'
    run_on tf-serving-gpu gpu
    step all-again "the same again, nothing to change" "${xtask[@]}" deploy "${copies[@]}" --model-version 1 --timeout 120
    # What the other components make is taken by the API server too, each beside a model that it can have.
    for component in batching monitoring rest; do
        step "would-change-$component" "what --component $component would change" "${xtask[@]}" deploy "${copies[@]}" --component "$component" --dry-run=server
    done
    for component in model-pvc model-hostpath; do
        step "would-change-$component" "what --component $component would change" "${xtask[@]}" deploy --component "$component" --dry-run=server
    done
    # A service that has an address cannot lose it, so on one that is not there yet.
    for component in hpa headless; do
        step "would-be-$component" "what auto with --component $component would be" "${xtask[@]}" deploy --overlay auto "${copies[@]}" --component "$component" --dry-run=server
    done
    # Another takes hold of a field and wants two GPUs, of which there is one.
    kubectl --namespace tf-serving scale deployment tf-serving-gpu --replicas 2 > "$work/out"
    refused 'manages spec.replicas' "${xtask[@]}" deploy "${copies[@]}" --model-version 1 --timeout 120
    refused 'Insufficient nvidia.com/gpu' "${xtask[@]}" status
    step forced "the field taken over with --force-conflicts" "${xtask[@]}" deploy "${copies[@]}" --model-version 1 --force-conflicts --timeout 120
    step version-2 "version 2 of the model, until rolled out" "${xtask[@]}" deploy "${copies[@]}" --timeout 240
    step status "\`status\`" "${xtask[@]}" status
    said '2 (not asked)'
    step auto "only auto: two replicas up, the others away" "${xtask[@]}" deploy --overlay auto "${copies[@]}" --timeout 240
    run_on tf-serving-auto 'avx|avx2-[ab]'
    kubectl --namespace tf-serving create configmap somebodys > /dev/null
    step undeploy "\`undeploy\`" "${xtask[@]}" undeploy
    said 'holds ConfigMap somebodys, which is not ours'
    kubectl --namespace tf-serving delete configmap somebodys > /dev/null
    step undeploy-namespace "\`undeploy\` of the namespace, once nobody else is in it" "${xtask[@]}" undeploy
    kubectl wait --for=delete namespace/tf-serving --timeout=180s > /dev/null

    for number in $(seq "$pods"); do node "avx2-$number" "$avx2" '' ''; done | kubectl apply --filename - > /dev/null
    kubectl wait --for=condition=Ready node --all --timeout=300s > /dev/null
    sed -i "s/^  replicas: 1\$/  replicas: $pods/" "$work/manifests/server/deployment.yaml"
    step many-dry "dry run of the server, before $pods pods on $pods nodes" "${xtask[@]}" deploy --overlay 1cpu "${copies[@]}" --dry-run=server
    step many "\`deploy\` of $pods pods on $pods nodes, until ready" "${xtask[@]}" deploy --overlay 1cpu "${copies[@]}" --timeout 900
    step many-again "the same again, nothing to change" "${xtask[@]}" deploy --overlay 1cpu "${copies[@]}" --timeout 900
    run_on tf-serving-1cpu 'avx2-.*'
    step many-status "\`status\` of $pods pods, each asked for its model in vain" "${xtask[@]}" status
    benches/control-plane.sh stop "$work/cluster"
    rm -rf "$work/cluster"
}

for round in $(seq "$runs"); do
    a_round
    echo "round $round of $runs"
done
version Kubernetes "$(target/control-plane/bin/kube-apiserver --version | sed 's/Kubernetes //')"
version kwok "$(target/control-plane/bin/kwok --version | sed 's/.* //')"
version etcd "$(etcd --version | sed -n 's/etcd Version: //p')"
for list in "${steps[@]}"; do case_of "$list" s "${words[$list]}"; done
