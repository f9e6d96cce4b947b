/*
 * Exceptions on a time axis: from the day of the report to their last day.
 * Coordinates are whole numbers; a year is as wide as the farthest end needs.
 */
#include "compiler/evidence/html.h"

#include "compiler/base/date.h"
#include "compiler/base/markup.h"

enum { NAMES = 230, WIDTH = 1000, ROW = 34, TOP = 34, LEAST_DAYS = 90 };

static int x_of(int32_t days, int32_t span)
{
	return NAMES + (int)((int64_t)days * (WIDTH - NAMES - 120) / span);
}

/* The first day of each third, sixth or twelfth month, as ticks. */
static void put_ticks(struct text *out, const struct evidence *e, int32_t span,
		      int bottom)
{
	uint32_t start = e->ir->as_of;
	unsigned each = span > 1200 ? 12 : span > 400 ? 6 : span > 200 ? 3 : 1;

	for (int32_t day = 1; day <= span; day++) {
		char text[DATE_TEXT];
		unsigned month;

		(void)date_text(start + (uint32_t)day, text);
		if (text[8] != '0' || text[9] != '1')
			continue;
		month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
		if ((month - 1) % each)
			continue;
		text[7] = '\0';
		text_printf(out, "<path class=\"axis\" d=\"M%d %dV%d\"/><text class=\"axis-text\" x=\"%d\" y=\"16\" text-anchor=\"middle\">%s</text>\n",
			    x_of(day, span), 24, bottom, x_of(day, span), text);
	}
}

static void put_bar(struct text *out, const struct entry *entry, int32_t span,
		    int y)
{
	char day[DATE_TEXT];
	int end = x_of(entry->left, span);

	text_printf(out, "<text class=\"bar-name\" x=\"0\" y=\"%d\">", y + 15);
	put_html(out, entry->rule->name);
	text_printf(out, "</text><rect class=\"bar%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"18\" rx=\"4\"/>"
		    "<text class=\"bar-note\" x=\"%d\" y=\"%d\">%s, %d day%s left</text>\n",
		    entry->left <= SOON ? " soon" : "", NAMES, y + 2,
		    end - NAMES > 2 ? end - NAMES : 2, end + 8 > WIDTH - 180
		    ? NAMES + 8 : end + 8, y + 15,
		    date_text(entry->rule->expires_day, day), entry->left,
		    entry->left == 1 ? "" : "s");
}

void html_times(struct text *out, const struct evidence *e)
{
	int32_t span = LEAST_DAYS;
	int bottom = TOP + (int)e->exception_count * ROW;

	for (size_t i = 0; i < e->exception_count; i++)
		if (e->exceptions[i]->left > span)
			span = e->exceptions[i]->left;
	text_printf(out, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"times-title\"><title id=\"times-title\">Exceptions from %s to their last day; the table below says the same</title>\n",
		    WIDTH, bottom + 24, e->day);
	put_ticks(out, e, span, bottom);
	for (size_t i = 0; i < e->exception_count; i++)
		if (e->exceptions[i]->left >= 0)
			put_bar(out, e->exceptions[i], span,
				TOP + (int)i * ROW);
	text_printf(out, "<path class=\"now\" d=\"M%d 24V%d\"/><text class=\"now-text\" x=\"%d\" y=\"%d\">as of %s</text></svg></figure>\n",
		    NAMES, bottom, NAMES, bottom + 18, e->day);
}
