/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/record.h"

/* One letter each; the rest of exec's letters in 2.x ("Ix", "ux", "Px") says how, not what. */
static bool letters(struct aaj_str text, uint32_t *mask)
{
    bool known = true;

    for (size_t i = 0; i < text.n; i++) {
        const char *const *word = aaj_class_info[AAJ_CLASS_FILE].mask_word;
        unsigned bit = 0;

        while (word[bit] && word[bit][0] != text.p[i])
            bit++;
        if (word[bit])
            *mask |= 1u << bit;
        else if (memchr("IiUuPpCcXN", text.p[i], 10) == NULL)
            known = false;
    }
    if (!known)
        *mask |= AAJ_MASK_UNKNOWN;
    return known;
}

static bool words(const char *const *word, struct aaj_str text, uint32_t *mask)
{
    bool known = true;

    while (text.n) {
        size_t n = aaj_str_find(text, ' ');
        unsigned bit = 0;

        while (word[bit] && (strlen(word[bit]) != n || memcmp(word[bit], text.p, n) != 0))
            bit++;
        if (word[bit])
            *mask |= 1u << bit;
        else if (n)
            known = false;
        text = aaj_str_skip(text, n + 1);
    }
    if (!known)
        *mask |= AAJ_MASK_UNKNOWN;
    return known;
}

bool aaj_log_mask(enum aaj_class class, struct aaj_str text, uint32_t *ret_mask, int *ret_half)
{
    struct aaj_str owner, other;
    size_t colons;
    bool known;

    *ret_mask = 0;
    if (class != AAJ_CLASS_FILE && class != AAJ_CLASS_EXEC && class != AAJ_CLASS_OTHER)
        return words(aaj_class_info[class].mask_word, text, ret_mask);
    if (class == AAJ_CLASS_OTHER)
        return true; /* a class of the future: its words are in the sample line */
    colons = aaj_str_search(text, AAJ_STR("::"));
    if (colons == text.n)
        return letters(text, ret_mask);
    owner = aaj_str_head(text, colons);
    other = aaj_str_skip(text, colons + 2);
    if (owner.n != 0 || other.n != 0)
        *ret_half = other.n == 0 ? 1 : owner.n == 0 ? -1 : 0;
    known = letters(owner, ret_mask);
    return letters(other, ret_mask) && known;
}
