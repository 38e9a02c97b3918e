# tap.sh - what the tests of the program share; to be read by a test's shell, by its path
#
# SYNOPSIS
#	. "$(dirname "$0")/tap.sh"
#
# DESCRIPTION
#	Makes an empty folder the current one, and removes it at the end. UNPEND_BUILD names a folder in
#	it, for what stands in for the targets. Then:
#
#	run ARGUMENT...		runs the program: its output is in out and err, its status in $status
#	check NAME COMMAND...	is one test, passed if the command succeeds; prints it as TAP
#	done_testing		prints the plan; its status is 1 if a test failed
#
#	The rest are commands for check, about what was last run.

set -u
unpend=$(cd "$(dirname "${UNPEND:-build/unpend}")" && pwd)/$(basename "${UNPEND:-build/unpend}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export UNPEND_BUILD="$work/build" UNPEND_PRIVATE="$work/private"
unset COLUMNS NO_COLOR

number=0
failures=0
status=0

check() {
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

done_testing() {
	echo "1..$number"
	[ $failures -eq 0 ]
}

run() {
	status=0
	timeout 60 "$unpend" "$@" >"$work/out" 2>"$work/err" || status=$?
}

ended() { [ "$status" -eq "$1" ]; }
out_has() { grep -qF -e "$1" "$work/out"; }
err_has() { grep -qF -e "$1" "$work/err"; }
out_lacks() { ! grep -qF -e "$1" "$work/out"; }
err_lacks() { ! grep -qF -e "$1" "$work/err"; }
out_fits() { ! grep -qE "^.{$(($1 + 1))}" "$work/out"; }
last_is() { [ "$(tail -n 1 "$work/out")" = "$1" ]; }

# Status and error of a run that only says what is wrong, in one line.
fails() { ended "$1" && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ] && err_has "$2"; }
