/* The threads' sums of gradients, and what they come to. */
#ifndef PKBENCH_GRADIENTS_H
#define PKBENCH_GRADIENTS_H

#include "rows.h"

/* A parameter (rows x columns) at `weight` of all, and where its gradient is summed: in lines of `line` numbers, columns x rows where it
 * is transposed; vector: whether it is no matrix. */
typedef struct {
    int64_t weight, gradient, rows, columns, line, transposed, vector;
} Piece;

static void clear(const Piece *piece, float *gradients) {
    const int64_t lines = piece->transposed ? piece->columns : piece->rows;
    memset(gradients + piece->gradient, 0, (size_t)(lines * piece->line) * sizeof *gradients);
}

/* The share of n things, by eights, that thread number `thread` has: from share(n, thread) to share(n, thread + 1). */
static inline int64_t share(int64_t n, int64_t thread, int64_t threads) {
    const int64_t eights = (n + 7) / 8 * thread / threads * 8;
    return eights < n ? eights : n;
}

#define SQUARE 32

/* to[0 .. n] <- the sum of several threads' numbers from `place` on, in the threads' order. */
static inline void add_up(const float *const *gradients, int64_t several, int64_t place, int64_t n, float *restrict to) {
    memcpy(to, gradients[0] + place, (size_t)n * sizeof *to);
    for (int64_t t = 1; t < several; t++)
        for (int64_t i = 0; i < n; i++) to[i] += gradients[t][place + i];
}

/* flat <- the sum of several threads' gradients for this thread's share of the piece's rows. */
static void collect(const Piece *piece, const float *const *gradients, int64_t several, int64_t thread, int64_t threads,
                    float *flat) {
    const int64_t line = piece->line, columns = piece->columns;
    const int64_t begin = share(piece->rows, thread, threads), end = share(piece->rows, thread + 1, threads);
    if (!piece->transposed) {
        for (int64_t i = begin; i < end; i++)
            add_up(gradients, several, piece->gradient + i * line, columns, flat + piece->weight + i * columns);
        return;
    }
    /* Square by square: lines of one side or the other are far apart. */
    float square[SQUARE * SQUARE];
    for (int64_t i = begin; i < end; i += SQUARE)
        for (int64_t j = 0; j < columns; j += SQUARE) {
            const int64_t rows = end - i < SQUARE ? end - i : SQUARE, lines = columns - j < SQUARE ? columns - j : SQUARE;
            for (int64_t l = 0; l < lines; l++)
                add_up(gradients, several, piece->gradient + (j + l) * line + i, rows, square + l * SQUARE);
            transpose(square, lines, rows, SQUARE, flat + piece->weight + i * columns + j, columns, lines);
        }
}

#endif
