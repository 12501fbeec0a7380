/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reading child gives up, in the order in which it can. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/grow.h"
#include "sandbox_child.h"

enum { NOBODY = 65534 };

/* ASan reserves terabytes of address space for its shadow: gcc tells so by a macro, clang by a feature. */
#if defined(__SANITIZE_ADDRESS__)
enum { ADDRESS_SPACE_BOUND = 0 };
#elif defined(__has_feature)
enum { ADDRESS_SPACE_BOUND = !__has_feature(address_sanitizer) };
#else
enum { ADDRESS_SPACE_BOUND = 1 };
#endif

/*
 * The calls that parsing makes: memory, reading and writing open descriptors, threads, clocks and the
 * way out. Opening a path, sockets, exec, signals to others, and everything else answers EPERM instead
 * of killing: a library that probes for something (isatty) then goes on, and nothing has happened.
 */
static const int allowed_calls[] = {
    SCMP_SYS(read),          SCMP_SYS(readv),        SCMP_SYS(pread64),      SCMP_SYS(write),
    SCMP_SYS(writev),        SCMP_SYS(lseek),        SCMP_SYS(close),        SCMP_SYS(fstat),
    SCMP_SYS(poll),          SCMP_SYS(ppoll),        SCMP_SYS(mmap),         SCMP_SYS(munmap),
    SCMP_SYS(mremap),        SCMP_SYS(madvise),      SCMP_SYS(brk),          SCMP_SYS(futex),
    SCMP_SYS(exit),          SCMP_SYS(exit_group),   SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(sigaltstack),  SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),  SCMP_SYS(gettid),       SCMP_SYS(getpid),       SCMP_SYS(getuid),
    SCMP_SYS(geteuid),       SCMP_SYS(sched_yield),  SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq),       SCMP_SYS(restart_syscall), SCMP_SYS(fadvise64),
    SCMP_SYS(membarrier),    SCMP_SYS(fcntl),
};

static int add_rules(scmp_filter_ctx ctx)
{
    int r = 0;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(allowed_calls) && r == 0; i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    /* No new executable memory. */
    if (r == 0)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    /* fstat() is newfstatat(fd, "", AT_EMPTY_PATH) in glibc; a path beside it would be looked up. */
    if (r == 0)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                             SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    /* Threads, but no processes; clone3's flags are behind a pointer, so glibc is sent back to clone. */
    if (r == 0)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (r == 0)
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return r;
}

/* To take a descriptor that the parent hands over, and to list a folder that is one. */
static const int asking_calls[] = { SCMP_SYS(recvmsg), SCMP_SYS(getdents64) };

static int add_asking(scmp_filter_ctx ctx)
{
    int r = 0;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(asking_calls) && r == 0; i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, asking_calls[i], 0);
    return r;
}

static int filter_calls(bool asks)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int r;

    if (!ctx)
        return -ENOMEM;
    r = add_rules(ctx);
    if (r == 0 && asks)
        r = add_asking(ctx);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    return r;
}

static int limit(int resource, rlim_t value)
{
    struct rlimit now, wanted = { value, value };

    if (getrlimit(resource, &now) < 0)
        return -errno;
    if (wanted.rlim_max > now.rlim_max) /* an administrator's lower bound stays */
        wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
    return setrlimit(resource, &wanted) < 0 ? -errno : 0;
}

static int set_limits(const struct sandbox_limits *limits)
{
    int r = limit(RLIMIT_CORE, 0);

    if (r == 0 && !limits->writes_files)
        r = limit(RLIMIT_FSIZE, 0); /* pipes are not files: the result still gets through */
    if (r == 0)
        r = limit(RLIMIT_CPU, limits->seconds);
    if (r == 0 && ADDRESS_SPACE_BOUND)
        r = limit(RLIMIT_AS, limits->memory);
    return r;
}

int sandbox_confine(const struct sandbox_limits *limits)
{
    int r = set_limits(limits);

    if (r < 0)
        return r;
    /* Another uid: even a broken filter could then open only what everybody can. */
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
                           setresuid(NOBODY, NOBODY, NOBODY) < 0))
        return -errno;
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return filter_calls(limits->open != NULL);
}
