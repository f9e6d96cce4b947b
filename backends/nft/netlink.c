/*
 * linux/netfilter/nfnetlink.h: a transaction is one datagram from BATCH_BEGIN
 * to BATCH_END.  The kernel works it off before sendmsg() returns; errors come
 * with the sequence number of their message, whether an acknowledgement was
 * asked for or not, and only the last message asks: thousands of them would
 * not fit the receive buffer.
 */
#include "backends/nft/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/gen.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MESSAGE_MOST = 1 << 17,		/* 64 KiB of attribute, and its frame */
	ANSWER_MOST = 1 << 17,
	RECEIVE_BUFFER = 1 << 22,
	TRIES = 32,			/* while others change the ruleset, too */
};

struct nft_link {
	struct mnl_socket *socket;
	struct mnl_socket *routes;	/* of another protocol; once it was asked */
	uint32_t sequence;
	char answer[ANSWER_MOST];
};

/* --- the connection --- */

/* More than the limit where that is allowed, else as much as the limit. */
static void set_buffer(struct nft_link *link, int forced, int plain, int size)
{
	int fd = mnl_socket_get_fd(link->socket);

	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0)
		/* too small a buffer is told when it is used */
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
}

struct nft_link *nft_link_open(void)
{
	struct nft_link *link = malloc(sizeof *link);
	int on = 1;

	if (!link)
		return NULL;
	link->sequence = 1;
	link->routes = NULL;
	link->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!link->socket) {
		free(link);
		return NULL;
	}
	if (mnl_socket_bind(link->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = errno;

		nft_link_close(link);
		errno = error;
		return NULL;
	}
	set_buffer(link, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	/* errors then do not carry the message that they are about */
	(void)mnl_socket_setsockopt(link->socket, NETLINK_CAP_ACK, &on,
				    sizeof on);
	/* and say more than a number, where the kernel can: since Linux 4.12 */
	(void)mnl_socket_setsockopt(link->socket, NETLINK_EXT_ACK, &on,
				    sizeof on);
	return link;
}

void nft_link_close(struct nft_link *link)
{
	if (!link)
		return;
	/* nothing is under way */
	if (link->routes)
		(void)mnl_socket_close(link->routes);
	(void)mnl_socket_close(link->socket);
	free(link);
}

/* --- questions --- */

/* Receive on SOCKET what answers SEQUENCE until it is complete. */
static bool receive_on(struct nft_link *link, struct mnl_socket *socket,
		       uint32_t sequence, mnl_cb_t each, void *context)
{
	unsigned port = mnl_socket_get_portid(socket);
	int going = MNL_CB_OK;

	while (going > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(socket, link->answer,
						  sizeof link->answer);

		if (len < 0)
			return false;
		going = mnl_cb_run(link->answer, (size_t)len, sequence, port,
				   each, context);
	}
	return going == MNL_CB_STOP;
}

static bool receive(struct nft_link *link, uint32_t sequence, mnl_cb_t each,
		    void *context)
{
	return receive_on(link, link->socket, sequence, each, context);
}

/* After a failure answers may still come: they have another sequence number. */
static bool drained(struct nft_link *link)
{
	int error = errno;

	while (recv(mnl_socket_get_fd(link->socket), link->answer,
		    sizeof link->answer, MSG_DONTWAIT) > 0)
		;
	errno = error;
	return false;
}

static int take_generation(const struct nlmsghdr *message, void *context)
{
	struct nlattr *a;

	mnl_attr_for_each(a, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID &&
		    mnl_attr_get_payload_len(a) == 4)
			*(uint32_t *)context = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

bool nft_link_generation(struct nft_link *link, uint32_t *out)
{
	char bytes[256];
	struct nlmsghdr *m = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETGEN,
						   AF_UNSPEC, NLM_F_ACK,
						   ++link->sequence);

	*out = 0;
	if (mnl_socket_sendto(link->socket, m, m->nlmsg_len) < 0 ||
	    !receive(link, m->nlmsg_seq, take_generation, out))
		return drained(link);
	return true;
}

bool nft_link_dump(struct nft_link *link, uint16_t type, uint16_t family,
		   const char *table, const char *set, mnl_cb_t each,
		   void *context)
{
	char bytes[1024];
	struct nlmsghdr *m = nftnl_nlmsg_build_hdr(bytes, type, family,
						   NLM_F_DUMP,
						   ++link->sequence);

	if (table)
		mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, table);
	if (set)
		mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, set);
	if (mnl_socket_sendto(link->socket, m, m->nlmsg_len) < 0 ||
	    !receive(link, m->nlmsg_seq, each, context))
		return drained(link);
	return true;
}

