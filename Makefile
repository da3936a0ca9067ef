# lbsim: one non-recursive Makefile. `make help` lists the targets.
#
# Sources are found by folder, headers by the compiler (-MMD), objects of different settings stay
# apart under build/VARIANT/. Without pkg-config or the libraries `make deps` and `make help` work, and
# what compiles says which is missing.

VERSION := 0.1.0

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
# Without the vectors of two that gcc makes of neighbours in a struct: what was stored as one is soon
# read as two, or the other way round, and that waits. 1.5 to 5 % of a run with 100 backends.
OPT     ?= -O2 -g -fno-tree-slp-vectorize
ifeq ($(origin CC),default)
CC      := gcc
endif
VARIANT ?= $(if $(filter gcc cc,$(CC)),release,$(CC))
B       := $(BUILD)/$(VARIANT)

# The variant everybody means by `make` leaves its program at ./lbsim; all others inside B.
PROGRAM := $(if $(filter build/release,$(B)),lbsim,$(B)/lbsim)
RUN     := $(if $(filter /%,$(PROGRAM)),,./)$(PROGRAM)

LIBRARIES := ncursesw gsl sqlite3 yaml-0.1 libxxhash zlib libmd

# As many jobs as there are processors, unless told otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),1)
endif

# --- flags ---------------------------------------------------------------------------------------

DEFINES   := -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
             -Wmissing-prototypes -Wformat=2 -Wvla -Wundef
WERROR    ?= $(if $(filter true 1,$(CI)),1)
STRICT    := $(if $(filter-out 0,$(WERROR)),-Werror)
EXTRA     :=
ifeq ($(VARIANT),asan)
OPT       := -O1 -g
EXTRA     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
             -DLB_CHECK_SLOW
else ifeq ($(VARIANT),tsan)
OPT       := -O1 -g
EXTRA     := -fsanitize=thread
else ifeq ($(VARIANT),coverage)
OPT       := -O1 -g
EXTRA     := --coverage
endif

# Asked once; nothing when there is no pkg-config. -I only: ncursesw.pc defines feature macros of its
# own.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags-only-I $(LIBRARIES) 2>/dev/null))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(LIBRARIES)))$(PKG_LIBS)
CUNIT_LIBS = $(eval CUNIT_LIBS := $$(shell pkg-config --libs cunit))$(CUNIT_LIBS)

COMPILE = $(CC) -std=c17 $(DEFINES) $(OPT) $(WARNINGS) $(STRICT) -ffp-contract=off -pthread -I. \
          $(EXTRA) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) $(OPT) -pthread $(EXTRA) $(LDFLAGS)

# --- what there is -------------------------------------------------------------------------------

SOURCES      := $(sort $(wildcard sim/*/*.c algorithms/*.c algorithms/*/*.c ui/*/*.c reports/*.c))
OBJECTS      := $(SOURCES:%.c=$(B)/%.o)
ARCHIVE      := $(B)/liblbsim.a
TEST_C       := $(sort $(wildcard tests/*/test_*.c))
TEST_SCRIPTS := $(sort $(wildcard tests/*/test_*.sh tests/*/test_*.py))
BENCH_SHARED := tests/bench/farm.c
BENCH_C      := $(filter-out $(BENCH_SHARED),$(sort $(wildcard tests/bench/*.c)))
FUZZ_C       := $(sort $(wildcard tests/fuzz/fuzz_*.c))
# What several test programs share: C files of tests/ that are no program themselves.
SHARED_C     := $(filter-out $(TEST_C) $(BENCH_C) $(BENCH_SHARED) $(FUZZ_C), \
                $(sort $(wildcard tests/*/*.c)))
TEST_BIN     := $(TEST_C:%.c=$(B)/%)

# The rooms that a run goes through are linked as one piece into the program: 7 to 9 % of a run in
# which everything is on. Tests are linked as usual: the objects have both, the linker must be told.
# The program is there 6 s sooner without: `make WHOLE=`.
WHOLE        ?= $(if $(filter gcc-release,$(CC)-$(VARIANT)),-flto=auto -ffat-lto-objects)
HOT          := sim/engine sim/balancer sim/model algorithms
$(filter $(HOT:%=$(B)/%/%),$(OBJECTS)): EXTRA += $(WHOLE)
BENCH_BIN    := $(BENCH_C:%.c=$(B)/%)
FUZZ_BIN     := $(FUZZ_C:%.c=$(B)/%)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all demo check check-cluster margins intervals random bench asan tsan tidy format coverage fuzz determinism deps deps-cluster help install clean \
        tests FORCE

all: $(PROGRAM)

