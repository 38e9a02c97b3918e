#!/bin/sh
#
# test_campaign.sh - a campaign as its user sees it
#
# SYNOPSIS
#     UNPEND=build/unpend tools/tests/test_campaign.sh
#
# DESCRIPTION
#     A script stands in for libFuzzer's targets: it prints what libFuzzer prints, writes what it
#     writes, and breaks when it is run alone on an input that begins with "crash". Prints TAP; exit
#     status 1 if a test failed.

set -u
unpend=$(cd "$(dirname "${UNPEND:-build/unpend}")" && pwd)/$(basename "${UNPEND:-build/unpend}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export UNPEND_BUILD="$work/build"

number=0
failures=0
status=0

check() { # NAME COMMAND...
    name=$1
    shift
    number=$((number + 1))
    if "$@"; then
        echo "ok $number - $name"
    else
        failures=$((failures + 1))
        echo "not ok $number - $name"
        sed 's/^/# out: /' "$work/out"
        sed 's/^/# err: /' "$work/err"
        echo "# status $status"
    fi
}

campaign() {
    status=0
    timeout 60 "$unpend" campaign --out "$work/campaign" "$@" >out 2>err || status=$?
}

ended() { [ "$status" -eq "$1" ]; }
out_has() { grep -qF -e "$1" out; }
err_has() { grep -qF -e "$1" err; }
within() { [ $(($(date +%s) - began)) -le "$1" ]; }

# The engine: WORK/mode says what fuzzing does.
mkdir -p build/libfuzzer/fuzz seeds/mime seeds/smime seeds/scan_submit regressions
echo 'Subject: seed' >seeds/mime/seed.eml
echo 'Subject: seed' >seeds/smime/seed.eml
cat >engine <<'END'
#!/bin/sh
for word; do
    case $word in
    -max_total_time=*) seconds=${word#*=} ;;
    -artifact_prefix=*) prefix=${word#*=} ;;
    -exact_artifact_path=*) exact=${word#*=} ;;
    -merge=1) merge=1 ;;
    -minimize_crash=1) minimise=1 ;;
    -print_coverage=1) coverage=1 ;;
    -*) ;;
    *) before=${last-} last=$word ;;
    esac
done
if [ -n "${coverage-}" ]; then
    echo "COVERED_FUNC: hits: 1 edges: 3/4 examine fuzz/mime.c:1"
    echo "COVERED_FUNC: hits: 1 edges: 20/30 g_mime_x gmime-3.2.13/gmime/x.c:1"
    echo "UNCOVERED_FUNC: hits: 0 edges: 0/5 CMS_x openssl-3.0.22/crypto/cms/x.c:1"
