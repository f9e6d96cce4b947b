/*
 * Outputs to disk: all or none.  Each file is written in full beside its place;
 * only when all are there are they renamed.
 */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".firebreak-new";

/* malloc'd "DIRECTORY/PATH" + END, or NULL. */
static char *join(const char *directory, const char *path, const char *end)
{
	char *out;

	if (asprintf(&out, "%s/%s%s", directory, path, end) < 0)
		return NULL;
	return out;
}

/* Make every directory on the way to PATH. */
static bool make_way(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		bool made;

		*slash = '\0';
		made = mkdir(path, 0777) == 0 || errno == EEXIST;
		*slash = '/';
		if (!made)
			return false;
	}
	return true;
}

bool cli_write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_beside(const char *directory, const struct fb_output *output)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	char *path = join(directory, output->path, suffix);
	int fd = path ? open(path, flags, 0666) : -1;
	bool good;

	/* only the first file of a directory finds it missing */
	if (path && fd < 0 && errno == ENOENT && make_way(path))
		fd = open(path, flags, 0666);
	good = fd >= 0 && cli_write_all(fd, output->bytes, output->len);
	if (fd >= 0 && close(fd) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "firebreak: cannot write %s: %s\n",
			path ? path : output->path, strerror(errno));
	free(path);
	return good;
}

static bool move_in(const char *directory, const struct fb_output *output)
{
	char *from = join(directory, output->path, suffix);
	char *to = join(directory, output->path, "");
	bool good = from && to && rename(from, to) == 0;

	if (!good)
		fprintf(stderr, "firebreak: cannot write %s: %s\n",
			output->path, strerror(errno));
	free(from);
	free(to);
	return good;
}

static void remove_beside(const char *directory,
			  const struct fb_output *output)
{
	char *path = join(directory, output->path, suffix);

	if (path)
		(void)unlink(path);	/* it may never have come to be */
	free(path);
}

bool cli_write(const char *directory, const struct fb_output *outputs,
	       size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count && good; i++)
		good = write_beside(directory, &outputs[i]);
	for (size_t i = 0; i < count && good; i++)
		good = move_in(directory, &outputs[i]);
	for (size_t i = 0; i < count && !good; i++)
		remove_beside(directory, &outputs[i]);
	return good;
}
