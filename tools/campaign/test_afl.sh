#!/bin/sh
#
# test_afl.sh - AFL++ itself on the targets that are built for it
#
# SYNOPSIS
#     UNPEND=build/unpend tools/campaign/test_afl.sh
#
# DESCRIPTION
#     What no stand-in can show (test_campaign.sh has one): that the map of AFL++ has edges in our
#     code and in both libraries, that waiting reaches it, that a signal is a crash to it, and that a
#     campaign brings in what it shows. Prints TAP; skipped where `make afl` was not run. Takes
#     half a minute; exit status 1 if a test failed.

built=$(cd "$(dirname "${UNPEND:-build/unpend}")" && pwd)
sources=$(cd "$(dirname "$0")/../.." && pwd)

. "$(dirname "$0")/../dev/tap.sh"

if [ ! -x "$built/afl/fuzz/scan_submit" ] || ! command -v afl-showmap >/dev/null; then
    echo '1..0 # SKIP not built: make afl'
    exit 0
fi
mkdir build && ln -s "$built/afl" "$built/libfuzzer" "$built/asan" build/
ln -s "$sources/seeds" "$sources/regressions" .

# afl-fuzz sees how large the map is to be; afl-showmap needs an option.
export AFL_QUIET=1 AFL_MAP_SIZE=1000000 G_SLICE=always-malloc LC_ALL=C.UTF-8 TZ=UTC OPENSSL_CONF=/dev/null

# map TARGET INPUT: the numbers of the edges that it reaches, without how often
map() { afl-showmap -e -q -m none -t 60000 -o map -- "build/afl/fuzz/$1" "$2" >out 2>err && cat map; }

# A message that the scanner is too busy for, so long.
busy() {
    printf 'unpend-case: 1\nscript:\n  scan 1 busy\n  submit 1 smtp\n  wait %s\n  scan 1 clean\n' "$1"
    printf 'message:\nSubject: busy\n\nAgain and again.\n'
}
for wait in 10m 40m 50m; do
    busy $wait >busy.case
    map scan_submit busy.case >$wait
done
check 'there are edges' [ "$(wc -l <10m)" -gt 500 ]
check 'a message that waits longer is another one, though all code that runs is the same' \
    sh -c 'comm -13 10m 40m | grep .'
check 'one that waits a little longer is not' cmp 40m 50m

map mime "$sources/seeds/smime/clear-rsa.eml" >mime
map smime "$sources/seeds/smime/clear-rsa.eml" >smime
check 'there are edges in GMime' [ "$(wc -l <mime)" -gt 1500 ]
check 'and in OpenSSL' [ "$(wc -l <smime)" -gt 4000 ]

# It sees a signal.
echo deep >canary.eml
afl-showmap -q -m none -t 60000 -o map -- build/afl/fuzz/canary canary.eml >out 2>err
status=$?
check 'AFL++ sees a canary die' ended 2

mkdir begin
cp "$sources/regressions/scan_submit/kb843545.case" begin
run campaign --target scan_submit --fault kb843545 --engine afl --time 10s --jobs 2 \
    --seeds begin --out "$work/campaign"
check 'what a target keeps under AFL++ is a finding' grep -q '^new: pending in scan_submit' out
check 'and the minimised case shows it' sh -c \
    "'$unpend' repro --flavour asan --target scan_submit --fault kb843545 campaign/scan_submit/findings/pending-*.case | grep -q 'pending: '"

done_testing
