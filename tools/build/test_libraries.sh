#!/bin/sh
#
# test_libraries.sh - the cache of libraries, incremental builds, failures and interruption
#
# DESCRIPTION
#     Needs no network: what is built is a toy that has the make goals of GMime, by gcc. Prints TAP;
#     exit status 1 if a test failed.

script=$(cd "$(dirname "$0")" && pwd)/libraries.sh
. "$(dirname "$0")/../dev/tap.sh"

unset GMIME_SRC OPENSSL_SRC CLANG GCC
export UNPEND_CACHE="$work/cache"

libraries() {
    status=0
    timeout 60 "$script" "$@" >out 2>err || status=$?
}

entry() { sed -n 's/^gmime //p' out; }
built() { ended 0 && [ "$(grep -c '^gcc .*-c' "$UNPEND_CACHE/logs/gmime-3.2.99-fuel-gcc.log")" -eq "$1" ]; }
same_library() { cmp "$1/lib/libgmime-3.0.a" "$2/lib/libgmime-3.0.a"; }
nothing_half_built() { [ ! -e "$UNPEND_CACHE/tmp" ] && [ "$(find "$UNPEND_CACHE" -maxdepth 1 -name 'gmime-*' | wc -l)" -eq "$1" ]; }
fails() { ended "$1" && [ ! -s out ] && [ "$(grep -vc ': building for ' err)" -eq 1 ] && err_has "$2"; }

mkdir -p toy/util toy/gmime
printf 'm4_define([gmime_%s_version], [%s])\n' major 3 minor 2 micro 99 >toy/configure.ac
cat >toy/configure <<'EOF'
#!/bin/sh
printf 'all:\n' >util/Makefile
cat >gmime/Makefile <<'MAKEFILE'
%.o: %.c gmime.h
	gcc $(CFLAGS) -c $< -o $@
libgmime-3.0.la: one.o two.o
	mkdir -p .libs && rm -f .libs/libgmime-3.0.a && ar rcs .libs/libgmime-3.0.a one.o two.o
install-gmimeincludeHEADERS:
	mkdir -p $(includedir)/gmime-3.0 && cp gmime.h $(includedir)/gmime-3.0/
MAKEFILE
EOF
chmod +x toy/configure
echo 'int one(int);' >toy/gmime/gmime.h
printf '#include "gmime.h"\nint one(int i) { return i; }\n' >toy/gmime/one.c
printf '#include "gmime.h"\nint two(void) { return one(2); }\n' >toy/gmime/two.c
export GMIME_SRC="$work/toy"

libraries fuel-gcc gmime
check 'a source tree of its own is built' built 2
check 'the manifest says from what' grep -qx "source: $work/toy" "$(entry)/manifest"
check 'headers are installed' [ -f "$(entry)/include/gmime-3.0/gmime.h" ]
check 'the tree itself is left alone' [ ! -e toy/gmime/Makefile ]
first=$(entry)
touch toy/gmime/one.c
libraries fuel-gcc gmime
check 'the same content is the same entry' [ "$(entry)" = "$first" ]
check 'which is found without a word' [ ! -s err ]

echo '#define ONE 1' >>toy/gmime/one.c
echo 'int three(void) { return 3; }' >>toy/gmime/one.c
libraries fuel-gcc gmime
check 'of a changed file one object is compiled' built 1
check 'into another entry' [ "$(entry)" != "$first" ]
check 'and it is reported' err_has 'compiling what depends on ./gmime/one.c'
incremental=$(entry)
rm -rf "$UNPEND_CACHE/trees"
mv "$incremental" kept
libraries fuel-gcc gmime
check 'without the build tree all is compiled' built 2
check 'to the same library' same_library kept "$incremental"

echo 'int four(void);' >>toy/gmime/gmime.h
libraries fuel-gcc gmime
check 'of a changed header what includes it is compiled' built 2
check 'incrementally' err_has 'compiling what depends on'
echo '# changed' >>toy/configure
libraries fuel-gcc gmime
check 'another file leads to a clean build' built 2
check 'without the old tree' err_lacks 'compiling what'
echo 'int unused;' >toy/gmime/unused.c
libraries fuel-gcc gmime
check 'so does a new file' err_lacks 'compiling what'
rm toy/gmime/unused.c
libraries fuel-gcc gmime
check 'going back finds the older entry' ended 0
check 'and builds nothing' [ ! -s err ]

