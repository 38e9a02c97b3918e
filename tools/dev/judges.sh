#!/bin/sh
#
# judges.sh - do independent verifiers confirm the grades in the heads of mutants?
#
# SYNOPSIS
#    tools/dev/judges.sh [--count N] [--seed S] [--judges "openssl nss"] [--keep DIR] CASE...
#
# DESCRIPTION
#    Lets `unpend mutate` make N mutations (1000) of each CASE. All have to be distinct, and accepted
#    by `inspect --strict`. Those that are graded
#
#        valid         must verify, by each judge: the outermost signature, here as everywhere
#        digest        must be refused by each judge; by openssl because of the content's digest
#        attributes    must be refused by each judge; by openssl because of the signature
#        structure     promise nothing; the judges run all the same
#
#    at the case's own time, where only the test authority of seeds/identities is trusted. The first
#    judge is our own `inspect`. openssl is the command of that name; it also decrypts with the test
#    keys, to get at what is inside. nss is NSS's cmsutil, which can only use the real time: the
#    certificates that are trusted are valid at both. Where a mutation is refused by one and
#    verified by another, a reason must stand in the table below, or the run fails.
#
# ENVIRONMENT
#    UNPEND      the program; build/unpend if it is not set
#    CARRIERS    tools/dev/carriers.c, built; build/fast/tools/dev/carriers if it is not set
#
# DIAGNOSTICS
#    Exit status: 0 all grades hold; 1 some do not, and are listed; 2 wrong usage, or
#    a judge is not installed.
#
# BUGS
#    What no test key opens cannot be judged, and is reported so. A signature inside another one is
#    not looked at.

set -u
export LC_ALL=C TZ=UTC OPENSSL_CONF=/dev/null

# judge / package / command
packages='
openssl openssl      openssl
nss     libnss3-tools cmsutil
nss     libnss3-tools certutil
'

# Why one judge does not verify what another does: which one (before a "<", if it is said of one other
# alone), what it prints (an extended regular expression), the reason. The two about RSASSA-PSS are so of what OpenSSL's own command signs, too.
reasons='
nss     | alice-pss: BadSignature | NSS verifies nothing by a key that is for RSASSA-PSS alone
nss     | BadSignature.*rsassaPss of [a-z0-9]* without attributes | NSS cannot do RSASSA-PSS without signed attributes
nss     | SigningCertNotFound | the certificate of the signer is not in the message; inspect has it
nss     | SEC_ERROR_BAD_DER | NSS reads DER more strictly than OpenSSL
openssl | signer certificate not found | the certificate of the signer is not in the message; inspect has it
openssl<nss | asn1 encoding routines:.*Type=X509 | OpenSSL parses each certificate, NSS those that it needs
inspect | ^a limit | a limit of the policy in the head keeps inspect from reading on
inspect<nss | ^no structure | OpenSSL cannot read the structure, NSS reads what it needs
inspect<nss | attribute error | OpenSSL wants attributes to be there once, with one value each
openssl<nss | ossl_cms_si_check_attributes:attribute error | OpenSSL wants attributes to be there once, with one value each
openssl<nss | wrong tag.*Type=CMS_OtherCertificateFormat | OpenSSL parses each certificate, NSS those that it needs
nss     | MalformedSignature .*with attributes | NSS verifies the attributes as it would encode them, not as they were sent
'

# The recipients that decrypt what is encrypted to the test identities, and the password
# (harness/cms/identity.h).
readers='bob bob-ec alice carol alice-ec'
password=unpend

usage() {
    echo "judges: $*; see --help" >&2
    exit 2
}

# --- what each judge says ---------------------------------------------------------------------
# Each sets $verdict to verified, refused or cannot, and $why to one line of what was printed.

