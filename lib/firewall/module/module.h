/* SPDX-License-Identifier: GPL-2.0-only */
/* The backends of this module. Each has its own struct aaj_firewall_session, so their headers do not meet. */
#pragma once

#include "firewall/backend.h"

extern const struct aaj_firewall_backend backend_legacy, backend_nft;
