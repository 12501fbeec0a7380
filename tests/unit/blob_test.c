/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy made by hand, sound and unsound, so that each check and each table version is seen at work. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "match/match.h"

enum { STATES = 4, TRANS = 520 };

/* What a test changes before the blob is written. */
struct plan {
    const char *name, *ns;
    uint32_t version;
    uint32_t base[STATES], def[STATES], accept[STATES], accept2[STATES];
    uint16_t next[TRANS], check[TRANS];
    uint16_t flags; /* of the automaton */
    uint32_t mode;
    unsigned n_perms, perms_version; /* 0: permissions in the accept tables */
    uint32_t perm[4][14];
    unsigned n_xtable;
    bool no_flags, cut;
};

struct out {
    uint8_t p[64 * 1024];
    size_t n;
};

static void put(struct out *o, const void *p, size_t n)
{
    memcpy(o->p + o->n, p, n);
    o->n += n;
}

static void be(struct out *o, uint32_t v, unsigned bytes)
{
    while (bytes--)
        o->p[o->n++] = (uint8_t)(v >> (8 * bytes));
}

static void le(struct out *o, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        o->p[o->n++] = (uint8_t)(v >> (8 * i));
}

static void name(struct out *o, const char *s)
{
    le(o, 4, 1);
    le(o, (uint32_t)strlen(s) + 1, 2);
    put(o, s, strlen(s) + 1);
}

static void string(struct out *o, const char *s)
{
    le(o, 5, 1);
    le(o, (uint32_t)strlen(s) + 1, 2);
    put(o, s, strlen(s) + 1);
}

static void u32(struct out *o, uint32_t v)
{
    le(o, 2, 1);
    le(o, v, 4);
}

static void table(struct out *o, unsigned id, unsigned size, const void *data, unsigned n)
{
    be(o, id, 2);
    be(o, size, 2);
    be(o, 0, 4);
    be(o, n, 4);
    for (unsigned i = 0; i < n; i++)
        be(o, size == 4 ? ((const uint32_t *)data)[i] : ((const uint16_t *)data)[i], size);
    while (o->n % 8)
        be(o, 0, 1);
}

static void dfa(struct out *o, const struct plan *p)
{
    static struct out d;
    uint16_t def[STATES];

    d.n = 0;
    for (unsigned i = 0; i < STATES; i++)
        def[i] = (uint16_t)p->def[i];
    be(&d, 0x1b5e783d, 4);
    be(&d, 24, 4);
    be(&d, 0, 4);
    be(&d, p->flags, 2);
    put(&d, "notflex\0\0", 10);
    table(&d, 1, 4, p->accept, STATES);
    table(&d, 7, 4, p->accept2, STATES);
    table(&d, 2, 4, p->base, STATES);
    table(&d, 4, 2, def, STATES);
    table(&d, 8, 2, p->next, TRANS);
    table(&d, 3, 2, p->check, TRANS);
    name(o, "aadfa");
    le(o, 6, 1);
    le(o, (uint32_t)d.n, 4);
    put(o, d.p, d.n);
}

static void perms(struct out *o, const struct plan *p)
{
    name(o, "perms");
    le(o, 7, 1);
    name(o, "version");
    u32(o, 1);
    le(o, 11, 1);
    le(o, p->n_perms, 2);
    for (unsigned i = 0; i < p->n_perms; i++)
        for (unsigned j = 0; j < 14; j++)
            u32(o, p->perm[i][j]);
    le(o, 12, 1);
    le(o, 8, 1);
    if (p->perms_version) {
        name(o, "permsv");
        u32(o, p->perms_version);
    }
}

static void xtable(struct out *o, unsigned n)
{
    name(o, "xtable");
    le(o, 7, 1);
    le(o, 11, 1);
    le(o, n, 2);
    for (unsigned i = 0; i < n; i++)
        string(o, "other");
    le(o, 12, 1);
    le(o, 8, 1);
}

static void write_profile(struct out *o, const struct plan *p)
{
    name(o, "version");
    u32(o, p->version);
    if (p->ns) {
        name(o, "namespace");
        string(o, p->ns);
    }
    name(o, "profile");
    le(o, 7, 1);
    string(o, p->name);
    if (!p->no_flags) {
        name(o, "flags");
        le(o, 7, 1);
        u32(o, 0);
        u32(o, p->mode);
        u32(o, 0);
        le(o, 8, 1);
    }
    for (unsigned i = 0; i < 4; i++)
        u32(o, i == 0 ? 0x400 : 0);
    if (p->n_perms)
        perms(o, p);
    dfa(o, p);
    if (p->n_xtable)
        xtable(o, p->n_xtable);
    if (!p->cut)
        le(o, 8, 1);
}