ask_inspect() { # CASE
    "$UNPEND" inspect --json "$1" >"$box/inspect" 2>&1
    verdict=$(awk -F'"' '
        $2 == "unscannable" && $3 ~ /true/ { limit = 1 }
        $2 == "signature" { outermost = 0 }
        $2 == "signature" && $4 != "unsigned" && !seen {
            seen = outermost = 1
            if ($4 != "valid") bad = $4
        }
        !outermost { next }
        $2 == "signature-reason" && bad != "" && $4 != "" { reason = $4 }
        $2 == "trusted" && bad == "" && $3 ~ /false/ { bad = "untrusted" }
        $2 == "trust-reason" && bad == "untrusted" { reason = $4 }
        END {
            if (bad != "" && bad != "unknown") print "refused", bad ": " reason
            else if (limit) print "cannot", "a limit"
            else if (bad != "" || !seen) print "cannot", "no structure " reason
            else print "verified"
        }' "$box/inspect")
    why=${verdict#* }
    verdict=${verdict%% *}
}

ask_openssl() { # N
    # shellcheck disable=SC2086
    if openssl cms -verify -inform DER -in "$1.der" $content -binary -attime "$time" \
        -CAfile "$lab/root.pem" -no-CApath -no-CAstore -out "$1.inside" 2>"$1.said"; then
        verdict=verified
    else
        verdict=refused
    fi
    why=$(sed -n 's/^[0-9A-F]*:error:[0-9A-F]*:\(.*\):[^:]*:[0-9]*:/\1: /p' "$1.said" |
        tr '\n' ' ')
}

# How each signer signed: "(rsassaPss of sha256 without attributes)".
signers_of() { # FILE
    openssl cms -cmsout -print -inform DER -in "$1" 2>/dev/null | awk '
        /^    signerInfos:/ { inside = 1 }
        inside && /^        digestAlgorithm:/ { getline; digest = $2; how = "with" }
        inside && /^        signedAttrs:/ { getline; if (/ABSENT/) how = "without" }
        inside && /^        signatureAlgorithm:/ {
            getline
            printf " (%s of %s %s attributes)", $2, digest, how
        }'
}

ask_nss() { # N
    cmsutil -D -d "sql:$lab/nss" -n -h 9 -i "$1.der" ${content:+-c "$1.content"} \
        >"$1.said" 2>&1
    status=$?
    # Each signer that is not good, by name, and what else went wrong.
    why=$(tr '\n\t' '  ' <"$1.said" |
        sed 's/signer[0-9]*\.id="\([^"]*\)"; signer[0-9]*\.status=/\n\1: /g; s/cmsutil: /\n&/g' |
        sed -n 's/: GoodSignature;.*//; s/;.*//; /^.*: [A-Z][A-Za-z]*$/p; /^cmsutil: /p' | tr '\n' ' ')
    if [ $status -eq 0 ] && grep -aq 'status=GoodSignature' "$1.said" &&
        ! grep -a 'status=' "$1.said" | grep -aqv 'status=GoodSignature'; then
        verdict=verified
    else
        verdict=refused
        why="$why$(signers_of "$1.der")"
    fi
}

# --- one mutation -----------------------------------------------------------------------------

# Adds a judge's word about one signature to what it said of the whole: a message is only as good
# as the worst of its signatures.
add_verdict() { # JUDGE
    was=$(cut -f1 "$box/$1" 2>/dev/null)
    case $was in
    refused) ;;
    *) printf '%s\t%s\n' "$verdict" "$(printf %s "$why" | tr '\t' ' ')" >"$box/$1" ;;
    esac
}

kind_of() { # FILE: its content type, as OpenSSL prints it
    openssl asn1parse -inform DER -in "$1" 2>/dev/null | sed -n '2s/.*OBJECT *://p'
}

open_for_readers() { # N
    for reader in $readers; do
        openssl cms -decrypt -inform DER -in "$1.der" -recip "$lab/$reader.pem" \
            -inkey "$lab/$reader.pem" -out "$1.inside" 2>/dev/null && return
    done
    openssl cms -decrypt -inform DER -in "$1.der" -pwri_password "$password" \
        -out "$1.inside" 2>/dev/null
}

ask_all() { # N: about one signature
    content=
    [ ! -e "$1.content" ] || content="-content $1.content"
    for judge in nss openssl; do
        case " $judges " in
        *" $judge "*)
            "ask_$judge" "$1"
            add_verdict $judge
            ;;
        esac
    done
}

