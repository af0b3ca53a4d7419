/*
 * A load generator: N phones on one thread, speaking Socket.IO 5 over Engine.IO 4 over a websocket.
 *
 * Lives here: connecting, sending, and the moment at which each phone had what it waited for. Not here: what is
 * sent and what the figures mean (load.py, compare.py). It knows nothing of workshops, so the same program drives
 * our server and its peers. One epoll loop, no allocation per message, so that its own share of the processor
 * stays small; it reports that share itself.
 *
 *     load PORT PATH FILE      FILE has one line per phone: Cookie header, tab, JSON for Socket.IO's CONNECT
 *
 * Commands on standard input, one answer line of JSON each (times are CLOCK_MONOTONIC, in nanoseconds):
 *     join BURST               connect all phones, at most BURST handshakes at a time
 *     arm PREFIX               from now on, note when a message that begins with PREFIX reaches each phone
 *     wait SECONDS             answer when every phone has had it, or when the time is over
 *     send SECONDS EVENT       send `42<id>EVENT` from every phone at once and wait for all acknowledgements
 *     cpu                      how much processor time this program has used
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { IDLE, UPGRADING, OPENING, JOINING, JOINED, LOST };

struct phone {
    int fd;
    enum state state;
    char *cookie, *auth;
    char *rest; /* bytes of a message that has not come whole */
    size_t rest_length;
    int64_t began, joined, arrived, acknowledged;
};

static struct phone *phones;
static int count, epoll_fd, port;
static char *path;
static char buffer[1 << 20], frame[1 << 16], line[1 << 16];
static int joined, in_flight, next_to_join, burst, lost;
static char prefix[256];
static size_t prefix_length;
static int arrived;
static char ack_prefix[32];
static size_t ack_prefix_length;
static int acknowledged, refused;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void lose(struct phone *phone) {
    if (phone->state == LOST) return;
    if (phone->state == JOINED) joined--;
    else if (phone->state != IDLE) in_flight--;
    close(phone->fd);
    free(phone->rest);
    phone->rest = NULL;
    phone->rest_length = 0;
    phone->state = LOST;
    lost++;
}

/* Write all of it; a phone whose server takes nothing for a while just waits. */
static void write_all(struct phone *phone, const char *bytes, size_t length) {
    while (length) {
        ssize_t n = send(phone->fd, bytes, length, MSG_NOSIGNAL);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct timespec moment = {0, 100000};
            nanosleep(&moment, NULL);
        } else {
            lose(phone);
            return;
        }
    }
}

static void say(struct phone *phone, const char *text, size_t length) {
    static uint32_t seed = 2463534242u;
    unsigned char *at = (unsigned char *)frame;
    *at++ = 0x81;
    if (length < 126) {
        *at++ = (unsigned char)(0x80 | length);
    } else {
        *at++ = 0x80 | 126;
        *at++ = (unsigned char)(length >> 8);
        *at++ = (unsigned char)length;
    }
    seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
    unsigned char *mask = at;
    memcpy(at, &seed, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) at[i] = (unsigned char)text[i] ^ mask[i & 3];
    write_all(phone, frame, (size_t)(at - (unsigned char *)frame) + length);
}

static int starts(const char *text, size_t length, const char *with, size_t with_length) {
    return length >= with_length && memcmp(text, with, with_length) == 0;
}

static void take(struct phone *phone, char *text, size_t length) {
    if (starts(text, length, "2", 1)) {
        say(phone, "3", 1);
    } else if (starts(text, length, "0", 1)) {
        int n = snprintf(line, sizeof line, "40%s", phone->auth);
        phone->state = JOINING;
        say(phone, line, (size_t)n);
    } else if (starts(text, length, "40", 2)) {
        phone->state = JOINED;
        phone->joined = now();
        joined++;
        in_flight--;
    } else if (starts(text, length, "44", 2)) {
        lose(phone);
    }
    if (prefix_length && !phone->arrived && starts(text, length, prefix, prefix_length)) {
        phone->arrived = now();
        arrived++;
    }
    if (ack_prefix_length && !phone->acknowledged && starts(text, length, ack_prefix, ack_prefix_length)) {
        phone->acknowledged = now();
        if (memmem(text, length, "\"ok\":true", 9)) acknowledged++;
        else refused++;
    }
}

