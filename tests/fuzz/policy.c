/* Any text as a policy: read, resolved, checked and told about. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fb *fb = fuzz_context();
	enum fb_status status = fb_load_text(fb, "fuzz.fbk",
					     (const char *)data, size);
	struct fb_summary sum;

	if (status == FB_OK)
		status = fb_check(fb, &sum);
	if (status == FB_FAULT)
		abort();
	if (status != FB_MEMORY)
		fuzz_tell(fb);
	fb_free(fb);
	return 0;
}
