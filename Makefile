# make                 build/firebreak
# make gate            everything that has to pass, side by side: all of the checks below
# make check           unit, golden, property and include-law tests; no root
# make check-kernel    the emitted rulesets in network namespaces, real packets
# make check-aws       the emitted AWS files: schema, AWS command, a mock of AWS, Terraform
# make check-mutants   every change of one place in the example's outputs: caught?
# make check-z3        what the packet sets answer, asked of Z3
# make check-faults    faults put into the packet sets: found?
# make check-memory    every request for memory fails once
# make check-fuzz      a minute of libFuzzer on the parser, fmt and the readers (clang)
# make check-report    the report by axe-core, html-validate and a browser
# make bench           ratios; never fails on time
# make bench-engine    the packet sets alone, beside BuDDy
# make MODE=asan ...   the same with AddressSanitizer and UBSan
# make install DESTDIR= PREFIX=

MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
FLEX    ?= flex
BISON   ?= bison

WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS.release = -O2 -g
CFLAGS.asan    = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# clang warns of other things than gcc; the project is held to gcc's
CFLAGS.fuzz    = -O1 -gline-tables-only -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -Wno-error
CFLAGS  ?=
LDLIBS   = -ljansson -lnettle -lnftnl -lmnl -lpthread

# make V=1 shows every command.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $1	$@")

ifeq ($(CFLAGS.$(MODE)),)
$(error MODE is release, asan or fuzz)
endif

# The release program is build/firebreak; other modes have a folder each.
B       := $(if $(filter release,$(MODE)),build,build/$(MODE))
OBJ     := $(B)/obj
COMPILE  = $(CC) -std=gnu11 $(WARN) $(CFLAGS.$(MODE)) $(CFLAGS) -I. -Iinclude -I$(B)/gen -MMD -MP

