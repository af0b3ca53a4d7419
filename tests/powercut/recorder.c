/* Writes down every call that changes the file system below one folder, in order, with its data.
 *
 * Loaded into a process by LD_PRELOAD. RECORD_BELOW names the folder, RECORD_INTO the file that takes the record.
 * `replay.py` reads it and makes of it the folder as a power cut leaves it. One lock is held around each call and
 * its record, so that the order of the records is that of the calls.
 *
 * One record: the kind, a number (of bytes or of the place), the inode, the lengths of two parts, the two parts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char below[PATH_MAX];
static size_t below_length;
static int out = -1;
static unsigned char watched[FILES];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void put(const void *from, size_t length) {
    const char *at = from;
    while (length) {
        ssize_t done = REAL(write)(out, at, length);
        if (done <= 0) abort();
        at += done, length -= (size_t)done;
    }
}

static void note(char kind, int64_t number, uint64_t inode, const char *one, size_t one_length, const void *two,
                 size_t two_length) {
    int before = errno;
    uint32_t lengths[2] = {(uint32_t)one_length, (uint32_t)two_length};
    put(&kind, 1), put(&number, 8), put(&inode, 8), put(lengths, 8), put(one, one_length), put(two, two_length);
    errno = before;
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("RECORD_BELOW"), *into = getenv("RECORD_INTO");
    if (!folder || !into || !realpath(folder, below)) return;
    below_length = strlen(below);
    out = REAL(open)(into, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0) abort();
    int high = fcntl(out, F_DUPFD_CLOEXEC, FILES + 1); /* out of the way of programs that count theirs */
    if (high >= 0) REAL(close)(out), out = high;
}

/* Say something in the record, such as what somebody was told by now. */
void record_mark(const char *what) {
    if (out < 0) return;
    pthread_mutex_lock(&turn);
    note('M', 0, 0, what, strlen(what), "", 0);
    pthread_mutex_unlock(&turn);
}

/* The path as it counts, relative to the folder; NULL where it lies elsewhere. */
static const char *inside(int at, const char *path, char *whole) {
    if (out < 0 || !path) return NULL;
    char given[2 * PATH_MAX], start[PATH_MAX];
    if (path[0] == '/') {
        snprintf(given, sizeof given, "%s", path);
    } else {
        if (at == AT_FDCWD) {
            if (!getcwd(start, sizeof start)) return NULL;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = readlink(link, start, sizeof start - 1);
            if (length < 0) return NULL;
            start[length] = 0;
        }
        snprintf(given, sizeof given, "%s/%s", start, path);
    }
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/') given[--length] = 0;
    char *name = strrchr(given, '/');
    if (!name) return NULL;
    *name++ = 0;
    if (!realpath(given[0] ? given : "/", whole)) return NULL;
    if (strcmp(name, ".") && *name) {
        size_t used = strlen(whole);
        snprintf(whole + used, PATH_MAX - used, "/%s", name);
    }
    if (strncmp(whole, below, below_length)) return NULL;
    if (!whole[below_length]) return "";
    return whole[below_length] == '/' ? whole + below_length + 1 : NULL;
}

static uint64_t inode_of(int file) {
    struct stat is;
    return fstat(file, &is) ? 0 : (uint64_t)is.st_ino;
}

static int is_watched(int file) { return out >= 0 && file >= 0 && file < FILES && watched[file]; }

/* -- opening */

static int opening(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    pthread_mutex_lock(&turn);
    const char *name = (flags & O_TMPFILE) == O_TMPFILE ? NULL : inside(at, path, whole);
    int fresh = name && (flags & O_CREAT) && REAL(faccessat)(at, path, F_OK, AT_SYMLINK_NOFOLLOW);
    int file = REAL(openat)(at, path, flags, mode);
    if (name && file >= 0 && file < FILES) {
        watched[file] = 1;
        if (fresh || (flags & O_TRUNC)) note(fresh ? 'C' : 'T', 0, inode_of(file), name, strlen(name), "", 0);
    }
    pthread_mutex_unlock(&turn);
    return file;
}

#define MODE                                                                                                           \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }

