/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One operation a capability, chosen so that nothing but the capability is asked for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "decide.h"

static int pipes[2] = { -1, -1 };

void prepare_capability(const char *name)
{
    if (is(name, "sys_resource"))
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 100 });
    if (is(name, "ipc_lock"))
        setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 });
    if (pipe2(pipes, O_CLOEXEC) < 0)
        pipes[0] = -1;
}

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int bind_port_80(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(80),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? errno : result(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int set_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return result(clock_settime(CLOCK_REALTIME, &now));
}

static int choose_pid(void)
{
    pid_t want = 30123;
    struct clone_args args = { .exit_signal = SIGCHLD,
                               .set_tid = (uint64_t)(uintptr_t)&want,
                               .set_tid_size = 1 };
    long pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        _exit(0);
    return result(pid);
}

int do_capability(const char *name)
{
    static char page[8192];

    if (is(name, "net_bind_service"))
        return bind_port_80();
    if (is(name, "chown"))
        return result(fchown(pipes[0], 1, 1));
    if (is(name, "setuid"))
        return result(setresuid(1234, 1234, 1234));
    if (is(name, "setgid"))
        return result(setresgid(1234, 1234, 1234));
    if (is(name, "sys_chroot"))
        return result(chroot("/"));
    if (is(name, "sys_admin"))
        return result(sethostname("aaj", 3));
    if (is(name, "sys_nice"))
        return result(setpriority(PRIO_PROCESS, 0, -1));
    if (is(name, "sys_resource"))
        return result(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 200, 200 }));
    if (is(name, "sys_time"))
        return set_time();
    if (is(name, "setpcap"))
        return result(prctl(PR_CAPBSET_DROP, CAP_LINUX_IMMUTABLE, 0, 0, 0));
    if (is(name, "mknod"))
        return result(mknod("/d/device", S_IFCHR | 0600, (dev_t)0x103));
    if (is(name, "syslog"))
        return result(klogctl(8, NULL, 4));
    if (is(name, "dac_override"))
        return result(open("/d/closed", O_RDONLY | O_CLOEXEC));
    if (is(name, "ipc_lock"))
        return result(mlock(page, sizeof(page)));
    if (is(name, "sys_tty_config"))
        return result(vhangup());
    if (is(name, "checkpoint_restore"))
        return choose_pid();
    return UNTRIED;
}