# What is run is shown in short; V=1 shows it in full, -s nothing.
Q   := $(if $(filter-out 0,$(V)),,@)
say  = $(if $(findstring s,$(firstword -$(MAKEFLAGS)))$(V),@:,@printf '  %-5s %s\n' $(1) $(2))

# --- compiling -----------------------------------------------------------------------------------

# FORCE when the file does not hold this text: what depends on a setting depends on such a file.
changed = $(if $(findstring |$(strip $(2))|,|$(strip $(shell cat $(1) 2>/dev/null))|),,FORCE)

# The compiler and its flags; everything compiled depends on it.
$(B)/flags: $(call changed,$(B)/flags,$(COMPILE))
	@pkg-config --exists --print-errors $(LIBRARIES) || \
	    { echo "libraries are missing: run 'make deps'" >&2; exit 1; }
	@mkdir -p $(@D)
	@echo '$(COMPILE)' > $@

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# The version stands in one object, which changes with the commit; `private`, or what it depends on
# would be made with the same flags.
COMMIT := $(shell git describe --always --exclude='*' --dirty=,modified 2>/dev/null)
$(B)/commit: $(call changed,$(B)/commit,$(VERSION) $(COMMIT))
	@mkdir -p $(@D)
	@echo '$(VERSION) $(COMMIT)' > $@

$(B)/ui/cli/version.o: private CPPFLAGS += -DLBSIM_VERSION='"$(VERSION)"' \
    -DLBSIM_COMMIT='"$(COMMIT)"'
$(B)/ui/cli/version.o: $(B)/commit

# Files that the assembler puts into the program (sim/base/embed.h): the compiler does not see them.
EMBEDDED  := $(wildcard sim/*/*.sql reports/*.sql reports/*.gp reports/*.html reports/*.css)
EMBEDDERS := $(shell grep -ls '^EMBED_FILE' $(SOURCES) /dev/null)
$(EMBEDDERS:%.c=$(B)/%.o): $(EMBEDDED)

# Which sources there are: the object of one that is gone must leave the archive.
$(B)/list: $(call changed,$(B)/list,$(SOURCES))
	@mkdir -p $(@D)
	@echo '$(SOURCES)' > $@

$(ARCHIVE): $(filter-out $(B)/ui/cli/main.o,$(OBJECTS)) $(B)/list
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(PROGRAM): $(B)/ui/cli/main.o $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(LINK) $(WHOLE) -o $@ $^ $(PKG_LIBS) -lm

# What EMBED_FILE (sim/base/embed.h) puts into an object, and the compiler does not see.
$(B)/sim/record/schema.o: $(wildcard sim/record/*.sql reports/*.sql)
$(B)/reports/template.o: $(wildcard reports/*.gp)

# --- tests ---------------------------------------------------------------------------------------

$(B)/libtests.a: $(SHARED_C:%.c=$(B)/%.o)
	$(call say,AR,$@)
	@rm -f $@
	@mkdir -p $(@D)
	$(Q)$(AR) rcs $@ $^

$(TEST_BIN): %: %.o $(B)/libtests.a $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(LINK) $(if $(WHOLE),-fno-lto) -o $@ $^ $(PKG_LIBS) $(CUNIT_LIBS) -lm

$(BENCH_BIN): %: %.o $(BENCH_SHARED:%.c=$(B)/%.o) $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(LINK) $(WHOLE) -o $@ $^ $(PKG_LIBS) -lm

tests: $(PROGRAM) $(TEST_BIN)

TESTS ?= $(TEST_C) $(TEST_SCRIPTS)
RUN_TESTS = CC='$(CC)' tests/tools/run_tests.sh $(B) $(PROGRAM)

check:
	@tests/tools/deps.sh --if-missing build run test
	@$(MAKE) --no-print-directory tests
	@$(RUN_TESTS) $(TESTS)

# The C tests, and the scripts that say `# asan: yes`, on a build that stops at the first bad access.
asan:
	@$(MAKE) --no-print-directory VARIANT=asan tests
	@$(MAKE) --no-print-directory VARIANT=asan run-sanitized

# What has threads, under the thread sanitizer: the tests that say `tsan: yes` in their first lines.
# The others have one thread.
tsan:
	@$(MAKE) --no-print-directory VARIANT=tsan tests
	@TIMES=10 $(MAKE) --no-print-directory VARIANT=tsan run-tests \
	    TESTS='$(or $(if $(findstring command,$(origin TESTS)),$(TESTS)),$(shell \
	    grep -ls 'tsan: yes' $(TEST_C) $(TEST_SCRIPTS) /dev/null))'

.PHONY: run-tests
run-tests:
	@$(RUN_TESTS) $(TESTS)

.PHONY: run-sanitized
run-sanitized:
	@$(RUN_TESTS) $(if $(findstring command,$(origin TESTS)),$(TESTS),$(TEST_C) \
	    $$(grep -ls '^# asan: yes' $(TEST_SCRIPTS) /dev/null))

# How far the expectations of every scenario are from failing by chance.
margins: $(PROGRAM)
	@$(RUN) run --margins $(wildcard scenarios/*.yaml scenarios/*/*.yaml)

