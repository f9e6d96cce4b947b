/* Any text as Terraform JSON. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.tf.json", NULL, data, size);
	return 0;
}
