/* Mixing blocks, X -> X + PK layers of LN(X), forward and backward over one slice (Def. 5.1, eq. 1-2, S.7-S.8). */
#ifndef PKBENCH_BLOCK_H
#define PKBENCH_BLOCK_H

#include "activations.h"
#include "gemm.h"
#include "gradients.h"
#include "norms.h"
#include "rows.h"
#include "streams.h"

static void gather_operand(const Work *work, int64_t j) {
    const Block *block = work->block;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            normalized(&block->norm, work->parameters, work->statistics, block->enter[(j + g) * block->inputs + i],
                       work->at.width, work->X, work->operand + i * work->at.step + g * work->at.width);
}

/* values, slopes <- phi, phi' of W1 operand + b1 for the chunk at group j. */
static void first_layer(const Work *work, int64_t j, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D, columns = groups_at(work, j) * width;
    const float *W = work->parameters + block->first.weight;
    const float *bias = block->first.bias < 0 ? 0 : work->parameters + block->first.bias;
    float *values = block->middle ? work->wide : values_at(work, j);
    float *slopes = work->slopes ? chunk(work, work->slopes, j) : 0;
    gather_operand(work, j);
    for (int64_t d = 0, most = lines_at_a_time(work); d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        gemm(lines, columns, block->inputs, W + d * block->inputs, block->inputs, 1, work->operand, step,
             values + d * step, step, 0, ahead);
        for (int64_t i = d; i < d + lines; i++) {
            activate(0, (int)block->activation, columns, bias ? bias[i] : 0.0f, values + i * step, slopes ? slopes + i * step : 0);
            for (int64_t g = 0; block->middle && g < groups_at(work, j); g++)
                copy_row(values + i * step + g * width, width, moved(work, j + g, i, sizeof *values));
        }
    }
}

/* X_out <- (adds: X +) lines (+ b2 where there are two layers), the result of the chunk at group j. */
static void add_result(const Work *work, int64_t j, int64_t adds, const float *lines, float *X_out) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width;
    const float *bias = block->hidden && block->second.bias >= 0 ? work->parameters + block->second.bias : 0;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t o = 0; o < block->outputs; o++) {
            const int64_t row = block->leave[(j + g) * block->outputs + o] * width;
            add_shifted(adds ? work->X + row : 0, lines + o * step + g * width, bias ? bias[o] : 0.0f, width,
                        X_out + row);
        }
}

/* X_out <- (adds: X +) the result, W2 values + b2 or the values themselves, for the chunk at group j. */
static void result(const Work *work, int64_t j, int64_t adds, float *X_out, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t step = work->at.step;
    if (block->hidden)
        gemm(block->outputs, groups_at(work, j) * work->at.width, work->D, work->parameters + block->second.weight, work->D, 1,
             values_at(work, j), step, work->output, step, 0, ahead);
    add_result(work, j, adds, block->hidden ? work->output : work->values, X_out);
}

/* X_out <- (adds: X +) the block of X. */
static void block_forward(const Work *work, int64_t adds, float *X_out) {
    const Block *block = work->block;
    if (block->norm.scale >= 0) measure(&block->norm, block->tokens, work->at.width, work->X, work->statistics);
    /* Where rows change places between the layers, the second waits for all of the first. */
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        Ahead ahead = ahead_of_first_layer(work, j);
        first_layer(work, j, &ahead);
    }
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        Ahead ahead = ahead_of_result(work, j, adds, X_out);
        if (!block->middle) first_layer(work, j, &ahead);
        result(work, j, adds, X_out, &ahead);
    }
}

/* gradient (D lines) += the product of D lines, `left`, and of the chunk's columns, across, of n numbers each: those of the chunk at group
 * j. Of bfloat16 left is plain and across paired. */
static void add_turned(const Work *work, int64_t j, const void *left, int64_t n, float *gradient, Ahead *ahead) {
    const int64_t line = round_up(n, TILE), columns = groups_at(work, j) * work->at.width, step = work->at.step, add = j || !work->fresh;
    if (work->rounded)
        gemm_of_pairs(work->D, n, columns / 2, left, step / 2, work->across, line + TILE, gradient, line, (int)add, ahead);
    else
        gemm(work->D, n, columns, left, step, 1, work->across, line + TILE, gradient, line, (int)add, ahead);
}

