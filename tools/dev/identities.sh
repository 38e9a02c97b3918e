#!/bin/sh
# identities.sh - makes the test keys and certificates of seeds/identities/ again.
#
#     tools/dev/identities.sh seeds/identities
#
# Run by hand, and only when an identity has to be added or changed: every signed seed and every
# regression that holds a signature depends on these files, so they are committed. The names and
# what each is for stand in harness/mail/identity.c, which builds the files in.
#
# shellcheck disable=SC2086 # times and options of keys are several words
set -eu

out=${1:?usage: tools/dev/identities.sh DIRECTORY}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

ALWAYS="20000101000000Z 29991231235959Z"

cat > ca.cnf <<'END'
[ca]
default_ca = ours
[ours]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = empty
[empty]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[person]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment,keyAgreement
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:${ENV::ADDRESS}
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:${ENV::ADDRESS}
END
: > index
echo 01 > serial

RSA="-algorithm RSA -pkeyopt rsa_keygen_bits:2048"
PSS="-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"
P256="-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
P384="-algorithm EC -pkeyopt ec_paramgen_curve:P-384"

# identity NAME ISSUER EXTENSIONS ADDRESS BEGIN END KEY COMMENT; the issuer "self" signs itself.
identity() {
    name=$1 issuer=$2 extensions=$3 address=$4 begin=$5 end=$6 key=$7 comment=$8
    openssl genpkey $key -out "$name.key"
    ADDRESS=$address openssl req -new -config ca.cnf -key "$name.key" \
        -subj "/CN=unpend test $name" -out "$name.csr"
    case $issuer in
    self) set -- -selfsign -keyfile "$name.key" ;;
    *) set -- -cert "$issuer.crt" -keyfile "$issuer.key" ;;
    esac
    ADDRESS=$address openssl ca -batch -notext -config ca.cnf -extensions "$extensions" \
        -startdate "$begin" -enddate "$end" -in "$name.csr" -out "$name.crt" "$@"
    {
        echo "# unpend test identity, used nowhere else: $comment"
        openssl x509 -in "$name.crt"
        cat "$name.key"
    } > "$out/$name.pem"
}

identity root self authority root@example.com $ALWAYS "$RSA" "the authority that is trusted"
identity middle root authority middle@example.com $ALWAYS "$P256" "an authority under root"
identity alice root person alice@example.com $ALWAYS "$RSA" "signs with RSA-2048"
identity alice-pss root signer alice@example.com $ALWAYS "$PSS" "key for RSASSA-PSS only"
identity alice-ec root signer alice@example.com $ALWAYS "$P256" "signs with ECDSA P-256"
identity alice-middle middle signer alice@example.com $ALWAYS "$P384" "under middle, P-384"
identity carol root signer carol@example.com $ALWAYS "$RSA" "a second signer"
identity bob root person bob@example.com $ALWAYS "$RSA" "reads, by RSA key transport"
identity bob-ec root person bob@example.com $ALWAYS "$P256" "reads, by EC key agreement"
identity expired root signer alice@example.com 20000101000000Z 20010101000000Z "$RSA" \
    "expired with 2000"
identity future root signer alice@example.com 29980101000000Z 29991231235959Z "$RSA" \
    "valid from 2998 only"
identity untrusted self signer alice@example.com $ALWAYS "$RSA" "signed by itself"
identity mallory root signer mallory@example.net $ALWAYS "$RSA" "trusted, of another address"
