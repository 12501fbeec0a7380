/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What should not leave a site: sample lines, values of unknown keys, and in names whatever names a person or a
 * session. Lengths stay, so that what was learned from a redacted recording still looks like the real thing.
 */
#include <errno.h>
#include <stdlib.h>

#include "recording/impl.h"

enum { TOKEN_MIN = 16 };

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A run of letters and digits that no person would choose: long, with at least two digits and two letters, and
 * changing between them at least three times, or 16 digits and more. */
static bool is_token(const char *p, size_t n)
{
    size_t digits = 0, changes = 0;

    for (size_t i = 0; i < n; i++) {
        bool digit = p[i] >= '0' && p[i] <= '9';

        digits += digit;
        if (i > 0 && digit != (p[i - 1] >= '0' && p[i - 1] <= '9'))
            changes++;
    }
    return n >= TOKEN_MIN && (digits == n || (digits >= 2 && n - digits >= 2 && changes >= 3));
}

static void hide_tokens(char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 0;

        while (i + run < n && is_word(p[i + run]))
            run++;
        if (is_token(p + i, run))
            memset(p + i, 'x', run);
        i += run ? run : 1;
    }
}

/* The component of a path that is a person's name: below these folders. */
static void hide_user(char *p, size_t n)
{
    static const struct aaj_str folders[] = {
        AAJ_STR_INIT("/home/"),           AAJ_STR_INIT("/var/mail/"),           AAJ_STR_INIT("/var/spool/mail/"),
        AAJ_STR_INIT("/var/spool/cron/crontabs/"), AAJ_STR_INIT("/var/www/users/"), AAJ_STR_INIT("/Users/"),
        AAJ_STR_INIT("/media/"),          AAJ_STR_INIT("/run/media/"),          AAJ_STR_INIT("/var/lib/systemd/linger/"),
    };
    struct aaj_str s = { p, n };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (aaj_str_starts(s, folders[i])) {
            struct aaj_str name = aaj_str_skip(s, folders[i].n);

            memset(p + folders[i].n, 'x', aaj_str_find(name, '/'));
        }
}

/* The string's id in @to, redacted. */
static int hide(struct aaj_recording *to, struct aaj_str s, uint32_t *ret_id)
{
    char *copy = malloc(s.n + 1);
    int r;

    if (!copy)
        return -ENOMEM;
    memcpy(copy, s.p, s.n);
    hide_user(copy, s.n);
    hide_tokens(copy, s.n);
    r = aaj_intern_add(&to->strings, (struct aaj_str){ copy, s.n }, ret_id);
    free(copy);
    return r;
}

static int hide_fact(void *data, const struct aaj_fact *fact)
{
    struct aaj_recording *to = data;
    struct aaj_fact f = *fact;
    uint32_t id[3];

    if (hide(to, fact->path, &id[0]) < 0 || hide(to, fact->target, &id[1]) < 0 || hide(to, fact->interp, &id[2]) < 0)
        return -ENOMEM;
    f.path = aaj_recording_str(to, id[0]);
    f.target = aaj_recording_str(to, id[1]);
    f.interp = aaj_recording_str(to, id[2]);
    return recording_fact(to, &f);
}

/* Names, not masks and words of the kernel; unknown members of a line are dropped with its sample. */
static int hide_entry(struct aaj_recording *to, const struct aaj_recording *rec, uint32_t from)
{
    struct access_key key = recording_access_key(rec, from);
    struct evidence_list *list = &to->from;
    uint32_t entry;
    int r = recording_evidence(rec, from, list);

    for (unsigned w = 0; r == 0 && w < KEY_WORDS; w++)
        if (w != WORD_CLASS && w != WORD_REQUESTED && w != WORD_DENIED)
            r = hide(to, aaj_recording_str(rec, key.word[w]), &key.word[w]);
    if (r == 0)
        r = recording_entry_of(to, &key, &entry);
    for (size_t i = 0; r == 0 && i < list->n; i++) {
        struct source_key sk = rec->source[list->item[i].source].key;

        if (aaj_intern_add(&to->strings, aaj_recording_str(rec, sk.host), &sk.host) < 0 ||
            aaj_intern_add(&to->strings, aaj_recording_str(rec, sk.boot), &sk.boot) < 0)
            return -ENOMEM;
        r = recording_source(to, &sk, &list->item[i].source);
    }
    return r < 0 ? r : recording_join(to, entry, list, false);
}

int aaj_recording_redact(struct aaj_recording *rec, struct aaj_recording **ret_rec)
{
    struct aaj_recording *to;
    int r = aaj_recording_new(&to);

    if (r < 0)
        return r;
    /* Everything but accesses, facts, unknown keys and unknown lines goes over as it is. */
    r = recording_merge_account(to, rec);
    if (r == 0)
        r = aaj_fsview_each_fact(rec->files, hide_fact, to);
    for (size_t i = 0; r == 0 && i < rec->n_entries; i++)
        r = hide_entry(to, rec, (uint32_t)i);
    if (r < 0) {
        aaj_recording_free(to);
        return r;
    }
    *ret_rec = to;
    return 0;
}