# The coverage gate: 400 experiments on each of three queues, minutes of processor time.
intervals: $(PROGRAM)
	@$(RUN) validate --coverage

# Random valid scenarios under the sanitizers: N of them from SEED on. One that breaks down is printed,
# and kept in KEEP.
N    ?= 1000
KEEP ?= /tmp
random: SEED := $(or $(SEED),$(shell date +%s))
random:
	@$(MAKE) --no-print-directory VARIANT=asan $(BUILD)/asan/tests/unit/test_wild_scenarios
	@echo "N=$(N) SEED=$(SEED)"
	@N=$(N) SEED=$(SEED) KEEP='$(KEEP)' $(BUILD)/asan/tests/unit/test_wild_scenarios

# Sweeps in shards, by a Slurm of our own on loopback and by GNU parallel: tests/cluster.
CLUSTER := $(sort $(wildcard tests/cluster/check_*.py))
check-cluster: all
	@tests/tools/deps.sh --list cluster || { echo "run 'make deps-cluster'" >&2; exit 1; }
	@$(RUN_TESTS) $(CLUSTER)

coverage:
	@$(MAKE) --no-print-directory VARIANT=coverage tests
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory VARIANT=coverage run-covered || echo 'some tests failed'
	@tests/tools/python.sh tests/tools/coverage.py $(BUILD)/coverage

# Those that judge other builds, the source or the speed cover nothing.
.PHONY: run-covered
run-covered:
	@$(RUN_TESTS) $(filter-out %/test_determinism.sh %/test_bench.sh tests/tools/%,$(TESTS))

determinism: all
	@$(RUN_TESTS) tests/unit/test_determinism.sh

# Everything that measures, in one go; what is in Python finds its own scenarios. With BASE=COMMIT
# instead: this program against that commit, which is built under $(BUILD)/base.
BENCH_MORE := $(wildcard tests/bench/*_cost.py)

ifdef BASE
bench: $(PROGRAM) $(BENCH_BIN)
	@tests/tools/base.sh '$(BASE)' $(BUILD)/base
	@$(MAKE) --no-print-directory -s -C $(BUILD)/base BUILD=build VARIANT=release BASE= all
	@$(B)/tests/bench/against $(BUILD)/base/lbsim $(RUN) $(ROUNDS)
else
bench: $(PROGRAM) $(BENCH_BIN)
	@$(RUN) bench
	@echo
	@$(B)/tests/bench/engine_hold
	@echo
	@$(B)/tests/bench/compare $(RUN) $(B)/tests/bench/bare
	@for more in $(BENCH_MORE); do \
	    echo && LBSIM='$(abspath $(PROGRAM))' tests/tools/python.sh "$$more" || exit 1; \
	done
endif

# --- fuzzing (clang's libFuzzer) -----------------------------------------------------------------

FUZZ_SECONDS ?= 60
FUZZ_FLAGS    = -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang run-fuzz

ifeq ($(VARIANT),fuzz)
OPT   := -O1 -g
EXTRA := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
         -fno-omit-frame-pointer -DLB_CHECK_SLOW
endif

$(FUZZ_BIN): %: %.o $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS) -lm

.PHONY: run-fuzz
run-fuzz: $(FUZZ_BIN)
	@tests/tools/fuzz.sh $(B) $(FUZZ_SECONDS) $(FUZZ_C)

# --- the rest ------------------------------------------------------------------------------------

demo:
	@tests/tools/deps.sh --if-missing build run
	@$(MAKE) --no-print-directory all
	$(RUN) demo

# For tests/tools/tidy.py, which compiles each header alone.
.PHONY: print-compile
print-compile:
	@echo '$(COMPILE)'

tidy:
	@tests/tools/python.sh tests/tools/tidy.py

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

deps:
	@tests/tools/deps.sh build run test tools

deps-cluster:
	@tests/tools/deps.sh cluster

# --- the algorithms as a library for others ------------------------------------------------------

LIBRARY         := $(B)/liblbalgorithms.a
LIBRARY_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter algorithms/%,$(SOURCES)))
LIBRARY_HEADERS := $(wildcard algorithms/*.h)

$(LIBRARY): $(LIBRARY_OBJECTS) $(B)/list
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# What `pkg-config lbsim-algorithms` answers. Written when it is installed: it names the prefix.
define PC_FILE
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include/lbsim

Name: lbsim-algorithms
Description: Load-balancing algorithms: the decisions of real balancers, pick for pick
Version: $(VERSION)
Requires: libxxhash zlib libmd
Libs: -L$${libdir} -llbalgorithms -lm
Cflags: -I$${includedir}
endef
export PC_FILE

LIB_DIR    = $(DESTDIR)$(PREFIX)/lib
HEADER_DIR = $(DESTDIR)$(PREFIX)/include/lbsim/algorithms
MAN        = $(DESTDIR)$(PREFIX)/share/man/man1
BASH_DIR   = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_DIR    = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_DIR   = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
DATA_DIR   = $(DESTDIR)$(PREFIX)/share/lbsim
SCENARIO_FILES   = $(wildcard scenarios/*.yaml scenarios/*/*.yaml scenarios/*/*.csv)
SCENARIO_FOLDERS = $(sort $(patsubst %/,%,$(dir $(wildcard scenarios/*/*.yaml))))

