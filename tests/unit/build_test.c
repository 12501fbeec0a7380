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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_was_written_is_read),
        cmocka_unit_test(test_sha256),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
