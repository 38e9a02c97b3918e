#!/bin/sh
#
# test_gate.sh - what CI owners rely on: reports, one outcome each, and what a change calls for
#
# SYNOPSIS
#	UNPEND=build/unpend tools/gate/test_gate.sh
#
# DESCRIPTION
#	Scripts stand in for the targets, as in test_commands.sh. What a message's subject is, the
#	target does: broken (a finding, with characters that XML must not see), crash (with a stack
#	that has a frame of ours), again (has another outcome the second time in one process), crowd
#	(has another one among more than two), dies (crashes among more than two); with any other it
#	passes.
#	Prints TAP; exit status 1 if a test failed.

. "$(dirname "$0")/../dev/tap.sh"

for name in mime smime; do
	mkdir -p build/replay/fuzz
	cat >build/replay/fuzz/$name <<-'END'
		#!/bin/sh
		report() {
			printf '%s\n' '{"input":"x","findings":['"$1"'],"counts":{"parts":'"$2"',"logs-judged":1,"reasons-judged":1,"decoders-judged":1,"accepted-judged":1},"unscannable":false,"limits":[]}' \
				>>"$UNPEND_REPORT"
		}
		times=0
		for input; do
			times=$((times + 1))
			case $(cat "$input") in
			*'Subject: broken'*) report '{"class":"disagree","signature":"a < b & \u0001","detail":"]]> \u001b[31m"}' 2 ;;
			*'Subject: crash'* | *'Subject: dies'*)
				case $#$(cat "$input") in
				1*crash* | 2*crash* | [3-9]*)
					echo "==1==ERROR: AddressSanitizer: SEGV on address 0x1" >&2
					printf 'unpend-frame\t0\tcms_read\t/elsewhere/src/harness/mail/cms.c:3\tx\t0x1\n' >&2
					exit 1 ;;
				esac
				report '' 2 ;;
			*'Subject: again'*) report '' $times ;;
			*'Subject: crowd'*) report '' $(($# > 2 ? 7 : 2)) ;;
			*) report '' 2 ;;
			esac
		done
	END
	chmod +x build/replay/fuzz/$name
done

case_file() { # PATH LINES SUBJECT
	mkdir -p "$(dirname "$1")"
	printf 'unpend-case: 1\n%bmessage:\nSubject: %s\n\n' "$2" "$3" >"$1"
}

well_formed() { ! command -v xmllint >/dev/null || xmllint --noout "$1"; }

# What the specification demands of a log file (SARIF 2.1.0, 3.13 and on), and servers besides.
sarif() { # RESULTS [LOCATION]
	perl -MJSON::PP -0777 -e '
		my ($wanted, $where) = @ARGV;
		@ARGV = ("s.sarif");
		my $log = decode_json(<>);
		$log->{version} eq "2.1.0" or die "version";
		my ($run) = @{$log->{runs}};
		my $driver = $run->{tool}{driver};
		$driver->{name} eq "unpend" or die "name";
		my %rules = map { $_->{id} => $_ } @{$driver->{rules}};
		$rules{pending}{shortDescription}{text} or die "no rule for a class";
		my @results = @{$run->{results}};
		@results == $wanted or die scalar(@results) . " results\n";
		for (@results) {
			$_->{message}{text} && $rules{$_->{ruleId}} or die "a result says nothing";
			$driver->{rules}[$_->{ruleIndex}]{id} eq $_->{ruleId} or die "another rule";
			my $place = $_->{locations}[0]{physicalLocation};
			$place->{artifactLocation}{uri} =~ m{^[\w./%-]+$} or die "no place";
			$place->{region}{startLine} > 0 or die "no line";
			$_->{partialFingerprints} or die "not known again";
		}
		!$where || grep { $_->{locations}[0]{physicalLocation}{artifactLocation}{uri} eq $where }
			@results or die "not at $where";
	' "$@" 2>>err
}

reported() { run gate --junit j.xml --sarif s.sarif "$@"; }
junit_has() { grep -qF -e "$1" j.xml; }

# --- reports

case_file regressions/mime/a.case '' fine
case_file regressions/smime/b.case '' fine
reported
check 'a gate with reports passes as without' ended 0
check 'JUnit is XML' well_formed j.xml
check 'with a suite for each target' junit_has '<testsuite name="smime" tests="1" failures="0"'
check 'and the file of each case' junit_has 'file="regressions/mime/a.case"'
check 'SARIF without a finding has empty results' sarif 0

case_file 'regressions/mime/<&".case' '' broken
reported
check 'a finding fails it' ended 1
check 'JUnit is still XML, whatever a case is called and a finding says' well_formed j.xml
check 'and counts it' junit_has '<testsuite name="mime" tests="2" failures="1"'
check 'with its class' junit_has '<failure type="disagree"'
check 'and how to see it' junit_has 'repro --flavour replay --target mime'
check 'no control character gets in' sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" j.xml'
check 'SARIF has it, at its case' sarif 1 regressions/mime/%3C%26%22.case
rm regressions/mime/*'&'*

known='finding: disagree\nknown: gmime 3.2.13 https://example.org/1\n'
case_file regressions/mime/known.case "$known" broken
reported
check 'a known breakage is none' ended 0
check 'in JUnit it is skipped' junit_has '<skipped message="known breakage: gmime 3.2.13 https://example.org/1"'
check 'in SARIF it is there' sarif 1
check 'and suppressed, with its URL' grep -q 'https://example.org/1' s.sarif
check 'as external' grep -q '"kind" : "external"' s.sarif
rm regressions/mime/known.case

case_file regressions/mime/crash.case '' crash
mkdir -p harness/mail && echo >harness/mail/cms.c
reported
check 'a crash is where our code is' sarif 1 harness/mail/cms.c
rm regressions/mime/crash.case
case_file regressions/mime/typo.case 'titel: x\n' fine
reported
check 'a case that cannot be read is a result, too' sarif 1 regressions/mime/typo.case
rm regressions/mime/typo.case
reported --json
check 'JSON does not stand in the way' junit_has '<testsuites'
check 'nor they in its' out_has '"passed" : 2'

rm -f j.xml s.sarif
run gate --junit absent/j.xml
check 'a report that cannot be written is reported before anything runs' \
	fails 2 '--junit absent/j.xml: cannot be written: No such file'
if [ -w /dev/full ]; then
	run gate --sarif /dev/full
	check 'or as soon as it is known' ended 125
	check 'by its option' err_has '--sarif /dev/full: not all of it could be written'
fi
run gate --junit j.xml absent
check 'a usage error leaves no report behind' test ! -e j.xml

# --- the summary

case_file regressions/mime/broken.case '' broken
run gate
check 'the summary counts by target' err_has 'mime             2 cases: 1 passed, 1 failed'
check 'and says what failed' err_has 'failed: regressions/mime/broken.case: disagree: a < b &'
check 'with the command that shows it' err_has 'repro --flavour replay --target mime regressions/mime/broken.case'
rm regressions/mime/broken.case

# --- one case, one outcome

case_file regressions/mime/n.case '' again
reported
check 'another outcome the second time fails the gate' ended 1
check 'as what it is' out_has 'class: "nondeterministic"'
check 'and says what differs' out_has \
	'counts, parts: 1, and the second time in one process 2'
check 'in SARIF, too' sarif 1 regressions/mime/n.case
case_file regressions/mime/n.case 'finding: disagree\nknown: gmime 3.2.13 https://example.org/1\n' again
run gate
check 'a known breakage does not excuse it' ended 1
case_file regressions/mime/n.case '' crowd
case_file regressions/mime/z.case '' fine
reported
check 'another outcome among others fails it' ended 1
check 'in a line of its own' out_has 'not ok 5 - mime: cases in one process, in disorder'
check 'which is in the plan' out_has '1..5'
check 'and names the case' out_has 'counts, parts: 2, and among the others regressions/mime/n.case 7'
check 'JUnit counts it' junit_has '<testsuite name="mime" tests="4" failures="1"'
check 'SARIF has it at the source of its target' sarif 1 fuzz/fuzz_mime.c
case_file regressions/mime/n.case '' dies
run gate
check 'so does a crash among others' out_has \
	'regressions/mime/n.case ended well in a process of its own, and not among the others'
rm regressions/mime/[nz].case

# --- what a change calls for

run gate --changed
check 'without git no change is known' fails 2 '--changed: fatal: not a git repository'
commit() { git add -A && git -c user.name=a -c user.email=a@example.com commit -q -m "$1"; }
printf '/build/\n/out\n/err\n/j.xml\n/s.sarif\n' >.gitignore
git init -q . && commit one
run gate --changed
check 'nor without a commit before' fails 2 'HEAD has no commit before it'
echo x >README.md && commit two
run gate --changed --junit j.xml
check 'what no case depends on calls for none' ended 0
check 'which is reported' err_has 'gate: nothing to run: none of 2 cases changed since'
check 'in TAP, too' out_has '1..0 # SKIP'
check 'and JUnit is there' well_formed j.xml
case_file regressions/mime/a.case 'title: changed\n' fine && commit three
run gate --changed
check 'a changed case is run' out_has 'ok 1 - regressions/mime/a.case'
check 'alone' last_is '1 passed, 0 failed'
case_file regressions/mime/new.case '' fine
run gate --changed HEAD
check 'and so is one that git does not know yet' out_has 'ok 1 - regressions/mime/new.case'
mkdir -p src && echo x >src/pipeline.c
run gate --changed=HEAD
check 'anything else may be what cases depend on' last_is '3 passed, 0 failed'
run gate --changed=absent
check 'what is no commit is reported' fails 2 'absent is no commit here: fetch it first'
rm -r regressions && mkdir regressions
run gate --changed=HEAD
check 'an empty folder is no pass, whatever changed' fails 2 'nothing to gate in regressions'

# --- old binaries

case_file regressions/mime/a.case '' fine
rm -r build/replay/fuzz/mime && cp "${unpend%/*}/replay/fuzz/mime" build/replay/fuzz/mime
run gate
check 'outside of a tree the gate says what it runs' err_has 'build/replay/fuzz/mime: built from sources'
run repro --target mime regressions/mime/a.case
check 'and so does repro' err_has 'build/replay/fuzz/mime: built from sources'
mkdir -p harness && echo '/* another contract */' >harness/pipeline.h
run gate
check 'with edited sources and old binaries it refuses' fails 2 'was not built from the sources as they are now: make tools'
run repro --target mime regressions/mime/a.case
check 'and repro cannot run' fails 125 'was not built from the sources as they are now: make tools'

top=${unpend%/*}/..
rm -r harness && mkdir -p seeds build/libfuzzer/fuzz
cp -r "$top/Makefile" "$top/fuzz" "$top/harness" "$top/tools" .
cp -r "$top/seeds/identities" seeds
cp build/replay/fuzz/mime build/libfuzzer/fuzz/mime
run gate regressions/mime
check 'in a tree with these sources it runs' last_is '1 passed, 0 failed'
echo '/* another target */' >>fuzz/fuzz_mime.c
run gate regressions/mime
check 'an old target is refused, with a new program' fails 2 'replay/fuzz/mime was not built from the sources as they are now: make replay'
run repro --target mime regressions/mime/a.case
check 'by repro, too' err_has 'replay/fuzz/mime was not built from the sources as they are now: make replay'
run gate --flavour libfuzzer regressions/mime
check 'and in another flavour' fails 2 'libfuzzer/fuzz/mime was not built from the sources as they are now: make libfuzzer'
cp "$top/fuzz/fuzz_mime.c" fuzz/fuzz_mime.c
run gate regressions/mime
check 'until the sources are as they were' last_is '1 passed, 0 failed'

done_testing
