#!/bin/sh
#
# test_promote.sh - from a finding to a regression, as its user sees it
#
# SYNOPSIS
#	UNPEND=build/unpend tools/promote/test_promote.sh
#
# DESCRIPTION
#	One fault is promoted on the real target, once its mutants have shown it. For the rest scripts
#	stand in for the targets: what a message's subject is, they do: sick (a finding), moody (one
#	the first time alone), shy (one only where nothing was run before it), crash, both (two
#	findings), lost, stuck (a hang), slow; with any other it passes.
#	Prints TAP; exit status 1 if a test failed.

sources=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"
export UNPEND_PRIVATE="$work/private"

# --- the fault of the KB, on the real pipeline

stand_in=$UNPEND_BUILD
UNPEND_BUILD=$(dirname "$unpend")
plant='--target scan_submit --fault kb843545'
sed '1,/^message:/d' "$sources/regressions/scan_submit/kb843545.case" >raw.eml
run mutate raw.eml --count 5 --seed 1 --out mutants
for one in mutants/*.case; do
	sed '1,/^message:/d' "$one" >mutant.eml
	run repro $plant --json mutant.eml
	! out_has '"evidence" : "no-progress"' || break
done
mkdir -p real/scan_submit
for word in held-for-ever deleted-while-held; do
	cp "$sources/regressions/scan_submit/$word.case" real/scan_submit
done

run promote $plant --name message-of-the-kb --into real --time 2s --reference 'Microsoft KB843545' mutant.eml
check 'a mutant becomes a regression' ended 0
check 'which is reported' out_has 'written   real/scan_submit/message-of-the-kb.case'
check 'with how it was verified' out_has '3 times in fresh processes, 3 times after 2 others in one'
check 'on 80 columns but for commands' sh -c 'sed "/unpend/d" out | awk "length > 80 { exit 1 }"'
check 'without git add, which would refuse a file outside the work tree' out_lacks 'git add'
check 'and what the gate says' out_has 'The gate is green now'
kept=real/scan_submit/message-of-the-kb.case
check 'it has a title' grep -qx 'title: Pending in scan_submit: no-progress: .*' $kept
check 'the reference' grep -qx 'reference: Microsoft KB843545' $kept
check 'and its fault' grep -qx 'fault: kb843545' $kept
run gate $kept
check 'the gate takes it' ended 0
run gate --fault kb843545 $kept
check 'and is red under the fault' ended 1
run promote $plant --name once-more --into real mutant.eml
check 'once more is a duplicate' fails 1 "shows what $kept shows already"
run promote --target scan_submit --fault kb843545,word-loop --name once-more --into real --time 1s mutant.eml
check 'with a fault that it does not need, too' err_has "shows what $kept shows already"
run promote --target scan_submit --name well --into real raw.eml
check 'what passes is refused' fails 1 'raw.eml shows no finding in scan_submit, replay: try'
check 'and not written' [ ! -e real/scan_submit/well.case ]
UNPEND_BUILD=$stand_in

# --- stand-ins

for flavour in replay libfuzzer asan; do
	mkdir -p build/$flavour/fuzz
	cat >build/$flavour/fuzz/mime <<-'END'
		#!/bin/sh
		sick='{"class":"library-critical","signature":"gmime: broke","detail":"it broke"}'
		report() { # INPUT FINDINGS
			printf '%s\n' '{"input":"'"$1"'","findings":['"$2"'],"counts":{},"unscannable":false,"limits":[]}' \
				>>"$UNPEND_REPORT"
		}
		if [ -z "${UNPEND_REPORT-}" ]; then # a fuzz engine, which finds one thing and ends
			prefix=
			for word; do
				case $word in
				-artifact_prefix=*) prefix=${word#*=} ;;
				-merge=1) exit 0 ;;
				--examine) exec sleep 100 ;;
				esac
			done
			printf 'Subject: sick\n\n' >"${prefix}crash-1"
			echo "Test unit written to ${prefix}crash-1"
			exec sleep 100
		fi
		for input; do
			case $input in */unpend-*.case) stat -c %a "$input" >>modes ;; esac
			case $(cat "$input" 2>/dev/null) in
			*'Subject: sick'*) report "$input" "$sick" ;;
			*'Subject: lost'*) report "$input" '{"class":"lost","signature":"gone","detail":"d"}' ;;
			*'Subject: both'*) report "$input" "$sick,"'{"class":"disagree","signature":"two","detail":"d"}' ;;
			*'Subject: stuck'*) report "$input" '{"class":"hang","signature":"loop","detail":"d"}' ;;
			*'Subject: shy'*) [ $# -gt 1 ] && report "$input" '' || report "$input" "$sick" ;;
			*'Subject: moody'*)
				[ ! -e seen ] && report "$input" "$sick" || report "$input" ''
				: >seen ;;
			*'Subject: crash'*)
				echo "==1==ERROR: AddressSanitizer: SEGV on address 0x1" >&2
				printf 'unpend-frame\t0\tcms_read\t/src/harness/mail/cms.c:3\tx\t0x1\n' >&2
				exit 1 ;;
			*'Subject: slow'*) : >begun; sleep 100 ;;
			*) report "$input" '' ;;
			esac
		done
	END
	chmod +x build/$flavour/fuzz/mime
