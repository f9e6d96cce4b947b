/* One library today.  Its text is services.fbk, quoted by the Makefile. */
#include "grammar/library.h"

#include <string.h>

static const char services[] =
#include "services.inc"
	;

const char *library_text(const char *name, size_t *len)
{
	if (strcmp(name, "services") != 0)
		return NULL;
	*len = sizeof services - 1;
	return services;
}