struct nlmsghdr *nft_link_question(struct nft_link *link, void *bytes,
				   uint16_t subsystem, uint16_t type,
				   uint16_t family, uint16_t flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *own = mnl_nlmsg_put_extra_header(m, sizeof *own);

	m->nlmsg_type = (uint16_t)(subsystem << 8 | type);
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->nlmsg_seq = ++link->sequence;
	own->nfgen_family = (uint8_t)family;
	own->version = NFNETLINK_V0;
	return m;
}

bool nft_link_exchange(struct nft_link *link, const struct nlmsghdr *question,
		       mnl_cb_t each, void *context)
{
	if (mnl_socket_sendto(link->socket, question, question->nlmsg_len) < 0 ||
	    !receive(link, question->nlmsg_seq, each, context))
		return drained(link);
	return true;
}

static bool open_routes(struct nft_link *link)
{
	if (link->routes)
		return true;
	link->routes = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return link->routes &&
	       mnl_socket_bind(link->routes, 0, MNL_SOCKET_AUTOPID) >= 0;
}

bool nft_link_dump_routes(struct nft_link *link, mnl_cb_t each, void *context)
{
	char bytes[256];
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(m, sizeof *route);

	m->nlmsg_type = RTM_GETROUTE;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++link->sequence;
	route->rtm_family = AF_UNSPEC;
	return open_routes(link) &&
	       mnl_socket_sendto(link->routes, m, m->nlmsg_len) >= 0 &&
	       receive_on(link, link->routes, m->nlmsg_seq, each, context);
}

/* --- transactions --- */

static char *room(struct nft_batch *b, size_t len)
{
	if (b->cap - b->len < len) {
		size_t cap = (b->cap + len) * 2;
		char *at = arena_alloc(b->arena, cap);

		if (b->len)
			memcpy(at, b->at, b->len);
		b->at = at;
		b->cap = cap;
	}
	return b->at + b->len;
}

struct nft_batch nft_batch_begin(struct arena *arena, uint32_t generation)
{
	struct nft_batch b = { .arena = arena, .next_set = 1 };
	struct nlmsghdr *m;

	m = nftnl_batch_begin(room(&b, MESSAGE_MOST), b.sequence);
	mnl_attr_put_u32(m, NFNL_BATCH_GENID, htonl(generation));
	*LIST_PUSH(arena, &b.about) = (struct nft_about){
		.what = "the transaction" };
	nft_batch_add(&b, m);
	return b;
}

struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type,
				   uint16_t family, uint16_t flags,
				   struct nft_about about)
{
	*LIST_PUSH(b->arena, &b->about) = about;
	return nftnl_nlmsg_build_hdr(room(b, MESSAGE_MOST), type, family,
				     flags, b->sequence);
}

void nft_batch_add(struct nft_batch *b, struct nlmsghdr *message)
{
	b->len += MNL_ALIGN(message->nlmsg_len);
	b->sequence++;
}

