#!/bin/sh
#
# bench.sh - what the targets do in a second, and what a run costs, against a plain harness
#
# SYNOPSIS
#     make bench
#     make bench BENCH="--only edges --runs 1 --time 20"
#     make bench BENCH=--write
#
# DESCRIPTION
#     Compares, side by side and on one core: fuzz/plain.c with libFuzzer's mutator and with
#     unpend's; and the targets by ring, explore (flavour libfuzzer) and examine (flavour asan).
#     Prints a table of medians, least and greatest, with the goals; and the same as JSON. Times are
#     processor time, but for those to a fault. Sections:
#
#     fuzz          each fuzzes from the same seeds: executions and verified mutants per second; the
#                   edges that the corpora reach, replayed by the plain harness
#     examine       the same inputs, run by the flavour asan
#     faults        a campaign with one worker until each planted fault is found
#     instructions  of one explored execution, by part (callgrind); one run, for they are exact
#     size          cost by size of the message, messages, recipients, and length of the script
#     gate          cases per second, and start-up
#
# OPTIONS
#     --runs N          (5)
#     --time SECONDS    of processor time for each that fuzzes, and the limit to find a fault (60)
#     --only SECTION    may be repeated
#     --core N          the core to run on (0)
#     --out DIR         keeps corpora and logs there
#     --write           puts the table into fuzz/README.md, between its markers
#
# DIAGNOSTICS
#     Ctrl-C prints what was measured so far. Exit status: 0; 1 failure; 2 wrong usage; 130
#     interrupted.

# shellcheck disable=SC2317 # sections are called by name
set -u
export LC_ALL=C.UTF-8 TZ=UTC G_SLICE=always-malloc OPENSSL_CONF=/dev/null
cd "$(dirname "$0")/../.." || exit 1
unpend=${UNPEND:-build/unpend}
build=$(dirname "$unpend")
command_line="make bench${*:+ BENCH=\"$*\"}"

runs=5 time=60 core=0 out='' only='' write=''

usage_error() {
    echo "$0: $*; see $0 --help" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --help) exec sed -n '3,/^$/s/^# \{0,1\}//p' "$0" ;;
    --write) write=yes ;;
    --runs | --time | --core | --out | --only)
        [ $# -gt 1 ] || usage_error "$1 needs a value"
        case $1 in
        --runs) runs=$2 ;;
        --time) time=$2 ;;
        --core) core=$2 ;;
        --out) out=$2 ;;
        --only) only="$only $2" ;;
        esac
        shift
        ;;
    *) usage_error "unexpected argument $1" ;;
    esac
    shift
done
for number in "$runs" "$time"; do
    case $number in '' | *[!0-9]* | 0) usage_error "$number: expected a number from 1" ;; esac
done
sections='fuzz examine faults instructions size gate'
for section in $only; do
    case " $sections " in *" $section "*) ;; *) usage_error "no section $section: $sections" ;; esac
done

keep=$out
[ -n "$out" ] || out=$(mktemp -d) || exit 1
mkdir -p "$out" || exit 1
measured=$out/measured
: >"$measured"
child=

# figure NAME GOAL VALUE: one line of what was measured
figure() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$measured"; }

progress() { echo "bench: $*" >&2; }

# Lines of a table, or members of JSON.
table() { # text|json
    awk -F '\t' -v form="$1" '
        !($1 in goal) { goal[$1] = $2; name[++names] = $1 }
        { n[$1]++; value[$1, n[$1]] = $3 }
        function shown(x) { return x >= 1e9 ? "not found" : x >= 100 ? sprintf("%.0f", x) : sprintf("%.3g", x) }
        END {
            if (form == "text") {
                print "| figure | goal | median | least to greatest | runs |"
                print "|---|---|---|---|---|"
            }
            for (f = 1; f <= names; f++) {
                k = name[f]
                for (i = 1; i <= n[k]; i++) for (j = i + 1; j <= n[k]; j++)
                    if (value[k, j] + 0 < value[k, i] + 0) {
                        swap = value[k, i]; value[k, i] = value[k, j]; value[k, j] = swap
                    }
                low = value[k, int((n[k] + 1) / 2)]; high = value[k, int(n[k] / 2) + 1]
                median = (low + high) / 2
                if (form == "text")
                    printf "| %s | %s | %s | %s to %s | %d |\n", k, goal[k], shown(median),
                        shown(value[k, 1]), shown(value[k, n[k]]), n[k]
                else
                    printf "%s{\"figure\": \"%s\", \"goal\": \"%s\", \"median\": %.6g, \"least\": %.6g, \"greatest\": %.6g, \"runs\": %d}",
                        (f > 1 ? ",\n " : "["), k, goal[k], median, value[k, 1], value[k, n[k]], n[k]
            }
            if (form == "json")
                print "]"
        }' "$measured"
}

