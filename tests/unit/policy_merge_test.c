/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/merge.h"
#include "policy/parse.h"
#include "policy/print.h"

static struct aaj_policy *parse(const char *text)
{
    const struct aaj_policy_options options = { .flags = AAJ_POLICY_INCLUDES };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_policy *policy = NULL;
    int r = aaj_policy_parse(aaj_str_c(text), AAJ_STR("test"), &options, &diags, &policy);

    if (r)
        aaj_diags_print(stderr, &diags, false);
    assert_int_equal(r, 0);
    aaj_diags_clear(&diags);
    return policy;
}

static char *print(const struct aaj_policy *policy)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(aaj_policy_print_minimal(out, policy), 0);
    fclose(out);
    return text;
}

/* Merges @new, whose profiles are found by name, and compares the file. */
static struct aaj_merge check(const char *old, const char *new, bool drop, const char *expected)
{
    struct aaj_policy *into = parse(old), *from = parse(new);
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_merge merge = { .into = into, .diags = &diags, .drop_redundant = drop };
    char *text;

    for (struct aaj_item *i = from->top.first; i; i = i->next) {
        struct aaj_item *to = aaj_policy_find_profile(into, i->profile.name.value);

        assert_non_null(to);
        assert_int_equal(aaj_policy_merge_profile(&merge, to, i), 0);
    }
    text = print(into);
    assert_string_equal(text, expected);
    assert_int_equal(diags.warnings, merge.conflicts);
    free(text);
    aaj_policy_free(into);
    aaj_policy_free(from);
    aaj_diags_clear(&diags);
    return merge;
}

static const char shipped[] = "# Kept by hand.\n"
                              "abi <abi/3.0>,\n"
                              "include <tunables/global>\n"
                              "\n"
                              "profile web /usr/bin/web {\n"
                              "\tinclude <abstractions/base>\n"
                              "\n"
                              "\tcapability chown,   # needed\n"
                              "\n"
                              "\t# configuration\n"
                              "\t/etc/web/*.conf   r,\n"
                              "\t/var/lib/web/db r,\n"
                              "\t/var/log/web/*   w, # rotated\n"
                              "\n"
                              "\tinclude if exists <local/web>\n"
                              "\n"
                              "\tprofile helper /usr/bin/helper {\n"
                              "\t}\n"
                              "}\n";

static void test_only_needed_lines_change(void **state)
{
    struct aaj_merge merge =
        check(shipped,
              "profile web { /etc/web/a.conf r, /var/lib/web/db rwk, /var/lib/web/new r, /etc/hosts r,\n"
              "  network inet stream, capability setuid, capability chown,\n"
              "  profile helper { /usr/bin/helper mr, }\n"
              "  ^hat { /srv/h r, } }",
              false,
              "# Kept by hand.\n"
              "abi <abi/3.0>,\n"
              "include <tunables/global>\n"
              "\n"
              "profile web /usr/bin/web {\n"
              "\tinclude <abstractions/base>\n"
              "\n"
              "\tcapability chown,   # needed\n"
              "\tcapability setuid,\n"
              "\n"
              "\tnetwork inet stream,\n"
              "\n"
              "\t# configuration\n"
              "\t/etc/web/*.conf   r,\n"
              "\t/etc/hosts r,\n"
              "\t/var/lib/web/db rwk,\n"
              "\t/var/lib/web/new r,\n"
              "\t/var/log/web/*   w, # rotated\n"
              "\n"
              "\tinclude if exists <local/web>\n"
              "\n"
              "\tprofile helper /usr/bin/helper {\n"
              "\t  /usr/bin/helper mr,\n"
              "\t}\n"
              "\n"
              "\t^hat {\n"
              "\t  /srv/h r,\n"
              "\t}\n"
              "}\n");

    assert_int_equal(merge.added, 6);
    assert_int_equal(merge.changed, 1);
    assert_int_equal(merge.present, 2);
    assert_int_equal(merge.conflicts, 0);
}

