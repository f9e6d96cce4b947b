/* Contexts and the fixed policy for the fuzz targets. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fb *fuzz_context(void)
{
	const struct fb_options options = { .as_of = 20780,
					    .memory = (size_t)256 << 20 };
	struct fb *fb = fb_new(&options);

	if (!fb)
		abort();
	return fb;
}

void fuzz_tell(struct fb *fb)
{
	const struct fb_style style = { .most = 20, .notes = true };
	const char *text = fb_render(fb, &style);

	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 && *text != '\n')
			abort();
}

/* Read once: the folder is that of the project. */
static const char *shop(size_t *len)
{
	static char text[8192];
	static size_t used;
	FILE *file;

	if (!used) {
		file = fopen("tests/fuzz/shop.fbk", "rb");
		if (!file)
			abort();
		used = fread(text, 1, sizeof text, file);
		fclose(file);
	}
	*len = used;
	return text;
}

void fuzz_prove(const char *name, const char *part, const uint8_t *data,
		size_t size)
{
	struct fb *fb = fuzz_context();
	size_t len;
	const char *text = shop(&len);

	if (fb_load_text(fb, "shop.fbk", text, len) != FB_OK)
		abort();
	if (fb_prove_part(fb, part, name, (const char *)data, size) ==
	    FB_FAULT)
		abort();
	fuzz_tell(fb);
	fb_free(fb);
}
