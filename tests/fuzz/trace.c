/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a log of system calls: what is learned of them can be written, read and resolved, and again is the
 * same. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(struct aaj_recording *rec)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (!out || aaj_recording_write(rec, out) < 0 || fclose(out) != 0)
        abort();
    return text;
}

static struct aaj_recording *learn(int fd, size_t copies)
{
    static const struct aaj_trace_options of = { .slave = AAJ_STR_INIT("/usr/local/sbin/slave"),
                                                 .label = AAJ_STR_INIT("slave-c") };
    const struct aaj_intake_input input[2] = { { .fd = fd, .name = AAJ_STR("a") }, { .fd = fd, .name = AAJ_STR("b") } };
    struct aaj_intake_options options = { 0 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_trace_stats stats;
    struct aaj_recording *rec;

    if (lseek(fd, 0, SEEK_SET) < 0 || aaj_recording_new(&rec) < 0 ||
        aaj_trace_intake(rec, input, copies, &options, &of, &stats, &diags) < 0)
        abort();
    aaj_diags_clear(&diags);
    return rec;
}

/* A recording that was read is the one that was written. */
static void check_reading(const char *text)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_recording *again;
    char *same;

    if (aaj_recording_new(&again) < 0 || aaj_recording_read(again, aaj_str_c(text), AAJ_STR("fuzz"), &diags) < 0)
        abort();
    same = text_of(again);
    if (strcmp(text, same) != 0)
        abort();
    free(same);
    aaj_diags_clear(&diags);
    aaj_recording_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct aaj_fact link = { .path = AAJ_STR("/lib"), .type = 'l', .target = AAJ_STR("usr/lib") };
    struct aaj_recording *rec, *resolved;
    struct aaj_fsview *view;
    char *text, *again;
    int fd = memfd_create("log", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    rec = learn(fd, 1);
    text = text_of(rec);
    check_reading(text);
    if (aaj_fsview_new(&view) < 0 || aaj_fsview_add(view, &link) < 0 || aaj_trace_resolve(rec, view, &resolved) < 0)
        abort();
    aaj_recording_free(rec);
    free(text);
    text = text_of(resolved);
    aaj_recording_free(resolved);
    rec = learn(fd, 1);
    if (aaj_trace_resolve(rec, view, &resolved) < 0)
        abort();
    again = text_of(resolved);
    if (strcmp(text, again) != 0)
        abort();
    free(again);
    free(text);
    aaj_recording_free(resolved);
    aaj_recording_free(rec);
    aaj_fsview_free(view);
    close(fd);
    return 0;
}
