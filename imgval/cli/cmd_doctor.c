/*
 * imgval doctor: what this machine offers, and what imgval will use: for people who ask why a scan
 * is not confined, which store is read, or which library they have. Reads the store, changes
 * nothing.
 */
#include "imgval/cli/command.h"

#include "cache/db.h"
#include "cache/store.h"
#include "imgval/base/attr.h"
#include "imgval/base/digest.h"
#include "imgval/base/pattern.h"
#include "imgval/base/program.h"
#include "imgval/base/sandbox.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/cabinet_data.h"
#include "imgval/input/gzip.h"
#include "imgval/model/policy.h"
#include "imgval/report/read/json_read.h"
#include "imgval/version.h"

#include <inttypes.h>
#include <string.h>

/* --cache alone: all else that doctor reports is the machine's. */
struct doctor_arguments {
    const char *store;
};

static const struct iv_option doctor_options[] = {
    IV_ROW_STORE(offsetof(struct doctor_arguments, store)),
};

static const struct iv_option_group doctor_group = {
    .options = doctor_options,
    .count = IV_COUNT(doctor_options),
};
static const struct iv_option_group *const doctor_groups[] = {&doctor_group};

/* One line: what, and its state. */
static void add_row(struct iv_buf *buf, const char *what, const char *state)
{
    iv_buf_printf(buf, "  %-26s ", what);
    iv_text_escape(buf, state, 0, iv_command_is_ascii());
    iv_buf_putc(buf, '\n');
}

/* Where readers can be confined, they are; else a report says so, and --require-sandbox refuses. */
static void add_sandbox(struct iv_buf *buf)
{
    const struct iv_containment offered = iv_sandbox_offered();
    const struct iv_sandbox_words words = iv_sandbox_words();
    iv_buf_puts(buf, "\nSandbox of the readers\n");
    char files[32];
    snprintf(files, sizeof(files), "files (%s)", words.files);
    add_row(buf, files, offered.files ? "yes" : words.no_files);
    add_row(buf, words.calls_are, offered.calls ? "yes" : words.no_calls);
    add_row(buf, "memory, time", offered.limits ? "yes" : words.no_limits);
    add_row(buf, "--require-sandbox",
            iv_sandbox_is_whole(&offered) ? "would scan" : "would exit with status 4");
}

/* The versions that this process runs with, which need not be those it was built with. */
static void add_libraries(struct iv_buf *buf)
{
    static void (*const libraries[])(struct iv_buf * buf) = {
        iv_cabinet_library, iv_digest_library, iv_pattern_library,
        iv_db_library,      iv_xml_library,    iv_gzip_library,
    };
    iv_buf_puts(buf, "\nLibraries\n");
    for (size_t i = 0; i < IV_COUNT(libraries); i++) {
        iv_buf_puts(buf, "  ");
        libraries[i](buf);
        iv_buf_putc(buf, '\n');
    }
}

/* As built in: a policy is of an input, and none is named here. */
static void add_limits(struct iv_buf *buf)
{
    iv_buf_puts(buf, "\nLimits (a policy file may set most of them)\n");
    for (size_t i = 0; i < iv_limit_row_count; i++) {
        const struct iv_limit_row *row = &iv_limit_rows[i];
        iv_buf_printf(buf, "  %-28s %12" PRIu64 " %s\n", row->name, row->value, row->unit);
    }
}

/* The state of the store in words; false: it is there and cannot be used. */
static bool add_store(const char *path, struct iv_arena *arena, struct iv_buf *buf)
{
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records;
    size_t count;
    add_row(buf, "file", path);
    if (iv_store_open(path, IV_STORE_READ, &store, &err) &&
        iv_store_list(store, false, arena, &records, &count, &err)) {
        add_row(buf, "state",
                iv_arena_printf(arena, "readable, %zu submission%s", count, count == 1 ? "" : "s"));
        return true;
    }
    bool is_absent = err.code == IV_ERROR_ABSENT;
    add_row(buf, "state",
            is_absent ? "not there yet: imgval cache add --baseline PATH makes it" : err.text);
    if (!is_absent) {
        (void)iv_command_fail(&err);
    }
    return is_absent;
}

/* Nothing here fails: it is what one reads when something else did. Only a store that is there and
 * cannot be used makes the status other than 0. */
static int run_doctor(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct doctor_arguments *given = options;
    struct iv_error err = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    const char *path;
    bool is_well = true;
    if (arguments->count > 0) {
        return iv_command_usage(command, "takes no argument");
    }
    iv_buf_puts(&buf, "imgval " IMGVAL_VERSION "\n\nBaseline store\n");
    if (iv_command_store_path(given->store, arena, &path, &err)) {
        is_well = add_store(path, arena, &buf);
    } else {
        add_row(&buf, "file", err.text);
    }
    add_sandbox(&buf);
    add_libraries(&buf);
    iv_buf_puts(&buf, "\nSurroundings\n");
    add_row(&buf, "locale", iv_program_locale());
    add_row(&buf, "characters", iv_command_is_ascii() ? "ASCII" : "UTF-8");
    add_limits(&buf);
    return iv_command_show(&buf, is_well ? IV_EXIT_PASS : IV_EXIT_TROUBLE);
}

const struct iv_command iv_cmd_doctor = {
    .name = "doctor",
    .synopsis = "",
    .summary = "Show what this machine offers: sandbox, store, libraries, limits.",
    .details = "Shows the version, which baseline store is used and its state, what readers of\n"
               "untrusted files are confined by, the libraries, the locale and the limits.\n\n"
               "Exit status: 0, or 4 when the baseline store is there and cannot be used.",
    .options_size = sizeof(struct doctor_arguments),
    .groups = doctor_groups,
    .group_count = IV_COUNT(doctor_groups),
    .run = run_doctor,
};
