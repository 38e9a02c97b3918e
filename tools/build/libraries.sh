#!/bin/sh
#
# libraries.sh - builds GMime and OpenSSL's libcrypto from source, and caches them
#
# SYNOPSIS
#     tools/build/libraries.sh [--refresh] FLAVOUR [LIBRARY]
#     tools/build/libraries.sh [--refresh] --releases LIBRARY SUITE...
#
# DESCRIPTION
#     Builds both libraries, or one, by the compiler and flags of FLAVOUR (see the table), and prints
#     "gmime DIR" and "openssl DIR". DIR has include/, lib/*.a, and manifest: lines "name: value" of
#     version, source, compiler, flags and libs, which is what a program links after the archive.
#     A cache entry's name ends in a hash of recipe, compiler, flags and source, and its contents
#     never change. Finding one takes well under a second and no network.
#
#     --releases prints "VERSION TARBALL" for each release in suites of Debian, the oldest first.
#     --refresh downloads the newest source packages, even if some were downloaded before.
#
# ENVIRONMENT
#     GMIME_SRC, OPENSSL_SRC  source trees of your own, in place of the distribution's; only read
#     CLANG, GCC              the compilers (standard: clang, gcc)
#     UNPEND_CACHE            the cache (standard: $XDG_CACHE_HOME/unpend or ~/.cache/unpend)
#
# FILES
#     In the cache: LIBRARY-VERSION-FLAVOUR-HASH/, the entries; sources/, the tarballs, and files
#     that name the current one; trees/, where your own trees are built; logs/; tmp/; lock.
#
# DIAGNOSTICS
#     A failure is one line with the log and what to do. An interrupted build leaves nothing.
#     Exit status: 0; 1 failure; 2 wrong usage; 128 + signal when interrupted.
#
# BUGS
#     The distribution's patches are not applied. The cache's path cannot contain blanks.

# shellcheck disable=SC2086 # several words
set -u
umask 022
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0 SOURCE_DATE_EPOCH=0
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS LIBS CONFIG_SITE

# Enough to name files and lines. DWARF 5 makes llvm-symbolizer 14 repeat relative directories.
lines='-gdwarf-4 -fno-omit-frame-pointer'
# Undefined behaviour ends the program. Excluded is what both libraries do deliberately (function,
# which gcc lacks: callbacks of another type; alignment), and what AddressSanitizer sees at the
# access itself (null, object-size, pointer-overflow: their checks would count as edges in fuel).
undefined='-fsanitize=undefined -fno-sanitize-recover=undefined -fno-sanitize='
excluded=null,alignment,object-size,pointer-overflow

# Flavour, compiler, options of OpenSSL's Configure, flags. Flavours of fuel count the blocks that
# run (harness/target/edges.c), the same on any processor (no-asm), in every loop (no-prune).
flavours="
libfuzzer clang - -O2 -gline-tables-only $lines -fsanitize-coverage=inline-8bit-counters,pc-table
afl       clang - -O2 -gline-tables-only $lines -fsanitize-coverage=trace-pc-guard
asan      clang - -O1 -gline-tables-only $lines -fsanitize=address ${undefined}function,$excluded
plain     clang - -O1 -gline-tables-only $lines -fsanitize=address,fuzzer-no-link ${undefined}function,$excluded
fuel      clang no-asm -O1 -gline-tables-only $lines -fsanitize=address -fsanitize-coverage=trace-pc-guard,no-prune ${undefined}function,$excluded
fuel-gcc  gcc no-asm -O1 -g1 $lines -fsanitize=address -fsanitize-coverage=trace-pc $undefined$excluded
"

# ---- recipes: begin ----------------------------------------------------------------------------
# Each builds in $dir and installs into $1. Flags are given to make, not to configure, whose tests
# are not to be instrumented; $map replaces this machine's paths in debug information.

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

# PEDANTIC replaces deliberate unaligned access, as OpenSSL's enable-ubsan does. The assembly stays:
# without it RSA is 30 times slower. --debug would turn on assertions that no distribution ships.
# no-dso links the legacy provider in. buildinf.h records the flags, so it is made without $map.
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

