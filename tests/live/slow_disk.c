/* LD_PRELOAD for tests: while the file named by SLOW_DISK exists, every fsync and fdatasync is held for the seconds
 * written in it; "EIO" in it makes them fail instead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int held(void)
{
	const char *name = getenv("SLOW_DISK");
	FILE *file = name ? fopen(name, "r") : NULL;
	char text[16] = "";
	if (!file) { return 0; }
	if (!fgets(text, sizeof text, file)) { text[0] = 0; }
	fclose(file);
	if (strncmp(text, "EIO", 3) == 0) { errno = EIO; return -1; }
	usleep((useconds_t)(atof(text) * 1e6));
	return 0;
}

int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	return held() ? -1 : real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	return held() ? -1 : real(fd);
}