int open(const char *path, int flags, ...) { MODE return opening(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opening(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return opening(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return opening(at, path, flags | O_LARGEFILE, mode); }

int close(int file) {
    pthread_mutex_lock(&turn);
    if (file == out && out >= 0) {
        pthread_mutex_unlock(&turn);
        return 0;
    }
    if (file >= 0 && file < FILES) watched[file] = 0;
    int done = REAL(close)(file);
    pthread_mutex_unlock(&turn);
    return done;
}

/* -- writing */

static void written(int file, off_t place, const void *from, ssize_t done) {
    if (done > 0) note('W', place, inode_of(file), "", 0, from, (size_t)done);
}

/* Where a plain write will land. */
static off_t place_of(int file) {
    struct stat is;
    if ((fcntl(file, F_GETFL) & O_APPEND) && !fstat(file, &is)) return is.st_size;
    return lseek(file, 0, SEEK_CUR);
}

ssize_t write(int file, const void *from, size_t length) {
    if (!is_watched(file)) return REAL(write)(file, from, length);
    pthread_mutex_lock(&turn);
    off_t place = place_of(file);
    ssize_t done = REAL(write)(file, from, length);
    written(file, place, from, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (!is_watched(file)) return REAL(writev)(file, parts, count);
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(file, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return sum ? sum : done;
        sum += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return sum;
}

ssize_t pwrite64(int file, const void *from, size_t length, off64_t place) {
    if (!is_watched(file)) return REAL(pwrite64)(file, from, length, place);
    pthread_mutex_lock(&turn);
    ssize_t done = REAL(pwrite64)(file, from, length, place);
    written(file, place, from, done);
    pthread_mutex_unlock(&turn);
    return done;
}
ssize_t pwrite(int file, const void *from, size_t length, off_t place) { return pwrite64(file, from, length, place); }

/* Whole files are copied by the kernel where it can; here it cannot, and the copier reads and writes. */
ssize_t sendfile64(int to, int from, off64_t *place, size_t length) {
    if (!is_watched(to)) return REAL(sendfile64)(to, from, place, length);
    errno = ENOTSOCK;
    return -1;
}
ssize_t sendfile(int to, int from, off_t *place, size_t length) { return sendfile64(to, from, place, length); }

static int cut(int file, off_t length, int done) {
    if (!done) note('L', length, inode_of(file), "", 0, "", 0);
    return done;
}

int ftruncate64(int file, off64_t length) {
    if (!is_watched(file)) return REAL(ftruncate64)(file, length);
    pthread_mutex_lock(&turn);
    int done = cut(file, length, REAL(ftruncate64)(file, length));
    pthread_mutex_unlock(&turn);
    return done;
}
int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

/* -- making it last */

static int lasting(int file, int (*sync)(int)) {
    if (!is_watched(file)) return sync(file);
    pthread_mutex_lock(&turn);
    int done = sync(file);
    if (!done) {
        struct stat is;
        char link[64], path[PATH_MAX], whole[PATH_MAX];
        const char *name = "";
        if (!fstat(file, &is) && S_ISDIR(is.st_mode)) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", file);
            ssize_t length = readlink(link, path, sizeof path - 1);
            path[length < 0 ? 0 : length] = 0;
            name = inside(AT_FDCWD, path, whole);
            note('D', 0, 0, name ? name : "", name ? strlen(name) : 0, "", 0);
        } else {
            note('S', 0, inode_of(file), "", 0, "", 0);
        }
    }
    pthread_mutex_unlock(&turn);
    return done;
}

int fsync(int file) { return lasting(file, REAL(fsync)); }
int fdatasync(int file) { return lasting(file, REAL(fdatasync)); }

/* -- names */

#define NAMED(kind, call)                                                                                              \
    char whole[PATH_MAX];                                                                                              \
    pthread_mutex_lock(&turn);                                                                                         \
    const char *name = inside(at, path, whole);                                                                        \
    int done = call;                                                                                                   \
    if (name && !done) note(kind, 0, 0, name, strlen(name), "", 0);                                                    \
    pthread_mutex_unlock(&turn);                                                                                       \
    return done;

int unlinkat(int at, const char *path, int flags) {
    NAMED(flags & AT_REMOVEDIR ? 'F' : 'U', REAL(unlinkat)(at, path, flags))
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int at, const char *path, mode_t mode) { NAMED('K', REAL(mkdirat)(at, path, mode)) }
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

#define TWO(kind, call)                                                                                                \
    char whole[PATH_MAX], other[PATH_MAX];                                                                             \
    pthread_mutex_lock(&turn);                                                                                         \
    const char *first = inside(from_at, from, whole), *second = inside(to_at, to, other);                              \
    int done = call;                                                                                                   \
    if ((first || second) && !done) {                                                                                  \
        if (!first) first = "/elsewhere";                                                                              \
        if (!second) second = "/elsewhere";                                                                            \
        note(kind, 0, 0, first, strlen(first), second, strlen(second));                                                \
    }                                                                                                                  \
    pthread_mutex_unlock(&turn);                                                                                       \
    return done;

int renameat(int from_at, const char *from, int to_at, const char *to) {
    TWO('R', REAL(renameat)(from_at, from, to_at, to))
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    TWO('N', REAL(linkat)(from_at, from, to_at, to, flags))
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
