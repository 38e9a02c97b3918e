#!/bin/sh
#
# setup.sh - the Debian packages that a job needs
#
# SYNOPSIS
#    tools/build/setup.sh check|campaign|bench|afl|asan|fuel|fuel-gcc
#
# DESCRIPTION
#    Looks for what the job needs. What is missing is installed by apt-get as root; anybody else
#    gets the one line to run. Quick, and without a network, when nothing is missing.
#
# DIAGNOSTICS
#    Exit status: 0 all there; 1 something is missing, and was named; 2 wrong usage.

set -u
export DEBIAN_FRONTEND=noninteractive

# The fuzzer's runtime comes in the version of the clang that is installed, or else will be.
clang_major=$(clang -dumpversion 2>/dev/null | cut -d. -f1)

# jobs / how to see that it is there / package
# OpenSSL 3.0.19 still leaks in PKCS7_verify() of two signers, which our tests would take for ours.
needs="
check,campaign,bench,afl,asan,fuel,fuel-gcc  command  gcc            gcc
check,campaign,bench,afl,asan,fuel,fuel-gcc  command  pkg-config     pkg-config
check,campaign,bench,afl,asan,fuel,fuel-gcc  library  gmime-3.0      libgmime-3.0-dev
check,campaign,bench,afl,asan,fuel,fuel-gcc  library  libcrypto>=3.0.22  libssl-dev
check,campaign,bench,afl,asan,fuel,fuel-gcc  library  json-glib-1.0  libjson-glib-dev
check,campaign,bench,afl,asan,fuel,fuel-gcc  library  libxml-2.0     libxml2-dev
check,campaign,bench,afl,asan,fuel,fuel-gcc  library  zlib           zlib1g-dev
check           library  cmocka         libcmocka-dev
check           command  openssl        openssl
check           command  git            git
check,campaign,bench,afl  module  JSON::PP     perl
campaign,bench,afl,asan,fuel  command  clang          clang
campaign,bench,afl,asan,fuel  runtime  libclang_rt.fuzzer-*.a  libclang-rt-${clang_major:+$clang_major-}dev
campaign,bench,afl,asan,fuel  command  llvm-symbolizer llvm
campaign,bench,afl,asan,fuel,fuel-gcc  command  autoreconf     autoconf
campaign,bench,afl,asan,fuel,fuel-gcc  command  automake       automake
campaign,bench,afl,asan,fuel,fuel-gcc  command  libtoolize     libtool
campaign,bench,afl,asan,fuel,fuel-gcc  command  gtkdocize      gtk-doc-tools
campaign,bench,afl,asan,fuel,fuel-gcc  library  libidn2        libidn2-dev
campaign,bench,afl,asan,fuel,fuel-gcc  command  xz             xz-utils
campaign,bench,afl,asan,fuel,fuel-gcc  command  perl           perl
check,bench     command  valgrind       valgrind
afl             command  afl-fuzz       afl++
"

is_there() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    library) pkg-config --exists "$(echo "$2" | sed 's/>=/ >= /')" 2>/dev/null ;;
    module) perl -M"$2" -e 1 2>/dev/null ;;
    runtime) find "$(clang -print-resource-dir 2>/dev/null)/lib/linux" -name "$2" 2>/dev/null | grep -q . ;;
    esac
}

# missing JOB: the packages that are not there, on one line
missing() {
    echo "$needs" | while read -r jobs kind name package; do
        case ",$jobs," in
        *",$1,"*) is_there "$kind" "$name" || printf '%s ' "$package" ;;
        esac
    done
}

case ${1-} in
check | campaign | bench | afl | asan | fuel | fuel-gcc) job=$1 ;;
*)
    echo "usage: tools/build/setup.sh check|campaign|bench|afl|asan|fuel|fuel-gcc" >&2
    exit 2
    ;;
esac

packages=$(missing "$job")
[ -n "$packages" ] || exit 0
install="apt-get install -y --no-install-recommends $packages"

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup: missing packages; as root: $install" >&2
    exit 1
fi
echo "setup: installing $packages" >&2
mkdir -p build
{ apt-get update && $install; } >build/setup.log 2>&1 || {
    echo "setup: cannot install $packages (see build/setup.log); try: apt-get update && $install" >&2
    exit 1
}
packages=$(missing "$job")
[ -z "$packages" ] || {
    echo "setup: still missing after installation: $packages (see build/setup.log)" >&2
    exit 1
}
