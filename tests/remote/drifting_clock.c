/* CLOCK_MONOTONIC of a computer whose oscillator is wrong, for the processes that preload this.

   Waits until a time on that clock are put back onto the kernel's, which does not drift. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

static double drift, from; /* seconds a second; the time at which both clocks agree */

__attribute__((constructor)) static void read_settings(void) {
    drift = atof(getenv("DRIFTING_CLOCK_DRIFT"));
    from = atof(getenv("DRIFTING_CLOCK_FROM"));
}

/* Only the distance from the beginning is a double: it keeps the nanoseconds. */
static void add(struct timespec *t, double factor) {
    double since = (double)t->tv_sec - from + 1e-9 * (double)t->tv_nsec;
    long long all = t->tv_nsec + (long long)(1e9 * factor * since);
    long long seconds = all / 1000000000LL - (all % 1000000000LL < 0);
    t->tv_sec += seconds;
    t->tv_nsec = all - 1000000000LL * seconds;
}

static struct timespec of_kernel(clockid_t clock, const struct timespec *t) {
    struct timespec moved = *t;
    if (clock == CLOCK_MONOTONIC) add(&moved, -drift / (1 + drift));
    return moved;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *t) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int status = real(clock, t);
    if (!status && clock == CLOCK_MONOTONIC) add(t, drift);
    return status;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *rest) {
    struct timespec until = flags & TIMER_ABSTIME ? of_kernel(clock, t) : *t;
    return REAL(clock_nanosleep)(clock, flags, &until, rest);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *t) {
    struct timespec until = of_kernel(clock, t);
    return REAL(pthread_cond_clockwait)(condition, mutex, clock, &until);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *t) {
    struct timespec until = of_kernel(clock, t);
    return REAL(sem_clockwait)(semaphore, clock, &until);
}
