#!/bin/sh
#
# layers.sh - rules about which file may include which, and about names
#
# SYNOPSIS
#     tools/dev/layers.sh
#
# DESCRIPTION
#     In the tree that is the current folder:
#
#     - Each folder includes its own headers and those that the table names, no others of ours.
#     - No two modules include each other, directly or through others. A module is x.c, x.h and
#       x_private.h.
#     - Base names of C files are unique.
#     - A function that a comment names as up_x() exists.
#
#     Tests, test_*.c, may include anything. Prints each breach; exit status 1 if there is one.

set -u
export LC_ALL=C

# folder / what it may include, as prefixes of the path
rules='
harness
harness/mail        depth.h fnv.h
harness/gmime       mail/ fnv.h
harness/cms         mail/
harness/case        mail/
harness/mutate      case/ mail/ cms/
harness/ledger      case/ pipeline.h
harness/oracle      ledger/ mail/ case/ pipeline.h
harness/scan_submit mail/ cms/ pipeline.h fnv.h case/policy.h
harness/faults      scan_submit/ mail/ oracle/ case/ pipeline.h fnv.h
harness/world       case/ ledger/ mail/ gmime/ cms/ pipeline.h fnv.h
harness/run         world/ oracle/ ledger/ mail/ case/ pipeline.h
harness/target      run/ faults/ world/ oracle/ ledger/ mutate/ cms/ mail/ case/ pipeline.h fnv.h depth.h
fuzz                target/ run/ faults/ scan_submit/ world/ oracle/ ledger/ mutate/ gmime/ cms/ mail/ case/ pipeline.h fnv.h
tools/build         run/ faults/
tools/cli           tools/ fuzz/targets.h target/ run/ faults/ scan_submit/ oracle/ ledger/ mutate/ gmime/ cms/ mail/ case/ pipeline.h
tools/exec          tools/ target/ faults/ oracle/ mail/ case/
tools/campaign      tools/campaign/ tools/promote/ tools/exec/ tools/cli/ fuzz/targets.h target/ oracle/ ledger/ case/ depth.h
tools/gate          tools/ fuzz/targets.h faults/ oracle/ case/
tools/minimize      tools/minimize/ tools/exec/ tools/cli/ fuzz/targets.h faults/ mutate/ case/
tools/promote       tools/promote/ tools/minimize/ tools/exec/ tools/cli/ faults/ case/
tools/dev           tools/ case/ mail/ gmime/ cms/ mutate/
'

sources() {
    find harness fuzz tools -name '*.[ch]' ! -name 'test_*'
}

# "FILE:LINE: INCLUDED", a line for each include of ours
includes() {
    sources | xargs grep -n '^#include "' /dev/null | sed -E 's/#include "([^"]*)".*/ \1/; s/: +/: /'
}

check_folders() {
    includes | awk -v rules="$rules" '
        BEGIN {
            count = split(rules, lines, "\n")
            for (i = 1; i <= count; i++) {
                words = split(lines[i], word, " ")
                known[word[1]] = words > 0
                for (j = 2; j <= words; j++) may[word[1]] = may[word[1]] " " word[j]
            }
        }
        {
            folder = $1; sub("/[^/]*$", "", folder)
            own = folder "/"; sub("^harness/", "", own)
            if (!(folder in known)) { missing[folder] = 1; next }
            allowed = index($2, own) == 1
            words = split(may[folder], word, " ")
            for (j = 1; j <= words; j++) if (index($2, word[j]) == 1) allowed = 1
            if (!allowed) print $1 " " folder " may not include " $2
        }
        END { for (folder in missing) print folder ": no rule in tools/dev/layers.sh" }'
}

check_circles() {
    includes | sed -E 's/\.[ch]:[0-9]+://; s/\.h$//; s/^harness\///; s/_private( |$)/\1/g' |
        awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null |
        sed -n 's/^tsort: .*: input contains a loop:/circle of includes:/p; s/^tsort: \([a-z].*\)/    \1/p'
}

check_names() {
    sources | sed 's/.*\///' | sort | uniq -d | sed 's/$/: more than one file has this name/'
    find harness fuzz tools -name 'test_*.c' | sed 's/.*\///' | sort | uniq -d |
        sed 's/$/: more than one file has this name/'
}

# What is written with something between its parentheses is a call, a definition or a prototype.
check_comments() {
    sources | xargs cat | grep -oE '\bup_[a-z0-9_]+\(([^)]|$)' | sed 's/(.*//' | sort -u >"$work/exist"
    sources | xargs grep -noE '\bup_[a-z0-9_]+\(\)' /dev/null | sed 's/()$//' |
        awk -F: 'FILENAME != "-" { exist[$0] = 1; next }
            !($3 in exist) { print $1 ":" $2 ": " $3 "() does not exist" }' "$work/exist" -
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
{
    check_folders
    check_circles
    check_names
    check_comments
} >"$work/found"
if [ -s "$work/found" ]; then
    cat "$work/found"
    exit 1
fi
echo "layers: includes, names and comments are as they should be"