LIB_SRC := $(wildcard compiler/*.c compiler/base/*.c compiler/evidence/*.c compiler/findings/*.c grammar/*.c backends/*.c backends/*/*.c)
CLI_SRC := $(wildcard compiler/cli/*.c)
TEST_LIB:= $(wildcard tests/lib/*.c)
TESTS   := $(wildcard tests/unit/test_*.c tests/prop/test_*.c) tests/memory/test_memory.c
TEST_BIN:= $(TESTS:tests/%.c=$(B)/tests/%)

LIB_OBJ := $(LIB_SRC:%.c=$(OBJ)/%.o) $(OBJ)/gen/policy.tab.o $(OBJ)/gen/policy.lex.o
CLI_OBJ := $(CLI_SRC:%.c=$(OBJ)/%.o)
TLB_OBJ := $(TEST_LIB:%.c=$(OBJ)/%.o)

all: $(B)/firebreak

$(B)/firebreak: $(CLI_OBJ) $(B)/libfirebreak.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libfirebreak.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/gen/policy.tab.c $(B)/gen/policy.tab.h &: grammar/policy.y
	@mkdir -p $(B)/gen
	$(call say,BISON)
	$(Q)$(BISON) -Wall -Wcex -Werror -d -o $(B)/gen/policy.tab.c $<

$(B)/gen/policy.lex.c: grammar/policy.l
	@mkdir -p $(B)/gen
	$(call say,FLEX)
	$(Q)$(FLEX) -o $@ $<

$(B)/gen/services.inc: grammar/services.fbk
	@mkdir -p $(B)/gen
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(B)/gen/starter.inc: compiler/cli/starter.fbk
	@mkdir -p $(B)/gen
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(B)/gen/%.inc: compiler/evidence/%.css
	@mkdir -p $(B)/gen
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(OBJ)/compiler/evidence/html_page.o: $(B)/gen/style.inc $(B)/gen/graph.inc
$(OBJ)/compiler/evidence/graph_svg.o: $(B)/gen/graph.inc

$(OBJ)/grammar/library.o: $(B)/gen/services.inc

$(OBJ)/compiler/cli/init.o: $(B)/gen/starter.inc

$(OBJ)/gen/%.o: $(B)/gen/%.c $(B)/gen/policy.tab.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Wno-missing-prototypes -c -o $@ $<

# The command sees the public headers and its own.
$(OBJ)/compiler/cli/%.o: compiler/cli/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c -o $@ $<

$(OBJ)/%.o: %.c $(B)/gen/policy.tab.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c -o $@ $<

$(B)/tests/%: $(OBJ)/tests/%.o $(TLB_OBJ) $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $< $(TLB_OBJ) $(B)/libfirebreak.a $(LDLIBS) -lcmocka

# Functions that the test puts others in front of, to make them fail.
WRAPPED := malloc calloc realloc free mmap munmap \
	arena_alloc arena_array arena_copy arena_grow arena_child
$(B)/tests/memory/test_memory: LDFLAGS += $(WRAPPED:%=-Wl,--wrap=%)

check: $(B)/firebreak $(TEST_BIN)
	FIREBREAK=$(B)/firebreak tests/run.sh $(TEST_BIN)

# What CI runs, the long ones first.  Everything that two of them need is built
# before, so that they only run.  What one says appears when it ends.
GATE := asan kernel mutants fuzz aws memory report faults z3 plain

gate: $(B)/firebreak $(TEST_BIN) $(B)/tests/z3/cases
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) -Otarget $(GATE:%=gate-%)
	@echo "the gate is passed"

gate-asan:  gate_runs = MODE=asan check
gate-plain: gate_runs = check
$(GATE:%=gate-%): gate-%:
	@echo "== $(or $(gate_runs),check-$*)"
	@start=$$(date +%s); $(MAKE) --no-print-directory $(or $(gate_runs),check-$*) || exit 1; \
		echo "== $(or $(gate_runs),check-$*) passed in $$(($$(date +%s) - start)) s"

# A build with clang in build/fuzz, then every target beside the others.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := policy layout nft terraform show cloudformation capture
FUZZ_BIN     := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)

check-fuzz: $(B)/firebreak
	$(Q)$(MAKE) --no-print-directory $(if $(findstring j,$(MAKEFLAGS)),,-j$$(nproc)) MODE=fuzz CC=clang fuzz-targets
	FIREBREAK=$(B)/firebreak tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS:%=build/fuzz/tests/fuzz/%)

fuzz-targets: $(FUZZ_BIN)

$(FUZZ_BIN): $(B)/tests/fuzz/%: $(OBJ)/tests/fuzz/%.o $(OBJ)/tests/fuzz/fuzz.o $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) -fsanitize=fuzzer $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Every single request for memory; `check` tries a sample.
check-memory: $(B)/tests/memory/test_memory
	$(B)/tests/memory/test_memory all

# Packets for the kernel tests, which knows nothing of firebreak.
$(B)/tests/kernel/traffic: $(OBJ)/tests/kernel/traffic.o $(OBJ)/tests/kernel/wire.o
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^

# In front of the C library in the kernel tests: spoils what is sent.
$(B)/tests/kernel/spoil.so: tests/kernel/spoil.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu11 -O1 -g $(WARN) -shared -fPIC -o $@ $< -ldl

# Proofs while the ruleset changes.
$(B)/tests/kernel/moments: $(OBJ)/tests/kernel/moments.o $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

check-kernel: $(B)/firebreak $(B)/tests/kernel/traffic $(B)/tests/kernel/moments $(B)/tests/kernel/spoil.so $(B)/tests/prop/test_mutate
	FIREBREAK=$(B)/firebreak python3 tests/kernel/run.py
	FIREBREAK=$(B)/firebreak SPOIL_LIBRARY=$(B)/tests/kernel/spoil.so python3 tests/kernel/live.py
	FIREBREAK=$(B)/firebreak MOMENTS=$(B)/tests/kernel/moments python3 tests/kernel/generation.py
	FIREBREAK=$(B)/firebreak TRAFFIC=$(B)/tests/kernel/traffic python3 tests/kernel/shapes.py
	FIREBREAK=$(B)/firebreak python3 tests/kernel/tampered.py
	FIREBREAK=$(B)/firebreak TRAFFIC=$(B)/tests/kernel/traffic python3 tests/kernel/hitless.py
	FIREBREAK=$(B)/firebreak TRAFFIC=$(B)/tests/kernel/traffic SPOIL_LIBRARY=$(B)/tests/kernel/spoil.so python3 tests/kernel/delta.py
	FIREBREAK=$(B)/firebreak python3 tests/kernel/flows.py
	FIREBREAK=$(B)/firebreak python3 tests/kernel/gateway.py
	FIREBREAK=$(B)/firebreak python3 tests/kernel/boot.py

check-aws: $(B)/firebreak
	FIREBREAK=$(B)/firebreak tests/aws/run.sh

# Every mutant of every output of the example policy; `check` tries a sample.
check-mutants: $(B)/tests/prop/test_mutate
	$(B)/tests/prop/test_mutate policies/modyo-connect
	$(B)/tests/prop/test_mutate --captures 7 tests/nft 2026-06-01 tests/nft

# The packet sets against Z3, and their tests against faults put into them.
check-z3: $(B)/tests/z3/cases
	tests/z3/run.sh $<

check-faults: $(B)/tests/prop/test_engine $(B)/tests/unit/test_pset
	tests/faults.sh $(B)

# The packet sets alone, beside BuDDy (libbdd-dev, which nothing else needs).
ENGINE_BENCH := $(patsubst %.c,$(OBJ)/%.o,$(wildcard tests/bench/engine/*.c))

$(B)/tests/bench/engine/engine: $(ENGINE_BENCH) $(TLB_OBJ) $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $(ENGINE_BENCH) $(OBJ)/tests/lib/dice.o $(B)/libfirebreak.a $(LDLIBS) -lbdd

bench-engine: $(B)/tests/bench/engine/engine
	$<

# The report in headless Chromium, light and dark, phone and paper.
check-report: $(B)/firebreak
	FIREBREAK=$(B)/firebreak tests/browser/run.sh

# Scanning and parsing alone.
$(B)/tests/bench/parse: $(OBJ)/tests/bench/parse.o $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One rule edited, and the invariants answered again.
$(B)/tests/bench/edit: $(OBJ)/tests/bench/edit.o $(OBJ)/tests/bench/engine/sets.o $(TLB_OBJ) $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ)/tests/bench/edit.o $(OBJ)/tests/bench/engine/sets.o $(OBJ)/tests/lib/dice.o $(B)/libfirebreak.a $(LDLIBS)

# What rulesets cost a packet.
$(B)/tests/bench/packets: $(OBJ)/tests/bench/packets.o $(OBJ)/tests/kernel/wire.o
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Security group rules beside the fewest that could do.
$(B)/tests/bench/fewest: $(OBJ)/tests/bench/fewest.o $(TLB_OBJ) $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS.$(MODE)) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

bench: $(B)/firebreak $(B)/tests/bench/parse $(B)/tests/bench/edit $(B)/tests/bench/fewest $(B)/tests/bench/packets
	FIREBREAK=$(B)/firebreak python3 tests/bench/bench.py
	PARSE=$(B)/tests/bench/parse python3 tests/bench/parse.py
	$(B)/tests/bench/edit
	$(B)/tests/bench/fewest policies/*/main.fbk
	FIREBREAK=$(B)/firebreak python3 tests/bench/verify.py
	FIREBREAK=$(B)/firebreak PACKETS=$(B)/tests/bench/packets python3 tests/bench/packets.py

install: $(B)/firebreak
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/firebreak
	install -m 755 $(B)/firebreak $(DESTDIR)$(PREFIX)/bin/firebreak
	install -m 644 $(B)/libfirebreak.a $(DESTDIR)$(PREFIX)/lib/libfirebreak.a
	install -m 644 include/firebreak/*.h $(DESTDIR)$(PREFIX)/include/firebreak

clean:
	rm -rf build

.PHONY: all gate $(GATE:%=gate-%) check check-memory check-fuzz check-report fuzz-targets check-kernel check-aws check-mutants check-z3 check-faults bench bench-engine install clean
.SECONDARY:

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TLB_OBJ:.o=.d) $(TESTS:%.c=$(OBJ)/%.d)
-include $(wildcard $(OBJ)/tests/fuzz/*.d)
