/* One rule, one struct; a packet is held against all of them. */
#include "tests/lib/aws_eval_rule.h"

#include "compiler/base/addr.h"
#include "tests/lib/naive.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *eval_string(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* "${KIND.NAME.id}": the object of that name. */
static json_t *referred(const struct aws_eval *e, json_t *among,
			const char *kind, const char *text)
{
	size_t len = strlen(kind), rest;

	if (strncmp(text, "${", 2) != 0 || strncmp(text + 2, kind, len) != 0)
		return NULL;
	text += 2 + len;
	rest = strlen(text);
	if (rest < 4 || strcmp(text + rest - 4, ".id}") != 0)
		return NULL;
	return json_object_get(among, arena_copy(e->arena, text, rest - 4));
}

static const char *layer_of(const struct aws_eval *e, const char *reference)
{
	json_t *group = referred(e, e->groups, "aws_security_group.",
				 reference);
	const char *layer = eval_string(json_object_get(group, "tags"),
				      "firebreak:layer");

	return *layer ? arena_copy(e->arena, layer, strlen(layer)) : NULL;
}

static const char *region_of(const struct aws_eval *e)
{
	const struct ast_node *n = naive_place(e->ast, e->customer,
					       e->environment);

	for (n = n->block; n; n = n->next)
		if (n->kind == AST_REGION)
			return n->name.text;
	return "";
}

/* The network whose prefix list, {region} filled in, has this name. */
const char *eval_network(const struct aws_eval *e, const char *name)
{
	for (size_t f = 0; *name && f < e->ast->files.count; f++)
		for (const struct ast_node *n = e->ast->files.at[f]->nodes; n;
		     n = n->next) {
			const char *mark, *full = n->prefix_list.text;

			if (n->kind != AST_NETWORK || !full)
				continue;
			mark = strstr(full, "{region}");
			if (mark)
				full = arena_printf(e->arena, "%.*s%s%s",
						    (int)(mark - full), full,
						    region_of(e), mark + 8);
			if (strcmp(full, name) == 0)
				return n->name.text;
		}
	return NULL;
}

static const char *network_of(const struct aws_eval *e, const char *reference)
{
	json_t *list = referred(e, e->lists,
				"data.aws_ec2_managed_prefix_list.", reference);

	return eval_network(e, eval_string(list, "name"));
}

bool eval_prefix(const char *text, int version, struct range *out)
{
	unsigned char bytes[16];
	char base[64];
	const char *slash = strchr(text, '/');
	int bits = version == 4 ? 32 : 128, length;

	if (!slash || (size_t)(slash - text) >= sizeof base)
		return false;
	memcpy(base, text, (size_t)(slash - text));
	base[slash - text] = '\0';
	length = atoi(slash + 1);
	if (inet_pton(version == 4 ? AF_INET : AF_INET6, base, bytes) != 1 ||
	    length < 0 || length > bits)
		return false;
	out->lo = 0;
	for (int i = 0; i < bits / 8; i++)
		out->lo = out->lo << 8 | bytes[i];
	/* AWS leaves host bits out */
	for (int i = 0; i < bits - length; i++)
		out->lo &= ~((u128)1 << i);
	out->hi = out->lo;
	for (int i = 0; i < bits - length; i++)
		out->hi |= (u128)1 << i;
	return true;
}

int eval_protocol(const char *text)
{
	if (strcmp(text, "tcp") == 0)
		return 6;
	if (strcmp(text, "udp") == 0)
		return 17;
	if (strcmp(text, "icmp") == 0)
		return 1;
	if (strcmp(text, "icmpv6") == 0)
		return 58;
	return *text ? atoi(text) : -2;
}

int eval_number(json_t *object, const char *key)
{
	json_t *number = json_object_get(object, key);

	return json_is_integer(number) ? (int)json_integer_value(number) : -1;
}

static bool read_peer(const struct aws_eval *e, json_t *json, struct rule *r)
{
	const char *v4 = eval_string(json, "cidr_ipv4");
	const char *v6 = eval_string(json, "cidr_ipv6");

	r->is_prefix = *v4 || *v6;
	r->family = *v4 ? IPV4 : IPV6;
	if (r->is_prefix)
		return eval_prefix(*v4 ? v4 : v6, *v4 ? 4 : 6, &r->prefix);
	r->name = layer_of(e, eval_string(json, "referenced_security_group_id"));
	if (!r->name)
		r->name = network_of(e, eval_string(json, "prefix_list_id"));
	return r->name;
}