# The structures of a layer, outer ones first, up to a signature; what another one opens to is a
# layer of its own. What is inside a signature is not looked into: a grade is of the outermost one.
look_into() { # FILE FOLDER; FILE is a case, or the message inside a layer
    mkdir "$2"
    "$CARRIERS" "${3:-message}" "$1" "$2" >"$2/list" || return
    [ -n "${time-}" ] || time=$(head -n 1 "$2/list")
    for number in $(sed 1d "$2/list"); do
        structure="$2/$number"
        case $(kind_of "$structure.der") in
        pkcs7-signedData)
            ask_all "$structure"
            return
            ;;
        pkcs7-envelopedData | id-smime-ct-authEnvelopedData)
            open_for_readers "$structure" || {
                echo "no test key opens it" >>"$box/shut"
                continue
            }
            ;;
        id-smime-ct-compressedData)
            mkdir "$structure"
            "$CARRIERS" inflate "$structure.der" "$structure" 2>/dev/null || continue
            mv "$structure/inside" "$structure.inside"
            ;;
        *) continue ;;
        esac
        # In dash a function has no variables of its own; a subshell has.
        (look_into "$structure.inside" "$structure.layer")
    done
}

# Prints name, grade, operators, then of each judge its verdict and why, with tabs between.
judge_one() { # CASE
    box=$(mktemp -d "$lab/box.XXXXXX") || exit 1
    "$UNPEND" inspect --strict "$1" >/dev/null 2>&1 && strict=accepted || strict=refused
    mutation=$(grep -am1 '^mutation: ' "$1")
    grade=${mutation##*; graded }
    done_to=${mutation#mutation: }
    line=$(printf '%s\t%s\t%s\t%s' "$(basename "$1")" "$strict" "$grade" "${done_to%; graded *}")
    case $grade in
    valid | digest | attributes | structure)
        ask_inspect "$1"
        line="$line$(printf '\tinspect\t%s\t%s' "$verdict" "$why")"
        time=
        look_into "$1" "$box/layer" case
        for judge in $judges; do
            [ -e "$box/$judge" ] || printf 'cannot\t%s\n' \
                "$(sort -u "$box/shut" 2>/dev/null || echo no signature is found)" >"$box/$judge"
            line="$line$(printf '\t%s\t' "$judge")$(cat "$box/$judge")"
        done
        ;;
    esac
    printf '%s\n' "$line"
    rm -rf "$box"
}

if [ "${1-}" = --one ]; then
    shift
    for case; do
        judge_one "$case"
    done
    exit
fi

# --- all mutations ----------------------------------------------------------------------------

prepare_judges() {
    for identity in seeds/identities/*.pem; do
        cp "$identity" "$lab/"
    done
    case " $judges " in
    *' nss '*)
        mkdir "$lab/nss"
        certutil -N -d "sql:$lab/nss" --empty-password &&
            certutil -A -d "sql:$lab/nss" -n root -t CT,CT,CT -a -i "$lab/root.pem" || return
        ;;
    esac
}

# The mutations of a case, judged, one a line in FILE.
judge_mutations() { # CASE FILE
    mutants=$lab/mutants
    "$UNPEND" mutate "$1" --count "$count" --seed "$seed" --out "$mutants" || return
    find "$mutants" -name '*.case' | sort |
        xargs -n 20 -P "$(nproc)" sh "$0" --one | sort >"$2"
    distinct=$(for mutant in "$mutants"/*.case; do
        sed '1,/^message:/{/^mutation: /d}' "$mutant" | sha256sum
    done | sort -u | wc -l)
    echo "$(wc -l <"$2") mutations, $distinct distinct"
}

# shellcheck disable=SC2016
summary='
BEGIN {
    while ((getline row < reasons_file) > 0) {
        if (split(row, cell, /[ ]*\|[ ]*/) < 3) continue
        rows++
        who[rows] = cell[1]; pattern[rows] = cell[2]; reason[rows] = cell[3]
    }
}
function reason_of(judge, other, why,    i) {
    for (i = 1; i <= rows; i++)
        if ((who[i] == judge || who[i] == judge "<" other) && why ~ pattern[i]) return reason[i]
    return ""
}
function wrong(what) { print "WRONG: " $1 " (" $4 "; graded " $3 "): " what; failed = 1 }
{
    grades[$3]++
    if ($2 != "accepted") wrong("inspect --strict does not accept it")
    for (i = 5; i < NF; i += 3) {
        judge = $i; verdict = $(i + 1); why = $(i + 2)
        count[$3, judge, verdict]++
        judges[judge] = 1
        if ($3 == "valid" && judge == "openssl" && verdict != "verified")
            wrong("openssl: " verdict ": " why)
        if (($3 == "digest" || $3 == "attributes") && judge == "openssl") {
            if (verdict != "refused") wrong("openssl: " verdict)
            else if ($3 == "digest" && why !~ /content verify error|digest failure|verification failure/)
                wrong("openssl refuses it for another reason: " why)
            else if ($3 == "attributes" && why ~ /content verify error/)
                wrong("openssl refuses the content: " why)
        }
        for (j = 5; j < NF; j += 3) {
            if (verdict == "verified" || $(j + 1) != "verified") continue
            text = reason_of(judge, $j, why)
            if (text == "") wrong($j " verifies it, " judge " does not (" verdict "): " why)
            else table[$3 ": " judge " " verdict ", " $j " verified: " text]++
        }
    }
}
END {
    printf "%-12s %6s  %-10s %8s %8s %8s\n", "grade", "all", "judge", "verified", "refused", "cannot"
    for (g in grades) {
        first = 0
        for (j in judges)
            if (count[g, j, "verified"] + count[g, j, "refused"] + count[g, j, "cannot"] > 0) {
                line = sprintf("%-12s %6d  %-10s %8d %8d %8d", g, grades[g], j,
                    count[g, j, "verified"], count[g, j, "refused"], count[g, j, "cannot"])
                print line | "sort"
                first = 1
            }
        if (!first) print sprintf("%-12s %6d  not judged: nothing is promised", g, grades[g]) | "sort"
    }
    close("sort")
    for (t in table) print "disagreement  " table[t] "  " t | "sort"
    close("sort")
    if (grades["valid"] == 0) { print "WRONG: none is graded valid: nothing was judged"; failed = 1 }
    exit failed
}'

