/*
 * The frame of `terraform show -json`: modules, resources, and which of them are
 * groups and lists.  From "JSON Output Format" and the documentation of the AWS
 * provider's resources.
 *
 * Strict about what can open a port, blind to the rest: a state is full of
 * buckets and certificates.
 */
#include "backends/aws/show.h"

#include <string.h>

static const char *const group_members[] = {
	"arn", "description", "egress", "id", "ingress", "name", "name_prefix",
	"owner_id", "region", "revoke_rules_on_delete", "tags", "tags_all",
	"timeouts", "vpc_id", NULL };
static const char *const rule_members[] = {
	"arn", "cidr_ipv4", "cidr_ipv6", "description", "from_port", "id",
	"ip_protocol", "prefix_list_id", "referenced_security_group_id",
	"region", "security_group_id", "security_group_rule_id", "tags",
	"tags_all", "to_port", NULL };
static const char *const rules_members[] = {
	"cidr_blocks", "description", "from_port", "id", "ipv6_cidr_blocks",
	"prefix_list_ids", "protocol", "region", "security_group_id",
	"security_group_rule_id", "self", "source_security_group_id",
	"timeouts", "to_port", "type", NULL };
static const char *const exclusive_members[] = {
	"egress_rule_ids", "ingress_rule_ids", "region", "security_group_id",
	NULL };

/* No members: any, because what they say opens nothing. */
static const struct kind {
	const char *type;
	bool data;
	enum show_kind kind;
	const char *const *members;
} kinds[] = {
	{ "aws_security_group",			   false, SHOW_GROUP,	      group_members },
	{ "aws_default_security_group",		   false, SHOW_DEFAULT_GROUP, group_members },
	{ "aws_vpc_security_group_ingress_rule",   false, SHOW_INGRESS,	      rule_members },
	{ "aws_vpc_security_group_egress_rule",	   false, SHOW_EGRESS,	      rule_members },
	{ "aws_security_group_rule",		   false, SHOW_RULES,	      rules_members },
	{ "aws_vpc_security_group_rules_exclusive", false, SHOW_EXCLUSIVE,    exclusive_members },
	{ "aws_vpc_security_group_vpc_association", false, SHOW_ASSOCIATION,  NULL },
	{ "aws_ec2_managed_prefix_list",	   false, SHOW_LIST,	      NULL },
	{ "aws_ec2_managed_prefix_list",	   true,  SHOW_LIST,	      NULL },
	{ "aws_prefix_list",			   true,  SHOW_LIST,	      NULL },
};

static const struct kind *kind_of(const char *type, bool data)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].data == data && strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

enum show_kind show_kind(const char *type, bool data)
{
	const struct kind *kind = kind_of(type, data);

	return kind ? kind->kind : SHOW_OTHER;
}

/* --- values --- */

static bool has_true(const struct json *json)
{
	if (!json || (json->kind != JV_ARRAY && json->kind != JV_OBJECT))
		return json && json->kind == JV_TRUE;
	for (json = json->first; json; json = json->next)
		if (has_true(json))
			return true;
	return false;
}

enum show_value show_value(struct show *s, const struct show_object *o,
			   const char *key, const struct json **out)
{
	const struct path path = { &(struct path){ NULL, o->address }, key };
	const struct json *value = jv_get(o->values, key);

	*out = NULL;
	if (!value && !s->plan)
		refuse(&s->json, &path, "is missing");
	if (has_true(jv_get(o->unknown, key)) || (!value && s->plan))
		return SHOW_UNKNOWN;
	if (!value || value->kind == JV_NULL)
		return SHOW_NULL;
	*out = value;
	return SHOW_KNOWN;
}

const char *show_text(struct show *s, const struct show_object *o,
		      const char *key)
{
	const struct path path = { &(struct path){ NULL, o->address }, key };
	const struct json *value;
	const char *text;

	switch (show_value(s, o, key, &value)) {
	case SHOW_NULL:
		return "";
	case SHOW_UNKNOWN:
		return NULL;
	case SHOW_KNOWN:
		break;
	}
	text = jv_string(value);
	if (!text)
		refuse(&s->json, &path, "is not a string");
	return text ? arena_copy(s->r.arena, text, strlen(text)) : NULL;
}