/* "/a": state 1 -'/'-> 2 -'a'-> 3. */
static struct plan sound(void)
{
    struct plan p = { .name = "p", .version = 5 };

    p.base[1] = 256; /* apart from the trap's empty row */
    p.next[256 + '/'] = 2;
    p.check[256 + '/'] = 1;
    p.base[2] = 1;
    p.next[1 + 'a'] = 3;
    p.check[1 + 'a'] = 2;
    p.accept[3] = 0x4 | 0x2 << 14; /* owner r, other w */
    return p;
}

static int open_bytes(const void *bytes, size_t n, struct aaj_match **ret)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r = aaj_match_open((struct aaj_str){ bytes, n }, AAJ_STR("blob"), &diags, ret);

    assert_int_equal(diags.errors, r < 0);
    if (r < 0)
        print_message("  %s\n", diags.item[0].message.p);
    aaj_diags_clear(&diags);
    return r;
}

static int open_plan(const struct plan *p, struct aaj_match **ret)
{
    static struct out o;

    o.n = 0;
    write_profile(&o, p);
    return open_bytes(o.p, o.n, ret);
}

static void refuse(const struct plan *p, int error)
{
    struct aaj_match *m = NULL;

    assert_int_equal(open_plan(p, &m), error);
    assert_null(m);
}

static uint32_t allow(const struct aaj_match *m, const char *path, bool owner)
{
    return aaj_match_file_perms(aaj_match_profile(m, 0), aaj_str_c(path), owner).allow & 0xf;
}

static void test_sound(void **state)
{
    struct plan p = sound();
    struct aaj_match *m;

    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(allow(m, "/a", true), AAJ_PERM_READ);
    assert_int_equal(allow(m, "/a", false), AAJ_PERM_WRITE);
    assert_int_equal(allow(m, "/b", true), 0);
    assert_int_equal(aaj_match_capability(aaj_match_profile(m, 0), 10).verdict, AAJ_ALLOW);
    assert_int_equal(aaj_match_capability(aaj_match_profile(m, 0), 64).verdict, AAJ_DENY);
    assert_int_equal(aaj_match_userns(aaj_match_profile(m, 0)).verdict, AAJ_NOT_MEDIATED);
    aaj_match_free(m);
    p.version = 5 | 0x800; /* force-complain */
    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(aaj_match_profile(m, 0)->mode, AAJ_COMPLAIN);
    aaj_match_free(m);
}

/* State 2 is what differs from state 3's row: a chain that ends is followed, one that does not is refused. */
static void test_difference_encoding(void **state)
{
    struct plan p = sound();
    struct aaj_match *m;

    p.flags = 1;
    p.base[3] = 260; /* /a/, by the row that state 3 shares with state 1 */
    p.base[3] |= 0x80000000;
    p.def[3] = 1;
    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(allow(m, "/a/a/a", true), AAJ_PERM_READ);
    aaj_match_free(m);
    p.base[1] |= 0x80000000;
    p.def[1] = 3;
    refuse(&p, -EINVAL);
    p.def[1] = 1;
    refuse(&p, -EINVAL);
    p = sound();
    p.base[3] |= 0x80000000; /* without the header's flag */
    refuse(&p, -EINVAL);
}

static void test_bounds(void **state)
{
    struct plan p = sound();

    p.base[2] = TRANS - 255;
    refuse(&p, -EINVAL);
    p = sound();
    p.def[2] = STATES;
    refuse(&p, -EINVAL);
    p = sound();
    p.next[3] = STATES;
    refuse(&p, -EINVAL);
    p = sound();
    p.check[519] = 60000;
    refuse(&p, -EINVAL);
    p = sound();
    p.accept[3] = 5u << 10; /* the second name of a transition table that has none */
    refuse(&p, -EINVAL);
    p.accept[3] = 0;
    p.accept[0] = 5u << 10; /* the trap's, too */
    refuse(&p, -EINVAL);
    p = sound();
    p.flags = 4;
    refuse(&p, -EINVAL);
}

