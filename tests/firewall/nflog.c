/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nflog BACKEND MANIFEST GROUP: the slave is refused in both families, and what the kernel tells the listeners of the
 * group is read: a prefix with the chain's name, the slave's uid, and no more messages than the limit lets through.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UID = 41234, SENDS = 40, BURST = 10 };
#define PREFIX "aajail-41234 "

struct request {
    struct nlmsghdr nl;
    struct nfgenmsg nf;
    struct nlattr attr;
    union {
        struct nfulnl_msg_config_cmd cmd;
        unsigned char bytes[8];
    };
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

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

/* The kernel acknowledges with an error message whose error is 0. */
static int listen_to(uint16_t group)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    struct request r = { .nl = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)) + NLA_HDRLEN + 4,
                                 .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
                                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
                         .nf = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(group) },
                         .attr = { .nla_len = NLA_HDRLEN + sizeof(struct nfulnl_msg_config_cmd),
                                   .nla_type = NFULA_CFG_CMD },
                         .cmd = { .command = NFULNL_CFG_CMD_BIND } };
    struct {
        struct nlmsghdr nl;
        struct nlmsgerr err;
    } answer;

    if (fd < 0)
        return -1;
    if (send(fd, &r, r.nl.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.nl) + 4)
        die("netlink");
    errno = -answer.err.error;
    return answer.nl.nlmsg_type == NLMSG_ERROR && answer.err.error == 0 ? fd : -1;
}

static void send_refused(int family)
{
    struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(family, SOCK_DGRAM, 0);

    for (int i = 0; i < SENDS; i++)
        if (sendto(fd, "x", 1, 0, family == AF_INET ? (void *)&a4 : (void *)&a6,
                   family == AF_INET ? sizeof(a4) : sizeof(a6)) == 1 ||
            errno != EPERM)
            _exit(1);
    close(fd);
}

static void send_as_slave(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setgid(UID) < 0 || setuid(UID) < 0)
            _exit(1);
        send_refused(AF_INET);
        send_refused(AF_INET6);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        puts("FAILED: the slave was not refused");
        exit(1);
    }
}

struct seen {
    unsigned v4, v6, wrong;
};

/* One packet message: family, prefix and uid are what a person would look for. */
static void take(struct nlmsghdr *nl, struct seen *seen)
{
    const struct nfgenmsg *nf = NLMSG_DATA(nl);
    const char *at = (const char *)nf + NLMSG_ALIGN(sizeof(*nf)), *end = (const char *)nl + nl->nlmsg_len;
    int prefix = 0, uid = 0;

    if (nl->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
        return;
    while (at + NLA_HDRLEN <= end) {
        const struct nlattr *a = (const void *)at;

        if (a->nla_len < NLA_HDRLEN || at + a->nla_len > end)
            break;
        if (a->nla_type == NFULA_PREFIX)
            prefix = strcmp(at + NLA_HDRLEN, PREFIX) == 0;
        if (a->nla_type == NFULA_UID)
            uid = ntohl(*(const uint32_t *)(const void *)(at + NLA_HDRLEN)) == UID;
        at += NLA_ALIGN(a->nla_len);
    }
    seen->v4 += nf->nfgen_family == AF_INET;
    seen->v6 += nf->nfgen_family == AF_INET6;
    seen->wrong += !prefix || !uid;
}

static struct seen read_all(int fd)
{
    static char buf[65536] __attribute__((aligned(8)));
    struct pollfd p = { fd, POLLIN, 0 };
    struct seen seen = { 0 };

    /* The kernel gathers messages for a second before it hands them over. */
    while (poll(&p, 1, 1500) == 1) {
        int n = (int)recv(fd, buf, sizeof(buf), 0);

        for (struct nlmsghdr *nl = (void *)buf; NLMSG_OK(nl, (unsigned)n) && n > 0; nl = NLMSG_NEXT(nl, n))
            take(nl, &seen);
    }
    return seen;
}

int main(int argc, char **argv)
{
    struct seen seen;
    int fd;

    if (argc != 4 || !getenv("AAJAIL"))
        return 2;
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root and network namespaces");
        return 77;
    }
    fd = listen_to((uint16_t)atoi(argv[3]));
    if (fd < 0) {
        printf("skipped: this kernel has no NFLOG: %s\n", strerror(errno));
        return 77;
    }
    if (run((const char *const[]){ "ip", "link", "set", "lo", "up", NULL }) != 0 ||
        run((const char *const[]){ getenv("AAJAIL"), "firewall", "apply", "--backend", argv[1], "--uid", "41234", argv[2],
                                   NULL }) != 0 ||
        run((const char *const[]){ getenv("AAJAIL"), "firewall", "verify", "--backend", argv[1], "--uid", "41234",
                                   argv[2], NULL }) != 0)
        return 1;
    send_as_slave();
    seen = read_all(fd);
    printf("%s: %u IPv4 and %u IPv6 refusals logged of %d each, %u without prefix or uid\n", argv[1], seen.v4, seen.v6,
           SENDS, seen.wrong);
    /* One limit for both families in nft, one each in legacy; a slow machine may earn one message more. */
    return seen.v4 > 0 && seen.v4 + seen.v6 >= BURST && seen.v4 <= BURST + 2 && seen.v6 <= BURST + 2 && !seen.wrong ? 0 : 1;
}
