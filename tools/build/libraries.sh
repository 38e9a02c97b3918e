#!/bin/sh
#
# libraries.sh - GMime and OpenSSL's libcrypto from source, instrumented, cached
#
# SYNOPSIS
#     tools/build/libraries.sh [--refresh] FLAVOUR [LIBRARY]
#     tools/build/libraries.sh [--refresh] --releases LIBRARY SUITE…
#
# DESCRIPTION
#     Builds the two libraries under test with the instrumentation of FLAVOUR (libfuzzer, afl, asan,
#     fuel, fuel-gcc), and prints where they are on standard output, one line each, both or none:
#
#         gmime DIR        DIR/include/gmime-3.0/, DIR/lib/libgmime-3.0.a
#         openssl DIR      DIR/include/, DIR/lib/libcrypto.a
#
#     With LIBRARY it is that one alone.
#
#     DIR/manifest says what was built, from what and how, one "name: value" a line; "libs" is
#     what a program links after the archive. Progress goes to standard error.
#
#     What was built once is found again in well under a second and without a network. An entry
#     of the cache never changes: its name ends in a hash of recipe, compiler, flags and source.
#
#     With --releases nothing is built. What the named suites of Debian carry of one library is
#     fetched from apt's mirror, and printed one line a release, the oldest first:
#
#         3.2.13 /home/me/.cache/unpend/sources/gmime_3.2.13+dfsg.orig.tar.xz
#
#     A suite that the mirror lacks, or that lacks the library, is named and skipped.
#
# OPTIONS
#     --releases       which releases are there?
#     --refresh        ask apt for newer sources; without it, what was fetched first stays
#     --help           print this page
#
# ENVIRONMENT
#     UNPEND_CACHE     the cache; else $XDG_CACHE_HOME/unpend, else ~/.cache/unpend
#     GMIME_SRC        a source tree of your own in place of the distribution's tarball;
#     OPENSSL_SRC      it is copied, never written to, and built again when its content changes
#     CLANG, GCC       the compilers, clang and gcc if not set
#
# FILES
#     In the cache: LIBRARY-VERSION-FLAVOUR-HASH/ are the entries; sources/ has the tarballs and,
#     in files named after library, or library and suite, which one is current; logs/ the log of
#     each one's last build; tmp/ what is being built; lock is held by the one run that fetches or
#     builds.
#
# DIAGNOSTICS
#     A failure is one line: the library, the step, the log, what to do.
#     Exit status: 0; 1 failure; 2 wrong usage; 128 + signal when interrupted (Ctrl-C: 130).
#
# BUGS
#     Builds what upstream released, without the distribution's patches.
#     The cache's path can have no blanks in it: make would take it apart.

# Some variables are read by a name that is put together, some hold several words, and some are
# those of apt.
# shellcheck disable=SC2016,SC2034,SC2086

set -u
umask 022
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0 SOURCE_DATE_EPOCH=0
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS LIBS CONFIG_SITE

libraries='gmime openssl'

is_library() {
    case " $libraries " in *" $1 "*) ;; *) return 1 ;; esac
}

# set_flavour NAME: one flavour, one row.
set_flavour() {
    # Stacks and coverage name files and lines; more debug information than that is ballast.
    # DWARF 4, for in 5 llvm-symbolizer puts a directory that is not absolute twice.
    lines="-gline-tables-only -gdwarf-4 -fno-omit-frame-pointer"
    not_undefined=function,
    # What gcc calls otherwise, or has not.
    if [ "$1" = fuel-gcc ]; then
        lines="-g1 -gdwarf-4 -fno-omit-frame-pointer"
        not_undefined=
    fi

    # Undefined behaviour stops the program, so what stops it on an ordinary message must be a
    # true finding. Left out is what both libraries do everywhere, on purpose:
    #   function    callbacks called through a pointer of another type (for C: clang 17 and later)
    # what harms nothing on the machines that this runs on:
    #   alignment
    # and what AddressSanitizer sees when the pointer is used:
    #   null, object-size, pointer-overflow
    # The last four put comparisons at nearly every access, which would count as edges in fuel.
    undefined='-fsanitize=undefined -fno-sanitize-recover=undefined'
    undefined="$undefined -fno-sanitize=${not_undefined}null,alignment,object-size,pointer-overflow"

    case $1 in
    # Coverage by edge alone: what compares, and what copies, is seen where a memory error is, in asan.
    libfuzzer)
        cc=${CLANG:-clang}
        cc_package=clang
        cflags="-O2 $lines -fsanitize-coverage=inline-8bit-counters,pc-table"
        openssl_options=
        ;;
    # The guards call functions that AFL++ links in.
    afl)
        cc=${CLANG:-clang}
        cc_package=clang
        cflags="-O2 $lines -fsanitize-coverage=trace-pc-guard"
        openssl_options=
        ;;
    asan)
        cc=${CLANG:-clang}
        cc_package=clang
        cflags="-O1 $lines -fsanitize=address $undefined"
        openssl_options=
        ;;
    # Every block of the code calls a function of ours, which counts: target/edges.c. What is spent
    # must not depend on the processor, so there is no assembly. Clang would leave out blocks that
    # others tell of, and with them some loops; gcc has no such choice.
    fuel)
        cc=${CLANG:-clang}
        cc_package=clang
        cflags="-O1 $lines -fsanitize=address -fsanitize-coverage=trace-pc-guard,no-prune $undefined"
        openssl_options=no-asm
        ;;
    fuel-gcc)
        cc=${GCC:-gcc}
        cc_package=gcc
        cflags="-O1 $lines -fsanitize=address -fsanitize-coverage=trace-pc $undefined"
        openssl_options=no-asm
        ;;
    *)
        return 1
        ;;
    esac
}

