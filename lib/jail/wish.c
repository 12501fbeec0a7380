/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An administrator's word in /etc/apparmor.d counts. */
#include <errno.h>

#include "base/file.h"
#include "jail/internal.h"
#include "policy/mode.h"

int jail_wish(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
              enum jail_wish *ret_wish, struct aaj_str *ret_path)
{
    static const struct {
        const char *folder;
        enum jail_wish wish;
    } link[] = {
        { "disable/", JAIL_WISH_DISABLED },
        { "force-complain/", JAIL_WISH_COMPLAIN },
    };
    struct aaj_str path, text, complain;
    size_t n;

    for (size_t i = 0; i < sizeof(link) / sizeof(link[0]); i++) {
        path = aaj_arena_printf(arena, "%s/%saajail.%.*s", ctx->apparmor_d, link[i].folder,
                                AAJ_STR_ARG(load->artefacts.jail));
        if (!path.p)
            return -ENOMEM;
        if (jail_exists(path.p)) {
            *ret_wish = link[i].wish;
            *ret_path = path;
            return 0;
        }
    }
    *ret_wish = JAIL_WISH_PROVED;
    path = aaj_str_c(jail_text_path(ctx, load->artefacts.jail, arena));
    if (!path.p)
        return -ENOMEM;
    if (aaj_file_read(path.p, AAJ_FILE_MAX, arena, &text) == 0 && !aaj_str_eq(text, load->text) &&
        aaj_policy_set_mode(load->text, path, AAJ_STR(""), true, arena, NULL, &complain, &n) == 0 &&
        aaj_str_eq(text, complain)) {
        *ret_wish = JAIL_WISH_COMPLAIN;
        *ret_path = path;
    }
    return 0;
}
