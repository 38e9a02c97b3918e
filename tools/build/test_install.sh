#!/bin/sh
#
# test_install.sh - make install, and a program in another folder on what it installs
#
# SYNOPSIS
#     UNPEND=build/unpend tools/build/test_install.sh
#
# DESCRIPTION
#     Installs into an empty folder, builds judge_one_case.c by the flags of pkg-config alone, and
#     runs it on a regression. Needs a program that is built. Prints TAP; exit status 1 if a test
#     failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"

# Of the make that runs this only its variables.
case ${MAKEFLAGS-} in
*'-- '*) MAKEFLAGS="-- ${MAKEFLAGS#*-- }" ;;
*) MAKEFLAGS= ;;
esac
export MAKEFLAGS PKG_CONFIG_PATH="$work/root/lib/pkgconfig"

command_output() {
    status=0
    "$@" >"$work/out" 2>"$work/err" || status=$?
}

command_output make -C "$top" --no-print-directory do-install DESTDIR="$work/stage" PREFIX="$work/root"
check 'make install' ended 0
mv "stage/$work/root" root
check 'the program runs' sh -c 'root/bin/unpend --version >out'

cp "$top/tools/build/judge_one_case.c" .
# shellcheck disable=SC2046 # several words
command_output gcc -std=c11 -Wall -Wextra -Werror judge_one_case.c \
    $(pkg-config --cflags --libs unpend) -o judge_one_case
check 'a program builds by the flags of pkg-config' ended 0
command_output env G_SLICE=always-malloc ./judge_one_case \
    "$top/regressions/scan_submit/kb843545.case"
check 'it finds the planted fault' ended 1
check 'and prints it' out_has 'pending: '
check 'the library prints nothing' [ ! -s "$work/err" ]
command_output nm --defined-only "$work/root/lib/libunpend.a"
check 'the library has no main' sh -c "! grep -q ' T main$' '$work/out'"

find "$work/root/include" -name '*.h' ! -path '*/mutate/*' | sed 's|.*/include/unpend/|#include "|; s|$|"|' >all.c
# shellcheck disable=SC2046
command_output gcc -std=c11 -fsyntax-only all.c $(pkg-config --cflags unpend)
check 'the headers can be included' ended 0

command_output make -C "$top" --no-print-directory uninstall DESTDIR= PREFIX="$work/root"
check 'make uninstall' ended 0
check 'leaves nothing' [ -z "$(find "$work/root" -type f)" ]

done_testing
