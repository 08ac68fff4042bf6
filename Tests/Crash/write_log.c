/* Writes down what a process does to the files below a folder, so that a power cut can be made of it afterwards.

   LD_PRELOAD this with WRITE_LOG_ROOT (the folder) and WRITE_LOG (a file elsewhere). Each call goes to the real
   function first; what it did is appended to the log before it returns, between a record that it begins and one that it
   is over: a process can be killed between doing and logging. A sync is two records, at its begin and at its end: what
   was logged before the begin is on disk once the end is there. With WRITE_LOG_LIE set, syncs are neither done nor
   logged and yet succeed: as disks do that lie. disk_image.py reads the records.

   A record: an octet for the kind and three zeros, 32 bits for the length of the path, then 64 bits each for the inode,
   a number (offset, size, mode or id of a sync) and the length of the data; then the path, then the data. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536 };

struct record {
    uint8_t kind, zero[3];
    uint32_t path_length;
    uint64_t inode, number, data_length;
};

static int log_descriptor = -1;
static char root[PATH_MAX];
static size_t root_length;
static int lies, is_short;
/* Inode + 1 of an open file below the root, 0 for any other descriptor. */
static _Atomic uint64_t inodes[DESCRIPTORS];
static _Atomic uint64_t syncs;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("WRITE_LOG_ROOT"), *file = getenv("WRITE_LOG");
    if (!folder || !file) return;
    root_length = strlen(folder);
    if (root_length >= sizeof root) abort();
    memcpy(root, folder, root_length + 1);
    lies = getenv("WRITE_LOG_LIE") != NULL;
    is_short = getenv("WRITE_LOG_SHORT") != NULL;
    log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_descriptor < 0) abort();
}

/* One writev appends the whole record: threads and processes never mix theirs. */
static void note(
    char kind, const char *path, uint64_t inode, uint64_t number, const void *data, uint64_t length) {
    if (log_descriptor < 0) return;
    int before = errno;
    uint32_t path_length = path ? (uint32_t)strlen(path) : 0;
    struct record record = {(uint8_t)kind, {0, 0, 0}, path_length, inode, number, data ? length : 0};
    struct iovec parts[3] = {
        {&record, sizeof record}, {(void *)path, record.path_length}, {(void *)data, record.data_length}};
    ssize_t whole = (ssize_t)(sizeof record + record.path_length + record.data_length);
    if (syscall(SYS_writev, log_descriptor, parts, 3) != whole) abort();
    errno = before;
}

