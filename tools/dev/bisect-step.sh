#!/bin/sh
#
# bisect-step.sh - this suite, held fixed, on the library that git bisect has checked out
#
# SYNOPSIS
#     cd ~/gmime
#     git bisect start BAD GOOD
#     GMIME_SRC=$PWD git bisect run ~/unpend/tools/dev/bisect-step.sh CASE
#
# DESCRIPTION
#     Which commit of a library broke a case? For each commit that git bisect tries, this
#     builds the library and the case's target with sanitizers, runs `unpend
#     repro` on the case, and ends with the status by which git bisect goes on. It needs the
#     program: `make tools`.
#
#     To find the commit that mended it, use --mended and terms of your own:
#
#         git bisect start --term-old=broken --term-new=mended MENDED BROKEN
#         GMIME_SRC=$PWD git bisect run ~/unpend/tools/dev/bisect-step.sh --mended CASE
#
#     The suite's own checkout and its build/ stay as they are. What is built for a commit is kept,
#     and a commit that is tried again takes seconds.
#
# OPTIONS
#     --mended         1 when the case passes, 0 when it shows a finding: the new state is the good
#                      one, and git bisect takes status 0 for the old one
#     --target NAME    the target to run the case on, if its folder does not name it
#     --help           print this page
#
# ENVIRONMENT
#     GMIME_SRC        the tree that is bisected must be one of these, and the current folder in it
#     OPENSSL_SRC
#     UNPEND           the program, build/unpend of this suite if not set
#     UNPEND_CACHE     where built libraries are kept: see libraries.sh
#
# FILES
#     build/bisect/COMMIT/: the targets, the program beside them (so that the commands that repro
#     prints fit this very commit), and log, which says why a commit cannot be built.
#     build/bisect/suite/: the suite on the system's libraries, once a commit could not be built.
#
# DIAGNOSTICS
#     Exit status: 0 the case passes; 1 it shows a finding; 125 this commit cannot be built or
#     loaded, and git bisect skips it; 129 wrong usage, or the machine lacks something (the
#     other library, too), or this suite compiles nowhere, and git bisect stops; 130 interrupted.
#
# BUGS
#     Every finding counts, not only the one that is looked for: minimise the case first.
#     A full disk looks like a commit that cannot be built. If all are skipped, read a log.
#     A commit whose interface this suite does not fit cannot be built. GMime 3.2.7 to 3.2.15 fit.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL UNPEND_BUILD
export LC_ALL=C.UTF-8

# Whatever stops the search, too.
stop() {
    echo "$0: $*" >&2
    exit 129
}

usage_error() {
    stop "$*; see $0 --help"
}

mended=
target=
path=
while [ $# -gt 0 ]; do
    case $1 in
    --help)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --mended) mended=yes ;;
    --target)
        [ $# -gt 1 ] || usage_error '--target needs a value'
        target=$2
        shift
        ;;
    -*) usage_error "unknown option $1" ;;
    *)
        [ -z "$path" ] || usage_error "one case only, not $1 too"
        path=$1
        ;;
    esac
    shift
done

top=$(cd "$(dirname "$0")/../.." && pwd) || exit 129
unpend=${UNPEND:-$top/build/unpend}
[ -n "$path" ] || usage_error 'which case?'
if [ ! -f "$path" ] || [ ! -r "$path" ]; then
    usage_error "cannot read the case $path"
fi
path=$(realpath "$path")
: "${target:=$(basename "$(dirname "$path")")}"
[ -f "$top/fuzz/fuzz_$target.c" ] || usage_error "no target is called $target: name it by --target"
tree=$(git rev-parse --show-toplevel 2>/dev/null) || usage_error "$PWD is no git repository"
commit=$(git rev-parse --short HEAD) || exit 129
[ -z "${GMIME_SRC:-}" ] || GMIME_SRC=$(realpath "$GMIME_SRC")
[ -z "${OPENSSL_SRC:-}" ] || OPENSSL_SRC=$(realpath "$OPENSSL_SRC")
case $tree in
"${GMIME_SRC:-}") other=openssl ;;
"${OPENSSL_SRC:-}") other=gmime ;;
*) usage_error "set GMIME_SRC or OPENSSL_SRC to $tree, which is bisected" ;;
esac
[ -x "$unpend" ] || stop "there is no program $unpend: make tools"
trap 'exit 130' INT TERM
(cd "$top" && tools/build/setup.sh campaign >&2 && tools/build/libraries.sh asan "$other" >/dev/null) ||
    exit 129

# build GOAL FOLDER: in a folder of build/bisect/, with a log beside what is built
build() {
    mkdir -p "$top/build/bisect/$2" || exit 129
    make -C "$top" --no-print-directory B="build/bisect/$2" TARGET="$target" "$1" \
        >"$top/build/bisect/$2/log" 2>&1
}

build=build/bisect/$commit
what="$commit ($(git log -1 --format=%s))"

echo "bisect: $what: building"
began=$(date +%s)
build bisect-build "$commit" || {
    build "build/bisect/suite/replay/fuzz/$target" suite ||
        stop 'the suite itself does not compile, log: build/bisect/suite/log'
    echo "bisect: $what: cannot be built, log: $build/log; its first error:"
    grep -m 1 -i 'error' "$top/$build/log" | sed 's/^/    /'
    exit 125
}
echo "bisect: $what: built in $(($(date +%s) - began)) s"

cp "$unpend" "$top/$build/unpend" || exit 129
cd "$top" || exit 129
"$build/unpend" repro --flavour asan --target "$target" "${path#"$top/"}"
status=$?
case $mended,$status in
yes,[01]) exit $((1 - status)) ;;
*) exit $status ;;
esac
