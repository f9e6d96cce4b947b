/*
 * What `terraform show -json` would print of a file that we emit, as Terraform
 * 1.11.4 and provider 5.100.0 do (tests/aws/terraform.py has the real ones).
 */
#ifndef FIREBREAK_TESTS_LIB_SHOWN_H
#define FIREBREAK_TESTS_LIB_SHOWN_H

#include "compiler/base/arena.h"

/*
 * FILE, which is the module `fw`, applied: its state; READ: and looked at again
 * since, so that each group lists its rules.
 */
const char *shown_state(struct arena *arena, const char *file, bool read);

/* The plan that makes all of FILE, of whose groups no id is known yet. */
const char *shown_plan(struct arena *arena, const char *file);

/*
 * The plan when it is there and was read, which changes nothing but that it takes
 * away the rule called GONE; NULL: none.
 */
const char *shown_again(struct arena *arena, const char *file, const char *gone);

#endif
