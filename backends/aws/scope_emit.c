/*
 * A CloudFormation template of access scopes, to be deployed beside the groups.
 *
 * Its Metadata says of every invariant which resource watches it and what that does
 * not look at, so that nobody takes a scope for more than it is.
 */
#include "backends/aws/scope.h"

#include "backends/aws/emit.h"
#include "backends/aws/names.h"
#include "backends/aws/write_json.h"

static void put_reference(struct writer *w, const char *key)
{
	put_open(w, NULL, '{');
	put_string(w, "Ref", key);
	put_close(w, '}');
}

/* --- conditions --- */

static void put_addresses(struct writer *w, const char *key, struct ranges set)
{
	size_t count;
	const struct prefix *cover = prefix_cover(w->text.arena, IPV4, set,
						  set, &count);
	char text[ADDR_TEXT];

	put_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		put_string(w, NULL, prefix_text(cover[i], text));
	put_close(w, ']');
}

/* Every port: no member, which is how the guide says it. */
static void put_ports(struct writer *w, struct ranges ports)
{
	if (ports.count == 1 && ports.at[0].lo == 0 && ports.at[0].hi == 65535)
		return;
	put_open(w, "DestinationPorts", '[');
	for (size_t i = 0; i < ports.count; i++) {
		unsigned lo = (unsigned)ports.at[i].lo;
		unsigned hi = (unsigned)ports.at[i].hi;

		put_string(w, NULL, lo == hi
			   ? arena_printf(w->text.arena, "%u", lo)
			   : arena_printf(w->text.arena, "%u-%u", lo, hi));
	}
	put_close(w, ']');
}

static void put_header(struct writer *w, const struct scope_match *m)
{
	put_open(w, "PacketHeaderStatement", '{');
	put_addresses(w, "DestinationAddresses", m->dst);
	put_ports(w, m->ports);
	put_open(w, "Protocols", '[');
	if (m->tcp)
		put_string(w, NULL, "tcp");
	if (m->udp)
		put_string(w, NULL, "udp");
	put_close(w, ']');
	put_addresses(w, "SourceAddresses", m->src);
	put_close(w, '}');
}

static const char *const ends[] = {
	[SCOPE_LEAVING] = "Source",
	[SCOPE_ARRIVING] = "Destination",
};

static void put_match(struct writer *w, const struct scope_match *m)
{
	put_open(w, NULL, '{');
	w->one_line = true;
	put_open(w, ends[m->end], '{');
	put_header(w, m);
	put_open(w, "ResourceStatement", '{');
	put_open(w, "Resources", '[');
	put_reference(w, "VpcId");
	put_close(w, ']');
	put_close(w, '}');
	put_close(w, '}');
	put_close(w, '}');
	w->one_line = false;
}

static void put_exclusion(struct writer *w, const struct scopes *all,
			  const struct scope *scope, enum scope_end end)
{
	put_open(w, NULL, '{');
	w->one_line = true;
	put_open(w, ends[end], '{');
	put_open(w, "PacketHeaderStatement", '{');
	put_open(w, end == SCOPE_LEAVING ? "DestinationPrefixLists"
					 : "SourcePrefixLists", '[');
	for (size_t i = 0; i < all->list_count; i++)
		if (scope->without[end][i])
			put_reference(w, all->lists[i].key);
	put_close(w, ']');
	put_close(w, '}');
	put_close(w, '}');
	put_close(w, '}');
	w->one_line = false;
}

/* --- resources --- */

