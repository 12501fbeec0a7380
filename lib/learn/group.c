/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in one directory that differ in made-up pieces only become one pattern. */
#include <errno.h>
#include <stdlib.h>

#include "base/sort.h"
#include "learn/private.h"
#include "policy/quote.h"

struct named {
    uint32_t node;
    struct aaj_shape shape;
    uint32_t accept; /* bit: this piece varies */
    uint32_t inferences;
    struct aaj_str pattern;
};

/* A directory's names as dir->kids has them, and in the order of their keys, later of their patterns. */
struct names {
    struct named *name;
    struct aaj_sortable *order; /* .id: index of .name */
    size_t n;
};

static struct named *at(const struct names *names, size_t i)
{
    return &names->name[names->order[i].id];
}

/* A directory's own flags are those of its "" child. */
static uint32_t flags_of(const struct aaj_learner *l, uint32_t node)
{
    uint32_t flags = l->node[node].flags;

    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        if (l->node[c].name.n == 0 && !(l->node[c].flags & AAJ_NODE_GLOB))
            flags |= l->node[c].flags;
    return flags;
}

/* Somebody else's names in a folder that all share last no longer than the slave's own. */
static enum aaj_maker maker_of(const struct aaj_dir *dir, uint32_t flags)
{
    if (!(flags & AAJ_NODE_MADE))
        return AAJ_MADE_ELSEWHERE;
    return (flags & AAJ_NODE_GONE) || dir->area == AAJ_AREA_SHARED ? AAJ_MADE_FOR_A_WHILE : AAJ_MADE_HERE;
}

/* ---- what the lengths and values of one piece are over a group ---- */

static void measure(const struct aaj_learner *l, const struct names *names, size_t from, size_t n, unsigned piece,
                    struct aaj_piece_range *range)
{
    struct aaj_str first = { 0 };

    *range = (struct aaj_piece_range){ .min = UINT8_MAX };
    for (size_t i = 0; i < n; i++) {
        const struct named *me = at(names, from + i);
        const struct aaj_piece *p = &me->shape.piece[piece];
        struct aaj_str s = aaj_piece_text(l->node[me->node].name, p);

        range->min = p->len < range->min ? p->len : range->min;
        range->max = p->len > range->max ? p->len : range->max;
        range->zero |= s.n > 1 && s.p[0] == '0';
        range->full |= s.n && s.p[0] != '0';
        for (size_t j = 0; j < s.n; j++)
            range->upper |= s.p[j] >= 'A' && s.p[j] <= 'F';
        if (i == 0)
            first = s;
        else
            range->varies |= !aaj_str_eq(first, s);
    }
}

/* Behind a dot, a dash or an underscore at the end of the name: log.1, socket.4711 */
static bool is_last_number(struct aaj_str name, const struct aaj_piece *p)
{
    char before = p->off ? name.p[p->off - 1] : 0;

    return (size_t)p->off + p->len == name.n && (before == '.' || before == '-' || before == '_' || before == '#');
}

/* The number of the process that made the name, as a record of it says: app.4711.tmp */
static bool is_pid(const struct aaj_learner *l, uint32_t node, struct aaj_str number)
{
    for (uint32_t g = l->node[node].grant; g; g = l->grant[g].next) {
        struct aaj_str line = aaj_recording_sample(l->in->recording, &l->access[l->ev[l->grant[g].ev].access]), pid;

        pid = aaj_str_skip(line, aaj_str_search(line, AAJ_STR(" pid=")) + strlen(" pid="));
        if (aaj_str_starts(pid, number) && (pid.n == number.n || pid.p[number.n] == ' '))
            return true;
    }
    return false;
}

/* O_TMPFILE: a file without a name is "/tmp/#INODE" in the records. */
static bool is_nameless(struct aaj_str name, const struct aaj_piece *p)
{
    return p->off == 1 && name.p[0] == '#' && p->len + 1u == name.n;
}

