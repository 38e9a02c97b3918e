#!/bin/sh
#
# test_costs.sh - what one explored execution costs, in instructions and calls, never in seconds
#
# DESCRIPTION
#     Runs the targets of the fast flavour (fast/fuzz/ beside UNPEND) at depth explore under callgrind,
#     each input twice, for the first run fills caches; the second is what is counted. Prints TAP;
#     exit status 1 if a test failed. Without valgrind all is skipped.

fast=$(cd "$(dirname "${UNPEND:-build/unpend}")/fast/fuzz" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/tap.sh"

command -v valgrind >/dev/null || {
    echo '1..0 # SKIP valgrind is not installed: make setup'
    exit 0
}

: >out >err
export G_SLICE=always-malloc TZ=UTC OPENSSL_CONF=/dev/null LC_ALL=C.UTF-8

# count TARGET FILE...: writes TARGET.N for the N-th file, as callgrind-calls.awk says
count() {
    target=$1
    shift
    UNPEND_DEPTH=explore UNPEND_FINDINGS=$work valgrind --tool=callgrind \
        --toggle-collect=LLVMFuzzerTestOneInput --dump-before=LLVMFuzzerTestOneInput \
        --callgrind-out-file="$target.out" "$fast/$target" "$@" >"$target.log" 2>&1
    last=$#
    mv "$target.out" "$target.out.$((last + 1))"
    for at in $(seq "$last"); do
        awk -f "$top/tools/dev/callgrind-calls.awk" "$target.out.$((at + 1))" >"$target.$at"
    done
}

# number FILE NAME: 0 if it is not there
number() { awk -v name="$2" '$1 == name { n = $2 } END { print n + 0 }' "$1"; }

at_most() { # FILE NAME BOUND
    found=$(number "$1" "$2")
    echo "# $1: $2: $found, at most $3"
    [ "$(number "$1" instructions)" -gt 10000 ] && [ "$found" -le "$3" ]
}

# linear FILE FILE FILE COUNT COUNT COUNT: one more costs not much more from the 2nd to the 3rd
# than from the 1st to the 2nd. Quadratic work would make it 4 times as much, or 10 times.
linear() {
    awk -v a="$(number "$1" instructions)" -v b="$(number "$2" instructions)" \
        -v c="$(number "$3" instructions)" -v m="$4" -v n="$5" -v o="$6" 'BEGIN {
            first = (b - a) / (n - m)
            then = (c - b) / (o - n)
            printf "# each of %d to %d: %d instructions, of %d to %d: %d\n", m, n, first, n, o, then
            exit !(first > 1000 && then <= 1.3 * first)
        }'
}

case_of() { # ENVELOPE SCRIPT
    printf 'unpend-case: 1\n%sscript:\n%smessage:\nFrom: u@example.com\r\nSubject: s\r\n\r\nhi\r\n' "$1" "$2"
}
messages() { # COUNT
    case_of '' "$(seq "$1" | awk '{ print "  submit", 2 + $1 % 62, "local" }')
"
}
recipients() { # COUNT
    case_of "envelope: from=u@example.com to=$(seq -s, -f 'r%.0f@example.com' "$1")
" '  submit 1 local
'
}

for n in 10 40 160; do messages "$n" >"m$n.case"; done
for n in 10 100 1000; do recipients "$n" >"r$n.case"; done
mail=$top/seeds/mime/alternative.eml
signed=$top/seeds/smime/clear-rsa.eml
count smime "$signed" "$signed" &
count mime "$mail" "$mail" &
count scan_submit m10.case m10.case m40.case m160.case r10.case r100.case r1000.case "$signed" "$signed"
wait

# The goals of instructions are 3,000,000 and 1,500,000; OpenSSL and the C library choose code by
# the processor, so there is some room.
check 'smime: instructions' at_most smime.2 instructions 3000000
check 'mime: instructions' at_most mime.2 instructions 1600000
check 'scan_submit, signed mail: instructions' at_most scan_submit.9 instructions 4000000
while read -r file function bound; do
    check "$file: calls of $function" at_most "$file" "$function" "$bound"
done <<END
smime.2 up_case_read 1
smime.2 CMS_verify 1
smime.2 PKCS7_verify 1
smime.2 d2i_CMS_ContentInfo 1
smime.2 OSSL_DECODER_from_data 1
mime.2 up_case_read 1
mime.2 g_mime_parser_construct_message 2
mime.2 g_mime_object_write_to_stream 1
scan_submit.9 up_case_read 1
scan_submit.9 up_world_run_script 1
scan_submit.9 g_mime_parser_construct_message 1
scan_submit.9 CMS_verify 1
scan_submit.9 OSSL_DECODER_from_data 1
END
check 'the functions are seen at all' [ "$(number smime.2 CMS_verify)" -eq 1 ]
check 'messages: linear' linear scan_submit.2 scan_submit.3 scan_submit.4 10 40 160
check 'recipients: linear' linear scan_submit.5 scan_submit.6 scan_submit.7 10 100 1000
done_testing