/* Take whole frames out of bytes; return how many bytes they were. */
static size_t frames(struct phone *phone, char *bytes, size_t length) {
    size_t used = 0;
    while (phone->state != LOST && length - used >= 2) {
        unsigned char *at = (unsigned char *)bytes + used;
        size_t size = at[1] & 127, head = 2;
        if (size == 126) {
            if (length - used < 4) break;
            size = (size_t)at[2] << 8 | at[3];
            head = 4;
        } else if (size == 127) {
            if (length - used < 10) break;
            size = 0;
            for (int i = 0; i < 8; i++) size = size << 8 | at[2 + i];
            head = 10;
        }
        if (length - used < head + size) break;
        used += head + size;
        if ((at[0] & 15) == 8) {
            lose(phone);
            break;
        }
        if ((at[0] & 15) == 1) take(phone, (char *)at + head, size);
    }
    return used;
}

static void read_phone(struct phone *phone) {
    size_t kept = phone->rest_length;
    if (kept) memcpy(buffer, phone->rest, kept);
    ssize_t n = recv(phone->fd, buffer + kept, sizeof buffer - kept, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        lose(phone);
        return;
    }
    size_t length = kept + (size_t)n, used = 0;
    if (phone->state == UPGRADING) {
        char *end = memmem(buffer, length, "\r\n\r\n", 4);
        if (end) {
            if (length < 12 || memcmp(buffer + 9, "101", 3)) {
                lose(phone);
                return;
            }
            phone->state = OPENING;
            used = (size_t)(end + 4 - buffer);
        }
    }
    if (phone->state != UPGRADING) used += frames(phone, buffer + used, length - used);
    if (phone->state == LOST) return;
    free(phone->rest);
    phone->rest = NULL;
    phone->rest_length = length - used;
    if (phone->rest_length) {
        phone->rest = malloc(phone->rest_length);
        memcpy(phone->rest, buffer + used, phone->rest_length);
    }
}

static void begin(struct phone *phone) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    phone->began = now();
    phone->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (phone->fd < 0) fail("no more sockets; raise the limit of open files");
    int one = 1;
    setsockopt(phone->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    in_flight++;
    phone->state = UPGRADING;
    if (connect(phone->fd, (struct sockaddr *)&address, sizeof address)) {
        lose(phone);
        return;
    }
    fcntl(phone->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = phone};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, phone->fd, &event);
    int n = snprintf(line, sizeof line,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                     "Cookie: %s\r\nUser-Agent: load\r\n\r\n",
                     path, port, port, phone->cookie);
    write_all(phone, line, (size_t)n);
}