install: $(PROGRAM) $(LIBRARY)
	install -d $(LIB_DIR)/pkgconfig $(HEADER_DIR)
	install -m 644 $(LIBRARY) $(LIB_DIR)
	install -m 644 $(LIBRARY_HEADERS) $(HEADER_DIR)
	printf '%s\n' "$$PC_FILE" > $(LIB_DIR)/pkgconfig/lbsim-algorithms.pc
	install -d $(DESTDIR)$(PREFIX)/bin $(MAN) $(BASH_DIR) $(ZSH_DIR) $(FISH_DIR) \
	    $(DATA_DIR)/scenarios $(addprefix $(DATA_DIR)/,$(SCENARIO_FOLDERS))
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/lbsim
	for file in $(SCENARIO_FILES); do \
	    install -m 644 $$file $(DATA_DIR)/$$file || exit; done
	$(RUN) help --man > $(MAN)/lbsim.1
	$(RUN) help --completion bash > $(BASH_DIR)/lbsim
	$(RUN) help --completion zsh > $(ZSH_DIR)/_lbsim
	$(RUN) help --completion fish > $(FISH_DIR)/lbsim.fish

clean:
	rm -rf build lbsim

help:
	@echo 'make              build ./lbsim'
	@echo 'make demo         install what is missing, build, show it: a backend dies and comes back'
	@echo 'make check        install what is missing, build, run all tests (TESTS="FILE ..." some)'
	@echo 'make check-cluster   sweeps in shards, really run by Slurm (on loopback) and GNU parallel'
	@echo 'make margins      how far each expectation of each scenario is from failing by chance'
	@echo 'make intervals    how often 95 % intervals hold the truth: 400 experiments on three queues'
	@echo 'make random       random valid scenarios under the sanitizers (N=1000 SEED=...)'
	@echo 'make bench        nanoseconds an event and a decision, beside a bare loop'
	@echo 'make bench BASE=COMMIT   this program against that commit: processor time, digests'
	@echo 'make asan         the tests under the address and undefined-behaviour sanitizers'
	@echo 'make tsan         what has threads, under the thread sanitizer'
	@echo 'make tidy         house rules: includes, sizes, format, static analysis'
	@echo 'make format       clang-format every source file in place'
	@echo 'make coverage     line coverage of the tests, a row for each room'
	@echo 'make fuzz         libFuzzer on what reads files (FUZZ_SECONDS=60 each)'
	@echo 'make determinism  the same digests from gcc and clang, -O0 and -O2'
	@echo 'make deps         install the libraries and tools'
	@echo 'make deps-cluster  install what make check-cluster needs: slurm-wlm, munge, parallel'
	@echo 'make install      program, manual and the algorithms as a library: PREFIX=/usr/local, DESTDIR='
	@echo 'make clean        remove what was built'
	@echo 'make help         this'
	@echo
	@echo 'Variables: CC=clang, OPT="-O0 -g", CFLAGS, LDFLAGS, WERROR=1 (CI=true sets it), V=1,'
	@echo 'BUILD=FOLDER (then the program is FOLDER/release/lbsim), VARIANT=NAME.'

-include $(OBJECTS:.o=.d) $(TEST_BIN:=.d) $(BENCH_BIN:=.d) $(FUZZ_BIN:=.d) \
         $(SHARED_C:%.c=$(B)/%.d) $(BENCH_SHARED:%.c=$(B)/%.d)
