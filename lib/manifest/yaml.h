/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of YAML that a manifest may use, as a located tree: scalars, maps with text keys, lists. Aliases,
 * anchors, tags, duplicate keys and second documents are findings. Internal to lib/manifest.
 */
#pragma once

#include "manifest/manifest.h"

enum aaj_yaml_kind { AAJ_YAML_TEXT, AAJ_YAML_MAP, AAJ_YAML_LIST };

struct aaj_yaml {
    enum aaj_yaml_kind kind;
    bool plain;           /* a scalar without quotes: true, 5 and ~ mean what YAML says */
    struct aaj_scalar key;  /* in a map: the key and where it stands */
    struct aaj_scalar item; /* a scalar's text; of all kinds the place */
    struct aaj_yaml *child, *next;
};

/* What a finding needs: the text's lines, to show them. */
struct aaj_yaml_text {
    struct aaj_str text, file;
    uint32_t *line; /* offset of each line's first byte */
    size_t n_lines;
    struct aaj_diags *diags;
};

/* Reads @text->text; everything made is in @arena. -EINVAL with findings, -ENOMEM. */
int aaj_yaml_read(struct aaj_yaml_text *text, struct aaj_arena *arena, struct aaj_yaml **ret_root);

/* A finding at @loc with its source line; returns -EINVAL. */
int aaj_yaml_error(const struct aaj_yaml_text *text, struct aaj_loc loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void aaj_yaml_note(const struct aaj_yaml_text *text, struct aaj_loc loc, const char *what);
