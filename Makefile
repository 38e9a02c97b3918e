# unpend - one front door; `make help` says what there is.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

GCC   ?= gcc
CLANG ?= clang
B     := build

TARGETS  := mime smime scan_submit machine
PACKAGES := gmime-3.0 json-glib-1.0 zlib libcrypto

FOLDERS := case mail mutate ledger oracle scan_submit faults world
HARNESS := $(wildcard $(FOLDERS:%=harness/%/*.c))
GLUE    := $(addprefix fuzz/,target.c leaks.c progress.c play.c feedback.c)
TOOLS   := $(wildcard tools/*.c)
TESTS   := $(wildcard harness/tests/test_*.c tools/tests/test_*.c)
SOURCES := $(HARNESS) $(wildcard fuzz/*.c) $(TOOLS) $(TESTS)

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

# The user's program and what is measured.
fast_CC     := $(GCC)
fast_CFLAGS := -O2 -g
fast_LIBS    := $(SYSTEM_LIBS)
fast_HEADERS := $(SYSTEM_CFLAGS)

# Regressions and unit tests, anywhere: no fuzz engine, the system's libraries.
replay_CC     := $(GCC)
replay_CFLAGS := -O1 -g $(SANITIZE)
replay_LIBS    := $(SYSTEM_LIBS)
replay_HEADERS := $(SYSTEM_CFLAGS)

# What the gcc builds are compared with (check-determinism).
clang_CC      := $(CLANG)
clang_CFLAGS  := -O1 -g
clang_LIBS    := $(SYSTEM_LIBS)
clang_HEADERS := $(SYSTEM_CFLAGS)

# Campaigns: the libraries are built from source with the engine's instrumentation.
libfuzzer_CC     := $(CLANG)
libfuzzer_CFLAGS := -O1 -gdwarf-4 $(SANITIZE) -fsanitize=fuzzer-no-link
LIBRARIES         := $(B)/libfuzzer/libraries
LIBRARY_DIRS      := $(shell [ -f $(LIBRARIES) ] && cut -d' ' -f2 $(LIBRARIES))
libfuzzer_HEADERS := $(patsubst %,-isystem %/include/gmime-3.0 -isystem %/include,$(LIBRARY_DIRS)) \
	$(shell pkg-config --cflags gio-2.0 json-glib-1.0 2>/dev/null)
libfuzzer_LIBS    := $(wildcard $(addsuffix /lib/*.a,$(LIBRARY_DIRS))) \
	$(if $(LIBRARY_DIRS),$(shell sed -n 's/^libs: //p' $(addsuffix /manifest,$(LIBRARY_DIRS)))) \
	$(shell pkg-config --libs gio-2.0 json-glib-1.0 zlib 2>/dev/null)

# $(call flavour,NAME): objects and the harness as a library.
define flavour
$(B)/$1/%.o: %.c $($1_NEEDS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$($1_CC) $$(COMPILE) $$($1_CFLAGS) $$($1_HEADERS) -c $$< -o $$@

$(B)/$1/libunpend.a: $(HARNESS:%.c=$(B)/$1/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

-include $$(SOURCES:%.c=$(B)/$1/%.d)
endef
libfuzzer_NEEDS := $(LIBRARIES)
$(foreach f,fast clang replay libfuzzer,$(eval $(call flavour,$f)))

# The test identities are built into the program.
$(foreach f,fast clang replay libfuzzer,$(B)/$f/harness/mail/identity.o): \
	$(wildcard seeds/identities/*.pem)

$(B)/replay/fuzz/%: $(B)/replay/fuzz/%.o $(B)/replay/fuzz/replay.o $(GLUE:%.c=$(B)/replay/%.o) \
		$(B)/replay/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(replay_CC) $(replay_CFLAGS) $^ $(replay_LIBS) -o $@

$(B)/libfuzzer/fuzz/%: $(B)/libfuzzer/fuzz/%.o $(GLUE:%.c=$(B)/libfuzzer/%.o) \
		$(B)/libfuzzer/fuzz/mutator.o $(B)/libfuzzer/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(libfuzzer_CC) $(libfuzzer_CFLAGS) -fsanitize=fuzzer $^ $(libfuzzer_LIBS) -o $@

$(B)/fast/fuzz/ledgers $(B)/clang/fuzz/ledgers: $(B)/%/fuzz/ledgers: $(B)/%/fuzz/ledgers.o \
		$(B)/%/libunpend.a
	$(call say,LINK,$@)
	$(Q)$($*_CC) $($*_CFLAGS) $^ $($*_LIBS) -o $@

# ClusterFuzz and `unpend campaign` look for these beside the target.
$(B)/libfuzzer/fuzz/%.options: fuzz/%.options
	@mkdir -p $(@D) && cp $< $@
$(B)/libfuzzer/fuzz/%.dict: fuzz/%.dict
	@mkdir -p $(@D) && cp $< $@

$(B)/unpend: $(TOOLS:%.c=$(B)/fast/%.o) $(B)/fast/fuzz/progress.o $(B)/fast/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(fast_CC) $(fast_CFLAGS) $^ $(fast_LIBS) -o $@

# --- tests ----------------------------------------------------------------------------------------

# What the unit tests of tools/ are linked with: the program without its main(), and what of the
# targets can be tested by itself.
$(B)/replay/libtools.a: $(patsubst %.c,$(B)/replay/%.o,$(filter-out tools/unpend.c,$(TOOLS))) \
		$(B)/replay/fuzz/progress.o $(B)/replay/fuzz/feedback.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

UNIT_TESTS := $(TESTS:%.c=$(B)/replay/%)
$(UNIT_TESTS): %: %.o $(B)/replay/libtools.a $(B)/replay/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(replay_CC) $(replay_CFLAGS) $^ $(replay_LIBS) -lcmocka -o $@

# Each test runs in the environment that targets give themselves.
TEST_ENVIRONMENT := G_SLICE=always-malloc LC_ALL=C.UTF-8 TZ=UTC OPENSSL_CONF=/dev/null

.PHONY: check-layers check-warnings check-tests check-commands check-written check-cases \
	check-canaries check-determinism check-example
check-layers:
	@tools/layers.sh

# The gcc builds stop at warnings by themselves; this is clang's opinion.
check-warnings:
	@if command -v $(CLANG) >/dev/null; then \
		$(CLANG) -std=c11 $(WARNINGS) $(CPPFLAGS) $(SYSTEM_CFLAGS) -fsyntax-only $(SOURCES) && \
		echo "warnings: clang has none in $(words $(SOURCES)) files"; \
	else echo "warnings: clang is not installed, its opinion is skipped"; fi

check-tests: $(UNIT_TESTS) $(B)/unpend do-replay
	@status=0; for test in $(UNIT_TESTS); do \
		$(TEST_ENVIRONMENT) $$test || { echo "FAILED: $$test"; status=1; }; \
	done; exit $$status

check-commands: $(B)/unpend do-replay
	@UNPEND=$(B)/unpend sh tools/tests/test_commands.sh
	@UNPEND=$(B)/unpend sh tools/tests/test_campaign.sh

PICTURE := harness/scan_submit/machine

# What is made from tables, and committed, is what the tables make.
check-written: $(B)/unpend
	@for target in $(TARGETS); do \
		$(B)/unpend dictionary $$target | cmp - fuzz/$$target.dict || \
		{ echo "fuzz/$$target.dict is old: run make dictionaries"; exit 1; }; \
	done; echo "dictionaries: as the tables make them"
	@$(B)/unpend machine --dot | cmp - $(PICTURE).dot || \
		{ echo "$(PICTURE).dot is old: run make pictures"; exit 1; }
	@echo "pictures: as the tables make them"

# The example of pipeline.h keeps its promises on all seeds: an oracle that speaks aborts it.
check-example: $(B)/replay/fuzz/example
	@$< $(wildcard seeds/scan_submit/*.case) && \
		echo "example: $(words $(wildcard seeds/scan_submit/*.case)) seeds, nothing found"

check-cases: $(B)/unpend do-replay
	@$(B)/unpend gate $(wildcard $(TARGETS:%=seeds/%))
	@$(B)/unpend gate

# One case, one ledger: by each compiler that there is, in any order, however often.
LEDGERS := $(B)/fast/fuzz/ledgers $(if $(shell command -v $(CLANG)),$(B)/clang/fuzz/ledgers)
check-determinism: $(LEDGERS)
	@tools/determinism.sh $(LEDGERS) -- \
		$(wildcard $(foreach t,scan_submit smime,regressions/$t/*.case seeds/$t/*.*))

check-canaries: $(B)/unpend do-replay
	@$(B)/unpend doctor

.PHONY: do-check do-replay do-tools do-libfuzzer do-campaign do-dictionaries do-seeds do-pictures
# One after the other, so that the output reads as a story and the closing line is the gate's.
do-check: $(UNIT_TESTS) $(B)/unpend do-replay $(LEDGERS)
	@$(MAKE) --no-print-directory -j1 check-layers check-warnings check-written check-tests \
		check-commands check-canaries check-determinism check-example check-cases
do-tools: $(B)/unpend
do-replay: $(addprefix $(B)/replay/fuzz/,$(TARGETS) canary example)
do-libfuzzer: $(foreach t,$(TARGETS),$(addprefix $(B)/libfuzzer/fuzz/,$t $t.options $t.dict)) \
	$(B)/libfuzzer/fuzz/canary $(B)/unpend
do-campaign: do-libfuzzer
	@$(B)/unpend campaign --time $(TIME) $(addprefix --target ,$(TARGET)) $(CAMPAIGN)
do-dictionaries: $(B)/unpend
	@for target in $(TARGETS); do $(B)/unpend dictionary $$target >fuzz/$$target.dict; done
do-seeds: $(B)/unpend
	@$(B)/unpend seeds --out seeds
# Only who changes the machine needs graphviz.
do-pictures: $(B)/unpend
	@command -v dot >/dev/null || { echo "pictures: install graphviz, which draws them"; exit 1; }
	@$(B)/unpend machine --dot >$(PICTURE).dot
	@dot -Tsvg $(PICTURE).dot -o $(PICTURE).svg

# --- the front door -------------------------------------------------------------------------------
# Each job looks for its packages first. What follows is a make of its own, which finds them.

TIME ?= 60s
ALL_CORES := $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))

.PHONY: help setup check campaign replay libfuzzer tools dictionaries seeds pictures clean
help:
	@echo 'make check            everything that must hold: warnings, layers, tests, regressions'
	@echo 'make campaign         fuzz all targets; TIME=10m, TARGET=smime, CAMPAIGN="--jobs 4"'
	@echo 'make setup            the packages for both, by apt'
	@echo 'make tools            build/unpend, the program'
	@echo 'make replay           the targets as plain programs, with the system libraries'
	@echo 'make libfuzzer        the targets for campaigns, with instrumented libraries;'
	@echo '                      GMIME_SRC=DIR and OPENSSL_SRC=DIR take your own trees'
	@echo 'make dictionaries     write fuzz/*.dict anew, from the tables'
	@echo 'make seeds            write seeds/ anew'
	@echo 'make pictures         draw the machine anew, from the tables; needs graphviz'
	@echo 'make clean            remove build/; findings of campaigns in build/campaign too'

setup:
	@tools/setup.sh check && tools/setup.sh campaign

check replay tools dictionaries seeds pictures:
	@tools/setup.sh check
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

# The library cache decides whether anything has to be built; the file changes only if that does.
campaign libfuzzer:
	@tools/setup.sh campaign
	@mkdir -p $(dir $(LIBRARIES))
	@tools/libraries.sh libfuzzer >$(LIBRARIES).new || { rm -f $(LIBRARIES).new; exit 1; }
	@cmp -s $(LIBRARIES).new $(LIBRARIES) && rm $(LIBRARIES).new || mv $(LIBRARIES).new $(LIBRARIES)
	@$(MAKE) --no-print-directory $(ALL_CORES) do-$@

clean:
	rm -rf $(B)
