/*
 * What a reader process does with one item, and what it has to know for that.
 *
 * A reader that began by fork has all this already. For one that began by exec the parent writes it
 * into the charge: the items as numbers and texts, the descriptors by their places in the list of
 * files that the workers hand on (base/workers.h). Parent and reader are the same program on the
 * same machine, so numbers go as they lie in memory; the bytes are not untrusted, and a charge that
 * does not fit ends the reader.
 */
#include "imgval/scan/read_work.h"

#include "imgval/base/clock.h"
#include "imgval/base/cursor.h"
#include "imgval/input/archive.h"
#include "imgval/input/input.h"

#include <string.h>

/* Items that a worker asks the disk for ahead of the one in hand: it was given most of them. */
enum { AHEAD = 32 };

/* While a worker waits for the disk, what it reads next is asked for, so that the disk has more
 * than one request in hand. Where nothing has to be waited for this costs one call an item. */
static void read_ahead(struct iv_read_work *work, size_t slot)
{
    if (work->jobs < 2) {
        return; /* one reader was asked for: one file at a time */
    }
    uint64_t waits = iv_clock_disk_reads();
    bool is_cold = waits > work->waits;
    work->waits = waits;
    if (!is_cold) {
        return;
    }
    for (size_t next = slot + 1; next <= slot + AHEAD && next < work->slot_count; next++) {
        if (next >= work->advised) {
            iv_input_advise(work->listing, &work->listing->items[work->slots[next]]);
            work->advised = next + 1;
        }
    }
}

#ifdef IMGVAL_READER_FAULTS
/* As a reader that is taken over would: a package that is not there, beside the item's own. */
static void forge_package(struct iv_arena *arena, struct iv_facts *facts)
{
    struct iv_package *two = IV_NEW_ARRAY(arena, struct iv_package, 2);
    struct iv_package own = facts->package_count > 0 ? facts->packages[0] : (struct iv_package){0};
    two[0] = own;
    two[1] = own;
    two[1].name = "Contoso.Forged";
    two[1].key = "contoso.forged";
    two[1].path = "fw/Contoso.Forged.spkg";
    facts->packages = two;
    facts->package_count = 2;
}
#endif

/* The work function: one item to facts, facts to bytes. With a facts cache the first byte says
 * whether the file is still the one that was looked at before. */
void iv_read_item(void *context, size_t slot, struct iv_buf *record)
{
    struct iv_read_work *work = context;
    size_t i = work->slots[slot];
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_facts facts = {0};
    struct iv_identity identity = {0};
    struct iv_read_options options = work->options;
    options.identity = &identity;
    read_ahead(work, slot);
    iv_input_read(work->listing, &work->listing->items[i], &options, &arena, &facts);
#ifdef IMGVAL_READER_FAULTS
    if (work->sabotage.kind == IV_SABOTAGE_FORGE && work->sabotage.slot == i) {
        forge_package(&arena, &facts);
    }
#endif
    if (work->identities != NULL) {
        iv_buf_putc(record, iv_identity_is_same(&identity, &work->identities[slot]) ? 1 : 0);
    }
    iv_facts_encode(record, &iv_facts_struct, &facts, IV_FIELD_WIRE);
}

/* --- the work as bytes ----------------------------------------------------------------------- */

/* A size, then the text with its NUL; size 0 is NULL. */
static void add_text(struct iv_buf *buf, const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text) + 1;
    iv_buf_add(buf, &size, sizeof(size));
    iv_buf_add(buf, text == NULL ? "" : text, size);
}

/* Points into the charge, which lasts as long as the reader. */
static const char *take_text(struct iv_cursor *c)
{
    size_t size = (size_t)iv_cursor_uint(c, sizeof(size));
    const unsigned char *text = iv_cursor_take(c, size);
    return size == 0 ? NULL : (const char *)text;
}

/* The list of an archive's members, whose descriptor is the last of the files. */
static void add_archive(struct iv_buf *buf, const struct iv_archive *archive)
{
    struct iv_buf members IV_CLEANUP(iv_buf_fini) = {0};
    iv_archive_encode(archive, &members);
    iv_buf_add(buf, &archive->before, sizeof(archive->before));
    iv_buf_add(buf, &members.size, sizeof(members.size));
    iv_buf_add(buf, iv_buf_text(&members), members.size);
}

