/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compile/open.h"

#include <errno.h>

#include "base/file.h"

int aaj_compile_file(const struct aaj_compile *compile, const char *path, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_str *ret_blob)
{
    struct aaj_compile c = *compile;
    struct aaj_str bytes;
    int r = aaj_file_read(path, AAJ_FILE_MAX, arena, &bytes);

    c.file = aaj_str_c(path);
    if (r < 0) {
        aaj_diag_add(diags, AAJ_ERROR, "file", (struct aaj_loc){ .file = c.file }, (struct aaj_str){ 0 },
                     "cannot read the policy: %s", strerror(-r));
        return r;
    }
    if (!aaj_match_is_policy(bytes)) {
        r = aaj_compile(&c, bytes, arena, diags, &bytes);
        if (r < 0)
            return r;
        if (bytes.n == 0)
            return aaj_error(diags, (struct aaj_loc){ .file = c.file }, "this text defines no profile");
    }
    *ret_blob = bytes;
    return 0;
}

int aaj_compile_open(const struct aaj_compile *compile, const char *path, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_match **ret_match, struct aaj_str *ret_blob)
{
    struct aaj_str bytes;
    int r = aaj_compile_file(compile, path, arena, diags, &bytes);

    if (r == 0)
        r = aaj_match_open(bytes, aaj_str_c(path), diags, ret_match);
    if (r == 0 && ret_blob)
        *ret_blob = bytes;
    return r;
}
