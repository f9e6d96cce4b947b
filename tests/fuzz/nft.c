/* Any text as a ruleset for nftables; one that may be JSON as a listing of it. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.nft", size && data[0] == '{' ? "prod.app" : NULL, data,
		   size);
	return 0;
}
