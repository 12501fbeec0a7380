/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories named after the hashes of what is in them: ed/ above edb72a68….html, 7/e1/ above …7e1, 0a/ above
 * the rest of a hash that begins with it, 00/0C/ above 00000C3F. Where one shows, its neighbours are no words.
 */
#include <errno.h>

#include "learn/private.h"

enum { HASH_DIR = 3, HASH_LEVELS = 2, LONG_HASH = 16, TAIL = 6 };

static bool is_short_hex(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f') || (s.p[i] >= 'A' && s.p[i] <= 'F')))
            return false;
    return s.n >= 1 && s.n <= HASH_DIR;
}

/* Does it begin or end with @name? */
static bool holds(struct aaj_str hash, struct aaj_str name)
{
    struct aaj_str tail = aaj_str_skip(hash, hash.n > TAIL ? hash.n - TAIL : 0);

    return aaj_str_starts(hash, name) || aaj_str_search(tail, name) < tail.n;
}

static bool is_hash_for(struct aaj_str file, struct aaj_str dir)
{
    struct aaj_shape shape;

    aaj_shape_of(file, AAJ_MADE_ELSEWHERE, &shape);
    for (unsigned i = 0; i < shape.n; i++) {
        const struct aaj_piece *p = &shape.piece[i];
        struct aaj_str s = { file.p + p->off, p->len };

        if (p->kind == AAJ_PIECE_HEX && (s.n >= LONG_HASH || holds(s, dir)))
            return true;
        if (p->kind == AAJ_PIECE_NUMBER && s.n >= 8 && holds(s, dir))
            return true;
    }
    return false;
}

static bool hash_below(const struct aaj_learner *l, uint32_t node, struct aaj_str dir, unsigned levels)
{
    for (uint32_t c = l->node[node].child; c; c = l->node[c].next) {
        struct aaj_str name = l->node[c].name;

        if (levels > 1 && l->node[c].child && is_short_hex(name) && hash_below(l, c, dir, levels - 1))
            return true;
        if (is_hash_for(name, dir))
            return true;
    }
    return false;
}

/* "[0-9a-f]" as often as the names are long; both kinds of letters where they show none. */
static struct aaj_str digits(const struct aaj_learner *l, const struct aaj_dir *dir, const bool *take, unsigned len)
{
    static const char *const text[][HASH_DIR] = {
        { "[0-9a-fA-F]", "[0-9a-fA-F][0-9a-fA-F]", "[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]" },
        { "[0-9a-f]", "[0-9a-f][0-9a-f]", "[0-9a-f][0-9a-f][0-9a-f]" },
        { "[0-9A-F]", "[0-9A-F][0-9A-F]", "[0-9A-F][0-9A-F][0-9A-F]" },
    };
    unsigned letters = 0;

    for (size_t i = 0; i < dir->kids.n; i++)
        for (size_t j = 0; take[i] && j < len; j++) {
            char c = l->node[dir->kids.id[i]].name.p[j];

            letters |= c >= 'a' ? 1 : c >= 'A' ? 2 : 0;
        }
    return aaj_str_c(text[letters == 3 ? 0 : letters][len - 1]);
}

int aaj_group_tree(struct aaj_learner *l, struct aaj_dir *dir)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    int r = 0;

    if (!take)
        return -ENOMEM;
    for (unsigned len = 1; r == 0 && len <= HASH_DIR; len++) {
        bool any = false;

        for (size_t i = 0; i < dir->kids.n; i++) {
            const struct aaj_node *n = &l->node[dir->kids.id[i]];

            take[i] = n->child && n->name.n == len && !(n->flags & AAJ_NODE_GLOB) && is_short_hex(n->name);
            any |= take[i] && hash_below(l, dir->kids.id[i], n->name, HASH_LEVELS);
        }
        if (any)
            r = aaj_kids_replace(l, dir, take, digits(l, dir, take, len), 0, 1u << AAJ_INFER_TREE);
    }
    return r;
}
