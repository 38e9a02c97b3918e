#!/bin/sh
#
# test_commands.sh - all commands but campaign as their user sees them
#
# SYNOPSIS
#	UNPEND=build/unpend tools/cli/test_commands.sh
#
# DESCRIPTION
#	Scripts stand in for the targets, so that nothing but the program is needed. What a message's
#	subject is, the target does: crash, critical, slow, blind (passes, but no oracle had anything
#	to judge), sick (waits for ever under the fault kb843545), lost (loses a message under it),
#	immune (passes under it); with any other it passes.
#	Prints TAP; exit status 1 if a test failed.

. "$(dirname "$0")/../dev/tap.sh"

target() { # FLAVOUR TARGET
	mkdir -p "build/$1/fuzz"
	cat >"build/$1/fuzz/$2" <<-'END'
		#!/bin/sh
		crash() {
			echo "==1==ERROR: AddressSanitizer: $1 on address 0x1" >&2
			printf 'unpend-frame\t0\tcms_read\t/src/harness/mail/cms.c:3\tx\t0x1\n' >&2
			exit 1
		}
		report() {
			trace=
			[ -z "${UNPEND_TRACE-}" ] || trace=',"trace":"as wide as '$UNPEND_TRACE' columns\nto its end\n"'
			printf '%s\n' '{"input":"x","findings":['"$1"'],"counts":{"parts":2'"$2"'},"unscannable":false,"limits":[]'"$trace"'}' \
				>>"$UNPEND_REPORT"
		}
		judged=',"logs-judged":1,"reasons-judged":1,"decoders-judged":1,"accepted-judged":1'
		for input; do
		case $(cat "$input") in
		*'Subject: crash'*) crash heap-use-after-free ;;
		*'Subject: critical'*) report '{"class":"library-critical","signature":"gmime: broke","detail":"it broke"}' "$judged" ;;
		*'Subject: slow'*) echo $$ >>"$PWD/pids"; sleep 100 ;;
		*'Subject: blind'*) report '' '' ;;
		*'Subject: sick'*)
			[ "${UNPEND_FAULT-}" = kb843545 ] || { report '' ''; continue; }
			report '{"class":"pending","evidence":"no-progress","signature":"no-progress: scan-wait + retry","detail":"for ever","message":1,"recipient":0,"shown-at":12,"critical-at":7}' ',"pending/no-progress":12'
			;;
		*'Subject: lost'*)
			[ "${UNPEND_FAULT-}" = kb843545 ] || { report '' ''; continue; }
			report '{"class":"lost","evidence":"","signature":"gone","detail":"gone"}' ''
			;;
		*'Subject: immune'*) report '' '' ;;
		*) report '' "$judged" ;;
		esac
		done
	END
	chmod +x "build/$1/fuzz/$2"
}

case_file() { # PATH LINES
	mkdir -p "$(dirname "$1")"
	printf 'unpend-case: 1\n%bmessage:\nSubject: %s\n\n' "$2" "$3" >"$1"
}

for flavour in replay asan; do
	for name in mime smime scan_submit machine; do
		target $flavour $name
	done
done

# --- the frame

run
check 'no command is a usage error' fails 2 'which command?'
run camp
check 'an unknown command is named' fails 2 'unknown command camp'
run gaet
check 'and the nearest one suggested' fails 2 'did you mean gate?'
run gate --flavor x
check 'so is an option' fails 2 'unknown option --flavor, did you mean --flavour?'
run repro --target mine x
check 'and a target, with the status of repro' fails 129 'unknown target mine, did you mean mime?'
run repro --target x fine.eml
check 'or all of them, if none is near' fails 129 'there is: mime, smime, scan_submit, machine, mutate'
run gate --flavour relpay
check 'and a flavour' fails 2 'unknown flavour relpay, did you mean replay?'
if [ -w /dev/full ]; then
	status=0
	"$unpend" faults >/dev/full 2>err || status=$?
	: >out
	check 'a full disk is reported' fails 125 'not all of the result could be written'
fi
run help gate
check 'help on a command' ended 0
fits() { # COMMAND
	COLUMNS=80 "$unpend" "$1" --help >help || return
	[ "$(wc -l <help)" -gt 5 ] && awk 'length($0) > 80 { wide = 1 } END { exit wide }' help
}
commands=$("$unpend" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 10 ] || echo "not ok - too few commands to look at"
for command in $commands; do
	check "help of $command fits into 80 columns" fits "$command"
done
check 'is its own help' out_has 'unpend gate [OPTION'

# --- repro