static void test_nothing_new_changes_nothing(void **state)
{
    struct aaj_merge merge = check(shipped, "profile web { /etc/web/x.conf r, /var/log/web/a a, capability chown, }",
                                   true, shipped);

    assert_int_equal(merge.present, 3);
    assert_int_equal(merge.added + merge.changed + merge.dropped, 0);
}

static void test_conflicts_are_named_not_merged(void **state)
{
    static const char old[] = "profile p {\n"
                              "  /bin/sh Px,\n"
                              "  /usr/bin/* ix,\n"
                              "  deny /etc/shadow r,\n"
                              "  deny network inet,\n"
                              "}\n";
    struct aaj_merge merge = check(old, "profile p { /bin/sh ix, /etc/shadow r, network inet stream, }", false, old);

    assert_int_equal(merge.conflicts, 3);
    /* An exact name wins over a wildcard: no conflict. */
    merge = check(old, "profile p { /usr/bin/id Cx -> id, }", false,
                  "profile p {\n"
                  "  /bin/sh Px,\n"
                  "  /usr/bin/* ix,\n"
                  "  /usr/bin/id Cx -> id,\n"
                  "  deny /etc/shadow r,\n"
                  "  deny network inet,\n"
                  "}\n");
    assert_int_equal(merge.conflicts, 0);
}

static void test_redundant_rules_go_when_asked(void **state)
{
    static const char old[] = "profile p {\n"
                              "  /a/b r,\n"
                              "  owner /a/c r, # keep?\n"
                              "  /a/d rw,\n"
                              "}\n";

    check(old, "profile p { /a/* r, }", false,
          "profile p {\n"
          "  /a/* r,\n"
          "  /a/b r,\n"
          "  owner /a/c r, # keep?\n"
          "  /a/d rw,\n"
          "}\n");
    check(old, "profile p { /a/* r, }", true,
          "profile p {\n"
          "  /a/* r,\n"
          "  /a/d rw,\n"
          "}\n");
}

static void test_owner_is_no_substitute(void **state)
{
    check("profile p {\n  owner /a r,\n  /b r,\n}\n", "profile p { /a r, owner /b r, owner /a w, }", false,
          "profile p {\n  owner /a rw,\n  /a r,\n  /b r,\n}\n");
}

static void test_variables_are_known(void **state)
{
    struct aaj_merge merge = check("@{ROOT} = /srv/a /srv/b\nprofile p {\n  @{ROOT}/db/* rw,\n}\n",
                                   "profile p { /srv/b/db/x r, @{ROOT}/db/y w, }", false,
                                   "@{ROOT} = /srv/a /srv/b\nprofile p {\n  @{ROOT}/db/* rw,\n}\n");

    assert_int_equal(merge.present, 2);
}

/* What a condition guards counts where it holds; where that cannot be told, neither as granted nor as denied, but as a
 * possible conflict. */
