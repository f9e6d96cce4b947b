/*
 * oscal.json: OSCAL assessment-results 1.0.6 (NIST).  Each check is an observation
 * by test and a finding; the policy is a resource of the back matter, by digest,
 * and what the assessment was planned by.
 *
 * OSCAL wants UUIDs: they are of version 5 (RFC 4122, 4.3), made from the
 * digest of the sources and a path, so that the same policy gives the same.  It
 * knows no empty lists and no strings that are empty or of several lines.
 */
#include "compiler/evidence/oscal.h"

#include "compiler/base/jsonout.h"
#include "compiler/base/markup.h"

#include <nettle/sha1.h>
#include <string.h>

static const char namespace_uri[] = "urn:x-firebreak:oscal:1";

/* Drawn once by chance: the name space of ours. */
static const uint8_t namespace_uuid[16] = {
	0x5b, 0x0f, 0x2c, 0x61, 0x9a, 0x3e, 0x4d, 0x77,
	0x8c, 0x14, 0xe2, 0x6d, 0x90, 0x38, 0xaf, 0x05,
};

/* What PATH is in this report. */
static const char *uuid(struct arena *arena, const struct evidence *e,
			const char *path)
{
	const char *name = arena_printf(arena, "%s %s %s %s %s",
					e->source_digest, e->day,
					FIREBREAK_VERSION, e->packs, path);
	uint8_t d[SHA1_DIGEST_SIZE];
	struct sha1_ctx state;

	sha1_init(&state);
	sha1_update(&state, sizeof namespace_uuid, namespace_uuid);
	sha1_update(&state, strlen(name), (const uint8_t *)name);
	sha1_digest(&state, sizeof d, d);
	d[6] = (d[6] & 0x0f) | 0x50;
	d[8] = (d[8] & 0x3f) | 0x80;
	return arena_printf(arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			    d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7],
			    d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

/* STRING on one line, without space at its ends and without hidden characters. */
static const char *line(struct arena *arena, const char *string)
{
	struct text plain = TEXT_IN(arena), out = TEXT_IN(arena);

	for (; string && *string; string++) {
		bool space = strchr(" \t\r\n", *string) != NULL;

		if (!space)
			text_putc(&plain, *string);
		else if (plain.len && plain.at[plain.len - 1] != ' ')
			text_putc(&plain, ' ');
	}
	if (plain.len && plain.at[plain.len - 1] == ' ')
		plain.at[--plain.len] = '\0';
	put_visible(&out, plain.len ? text_string(&plain) : "-");
	return text_string(&out);
}

static void put_line(struct jsonout *j, const char *key, const char *string)
{
	jsonout_string(j, key, line(j->out->arena, string));
}

static void put_uuid(struct jsonout *j, const struct evidence *e,
		     const char *path)
{
	jsonout_string(j, "uuid", uuid(j->out->arena, e, path));
}

/* PATH, and what was looked at beside the policy: other captures, other results. */
static const char *seen(struct arena *arena, const struct evidence *e,
			const char *path)
{
	struct text out = TEXT_IN(arena);

	text_puts(&out, path);
	for (size_t i = 0; i < e->capture_count; i++)
		text_printf(&out, " %s", evidence_digest(arena,
			    e->captures[i].bytes, e->captures[i].len));
	if (e->since)
		text_printf(&out, " %s..%s", e->since->from, e->since->to);
	return text_string(&out);
}

static const char *moment(struct arena *arena, const struct evidence *e)
{
	return arena_printf(arena, "%sT00:00:00Z", e->day);
}

/* FOLDER as it is, and PATH with what no path of a URI has escaped: RFC 3986, 3.3. */
static const char *reference(struct arena *arena, const char *folder,
			     const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	struct text out = TEXT_IN(arena);

	text_puts(&out, folder);
	for (; *path; path++)
		if (strchr(plain, *path))
			text_putc(&out, *path);
		else
			text_printf(&out, "%%%02X", (unsigned char)*path);
	return text_string(&out);
}

static void put_property(struct jsonout *j, const char *name,
			 const char *value)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "name", name);
	jsonout_string(j, "ns", namespace_uri);
	put_line(j, "value", value);
	jsonout_close(j, '{');
}

