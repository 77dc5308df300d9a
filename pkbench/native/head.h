/* Behind the blocks: LayerNorm, mean over tokens, classifier, cross-entropy. */
#ifndef PKBENCH_HEAD_H
#define PKBENCH_HEAD_H

#include "gemm.h"
#include "norms.h"
#include "rows.h"

/* Soft targets of a slice's first `images` images: `share` of the own label's and the rest of the partner's distribution, each
 * smoothed. */
typedef struct {
    int64_t images;
    const int64_t *labels, *partners;
    double share, smoothing;
    double weight; /* of an image's loss in what gradients are taken of: 1 / images of the batch */
} Targets;

typedef struct {
    const Network *net;
    const float *parameters;
    int64_t width, step;
    const float *X;
    float *statistics, *line, *pooled, *logits, *turned, *token;
} Head;

static Head head_of(const Network *net, const float *parameters, int64_t width, Arena *kept) {
    Head head = {.net = net, .parameters = parameters, .width = width, .step = width + TILE};
    head.statistics = take(kept, 2 * net->S * width);
    head.line = take(kept, width);
    head.pooled = take(kept, net->C * head.step);
    head.logits = take(kept, net->classes * head.step);
    head.token = take(kept, net->C * width);
    head.turned = take(kept, width * (round_up(net->C, TILE) + TILE));
    return head;
}

/* logits (classes lines) <- W mean over tokens of LN(X) + b. */
static void head_forward(const Head *head) {
    const Network *net = head->net;
    const int64_t width = head->width;
    measure(&net->norm, net->S, width, head->X, head->statistics);
    for (int64_t c = 0; c < net->C; c++) {
        float *pooled = head->pooled + c * head->step;
        memset(pooled, 0, (size_t)width * sizeof *pooled);
        for (int64_t s = 0; s < net->S; s++) {
            normalized(&net->norm, head->parameters, head->statistics, s * net->C + c, width, head->X, head->line);
            for (int64_t b = 0; b < width; b++) pooled[b] += head->line[b];
        }
        for (int64_t b = 0; b < width; b++) pooled[b] /= (float)net->S;
    }
    gemm(net->classes, width, net->C, head->parameters + net->head.weight, net->C, 1, head->pooled, head->step,
         head->logits, head->step, 0, 0);
    for (int64_t k = 0; k < net->classes; k++) {
        float *line = head->logits + k * head->step;
        const float bias = head->parameters[net->head.bias + k];
        for (int64_t b = 0; b < width; b++) line[b] += bias;
    }
}

static float target(const Targets *targets, int64_t b, int64_t k, int64_t classes) {
    const double hot = (targets->labels[b] == k ? targets->share : 0) + (targets->partners[b] == k ? 1 - targets->share : 0);
    return (float)((1 - targets->smoothing) * hot + targets->smoothing / (double)classes);
}

/* Add the slice's sum of losses in nats and its number of wrong images to loss and wrong; logits <- their gradient. */
static void cross_entropy(const Head *head, const Targets *targets, double *loss, int64_t *wrong) {
    const int64_t classes = head->net->classes, *main = targets->share >= 0.5 ? targets->labels : targets->partners;
    for (int64_t b = 0; b < head->width; b++) {
        float *z = head->logits + b;
        if (b >= targets->images) {
            for (int64_t k = 0; k < classes; k++) z[k * head->step] = 0;
            continue;
        }
        int64_t best = 0;
        for (int64_t k = 1; k < classes; k++)
            if (z[k * head->step] > z[best * head->step]) best = k;
        const float top = z[best * head->step];
        float sum = 0, expected = 0;
        for (int64_t k = 0; k < classes; k++) {
            sum += expf(z[k * head->step] - top);
            expected += target(targets, b, k, classes) * (z[k * head->step] - top);
        }
        *loss += (double)(logf(sum) - expected);
        *wrong += best != main[b];
        for (int64_t k = 0; k < classes; k++) {
            const float share = expf(z[k * head->step] - top) / sum;
            z[k * head->step] = (float)targets->weight * (share - target(targets, b, k, classes));
        }
    }
}

/* From the gradient in logits to dX, and those of the head's parameters; fresh: see Work. */
static void head_backward(const Head *head, int64_t fresh, float *gradients, float *dX) {
    const Network *net = head->net;
    const int64_t width = head->width, line = round_up(net->C, TILE);
    add_line_sums(head->logits, net->classes, width, head->step, gradients + net->head.bias);
    transpose(head->pooled, net->C, width, head->step, head->turned, line + TILE, round_up(net->C, LANES));
    gemm(net->classes, net->C, width, head->logits, head->step, 1, head->turned, line + TILE,
         gradients + net->head.gradient, line, !fresh, 0);
    gemm(net->C, width, net->classes, head->parameters + net->head.weight, 1, net->C, head->logits, head->step,
         head->pooled, head->step, 0, 0);
    for (int64_t c = 0; c < net->C; c++)
        for (int64_t b = 0; b < width; b++) head->token[c * width + b] = head->pooled[c * head->step + b] / (float)net->S;
    norm_backward(&net->norm, head->parameters, head->statistics, net->S, width, head->X, head->token, 0, 0, dX, gradients);
}

#endif
