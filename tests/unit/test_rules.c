/* The tables of rules/: their integrity, and rules found by id, name and pasted message. */
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/pattern.h"
#include "imgval/base/text.h"
#include "rules/match.h"
#include "rules/rules.h"
#include "rules/wording.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

enum { MOST_RULES = 512 };

struct pasted {
    const char *id;
    const char *text;
};

/* The messages of the document's troubleshooting table, rows 1 to 15. */
static const struct pasted table_rows[] = {
    {"WSPC001",
     "The Windows Phone Ingestion Client version you are using (Version {0}) is no longer "
     "supported. Please make sure you are using the current version of the Windows Phone "
     "Ingestion Client, Version {1}."},
    {"WSPC002",
     "WSPC compliant with the baseline submission {1}. This is because the packages {0} "
     "are missing from the new submission. Since this is not a new baseline, the firmware "
     "submission is allowed. However, since this submission not WSPC compliant and is not "
     "a baseline, it will not be available for a retail servicing update. Retail "
     "servicing updates are only allowed for the following scenarios: between an RTM "
     "source submission and an RTM target submission, or between a legacy non-WSPC "
     "compliant source submission and an RTM target submission. To make this submission "
     "WSPC-compliant, please ensure the missing packages are included in the submission."},
    {"WSPC003",
     "The firmware submission is not WSPC-compliant with the baseline submission {1}. "
     "This is because the packages {0} are missing from the new submission. To make this "
     "submission WSPC-compliant, please ensure the missing packages are included in the "
     "submission."},
    {"WSPC004", "To be WSPC-compliant, you cannot remove a package. The following packages were "
                "removed '{0}'."},
    {"WSPC005", "Using a cached package list for validation because a connection to the server "
                "cannot be established. '{0}'"},
    {"WSPC006", "Could not retrieve the baseline package list while running on the client. A WSPC "
                "compliance check cannot be performed."},
    {"WSPC007", "Could not retrieve the baseline package list while running on a Windows server. A "
                "WSPC compliance check cannot be performed."},
    {"WSPC008", "An exception was thrown while loading a package. {0} : {1}"},
    {"WSPC009", "Could not retrieve the firmware version of the submission."},
    {"WSPC010", "There was an incorrect number of baseline submissions returned. Count: {0}"},
    {"WSPC011", "No submission results were returned so a cached copy is being used."},
    {"WSPC012", "The following variant is not WSPC compliant. OEM: {0}, Mobile operator: {1}, OEM "
                "device name: {2}."},
    {"WSPC013", "Could not get baseline package lists online for validation because connection to "
                "server cannot be established. Error: '{0}'"},
    {"WSPC014", "No baseline submission result returned, this must be the first and new baseline "
                "submission for this POP."},
    {"WSPC015",
     "Could not retrieve the latest baseline package list through partner service. Client "
     "local cache is used instead."},
};

