/* LayerNorm over the channels of each token and image: the C rows of a token. */
#ifndef PKBENCH_NORMS_H
#define PKBENCH_NORMS_H

#include <math.h>

#include "network.h"

#define EPSILON 1e-5f

/* mean, inverse <- mean and 1 / sqrt(variance + epsilon) of a token's C rows. */
static void measure_token(int64_t C, int64_t width, const float *restrict rows, float *restrict mean, float *restrict inverse) {
    for (int64_t b = 0; b < width; b++) mean[b] = inverse[b] = 0;
    for (int64_t c = 0; c < C; c++)
        for (int64_t b = 0; b < width; b++) mean[b] += rows[c * width + b];
    for (int64_t b = 0; b < width; b++) mean[b] /= (float)C;
    /* In a second pass: the mean of squares less the squared mean would lose digits where the mean is large. */
    for (int64_t c = 0; c < C; c++)
        for (int64_t b = 0; b < width; b++) {
            const float d = rows[c * width + b] - mean[b];
            inverse[b] += d * d;
        }
    for (int64_t b = 0; b < width; b++) inverse[b] = 1.0f / sqrtf(inverse[b] / (float)C + EPSILON);
}

/* statistics (tokens, 2, width) <- mean and 1 / sqrt(variance + epsilon) of each token of X (tokens * C rows). */
static void measure(const Norm *norm, int64_t tokens, int64_t width, const float *X, float *statistics) {
    for (int64_t s = 0; s < tokens; s++) {
        float *mean = statistics + 2 * s * width;
        measure_token(norm->channels, width, X + s * norm->channels * width, mean, mean + width);
    }
}

/* to <- row `row` of X, normalised, scaled and shifted; as it is where there is no norm. */
static inline void normalized(const Norm *norm, const float *parameters, const float *statistics, int64_t row,
                              int64_t width, const float *restrict X, float *restrict to) {
    const float *from = X + row * width;
    if (norm->scale < 0) {
        memcpy(to, from, (size_t)width * sizeof *to);
        return;
    }
    const uint32_t s = (uint32_t)row / (uint32_t)norm->channels, c = (uint32_t)row % (uint32_t)norm->channels;
    const float *restrict mean = statistics + 2 * (int64_t)s * width, *restrict inverse = mean + width;
    const float scale = parameters[norm->scale + c], shift = parameters[norm->shift + c];
    for (int64_t b = 0; b < width; b++) to[b] = (from[b] - mean[b]) * inverse[b] * scale + shift;
}

/* dX (tokens * C rows) += the gradient through the norm of X, given dN, that of its output, which is lost.
 * Adds the gradients of scale and shift to `gradients`, at their offsets in the parameters. */
static void norm_backward(const Norm *norm, const float *parameters, const float *statistics, int64_t tokens,
                          int64_t width, const float *restrict X, float *restrict dN, float *restrict dX,
                          float *restrict gradients) {
    const int64_t C = norm->channels;
    if (norm->scale < 0) {
        for (int64_t i = 0; i < tokens * C * width; i++) dX[i] += dN[i];
        return;
    }
    for (int64_t s = 0; s < tokens; s++) {
        const float *restrict mean = statistics + 2 * s * width, *restrict inverse = mean + width;
        float sum[MOST_WIDTH] = {0}, along[MOST_WIDTH] = {0};
        for (int64_t c = 0; c < C; c++) {
            const float *restrict x = X + (s * C + c) * width;
            float *restrict d = dN + (s * C + c) * width;
            const Vector scale = parameters[norm->scale + c] - (Vector){0};
            Vector to_scale = {0}, to_shift = {0};
            for (int64_t b = 0; b < width; b += LANES) {
                const Vector unit = (load(x + b) - load(mean + b)) * load(inverse + b), dy = load(d + b), dx = dy * scale;
                to_scale += dy * unit;
                to_shift += dy;
                store(d + b, dx);
                store(sum + b, load(sum + b) + dx);
                store(along + b, load(along + b) + dx * unit);
            }
            gradients[norm->scale + c] += sum_of(to_scale);
            gradients[norm->shift + c] += sum_of(to_shift);
        }
        for (int64_t b = 0; b < width; b++) sum[b] /= (float)C, along[b] /= (float)C;
        for (int64_t c = 0; c < C; c++) {
            const float *restrict x = X + (s * C + c) * width, *restrict d = dN + (s * C + c) * width;
            float *restrict out = dX + (s * C + c) * width;
            for (int64_t b = 0; b < width; b++)
                out[b] += inverse[b] * (d[b] - sum[b] - (x[b] - mean[b]) * inverse[b] * along[b]);
        }
    }
}

#endif