judge_case() { # CASE
    echo "$1:"
    judge_mutations "$1" "$lab/verdicts" || return
    [ -z "$keep" ] || cp "$lab/verdicts" "$keep"
    sound=0
    awk -F'\t' -v reasons_file="$lab/reasons" "$summary" "$lab/verdicts" || sound=1
    if [ "$(wc -l <"$lab/verdicts")" -ne "$count" ] || [ "$distinct" -ne "$count" ]; then
        echo "WRONG: not $count distinct ones"
        sound=1
    fi
    return $sound
}

count=1000 seed=1 judges='openssl nss' keep=
while [ $# -gt 0 ]; do
    case $1 in
    --help)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        exit
        ;;
    --count | --seed | --judges | --keep)
        [ $# -gt 1 ] || usage "$1 needs a value"
        case $1 in
        --count) count=$2 ;;
        --seed) seed=$2 ;;
        --judges) judges=$2 ;;
        --keep) keep=$2 ;;
        esac
        shift 2
        ;;
    -*) usage "unknown option $1" ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || usage "which CASE?"
case $count in '' | *[!0-9]* | 0) usage "--count $count is no number" ;; esac

UNPEND=${UNPEND:-build/unpend} CARRIERS=${CARRIERS:-build/fast/tools/dev/carriers}
for program in "$UNPEND" "$CARRIERS"; do
    [ -x "$program" ] || usage "$program is not built"
done
for judge in $judges; do
    case $packages in
    *"
$judge "*) ;;
    *) usage "no judge is called $judge" ;;
    esac
done
missing=$(echo "$packages" | while read -r judge package command; do
    case " $judges " in
    *" $judge "*) command -v "$command" >/dev/null || echo "$package" ;;
    esac
done | sort -u | tr "\n" " ")
[ -z "$missing" ] || usage "missing packages: $missing"

lab=$(mktemp -d) || exit 2
trap 'rm -rf "$lab"' EXIT
trap 'exit 130' INT TERM
export UNPEND CARRIERS lab judges
echo "$reasons" >"$lab/reasons"
prepare_judges || usage "a judge cannot be set up"

status=0
for case; do
    judge_case "$case" || status=1
done
exit $status
