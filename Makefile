# unpend - one front door; `make help` says what there is.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

GCC   ?= gcc
CLANG ?= clang
B     := build

TARGETS  := mime smime
PACKAGES := gmime-3.0 json-glib-1.0 zlib libcrypto

HARNESS := $(wildcard harness/case/*.c harness/mail/*.c harness/oracle/*.c)
GLUE    := fuzz/target.c fuzz/leaks.c fuzz/progress.c
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
SYSTEM_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
SYSTEM_LIBS   = $(shell pkg-config --libs $(PACKAGES))

# The user's program and what is measured.
fast_CC     := $(GCC)
fast_CFLAGS := -O2 -g
fast_LIBS    = $(SYSTEM_LIBS)
fast_HEADERS = $(SYSTEM_CFLAGS)

# Regressions and unit tests, anywhere: no fuzz engine, the system's libraries.
replay_CC     := $(GCC)
replay_CFLAGS := -O1 -g $(SANITIZE)
replay_LIBS    = $(SYSTEM_LIBS)
replay_HEADERS = $(SYSTEM_CFLAGS)

# Campaigns: the libraries are built from source with the engine's instrumentation.
libfuzzer_CC     := $(CLANG)
libfuzzer_CFLAGS := -O1 -gdwarf-4 $(SANITIZE) -fsanitize=fuzzer-no-link
LIBRARIES        := $(B)/libfuzzer/libraries
LIBRARY_DIRS      = $(shell cut -d' ' -f2 $(LIBRARIES))
libfuzzer_HEADERS = $(patsubst %,-isystem %/include/gmime-3.0 -isystem %/include,$(LIBRARY_DIRS)) \
	$(shell pkg-config --cflags gio-2.0 json-glib-1.0)
libfuzzer_LIBS    = $(wildcard $(addsuffix /lib/*.a,$(LIBRARY_DIRS))) \
	$(shell sed -n 's/^libs: //p' $(addsuffix /manifest,$(LIBRARY_DIRS))) \
	$(shell pkg-config --libs gio-2.0 json-glib-1.0 zlib)

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
$(foreach f,fast replay libfuzzer,$(eval $(call flavour,$f)))

# The test identities are built into the program.
$(foreach f,fast replay libfuzzer,$(B)/$f/harness/mail/identity.o): \
	$(wildcard seeds/identities/*.pem)

$(B)/replay/fuzz/%: $(B)/replay/fuzz/%.o $(B)/replay/fuzz/replay.o $(GLUE:%.c=$(B)/replay/%.o) \
		$(B)/replay/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(replay_CC) $(replay_CFLAGS) $^ $(replay_LIBS) -o $@

$(B)/libfuzzer/fuzz/%: $(B)/libfuzzer/fuzz/%.o $(GLUE:%.c=$(B)/libfuzzer/%.o) \
		$(B)/libfuzzer/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(libfuzzer_CC) $(libfuzzer_CFLAGS) -fsanitize=fuzzer $^ $(libfuzzer_LIBS) -o $@

# ClusterFuzz and `unpend campaign` look for these beside the target.
$(B)/libfuzzer/fuzz/%.options: fuzz/%.options
	@mkdir -p $(@D) && cp $< $@
$(B)/libfuzzer/fuzz/%.dict: fuzz/%.dict
	@mkdir -p $(@D) && cp $< $@

$(B)/unpend: $(TOOLS:%.c=$(B)/fast/%.o) $(B)/fast/fuzz/progress.o $(B)/fast/libunpend.a
	$(call say,LINK,$@)
	$(Q)$(fast_CC) $(fast_CFLAGS) $^ $(fast_LIBS) -o $@

# The library cache decides whether anything has to be built; the file changes only if that does.
.PHONY: FORCE
$(LIBRARIES): FORCE
	@mkdir -p $(@D)
	@tools/libraries.sh libfuzzer >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# --- jobs -----------------------------------------------------------------------------------------

.PHONY: replay libfuzzer tools
tools: $(B)/unpend
replay: $(TARGETS:%=$(B)/replay/fuzz/%) $(B)/replay/fuzz/canary
libfuzzer: $(foreach t,$(TARGETS),$(addprefix $(B)/libfuzzer/fuzz/,$t $t.options $t.dict)) \
	$(B)/libfuzzer/fuzz/canary
