/*
 * The layers of the groups of a file, and the networks of its prefix lists: by
 * name, each found or told.
 */
#include "backends/aws/denoting.h"

#include "backends/aws/view.h"

#include <string.h>

static bool is_foreign(struct denoting *d, uint32_t group, const char *why)
{
	diag_add(d->job->diags, P0602, (struct span){ 0 }, why,
		 d->model->groups[group].key,
		 ir_space_name(d->arena, d->ir, d->space));
	return false;
}

/* The layer of the LEN bytes of NAME that has addresses here, or UINT32_MAX. */
static uint32_t layer_named(const struct denoting *d, const char *name,
			    size_t len)
{
	for (uint32_t i = 0; i < d->ir->layer_count; i++)
		if (strncmp(d->ir->layers[i].name, name, len) == 0 &&
		    !d->ir->layers[i].name[len] &&
		    !both_empty(d->space->layers[i]))
			return i;
	return UINT32_MAX;
}

/*
 * The layer of a group, or the first of several with a `.` between: they share
 * its interfaces.  INTO, by layer: which one stands for it, UINT32_MAX when no
 * group was found to be of it yet.
 */
static bool find_layers(struct denoting *d, uint32_t group, uint32_t *into)
{
	const char *names = d->model->groups[group].layer;
	uint32_t first = UINT32_MAX;

	for (size_t len; ; names += len + 1) {
		uint32_t layer;

		len = strcspn(names, ".");
		layer = layer_named(d, names, len);
		if (layer == UINT32_MAX)
			return is_foreign(d, group, "security group `%s` is of "
					  "a layer that %s does not have");
		if (into[layer] != UINT32_MAX)
			return is_foreign(d, group, "security group `%s` is of "
					  "a layer of %s that has one already");
		if (first == UINT32_MAX)
			first = layer;
		into[layer] = first;
		if (layer != first && !d->ir->layers[layer].shared_hosts)
			return is_foreign(d, group, "security group `%s` is of "
					  "layers of %s that share no hosts");
		if (!names[len])
			break;
	}
	d->layer_of[group] = first;
	return true;
}

/* The groups of one layer: the first stands for all of them. */
struct together {
	uint32_t first, count, seen;	/* seen: a bit a part */
	bool clash;			/* a part twice, or of other numbers */
};

/* By group: those of its layer. */
static const struct together **groups_together(const struct denoting *d)
{
	const struct together **of = arena_array(d->arena,
		d->model->group_count, sizeof *of);
	struct table layers = TABLE_IN(d->arena);

	for (uint32_t i = 0; i < d->model->group_count; i++) {
		const struct aws_group *g = &d->model->groups[i];
		void **place = table_at_name(&layers, g->layer);
		struct together *t = *place;

		if (g->standing != AWS_LAYER)
			continue;
		if (!t) {
			t = *place = arena_alloc(d->arena, sizeof *t);
			t->first = i;
		}
		t->clash |= g->parts != d->model->groups[t->first].parts ||
			    (t->seen & 1u << g->part % 32);
		t->seen |= 1u << g->part % 32;
		t->count++;
		of[i] = t;
	}
	return of;
}

/*
 * Several groups of one layer say together what every interface of it may, as
 * each carries all: so all have to be here, each once.
 */
static bool find_group(struct denoting *d, uint32_t group,
		       const struct together *t, uint32_t *into)
{
	const struct aws_group *g = &d->model->groups[group];

	if (t->clash || t->count != (g->parts ? g->parts : 1))
		return is_foreign(d, group, "security group `%s` is of a layer "
				  "of %s whose groups are not each there once");
	if (t->first == group)
		return find_layers(d, group, into);
	d->layer_of[group] = d->layer_of[t->first];
	return true;
}

/* Is the group of LAYER somebody else's, by the policy's own word? */
static bool is_somebody_elses(const struct denoting *d, uint32_t layer)
{
	uint32_t here = (uint32_t)(d->space - d->ir->spaces);

	for (size_t i = 0; i < d->ir->aws.group_count; i++) {
		const struct ir_aws_group *g = &d->ir->aws.groups[i];

		if (g->space == here && g->layer == layer)
			return g->foreign;
	}
	return false;
}

/*
 * An account has the group of every layer, or it is not known what that lets
 * out and in.  INTO as find_layers() leaves it.
 */
static bool has_all_groups(struct denoting *d, const uint32_t *into)
{
	bool good = true;

	for (uint32_t i = 0; i < d->ir->layer_count; i++) {
		if (into[i] != UINT32_MAX || both_empty(d->space->layers[i]) ||
		    is_somebody_elses(d, i))
			continue;
		good = false;
		diag_help(diag_add(d->job->diags, P0612, (struct span){ 0 },
			"the security group of `%s` of %s is not in it",
			d->ir->layers[i].name,
			ir_space_name(d->arena, d->ir, d->space)),
			"a capture has to show every group of an environment; `aws { foreign-group %s.%s \"sg-…\"; }` says of one that it is somebody else's",
			ir_space_name(d->arena, d->ir, d->space),
			d->ir->layers[i].name);
	}
	return good;
}