/* The messages in the body of the document. */
static const struct pasted body_rows[] = {
    {"WSPC001",
     "The Windows Phone Ingestion Client version you are using (Version {0}) is no longer "
     "supported.  Please make sure you are using the current version of the Windows Phone "
     "Ingestion Client, Version {1}."},
    {"WSPC002",
     "The firmware submission is not WSPC compliant with the baseline submission {1}.  "
     "This is because the packages {0} are missing from the new submission. Since this is "
     "not a new baseline, the firmware submission is allowed.  However, since this "
     "submission not WSPC compliant and is not a baseline, it will not be available for a "
     "retail servicing update.  Retail servicing updates are only allowed for the "
     "following scenarios: between an RTM source submission and an RTM target submission, "
     "or between a legacy non-WSPC compliant source submission and an RTM target "
     "submission.  To make this submission WSPC compliant, please ensure the missing "
     "packages are included in the submission."},
    {"WSPC003",
     "The firmware submission is not WSPC compliant with the baseline submission {1}.  "
     "This is because the packages {0} are missing from the new submission.  To make this "
     "submission WSPC compliant, please ensure the missing packages are included in the "
     "submission."},
    {"RFU001",
     "The target firmware submission is not a Baseline submission, which is required for "
     "a retail servicing update. A retail servicing update is only allowed for the "
     "following scenarios: between a Baseline source submission and a Baseline target "
     "submission, or between a legacy non-WSPC compliant source submission and a Baseline "
     "target submission. Please also make sure you are using the current version of the "
     "Windows Phone Ingestion Client, Version {0}.  Submission status in this request for "
     "update: [Target submission: {1}, {2}], [Source submission: {3}, {4}]."},
    {"RFU002",
     "The source firmware submission is WSPC compliant, however it is not a Baseline "
     "submission, which is required for a retail servicing update. A retail servicing "
     "update is only allowed for the following scenarios: between a Baseline source "
     "submission and a Baseline target submission, or between a legacy non-WSPC compliant "
     "source submission and a Baseline target submission.  Please also make sure you are "
     "using the current version of the Windows Phone Ingestion Client, Version {0}."},
    {"RFU001",
     "The target firmware submission is not a Baseline submission, which is required for "
     "a retail servicing update. A retail servicing update is only allowed for the "
     "following scenarios: between a Baseline source submission and a Baseline target "
     "submission, or between a legacy non-WSPC compliant source submission and a Baseline "
     "target submission. Since this is a non-retail RFU, it is being allowed, however the "
     "RFU should be made WSPC compliant before submitting the retail RFU. RFU status in "
     "this request for update: [Target submission: {0}, {1}], [Source submission: {2}, "
     "{3}]."},
    {"RFU002",
     "The source firmware submission is WSPC compliant, however it is not a Baseline "
     "submission, which is required for a retail servicing update. A retail servicing "
     "update is only allowed for the following scenarios: between a Baseline source "
     "submission and a Baseline target submission, or between a legacy non-WSPC compliant "
     "source submission and a Baseline target submission. Since this is a non-retail RFU, "
     "it is being allowed, however the RFU should be made WSPC compliant before "
     "submitting the retail RFU."},
};

/* What no policy can waive, beside `incomplete` and the rules about waivers themselves: the nine
 * standard validations and the chain of baselines (an error each), and a set that is not one. */
static const char *const binding[] = {"STD001", "STD002", "STD003", "STD004",  "STD005", "STD006",
                                      "STD007", "STD008", "STD009", "WSPC003", "IMG013"};

static bool is_among(const char *id, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static size_t all_rows(const struct iv_rule *ret_rows[MOST_RULES])
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    size_t count = 0;
    for (size_t i = 0; i < IV_RULE_FAMILIES; i++) {
        for (size_t k = 0; k < families[i].count && count < MOST_RULES; k++) {
            ret_rows[count++] = &families[i].rows[k];
        }
    }
    return count;
}

static bool is_sentence(const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    return size > 0 && text[size - 1] == '.' && strchr(text, '%') == NULL;
}

static void check_texts(const struct iv_rule *rule)
{
    bool fine = is_sentence(rule->summary) && is_sentence(rule->why) && is_sentence(rule->remedy) &&
                rule->passes != NULL && rule->passes[0] != '\0' && rule->fails != NULL &&
                rule->fails[0] != '\0';
    fine = fine && strchr(rule->passes, '%') == NULL && strchr(rule->fails, '%') == NULL &&
           (rule->message == NULL || strchr(rule->message, '%') == NULL);
    if (!CHECK(fine)) {
        fprintf(stderr, "    texts of %s\n", rule->id);
    }
}

static void check_kind(const struct iv_rule *rule)
{
    int kinds = (rule->pattern != NULL) + (rule->check != NULL) + (rule->fault != IV_FAULT_NONE) +
                (rule->waiver != IV_WAIVER_FINE);
    if (!CHECK_INT(kinds, 1)) {
        fprintf(stderr, "    %s\n", rule->id);
    }
    CHECK(rule->applies != 0 && (rule->applies & ~(unsigned)IV_APPLIES_ALL) == 0);
    CHECK(rule->fault == IV_FAULT_NONE || rule->message != NULL);
    /* What a rule spoils it must be able to say, as a clause. */
    CHECK((rule->spoils != 0) == (rule->clause != NULL));
    CHECK(rule->clause == NULL || rule->clause[strlen(rule->clause) - 1] != '.');
    if (rule->pattern != NULL) {
        struct iv_pattern *pattern = NULL;
        struct iv_error err = {0};
        CHECK(rule->field != NULL);
        CHECK(iv_pattern_open(rule->pattern, &pattern, &err));
        iv_pattern_close(&pattern);
    }
}

/* "STD002", "IMG101": capitals, then three digits. */
static bool is_id(const char *id)
{
    const size_t letters = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return letters >= 3 && strlen(id) == letters + 3 && strspn(id + letters, "0123456789") == 3;
}