static void put_metadata(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "metadata", '{');
	put_line(j, "title", arena_printf(j->out->arena,
		"Network segmentation evidence: %s",
		*e->ir->title ? e->ir->title : e->ir->policy));
	jsonout_string(j, "last-modified", moment(j->out->arena, e));
	jsonout_string(j, "version", e->source_digest);
	jsonout_string(j, "oscal-version", "1.0.6");
	if (*e->classification)
		put_line(j, "remarks", arena_printf(j->out->arena,
			 "Classification: %s", e->classification));
	jsonout_close(j, '{');
}

/*
 * "A.8.22" as "a-8.22", "SC-7(21)" as "sc-7.21" as in NIST's catalogue, "1.4.4"
 * of a prefix "pci" as "pci-1.4.4": an id begins with a letter.
 */
static const char *control_id(struct arena *arena, const struct control *c)
{
	struct text out = TEXT_IN(arena);
	const char *id = c->id;

	if (*id >= '0' && *id <= '9') {
		text_printf(&out, "%s-", c->prefix);
	} else if (*id && id[1] == '.') {
		text_printf(&out, "%c-", *id >= 'A' && *id <= 'Z'
				  ? *id - 'A' + 'a' : *id);
		id += 2;
	}
	for (; *id; id++)
		if (*id >= 'A' && *id <= 'Z')
			text_putc(&out, (char)(*id - 'A' + 'a'));
		else if (*id != ')')
			text_putc(&out, *id == '(' ? '.' : *id == ' ' ? '-' : *id);
	return text_string(&out);
}

