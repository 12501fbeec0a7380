/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line of a log: its header (who wrote it, when, which audit record it is) and the key=value payload
 * behind it. A line reaches an event in three steps, each of which can say why it stops:
 *
 *     line ─ aaj_log_head_parse ► head ─ aaj_log_record_parse ► record ─ aaj_log_event ► event
 *
 * Everything points into the line, or into the record's scratch buffer for what had to be decoded.
 */
#pragma once

#include "log/event.h"

/* The longest line that is looked into; the kernel's own limit for a record is 8970 bytes
 * (MAX_AUDIT_MESSAGE_LENGTH), journald's JSON doubles that. Longer ones are reported. */
enum { AAJ_LOG_LINE_MAX = 1 << 20 };

/* How a record travelled. The same event may come through several, and each can lose on its own. */
enum aaj_channel {
    AAJ_CHANNEL_NONE,
    AAJ_CHANNEL_AUDIT,  /* audit netlink: auditd, its dispatcher, journald's audit transport */
    AAJ_CHANNEL_KERNEL, /* the kernel log: dmesg, kmsg, syslog, journald's kernel transport */
    AAJ_CHANNEL_USER,   /* written by a user-space mediator: dbus-daemon, dbus-broker */
    AAJ_CHANNEL_SYSCALLS, /* not said by AppArmor: what it would have been asked for system calls in the audit log */
    AAJ_CHANNEL_COUNT,
};
extern const char *const aaj_channel_name[AAJ_CHANNEL_COUNT]; /* "", "audit", "kernel", "user", "syscalls" */

enum aaj_line_kind {
    AAJ_LINE_OTHER,    /* nothing of ours */
    AAJ_LINE_APPARMOR, /* an AppArmor record */
    AAJ_LINE_SYSCALL,  /* records of the same serial that say more about it */
    AAJ_LINE_SOCKADDR,
    AAJ_LINE_EXECVE,
    AAJ_LINE_LOSS, /* somebody says that events were lost */
    AAJ_LINE_BAD,  /* looks like ours and cannot be read: .why */
};

/* linux/audit.h */
enum {
    AAJ_AUDIT_USER_AVC = 1107,
    AAJ_AUDIT_SYSCALL = 1300,
    AAJ_AUDIT_PATH = 1302,
    AAJ_AUDIT_SOCKADDR = 1306,
    AAJ_AUDIT_CWD = 1307,
    AAJ_AUDIT_EXECVE = 1309,
    AAJ_AUDIT_FD_PAIR = 1317,
    AAJ_AUDIT_EOE = 1320,
    AAJ_AUDIT_MMAP = 1323,
    AAJ_AUDIT_PROCTITLE = 1327,
    AAJ_AUDIT_OPENAT2 = 1337,
    AAJ_AUDIT_AVC = 1400,
    AAJ_AUDIT_APPARMOR = 1500, /* 1.x prose */
    AAJ_AUDIT_APPARMOR_FIRST = 1501,
    AAJ_AUDIT_APPARMOR_LAST = 1507,
};

struct aaj_log_head {
    struct aaj_str line;
    struct aaj_str payload;   /* behind the header */
    struct aaj_str host;      /* node=, syslog's or journald's host; empty: not said */
    struct aaj_str boot;      /* journald's boot id; empty: not said */
    struct aaj_str type_name; /* "AVC", "UNKNOWN[1503]", "1400" */
    int type;                 /* its number; 0 = not known */
    enum aaj_channel channel;
    enum aaj_line_kind kind;
    int64_t time_ms; /* 0: not said */
    uint64_t serial; /* 0: not said */
    struct aaj_str id; /* "1181057184.959:7" of audit(…), which said both, as a kernel writes it; else empty */
    const char *why; /* BAD: what is wrong with it; LOSS: id of what was lost, see loss.c */
    size_t at;       /* BAD: offset into the line */
    uint64_t lost;   /* LOSS: how many; 0 = not said */
};

/* Fills *ret_head; never fails, .kind says what was found. */
void aaj_log_head_parse(struct aaj_str line, struct aaj_log_head *ret_head);

/* What an earlier line of a syslog began with (like.c); all zero at first. */
enum { AAJ_LOG_LIKE_MAX = 160 };
struct aaj_log_like {
    char text[AAJ_LOG_LIKE_MAX]; /* of the line, up to and with "audit(" */
    /* Of .text: the seconds of its date, what is behind their fraction, the stamp's '[' and ']' (0: none), the end. */
    uint8_t seconds, behind, open, close, n; /* n = 0: nothing is known */
    uint8_t host, host_n, type_name, type_name_n;
    int type;
};
/* The same, and faster where @line begins as the one before did. Each log has its own @like. */
void aaj_log_head_parse_like(struct aaj_str line, struct aaj_log_like *like, struct aaj_log_head *ret_head);

/* The parts that journald's own formats need: the text behind "kernel:" and behind "audit[…]:". */
void aaj_log_head_kernel(struct aaj_str text, struct aaj_log_head *head);
void aaj_log_head_audit(struct aaj_str text, struct aaj_log_head *head);
void aaj_log_head_user(struct aaj_str text, struct aaj_log_head *head);
/* The text behind "audit(" where host, type and channel are known; false and unchanged where it is no id. */
bool aaj_log_head_id(struct aaj_str text, struct aaj_log_head *head);

/* Recognises statements of loss in a kernel or daemon message (loss.c). */
bool aaj_log_loss_parse(struct aaj_str text, struct aaj_log_head *head);

