/* Loaders for the parser: one text, or whatever files there are. */
#include "tests/lib/policy.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *read_text(void *context, struct arena *arena,
			     const char *path, size_t *len, const char **why)
{
	(void)arena;
	if (strcmp(path, "test.fbk") != 0) {
		*why = "there is only one file";
		return NULL;
	}
	*len = strlen(context);
	return context;
}

static const char *read_path(void *context, struct arena *arena,
			     const char *path, size_t *len, const char **why)
{
	FILE *file = fopen(path, "rb");
	struct text text = TEXT_IN(arena);
	char part[4096];
	size_t n;

	(void)context;
	if (!file) {
		*why = strerror(errno);
		return NULL;
	}
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		text_add(&text, part, n);
	fclose(file);
	*len = text.len;
	return text_string(&text);
}

static bool read_policy(struct policy *p, struct arena *arena,
			const struct loader *loader, const char *path,
			const char *day)
{
	*p = (struct policy){ .arena = arena, .diags = { .arena = arena },
			      .sources = { .arena = arena } };
	if (!date_read(day, &p->as_of))
		abort();
	p->ast = parse_policy(arena, &p->diags, &p->sources, loader, path);
	p->ir = resolve_policy(arena, &p->diags, &p->sources, p->ast, p->as_of);
	return p->diags.errors == 0;
}

bool policy_of_text(struct policy *p, struct arena *arena, const char *text,
		    const char *day)
{
	const struct loader loader = { .read = read_text,
				       .context = (void *)text };

	return read_policy(p, arena, &loader, "test.fbk", day);
}

bool policy_of_file(struct policy *p, struct arena *arena, const char *path,
		    const char *day)
{
	const struct loader loader = { .read = read_path };

	return read_policy(p, arena, &loader, path, day);
}

const char *policy_messages(struct policy *p)
{
	struct text text = TEXT_IN(p->arena);
	size_t count;
	const struct fb_diag *all = diag_list(&p->diags, &count);

	for (size_t i = 0; i < count; i++) {
		struct fb_place at = source_place(&p->sources, all[i].span);

		text_printf(&text, "%s:%u: %s: %s\n", at.file ? at.file : "-",
			    (unsigned)at.line, all[i].code, all[i].message);
	}
	return text_string(&text);
}
