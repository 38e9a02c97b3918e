#!/bin/sh
#
# bench-mutator.sh - what the mutator is worth, against libFuzzer's own
#
# SYNOPSIS
#    tools/dev/bench-mutator.sh [--runs N] [--time TIME] [--core N] [--out DIR]
#
# DESCRIPTION
#    Runs short campaigns of one worker on one core, each twice: with our mutator, and with all
#    mutating left to libFuzzer (campaign --mutator engine). Both begin with the same seeds, with
#    the same number for the engine's chance, and take turns. Targets are smime, and scan_submit
#    with the fault kb843545 planted. Prints the medians of all runs and their ratios.
#
#    What the seeds show by themselves is left out: runs, signatures and shares are those of
#    mutants. Edges are those of the corpus, in the files of OpenSSL that are named.
#
# OPTIONS
#    --runs N      how often (5)
#    --time TIME   of each campaign (60s)
#    --core N      the core to run on (0)
#    --out DIR     keep the campaigns there, not in a folder that is removed
#
# DIAGNOSTICS
#    Exit status: 0; 1 when a campaign does not work; 2 wrong usage.

set -u
cd "$(dirname "$0")/../.." || exit 1
unpend=${UNPEND:-build/unpend}

runs=5
time=60s
core=0
out=

usage_error() {
    echo "$0: $*; see $0 --help" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --help)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --runs | --time | --core | --out)
        [ $# -gt 1 ] || usage_error "$1 needs a value"
        eval "${1#--}=\$2"
        shift
        ;;
    *) usage_error "unexpected argument $1" ;;
    esac
    shift
done
case $runs in '' | *[!0-9]* | 0) usage_error "--runs $runs: expected a number from 1" ;; esac

if [ -z "$out" ]; then
    out=$(mktemp -d) || exit 1
    trap 'rm -rf "$out"' EXIT
    trap 'exit 130' INT TERM
fi
mkdir -p "$out" || exit 1
measured=$out/measured
: >"$measured"

# figure NAME MUTATOR VALUE: one line of what was measured
figure() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$measured"
}

# Edges reached in the files of OpenSSL whose paths match, as libFuzzer's coverage names them.
edges_in() { # CORPUS PATTERN
    "$(dirname "$unpend")/libfuzzer/fuzz/smime" -runs=0 -print_coverage=1 "$1" 2>&1 |
        awk -v pattern="^openssl-[^/]*/$2" '
        /COVERED_FUNC: / && $NF ~ pattern { sub(/.* edges: /, ""); sub(/\/.*/, ""); sum += $0 }
        END { print sum + 0 }'
}

# run TARGET MUTATOR NUMBER OPTION...: one campaign; its figures are in $result
run() {
    target=$1 mutator=$2 number=$3
    shift 3
    folder=$out/$number-$target-$mutator
    result=$folder.json
    echo "run $number of $runs: $target, mutator $mutator" >&2
    taskset -c "$core" "$unpend" campaign --target "$target" --mutator "$mutator" --jobs 1 \
        --engine-seed "$number" --time "$time" --out "$folder" --json "$@" \
        >"$result" 2>"$folder.log"
    status=$?
    [ $status -le 1 ] || {
        echo "the campaign ended with status $status:" >&2
        tail -n 3 "$folder.log" >&2
        exit 1
    }
}

member() { # NAME: of the one target of $result
    perl -MJSON::PP -0777 -e 'print decode_json(<STDIN>)->{targets}[0]{$ARGV[0]} // 0' "$1" <"$result"
}

per() { # PART WHOLE FACTOR
    awk -v part="$1" -v whole="$2" -v factor="$3" \
        'BEGIN { print (whole > 0 ? factor * part / whole : 0) }'
}

one_run() { # MUTATOR NUMBER
    run smime "$1" "$2"
    seconds=$(member seconds)
    mutants=$(member mutants)
    verified=$(member mutants-verified)
    figure 'mutants of smime a second' "$1" "$(per "$mutants" "$seconds" 1)"
    figure 'verified a second' "$1" "$(per "$verified" "$seconds" 1)"
    figure 'verified, %' "$1" "$(per "$verified" "$mutants" 100)"
    figure 'edges of crypto/cms' "$1" "$(edges_in "$folder/smime/corpus" crypto/cms/)"
    figure 'edges of crypto/asn1' "$1" "$(edges_in "$folder/smime/corpus" crypto/asn1/)"
    run scan_submit "$1" "$2" --fault kb843545
    figure 'steps of the machine' "$1" "$(member transitions)"
    found=$(member first-finding-seconds)
    figure 'kb843545 found, after s' "$1" "$(per "${found}" 1 1)"
}

for number in $(seq "$runs"); do
    one_run unpend "$number"
    one_run engine "$number"
done

# What was never found takes longer than any run, and so does its median.
awk -F'\t' -v runs="$runs" -v time="$time" '
    !($1 in seen) { seen[$1] = ++names; name[names] = $1 }
    { values[$1, $2] = values[$1, $2] " " $3 }
    function median(list, least_is_none,    part, n, i, j, swap) {
        n = split(list, part, " ")
        for (i = 1; i <= n; i++) if (least_is_none && part[i] == 0) part[i] = 1e9
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
            if (part[j] + 0 < part[i] + 0) { swap = part[i]; part[i] = part[j]; part[j] = swap }
        return n % 2 ? part[(n + 1) / 2] : (part[n / 2] + part[n / 2 + 1]) / 2
    }
    function shown(value) { return value >= 1e9 ? "> " time : sprintf("%.4g", value) }
    END {
        printf "%-26s %10s %10s %8s\n", "medians of " runs " runs of " time, "ours", "libFuzzer\x27s", "ratio"
        for (i = 1; i <= names; i++) {
            time_to_find = name[i] ~ /found/
            ours = median(values[name[i], "unpend"], time_to_find)
            other = median(values[name[i], "engine"], time_to_find)
            ratio = ours > 0 && other > 0 && other < 1e9 ? sprintf("%.3g", ours / other) : "-"
            printf "%-26s %10s %10s %8s\n", name[i], shown(ours), shown(other), ratio
        }
    }' "$measured"
