#include "tests/unit/report_fixture.h"

#include "imgval/base/file.h"
#include "imgval/report/read/saved.h"
#include "tests/unit/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE(the_id, the_name, level, what)                                                        \
    {                                                                                              \
        .id = (the_id), .name = (the_name), .severity = (level), .subject = (what),                \
        .applies = IV_APPLIES_ALL, .summary = "A rule of the fixture.", .why = "For the tests.",   \
        .remedy = "Fix it.", .passes = "good", .fails = "bad"                                      \
    }
#define RULE_INC(the_id, the_name, what)                                                           \
    {                                                                                              \
        .id = (the_id), .name = (the_name), .severity = IV_WARNING, .incomplete = true,            \
        .subject = (what), .applies = IV_APPLIES_ALL, .summary = "A rule of the fixture.",         \
        .why = "For the tests.", .remedy = "Fix it.", .passes = "good", .fails = "bad"             \
    }

#define RULE_WITH(the_id, the_name, level, what, member)                                           \
    {                                                                                              \
        .id = (the_id), .name = (the_name), .severity = (level), .subject = (what), member = true, \
        .applies = IV_APPLIES_ALL, .summary = "A rule of the fixture.", .why = "For the tests.",   \
        .remedy = "Fix it.", .passes = "good", .fails = "bad"                                      \
    }

