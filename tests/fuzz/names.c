/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "names.h"

static struct aaj_event base(struct aaj_str label, enum aaj_class class, const char *op)
{
    return (struct aaj_event){ .mode = AAJ_MODE_ALLOWED, .class = class, .label = label, .op = aaj_str_c(op), .fsuid = 1, .ouid = 1 };
}

static void add_file(struct aaj_recording *rec, struct aaj_str label, struct aaj_str name, uint8_t how)
{
    static const char *const op[] = { "open", "mknod", "unlink", "rename_dest" };
    struct aaj_event e = base(label, AAJ_CLASS_FILE, op[how % 4]);

    e.denied = e.requested = how & 0xfe;
    e.arg[AAJ_FILE_NAME] = name;
    aaj_recording_add(rec, &e, AAJ_STR(""));
}

/* Executed, and in its profile it reads what is called like itself. */
static void add_program(struct aaj_recording *rec, struct aaj_str name, struct aaj_arena *arena)
{
    struct aaj_str label = aaj_arena_printf(arena, "t//null-%.*s", AAJ_STR_ARG(name));
    struct aaj_event e = base(AAJ_STR("t"), AAJ_CLASS_EXEC, "exec");

    e.denied = e.requested = AAJ_MAY_EXEC;
    e.arg[AAJ_FILE_NAME] = name;
    e.arg[AAJ_FILE_TARGET] = label;
    aaj_recording_add(rec, &e, AAJ_STR(""));
    add_file(rec, label, name, AAJ_MAY_READ);
}

static void add_named(struct aaj_recording *rec, struct aaj_str name, enum aaj_class class, const char *op, unsigned arg)
{
    struct aaj_event e = base(AAJ_STR("t"), class, op);

    e.denied = e.requested = 1;
    if (class == AAJ_CLASS_FILE) {
        e.denied = e.requested = AAJ_MAY_LINK;
        e.arg[AAJ_FILE_TARGET] = name;
    }
    if (class == AAJ_CLASS_SIGNAL)
        e.arg[AAJ_PEER_SIGNAL] = AAJ_STR("term");
    e.arg[arg] = name;
    aaj_recording_add(rec, &e, AAJ_STR(""));
}

static void add(struct aaj_recording *rec, struct aaj_str name, uint8_t how, bool classes, struct aaj_arena *arena)
{
    switch (classes ? how >> 4 : 0) {
    case 1: add_program(rec, name, arena); break;
    case 2: add_named(rec, name, AAJ_CLASS_FILE, "link", AAJ_FILE_NAME); break;
    case 3: add_named(rec, name, AAJ_CLASS_SIGNAL, "signal", AAJ_PEER_LABEL); break;
    case 4: add_named(rec, name, AAJ_CLASS_PTRACE, "ptrace", AAJ_PEER_LABEL); break;
    case 5: add_named(rec, name, AAJ_CLASS_MOUNT, "mount", AAJ_MOUNT_NAME); break;
    case 6: add_named(rec, name, AAJ_CLASS_CAPABILITY, "capable", AAJ_CAP_NAME); break;
    default: add_file(rec, AAJ_STR("t"), name, how);
    }
}

struct aaj_recording *fuzz_names(const uint8_t *data, size_t size, unsigned max, bool classes)
{
    struct aaj_str rest = { (const char *)data, size };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_recording *rec;

    if (aaj_recording_new(&rec) < 0)
        abort();
    for (unsigned i = 0; rest.n && i < max; i++) {
        struct aaj_str name = aaj_str_head(rest, aaj_str_find(rest, '\xfe'));

        rest = aaj_str_skip(rest, name.n + 1);
        add(rec, name, rest.n ? (uint8_t)rest.p[0] : AAJ_MAY_READ, classes, &arena);
        rest = aaj_str_skip(rest, 1);
    }
    aaj_arena_clear(&arena);
    return rec;
}