elif [ -n "${merge-}" ]; then
    [ -z "$(ls "$last")" ] || cp "$last"/* "$before"/
elif [ -n "${minimise-}" ]; then
    printf crash >"$exact"
elif [ -n "${UNPEND_REPORT-}" ]; then
    case $(cat "$last") in
    pending*)
        [ "${UNPEND_FAULT-}" = kb843545 ] || exit 3
        echo '{"input": "x", "findings": [{"class": "pending", "evidence": "no-progress", "signature": "s", "detail": "d"}], "counts": {}, "unscannable": false, "limits": []}' >>"$UNPEND_REPORT"
        exit 1
        ;;
    crash*)
        echo "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x1" >&2
        echo "    #0 0x1 in cms_read /src/harness/mail/cms.c:3:7" >&2
        exit 1
        ;;
    esac
    echo '{"input": "x", "findings": [], "counts": {}, "unscannable": false, "limits": []}' >>"$UNPEND_REPORT"
else
    echo "#1	INITED cov: 7 ft: 9 corp: 3/4b exec/s: 0 rss: 1Mb" >&2
    [ -z "${UNPEND_FAULT-}" ] || echo "fault $UNPEND_FAULT" >>"$UNPEND_FAULTS"
    case $(cat "$UNPEND_MODE") in
    broken) exit 3 ;;
    pending) printf pending >"$UNPEND_FINDINGS/pending-043a7187" ;;
    crash)
        printf 'crash and more' >"${prefix}crash-1234"
        echo "Test unit written to ${prefix}crash-1234" >&2
        echo clean >"$UNPEND_MODE"
        exit 77
        ;;
    timid)
        printf 'timid' >"${prefix}crash-5678"
        printf 'timid' >"${prefix}timeout-5678"
        echo "Test unit written to ${prefix}crash-5678" >&2
        echo clean >"$UNPEND_MODE"
        exit 77
        ;;
    esac
    [ "$seconds" -gt 0 ] || exec sleep 1000
    exec sleep "$seconds"
fi
END
sed -i "s|\$UNPEND_MODE|$work/mode|g; s|\$UNPEND_FAULTS|$work/faults|g" engine
chmod +x engine
cp engine build/libfuzzer/fuzz/mime
cp engine build/libfuzzer/fuzz/smime
cp engine build/libfuzzer/fuzz/scan_submit
cp engine build/libfuzzer/fuzz/machine
echo 'Subject: seed' >seeds/scan_submit/seed.eml # and machine has none

echo clean >mode
began=$(date +%s)
campaign --time 1s
check 'a clean campaign ends with 0' ended 0
check 'and with its time' within 20
check 'edges are told by whose they are' grep -qE '^mime +0 +0 +3 +20 +0 +1 ' out
check 'the share of signatures where there are any' grep -qE '^smime .* 0\.00% ' out
check 'and nowhere else' grep -qE '^scan_submit .* - +0 new' out
check 'on 80 columns' sh -c '! grep -qE "^.{81}" out'
check 'a line for each target' grep -q '^smime ' out

echo crash >mode
campaign --time 3s --target mime --jobs 1
check 'a crash is a new finding' ended 1
check 'with its class and signature' out_has 'signature  SEGV cms_read'
check 'minimised' grep -q '^crash$' campaign/mime/findings/crash-*.case
check 'and the worker went on' err_has '1 crashes'

campaign --time 1s --fault kb843545
check 'a fault needs a folder of its own' ended 125
check 'which is told' err_has 'has no planted fault; choose another folder with --out'
began=$(date +%s)
status=0
timeout 60 "$unpend" campaign --time 1s --fault kb843545 >out 2>err || status=$?
check 'a campaign under a fault' ended 0
check 'lives beside the other' test -d build/campaign-kb843545/scan_submit/corpus
check 'is of pipelines alone' sh -c '! grep -qE "^s?mime " out'
check 'and plants the fault' grep -qx 'fault kb843545' faults
echo pending >mode
status=0
timeout 60 "$unpend" campaign --time 2s --fault kb843545 --target machine --jobs 1 >out 2>err ||
    status=$?
check 'what it finds' ended 1
check 'is told with its evidence' out_has 'evidence   no-progress'
check 'names the fault in the commands to go on' out_has \
    'repro --flavour libfuzzer --target machine --fault kb843545 '
check 'and in how to keep it' out_has 'lines `fault: kb843545` and `finding: pending`'

echo clean >mode
campaign --time 1s --target mime --json
check 'it is not new any more' ended 0
check 'and JSON says so' out_has '"findings" : []'

echo timid >mode
campaign --time 3s --target smime --jobs 1
check 'what breaks there and not alone is nondeterministic' out_has 'nondeterministic'
check 'but not what was only slow there' sh -c '! grep -q timeout- out'
check 'and is a finding' ended 1

echo broken >mode
began=$(date +%s)
campaign --time 50s
check 'an engine that does not run ends the campaign' ended 125
check 'soon' within 30
check 'and is told with its log' err_has 'last words are in'

echo clean >mode
timeout --signal=INT 2 "$unpend" campaign --out "$work/campaign" --time 50s >out 2>err
status=$?
[ $status -ne 124 ] || status=130
check 'an interruption is clean' err_has 'nothing is lost'

"$unpend" campaign --out "$work/campaign" --time 4s --target mime >/dev/null 2>&1 &
sleep 1
campaign --time 1s
check 'one campaign in a folder' ended 125
check 'and the other is told' err_has 'another campaign runs'
wait

echo "1..$number"
[ $failures -eq 0 ]
