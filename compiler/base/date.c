/* The Gregorian calendar, counted from the first of March of year 0. */
#include "compiler/base/date.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_TO_1970 = 719468, DAYS_PER_ERA = 146097 };

static bool read_digits(const char *text, int count, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(text[i] - '0');
	}
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30,
					      31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool date_read(const char *text, uint32_t *day)
{
	unsigned y, m, d, era_year, era, of_year;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    !read_digits(text, 4, &y) || !read_digits(text + 5, 2, &m) ||
	    !read_digits(text + 8, 2, &d))
		return false;
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
		return false;
	y -= m <= 2;
	era = y / 400;
	era_year = y % 400;
	of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	*day = era * DAYS_PER_ERA + era_year * 365 + era_year / 4 -
	       era_year / 100 + of_year - DAYS_TO_1970;
	return true;
}

const char *date_text(uint32_t day, char out[DATE_TEXT])
{
	uint32_t days = day + DAYS_TO_1970;
	uint32_t era = days / DAYS_PER_ERA, of_era = days % DAYS_PER_ERA;
	uint32_t year = (of_era - of_era / 1460 + of_era / 36524 -
			 of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * of_year + 2) / 153;
	uint32_t d = of_year - (153 * month + 2) / 5 + 1;
	uint32_t m = month < 10 ? month + 3 : month - 9;

	snprintf(out, DATE_TEXT, "%04u-%02u-%02u",
		 (unsigned)(year + era * 400 + (m <= 2)), (unsigned)m,
		 (unsigned)d);
	return out;
}
