/* Days, as whole numbers since 1970-01-01, UTC. */
#ifndef FIREBREAK_COMPILER_BASE_DATE_H
#define FIREBREAK_COMPILER_BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

enum { DATE_TEXT = 32 };

/* Read "2027-03-31", years 1970 to 9999, days that exist. */
bool date_read(const char *text, uint32_t *day);

const char *date_text(uint32_t day, char out[DATE_TEXT]);

#endif
