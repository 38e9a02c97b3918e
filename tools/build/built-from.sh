#!/bin/sh
#
# built-from.sh - what binaries are built from, as hashes
#
# SYNOPSIS
#     tools/build/built-from.sh record FOLDER
#     tools/build/built-from.sh source LIST LIBRARIES FLAGS...
#
# DESCRIPTION
#     record writes three lists of "SHA-256  PATH" lines into FOLDER, each only if it has changed:
#     all, every source file; targets and program, what a fuzz target and unpend are built from.
#     A file whose content changed although its modification time is older than the last list (it
#     was restored by a tool that keeps times) is touched, because make compares times alone.
#
#     source prints a C file that puts the hash of LIST, that of the file LIBRARIES ("none" if that
#     is "") and the flags into a section of a binary. tools/exec/built_from.c reads it, and
#     computes the hash of the tree by the same rules.

set -eu
export LC_ALL=C

# replace FILE: by standard input, if that differs
replace() {
    cat >"$1.$$"
    if cmp -s "$1.$$" "$1"; then rm "$1.$$"; else mv "$1.$$" "$1"; fi
}

record() { # FOLDER
    mkdir -p "$1"
    now=$(find Makefile harness fuzz tools seeds/identities -type f \
        \( -name '*.[ch]' -o -name '*.pem' -o -name Makefile \) | sort | xargs sha256sum)
    if [ -f "$1/all" ] && [ "$now" != "$(cat "$1/all")" ]; then
        echo "$now" | grep -vxFf "$1/all" | cut -c 67- | while read -r path; do
            [ "$path" -nt "$1/all" ] || touch "$path"
        done
    fi
    echo "$now" | grep -v '/test_' | grep -v '  tools/' | replace "$1/targets"
    echo "$now" | grep -v '/test_' | grep -v '  fuzz/.*\.c$' | replace "$1/program"
    echo "$now" | replace "$1/all"
}

hash() { # FILE
    if [ -n "$1" ]; then sha256sum <"$1" | cut -d ' ' -f 1; else echo none; fi
}

source() { # LIST LIBRARIES FLAGS...
    list=$1
    libraries=$2
    shift 2
    printf 'extern const char up_built_from[];\n'
    printf '__attribute__((section("unpend_built_from"))) const char up_built_from[] =\n'
    printf '    "%s\\n%s\\n%s";\n' "$(hash "$list")" "$(hash "$libraries")" "$*"
}

"$@"
