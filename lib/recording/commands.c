/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/commands.h"

#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/grow.h"
#include "recording/impl.h"

int commands_init(struct commands *c)
{
    return aaj_slots_init(&c->slots);
}

void commands_clear(struct commands *c)
{
    free(c->item);
    aaj_slots_clear(&c->slots);
    *c = (struct commands){ 0 };
}

static uint32_t hash_of(const struct aaj_intern *strings, uint32_t label, uint32_t name)
{
    uint32_t key[2] = { label, name };

    return (uint32_t)XXH3_64bits_withSeed(key, sizeof(key), strings->seed);
}

static struct command *find(const struct commands *c, uint32_t hash, uint32_t label, uint32_t name)
{
    const struct aaj_slot *slot = c->slots.slot;

    for (uint32_t i = aaj_slots_first(&c->slots, hash); slot[i].row1; i = aaj_slots_next(&c->slots, i)) {
        struct command *item = &c->item[slot[i].row1 - 1];

        if (slot[i].hash == hash && item->label == label && item->name == name)
            return item;
    }
    return NULL;
}

const struct command *commands_find(const struct commands *c, const struct aaj_intern *strings, uint32_t label,
                                    uint32_t name)
{
    return find(c, hash_of(strings, label, name), label, name);
}

/* The smallest stay. */
static int keep(struct command *item, struct aaj_intern *strings, struct aaj_str argv)
{
    uint32_t at = 0, id;
    int order = 1;

    while (at < item->n && (order = aaj_str_cmp(argv, aaj_intern_str(strings, item->argv[at]))) > 0)
        at++;
    if (at == COMMANDS_KEPT || (at < item->n && order == 0))
        return 0;
    if (aaj_intern_add(strings, argv, &id) < 0)
        return -ENOMEM;
    item->n += item->n < COMMANDS_KEPT;
    memmove(&item->argv[at + 1], &item->argv[at], (item->n - 1 - at) * sizeof(item->argv[0]));
    item->argv[at] = id;
    return 0;
}

int commands_add(struct commands *c, struct aaj_intern *strings, uint32_t label, uint32_t name, struct aaj_str argv)
{
    uint32_t hash = hash_of(strings, label, name);
    struct command *item = find(c, hash, label, name);

    if (!item) {
        if (AAJ_GROW(c->item, c->n, c->cap) < 0 || aaj_slots_add(&c->slots, hash, (uint32_t)c->n) < 0)
            return -ENOMEM;
        item = &c->item[c->n++];
        *item = (struct command){ .label = label, .name = name };
    }
    return keep(item, strings, argv);
}

/* ---- of a recording ---- */

int recording_command(struct aaj_recording *rec, struct aaj_str label, struct aaj_str name, struct aaj_str argv)
{
    uint32_t id[2];

    if (aaj_intern_add(&rec->strings, label, &id[0]) < 0 || aaj_intern_add(&rec->strings, name, &id[1]) < 0)
        return -ENOMEM;
    return commands_add(&rec->commands, &rec->strings, id[0], id[1], argv);
}

int recording_command_of(struct aaj_recording *rec, const struct aaj_event *exec, struct aaj_str argv)
{
    uint32_t label, name;

    if (recording_label(rec, exec, &label) < 0 || aaj_intern_add(&rec->strings, exec->arg[AAJ_FILE_NAME], &name) < 0)
        return -ENOMEM;
    return commands_add(&rec->commands, &rec->strings, label, name, argv);
}

int aaj_recording_add_command(struct aaj_recording *rec, const struct aaj_event *exec, struct aaj_str argv)
{
    return recording_command_of(rec, exec, argv);
}

int recording_merge_commands(struct aaj_recording *rec, const struct aaj_recording *other)
{
    const struct commands *from = &other->commands;
    int r = 0;

    for (size_t i = 0; r == 0 && i < from->n; i++)
        for (uint32_t k = 0; r == 0 && k < from->item[i].n; k++)
            r = recording_command(rec, aaj_recording_str(other, from->item[i].label),
                                  aaj_recording_str(other, from->item[i].name),
                                  aaj_recording_str(other, from->item[i].argv[k]));
    return r;
}

struct order {
    const struct commands *commands;
    const uint32_t *rank;
};

static int by_bytes(const void *a, const void *b, void *data)
{
    const struct order *o = data;
    const struct command *x = &o->commands->item[*(const uint32_t *)a], *y = &o->commands->item[*(const uint32_t *)b];

    if (x->label != y->label)
        return o->rank[x->label] < o->rank[y->label] ? -1 : 1;
    return (o->rank[x->name] > o->rank[y->name]) - (o->rank[x->name] < o->rank[y->name]);
}

uint32_t *commands_order(const struct commands *c, const uint32_t *rank)
{
    struct order o = { c, rank };
    uint32_t *order = calloc(c->n + 1, sizeof(*order));

    for (size_t i = 0; order && i < c->n; i++)
        order[i] = (uint32_t)i;
    if (order)
        qsort_r(order, c->n, sizeof(*order), by_bytes, &o);
    return order;
}

size_t aaj_recording_commands(const struct aaj_recording *rec, const struct aaj_access *access,
                              struct aaj_str ret_argv[static AAJ_COMMANDS_KEPT])
{
    const struct command *c =
        access->class != AAJ_CLASS_EXEC
            ? NULL
            : commands_find(&rec->commands, &rec->strings, access->label, access->arg[AAJ_FILE_NAME]);

    _Static_assert((int)AAJ_COMMANDS_KEPT == (int)COMMANDS_KEPT,
                   "one number, said twice for who sees the public header");
    for (uint32_t i = 0; c && i < c->n; i++)
        ret_argv[i] = aaj_recording_str(rec, c->argv[i]);
    return c ? c->n : 0;
}

struct aaj_str aaj_command_text(struct aaj_arena *arena, struct aaj_str argv)
{
    static const struct aaj_str plain =
        AAJ_STR_INIT("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-*");
    char *buf = aaj_arena_alloc(arena, argv.n * 5 + 3);
    size_t n = 0;

    if (!buf)
        return (struct aaj_str){ "", 0 };
    for (bool more = true; more;) {
        struct aaj_str word = aaj_str_head(argv, aaj_str_find(argv, '\0'));
        bool quote = word.n == 0;

        for (size_t i = 0; i < word.n; i++)
            quote = quote || aaj_str_find(plain, word.p[i]) == plain.n;
        quote = quote && !aaj_str_eq(word, AAJ_STR("…"));
        if (quote)
            buf[n++] = '\'';
        for (size_t i = 0; i < word.n; i++) {
            if (word.p[i] == '\'') {
                memcpy(buf + n, "'\\'", 3);
                n += 3;
            }
            buf[n++] = word.p[i];
        }
        if (quote)
            buf[n++] = '\'';
        more = word.n < argv.n;
        argv = aaj_str_skip(argv, word.n + 1);
        if (more)
            buf[n++] = ' ';
    }
    return (struct aaj_str){ buf, n };
}
