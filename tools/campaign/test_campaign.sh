#!/bin/sh
#
# test_campaign.sh - a campaign as its user sees it
#
# SYNOPSIS
#     UNPEND=build/unpend tools/campaign/test_campaign.sh
#
# DESCRIPTION
#     A script stands in for the targets: it prints what libFuzzer prints, writes what it writes,
#     and breaks when it examines or runs alone an input that begins with "crash". Prints TAP; exit
#     status 1 if a test failed.

. "$(dirname "$0")/../dev/tap.sh"

campaign() { run campaign --out "$work/campaign" "$@"; }
within() { [ $(($(date +%s) - began)) -le "$1" ]; }

# The engine: WORK/mode says what fuzzing does.
mkdir -p build/libfuzzer/fuzz build/asan/fuzz seeds/mime seeds/smime seeds/scan_submit regressions
echo 'Subject: seed' >seeds/mime/seed.eml
echo 'Subject: seed' >seeds/smime/seed.eml
cat >engine <<'END'
#!/bin/sh
count() { # OFFSET NUMBER: into struct up_progress
    printf "\\$2\0\0\0\0\0\0\0" | dd of="$UNPEND_PROGRESS" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
report() { # [FINDING,FINDING], and end
    echo "{\"input\": \"x\", \"findings\": [$1], \"counts\": {}, \"unscannable\": false, \"limits\": []}" >>"$UNPEND_REPORT"
    [ -z "$1" ]
    exit $?
}
planted() { case ,${UNPEND_FAULT-}, in *,$1,*) ;; *) return 1 ;; esac }
keep() { # TEXT SLUG
    printf '%s' "$1" >"$UNPEND_FINDINGS/$2"
    printf 'unpend-found\t%s\t%s\ts\n' "$2" "${2%-*}" >&2
}
asan_report() {
    echo "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x1" >&2
    printf 'unpend-frame\t0\tcms_read\t/src/harness/mail/cms.c:3\tx\t0x1\n' >&2
    exit 1
}
pending='{"class": "pending", "evidence": "no-progress", "signature": "s", "detail": "d"}'
other='{"class": "pending", "evidence": "no-progress", "signature": "other", "detail": "d"}'
spin='{"class": "pending", "evidence": "spin", "signature": "spin: scanning", "detail": "d"}'
late='{"class": "pending", "evidence": "past-bound", "signature": "past-bound: scanning", "detail": "d"}'
error='{"class": "error-without-reason", "signature": "s", "detail": "d"}'
role=fuzz
for word; do
    case $word in
    -artifact_prefix=*) prefix=${word#*=} ;;
    -merge=1) role=merge ;;
    --examine) role=examine ;;
    --fork-server) exit 2 ;;
    -*) ;;
    *) before=${last-} last=$word ;;
    esac