/* A selection a pack; rows of a pack lie side by side. */
static void put_controls(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "reviewed-controls", '{');
	put_line(j, "description", "Controls that the policy's invariants are evidence for, in part; report.html says what is shown of each and what is not.");
	jsonout_open(j, "control-selections", '[');
	for (size_t i = 0; i < e->control_count;) {
		const char *pack = e->controls[i].control->pack;

		jsonout_open(j, NULL, '{');
		put_line(j, "description", pack);
		jsonout_open(j, "include-controls", '[');
		for (; i < e->control_count &&
		       strcmp(e->controls[i].control->pack, pack) == 0; i++)
			jsonout_wrapped(j, NULL, "control-id",
				control_id(j->out->arena,
					   e->controls[i].control));
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	if (!e->control_count) {
		jsonout_open(j, NULL, '{');
		put_line(j, "description", "No invariant names a control of a chosen pack.");
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_observation(struct jsonout *j, const struct evidence *e,
			    const struct oscal_check *c)
{
	struct arena *arena = j->out->arena;

	jsonout_open(j, NULL, '{');
	put_uuid(j, e, arena_printf(arena, "observation/%s", c->path));
	put_line(j, "title", c->title);
	put_line(j, "description", c->observed);
	jsonout_open(j, "methods", '[');
	jsonout_string(j, NULL, "TEST");
	jsonout_close(j, '[');
	jsonout_open(j, "relevant-evidence", '[');
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "href", c->section ? c->section
		       : reference(arena, "", c->file));
	put_line(j, "description", c->basis);
	jsonout_close(j, '{');
	jsonout_close(j, '[');
	jsonout_string(j, "collected", moment(arena, e));
	jsonout_close(j, '{');
}

static void put_target(struct jsonout *j, const struct oscal_check *c)
{
	jsonout_open(j, "target", '{');
	jsonout_string(j, "type", "objective-id");
	jsonout_string(j, "target-id", c->target);
	jsonout_open(j, "status", '{');
	jsonout_string(j, "state", c->satisfied ? "satisfied" : "not-satisfied");
	jsonout_string(j, "reason", c->reason);
	jsonout_close(j, '{');
	jsonout_close(j, '{');
}

static void put_finding(struct jsonout *j, const struct evidence *e,
			const struct oscal_check *c)
{
	struct arena *arena = j->out->arena;

	jsonout_open(j, NULL, '{');
	put_uuid(j, e, arena_printf(arena, "finding/%s", c->path));
	put_line(j, "title", c->title);
	put_line(j, "description", c->asked);
	if (c->control_count) {
		jsonout_open(j, "props", '[');
		for (size_t k = 0; k < c->control_count; k++)
			put_property(j, "control", c->controls[k]);
		jsonout_close(j, '[');
	}
	put_target(j, c);
	jsonout_open(j, "related-observations", '[');
	jsonout_wrapped(j, NULL, "observation-uuid",
			uuid(arena, e, arena_printf(arena, "observation/%s",
						    c->path)));
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_checks(struct jsonout *j, const char *key,
		       const struct evidence *e,
		       const struct oscal_checks *checks,
		       void (*put)(struct jsonout *j, const struct evidence *e,
				   const struct oscal_check *c))
{
	if (!checks->list.count)
		return;
	jsonout_open(j, key, '[');
	for (size_t i = 0; i < checks->list.count; i++)
		put(j, e, &checks->list.at[i]);
	jsonout_close(j, '[');
}

static void put_result(struct jsonout *j, const struct evidence *e)
{
	struct oscal_checks checks = oscal_checks(j->out->arena, e);

	jsonout_open(j, NULL, '{');
	put_uuid(j, e, seen(j->out->arena, e, "result"));
	put_line(j, "title", "Invariants of the network policy");
	put_line(j, "description", arena_printf(j->out->arena,
		"Each invariant was decided over every packet that the policy's rules permit, in every environment. Captures of what runs were proved equal to the policy in %zu of %zu environments, differ in %zu, could not be compared in %zu, and were not given of %zu.",
		running_count(e, RUNNING_EQUAL), e->ir->space_count,
		running_count(e, RUNNING_DIFFERS),
		running_count(e, RUNNING_UNCLEAR),
		running_count(e, RUNNING_UNCAPTURED)));
	jsonout_string(j, "start", moment(j->out->arena, e));
	put_controls(j, e);
	put_checks(j, "observations", e, &checks, put_observation);
	put_checks(j, "findings", e, &checks, put_finding);
	jsonout_close(j, '{');
}

/* The sources with their digests, but for those that the compiler has itself. */
static void put_policy(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "back-matter", '{');
	jsonout_open(j, "resources", '[');
	jsonout_open(j, NULL, '{');
	put_uuid(j, e, "policy");
	put_line(j, "title", e->ir->policy);
	put_line(j, "description", "The policy: what is permitted, and the invariants that were tested.");
	jsonout_open(j, "rlinks", '[');
	for (size_t i = 0; i < e->source_count; i++) {
		if (*e->sources[i].path == '<')
			continue;
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "href", reference(j->out->arena, "sources/",
						    e->sources[i].path));
		jsonout_open(j, "hashes", '[');
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "algorithm", "SHA-256");
		jsonout_string(j, "value", e->sources[i].digest);
		jsonout_close(j, '{');
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

void evidence_oscal(struct text *out, const struct evidence *e)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_open(&j, "assessment-results", '{');
	put_uuid(&j, e, seen(out->arena, e, "assessment-results"));
	put_metadata(&j, e);
	jsonout_open(&j, "import-ap", '{');
	jsonout_string(&j, "href", arena_printf(out->arena, "#%s",
						uuid(out->arena, e, "policy")));
	jsonout_close(&j, '{');
	jsonout_open(&j, "results", '[');
	put_result(&j, e);
	jsonout_close(&j, '[');
	put_policy(&j, e);
	jsonout_close(&j, '{');
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}