library='' version='' child='' configured='' locked='' refresh='' releases='' words=''

report() { echo "${library:-libraries}${version:+ $version}: $*" >&2; }

fail() {
    report "error: $*"
    exit 1
}

fail_to_write() { fail "cannot write to $cache: free 1 GB, or set UNPEND_CACHE"; }

usage_error() {
    echo "$0: $*; see $0 --help" >&2
    exit 2
}

# run COMMAND...: in $dir, output to the log; in the background, so that a signal ends it at once
run() {
    command=${1##*/}
    echo "== $*" >>"$log"
    (cd "$dir" && exec setsid "$@") >>"$log" 2>&1 </dev/null &
    child=$!
    wait "$child"
    set -- $?
    child=
    return "$1"
}

step() {
    case $configured$1 in yes./[Cc]onfigure) return ;; esac
    run "$@" && return
    ! grep -q 'No space left on device' "$log" || fail_to_write
    [ "$command" != make ] || keep_build_tree
    fail "$command failed, log: $log; its end says why"
}

interrupted() { # STATUS
    trap '' INT TERM HUP
    [ -z "$child" ] || kill -s TERM -- "-$child" "$child" 2>/dev/null
    wait
    report 'interrupted, nothing half-built is left; run again'
    exit "$1"
}

# Only one run at a time downloads and builds. What it finds in tmp/ is of one that was killed.
lock() {
    [ -z "$locked" ] || return 0
    { mkdir -p "$cache/sources" "$cache/logs" "$cache/trees" && touch "$cache/lock"; } 2>/dev/null ||
        fail_to_write
    exec 9>"$cache/lock"
    flock --nonblock 9 || {
        report 'waiting for another run that is building'
        flock 9 & child=$!
        wait "$child" || fail "cannot lock $cache/lock: set UNPEND_CACHE to a local disk"
        child=
    }
    locked=yes
    rm -rf "$work"
    mkdir "$work" || fail_to_write
}

# --- sources --------------------------------------------------------------------------------------

# select_library NAME: sets its own source tree, if any, and what a program links after it
select_library() {
    library=$1 version=''
    case $library in
    gmime) variable=GMIME_SRC tree=${GMIME_SRC:-} libs='-lgio-2.0 -lgobject-2.0 -lglib-2.0 -lidn2 -lz' ;;
    openssl) variable=OPENSSL_SRC tree=${OPENSSL_SRC:-} libs='-lz -lpthread' ;;
    *) usage_error "unknown library $library" ;;
    esac
}

