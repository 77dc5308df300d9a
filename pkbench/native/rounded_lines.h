/* Lines of a chunk on their way to a product of bfloat16, one or two at a time: after the activation, or, as gradients, before it. */
#ifndef PKBENCH_ROUNDED_LINES_H
#define PKBENCH_ROUNDED_LINES_H

#include "block.h"

/* Plain lines of the chunk at group j in memory for all chunks. */
static uint16_t *plain_chunk(const Work *work, const void *base, int64_t j) {
    return (uint16_t *)base + j / work->at.groups * work->D * work->at.step;
}

/* `activate_lines` of a block with a second layer; `keeps`: phi'; `moves`: rows change places between the layers. */
static inline __attribute__((always_inline)) void activate_operand(const int kind, const int lines, const int keeps,
                                                                   const int moves, const Work *work, int64_t j, int64_t d,
                                                                   const float *bias, const float *restrict from) {
    const int64_t step = work->at.step, width = work->at.width, columns = groups_at(work, j) * width, place = d * step;
    uint16_t *slopes = keeps ? plain_chunk(work, work->slopes, j) + place : 0;
    uint16_t *low = moves || !work->values ? 0 : plain_chunk(work, work->values, j) + place, *high = low ? low + step : 0;
    uint32_t *paired = moves ? 0 : work->paired + d / 2 * step;
    /* One loop over all columns, for what it needs in registers is loaded before it. */
    for (int64_t at = 0, left = 0, part = 0; at < columns; at += LANES, left -= LANES) {
        if (moves && left == 0) {
            const int64_t group = j + part++;
            low = moved(work, group, d, sizeof *low), left = width;
            if (lines > 1) high = moved(work, group, d + 1, sizeof *high);
        }
        Vector x[2] = {{0}, {0}}, slope[2] = {{0}, {0}};
        for (int i = 0; i < lines; i++) x[i] = load(from + i * step + at) + bias[i];
        activated(1, kind, lines, x, slope);
        store_both(lines, x, low, high, paired);
        if (keeps) store_both(lines, slope, slopes + at, slopes + step + at, 0);
        if (low) low += LANES;
        if (low && lines > 1) high += LANES;
        if (paired) paired += LANES;
    }
}

static inline __attribute__((always_inline)) void activate_kind(const int kind, const Work *work, int64_t j, int64_t d, int lines,
                                                                const float *bias, const float *from) {
    const int keeps = kind != LINEAR && work->slopes, moves = work->block->middle != 0;
#define CASE(n, k, m)                                                                                                  \
    if (lines == n && keeps == k && moves == m) activate_operand(kind, n, k, m, work, j, d, bias, from);
    CASE(2, 1, 1) CASE(2, 1, 0) CASE(2, 0, 1) CASE(2, 0, 0) CASE(1, 1, 1) CASE(1, 1, 0) CASE(1, 0, 1) CASE(1, 0, 0)
#undef CASE
}

/* Lines d and, where `lines` is 2, d + 1 of the chunk at group j, before the activation: `from`, and a step behind it. phi' of them is
 * kept; phi, where a second layer reads it, is kept in the second layer's order and, where that is this one, paired, else is in
 * their place. */
static void activate_lines(const Work *work, int64_t j, int64_t d, int lines, float *from) {
    const Block *block = work->block;
    const int kind = (int)block->activation;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    const float *b1 = block->first.bias < 0 ? 0 : work->parameters + block->first.bias + d;
    const float bias[2] = {b1 ? b1[0] : 0.0f, b1 && lines > 1 ? b1[1] : 0.0f};
    uint16_t *slopes = work->slopes ? plain_chunk(work, work->slopes, j) + d * step : 0;
    for (int i = 0; i < lines && !block->hidden; i++)
        activate(1, kind, columns, bias[i], from + i * step, slopes ? slopes + i * step : 0);
    if (!block->hidden) return;
    if (kind == GELU)
        activate_kind(GELU, work, j, d, lines, bias, from);
    else if (kind == RELU)
        activate_kind(RELU, work, j, d, lines, bias, from);
    else
        activate_kind(LINEAR, work, j, d, lines, bias, from);
}

/* `lay` of `lines` lines (1 or 2), `times` phi' or not. */
static inline __attribute__((always_inline)) void lay_lines(const int halves, const int lines, const int times, const void *low,
                                                            const void *high, const uint16_t *restrict slopes, int64_t n,
                                                            int64_t step, uint16_t *restrict plain, uint32_t *restrict paired,
                                                            Vector *sum) {
    const void *from[2] = {low, high};
    for (int64_t b = 0; b < n; b += LANES) {
        Vector number[2] = {{0}, {0}};
        for (int i = 0; i < lines; i++) {
            number[i] = halves ? load_halves((const uint16_t *)from[i] + b) : load((const float *)from[i] + b);
            if (times) number[i] *= load_halves(slopes + i * step + b);
            sum[i] += number[i];
        }
        store_both(lines, number, plain + b, plain + step + b, paired + b);
    }
}

/* Two lines of numbers, `low` and `high` (NULL: there is none), float32 or, where `halves`, plain; times phi' where given: plain, the
 * second one a step behind the first, and paired. sum[0], sum[1] += theirs. */
static inline __attribute__((always_inline)) void lay(const int halves, const void *low, const void *high,
                                                      const uint16_t *slopes, int64_t n, int64_t step, uint16_t *plain,
                                                      uint32_t *paired, Vector *sum) {
    if (high && slopes)
        lay_lines(halves, 2, 1, low, high, slopes, n, step, plain, paired, sum);
    else if (high)
        lay_lines(halves, 2, 0, low, high, slopes, n, step, plain, paired, sum);
    else if (slopes)
        lay_lines(halves, 1, 1, low, high, slopes, n, step, plain, paired, sum);
    else
        lay_lines(halves, 1, 0, low, high, slopes, n, step, plain, paired, sum);
}

/* sums[i], where given, += the numbers of sum[i]. */
static inline void add_sums(const Vector *sum, int64_t n, float *sums) {
    for (int64_t i = 0; sums && i < n && i < 2; i++) sums[i] += sum_of(sum[i]);
}

#endif