/* The same, where it has to be there. */
static const char *need(struct show *s, const struct path *up, const char *key,
			const struct json *object)
{
	const struct path path = { up, key };
	const char *text = jv_string(jv_get(object, key));

	if (!text)
		refuse(&s->json, &path, "is not a string");
	return text;
}

/* --- resources --- */

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static const char *inside(struct show *s, const char *module,
			  const char *local)
{
	return *module ? arena_printf(s->r.arena, "%s.%s", module, local)
		       : arena_copy(s->r.arena, local, strlen(local));
}

/*
 * What ADDRESS has behind BASE: the index of one instance of several, or "".
 * NULL and told when it is neither, or not what IS says.
 */
static const char *index_of(struct show *s, const struct path *path,
			    const char *address, const char *base,
			    const struct json *is)
{
	size_t len = strlen(base);
	const char *index = address + len;

	if (strncmp(address, base, len) == 0 &&
	    (is ? *index == '[' && ends_in(index, "]") : !*index))
		return index;
	refuse(&s->json, path, "is not the address of `%s`", base);
	return NULL;
}

/* A resource as it is now, and whole: told otherwise. */
static bool is_sound(struct show *s, const struct path *path,
		     const struct json *json)
{
	const char *provider = need(s, path, "provider_name", json);
	const struct json *tainted = jv_get(json, "tainted");

	if (!provider)
		return false;
	if (!ends_in(provider, "/hashicorp/aws"))
		return refuse(&s->json, path, "is of another provider than hashicorp/aws");
	if (tainted && tainted->kind != JV_FALSE)
		return refuse(&s->json, path, "is tainted: what became of it nobody knows");
	return !jv_get(json, "deposed_key") ||
	       refuse(&s->json, path, "is left over from a replacement");
}

struct show_object *show_read_object(struct show *s,
				     const struct show_module *m,
				     const struct json *json)
{
	const struct path up = { NULL, *m->address ? m->address : "root_module" };
	const char *address = need(s, &up, "address", json);
	const char *type = need(s, &up, "type", json);
	const char *name = need(s, &up, "name", json);
	const char *mode = need(s, &up, "mode", json), *local, *index;
	const struct path path = { NULL, address }, values = { &path, "values" };
	const struct kind *kind;
	struct show_object *o;
	bool data;

	if (!address || !type || !name || !mode)
		return NULL;
	data = strcmp(mode, "data") == 0;
	kind = kind_of(type, data);
	if (!data && strcmp(mode, "managed") != 0)
		refuse(&s->json, &path, "is neither managed nor data");
	if (!kind || !is_sound(s, &path, json))
		return NULL;
	local = arena_printf(s->json.arena, "%s%s.%s", data ? "data." : "", type,
			     name);
	index = index_of(s, &path, address, inside(s, m->address, local),
			 jv_get(json, "index"));
	if (!index || !expect_object(&s->json, &values, jv_get(json, "values"),
				     kind->members))
		return NULL;
	o = arena_alloc(s->json.arena, sizeof *o);
	*o = (struct show_object){
		.module = m, .address = inside(s, "", address), .index = index,
		.kind = kind->kind, .data = data,
		.values = jv_get(json, "values"),
		.config = jv_get(table_get_name(&m->configs, local),
				 "expressions"),
		.group = NOT_HERE };
	return o;
}

static void read_resources(struct show *s, const struct show_module *m,
			   const struct json *resources, bool only_data)
{
	for (const struct json *one = resources; one; one = one->next) {
		const char *mode = jv_string(jv_get(one, "mode"));
		bool data = mode && strcmp(mode, "data") == 0;
		struct show_object *o = data || !only_data
			? show_read_object(s, m, one) : NULL;
		const struct path path = { NULL, o ? o->address : "" };
		void **place;

		if (!o)
			continue;
		place = table_at_name(&s->by_address, o->address);
		if (!*place)
			*LIST_PUSH(s->json.arena, &s->objects) = *place = o;
		else if (!only_data)
			refuse(&s->json, &path, "is there twice");
	}
}

