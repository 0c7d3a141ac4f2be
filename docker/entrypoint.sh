#!/bin/sh
# Starts tensorflow_model_server with what the environment says, after asking whether this CPU can run it.
#
#   PORT                      gRPC port                                         8500
#   REST_API_PORT             REST port                                         8501
#   MODEL_NAME                name under which the model is served              model
#   MODEL_BASE_PATH           folder of models; the model is MODEL_NAME in it   /models
#   MODEL_PATH                the model's own folder of versions, instead of the former
#   MODEL_CONFIG_FILE         several models, instead of the former three
#   BATCHING_PARAMETERS_FILE  turns batching on
#   MONITORING_CONFIG_FILE    another configuration of metrics                   Prometheus, at the REST port
#   TF_SERVING_CPUS           CPUs by which thread pools are sized                the container's quota
#   TF_SERVING_CPU_FLAGS      CPU features to go by instead of /proc/cpuinfo's: to try another CPU's choice
#
# Arguments are handed on, and win over what is set here. Thread flags follow the CPU quota of the container, which
# TensorFlow does not see: it would start as many threads as the node has CPUs.
# Exit code 78 (EX_CONFIG): this CPU, or this server, cannot do what is asked of it.
set -eu
settings=/etc/tf-serving
servers=/usr/local/bin
cgroup=/sys/fs/cgroup
cpuinfo=/proc/cpuinfo

refuse() {
    echo "tf-serving: $*" >&2
    exit 78
}

cpu_flags() {
    if [ -n "${TF_SERVING_CPU_FLAGS+set}" ]; then
        echo "$TF_SERVING_CPU_FLAGS"
        return
    fi
    while read -r key rest; do
        if [ "$key" = flags ]; then
            echo "${rest#*: }"
            return
        fi
    done < "$cpuinfo"
}

# The features of a comma-separated list that this CPU lacks.
lacking() {
    have=" $cpu "
    missing=
    for feature in $(IFS=,; echo $1); do
        case $have in
            *" $feature "*) ;;
            *) missing="$missing${missing:+ }$feature" ;;
        esac
    done
    echo "$missing"
}

# Lines of `servers`: `run FILE FEATURES`, best first, then `else IMAGE FEATURES`; no features are a dash.
choose() {
    cpu=$(cpu_flags)
    while read -r verb name features; do
        [ "$features" != - ] || features=
        missing=$(lacking "$features")
        case $verb in
            run)
                if [ -z "$missing" ]; then
                    server=$servers/$name
                    return
                fi
                # The last is the least demanding: what it lacks is what there is to say.
                needs=$(IFS=,; echo $features)
                lacks=$missing ;;
            else)
                if [ -z "$missing" ]; then
                    refuse "needs $needs; this CPU lacks $lacks: use $name"
                fi ;;
        esac
    done < "$settings/servers"
    refuse "needs $needs; this CPU lacks $lacks, and no image of this build runs without"
}

knows() {
    while read -r flag; do
        [ "$flag" != "$1" ] || return 0
    done < "$settings/flags"
    return 1
}

# Whether the arguments set a flag themselves.
is_given() {
    case $given in
        *" --$1="* | *" --$1 "*) return 0 ;;
    esac
    return 1
}

# Newlines stand between flags: values may hold blanks.
flag() {
    flags="$flags
--$1=$2"
}

# add NAME VALUE: a flag, where the server has it and nobody gave it.
add() {
    if knows "$1" && ! is_given "$1"; then
        flag "$1" "$2"
    fi
}

# demand NAME VALUE WHY: a flag that somebody asked for by a variable.
demand() {
    knows "$1" || refuse "$3 is set, but this server has no flag --$1"
    is_given "$1" || flag "$1" "$2"
}

# Whole CPUs of the quota, rounded up; nothing where there is none.
quota() {
    if [ -r "$cgroup/cpu.max" ]; then
        read -r limit period < "$cgroup/cpu.max"
    elif [ -r "$cgroup/cpu/cpu.cfs_quota_us" ]; then
        read -r limit < "$cgroup/cpu/cpu.cfs_quota_us"
        read -r period < "$cgroup/cpu/cpu.cfs_period_us"
    else
        return 0
    fi
    case $limit in
        max | -1 | '') ;;
        *) echo $(((limit + period - 1) / period)) ;;
    esac
}

server= needs= lacks= flags= given=" $* "
choose

is_given port || flag port "${PORT:-8500}"
add rest_api_port "${REST_API_PORT:-8501}"
# Static, and SERVING from the moment the port opens, which is when the first model is live: what a gRPC probe asks.
add enable_grpc_healthcheck_service true
if [ -n "${MODEL_CONFIG_FILE:-}" ]; then
    demand model_config_file "$MODEL_CONFIG_FILE" MODEL_CONFIG_FILE
elif ! is_given model_config_file; then
    name=${MODEL_NAME:-model}
    is_given model_name || flag model_name "$name"
    is_given model_base_path || flag model_base_path "${MODEL_PATH:-${MODEL_BASE_PATH:-/models}/$name}"
fi
if [ -n "${BATCHING_PARAMETERS_FILE:-}" ]; then
    demand enable_batching true BATCHING_PARAMETERS_FILE
    demand batching_parameters_file "$BATCHING_PARAMETERS_FILE" BATCHING_PARAMETERS_FILE
fi
if [ -n "${MONITORING_CONFIG_FILE:-}" ]; then
    demand monitoring_config_file "$MONITORING_CONFIG_FILE" MONITORING_CONFIG_FILE
elif [ -r "$settings/monitoring.pbtxt" ]; then
    add monitoring_config_file "$settings/monitoring.pbtxt"
fi
cpus=${TF_SERVING_CPUS:-$(quota)}
case $cpus in
    *[!0-9]* | 0) refuse "TF_SERVING_CPUS is \`$cpus\`, not a whole number of CPUs" ;;
esac
if [ -n "$cpus" ]; then
    # One number for both pools is the only one that excludes these two.
    if ! is_given tensorflow_session_parallelism; then
        if knows tensorflow_intra_op_parallelism; then
            add tensorflow_intra_op_parallelism "$cpus"
            add tensorflow_inter_op_parallelism "$cpus"
        else
            add tensorflow_session_parallelism "$cpus"
        fi
    fi
    # Those that wait for clients: four a CPU, as TensorFlow Serving itself would count them.
    add grpc_max_threads $((4 * cpus))
    add rest_api_num_threads $((4 * cpus))
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$cpus}"
fi

set -f
IFS='
'
# shellcheck disable=SC2086 # one word a line
set -- $flags "$@"
# TensorFlow Serving leaves SIGTERM to the kernel, which keeps it from process 1: as such it could only be killed. So this
# shell stays, hands the signal on, and takes an end that was asked for as a good one.
stopping='' child='' sent=''
hand_on() {
    stopping=${stopping}x
    [ -z "$child" ] || { sent=yes; kill -TERM "$child" 2>/dev/null || true; }
}
trap hand_on TERM INT
"$server" "$@" &
child=$!
# One that came before there was anybody to hand it to.
[ -z "$stopping" ] || [ -n "$sent" ] || hand_on
code=0 heard=$stopping
wait "$child" || code=$?
# A signal ends the waiting before the server.
while [ "$heard" != "$stopping" ]; do
    heard=$stopping again=0
    wait "$child" || again=$?
    # Of a server whose end was told already a shell knows nothing more.
    [ "$again" -eq 127 ] || code=$again
done
if [ -n "$stopping" ] && [ "$code" -eq 143 ]; then
    code=0
fi
exit "$code"
