/*
 * In front of the C library (LD_PRELOAD): spoils one message of a transaction on
 * its way to the kernel, which then refuses it as it would refuse one that is
 * wrong by itself.  SPOIL="HOW N [K]", counted from 0:
 *
 *	size N K	the N-th set has room for K elements
 *	element N K	the K-th element of the N-th list of elements has no key
 *	name N		the N-th rule begins with an expression that there is not
 *
 * or ends the process between two of them:
 *
 *	kill N		behind the N-th transaction
 *	split N K	the same, of which only the first K messages were sent
 *
 * Knows nothing of firebreak.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANY = -1 };

/* The NUMBER-th of TYPE among the LEN bytes of attributes. */
static struct nlattr *nested(void *from, size_t len, int type, int number)
{
	char *at = from, *end = at + len;

	while (at + NLA_HDRLEN <= end) {
		struct nlattr *a = (void *)at;

		if ((type == ANY || (a->nla_type & NLA_TYPE_MASK) == type) &&
		    number-- == 0)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static struct nlattr *within(struct nlattr *a, int type, int number)
{
	return a ? nested((char *)a + NLA_HDRLEN, a->nla_len - NLA_HDRLEN,
			  type, number) : NULL;
}

static struct nlattr *of_message(struct nlmsghdr *m, int type)
{
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));

	return nested((char *)m + head, m->nlmsg_len - head, type, 0);
}

static struct nlmsghdr *message(char *at, size_t len, int type, int number)
{
	for (char *end = at + len; at < end;) {
		struct nlmsghdr *m = (void *)at;

		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
		    number-- == 0)
			return m;
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
	return NULL;
}

/* Only the first transaction that has such a message. */
static bool spoiled;

static void spoil(char *bytes, size_t len, const char *how, int n, int k)
{
	struct nlmsghdr *m;
	struct nlattr *a = NULL;
	uint32_t size = htonl((uint32_t)k);

	if (strcmp(how, "size") == 0) {
		m = message(bytes, len, NFT_MSG_NEWSET, n);
		a = m ? within(of_message(m, NFTA_SET_DESC),
			       NFTA_SET_DESC_SIZE, 0) : NULL;
		if (a)
			memcpy((char *)a + NLA_HDRLEN, &size, sizeof size);
	} else if (strcmp(how, "element") == 0) {
		m = message(bytes, len, NFT_MSG_NEWSETELEM, n);
		a = m ? within(within(of_message(m, NFTA_SET_ELEM_LIST_ELEMENTS),
				      ANY, k),
			       NFTA_SET_ELEM_KEY, 0) : NULL;
		if (a)
			a->nla_type = NFTA_SET_ELEM_PAD;
	} else if (strcmp(how, "name") == 0) {
		m = message(bytes, len, NFT_MSG_NEWRULE, n);
		a = m ? within(within(of_message(m, NFTA_RULE_EXPRESSIONS),
				      NFTA_LIST_ELEM, 0), NFTA_EXPR_NAME, 0)
		      : NULL;
		if (a)
			((char *)a)[NLA_HDRLEN] = 'x';
	}
	if (a)
		fprintf(stderr, "spoiled\n");
	spoiled = a != NULL;
}

/*
 * The length of what is left when only the first K messages of a transaction
 * and its end are sent.
 */
static size_t cut(char *bytes, size_t len, int k)
{
	char *at = bytes, *last = NULL;

	for (char *next = at; next < bytes + len;) {
		struct nlmsghdr *m = (void *)next;

		if (k-- == -1)		/* behind BATCH_BEGIN and K more */
			at = next;
		last = next;
		next += NLMSG_ALIGN(m->nlmsg_len);
	}
	if (at == bytes || at == last)
		return len;
	memmove(at, last, ((struct nlmsghdr *)(void *)last)->nlmsg_len);
	fprintf(stderr, "spoiled\n");
	return (size_t)(at - bytes) + ((struct nlmsghdr *)(void *)at)->nlmsg_len;
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
	       const struct sockaddr *to, socklen_t to_len)
{
	ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *,
			socklen_t) = dlsym(RTLD_NEXT, "sendto");
	const struct nlmsghdr *m = bytes;
	static int transactions;
	bool last = false;
	ssize_t sent;
	char how[16];
	int n = 0, k = 0;

	if (len > sizeof *m && m->nlmsg_type == NFNL_MSG_BATCH_BEGIN &&
	    getenv("SPOIL") && sscanf(getenv("SPOIL"), "%15s %d %d", how, &n, &k) >= 2) {
		bool split = strcmp(how, "split") == 0;

		last = (split || strcmp(how, "kill") == 0) && transactions++ == n;
		if (last && split)
			len = cut((char *)bytes, len, k);
		if (!spoiled)
			spoil((char *)bytes, len, how, n, k);
	}
	sent = next(fd, bytes, len, flags, to, to_len);
	if (last)
		(void)kill(getpid(), SIGKILL);
	return sent;
}