static void test_streams(void **state)
{
    static struct out o;
    struct plan p = sound(), q = sound();
    struct aaj_match *m = NULL;

    p.version = 4;
    refuse(&p, -ENOTSUP);
    p.version = 10;
    refuse(&p, -ENOTSUP);
    p = sound();
    p.mode = 9;
    refuse(&p, -EINVAL);
    p = sound();
    p.no_flags = true;
    refuse(&p, -EINVAL);
    p = sound();
    p.cut = true;
    refuse(&p, -EINVAL);
    p = sound();
    p.name = "";
    refuse(&p, -EINVAL);
    p = sound();
    o.n = 0;
    write_profile(&o, &p);
    write_profile(&o, &q);
    assert_int_equal(open_bytes(o.p, o.n, &m), -EINVAL); /* twice the same name */
    q.ns = "ns";
    o.n = 0;
    write_profile(&o, &p);
    write_profile(&o, &q);
    q.name = "p//k//j";
    write_profile(&o, &q);
    q.name = "p//k";
    write_profile(&o, &q);
    assert_int_equal(open_bytes(o.p, o.n, &m), 0);
    assert_ptr_equal(aaj_match_find(m, AAJ_STR("p")), aaj_match_profile(m, 0));
    assert_ptr_equal(aaj_match_find(m, AAJ_STR(":ns:p")), aaj_match_profile(m, 1));
    assert_ptr_equal(aaj_match_find(m, AAJ_STR(":ns://p//k//j")), aaj_match_profile(m, 2));
    assert_null(aaj_match_find(m, AAJ_STR("p//k")));
    assert_ptr_equal(aaj_match_profile(m, 2)->parent, aaj_match_profile(m, 3));
    assert_ptr_equal(aaj_match_profile(m, 3)->parent, aaj_match_profile(m, 1));
    assert_null(aaj_match_profile(m, 1)->parent);
    aaj_match_free(m);
    assert_int_equal(open_bytes("", 0, &m), -EINVAL);
}

/* Every prefix of sound policy is refused, none crashes. */
static void test_prefixes(void **state)
{
    static struct out o;
    struct plan p = sound();

    p.ns = "n";
    o.n = 0;
    write_profile(&o, &p);
    for (size_t n = 0; n < o.n; n++) {
        struct aaj_match *m = NULL;

        assert_true(aaj_match_open((struct aaj_str){ (char *)o.p, n }, AAJ_STR("blob"), NULL, &m) < 0);
    }
}

static void test_permission_tables(void **state)
{
    struct plan p = sound();
    struct aaj_match *m;

    p.n_perms = 3;
    p.accept[3] = 1;
    p.perm[1][1] = AAJ_PERM_READ;
    p.perm[2][1] = AAJ_PERM_WRITE | AAJ_PERM_READ;
    p.perm[2][2] = AAJ_PERM_READ; /* deny wins */
    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(allow(m, "/a", true), AAJ_PERM_READ);
    assert_int_equal(allow(m, "/a", false), AAJ_PERM_READ | AAJ_PERM_WRITE);
    assert_int_equal(aaj_match_file(aaj_match_profile(m, 0), AAJ_STR("/a"), false, AAJ_PERM_READ).why,
                     AAJ_WHY_DENY_RULE);
    aaj_match_free(m);
    p.perms_version = 3; /* one entry for both, unless accept2 says a pair */
    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(allow(m, "/a", false), AAJ_PERM_READ);
    aaj_match_free(m);
    p.accept2[3] = 1;
    assert_int_equal(open_plan(&p, &m), 0);
    assert_int_equal(allow(m, "/a", false), AAJ_PERM_READ | AAJ_PERM_WRITE);
    aaj_match_free(m);
    p.accept[3] = 2; /* its pair is past the end */
    refuse(&p, -EINVAL);
    p = sound();
    p.n_perms = 2;
    p.accept[3] = 0;
    p.perm[0][11] = AAJ_X_TABLE | 1;
    p.n_xtable = 1;
    refuse(&p, -EINVAL);
    p.n_xtable = 2;
    assert_int_equal(open_plan(&p, &m), 0);
    aaj_match_free(m);
}

static void test_compressed(void **state)
{
    const size_t bomb = (size_t)100 << 20;
    static struct out o;
    struct plan p = sound();
    struct aaj_match *m = NULL;
    char *zeros = calloc(1, bomb), *frame = malloc(ZSTD_compressBound(bomb) + 8);
    size_t n;

    assert_non_null(zeros);
    assert_non_null(frame);
    memcpy(frame, "\1\3\0\0\0\0\0\0", 8);
    o.n = 0;
    write_profile(&o, &p);
    n = ZSTD_compress(frame + 8, ZSTD_compressBound(o.n), o.p, o.n, 3);
    assert_int_equal(open_bytes(frame, n + 8, &m), 0);
    assert_int_equal(allow(m, "/a", true), AAJ_PERM_READ);
    m = aaj_match_free(m);
    assert_int_equal(open_bytes(frame, n, &m), -EINVAL);
    n = ZSTD_compress(frame + 8, ZSTD_compressBound(bomb), zeros, bomb, 1);
    assert_true(n < 100000);
    assert_int_equal(open_bytes(frame, n + 8, &m), -E2BIG);
    free(zeros);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),      cmocka_unit_test(test_difference_encoding),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_streams),
        cmocka_unit_test(test_prefixes),   cmocka_unit_test(test_permission_tables),
        cmocka_unit_test(test_compressed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