static bool number_varies(const struct aaj_learner *l, const struct aaj_dir *dir, uint32_t node, uint32_t flags,
                          const struct aaj_shape *shape, unsigned i, const struct aaj_piece_range *range, size_t group)
{
    const struct aaj_piece *p = &shape->piece[i];
    const struct aaj_node *n = &l->node[node];
    bool made = flags & AAJ_NODE_MADE, whole = p->off == 0 && p->len == n->name.n;

    if (is_nameless(n->name, p) || (made && is_pid(l, node, aaj_piece_text(n->name, p))))
        return true; /* though one process made all of a group */
    if (aaj_piece_is_moment(n->name, shape, i))
        return made || dir->area == AAJ_AREA_OWN || dir->area == AAJ_AREA_SHARED;
    if (made && aaj_piece_is_labelled(n->name, shape, i))
        return true;
    if (group > 1 && !range->varies)
        return false;
    if (made)
        return group > 1 || p->len >= (flags & AAJ_NODE_GONE ? 4 : 5) || (range->zero && p->len >= 3) ||
               is_last_number(n->name, p) || whole;
    if (dir->area == AAJ_AREA_OWN)
        return group > 2 || (group > 1 && whole);
    return (dir->area == AAJ_AREA_SYS || dir->area == AAJ_AREA_SHARED) && group > 2;
}

static bool letters_vary(const struct aaj_dir *dir, uint32_t flags, const struct aaj_piece *p,
                         const struct aaj_piece_range *range, size_t group)
{
    if (group > 1 && !range->varies)
        return false;
    if (flags & AAJ_NODE_MADE)
        return dir->area != AAJ_AREA_SYSTEM && dir->area != AAJ_AREA_SYS;
    if (dir->area == AAJ_AREA_OWN)
        return p->len >= 16 || group > 1;
    return dir->area == AAJ_AREA_SHARED; /* nothing stays there, and somebody else made the name up */
}

/* Which pieces of one name vary, and by which inference. */
static void decide(struct aaj_learner *l, const struct aaj_dir *dir, struct named *me, size_t group,
                   const struct aaj_piece_range *range)
{
    uint32_t node = me->node, flags = flags_of(l, node);
    bool temp = (flags & AAJ_NODE_MADE) && (flags & AAJ_NODE_GONE);

    for (unsigned i = 0; i < me->shape.n; i++) {
        const struct aaj_piece *p = &me->shape.piece[i];
        enum aaj_infer by = p->kind == AAJ_PIECE_WORD ? AAJ_INFER_SUBJECT
                            : temp ? AAJ_INFER_TEMP
                                   : p->kind == AAJ_PIECE_NUMBER ? AAJ_INFER_COUNTER : AAJ_INFER_RANDOM;
        bool varies = p->kind == AAJ_PIECE_NUMBER ? number_varies(l, dir, node, flags, &me->shape, i, &range[i], group)
                      : p->kind == AAJ_PIECE_TEXT ? false
                      : p->kind == AAJ_PIECE_WORD ? true
                                                  : letters_vary(dir, flags, p, &range[i], group);

        if (varies && aaj_infers(l, by)) {
            me->accept |= 1u << i;
            me->inferences |= 1u << by;
        }
    }
}

/* ---- writing ---- */

/* The last bytes of a pattern that may be written are no dot, so that no extension fits: "*" and "?"
 * become "…[^./][^./][^./][^./]"; digits end in a digit. */
static struct aaj_str guarded(struct aaj_learner *l, enum aaj_piece_kind kind, const struct aaj_piece_range *range)
{
    size_t tail = aaj_guard_longest(l);
    struct aaj_str out = { "", 0 };

    if (kind == AAJ_PIECE_NUMBER && range->min == range->max && range->zero && range->min >= 8)
        return range->full ? AAJ_STR("[0-9a-fA-F]*[0-9a-fA-F]") : AAJ_STR("0[0-9a-fA-F]*[0-9a-fA-F]");
    if (kind == AAJ_PIECE_NUMBER)
        return range->min > 1 ? AAJ_STR("[0-9]*[0-9]") : AAJ_STR("{[0-9],[0-9]*[0-9]}");
    if (kind == AAJ_PIECE_HEX)
        return range->upper ? AAJ_STR("[0-9A-F]*[0-9A-F]") : AAJ_STR("[0-9a-f]*[0-9a-f]");
    if (range->min < tail)
        tail = range->min;
    if (kind == AAJ_PIECE_RANDOM && range->min == range->max && range->min <= 12)
        for (size_t i = 0; i + tail < range->min; i++)
            out = aaj_arena_printf(&l->scratch, "%.*s?", AAJ_STR_ARG(out));
    else
        out = AAJ_STR("*");
    for (size_t i = 0; out.p && i < tail; i++)
        out = aaj_arena_printf(&l->scratch, "%.*s[^./]", AAJ_STR_ARG(out));
    return out;
}

