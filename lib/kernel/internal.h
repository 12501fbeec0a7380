/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kernel/kernel.h"

/* The first line of a small file; empty when it is not there. */
void aaj_kernel_read_small(const char *dir, const char *name, char *buf, size_t size);
