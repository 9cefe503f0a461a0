/*
 * Time spent, on Windows: the performance counter, and what the system adds up for this process.
 * What its readers used is not added: they have ended when somebody asks, and nothing keeps it.
 */
#include "imgval/base/clock.h"
#include "imgval/base/span.h"

#include <windows.h>

#define NS_PER_SECOND UINT64_C(1000000000)

static uint64_t wall_ns(void)
{
    LARGE_INTEGER now;
    LARGE_INTEGER per_second;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&per_second);
    uint64_t ticks = (uint64_t)now.QuadPart;
    uint64_t rate = (uint64_t)per_second.QuadPart;
    return ticks / rate * NS_PER_SECOND + ticks % rate * NS_PER_SECOND / rate;
}

static uint64_t ticks_of(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static uint64_t cpu_ns(void)
{
    FILETIME begin;
    FILETIME end;
    FILETIME kernel;
    FILETIME user;
    if (!GetProcessTimes(GetCurrentProcess(), &begin, &end, &kernel, &user)) {
        return 0;
    }
    return (ticks_of(&kernel) + ticks_of(&user)) * 100;
}

struct iv_span iv_span_now(void)
{
    return (struct iv_span){.wall = wall_ns(), .cpu = cpu_ns()};
}

void iv_span_add(struct iv_span *total, const struct iv_span *start)
{
    struct iv_span now = iv_span_now();
    total->wall += now.wall - start->wall;
    total->cpu += now.cpu - start->cpu;
}

int64_t iv_clock_ms(void)
{
    return (int64_t)(wall_ns() / 1000000);
}

uint64_t iv_clock_cpu_ms(void)
{
    return cpu_ns() / 1000000;
}

uint64_t iv_clock_disk_reads(void)
{
    return 0;
}

void iv_clock_sleep_ms(unsigned ms)
{
    Sleep(ms);
}
