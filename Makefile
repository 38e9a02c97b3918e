# unpend - one front door; `make help` says what there is.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

GCC   ?= gcc
CLANG ?= clang
B     := build

# What `make campaign` fuzzes with.
ENGINE ?= libfuzzer
# The flavour that has all of the engine.
ENGINE_FLAVOUR = $(ENGINE:both=afl)

# The targets are the rows of fuzz/targets.h; each is fuzz/fuzz_NAME.c.
TARGETS  := $(shell sed -n 's/^ *{ "\([a-z0-9_]*\)",.*/\1/p' fuzz/targets.h)
PACKAGES := gmime-3.0 json-glib-1.0 zlib libcrypto
# What the program needs besides.
TOOL_PACKAGES := libxml-2.0

# Unit tests stand beside the files that they test.
TESTS   := $(wildcard harness/*/test_*.c tools/*/test_*.c)
HARNESS := $(filter-out $(TESTS),$(wildcard harness/*/*.c))
# Only the flavours that count edges link this file: it defines what each block of their code calls.
EDGES   := harness/target/edges.c
LIBRARY := $(filter-out $(EDGES),$(HARNESS))
TOOLS   := $(filter-out $(TESTS) tools/build/% tools/dev/%,$(wildcard tools/*/*.c))
SOURCES := $(HARNESS) $(wildcard fuzz/*.c) $(TOOLS) $(TESTS) $(wildcard tools/build/*.c tools/dev/*.c)

CPPFLAGS += -Iharness -I. -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
COMPILE   = -std=c11 $(WARNINGS) $(CPPFLAGS) -MMD -MP

# `make V=1` shows the commands themselves.
Q    := $(if $(V),,@)
say   = @$(if $(V),:,printf '%7s %s\n' $1 $2)

# --- flavours -----------------------------------------------------------------------------------
# A flavour is a compiler, its flags, and the libraries under test; it is built in build/FLAVOUR/.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SYSTEM_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
SYSTEM_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
TOOL_CFLAGS   := $(shell pkg-config --cflags $(TOOL_PACKAGES) 2>/dev/null)
TOOL_LIBS     := $(shell pkg-config --libs $(TOOL_PACKAGES) 2>/dev/null)

# The user's program and what is measured; position-independent for the mutator that AFL++ loads.
fast_CC     := $(GCC)
fast_CFLAGS := -O2 -g -fPIC
fast_LIBS    := $(SYSTEM_LIBS)
fast_HEADERS := $(SYSTEM_CFLAGS)

# Regressions and unit tests, anywhere: no fuzz engine, the system's libraries.
replay_CC     := $(GCC)
replay_CFLAGS := -O1 -g $(SANITIZE)
replay_LIBS    := $(SYSTEM_LIBS)
replay_HEADERS := $(SYSTEM_CFLAGS)

# Campaigns explore by these two, as fast as can be: coverage of edges in the code under test (COVERED, and
# the libraries, built from source), and nothing else.
libfuzzer_CC       := $(CLANG)
libfuzzer_CFLAGS   := -O2 -gdwarf-4
libfuzzer_COVERAGE := -fsanitize-coverage=inline-8bit-counters,pc-table

# AFL++'s runtime has the functions that this calls.
afl_CC       := $(CLANG)
afl_CFLAGS   := -O2 -gdwarf-4
afl_COVERAGE := -fsanitize-coverage=trace-pc-guard

COVERED := harness/scan_submit/%.c harness/faults/%.c fuzz/fuzz_%.c

# And examine by this one what is new: sanitizers, in the libraries too. What a campaign finds is
# reproduced by it.
asan_CC     := $(CLANG)
asan_CFLAGS := -O1 -gdwarf-4 $(SANITIZE)

# What an ordinary harness does, to compare with: fuzz/plain.c, all of it instrumented.
plain_CC     := $(CLANG)
plain_CFLAGS := -O1 -gdwarf-4 $(SANITIZE) -fsanitize=fuzzer-no-link

# Hangs and growth without a clock: each block of the code, the libraries' too, calls harness/target/edges.c.
# That file and fuel.c are compiled without, and without sanitizers: they are called everywhere.
fuel_CC         := $(CLANG)
fuel_CFLAGS     := -O1 -gdwarf-4 $(SANITIZE) -fsanitize-coverage=trace-pc-guard,no-prune
fuel-gcc_CC     := $(GCC)
fuel-gcc_CFLAGS := -O1 -gdwarf-4 $(SANITIZE) -fsanitize-coverage=trace-pc
COUNTING        := fuel fuel-gcc
define uncounted
$(B)/$1/harness/target/edges.o $(B)/$1/harness/target/fuel.o: $1_CFLAGS := $(filter-out -fsanitize%,$($1_CFLAGS))
endef
$(foreach f,$(COUNTING),$(eval $(call uncounted,$f)))

# $(call from_source,NAME): a flavour's headers and libraries, which `provide` links into its folder. What
# includes them is compiled anew when a header changes, and linked anew when a library does.
define from_source
$1_LIBRARIES := $(B)/$1/libraries
$1_HEADERS    = -isystem $(B)/$1/gmime/include/gmime-3.0 -isystem $(B)/$1/openssl/include $$(FROM_SOURCE_CFLAGS)
$1_LIBS       = $(B)/$1/gmime/lib/libgmime-3.0.a $(B)/$1/openssl/lib/libcrypto.a \
	$$(shell sed -n 's/^libs: //p' $(B)/$1/gmime/manifest $(B)/$1/openssl/manifest) $$(FROM_SOURCE_LIBS)
$1_INCLUDED  := $(B)/$1/headers
endef
FROM_SOURCE_CFLAGS := $(shell pkg-config --cflags gio-2.0 json-glib-1.0 2>/dev/null)
FROM_SOURCE_LIBS   := $(shell pkg-config --libs gio-2.0 json-glib-1.0 zlib 2>/dev/null)
FROM_SOURCE        := libfuzzer afl asan plain $(COUNTING)
$(foreach f,$(FROM_SOURCE),$(eval $(call from_source,$f)))

# Sources are recorded by content, as make starts, and each binary carries a hash of them and its
# flags, so that gate and repro refuse one that is out of date. Other flags compile everything anew.
BUILT_FROM := $(B)/built-from
ifneq ($(filter-out help setup clean,$(or $(MAKECMDGOALS),help)),)
$(if $(shell tools/build/built-from.sh record $(BUILT_FROM) 2>&1),$(error tools/build/built-from.sh failed))
# strip: GNU make 4.3 does not always remove the last newline of $(file <).
differs    = $(or $(subst $1,,$2),$(subst $2,,$1))
keep_flags = $(if $(call differs,$(strip $(file <$2)),$(strip $1)),$(file >$2,$1))
endif

# $(call flavour,NAME): objects and the harness as a library.
define flavour
$1_FLAGS = $$(lastword $$($1_CC)) $$(COMPILE) $$($1_CFLAGS) $$($1_COVERAGE) $$($1_HEADERS)
$$(call keep_flags,$$($1_FLAGS),$(BUILT_FROM)/flags-$1)

$(B)/$1/built_from.c: $(BUILT_FROM)/$(if $(filter fast,$1),program,targets) $(BUILT_FROM)/flags-$1 \
		$($1_LIBRARIES)
	@mkdir -p $$(@D) && tools/build/built-from.sh source $$< '$($1_LIBRARIES)' '$$($1_FLAGS)' >$$@
$(B)/$1/built_from.o: $(B)/$1/built_from.c
	$$(Q)$$($1_CC) -c $$< -o $$@

$(B)/$1/%.o: %.c $($1_INCLUDED) $(BUILT_FROM)/flags-$1
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$($1_CC) $$(COMPILE) $$($1_CFLAGS) $$(if $$(filter $(COVERED),$$<),$$($1_COVERAGE)) \
		$$($1_HEADERS) -c $$< -o $$@

$(B)/$1/libunpend.a: $(LIBRARY:%.c=$(B)/$1/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

-include $$(SOURCES:%.c=$(B)/$1/%.d)
endef
FLAVOURS := fast replay $(FROM_SOURCE)
$(foreach f,$(FLAVOURS),$(eval $(call flavour,$f)))

# The test identities are built into the program.
$(FLAVOURS:%=$(B)/%/harness/cms/identity.o): \
	$(wildcard seeds/identities/*.pem)

# Of what is linked the library stands last, for it serves all before it. The entry points of a target
# are in it; the engine asks for them by name.
LINKED = $(filter-out %.a,$^) $(filter %.a,$^)
ENTRY    := -Wl,-u,LLVMFuzzerInitialize,-u,LLVMFuzzerTestOneInput
MUTATOR  := -Wl,-u,LLVMFuzzerCustomMutator,-u,LLVMFuzzerCustomCrossOver

define without_engine
$(B)/$1/fuzz/%: $(B)/$1/fuzz/fuzz_%.o $(B)/$1/fuzz/replay.o \
		$(if $(filter $1,$(COUNTING)),$(EDGES:%.c=$(B)/$1/%.o)) $(B)/$1/built_from.o $(B)/$1/libunpend.a
	$$(call say,LINK,$$@)
	$$(Q)$$($1_CC) $$($1_CFLAGS) $$(LINKED) $$($1_LIBS) -o $$@
endef
$(foreach f,fast replay asan $(COUNTING),$(eval $(call without_engine,$f)))

# Nothing but the place among all counters where those of a library begin (harness/target/novelty.c).
$(B)/libfuzzer/counters_of_%.o:
	@mkdir -p $(@D)
	$(Q)printf '.section .note.GNU-stack\n.section __sancov_cntrs,"aw"\n.globl up_$(basename $(@F))\nup_$(basename $(@F)):\n' | \
		$(libfuzzer_CC) -x assembler -c - -o $@
MARKS        := $(B)/libfuzzer/counters_of_gmime.o $(B)/libfuzzer/counters_of_openssl.o
MARKED        = $(foreach l,$(libfuzzer_LIBS),$(if $(filter %/libgmime-3.0.a,$l),$(word 1,$(MARKS))) \
	$(if $(filter %/libcrypto.a,$l),$(word 2,$(MARKS))) $l)

$(B)/libfuzzer/fuzz/%: $(B)/libfuzzer/fuzz/fuzz_%.o $(B)/libfuzzer/built_from.o $(B)/libfuzzer/libunpend.a \
		| $(MARKS)
	$(call say,LINK,$@)
	$(Q)$(libfuzzer_CC) $(libfuzzer_CFLAGS) -fsanitize=fuzzer $(ENTRY) $(MUTATOR) \
		$(LINKED) $(MARKED) -o $@

# It takes no mail. libFuzzer would spend most of its time on the counters of libraries that are never called.
$(B)/libfuzzer/fuzz/machine: MARKED = $(MARKS) $(SYSTEM_LIBS)

# With libFuzzer's mutator, and with ours, which is not instrumented.
$(B)/plain/engine-mutator: $(B)/plain/fuzz/plain.o $(B)/plain/built_from.o
# The mutator reads in up_target whether the message is mail: that of fuzz_mime.o.
$(B)/plain/unpend-mutator: $(B)/plain/fuzz/plain.o $(B)/plain/built_from.o $(B)/asan/fuzz/fuzz_mime.o \
		$(B)/asan/libunpend.a
$(B)/plain/unpend-mutator: PLAIN_ENTRY := $(MUTATOR)
$(B)/plain/engine-mutator $(B)/plain/unpend-mutator:
	$(call say,LINK,$@)
	$(Q)$(plain_CC) $(plain_CFLAGS) -fsanitize=fuzzer $(PLAIN_ENTRY) $(LINKED) $(plain_LIBS) -o $@

# afl-clang-fast knows where its driver and its runtime are, and takes the first for the second.
$(B)/afl/fuzz/%: $(B)/afl/fuzz/fuzz_%.o $(B)/afl/built_from.o $(B)/afl/libunpend.a
	$(call say,LINK,$@)
	$(Q)AFL_QUIET=1 AFL_CC=$(afl_CC) afl-clang-fast $(afl_CFLAGS) -fsanitize=fuzzer $(ENTRY) $(LINKED) \
		$(afl_LIBS) -o $@

$(B)/afl/mutator.so: $(B)/fast/harness/target/afl_mutator.o $(B)/fast/libunpend.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(fast_CC) $(fast_CFLAGS) -shared -Wl,--exclude-libs,ALL $^ $(fast_LIBS) -o $@

# ClusterFuzz and `unpend campaign` look for these beside the target. Some targets need no such long inputs
# as fuzz/default.options allows.
smime_MAX_LEN   := 16384
machine_MAX_LEN := 2048
define beside_target
$(B)/$1/fuzz/%.options: fuzz/default.options
	@mkdir -p $$(@D) && sed 's/TARGET/$$*/$$($$*_MAX_LEN:%=;s/^max_len = .*/max_len = %/)' $$< >$$@
$(B)/$1/fuzz/%.dict: $(B)/unpend
	@mkdir -p $$(@D) && $(B)/unpend dictionary $$* >$$@
endef
$(foreach f,$(FROM_SOURCE),$(eval $(call beside_target,$f)))

$(TOOLS:%.c=$(B)/fast/%.o) $(TOOLS:%.c=$(B)/replay/%.o): CPPFLAGS += $(TOOL_CFLAGS)

$(B)/unpend: $(TOOLS:%.c=$(B)/fast/%.o) $(B)/fast/built_from.o $(B)/fast/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(fast_CC) $(fast_CFLAGS) $^ $(fast_LIBS) $(TOOL_LIBS) -o $@

# Shows judges that are not our code what there is to judge.
CARRIERS := $(B)/fast/tools/dev/carriers
$(CARRIERS): %: %.o $(B)/fast/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(fast_CC) $(fast_CFLAGS) $^ $(fast_LIBS) -o $@

# --- tests ----------------------------------------------------------------------------------------

# What the unit tests of tools/ are linked with: the program without its main().
$(B)/replay/libtools.a: $(patsubst %.c,$(B)/replay/%.o,$(filter-out tools/cli/unpend.c,$(TOOLS)))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

UNIT_TESTS := $(TESTS:%.c=$(B)/replay/%)
$(UNIT_TESTS): %: %.o $(B)/replay/libtools.a $(B)/replay/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(replay_CC) $(replay_CFLAGS) $^ $(replay_LIBS) $(TOOL_LIBS) -lcmocka -o $@

# Each test runs in the environment that targets give themselves.
TEST_ENVIRONMENT := G_SLICE=always-malloc LC_ALL=C.UTF-8 TZ=UTC OPENSSL_CONF=/dev/null

CHECKS := layers warnings pictures tests canaries example cases
.PHONY: $(CHECKS:%=check-%)
check-layers:
	@tools/dev/layers.sh

# The gcc builds stop at warnings by themselves; these are clang's.
ifneq ($(shell command -v $(CLANG)),)
CHECKED := $(SOURCES:%.c=$(B)/clang/%.checked)
-include $(SOURCES:%.c=$(B)/clang/%.d)
endif
$(B)/clang/%.checked: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(COMPILE) $(SYSTEM_CFLAGS) $(TOOL_CFLAGS) -fsyntax-only -MF $(@:.checked=.d) -MT $@ $<
	@touch $@
check-warnings: $(CHECKED)
	@echo "warnings: $(if $(CHECKED),clang has none in $(words $(CHECKED)) files,skipped; clang is not installed)"

# The longest first.
SLOW_TESTS   := $(addprefix tools/,campaign/test_campaign.sh dev/test_add_one.sh promote/test_promote.sh \
	dev/test_bisect.sh dev/test_docs.sh cli/test_commands.sh gate/test_gate.sh)
# Without sanitizers, to compare what is found at each depth, and to count what a run costs.
FAST_TARGETS := $(TARGETS:%=$(B)/fast/fuzz/%)
SCRIPT_TESTS := $(SLOW_TESTS) $(filter-out $(SLOW_TESTS),$(wildcard tools/*/test_*.sh))
check-tests: $(UNIT_TESTS) $(B)/unpend $(CARRIERS) $(FAST_TARGETS) do-replay
	@$(TEST_ENVIRONMENT) UNPEND=$(B)/unpend CARRIERS=$(CARRIERS) tools/dev/run-tests.sh \
		$(SCRIPT_TESTS) $(UNIT_TESTS)

PICTURE := harness/scan_submit/machine

# The picture of the machine is committed, and is what its tables make.
check-pictures: $(B)/unpend
	@$(B)/unpend machine --dot | cmp - $(PICTURE).dot || \
		{ echo "$(PICTURE).dot is out of date: run make pictures"; exit 1; }
	@echo "pictures: as the tables make them"

# The example of pipeline.h keeps its promises on all seeds: a finding aborts it.
check-example: $(B)/replay/fuzz/example
	@$< $(wildcard seeds/scan_submit/*.case) && \
		echo "example: $(words $(wildcard seeds/scan_submit/*.case)) seeds, nothing found"

check-cases: $(B)/unpend do-replay
	@$(B)/unpend gate $(wildcard $(TARGETS:%=seeds/%))
	@$(B)/unpend gate $(GATE)

# In every flavour that is built and up to date: an old program lacks new canaries.
check-canaries: $(B)/unpend do-replay
	@flavours=replay; for flavour in $(FROM_SOURCE); do \
		[ -x $(B)/$$flavour/fuzz/canary ] || continue; \
		if $(MAKE) -q $(B)/$$flavour/fuzz/canary; then flavours="$$flavours $$flavour"; \
		else echo "canaries: $$flavour is older than its sources: make $$flavour"; fi; \
	done; $(B)/unpend doctor $$(printf ' --flavour %s' $$flavours)

.PHONY: do-check do-replay do-tools do-install do-judge-mutants do-libfuzzer do-afl do-asan do-fuel do-fuel-gcc \
	do-campaign do-bench do-pictures
# Everything is built first, as parallel as can be; then one check after the other, so that their
# output is in order and the gate's line is the last.
do-check: $(UNIT_TESTS) $(CHECKED) $(CARRIERS) $(FAST_TARGETS) $(B)/unpend do-replay
	@$(foreach check,$(CHECKS),$(MAKE) --no-print-directory check-$(check) &&) :
do-tools: $(B)/unpend
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^\#define UP_VERSION "\(.*\)"/\1/p' tools/cli/tool.h)
HEADERS := $(filter-out %_private.h %/drafts.h,$(wildcard harness/*.h harness/*/*.h))
# Headers include each other by their paths below include/unpend, which the flags name.
do-install: $(B)/unpend
	@cd harness && for header in $(HEADERS:harness/%=%); do \
		install -D -m 644 $$header $(DESTDIR)$(PREFIX)/include/unpend/$$header || exit 1; done
	@install -D -m 755 $(B)/unpend $(DESTDIR)$(PREFIX)/bin/unpend
	@install -D -m 644 $(B)/fast/libunpend.a $(DESTDIR)$(PREFIX)/lib/libunpend.a
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/pkgconfig
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: unpend' 'Version: $(VERSION)' \
		'Description: fuzzing and regression suite for mail pipelines' 'Requires: $(PACKAGES)' \
		'Cflags: -I$${prefix}/include/unpend' 'Libs: -L$${prefix}/lib -lunpend' \
		>$(DESTDIR)$(PREFIX)/lib/pkgconfig/unpend.pc
	@echo 'installed in $(DESTDIR)$(PREFIX)'
# Slow: some minutes. Needs libnss3-tools, and says so.
do-judge-mutants: $(B)/unpend $(CARRIERS)
	@UNPEND=$(B)/unpend CARRIERS=$(CARRIERS) tools/dev/judges.sh seeds/smime/clear-rsa.eml
do-replay: $(addprefix $(B)/replay/fuzz/,$(TARGETS) canary example)
do-libfuzzer: $(foreach t,$(TARGETS),$(addprefix $(B)/libfuzzer/fuzz/,$t $t.options $t.dict)) \
	$(B)/libfuzzer/fuzz/canary do-asan
# A campaign merges and measures by libFuzzer, whatever engine fuzzes.
do-afl: $(foreach t,$(TARGETS),$(addprefix $(B)/afl/fuzz/,$t $t.options $t.dict)) \
	$(B)/afl/fuzz/canary $(B)/afl/mutator.so do-libfuzzer
do-asan do-fuel do-fuel-gcc: do-%: $(addprefix $(B)/%/fuzz/,$(TARGETS) canary example) $(B)/unpend
do-bench: do-libfuzzer do-replay $(B)/plain/engine-mutator $(B)/plain/unpend-mutator $(FAST_TARGETS)
	@UNPEND=$(B)/unpend tools/dev/bench.sh $(BENCH)
# make itself ends with 2 whatever the status of a recipe is.
do-campaign: do-$(ENGINE_FLAVOUR)
	@$(B)/unpend campaign --engine $(ENGINE) --time $(TIME) $(addprefix --target ,$(TARGET)) $(CAMPAIGN) || \
	{ status=$$?; [ $$status -ne 1 ] || \
		echo 'make: the campaign worked and reported findings, which is status 1; make ends with an error'; \
	exit $$status; }
do-pictures: $(B)/unpend
	@command -v dot >/dev/null || { echo "pictures: install graphviz"; exit 1; }
	@$(B)/unpend machine --dot >$(PICTURE).dot
	@dot -Tsvg $(PICTURE).dot -o $(PICTURE).svg

# --- the front door -------------------------------------------------------------------------------
# Each job looks for its packages first. What follows is a make of its own, which finds them.

TIME ?= 60s
ALL_CORES = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: help setup check campaign install uninstall replay libfuzzer afl asan fuel fuel-gcc tools judge-mutants \
	bench bisect-build bisect-example pictures clean
help:
	@echo 'make check            everything that must hold: warnings, layers, tests, regressions;'
	@echo '                      GATE="--junit FILE --sarif FILE" writes reports, too'
	@echo 'make campaign         fuzz all targets; TIME=10m, TARGET=smime, ENGINE=both,'
	@echo '                      CAMPAIGN="--jobs 4"'
	@echo 'make setup            the packages for both, by apt'
	@echo 'make install          program, library, headers and unpend.pc; PREFIX=/usr/local, DESTDIR=;'
	@echo '                      make uninstall removes them'
	@echo 'make tools            build/unpend, the program'
	@echo 'make replay           the targets as plain programs, with the system libraries'
	@echo 'make libfuzzer        the targets for campaigns, which explore, and asan;'
	@echo '                      GMIME_SRC=DIR and OPENSSL_SRC=DIR take your own trees'
	@echo 'make afl              the same for campaigns by AFL++, and its mutator'
	@echo 'make asan             as replay, by clang, with instrumented libraries: reproduces findings'
	@echo 'make fuel             as replay, with edges counted: hangs and growth without a clock'
	@echo 'make fuel-gcc         the same by gcc, where there is no clang'
	@echo 'make judge-mutants    1,000 mutants judged by the command-line tools of OpenSSL and NSS'
	@echo 'make bench            speeds, edges, times to faults, costs, against a plain harness; an hour;'
	@echo '                      BENCH="--only instructions", BENCH=--write puts them into fuzz/README.md'
	@echo 'make bisect-example   git bisect run, on releases of GMime: which one fixed a bug; minutes'
	@echo 'make pictures         draw the state machine anew; needs graphviz'
	@echo 'make clean            remove build/; findings of campaigns in build/campaign too'

setup:
	@tools/build/setup.sh check && tools/build/setup.sh campaign

check replay tools install judge-mutants pictures:
	@tools/build/setup.sh check
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

# $(call replace,FILE): by FILE.new, if that differs
replace = { cmp -s $1.new $1 && rm $1.new || mv $1.new $1; }
# $(call provide,FLAVOUR): its libraries from the cache, built if need be; and a hash of their headers
define provide
@mkdir -p $(B)/$1
@tools/build/libraries.sh $1 >$($1_LIBRARIES).new || { rm -f $($1_LIBRARIES).new; exit 1; }
@while read -r library entry; do ln -sfn "$$entry" $(B)/$1/$$library; done <$($1_LIBRARIES).new
@cd $(B)/$1 && find -L gmime/include/gmime-3.0 openssl/include/openssl -type f | LC_ALL=C sort | \
	xargs sha256sum >headers.new && $(call replace,headers) && $(call replace,libraries)
endef

libfuzzer:
	@tools/build/setup.sh campaign
	$(call provide,asan)
	$(call provide,libfuzzer)
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

afl:
	@tools/build/setup.sh afl
	$(call provide,asan)
	$(call provide,libfuzzer)
	$(call provide,afl)
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

asan fuel fuel-gcc:
	@tools/build/setup.sh $@
	$(call provide,$@)
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

campaign:
	@$(if $(filter libfuzzer afl both,$(ENGINE)),,$(error ENGINE is libfuzzer, afl or both, not $(ENGINE)))
	@$(MAKE) --no-print-directory $(ENGINE_FLAVOUR)
	@$(MAKE) --no-print-directory do-$@

bench:
	@tools/build/setup.sh bench
	$(call provide,plain)
	@$(MAKE) --no-print-directory libfuzzer
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

# One target on what one commit of a library makes, for tools/dev/bisect-step.sh.
bisect-build:
	$(call provide,asan)
	@$(MAKE) --no-print-directory $(ALL_CORES) $(B)/asan/fuzz/$(TARGET)

bisect-example:
	@tools/build/setup.sh check && tools/build/setup.sh campaign
	@$(MAKE) --no-print-directory $(ALL_CORES) do-tools
	@UNPEND=$(B)/unpend tools/dev/bisect-gmime.sh

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/include/unpend
	rm -f $(DESTDIR)$(PREFIX)/bin/unpend $(DESTDIR)$(PREFIX)/lib/libunpend.a \
		$(DESTDIR)$(PREFIX)/lib/pkgconfig/unpend.pc

clean:
	rm -rf $(B)