/* What one group of names shares: how its pieces that vary are written, plain and guarded; and room to work in, since
 * thousands of names in a directory have one pattern. */
struct group {
    struct aaj_piece_range range[AAJ_SHAPE_PIECES];
    struct aaj_str part[2][AAJ_SHAPE_PIECES];
    bool written[2];
    struct aaj_arena work;
};

static void write_pieces(struct aaj_learner *l, const struct aaj_shape *shape, struct group *g, bool guard)
{
    for (unsigned i = 0; i < shape->n; i++) {
        enum aaj_piece_kind kind = (enum aaj_piece_kind)shape->piece[i].kind;

        if (kind != AAJ_PIECE_TEXT)
            g->part[guard][i] = guard ? guarded(l, kind, &g->range[i]) : aaj_piece_pattern(&g->work, kind, &g->range[i]);
    }
    g->written[guard] = true;
}

static struct aaj_str spell(struct aaj_learner *l, struct group *g, struct aaj_str name, const struct named *me, bool guard)
{
    struct aaj_str part[AAJ_SHAPE_PIECES];
    size_t n = 0;
    char *p;

    if (!g->written[guard])
        write_pieces(l, &me->shape, g, guard);
    for (unsigned i = 0; i < me->shape.n; i++) {
        part[i] = me->accept & (1u << i) ? g->part[guard][i]
                                         : aaj_glob_escape(&g->work, aaj_piece_text(name, &me->shape.piece[i]));
        if (!part[i].p)
            return part[i];
        n += part[i].n;
    }
    p = aaj_arena_alloc(&g->work, n + 1);
    n = 0;
    for (unsigned i = 0; p && i < me->shape.n; i++) {
        memcpy(p + n, part[i].p, part[i].n);
        n += part[i].n;
    }
    return (struct aaj_str){ p, n };
}

/* It is checked once. */
struct checked {
    struct aaj_str plain, pattern;
    bool written;
};

/* No pattern at all when even the guarded one reaches code. */
static int make_pattern(struct aaj_learner *l, const struct aaj_dir *dir, struct named *me, struct group *g,
                        struct checked *last)
{
    const struct aaj_node *n = &l->node[me->node];
    struct checked now = { .plain = spell(l, g, n->name, me, false) };

    now.written = flags_of(l, me->node) & (AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE);
    if (!now.plain.p)
        return -ENOMEM;
    if (last->plain.p && last->written == now.written && aaj_str_eq(last->plain, now.plain)) {
        me->pattern = last->pattern;
        return 0;
    }
    now.pattern = now.plain;
    for (int guard = 0; now.written; guard++) {
        int hits = aaj_guard_hits(l, dir->pattern, now.pattern);

        if (hits < 0)
            return hits;
        if (!hits)
            break;
        now.pattern = guard ? (struct aaj_str){ "", 0 } : spell(l, g, n->name, me, true);
        if (!now.pattern.p)
            return -ENOMEM;
        if (guard)
            break;
    }
    now.pattern = aaj_arena_dup(l->arena, now.pattern);
    me->pattern = now.pattern;
    *last = now;
    return now.pattern.p ? 0 : -ENOMEM;
}

/* The @n names from @from on in their order */
static int decide_group(struct aaj_learner *l, const struct aaj_dir *dir, const struct names *names, size_t from, size_t n)
{
    const struct aaj_shape *shape = &at(names, from)->shape;
    struct group g = { .work = AAJ_ARENA_INIT };
    struct checked last = { 0 };
    int r = 0;

    for (unsigned i = 0; i < shape->n; i++)
        if (shape->piece[i].kind != AAJ_PIECE_TEXT)
            measure(l, names, from, n, i, &g.range[i]);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct named *me = at(names, from + i);

        decide(l, dir, me, n, g.range);
        if (me->accept)
            r = make_pattern(l, dir, me, &g, &last);
    }
    aaj_arena_clear(&g.work);
    return r;
}

/* ---- one directory ---- */

/* "k3Fq9x.json": nothing of the name but its extension is a word. */
static bool is_whole_stem(struct aaj_str name, const struct named *me)
{
    const struct aaj_piece *p = me->shape.piece;

    return me->shape.n == 2 && p->kind != AAJ_PIECE_TEXT && (me->accept & 1) && name.p[p->len] == '.';
}

