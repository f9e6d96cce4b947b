/*
 * Controls of frameworks: packs of ids and titles with a version, as data.
 *
 * Only id and title are here: the text of ISO, PCI, CIS and CSA is under
 * copyright.  A row never says that a control is met; it says what a report
 * shows of it and what it does not.
 */
#ifndef FIREBREAK_COMPILER_EVIDENCE_CONTROLS_H
#define FIREBREAK_COMPILER_EVIDENCE_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>

struct control {
	const char *pack;	/* "iso27001-2022": a framework in a version */
	const char *prefix;	/* "iso27001": as policies write it */
	const char *id;		/* "A.8.22" */
	const char *title;
	const char *shown, *not_shown;
};

/* A control that invariants of the policy name. */
struct control_row {
	const struct control *control;
	const char *const *invariants;	/* that name it, by name */
	size_t invariant_count;
	bool broken;			/* one of them is */
};

struct control_pack {
	const char *pack, *prefix;
	const char *name;	/* "ISO/IEC 27001:2022, Annex A" */
};

/* Every pack, NULL name at the end. */
extern const struct control_pack control_packs[];

/* The pack called NAME (LEN bytes), or NULL. */
const struct control_pack *control_pack_find(const char *name, size_t len);

/*
 * "iso27001:A.8.22" among the chosen PACKS (comma-separated names, NULL: the
 * newest of each framework), or NULL.
 */
const struct control *control_find(const char *word, const char *packs);

/* Does PACKS choose one for the framework of WORD at all? */
bool control_is_chosen(const char *word, const char *packs);

#endif
