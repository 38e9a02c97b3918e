#!/bin/sh
#
# test_judges.sh - the mutator's grades, as OpenSSL's command sees them; and judges.sh itself
#
# SYNOPSIS
#     UNPEND=build/unpend CARRIERS=build/fast/tools/dev/carriers tools/dev/test_judges.sh
#
# DESCRIPTION
#     Few mutations, by one judge: `make judge-mutants` runs all. A program that lies about its
#     mutations stands in for ours, to check that lies are reported. Prints TAP; exit status 1 if a test
#     failed. Run it at the repository's top.

top=$PWD
export CARRIERS="$top/${CARRIERS:-build/fast/tools/dev/carriers}"
. "$(dirname "$0")/../dev/tap.sh"
ours=$unpend

# run_judges ARGUMENT...: as run(), with $UNPEND as it is
judge() {
    status=0
    (cd "$top" && timeout 600 tools/dev/judges.sh "$@") >"$work/out" 2>"$work/err" || status=$?
}

export UNPEND="$ours"
judge --judges openssl --count 60 seeds/smime/clear-rsa.eml
check 'openssl agrees with every grade of a clear-signed message' ended 0
check 'all mutations are distinct' out_has '60 mutations, 60 distinct'
check 'some are graded valid' grep -qE '^valid +[0-9]+ +openssl +[1-9]' out
check 'and verified, all of them' grep -qE '^valid +([0-9]+) +openssl +[0-9]+ +0 +0$' out
check 'some only their digest breaks' grep -qE '^digest +([0-9]+) +openssl +0 +[1-9]' out

# What was graded unknown calls itself valid; one line of a head is wrong; one case is there twice.
cat >liar <<END
#!/bin/sh
"$ours" "\$@"
status=\$?
[ "\$1" = mutate ] || exit \$status
while [ "\$1" != --out ]; do shift; done
sed -i 's/^\(mutation: .*; graded \)unknown$/\1valid/' "\$2"/*.case
sed -i '1a titel: x' "\$2"/000001.case
cp "\$2"/000002.case "\$2"/000003.case
exit \$status
END
chmod +x liar
UNPEND="$work/liar"
judge --judges openssl --count 20 seeds/smime/clear-rsa.eml
check 'a false grade fails' ended 1
check 'by name and reason' grep -qE '^WRONG: [0-9]+\.case \(.*; graded valid\): openssl: refused' out
check 'so does a broken head' out_has 'WRONG: 000001.case'
check 'and a mutation that is there twice' out_has 'WRONG: not 20 distinct ones'

UNPEND=$ours
judge --judges openssl --count 3 seeds/machine/held.case
check 'where nothing is graded valid, nothing was judged' ended 1
judge --judges osl seeds/smime/clear-rsa.eml
check 'an unknown judge' ended 2
check 'is named' err_has 'no judge is called osl'
judge
check 'no case is a usage error' ended 2
judge --help
check 'help is there' out_has 'DESCRIPTION'

done_testing
