/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/source.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT = 128 * 1024, MAGIC = 6 };
#define LZMA_MEMORY (256ull * 1024 * 1024)
#define RATIO_GRACE (64ull * 1024 * 1024)

enum kind { KIND_UNKNOWN, KIND_PLAIN, KIND_GZIP, KIND_XZ, KIND_ZSTD };

struct aaj_log_source {
    int fd;
    enum kind kind;
    char *in;
    size_t in_at, in_n;
    bool in_end, ended;
    int error; /* the end was one; said again to who asks again */
    bool member_end; /* a gzip member, xz stream or zstd frame is complete: the input may end here */
    uint64_t total_in, total_out;
    z_stream gz;
    lzma_stream xz;
    ZSTD_DStream *zstd;
};

int aaj_log_open(const char *path, int *ret_fd)
{
    struct stat st;
    int fd, r;

    fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    r = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (r < 0) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int aaj_log_source_new(int fd, struct aaj_log_source **ret_source)
{
    struct aaj_log_source *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->in = malloc(INPUT);
    if (!s->in) {
        free(s);
        return -ENOMEM;
    }
    s->fd = fd;
    *ret_source = s;
    return 0;
}

struct aaj_log_source *aaj_log_source_free(struct aaj_log_source *s)
{
    if (!s)
        return NULL;
    if (s->kind == KIND_GZIP)
        inflateEnd(&s->gz);
    if (s->kind == KIND_XZ)
        lzma_end(&s->xz);
    ZSTD_freeDStream(s->zstd);
    free(s->in);
    free(s);
    return NULL;
}

static ssize_t read_fd(int fd, char *buf, size_t n)
{
    ssize_t got;

    do {
        got = read(fd, buf, n);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* More compressed input; 0 or -errno. */
static int refill(struct aaj_log_source *s)
{
    ssize_t got;

    if (s->in_at > 0) {
        memmove(s->in, s->in + s->in_at, s->in_n - s->in_at);
        s->in_n -= s->in_at;
        s->in_at = 0;
    }
    if (s->in_end || s->in_n == INPUT)
        return 0;
    got = read_fd(s->fd, s->in + s->in_n, INPUT - s->in_n);
    if (got < 0)
        return (int)got;
    s->in_end = got == 0;
    s->in_n += (size_t)got;
    s->total_in += (uint64_t)got;
    return 0;
}

static int start(struct aaj_log_source *s)
{
    const unsigned char *p = (const unsigned char *)s->in;
    int r;

    while (s->in_n < MAGIC && !s->in_end) {
        r = refill(s);
        if (r < 0)
            return r;
    }
    if (s->in_n >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
        s->kind = KIND_GZIP;
        return inflateInit2(&s->gz, 15 + 16) == Z_OK ? 0 : -ENOMEM;
    }
    if (s->in_n >= 6 && memcmp(p, "\xfd" "7zXZ\0", 6) == 0) {
        s->kind = KIND_XZ;
        s->xz = (lzma_stream)LZMA_STREAM_INIT;
        return lzma_stream_decoder(&s->xz, LZMA_MEMORY, LZMA_CONCATENATED) == LZMA_OK ? 0 : -ENOMEM;
    }
    if (s->in_n >= 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0) {
        s->kind = KIND_ZSTD;
        s->zstd = ZSTD_createDStream();
        return s->zstd ? 0 : -ENOMEM;
    }
    s->kind = KIND_PLAIN;
    return 0;
}

/* One step of each: bytes written to @buf, or -EBADMSG. */
static ssize_t step_gzip(struct aaj_log_source *s, char *buf, size_t n)
{
    int r;

    if (s->member_end && s->in_n > s->in_at) {
        inflateReset(&s->gz); /* members may follow one another */
        s->member_end = false;
    }
    s->gz.next_in = (unsigned char *)s->in + s->in_at;
    s->gz.avail_in = (unsigned)(s->in_n - s->in_at);
    s->gz.next_out = (unsigned char *)buf;
    s->gz.avail_out = (unsigned)n;
    r = inflate(&s->gz, Z_NO_FLUSH);
    s->in_at = s->in_n - s->gz.avail_in;
    if (r == Z_STREAM_END)
        s->member_end = true;
    else if (r != Z_OK && r != Z_BUF_ERROR)
        return -EBADMSG;
    return (ssize_t)(n - s->gz.avail_out);
}

static ssize_t step_xz(struct aaj_log_source *s, char *buf, size_t n)
{
    lzma_ret r;

    s->xz.next_in = (const uint8_t *)s->in + s->in_at;
    s->xz.avail_in = s->in_n - s->in_at;
    s->xz.next_out = (uint8_t *)buf;
    s->xz.avail_out = n;
    r = lzma_code(&s->xz, s->in_end ? LZMA_FINISH : LZMA_RUN);
    s->in_at = s->in_n - s->xz.avail_in;
    if (r == LZMA_STREAM_END)
        s->member_end = true;
    else if (r != LZMA_OK && r != LZMA_BUF_ERROR)
        return -EBADMSG;
    return (ssize_t)(n - s->xz.avail_out);
}

static ssize_t step_zstd(struct aaj_log_source *s, char *buf, size_t n)
{
    ZSTD_inBuffer in = { s->in, s->in_n, s->in_at };
    ZSTD_outBuffer out = { buf, n, 0 };
    size_t r = ZSTD_decompressStream(s->zstd, &out, &in);

    if (ZSTD_isError(r))
        return -EBADMSG;
    /* Asked without input behind a whole frame it begins the next one, and says so: that is no cut. */
    if (in.pos != s->in_at || out.pos)
        s->member_end = r == 0;
    s->in_at = in.pos;
    return (ssize_t)out.pos;
}

static ssize_t step(struct aaj_log_source *s, char *buf, size_t n)
{
    switch (s->kind) {
    case KIND_GZIP:
        return step_gzip(s, buf, n);
    case KIND_XZ:
        return step_xz(s, buf, n);
    default:
        return step_zstd(s, buf, n);
    }
}

static ssize_t read_packed(struct aaj_log_source *s, char *buf, size_t n)
{
    for (;;) {
        size_t before = s->in_at;
        ssize_t got;
        int r;

        if (s->in_at == s->in_n && s->in_end && s->member_end)
            return 0;
        got = step(s, buf, n);
        if (got != 0)
            return got;
        if (s->in_at != before)
            continue;
        if (s->in_end)
            return s->member_end ? 0 : -EBADMSG; /* cut */
        r = refill(s);
        if (r < 0)
            return r;
    }
}

static ssize_t read_plain(struct aaj_log_source *s, char *buf, size_t n)
{
    size_t left = s->in_n - s->in_at;

    if (!left)
        return read_fd(s->fd, buf, n);
    if (left > n)
        left = n;
    memcpy(buf, s->in + s->in_at, left);
    s->in_at += left;
    return (ssize_t)left;
}

ssize_t aaj_log_source_read(struct aaj_log_source *s, char *buf, size_t n)
{
    ssize_t got;
    int r;

    if (s->kind == KIND_UNKNOWN) {
        r = start(s);
        if (r < 0)
            return r;
    }
    if (s->ended)
        return s->error;
    if (s->kind == KIND_PLAIN)
        return read_plain(s, buf, n);
    if (s->total_out > RATIO_GRACE && s->total_out / AAJ_LOG_RATIO_MAX > s->total_in)
        return -E2BIG;
    got = read_packed(s, buf, n);
    if (got > 0)
        s->total_out += (uint64_t)got;
    s->ended = got <= 0;
    s->error = got < 0 ? (int)got : 0;
    return got;
}

const char *aaj_log_source_compression(const struct aaj_log_source *s)
{
    switch (s->kind) {
    case KIND_GZIP:
        return "gzip";
    case KIND_XZ:
        return "xz";
    case KIND_ZSTD:
        return "zstd";
    default:
        return NULL;
    }
}