done
[ -z "${UNPEND_REPORT-}" ] || role=alone
[ -z "${UNPEND_FAULT-}" ] || echo "$role under $UNPEND_FAULT" >>"$UNPEND_FAULTS"
if [ $role = examine ]; then
    while :; do
        for input in "$last"/*; do
            [ -e "$input" ] || continue
            running=$last/.examining-$$
            mv "$input" "$running"
            case $(cat "$running") in
            crash*) asan_report ;;
            slow*) echo 'unpend: the examined input takes too long' >&2; exit 1 ;;
            esac
            rm "$running"
        done
        sleep 0.1
    done
elif [ $role = merge ]; then
    [ -z "$(ls "$last")" ] || cp "$last"/* "$before"/
elif [ $role = alone ]; then
    case $(sed "/^unpend-case:/,/^message:/d" "$last") in
    pending*)
        [ "${UNPEND_FAULT-}" = kb843545 ] || exit 3
        report "$pending"
        ;;
    both*) if [ -e "$UNPEND_MENDED" ]; then report "$error"; else report "$pending, $error"; fi ;;
    sibling*) report "$other, $error" ;;
    each*)
        planted kb843545 || pending=
        planted word-loop || error=
        report "$pending${pending:+${error:+, }}$error"
        ;;
    cannot*) exit 3 ;;
    spin*) report "$spin" ;;
    late*) report "$late" ;;
    crash*) asan_report ;;
    esac
    report ''
else
    # struct record of harness/target/novelty.c: how many edges of each code, which were reached
    printf '\4\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1\1\0\1\0\1\1\0\0' \
        >"$UNPEND_REACHED/reached-libfuzzer"
    case $(cat "$UNPEND_MODE") in
    broken) exit 3 ;;
    pending)
        keep 'pending more' pending-043a7187
        count 0 '11' # executions, in octal
        count 24 '2' # with a finding
        count 32 '7' # the first of them
        count 56 '3' # of mutants
        count $(($(wc -c <"$UNPEND_PROGRESS") - 8)) '5' # judged by the last oracle
        ;;
    both | each)
        keep "$(cat "$UNPEND_MODE")" pending-043a7187
        keep "$(cat "$UNPEND_MODE")" error-without-reason-043a7187
        ;;
    sibling) keep sibling pending-d9298a10 ;;
    spin)
        keep spin "pending-$(printf 'spin: scanning' | sha256sum | cut -c 1-8)"
        keep late "pending-$(printf 'past-bound: scanning' | sha256sum | cut -c 1-8)"
        ;;
    crash)
        printf 'crash more' >"${prefix}crash-1234"
        echo "Test unit written to ${prefix}crash-1234" >&2
        echo clean >"$UNPEND_MODE"
        exit 77
        ;;
    slow) printf 'slow' >"$UNPEND_INBOX/found-1234" ;;
    timid)
        printf 'timid' >"${prefix}crash-5678"
        printf 'timid' >"${prefix}timeout-5678"
        echo "Test unit written to ${prefix}crash-5678" >&2
        echo clean >"$UNPEND_MODE"
        exit 77
        ;;
    esac
    exec sleep 1000
fi
END
sed -i "s|\$UNPEND_MODE|$work/mode|g; s|\$UNPEND_FAULTS|$work/faults|g; s|\$UNPEND_MENDED|$work/mended|g" engine
chmod +x engine
for target in mime smime scan_submit machine; do
    cp engine build/libfuzzer/fuzz/$target
    cp engine build/asan/fuzz/$target
done
echo 'Subject: seed' >seeds/scan_submit/seed.eml # and machine has none

echo clean >mode
began=$(date +%s)
campaign --time 1s
check 'a clean campaign ends with 0' ended 0
check 'and with its time' within 20
check 'edges are counted by the code that they are in' grep -qE '^mime +0 +0 +0% +0 +3 +2 +0 +1 +0 +0$' out
check 'on 80 columns' out_fits 80
check 'a line for each target' grep -q '^smime ' out
check 'but for the one of this suite itself, which nobody named' out_lacks mutate

echo crash >mode
campaign --time 2s --target mime --jobs 1
check 'a crash is a new finding' ended 1
check 'with its class and signature' out_has 'signature  SEGV cms_read'
check 'minimised' grep -qx crash campaign/mime/findings/crash-*.case
check 'to a case that says what it shows' grep -qx 'finding: crash' campaign/mime/findings/crash-*.case
check 'it is shown when it comes' err_has 'found in mime: crash: SEGV cms_read'
check 'and counted' err_has ' 1 found'
check 'in the order of the work' sh -c 'sed -n "/^found in/,\$p" err | grep -q "^minimising what was found, 1 inputs, for about 20 s"'

campaign --time 1s --fault kb843545
check 'a fault needs a folder of its own' ended 125
check 'which is reported' err_has 'has no planted fault; choose another folder with --out'
began=$(date +%s)
run campaign --time 2s --fault kb843545
check 'a campaign under a fault' ended 0
check 'lives beside the other' test -d build/campaign-kb843545/scan_submit/corpus
check 'is of pipelines alone' sh -c '! grep -qE "^s?mime " out'
check 'plants the fault where it fuzzes' grep -qx 'fuzz under kb843545' faults
check 'where it merges' grep -qx 'merge under kb843545' faults
check 'and where it examines' grep -qx 'examine under kb843545' faults
echo pending >mode
run campaign --time 1s --fault kb843545 --target machine --jobs 1
check 'what it finds' ended 1
check 'is reported with its evidence' out_has 'evidence   no-progress'
check 'names the fault in the commands to go on' out_has \
    'repro --flavour asan --target machine --fault kb843545 '
check 'and in how to keep it' out_has 'promote --flavour asan --target machine --fault kb843545 --finding pending-043a7187 --name pending-'
check 'it is minimised under the fault' grep -qx 'fault: kb843545' build/campaign-kb843545/machine/findings/pending-043a7187.case
check 'to what shows it' grep -qx pending build/campaign-kb843545/machine/findings/pending-043a7187.case
check 'the first finding has its number of runs' out_has 'the first finding in machine came after 7 runs of one worker'
check 'and how many runs were of mutants' grep -qE '^machine +9 +[0-9]+ +33% ' out
check 'and what each oracle judged' grep -qE '^metamorphic +5$' out
check 'or did not' grep -q '^nothing for harness/changes, pending/unowned, ' out
check 'on 80 columns' sh -c 'sed "/^  \(case\|reproduce\|keep\)/d" out | awk "length > 80 { exit 1 }"'
run campaign --time 1s --fault kb843545 --target machine --jobs 1 --json
check 'the same in JSON' out_has '"first-finding" : 7,'
check 'with what was judged' out_has '"metamorphic" : 5'
check 'and the evidence' out_has '"evidence" : "no-progress"'
check 'it is not new the second time' ended 0

echo both >mode
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'what comes of a graver finding' ended 1
check 'counts for nothing by itself' grep -qE '^scan_submit .* 1 +1$' out
check 'and is reported with it' out_has 'with it    error-without-reason: s'
check 'and nowhere else' out_lacks 'new: error-without-reason'
check 'but its case is kept' test -f both/scan_submit/findings/error-without-reason-043a7187.case
echo clean >mode
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'neither is new the second time' ended 0
echo sibling >mode
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'new and known findings are reported apart' ended 1
check 'but by itself' out_has 'signature  other'
check 'as one more' grep -qE '^scan_submit .* 1 +2$' out
echo clean >mode
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'the next time they are one' grep -qE '^scan_submit .* 0 +1$' out
: >mended
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'what came of what is mended, and stays, is new' out_has 'new: error-without-reason'
check 'and alone' ended 1
run campaign --target scan_submit --time 1s --jobs 1 --out both
check 'once' ended 0
rm mended

echo spin >mode
run campaign --target scan_submit --time 1s --jobs 1 --out spin
check 'one message that is pending in one state' grep -qE '^scan_submit .* 1 +1$' out
check 'is one finding, by the strongest evidence' out_has 'evidence   spin: '
check 'with the weaker one beside it' out_has 'with it    pending: past-bound: scanning'

echo each >mode
run campaign --target scan_submit --fault kb843545,word-loop --time 1s --jobs 1 --out each
check 'what another of the faults does comes of none' grep -qE '^scan_submit .* 2 +2$' out

mkdir -p private/scan_submit
printf 'unpend-case: 1\nfinding: pending\nmessage:\nboth' >private/scan_submit/pending.case
printf 'unpend-case: 1\nfinding: lost\nmessage:\ncannot' >private/scan_submit/cannot.eml
printf 'cannot' >private/scan_submit/notes.txt
truncate -s 1G private/scan_submit/large.eml
echo both >mode
run campaign --target scan_submit --time 1s --jobs 1 --out private-both
check 'a private case says what is known by it' out_has 'known: pending'
check 'and nothing else that it shows' out_has 'new: error-without-reason'
check 'one that cannot be run' ended 1
check 'is reported' err_has "passed over: $work/private/scan_submit/cannot.eml: "
check 'as is what is too large' err_has "passed over: $work/private/scan_submit/large.eml: is larger"
check 'and no case by its name is none' err_lacks notes.txt
rm -r private
echo clean >mode

campaign --time 1s --target mime --json
check 'it is not new any more' ended 0
check 'and JSON says so' out_has '"findings" : []'

echo timid >mode
campaign --time 2s --target smime --jobs 1
check 'what breaks there and not alone is nondeterministic' out_has 'nondeterministic'
check 'but not what was only slow there' sh -c '! grep -q timeout- out'
check 'and is a finding' ended 1

echo slow >mode
campaign --time 3s --target smime --jobs 1 --out "$work/slow"
check 'what takes too long in the campaign alone is said' out_has 'slow, but within the limit of repro: hang in smime'
check 'with its input' grep -q 'input  .*/slow/smime/crashes/done/timeout-' out
check 'and is no finding' ended 0