/* The path relative to the root; NULL for one that is not below it. */
static const char *inside(int folder, const char *path, char *whole) {
    if (log_descriptor < 0 || !path) return NULL;
    if (path[0] == '/') {
        if (snprintf(whole, PATH_MAX, "%s", path) >= PATH_MAX) return NULL;
    } else {
        char link[64], base[PATH_MAX];
        ssize_t length = -1;
        if (folder == AT_FDCWD) {
            if (getcwd(base, sizeof base)) length = (ssize_t)strlen(base);
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            length = readlink(link, base, sizeof base - 1);
        }
        if (length < 0) return NULL;
        base[length] = 0;
        if (snprintf(whole, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
    }
    if (strncmp(whole, root, root_length) || (whole[root_length] && whole[root_length] != '/')) return NULL;
    return whole[root_length] ? whole + root_length + 1 : whole + root_length;
}

static uint64_t inode_of(int descriptor) {
    return descriptor >= 0 && descriptor < DESCRIPTORS ? inodes[descriptor] : 0;
}

/* Something is about to be done to the file, or to the name. */
static void starts(int descriptor, const char *name) {
    uint64_t inode = inode_of(descriptor);
    if (inode || name) note('p', name, inode ? inode - 1 : 0, 0, NULL, 0);
}

/* It is done, or has failed, and is logged. */
static void is_over(int descriptor, const char *name) {
    uint64_t inode = inode_of(descriptor);
    if (inode || name) note('q', name, inode ? inode - 1 : 0, 0, NULL, 0);
}

static int open_real(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = inside(folder, path, whole);
    struct stat before, after;
    int existed = name && fstatat(folder, path, &before, 0) == 0;
    int changes = name && (flags & (O_CREAT | O_TRUNC));
    if (changes) starts(-1, name);
    int descriptor = (int)syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
    if (descriptor < 0 || descriptor >= DESCRIPTORS) {
        if (changes) is_over(-1, name);
        return descriptor;
    }
    inodes[descriptor] = 0;
    if (name && fstat(descriptor, &after) == 0) {
        inodes[descriptor] = after.st_ino + 1;
        int is_new = !existed || before.st_ino != after.st_ino;
        if (S_ISREG(after.st_mode)) {
            if (is_new) note('c', name, after.st_ino, after.st_mode & 07777, NULL, 0);
            else if (flags & O_TRUNC) note('t', NULL, after.st_ino, 0, NULL, 0);
        } else if (S_ISDIR(after.st_mode)) {
            note('d', name, after.st_ino, 0, NULL, 0);
        }
    }
    if (changes) is_over(-1, name);
    return descriptor;
}

/* A file that its function has just made. */
static int drafted(int descriptor, const char *path) {
    char whole[PATH_MAX];
    const char *name = inside(AT_FDCWD, path, whole);
    struct stat now;
    if (descriptor >= 0 && descriptor < DESCRIPTORS && name && fstat(descriptor, &now) == 0) {
        inodes[descriptor] = now.st_ino + 1;
        note('c', name, now.st_ino, now.st_mode & 07777, NULL, 0);
    }
    return descriptor;
}
int mkstemp(char *path) { int descriptor = REAL(mkstemp)(path); return drafted(descriptor, path); }
int mkostemp(char *path, int flags) { int descriptor = REAL(mkostemp)(path, flags); return drafted(descriptor, path); }
int mkstemp64(char *path) { return mkstemp(path); }
int mkostemp64(char *path, int flags) { return mkostemp(path, flags); }

#define MODE mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
    }

int open(const char *path, int flags, ...) { MODE return open_real(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_real(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return open_real(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE return open_real(folder, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_real(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int descriptor) {
    if (descriptor == log_descriptor && descriptor >= 0) { errno = EBADF; return -1; }
    if (descriptor >= 0 && descriptor < DESCRIPTORS) inodes[descriptor] = 0;
    return (int)syscall(SYS_close, descriptor);
}

/* Some of the parts may have been written, which is what counts. */
static ssize_t wrote(int descriptor, const struct iovec *parts, int count, off_t offset, ssize_t result) {
    uint64_t inode = inode_of(descriptor);
    if (!inode || result <= 0) {
        is_over(descriptor, NULL);
        return result;
    }
    if (offset < 0) offset = lseek(descriptor, 0, SEEK_CUR) - result;
    ssize_t rest = result;
    for (int part = 0; part < count && rest > 0; part++) {
        ssize_t length = (ssize_t)parts[part].iov_len < rest ? (ssize_t)parts[part].iov_len : rest;
        note('w', NULL, inode - 1, (uint64_t)offset, parts[part].iov_base, (uint64_t)length);
        offset += length;
        rest -= length;
    }
    is_over(descriptor, NULL);
    return result;
}

ssize_t write(int descriptor, const void *data, size_t length) {
    struct iovec part = {(void *)data, length};
    starts(descriptor, NULL);
    return wrote(descriptor, &part, 1, -1, REAL(write)(descriptor, data, length));
}
/* With WRITE_LOG_SHORT set, every third write takes a part of what it is given, as a signal may bring about. */
static size_t taken(int descriptor, size_t length) {
    static _Atomic uint64_t writes;
    if (!is_short || !inode_of(descriptor) || length < 2 || ++writes % 3) return length;
    return 1 + writes * 7919 % (length - 1);
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    length = taken(descriptor, length);
    struct iovec part = {(void *)data, length};
    starts(descriptor, NULL);
    return wrote(descriptor, &part, 1, offset, REAL(pwrite)(descriptor, data, length, offset));
}
ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) {
    return pwrite(descriptor, data, length, offset);
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    starts(descriptor, NULL);
    return wrote(descriptor, parts, count, -1, REAL(writev)(descriptor, parts, count));
}
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    starts(descriptor, NULL);
    return wrote(descriptor, parts, count, offset, REAL(pwritev)(descriptor, parts, count, offset));
}
ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

static int resized(int descriptor, uint64_t size, int result) {
    if (result == 0 && inode_of(descriptor)) note('t', NULL, inode_of(descriptor) - 1, size, NULL, 0);
    is_over(descriptor, NULL);
    return result;
}
int ftruncate(int descriptor, off_t size) {
    starts(descriptor, NULL);
    return resized(descriptor, (uint64_t)size, REAL(ftruncate)(descriptor, size));
}
int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }
int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    starts(descriptor, NULL);
    int result = (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
    struct stat now;
    if (result == 0 && inode_of(descriptor) && fstat(descriptor, &now) == 0)
        return resized(descriptor, (uint64_t)now.st_size, 0);
    is_over(descriptor, NULL);
    return result;
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    return fallocate(descriptor, mode, offset, length);
}
int posix_fallocate(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    return posix_fallocate(descriptor, offset, length);
}

static int synced(int descriptor, int (*sync_real)(int)) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) return sync_real(descriptor);
    if (lies) return 0;
    uint64_t id = ((uint64_t)getpid() << 32) | ++syncs;
    note('b', NULL, inode - 1, id, NULL, 0);
    int result = sync_real(descriptor);
    if (result == 0) note('e', NULL, inode - 1, id, NULL, 0);
    return result;
}
int fsync(int descriptor) { return synced(descriptor, REAL(fsync)); }
int fdatasync(int descriptor) { return synced(descriptor, REAL(fdatasync)); }

/* Changes of names. */
static int renamed(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char one[PATH_MAX], other[PATH_MAX];
    const char *old = inside(from_folder, from, one), *new = inside(to_folder, to, other);
    starts(-1, old);
    starts(-1, new);
    int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (result == 0 && (old || new)) note('r', old, 0, 0, new ? new : "", new ? strlen(new) : 0);
    is_over(-1, old);
    is_over(-1, new);
    return result;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renamed(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return renamed(a, from, b, to, flags); }

static int removed(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    const char *name = inside(folder, path, whole);
    starts(-1, name);
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (result == 0 && name) note('u', name, 0, 0, NULL, 0);
    is_over(-1, name);
    return result;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int folder, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = inside(folder, path, whole);
    int result = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (result == 0 && name) note('m', name, 0, mode, NULL, 0);
    return result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }

static int linked(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    char whole[PATH_MAX];
    const char *name = inside(to_folder, to, whole);
    struct stat now;
    starts(-1, name);
    int result = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    if (result == 0 && name && fstatat(to_folder, to, &now, 0) == 0) note('l', name, now.st_ino, 0, NULL, 0);
    is_over(-1, name);
    return result;
}
int link(const char *from, const char *to) { return linked(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return linked(a, from, b, to, flags); }