printf 'Subject: fine\n\n' >fine.eml
printf 'Subject: crash\n\n' >crash.eml
: >empty.eml

run repro fine.eml
check 'a message that passes' ended 0
check 'runs on every target' out_has 'smime, replay'
check 'with a pipeline too' out_has 'scan_submit, replay'
check 'but not on one that takes no mail' out_lacks 'machine, replay'
check 'and says what was read' out_has 'parts 2'
run repro --target mime crash.eml
check 'a crash' ended 1
check 'is named by its mechanism' out_has 'heap-use-after-free cms_read'
check 'with its place' out_has 'harness/mail/cms.c:3'
check 'and the way on' out_has "repro --flavour replay --target mime crash.eml"
check 'and no doubt that it is mail' err_lacks 'may not be mail'
printf '\0\1 noise' >noise.bin
XDG_CACHE_HOME=$work/cache run repro --target mime - <fine.eml
check 'standard input' ended 0
check 'is saved' err_has "standard input was saved as $work/cache/unpend/standard-input/"
saved=$(echo "$work"/cache/unpend/standard-input/*.eml)
check 'as it was' cmp fine.eml "$saved"
check 'for its user alone' [ "$(stat -c %a "$saved")" = 600 ]
XDG_CACHE_HOME=$work/cache run repro --target mime - <&-
check 'closed, it is empty' ended 0
XDG_CACHE_HOME=$work/cache run inspect - <fine.eml
check 'inspect takes it too' out_has "$saved: message of"

run repro noise.bin
check 'what has no header passes' ended 0
check 'and is doubted' err_has 'noise.bin: has no header field and may not be mail'
run repro empty.eml
check 'an empty file is a message' ended 0
run repro absent.eml
check 'a missing file cannot be loaded' fails 125 'absent.eml: there is no such file'
run repro absent.eml crash.eml
check 'and does not hide what comes after it' ended 1
run repro .
check 'a folder is a usage error' fails 129 'is a folder'
truncate -s 100M big.eml
run repro big.eml
check 'a file of 100 MB is refused' fails 125 'big.eml: is larger than 64 MB'
case_file seeds/mime/critical.case 'titel: x\n' critical
run repro seeds/mime/critical.case
check 'the folder names the target' out_has 'mime, replay'
check 'a broken head is reported with its place' err_has 'critical.case:2:1'
check 'and a finding of the report is one' out_has 'gmime: broke'
run repro --json --target mime crash.eml
check 'JSON has the finding' out_has '"signature" : "heap-use-after-free cms_read"'
mv build/replay/fuzz/mime kept
run repro --target mime fine.eml
check 'a target that is not built' ended 125
check 'says how to build it' err_has 'make replay'
mv kept build/replay/fuzz/mime

# --- gate

mkdir regressions
run gate
check 'an empty folder is no pass' fails 2 'nothing to gate in regressions'

case_file regressions/mime/a.case '' fine
case_file regressions/smime/b.case '' fine
run gate
check 'all pass' ended 0
check 'in TAP' out_has 'ok 2 - regressions/smime/b.case'
check 'with a plan' out_has '1..2'
check 'and a closing line' last_is '2 passed, 0 failed'

case_file regressions/mime/aa.case '' crash
run gate
check 'a crash fails the gate' ended 1
check 'by name' out_has 'not ok 2 - regressions/mime/aa.case'
check 'with its signature' out_has 'signature: "heap-use-after-free cms_read"'
check 'and goes on' out_has 'ok 3 - regressions/smime/b.case'
check 'to the closing line' last_is '2 passed, 1 failed'
rm regressions/mime/aa.case

case_file regressions/mime/typo.case 'titel: x\n' fine
run gate
check 'a head that a person got wrong fails' ended 1
check 'with its place' out_has 'regressions/mime/typo.case:2:1:'
check 'and how to see the rest' out_has 'inspect --strict regressions/mime/typo.case"'
rm regressions/mime/typo.case

case_file regressions/other/c.case '' fine
run gate
check 'a folder that names no target fails' out_has 'its folder names no target'
rm -r regressions/other

echo x >regressions/README.md
echo x >regressions/mime/.hidden
mkdir -p regressions/empty/mime
rmdir regressions/empty/mime
cp fine.eml regressions/smime/bare.p7m
run gate
check 'an empty folder that names no target fails' ended 1
check 'with a reason' out_has 'no case is in it, and it names no target'
check 'and is all that does' last_is '3 passed, 1 failed'
rmdir regressions/empty
mkdir -p regressions/kind/mime
run gate
check 'so does a folder whose folders are empty' out_has 'not ok 1 - regressions/kind'
mv regressions/kind/mime/ regressions/mime/mime
rmdir regressions/kind
run gate
check 'an empty folder that names one does not, and .p7m is a case' last_is '3 passed, 0 failed'
rmdir regressions/mime/mime
rm regressions/smime/bare.p7m
cp fine.eml regressions/mime/b.txt
run gate
check 'a file that is no case by its name fails' out_has 'not ok 2 - regressions/mime/b.txt'
check 'and says how they are named' out_has 'expected .case, .eml or .p7m'
rm regressions/mime/b.txt
if [ "$(id -u)" -ne 0 ]; then # root may write anywhere
	mkdir -m 0 regressions/mime/shut
	run gate
	check 'a folder that cannot be read fails' out_has 'not ok 2 - regressions/mime/shut'
	rmdir regressions/mime/shut
fi
mkdir typo
run gate regressions typo
check 'a named folder without cases is a usage error' fails 2 'nothing to gate in typo'
run gate regressions/mime/a.case
check 'one case is one' err_has 'gate: 1 case on'
run gate -j1 regressions/mime/a.case
check 'a short option needs no blank' ended 0
run gate --jobs 0
check 'no jobs are a usage error' fails 2 '--jobs 0: must be between 1 and 1024'

case_file blind/mime/a.case '' blind
run gate blind/mime/a.case
check 'one case may leave an oracle idle' ended 0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
	cp blind/mime/a.case blind/mime/b$i.case
done
run gate blind
check 'so may a few' ended 0
cp blind/mime/a.case blind/mime/c.case
run gate blind
check 'more may not' ended 1
check 'which names the oracle' err_has \
	'the oracle of disagree has something to judge: it saw nothing (decoders-judged is 0)'
check 'but none that had nothing to look for' err_lacks 'reasons-judged'
check 'and is not called well' err_lacks 'all is well'
case_file blind/smime/a.case '' fine
run gate blind
check 'one judgement is enough' ended 0
mv regressions kept
mv blind regressions
rm regressions/smime/a.case regressions/mime/[bc]*
run gate
check 'nor may all regressions, few as they are' ended 1
rm -r regressions
mv kept regressions

known='finding: library-critical\nknown: gmime 3.2.13 https://example.org/1\n'
mkdir -p entry
printf 'library: gmime\nversion: 3.2.13\nsource: x\n' >entry/manifest
echo "gmime $work/entry" >build/asan/libraries
case_file regressions/mime/known.case "$known" critical
run gate
check 'a known breakage is expected' ended 0
check 'and marked' out_has \
	'not ok 2 - regressions/mime/known.case # TODO known breakage: gmime 3.2.13 https://example.org/1'
case_file regressions/mime/known.case "$known" crash
run gate
check 'another finding than the known one is not' ended 1
case_file regressions/mime/known.case "$known" fine
run gate
check "the system's library may have been patched" ended 0
check 'which is reported' out_has \
	'ok 2 - regressions/mime/known.case # SKIP known breakage not visible here: gmime 3.2.13'
check 'and counted apart' last_is '2 passed, 0 failed, 1 skipped'
run gate --flavour asan
check 'from source it must not vanish' ended 1
check 'or the line goes' out_has 'known breakage vanished: remove the known: line'
rm regressions/mime/known.case

mv build/replay/fuzz/mime kept
run gate
check 'nothing is gated by what is not built' fails 2 'nothing was run'
mv kept build/replay/fuzz/mime

case_file regressions/smime/slow.case '' slow
"$unpend" gate --jobs 1 >out 2>err &
gate=$!
tries=0
while [ ! -s pids ] && [ $tries -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
kill -TERM $gate
status=0
wait $gate || status=$?
check 'an interrupted gate' ended 130
check 'keeps its results' out_has 'ok 2 - regressions/smime/b.case'
check 'bails out' out_has 'Bail out!'
check 'still closes' last_is '2 passed, 0 failed'
check 'and leaves no child' sh -c '! kill -0 "$(cat pids)" 2>/dev/null'
rm regressions/smime/slow.case

# --- faults

fault='fault: kb843545\nfinding: pending\nevidence: no-progress\n'
case_file regressions/scan_submit/kb.case "$fault" sick
run gate --fault kb84354 regressions
check 'a fault that is none is a usage error' fails 2 'unknown fault kb84354, did you mean kb843545?'
run repro --fault kb regressions/scan_submit/kb.case
check 'with the status of repro' ended 129
run campaign --fault kb84354
check 'of a campaign, too' fails 2 'did you mean kb843545?'
run repro --fault kb843545 --target mime fine.eml
check 'and one for a target that it does not touch' fails 129 'kb843545 changes nothing in target mime'
run campaign --fault kb843545 --target smime
check 'is a usage error everywhere' fails 2 'kb843545 changes nothing in target smime'

run repro regressions/scan_submit/kb.case
check 'a case that names a fault passes without it' ended 0
check 'and says how to see it' out_has \
	'repro --flavour replay --target scan_submit --fault kb843545 --trace regressions/scan_submit/kb.case'
run repro --fault kb843545 regressions/scan_submit/kb.case
check 'under the fault it does not' ended 1
check 'and is reported with its evidence' out_has 'evidence  no-progress: '
check 'with the fault' out_has 'fault     kb843545: '
check 'with what was judged' out_has 'judged    pending/no-progress 12'
check 'and the commands to go on name it' out_has \
	'UNPEND_FAULT=kb843545 gdb --args'
check 'the trace is printed on request alone' out_lacks 'as wide as'
run repro --fault kb843545 fine.eml
check 'any message is run under it' ended 0
check 'where there is a pipeline' out_lacks 'smime, replay'
run repro --trace --fault kb843545 regressions/scan_submit/kb.case
check '--trace prints it' out_has 'as wide as 80 columns'
check 'to its end' grep -qx 'to its end' out
run repro --json --trace regressions/scan_submit/kb.case
check 'as JSON, too' out_has '"trace" : "as wide as 80 columns\nto its end\n"'
run repro --json --fault kb843545 regressions/scan_submit/kb.case
check 'with whose the finding is' out_has '"recipient" : 0'
check 'and from where it went wrong' out_has '"critical-at" : 7'

run gate regressions/scan_submit
check 'a gate runs it both ways' ended 0
check 'as one case' last_is '1 passed, 0 failed'
case_file regressions/scan_submit/kb.case "$fault" immune
run gate regressions/scan_submit
check 'a fault that is not found fails the gate' ended 1
check 'with the reason' out_has \
	'under --fault kb843545 it passed, and should show pending, no-progress'
case_file regressions/scan_submit/kb.case "$fault" lost
run gate regressions/scan_submit
check 'so does another finding' out_has \
	'under --fault kb843545 it showed lost: gone, and should show pending, no-progress'
check 'with the way to see it' out_has '--target scan_submit --fault kb843545 --trace'
case_file regressions/scan_submit/kb.case 'fault: kb843545\nfinding: pending\nevidence: cycle\n' sick
run gate regressions/scan_submit
check 'other evidence' out_has \
	'showed pending, no-progress: no-progress: scan-wait + retry, and should show pending, cycle'
case_file regressions/scan_submit/kb.case 'fault: kb843545\nfinding: pending\n' sick
run gate regressions/scan_submit
check 'no evidence is any' ended 0
case_file regressions/scan_submit/kb.case 'fault: kb843545\n' sick
run gate regressions/scan_submit
check 'without a finding, it must pass under the fault too' out_has \
	'no-progress: scan-wait + retry, and should pass: it has no `finding:` line'
case_file regressions/scan_submit/kb.case 'fault: kb843545\n' immune
run gate regressions/scan_submit
check 'which it may' ended 0
check 'and is one case' last_is '1 passed, 0 failed'
case_file regressions/scan_submit/kb.case 'fault: kb\nfinding: pending\n' sick
run gate regressions/scan_submit
check 'a fault that is none fails, too' out_has 'there is no fault `kb`'
case_file regressions/scan_submit/kb.case "$fault" crash
run gate regressions/scan_submit
check 'and a case that fails without its fault' out_has 'signature: "heap-use-after-free cms_read"'
case_file regressions/scan_submit/kb.case "$fault" sick
case_file regressions/scan_submit/plain.case '' sick
case_file regressions/mime/m.case '' fine
run gate --fault kb843545
check 'a gate under a fault shows what it finds' ended 1
check 'in each case of a pipeline' last_is '0 passed, 2 failed'
check 'and demands no judgement' err_lacks 'something to judge'
run gate --fault kb843545 regressions/mime
check 'where there is a pipeline at all' fails 2 'no case in regressions/mime is of a target with a pipeline'
run gate
check 'a gate of all demands one of every oracle' ended 1
check 'which is named' err_has 'failed: the oracle of pending/cycle has something to judge: no case gave it '
check 'but for those that had something' err_lacks 'the oracle of pending/no-progress'
run gate --json
check 'in JSON, too' out_has '"the oracle of pending/cycle has something to judge"'
rm -r regressions/scan_submit regressions/mime/m.case

run faults
check 'faults are listed' out_has 'kb843545'
check 'on 80 columns' out_fits 80
check 'with where they were seen' out_has 'seen in'
COLUMNS=60 run faults
check 'or on as many as there are' out_fits 60
run faults --json
check 'as JSON, too' out_has '"name" : "kb843545"'

printf 'unpend-case: 1\nfault: kb84354\nfinding: pending\nevidence: cylce\nmessage:\n' >strict.case
run inspect --strict strict.case
check 'a misspelt fault is a complaint' out_has 'strict.case:2:8: unknown fault; did you mean `kb843545`?'
check 'so is its evidence' out_has 'strict.case:4:11: unknown evidence; did you mean `cycle`?'
printf 'unpend-case: 1\nfault: kb843545\nmessage:\n' >strict.case
run inspect --strict strict.case
check 'but not a fault that shows nothing, which the gate will know' out_has 'nothing is wrong'
printf 'unpend-case: 1\nfinding: lost\nevidence: cycle\nmessage:\n' >strict.case
run inspect --strict strict.case
check 'and evidence of what needs none' out_has 'evidence needs `finding: pending`'

# --- machine

run machine
check 'the machine is printed' ended 0
check 'on 80 columns' out_fits 80
check 'with its states and events' grep -qE '^ +scanning +clean +cleared +decide$' out
check 'each of which has a name' out_lacks '(null)'
check 'and dispositions' grep -qE 'accepted +final +delivered' out
check 'nothing is marked in the healthy one' sh -c '! grep -q "^!" out'
run machine --fault kb843545
check 'the rows of a fault are' grep -qE '^! +no-verdict +scan-wait' out
run machine --dot
check 'as a picture' out_has 'subgraph cluster_recipient'
check 'whose edges are events' out_has '"content/scanning" -> "content/cleared" [label=<clean<br/>'
if command -v dot >/dev/null; then
	check 'that graphviz draws' dot -Tsvg -o machine.svg out
fi
cp out first
run machine --dot
check 'always the same' cmp -s out first
run machine --json
check 'as JSON, too' out_has '"event" : "no-verdict"'
run machine --dot --json
check 'but not both' fails 2 'not both'

# --- mutate

printf 'From: a@example.com\nSubject: hello\n\nhello\n' >plain.eml
run mutate plain.eml --count 20 --seed 7 --out mutants
check 'a case is mutated' ended 0
check 'as often as was asked' test "$(find mutants -name '*.case' | wc -l)" -eq 20
run mutate plain.eml --count 20 --seed 7 --out again
check 'always in the same way' diff -r mutants again
run inspect --strict mutants/000001.case
check 'into a valid case' ended 0
mkdir full && echo mine >full/letter
run mutate plain.eml --count 2 --seed 7 --out full
check 'nothing of others is touched' fails 2 'full'
run mutate missing.eml --out elsewhere
check 'a missing case is reported' err_has 'missing.eml'

# --- doctor

run doctor
check 'without canaries nothing is found' ended 1
check 'with the remedy' err_has 'make replay'
target replay canary
run doctor
check 'a canary that is not found' ended 1
check 'is reported as missed' out_has 'MISSED'
check 'in one clear line' err_has 'canaries missed'
check 'so is that of an oracle' out_has 'expected: pending, unowned: waiting...'
run doctor --json
check 'in JSON, too' out_has '"oracles-replay"'
export COLUMNS=60
run doctor
unset COLUMNS
sed -n '/^oracles, replay/,/^canaries/p' out >oracles && mv oracles out
check 'each oracle has its line' test "$(grep -c MISSED out)" -ge 21
check 'on a narrow terminal' out_fits 60
run doctor --flavour libfuzzer
check 'a named flavour that is not built' ended 1
check 'is reported with its own remedy' err_has 'libfuzzer is not built, so its canaries were not run: make libfuzzer'
run doctor --flavour replay --flavour afl
check 'beside one that is, too' err_has 'afl is not built, so its canaries were not run: make afl'
cat >build/replay/fuzz/canary <<'END'
#!/bin/sh
for input; do
	echo '{"input":"x","findings":[{"class":"stray","signature":"backscatter","detail":""}],' \
		'"counts":{"parts":1},"unscannable":false,"limits":[]}' >>"$UNPEND_REPORT"
done
END
run doctor
check 'an oracle that reports on any pipeline' ended 1
check 'is a false alarm' out_has 'FALSE ALARM'
check 'with its finding' out_has 'reported on the fixed pipeline:'

done_testing
