#!/bin/sh
#
# determinism.sh - one case has one ledger, byte for byte
#
# SYNOPSIS
#    tools/determinism.sh PROGRAM... -- CASE...
#
# DESCRIPTION
#    Each PROGRAM is fuzz/ledgers.c, built by some compiler. Each runs all cases in order, in
#    disorder, and each twice in one process; the first one also runs each in a process of its own. A
#    sum that is not the same in all of these is told by its case. Exit status 1 if there is one, or if nothing was run.

set -u
# As the targets give themselves: fuzz/environment.h.
export G_SLICE=always-malloc LC_ALL=C.UTF-8 TZ=UTC OPENSSL_CONF=/dev/null

programs=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    programs="$programs${programs:+ }$1"
    shift
done
[ $# -gt 1 ] && [ -n "$programs" ] || {
    echo "determinism: no program or no case; nothing was run"
    exit 1
}
shift

# The same disorder each time.
shuffled() { # ITEM...: one a line
    for item; do
        echo "$item"
    done | awk '{ print NR * 7919 % 10007, $0 }' | sort -n | cut -d' ' -f2-
}

sums() {
    # No path of ours has a blank in it.
    for program in $programs; do
        "$program" "$@" "$@" || return 1
        # shellcheck disable=SC2046
        "$program" $(shuffled "$@") || return 1
    done
    for case; do
        "${programs%% *}" "$case" || return 1
    done
}

all=$(sums "$@") || {
    echo "determinism: a case could not be run"
    exit 1
}
different=$(echo "$all" | sort -u | cut -d' ' -f2- | sort | uniq -d)
[ -z "$different" ] || {
    echo "$different" | sed 's/^/determinism: more than one outcome: /'
    exit 1
}
# shellcheck disable=SC2086
echo "determinism: $# cases have one ledger each, by $(echo $programs | wc -w) builds, in any order"