/* Terraform would take other members too: whoever reads them must know them. */
static bool has_only(json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return false;
	}
	return true;
}

static bool read_groups(const struct aws_eval *e)
{
	static const char *const known[] = { "name", "description", "vpc_id",
					     "tags", NULL };
	const char *key;
	json_t *json;

	json_object_foreach(e->groups, key, json)
		if (!has_only(json, known))
			return false;
	return true;
}

static bool read_rules(struct aws_eval *e, json_t *some, bool ingress)
{
	static const char *const known[] = {
		"security_group_id", "ip_protocol", "from_port", "to_port",
		"cidr_ipv4", "cidr_ipv6", "prefix_list_id",
		"referenced_security_group_id", "description", "tags", NULL,
	};
	const char *key;
	json_t *json;

	json_object_foreach(some, key, json) {
		struct rule *r = LIST_PUSH(e->arena, &e->rules);

		r->ingress = ingress;
		r->layer = layer_of(e, eval_string(json, "security_group_id"));
		r->protocol = eval_protocol(eval_string(json, "ip_protocol"));
		r->from = eval_number(json, "from_port");
		r->to = eval_number(json, "to_port");
		if (!has_only(json, known) || !r->layer || r->protocol < -1 || !read_peer(e, json, r))
			return false;
	}
	return true;
}

/* --- EC2 permissions --- */

static const char *ec2_layer(const struct aws_eval *e, json_t *group)
{
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(group, "Tags"), i, tag)
		if (strcmp(eval_string(tag, "Key"), "firebreak:layer") == 0) {
			const char *is = eval_string(tag, "Value");

			return *is ? arena_copy(e->arena, is, strlen(is)) : NULL;
		}
	return NULL;
}

static const char *ec2_layer_of(const struct aws_eval *e, const char *id)
{
	json_t *group;
	size_t i;

	json_array_foreach(e->groups, i, group)
		if (strcmp(eval_string(group, "GroupId"), id) == 0)
			return ec2_layer(e, group);
	return NULL;
}

static const char *ec2_network_of(const struct aws_eval *e, const char *id)
{
	json_t *list;
	size_t i;

	json_array_foreach(e->lists, i, list)
		if (strcmp(eval_string(list, "PrefixListId"), id) == 0)
			return eval_network(e, eval_string(list,
							  "PrefixListName"));
	return NULL;
}

static bool ec2_peer(const struct aws_eval *e, json_t *one, size_t kind,
		     struct rule *r)
{
	r->is_prefix = kind < 2;
	r->family = kind == 1 ? IPV6 : IPV4;
	switch (kind) {
	case 0:	 return eval_prefix(eval_string(one, "CidrIp"), 4, &r->prefix);
	case 1:	 return eval_prefix(eval_string(one, "CidrIpv6"), 6, &r->prefix);
	case 2:	 r->name = ec2_network_of(e, eval_string(one, "PrefixListId"));
		 break;
	default: r->name = ec2_layer_of(e, eval_string(one, "GroupId"));
		 r->stranger = !r->name;
	}
	return r->name || r->stranger;
}

static bool ec2_rules(struct aws_eval *e, json_t *group, bool ingress)
{
	static const char *const peers[] = { "IpRanges", "Ipv6Ranges",
					     "PrefixListIds",
					     "UserIdGroupPairs" };
	json_t *permission, *one;
	size_t i, k;

	json_array_foreach(json_object_get(group, ingress ? "IpPermissions" :
					   "IpPermissionsEgress"), i, permission)
		for (size_t kind = 0; kind < 4; kind++)
			json_array_foreach(json_object_get(permission,
							   peers[kind]), k, one) {
				struct rule *r = LIST_PUSH(e->arena, &e->rules);

				r->ingress = ingress;
				r->layer = ec2_layer(e, group);
				r->protocol = eval_protocol(eval_string(
						permission, "IpProtocol"));
				r->from = eval_number(permission, "FromPort");
				r->to = eval_number(permission, "ToPort");
				if (!r->layer || !ec2_peer(e, one, kind, r))
					return false;
			}
	return true;
}

