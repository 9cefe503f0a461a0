/*
 * Time spent, from three clocks: the monotonic one, that of this process, and what the kernel adds
 * up for children that were waited for. A child that still runs is not in it. A clock that cannot
 * be read is 0.
 */
#include "imgval/base/clock.h"
#include "imgval/base/span.h"

#include <sys/resource.h>
#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t timeval_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_usec * 1000;
}

struct iv_span iv_span_now(void)
{
    struct rusage children = {0};
    (void)getrusage(RUSAGE_CHILDREN, &children);
    return (struct iv_span){
        .wall = clock_ns(CLOCK_MONOTONIC),
        .cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + timeval_ns(&children.ru_utime) +
               timeval_ns(&children.ru_stime),
    };
}

void iv_span_add(struct iv_span *total, const struct iv_span *start)
{
    struct iv_span now = iv_span_now();
    total->wall += now.wall - start->wall;
    total->cpu += now.cpu - start->cpu;
}

int64_t iv_clock_ms(void)
{
    return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}

uint64_t iv_clock_cpu_ms(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000000;
}

/* Blocks that had to come from the disk: what the page cache had costs nothing. */
uint64_t iv_clock_disk_reads(void)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_inblock;
}

void iv_clock_sleep_ms(unsigned ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}
