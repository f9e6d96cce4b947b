/* What captures say of each environment, and the words for it. */
#include "compiler/evidence/facts.h"

#include "compiler/base/text.h"

const char *running_word(enum running running)
{
	static const char *const words[] = {
		[RUNNING_UNCAPTURED] = "not captured",
		[RUNNING_EQUAL] = "equal", [RUNNING_UNCLEAR] = "not proved",
		[RUNNING_DIFFERS] = "differs",
	};

	return words[running];
}

enum running running_of(enum capture_state state)
{
	return state == CAPTURE_EQUAL ? RUNNING_EQUAL
	     : state == CAPTURE_DIFFERS ? RUNNING_DIFFERS : RUNNING_UNCLEAR;
}

size_t running_count(const struct evidence *e, enum running running)
{
	size_t count = 0;

	for (size_t i = 0; i < e->ir->space_count; i++)
		count += e->environments[i].running == running;
	return count;
}

/* The worst of its captures; an environment without one has none to be equal. */
void running_gather(struct arena *arena, const struct evidence *e,
		    struct environment_fact *facts)
{
	for (size_t i = 0; i < e->ir->space_count; i++)
		facts[i].captured = "";
	for (size_t i = 0; i < e->capture_count; i++) {
		const struct capture *c = &e->captures[i];
		enum running running = running_of(c->state);
		struct environment_fact *fact;

		if (c->space == IR_NO_SPACE)
			continue;
		fact = &facts[c->space];
		if (running > fact->running)
			fact->running = running;
		fact->captured = arena_printf(arena, "%s%s%s", fact->captured,
					      *fact->captured ? ", " : "",
					      c->what);
	}
}