done
cp build/replay/fuzz/mime build/replay/fuzz/scan_submit
message() { printf 'From: a@example.com\nSubject: %s\n\n' "$1" >"$2"; }
mkdir -p campaign/mime/findings regressions/mime
for subject in sick crash lost both shy moody slow stuck; do
	message $subject campaign/mime/findings/$subject.eml
done
for word in one two three; do
	message "fine $word" regressions/mime/fine-$word.eml
done
found=campaign/mime/findings

# --- usage

run promote
check 'no finding is a usage error' fails 2 'which finding?'
run promote $found/sick.eml
check 'so is no name' fails 2 'a name is missing: --name SLUG'
for word in Upper two--hyphens -begin end- under_score '' 'a b' "$(printf 'line\nx')" \
	a123456789012345678901234567890123456789012345678901234567890; do
	run promote --name "$word" $found/sick.eml
	check 'so is what is no name' fails 2 'want small letters and digits'
done
run promote --name fine --target mine $found/sick.eml
check 'a target that is none' fails 2 'unknown target mine'
run promote --name fine --fault kb $found/sick.eml
check 'a fault that is none' ended 2
run promote --name fine --fault kb843545 $found/sick.eml
check 'and one where there is no pipeline' fails 2 'kb843545 changes nothing in target mime'
run promote --name fine --ours "$work/raw.eml"
check 'no folder that names a target' fails 2 'its folder names no target; use --target NAME'
run promote --name fine absent.eml
check 'a missing file' fails 1 'absent.eml: there is no such file'
run promote --name fine $found
check 'a folder' fails 1 'is a folder: name the files in it'
run promote --name fine $found/sick.eml
check "a library's finding needs an owner" fails 2 'whose bug is it? --private: '
run promote --name fine --ours --private $found/sick.eml
check 'one alone' fails 2 'exclude each other'
run promote --name fine --target scan_submit $found/crash.eml
check 'where there is a pipeline a crash may be theirs, too' fails 2 'whose bug is it? --private: '
run promote --name fine --private --target scan_submit --fault kb843545 $found/crash.eml
check 'the bug of a planted fault is no secret' fails 2 'the bug is the planted fault'
run promote --name fine --known 'gmime URL' $found/sick.eml
check 'a known bug is three words' fails 2 'want three words as one argument'
run promote --name fine --ours --title "$(printf 'a\nfault: b')" $found/sick.eml
check 'a title is one line' fails 2 '--title: want one line of text'
run promote --name fine --private --into there $found/sick.eml
check '--private has a place of its own' fails 2 'UNPEND_PRIVATE names the folder'
run promote --name fine-1 --ours --finding pending-00000000 $found/both.eml
check 'a finding that it does not show' fails 1 'shows no pending-00000000, but library-critical: gmime: broke; disagree: two'