/* Severities and texts of each rule stand in the manual, which the lint compares: a change is seen
 * there. Here stands what no row may change. */
static void test_integrity(void)
{
    const struct iv_rule *rows[MOST_RULES];
    size_t count = all_rows(rows);
    CHECK(count > 0 && count < MOST_RULES);
    size_t bound_rows = 0;
    size_t faults[IV_FAULT_KINDS] = {0};
    for (size_t i = 0; i < count; i++) {
        const struct iv_rule *rule = rows[i];
        const bool is_bound = is_among(rule->id, binding, IV_COUNT(binding));
        CHECK(is_id(rule->id));
        check_texts(rule);
        check_kind(rule);
        faults[rule->fault]++;
        bound_rows += is_bound;
        CHECK_INT(rule->binding, is_bound);
        CHECK(!is_bound || rule->severity == IV_ERROR);
        CHECK_INT(iv_rule_can_be_waived(rule),
                  !is_bound && !rule->incomplete && strncmp(rule->id, "POL", 3) != 0);
        CHECK_INT(rule->uncounted, strcmp(rule->id, "WSPC005") == 0);
        for (size_t k = 0; k < i; k++) {
            CHECK(!iv_ascii_ieq(rows[i]->id, rows[k]->id));
            CHECK(!iv_ascii_ieq(rows[i]->name, rows[k]->name));
        }
    }
    CHECK_INT(bound_rows, IV_COUNT(binding));
    for (size_t kind = IV_FAULT_NONE + 1; kind < IV_FAULT_KINDS; kind++) {
        CHECK_INT(faults[kind], 1);
    }
}

static void test_find(void)
{
    const struct iv_rule *rows[MOST_RULES];
    size_t count = all_rows(rows);
    for (size_t i = 0; i < count; i++) {
        CHECK(iv_rules_find(rows[i]->id) == rows[i]);
        CHECK(iv_rules_find(rows[i]->name) == rows[i]);
    }
    CHECK(iv_rules_find("std001") == rows[0]);
    CHECK(iv_rules_find("Removal-Package") == rows[0]);
    CHECK(iv_rules_find("STD010") == NULL);
    CHECK(iv_rules_find("") == NULL);
}

/* The text as a person may paste it: holes filled, blanks and line breaks anew, quoted. */
enum form { FORM_PLAIN, FORM_FILLED, FORM_WRAPPED, FORM_QUOTED, FORM_FORMS };

static void pasted_form(struct iv_buf *buf, const char *text, enum form form)
{
    static const char *const values[] = {"Contoso.A, Contoso.B (version 1.0.0.4)", "", "1.2.3.4",
                                         "compliant", "\xd0\x96 \xe2\x80\x9cx\xe2\x80\x9d"};
    size_t words = 0;
    iv_buf_clear(buf);
    iv_buf_puts(buf, form == FORM_QUOTED ? "> **WARNING: `" : "");
    for (const char *p = text; *p != '\0'; p++) {
        if (form != FORM_PLAIN && p[0] == '{' && p[2] == '}') {
            iv_buf_puts(buf, values[p[1] - '0']);
            p += 2;
        } else if (*p == ' ' && form == FORM_WRAPPED && ++words % 5 == 0) {
            iv_buf_puts(buf, "\r\n\t  ");
        } else if (*p == ' ' && form == FORM_QUOTED && ++words % 6 == 0) {
            iv_buf_puts(buf, "\n> ");
        } else {
            iv_buf_putc(buf, form == FORM_WRAPPED && *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
        }
    }
    iv_buf_puts(buf, form == FORM_QUOTED ? "`**\n" : "");
}

static void check_message(const char *id, const char *text)
{
    const struct iv_rule *rule = iv_rules_find_message(text);
    if (!CHECK_STR(rule == NULL ? "none" : rule->id, id)) {
        fprintf(stderr, "    for \"%s\"\n", text);
    }
}

static void check_all_forms(const struct pasted *rows, size_t count)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count; i++) {
        for (int form = FORM_PLAIN; form < FORM_FORMS; form++) {
            pasted_form(&buf, rows[i].text, (enum form)form);
            check_message(rows[i].id, iv_buf_text(&buf));
        }
    }
}

