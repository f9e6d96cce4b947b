/* Any text laid out: refused, or the same text in a layout that stays. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fb *fb = fuzz_context();
	const char *once, *twice;
	size_t len, again;
	enum fb_status status = fb_lay_out(fb, "fuzz.fbk", (const char *)data,
					   size, &once, &len);

	if (status == FB_FAULT)
		abort();
	if (status == FB_OK &&
	    (fb_lay_out(fb, "fuzz.fbk", once, len, &twice, &again) != FB_OK ||
	     len != again || memcmp(once, twice, len) != 0))
		abort();
	fuzz_tell(fb);
	fb_free(fb);
	return 0;
}
