/* Mixing blocks as in block.h with products of bfloat16: operands are rounded once, where they are laid out for a product; sums,
 * norms, activations and what blocks hand on are float32. */
#ifndef PKBENCH_ROUNDED_BLOCK_H
#define PKBENCH_ROUNDED_BLOCK_H

#include "block.h"

/* Where lines of a chunk go that a product reads: plain (the left operand of a gradient) and paired (the right one of what goes
 * further back). */
typedef struct {
    uint16_t *plain;
    uint32_t *paired;
} Lines;

static uint32_t *paired_values(const Work *work, int64_t j) {
    return (uint32_t *)work->values + j / work->at.groups * pairs(work->D) * work->at.step;
}

static uint16_t *plain_slopes(const Work *work, int64_t j) {
    return (uint16_t *)work->slopes + j / work->at.groups * work->D * work->at.step;
}

/* Lines i (even) and, where high, i + 1 of group g of a chunk, in both forms. */
static inline void lay(const float *low, const float *high, int64_t i, int64_t g, Layout at, Lines to) {
    const int64_t place = i * at.step + g * at.width;
    pair_lines(low, high, at.width, to.paired + i / 2 * at.step + g * at.width);
    round_line(low, at.width, to.plain + place);
    if (high) round_line(high, at.width, to.plain + place + at.step);
}

static inline const float *normalized_row(const Work *work, int64_t j, int64_t i, float *to) {
    const Block *block = work->block;
    if (i >= block->inputs) return 0;
    normalized(&block->norm, work->parameters, work->statistics, block->enter[j * block->inputs + i], work->at.width,
               work->X, to);
    return to;
}

/* operand (paired) <- the normalised input of the chunk at group j. */
static void pair_operand(const Work *work, int64_t j) {
    float low[MOST_WIDTH], high[MOST_WIDTH];
    uint32_t *operand = (uint32_t *)work->operand;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < work->block->inputs; i += 2)
            pair_lines(normalized_row(work, j + g, i, low), normalized_row(work, j + g, i + 1, high), work->at.width,
                       operand + i / 2 * work->at.step + g * work->at.width);
}

/* operand (plain) <- the same. */
static void round_operand(const Work *work, int64_t j) {
    float line[MOST_WIDTH];
    uint16_t *operand = (uint16_t *)work->operand;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < work->block->inputs; i++)
            round_line(normalized_row(work, j + g, i, line), work->at.width, operand + i * work->at.step + g * work->at.width);
}

/* phi of line d (and d + 1 where high) of the chunk at group j, in place; phi' is kept, rounded. */
static void activate_lines(const Work *work, int64_t j, int64_t d, int64_t columns, float *low, float *high) {
    const Block *block = work->block;
    const float *bias = block->first.bias < 0 ? 0 : work->parameters + block->first.bias;
    uint16_t *slopes = plain_slopes(work, j) + d * work->at.step;
    for (int64_t i = 0; i < (high ? 2 : 1); i++) {
        activate((int)block->activation, columns, bias ? bias[d + i] : 0.0f, i ? high : low, work->slope);
        if (block->activation != LINEAR) round_line(work->slope, columns, slopes + i * work->at.step);
    }
}

/* Values of lines d and d + 1 to where the second layer reads them: paired, in its own order. */
static void keep_values(const Work *work, int64_t j, int64_t d, int64_t columns, const float *low, const float *high) {
    const Block *block = work->block;
    const int64_t width = work->at.width, D = work->D, step = work->at.step;
    if (!block->middle) {
        pair_lines(low, high, columns, paired_values(work, j) + d / 2 * step);
        return;
    }
    uint16_t line[MOST_WIDTH];
    for (int64_t i = 0; i < (high ? 2 : 1); i++)
        for (int64_t g = 0; g < groups_at(work, j); g++) {
            const uint32_t row = (uint32_t)block->middle[(j + g) * D + d + i], group = row / (uint32_t)D, e = row % (uint32_t)D;
            round_line((i ? high : low) + g * width, width, line);
            put_half(line, e % 2, width, paired_values(work, group) + e / 2 * step + group % work->at.groups * width);
        }
}

