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
harness/gmime       gmime/ mail/
harness/cms         cms/ mail/
harness/case        case/ mail/
harness/mutate      mutate/ case/ mail/ cms/
harness/ledger      ledger/ case/ pipeline.h mail/
harness/oracle      oracle/ ledger/ mail/ case/ pipeline.h
harness/scan_submit scan_submit/ mail/ cms/ pipeline.h fnv.h case/policy.h
harness/faults      faults/ scan_submit/ mail/ oracle/ case/ pipeline.h fnv.h
harness/world       world/ case/ ledger/ mail/ gmime/ cms/ pipeline.h fnv.h
harness/run         run/ world/ oracle/ ledger/ mail/ case/ pipeline.h
harness/target      target/ run/ faults/ world/ oracle/ ledger/ mutate/ cms/ mail/ case/ pipeline.h fnv.h
fuzz                fuzz/ target/ run/ faults/ scan_submit/ world/ oracle/ ledger/ mutate/ gmime/ cms/ mail/ case/ pipeline.h fnv.h
tools/build         run/ faults/
tools/cli           tools/ fuzz/targets.h target/ run/ faults/ scan_submit/ oracle/ ledger/ mutate/ gmime/ cms/ mail/ case/ pipeline.h
tools/exec          tools/ target/ oracle/ mail/ case/
tools/campaign      tools/ fuzz/targets.h target/ faults/ oracle/ ledger/ case/
tools/gate          tools/ fuzz/targets.h faults/ oracle/ case/
tools/minimize      tools/ fuzz/targets.h faults/ mutate/ case/
tools/promote       tools/ faults/ case/
tools/dev           tools/ case/ mail/ gmime/ cms/ mutate/
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
    for folder in $(find harness fuzz tools -type f -name '*.[ch]' -exec dirname {} + | sort -u); do
        rule=$(echo "$rules" | sed -n "s|^$folder  *||p")
        [ -n "$rule" ] || echo "$folder: has no rule in tools/dev/layers.sh"
        grep -n '^#include "' "$folder"/*.[ch] /dev/null | grep -v '^[^:]*/test_[a-z_0-9]*\.c:' | while IFS=: read -r file line text; do
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