# ---- recipes: begin ----------------------------------------------------------------------------
# Each builds in $dir, where the source is, and installs into $1. The text from begin to end goes
# into the hash that names the entries, but for comments.
#
# Flags arrive with make, not with configure, which is to try out the machine and not the
# instrumentation. $map turns this machine's paths into gmime-3.2.13/gmime/… and the like.

build_gmime() {
    if [ ! -x "$dir/configure" ]; then
        step touch ChangeLog
        step autoreconf -fi
    fi
    step ./configure CC="$cc" CFLAGS=-O1 --prefix=/usr --disable-shared --enable-static \
        --disable-introspection --disable-vala --disable-gtk-doc --disable-crypto
    step make -j "$jobs" -C util CFLAGS="$cflags $map"
    step make -j "$jobs" -C gmime CFLAGS="$cflags $map" libgmime-3.0.la
    step make -C gmime install-gmimeincludeHEADERS includedir="$1/include"
    step install -D -m 644 gmime/.libs/libgmime-3.0.a "$1/lib/libgmime-3.0.a"
}

# PEDANTIC takes out deliberate unaligned access and inline assembly, as OpenSSL's own enable-ubsan
# does. The assembly files stay: RSA is 30 times slower without. No --debug: it turns on assertions
# that no distribution ships. no-dso puts the legacy provider into the archive. Nothing is read from the
# machine's configuration. buildinf.h records the flags, and is made without this machine's paths.
build_openssl() {
    step ./Configure CC="$cc" --prefix=/usr --openssldir=/nonexistent no-autoload-config \
        no-shared no-tests no-dso no-engine zlib -DPEDANTIC $openssl_options
    step make -j "$jobs" CFLAGS="$cflags" build_generated crypto/buildinf.h
    step make -j "$jobs" CFLAGS="$cflags $map" libcrypto.a
    step mkdir -p "$1"
    step cp -R include "$1/include"
    step find "$1/include" -name '*.in' -delete
    step install -D -m 644 libcrypto.a "$1/lib/libcrypto.a"
}
# ---- recipes: end ------------------------------------------------------------------------------

# Of each library: its version as a source tree states it, what a program links after it, and what
# its build needs (package:program or package:module.pc).

gmime_version() {
    sed -n 's/^m4_define(\[gmime_[a-z]*_version\], *\[\([0-9]*\)\])/\1/p' "$1/configure.ac"
}
gmime_libs='-lgio-2.0 -lgobject-2.0 -lglib-2.0 -lidn2 -lz'
gmime_needs='autoconf:autoreconf automake:automake libtool:libtoolize gtk-doc-tools:gtkdocize
    libglib2.0-dev:gio-2.0.pc libidn2-dev:libidn2.pc'

openssl_version() {
    sed -n 's/^\(MAJOR\|MINOR\|PATCH\)=//p' "$1/VERSION.dat"
}
openssl_libs='-lz -lpthread'
openssl_needs='perl:perl'

common_needs='make:make pkg-config:pkg-config zlib1g-dev:zlib.pc xz-utils:xz'

# the VARIABLE: the one of the library at hand, as in "the needs", "the libs".
the() {
    eval "echo \"\${${library}_$1}\""
}