/* From here on layers of one group are one. */
static bool find_all_layers(struct denoting *d)
{
	uint32_t *into = arena_array(d->arena, d->ir->layer_count,
				     sizeof *into);
	const struct together **of = groups_together(d);
	bool good = true;

	memset(into, 0xff, d->ir->layer_count * sizeof *into);
	for (uint32_t i = 0; i < d->model->group_count; i++)
		if (d->model->groups[i].standing == AWS_LAYER)
			good &= find_group(d, i, of[i], into);
		else
			d->layer_of[i] = UINT32_MAX;
	if (good && d->model->account)
		good = has_all_groups(d, into);
	for (uint32_t i = 0; i < d->ir->layer_count; i++)
		if (into[i] == UINT32_MAX)
			into[i] = i;
	if (!good)
		return false;
	d->job = view_of(d->job, into);
	d->ir = d->job->ir;
	d->space = d->job->meaning->space;
	return true;
}

/* Is WRITTEN, where {region} stands for the region of the space, NAME? */
static bool is_named(const struct denoting *d, const char *written,
		     const char *name)
{
	static const char variable[] = "{region}";
	const char *region = d->space->region;

	while (*written) {
		if (strncmp(written, variable, sizeof variable - 1) == 0) {
			if (strncmp(name, region, strlen(region)) != 0)
				return false;
			name += strlen(region);
			written += sizeof variable - 1;
		} else if (*written++ != *name++) {
			return false;
		}
	}
	return !*name;
}

/*
 * LIST is of the family of what the policy DECLARES for it; told otherwise.
 * Where its entries are told, they are what *IS: it is no matter then who
 * declares what.  A list by its name alone has a class of its own.
 */
static bool agrees(struct denoting *d, const struct aws_list *list,
		   const struct both *declared, struct both *is)
{
	enum family family = ranges_empty(declared->of[IPV4]) ? IPV6 : IPV4;

	if (holds_opaque(IPV4, declared->of[IPV4]))
		return true;
	if (list->entries)
		*is = *list->entries;
	if (!list->family || !*list->family ||
	    strcmp(list->family, family_name(family)) == 0)
		return true;
	diag_add(d->job->diags, P0602, (struct span){ 0 },
		 "prefix list `%s` is of %.8s, and the entries that %s declares are of %s",
		 list->key, list->family,
		 ir_space_name(d->arena, d->ir, d->space), family_name(family));
	return false;
}

/* The network that a list stands for; who has its name must agree on it. */
static bool find_list(struct denoting *d, uint32_t list)
{
	const struct both *found = NULL;

	for (size_t i = 0; i < d->ir->network_count; i++) {
		const struct both *is = &d->space->networks[i];
		const char *written = d->ir->networks[i].prefix_list;

		if (!written || both_empty(*is) ||
		    !is_named(d, written, d->model->lists[list].name))
			continue;
		if (found && !both_equal(*found, *is))
			found = NULL;
		else
			found = is;
		if (!found)
			break;
	}
	if (found && ranges_empty(found->of[IPV4]) !=
		     ranges_empty(found->of[IPV6])) {
		d->list_of[list] = *found;
		return agrees(d, &d->model->lists[list], found,
			      &d->list_of[list]);
	}
	diag_add(d->job->diags, P0602, (struct span){ 0 },
		 "prefix list `%s` is none whose entries %s declares",
		 d->model->lists[list].key,
		 ir_space_name(d->arena, d->ir, d->space));
	return false;
}

/* An account has lists that no rule refers to: those say nothing here. */
static bool *used_lists(const struct denoting *d)
{
	bool *used = arena_array(d->arena, d->model->list_count, sizeof *used);

	for (size_t i = 0; i < d->model->rule_count; i++) {
		const struct aws_peer *peer = &d->model->rules[i].is.peer;

		if (peer->kind == AWS_LIST)
			used[peer->index] = true;
	}
	return used;
}

bool denoting_begin(struct denoting *d, const struct job *job,
		    const struct aws_model *model)
{
	const bool *used;
	bool good;

	*d = (struct denoting){
		.arena = job->arena, .job = job, .ir = job->ir,
		.written = job->ir, .space = job->meaning->space,
		.model = model };
	used = used_lists(d);
	d->layer_of = arena_array(d->arena, d->model->group_count,
				  sizeof *d->layer_of);
	d->list_of = arena_array(d->arena, d->model->list_count,
				 sizeof *d->list_of);
	good = find_all_layers(d);
	for (uint32_t i = 0; i < d->model->list_count; i++)
		good &= !used[i] || find_list(d, i);
	return good;
}
