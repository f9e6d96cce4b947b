/*
 * Every slip of a hand in a file of access scopes: members and elements taken out,
 * doubled and renamed, each text another one.  It is refused, found with a packet, or
 * reports the same.
 */
#include "compiler/prove.h"
#include "tests/lib/fixture.h"
#include "tests/lib/sample.h"
#include "tests/lib/scopes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct mutants {
	struct place *at;
	json_t *root;			/* being changed */
	const struct packet *packets;
	size_t packet_count;
	unsigned refused, caught, equal;
};

/* Do both files report the same packets, as far as packets are asked? */
static void compare(struct mutants *m, json_t *now, const char *what)
{
	static const char *const ends[] = { "Source", "Destination" };

	if (!are_known(now))
		fail_msg("missed: %s: read, and not understood", what);
	for (size_t k = 0; k < m->at->ir->invariant_count; k++)
		for (size_t i = 0; i < m->packet_count; i++)
			for (size_t e = 0; e < COUNT(ends); e++) {
				const char *name =
					m->at->ir->invariants[k].name;

				if (reports(m->at, now, name, &m->packets[i],
					    ends[e]) !=
				    reports(m->at, m->at->root, name,
					    &m->packets[i], ends[e]))
					fail_msg("missed: %s, %s: %s", what,
						 name, packet_text(
						 m->at->job.arena,
						 &m->packets[i]));
			}
}

static void try(struct mutants *m, const char *what)
{
	struct arena *arena = arena_child(m->at->job.arena);
	char *bytes = json_dumps(m->root, JSON_COMPACT);
	struct place own = *m->at;
	struct sides sides = { 0 };

	own.job.arena = arena;
	own.diags = (struct diags){ .arena = arena };
	own.job.diags = &own.diags;
	if (!backend_scopes.recognise(bytes, strlen(bytes)) ||
	    !scopes_denote(&own, bytes, strlen(bytes), &sides)) {
		m->refused++;
	} else if (!scopes_prove(&own, bytes, strlen(bytes))) {
		m->caught++;
	} else {
		m->equal++;
		compare(m, m->root, what);
	}
	free(bytes);
	arena_free(arena);
}

/* Other texts for a text, by what it looks like. */
static void other_texts(struct mutants *m, const char *text,
			void put(void *place, const char *text), void *place)
{
	static const char *const some[] = {
		"0.0.0.0/0", "10.1.0.0/24", "10.1.1.7/32", "10.1.2.0/25",
		"::/0", "443", "0-65535", "22-8080", "80-79", "070", "65536",
		"", "tcp", "udp", "icmp", "-1", "VpcId", "changed", "private",
		"{{resolve:ssm:x}}", "vpc-1",
		"AWS::EC2::NetworkInsightsAccessScopeAnalysis" };
	char cidr[64];
	const char *slash = strchr(text, '/');

	for (size_t i = 0; i < COUNT(some); i++) {
		put(place, some[i]);
		try(m, some[i]);
	}
	for (int by = -1; slash && by <= 1; by += 2) {
		snprintf(cidr, sizeof cidr, "%.*s/%d", (int)(slash - text),
			 text, atoi(slash + 1) + by);
		put(place, cidr);
		try(m, cidr);
	}
	put(place, text);
}

struct slot {
	json_t *in;
	const char *key;	/* NULL: of an array, at */
	size_t at;
};

static void put_text(void *place, const char *text)
{
	const struct slot *s = place;

	if (s->key)
		json_object_set_new(s->in, s->key, json_string(text));
	else
		json_array_set_new(s->in, s->at, json_string(text));
}

static void mutate(struct mutants *m, json_t *is);

