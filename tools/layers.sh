#!/bin/sh
#
# layers.sh - who may know whom
#
# DESCRIPTION
#    Each folder may include headers of its own and those named here, and no others of ours. The
#    library never includes what is above it; headers that stand in harness/ itself include nothing
#    of ours. Prints each breach as FILE:LINE: what; exit
#    status 1 if there is one, and 1 too when a folder has no rule.

set -u

# folder / what it may include, as prefixes of the path
rules='
harness             -
harness/mail        mail/
harness/case        case/ mail/limits.h mail/eicar.h
harness/mutate      mutate/ case/ mail/
harness/ledger      ledger/ case/ pipeline.h mail/limits.h
harness/oracle      oracle/ ledger/ mail/ case/ pipeline.h
harness/scan_submit scan_submit/ mail/ pipeline.h fnv.h case/policy.h
harness/faults      faults/ scan_submit/ mail/ pipeline.h
harness/world       world/ case/ ledger/ mail/ pipeline.h fnv.h
fuzz                fuzz/ case/ mail/ mutate/ ledger/ oracle/ scan_submit/ faults/ world/ pipeline.h fnv.h
tools               tools/ fuzz/ case/ mail/ mutate/ ledger/ oracle/ scan_submit/ faults/ world/ pipeline.h
'

allowed() { # INCLUDE PREFIX...
    include=$1
    shift
    for prefix; do
        case $include in "$prefix"*) return 0 ;; esac
    done
    return 1
}

breaches() {
    # shellcheck disable=SC2044 # no folder of ours has a blank in its name
    for folder in $(find harness fuzz tools -mindepth 0 -type d ! -name tests); do
        rule=$(echo "$rules" | sed -n "s|^$folder  *||p")
        [ -n "$rule" ] || echo "$folder: has no rule in tools/layers.sh"
        grep -n '^#include "' "$folder"/*.[ch] /dev/null | while IFS=: read -r file line text; do
            include=${text#*\"}
            include=${include%%\"*}
            # shellcheck disable=SC2086 # the rule is a list
            allowed "$include" $rule || echo "$file:$line: $folder may not know $include"
        done
    done
}

found=$(breaches)
[ -z "$found" ] || {
    echo "$found"
    exit 1
}
echo "layers: every folder knows only what it may"
