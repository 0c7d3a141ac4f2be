# Sourced by every bench: values in lists below $work, told to people at the end, and to `cargo xtask measure` as rows in the
# file that ROWS names: one JSON object a line, `version` or `case`. RUNS is the number of rounds; each bench has its default.

# rounds DEFAULT: sets `runs`.
rounds() {
    runs=${RUNS:-$1}
    [[ $runs =~ ^[1-9][0-9]*$ ]] || { echo "RUNS=$runs: name a number of rounds" >&2; exit 2; }
}

# value LIST NUMBER
value() {
    mkdir -p "$work/values"
    echo "$2" >> "$work/values/$1"
}

# same LIST OTHER: another list of the same values, for what is held against two things.
same() { cp "$work/values/$2" "$work/values/$1"; }

# forget: what a first round took that only warms up.
forget() { rm -rf "$work/values"; }

# What fails ends the bench by `set -e`, inside functions too; this says what it was, past all redirections.
exec {loud}>&2
timing=
told_failure() { # COMMAND
    [ -z "$timing" ] || tail -n 30 "$work/out" >&"$loud"
    echo "FAILED: $1" >&"$loud"
}
set -E
trap 'told_failure "$BASH_COMMAND"' ERR

# timed LIST COMMAND...: the wall-clock seconds of a command, whose words nobody hears unless it fails.
timed() {
    local list=$1 begin end
    shift
    timing=yes
    begin=${EPOCHREALTIME/[.,]/}
    "$@" > "$work/out" 2>&1
    end=${EPOCHREALTIME/[.,]/}
    timing=
    value "$list" "$(awk -v d=$((end - begin)) 'BEGIN { printf "%.6f", d / 1e6 }')"
}

median() { sort -g "$work/values/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

json() { # TEXT: as a string of JSON
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "${text//[$'\n\r\t']/ }"
}

row() { [ -z "${ROWS:-}" ] || echo "$1" >> "$ROWS"; }

# version NAME IS: of something that is compared.
version() {
    echo "$1 $2"
    row "{\"row\":\"version\",\"name\":$(json "$1"),\"is\":$(json "$2")}"
}

# case_of LIST UNIT WORDS [--against LIST] [--wanted 'at most 0.7'] [--note WORDS]
case_of() {
    local list=$1 unit=$2 words=$3 against= more= told
    shift 3
    while [ $# -gt 0 ]; do
        more+=",\"${1#--}\":$(json "$2")"
        [ "$1" != --against ] || against=$2
        shift 2
    done
    row "{\"row\":\"case\",\"name\":$(json "$list"),\"case\":$(json "$words"),\"unit\":$(json "$unit"),\"values\":[$(paste -sd, "$work/values/$list")]$more}"
    told=$(sort -g "$work/values/$list" | awk -v median="$(median "$list")" '{ v[NR] = $1 } END { printf "%10.3f (%.3f to %.3f)", median, v[1], v[NR] }')
    [ -z "$against" ] || told+=$(awk -v a="$(median "$list")" -v b="$(median "$against")" 'BEGIN { if (b) printf ", %.3f of %s", a / b, "'"$against"'" }')
    printf '%-70s %s %s\n' "$words" "$told" "$unit"
}

engine_version() { version engine "$(docker version --format '{{.Server.Version}}')"; }
