#!/usr/bin/env bash
# A real Kubernetes control plane on this machine, without containers and without a network of its own: etcd (Debian's
# etcd-server), kube-apiserver, kube-controller-manager and kube-scheduler built from their Go modules, and kwok in the place of
# kubelets. Needs go (any, Debian's too), etcd, openssl, curl, python3; the first build takes some eight minutes on two cores
# and 5 GB, later ones seconds.
#
#   control-plane.sh build           programs into target/control-plane/bin
#   control-plane.sh start DIR       all its state in DIR; writes DIR/kubeconfig
#   control-plane.sh stop DIR
set -euo pipefail
cd "$(dirname "$0")/.."
kubernetes=v1.34.4 kwok=v0.8.0 go=go1.26.8
place=$PWD/target/control-plane bin=$PWD/target/control-plane/bin
export GOCACHE=$place/cache GOMODCACHE=$place/modules GOFLAGS="-buildvcs=false -modcacherw" CGO_ENABLED=0

die() { echo "control-plane: $*" >&2; exit 1; }

# Since 1.21 Go fetches the release that a module asks for. Debian 12's is older and is handed one, which is a module too;
# modules have no executable files.
new_enough_go() {
    local minor release
    minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
    ((minor < 21)) || return 0
    release=$(go mod download -json "golang.org/toolchain@v0.0.1-$go.$(go env GOOS)-$(go env GOARCH)" |
        sed -n 's/.*"Dir": "\(.*\)".*/\1/p') || true
    [ -n "$release" ] || die "$go could not be had as a module; install Go 1.21 or newer"
    chmod +x "$release"/bin/* "$release"/pkg/tool/*/*
    export PATH=$release/bin:$PATH
}

