/*
 * Assumptions of the proof, where a capture tells of interfaces and VPCs: an
 * interface that carries a layer's group has addresses of the layer, and only
 * those do; and no address of the VPC is one that the policy declares nowhere.
 * Every interface is asked by itself: what it carries, and where it is.
 */
#include "backends/aws/select.h"

#include <string.h>

enum { SHOWN = 20 };

struct asking {
	struct arena *arena;
	struct diags *diags;
	const struct ir *ir;
	const struct ir_space *space;
	const char *name;
	const struct account *account;
	const struct place *place;
	size_t found;
};

static const char *group_text(const struct asking *a, uint32_t group)
{
	return account_group_text(a->diags->arena,
				  &a->account->groups.at[group]);
}

static const char *interface_text(const struct asking *a,
				  const struct account_interface *at)
{
	struct account_group like = { .id = at->id, .name = "" };

	return *at->id ? account_group_text(a->diags->arena, &like)
		       : "of an instance";
}

/* Told, the first of them. */
static void tell(struct asking *a, const struct account_interface *at,
		 const char *what)
{
	if (++a->found <= SHOWN)
		diag_add(a->diags, P0615, (struct span){ 0 },
			 "%s: the interface %s of %s %s", a->name,
			 interface_text(a, at),
			 ir_space_name(a->diags->arena, a->ir, a->space), what);
}

static bool is_of_layer(const struct asking *a, uint32_t group)
{
	return a->place->standings->groups[group].is == AWS_LAYER;
}

static const char *layer_of(const struct asking *a, uint32_t group)
{
	return a->place->standings->groups[group].layer;
}

/* The addresses of the layers that NAMES are, `.` between. */
static struct both addresses_of(const struct asking *a, const char *names)
{
	struct both all = { { NO_RANGES, NO_RANGES } };

	for (size_t len; *names; names += len + (names[len] == '.')) {
		len = strcspn(names, ".");
		for (uint32_t i = 0; i < a->ir->layer_count; i++)
			if (strncmp(a->ir->layers[i].name, names, len) == 0 &&
			    !a->ir->layers[i].name[len])
				all = both_union(a->arena, all,
						 a->space->layers[i]);
	}
	return all;
}

static struct ranges host_range(const struct asking *a, struct prefix host)
{
	struct range is = prefix_range(host);

	return ranges_one(a->arena, is.lo, is.hi);
}

static bool carries(const struct account_interface *at, uint32_t group)
{
	for (size_t i = 0; i < at->groups.count; i++)
		if (at->groups.at[i] == group)
			return true;
	return false;
}

/* It carries OWN: all groups of that layer, and of no other. */
static void ask_groups(struct asking *a, const struct account_interface *at,
		       uint32_t own)
{
	for (uint32_t g = 0; g < a->account->groups.count; g++) {
		bool same = is_of_layer(a, g) &&
			    strcmp(layer_of(a, g), layer_of(a, own)) == 0;

		if (carries(at, g) && is_of_layer(a, g) && !same)
			tell(a, at, arena_printf(a->diags->arena,
				"carries groups of two layers, %s and %s",
				group_text(a, own), group_text(a, g)));
		if (same && !carries(at, g))
			tell(a, at, arena_printf(a->diags->arena,
				"carries %s, and not %s, which the layer has besides",
				group_text(a, own), group_text(a, g)));
	}
}

/* It carries OWN: every address of it is the layer's. */
static void ask_hosts(struct asking *a, const struct account_interface *at,
		      uint32_t own)
{
	struct both layer = addresses_of(a, layer_of(a, own));
	char text[ADDR_TEXT];

	if (*at->vpc && *a->place->vpc && strcmp(at->vpc, a->place->vpc) != 0)
		tell(a, at, arena_printf(a->diags->arena,
			"carries %s, and is in another VPC", group_text(a, own)));
	if (!at->hosts.count)
		tell(a, at, arena_printf(a->diags->arena,
			"carries %s, and none of its addresses is told",
			group_text(a, own)));
	for (size_t i = 0; i < at->hosts.count; i++) {
		struct prefix host = at->hosts.at[i];

		if (!ranges_include(layer.of[host.family],
				    host_range(a, host)))
			tell(a, at, arena_printf(a->diags->arena,
				"carries %s, and its %s is outside of the layer",
				group_text(a, own), prefix_text(host, text)));
	}
}

/* It carries none of ours: no address of it is a layer's. */
static void ask_stranger(struct asking *a, const struct account_interface *at)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < at->hosts.count; i++) {
		struct prefix host = at->hosts.at[i];

		for (uint32_t k = 0; k < a->ir->layer_count; k++)
			if (ranges_touch(a->space->layers[k].of[host.family],
					 host_range(a, host)))
				tell(a, at, arena_printf(a->diags->arena,
					"has %s of the layer `%s`, and not its group",
					prefix_text(host, text),
					a->ir->layers[k].name));
	}
}

/* Is it certainly not one of the VPC?  By its VPC, else by whose groups it has. */
static bool is_elsewhere(const struct asking *a,
			 const struct account_interface *at)
{
	if (*at->vpc && *a->place->vpc)
		return strcmp(at->vpc, a->place->vpc) != 0;
	for (size_t i = 0; i < at->groups.count; i++)
		if (a->place->elsewhere[at->groups.at[i]])
			return true;
	return false;
}

static void ask(struct asking *a, const struct account_interface *at)
{
	for (size_t i = 0; i < at->groups.count; i++) {
		if (!is_of_layer(a, at->groups.at[i]))
			continue;
		ask_groups(a, at, at->groups.at[i]);
		ask_hosts(a, at, at->groups.at[i]);
		return;
	}
	if (!is_elsewhere(a, at))
		ask_stranger(a, at);
}

/* Is every block of the VPC, where it is told, one that the policy gives it? */
static bool blocks_hold(struct asking *a)
{
	bool good = true;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < a->account->vpcs.count; i++) {
		const struct account_vpc *v = &a->account->vpcs.at[i];

		if (!*v->id || strcmp(v->id, a->place->vpc) != 0)
			continue;
		for (size_t k = 0; k < v->blocks.count; k++) {
			struct prefix p = v->blocks.at[k];

			if (ranges_include(a->space->vpc.of[p.family],
					   host_range(a, p)))
				continue;
			good = false;
			diag_add(a->diags, P0611, (struct span){ 0 },
				 "%s: the VPC %.64s has %s, which the policy does not give to %s",
				 a->name, v->id, prefix_text(p, text),
				 ir_space_name(a->diags->arena, a->ir,
					       a->space));
		}
	}
	return good;
}

bool aws_places_hold(struct diags *diags, const struct ir *ir,
		     const struct ir_space *space, const char *name,
		     const struct account *account, const struct place *place)
{
	struct asking a = { .arena = arena_child(diags->arena), .diags = diags,
			    .ir = ir, .space = space, .name = name,
			    .account = account, .place = place };
	bool good = blocks_hold(&a);

	for (size_t i = 0; i < account->interfaces.count; i++)
		ask(&a, &account->interfaces.at[i]);
	if (a.found > SHOWN)
		diag_add(diags, P0615, (struct span){ 0 },
			 "%s: and %zu more interfaces of %s are not where they belong",
			 name, a.found - SHOWN,
			 ir_space_name(diags->arena, ir, space));
	arena_free(a.arena);
	return good && !a.found;
}