static void put_tags(struct writer *w, const struct scopes *all,
		     const struct scope *scope)
{
	const struct aws_model own = { .tags = all->tags,
				       .tag_count = all->tag_count };
	const struct identity *is = &all->identity;
	struct ir_tag tags[5];
	const struct ir_tag *every;
	size_t n = 0, count;

	tags[n++] = (struct ir_tag){ "Name", name_fit(w->text.arena,
		arena_printf(w->text.arena, "%s-%s-%s", all->name_prefix,
			     is->environment, scope->invariant),
		AWS_NAME_MOST) };
	if (*is->customer)
		tags[n++] = (struct ir_tag){ "firebreak:customer",
					     is->customer };
	tags[n++] = (struct ir_tag){ "firebreak:environment",
				     is->environment };
	tags[n++] = (struct ir_tag){ "firebreak:invariant", scope->invariant };
	tags[n++] = (struct ir_tag){ "firebreak:policy", is->policy };
	every = tags_with(w->text.arena, &own, tags, n, &count);
	/* on one line: a template of more than 51,200 bytes goes through S3 */
	put_open(w, "Tags", '[');
	w->one_line = true;
	for (size_t i = 0; i < count; i++) {
		put_open(w, NULL, '{');
		put_string(w, "Key", every[i].key);
		put_string(w, "Value", every[i].value);
		put_close(w, '}');
	}
	put_close(w, ']');
	w->one_line = false;
}

static void put_scope(struct writer *w, const struct scopes *all,
		      const struct scope *scope)
{
	put_open(w, scope->key, '{');
	put_string(w, "Type", "AWS::EC2::NetworkInsightsAccessScope");
	put_open(w, "Properties", '{');
	if (all->list_count) {
		put_open(w, "ExcludePaths", '[');
		put_exclusion(w, all, scope, SCOPE_LEAVING);
		put_exclusion(w, all, scope, SCOPE_ARRIVING);
		put_close(w, ']');
	}
	put_open(w, "MatchPaths", '[');
	for (size_t i = 0; i < scope->match_count; i++)
		put_match(w, &scope->matches[i]);
	put_close(w, ']');
	put_tags(w, all, scope);
	put_close(w, '}');
	put_close(w, '}');
}

/* --- the whole --- */

static void put_metadata(struct writer *w, const struct scopes *all)
{
	const struct identity *is = &all->identity;

	put_open(w, "Metadata", '{');
	put_open(w, "firebreak", '{');
	put_string(w, "customer", is->customer);
	put_string(w, "environment", is->environment);
	put_open(w, "invariants", '{');
	for (size_t i = 0; i < all->said_count; i++) {
		put_open(w, all->said[i].invariant, '{');
		w->one_line = true;
		put_string(w, "not-looked-at", all->said[i].unwatched);
		put_string(w, "scope", all->said[i].key);
		put_close(w, '}');
		w->one_line = false;
	}
	put_close(w, '}');
	put_string(w, "policy", is->policy);
	put_close(w, '}');
	put_close(w, '}');
}

/* CloudFormation looks up no list by its name: who deploys gives the id. */
static void put_parameters(struct writer *w, const struct scopes *all)
{
	put_open(w, "Parameters", '{');
	for (size_t i = 0; i < all->list_count; i++) {
		put_open(w, all->lists[i].key, '{');
		put_string(w, "AllowedPattern", "^pl-[0-9a-f]+$");
		put_string(w, "Description", arena_printf(w->text.arena,
			"id of the prefix list %s", all->lists[i].name));
		put_string(w, "Type", "String");
		put_close(w, '}');
	}
	put_open(w, "VpcId", '{');
	put_string(w, "Type", "AWS::EC2::VPC::Id");
	put_close(w, '}');
	put_close(w, '}');
}

struct artefact scope_emit(struct arena *arena, const struct scopes *all)
{
	struct writer w = writer_begin(arena);
	const struct identity *is = &all->identity;

	put_string(&w, "AWSTemplateFormatVersion", "2010-09-09");
	put_string(&w, "Description", arena_printf(arena,
		"access scopes of %s in %s%s%s: a finding is a violation, none is no proof; "
		"IPv4, tcp and udp alone", is->policy, is->customer,
		*is->customer ? "." : "", is->environment));
	put_metadata(&w, all);
	put_parameters(&w, all);
	put_open(&w, "Resources", '{');
	for (size_t i = 0; i < all->scope_count; i++)
		put_scope(&w, all, &all->scopes[i]);
	put_close(&w, '}');
	return writer_end(&w, "aws.scopes.json");
}