section() {
    echo "Measured on $(date -u +%Y-%m-%d) by \`$command_line\`, of commit $(git rev-parse --short HEAD 2>/dev/null)."
    echo
    table text
    printf '\n```json\n'
    table json
    echo '```'
}

finish() { # STATUS
    trap '' INT TERM
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ ! -s "$measured" ] || section
    [ -n "$keep" ] || rm -rf "$out"
    exit "$1"
}
trap 'finish 130' INT TERM

# Seconds of processor time that process $1 has used.
used() { awk -v hertz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hertz }' "/proc/$1/stat" 2>/dev/null || echo 0; }

# seconds COMMAND...: the processor time that it takes, its output dropped; fails if it does
seconds() {
    perl -e 'my $pid = fork; if (!$pid) { open STDOUT, ">/dev/null"; open STDERR, ">&STDOUT"; exec @ARGV }
        waitpid $pid, 0; my @t = times; printf "%.2f\n", $t[2] + $t[3]; exit($? != 0)' taskset -c "$core" "$@"
}

# fuzz NAME SECONDS PROGRAM OPTION... CORPUS: until it has used so much; sets $spent. Where it
# ends of a crash it begins again.
fuzz() {
    name=$1 budget=$2 spent=0 round=0
    shift 2
    while awk -v s="$spent" -v b="$budget" 'BEGIN { exit !(s < b - 0.5) }' && [ "$round" -lt 50 ]; do
        round=$((round + 1))
        taskset -c "$core" "$@" -artifact_prefix="$out/" >"$out/$name.log" 2>&1 &
        child=$!
        now=0
        while kill -0 "$child" 2>/dev/null; do
            last=$(used "$child")
            now=${last:-$now}
            if awk -v s="$spent" -v n="$now" -v b="$budget" 'BEGIN { exit !(s + n >= b) }'; then
                kill -USR1 "$child" 2>/dev/null
                break
            fi
            sleep 0.2
        done
        wait "$child"
        child=
        spent=$(awk -v s="$spent" -v n="$now" 'BEGIN { print s + n }')
    done
}

# words FILE FIRST COUNT: numbers of 64 bits
words() { od -A n -t u8 -v -j $(($2 * 8)) -N $(($3 * 8)) "$1" | tr -s ' \n' ' '; }

per() { awk -v a="$1" -v b="$2" 'BEGIN { print (b > 0 ? a / b : 0) }'; }

# rate NAME GOAL COUNT: per second of $spent, without the $start in which the seeds were read
rate() { figure "$1" "$2" "$(awk -v n="$3" -v s="$spent" -v b="$start" 'BEGIN { print n / (s > b ? s - b : 0.01) }')"; }

edges() { # LOG PATTERN: in the files that match
    awk -v pattern="$2" '/COVERED_FUNC: / && $NF ~ pattern { sub(/.* edges: /, ""); sub(/\/.*/, ""); sum += $0 }
        END { print sum + 0 }' "$1"
}

# replay NAME GOAL CORPUS...: what the corpora reach
replay() {
    name=$1 goal=$2
    shift 2
    "$build/plain/engine-mutator" -runs=0 -print_coverage=1 -detect_leaks=0 "$@" >"$out/coverage" 2>&1
    figure "edges, GMime: $name" "$goal" "$(edges "$out/coverage" '^gmime-[^/]*/')"
    figure "edges, crypto/cms: $name" "$goal" "$(edges "$out/coverage" '^openssl-[^/]*/crypto/cms/')"
    figure "edges, crypto/asn1: $name" "$goal" "$(edges "$out/coverage" '^openssl-[^/]*/crypto/asn1/')"
}

options() { sed -n "s|^dict = |-dict=$build/libfuzzer/fuzz/|p; s/^\([a-z_]*\) = \([0-9]*\)$/-\1=\2/p" "$build/libfuzzer/fuzz/$1.options"; }