# download [SUITE]: the newest tarball, by apt in directories of its own, so any user can. The
# machine's apt sources are used, with lists of source packages in place of binary ones.
download() {
    lock
    log=$cache/logs/sources.log dir=$work/apt options=''
    report "downloading the source${1:+ from $1} (log: $log)"
    mkdir -p "$dir" || fail_to_write
    cat >"$dir/apt.conf" <<END
Dir::State "$dir"; Dir::Cache "$dir"; APT::Sandbox::User "root"; Acquire::Retries "2";
Acquire::http::Timeout "30"; Acquire::https::Timeout "30";
Acquire::IndexTargets::deb {
    Packages::DefaultEnabled "no"; Translations::DefaultEnabled "no";
    Sources { MetaKey "\$(COMPONENT)/source/Sources"; flatMetaKey "Sources";
        ShortDescription "Sources"; Description "\$(RELEASE)/\$(COMPONENT) Sources"; };
};
END
    if [ -n "${1-}" ]; then
        mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Origin: Debian' 'Label: Debian' | sed 1q)
        [ -n "$mirror" ] || fail "apt has no mirror of Debian enabled"
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" \
            >"$dir/suite.list"
        options="-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::SourceList=$dir/suite.list"
    fi
    run apt-get -q -c="$dir/apt.conf" $options update &&
        run apt-get -q -c="$dir/apt.conf" $options source --tar-only "$library${1:+/$1}" || return
    tarball=$(cd "$dir" && echo "$library"_*.orig.tar.??)
    version=${tarball#*_}
    version=${version%.orig.tar.*}
    { echo "${version%%[+~-]*} $tarball $(sha256sum <"$dir/$tarball" | cut -d ' ' -f 1)" >"$dir/pin" &&
        mv "$dir/$tarball" "$cache/sources/" && mv "$dir/pin" "$pin"; } || fail_to_write
}

# Sets version, tarball and source_hash to those of the current tarball, if there is one.
read_pin() {
    { read -r version tarball source_hash <"$pin"; } 2>/dev/null && [ -f "$cache/sources/$tarball" ]
}

find_tarball() { # [SUITE]
    pin=$cache/sources/$library${1:+.$1}
    { [ -z "$refresh" ] && { read_pin || { lock && read_pin; }; }; } ||
        { download "$@" && read_pin; } || return
    echo "$source_hash  $cache/sources/$tarball" | sha256sum --status --check ||
        fail "$cache/sources/$tarball is damaged: run again with --refresh"
}

# pack TREE OPTION...: a tar stream, without what a build has left in the tree
pack() {
    tar -c -C "$@" --exclude-vcs --exclude='*.o' --exclude='*.d' --exclude='*.a' --exclude='*.lo' \
        --exclude='*.la' --exclude=.libs --exclude=.deps --exclude=Makefile --exclude=configdata.pm \
        --exclude=config.log --exclude=config.status --mode=u+rw,go=rX .
}

# tree_hash TREE: of names, contents, and which files are executable
tree_hash() {
    pack "$1" --sort=name --format=gnu --mtime=@0 --owner=0 --group=0 --numeric-owner 2>/dev/null |
        sha256sum | cut -d ' ' -f 1
}

# Sets version, source and source_hash.
find_source() {
    if [ -z "$tree" ]; then
        find_tarball ||
            fail "$command failed, log: $log; check the network, or set $variable to a source tree"
        source=$tarball
        return
    fi
    version=$(cat "$tree/configure.ac" "$tree/VERSION.dat" 2>/dev/null |
        sed -n 's/^m4_define(\[gmime_[a-z]*_version\], *\[\([0-9]*\)\])/\1/p
            s/^\(MAJOR\|MINOR\|PATCH\)=//p' | paste -s -d .)
    [ -n "$version" ] || fail "no source tree of $library: $variable=$tree"
    source=$(realpath "$tree")
    source_hash=$(tree_hash "$source")
}

list_releases() { # SUITE...
    found=
    for suite in "$@"; do
        if find_tarball "$suite"; then
            found="$found$version $cache/sources/$tarball
"
        else
            report "skipping $suite: not on the mirror, or without $library; log: $log"
        fi
        version=
    done
    [ -n "$found" ] || fail "none of these suites has it: $*; log: $log"
    printf '%s' "$found" | sort -u -V -k 1,1
}

# --- building -------------------------------------------------------------------------------------

# The build tree of a source tree of one's own is kept. It is used again if nothing has changed
# since but the contents of C files that no build generates; make compiles what depends on them.
reuse_build_tree() {
    (cd "$dir" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$work/files"
    before=$(grep -svxFf "$work/files" "$kept/.files")
    changed=$([ ! -f "$kept/.files" ] || grep -vxFf "$kept/.files" "$work/files" | cut -c 67-)
    if [ "$changed" = "$(echo "$before" | cut -c 67-)" ] && ! echo "$changed" | grep -qv '\.[ch]$' &&
        (cd "$kept" && echo "$before" | sha256sum --status --check); then
        report 'compiling what depends on' $changed
        { mv "$kept" "$work/kept" && (cd "$dir" && cp --parents $changed "$work/kept/") &&
            rm -rf "$dir" && mv "$work/kept" "$dir"; } || fail_to_write
        [ "$library" != openssl ] || step make depend
        configured=yes
    fi
    mv "$work/files" "$dir/.files" || fail_to_write
}

keep_build_tree() { [ -z "$tree" ] || { rm -rf "$kept" && mv "$dir" "$kept"; }; }

build() {
    lock
    [ ! -d "$entry" ] || return 0
    log=$cache/logs/$library-$version-$flavour.log
    report "building for $flavour (log: $log)"
    echo "$compiler" >"$log"
    began=$(date +%s) configured='' dir=$work/$library-$version
    map=-ffile-prefix-map=$dir=$library-$version
    mkdir "$dir" || fail_to_write
    if [ -n "$tree" ]; then
        kept=$cache/trees/$library-$flavour-$(echo "$compiler $cflags $source" | sha256sum | cut -c 1-16)
        pack "$tree" | tar -x -C "$dir" 2>>"$log" || fail "cannot copy $tree, log: $log"
        [ "$(tree_hash "$dir")" = "$source_hash" ] || fail "$tree has changed meanwhile: run again"
        reuse_build_tree
    else
        step tar -x -f "$cache/sources/$tarball" --strip-components=1 --no-same-owner --no-same-permissions
    fi
    "build_$library" "$work/entry"
    { printf '%s\n' "library: $library" "version: $version" "flavour: $flavour" "source: $source" \
        "source-sha256: $source_hash" "compiler: $compiler" "flags: $cflags" "libs: $libs" \
        >"$work/entry/manifest" && mv -T "$work/entry" "$entry"; } || fail_to_write
    keep_build_tree
    report "built in $(($(date +%s) - began)) s"
}

# provide NAME: sets entry, and builds it if it is not there
provide() {
    select_library "$1"
    find_source
    hash=$({
        sed '/^# -* recipes: begin/,/^# -* recipes: end/!d; /^ *#/d' "$0"
        echo "$compiler" "$cflags" "$openssl_options" "$source_hash"
        pkg-config --modversion gio-2.0 libidn2 zlib 2>&1
    } | sha256sum | cut -c 1-16)
    entry=$cache/$library-$version-$flavour-$hash
    [ -d "$entry" ] || build
}

# --- main -----------------------------------------------------------------------------------------

for argument in "$@"; do
    case $argument in
    --help) exec sed -n '3,/^$/s/^# \{0,1\}//p' "$0" ;;
    --refresh) refresh=yes ;;
    --releases) releases=yes ;;
    -* | *[!a-z0-9-]*) usage_error "unexpected argument $argument" ;;
    *) words="$words $argument" ;;
    esac
