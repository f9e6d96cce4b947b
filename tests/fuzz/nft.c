/* Any text as a ruleset for nftables. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_prove("fuzz.nft", data, size);
	return 0;
}
