#!/bin/sh
#
# test_depths.sh - what a target finds at one depth, it finds at every greater one
#
# SYNOPSIS
#	UNPEND=build/unpend tools/exec/test_depths.sh
#
# DESCRIPTION
#	A campaign examines and judges what it explored: a finding that only a lesser depth has would
#	be lost. Runs all seeds and regressions of each target at each depth, under a planted fault
#	(only the pipeline has one), in the flavour without sanitizers, and compares the findings of
#	each file. Prints TAP; exit status 1 if a test failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"
fast=$(dirname "$unpend")/fast/fuzz

# These take long, or end by a time-out.
left_out='/parameter-name-fills-line\.|/messages-1000\.|/recipients-1000\.'

# findings_at TARGET DEPTH: file and slug of each finding, in a line of TARGET.DEPTH
findings_at() {
	rm -f report
	find "$top/seeds/$1" "$top/regressions/$1" -type f ! -name '*.md' | LC_ALL=C sort |
		grep -vE "$left_out" >files
	xargs -d '\n' env UNPEND_DEPTH="$2" UNPEND_FAULT=kb843545 UNPEND_REPORT=report \
		"$fast/$1" <files >out 2>err
	perl -MJSON::PP -ne '$_ = decode_json($_);
		my $input = $_->{input};
		print "$input $_->{slug}\n" for @{$_->{findings}}' report | LC_ALL=C sort -u >"$1.$2"
}

all_ran() { [ -s files ] && [ "$(wc -l <files)" -eq "$(wc -l <report)" ]; }
none_lost() { LC_ALL=C comm -23 "$1" "$2" >out && [ ! -s out ]; }

for target in mime smime scan_submit machine mutate; do
	for depth in explore examine judge; do
		findings_at $target $depth
		check "$target: each file was run at depth $depth" all_ran
	done
	check "$target: what exploring finds, examining finds" none_lost $target.explore $target.examine
	check "$target: what examining finds, judging finds" none_lost $target.examine $target.judge
done
for target in scan_submit machine; do
	check "$target: exploring finds something" [ -s $target.explore ]
done
done_testing
