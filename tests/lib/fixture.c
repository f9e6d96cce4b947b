/* An arena a test, freed with it. */
#include "tests/lib/fixture.h"

int arena_setup(void **state)
{
	*state = arena_new(0);
	return *state ? 0 : -1;
}

int arena_teardown(void **state)
{
	arena_free(*state);
	return 0;
}
