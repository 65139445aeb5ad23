/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a command of bpfpvctl is and what all of them share. A new command is
 * one file that defines a BpfpvCommand, declared here and listed in line/commands.c.
 */
#pragma once

#include "bpfpv/bpfpv.h"
#include "ctl/term.h"

enum {
    BPFPV_EXIT_DONE = 0,
    BPFPV_EXIT_FAILED = 1,
    BPFPV_EXIT_USAGE = 2,
};

/* What the global options say. */
typedef struct {
    const char *bus_address; /* (nullable): the system bus */
    gboolean json;
    BpfpvTerm term; /* of standard output */
} BpfpvCtl;

/* What an argument is, for completion. */
typedef enum {
    BPFPV_ARGUMENT_OTHER,
    BPFPV_ARGUMENT_MANAGED, /* a domain that is managed */
    BPFPV_ARGUMENT_RUNNING, /* one that runs, and is not */
    BPFPV_ARGUMENT_PINNED,  /* a vCPU of the domain before it that is pinned by hand */
    BPFPV_ARGUMENT_FILE,
    BPFPV_ARGUMENT_COMMAND,
} BpfpvArgument;

typedef struct {
    const char *name;
    const char *arguments; /* for the usage line, "" if there are none */
    const char *summary;
    guint min_arguments;
    guint max_arguments;
    BpfpvArgument first, rest;   /* what they are */
    gboolean has_json;           /* --json makes sense for it */
    gboolean changes;            /* a domain, which "show" tells of afterwards */
    const GOptionEntry *options; /* (nullable): its own */
    /* arguments: NULL-terminated, as many as allowed above; returns an exit code */
    int (*run)(const BpfpvCtl *ctl, char **arguments);
} BpfpvCommand;

extern const BpfpvCommand bpfpv_command_list;
extern const BpfpvCommand bpfpv_command_show;
extern const BpfpvCommand bpfpv_command_map;
extern const BpfpvCommand bpfpv_command_keys;
extern const BpfpvCommand bpfpv_command_attach;
extern const BpfpvCommand bpfpv_command_detach;
extern const BpfpvCommand bpfpv_command_release;
extern const BpfpvCommand bpfpv_command_reload;
extern const BpfpvCommand bpfpv_command_metrics;
extern const BpfpvCommand bpfpv_command_validate;
extern const BpfpvCommand bpfpv_command_plan;
extern const BpfpvCommand bpfpv_command_help;

/* A client for the bus that was asked for. */
BpfpvClient *bpfpv_ctl_connect(const BpfpvCtl *ctl, GError **error);
/* Why what the daemon says may not be so any more; NULL if it is. Ask before the rest: what is
 * asked afterwards is no older. Returns: FALSE with @error set */
gboolean bpfpv_ctl_unconnected(BpfpvClient *client, char **reason, GError **error);
/* Says on standard error that what is shown is as it was known last, if bpfpvd has no connection to
 * libvirt. Returns an exit code. */
int bpfpv_ctl_check_connected(BpfpvClient *client, GError **error);
/* Says on standard error what went wrong; returns BPFPV_EXIT_FAILED. */
int bpfpv_ctl_fail(const GError *error);
/* As fail, for a wrong command line; returns BPFPV_EXIT_USAGE. */
int bpfpv_ctl_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* As usage, for a command that there is not. @meant: (nullable): what may have been meant */
int bpfpv_ctl_no_command(const char *name, const char *meant);

/* domains.c */

typedef enum {
    BPFPV_DOMAINS_MANAGED,
    BPFPV_DOMAINS_RUNNING, /* managed or not */
} BpfpvDomains;

/* Whether that may be more than one domain. */
gboolean bpfpv_ctl_are_several(char **typed);
/* The domains (of char *) that are meant by names, UUIDs, ids and globs; NULL with @error set. */
GPtrArray *bpfpv_ctl_domains(BpfpvClient *client, char **typed, BpfpvDomains which, GError **error);
/* Their names (of char *). */
GPtrArray *bpfpv_ctl_domain_names(BpfpvClient *client, BpfpvDomains which, GError **error);

/* Warns on standard error of what the daemon has found wrong with this host. */
void bpfpv_ctl_warn(BpfpvClient *client);

/* One value of an a{sv} as clean text; "" if it is not there. */
char *bpfpv_ctl_field(GVariant *dictionary, const char *key);
/* A domain's "state", and that it is the last known one, if bpfpvd is not connected to libvirt. */
char *bpfpv_ctl_state(GVariant *dictionary);
/* A value that is itself a{sv} or aa{sv}; an empty one if it is not there. */
GVariant *bpfpv_ctl_child(GVariant *dictionary, const char *key, const char *type);
/* The JSON of a value, safe to show on a terminal, and a line end. */
char *bpfpv_ctl_json(GVariant *value);
/* Prints that on standard output, in UTF-8 whatever the locale. */
void bpfpv_ctl_print_json(GVariant *value);
