/*
 * What every page of the bundle is: one file, no script, no request, and a
 * content security policy that allows the one style element by its digest.
 */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <string.h>

static const char style[] =
#include "style.inc"
#include "graph.inc"
;

void html_element(struct text *out, const char *tag, const char *string)
{
	text_printf(out, "<%s>", tag);
	put_html(out, string);
	text_printf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_message(struct text *out, const char *message)
{
	for (;;) {
		size_t before = strcspn(message, "`"), len;

		put_html(out, arena_copy(out->arena, message, before));
		message += before;
		len = *message ? strcspn(message + 1, "`") : 0;
		if (!*message || !message[1 + len]) {	/* a lone backtick is one */
			put_html(out, message);
			return;
		}
		html_element(out, "code", arena_copy(out->arena, message + 1,
						     len));
		message += len + 2;
	}
}

void html_from(struct text *out, char origin)
{
	text_printf(out, " <span class=\"from\" title=\"%s\">%c</span>",
		    origin == 'C' ? "computed" : origin == 'D' ? "declared"
		    : "read from Git", origin);
}

/* The style with the running heads of paper, which name the policy. */
static const char *style_text(struct text *out, const struct evidence *e)
{
	text_puts(out, style);
	text_puts(out, "@media print{@page{size:A4;margin:17mm 14mm;@top-left{content:\"");
	put_css(out, e->ir->policy);
	text_puts(out, " \xc2\xb7 network segmentation evidence\";font:8pt Inter,Arial,sans-serif;color:#536074}@top-right{content:\"");
	put_css(out, e->classification);
	text_printf(out, "\";font:8pt Inter,Arial,sans-serif;color:#536074}@bottom-left{content:\"source %.16s \xc2\xb7 as of %s\";font:8pt Inter,Arial,sans-serif;color:#536074}"
		    "@bottom-right{content:counter(page) \" / \" counter(pages);font:8pt Inter,Arial,sans-serif;color:#536074}}}\n",
		    e->source_digest, e->day);
	return text_string(out);
}

static void put_style_digest(struct text *out, const char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char coded[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)];
	struct sha256_ctx state;

	sha256_init(&state);
	sha256_update(&state, strlen(text), (const uint8_t *)text);
	sha256_digest(&state, sizeof digest, digest);
	base64_encode_raw(coded, sizeof digest, digest);
	text_add(out, coded, sizeof coded);
}

static void put_head(struct text *out, const struct evidence *e,
		     const char *kicker)
{
	struct text own = TEXT_IN(out->arena);
	const char *css = style_text(&own, e);

	text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
	put_style_digest(out, css);
	text_printf(out, "'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>%s: ",
		    kicker);
	put_html(out, e->ir->policy);
	text_printf(out, ", %s</title>\n<style>%s</style>\n</head>\n", e->day,
		    css);
}

static void put_title(struct text *out, const struct evidence *e,
		      const char *kicker)
{
	text_printf(out, "<header><p class=\"kicker\">%s</p>", kicker);
	html_element(out, "h1", *e->ir->title ? e->ir->title : e->ir->policy);
	text_puts(out, "<dl class=\"meta\"><div><dt>Policy</dt>");
	html_element(out, "dd", e->ir->policy);
	text_printf(out, "</div><div><dt>As of</dt><dd>%s</dd></div><div><dt>Customers</dt><dd>%zu</dd></div><div><dt>Environments</dt><dd>%zu</dd></div>",
		    e->day, e->ir->customer_count, e->ir->space_count);
	if (*e->classification) {
		text_puts(out, "<div><dt>Classification</dt>");
		html_element(out, "dd", e->classification);
		text_puts(out, "</div>");
	}
	text_puts(out, "</dl></header>\n\n");
}

void html_open(struct text *out, const struct evidence *e, const char *kicker,
	       const char *brand, const struct html_section *sections,
	       size_t count)
{
	put_head(out, e, kicker);
	text_printf(out, "<body>\n<a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>\n<div class=\"page\">\n"
		    "<nav class=\"side\" aria-label=\"Sections\"><p class=\"brand\">firebreak<span>%s</span></p><ol>\n",
		    brand);
	for (size_t i = 0; i < count; i++)
		text_printf(out, "<li><a href=\"%s%s\">%s</a></li>\n",
			    strchr(sections[i].id, '.') ? "" : "#",
			    sections[i].id, sections[i].title);
	text_puts(out, "</ol><p class=\"key\">Where a fact comes from<br><span class=\"from\">C</span> computed from the policy<br><span class=\"from\">D</span> declared by its authors, not verified<br><span class=\"from\">G</span> read from Git history</p></nav>\n<main>\n");
	put_title(out, e, kicker);
}

void html_close(struct text *out, const struct evidence *e)
{
	text_printf(out, "<footer>firebreak %s, as of %s, source %s</footer>\n</main>\n</div>\n</body>\n</html>\n",
		    FIREBREAK_VERSION, e->day, e->source_digest);
}

void html_begin(struct text *out, const char *id, const char *title,
		char origin)
{
	text_printf(out, "<section id=\"%s\" aria-labelledby=\"h-%s\" tabindex=\"0\"><h2 id=\"h-%s\">%s",
		    id, id, id, title);
	if (origin)
		html_from(out, origin);
	text_puts(out, "</h2>\n");
}

void html_end(struct text *out)
{
	text_puts(out, "</section>\n\n");
}

void html_tile(struct text *out, const char *class, size_t value, size_t of,
	       const char *what)
{
	text_printf(out, "<li%s><b>%zu", class, value);
	if (of)
		text_printf(out, "<i>/%zu</i>", of);
	text_printf(out, "</b><span>%s</span></li>\n", what);
}
