#!/bin/sh
#
# test_docs.sh - the commands in the documentation work, and print what it shows
#
# SYNOPSIS
#     tools/dev/test_docs.sh
#
# DESCRIPTION
#     Runs docs.pl, which describes how command blocks are written, on each README.md and on
#     .github/, in a copy of the tree: what a document tells a reader to edit and to build is edited
#     and built there. First it makes sure that docs.pl reports each kind of error.
#
# DIAGNOSTICS
#     Exit status 1 if a command block or a link is wrong, or README.md is too long.

set -u
MOST_LINES=200

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0

# What the Makefile sets for tests is not set where a reader types the commands.
unset G_SLICE OPENSSL_CONF UNPEND CARRIERS COLUMNS MAKEFLAGS MFLAGS MAKELEVEL
export LC_ALL=C.UTF-8 TZ=UTC GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export UNPEND_PRIVATE="$work/private"

# The tree as a repository of its own, with what is built for these commands.
copy_tree() { # FOLDER
    mkdir -p "$1/build"
    tar -C "$top" -c --exclude=./build --exclude=./.git . | tar -C "$1" -x || exit 1
    cp -a "$top/build/unpend" "$top/build/replay" "$top/build/built-from" "$1/build/" || exit 1
    git -C "$1" init -q && git -C "$1" add -A &&
        git -C "$1" -c user.name=docs -c user.email=docs@example.com commit -qm tree || exit 1
}

# reports WHAT LINE...: does docs.pl report that, in a document of these lines?
reports() {
    what=$1
    shift
    printf '%s\n' "$@" >"$work/wrong.md"
    if (cd "$work" && perl "$top/tools/dev/docs.pl" wrong.md >wrong.out) ||
        ! grep -qF -e "$what" "$work/wrong.out"; then
        echo "test_docs: \"$what\" is not reported:"
        cat "$work/wrong.md" "$work/wrong.out"
        failures=$((failures + 1))
    fi
}

reports 'another output' '```console' '$ echo one; echo two' 'one' 'too' '```'
reports 'another output' '```console' '$ echo one' '```'
reports 'another output' '```console' '$ seq 9' '1' '…' '8' '```'
reports 'status 127' '```console' '$ no-such-command' '…' '```'
reports 'status 2' '```console' '$ exit 2' '```'
reports 'a command outside' 'Run this:' '' '    $ echo one'
reports 'a command in a block of text' '```text' '$ echo one' '```'
reports 'dead link' '[there](no-such-file.md)'
reports 'no heading' '# One' '[there](#two)'
# shellcheck disable=SC2016 # backquotes of Markdown
reports 'no such file' 'See `tools/no-such-file`.'
reports 'no command was run' '<!-- not run: slow -->' '```console' '$ sleep 60' '```'

lines=$(wc -l <"$top/README.md")
[ "$lines" -le $MOST_LINES ] || {
    echo "README.md has $lines lines, of at most $MOST_LINES"
    failures=$((failures + 1))
}

# lists DOCUMENT BEFORE AFTER: does each name of standard input stand in it between the two?
lists() {
    number=0
    while read -r name; do
        number=$((number + 1))
        grep -qF -e "$2$name$3" "$top/$1" || echo "$1 does not list $name"
    done
    [ $number -gt 0 ] || echo "no names for $1 were found"
}

# names FILE PATTERN: the first group of the pattern in each line of the file that has it
names() { sed -n "s/.*$2.*/\1/p" "$top/$1"; }

# Tables of the documents have a row for each row of the program's tables.
missing=$(
    "$top/build/unpend" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' |
        lists tools/README.md '| [' '](#'
    names harness/oracle/finding.c '\[UP_CLASS_[A-Z_]*\] = { "\([a-z-]*\)"' |
        lists regressions/README.md '| `' '` |'
    names harness/oracle/finding.c '\[UP_EVIDENCE_[A-Z_]*\] = { "\([a-z-][a-z-]*\)"' |
        lists regressions/README.md '| `' '` |'
    names harness/pipeline.h '\(UP_CAN_[A-Z]*\) =' | lists harness/README.md '| `' '` |'
    names fuzz/targets.h '{ "\([a-z_]*\)"' | lists fuzz/README.md '| `' '` |'
    "$top/build/unpend" gate --help | sed -n 's/.*--flavour=NAME *//p' | tr -s ', ' '\n' |
        lists fuzz/README.md '| `' '` |'
    (cd "$top" && ls -d harness/*/) | lists harness/README.md '| `' '` |'
)
[ -z "$missing" ] || {
    echo "$missing"
    failures=$((failures + 1))
}

# README.md is last, because it changes the tree.
copy_tree "$work/tree"
(cd "$work/tree" && perl tools/dev/docs.pl harness/README.md fuzz/README.md regressions/README.md \
    seeds/README.md tools/README.md .github/CONTRIBUTING.md .github/SECURITY.md README.md) ||
    failures=$((failures + 1))
[ $failures -eq 0 ]