plain() { # MUTATOR RUN
    corpus=$out/plain-$1
    rm -rf "$corpus" "$out/counts"
    mkdir "$corpus"
    cp seeds/mime/* seeds/smime/* "$corpus"
    start=$(PLAIN_COUNTS=$out/counts seconds "$build/plain/$1-mutator" -runs=0 "$corpus")
    read -r seeds seeds_verified <<END
$(words "$out/counts" 0 2)
END
    rm "$out/counts"
    PLAIN_COUNTS=$out/counts fuzz "plain-$1" "$time" "$build/plain/$1-mutator" -seed="$2" -max_len=32768 \
        -detect_leaks=0 "$corpus"
    read -r executions verified <<END
$(words "$out/counts" 0 2)
END
    rate "executions per second: plain, $1 mutator" '' $((executions - seeds))
    rate "verified mutants per second: plain, $1 mutator" '' $((verified - seeds_verified))
    replay "plain, $1 mutator" '' "$corpus"
}

explore() { # TARGET RUN SECONDS EXECUTIONS-GOAL
    corpus=$out/$1
    rm -rf "$corpus" "$out/progress"
    mkdir -p "$corpus" "$out/findings"
    cp "seeds/$1"/* "$corpus"
    start=$(UNPEND_DEPTH=explore UNPEND_FINDINGS=$out/findings seconds "$build/libfuzzer/fuzz/$1" -runs=0 \
        "$corpus")
    # shellcheck disable=SC2046 # several words
    UNPEND_DEPTH=explore UNPEND_PROGRESS=$out/progress UNPEND_FINDINGS=$out/findings fuzz "$1" "$3" \
        "$build/libfuzzer/fuzz/$1" $(options "$1") -seed="$2" -detect_leaks=0 "$corpus"
    read -r mutants mutants_verified <<END
$(words "$out/progress" 7 2)
END
    rate "executions per second: $1, explore" "$4" "$mutants"
    [ "$1" != smime ] || rate 'verified mutants per second: smime, explore' \
        '20 times plain, engine mutator' "$mutants_verified"
}

measure_fuzz() { # RUN
    plain engine "$1"
    plain unpend "$1"
    explore mime "$1" $(((time + 1) / 2)) '270 (15 times 18)'
    explore smime "$1" $(((time + 1) / 2)) '240 (20 times 12), and not below plain, unpend mutator'
    replay 'mime and smime, explore' 'above plain with either mutator' "$out/mime" "$out/smime"
    explore scan_submit "$1" $(((time + 3) / 4)) '195 (15 times 13)'
    explore machine "$1" $(((time + 3) / 4)) 20000
}

measure_examine() {
    for target in mime smime scan_submit machine; do
        set -- "seeds/$target"/*
        many=$(UNPEND_DEPTH=examine UNPEND_FINDINGS=$out seconds "$build/asan/fuzz/$target" "$@" "$@" "$@")
        once=$(UNPEND_DEPTH=examine UNPEND_FINDINGS=$out seconds "$build/asan/fuzz/$target" "$@")
        figure "executions per second: $target, examine" '' \
            "$(awk -v n=$(($# * 2)) -v m="$many" -v o="$once" 'BEGIN { print n / (m > o ? m - o : 0.01) }')"
    done
}

# A campaign, until it shows a finding of the class.
measure_faults() { # RUN
    while read -r fault class; do
        log=$out/$fault.log
        began=$(date +%s.%N)
        taskset -c "$core" "$unpend" campaign --fault "$fault" --target scan_submit --jobs 1 \
            --engine-seed "$1" --time "${time}s" --out "$out/$fault-$1" >/dev/null 2>"$log" &
        child=$!
        found=1000000000
        while kill -0 "$child" 2>/dev/null; do
            if grep -q "^found in scan_submit: $class: " "$log"; then
                found=$(awk -v b="$began" -v n="$(date +%s.%N)" 'BEGIN { print n - b }')
                kill -INT "$child"
                break
            fi
            sleep 0.1
        done
        wait "$child"
        child=
        figure "seconds to find $fault" 'under 60' "$found"
    done <<END
kb843545 pending
boundary-overrun crash
word-loop hang
charset-leak leak
END
}

# The second of two runs of a file, each part with what it calls.
measure_instructions() {
    while read -r target file goal parts; do
        UNPEND_DEPTH=explore UNPEND_FINDINGS=$out valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" \
            --toggle-collect=LLVMFuzzerTestOneInput --dump-before=LLVMFuzzerTestOneInput \
            "$build/fast/fuzz/$target" "$file" "$file" >"$out/callgrind.log" 2>&1
        awk -f tools/dev/callgrind-calls.awk "$out/callgrind" >"$out/calls"
        all=$(awk '$1 == "instructions" { print $2 }' "$out/calls")
        figure "instructions: $target, $(basename "$file")" "$goal" "${all:-0}"
        for part in $parts; do
            share=$(awk -v name="$part" -v all="$all" '$1 == name { n = $3 } END { print 100 * n / all }' "$out/calls")
            figure "$target, % in $part" '' "$share"
        done
        [ "$target" != scan_submit ] || figure 'scan_submit, % in world, oracles and store' 'at most 30' \
            "$(awk -v all="$all" '{ n[$1] = $3 } END { print 100 * (n["up_judge_case"] - n["up_readings_read"]) / all }' \
                "$out/calls")"
    done <<END
smime seeds/smime/clear-rsa.eml 3,000,000 up_case_read g_mime_parser_construct_message CMS_verify d2i_CMS_ContentInfo OSSL_DECODER_from_data
mime seeds/mime/alternative.eml 1,500,000 up_case_read g_mime_parser_construct_message g_mime_object_write_to_stream
scan_submit seeds/smime/clear-rsa.eml - up_case_read g_mime_parser_construct_message CMS_verify up_readings_read
END
}

case_of() { printf 'unpend-case: 1\n%sscript:\n%smessage:\nFrom: u@example.com\r\nSubject: s\r\n\r\nhi\r\n' "$1" "$2"; }
events() { seq "$1" | awk -v before="$2" -v after="$3" '{ print "  " before, 2 + $1 % 62, after }'; } # COUNT WORD WORD

# milliseconds NAME GOAL TARGET FILE: of one more run of the file
milliseconds() {
    once=$(UNPEND_FINDINGS=$out UNPEND_DEPTH=explore seconds "$build/fast/fuzz/$3" "$4")
    more=$(UNPEND_FINDINGS=$out UNPEND_DEPTH=explore seconds "$build/fast/fuzz/$3" "$4" "$4" "$4" "$4" "$4" "$4")
    figure "milliseconds: $1" "$2" "$(awk -v m="$more" -v o="$once" 'BEGIN { print (m > o ? m - o : 0) * 200 }')"
}

measure_size() {
    for kilobytes in 1 10 100 1000; do
        printf 'From: u@example.com\r\nSubject: s\r\n\r\n' >"$out/size.eml"
        yes 'a line of ordinary text, of some sixty bytes, in a message' | head -c "${kilobytes}000" >>"$out/size.eml"
        milliseconds "mime, $kilobytes KB" '' mime "$out/size.eml"
        milliseconds "scan_submit, $kilobytes KB" '' scan_submit "$out/size.eml"
    done
    for n in 1 10 100 1000 10000; do
        goal=$([ "$n" -ne 1000 ] || echo 150)
        case_of '' "$(events "$n" submit local)
" >"$out/size.case"
        milliseconds "scan_submit, $n messages" "$goal" scan_submit "$out/size.case"
        case_of "envelope: from=u@example.com to=$(seq -s, -f 'r%.0f@example.com' "$n")
" '  submit 1 local
' >"$out/size.case"
        milliseconds "scan_submit, $n recipients" "$goal" scan_submit "$out/size.case"
        case_of '' "  submit 1 local
$(events "$n" scan busy)
" >"$out/size.case"
        milliseconds "scan_submit, script of $n lines" '' scan_submit "$out/size.case"
    done
}

measure_gate() {
    cases=$(find regressions seeds -type f \( -name '*.case' -o -name '*.eml' -o -name '*.p7m' \) | wc -l)
    if spent=$(seconds "$unpend" gate regressions/* seeds/mime seeds/smime seeds/scan_submit seeds/machine); then
        figure 'gate: cases per second' '' "$(per "$cases" "$spent")"
    else
        progress "the gate fails: $unpend gate"
    fi
    for target in mime scan_submit; do
        # shellcheck disable=SC2016 # the inner shell's
        spent=$(seconds sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do "$@"; done' - \
            "$build/fast/fuzz/$target" seeds/mime/no-body.eml)
        figure "start-up: milliseconds of $target, fast" '' "$(per "$spent" 0.01)"
    done
}

for run in $(seq "$runs"); do
    for section in ${only:-$sections}; do
        [ "$section" != instructions ] || [ "$run" -eq 1 ] || continue
        progress "run $run of $runs: $section"
        "measure_$section" "$run"
    done
done

if [ -n "$write" ]; then
    section >"$out/section"
    awk -v section="$out/section" '
        /<!-- bench: end -->/ { skip = 0 }
        !skip { print }
        /<!-- bench: begin -->/ { skip = 1; while ((getline line <section) > 0) print line }
        ' fuzz/README.md >"$out/README.md" && cp "$out/README.md" fuzz/README.md
fi
finish 0
