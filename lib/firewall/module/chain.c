/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/chain.h"

#include <stdio.h>
#include <string.h>

#include "firewall/plan.h"

bool chain_uid(const char *name, uint32_t *ret_uid, bool *ret_old)
{
    char again[AAJ_FIREWALL_NAME_MAX + 8];
    unsigned uid;
    char dot = '\0';

    if (sscanf(name, "aajail-%u%c", &uid, &dot) < 1)
        return false;
    snprintf(again, sizeof(again), "aajail-%u%s", uid, dot == '.' ? ".old" : "");
    if (strcmp(again, name) != 0)
        return false;
    *ret_uid = uid;
    *ret_old = dot == '.';
    return true;
}

bool chain_is_of(const char *name, const uint32_t *uid, size_t n, uint32_t *ret_uid)
{
    uint32_t have;
    bool old, found;

    if (!chain_uid(name, &have, &old))
        return false;
    found = n == 0;
    for (size_t i = 0; i < n && !found; i++)
        found = uid[i] == have;
    if (found && ret_uid)
        *ret_uid = have;
    return found;
}