# ---- saying, failing, being interrupted --------------------------------------------------------

library=    # the one at hand
version=
doing=      # the step at hand
child=      # its process, the leader of a group of its own
dir=        # where it runs
log=        # where its output goes
locked=
suite=      # of Debian; none: what the machine's own sources carry
mirror=     # where suites are

say() {
    echo "${library:-libraries}${version:+ $version}: $*" >&2
}

fail() {
    say "error: $*"
    exit 1
}

usage_error() {
    echo "$0: $*; see $0 --help" >&2
    exit 2
}

# try COMMAND…: one step of the work, in $dir, written to $log. It runs in a session of its own:
# a signal reaches this shell at once, and through it the step with all its processes.
try() {
    doing=${1##*/}
    {
        echo "== $*" >>"$log"
        (cd "$dir" && exec setsid setpriv --pdeathsig TERM "$@") >>"$log" 2>&1 </dev/null &
    } 2>/dev/null
    child=$!
    wait "$child"
    tried=$?
    child=
    return $tried
}

# step COMMAND…: the same of what the rest of the work needs.
step() {
    try "$@" || fail "$doing failed, log: $log; $(advice)"
    doing=
}

# What to do about a step that failed.
advice() {
    if grep -qs 'No space left on device' "$log" || [ "$(free_mb)" -lt 2 ]; then
        echo "no space left in $cache: free 1 GB, or set UNPEND_CACHE"
    elif [ "$doing" = apt-get ]; then
        echo "no mirror in reach: try again later, or set $(own_tree_variable) to a source tree"
    else
        echo 'its last lines say why'
    fi
}

free_mb() {
    df -P -m "$cache" | awk 'END { print $4 }'
}

interrupted() {
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -s TERM -- "-$child" "$child" 2>/dev/null
        { wait "$child"; } 2>/dev/null
    fi
    say "interrupted${doing:+ in $doing}, nothing half-built is left${log:+, log: $log}; run again"
    exit "$1"
}

clean_up() {
    [ -z "$locked" ] || rm -rf "$work" 2>/dev/null || { sleep 1 && rm -rf "$work"; }
}

# ---- the cache ---------------------------------------------------------------------------------

set_cache() {
    cache=${UNPEND_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/unpend}
    case $cache in
    *[[:space:]]*) fail "no blanks can be in the cache's path, $cache: set UNPEND_CACHE" ;;
    /*) ;;
    *) cache=$PWD/$cache ;;
    esac
    work=$cache/tmp
}

# Only one run at a time fetches and builds. What it finds in tmp/ was left by one that died.
lock() {
    [ -z "$locked" ] || return 0
    { mkdir -p "$cache/sources" "$cache/logs" && touch "$cache/lock"; } 2>/dev/null ||
        fail "cannot write in $cache: set UNPEND_CACHE"
    exec 9>"$cache/lock"
    if ! flock --nonblock 9; then
        say 'waiting for another run, which builds'
        flock 9 &
        child=$!
        wait "$child" || fail "cannot lock $cache/lock: set UNPEND_CACHE to a local disk"
        child=
    fi
    locked=yes
    rm -rf "$work"
    mkdir "$work" 2>/dev/null || fail "cannot write in $cache: set UNPEND_CACHE"
}

# Sets entry, by all that decides what is in it.
set_entry() {
    hash=$({
        sed '/^# -* recipes: begin/,/^# -* recipes: end/!d; /^ *#/d' "$0"
        echo "$compiler" "$cflags" "$openssl_options" "$source_hash"
        pkg-config --modversion gio-2.0 libidn2 zlib 2>&1
    } | sha256sum | cut -c 1-16)
    entry=$cache/$library-$version-$flavour-$hash
}

manifest() {
    echo "library: $library"
    echo "version: $version"
    echo "flavour: $flavour"
    echo "source: $source"
    echo "source-sha256: $source_hash"
    echo "compiler: $compiler"
    echo "flags: $cflags"
    echo "libs: $(the libs)"
}

# ---- sources -----------------------------------------------------------------------------------

own_tree_variable() {
    echo "${library}_SRC" | tr '[:lower:]' '[:upper:]'
}

own_tree() {
    eval "echo \"\${$(own_tree_variable):-}\""
}

# pack DIR OPTION…: a source tree as a tar stream, without what a build in it has left.
pack() {
    tar -c -C "$@" --exclude-vcs --exclude='*.o' --exclude='*.d' --exclude='*.a' \
        --exclude='*.lo' --exclude='*.la' --exclude=.libs --exclude=.deps --exclude=Makefile \
        --exclude=configdata.pm --exclude=config.log --exclude=config.status \
        --mode=u+rw,go=rX .
}

# Names, contents, and who may execute; no times, no owners.
tree_hash() {
    pack "$1" --sort=name --format=gnu --mtime=@0 --owner=0 --group=0 --numeric-owner \
        2>/dev/null | sha256sum | cut -d ' ' -f 1
}

# Sets version, source and source_hash.
find_source() {
    version=
    source=$(own_tree)
    if [ -n "$source" ]; then
        version=$("${library}_version" "$source" 2>/dev/null | paste -s -d .)
        [ -n "$version" ] || fail "no source tree of $library: $(own_tree_variable)=$source"
        source=$(realpath "$source")
        source_hash=$(tree_hash "$source")
    else
        pin=$cache/sources/$library
        pinned || fetch || fail "$doing failed, log: $log; $(advice)"
        read -r version source source_hash <"$pin"
    fi
}

# Whether it is settled which tarball is to be taken, and it is there.
pinned() {
    [ -z "$refresh" ] && read -r _ tarball _ <"$pin" && [ -f "$cache/sources/$tarball" ]
} 2>/dev/null

# Gets the newest tarball that apt knows, or that $suite carries, and pins it. Fails if apt does.
fetch() {
    prepare
    ! pinned || return 0
    log=$cache/logs/sources.log
    say "fetching the source${suite:+ that $suite carries} (log: $log)"
    [ -d "$work/apt" ] || update_apt
    [ -z "$suite" ] || add_suite || return
    dir=$work/apt/${pin##*/}
    mkdir "$dir"
    try apt-get $apt_options source --tar-only "$library${suite:+/$suite}" || return
    tarball=$(cd "$dir" && echo "$library"_*.orig.tar.??)
    [ -f "$dir/$tarball" ] || fail "apt-get brought no tarball, log: $log"
    version=${tarball#*_}
    version=${version%.orig.tar.*}
    source_hash=$(sha256sum <"$dir/$tarball" | cut -d ' ' -f 1)
    echo "${version%%[+~-]*} $tarball $source_hash" >"$dir/pin"
    step mv "$tarball" "$cache/sources/"
    step mv pin "$pin"
}