/* Serve what has come; `patience` in milliseconds. Return whether a command may be read. */
static int turn(int patience) {
    struct epoll_event events[512];
    int command = 0, n = epoll_wait(epoll_fd, events, 512, patience);
    for (int i = 0; i < n; i++) {
        struct phone *phone = events[i].data.ptr;
        if (!phone) command = 1;
        else if (phone->state != LOST) read_phone(phone);
    }
    while (next_to_join < count && in_flight < burst) begin(&phones[next_to_join++]);
    return command;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Print the moments of all phones that have one, as places in their order. */
static void report(const char *what, size_t offset, int64_t began, int good, int bad) {
    int64_t *moments = malloc(sizeof *moments * (size_t)count);
    int n = 0;
    for (int i = 0; i < count; i++) {
        int64_t moment = *(int64_t *)((char *)&phones[i] + offset);
        if (moment) moments[n++] = moment;
    }
    qsort(moments, (size_t)n, sizeof *moments, ascending);
    printf("{\"%s\": %d, \"refused\": %d, \"lost\": %d, \"began\": %lld", what, good, bad, lost, (long long)began);
    if (n)
        printf(", \"first\": %lld, \"p50\": %lld, \"p99\": %lld, \"last\": %lld", (long long)moments[0],
               (long long)moments[n / 2], (long long)moments[(int)((n - 1) * 0.99)], (long long)moments[n - 1]);
    printf("}\n");
    fflush(stdout);
    free(moments);
}

static void obey(char *command) {
    command[strcspn(command, "\n")] = 0;
    int64_t began = now();
    if (!strncmp(command, "join ", 5)) {
        burst = atoi(command + 5);
        next_to_join = 0;
        while (next_to_join < count || in_flight) turn(100);
        report("joined", offsetof(struct phone, joined), began, joined, 0);
    } else if (!strncmp(command, "arm ", 4)) {
        prefix_length = strlen(command + 4);
        memcpy(prefix, command + 4, prefix_length + 1);
        arrived = 0;
        for (int i = 0; i < count; i++) phones[i].arrived = 0;
        printf("{\"armed\": %d}\n", joined);
        fflush(stdout);
    } else if (!strncmp(command, "wait ", 5)) {
        int64_t until = began + (int64_t)(atof(command + 5) * 1e9);
        while (arrived < joined && now() < until) turn(20);
        report("arrived", offsetof(struct phone, arrived), began, arrived, 0);
        prefix_length = 0;
    } else if (!strncmp(command, "send ", 5)) {
        static int id;
        char *event = strchr(command + 5, ' ');
        int64_t until = began + (int64_t)(atof(command + 5) * 1e9);
        int length = snprintf(line, sizeof line, "42%d%s", ++id, event ? event + 1 : "[]");
        ack_prefix_length = (size_t)snprintf(ack_prefix, sizeof ack_prefix, "43%d[", id);
        acknowledged = refused = 0;
        for (int i = 0; i < count; i++) phones[i].acknowledged = 0;
        char *event_line = malloc((size_t)length);
        memcpy(event_line, line, (size_t)length);
        for (int i = 0; i < count; i++) {
            if (phones[i].state == JOINED) say(&phones[i], event_line, (size_t)length);
            if (i % 64 == 63) turn(0);
        }
        free(event_line);
        while (acknowledged + refused < joined && now() < until) turn(20);
        report("acknowledged", offsetof(struct phone, acknowledged), began, acknowledged, refused);
        ack_prefix_length = 0;
    } else if (!strcmp(command, "cpu")) {
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        printf("{\"cpu\": %.6f}\n", (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                                        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
        fflush(stdout);
    } else {
        fprintf(stderr, "load: unknown command: %s\n", command);
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "load PORT PATH FILE\n");
        return 2;
    }
    port = atoi(argv[1]);
    path = argv[2];
    FILE *file = fopen(argv[3], "r");
    if (!file) fail(argv[3]);
    int room = 0;
    while (fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');
        if (!tab) continue;
        if (count == room) phones = realloc(phones, sizeof *phones * (size_t)(room = room ? room * 2 : 1024));
        memset(&phones[count], 0, sizeof *phones);
        *tab = 0;
        tab[1 + strcspn(tab + 1, "\n")] = 0;
        phones[count].cookie = strdup(line);
        phones[count].auth = strdup(tab + 1);
        phones[count++].fd = -1;
    }
    fclose(file);
    next_to_join = count;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event)) fail("standard input cannot be waited for");
    setvbuf(stdin, NULL, _IONBF, 0);
    static char command[1 << 16];
    for (;;) {
        if (!turn(1000)) continue;
        if (!fgets(command, sizeof command, stdin)) return 0;
        obey(command);
    }
}