static void test_conditions(void **state)
{
    static const char old[] = "$debug = true\n"
                              "@{mode} = strict\n"
                              "profile a {\n"
                              "\tif $debug {\n"
                              "\t\t/srv/debug r,\n"
                              "\t} else {\n"
                              "\t\t/srv/plain r,\n"
                              "\t}\n"
                              "\tif @{mode} in lax {\n"
                              "\t\t/srv/lax r,\n"
                              "\t} else if defined @{mode} {\n"
                              "\t\t/srv/else r,\n"
                              "\t}\n"
                              "\tif $elsewhere {\n"
                              "\t\t/srv/open r,\n"
                              "\t\tdeny /srv/shut r,\n"
                              "\t\t/bin/x ix,\n"
                              "\t}\n"
                              "}\n";
    struct aaj_merge merge;

    (void)state;
    merge = check(old, "profile a { /srv/debug r, /srv/else r, }", false, old);
    assert_int_equal(merge.present, 2);
    merge = check(old, "profile a { /bin/x cx, }", false, old);
    assert_int_equal(merge.conflicts, 1);
    merge = check("$debug = false\nprofile a {\n  if $debug {\n    /a r,\n  }\n  /b r,\n}\n",
                  "profile a { /a r, }", false,
                  "$debug = false\nprofile a {\n  if $debug {\n    /a r,\n  }\n  /b r,\n  /a r,\n}\n");
    assert_int_equal(merge.added, 1);
    merge = check("profile a {\n  if $elsewhere {\n    /a r,\n    deny /c r,\n  }\n  /b r,\n}\n",
                  "profile a { /a r, /c r, }", false,
                  "profile a {\n  if $elsewhere {\n    /a r,\n    deny /c r,\n  }\n  /b r,\n  /a r,\n  /c r,\n}\n");
    assert_int_equal(merge.added, 2);
}

/* Rules that grant it between them, and the profile's own name in a condition. */
static void test_granted_by_several(void **state)
{
    static const char old[] = "@{dirs} = /srv /opt\n"
                              "profile a {\n"
                              "  signal (send) peer=@{profile_name}//*,\n"
                              "  /etc/hosts r,\n"
                              "  /etc/pass* rw,\n"
                              "  @{dirs}/x r,\n"
                              "}\n";

    (void)state;
    check(old, "profile a { /etc/{hosts,passwd} r, /{srv,opt}/x r, signal send set=term peer=a//b, }", false, old);
    assert_int_equal(check(old, "profile a { /etc/{hosts,passwd} rw, }", false,
                           "@{dirs} = /srv /opt\n"
                           "profile a {\n"
                           "  signal (send) peer=@{profile_name}//*,\n"
                           "  /etc/hosts r,\n"
                           "  /etc/pass* rw,\n"
                           "  /etc/{hosts,passwd} rw,\n"
                           "  @{dirs}/x r,\n"
                           "}\n").added, 1);
}

/* Empty lines between kinds where the file has them, `#include` where it says so, and no head at its end. */
static void test_in_the_files_style(void **state)
{
    (void)state;
    check("profile a {\n  #include <abstractions/base>\n  capability kill,\n  /a r,\n  #include <a.d>\n}\n",
          "profile a { include <abstractions/php> network inet, }", false,
          "profile a {\n  #include <abstractions/base>\n  #include <abstractions/php>\n  capability kill,\n"
          "  network inet,\n  /a r,\n  #include <a.d>\n}\n");
    check("profile a {\n  include <abstractions/base>\n\n  capability kill,\n\n  /a r,\n\n  include <a.d>\n}\n",
          "profile a { include <abstractions/php> network inet, }", false,
          "profile a {\n  include <abstractions/base>\n  include <abstractions/php>\n\n  capability kill,\n\n"
          "  network inet,\n\n  /a r,\n\n  include <a.d>\n}\n");
}

/* The prefixes of blocks around blocks reach the rule. */
/* What somebody wrote about some rules stays true of them: a comment's group takes what lies in the folder of all it holds. */
static void test_groups_keep_to_their_comment(void **state)
{
#define OF_THE_FILE(more) "profile p {\n  # the database\n  /srv/web/db/a rw,\n" more "  /srv/web/db/log/* rw,\n"
    static const char logs[] = "\n  # logs\n  /var/log/web/* w,\n", end[] = "\n  include if exists <local/p>\n}\n";
    static const char added[] = "profile p { /srv/web/db/b r, /srv/web/data r, /usr/bin/x r, /var/log/other w, }";
    char old[512], want[512];

    snprintf(old, sizeof(old), OF_THE_FILE("") "%s%s", logs, end);
    snprintf(want, sizeof(want),
             OF_THE_FILE("  /srv/web/db/b r,\n") "%s\n  /srv/web/data r,\n  /usr/bin/x r,\n  /var/log/other w,\n%s", logs, end);
    check(old, added, false, want);
    /* Where there are rules that nobody said anything about, beside these. */
    snprintf(old, sizeof(old), OF_THE_FILE("") "\n  /opt/x r,\n%s%s", logs, end);
    snprintf(want, sizeof(want),
             OF_THE_FILE("  /srv/web/db/b r,\n") "\n  /opt/x r,\n  /srv/web/data r,\n  /usr/bin/x r,\n  /var/log/other w,\n%s%s", logs, end);
    check(old, added, false, want);
}

