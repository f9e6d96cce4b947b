/* Any text as what `terraform show -json` prints. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.show.json", NULL, data, size);
	return 0;
}