# An apt of our own, for root and for anybody, that leaves the machine's alone.
update_apt() {
    command -v apt-get >/dev/null || fail "apt-get is missing: set $(own_tree_variable)"
    dir=$work/apt
    lists=$dir/sources.list.d
    apt_options="-q -o Dir::State=$dir -o Dir::Cache=$dir -o Dir::Etc::SourceList=/dev/null
        -o Dir::Etc::SourceParts=$lists -o APT::Sandbox::User=root -o Acquire::Retries=2
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30"
    mkdir -p "$lists" || fail "cannot write in $cache; $(advice)"
    date >"$log"
    list_machine
    [ -n "$(apt-get $apt_options update --print-uris 2>/dev/null)" ] ||
        fail "apt has no source enabled to fetch from: enable one, or set $(own_tree_variable)"
    step apt-get $apt_options update
}

# The machine's own sources, source packages in place of binary ones. What is disabled (a comment,
# "Enabled: no") stays disabled, and required signers ("signed-by") stay too.
list_machine() {
    list=
    parts=
    eval "$(apt-config shell list Dir::Etc::SourceList/f parts Dir::Etc::SourceParts/d)"
    for file in "$list" "$parts"/*.list; do
        sed -n '/cdrom:/d; s/^ *deb\(-src\)\{0,1\}[ \t]/deb-src /p' "$file"
    done 2>/dev/null | sort -u >"$lists/machine.list"
    for file in "$parts"/*.sources; do
        sed 's/^types:.*/Types: deb-src/i' "$file" >"$lists/${file##*/}"
    done 2>/dev/null
}

