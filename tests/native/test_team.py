"""Threads of the C part: every share of every task is done once, whoever is there to do it."""

import ctypes
import threading
import time

import pytest

from tests.native.compiled import compiled, threads_here

PROGRAM = """
#include <pthread.h>
static int left;
static int some(pthread_t *handle, const pthread_attr_t *about, void *(*begin)(void *), void *with) {
    return left-- > 0 ? pthread_create(handle, about, begin, with) : 1;
}
#define pthread_create some
#include "team.h"
#define PUBLIC __attribute__((visibility("default")))

typedef struct { int64_t *counts, *shared; pthread_t caller; } Counts;

static void count(const void *with, int64_t thread, int64_t threads) {
    const Counts *counts = with;
    counts->counts[thread]++;
    counts->shared[thread] = threads;
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, 0, &now);
    if (!pthread_equal(pthread_self(), counts->caller) && !sigismember(&now, SIGINT)) counts->counts[thread] = -1;
}

PUBLIC Team *team(int64_t threads, int64_t given) { left = given; return team_of(threads); }
PUBLIC int64_t there(const Team *team) { return team->there; }
PUBLIC void run(Team *team, int64_t rounds, int64_t *counts, int64_t *shared) {
    const Counts with = {counts, shared, pthread_self()};
    for (int64_t i = 0; i < rounds; i++) together(team, count, &with, i % 2 ? PATIENCE : 0);
}
PUBLIC void end(Team *team) { dismiss(team); }
"""


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("team")
    (folder / "program.c").write_text(PROGRAM, encoding="utf-8")
    part = compiled([folder / "program.c"], folder)
    part.team.restype = ctypes.c_void_p
    part.team.argtypes = (ctypes.c_int64, ctypes.c_int64)
    part.there.restype = ctypes.c_int64
    part.run.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    part.there.argtypes = part.end.argtypes = (ctypes.c_void_p,)
    return part


def run(part: ctypes.CDLL, team: int, threads: int, rounds: int) -> None:
    counts, shared = (ctypes.c_int64 * threads)(), (ctypes.c_int64 * threads)()
    part.run(team, rounds, counts, shared)
    assert list(counts) == [rounds] * threads
    assert list(shared) == [threads] * threads


@pytest.mark.parametrize(("threads", "given"), [(1, 0), (2, 1), (2, 0), (5, 4), (5, 2), (8, 0)])
def test_each_share_is_done_once_by_whoever_is_there(part: ctypes.CDLL, threads: int, given: int) -> None:
    team = part.team(threads, given)
    assert part.there(team) == given
    run(part, team, threads, 3000)
    for _ in range(5):
        time.sleep(0.02)  # longer than anyone looks before going to sleep
        run(part, team, threads, 3)
    part.end(team)


def test_teams_work_beside_each_other(part: ctypes.CDLL) -> None:
    teams = [part.team(3, 2) for _ in range(4)]
    failed: list[BaseException] = []

    def work(team: int) -> None:
        try:
            run(part, team, 3, 500)
        except BaseException as error:
            failed.append(error)

    callers = [threading.Thread(target=work, args=(team,)) for team in teams]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for team in teams:
        part.end(team)
    assert not failed


def test_they_end_with_their_team(part: ctypes.CDLL) -> None:
    before = threads_here()
    team = part.team(6, 5)
    begun = threads_here() - before
    assert len(begun) == 5
    part.end(team)
    assert not begun & threads_here()