static bool read_ec2(struct aws_eval *e, json_t *root)
{
	json_t *group;
	size_t i;

	e->groups = json_object_get(root, "SecurityGroups");
	e->lists = json_object_get(root, "PrefixLists");
	json_array_foreach(e->groups, i, group)
		if (ec2_layer(e, group) && (!ec2_rules(e, group, true) ||
					    !ec2_rules(e, group, false)))
			return false;
	return true;
}

/* --- CloudFormation --- */

/* What {"Ref": X} or {"Fn::GetAtt": [X, "GroupId"]} refers to. */
static json_t *cfn_referred(json_t *among, json_t *function)
{
	const char *id = eval_string(function, "Ref");
	json_t *pair = json_object_get(function, "Fn::GetAtt");
	const char *first = json_string_value(json_array_get(pair, 0));

	return json_object_get(among, first ? first : id);
}

static const char *cfn_layer(const struct aws_eval *e, json_t *group)
{
	return ec2_layer(e, json_object_get(group, "Properties"));
}

static const char *cfn_network(const struct aws_eval *e, json_t *parameter)
{
	const char *text = eval_string(parameter, "Description");
	const char *name = strrchr(text, ' ');

	return name ? eval_network(e, name + 1) : NULL;
}

/* The words of templates for "no egress": they admit no packet. */
static bool cfn_is_nothing(const struct rule *r)
{
	if (r->ingress || !r->is_prefix || r->family != IPV4 ||
	    r->prefix.lo != r->prefix.hi)
		return false;
	return (r->protocol == -1 && r->prefix.lo == 0x7f000001) ||
	       (r->protocol == 1 && r->from == 252 && r->to == 86 &&
		r->prefix.lo == 0xffffffff);
}

static bool cfn_rule(struct aws_eval *e, json_t *json, const char *layer,
		     bool ingress)
{
	const char *v4 = eval_string(json, "CidrIp");
	const char *v6 = eval_string(json, "CidrIpv6");
	json_t *list = json_object_get(json, ingress ? "SourcePrefixListId" :
				       "DestinationPrefixListId");
	json_t *group = json_object_get(json, ingress ? "SourceSecurityGroupId" :
					"DestinationSecurityGroupId");
	struct rule r = { .layer = layer, .ingress = ingress,
			  .protocol = eval_protocol(eval_string(json, "IpProtocol")),
			  .from = eval_number(json, "FromPort"),
			  .to = eval_number(json, "ToPort"),
			  .is_prefix = *v4 || *v6,
			  .family = *v4 ? IPV4 : IPV6 };

	if (!layer || r.protocol < -1)
		return false;
	if (r.is_prefix &&
	    !eval_prefix(*v4 ? v4 : v6, *v4 ? 4 : 6, &r.prefix))
		return false;
	if (list)
		r.name = cfn_network(e, cfn_referred(e->lists, list));
	if (group)
		r.name = cfn_layer(e, cfn_referred(e->groups, group));
	if (!r.is_prefix && !r.name)
		return false;
	if (!cfn_is_nothing(&r))
		*LIST_PUSH(e->arena, &e->rules) = r;
	return true;
}

/* AWS's own rule, which stays where a group says no egress itself. */
static void cfn_let_all_out(struct aws_eval *e, const char *layer)
{
	for (enum family f = IPV4; f < FAMILIES; f++)
		*LIST_PUSH(e->arena, &e->rules) = (struct rule){
			.layer = layer, .protocol = -1, .from = -1, .to = -1,
			.is_prefix = true, .family = f,
			.prefix = { 0, f == IPV4 ? UINT32_MAX : U128_MAX } };
}

static bool cfn_group(struct aws_eval *e, json_t *resource)
{
	json_t *properties = json_object_get(resource, "Properties"), *rule;
	json_t *egress = json_object_get(properties, "SecurityGroupEgress");
	const char *layer = cfn_layer(e, resource);
	size_t i;

	json_array_foreach(json_object_get(properties, "SecurityGroupIngress"),
			   i, rule)
		if (!cfn_rule(e, rule, layer, true))
			return false;
	json_array_foreach(egress, i, rule)
		if (!cfn_rule(e, rule, layer, false))
			return false;
	if (layer && !json_array_size(egress))
		cfn_let_all_out(e, layer);
	return layer;
}

