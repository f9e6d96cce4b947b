/* Diagnostics are lists of parts in an arena. */
#include "compiler/base/diag.h"

#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

struct diag {
	struct arena *arena;
	struct fb_diag told;
	size_t order;
	LIST(struct fb_part) parts;
};

static const struct fb_code codes[] = {
#define DIAG(code, severity, title, explanation, example) \
	{ #code, severity, title, explanation, example },
#include "compiler/base/diag.def"
#undef DIAG
};

_Static_assert(sizeof codes / sizeof *codes == DIAG_CODES, "one row a code");

const struct fb_code *fb_codes(size_t *count)
{
	*count = DIAG_CODES;
	return codes;
}

const struct fb_code *fb_code_find(const char *code)
{
	for (size_t i = 0; i < DIAG_CODES; i++)
		if (strcmp(codes[i].code, code) == 0)
			return &codes[i];
	return NULL;
}

unsigned diag_range(const char *code)
{
	return (unsigned)(code[1] - '0') * 10 + (unsigned)(code[2] - '0');
}

static const char *format_text(struct arena *arena, const char *format,
			       va_list args)
{
	struct text text = TEXT_IN(arena);

	text_vprintf(&text, format, args);
	return text_string(&text);
}

struct diag *diag_add(struct diags *diags, enum diag_code code,
		      struct span span, const char *format, ...)
{
	struct diag *d = arena_alloc(diags->arena, sizeof *d);
	va_list args;

	va_start(args, format);
	d->arena = diags->arena;
	d->told.code = codes[code].code;
	d->told.severity = codes[code].severity;
	d->told.span = span;
	d->told.message = format_text(diags->arena, format, args);
	va_end(args);
	if (d->told.severity == FB_ERROR) {
		diags->errors++;
		diags->refusals += diag_range(d->told.code) <= 3;
		diags->faults += diag_range(d->told.code) == 9;
	}
	if (diags->all.count >= DIAG_MOST) {
		diags->dropped++;
		return d;
	}
	d->order = diags->all.count;
	*LIST_PUSH(diags->arena, &diags->all) = d;
	return d;
}

static struct diag *add_part(struct diag *d, enum fb_part_kind kind,
			     struct span span, const char *format,
			     va_list args)
{
	struct fb_part *part = LIST_PUSH(d->arena, &d->parts);

	part->kind = kind;
	part->span = span;
	part->text = format_text(d->arena, format, args);
	return d;
}

#define ADD_PART(kind, span)					\
	do {							\
		va_list args;					\
		va_start(args, format);				\
		add_part(d, kind, span, format, args);		\
		va_end(args);					\
		return d;					\
	} while (0)

struct diag *diag_label(struct diag *d, const char *format, ...)
{
	ADD_PART(FB_LABEL, d->told.span);
}

struct diag *diag_note(struct diag *d, struct span span,
		       const char *format, ...)
{
	ADD_PART(FB_NOTE_AT, span);
}

struct diag *diag_help(struct diag *d, const char *format, ...)
{
	ADD_PART(FB_HELP, (struct span){ 0 });
}

struct diag *diag_fix(struct diag *d, struct span span,
		      const char *format, ...)
{
	ADD_PART(FB_FIX, span);
}

const char *diag_message(const struct diags *diags, size_t number)
{
	return diags->all.at[number]->told.message;
}

void diags_take(struct diags *into, const struct diags *from)
{
	for (size_t i = 0; i < from->all.count; i++) {
		struct diag *d = from->all.at[i];

		if (into->all.count >= DIAG_MOST) {
			into->dropped++;
			continue;
		}
		d->order = into->all.count;
		*LIST_PUSH(into->arena, &into->all) = d;
	}
	into->errors += from->errors;
	into->refusals += from->refusals;
	into->faults += from->faults;
	into->dropped += from->dropped;
}

static int in_source_order(const void *x, const void *y)
{
	const struct diag *a = *(struct diag *const *)x;
	const struct diag *b = *(struct diag *const *)y;
	bool nowhere_a = a->told.span.hi == 0, nowhere_b = b->told.span.hi == 0;

	if (nowhere_a != nowhere_b)
		return nowhere_a ? 1 : -1;
	if (a->told.span.lo != b->told.span.lo)
		return a->told.span.lo < b->told.span.lo ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static bool is_same(const struct fb_diag *a, const struct fb_diag *b)
{
	return a->span.lo == b->span.lo && a->span.hi == b->span.hi &&
	       strcmp(a->code, b->code) == 0 &&
	       strcmp(a->message, b->message) == 0;
}

/* Has the sorted LIST of COUNT, whose end is at D's place, D already? */
static bool is_repeat(const struct fb_diag *list, size_t count,
		      const struct fb_diag *d)
{
	while (count && list[count - 1].span.lo == d->span.lo)
		if (is_same(&list[--count], d))
			return true;
	return false;
}

const struct fb_diag *diag_list(struct diags *diags, size_t *count)
{
	size_t n = diags->all.count, kept = 0;
	struct diag **sorted = arena_array(diags->arena, n, sizeof *sorted);
	struct fb_diag *list = arena_array(diags->arena, n, sizeof *list);

	if (n) {
		memcpy(sorted, diags->all.at, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, in_source_order);
	}
	for (size_t i = 0; i < n; i++) {
		struct diag *d = sorted[i];

		if (is_repeat(list, kept, &d->told))
			continue;
		d->told.parts = d->parts.at;
		d->told.part_count = d->parts.count;
		list[kept++] = d->told;
	}
	*count = kept;
	return list;
}