/* A member: gone, another kind of value, under another name, under two; then inside. */
static void mutate_member(struct mutants *m, json_t *in, const char *key)
{
	static const char *const names[] = {
		"Source", "Destination", "SourceAddresses",
		"DestinationAddresses", "SourcePorts", "DestinationPorts",
		"MatchPaths", "ExcludePaths", "ThroughResources", "Resources",
		"ResourceTypes", "SourcePrefixLists",
		"DestinationPrefixLists", "Odd" };
	json_t *is = json_incref(json_object_get(in, key));
	struct slot slot = { in, key, 0 };

	json_object_set_new(in, key, json_null());
	try(m, key);
	json_object_set_new(in, key, json_array());
	try(m, key);
	json_object_del(in, key);
	try(m, key);
	for (size_t i = 0; i < COUNT(names); i++) {
		if (json_object_get(in, names[i]))
			continue;
		json_object_set(in, names[i], is);
		try(m, names[i]);
		json_object_del(in, names[i]);
	}
	json_object_set(in, key, is);
	for (size_t i = 0; i < COUNT(names); i++) {
		if (json_object_get(in, names[i]))
			continue;
		json_object_set(in, names[i], is);
		try(m, names[i]);
		json_object_del(in, names[i]);
	}
	if (json_is_string(is)) {
		char *text = strdup(json_string_value(is));

		other_texts(m, text, put_text, &slot);
		free(text);
	} else {
		mutate(m, is);
	}
	json_decref(is);
}

/* An element: gone, twice; then inside. */
static void mutate_element(struct mutants *m, json_t *in, size_t at)
{
	json_t *is = json_incref(json_array_get(in, at));
	struct slot slot = { in, NULL, at };

	json_array_remove(in, at);
	try(m, "an element gone");
	json_array_insert(in, at, is);
	json_array_insert(in, at, is);
	try(m, "an element twice");
	json_array_remove(in, at);
	if (json_is_string(is)) {
		char *text = strdup(json_string_value(is));

		other_texts(m, text, put_text, &slot);
		free(text);
	} else {
		mutate(m, is);
	}
	json_decref(is);
}

static void mutate(struct mutants *m, json_t *is)
{
	json_t *keys, *value;
	const char *key;

	if (json_is_array(is)) {
		for (size_t i = 0; i < json_array_size(is); i++)
			mutate_element(m, is, i);
		return;
	}
	keys = json_copy(is);
	json_object_foreach(keys, key, value)
		mutate_member(m, is, key);
	json_decref(keys);
}

static void no_slip_of_a_hand_is_missed(void **state)
{
	enum { PACKETS = 60 };
	static const char text[] =
		"language 1; policy scoped; environments prod;\n"
		"layer edge; layer app;\n"
		"network core via vpn = 172.16.0.0/28;\n"
		"network s3 prefix-list \"com.amazonaws.{region}.s3\" via endpoint;\n"
		"fwd:  allow edge -> app on tcp/8080;\n"
		"private: only edge -> app on tcp/8080-8081, udp/53;\n"
		"quiet:   never app -> core, s3 on tcp/1-1023;\n"
		"there:   must edge -> app on tcp/8080;\n"
		"environment prod { region eu-west-1; vpc 10.1.0.0/16;\n"
		"  layer edge 10.1.0.0/24; layer app 10.1.1.0/24; }\n";
	struct packet *packets = arena_array(*state, PACKETS, sizeof *packets);
	struct sampler any = SAMPLER_IN(*state);
	struct dice dice = dice_of(7);
	struct mutants m = { .packets = packets, .packet_count = PACKETS };
	struct policy p;

	read_world(&p, *state, text);
	m.at = place_of(*state, &p, 0);
	assert_non_null(m.at->root);
	sampler_add_ast(&any, p.ast);
	sampler_finish(&any);
	for (size_t i = 0; i < PACKETS; i++)
		packets[i] = sampler_packet(&any, &dice, IPV4);
	m.root = json_deep_copy(m.at->root);
	try(&m, "nothing");
	assert_int_equal(m.equal, 1);
	mutate(&m, m.root);
	assert_true(json_equal(m.root, m.at->root));
	printf("%u refused, %u caught, %u equal\n", m.refused, m.caught,
	       m.equal);
	assert_true(m.caught > 100 && m.refused > 1000);
	json_decref(m.root);
	json_decref(m.at->root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(no_slip_of_a_hand_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