done
set -- $words
cache=$(realpath -m "${UNPEND_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/unpend}")
work=$cache/tmp
trap '[ -z "$locked" ] || rm -rf "$work"' EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP
case $cache in *[[:space:]]*) fail "the cache's path has blanks, $cache: set UNPEND_CACHE" ;; esac

if [ -n "$releases" ]; then
    [ $# -gt 1 ] || usage_error 'expected a library and suites'
    select_library "$1"
    shift
    list_releases "$@"
    exit
fi

{ [ $# -eq 1 ] || [ $# -eq 2 ]; } || usage_error 'expected a flavour, and perhaps a library'
flavour=$1
[ $# -eq 1 ] || select_library "$2"
# shellcheck disable=SC2046 # several words
set -- "${2:-gmime openssl}" $(echo "$flavours" | grep "^$flavour ")
case ${3-} in
clang) cc=${CLANG:-clang} ;;
gcc) cc=${GCC:-gcc} ;;
*) usage_error "unknown flavour $flavour" ;;
esac
libraries=$1 openssl_options=${4#-} jobs=$(nproc)
shift 4
cflags=$*
compiler=$($cc --version 2>/dev/null | sed 1q)
[ -n "$compiler" ] || fail "cannot run $cc: tools/build/setup.sh $flavour"
compiler="$compiler, $($cc -dumpmachine)"

entries=
for name in $libraries; do
    provide "$name"
    entries="$entries$name $entry
"
done
printf '%s' "$entries"