echo broken >mode
began=$(date +%s)
campaign --time 50s
check 'an engine that does not run ends the campaign' ended 125
check 'soon' within 30
check 'and is reported with its log' err_has 'see the end of'

echo clean >mode
timeout --signal=INT 2 "$unpend" campaign --out "$work/campaign" --time 50s >out 2>err
status=$?
[ $status -ne 124 ] || status=130
check 'an interruption is clean' err_has 'nothing is lost'
check 'and with nothing found prints no result' [ ! -s out ]
echo pending >mode
timeout --signal=INT 2 "$unpend" campaign --out "$work/cut" --target machine --fault kb843545 --time 50s >out 2>err
check 'what was found is reported after an interruption' out_has 'found, not minimised: pending in machine'
check 'with the command to reproduce it' grep -q \
    'repro --flavour asan --target machine --fault kb843545 .*/cut/machine/kept/pending-043a7187$' out
check 'and it was shown when it came' err_has 'found in machine: pending: s'
echo clean >mode

"$unpend" campaign --out "$work/campaign" --time 2s --target mime >/dev/null 2>&1 &
sleep 1
campaign --time 1s
check 'one campaign in a folder' ended 125
check 'and the other is reported' err_has 'another campaign runs'
wait

# AFL++: a script stands in for afl-fuzz, too. It writes what that writes, and waits to be stopped.
mkdir -p bin
cat >bin/afl-fuzz <<'END'
#!/bin/sh
echo "$*" >>"$UNPEND_CALLS"
env | grep '^AFL_\|^ASAN_\|^UNPEND_' >>"$UNPEND_CALLS"
while [ "$1" != -- ]; do
    case $1 in
    -i) inputs=$2 && shift ;;
    -o) out=$2 && shift ;;
    -M | -S) worker=$2 && shift ;;
    esac
    shift
