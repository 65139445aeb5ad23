/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of bpfpvctl: which commands there are, which options each
 * of them takes, and what somebody who has mistyped one may have meant.
 */
#pragma once

#include "ctl/command.h"

/* What was given on the command line. */
typedef struct {
    char *bus_address;
    gboolean json;
    char *color; /* (nullable): as typed */
    gboolean no_color;
    gboolean help;
    gboolean version;
    char **arguments; /* the command's name and what it is given */
} BpfpvOptions;

void bpfpv_options_clear(BpfpvOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BpfpvOptions, bpfpv_options_clear)

/* commands.c */

/* Returns: (transfer none): every command that help lists, in its order, and NULL */
const BpfpvCommand *const *bpfpv_commands(void);
/* For the shells, and not listed. */
extern const BpfpvCommand bpfpv_command_complete;
/* Returns: (transfer none) (nullable): the command of this name */
const BpfpvCommand *bpfpv_command_find(const char *name);
/* Returns: (transfer none) (nullable): the command that @name may be a typo of */
const char *bpfpv_command_suggest(const char *name);

/* options.c */

/* Returns: (transfer none): the options of all commands; they lead nowhere */
const GOptionEntry *bpfpv_options_global(void);
/* @command: (nullable): NULL for what comes before the command */
GOptionContext *bpfpv_options_context(const BpfpvCommand *command, BpfpvOptions *options);
/* Parses @argv, which keeps what is no option. Returns: FALSE with @error set, which names the
 * option that was probably meant */
gboolean bpfpv_options_parse(const BpfpvCommand *command, char ***argv, BpfpvOptions *options,
                             GError **error);
/* What --help prints. Returns: (transfer full) */
char *bpfpv_options_help(const BpfpvCommand *command);

/* suggest.c */

/* Returns: (transfer none) (nullable): the one of @known (NULL-terminated) that @typed is most
 * likely a typo of; NULL if it resembles none */
const char *bpfpv_suggest(const char *typed, const char *const *known);
