/* Boxes one at a time, and packets as messages show them. */
#include "compiler/box.h"

#include "compiler/base/addr.h"
#include "compiler/base/text.h"

void boxes_add(struct arena *arena, struct boxes *boxes, struct ranges src,
	       struct ranges dst, struct ranges svc)
{
	if (src.count && dst.count && svc.count)
		*LIST_PUSH(arena, boxes) = (struct box){ src, dst, svc };
}

void box_less(struct arena *arena, const struct box *box,
	      const struct box *cut, struct boxes *out)
{
	struct ranges src = ranges_meet(arena, box->src, cut->src);
	struct ranges dst = ranges_meet(arena, box->dst, cut->dst);

	boxes_add(arena, out, ranges_minus(arena, box->src, cut->src),
		  box->dst, box->svc);
	boxes_add(arena, out, src, ranges_minus(arena, box->dst, cut->dst),
		  box->svc);
	boxes_add(arena, out, src, dst,
		  ranges_minus(arena, box->svc, cut->svc));
}

bool box_touches(const struct box *a, const struct box *b)
{
	return ranges_touch(a->src, b->src) && ranges_touch(a->dst, b->dst) &&
	       ranges_touch(a->svc, b->svc);
}

bool box_has(const struct box *box, const struct packet *packet)
{
	return ranges_have(box->svc, packet->svc) &&
	       ranges_have(box->src, packet->src) &&
	       ranges_have(box->dst, packet->dst);
}

const char *packet_text(struct arena *arena, const struct packet *packet)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	unsigned protocol = service_protocol(packet->svc);
	unsigned value = service_value(packet->svc);
	struct text text = TEXT_IN(arena);

	addr_text(packet->family, packet->src, src);
	addr_text(packet->family, packet->dst, dst);
	if (protocol_name(protocol) &&
	    service_has_value(packet->family, protocol))
		text_puts(&text, protocol_name(protocol));
	else
		text_printf(&text, "protocol %u", protocol);
	text_printf(&text, " %s -> %s", src, dst);
	if (service_has_ports(protocol))
		text_printf(&text, " port %u", value);
	else if (service_is_icmp(packet->family, protocol))
		text_printf(&text, " type %u code %u", value >> 8,
			    value & 0xff);
	return text_string(&text);
}