static int replace_groups(struct aaj_learner *l, struct aaj_dir *dir, const struct names *g)
{
    int r = 0;

    for (size_t i = 0; i < g->n; i++)
        g->order[i] = (struct aaj_sortable){ .str = g->name[i].pattern, .tie = (uint32_t)i, .id = (uint32_t)i };
    if (aaj_sort_strings(g->order, g->n) < 0)
        return -ENOMEM;
    dir->kids.n = 0; /* they are in g->name, and become no more */
    for (size_t i = 0, j; r == 0 && i < g->n; i = j) {
        const struct named *first = at(g, i);
        uint32_t inferences = 0, node;
        bool lone;

        for (j = i; j < g->n && first->pattern.n && aaj_str_eq(first->pattern, at(g, j)->pattern); j++)
            inferences |= at(g, j)->inferences;
        if (j == i) {
            j++;
            r = aaj_kids_add(&dir->kids, first->node);
            continue;
        }
        lone = j == i + 1 && is_whole_stem(l->node[first->node].name, first);
        node = aaj_node_new(l, dir->node, first->pattern, AAJ_NODE_GLOB | (lone ? AAJ_NODE_LONE : 0));
        if (node == AAJ_NO)
            return -ENOMEM;
        l->node[dir->node].child = 0;
        for (size_t k = i; k < j; k++)
            aaj_node_merge(l, node, at(g, k)->node);
        for (uint32_t gr = l->node[node].grant; gr; gr = l->grant[gr].next)
            l->grant[gr].inferences |= inferences;
        l->node[node].inferences |= inferences;
        r = aaj_kids_add(&dir->kids, node);
    }
    return r;
}

enum { ABSORB_MAX = 64, MATCH_MAX = 8 };

static bool is_made_up(const struct named *me)
{
    return me->inferences & (1u << AAJ_INFER_TEMP | 1u << AAJ_INFER_RANDOM) && me->pattern.n;
}

/* A pattern of made-up names, and how long they were. */
struct made_up {
    struct aaj_str pattern;
    uint32_t inferences;
    size_t min, max;
};

static int add_made_up(const struct aaj_learner *l, struct aaj_glob *glob, struct made_up *list, size_t *n, const struct named *me)
{
    size_t len = l->node[me->node].name.n;

    for (size_t i = *n; i-- > 0;) /* mostly the last */
        if (aaj_str_eq(list[i].pattern, me->pattern)) {
            list[i].min = len < list[i].min ? len : list[i].min;
            list[i].max = len > list[i].max ? len : list[i].max;
            return 0;
        }
    if (*n == ABSORB_MAX)
        return 0;
    list[*n] = (struct made_up){ me->pattern, me->inferences, len, len };
    return aaj_glob_add(glob, me->pattern, 0, (uint32_t)(*n)++, NULL);
}

/* The first of those patterns that a name of that length may have; NULL: none. What lasts for a while may have any length. */
static const struct made_up *find_made_up(const struct made_up *list, const struct aaj_glob *glob, uint32_t state, size_t len,
                                          bool brief)
{
    uint32_t tag[MATCH_MAX];
    size_t n = aaj_glob_tags(glob, state, tag, MATCH_MAX);

    for (size_t i = 0; i < n && i < MATCH_MAX; i++)
        if (brief || (len >= list[tag[i]].min && len <= list[tag[i]].max))
            return &list[tag[i]];
    return NULL;
}

/*
 * Of six random letters some look like a word: what fits the pattern of its neighbours and is as long has it, too. "wal",
 * which stays, beside names of 26 letters does not, though `*` matches it; nor does "", which is the directory itself.
 */
static int absorb(struct aaj_learner *l, const struct aaj_dir *dir, const struct names *g)
{
    struct made_up list[ABSORB_MAX];
    uint32_t state;
    size_t n = 0;
    struct aaj_glob *glob;
    int r = aaj_glob_new(&glob);

    for (size_t i = 0; r == 0 && i < g->n; i++)
        if (is_made_up(at(g, i)))
            r = add_made_up(l, glob, list, &n, at(g, i));
    for (size_t i = 0; r == 0 && n && i < g->n; i++) {
        struct named *me = &g->name[i];
        const struct aaj_node *node = &l->node[me->node];
        enum aaj_maker maker = maker_of(dir, flags_of(l, me->node));
        const struct made_up *like = NULL;

        if (me->pattern.n || node->name.n == 0 || (node->flags & AAJ_NODE_GLOB) || maker == AAJ_MADE_ELSEWHERE)
            continue;
        r = aaj_glob_walk(glob, AAJ_GLOB_START, node->name, &state);
        like = r == 0 ? find_made_up(list, glob, state, node->name.n, maker == AAJ_MADE_FOR_A_WHILE) : NULL;
        if (like) {
            me->pattern = like->pattern;
            me->inferences = like->inferences;
        }
    }
    aaj_glob_free(glob);
    return r == -ENOMEM ? r : 0; /* too large to decide: they stay as they are */
}