# --- what is refused

run promote --name fine --ours $found/moody.eml
check 'what comes and goes' fails 1 'in a fresh process, time 1 of 3, it showed nothing'
run promote --name fine --ours $found/shy.eml
check 'what others hide' fails 1 'after 3 others in one process, time 1 of 3, it showed nothing'
run promote --name fine --known 'gmime 3.2.13 https://example.org/1' --time 1s $found/both.eml
check 'what is more than the known breakage' fails 1 'shows more than the known breakage'
printf 'unpend-case: 1\nfault: kb843545\nfinding: library-critical\nmessage:\nSubject: sick\n\n' >plant.case
run promote --name fine --target scan_submit plant.case
check 'what needs no fault' fails 1 'does not pass without kb843545, where it showed library-critical: gmime: broke'
: >regressions/mime/here.case
run promote --name here --ours $found/sick.eml
check 'a file that is there' fails 1 'regressions/mime/here.case exists'
check 'stays as it is' [ ! -s regressions/mime/here.case ]
rm regressions/mime/here.case
check 'none of them was written' [ ! -e regressions/mime/fine.case ]
rm -f begun
"$unpend" promote --name fine --ours $found/slow.eml >out 2>err &
child=$!
tries=0
while [ ! -e begun ] && [ $tries -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
kill -TERM $child
status=0
wait $child || status=$?
check 'interrupted' fails 130 'interrupted: nothing was written'

# --- the owner of the bug

rm -f modes
umask 022
run promote --name unpublished --private --time 1s $found/sick.eml
check 'a bug that is not published' ended 0
check 'is for its user alone while it is made small' [ "$(sort -u modes)" = 600 ]
check 'waits in private' grep -qx 'finding: library-critical' private/mime/unpublished.case
check 'for its user alone' [ "$(stat -c %a private private/mime private/mime/unpublished.case | tr '\n' ' ')" = '700 700 600 ' ]
check 'and no git add is printed' out_lacks 'git add'
run promote --name twice --private $found/sick.eml
check 'there it is a duplicate, too' fails 1 "shows what $work/private/mime/unpublished.case shows already"
mkdir -p seeds/mime
cp regressions/mime/fine-one.eml seeds/mime
run campaign --target mime --time 1s --jobs 1 --out "$work/fuzzed" --json
check 'a campaign knows it' out_has "\"known\" : \"$work/private/mime/unpublished.case\""
check 'and it is not new' ended 0
run repro private/mime/unpublished.case
check 'it is kept already' out_lacks ' promote '
ln -s private linked
run repro linked/mime/unpublished.case
check 'by a link, too' out_lacks ' promote '
UNPEND_PRIVATE=$work/linked
run repro private/mime/unpublished.case
check 'or where the folder is named by one' out_lacks ' promote '
UNPEND_PRIVATE=$work/campaign/mime/later
run repro --target mime $found/sick.eml
check 'a folder that is not there keeps nothing' out_has ' promote '
UNPEND_PRIVATE=$work/private
run repro --target mime $found/sick.eml
check 'where it is not, the command is printed' out_has \
	"promote --flavour replay --target mime --finding library-critical-"
check 'by what it is to be kept' grep -q -- '--finding library-critical-[0-9a-f]* --private --name ' out
chmod 755 private
run promote --name twice --private $found/crash.eml
check 'a folder that others can read' fails 1 'is open to others than you: chmod 700 it first'
chmod 700 private
mkdir .git
run promote --name twice --private $found/crash.eml
check 'or one in the work tree' fails 1 "is in the git work tree $work: let UNPEND_PRIVATE name a folder outside"
cd /
run promote --name twice --private "$work/$found/crash.eml"
check 'wherever it is run' fails 1 "is in the git work tree $work:"
UNPEND_PRIVATE=$work/later/private
run promote --name twice --private "$work/$found/crash.eml"
check 'one that is not there yet, too' fails 1 "is in the git work tree $work:"
cd "$work" || exit 1
check 'and it is not made' [ ! -e later ]
UNPEND_PRIVATE=$work/private
rmdir .git
run promote --name published --known 'gmime 3.2.13 https://example.org/1' --time 1s private/mime/unpublished.case
check 'once it is published' ended 0
check 'it is a regression' grep -qx 'known: gmime 3.2.13 https://example.org/1' regressions/mime/published.case
check 'and no longer private' out_has 'rm private/mime/unpublished.case'
run gate regressions/mime/published.case
check 'which the gate takes' ended 0
git init -q . # the folder's own work tree
run promote --name lost --target scan_submit --time 1s $found/lost.eml
check 'in a work tree the next step is git add' out_has 'git add regressions/scan_submit/lost.case'
rm -r .git regressions/scan_submit/lost.case
run promote --name ours --ours --title 'It dies' --json $found/crash.eml
check 'a crash of ours' ended 0
check 'as JSON' out_has '"written" : "regressions/mime/ours.case"'
check 'with its finding' out_has '"signature" : "SEGV cms_read"'
check 'by its slug' out_has '"slug" : "crash-'
check 'how it was verified' out_has '"after-others" : 3'
check 'and what the gate will say' out_has '"gate" : "red"'
check 'it became smaller' sh -c '! grep -q From: regressions/mime/ours.case'
check 'and has the title' grep -qx 'title: It dies' regressions/mime/ours.case
run gate regressions/mime/ours.case
check 'and the gate is' ended 1
run minimize --target mime --json --out small.case $found/crash.eml
check 'made small alone it is the same in JSON' out_has '"slug" : "crash-'
run promote --name stuck --ours --time 1s $found/stuck.eml
check 'what takes its time is shown once' out_has \
	'once in a fresh process, once after 3 others in one, and as written'
printf 'unpend-case: 1\nfinding: library-critical\nmessage:\nSubject: both\n\n' >regressions/mime/both.case
run repro --json $found/both.eml
run promote --name again --ours --finding "$(grep -o 'disagree-[0-9a-f]*' out)" $found/both.eml
check 'what another shows beside its own is a duplicate' fails 1 'shows what regressions/mime/both.case shows'
run promote --name lost --target scan_submit --time 1s $found/lost.eml
check 'what only a pipeline can do needs no owner' ended 0
check 'and is red' out_has 'The gate is red until the bug is fixed'
printf 'unpend-case: 1\nknown: openssl 3.0.22 https://example.org/2\nfinding: crash\nmessage:\nSubject: crash\n\n' >known.case
run promote --name known --target scan_submit --time 1s known.case
check 'the owner that the head names is taken' ended 0
check 'where there is a pipeline, too' grep -qx 'known: openssl 3.0.22 https://example.org/2' regressions/scan_submit/known.case

printf 'unpend-case: 1\nfinding: library-critical\nmutation: minimized\nmessage:\nX-Kept: 1\nSubject: sick\n\n' >minimised.case
run promote --name minimised --ours --target scan_submit --time 1s minimised.case
check 'a minimised case is promoted' ended 0
check 'and not minimised again' grep -q X-Kept regressions/scan_submit/minimised.case

# --- minimize

run minimize --target mime $found/sick.eml
check 'minimize writes to the current folder' [ -e sick.min.case ]
check 'a complete result is marked' grep -qx 'mutation: minimized' sick.min.case
run minimize --target mime --out absent/small.case $found/slow.eml
check 'it runs nothing if it cannot write' fails 125 'cannot write absent/small.case: No such file'
cd regressions/mime || exit 1
run minimize --target mime "$work/$found/sick.eml"
cd "$work" || exit 1
check 'nor where the gate would run the result' fails 2 'the gate would run what is written here'

done_testing