/* The same of n lines, `right`, that have to be turned. Of bfloat16 both are plain: two columns side by side are a word, so that lines of
 * words turned are paired lines. */
static void add_matrix(const Work *work, int64_t j, const void *left, const void *right, int64_t n, float *gradient, Ahead *ahead) {
    const int64_t numbers = work->rounded ? 2 : 1, columns = groups_at(work, j) * work->at.width;
    transpose(right, n, columns / numbers, work->at.step / numbers, work->across, round_up(n, TILE) + TILE, round_up(n, LANES));
    add_turned(work, j, left, n, gradient, ahead);
}

/* From the gradient of the chunk's result (work->output) to that of the second layer's operand, which takes the place of values. */
static void second_backward(const Work *work, int64_t j, const float *dX_out, float *gradients) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_second_backward(work, j, dX_out);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    float *values = chunk(work, work->values, j);
    if (block->second.bias >= 0) add_line_sums(work->output, block->outputs, columns, step, gradients + block->second.bias);
    add_matrix(work, j, values, work->output, block->outputs, gradients + block->second.gradient, &ahead);
    gemm(D, columns, block->outputs, work->turned + block->second.ready, block->outputs, 1, work->output, step, values,
         step, 0, &ahead);
}

/* From the gradient after the activation (lines) to that before it, and the gradient of the bias. */
static void activation_backward(const Work *work, int64_t j, float *lines, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    float *sums = block->first.bias < 0 ? 0 : gradients + block->first.bias;
    if (block->activation != LINEAR)
        multiply_lines(chunk(work, work->slopes, j), work->D, columns, step, lines, sums);
    else if (sums)
        add_line_sums(lines, work->D, columns, step, sums);
}

/* dN <- the rows of the chunk at group j that its operand was read from: the operand's place holds their gradient. */
static void scatter_operand(const Work *work, int64_t j, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            copy_row(work->operand + i * step + g * width, width, dN + block->enter[(j + g) * block->inputs + i] * width);
}

/* From the gradient before the activation (lines) to that of the normalised input, row by row into dN; NULL: not wanted. */
static void first_backward(const Work *work, int64_t j, const float *lines, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_first_backward(work, j, dX_out, dN);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    gather_operand(work, j);
    add_matrix(work, j, lines, work->operand, block->inputs, gradients + block->first.gradient, &ahead);
    if (!dN) return;
    gemm(block->inputs, columns, D, work->turned + block->first.ready, D, 1, lines, step, work->operand, step, 0, &ahead);
    scatter_operand(work, j, dN);
}

/* work->output <- the gradient of the chunk's result; where an activation is the block's last part, of what is before it. */
static void result_backward(const Work *work, int64_t j, const float *dX_out, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, n = block->outputs, groups = groups_at(work, j);
    const int32_t *rows = block->leave + j * n;
    if (block->hidden || block->activation == LINEAR) {
        gather(rows, n, groups, width, dX_out, work->output, step);
        if (!block->hidden) activation_backward(work, j, work->output, gradients);
    } else {
        gather_times(rows, n, groups, width, dX_out, chunk(work, work->slopes, j), work->output, step,
                     block->first.bias < 0 ? 0 : gradients + block->first.bias);
    }
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void block_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D;
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        float *lines = block->hidden ? values_at(work, j) : work->output;
        result_backward(work, j, dX_out, gradients);
        if (block->hidden) second_backward(work, j, dX_out, gradients);
        if (block->middle) continue;
        if (block->hidden) activation_backward(work, j, lines, gradients);
        first_backward(work, j, lines, dX_out, gradients, dN);
    }
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        for (int64_t g = 0; g < groups_at(work, j); g++)
            for (int64_t d = 0; d < D; d++)
                copy_row(moved(work, j + g, d, sizeof *dN), width, work->wide + d * step + g * width);
        activation_backward(work, j, work->wide, gradients);
        first_backward(work, j, work->wide, dX_out, gradients, dN);
    }
}

#endif