/* --- modules --- */

static const struct json *elements(struct show *s, const struct path *up,
				   const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *all = jv_get(object, key);

	if (all && all->kind != JV_ARRAY)
		refuse(&s->json, &path, "is not an array");
	return all && all->kind == JV_ARRAY ? all->first : NULL;
}

/* Where its resources are configured. */
static void find_configs(struct show *s, struct show_module *m)
{
	const struct json *one = jv_get(m->config, "resources");

	m->configs = TABLE_IN(s->json.arena);
	for (one = one && one->kind == JV_ARRAY ? one->first : NULL; one;
	     one = one->next) {
		const char *address = jv_string(jv_get(one, "address"));

		if (address)
			*table_at_name(&m->configs, address) = (void *)one;
	}
}

/* The module that the address of JSON says, below UP; NULL and told. */
static struct show_module *child_of(struct show *s,
				    const struct show_module *up,
				    const struct json *json)
{
	const struct path path = { NULL, "child_modules" };
	const char *address = need(s, &path, "address", json), *name;
	const char *base = inside(s, up->address, "module.");
	struct show_module *m;

	if (!address)
		return NULL;
	if (strncmp(address, base, strlen(base)) != 0) {
		refuse(&s->json, &path, "has a module with the address of another");
		return NULL;
	}
	name = address + strlen(base);
	m = arena_alloc(s->json.arena, sizeof *m);
	*m = (struct show_module){
		.up = up, .address = address,
		.name = arena_copy(s->json.arena, name, strcspn(name, "[")),
		.index = name + strcspn(name, "[") };
	m->config = jv_get(jv_get(jv_get(up->config, "module_calls"), m->name),
			   "module");
	find_configs(s, m);
	return m;
}

static void read_module(struct show *s, const struct show_module *m,
			const struct json *json, bool only_data)
{
	static const char *const known[] = { "address", "resources",
					     "child_modules", NULL };
	const struct path path = { NULL, *m->address ? m->address : "root_module" };
	void **place = table_at_name(&s->modules, m->address);

	if (!expect_object(&s->json, &path, json, known))
		return;
	if (*place && !only_data)
		refuse(&s->json, &path, "is there twice");
	if (*place)
		m = *place;
	*place = (void *)m;
	read_resources(s, m, elements(s, &path, "resources", json), only_data);
	for (const struct json *one = elements(s, &path, "child_modules", json);
	     one; one = one->next) {
		const struct show_module *child = child_of(s, m, one);

		if (child)
			read_module(s, child, one, only_data);
	}
}

void show_read_values(struct show *s, const char *key,
		      const struct json *values, const struct json *config,
		      bool only_data)
{
	static const char *const known[] = { "outputs", "root_module", NULL };
	const struct path path = { NULL, key };
	struct show_module *root = arena_alloc(s->json.arena, sizeof *root);

	*root = (struct show_module){ .name = "", .address = "", .index = "",
				      .config = config };
	find_configs(s, root);
	if (expect_object(&s->json, &path, values, known) &&
	    jv_get(values, "root_module"))
		read_module(s, root, jv_get(values, "root_module"), only_data);
}

/* --- groups and lists --- */

/* By its id, or, as long as it has none, by its address. */
static const char *identified(struct show *s, struct show_object *o)
{
	const struct path path = { NULL, o->address };
	const char *id = show_text(s, o, "id");
	void **place;

	if (!id && s->plan)
		return o->address;
	if (!id || !*id) {
		refuse(&s->json, &path, "has no id");
		return o->address;
	}
	place = table_at_name(&s->by_id, id);
	/* a data source may look up what a resource, or another one, has */
	if (*place && o->kind != SHOW_LIST)
		refuse(&s->json, &path, "has the id of another one");
	*place = o;
	return id;
}

