/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a log: every line is in one of three, where the pieces are cut makes no difference, and what the
 * intake finds by knowing records again is what taking each apart finds. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log/reader.h"
#include "recording/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    return aaj_recording_add(data, event, record ? head->line : (struct aaj_str){ "", 0 });
}

static int on_fact(void *data, const struct aaj_fact *fact, struct aaj_str label, const struct aaj_log_head *head)
{
    if (fact->path.n == 0 || fact->path.p[0] != '/')
        abort();
    return 0;
}

static char *read_log(const uint8_t *data, size_t size, size_t piece, struct aaj_log_account *account, size_t *ret_n)
{
    const struct aaj_log_handler handler = { .event = on_event, .fact = on_fact };
    struct aaj_log_reader *reader;
    struct aaj_recording *rec;
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);

    if (!out || aaj_recording_new(&rec) < 0 || aaj_log_reader_new(&handler, rec, &reader) < 0)
        abort();
    for (size_t at = 0; at < size; at += piece)
        if (aaj_log_reader_feed(reader, (const char *)data + at, size - at < piece ? size - at : piece) < 0)
            abort();
    if (aaj_log_reader_finish(reader) < 0 || aaj_recording_write(rec, out) < 0 || fclose(out) != 0)
        abort();
    *account = *aaj_log_reader_account(reader);
    aaj_log_reader_free(reader);
    aaj_recording_free(rec);
    return text;
}

/* The bytes as a file, read as the command reads it, now and then with two threads. */
static char *intake(const uint8_t *data, size_t size, size_t *ret_n)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct aaj_intake_input input = { fd, AAJ_STR("log") };
    struct aaj_intake_options options = { .threads = size % 16 == 0 ? 2 : 1 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_recording *rec;
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (!out || aaj_recording_new(&rec) < 0 || aaj_intake(rec, &input, 1, &options, &diags) < 0 ||
        aaj_recording_write(rec, out) < 0 || fclose(out) != 0)
        abort();
    close(fd);
    aaj_diags_clear(&diags);
    aaj_recording_free(rec);
    return text;
}

/* Accesses alone: losses and inputs are the intake's. */
static const char *accesses(const char *text)
{
    const char *at = strstr(text, "\n{\"kind\":\"access\"");

    return at ? at : "";
}

static bool is_compressed(const uint8_t *data, size_t size)
{
    return size >= 2 && ((data[0] == 0x1f && data[1] == 0x8b) || data[0] == 0xfd || data[0] == 0x28);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *again;
    /* Some hundred pieces at most: each makes the reader keep what it still needs. */
    size_t piece = size ? 1 + data[size - 1] % 97 + size / 256 : 1, n[2];
    struct aaj_log_account a[2];
    char *text[2] = { read_log(data, size, size ? size : 1, &a[0], &n[0]), read_log(data, size, piece, &a[1], &n[1]) };

    if (a[0].used + a[0].irrelevant + a[0].reported != a[0].lines || a[0].lines != a[1].lines ||
        a[0].used != a[1].used || a[0].reported != a[1].reported)
        abort();
    if (n[0] != n[1] || memcmp(text[0], text[1], n[0]) != 0)
        abort();
    if (size && !is_compressed(data, size) && (size > 8192 || data[size / 2] % 4 == 0)) { /* costs more than all else */
        again = intake(data, size, &n[1]);
        if (strcmp(accesses(text[0]), accesses(again)) != 0)
            abort();
        free(again);
    }
    free(text[0]);
    free(text[1]);
    return 0;
}