# Puts $suite in place of the machine's own sources, or beside the other suites.
add_suite() {
    if [ -z "$mirror" ]; then
        mirror=$(apt-get $apt_options indextargets --format '$(REPO_URI)' \
            'Created-By: Sources' 'Origin: Debian' 'Label: Debian' | sed 1q)
        [ -n "$mirror" ] || fail "apt has no mirror of Debian enabled that is in reach, log: $log"
        lists=$work/apt/suites
        mkdir "$lists"
        apt_options="$apt_options -o Dir::Etc::SourceParts=$lists"
    fi
    dir=$work/apt
    echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$lists/$suite.list"
    try apt-get $apt_options update || {
        rm "$lists/$suite.list"
        return 1
    }
}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# list_releases SUITE…: of the library at hand
list_releases() {
    found=
    for suite in "$@"; do
        version=
        pin=$cache/sources/$library.$suite
        if pinned || fetch; then
            read -r version tarball source_hash <"$pin"
            check_tarball
            found="$found$version $tarball
"
        else
            say "nothing of it in $suite, passed over, log: $log"
        fi
    done
    [ -n "$found" ] || fail "none of these suites carries it: $*, log: $log"
    printf '%s' "$found" | sort -u -V -k 1,1 | sed "s|[^ ]* |&$cache/sources/|"
}

check_tarball() {
    (cd "$cache/sources" && echo "$source_hash  $tarball" | sha256sum --status --check) ||
        fail "$cache/sources/$tarball is damaged: run again with --refresh"
}

# ---- building ----------------------------------------------------------------------------------

# check_needs PACKAGE:PROGRAM…
check_needs() {
    missing=
    for need in "$@"; do
        case $need in
        *.pc) pkg-config --exists "$(basename "${need#*:}" .pc)" 2>/dev/null ;;
        *) command -v "${need#*:}" >/dev/null ;;
        esac || missing="$missing ${need%%:*}"
    done
    [ -z "$missing" ] || fail "what the build needs is missing: apt-get install$missing"
}

# About to fetch or to build: first see whether that can work at all.
prepare() {
    needs=$(the needs)
    check_needs $common_needs $needs
    lock
}

unpack() {
    mkdir "$dir" || fail "cannot write in $cache; $(advice)"
    if [ -n "$(own_tree)" ]; then
        tarball=$work/tree.tar
        pack "$source" >"$tarball" 2>>"$log" || fail "copying $source failed, log: $log; $(advice)"
    else
        tarball=$source
        check_tarball
        tarball=$cache/sources/$tarball
    fi
    step tar -x -f "$tarball" --strip-components=1 --no-same-owner --no-same-permissions
    [ -z "$(own_tree)" ] || [ "$(tree_hash "$dir")" = "$source_hash" ] ||
        fail "$source changed while it was copied: run again"
}

build() {
    log=$cache/logs/$library-$version-$flavour.log
    say "building for $flavour (log: $log)"
    began=$(date +%s)
    echo "$compiler" >"$log"
    dir=$work/$library-$version
    map=-ffile-prefix-map=$dir=$library-$version
    unpack
    "build_$library" "$work/entry"
    manifest >"$work/entry/manifest" || fail "cannot write in $cache; $(advice)"
    step mv -T "$work/entry" "$entry"
    step rm -rf "$dir"
    say "built in $(($(date +%s) - began)) s"
}

# Sets entry, and sees to it that it is there.
provide() {
    find_source
    set_entry
    [ ! -d "$entry" ] || return 0
    prepare
    [ -d "$entry" ] || build
}

# ---- main --------------------------------------------------------------------------------------

refresh=
releases=
words=
for argument in "$@"; do
    case $argument in
    --help)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --refresh) refresh=yes ;;
    --releases) releases=yes ;;
    -*) usage_error "unknown option $argument" ;;
    *[!a-z0-9-]*) usage_error "$argument is no name of a library, suite or flavour" ;;
    *) words="$words $argument" ;;
    esac
done
set -- $words

trap clean_up EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

if [ -n "$releases" ]; then
    [ $# -gt 1 ] || usage_error 'which library, of which suites?'
    library=$1
    shift
    is_library "$library" || usage_error "unknown library $library"
    set_cache
    list_releases "$@"
    exit
fi

[ $# -gt 0 ] || usage_error 'which flavour?'
[ $# -le 2 ] || usage_error "one library only, not $3 too"
flavour=$1
set_flavour "$flavour" || usage_error "unknown flavour $flavour"
[ $# -eq 1 ] || is_library "$2" || usage_error "unknown library $2"
libraries=${2-$libraries}

set_cache
jobs=$(nproc)
check_needs "$cc_package:$cc"
compiler="$("$cc" --version | sed 1q), $("$cc" -dumpmachine)"

for library in $libraries; do
    provide
    eval "${library}_entry=\$entry"
done
for library in $libraries; do
    echo "$library $(the entry)"
done