/* values, slopes <- phi, phi' of W1 operand + b1 for the chunk at group j; of a block of one layer, values are float32. */
static void rounded_first_layer(const Work *work, int64_t j) {
    const Block *block = work->block;
    const int64_t step = work->at.step, D = work->D, columns = groups_at(work, j) * work->at.width, words = pairs(block->inputs);
    const float *W = work->rounded + block->first.weight;
    pair_operand(work, j);
    /* Some lines at a time, so that phi finds them in a near cache. */
    const int64_t most = NEAR / step < TILE_ROWS ? TILE_ROWS : NEAR / step / TILE_ROWS * TILE_ROWS;
    for (int64_t d = 0; d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        float *near = block->hidden ? work->wide : work->values + d * step;
        gemm_of_pairs(lines, columns, words, W + d * words, words, work->operand, step, near, step, 0);
        for (int64_t i = 0; i < lines; i += 2) {
            float *low = near + i * step, *high = i + 1 < lines ? low + step : 0;
            activate_lines(work, j, d + i, columns, low, high);
            if (block->hidden) keep_values(work, j, d + i, columns, low, high);
        }
    }
}

/* Where rows change places between the layers and are odd in number: zeros beside each last one, which `keep_values` leaves alone. */
static void clear_halves(const Work *work) {
    if (!work->block->middle || work->D % 2 == 0) return;
    for (int64_t j = 0; j < work->block->groups; j += work->at.groups)
        memset(paired_values(work, j) + work->D / 2 * work->at.step, 0, (size_t)work->at.step * sizeof(uint32_t));
}

/* X_out <- (adds: X +) the block of X. */
static void rounded_forward(const Work *work, int64_t adds, float *X_out) {
    const Block *block = work->block;
    const int64_t step = work->at.step, words = pairs(work->D);
    const float *V = work->rounded + block->second.weight;
    if (block->norm.scale >= 0) measure(&block->norm, block->tokens, work->at.width, work->X, work->statistics);
    clear_halves(work);
    for (int64_t first = 0; first < (block->middle ? 2 : 1); first++)
        for (int64_t j = 0; j < block->groups; j += work->at.groups) {
            if (first == 0) rounded_first_layer(work, j);
            /* Where rows change places between the layers, the second waits for all of the first. */
            if (block->middle && first == 0) continue;
            if (block->hidden)
                gemm_of_pairs(block->outputs, groups_at(work, j) * work->at.width, words, V, words, paired_values(work, j), step,
                              work->output, step, 0);
            add_result(work, j, adds, block->hidden ? work->output : work->values, X_out);
        }
}

/* lines <- the gradient of the chunk's result; where an activation is the block's last part, of what is before it. sums[o], where
 * given, += the sum of line o. */
static void round_result(const Work *work, int64_t j, const float *dX_out, Lines lines, float *sums) {
    const Block *block = work->block;
    const int64_t width = work->at.width, n = block->outputs, step = work->at.step;
    const uint16_t *slopes = block->hidden || block->activation == LINEAR ? 0 : plain_slopes(work, j);
    float line[2][MOST_WIDTH];
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t o = 0; o < n; o += 2) {
            for (int64_t i = 0; i < 2 && o + i < n; i++) {
                const float *row = dX_out + block->leave[(j + g) * n + o + i] * width;
                Vector sum = {0};
                for (int64_t b = 0; b < width; b += LANES) {
                    Vector value = load(row + b);
                    if (slopes) value *= load_halves(slopes + (o + i) * step + g * width + b);
                    store(line[i] + b, value);
                    sum += value;
                }
                if (sums) sums[o + i] += sum_of(sum);
            }
            lay(line[0], o + 1 < n ? line[1] : 0, o, g, work->at, lines);
        }
}