/* The last message before the end asks for an answer. */
static void close_batch(struct nft_batch *b)
{
	struct nlmsghdr *last = NULL;
	size_t at = 0;

	while (at < b->len) {
		last = (struct nlmsghdr *)(void *)(b->at + at);
		at += MNL_ALIGN(last->nlmsg_len);
	}
	if (last)
		last->nlmsg_flags |= NLM_F_ACK;
	*LIST_PUSH(b->arena, &b->about) = (struct nft_about){
		.what = "the transaction" };
	nft_batch_add(b, nftnl_batch_end(room(b, MESSAGE_MOST), b->sequence));
}

static bool send_batch(struct nft_link *link, const struct nft_batch *b)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	if (b->len > INT32_MAX / 4) {
		errno = EMSGSIZE;
		return false;
	}
	set_buffer(link, SO_SNDBUFFORCE, SO_SNDBUF, (int)b->len * 2);
	sent = sendto(mnl_socket_get_fd(link->socket), b->at, b->len, 0,
		      (struct sockaddr *)&kernel, sizeof kernel);
	return sent == (ssize_t)b->len;
}

/* All answers are there when the transaction has been sent. */
static void take_answers(struct nft_link *link, const struct nft_batch *b,
			 struct nft_answer *out)
{
	for (;;) {
		ssize_t len = recv(mnl_socket_get_fd(link->socket),
				   link->answer, sizeof link->answer,
				   MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return;
		nft_batch_answered(b, link->answer, (size_t)len, out);
	}
}

enum nft_outcome nft_batch_commit(struct nft_link *link,
				  struct nft_batch *b,
				  struct nft_refusal *why)
{
	struct nft_answer answer = { .why = { .element = NFT_NO_ELEMENT } };

	close_batch(b);
	if (send_batch(link, b))
		take_answers(link, b, &answer);
	else
		answer.why.error = errno;
	if (answer.acknowledged && !answer.why.error)
		return NFT_DONE;
	*why = answer.why;
	if (!why->error)
		why->error = ENOBUFS;
	if (!why->about.what)
		why->about = b->about.at[0];
	return why->error == ERESTART ? NFT_STALE : NFT_REFUSED;
}

/* --- a moment --- */

/* An error among what has come already: its errno; 0: none. */
static int refused(struct nft_link *link)
{
	int error = 0;

	for (;;) {
		ssize_t got = recv(mnl_socket_get_fd(link->socket),
				   link->answer, sizeof link->answer,
				   MSG_DONTWAIT);
		const struct nlmsghdr *m = (void *)link->answer;
		int len = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error ? error : errno == EAGAIN ? 0 : errno;
		for (; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			if (m->nlmsg_type == NLMSG_ERROR && !error &&
			    mnl_nlmsg_get_payload_len(m) >= sizeof *e)
				error = -e->error;
		}
	}
}

/*
 * A transaction of nothing that only holds at GENERATION: it waits for the one
 * under way, changes nothing, and is refused when the number is another.
 */
static bool is_settled(struct nft_link *link, uint32_t generation)
{
	char bytes[256];
	struct nlmsghdr *begin = nftnl_batch_begin(bytes, ++link->sequence), *end;

	mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(generation));
	end = nftnl_batch_end(bytes + MNL_ALIGN(begin->nlmsg_len),
			      ++link->sequence);
	if (mnl_socket_sendto(link->socket, bytes, MNL_ALIGN(begin->nlmsg_len) +
			      end->nlmsg_len) < 0)
		return false;
	errno = refused(link);
	return errno == 0;
}

bool nft_link_settled(struct nft_link *link, uint32_t *out)
{
	for (int i = 0; i < TRIES; i++) {
		if (!nft_link_generation(link, out))
			return false;
		if (is_settled(link, *out))
			return true;
		if (errno != ERESTART)
			return false;
	}
	errno = EAGAIN;
	return false;
}

bool nft_link_namespace(struct nft_link *link, uint64_t *out)
{
	socklen_t len = sizeof *out;

	return getsockopt(mnl_socket_get_fd(link->socket), SOL_SOCKET,
			  SO_NETNS_COOKIE, out, &len) == 0 &&
	       len == sizeof *out;
}
