/* Mixing blocks as in block.h with products of bfloat16: operands are rounded once, where they are laid out for a product; sums,
 * norms, activations and what blocks hand on are float32. */
#ifndef PKBENCH_ROUNDED_BLOCK_H
#define PKBENCH_ROUNDED_BLOCK_H

#include "rounded_lines.h"

/* statistics, entered <- of the block's input, while a token is near. Without a norm it may have been entered; then X is NULL. */
static void enter(const Work *work) {
    const Norm *norm = &work->block->norm;
    const int64_t width = work->at.width, C = norm->channels, rows = work->block->groups * work->block->inputs;
    if (norm->scale < 0) {
        if (work->X) round_line(work->X, rows * width, work->entered);
        return;
    }
    for (int64_t s = 0; s < work->block->tokens; s++) {
        float *mean = work->statistics + 2 * s * width, *inverse = mean + width;
        measure_token(C, width, work->X + s * C * width, mean, inverse);
        for (int64_t c = 0; c < C; c++) {
            const float scale = work->parameters[norm->scale + c], shift = work->parameters[norm->shift + c];
            const float *from = work->X + (s * C + c) * width;
            uint16_t *to = work->entered + (s * C + c) * width;
            for (int64_t b = 0; b < width; b += LANES)
                store_halves(to + b, (load(from + b) - load(mean + b)) * load(inverse + b) * scale + shift);
        }
    }
}

/* Entry i of group j of the normalised input; NULL: there is no such entry. */
static inline const uint16_t *entry(const Work *work, int64_t j, int64_t i) {
    const Block *block = work->block;
    const int32_t *rows = block->enter + j * block->inputs;
    const int64_t width = work->at.width;
    if (i >= block->inputs) return 0;
    /* Where they lie anywhere; rows a fixed distance apart come by the processor's own guess. */
    if (block->anywhere && i + AHEAD < block->inputs) ask_for_row(work->entered + rows[i + AHEAD] * width, 2 * width);
    return work->entered + rows[i] * width;
}

/* operand (paired) <- the normalised input of the chunk at group j. */
static void pair_operand(const Work *work, int64_t j) {
    const int64_t width = work->at.width, step = work->at.step, n = work->block->inputs;
    uint32_t *operand = (uint32_t *)work->operand;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < n; i += 2)
            pair_halves(entry(work, j + g, i), entry(work, j + g, i + 1), width, operand + i / 2 * step + g * width);
    fill_up(operand, n, groups_at(work, j) * width, step);
}

/* across <- its rows turned, for the backward pass: rows of pairs become paired lines. */
static void turn_operand(const Work *work, int64_t j) {
    const int64_t words = work->at.width / 2, n = work->block->inputs, step = round_up(n, TILE) + TILE;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        transpose_rows((const float *)work->entered, work->block->enter + (j + g) * n, n, words, work->across + g * words * step, step,
                       round_up(n, LANES));
}

/* values, slopes <- phi, phi' of W1 operand + b1 for the chunk at group j; paired <- the values, where they stay in this order. Of a block
 * of one layer, values are float32. */
static void rounded_first_layer(const Work *work, int64_t j, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t step = work->at.step, D = work->D, columns = groups_at(work, j) * work->at.width, words = line_words(block->inputs);
    const float *W = work->rounded + block->first.ready;
    pair_operand(work, j);
    for (int64_t d = 0, most = lines_at_a_time(work); d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        float *near = block->hidden ? work->wide : work->values + d * step;
        gemm_of_pairs(lines, columns, words, W + d * words, words, work->operand, step, near, step, 0, ahead);
        for (int64_t i = 0; i < lines; i += 2) activate_lines(work, j, d + i, i + 1 < lines ? 2 : 1, near + i * step);
    }
    if (block->hidden && !block->middle) fill_up(work->paired, D, columns, step);
}

/* paired <- the values of the chunk at group j. */
static void pair_values(const Work *work, int64_t j) {
    const int64_t step = work->at.step, D = work->D, columns = groups_at(work, j) * work->at.width;
    const uint16_t *values = plain_chunk(work, work->values, j);
    for (int64_t d = 0; d < D; d += 2)
        pair_halves(values + d * step, d + 1 < D ? values + (d + 1) * step : 0, columns, work->paired + d / 2 * step);
    fill_up(work->paired, D, columns, step);
}

/* X_out <- (adds: X +) the block of X. */
static void rounded_forward(const Work *work, int64_t adds, float *X_out) {
    const Block *block = work->block;
    const int64_t step = work->at.step, words = line_words(work->D);
    enter(work);
    /* Where rows change places between the layers, the second waits for all of the first. */
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        Ahead ahead = {.streams = 0};
        will_read_operand(work, j + work->at.groups, &ahead);
        rounded_first_layer(work, j, &ahead);
    }
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        Ahead ahead = ahead_of_result(work, j, adds, X_out);
        if (block->middle)
            pair_values(work, j);
        else
            rounded_first_layer(work, j, &ahead);
        if (block->hidden)
            gemm_of_pairs(block->outputs, groups_at(work, j) * work->at.width, words, work->rounded + block->second.ready, words,
                          work->paired, step, work->output, step, 0, &ahead);
        add_result(work, j, adds, block->hidden ? work->output : work->values, X_out);
    }
}

/* Where the gradient of the chunk's result is, paired: of two layers `paired` is for what is made of it, some lines at a time. */
static uint32_t *paired_result(const Work *work) { return work->block->hidden ? (uint32_t *)work->output : work->paired; }