/* From the gradient of the chunk's result, in `lines`, to that of the second layer's operand: wide. */
static void rounded_second_backward(const Work *work, int64_t j, Lines lines, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    const int64_t line = round_up(block->outputs, TILE), words = pairs(block->outputs);
    separate(paired_values(work, j), D, columns, step, work->plain);
    /* Two columns side by side are a word, so that lines of words turned are paired lines. */
    transpose((const float *)lines.plain, block->outputs, columns / 2, step / 2, work->across, line + TILE, line);
    gemm_of_pairs(D, line, columns / 2, work->plain, step / 2, work->across, line + TILE, gradients + block->second.gradient,
                  line, 1);
    gemm_of_pairs(D, columns, words, work->turned + block->second.weight, words, lines.paired, step, work->wide, step, 0);
}

/* lines <- wide times phi', of the chunk at group j; sums as above. */
static void round_hidden(const Work *work, int64_t j, Lines lines, float *sums) {
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    const uint16_t *slopes = work->block->activation == LINEAR ? 0 : plain_slopes(work, j);
    for (int64_t d = 0; d < work->D; d++) {
        float *line = work->wide + d * step;
        Vector sum = {0};
        for (int64_t b = 0; b < columns; b += LANES) {
            Vector value = load(line + b);
            if (slopes) value *= load_halves(slopes + d * step + b);
            store(line + b, value);
            store_halves(lines.plain + d * step + b, value);
            sum += value;
        }
        if (sums) sums[d] += sum_of(sum);
        if (d % 2 || d + 1 == work->D)
            pair_lines(work->wide + d / 2 * 2 * step, d % 2 ? line : 0, columns, lines.paired + d / 2 * step);
    }
}

/* From the gradient before the activation (lines) to that of the normalised input, row by row into dN; NULL: not wanted. */
static void rounded_first_backward(const Work *work, int64_t j, Lines lines, float *gradients, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    const int64_t line = round_up(block->inputs, TILE), words = pairs(D);
    round_operand(work, j);
    transpose(work->operand, block->inputs, columns / 2, step / 2, work->across, line + TILE, line);
    gemm_of_pairs(D, line, columns / 2, lines.plain, step / 2, work->across, line + TILE, gradients + block->first.gradient,
                  line, 1);
    if (!dN) return;
    gemm_of_pairs(block->inputs, columns, words, work->turned + block->first.weight, words, lines.paired, step, work->operand,
                  step, 0);
    scatter_operand(work, j, dN);
}

/* In the place of the chunk's values, plain: the gradient of the second layer's operand, in the second layer's order. */
static void keep_wide(const Work *work, int64_t j) {
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    uint16_t *kept = (uint16_t *)paired_values(work, j);
    for (int64_t d = 0; d < work->D; d++) round_line(work->wide + d * step, columns, kept + d * step);
}

/* wide <- what `keep_wide` kept of the chunk at group j, in the first layer's order. */
static void fetch_wide(const Work *work, int64_t j) {
    const int64_t step = work->at.step, width = work->at.width, D = work->D;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t d = 0; d < D; d++) {
            const uint32_t row = (uint32_t)work->block->middle[(j + g) * D + d], group = row / (uint32_t)D;
            const uint16_t *from = (const uint16_t *)paired_values(work, group) + row % (uint32_t)D * step;
            for (int64_t b = 0; b < width; b += LANES)
                store(work->wide + d * step + g * width + b, load_halves(from + group % work->at.groups * width + b));
        }
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void rounded_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    const Lines lines = {work->plain, work->paired};
    float *first = block->first.bias < 0 ? 0 : gradients + block->first.bias;
    float *second = block->hidden && block->second.bias >= 0 ? gradients + block->second.bias : 0;
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        const Lines result = {work->result_plain, work->paired};
        round_result(work, j, dX_out, block->hidden ? result : lines, block->hidden ? second : first);
        if (block->hidden) rounded_second_backward(work, j, result, gradients);
        if (block->middle) {
            keep_wide(work, j);
            continue;
        }
        if (block->hidden) round_hidden(work, j, lines, first);
        rounded_first_backward(work, j, lines, gradients, dN);
    }
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        fetch_wide(work, j);
        round_hidden(work, j, lines, first);
        rounded_first_backward(work, j, lines, gradients, dN);
    }
}

#endif
