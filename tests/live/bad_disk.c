/* LD_PRELOAD for tests: while the file named by BAD_DISK exists, calls on files whose path holds the text of its second line
 * fail with EIO.  First line: the calls that fail (read write fsync), and "once" to remove the order after the first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t real_read(int fd, void *to, size_t n)
{
	ssize_t (*real)(int, void *, size_t) = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	return real(fd, to, n);
}

/* Whether this call on this descriptor is to fail. */
static int bad(const char *call, int fd)
{
	const char *name = getenv("BAD_DISK");
	char order[256] = "", link[64], path[512] = "", *where;
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;
	if (file < 0) { return 0; }
	n = real_read(file, order, sizeof order - 1);
	close(file);
	if (n <= 0 || !(where = strchr(order, '\n'))) { return 0; }
	*where++ = 0;
	where[strcspn(where, "\n")] = 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (!strstr(order, call) || readlink(link, path, sizeof path - 1) < 0 || !strstr(path, where)) { return 0; }
	if (strstr(order, "once")) { unlink(name); }
	errno = EIO;
	return 1;
}

#define GUARD(name, call, type, args, pass) \
type name args { type (*real) args = (type (*) args)dlsym(RTLD_NEXT, #name); return bad(call, fd) ? (type)-1 : real pass; }

GUARD(read, "read", ssize_t, (int fd, void *to, size_t n), (fd, to, n))
GUARD(pread, "read", ssize_t, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
GUARD(pread64, "read", ssize_t, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
GUARD(write, "write", ssize_t, (int fd, const void *from, size_t n), (fd, from, n))
GUARD(pwrite, "write", ssize_t, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
GUARD(pwrite64, "write", ssize_t, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
GUARD(fsync, "fsync", int, (int fd), (fd))
GUARD(fdatasync, "fsync", int, (int fd), (fd))