/* plain, paired_result <- the gradient of the chunk's result; where an activation is the block's last part, of what is before it.
 * sums[o], where given, += the sum of line o. */
static void round_result(const Work *work, int64_t j, const float *dX_out, float *sums) {
    const Block *block = work->block;
    const int64_t width = work->at.width, n = block->outputs, step = work->at.step;
    const uint16_t *slopes = block->hidden || block->activation == LINEAR ? 0 : plain_chunk(work, work->slopes, j);
    uint32_t *paired = paired_result(work);
    for (int64_t o = 0; o < n; o += 2) {
        Vector sum[2] = {{0}, {0}};
        for (int64_t g = 0; g < groups_at(work, j); g++) {
            const int32_t *rows = block->leave + (j + g) * n + o;
            const int64_t place = o * step + g * width;
            lay(0, dX_out + rows[0] * width, o + 1 < n ? dX_out + rows[1] * width : 0, slopes ? slopes + place : 0, width, step,
                work->plain + place, paired + o / 2 * step + g * width, sum);
        }
        add_sums(sum, n - o, sums ? sums + o : 0);
    }
    fill_up(paired, n, groups_at(work, j) * width, step);
}

/* In the place of the chunk's values, plain: lines of the gradient of the second layer's operand, from number d on, in that layer's
 * order. */
static void keep_lines(const Work *work, int64_t j, int64_t d, int64_t lines, const float *from) {
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    uint16_t *kept = plain_chunk(work, work->values, j) + d * step;
    for (int64_t i = 0; i < lines; i++) round_line(from + i * step, columns, kept + i * step);
}

/* The chunk's slopes from line d on; NULL: they are 1. */
static const uint16_t *slopes_at(const Work *work, int64_t j, int64_t d) {
    return work->block->activation == LINEAR ? 0 : plain_chunk(work, work->slopes, j) + d * work->at.step;
}

/* plain, paired <- lines of the gradient of the second layer's operand, from number d on, an even one, times phi'. sums as above. */
static void round_lines(const Work *work, int64_t j, int64_t d, int64_t lines, const float *from, float *sums) {
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    for (int64_t i = 0; i < lines; i += 2) {
        Vector sum[2] = {{0}, {0}};
        const float *low = from + i * step;
        lay(0, low, i + 1 < lines ? low + step : 0, slopes_at(work, j, d + i), columns, step, work->plain + (d + i) * step,
            work->paired + (d + i) / 2 * step, sum);
        add_sums(sum, lines - i, sums ? sums + d + i : 0);
    }
}

/* The same of all lines, from what `keep_lines` kept, where rows have changed places. */
static void round_moved(const Work *work, int64_t j, float *sums) {
    const int64_t step = work->at.step, width = work->at.width, D = work->D, groups = groups_at(work, j);
    for (int64_t d = 0; d < D; d += 2) {
        Vector sum[2] = {{0}, {0}};
        const uint16_t *slopes = slopes_at(work, j, d);
        for (int64_t g = 0; g < groups; g++) {
            const uint16_t *low = moved(work, j + g, d, sizeof *low), *high = d + 1 < D ? moved(work, j + g, d + 1, sizeof *low) : 0;
            lay(1, low, high, slopes ? slopes + g * width : 0, width, step, work->plain + d * step + g * width,
                work->paired + d / 2 * step + g * width, sum);
        }
        add_sums(sum, D - d, sums ? sums + d : 0);
    }
    fill_up(work->paired, D, groups * width, step);
}

/* From the gradient of the chunk's result (plain, paired_result) to that before the activation (plain, paired); where rows have changed
 * places, to that of the second layer's operand, which is kept. */
static void rounded_second_backward(const Work *work, int64_t j, const float *dX_out, float *sums, float *gradients) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_second_backward(work, j, dX_out);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    const int64_t words = line_words(block->outputs);
    const float *W = work->turned + block->second.ready;
    add_matrix(work, j, plain_chunk(work, work->values, j), work->plain, block->outputs, gradients + block->second.gradient, &ahead);
    for (int64_t d = 0, most = lines_at_a_time(work); d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        gemm_of_pairs(lines, columns, words, W + d * words, words, paired_result(work), step, work->wide, step, 0, &ahead);
        if (block->middle)
            keep_lines(work, j, d, lines, work->wide);
        else
            round_lines(work, j, d, lines, work->wide, sums);
    }
    if (!block->middle) fill_up(work->paired, D, columns, step);
}

/* From the gradient before the activation (plain, paired) to that of the normalised input, row by row into dN; NULL: not wanted. */
static void rounded_first_backward(const Work *work, int64_t j, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_first_backward(work, j, dX_out, dN);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    const int64_t words = line_words(D);
    turn_operand(work, j);
    add_turned(work, j, work->plain, block->inputs, gradients + block->first.gradient, &ahead);
    if (!dN) return;
    gemm_of_pairs(block->inputs, columns, words, work->turned + block->first.ready, words, work->paired, step, work->operand,
                  step, 0, &ahead);
    scatter_operand(work, j, dN);
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void rounded_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    float *first = block->first.bias < 0 ? 0 : gradients + block->first.bias;
    float *second = block->hidden && block->second.bias >= 0 ? gradients + block->second.bias : 0;
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        round_result(work, j, dX_out, block->hidden ? second : first);
        if (block->hidden) rounded_second_backward(work, j, dX_out, first, gradients);
        if (!block->middle) rounded_first_backward(work, j, dX_out, gradients, dN);
    }
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        round_moved(work, j, first);
        rounded_first_backward(work, j, dX_out, gradients, dN);
    }
}

#endif
