/* Lets one call of the C library below FAULT_ROOT fail, or kills the process there.
   The calls of all processes are counted together in FAULT_STATE; see rounds.py. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct state { int64_t armed, count, target, code, fired; };
static struct state *state;
static const char *root;
static char ours[65536];

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    REAL(open64);
    root = getenv("FAULT_ROOT");
    const char *path = getenv("FAULT_STATE");
    int fd = path ? real(path, O_RDWR) : -1;
    if (fd < 0) return;
    void *map = mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) state = map;
    close(fd);
}

static int below(int at, const char *path) {
    char whole[PATH_MAX];
    if (!state || !state->armed || !path) return 0;
    if (path[0] != '/') {
        if (at != AT_FDCWD || !getcwd(whole, sizeof whole)) return 0;
        return !strncmp(whole, root, strlen(root));
    }
    return !strncmp(path, root, strlen(root));
}

/* 1 if this call, the target-th, is to fail; a full disk stops writing alone. */
static int hit(int writes) {
    if (__atomic_add_fetch(&state->count, 1, __ATOMIC_SEQ_CST) != state->target) return 0;
    state->fired = 1;
    if (state->code == 0) kill(getpid(), SIGKILL);
    errno = state->code == ENOSPC && !writes ? EIO : (int)state->code;
    return 1;
}

static int tracked(int fd) {
    return state && state->armed && fd >= 0 && fd < (int)sizeof ours && ours[fd];
}

#define OPEN(name)                                                            \
    int name(const char *path, int flags, ...) {                              \
        REAL(name);                                                           \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        int mine = below(AT_FDCWD, path);                                     \
        if (mine && hit(flags & O_CREAT)) return -1;                          \
        int fd = real(path, flags, mode);                                     \
        if (fd >= 0 && fd < (int)sizeof ours) ours[fd] = mine;                \
        return fd;                                                            \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                          \
    int name(int at, const char *path, int flags, ...) {                      \
        REAL(name);                                                           \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        int mine = below(at, path);                                           \
        if (mine && hit(flags & O_CREAT)) return -1;                          \
        int fd = real(at, path, flags, mode);                                 \
        if (fd >= 0 && fd < (int)sizeof ours) ours[fd] = mine;                \
        return fd;                                                            \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) { REAL(close); if (fd >= 0 && fd < (int)sizeof ours) ours[fd] = 0; return real(fd); }

#define ON_FD(type, name, declared, given, writes)                            \
    type name declared { REAL(name); if (tracked(fd) && hit(writes)) return -1; return real given; }
ON_FD(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), 0)
ON_FD(ssize_t, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at), 0)
ON_FD(ssize_t, pread64, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at), 0)
ON_FD(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), 1)
ON_FD(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), 1)
ON_FD(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), 1)
ON_FD(int, fsync, (int fd), (fd), 1)
ON_FD(int, fdatasync, (int fd), (fd), 1)
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size), 1)

#define ON_PATH(name, declared, given, path)                                  \
    int name declared { REAL(name); if (below(AT_FDCWD, path) && hit(1)) return -1; return real given; }
ON_PATH(rename, (const char *from, const char *to), (from, to), to)
ON_PATH(unlink, (const char *path), (path), path)
ON_PATH(rmdir, (const char *path), (path), path)
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), path)

DIR *opendir(const char *path) {
    REAL(opendir);
    if (below(AT_FDCWD, path) && hit(0)) return 0;
    return real(path);
}
