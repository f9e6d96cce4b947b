/* Protocols and tags as they are written. */
#include "backends/aws/emit.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <string.h>

const char *protocol_text(struct arena *arena, int protocol)
{
	switch (protocol) {
	case AWS_ALL:	  return "-1";
	case PROTO_ICMP:  return "icmp";
	case PROTO_TCP:	  return "tcp";
	case PROTO_UDP:	  return "udp";
	case PROTO_ICMP6: return "icmpv6";
	default:	  return arena_printf(arena, "%d", protocol);
	}
}

bool has_ports(int protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP ||
	       protocol == PROTO_ICMP || protocol == PROTO_ICMP6;
}

const struct ir_tag *tags_with(struct arena *arena,
			       const struct aws_model *model,
			       const struct ir_tag *ours, size_t count,
			       size_t *out_count)
{
	const struct ir_tag *own = model->tags, *end = own + model->tag_count;
	struct ir_tag *all = arena_array(arena, count + model->tag_count,
					 sizeof *all);
	size_t n = 0;

	for (const struct ir_tag *at = ours; at < ours + count || own < end;) {
		int order = at == ours + count ? 1 : own == end ? -1 :
			    strcmp(at->key, own->key);

		all[n++] = order < 0 ? *at : *own;
		at += order <= 0;
		own += order >= 0;
	}
	*out_count = n;
	return all;
}

const struct ir_tag *group_tags(struct arena *arena,
				const struct aws_model *model,
				const struct aws_group *group, size_t *count)
{
	const struct identity *is = &model->identity;
	struct ir_tag tags[6] = { { "Name", group->name } };
	size_t n = 1;

	if (*is->customer)
		tags[n++] = (struct ir_tag){ "firebreak:customer",
					     is->customer };
	tags[n++] = (struct ir_tag){ "firebreak:environment",
				     is->environment };
	tags[n++] = (struct ir_tag){ "firebreak:layer", group->layer };
	if (group->parts > 1)
		tags[n++] = (struct ir_tag){ "firebreak:part",
			arena_printf(arena, "%u/%u", group->part,
				     group->parts) };
	tags[n++] = (struct ir_tag){ "firebreak:policy", is->policy };
	return tags_with(arena, model, tags, n, count);
}