/* Their shapes, and the order of the shapes' keys. */
static int look_at_names(struct aaj_learner *l, const struct aaj_dir *dir, const struct names *g, struct aaj_arena *keys)
{
    for (size_t i = 0; i < g->n; i++) {
        struct named *me = &g->name[i];
        const struct aaj_node *node = &l->node[dir->kids.id[i]];
        struct aaj_str word = aaj_subject_word(node->name);

        *me = (struct named){ .node = dir->kids.id[i], .pattern = { "", 0 } };
        if (!(node->flags & AAJ_NODE_GLOB) && !aaj_is_secret_name(node->name))
            aaj_shape_of(node->name, maker_of(dir, flags_of(l, me->node)), &me->shape);
        if (dir->area == AAJ_AREA_OWN && aaj_is_subject(l, word))
            aaj_shape_take_word(&me->shape, word.n);
        g->order[i] = (struct aaj_sortable){ .tie = (uint32_t)i, .id = (uint32_t)i };
        g->order[i].str = aaj_shape_key(keys, node->name, &me->shape);
        if (!g->order[i].str.p)
            return -ENOMEM;
    }
    return aaj_sort_strings(g->order, g->n);
}

static int decide_groups(struct aaj_learner *l, const struct aaj_dir *dir, const struct names *g)
{
    int r = 0;

    for (size_t i = 0, j; r == 0 && i < g->n; i = j) {
        unsigned pieces = at(g, i)->shape.n;

        for (j = i + 1; j < g->n && pieces && pieces == at(g, j)->shape.n && aaj_str_eq(g->order[i].str, g->order[j].str); j++)
            ;
        r = decide_group(l, dir, g, i, j - i);
    }
    return r;
}

int aaj_group_names(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct aaj_arena keys = AAJ_ARENA_INIT; /* a directory may hold a million names */
    struct names g;
    int r = 0;

    if (dir->kids.n == 0)
        return 0;
    if (dir->area == AAJ_AREA_OWN && aaj_infers(l, AAJ_INFER_TREE))
        r = aaj_group_tree(l, dir);
    g.n = dir->kids.n;
    g.name = reallocarray(NULL, g.n + 1, sizeof(*g.name));
    g.order = reallocarray(NULL, g.n + 1, sizeof(*g.order));
    if (r == 0)
        r = g.name && g.order ? look_at_names(l, dir, &g, &keys) : -ENOMEM;
    if (r == 0)
        r = decide_groups(l, dir, &g);
    if (r == 0)
        r = absorb(l, dir, &g);
    if (r == 0)
        r = replace_groups(l, dir, &g);
    free(g.name);
    free(g.order);
    aaj_arena_clear(&keys);
    return r;
}

/* ---- /proc ---- */

int aaj_group_proc(struct aaj_learner *l, struct aaj_dir *dir)
{
    bool task = aaj_str_ends(dir->pattern, AAJ_STR("/task")), any = false;
    bool fd = aaj_str_ends(dir->pattern, AAJ_STR("/fd")) || aaj_str_ends(dir->pattern, AAJ_STR("/fdinfo"));
    bool *take;

    if (!task && !fd && !aaj_str_eq(dir->pattern, AAJ_STR("/proc")))
        return 0;
    take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    if (!take)
        return -ENOMEM;
    for (size_t i = 0; i < dir->kids.n; i++) {
        struct aaj_str name = l->node[dir->kids.id[i]].name;

        take[i] = name.n > 0;
        for (size_t j = 0; j < name.n; j++)
            take[i] &= name.p[j] >= '0' && name.p[j] <= '9';
        any |= take[i];
    }
    if (!any)
        return 0;
    return aaj_kids_replace(l, dir, take, task ? AAJ_STR("@{tid}") : fd ? AAJ_STR("[0-9]*") : AAJ_STR("@{pid}"), 0,
                            1u << AAJ_INFER_PID);
}