static bool read_cfn(struct aws_eval *e, json_t *root)
{
	json_t *resource;
	const char *key;

	e->groups = json_object_get(root, "Resources");
	e->lists = json_object_get(root, "Parameters");
	json_object_foreach(e->groups, key, resource) {
		const char *type = eval_string(resource, "Type");
		json_t *is = json_object_get(resource, "Properties");
		bool ingress = strcmp(type, "AWS::EC2::SecurityGroupIngress") == 0;

		if (strcmp(type, "AWS::EC2::SecurityGroup") == 0) {
			if (!cfn_group(e, resource))
				return false;
		} else if (!cfn_rule(e, is, cfn_layer(e, cfn_referred(e->groups,
					json_object_get(is, "GroupId"))),
				     ingress)) {
			return false;
		}
	}
	return true;
}

const struct aws_eval *aws_eval_read(struct arena *arena, const char *text,
				     size_t len, const struct ast *ast,
				     const char *customer,
				     const char *environment)
{
	struct aws_eval *e = arena_alloc(arena, sizeof *e);
	json_t *root = json_loadb(text, len, 0, NULL);
	json_t *resource = json_object_get(root, "resource");
	bool good;

	*e = (struct aws_eval){ .ast = ast, .customer = customer,
				.environment = environment, .arena = arena };
	if (json_object_get(root, "values")) {
		good = eval_shown(e, json_object_get(root, "values"));
		json_decref(root);
		return good ? e : NULL;
	}
	if (json_object_get(root, "SecurityGroups") ||
	    json_object_get(root, "Resources")) {
		good = json_object_get(root, "Resources") ? read_cfn(e, root) :
							    read_ec2(e, root);
		e->groups = e->lists = NULL;
		json_decref(root);
		return good ? e : NULL;
	}
	e->groups = json_object_get(resource, "aws_security_group");
	e->default_as_made = !json_object_size(json_object_get(resource,
						"aws_default_security_group"));
	e->lists = json_object_get(json_object_get(root, "data"),
				   "aws_ec2_managed_prefix_list");
	good = read_groups(e) &&
	       read_rules(e, json_object_get(resource,
			"aws_vpc_security_group_ingress_rule"), true) &&
	       read_rules(e, json_object_get(resource,
			"aws_vpc_security_group_egress_rule"), false);
	e->groups = e->lists = NULL;
	json_decref(root);
	return good ? e : NULL;
}

static bool is_service(const struct rule *r, const struct packet *p)
{
	int protocol = (int)(p->svc >> 16), value = (int)(p->svc & 0xffff);

	if (r->protocol == -1)
		return true;
	if (protocol != r->protocol)
		return false;
	if (protocol == 6 || protocol == 17)
		return r->from <= value && value <= r->to;
	if (protocol != (p->family == IPV4 ? 1 : 58))
		return true;
	return (r->from == -1 || r->from == value / 256) &&
	       (r->to == -1 || r->to == value % 256);
}

/* Is ADDRESS one of TAG's layers, which has several with a `.` between? */
static bool is_of(const struct aws_eval *e, const char *tag,
		  enum family family, u128 address)
{
	for (size_t len; *tag; tag += len + (tag[len] == '.')) {
		len = strcspn(tag, ".");
		if (naive_is_in(e->ast, e->customer, e->environment,
				arena_copy(e->arena, tag, len), family,
				address))
			return true;
	}
	return false;
}

/* Is LAYER one of them? */
static bool names(const char *tag, const char *layer)
{
	size_t want = strlen(layer);

	for (size_t len; *tag; tag += len + (tag[len] == '.')) {
		len = strcspn(tag, ".");
		if (len == want && strncmp(tag, layer, len) == 0)
			return true;
	}
	return false;
}

static bool is_peer(const struct aws_eval *e, const struct rule *r,
		    enum family family, u128 address)
{
	if (r->stranger)
		/* between two classes there is nobody */
		return family == IPV4 &&
		       address >= opaque_class(OPAQUE_GROUPS) &&
		       (address - opaque_class(OPAQUE_GROUPS)) % 2 == 0;
	if (r->is_prefix)
		return r->family == family && r->prefix.lo <= address &&
		       address <= r->prefix.hi;
	return is_of(e, r->name, family, address);
}

