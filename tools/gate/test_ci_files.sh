#!/bin/sh
#
# test_ci_files.sh - the CI files that users copy say what the Makefile and the program understand
#
# SYNOPSIS
#	UNPEND=build/unpend tools/gate/test_ci_files.sh
#
# DESCRIPTION
#	Takes the commands out of the files, each of which stands in a line of its own, and looks for
#	every make target, variable and option in them. Our own CI goes the same way: .ci/run has the
#	same commands but for their times and files. None of them is run here: that takes minutes.
#	Prints TAP; exit status 1 if a test failed.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../dev/tap.sh"

# commands FILE: of GitHub's `run:` and of GitLab's `script:`
commands() {
	awk '
		/^ *(- )?run: / { sub(/^ *(- )?run: /, ""); print; next }
		/^ *(before_)?script: *$/ { inside = 1; next }
		inside && /^ *- / { sub(/^ *- /, ""); print; next }
		{ inside = 0 }
	' "$1"
}

# options COMMAND WORD...: are there all that are in the words?
options() {
	run "$1" --help
	for word in $2; do
		case $word in
		--*) out_has " $word" || grep -qE "^  -., $word" out || return 1 ;;
		esac
	done
}

make_knows() { # COMMAND
	words=$(echo "$1" | sed 's/="[^"]*"/=/g; s/^make //')
	for word in $words; do
		case $word in
		*=) grep -qF "\$(${word%=})" "$top/Makefile" || return 1 ;;
		*) sed -n '/^\.PHONY/p' "$top/Makefile" | grep -qw -e "$word" || return 1 ;;
		esac
	done
	case $1 in
	*GATE=*) options gate "$(echo "$1" | sed 's/.*GATE="//; s/".*//')" ;;
	esac
}

unpend_knows() { # COMMAND
	rest=${1#build/unpend }
	options "${rest%% *}" "$rest"
}

# How .ci/run has it: other files, another time, between other steps. Only a night has the time for
# the work of all regressions to be counted.
ci_goes_the_same_way() { # COMMAND
	case $1 in
	'make fuel tools' | 'build/unpend gate --flavour fuel'*) return 0 ;;
	esac
	bare=$(echo "$1" | sed 's/ --.*//; s/ GATE=.*/ GATE=/')
	grep -qF -e "$bare" "$top/.ci/run"
}

: >out
: >err
for file in .github/workflows/gate.yml .github/workflows/nightly.yml .gitlab-ci.yml; do
	commands "$top/$file" >list
	check "$file has commands" test -s list
	while read -r command; do
		case $command in
		make\ *) check "$file: $command" make_knows "$command" ;;
		build/unpend\ *) check "$file: $command" unpend_knows "$command" ;;
		*) continue ;;
		esac
		check "as .ci/run has it" ci_goes_the_same_way "$command"
	done <list
done

done_testing
