/* What the fuzz targets share. */
#ifndef FIREBREAK_TESTS_FUZZ_FUZZ_H
#define FIREBREAK_TESTS_FUZZ_FUZZ_H

#include "firebreak/firebreak.h"

#include <stdint.h>

/* A context as of 2026-11-23 with 256 MiB. */
struct fb *fuzz_context(void);

/* Draw everything that was said, as text; abort when it holds a raw control. */
void fuzz_tell(struct fb *fb);

/*
 * Prove the SIZE bytes at DATA, known as NAME, against tests/fuzz/shop.fbk, as
 * its PART; NULL: they have to say it.
 */
void fuzz_prove(const char *name, const char *part, const uint8_t *data,
		size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