static bool permits(const struct aws_eval *e, const struct rule *r,
		    bool ingress, const struct packet *p)
{
	return r->ingress == ingress && !r->of_default &&
	       is_of(e, r->layer, p->family, ingress ? p->dst : p->src) &&
	       is_service(r, p) &&
	       is_peer(e, r, p->family, ingress ? p->src : p->dst);
}

/* Is NAME a layer's, and no network's? */
static bool has_name(const struct aws_eval *e, const char *name)
{
	for (size_t f = 0; f < e->ast->files.count; f++)
		for (const struct ast_node *n = e->ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == AST_LAYER && names(name, n->name.text))
				return true;
	return false;
}

/* May somebody be there: an address of the VPC, or any where it has none? */
static bool may_be(const struct aws_eval *e, enum family family, u128 address)
{
	return !naive_has_family(e->ast, e->customer, e->environment, NULL,
				 family) ||
	       naive_is_in_vpc(e->ast, e->customer, e->environment, family,
			       address);
}

/* Has one of TAG's layers addresses of FAMILY? */
static bool has_hosts(const struct aws_eval *e, const char *tag,
		      enum family family)
{
	for (size_t len; *tag; tag += len + (tag[len] == '.')) {
		len = strcspn(tag, ".");
		if (naive_has_family(e->ast, e->customer, e->environment,
				     arena_copy(e->arena, tag, len), family))
			return true;
	}
	return false;
}

/* Does R say something of a family that nobody of its group has yet? */
static bool is_stray(const struct aws_eval *e, const struct rule *r,
		     bool ingress, const struct packet *p)
{
	bool to_layer = !r->is_prefix && !r->stranger &&
			has_name(e, r->name);

	return r->ingress == ingress && !to_layer &&
	       !has_hosts(e, r->layer, p->family) &&
	       may_be(e, p->family, ingress ? p->dst : p->src) &&
	       is_service(r, p) &&
	       is_peer(e, r, p->family, ingress ? p->src : p->dst);
}

/* AWS made it with everything from itself and everything out. */
static bool default_admits(const struct aws_eval *e, bool ingress,
			   const struct packet *p)
{
	bool from = naive_is_in_vpc(e->ast, e->customer, e->environment,
				    p->family, p->src);
	bool to = naive_is_in_vpc(e->ast, e->customer, e->environment,
				  p->family, p->dst);

	for (size_t i = 0; i < e->rules.count; i++) {
		const struct rule *r = &e->rules.at[i];

		if (r->of_default && r->ingress == ingress &&
		    may_be(e, p->family, ingress ? p->dst : p->src) &&
		    is_service(r, p) &&
		    is_peer(e, r, p->family, ingress ? p->src : p->dst))
			return true;
	}
	return e->default_as_made && from && (to || !ingress);
}

bool aws_eval_group(const struct aws_eval *e, const char *layer, bool ingress,
		    const struct packet *p)
{
	if (strcmp(layer, "default group") == 0)
		return default_admits(e, ingress, p);
	for (size_t i = 0; i < e->rules.count; i++)
		if (names(e->rules.at[i].layer, layer) &&
		    (permits(e, &e->rules.at[i], ingress, p) ||
		     is_stray(e, &e->rules.at[i], ingress, p)))
			return true;
	return false;
}

/* Does some layer have ADDRESS? */
static bool is_ours(const struct aws_eval *e, enum family family, u128 address)
{
	for (size_t f = 0; f < e->ast->files.count; f++)
		for (const struct ast_node *n = e->ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == AST_LAYER &&
			    naive_is_in(e->ast, e->customer, e->environment,
					n->name.text, family, address))
				return true;
	return false;
}

/* An interface carries the groups of all layers that have its address. */
static bool passes(const struct aws_eval *e, bool ingress,
		   const struct packet *p)
{
	for (size_t i = 0; i < e->rules.count; i++)
		if (permits(e, &e->rules.at[i], ingress, p))
			return true;
	return false;
}

bool aws_eval_composed(const struct aws_eval *e, const struct packet *p)
{
	bool from = is_ours(e, p->family, p->src);
	bool to = is_ours(e, p->family, p->dst);

	return (from || to) && (!from || passes(e, false, p)) &&
	       (!to || passes(e, true, p));
}
