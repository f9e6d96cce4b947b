/* The packs are tables; looking something up is two loops. */
#include "compiler/evidence/controls.h"

#include <string.h>

/* Name and prefix of each pack: what CONTROL() expands to, and the list. */
#define PACK_iso27001_2022	"iso27001-2022", "iso27001"
#define PACK_ccm_4_0		"ccm-4.0", "ccm"
#define PACK_pci_4_0_1		"pci-4.0.1", "pci"
#define PACK_soc2_2017_2022	"soc2-2017r2022", "soc2"
#define PACK_nist_800_53r5	"nist-800-53r5", "nist"
#define PACK_cis_aws_7_0	"cis-aws-7", "cis-aws"

const struct control_pack control_packs[] = {
	{ PACK_iso27001_2022,  "ISO/IEC 27001:2022, Annex A" },
	{ PACK_ccm_4_0,	       "CSA Cloud Controls Matrix 4.0" },
	{ PACK_pci_4_0_1,      "PCI DSS 4.0.1" },
	{ PACK_soc2_2017_2022, "SOC 2, Trust Services Criteria 2017 (2022)" },
	{ PACK_nist_800_53r5,  "NIST SP 800-53 r5" },
	{ PACK_cis_aws_7_0,    "CIS AWS Foundations Benchmark 7.0" },
	{ 0 },
};

static const struct control controls[] = {
#define CONTROL(pack, ...) { PACK_##pack, __VA_ARGS__ },
#include "compiler/evidence/controls.def"
#undef CONTROL
};

const struct control_pack *control_pack_find(const char *name, size_t len)
{
	for (const struct control_pack *p = control_packs; p->pack; p++)
		if (strlen(p->pack) == len && memcmp(p->pack, name, len) == 0)
			return p;
	return NULL;
}

/* Is PACK in the list PACKS? */
static bool is_chosen(const char *pack, const char *packs)
{
	while (packs && *packs) {
		size_t len = strcspn(packs, ",");

		if (strlen(pack) == len && memcmp(pack, packs, len) == 0)
			return true;
		packs += len;
		packs += *packs == ',';
	}
	return packs == NULL;
}

static bool has_prefix(const char *word, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(word, prefix, len) == 0 && word[len] == ':';
}

const struct control *control_find(const char *word, const char *packs)
{
	for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
		const struct control *c = &controls[i];

		if (has_prefix(word, c->prefix) &&
		    strcmp(word + strlen(c->prefix) + 1, c->id) == 0 &&
		    is_chosen(c->pack, packs))
			return c;
	}
	return NULL;
}

bool control_is_chosen(const char *word, const char *packs)
{
	for (const struct control_pack *p = control_packs; p->pack; p++)
		if (has_prefix(word, p->prefix))
			return is_chosen(p->pack, packs);
	return packs == NULL;
}
