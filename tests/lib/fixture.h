/* What every test program needs: cmocka with its headers, and an arena a test. */
#ifndef FIREBREAK_TESTS_LIB_FIXTURE_H
#define FIREBREAK_TESTS_LIB_FIXTURE_H

#include "compiler/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* *STATE is a new arena without a limit. */
int arena_setup(void **state);
int arena_teardown(void **state);

/* A test that gets an arena as its state. */
#define IN_ARENA(test) \
	cmocka_unit_test_setup_teardown(test, arena_setup, arena_teardown)

#endif