done
[ "$(cat "$UNPEND_MODE")" != broken ] || exit 3
[ -n "$(ls "$inputs")" ] || exit 4
out=$out/$worker
mkdir -p "$out/queue/.state" "$out/crashes" "$out/hangs"
cp "$inputs"/* "$out/queue"
if [ "$(cat "$UNPEND_MODE")" != idle ]; then
    printf 'found' >"$out/queue/id:000000,src:000000,op:custom"
    printf 'and found' >"$out/queue/id:000001,src:000000,op:custom"
    printf 'crash by AFL++' >"$out/crashes/id:000000,sig:06,src:000000"
    printf 'slow' >"$out/hangs/id:000000,src:000000"
    echo read me >"$out/crashes/README.txt"
fi
trap 'exit 0' INT
while :; do sleep 0.1; done
END
sed -i "s|\$UNPEND_MODE|$work/mode|g; s|\$UNPEND_CALLS|$work/calls|g" bin/afl-fuzz
chmod +x bin/afl-fuzz

# has CONTENT FOLDER PREFIX: is there a file of that content, named PREFIX and its SHA-1?
has() { [ "$(cat "$2/$3$(printf %s "$1" | sha1sum | cut -d' ' -f1)" 2>/dev/null)" = "$1" ]; }
afl() { campaign --out "$work/afl" --engine afl --target mime "$@"; }

echo clean >mode
afl --time 1s
check 'an engine that is not built' fails 125 'build/afl/fuzz/mime is not built: make afl'
mkdir -p build/afl/fuzz
cp engine build/afl/fuzz/mime
status=0
PATH=/nonexistent "$unpend" campaign --out "$work/afl" --engine afl --target mime >out 2>err || status=$?
check 'and one that is not installed' fails 125 'afl-fuzz is not installed: make afl'
afl --engine alf
check 'one that there is not' ended 2
check 'is reported with what was meant' err_has 'afl'
afl --mutator byte
check 'and what cannot mutate' ended 2
check 'likewise' err_has 'engine'

PATH=$work/bin:$PATH
printf '[libfuzzer]\nmax_len = 1000\ntimeout = 25\nrss_limit_mb = 2560\ndict = mime.dict\n' >build/afl/fuzz/mime.options
afl --time 4s --jobs 2
check 'a crash under AFL++ is a finding' ended 1
check 'with its signature' out_has 'signature  SEGV cms_read'
check 'each once, though both workers had it' [ "$(ls afl/mime/crashes/done | wc -l)" -eq 2 ]
check 'the first input is in the corpus' has 'found' afl/mime/corpus ''
check 'the last one, too' has 'and found' afl/mime/corpus ''
check 'the crash is where it was looked at' has 'crash by AFL++' afl/mime/crashes/done crash-
check 'what took too long, too' has 'slow' afl/mime/crashes/done timeout-
check 'and nothing that AFL++ only says' sh -c '! grep -rq "read me" afl/mime/crashes'
check 'nothing of it stays' sh -c '! ls -d afl/mime/work/afl/* 2>/dev/null'
check 'there is one main worker' sh -c '[ $(grep -c -e " -M 0 " calls) -eq 1 ]'
check 'the other one is none' grep -q -e ' -S 1 ' calls
check 'our mutator is the only one' grep -q '^AFL_CUSTOM_MUTATOR_ONLY=1' calls
check 'out of its library' grep -q '^AFL_CUSTOM_MUTATOR_LIBRARY=.*/build/afl/mutator.so$' calls
check 'no input is longer than the target takes' grep -q '^AFL_INPUT_LEN_MAX=1000$' calls
check 'or slower' grep -q -e ' -t 25000 ' calls
check 'what is new goes to the examiner' grep -q '^UNPEND_INBOX=.*/mime/inbox$' calls

