/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix BACKEND MANIFEST TABLE [LOAD]: puts real packets of several uids against the applied chain, in a network
 * namespace of its own. A row is
 *
 *     WHO ACTION PROTO ADDRESS PORT VERDICT
 *
 * WHO slave, other, below, above, root; ACTION new (connect or send), reply (WHO serves, root asks), early (as new, on
 * a connection opened before the chain was applied), served (accepted before it was), raw, nobody (to where nobody
 * listens), drain and abort (WHO serves and ends with data to be sent, or not read); VERDICT allow, refuse (at once),
 * silent (does not arrive). What the plan decides is compared too. LOAD is a program that loads the printed text
 * instead of an apply: LOAD BACKEND MANIFEST UID.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "firewall/plan.h"
#include "traffic.h"

enum { ROWS_MAX = 256 };
static const char *const outcomes[] = { "allow", "refuse", "silent", "broken" };

static int run(const char *const *argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_namespace(void)
{
    static const char *const setup[] = {
        "link set lo up",
        "addr add 10.0.5.7/32 dev lo",
        "addr add 10.0.6.7/32 dev lo",
        "addr add 192.168.3.3/32 dev lo",
        "addr add 203.0.113.9/32 dev lo",
        "addr add 2001:db8::5/128 dev lo nodad",
        "addr add 2001:db8::6/128 dev lo nodad",
        "addr add 2001:db8:1::7/128 dev lo nodad",
        "link add wire type veth peer name far",
        "addr add 10.9.0.1/24 brd 10.9.0.255 dev wire",
        "addr add 2001:db8:9::1/64 dev wire nodad",
        "link set wire up", "link set far up",
        "route add 224.0.0.0/4 dev wire",
    };
    char command[128];
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        die("unshare");
    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++) {
        snprintf(command, sizeof(command), "ip %s", setup[i]);
        if (run((const char *const[]){ "sh", "-c", command, NULL }) != 0)
            die(command);
    }
    fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
    if (fd < 0 || write(fd, "0 100000", 8) < 0)
        die("ping_group_range");
    close(fd);
    /* Connections are tracked on this host already; what began untracked has no direction. */
    run((const char *const[]){ "nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                                      "add rule inet t c ct state invalid counter", NULL });
}

static size_t read_table(const char *path, struct row *row)
{
    FILE *in = fopen(path, "re");
    char line[256];
    size_t n = 0;

    if (!in)
        die(path);
    for (unsigned at = 1; fgets(line, sizeof(line), in); at++) {
        struct row *r = &row[n];
        struct sockaddr_in *v4 = (void *)&r->sa;
        struct sockaddr_in6 *v6 = (void *)&r->sa;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        r->line = at;
        if (n == ROWS_MAX || sscanf(line, "%15s %15s %15s %63s %u %15s", r->who, r->action, r->proto, r->addr,
                                    &r->port, r->verdict) != 6)
            die("a row has six words");
        if (inet_pton(AF_INET, r->addr, &v4->sin_addr) == 1) {
            v4->sin_family = AF_INET;
            v4->sin_port = htons((uint16_t)r->port);
            r->sa_len = sizeof(*v4);
        } else if (inet_pton(AF_INET6, r->addr, &v6->sin6_addr) == 1) {
            v6->sin6_family = AF_INET6;
            v6->sin6_port = strcmp(r->proto, "other") == 0 ? 0 : htons((uint16_t)r->port);
            r->sa_len = sizeof(*v6);
        } else {
            die(r->addr);
        }
        n++;
    }
    fclose(in);
    return n;
}

/* The plan's own decision on a row of the slave's; -1 where it has none to make. */
static int planned(const struct aaj_firewall_plan *plan, const struct row *r)
{
    struct aaj_firewall_packet p = { .family = (uint8_t)r->sa.ss_family, .port = (uint16_t)r->port };
    bool v6 = p.family == AF_INET6;

    if (strcmp(r->who, "slave") != 0)
        return -1;
    p.reply = strcmp(r->action, "reply") == 0 || strcmp(r->action, "served") == 0 || strcmp(r->action, "drain") == 0 ||
              strcmp(r->action, "abort") == 0;
    p.proto = strcmp(r->proto, "tcp") == 0    ? IPPROTO_TCP
              : strcmp(r->proto, "udp") == 0  ? IPPROTO_UDP
              : strcmp(r->proto, "icmp") == 0 ? (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)
                                              : 253;
    if (!v6) {
        memcpy(&p.addr, &((const struct sockaddr_in *)&r->sa)->sin_addr, 4);
    } else {
        p.addr = ((const struct sockaddr_in6 *)&r->sa)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&p.addr)) { /* an IPv6 socket that sends IPv4 */
            memcpy(&p.addr, p.addr.s6_addr + 12, 4);
            memset(p.addr.s6_addr + 4, 0, 12);
            p.family = AF_INET;
        }
    }
    return aaj_firewall_decide(plan, &p) == AAJ_FIREWALL_ALLOW ? ALLOW : REFUSE;
}