echo 'int broken(' >>toy/gmime/two.c
libraries fuel-gcc gmime
check 'what cannot be compiled is a failure' ended 1
check 'its last line has the log' grep -q 'error: make failed, log: .*; its end says why' err
check 'and there is nothing on standard output' [ ! -s out ]
sed -i '$d' toy/gmime/two.c
echo 'int repaired;' >>toy/gmime/two.c
libraries fuel-gcc gmime
check 'once repaired, only what failed is compiled' built 1

echo '#define SLOW' >>toy/gmime/two.c
sed -i 's/^all:/&\n\tsleep 55/; s/printf .all:.n./printf "all:\\n\\tsleep 55\\n"/' toy/configure
entries=$(find "$UNPEND_CACHE" -maxdepth 1 -name 'gmime-*' | wc -l)
timeout -s INT 2 "$script" fuel-gcc gmime >out 2>err
check 'an interrupted build leaves nothing half-built' nothing_half_built "$entries"
check 'and reports it' err_has 'interrupted'

GMIME_SRC=$work/nowhere libraries fuel-gcc gmime
check 'a missing tree' fails 1 "no source tree of gmime: GMIME_SRC=$work/nowhere"
UNPEND_CACHE=/proc/nowhere libraries fuel-gcc gmime
check 'a cache that cannot be written' fails 1 'set UNPEND_CACHE'
UNPEND_CACHE="$work/a b" libraries fuel-gcc gmime
check 'a cache with blanks in its path' fails 1 'blanks'
GCC=$work/nowhere libraries fuel-gcc gmime
check 'a missing compiler' fails 1 'tools/build/setup.sh fuel-gcc'
for words in '' nowhere 'asan gimme' 'asan gmime openssl' '--releases' '--releases gmime' \
    '--releases gimme sid' '--releases gmime ../sid' '--rebuild asan'; do
    # shellcheck disable=SC2086 # several words
    libraries $words
    check "wrong usage: libraries.sh $words" fails 2 'see '
done

# Without a network: an apt-get that reaches no mirror.
mkdir bin
printf '#!/bin/sh\necho "E: no mirror"\nexit 100\n' >bin/apt-get
chmod +x bin/apt-get
unset GMIME_SRC
PATH=$work/bin:$PATH libraries fuel-gcc gmime
check 'no mirror' ended 1
check 'it says what to do' err_has 'check the network, or set GMIME_SRC to a source tree'
echo '3.2.99 gmime_3.2.99.orig.tar.xz 0000' >"$UNPEND_CACHE/sources/gmime"
: >"$UNPEND_CACHE/sources/gmime_3.2.99.orig.tar.xz"
libraries fuel-gcc gmime
check 'a damaged tarball' err_has 'gmime_3.2.99.orig.tar.xz is damaged: run again with --refresh'
tar -c -J -f "$UNPEND_CACHE/sources/gmime_3.2.99.orig.tar.xz" toy
echo "3.2.99 gmime_3.2.99.orig.tar.xz $(sha256sum <"$UNPEND_CACHE/sources/gmime_3.2.99.orig.tar.xz" | cut -c 1-64)" \
    >"$UNPEND_CACHE/sources/gmime"
cp "$UNPEND_CACHE/sources/gmime" "$UNPEND_CACHE/sources/gmime.sid"
PATH=$work/bin:$PATH libraries --releases gmime bookworm sid
check 'releases: those that were downloaded' ended 0
check 'with version and path' last_is "3.2.99 $UNPEND_CACHE/sources/gmime_3.2.99.orig.tar.xz"
check 'a suite that cannot be had is skipped' err_has 'skipping bookworm'

# An apt-get that brings a tarball.
printf '#!/bin/sh\ncase "$*" in *" source "*) : >openssl_3.0.99.orig.tar.gz ;; esac\necho mirror\n' >bin/apt-get
PATH=$work/bin:$PATH libraries --releases openssl sid
check 'a download has its version' last_is "3.0.99 $UNPEND_CACHE/sources/openssl_3.0.99.orig.tar.gz"

done_testing
