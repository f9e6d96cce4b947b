/*
 * Halves of rules: what they open together, by a plain reading of the words:
 * a packet passes when a whole rule has it, or when both of its ends do not
 * stop it; nobody but us stops anything.
 */
#include "tests/lib/fixture.h"

#include "backends/backend.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "compiler/prove.h"
#include "tests/lib/policy.h"

#include <stdlib.h>
#include <string.h>

static const char world[] =
	"language 1; policy p; environments e;\n"
	"layer a; layer b; layer c;\n"
	"network n via vpn = 172.16.0.0/24;\n"
	"environment e { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24;"
	" layer c 10.0.2.0/24; }\n";

static const char *const ends[] = { "a", "b", "c", "n", "any", "internet",
				    "a, b", "10.0.0.0/15" };
/* an address of each, and one of the VPC that is nobody's */
static const char *const hosts[] = { "10.0.0.1/32", "10.0.1.1/32", "10.0.2.1/32",
				     "172.16.0.1/32", "8.8.8.8/32", "10.0.9.9/32" };

enum { ENDS = 8, HOSTS = 6, LAYERS = 3, PORTS = 3 };

/* Does the end number E hold the host number H? */
static bool holds(int e, int h)
{
	switch (e) {
	case 4:
		return true;
	case 5:
		return h == 4;
	case 6:
		return h < 2;
	case 7:
		return h < LAYERS || h == 5;
	default:
		return e == h;
	}
}

struct sentence {
	int src, dst, port, half;	/* half: 0 none, 1 out, 2 in */
};

static bool says(const struct sentence *s, int from, int to, int port)
{
	return s->port == port && holds(s->src, from) && holds(s->dst, to);
}

static bool passes(const struct sentence *all, int count, int from, int to,
		   int port)
{
	bool out = from >= LAYERS, in = to >= LAYERS;

	for (int i = 0; i < count; i++) {
		if (!says(&all[i], from, to, port))
			continue;
		if (all[i].half == 0)
			return true;
		out |= all[i].half == 1;
		in |= all[i].half == 2;
	}
	return out && in && (from < LAYERS || to < LAYERS);
}

static const char *write(struct arena *arena, struct sentence *all, int count)
{
	static const char *const words[] = { "", " outbound", " inbound" };
	struct text text = TEXT_IN(arena);

	text_puts(&text, world);
	for (int i = 0; i < count; i++) {
		struct sentence *s = &all[i];

		*s = (struct sentence){ rand() % ENDS, rand() % ENDS,
					rand() % PORTS, rand() % 3 };
		/* the end that a half is about has layers and nothing else */
		if (s->half != 2)
			s->src = rand() % LAYERS;
		if (s->half != 1)
			s->dst = rand() % LAYERS;
		text_printf(&text, "r%d: allow %s -> %s on tcp/%d%s;\n", i,
			    ends[s->src], ends[s->dst], s->port + 1,
			    words[s->half]);
	}
	return text_string(&text);
}

static u128 address(const char *text)
{
	struct prefix p;

	if (prefix_read(text, strlen(text), &p) != PREFIX_OK)
		abort();
	return p.base;
}

static void compare(const struct meaning *m, const struct sentence *all,
		    int count, const char *text)
{
	for (int from = 0; from < HOSTS; from++)
		for (int to = 0; to < HOSTS; to++)
			for (int port = 0; port < PORTS; port++) {
				const struct packet p = { IPV4,
					address(hosts[from]),
					address(hosts[to]),
					service_key(PROTO_TCP,
						    (unsigned)port + 1) };
				bool found = false;

				if (from >= LAYERS && to >= LAYERS)
					continue;
				for (size_t i = 0; i < m->permitted[IPV4].count;
				     i++)
					found |= box_has(&m->permitted[IPV4]
							 .at[i], &p);
				if (found != passes(all, count, from, to, port))
					fail_msg("%s -> %s on %d in\n%s",
						 hosts[from], hosts[to],
						 port + 1, text);
			}
}

static bool prove(const struct job *job, const struct backend *backend)
{
	struct artefacts made = { 0 };
	struct sides sides = { 0 };
	struct difference d;
	struct identity id;
	const void *model;

	if (!backend->emit(job, &made))
		return true;	/* P05: it cannot be said, which was told */
	assert_int_equal(made.count, 1);
	model = backend->read(job->arena, job->diags, "x", made.at[0].bytes,
			      made.at[0].len, &id);
	assert_non_null(model);
	return backend->denote(job, model, &sides) &&
	       prove_bounds(job->arena, &sides, &d);
}

static void halves_open_what_both_ends_let_pass(void **state)
{
	srand(7);
	for (int round = 0; round < 300; round++) {
		struct arena *arena = arena_child(*state);
		struct sentence all[7];
		int count = 1 + rand() % 7;
		const char *text = write(arena, all, count);
		struct policy p;
		struct meaning m;
		struct job job;

		if (!policy_of_text(&p, arena, text, "2026-06-01"))
			fail_msg("%s%s", text, policy_messages(&p));
		m = meaning_of(arena, p.ir, &p.ir->spaces[0]);
		compare(&m, all, count, text);
		job = (struct job){ arena, &p.diags, p.ir, &m };
		if (!prove(&job, &backend_ec2))
			fail_msg("no proof of\n%s%s", text, policy_messages(&p));
		arena_free(arena);
	}
}

/* A group lets out all of its layer, so the half would have more to meet. */
static void a_part_beside_a_half_that_meets_it_is_refused(void **state)
{
	struct artefacts made = { 0 };
	struct policy p;
	struct meaning m;
	struct job job;

	if (!policy_of_text(&p, *state, arena_printf(*state, "%s"
			"part: allow 10.0.0.0/25 -> b on tcp/22;\n"
			"half: allow a -> b on tcp/22 inbound;\n", world),
			"2026-06-01"))
		fail_msg("%s", policy_messages(&p));
	m = meaning_of(*state, p.ir, &p.ir->spaces[0]);
	job = (struct job){ *state, &p.diags, p.ir, &m };
	assert_false(backend_ec2.emit(&job, &made));
	assert_non_null(strstr(policy_messages(&p), "P0501: AWS would also admit tcp 10.0.0.129 -> 10.0.1.1 port 22"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(halves_open_what_both_ends_let_pass),
		IN_ARENA(a_part_beside_a_half_that_meets_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
