/* The list of targets. */
#include "backends/backend.h"

#include <string.h>

const struct backend *const backends[] = {
	&backend_terraform,
	&backend_cloudformation,
	&backend_ec2,
	&backend_scopes,
	&backend_nft,
	NULL,
};

const struct backend *backend_find(const char *name, size_t len)
{
	for (size_t i = 0; backends[i]; i++)
		if (strlen(backends[i]->name) == len &&
		    strncmp(backends[i]->name, name, len) == 0)
			return backends[i];
	return NULL;
}
