/* Mixing blocks, X -> X + PK layers of LN(X), forward and backward over one slice (Def. 5.1, eq. 1-2, S.7-S.8). */
#ifndef PKBENCH_BLOCK_H
#define PKBENCH_BLOCK_H

#include "activations.h"
#include "gemm.h"
#include "norms.h"
#include "rows.h"

#define NEAR (8 * 1024) /* numbers between a product and what is done with it at once */

/* A block at work on a slice. What its forward pass leaves for its backward pass: X, statistics, values, slopes. */
typedef struct {
    const Block *block;
    const float *parameters;
    Layout at;
    int64_t D;         /* rows of a group between activation and result */
    const float *X;    /* input */
    float *statistics; /* of its norm */
    float *values;     /* chunks of phi(...): the second layer's operand, or the result */
    float *slopes;     /* chunks of phi'(...) in the first layer's order */
    float *operand, *output, *wide, *turned; /* of one chunk: inputs, outputs and D lines; transposed lines */
} Work;

static Work work_of(const Block *block, const float *parameters, int64_t width, Arena *kept, Arena *scratch) {
    Work work = {.block = block, .parameters = parameters, .at = layout_of(block, width)};
    const int64_t step = work.at.step, chunks = (block->groups + work.at.groups - 1) / work.at.groups;
    const int64_t narrow = block->hidden == 0 || block->inputs > block->outputs ? block->inputs : block->outputs;
    work.D = block->hidden ? block->hidden : block->outputs;
    work.statistics = take(kept, block->norm.scale < 0 ? 0 : 2 * block->tokens * width);
    work.values = take(kept, chunks * work.D * step);
    work.slopes = take(kept, block->activation == LINEAR ? 0 : chunks * work.D * step);
    work.operand = take(scratch, block->inputs * step);
    work.output = take(scratch, block->outputs * step);
    work.wide = take(scratch, work.D * step);
    work.turned = take(scratch, step * (round_up(narrow, TILE) + TILE));
    return work;
}

static int64_t groups_at(const Work *work, int64_t j) {
    const int64_t left = work->block->groups - j;
    return left < work->at.groups ? left : work->at.groups;
}

static float *chunk(const Work *work, float *base, int64_t j) {
    return base + j / work->at.groups * work->D * work->at.step;
}

static void gather_operand(const Work *work, int64_t j) {
    const Block *block = work->block;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            normalized(&block->norm, work->parameters, work->statistics, block->enter[(j + g) * block->inputs + i],
                       work->at.width, work->X, work->operand + i * work->at.step + g * work->at.width);
}

/* values, slopes <- phi, phi' of W1 operand + b1 for the chunk at group j. */
static void first_layer(const Work *work, int64_t j) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D, columns = groups_at(work, j) * width;
    const float *W = work->parameters + block->first.weight;
    const float *bias = block->first.bias < 0 ? 0 : work->parameters + block->first.bias;
    float *values = block->middle ? work->wide : chunk(work, work->values, j), *slopes = chunk(work, work->slopes, j);
    gather_operand(work, j);
    /* Some lines at a time, so that phi finds them in a near cache. */
    const int64_t most = NEAR / step < TILE_ROWS ? TILE_ROWS : NEAR / step / TILE_ROWS * TILE_ROWS;
    for (int64_t d = 0; d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        gemm(lines, columns, block->inputs, W + d * block->inputs, block->inputs, 1, work->operand, step,
             values + d * step, step, 0);
        for (int64_t i = d; i < d + lines; i++)
            activate((int)block->activation, columns, bias ? bias[i] : 0.0f, values + i * step, slopes + i * step);
    }
    if (!block->middle) return;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t d = 0; d < D; d++)
            memcpy(work->values + place(block->middle[(j + g) * D + d], D, work->at), values + d * step + g * width,
                   (size_t)width * sizeof *values);
}

