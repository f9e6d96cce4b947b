/* Any text as what describe-security-groups or …-rules answers. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.capture.json", NULL, data, size);
	return 0;
}
