/* What chunks of a block read and write, asked for while others, or other parts of their own, are computed. */
#ifndef PKBENCH_STREAMS_H
#define PKBENCH_STREAMS_H

#include "ahead.h"
#include "work.h"

#ifndef FAR /* tests, whose models are small, have another one */
#define FAR (64 * 1024) /* numbers of a block's input */
#endif
#define MOST_KEPT (512 * 1024) /* bytes of a chunk */

/* Whether products are done so soon that asking for rows in an order that the processor guesses takes longer than it gains: beside a
 * matrix unit (a step without: 0.98 at 64 x 64, 0.93 to 0.98 at 128 x 128). */
static int is_guessed(const Work *work) {
    return HAS_TILES && work->rounded && !work->block->anywhere && !work->block->middle;
}

/* Whether there is a chunk at group j, and it is worth asking for: where all features of a slice are near, that took 1 to 2 % of a
 * step (16 x 32). */
static int has_chunk(const Work *work, int64_t j) {
    return !is_guessed(work) && j < work->block->groups && work->block->groups * work->block->inputs * work->at.width > FAR;
}

/* Bytes of a number of values, slopes or the operand's rows. */
static int64_t kept_bytes(const Work *work) { return work->rounded ? 2 : 4; }

/* The same for a chunk of values or slopes: a larger one would push out of the second cache what is used now (RP 0.98 at 16 x 986
 * without). */
static int has_small_chunk(const Work *work, int64_t j) {
    return has_chunk(work, j) && work->D * work->at.step * kept_bytes(work) <= MOST_KEPT;
}

/* The rows that its operand is read from, or that the operand's gradient goes to. */
static void will_use_inputs(const Work *work, int64_t j, const void *rows, int64_t bytes, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t row = work->at.width * bytes;
    if (has_chunk(work, j))
        will_use(ahead, (Stream){rows, block->enter + j * block->inputs, row, row, groups_at(work, j) * block->inputs});
}

static void will_read_operand(const Work *work, int64_t j, Ahead *ahead) {
    will_use_inputs(work, j, work->rounded ? (const void *)work->entered : work->X, kept_bytes(work), ahead);
}

/* The rows of X that its result goes to, or comes from. */
static void will_use_results(const Work *work, int64_t j, const float *X, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t row = work->at.width * 4;
    if (has_chunk(work, j))
        will_use(ahead, (Stream){(const char *)X, block->leave + j * block->outputs, row, row, groups_at(work, j) * block->outputs});
}

/* Its lines of values or slopes. */
static void will_use_kept(const Work *work, int64_t j, const void *kept, Ahead *ahead) {
    const int64_t bytes = kept_bytes(work), line = work->at.step * bytes;
    if (has_small_chunk(work, j) && kept)
        will_use(ahead, (Stream){(const char *)kept + j / work->at.groups * work->D * line, 0, line,
                                 groups_at(work, j) * work->at.width * bytes, work->D});
}

/* Its rows of values, from the places where they are. */
static void will_use_moved(const Work *work, int64_t j, Ahead *ahead) {
    const int64_t bytes = kept_bytes(work);
    if (has_small_chunk(work, j))
        will_use(ahead, (Stream){(const char *)work->values, work->block->middle + j * work->D, LANES * bytes, work->at.width * bytes,
                             groups_at(work, j) * work->D});
}

/* While the chunk at group j goes forward through the first layer, where its rows change places behind it. */
static Ahead ahead_of_first_layer(const Work *work, int64_t j) {
    const int64_t next = j + work->at.groups;
    Ahead ahead = {.streams = 0};
    will_read_operand(work, next, &ahead);
    will_use_moved(work, next, &ahead);
    will_use_kept(work, next, work->slopes, &ahead);
    return ahead;
}

/* While the chunk at group j goes forward. */
static Ahead ahead_of_result(const Work *work, int64_t j, int64_t adds, const float *X_out) {
    Ahead ahead = {.streams = 0};
    if (work->block->hidden) will_use_kept(work, j + work->at.groups, work->values, &ahead);
    if (!work->block->middle) will_use_kept(work, j + work->at.groups, work->slopes, &ahead);
    will_use_results(work, j, X_out, &ahead);
    if (adds) will_use_results(work, j, work->X, &ahead);
    return ahead;
}

/* While it goes backward through the second layer: what the first needs, or the next chunk. */
static Ahead ahead_of_second_backward(const Work *work, int64_t j, const float *dX_out) {
    const int64_t next = j + work->at.groups;
    Ahead ahead = {.streams = 0};
    if (!work->block->middle) {
        will_read_operand(work, j, &ahead);
        will_use_kept(work, j, work->slopes, &ahead);
    } else if (next < work->block->groups) {
        will_use_results(work, next, dX_out, &ahead);
        will_use_kept(work, next, work->values, &ahead);
    } else {
        will_use_kept(work, 0, work->slopes, &ahead);
        will_use_moved(work, 0, &ahead);
    }
    return ahead;
}

/* While it goes backward through the first layer: its own inputs' gradient, where rows come in no order that the processor would guess,
 * and the next chunk. */
static Ahead ahead_of_first_backward(const Work *work, int64_t j, const float *dX_out, const float *dN) {
    const Block *block = work->block;
    const int64_t next = j + work->at.groups;
    Ahead ahead = {.streams = 0};
    if (block->middle || !block->hidden) {
        will_read_operand(work, next, &ahead);
        will_use_kept(work, next, work->slopes, &ahead);
    }
    if (block->hidden && !block->middle) will_use_kept(work, next, work->values, &ahead);
    if (!block->middle) will_use_results(work, next, dX_out, &ahead);
    if (block->middle) will_use_moved(work, next, &ahead);
    if (block->anywhere) will_use_inputs(work, j, dN, 4, &ahead);
    return ahead;
}

#define AHEAD 8 /* rows between asking for one, into the first cache, and its turn: they lie anywhere */

static inline void ask_for_row(const void *row, int64_t bytes) {
    for (int64_t byte = 0; byte < bytes; byte += LINE) __builtin_prefetch((const char *)row + byte);
}

/* Where row d of a group lies in the second layer's operand, of `bytes` a number; that of the row AHEAD of it is asked for. */
static inline void *moved(const Work *work, int64_t group, int64_t d, int64_t bytes) {
    const int32_t *places = work->block->middle + group * work->D;
    char *values = (char *)work->values;
    if (d + AHEAD < work->D) ask_for_row(values + (int64_t)places[d + AHEAD] * LANES * bytes, work->at.width * bytes);
    return values + (int64_t)places[d] * LANES * bytes;
}

#endif
