/* Threads that do a task together, each its share, and wait for the next one. */
#ifndef PKBENCH_TEAM_H
#define PKBENCH_TEAM_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* How often one who waits looks before going to sleep: some hundred microseconds, longer than from one task of a step to the next,
 * and than a batch takes of a model so small that being woken, some fifty microseconds, would count. */
#define PATIENCE 8000

/* Share number `thread` of `threads` of something. */
typedef void Task(const void *with, int64_t thread, int64_t threads);

typedef struct {
    int64_t threads, there; /* that share a task; that there are beside the caller, fewer only where the system gives no more */
    pthread_t *handles;
    pthread_mutex_t lock;
    pthread_cond_t asked, done;
    atomic_llong round, working; /* number of the last task; who is at it beside the caller */
    Task *task; /* NULL: go home */
    const void *with;
    int looks; /* for another task behind it, before going to sleep */
} Team;

/* What a thread is told at its start. */
typedef struct {
    Team *team;
    int64_t number;
} Member;

static inline void look_again(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Until *number is `value`, which is told by `sign` under the lock. */
static void wait_until(Team *team, atomic_llong *number, long long value, pthread_cond_t *sign, int looks) {
    for (int look = 0; look < looks; look++, look_again())
        if (atomic_load_explicit(number, memory_order_acquire) == value) return;
    pthread_mutex_lock(&team->lock);
    while (atomic_load(number) != value) pthread_cond_wait(sign, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

static void *member(void *told) {
    const Member me = *(Member *)told;
    Team *team = me.team;
    free(told);
    int looks = 0;
    for (long long round = 1;; round++) {
        wait_until(team, &team->round, round, &team->asked, looks);
        if (!team->task) return 0;
        team->task(team->with, me.number, team->threads);
        looks = team->looks;
        if (atomic_fetch_sub(&team->working, 1) > 1) continue;
        pthread_mutex_lock(&team->lock);
        pthread_cond_signal(&team->done);
        pthread_mutex_unlock(&team->lock);
    }
}

static void ask(Team *team, Task *task, const void *with, int looks) {
    team->task = task;
    team->with = with;
    team->looks = looks;
    atomic_store(&team->working, team->there);
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->round, 1);
    pthread_cond_broadcast(&team->asked);
    pthread_mutex_unlock(&team->lock);
}

/* All shares of a task, number 0 in this thread, and those that nobody else is there for. looks: PATIENCE where another task is about
 * to come; 0 where others, PyTorch's threads, have their turn. */
static void together(Team *team, Task *task, const void *with, int looks) {
    if (team->there) ask(team, task, with, looks);
    task(with, 0, team->threads);
    for (int64_t thread = team->there + 1; thread < team->threads; thread++) task(with, thread, team->threads);
    if (team->there) wait_until(team, &team->working, 0, &team->done, PATIENCE);
}

/* Send all home. */
static void dismiss(Team *team) {
    if (team->there) ask(team, 0, 0, 0);
    for (int64_t i = 0; i < team->there; i++) pthread_join(team->handles[i], 0);
    pthread_cond_destroy(&team->asked);
    pthread_cond_destroy(&team->done);
    pthread_mutex_destroy(&team->lock);
    free(team->handles);
    free(team);
}

/* A team of so many threads with the caller; NULL: there is no memory. */
static Team *team_of(int64_t threads) {
    Team *team = calloc(1, sizeof *team);
    pthread_t *handles = calloc((size_t)threads, sizeof *handles);
    if (!team || !handles) {
        free(team);
        free(handles);
        return 0;
    }
    team->threads = threads;
    team->handles = handles;
    pthread_mutex_init(&team->lock, 0);
    pthread_cond_init(&team->asked, 0);
    pthread_cond_init(&team->done, 0);
    /* Signals are for threads that know what to do about them. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int64_t number = 1; number < threads; number++) {
        Member *told = malloc(sizeof *told);
        if (!told) break;
        *told = (Member){team, number};
        if (pthread_create(&handles[number - 1], 0, member, told)) {
            free(told);
            break;
        }
        team->there = number;
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return team;
}

#endif
