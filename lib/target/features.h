/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel's features as text (`name {words or nested}`) or as securityfs shows them. */
#pragma once

#include "base/diag.h"

/* enum aaj_mediation bits that the features at @path (a file or a folder) announce. */
int aaj_features_read(const char *path, struct aaj_diags *diags, unsigned *ret_mediates);