rm calls
echo idle >mode
afl --time 1s --mutator engine --jobs 1 --engine-seed 7
check 'without our mutator' ended 0
check 'the engine mutates by itself' sh -c '! grep -q CUSTOM_MUTATOR calls'
check 'with the chance that was asked for' grep -q -e ' -s 7 ' calls
campaign --out "$work/afl" --target mime --time 1s --jobs 1
check 'another engine goes on there' ended 0
check 'with what the one had found' has 'and found' afl/mime/corpus ''

echo clean >mode
timeout --signal=INT 2 "$unpend" campaign --out "$work/afl-cut" --engine afl --target mime --time 50s >out 2>err
check 'an interruption is clean' err_has 'nothing is lost'
check 'and it is not' has 'and found' afl-cut/mime/corpus ''

timeout --signal=KILL 2 "$unpend" campaign --out "$work/afl-killed" --engine afl --target mime --time 50s >out 2>err
check 'what was killed had no time for that' sh -c '[ -n "$(ls -d afl-killed/mime/work/afl/*)" ]'
echo idle >mode
campaign --out "$work/afl-killed" --engine afl --target mime --time 1s --jobs 1
check 'the next one brings it in' has 'and found' afl-killed/mime/corpus ''
check 'with what broke' ended 1

echo broken >mode
began=$(date +%s)
afl --time 50s
check 'an AFL++ that does not run ends the campaign' ended 125
check 'soon' within 30
check 'and is reported with its log' err_has 'see the end of'

# Both engines.
for jobs in 2 1; do
    rm -f calls
    echo crash >mode
    campaign --out "$work/both-$jobs" --engine both --target mime --time 4s --jobs $jobs
    check 'both engines find something' ended 1
    check 'libFuzzer' [ -e both-$jobs/mime/crashes/done/crash-1234 ]
    check 'which looks at what the other adds to the corpus' grep -q -e ' -F .*/corpus ' calls
done
rm calls
afl --time 1s --jobs 1
check 'alone it does not' sh -c '! grep -q -e " -F " calls'
rm build/afl/fuzz/mime
campaign --out "$work/both-1" --engine both --target mime
check 'without one of them there is no both' fails 125 'build/afl/fuzz/mime is not built: make afl'

done_testing