static struct aaj_firewall_plan *load_plan(const char *path)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_firewall_plan *plan = NULL;
    struct aaj_manifest *m = NULL;
    struct aaj_str text;

    if (aaj_file_read(path, AAJ_FILE_MAX, &arena, &text) < 0 ||
        aaj_manifest_parse(text, aaj_str_c(path), NULL, &m) < 0 || aaj_firewall_plan_make(m, NULL, &plan) < 0)
        die(path);
    aaj_manifest_free(m);
    aaj_arena_clear(&arena);
    return plan;
}

static bool judge(const struct row *r, int got, int plan)
{
    bool allowed = strcmp(r->verdict, "allow") == 0;
    bool ok = strcmp(r->verdict, outcomes[got]) == 0;

    if (!ok || (plan >= 0 && (plan == ALLOW) != allowed))
        printf("row %u: %s %s %s %s %u: %s, expected %s, the plan says %s\n", r->line, r->who, r->action, r->proto,
               r->addr, r->port, outcomes[got], r->verdict, plan < 0 ? "nothing" : outcomes[plan]);
    return ok && (plan < 0 || (plan == ALLOW) == allowed);
}

static int firewall(const char *action, const char *backend, const char *manifest, unsigned uid)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", uid);
    return run((const char *const[]){ getenv("AAJAIL"), "firewall", action, "--backend", backend, "--uid", text,
                                      manifest, NULL });
}

enum { CROWD = 20, CROWD_PATH = 64 };
static char crowd_dir[] = "/tmp/aajail-crowd-XXXXXX", crowd_path[CROWD][CROWD_PATH];

/* The manifest again, with a uid of its own each. */
static void crowd_write(const char *manifest)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text = { 0 };
    size_t user, end;

    if (!mkdtemp(crowd_dir) || aaj_file_read(manifest, AAJ_FILE_MAX, &arena, &text) < 0)
        die(crowd_dir);
    user = aaj_str_search(text, AAJ_STR("\nuser: ")) + strlen("\nuser: ");
    end = user + aaj_str_find(aaj_str_skip(text, user), '\n');
    for (unsigned i = 0; i < CROWD; i++) {
        unsigned away = 2 * (i / 2 + 1), uid = i % 2 ? SLAVE + away : SLAVE - away;
        struct aaj_str one = aaj_arena_printf(&arena, "%.*s\"%u\"%.*s", (int)user, text.p, uid, (int)(text.n - end),
                                              text.p + end);

        snprintf(crowd_path[i], sizeof(crowd_path[i]), "%s/%u.yaml", crowd_dir, uid);
        if (!one.p || aaj_file_write(crowd_path[i], one, 0600) < 0)
            die(crowd_path[i]);
    }
    aaj_arena_clear(&arena);
}

/* More fenced uids around the slave's, so that packets take the whole way: trees have branches, maps elements. */
static int crowd(const char *action, const char *backend)
{
    const char *argv[5 + CROWD + 1] = { getenv("AAJAIL"), "firewall", action, "--backend", backend };

    for (unsigned i = 0; i < CROWD; i++)
        argv[5 + i] = crowd_path[i];
    return run(argv);
}

static void crowd_forget(void)
{
    for (unsigned i = 0; i < CROWD; i++)
        unlink(crowd_path[i]);
    rmdir(crowd_dir);
}

static int load(const char *loader, const char *backend, const char *manifest)
{
    char uid[16];

    snprintf(uid, sizeof(uid), "%u", SLAVE);
    if (loader)
        return run((const char *const[]){ loader, backend, manifest, uid, NULL });
    crowd_write(manifest);
    return firewall("apply", backend, manifest, SLAVE) | crowd("apply", backend);
}

int main(int argc, char **argv)
{
    static struct row row[ROWS_MAX];
    const char *loader = argc > 4 ? argv[4] : NULL;
    struct aaj_firewall_plan *plan;
    size_t n, good = 0;
    int r = 0;

    if (argc < 4 || !getenv("AAJAIL"))
        return 2;
    if (geteuid() != 0) {
        puts("skipped: needs root for a network namespace");
        return 77;
    }
    n = read_table(argv[3], row);
    plan = load_plan(argv[2]);
    make_namespace();
    for (size_t i = 0; i < n; i++)
        if (traffic_is_prepared(&row[i]))
            traffic_prepare(&row[i]);
    if (load(loader, argv[1], argv[2]) != 0)
        return 1;
    for (size_t i = 0; i < n; i++)
        good += judge(&row[i], traffic_run(&row[i]), planned(plan, &row[i]));
    printf("%zu of %zu decided as written\n", good, n);
    aaj_firewall_plan_free(plan);
    if (!loader) {
        r = crowd("remove", argv[1]) | firewall("remove", argv[1], argv[2], SLAVE);
        crowd_forget();
    }
    return r == 0 && good == n ? 0 : 1;
}