/* X_out <- (adds: X +) the result, W2 values + b2 or the values themselves, for the chunk at group j. */
static void result(const Work *work, int64_t j, int64_t adds, float *X_out) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width;
    const float *lines = chunk(work, work->values, j);
    const float *bias = block->hidden && block->second.bias >= 0 ? work->parameters + block->second.bias : 0;
    if (block->hidden) {
        gemm(block->outputs, groups_at(work, j) * width, work->D, work->parameters + block->second.weight, work->D, 1,
             lines, step, work->output, step, 0);
        lines = work->output;
    }
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t o = 0; o < block->outputs; o++) {
            const int64_t row = block->leave[(j + g) * block->outputs + o] * width;
            add_shifted(adds ? work->X + row : 0, lines + o * step + g * width, bias ? bias[o] : 0.0f, width,
                        X_out + row);
        }
}

/* X_out <- (adds: X +) the block of X. */
static void block_forward(const Work *work, int64_t adds, float *X_out) {
    const Block *block = work->block;
    if (block->norm.scale >= 0) measure(&block->norm, block->tokens, work->at.width, work->X, work->statistics);
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        first_layer(work, j);
        if (!block->middle) result(work, j, adds, X_out);
    }
    /* Where rows change places between the layers, the second waits for all of the first. */
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) result(work, j, adds, X_out);
}

/* From the gradient of the chunk's result (work->output) to that of the second layer's operand, which takes the place of values. */
static void second_backward(const Work *work, int64_t j, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    const int64_t line = round_up(block->outputs, TILE);
    float *values = chunk(work, work->values, j);
    if (block->second.bias >= 0) add_line_sums(work->output, block->outputs, columns, step, gradients + block->second.bias);
    transpose(work->output, block->outputs, columns, step, work->turned, line + TILE, line);
    gemm(D, line, columns, values, step, 1, work->turned, line + TILE, gradients + block->second.gradient, line, 1);
    gemm(D, columns, block->outputs, work->parameters + block->second.weight, 1, D, work->output, step, values, step, 0);
}

/* From the gradient after the activation (lines) to that of the normalised input, row by row into dN; NULL: not wanted. */
static void first_backward(const Work *work, int64_t j, float *lines, float *gradients, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, columns = groups_at(work, j) * width, D = work->D;
    const int64_t line = round_up(block->inputs, TILE);
    float *sums = block->first.bias < 0 ? 0 : gradients + block->first.bias;
    if (block->activation != LINEAR)
        multiply_lines(chunk(work, work->slopes, j), D, columns, step, lines, sums);
    else if (sums)
        add_line_sums(lines, D, columns, step, sums);
    gather_operand(work, j);
    transpose(work->operand, block->inputs, columns, step, work->turned, line + TILE, line);
    gemm(D, line, columns, lines, step, 1, work->turned, line + TILE, gradients + block->first.gradient, line, 1);
    if (!dN) return;
    gemm(block->inputs, columns, D, work->parameters + block->first.weight, 1, block->inputs, lines, step,
         work->operand, step, 0);
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            memcpy(dN + block->enter[(j + g) * block->inputs + i] * width, work->operand + i * step + g * width,
                   (size_t)width * sizeof *dN);
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void block_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D;
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        gather(block->leave + j * block->outputs, block->outputs, groups_at(work, j), width, dX_out, work->output, step);
        if (block->hidden) second_backward(work, j, gradients);
        if (!block->middle) {
            first_backward(work, j, block->hidden ? chunk(work, work->values, j) : work->output, gradients, dN);
        }
    }
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        for (int64_t g = 0; g < groups_at(work, j); g++)
            for (int64_t d = 0; d < D; d++)
                memcpy(work->wide + d * step + g * width,
                       work->values + place(block->middle[(j + g) * D + d], D, work->at), (size_t)width * sizeof *dN);
        first_backward(work, j, work->wide, gradients, dN);
    }
}

#endif
