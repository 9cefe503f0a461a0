/*
 * wspc_model.h: a second, naive answer to the questions of imgval/model/wspc.h, written from the
 * sentences of the contract (sections 4 and 5) with loops over names. It shares no code with the
 * program: no arena, no keys, no sets, no versions, no folding. For test_wspc_property.c.
 */
#ifndef TESTS_UNIT_WSPC_MODEL_H
#define TESTS_UNIT_WSPC_MODEL_H

#include <stdbool.h>
#include <stddef.h>

enum { MODEL_PACKAGES = 24, MODEL_POPS = 4, MODEL_NAME = 96 };

struct model_package {
    const char *file_name;     /* of a package file, without folders; NULL: a bare manifest */
    const char *manifest_name; /* what the bare manifest says */
    const char *language;      /* of a CBS package; NULL: none, or an SPKG */
    const char *owner_type;
    const char *path;
    bool says_removal;     /* the manifest does; the file name may, too */
    bool is_from_history;  /* an entry of the phone's history; manifest_name is its identity */
    char name[MODEL_NAME]; /* set by model_prepare() */
};

struct model_submission {
    const char *id;
    const char *version;
    bool is_baseline;
    const char *pops[MODEL_POPS][3]; /* manufacturer, operator, model */
    size_t pop_count;
    struct model_package packages[MODEL_PACKAGES];
    size_t package_count;
};

enum model_place { MODEL_OLDER, MODEL_NEWER, MODEL_SAME, MODEL_PLACES };

struct model_answer {
    const char *status;
    const char *neighbour[MODEL_PLACES]; /* ids; NULL: none, or more than one */
    size_t several;
    bool is_broken[MODEL_PLACES];
    char missing[MODEL_PLACES][MODEL_PACKAGES * 24]; /* sorted names, each with a blank after it */
};

/* Works out the names; to be called once for each submission. */
void model_prepare(struct model_submission *submission);

bool model_has_pop(const struct model_submission *submission, const char *const pop[3]);

/* WSPC of one variant against the baselines among the records. */
void model_judge(const struct model_submission *records, size_t count,
                 const struct model_submission *submission, const char *const pop[3],
                 bool all_owners, struct model_answer *ret_answer);

/* Request for update: bit n is set when RFU00n holds. */
unsigned model_request(const struct model_submission *records, size_t count,
                       const struct model_submission *source, const struct model_submission *target,
                       const char *const pop[3]);

#endif
