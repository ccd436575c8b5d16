/* Loaded before the C library: the time of day jumps to another year ten times a second. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*ask)(clockid_t, struct timespec *);

static int jumped(clockid_t clock, struct timespec *now) {
    if (!ask)
        ask = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = ask(clock, now);
    if (failed || clock != CLOCK_REALTIME)
        return failed;
    struct timespec since;
    ask(CLOCK_MONOTONIC, &since);
    const char *seed = getenv("JUMPS");
    unsigned long lot = since.tv_sec * 10 + since.tv_nsec / 100000000;
    lot = (lot + (seed ? strtoul(seed, NULL, 10) : 0)) * 6364136223846793005ul + 1442695040888963407ul;
    now->tv_sec += (long)(lot >> 33) % (40l * 365 * 86400) - 20l * 365 * 86400;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) { return jumped(clock, now); }

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec told;
    int failed = jumped(CLOCK_REALTIME, &told);
    now->tv_sec = told.tv_sec;
    now->tv_usec = told.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *now) {
    struct timespec told;
    jumped(CLOCK_REALTIME, &told);
    if (now)
        *now = told.tv_sec;
    return told.tv_sec;
}
