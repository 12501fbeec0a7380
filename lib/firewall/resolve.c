/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names to numbers, in the one place where rules are applied. */
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/escape.h"
#include "firewall/rules.h"

enum { PEOPLE_FROM = 1000 }; /* login.defs(5), UID_MIN */

/* What a person may be given to work with; daemons have nologin, false, or something of their own. */
static bool is_login_shell(const char *path)
{
    static const char *const shell[] = { "sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh" };
    const char *name = strrchr(path, '/');

    for (size_t i = 0; i < sizeof(shell) / sizeof(shell[0]); i++)
        if (strcmp(name ? name + 1 : path, shell[i]) == 0)
            return true;
    return false;
}

static int lookup_user(const char *name, uid_t *ret_uid, bool *ret_person)
{
    long size = sysconf(_SC_GETPW_R_SIZE_MAX);
    size_t n = size > 0 ? (size_t)size : 1024;
    struct passwd pw, *found = NULL;
    char *buf = NULL, *p;
    int r;

    do {
        p = realloc(buf, n);
        if (!p) {
            free(buf);
            return -ENOMEM;
        }
        buf = p;
        r = getpwnam_r(name, &pw, buf, n, &found);
        n *= 2;
    } while (r == ERANGE && n < 1024 * 1024);
    if (found) {
        *ret_uid = found->pw_uid;
        *ret_person = found->pw_uid >= PEOPLE_FROM && is_login_shell(found->pw_shell);
    }
    free(buf);
    return found ? 0 : r ? -r : -ENOENT;
}

int aaj_firewall_plan_resolve_user(struct aaj_firewall_plan *plan, struct aaj_diags *diags)
{
    char *end;
    unsigned long n;
    bool person = false;
    uid_t uid = 0;
    int r;

    if (plan->has_uid)
        return 0;
    n = strtoul(plan->user.p, &end, 10);
    if (plan->user.p[0] >= '0' && plan->user.p[0] <= '9' && *end == '\0')
        return aaj_firewall_plan_set_uid(plan, n < UINT32_MAX ? (uint32_t)n : UINT32_MAX, diags);
    r = lookup_user(plan->user.p, &uid, &person);
    if (r < 0) {
        aaj_error(diags, (struct aaj_loc){ 0 },
                  "jail '%.*s': there is no user '%.*s' on this machine%s%s; make it, or give --uid",
                  AAJ_STR_ARG(plan->jail), AAJ_STR_ARG(plan->user), r == -ENOENT ? "" : ": ",
                  r == -ENOENT ? "" : strerror(-r));
        return r;
    }
    if (person)
        aaj_diag_add(diags, AAJ_WARNING, "firewall-user", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "people log in as '%.*s', and what they do there is fenced with jail '%.*s'; give the slave a user of its "
                     "own",
                     AAJ_STR_ARG(plan->user), AAJ_STR_ARG(plan->jail));
    return aaj_firewall_plan_set_uid(plan, uid, diags);
}

static int add_addresses(struct aaj_firewall_plan *plan, const struct aaj_firewall_host *h,
                         const struct addrinfo *list, struct aaj_diags *diags)
{
    int r = 0;

    for (const struct addrinfo *ai = list; ai && r == 0; ai = ai->ai_next) {
        struct aaj_dest d = h->dest;
        char text[NI_MAXHOST] = "?";

        d.kind = AAJ_DEST_ADDRESS;
        d.family = (uint8_t)ai->ai_family;
        memset(&d.addr, 0, sizeof(d.addr));
        if (ai->ai_family == AF_INET) {
            memcpy(&d.addr, &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr, 4);
            d.prefix = 32;
        } else if (ai->ai_family == AF_INET6) {
            d.addr = ((const struct sockaddr_in6 *)(const void *)ai->ai_addr)->sin6_addr;
            d.prefix = 128;
        } else {
            continue;
        }
        r = aaj_firewall_rules_add_dest(plan, &d);
        getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
        aaj_diag_add(diags, AAJ_NOTE, "firewall-host", h->dest.source.loc, h->dest.source.text,
                     "'%.*s' is %s now; the rule stays with this address until it is applied again",
                     AAJ_STR_ARG(h->dest.host), text);
    }
    return r;
}

static int add_host(struct aaj_firewall_plan *plan, const struct aaj_firewall_host *h, struct aaj_diags *diags)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list = NULL;
    int r = getaddrinfo(h->dest.host.p, NULL, &hints, &list);

    if (r != 0) {
        aaj_diag_add(diags, AAJ_ERROR, "firewall-host", h->dest.source.loc, h->dest.source.text,
                     "'%.*s' has no address: %s; write the address itself, or mend the resolver",
                     AAJ_STR_ARG(h->dest.host), gai_strerror(r));
        return -ENOENT;
    }
    r = add_addresses(plan, h, list, diags);
    freeaddrinfo(list);
    return r;
}

int aaj_firewall_plan_resolve_hosts(struct aaj_firewall_plan *plan, const char *resolv_conf, struct aaj_diags *diags)
{
    int result = 0;

    for (size_t i = 0; i < plan->n_hosts; i++) {
        const struct aaj_firewall_host *h = &plan->host[i];
        int r = h->dest.kind == AAJ_DEST_RESOLVER ? aaj_firewall_add_servers(plan, h, resolv_conf, diags)
                                                  : add_host(plan, h, diags);

        if (r == -ENOMEM)
            return r;
        result = r < 0 ? r : result;
    }
    if (result == 0)
        plan->n_hosts = 0;
    aaj_firewall_rules_canonical(plan);
    return result;
}