/* "Nov 21 21:47:06", "2026-11-21T21:47:06.955212+00:00", "Sat 2026-11-21 21:47:06 UTC", "1795297626.73",
 * with or without fraction and zone. Returns the bytes used, 0 when there is no date. *ret_ms is 0 where
 * the year is not said; without a zone UTC is taken. */
size_t aaj_log_date_parse(struct aaj_str text, int64_t *ret_ms);

/* Days since the epoch of a date in the proleptic Gregorian calendar, and back. */
int64_t aaj_log_days(int year, unsigned month, unsigned day);
void aaj_log_date(int64_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day);

enum aaj_log_key {
    AAJ_KEY_UNKNOWN,
    AAJ_KEY_IGNORED, /* known, says nothing about the access */
    AAJ_KEY_APPARMOR,
    AAJ_KEY_OPERATION,
    AAJ_KEY_CLASS,
    AAJ_KEY_PROFILE, /* label */
    AAJ_KEY_NAME,    /* capname */
    AAJ_KEY_TARGET,  /* name2 */
    AAJ_KEY_REQUESTED,
    AAJ_KEY_DENIED, /* mask */
    AAJ_KEY_FSUID,
    AAJ_KEY_OUID,
    AAJ_KEY_FAMILY,
    AAJ_KEY_SOCK_TYPE,
    AAJ_KEY_PROTOCOL,
    AAJ_KEY_LADDR, /* saddr */
    AAJ_KEY_LPORT, /* src */
    AAJ_KEY_FADDR, /* daddr */
    AAJ_KEY_FPORT, /* dest */
    AAJ_KEY_ADDR,
    AAJ_KEY_PEER_ADDR,
    AAJ_KEY_PEER,
    AAJ_KEY_PEER_PROFILE, /* peer_label, tcontext */
    AAJ_KEY_PEER_PID,
    AAJ_KEY_CAPABILITY,
    AAJ_KEY_SIGNAL,
    AAJ_KEY_SRCNAME,
    AAJ_KEY_FSTYPE,
    AAJ_KEY_FLAGS,
    AAJ_KEY_INFO,
    AAJ_KEY_ERROR,
    AAJ_KEY_NAMESPACE,
    AAJ_KEY_PID,
    AAJ_KEY_PARENT,
    AAJ_KEY_COMM, /* exe */
    AAJ_KEY_BUS,
    AAJ_KEY_PATH,
    AAJ_KEY_INTERFACE,
    AAJ_KEY_MEMBER, /* method */
    AAJ_KEY_EXECPATH,
    AAJ_KEY_RLIMIT,
    AAJ_KEY_VALUE,
    AAJ_KEY_TASK,
    AAJ_KEY_ATTRIBUTE,
    AAJ_KEY_TOKEN,
    AAJ_KEY_TYPE,
    AAJ_KEY_COUNT,
};

enum { AAJ_LOG_UNKNOWN_KEYS = 8 };

struct aaj_log_record {
    struct aaj_str val[AAJ_KEY_COUNT]; /* raw; only where .seen has the bit */
    uint64_t seen, quoted;             /* bit = enum aaj_log_key */
    struct {
        struct aaj_str key, value;
    } unknown[AAJ_LOG_UNKNOWN_KEYS]; /* keys of the future */
    unsigned n_unknown;
    const char *why; /* on failure */
    const char *at;
    char *scratch; /* of the caller, at least as long as the line */
    size_t scratch_used;
};

/* Splits the payload into keys. 0, or -EINVAL with .why and .at. record->scratch is set by the caller. */
int aaj_log_record_parse(const struct aaj_log_head *head, struct aaj_log_record *record);

/* .why of a record whose end is missing: it was cut on its way into the log. */
extern const char aaj_log_why_cut[];

/* Where the operation of a payload begins, which ends in the next quote; NULL where it does not stand where kernels write
 * it, as the first or the second key. */
const char *aaj_log_operation(struct aaj_str payload);

/* A value with its hex decoded; empty when it was not said ("?", "none" and "(null)" neither). */
struct aaj_str aaj_log_value(struct aaj_log_record *record, enum aaj_log_key key);
static inline bool aaj_log_has(const struct aaj_log_record *record, enum aaj_log_key key)
{
    return record->seen >> key & 1;
}
bool aaj_log_number(struct aaj_str text, uint64_t *ret_value);

/* The meaning of a record. 0, or -EINVAL with record->why. An event of mode STATUS, HINT or ERROR is no
 * access. */
int aaj_log_event(const struct aaj_log_head *head, struct aaj_log_record *record, struct aaj_event *ret_event);

/* Mode by apparmor=, by number, by type word; AAJ_MODE_DENIED where none is said. */
enum aaj_mode aaj_log_mode(const struct aaj_log_head *head, struct aaj_log_record *record);

/* "r", "send receive", "mrwIxl", "owner::other": bits by class; false when a word was not known (its bit is
 * AAJ_MASK_UNKNOWN). *ret_half: +1 only the owner's half was filled, -1 only the other's, 0 neither form. */
bool aaj_log_mask(enum aaj_class class, struct aaj_str text, uint32_t *ret_mask, int *ret_half);

/* Of two ports of one record, which did a kernel pick for this connection alone? AAJ_PICKED_LOCAL,
 * AAJ_PICKED_FOREIGN or 0; a port that is not there is UINT64_MAX. */
enum { AAJ_PICKED_LOCAL = 1, AAJ_PICKED_FOREIGN = 2 };
unsigned aaj_log_picked_port(struct aaj_str op, uint64_t local, uint64_t foreign);

/* Names of IP protocols as getprotobynumber(3) has them, for the few that matter; NULL otherwise. */
const char *aaj_log_protocol(uint64_t number);
