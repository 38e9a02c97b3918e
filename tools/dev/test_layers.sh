#!/bin/sh
#
# test_layers.sh - layers.sh sees a breach of each of its rules
#
# SYNOPSIS
#     UNPEND=build/unpend tools/dev/test_layers.sh
#
# DESCRIPTION
#     Plants one breach after the other in a copy of the sources. Prints TAP; exit status 1 if a
#     test failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"

mkdir tree
(cd "$top" && find harness fuzz tools -name '*.[ch]' | xargs cp --parents -t "$work/tree")
cd tree || exit 1

# breach NAME MESSAGE FILE LINE: the line is put before the first one of the file
breach() {
    touch "$3"
    cp "$3" "$work/kept"
    { echo "$4" && cat "$work/kept"; } >"$3"
    status=0
    sh "$top/tools/dev/layers.sh" >"$work/out" 2>"$work/err" || status=$?
    if [ -s "$work/kept" ]; then cp "$work/kept" "$3"; else rm "$3"; fi
    check "$1 is seen" ended 1
    check "$1 is named" out_has "$2"
}

sh "$top/tools/dev/layers.sh" >"$work/out" 2>"$work/err" || status=$?
check 'the tree has no breach' ended 0
breach 'an include of a folder above' 'harness/mail/lines.c:1: harness/mail may not include run/' \
    harness/mail/lines.c '#include "run/judge_case.h"'
mkdir harness/other
breach 'a folder without a rule' 'harness/other: no rule' harness/other/file.c \
    '#include "pipeline.h"'
breach 'a circle of includes' 'circle of includes:' harness/mail/lines.h '#include "mail/header.h"'
mkdir -p tools/exec
breach 'a name that another file has' 'lines.c: more than one file' tools/exec/lines.c 'int line;'
breach 'a comment on a missing function' 'harness/mail/lines.c:1: up_no_such() does not exist' \
    harness/mail/lines.c '/* See up_no_such(). */'
done_testing
