/* Products with sparse matrices in CSR form, features first: matrices of (features, samples), one line of samples a feature.
 * Called from pkbench/native/sparse.py, which says what the arrays are. */
#include "vectors.h"

#define BLOCK 8 /* vectors of samples whose sums stay in registers */
#define PUBLIC __attribute__((visibility("default")))

/* One line of a product over `vectors` (a constant where inlined) vectors of samples: sums stay in registers. */
static inline __attribute__((always_inline)) void line(const int vectors, int64_t first, int64_t last, const int32_t *col,
                                                       const int32_t *order, const float *values, const float *x,
                                                       int64_t samples, float *y) {
    Vector sum[BLOCK];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sum[v] = (Vector){0};
    for (int64_t k = first; k < last; k++) {
        const Vector value = values[order ? order[k] : k] - (Vector){0};
        const float *row = x + (int64_t)col[k] * samples;
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[v] += value * load(row + v * LANES);
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) store(y + v * LANES, sum[v]);
}

/* y (rows begin to end, samples) <- A x: row i is the sum over its connections k, crow[i] <= k < crow[i + 1], of
 * values[k] * x[col[k]], or of values[order[k]] where there is an order. */
PUBLIC void pk_sparse_product(int64_t begin, int64_t end, int64_t samples, const int32_t *crow, const int32_t *col,
                              const int32_t *order, const float *values, const float *x, float *y) {
    int64_t b = 0;
    /* Some samples of all rows before the next ones: the part of x that they read stays in a cache. */
    for (; b + BLOCK * LANES <= samples; b += BLOCK * LANES)
        for (int64_t i = begin; i < end; i++)
            line(BLOCK, crow[i], crow[i + 1], col, order, values, x + b, samples, y + i * samples + b);
    for (; b + LANES <= samples; b += LANES)
        for (int64_t i = begin; i < end; i++)
            line(1, crow[i], crow[i + 1], col, order, values, x + b, samples, y + i * samples + b);
    for (; b < samples; b++)
        for (int64_t i = begin; i < end; i++) {
            float sum = 0;
            for (int64_t k = crow[i]; k < crow[i + 1]; k++) sum += values[order ? order[k] : k] * x[(int64_t)col[k] * samples + b];
            y[i * samples + b] = sum;
        }
}

/* gradient[k] <- the product of row i of dY and row col[k] of x, summed over samples, for the connections of rows begin to end. */
PUBLIC void pk_sparse_gradient(int64_t begin, int64_t end, int64_t samples, const int32_t *crow, const int32_t *col,
                               const float *dY, const float *x, float *gradient) {
    for (int64_t i = begin; i < end; i++)
        for (int64_t k = crow[i]; k < crow[i + 1]; k++) {
            const float *a = dY + i * samples, *b = x + (int64_t)col[k] * samples;
            Vector sums[2] = {{0}, {0}};
            int64_t s = 0;
            for (; s + 2 * LANES <= samples; s += 2 * LANES) {
                sums[0] += load(a + s) * load(b + s);
                sums[1] += load(a + s + LANES) * load(b + s + LANES);
            }
            sums[0] += sums[1];
            float sum = 0;
            for (int l = 0; l < LANES; l++) sum += sums[0][l];
            for (; s < samples; s++) sum += a[s] * b[s];
            gradient[k] = sum;
        }
}
