#!/bin/sh
#
# test_bisect.sh - git bisect run and our statuses; the example's own verdict
#
# SYNOPSIS
#     UNPEND=build/unpend tools/dev/test_bisect.sh
#
# DESCRIPTION
#     The real scripts and the real program on a toy: a checkout of this suite whose Makefile copies
#     a target out of the tree that is bisected, and releases of GMime that are little more than
#     that target. What really is built and searched, in minutes, is `make bisect-example`.
#     Prints TAP; exit status 1 if a test failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"

# A hook of git that runs this has named its own repository.
# shellcheck disable=SC2046 # several words
unset UNPEND_BUILD GMIME_SRC OPENSSL_SRC $(git rev-parse --local-env-vars)
export UNPEND="$unpend"

case=regressions/mime/parameter-name-fills-line.case
mkdir -p toy/tools/build toy/tools/dev toy/fuzz toy/regressions/mime
cp "$top"/tools/dev/bisect-*.sh toy/tools/dev/
cp "$top/$case" toy/regressions/mime/
touch toy/fuzz/fuzz_mime.c
printf '#!/bin/sh\n' >toy/tools/build/setup.sh
printf '#!/bin/sh\necho "$*" >>"%s"\ncat "%s"\n' "$work/asked" "$work/releases" >toy/tools/build/libraries.sh
chmod +x toy/tools/*/*.sh
cat >toy/Makefile <<'END_OF_FILE'
bisect-build: $(B)/replay/fuzz/$(TARGET)
	@test ! -e $(GMIME_SRC)/unfinished || { echo 'toy.c:1: error: unfinished' >&2; exit 1; }
	@mkdir -p $(B)/asan/fuzz
	@cp $(GMIME_SRC)/target $(B)/asan/fuzz/$(TARGET)
$(B)/replay/fuzz/%:
	@test ! -e slip || { echo 'fuzz/fuzz_mime.c:1: error: slip' >&2; exit 1; }
END_OF_FILE

# target STATE: what GMime and our target come to; dumb is one that says nothing
target() {
    finding=
    [ "$1" != broken ] || finding='{"class":"memory","signature":"toy","detail":"toy"}'
    rest='"counts":{"parts":1,"logs-judged":1},"unscannable":false,"limits":[]'
    echo '#!/bin/sh'
    [ "$1" = dumb ] ||
        echo "echo '{\"input\":\"x\",\"findings\":[$finding],$rest}' >>\"\$UNPEND_REPORT\""
}

# toy_releases VERSION STATE...: the versions from 3.2.1 on; NEWS says which one mended it
toy_releases() {
    named=$1
    micro=0
    shift
    rm -f releases
    for state; do
        micro=$((micro + 1))
        rm -rf gmime && mkdir gmime
        echo "3.2.$micro" >gmime/configure.ac
        printf '### GMime %s\n\n* Fixed it (issue #165)\n' "$named" >gmime/NEWS
        target "$state" >gmime/target
        chmod +x gmime/target
        [ "$state" != unfinished ] || touch gmime/unfinished
        tar -c -f "gmime-3.2.$micro.tar" gmime
        echo "3.2.$micro $work/gmime-3.2.$micro.tar" >>releases
    done
}

example() {
    status=0
    timeout 120 toy/tools/dev/bisect-gmime.sh "$@" >out 2>err || status=$?
}

# step VERSION ARGUMENT...: on the release of the last example
step() {
    status=0
    (
        cd toy/build/bisect/gmime || exit 99
        git checkout -q "$1" || exit 99
        shift
        GMIME_SRC=${tree-$PWD} timeout 60 "$work/toy/tools/dev/bisect-step.sh" "$@"
    ) >out 2>err || status=$?
}

stops() { ended 129 && [ "$(wc -l <err)" -eq 1 ] && err_has "$1"; }

# Where the search begins stands an unfinished one.
toy_releases 3.2.6 broken broken broken unfinished broken mended mended
example
check 'the release that mended it is found' ended 0
check 'and named' out_has '3.2.6 is the first release that is mended'
check 'as NEWS names it' last_is 'bisect: NEWS names 3.2.6 for issue #165: right'
check 'a release that cannot be built was tried' out_has '(GMime 3.2.4): cannot be built'
check 'the reason is printed' out_has 'toy.c:1: error: unfinished'
git -C toy/build/bisect/gmime bisect log >out
check 'and it was skipped' grep -q '^# skip: .* GMime 3\.2\.4$' out
git -C toy/build/bisect/gmime rev-parse releases >commit
example
check 'each run searches the same commits' \
    [ "$(git -C toy/build/bisect/gmime rev-parse releases)" = "$(cat commit)" ]

step 3.2.1 "$work/toy/$case"
check 'a finding is bad' ended 1
check 'repro reports it' out_has 'memory: memory use exceeded the limit'
check 'and how to go on with this commit' out_has 'build/bisect/'
step 3.2.7 "$work/toy/$case"
check 'a pass is good' ended 0
step 3.2.1 --mended "$work/toy/$case"
check 'of what is to be mended a finding is the old state' ended 0
step 3.2.7 --mended "$work/toy/$case"
check 'and a pass the new one' ended 1
step 3.2.4 "$work/toy/$case"
check 'what cannot be built is skipped' ended 125
step 3.2.4 --mended "$work/toy/$case"
check 'whatever is looked for' ended 125

step 3.2.1
check 'no case stops' stops 'which case?'
step 3.2.1 nowhere.case
check 'so does one that is missing' stops 'cannot read the case nowhere.case'
step 3.2.1 "$work/toy/regressions"
check 'a folder is no case' stops 'cannot read the case'
step 3.2.1 --repaired "$work/toy/$case"
check 'an unknown option' stops 'unknown option --repaired'
step 3.2.1 --target
check 'an option without its value' stops '--target needs a value'
step 3.2.1 --target mine "$work/toy/$case"
check 'an unknown target' stops 'no target is called mine'
step 3.2.1 "$work/toy/$case" "$work/toy/$case"
check 'two cases' stops 'one case only'
tree=$work/toy
step 3.2.1 "$work/toy/$case"
unset tree
check 'a tree that is not the one that is bisected' stops 'set GMIME_SRC or OPENSSL_SRC to '
UNPEND=$work/nowhere
step 3.2.1 "$work/toy/$case"
check 'no program' stops 'make tools'
UNPEND=$unpend
status=0
GMIME_SRC=$work "$work/toy/tools/dev/bisect-step.sh" "$work/toy/$case" >out 2>err || status=$?
check 'no repository' stops 'is no git repository'
printf '#!/bin/sh\necho "a package is missing" >&2\nexit 1\n' >toy/tools/build/setup.sh
step 3.2.1 "$work/toy/$case"
check 'a machine that lacks something' stops 'a package is missing'
printf '#!/bin/sh\n' >toy/tools/build/setup.sh
check 'the library that is not bisected is provided by itself' \
    [ "$(tail -n 1 asked)" = 'asan openssl' ]
mv toy/tools/build/libraries.sh toy/tools/build/provided
printf '#!/bin/sh\necho "no mirror in reach" >&2\nexit 1\n' >toy/tools/build/libraries.sh
chmod +x toy/tools/build/libraries.sh
step 3.2.1 "$work/toy/$case"
check 'where it cannot be had, no commit is at fault' stops 'no mirror in reach'
mv toy/tools/build/provided toy/tools/build/libraries.sh
touch toy/slip
step 3.2.1 "$work/toy/$case"
check 'nor where the suite itself does not compile' stops 'the suite itself does not compile'
rm toy/slip
step 3.2.1 --help
check 'help is there' out_has 'DESCRIPTION'

(
    cd toy/build/bisect/gmime || exit
    git bisect reset
    git bisect start --term-old=broken --term-new=mended 3.2.7 3.2.1
    GMIME_SRC=$PWD git bisect run "$work/toy/tools/dev/bisect-step.sh" --mended
    git bisect log
) >out 2>err
check 'wrong usage judges no commit' [ "$(grep -cE '^git bisect (broken|mended|skip)' out)" -eq 0 ]

toy_releases 3.2.3 broken broken broken mended
example
check 'another release than NEWS names is a failure' ended 1
check 'it names both' err_has 'NEWS names 3.2.3 for issue #165: it should be 3.2.3'
toy_releases 3.2.2 broken broken unfinished mended
example
check 'where all that is left is skipped, nothing was found' ended 1
check 'and reports it' err_has 'git bisect came to no end'
toy_releases 3.2.2 mended mended mended
example
check 'an end that is not what it should be' ended 1
check 'is reported' err_has 'GMime 3.2.1 is not broken'
toy_releases 3.2.3 broken broken broken
example
check 'so is the other end' err_has 'GMime 3.2.3 is not mended'
toy_releases 3.2.2 dumb broken mended
example
check 'a target that says nothing judges no release' \
    err_has 'GMime 3.2.1 is not broken: bisect-step.sh ended with 125'
toy_releases 3.2.1 mended
example
check 'one release is too few' err_has 'there is only one release, 3.2.1'
example all
check 'an argument is a usage error' fails 2 'unexpected argument all'

done_testing
