#!/bin/sh
#
# test_depths.sh - what is found at one depth is found at every greater one
#
# SYNOPSIS
#	UNPEND=build/unpend tools/dev/test_depths.sh
#
# DESCRIPTION
#	Runs each target on its regressions and seeds at the three depths of harness/depth.h, healthy and
#	under a planted fault, and compares what was found, by slug. The programs are those in build/fast,
#	without sanitizers. Left out are cases that end them, or take long. A target in which exploring
#	finds less than it should fails: there would be nothing to compare.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/tap.sh"

# A target, the fault that is planted, and how many findings there are at least to explore.
targets='
mime		none		1
smime		none		2
scan_submit	none		0
scan_submit	kb843545	60
scan_submit	charset-leak	0
'
left_out='parameter-name-fills-line boundary-overrun word-loop messages-1000 recipients-1000'

cases() {
	for file in "$top/regressions/$1"/*.* "$top/seeds/$1"/*.*; do
		name=$(basename "$file")
		case " $left_out README " in *" ${name%.*} "*) ;; *) echo "$file" ;; esac
	done
}

# run_cases TARGET DEPTH FAULT FILE... writes "case slug" of each finding to the depth's file
run_cases() {
	target=$1 depth=$2 fault=$3
	shift 3
	rm -f report
	[ "$fault" != none ] || fault=
	env ${fault:+UNPEND_FAULT="$fault"} UNPEND_DEPTH="$depth" UNPEND_REPORT=report \
		"$top/build/fast/fuzz/$target" "$@" 2>>err
	sed 's/^{"input":"\([^"]*\)"/\n\1\n/; s/"slug":"\([^"]*\)"/\nslug \1\n/g' report |
		awk '/^\// { file = $1 } /^slug / { print file, $2 }' | sort -u >"$depth"
	[ "$(wc -l <report)" -eq $# ]
}

# found_by_both DEPTH GREATER_DEPTH
found_by_both() {
	comm -23 "$1" "$2" >err
	[ ! -s err ]
}

echo "$targets" | grep . >table
: >out
while read -r target fault least; do
	files=$(cases "$target")
	for depth in explore examine judge; do
		check "$target, fault $fault: $depth runs every case" run_cases "$target" $depth "$fault" $files
	done
	echo "# found: $(wc -l <explore) explored, $(wc -l <examine) examined, $(wc -l <judge) judged"
	check "$target, fault $fault: exploring finds $least or more" [ "$(wc -l <explore)" -ge "$least" ]
	check "$target, fault $fault: what exploring finds, examining does" found_by_both explore examine
	check "$target, fault $fault: what examining finds, judging does" found_by_both examine judge
done <table
check 'there were targets' [ "$number" -eq $((6 * $(wc -l <table))) ]
done_testing