/* Where O has TAGS, also those that the provider gives to everything. */
static const char *tag(struct show *s, const struct show_object *o,
		       const char *key)
{
	const struct path address = { NULL, o->address };
	const struct path tags = { &address, "tags" }, path = { &tags, key };
	const struct json *some, *value;
	const char *text;

	if (show_value(s, o, "tags_all", &some) != SHOW_KNOWN &&
	    show_value(s, o, "tags", &some) == SHOW_UNKNOWN)
		refuse(&s->json, &tags, "are not known yet");
	value = jv_get(some, key);
	if (!value || value->kind == JV_NULL)
		return "";
	text = jv_string(value);
	if (!text)
		refuse(&s->json, &path, "is not a string");
	return text ? arena_copy(s->r.arena, text, strlen(text)) : "";
}

/* Its id, or the address of the resource that will have it; "": nobody knows. */
static const char *vpc_of(struct show *s, const struct show_object *o)
{
	const char *id = show_text(s, o, "vpc_id"), *why = NULL;

	if (!id)
		id = show_referred(s, o, "vpc_id", &why);
	return id ? id : "";
}

/* arn:aws:ec2:REGION:… */
static const char *region_of(struct show *s, const struct show_object *o)
{
	const char *arn = show_text(s, o, "arn");
	size_t len;

	for (int part = 0; arn && part < 3; part++) {
		arn = strchr(arn, ':');
		arn = arn ? arn + 1 : NULL;
	}
	len = arn ? strcspn(arn, ":") : 0;
	return len && arn[len] ? arena_copy(s->r.arena, arn, len) : "";
}

/* The one of every VPC has its name before Terraform looks. */
static void take_group(struct show *s, struct show_object *o)
{
	const char *owner = show_text(s, o, "owner_id");
	const char *name = o->kind == SHOW_DEFAULT_GROUP
		? "default" : show_text(s, o, "name");
	const char *description = show_text(s, o, "description");
	struct account_group g = {
		.id = identified(s, o),
		.name = name ? name : "",
		.description = description ? description : "",
		.vpc = vpc_of(s, o),
		.owner = owner ? owner : "",
		.region = region_of(s, o),
		.policy = tag(s, o, "firebreak:policy"),
		.customer = tag(s, o, "firebreak:customer"),
		.environment = tag(s, o, "firebreak:environment"),
		.layer = tag(s, o, "firebreak:layer"),
		.part = tag(s, o, "firebreak:part"),
	};

	o->group = (uint32_t)s->r.account->groups.count;
	*LIST_PUSH(s->r.arena, &s->r.account->groups) = g;
	*table_at_name(&s->r.groups, g.id) = (void *)(uintptr_t)(o->group + 1);
}

/*
 * What is in a list: `entry` of a resource, `entries` of its data source.  NULL:
 * not known, or of aws_prefix_list, which tells of some Regions' lists nothing.
 */
static struct both *entries_of(struct show *s, const struct show_object *o)
{
	const char *key = o->data ? "entries" : "entry";
	const struct path path = { &(struct path){ NULL, o->address }, key };
	const struct json *list;
	struct both *all;

	if (!jv_get(o->values, key) ||
	    show_value(s, o, key, &list) != SHOW_KNOWN)
		return NULL;
	all = arena_alloc(s->r.arena, sizeof *all);
	*all = (struct both){ { NO_RANGES, NO_RANGES } };
	if (list->kind != JV_ARRAY)
		refuse(&s->json, &path, "is not an array");
	for (list = list->kind == JV_ARRAY ? list->first : NULL; list;
	     list = list->next) {
		const char *text = jv_string(jv_get(list, "cidr"));
		struct prefix p;
		struct range is;

		if (!text || prefix_read(text, strlen(text), &p) != PREFIX_OK) {
			refuse(&s->json, &path, "has what is no prefix");
			return all;
		}
		is = prefix_range(p);
		all->of[p.family] = ranges_union(s->r.arena, all->of[p.family],
			ranges_one(s->r.arena, is.lo, is.hi));
	}
	return all;
}

