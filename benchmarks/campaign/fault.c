/* LD_PRELOAD for the campaigns: every call on files under one directory is counted, and may be recorded, fail or kill.
 * Armed from inside the process (ctypes), so that a parent forks children without a file of orders:
 *   fault_arm(mode, nth, error, directory, tell)     error: an errno, or for KILL 0 before, 1 after, 2 half way through a write
 * Modes: COUNT tells each call; RECORD tells writes with their bytes; FAIL_ONCE, FAIL_EVER (that call on that file, from the
 * nth on); KILL.  `tell` is a descriptor outside the directory.  One line: "<n> <call> <path>\n", for RECORD a struct first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OFF, COUNT, RECORD, FAIL_ONCE, FAIL_EVER, KILL };
enum { PASS, FAIL, KILL_AFTER, KILL_HALF };

static int mode, nth, code, tell = -1, hit, syncs;
static char place[PATH_MAX], failing[PATH_MAX + 32];
static atomic_int count;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void say(const void *data, size_t n)
{
	REAL(write);
	ssize_t done = tell < 0 ? 0 : real(tell, data, n);
	(void)done;
}

void fault_arm(int m, int n, int error, const char *directory, int fd)
{
	mode = OFF;
	nth = n;
	code = error;
	tell = fd;
	hit = syncs = 0;
	failing[0] = 0;
	atomic_store(&count, 0);
	snprintf(place, sizeof place, "%s", directory);
	mode = m;
}

int fault_count(void) { return atomic_load(&count); }
int fault_hit(void) { return hit; }

/* What was written or done, for RECORD: op, offset, length, path length; then path, then the bytes. */
struct __attribute__((packed)) entry { char op; uint64_t at; uint32_t length; uint16_t path; };

static void record(char op, const char *path, const void *data, size_t n, uint64_t at)
{
	struct entry e = { op, at, (uint32_t)n, (uint16_t)strlen(path) };
	if (mode != RECORD) { return; }
	say(&e, sizeof e);
	say(path, e.path);
	if (data) { say(data, n); }
}

void fault_mark(const char *text) { record('M', text, NULL, 0, 0); }

static int ours(const char *path) { return mode != OFF && place[0] && strncmp(path, place, strlen(place)) == 0; }

static int path_of(int fd, char *path)
{
	char link[64];
	ssize_t n;
	int kept = errno;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	errno = kept;
	path[n < 0 ? 0 : n] = 0;
	return ours(path);
}

static void die(const char *call, const char *path)
{
	char line[PATH_MAX + 64];
	int n = snprintf(line, sizeof line, "killed %s %s\n", call, path);
	say(line, (size_t)n);
	kill(getpid(), SIGKILL);
	for (;;) { pause(); }
}

static int strike(const char *call, const char *path)
{
	char line[PATH_MAX + 64];
	int n = atomic_fetch_add(&count, 1) + 1, length;
	if (mode == COUNT) {
		length = snprintf(line, sizeof line, "%d %s %s\n", n, call, path);
		say(line, (size_t)length);
	}
	if (mode == KILL && n == nth) {
		if (code == 0) { die(call, path); }
		return code == 1 ? KILL_AFTER : KILL_HALF;
	}
	if (mode == FAIL_ONCE && n == nth) { hit = 1; errno = code; return FAIL; }
	if (mode == FAIL_EVER) {
		snprintf(line, sizeof line, "%s %s", call, path);
		if (n == nth) { memcpy(failing, line, sizeof failing < sizeof line ? sizeof failing : sizeof line); }
		if (failing[0] && strcmp(failing, line) == 0) { hit = 1; errno = code; return FAIL; }
	}
	return PASS;
}

/* calls on a descriptor */
#define ON_FD(type, name, args, pass, wrong, after) \
type name args { \
	char path[PATH_MAX]; int fate; type done; REAL(name); \
	if (mode == OFF || !path_of(fd, path)) { return real pass; } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return wrong; } \
	done = real pass; \
	after; \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

/* calls that write: killed half way, half of it is there */
#define ON_WRITE(name, args, pass, half, where) \
ssize_t name args { \
	char path[PATH_MAX]; int fate; ssize_t done; uint64_t at; REAL(name); \
	if (mode == OFF || !path_of(fd, path)) { return real pass; } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return -1; } \
	at = (uint64_t)(where); \
	done = fate == KILL_HALF ? real half : real pass; \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	if (done > 0) { record('W', path, from, (size_t)done, at); } \
	return done; }

