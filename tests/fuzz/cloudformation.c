/* Any text as a CloudFormation template. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.cfn.json", NULL, data, size);
	return 0;
}
