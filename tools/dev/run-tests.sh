#!/bin/sh
#
# run-tests.sh - tests, one more at once than there are cores: some wait for most of their time
#
# SYNOPSIS
#	tools/dev/run-tests.sh TEST…
#
# DESCRIPTION
#	Runs the tests, programs or scripts (*.sh), in the order in which they stand: the longest ones
#	first is the shortest way. What each printed is printed in one piece when it has ended, and then
#	how long it took. Exit status 1 if one failed; those that did are named at the end.

# run_one TEST LOCK FAILED
run_one() {
	out=$(mktemp) || exit 1
	began=$(date +%s)
	status=0
	case $1 in
	*.sh) sh "$1" >"$out" 2>&1 || status=$? ;;
	*) "$1" >"$out" 2>&1 || status=$? ;;
	esac
	[ $status -eq 0 ] || echo "$1" >>"$3"
	echo "# $1: status $status, $(($(date +%s) - began)) s" >>"$out"
	flock "$2" cat "$out"
	rm -f "$out"
}

case ${1-} in
--one)
	shift
	run_one "$@"
	exit
	;;
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: >"$work/failed"
printf '%s\n' "$@" | xargs -P $(($(nproc) + 1)) -I '{}' sh "$0" --one '{}' "$work/lock" "$work/failed" || exit 1
[ -s "$work/failed" ] || exit 0
sed 's/^/FAILED: /' "$work/failed"
exit 1