static const struct iv_rule rules[] = {
    RULE("STD001", "removal-package", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE("STD002", "zero-version", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE("STD003", "binary-in-mainos", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE("STD004", "binary-in-efiesp", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE("STD005", "binary-in-updateos", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE_WITH("STD006", "firmware-revision", IV_ERROR, IV_SUBJECT_DEVICE, .needs_metadata),
    RULE_WITH("STD007", "manufacturer", IV_ERROR, IV_SUBJECT_DEVICE, .needs_metadata),
    RULE_WITH("STD008", "model-name", IV_ERROR, IV_SUBJECT_DEVICE, .needs_metadata),
    RULE_WITH("STD009", "mobile-operator", IV_ERROR, IV_SUBJECT_DEVICE, .needs_metadata),
    RULE("WSPC002", "missing-packages", IV_WARNING, IV_SUBJECT_VARIANT),
    RULE("WSPC003", "missing-packages-baseline", IV_ERROR, IV_SUBJECT_VARIANT),
    RULE_WITH("WSPC005", "cached-list", IV_NOTE, IV_SUBJECT_SUBMISSION, .uncounted),
    RULE_INC("WSPC006", "no-baseline-store", IV_SUBJECT_SUBMISSION),
    RULE("WSPC008", "unreadable-package", IV_ERROR, IV_SUBJECT_PACKAGE),
    RULE_WITH("WSPC009", "no-firmware-version", IV_ERROR, IV_SUBJECT_SUBMISSION, .needs_metadata),
    RULE("WSPC014", "first-baseline", IV_NOTE, IV_SUBJECT_VARIANT),
    RULE("IMG001", "duplicate-package", IV_WARNING, IV_SUBJECT_PACKAGE),
    RULE_INC("IMG004", "unreadable-entry", IV_SUBJECT_SUBMISSION),
    RULE("ADV008", "empty-packages", IV_NOTE, IV_SUBJECT_SUBMISSION),
};

const char *const fixture_hostile[] = {
    "<script>alert('x')</script>&\"quoted\"",
    "\033[31mred\033[0m\033]0;title\007",
    "\xE2\x80\xAE"
    "gpks.live\xE2\x80\xAC", /* right-to-left override */
    "line\nbreak\r\ttab",
    "bad\xFF\xC0\xAFutf8",
    "##vso[task.complete result=Succeeded]x",
    "::error file=x::fooled",
    "=HYPERLINK(\"http://x\")",
    "@SUM(1)",
    "\x7F"
    "del\xC2\x9B"
    "31m\xE2\x80\xA8sep\xEF\xBB\xBF",
    "\xE5\x9B\xBA\xE4\xBB\xB6 \xF0\x9F\x93\xB1", /* wide characters */
    "]]>--><!--",
    "back\\slash",
    NULL,
};

const struct iv_rule *fixture_rule(const char *id)
{
    for (size_t i = 0; i < IV_COUNT(rules); i++) {
        if (strcmp(rules[i].id, id) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

static const struct iv_pop pops[] = {
    {.oem = "CONTOSO", .mobile_operator = "000-88", .model = "CT-100"},
    {.oem = "CONTOSO", .mobile_operator = "000-88", .model = "CT-\033[1m200<b>"},
    {.oem = "FABRIKAM", .mobile_operator = "ATT-US", .model = "F1"},
};

static const struct iv_baseline baselines[] = {
    {.id = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809",
     .firmware_version = "3012.0.1600.1",
     .number = {{3012, 0, 1600, 1}}},
    {.id = "ffeeddccbbaa00998877665544332211ffeeddccbbaa00998877665544332211",
     .firmware_version = "3012.0.01700.2",
     .number = {{3012, 0, 1700, 2}},
     .imported = true},
};

static const enum iv_direction directions[] = {IV_OLDER, IV_NEWER, IV_SAME};

static const struct iv_waiver waiver = {
    .reason = "two drops <b>overlap\xFF\033[1m", .owner = "platform & co", .expires = "2027-01-31"};

static const struct iv_rule site_rules[] = {
    {.id = "OEM001",
     .name = "owner-is-ours",
     .severity = IV_WARNING,
     .subject = IV_SUBJECT_PACKAGE,
     .applies = IV_APPLIES_ALL,
     .summary = "Packages are Contoso's <own>.",
     .remedy = "Set Owner."},
};

static const struct iv_datum data[] = {
    {.name = "PhoneFirmwareRevision",
     .value = "3012.0.1610.4",
     .source = "firmware/v4/Contoso.Device.Customizations.MainOS.spkg:OEMSettings.reg",
     .rank = IV_RANK_TARGETING},
    {.name = "PhoneHardwareVariant",
     .value = " RM-914 \xFF",
     .source = "firmware/v4/Contoso.Device.Customizations.MainOS.spkg:OEMSettings.reg",
     .rank = IV_RANK_TARGETING},
    {.name = "PhoneManufacturer",
     .value = "CONTOSO",
     .source = "--manufacturer",
     .rank = IV_RANK_OPTION},
    {.name = "PhoneManufacturerModelName",
     .value = "CT-100",
     .source = "firmware/v4/Contoso.Device.Customizations.MainOS.spkg:OEMSettings.reg",
     .rank = IV_RANK_TARGETING},
    {.name = "PhoneManufacturerModelName",
     .value = "CT-\033[1m200<b>",
     .source = "firmware/v4/answers.xml",
     .group = "Second",
     .rank = IV_RANK_TARGETING},
    {.name = "PhoneMobileOperatorName",
     .value = "000-88",
     .source = "firmware/v4/answers.xml",
     .rank = IV_RANK_ANSWER},
};

static struct iv_package package(struct iv_arena *arena, const char *folder, const char *name)
{
    struct iv_package p = {
        .path = iv_arena_printf(arena, "%s/%s.spkg", folder, name),
        .name = name,
        .style = IV_STYLE_SPKG,
        .origin = IV_ORIGIN_SUBMISSION,
        .owner = "Contoso",
        .component = "Device",
        .version = "1.0.0.7",
        .number = {{1, 0, 0, 7}},
        .partition = "MainOS",
        .owner_type = "OEM",
        .release_type = "Production",
        .content = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        .file_count = 12,
        .total_size = 4096,
    };
    char *key = iv_arena_strdup(arena, name);
    for (char *c = key; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    p.key = key;
    return p;
}

static struct iv_package *hostile_packages(struct iv_arena *arena, const char *folder,
                                           size_t *ret_count)
{
    struct iv_package *packages = IV_NEW_ARRAY(arena, struct iv_package, 32);
    size_t count = 0;
    packages[count++] = package(arena, folder, "Contoso.BASE.MainOS");
    packages[count] = package(arena, folder, "Contoso.Foo");
    packages[count].version = "0.0.0.0";
    packages[count].style = IV_STYLE_CBS;
    packages[count].number = (struct iv_version){{0}};
    packages[count++].partition = NULL;
    for (size_t i = 0; fixture_hostile[i] != NULL; i++) {
        packages[count] = package(arena, folder, fixture_hostile[i]);
        packages[count].binary_partition = i % 3 == 0;
        packages[count].empty = i % 3 == 1;
        packages[count].removal = i == 4;
        packages[count].total_size = i == 5 ? UINT64_MAX : 77;
        packages[count].unreadable = i == 6;
        count++;
    }
    packages[count] = package(arena, folder, "Contoso.Old");
    packages[count].origin = IV_ORIGIN_HISTORY;
    packages[count++].path = NULL;
    qsort(packages, count, sizeof(*packages), iv_package_compare_path);
    *ret_count = count;
    return packages;
}

static const struct iv_package *named(const struct iv_submission *s, const char *name)
{
    size_t i = 0;
    while (strcmp(s->packages[i].name, name) != 0) {
        i++;
    }
    return &s->packages[i];
}

/* A list of findings that grows. */
struct list {
    struct iv_arena *arena;
    struct iv_finding *items;
    size_t count;
    size_t capacity;
};

static struct iv_finding *add(struct list *list, const char *id, const char *message)
{
    list->items =
        iv_arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    struct iv_finding *finding = &list->items[list->count++];
    const struct iv_rule *rule = fixture_rule(id);
    rule = rule == NULL ? &site_rules[0] : rule; /* OEM001 */
    *finding = (struct iv_finding){
        .rule = rule,
        .severity = rule->severity,
        .incomplete = rule->incomplete,
        .message = message,
        .remedy = rule->remedy,
        .fingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };
    return finding;
}

static void add_about(struct list *list, const char *id, const struct iv_package *p,
                      const char *verb)
{
    struct iv_finding *finding =
        add(list, id, iv_arena_printf(list->arena, "%s %s", p->name, verb));
    finding->package = p->name;
    finding->key = p->key;
    finding->path = p->path;
}

static char *long_text(struct iv_arena *arena)
{
    char *text = iv_arena_alloc(arena, 9001);
    for (size_t i = 0; i < 9000; i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 3); /* a cut must not go through a character */
    }
    return text;
}

static void add_failures(struct list *list, const struct iv_submission *s)
{
    for (size_t i = 0; i < 13; i++) {
        add_about(list, "STD002", &s->packages[i],
                  "has the version \"0.0.0.0\": packages cannot have version 0.0.0.0");
        struct iv_finding *finding = &list->items[list->count - 1];
        finding->field = "version";
        finding->actual = i % 2 == 0 ? NULL : "0.0.0.0";
        finding->expected = "a version above 0.0.0.0";
        finding->remedy = iv_arena_printf(list->arena,
                                          "Build %s again with a version above 0.0.0.0: it "
                                          "stands in the attributes Major, Minor, QFE and Build.",
                                          s->packages[i].name);
    }
    struct iv_finding *finding =
        add(list, "STD008", "PhoneManufacturerModelName is \"CT-\033[1m200<b>\"");
    finding->field = "PhoneManufacturerModelName";
    finding->actual = pops[1].model;
    finding->expected = "1 to 32 of A-Z a-z 0-9 - . _";
    finding->path = "firmware/v4/answers.xml";
    finding = add(list, "STD009", "a value that is far too long");
    finding->field = "PhoneMobileOperatorName";
    finding->actual = long_text(list->arena);
    add_about(list, "WSPC008", named(s, fixture_hostile[6]),
              "is malformed: the cabinet ends in its header");
    list->items[list->count - 1].member = "man.dsm.xml";
    list->items[list->count - 1].line = 12;
}

static void add_comparison(struct list *list, const struct iv_submission *s)
{
    struct iv_finding *finding =
        add(list, "WSPC002",
            "The firmware submission is not WSPC compliant with the baseline submission 1a2b3c4d "
            "3012.0.1600.1.  This is because the packages Contoso.Lost, bad\xFFname are missing "
            "from the new submission.");
    finding->remedy = "Add the missing packages, or empty ones of the same name to "
                      "firmware/v4.";
    finding->path = s->path;
    finding->variant = &pops[0];
    finding->packages = IV_NEW_ARRAY(list->arena, const struct iv_package *, 3);
    finding->packages[0] = named(s, "Contoso.Foo");
    finding->packages[1] = named(s, "Contoso.Old");
    finding->packages[2] = named(s, fixture_hostile[4]);
    finding->package_count = 3;
    finding->has_packages = true;
    finding->baseline = &baselines[0];
    finding->direction = &directions[0];
    add_about(list, "IMG001", named(s, "Contoso.BASE.MainOS"), "stands twice; counted once");
    list->items[list->count - 1].waived = true;
    list->items[list->count - 1].waiver = &waiver;
    finding = add(list, "WSPC005", "WSPC was judged from the local list of baselines.");
    finding->path = s->path;
    for (size_t i = 0; i < 5; i++) {
        add_about(list, "ADV008", &s->packages[3 + i], "is empty and could be merged away");
    }
}

static void count_findings(struct iv_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        size_t *count = finding->severity == IV_ERROR     ? &judgement->counts.error
                        : finding->severity == IV_WARNING ? &judgement->counts.warning
                                                          : &judgement->counts.note;
        *(finding->waived ? &judgement->counts.waived : count) += 1;
    }
}

static const struct iv_circumstances plain = {0};

/* An outcome for each rule: failed where there are findings. */
static void finish(struct iv_report_entry *entry, const struct iv_submission *s,
                   const struct list *list, enum iv_outcome other, enum iv_final_verdict verdict)
{
    entry->submission = s;
    entry->run = &plain;
    struct iv_judgement *judgement = &entry->judgement;
    judgement->findings = list->items;
    judgement->finding_count = list->count;
    judgement->outcomes = IV_NEW_ARRAY(list->arena, struct iv_rule_outcome, IV_COUNT(rules) + 1);
    judgement->outcome_count = IV_COUNT(rules);
    for (size_t i = 0; i < IV_COUNT(rules); i++) {
        bool failed = false;
        for (size_t k = 0; k < list->count; k++) {
            failed = failed || list->items[k].rule == &rules[i];
        }
        bool is_about_packages = rules[i].subject == IV_SUBJECT_PACKAGE;
        judgement->outcomes[i] = (struct iv_rule_outcome){
            .rule = &rules[i],
            .outcome = failed                                   ? IV_FAILED
                       : strcmp(rules[i].id, "WSPC003") == 0    ? IV_NOT_APPLICABLE
                       : rules[i].subject == IV_SUBJECT_VARIANT ? other
                                                                : IV_PASSED,
            .subjects = is_about_packages ? s->package_count : 1,
        };
        if (judgement->outcomes[i].outcome == IV_NOT_EVALUATED) {
            judgement->outcomes[i].reason = "there is no baseline store (WSPC006)";
        }
    }
    for (size_t i = 0; i < s->package_count; i++) {
        judgement->counts.packages += s->packages[i].origin == IV_ORIGIN_SUBMISSION;
        judgement->counts.unreadable += s->packages[i].unreadable;
    }
    count_findings(judgement);
    judgement->verdict = verdict;
}

static void build_failing(struct iv_arena *arena, struct iv_report_entry *ret_entry)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "firmware/v4";
    s->kind = IV_KIND_DIRECTORY;
    s->type = IV_IMAGE;
    s->id = "aaaabbbbccccddddaaaabbbbccccddddaaaabbbbccccddddaaaabbbbccccdddd";
    s->firmware_version = "3012.0.1610.4";
    s->packages = hostile_packages(arena, s->path, &s->package_count);
    s->device.values = IV_NEW_ARRAY(arena, struct iv_datum, IV_COUNT(data));
    memcpy(s->device.values, data, sizeof(data));
    s->device.value_count = IV_COUNT(data);
    s->history = (struct iv_history){.path = "firmware/v4/UpdateHistory.xml",
                                     .present = true,
                                     .complete = true,
                                     .event_count = 3};
    static const char *ad_hoc[] = {"a.spkg", "b\xFE.spkg"};
    s->oem_input = (struct iv_oem_input){.path = "firmware/OEMInput.xml",
                                         .present = true,
                                         .product = "Windows Phone",
                                         .release_type = "Production",
                                         .package_files = ad_hoc,
                                         .package_file_count = 2};
    s->variants = IV_NEW_ARRAY(arena, struct iv_variant, 2);
    s->variants[0].pop = pops[0];
    s->variants[0].wspc = (struct iv_wspc){
        .status = IV_WSPC_NOT_COMPLIANT, .older = &baselines[0], .newer = &baselines[1]};
    s->variants[1].pop = pops[1];
    s->variants[1].wspc.status = IV_WSPC_FIRST;
    s->variant_count = 2;
    struct list list = {.arena = arena};
    add_failures(&list, s);
    add_comparison(&list, s);
    finish(ret_entry, s, &list, IV_PASSED, IV_VERDICT_FAIL);
    static const struct iv_circumstances run = {.all_owners = true};
    ret_entry->run = &run;
}

static void build_incomplete(struct iv_arena *arena, struct iv_report_entry *ret_entry)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "drop/Phone image.ffu";
    s->kind = IV_KIND_FFU;
    s->type = IV_IMAGE;
    s->id = "bbbb";
    s->packages = IV_NEW_ARRAY(arena, struct iv_package, 1);
    s->packages[0] = package(arena, s->path, "Contoso.BASE.MainOS");
    s->package_count = 1;
    struct list list = {.arena = arena};
    static const char *const names[][2] = {{"STD006", "PhoneFirmwareRevision"},
                                           {"STD007", "PhoneManufacturer"},
                                           {"STD008", "PhoneManufacturerModelName"},
                                           {"STD009", "PhoneMobileOperatorName"}};
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        struct iv_finding *finding =
            add(&list, names[i][0], iv_arena_printf(arena, "the image has no %s", names[i][1]));
        finding->severity = IV_WARNING; /* as a policy may have it */
        finding->field = names[i][1];
        finding->path = s->path;
    }
    struct iv_finding *finding =
        add(&list, "WSPC006",
            "WSPC not checked: no baseline store. First baseline: imgval cache add --baseline "
            "PATH. Skip on purpose: --no-wspc");
    finding->path = s->path;
    finding = add(&list, "WSPC009", "The image has no firmware version.");
    finding->severity = IV_WARNING;
    finding->path = s->path;
    finding = add(&list, "IMG004", "drop/locked cannot be read: Permission denied");
    finding->path = "drop/locked";
    finish(ret_entry, s, &list, IV_NOT_EVALUATED, IV_VERDICT_INCOMPLETE);
    static const struct iv_circumstances run = {.baseline = true};
    ret_entry->run = &run;
}

static void build_passing(struct iv_arena *arena, struct iv_report_entry *ret_entry)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "firmware/Contoso.Good.spkg";
    s->kind = IV_KIND_PACKAGE;
    s->type = IV_PARTIAL;
    s->type_by_default = true;
    s->context_free = true;
    s->id = "cccc";
    s->packages = IV_NEW_ARRAY(arena, struct iv_package, 1);
    s->packages[0] = package(arena, "firmware", "Contoso.Good");
    s->package_count = 1;
    struct list list = {.arena = arena};
    finish(ret_entry, s, &list, IV_NOT_APPLICABLE, IV_VERDICT_PASS);
}

void fixture_report(struct iv_arena *arena, struct iv_report *ret_report)
{
    *ret_report = (struct iv_report){
        .tool = "imgval", .tool_version = "1.2.3", .verdict = IV_VERDICT_FAIL, .fail_on = IV_ERROR};
    ret_report->entries = IV_NEW_ARRAY(arena, struct iv_report_entry, 3);
    ret_report->entry_count = 3;
    build_failing(arena, &ret_report->entries[0]);
    build_incomplete(arena, &ret_report->entries[1]);
    build_passing(arena, &ret_report->entries[2]);
}

void fixture_policy(struct iv_arena *arena, struct iv_report *ret_report)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "firmware/v5";
    s->kind = IV_KIND_DIRECTORY;
    s->type = IV_IMAGE;
    s->id = "eeee";
    s->packages = IV_NEW_ARRAY(arena, struct iv_package, 1);
    s->packages[0] = package(arena, s->path, "Contoso.Foo");
    s->package_count = 1;
    struct list list = {.arena = arena};
    add_about(&list, "IMG001", &s->packages[0], "stands twice; counted once");
    list.items[list.count - 1].severity = IV_ERROR;
    list.items[list.count - 1].severity_by_policy = true;
    add_about(&list, "IMG004", &s->packages[0], "cannot be read");
    list.items[list.count - 1].waived = true;
    list.items[list.count - 1].waiver = &waiver;
    add_about(&list, "OEM001", &s->packages[0], "has another owner");
    *ret_report = (struct iv_report){.tool = "imgval",
                                     .tool_version = "1.2.3",
                                     .verdict = IV_VERDICT_FAIL,
                                     .fail_on = IV_ERROR,
                                     .what_if = true,
                                     .site_rules = site_rules,
                                     .site_rule_count = IV_COUNT(site_rules)};
    ret_report->entries = IV_NEW_ARRAY(arena, struct iv_report_entry, 1);
    ret_report->entry_count = 1;
    struct iv_judgement *judgement = &ret_report->entries[0].judgement;
    finish(&ret_report->entries[0], s, &list, IV_PASSED, IV_VERDICT_FAIL);
    judgement->outcomes[judgement->outcome_count++] =
        (struct iv_rule_outcome){.rule = &site_rules[0], .outcome = IV_FAILED, .subjects = 1};
}

void fixture_big(struct iv_arena *arena, size_t count, struct iv_report *ret_report)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "big";
    s->id = "dddd";
    s->packages = IV_NEW_ARRAY(arena, struct iv_package, count);
    struct list list = {.arena = arena};
    for (size_t i = 0; i < count; i++) {
        s->packages[i] = package(arena, s->path, iv_arena_printf(arena, "Contoso.P%07zu", i));
        add_about(&list, "STD002", &s->packages[i], "has version 0.0.0.0 in a long sentence");
    }
    s->package_count = count;
    *ret_report = (struct iv_report){
        .tool = "imgval", .tool_version = "1.2.3", .verdict = IV_VERDICT_FAIL, .fail_on = IV_ERROR};
    ret_report->entries = IV_NEW_ARRAY(arena, struct iv_report_entry, 1);
    ret_report->entry_count = 1;
    finish(&ret_report->entries[0], s, &list, IV_NOT_APPLICABLE, IV_VERDICT_FAIL);
}

void fixture_write(const struct iv_report *report, const struct iv_sink *sink,
                   const struct iv_style_options *style, struct iv_buf *ret_text)
{
    size_t size;
    FILE *stream = tmpfile();
    if (stream == NULL) {
        abort();
    }
    sink->write(report, style, stream);
    char *text = files_text(stream, &size);
    iv_buf_clear(ret_text);
    iv_buf_add(ret_text, text, size);
    free(text);
}

static const struct iv_limits *limits(void)
{
    static struct iv_limits all;
    all = iv_limits_default();
    return &all;
}

bool fixture_read(const char *bytes, size_t size, struct iv_arena *arena,
                  struct iv_report *ret_report, bool *ret_complete, struct iv_error *err)
{
    int fd IV_CLEANUP(iv_fd_close) = files_open(bytes, size);
    const struct iv_saved_options options = {
        .limits = limits(), .in_process = true, .find = fixture_rule};
    return iv_saved_report(&options, fd, arena, ret_report, ret_complete, err);
}

bool fixture_read_bundle(const char *bytes, size_t size, struct iv_arena *arena,
                         struct iv_record **ret_records, size_t *ret_count, struct iv_error *err)
{
    int fd IV_CLEANUP(iv_fd_close) = files_open(bytes, size);
    const struct iv_saved_options options = {.limits = limits(), .in_process = true};
    return iv_saved_bundle(&options, fd, arena, ret_records, ret_count, err);
}
