/* Numbers in words of a policy. */
#include "compiler/count.h"

#include <string.h>

/* All of the LEN bytes are digits, without a zero in front. */
static bool read_digits(const char *text, size_t len, uint32_t *out)
{
	uint32_t v = 0;

	if (len == 0 || len > 10 || (len > 1 && *text == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || v > COUNT_MOST / 10)
			return false;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	*out = v;
	return v <= COUNT_MOST;
}

bool count_read(struct diags *diags, const struct ast_text *text,
		uint32_t least, uint32_t *out)
{
	if (read_digits(text->text, strlen(text->text), out) && *out >= least)
		return true;
	diag_label(diag_add(diags, P0209, text->span,
			    "`%.40s` is not a number that can stand here",
			    text->text),
		   "expected a whole number from %u to %u", least, COUNT_MOST);
	return false;
}

bool duration_read(struct diags *diags, const struct ast_text *text,
		   uint32_t *days)
{
	size_t len = strlen(text->text);
	char unit = len ? text->text[len - 1] : '\0';

	if ((unit == 'd' || unit == 'w') &&
	    read_digits(text->text, len - 1, days) && *days > 0 &&
	    *days <= DAYS_MOST / (unit == 'w' ? 7 : 1)) {
		*days *= unit == 'w' ? 7 : 1;
		return true;
	}
	diag_help(diag_add(diags, P0209, text->span,
			   "`%.40s` is not a duration", text->text),
		  "write days or weeks, like `180d` or `26w`, at most %u days",
		  DAYS_MOST);
	return false;
}
