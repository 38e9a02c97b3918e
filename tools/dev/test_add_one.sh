#!/bin/sh
#
# test_add_one.sh - a target, an oracle and a fault, added by the lines that harness/README.md shows
#
# SYNOPSIS
#     UNPEND=build/unpend tools/dev/test_add_one.sh
#
# DESCRIPTION
#     Copies the tree with what is built, puts each block of code that follows a comment "new: PATH"
#     or "add: PATH before: TEXT" (or after:) where the comment says, builds what that changes, and
#     looks for all three in the program. Needs the program and the replay targets.
#     Prints TAP; exit status 1 if a test failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"

# Of the make that runs this only its variables.
case ${MAKEFLAGS-} in
*'-- '*) MAKEFLAGS="-- ${MAKEFLAGS#*-- }" ;;
*) MAKEFLAGS= ;;
esac
export MAKEFLAGS
unset UNPEND_BUILD

mkdir -p tree/build/replay/fuzz
(
    cd "$top" && cp -a --parents Makefile harness fuzz tools seeds/identities build/built-from \
        build/fast build/replay/harness build/replay/libunpend.a build/replay/fuzz/*.[do] \
        build/replay/built_from.[co] "$work/tree"
) || exit 1
cd tree || exit 1

# Writes each block to a file of its own, and a line: new PATH FILE, or before|after PATH FILE TEXT.
awk -v folder="$work" '
    /^<!-- (new|add): .* -->$/ {
        count++
        block = folder "/block" count
        text = $0; sub(/^.* (before|after): /, "", text); sub(/ -->$/, "", text)
        how = $4; sub(/:/, "", how)
        line = $2 == "new:" ? "new " $3 " " block : how " " $3 " " block " " text
    }
    /^```c$/ && line != "" { print line; inside = 1; next }
    /^```$/ && inside { inside = 0; line = ""; close(block); next }
    inside { print >block }
' harness/README.md >"$work/blocks"
while read -r how path block text; do
    if [ "$how" = new ]; then
        cp "$block" "$path"
        continue
    fi
    check "$path has a line with $text" grep -qF -e "$text" "$path"
    awk -v how="$how" -v block="$block" -v text="$text" '
        function insert() { while ((getline added <block) > 0) print added; done = 1 }
        { found = !done && index($0, text) }
        found && how == "before" { insert() }
        { print }
        found && how == "after" { insert() }' "$path" >"$work/changed"
    cp "$work/changed" "$path"
done <"$work/blocks"
check 'all seven blocks are there' [ "$(wc -l <"$work/blocks")" -eq 7 ]

# Quick to compile, and together with the objects that are there: flags are not compared.
status=0
make --no-print-directory -s -j2 keep_flags= fast_CFLAGS='-O0 -fPIC' \
    replay_CFLAGS='-O0 -fsanitize=address,undefined' \
    build/unpend build/replay/fuzz/header build/replay/fuzz/scan_submit build/replay/fuzz/canary \
    >"$work/out" 2>"$work/err" || status=$?
check 'what was added compiles' ended 0
unpend=$PWD/build/unpend

printf 'unpend-case: 1\nscript:\n  scan 1 never\n  submit 1 local\nmessage:\nSubject: x\n\nx\n' \
    >"$work/never.case"
run dictionary header
check 'the program has the target' ended 0
run repro --target header "$work/never.case"
check 'which runs a case' ended 0

run faults
check 'the fault is listed' out_has 'forgotten-retry'
run repro --target scan_submit "$work/never.case"
check 'a case passes without the fault' ended 0
run repro --target scan_submit --fault forgotten-retry "$work/never.case"
check 'and shows a finding under it' ended 1
check 'that nothing will move it on' out_has 'unowned'

run doctor --flavour replay
check 'the oracle is among the canaries' out_has 'error-without-reason/category'
check 'and all are seen' ended 0

done_testing
