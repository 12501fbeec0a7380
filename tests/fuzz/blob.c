/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are compiled policy that answers every question, or a finding. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "match/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const rows[] = {
    "file\t/etc/passwd\trw\towner", "file\t/\x7f\xff\\x00x\tk\tother", "exec\t/bin/cx",
    "exec\t/bin/px\towner", "link\t/lk4/n\t/lk4/t\towner", "cap\t39", "net\tinet\tstream\tsend,bind,listen,getopt",
    "net\tinet6\traw\tconnect\t58\t[::1]:0\t[::1]:80", "net\tunix\tdgram", "signal\tsend\tterm\tother",
    "unix\tstream\tcreate,bind,listen,setopt,connect\t@a\t@srv\tother", "ptrace\tread,tracedby\tother",
    "change_profile\thop", "change_profile\t:ns:hop\t/bin/x", "change_hat\that1", "dbus\tbind\tsystem\torg.x",
    "dbus\tsend\tsession\t/a\tb\tc\td\te", "mount\t/mnt/\t/dev/sda\text4\tro,nosuid\tdata", "umount\t/mnt/",
    "pivot_root\t/a/\t/a/b/", "mqueue\tread,write\tsysv\t7\tx", "userns", "io_uring\toverride_creds\tx",
    "attach\t/usr/bin/c1",
};

static void ask_all(const struct aaj_match *m, struct aaj_str label)
{
    struct aaj_match_world world = { &m, 1 };
    struct aaj_arena arena = AAJ_ARENA_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aaj_query q;
        struct aaj_answer a;
        const char *why = NULL;

        if (aaj_query_parse(aaj_arena_printf(&arena, "x\t%s", rows[i]), &arena, &q, &why) < 0)
            abort();
        q.label = label;
        if (aaj_query_ask(&world, &q, &arena, &a, &why) < 0)
            abort();
        if ((a.decision.verdict == AAJ_ALLOW) && a.decision.missing)
            abort();
    }
    aaj_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_match *m = NULL;
    int r = aaj_match_open((struct aaj_str){ (const char *)data, size }, AAJ_STR("fuzz"), &diags, &m);

    if ((r == 0) != (m != NULL) || (r < 0 && r != -ENOMEM && diags.errors == 0))
        abort();
    for (size_t i = 0; m && i < aaj_match_count(m) && i < 4; i++)
        if (!aaj_match_profile(m, i)->ns.n)
            ask_all(m, aaj_match_profile(m, i)->name);
    aaj_match_free(m);
    aaj_diags_clear(&diags);
    return 0;
}
