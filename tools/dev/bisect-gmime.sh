#!/bin/sh
#
# bisect-gmime.sh - an example: which release of GMime mended a bug that we can show?
#
# SYNOPSIS
#     make bisect-example
#
# DESCRIPTION
#     The bug is jstedfast/gmime#165: of a parameter whose name fills a line the value was encoded
#     without end, until memory was full. The case stands in regressions/mime/. GMime's releases,
#     as far as suites of Debian carry them, become commits of a scratch repository, each tagged
#     with its version; git bisect searches it, and bisect-step.sh answers.
#
#     Both ends are tried first, because git bisect does not check them. In the end the release is
#     looked up in GMime's own NEWS.
#
# ENVIRONMENT
#     UNPEND, UNPEND_CACHE as in bisect-step.sh
#
# FILES
#     build/bisect/gmime/ is the scratch repository, made anew by each run. Its commits are the same
#     each time, so that what was built for them, in build/bisect/COMMIT/, is of use again.
#
# DIAGNOSTICS
#     Exit status: 0 the release that NEWS names was found; 1 another one, or none; 2 wrong usage;
#     130 interrupted.
#
# BUGS
#     A suite leaves the mirror when it is old. Without bullseye there is nothing between the ends.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
# A hook of git that runs this has named its own repository.
# shellcheck disable=SC2046 # several words
unset $(git rev-parse --local-env-vars)
# Without the user's settings: no signatures, hooks or conversion of line ends.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=GMime GIT_AUTHOR_EMAIL=gmime@example.com
export GIT_COMMITTER_NAME=GMime GIT_COMMITTER_EMAIL=gmime@example.com

suites='bullseye bookworm trixie sid'
case=regressions/mime/parameter-name-fills-line.case
issue=165

case ${1-} in
'') ;;
--help)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    echo "$0: unexpected argument $1; see $0 --help" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/../.." || exit 1
top=$PWD
repository=$top/build/bisect/gmime
UNPEND=$(realpath "${UNPEND:-build/unpend}")
GMIME_SRC=$repository
export UNPEND GMIME_SRC
trap 'exit 130' INT TERM

fail() {
    echo "bisect: error: $*" >&2
    exit 1
}

# import VERSION TARBALL: what is generated is left out, as in GMime's own repository. The index
# goes, too: to git a file of the same size and times is the same file.
import() {
    find . -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} + && rm -f .git/index &&
        tar -x -f "$2" --strip-components=1 --no-same-owner && rm -f configure &&
        released=$(stat -c %Y configure.ac) && git add --all --force &&
        GIT_AUTHOR_DATE="@$released +0000" GIT_COMMITTER_DATE="@$released +0000" \
            git commit -q -m "GMime $1" && git tag "$1"
}

# try_end VERSION STATUS WORD
try_end() {
    git checkout -q "$1" || fail "cannot check out $1"
    "$top/tools/dev/bisect-step.sh" --mended "$top/$case"
    status=$?
    [ $status -ne 130 ] || exit 130
    [ $status -eq "$2" ] || fail "GMime $1 is not $3: bisect-step.sh ended with $status"
}

# carried VERSION: the first of our releases that is not older
carried() {
    for version in $versions; do
        [ "$(printf '%s\n' "$1" "$version" | sort -V | sed 1q)" != "$1" ] || break
    done
    echo "$version"
}

# shellcheck disable=SC2086 # several words
releases=$(tools/build/libraries.sh --releases gmime $suites) || exit
versions=$(echo "$releases" | cut -d ' ' -f 1)
first=$(echo "$versions" | sed -n 1p)
last=$(echo "$versions" | sed -n '$p')
[ "$first" != "$last" ] || fail "there is only one release, $first"

rm -rf "$repository"
mkdir -p "$repository" && cd "$repository" && git init -q -b releases . || exit 1
echo "$releases" | while read -r version tarball; do
    import "$version" "$tarball" || exit 1
done || fail "cannot import the releases into $repository"
git log --reverse --format='bisect: %h %s, released %as'

try_end "$first" 0 broken
try_end "$last" 1 mended
git checkout -q releases
git bisect start --term-old=broken --term-new=mended "$last" "$first" &&
    git bisect run "$top/tools/dev/bisect-step.sh" --mended "$top/$case"
status=$?
[ $status -eq 0 ] || fail "git bisect came to no end: status $status"

found=$(git tag --points-at refs/bisect/mended)
named=$(git show releases:NEWS | awk -v issue="#${issue}[^0-9]" '
    /^### GMime / { version = $3 }
    $0 ~ issue { print version; exit }')
echo # git ends its last line or does not
echo "bisect: $found is the first release that is mended"
[ -n "$named" ] || fail "NEWS of $last does not name issue #$issue"
expected=$(carried "$named")
[ "$found" = "$expected" ] || fail "NEWS names $named for issue #$issue: it should be $expected"
echo "bisect: NEWS names $named for issue #$issue: right"
