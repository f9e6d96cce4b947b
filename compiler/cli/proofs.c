/*
 * A proof as the library words it, and behind it which program made it, in
 * which boot and when.  It is compared with what would be written now, byte for
 * byte: nothing in the file is believed that is not known without it, but the
 * time, which only makes it worth less.
 */
#define _GNU_SOURCE
#include "compiler/cli/proofs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * The kernel counts its generations in 32 bits.  A commit takes it 10 us at the
 * least, 12 hours for all of them; no proof is older than half of that.
 */
enum { PROOF_LASTS = 6 * 3600 };	/* seconds */

/* --- what runs --- */

struct builds {
	char digest[65];	/* of those so far */
	bool all_known;
};

/* SIZE, and what is left empty behind it: notes are aligned to ALIGN. */
static size_t filled(size_t size, size_t align)
{
	return (size + align - 1) / align * align;
}

/* The note NT_GNU_BUILD_ID among LEN bytes of notes, or NULL. */
static const ElfW(Nhdr) *build_id(const char *at, size_t len, size_t align)
{
	while (len > sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		size_t text = filled(sizeof *note + note->n_namesz, align);
		size_t next = filled(text + note->n_descsz, align);

		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    memcmp(note + 1, "GNU", 4) == 0 && next <= len)
			return note;
		if (next >= len)
			break;
		at += next;
		len -= next;
	}
	return NULL;
}

/* One object of this process: the program itself, or a library. */
static int add_build(struct dl_phdr_info *object, size_t size, void *context)
{
	struct builds *b = context;
	char both[2][65];

	(void)size;		/* what is read here was always there */
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &object->dlpi_phdr[i];
		const ElfW(Nhdr) *note = h->p_type != PT_NOTE ? NULL
			: build_id((const char *)(object->dlpi_addr + h->p_vaddr),
				   h->p_memsz, h->p_align == 8 ? 8 : 4);

		if (!note)
			continue;
		/* "GNU" and its NUL are 4 bytes, after 12: aligned to 8, too */
		fb_digest((const char *)(note + 1) + 4, note->n_descsz, both[1]);
		memcpy(both[0], b->digest, sizeof both[0]);
		fb_digest(both[0], sizeof both, b->digest);
		return 0;
	}
	b->all_known = false;
	return 1;
}

/* --- which boot, whose time --- */

static bool read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		(void)close(fd);	/* only read from */
	out[got > 0 ? got : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return *out != '\0';
}

/* Another time namespace has another clock. */
static void read_clock(char *out, size_t size)
{
	ssize_t got = readlink("/proc/self/ns/time", out, size - 1);

	if (got < 0)
		got = snprintf(out, size, "none");
	out[got] = '\0';
}

static int64_t seconds(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? now.tv_sec : -1;
}

/* --- the directory and its files --- */

/* Made by this user, and by nobody else to be changed? */
static bool is_ours(const struct stat *st, mode_t others)
{
	return st->st_uid == geteuid() && !(st->st_mode & others);
}

static int open_directory(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) != 0 ||
			!is_ours(&st, S_IWGRP | S_IWOTH))) {
		(void)close(fd);	/* nothing was written */
		fd = -1;
	}
	return fd;
}

/* The file NAME, all of it; false when it is not certainly ours. */
static bool read_proof(int directory, const char *name, char *out)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			O_CLOEXEC);
	ssize_t got = -1;
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    is_ours(&st, S_IRWXG | S_IRWXO) && st.st_size < PROOF_MOST)
		got = read(fd, out, PROOF_MOST - 1);
	(void)close(fd);		/* only read from */
	if (got <= 0)
		return false;
	out[got] = '\0';
	return strlen(out) == (size_t)got;
}

/* PROOF and all that it stands on but the time.  False: too long. */
static bool word(const struct cli_proofs *p, const char *proof, char *out)
{
	int len = snprintf(out, PROOF_MOST,
			   "%sprogram sha256:%s\nboot %s\nclock %s\nproved ",
			   proof, p->program, p->boot, p->clock);

	return len > 0 && len < PROOF_MOST - 32;
}

/* "123\n" and nothing else: so many seconds after the boot; -1: something else. */
static int64_t time_of(const char *text)
{
	char again[32], *end;
	intmax_t value;

	errno = 0;
	value = strtoimax(text, &end, 10);
	if (errno || value < 0)
		return -1;
	(void)snprintf(again, sizeof again, "%jd\n", value);
	return strcmp(again, text) == 0 ? value : -1;
}

static bool known(void *context, const char *name, const char *proof)
{
	const struct cli_proofs *p = context;
	char wanted[PROOF_MOST], found[PROOF_MOST];
	int64_t then, now = seconds();
	size_t len;

	if (p->directory < 0 || p->anew || !word(p, proof, wanted) ||
	    !read_proof(p->directory, name, found))
		return false;
	len = strlen(wanted);
	if (strncmp(found, wanted, len) != 0)
		return false;
	then = time_of(found + len);
	return then >= 0 && now >= then && now - then < PROOF_LASTS;
}

static bool write_file(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL |
			O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t len = (ssize_t)strlen(text);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, (size_t)len) == len;
	return close(fd) == 0 && good;
}

/*
 * Whatever cannot be done leaves what is there, which then is no proof of now.
 * Two at once may take each other's new file: it is a whole one or compares as
 * none.
 */
static void keep(void *context, const char *name, const char *proof)
{
	const struct cli_proofs *p = context;
	char text[PROOF_MOST], fresh[256];
	int64_t now = seconds();
	size_t len;

	if (p->directory < 0 || now < 0 || !word(p, proof, text) ||
	    snprintf(fresh, sizeof fresh, ".%s.new", name) >= (int)sizeof fresh)
		return;
	len = strlen(text);
	(void)snprintf(text + len, sizeof text - len, "%" PRId64 "\n", now);
	(void)unlinkat(p->directory, fresh, 0);	/* of a run that was killed */
	if (!write_file(p->directory, fresh, text) ||
	    renameat(p->directory, fresh, p->directory, name) != 0)
		(void)unlinkat(p->directory, fresh, 0);
}

/* --- all of it --- */

void cli_proofs_open(struct cli_proofs *p, const char *path)
{
	struct builds builds = { .all_known = true };

	*p = (struct cli_proofs){ .directory = -1 };
	p->ours = (struct fb_proofs){ p, known, keep };
	(void)dl_iterate_phdr(add_build, &builds);
	memcpy(p->program, builds.digest, sizeof p->program);
	read_clock(p->clock, sizeof p->clock);
	if (builds.all_known &&
	    read_line("/proc/sys/kernel/random/boot_id", p->boot, sizeof p->boot))
		p->directory = open_directory(path ? path : "/run/firebreak");
}

void cli_proofs_close(struct cli_proofs *p)
{
	if (p->directory >= 0)
		(void)close(p->directory);	/* its files are closed */
}