ON_FD(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), -1, (void)0)
ON_FD(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), -1, (void)0)
ON_FD(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at), -1, (void)0)
ON_WRITE(write, (int fd, const void *from, size_t n), (fd, from, n), (fd, from, n / 2), lseek(fd, 0, SEEK_CUR))
ON_WRITE(pwrite, (int fd, const void *from, size_t n, off_t to), (fd, from, n, to), (fd, from, n / 2, to), to)
ON_WRITE(pwrite64, (int fd, const void *from, size_t n, off64_t to), (fd, from, n, to), (fd, from, n / 2, to), to)
/* In RECORD the nth sync fails, and (code >> 8) more: the kernel then takes the pages for clean, and no later sync brings them to the disk. */
static int sync_fails(const char *path)
{
	if (mode != RECORD || !nth || ++syncs < nth || syncs > nth + (code >> 8)) { return 0; }
	record('F', path, NULL, 0, 0);
	errno = code & 0xff;
	return 1;
}

#define ON_SYNC(name) \
int name(int fd) { \
	char path[PATH_MAX]; int fate, done; REAL(name); \
	if (mode == OFF || !path_of(fd, path)) { return real(fd); } \
	fate = strike(#name, path); \
	if (fate == FAIL || sync_fails(path)) { return -1; } \
	done = real(fd); \
	record('S', path, NULL, 0, 0); \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

ON_SYNC(fsync)
ON_SYNC(fdatasync)
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size), -1, record('T', path, NULL, 0, (uint64_t)size))
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size), -1, record('T', path, NULL, 0, (uint64_t)size))
ON_FD(int, flock, (int fd, int how), (fd, how), -1, (void)0)
ON_FD(int, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n), code, (void)0)
ON_FD(int, posix_fallocate64, (int fd, off64_t at, off64_t n), (fd, at, n), code, (void)0)

/* calls on a path */
#define ON_PATH(name, args, pass, after) \
int name args { \
	int fate, done; REAL(name); \
	if (mode == OFF || !ours(path)) { return real pass; } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return -1; } \
	done = real pass; \
	if (done >= 0) { after; } \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

ON_PATH(unlink, (const char *path), (path), record('U', path, NULL, 0, 0))
ON_PATH(mkdir, (const char *path, mode_t m), (path, m), (void)0)

int rename(const char *path, const char *to)
{
	int fate, done;
	REAL(rename);
	if (mode == OFF || !ours(path)) { return real(path, to); }
	fate = strike("rename", path);
	if (fate == FAIL) { return -1; }
	done = real(path, to);
	if (done == 0) { record('R', path, to, strlen(to), 0); }
	if (fate >= KILL_AFTER) { die("rename", path); }
	return done;
}

#define ON_OPEN(name, before, first) \
int name(before const char *path, int flags, ...) { \
	va_list rest; mode_t m; int fate, done, new; struct stat there; REAL(name); \
	va_start(rest, flags); m = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; va_end(rest); \
	if (mode == OFF || !ours(path)) { return real(first path, flags, m); } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return -1; } \
	new = (flags & O_CREAT) && stat(path, &there) != 0; \
	done = real(first path, flags, m); \
	if (done >= 0 && new) { record('C', path, NULL, 0, 0); } \
	if (done >= 0 && !new && (flags & O_TRUNC)) { record('T', path, NULL, 0, 0); } \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

#define NONE
#define AT int dir,
#define PASS_AT dir,
ON_OPEN(open, NONE, NONE)
ON_OPEN(open64, NONE, NONE)
ON_OPEN(openat, AT, PASS_AT)
ON_OPEN(openat64, AT, PASS_AT)

#define ON_FCNTL(name) \
int name(int fd, int what, ...) { \
	va_list rest; void *arg; char path[PATH_MAX]; int fate, done; REAL(name); \
	va_start(rest, what); arg = va_arg(rest, void *); va_end(rest); \
	if (mode == OFF || (what != F_SETLK && what != F_GETLK) || !path_of(fd, path)) { return real(fd, what, arg); } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return -1; } \
	done = real(fd, what, arg); \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

ON_FCNTL(fcntl)
ON_FCNTL(fcntl64)

#define ON_MMAP(name, off) \
void *name(void *hint, size_t n, int prot, int flags, int fd, off at) { \
	char path[PATH_MAX]; int fate; void *done; REAL(name); \
	if (mode == OFF || fd < 0 || !path_of(fd, path)) { return real(hint, n, prot, flags, fd, at); } \
	fate = strike(#name, path); \
	if (fate == FAIL) { return MAP_FAILED; } \
	done = real(hint, n, prot, flags, fd, at); \
	if (fate >= KILL_AFTER) { die(#name, path); } \
	return done; }

ON_MMAP(mmap, off_t)
ON_MMAP(mmap64, off64_t)

/* SQLite waits up to ten seconds for a lock that fails for ever; nobody waits here. */
int usleep(useconds_t us) { REAL(usleep); return mode == FAIL_ONCE || mode == FAIL_EVER ? 0 : real(us); }
int nanosleep(const struct timespec *t, struct timespec *left)
{
	REAL(nanosleep);
	return mode == FAIL_ONCE || mode == FAIL_EVER ? 0 : real(t, left);
}
