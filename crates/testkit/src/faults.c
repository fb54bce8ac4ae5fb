/* A layer between a process and its disk that fails on command: preloaded by the dynamic linker, it needs no privilege.
 *
 * KONSIL_FAULTS is a file of a few letters, written by the test while the process runs: "F" the disk is full, "S" every
 * sync fails, "-" all is well. KONSIL_FAULTS_BELOW is the part of a path that the faults concern. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile const char *state;
static const char *below;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("KONSIL_FAULTS");
    below = getenv("KONSIL_FAULTS_BELOW");
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = path && below ? real_open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
        fputs("faults: KONSIL_FAULTS cannot be read\n", stderr);
        abort();
    }
    state = mapped;
    close(fd);
}

static int concerns_path(const char *path) { return path && strstr(path, below) != NULL; }

static int concerns(int fd) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return concerns_path(path);
}

static int full(int fd) {
    if (!state || *state != 'F' || !concerns(fd)) return 0;
    errno = ENOSPC;
    return 1;
}

static int broken(int fd) {
    if (!state || *state != 'S' || !concerns(fd)) return 0;
    errno = EIO;
    return 1;
}

#define REAL(name) (__typeof__(&name)) dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t count) {
    static __typeof__(&write) real;
    if (!real) real = REAL(write);
    return full(fd) ? -1 : real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    static __typeof__(&writev) real;
    if (!real) real = REAL(writev);
    return full(fd) ? -1 : real(fd, pieces, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    static __typeof__(&pwrite) real;
    if (!real) real = REAL(pwrite);
    return full(fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static __typeof__(&pwrite64) real;
    if (!real) real = REAL(pwrite64);
    return full(fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
    static __typeof__(&pwritev) real;
    if (!real) real = REAL(pwritev);
    return full(fd) ? -1 : real(fd, pieces, count, at);
}

int fallocate(int fd, int mode, off_t at, off_t length) {
    static __typeof__(&fallocate) real;
    if (!real) real = REAL(fallocate);
    return full(fd) ? -1 : real(fd, mode, at, length);
}

int posix_fallocate(int fd, off_t at, off_t length) {
    static __typeof__(&posix_fallocate) real;
    if (!real) real = REAL(posix_fallocate);
    return full(fd) ? ENOSPC : real(fd, at, length);
}

int fsync(int fd) {
    static __typeof__(&fsync) real;
    if (!real) real = REAL(fsync);
    return broken(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    static __typeof__(&fdatasync) real;
    if (!real) real = REAL(fdatasync);
    return broken(fd) ? -1 : real(fd);
}

/* A full disk has no room for a new file's entry either. */
static int no_room(const char *path, int flags) {
    if (!(flags & O_CREAT) || !state || *state != 'F' || !concerns_path(path)) return 0;
    if (access(path, F_OK) == 0) return 0;
    errno = ENOSPC;
    return 1;
}

#define MODE(flags, last)                                                     \
    mode_t mode = 0;                                                          \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                    \
        va_list rest;                                                         \
        va_start(rest, last);                                                 \
        mode = va_arg(rest, mode_t);                                          \
        va_end(rest);                                                         \
    }

int open(const char *path, int flags, ...) {
    static __typeof__(&open) real;
    if (!real) real = REAL(open);
    MODE(flags, flags)
    return no_room(path, flags) ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    static __typeof__(&open64) real;
    if (!real) real = REAL(open64);
    MODE(flags, flags)
    return no_room(path, flags) ? -1 : real(path, flags, mode);
}