static void test_blocks_in_blocks(void **state)
{
    static const char old[] = "profile a {\n  owner {\n    audit {\n      /a r,\n    }\n  }\n}\n";

    (void)state;
    check(old, "profile a { owner /a r, }", false, old);
    assert_int_equal(check(old, "profile a { /a r, }", false,
                           "profile a {\n  /a r,\n  owner {\n    audit {\n      /a r,\n    }\n  }\n}\n").added, 1);
}

static void test_one_line_profiles(void **state)
{
    check("profile p { /b r, }\nprofile q {}\n", "profile p { /a r, /c r, } profile q { /x r, }", false,
          "profile p {\n  /a r,\n  /b r,\n  /c r,\n}\nprofile q {\n  /x r,\n}\n");
}

static void test_cover(void **state)
{
    static const struct {
        const char *a, *b;
        int covers;
    } rows[] = {
        { "network,", "network inet stream,", 1 },
        { "network inet,", "network inet stream,", 1 },
        { "network inet stream,", "network inet,", 0 },
        { "signal peer=a,", "signal send peer=a,", 1 },
        { "signal (send) peer=a,", "signal peer=a,", 0 },
        { "signal set=(term, kill),", "signal set=term,", 1 },
        { "unix peer=(label=/a/*),", "unix peer=(label=/a/b),", 1 },
        { "unix,", "unix peer=(label=/a/b),", 1 },
        { "capability,", "capability chown,", 1 },
        { "capability chown,", "capability,", 0 },
        { "/{a,b}/** rw,", "/a/x a,", 1 },
        { "/** r,", "/a m,", 0 },
        { "owner /** r,", "/a r,", 0 },
        { "/** r,", "owner /a r,", 1 },
        { "deny /** r,", "/a r,", 0 },
        { "/** Px,", "/a ix,", 0 },
        { "mount,", "mount fstype=proc -> /x,", 1 },
        { "mount fstype=proc,", "mount fstype=proc -> /x,", 0 },
    };
    struct aaj_arena arena = AAJ_ARENA_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct aaj_item *a = NULL, *b = NULL;
        struct aaj_loc loc = { 0 };

        assert_int_equal(aaj_policy_parse_rule(&arena, aaj_str_c(rows[i].a), loc, NULL, &a), 0);
        assert_int_equal(aaj_policy_parse_rule(&arena, aaj_str_c(rows[i].b), loc, NULL, &b), 0);
        if (aaj_rule_covers(&a->rule, &b->rule) != rows[i].covers)
            fail_msg("%s over %s: expected %d", rows[i].a, rows[i].b, rows[i].covers);
    }
    aaj_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_needed_lines_change),
        cmocka_unit_test(test_nothing_new_changes_nothing),
        cmocka_unit_test(test_conflicts_are_named_not_merged),
        cmocka_unit_test(test_redundant_rules_go_when_asked),
        cmocka_unit_test(test_owner_is_no_substitute),
        cmocka_unit_test(test_variables_are_known),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_groups_keep_to_their_comment),
        cmocka_unit_test(test_blocks_in_blocks),
        cmocka_unit_test(test_granted_by_several),
        cmocka_unit_test(test_in_the_files_style),
        cmocka_unit_test(test_one_line_profiles),
        cmocka_unit_test(test_cover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