/* Every own message and alias finds its row, and stands exactly so in the document. */
static void test_messages(void)
{
    check_all_forms(table_rows, IV_COUNT(table_rows));
    check_all_forms(body_rows, IV_COUNT(body_rows));
    const struct iv_rule *rows[MOST_RULES];
    size_t count = all_rows(rows);
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->message != NULL) {
            check_message(rows[i]->id, rows[i]->message);
        }
        for (size_t k = 0; k < IV_COUNT(rows[i]->alias) && rows[i]->alias[k] != NULL; k++) {
            check_message(rows[i]->id, rows[i]->alias[k]);
        }
    }
    for (size_t i = 0; i < IV_COUNT(body_rows); i++) {
        const struct iv_rule *rule = iv_rules_find(body_rows[i].id);
        bool same = strcmp(rule->message, body_rows[i].text) == 0 ||
                    (rule->alias[0] != NULL && strcmp(rule->alias[0], body_rows[i].text) == 0);
        CHECK(same);
    }
    for (size_t i = 3; i < IV_COUNT(table_rows); i++) {
        CHECK_STR(iv_rules_find(table_rows[i].id)->message, table_rows[i].text);
    }
    for (size_t i = 1; i < 3; i++) {
        CHECK_STR(iv_rules_find(table_rows[i].id)->alias[1], table_rows[i].text);
    }
}

static void test_clips(void)
{
    check_message("WSPC014", "this must be the first and new baseline submission");
    check_message("WSPC014", "submission result returned, this must be the first and new base");
    check_message("WSPC008", "thrown while loading a package. fw/x.spkg : no manifest");
    check_message("WSPC008", "warning: An exception was thrown while loading a package. a : b");
    check_message("WSPC009", "ERROR WSPC009 Could not retrieve the firmware version of the "
                             "submission. See the remedy.");
    check_message("WSPC002",
                  "Since this is not a new baseline, the firmware submission is allowed");
    check_message("WSPC006", "Could not retrieve the baseline package list while running on the "
                             "client. A WSPC compliance check cannot be performed. WSPC not "
                             "checked: no baseline store. First baseline: imgval cache add "
                             "--baseline PATH. Skip on purpose: --no-wspc");
    /* The first and the last word may be cut, those between them may not. */
    check_message("WSPC014", "baseline submission result returned, this must be the fir");
    check_message("WSPC014", "eline submission result returned, this must be the fir");
    check_message("none", "baseline submis result returned, this must be the first");
    check_message("none", "baseline submission result returned, thisx must be the first");
    check_message("WSPC009", "retrieve the firmware version of the");
    check_message("WSPC009", "ve the firmware version"); /* just long enough */
    check_message("none", "e the firmware version");
    check_message("none", "A WSPC compliance check cannot be performed."); /* two rows say so */
    check_message("none", "Could not retrieve the");
    check_message("none", "the submission");
    check_message("none", "");
    check_message("none", "{0}");
    check_message("none", "   \n");
    check_message("none",
                  "a text that has nothing to do with any of the messages of this document");
    check_message("none", "The printer is out of paper. Please make sure you call somebody now.");
}

static void test_long_paste(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (int i = 0; i < 20000; i++) {
        iv_buf_puts(&buf, "the submission ");
    }
    check_message("none", iv_buf_text(&buf));
}

static void test_fill(void)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    const char *const arguments[] = {"a{1}", "%s", NULL};
    CHECK_STR(iv_rules_fill(&arena, "{1} {0} {0} {2} {3} {x} {", arguments, 3),
              "%s a{1} a{1} {2} {3} {x} {");
    CHECK_STR(iv_rules_fill(&arena, "", arguments, 3), "");
    struct iv_package packages[25] = {{0}};
    const struct iv_package *list[25];
    for (size_t i = 0; i < 25; i++) {
        packages[i].name = iv_arena_printf(&arena, "p%zu", i);
        list[i] = &packages[i];
    }
    CHECK_STR(iv_rules_names(&arena, list, 0), "");
    CHECK_STR(iv_rules_names(&arena, list, 2), "p0, p1");
    CHECK(strstr(iv_rules_names(&arena, list, 20), "p18, p19") != NULL);
    CHECK(strstr(iv_rules_names(&arena, list, 20), "more") == NULL);
    CHECK(strstr(iv_rules_names(&arena, list, 25), "p18, p19 and 5 more") != NULL);
    iv_arena_fini(&arena);
}

int main(void)
{
    test_integrity();
    test_find();
    test_messages();
    test_clips();
    test_long_paste();
    test_fill();
    return unit_end();
}