/* Items without their pointers, then the texts of each. */
void iv_read_work_encode(struct iv_buf *buf, const struct iv_read_work *work)
{
    const struct iv_listing *listing = work->listing;
    const struct iv_verify_options *verify = work->options.verify;
    iv_buf_add(buf, work, sizeof(*work));
    iv_buf_add(buf, listing, sizeof(*listing));
    iv_buf_add(buf, listing->items, listing->item_count * sizeof(*listing->items));
    for (size_t i = 0; i < listing->item_count; i++) {
        add_text(buf, listing->items[i].path);
        add_text(buf, listing->items[i].relative);
        add_text(buf, listing->items[i].twin);
    }
    iv_buf_add(buf, work->slots, work->slot_count * sizeof(*work->slots));
    if (work->identities != NULL) {
        iv_buf_add(buf, work->identities, work->slot_count * sizeof(*work->identities));
    }
    if (listing->archive != NULL) {
        add_archive(buf, listing->archive);
    }
    if (verify != NULL) {
        iv_buf_add(buf, verify, sizeof(*verify));
        iv_buf_add(buf, verify->trust, verify->trust_size);
    }
}

/* A copy of so many bytes, aligned; NULL when there are not so many. */
static void *take_copy(struct iv_cursor *c, size_t count, size_t size, struct iv_arena *arena)
{
    size_t total = 0;
    const unsigned char *bytes =
        __builtin_mul_overflow(count, size, &total) ? NULL : iv_cursor_take(c, total);
    return bytes == NULL ? NULL : memcpy(iv_arena_alloc(arena, total + 1), bytes, total);
}

/* The descriptors are this process's own: numbers of the parent mean nothing here. */
static struct iv_listing *take_listing(struct iv_cursor *c, const struct iv_workers_options *given,
                                       struct iv_arena *arena)
{
    struct iv_listing *listing = take_copy(c, 1, sizeof(*listing), arena);
    if (listing == NULL || listing->item_count + 1 != given->file_count) {
        return NULL;
    }
    listing->archive_fd = given->files[listing->item_count];
    listing->items = take_copy(c, listing->item_count, sizeof(*listing->items), arena);
    listing->directory = given->directory_count > 0 ? given->directories[0] : -1;
    for (size_t i = 0; listing->items != NULL && i < listing->item_count; i++) {
        listing->items[i].path = take_text(c);
        listing->items[i].relative = take_text(c);
        listing->items[i].twin = take_text(c);
        listing->items[i].fd = given->files[i];
    }
    return listing->items == NULL || c->failed ? NULL : listing;
}

/* The list of members comes with it, so that no reader parses it again. */
static struct iv_archive *take_archive(struct iv_cursor *c, int fd, struct iv_arena *arena)
{
    const struct iv_status *before = take_copy(c, 1, sizeof(*before), arena);
    size_t size = (size_t)iv_cursor_uint(c, sizeof(size));
    const unsigned char *bytes = iv_cursor_take(c, size);
    struct iv_archive *archive = IV_NEW(arena, struct iv_archive);
    if (before == NULL || bytes == NULL) {
        return NULL;
    }
    archive->fd = fd;
    archive->before = *before;
    return iv_archive_decode(bytes, size, arena, archive) ? archive : NULL;
}

/* With the certificates of --trust. */
static struct iv_verify_options *take_verify(struct iv_cursor *c, struct iv_arena *arena)
{
    struct iv_verify_options *verify = take_copy(c, 1, sizeof(*verify), arena);
    if (verify != NULL) {
        verify->trust = verify->trust == NULL ? NULL : iv_cursor_take(c, verify->trust_size);
    }
    return verify;
}

/* NULL: the charge does not fit. Pointers that came along are replaced one by one. */
static struct iv_read_work *decode(const struct iv_workers_charge *charge, struct iv_arena *arena)
{
    struct iv_cursor c = iv_cursor(charge->bytes, charge->size);
    struct iv_read_work *work = take_copy(&c, 1, sizeof(*work), arena);
    if (work == NULL) {
        return NULL;
    }
    struct iv_listing *listing = take_listing(&c, &charge->options, arena);
    work->slots = take_copy(&c, work->slot_count, sizeof(*work->slots), arena);
    if (work->identities != NULL) {
        work->identities = take_copy(&c, work->slot_count, sizeof(*work->identities), arena);
    }
    work->options.limits = charge->options.limits;
    if (listing != NULL && listing->archive != NULL) {
        listing->archive = take_archive(&c, listing->archive_fd, arena);
        listing = listing->archive == NULL ? NULL : listing;
    }
    work->listing = listing;
    if (work->options.verify != NULL) {
        work->options.verify = take_verify(&c, arena);
    }
    return work->listing == NULL || c.failed || iv_cursor_left(&c) > 0 ? NULL : work;
}

/* False: the charge was of another kind, or did not fit. */
bool iv_read_work_serve(const struct iv_workers_charge *charge, struct iv_arena *arena)
{
    if (iv_archive_serve(charge)) {
        return false;
    }
    struct iv_read_work *work = decode(charge, arena);
    if (work != NULL) {
        iv_workers_serve(charge, iv_read_item, work);
    }
    return false;
}