# A module that is nothing but its tools. Kubernetes' own go.mod points into a source tree that modules do not carry; the
# same parts are published by themselves, under v0 with the same numbers.
module() { # NAME MODULE VERSION PACKAGE...
    local folder=$place/$1 module=$2 version=$3 package
    mkdir -p "$folder"
    cd "$folder"
    rm -f go.mod go.sum
    go mod init "$1" 2> /dev/null
    local source
    source=$(go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    sed -n 's#^\t\?\(k8s.io/[a-z-]*\) => ./staging/src/.*#\1#p' "$source/go.mod" | sort -u | while read -r part; do
        go mod edit -replace "$part=$part@v0.${version#v1.}"
    done
    go mod edit -require "$module@$version"
    shift 3
    for package in "$@"; do go mod edit -tool "$package"; done
    go mod tidy 2> tidy.log || { tail -n 5 tidy.log >&2; die "the modules of $module could not be had"; }
    echo "$source"
}

build() {
    local version=k8s.io/component-base/version source package held
    local flags="-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=34"
    local commands=()
    new_enough_go
    for package in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
        commands+=("k8s.io/kubernetes/cmd/$package")
    done
    mkdir -p "$bin"
    # Whoever comes while another builds waits, and finds all of it built.
    exec {held}> "$place/lock"
    flock "$held"
    module kubernetes k8s.io/kubernetes "$kubernetes" "${commands[@]}" > /dev/null
    (cd "$place/kubernetes" && go build -trimpath -ldflags "$flags" -o "$bin/" "${commands[@]}")
    source=$(module kwok sigs.k8s.io/kwok "$kwok" sigs.k8s.io/kwok/cmd/kwok)
    (cd "$place/kwok" && go build -trimpath -ldflags "-s -w" -o "$bin/" sigs.k8s.io/kwok/cmd/kwok)
    # kwok does nothing without stages; these make nodes and pods ready at once.
    for stage in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease \
        pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
        echo ---
        cat "$source/kustomize/stage/$stage.yaml"
    done > "$bin/stages.yaml"
}

run() { # NAME COMMAND...
    local name=$1
    shift
    "$@" > "$folder/$name.log" 2>&1 < /dev/null &
    echo $! > "$folder/$name.pid"
}

until_true() { # WHAT COMMAND...
    local end=$((SECONDS + 60)) what=$1 file
    shift
    until "$@" > /dev/null 2>&1; do
        for file in "$folder"/*.pid; do
            kill -0 "$(< "$file")" 2> /dev/null || { tail -n 5 "${file%.pid}.log" >&2; die "$(basename "$file" .pid) ended"; }
        done
        ((SECONDS < end)) || die "$what did not come about within a minute"
        sleep 0.2
    done
}

free_ports() {
    python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(one.getsockname()[1] for one in held))'
}

start() {
    mkdir -p "$folder"
    chmod 700 "$folder"
    local store peer port token
    read -r store peer port < <(free_ports)
    local etcd=http://127.0.0.1:$store api=https://127.0.0.1:$port
    openssl genrsa -out "$folder/sa.key" 2048 2> /dev/null
    openssl rsa -in "$folder/sa.key" -pubout -out "$folder/sa.pub" 2> /dev/null
    token=$(openssl rand -hex 16)
    (umask 077 && echo "$token,admin,admin,system:masters" > "$folder/tokens.csv")
    run etcd etcd --data-dir "$folder/etcd" --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "default=http://127.0.0.1:$peer" --unsafe-no-fsync
    # A loopback address may not be an endpoint. Privileged pods are left to pod security, as kubeadm does.
    run apiserver "$bin/kube-apiserver" --etcd-servers "$etcd" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 \
        --secure-port "$port" --endpoint-reconciler-type none --cert-dir "$folder/apiserver" --allow-privileged \
        --token-auth-file "$folder/tokens.csv" --authorization-mode Node,RBAC --service-cluster-ip-range 10.96.0.0/16 \
        --service-account-issuer https://kubernetes.default.svc.cluster.local \
        --service-account-key-file "$folder/sa.pub" --service-account-signing-key-file "$folder/sa.key"
    (umask 077 && cat > "$folder/kubeconfig" << YAML
apiVersion: v1
kind: Config
clusters: [{name: simulated, cluster: {server: "$api", certificate-authority: "$folder/apiserver/apiserver.crt"}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: simulated, context: {cluster: simulated, user: admin}}]
current-context: simulated
YAML
    )
    until_true "the API server's readiness" curl --fail --silent --noproxy '*' --cacert "$folder/apiserver/apiserver.crt" \
        --header "Authorization: Bearer $token" "$api/readyz"
    # By default these two ask for twenty and fifty things a second.
    local eager=(--kube-api-qps 500 --kube-api-burst 1000)
    run controller-manager "$bin/kube-controller-manager" --kubeconfig "$folder/kubeconfig" --leader-elect=false \
        "${eager[@]}" --node-monitor-grace-period 400s --secure-port 0 --service-account-private-key-file "$folder/sa.key" \
        --root-ca-file "$folder/apiserver/apiserver.crt"
    run scheduler "$bin/kube-scheduler" --kubeconfig "$folder/kubeconfig" --leader-elect=false --secure-port 0 "${eager[@]}"
    # kwok's client asks for lists as streams, which the API server refuses with an etcd as old as Debian's; it would try again
    # and again, ever more slowly.
    run kwok env KUBE_FEATURE_WatchListClient=false "$bin/kwok" --kubeconfig "$folder/kubeconfig" --config "$bin/stages.yaml" --node-ip 127.0.0.1 \
        --manage-nodes-with-annotation-selector kwok.x-k8s.io/node=fake --node-lease-duration-seconds 200
    until_true "the default service account" "$bin/kubectl" --kubeconfig "$folder/kubeconfig" get serviceaccount default
}

stop() {
    local name
    # Clients before what they talk to.
    for name in kwok scheduler controller-manager apiserver etcd; do
        [ -e "$folder/$name.pid" ] || continue
        kill "$(< "$folder/$name.pid")" 2> /dev/null || true
        for _ in {1..100}; do kill -0 "$(< "$folder/$name.pid")" 2> /dev/null || break; sleep 0.1; done
        kill -KILL "$(< "$folder/$name.pid")" 2> /dev/null || true
        rm "$folder/$name.pid"
    done
}

command=${1:?build, start DIR or stop DIR}
[ "$command" = build ] || folder=$(realpath -m "${2:?the folder of its state}")
case $command in
    build) build ;;
    start)
        # A start that fails half way leaves nothing running.
        trap stop EXIT
        start
        trap - EXIT
        ;;
    stop) stop ;;
    *) die "unknown command $command: build, start DIR or stop DIR" ;;
esac
