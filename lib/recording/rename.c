/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording under other names. Files that were two may be one then, so it is built anew. */
#include <errno.h>
#include <stdlib.h>

#include "recording/impl.h"

struct renaming {
    const struct aaj_recording *from;
    struct aaj_recording *to;
    int (*fn)(void *data, struct aaj_str op, struct aaj_str name, struct aaj_arena *arena, struct aaj_str *ret_name);
    void *data;
    struct aaj_arena arena;
};

static int rename_one(struct renaming *m, struct aaj_str op, struct aaj_str name, uint32_t *ret_id)
{
    struct aaj_str new = name;
    int r = name.n ? m->fn(m->data, op, name, &m->arena, &new) : 0;

    if (r == 0)
        r = aaj_intern_add(&m->to->strings, new, ret_id);
    aaj_arena_clear(&m->arena);
    return r;
}

/* Of the words of a key those that are a file's name or a label; the others go over as they are. */
static int rename_key(struct renaming *m, struct access_key *key)
{
    bool file = key->word[WORD_CLASS] == AAJ_CLASS_FILE, exec = key->word[WORD_CLASS] == AAJ_CLASS_EXEC;
    struct aaj_str op = aaj_recording_str(m->from, key->word[WORD_OP]);
    int r = 0;

    for (unsigned w = 0; r == 0 && w < KEY_WORDS; w++) {
        struct aaj_str s;

        if (w == WORD_CLASS || w == WORD_REQUESTED || w == WORD_DENIED)
            continue;
        s = aaj_recording_str(m->from, key->word[w]);
        if (w == WORD_LABEL || (exec && w == WORD_ARG + AAJ_FILE_TARGET))
            r = rename_one(m, AAJ_STR(""), s, &key->word[w]);
        else if (((file || exec) && w == WORD_ARG + AAJ_FILE_NAME) || (file && w == WORD_ARG + AAJ_FILE_TARGET))
            r = rename_one(m, op, s, &key->word[w]);
        else
            r = aaj_intern_add(&m->to->strings, s, &key->word[w]);
    }
    return r;
}

static int rename_sample(struct renaming *m, uint32_t from, uint32_t entry)
{
    struct sample sample;
    int r = recording_sample_of(m->from, from, &m->to->from_line, &sample);

    return r < 0 ? r : recording_sample(m->to, entry, &sample, NULL);
}

static int rename_entry(struct renaming *m, uint32_t from)
{
    struct access_key key = recording_access_key(m->from, from);
    struct evidence_list *list = &m->to->from;
    uint32_t entry = 0, extra = m->from->entry[from].extra;
    int r = recording_evidence(m->from, from, list);

    if (r == 0)
        r = rename_key(m, &key);
    if (r == 0)
        r = recording_entry_of(m->to, &key, &entry);
    for (size_t i = 0; r == 0 && i < list->n; i++) {
        struct source_key sk = m->from->source[list->item[i].source].key;

        if (aaj_intern_add(&m->to->strings, aaj_recording_str(m->from, sk.host), &sk.host) < 0 ||
            aaj_intern_add(&m->to->strings, aaj_recording_str(m->from, sk.boot), &sk.boot) < 0)
            return -ENOMEM;
        r = recording_source(m->to, &sk, &list->item[i].source);
    }
    if (r == 0)
        r = recording_join(m->to, entry, list, true); /* events of two names are two */
    if (r == 0 && extra)
        r = recording_extra(m->to, entry, aaj_recording_str(m->from, extra));
    return r < 0 ? r : rename_sample(m, from, entry);
}

static int rename_commands(struct renaming *m)
{
    const struct commands *c = &m->from->commands;
    uint32_t label, name;
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n; i++) {
        r = rename_one(m, AAJ_STR(""), aaj_recording_str(m->from, c->item[i].label), &label);
        if (r == 0)
            r = rename_one(m, AAJ_STR("exec"), aaj_recording_str(m->from, c->item[i].name), &name);
        for (uint32_t k = 0; r == 0 && k < c->item[i].n; k++)
            r = commands_add(&m->to->commands, &m->to->strings, label, name,
                             aaj_recording_str(m->from, c->item[i].argv[k]));
    }
    return r;
}

static int copy_fact(void *data, const struct aaj_fact *fact)
{
    return recording_fact(data, fact);
}

static int rename_all(struct renaming *m)
{
    int r = recording_merge_account(m->to, m->from);

    if (r == 0)
        r = aaj_fsview_each_fact(m->from->files, copy_fact, m->to);
    for (size_t i = 0; r == 0 && i < m->from->n_unknown; i++)
        r = recording_unknown(m->to, aaj_recording_str(m->from, m->from->unknown[i].key),
                              aaj_recording_str(m->from, m->from->unknown[i].value));
    for (size_t i = 0; r == 0 && i < m->from->n_extra_lines; i++)
        r = recording_extra_line(m->to, aaj_recording_str(m->from, m->from->extra_line[i]));
    for (size_t i = 0; r == 0 && i < m->from->n_entries; i++)
        r = rename_entry(m, (uint32_t)i);
    return r < 0 ? r : rename_commands(m);
}

int aaj_recording_rename(const struct aaj_recording *rec,
                         int (*fn)(void *data, struct aaj_str op, struct aaj_str name, struct aaj_arena *arena,
                                   struct aaj_str *ret_name),
                         void *data, struct aaj_recording **ret_rec)
{
    struct renaming m = { .from = rec, .fn = fn, .data = data };
    int r = aaj_recording_new(&m.to);

    if (r == 0)
        r = rename_all(&m);
    aaj_arena_clear(&m.arena);
    if (r < 0) {
        aaj_recording_free(m.to);
        return r;
    }
    *ret_rec = m.to;
    return 0;
}
