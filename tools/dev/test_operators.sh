#!/bin/sh
#
# test_operators.sh - the mutator uses each of its operators
#
# SYNOPSIS
#	UNPEND=build/unpend tools/dev/test_operators.sh
#
# DESCRIPTION
#	The unit tests apply each operator by itself. This one mutates a few messages as a campaign does,
#	until every operator that `unpend mutate --help` lists stands in the head of a mutant. An operator
#	that no mutation reaches fails the test.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/tap.sh"

"$unpend" mutate --help | sed -n '/^Operators of/,$p' | sed -n 's/^  \([a-z][a-z0-9-]*\)  *.*/\1/p' |
	sort -u >operators

# Something for each operator: nested multiparts, quoted lines, dots, NUL, bare LF, a long field.
printf '%s\n' 'unpend-case: 1' 'envelope: from=a@example.com to=b@example.com,c@example.com' \
	'policy: attempts=3' 'script:' '  submit 1 local' '  wait 1m' 'message:' >rich.case
{
	printf 'From: a@example.com\nTo: b@example.com,\n c@example.com\nSubject: =?utf-8?q?m=C3=BCll?=\n'
	printf 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_a"\n\n--=_a\n'
	printf 'Content-Type: multipart/alternative; boundary="=_b"\n\n--=_b\n'
	printf 'Content-Type: text/plain; charset=utf-8; name="a.txt"\nContent-Transfer-Encoding: 8bit\n\n'
	printf '.dot\n..dots\nFrom here\n>From there\nm\303\274ll\0 \nlines \n--=_x\n--=_b\n'
	printf 'Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<b>=C3=BC</b>=\n\n'
	printf -- '--=_b--\n--=_a\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nYWJj\n'
	printf -- '--=_a--\n'
} >>rich.case
cp "$top/seeds/smime/clear-ec.eml" "$top/seeds/smime/forwarded-rsa.eml" .

: >used
cp operators missing
round=0
while [ -s missing ] && [ $round -lt 16 ]; do
	round=$((round + 1))
	for file in rich.case clear-ec.eml forwarded-rsa.eml; do
		"$unpend" mutate --count 250 --seed $round --out mutants $file >out 2>err || break 2
		cat mutants/* | grep -a '^mutation:' | sed 's/^mutation: //; s/;.*//' | tr ',' '\n' >>used
	done
	sort -u used | comm -23 operators - >missing
done

all_used() {
	cat missing >err
	[ ! -s missing ]
}
check 'operators are listed' [ "$(wc -l <operators)" -gt 100 ]
check 'each is used' all_used
done_testing
