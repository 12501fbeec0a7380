/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "build/artefact.h"
#include "build/internal.h"

static struct aaj_str profiles[] = { AAJ_STR_INIT("shop"), AAJ_STR_INIT("shop//sh") };

static void write_set(const char *dir, struct aaj_str policy)
{
    struct aaj_artefact files[] = { { AAJ_STR("aajail.shop"), AAJ_STR("profile shop {}\n") },
                                    { AAJ_STR("shop.policy"), policy } };
    struct aaj_artefacts a = { .jail = AAJ_STR("shop"),  .user = AAJ_STR("shop"), .target = AAJ_STR("debian12"),
                               .profile = profiles,      .n_profiles = 2,         .file = files,
                               .n_files = 2 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;

    assert_int_equal(aaj_artefacts_write(dir, &a, &diags), 0);
    aaj_diags_clear(&diags);
}

static int read_set(const char *dir, struct aaj_arena *arena, struct aaj_artefacts *a, size_t *ret_errors)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r = aaj_artefacts_read(dir, arena, &diags, a);

    *ret_errors = diags.errors;
    aaj_diags_clear(&diags);
    return r;
}

static void test_only_what_was_written_is_read(void **state)
{
    char top[] = "/tmp/aaj-build-XXXXXX", dir[64], path[128];
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_artefacts a;
    size_t errors;

    assert_non_null(mkdtemp(top));
    snprintf(dir, sizeof(dir), "%s/a/b", top);
    assert_int_equal(read_set(dir, &arena, &a, &errors), -ENOENT);
    write_set(dir, AAJ_STR("\x05\x00\x00"));
    assert_int_equal(read_set(dir, &arena, &a, &errors), 0);
    assert_int_equal(a.n_files, 2);
    assert_int_equal(a.n_profiles, 2);
    assert_true(aaj_str_eq(a.profile[1], AAJ_STR("shop//sh")));
    assert_true(aaj_str_eq(aaj_artefacts_find(&a, AAJ_STR("shop.policy"))->bytes, AAJ_STR("\x05\x00\x00")));
    assert_null(aaj_artefacts_find(&a, AAJ_STR("nothing")));

    /* One byte changed, a file gone, a link in its place, the list gone: nothing is there to load. */
    snprintf(path, sizeof(path), "%s/shop.policy", dir);
    assert_int_equal(aaj_file_write(path, AAJ_STR("\x05\x00\x01"), 0644), 0);
    assert_int_equal(read_set(dir, &arena, &a, &errors), -EBADMSG);
    assert_int_equal(errors, 1);
    write_set(dir, AAJ_STR("new"));
    assert_int_equal(read_set(dir, &arena, &a, &errors), 0);
    unlink(path);
    assert_int_equal(symlink("aajail.shop", path), 0);
    assert_int_equal(read_set(dir, &arena, &a, &errors), -EBADMSG);
    snprintf(path, sizeof(path), "%s/" AAJ_ARTEFACTS, dir);
    assert_int_equal(aaj_file_write(path, AAJ_STR("{\"schema\":1,\"profiles\":[],\"files\":{\"../x\":\"\"}}"), 0644), 0);
    assert_int_equal(read_set(dir, &arena, &a, &errors), -EINVAL);
    unlink(path);
    assert_int_equal(read_set(dir, &arena, &a, &errors), -ENOENT);
    aaj_arena_clear(&arena);
    snprintf(path, sizeof(path), "rm -r %s", top);
    assert_int_equal(system(path), 0);
}

static void test_sha256(void **state)
{
    char hex[65];

    aaj_sha256_hex(AAJ_STR("abc"), hex); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* -- the proof asks the events, not the rules ---------------------------------------------------------- */

#define SEEN(name)                                                                                              \
    {                                                                                                           \
        .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_FILE, .op = AAJ_STR_INIT("open"),                           \
        .label = AAJ_STR_INIT("/srv/app/run"), .arg[0] = AAJ_STR_INIT(name), .requested = AAJ_MAY_READ,          \
        .denied = AAJ_MAY_READ, .fsuid = 1, .ouid = 0                                                           \
    }

static const struct aaj_event seen[] = { SEEN("/srv/app/conf"), SEEN("/srv/app/x{a,b}[c]*?") };

static struct aaj_built *build(struct aaj_build_input *in, struct aaj_diags *diags)
{
    struct aaj_built *b = NULL;

    assert_int_equal(aaj_recording_new(&in->recording), 0);
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        assert_int_equal(aaj_recording_add(in->recording, &seen[i], AAJ_STR("the line")), 0);
    if (aaj_build_run(in, diags, &b) < 0)
        aaj_diags_print(stderr, diags, false);
    assert_non_null(b);
    return b;
}

/* What the learner would have printed had it forgotten to escape, in place of the rule for this event. */
static void misprint(struct aaj_built *b, const char *name, const char *path)
{
    for (size_t i = 0; i < b->learned->n_rules; i++) {
        struct aaj_text *text = &b->learned->rule[i].item->rule.file.path;

        if (aaj_str_eq(text->value, aaj_str_c(name))) {
            *text = (struct aaj_text){ aaj_str_c(path), aaj_str_c(path) };
            return;
        }
    }
    fail_msg("there is no rule for %s", name);
}

static void test_a_misprinted_rule_is_found(void **state)
{
    static const struct {
        const char *was, *path, *message;
    } row[] = {
        { "/srv/app/x\\{a\\,b\\}\\[c\\]\\*\\?", "/srv/app/x\\{a\\,b\\}\\[c\\]*\\?", "matches another name, too" },
        { "/srv/app/x\\{a\\,b\\}\\[c\\]\\*\\?", "/srv/app/x{a,b}[c]xx", "does not match it" },
        { "/srv/app/conf", "/srv/app/config", "`/srv/app/config r,` for /srv/app/conf does not match it" },
    };
    struct aaj_target *target;
    struct aaj_manifest *manifest;

    assert_int_equal(aaj_target_open("debian12", getenv("AAJ_SOURCE"), NULL, &target), 0);
    assert_int_equal(aaj_manifest_default(AAJ_STR("/srv/app/run"), AAJ_STR(""), &manifest), 0);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_build_input in = { .manifest = manifest, .target = target, .datadir = getenv("AAJ_SOURCE"),
                                      .infer_off = ~(1u << AAJ_INFER_LITERAL) };
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        struct aaj_built *b = build(&in, &diags);
        bool said = false;

        assert_true(b->proof.ok[AAJ_PROOF_LITERAL]);
        assert_true(b->proof.checked[AAJ_PROOF_LITERAL] >= 2);
        misprint(b, row[i].was, row[i].path);
        assert_int_equal(aaj_build_prove(&in, b, &diags), -EPERM);
        assert_false(b->proof.ok[AAJ_PROOF_LITERAL]);
        for (size_t k = 0; k < diags.n; k++)
            said |= strstr(diags.item[k].message.p, row[i].message) != NULL;
        assert_true(said);
        aaj_built_free(b);
        aaj_recording_free(in.recording);
        aaj_diags_clear(&diags);
    }
    aaj_manifest_free(manifest);
    aaj_target_free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_was_written_is_read),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_a_misprinted_rule_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