static void take_list(struct show *s, struct show_object *o)
{
	const char *id = identified(s, o), *name = show_text(s, o, "name");
	const char *family = jv_get(o->values, "address_family")
		? show_text(s, o, "address_family") : NULL;
	/* AWS changes its own lists when it likes: those are what they are */
	const char *owner = jv_get(o->values, "owner_id")
		? show_text(s, o, "owner_id") : NULL;
	void **place = table_at_name(&s->r.lists, id);

	if (*place || !name || !*name)
		return;
	*LIST_PUSH(s->r.arena, &s->r.account->lists) = (struct account_list){
		.id = id, .name = name, .family = family ? family : "",
		.entries = owner && strcmp(owner, "AWS") != 0
			? entries_of(s, o) : NULL };
	*place = (void *)(uintptr_t)s->r.account->lists.count;
}

static void take_objects(struct show *s)
{
	for (size_t i = 0; i < s->objects.count; i++) {
		struct show_object *o = s->objects.at[i];

		switch (o->kind) {
		case SHOW_GROUP:
			take_group(s, o);
			break;
		case SHOW_DEFAULT_GROUP:
			take_group(s, o);
			*LIST_PUSH(s->r.arena, &s->r.account->managed) =
				s->r.account->groups.at[o->group].vpc;
			break;
		case SHOW_LIST:
			take_list(s, o);
			break;
		case SHOW_OTHER: case SHOW_INGRESS: case SHOW_EGRESS:
		case SHOW_RULES: case SHOW_EXCLUSIVE: case SHOW_ASSOCIATION:
			break;
		}
	}
}

/* --- the whole --- */

/* "Reject any input which reports an unsupported major version." */
static bool is_version(struct show *s, const struct json *root)
{
	const struct path path = { NULL, "format_version" };
	const char *version = need(s, NULL, path.key, root);

	return version && (strncmp(version, "1.", 2) == 0 ||
			   refuse(&s->json, &path, "is not version 1, which is "
				  "the one that is known here"));
}

static void read_state(struct show *s, const struct json *root)
{
	static const char *const known[] = { "format_version", "checks",
					     "terraform_version", "values", NULL };
	const struct path path = { NULL, "values" };

	if (!expect_object(&s->json, NULL, root, known))
		return;
	if (!jv_get(root, "values"))
		refuse(&s->json, &path, "is missing: the state is empty");
	else
		show_read_values(s, path.key, jv_get(root, path.key), NULL,
				 false);
}

static void read_root(struct show *s, const struct json *root)
{
	const struct path path = { NULL, "aws_security_group" };

	if (!is_version(s, root))
		return;
	s->plan = jv_get(root, "planned_values");
	if (s->plan)
		show_read_plan(s, root);
	else
		read_state(s, root);
	if (!s->json.good)
		return;
	take_objects(s);
	if (!s->r.account->groups.count)
		refuse(&s->json, &path, "is not in it: there is no security group%s",
		       s->plan ? " after the apply" : "");
	if (s->json.good)
		show_read_rules(s);
}

bool show_recognise(const char *bytes, size_t len)
{
	static const char sign[] = "\"format_version\"";
	size_t start = 0, n = sizeof sign - 1;

	while (start < len && memchr(" \t\r\n", bytes[start], 4))
		start++;
	if (start == len || bytes[start] != '{')
		return false;
	for (size_t i = start; i + n <= len; i++)
		if (memcmp(bytes + i, sign, n) == 0)
			return true;
	return false;
}

const struct account *show_read(struct arena *arena, struct diags *diags,
				const char *name, const char *bytes, size_t len)
{
	struct arena *scratch = arena_child(arena);
	struct account *account = arena_alloc(arena, sizeof *account);
	struct show s = {
		.json = { scratch, diags, name, true },
		.r = { .arena = arena, .account = account,
		       .groups = TABLE_IN(scratch), .lists = TABLE_IN(scratch),
		       .peers = TABLE_IN(scratch) },
		.modules = TABLE_IN(scratch), .by_address = TABLE_IN(scratch),
		.by_id = TABLE_IN(scratch),
	};
	const struct json *root;

	s.r.json = &s.json;
	*account = (struct account){ .terraform = true };
	root = read_json(&s.json, bytes, len);
	if (root)
		read_root(&s, root);
	if (s.json.good)
		account_look_up_peers(&s.r);
	arena_free(scratch);
	return s.json.good ? account : NULL;
}
