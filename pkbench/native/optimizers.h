/* Optimizer steps over all parameters of a run at once, as torch.optim defines them. */
#ifndef PKBENCH_OPTIMIZERS_H
#define PKBENCH_OPTIMIZERS_H

#include <math.h>
#include <stdint.h>

/* The sum of squares of n numbers. */
static double squares(int64_t n, const float *numbers) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += (double)numbers[i] * numbers[i];
    return sum;
}

/* torch.optim.AdamW; step counts from 1. */
static void adamw(int64_t n, float *restrict parameters, const float *restrict gradients, float *restrict mean,
                  float *restrict square, double lr, double beta1, double beta2, double eps, double weight_decay,
                  int64_t step) {
    const float keep = (float)(1 - lr * weight_decay), b1 = (float)beta1, b2 = (float)beta2;
    const float take1 = (float)(1 - beta1), take2 = (float)(1 - beta2), small = (float)eps;
    const float size = (float)(lr / (1 - pow(beta1, (double)step)));
    const float root = (float)sqrt(1 - pow(beta2, (double)step));
    for (int64_t i = 0; i < n; i++) {
        const float g = gradients[i];
        mean[i] = b1 * mean[i] + take1 * g;
        square[i] = b2 * square[i] + take2 * g * g;
        parameters[i] = parameters[i] * keep - size * mean[i] / (sqrtf(square[i]) / root + small);
    }
}

/* torch.optim.SGD with dampening 0; `first`: the velocity has not been written yet. */
static void sgd(int64_t n, float *restrict parameters, const float *restrict gradients, float *restrict velocity, double lr,
                double momentum, double weight_decay, int nesterov, int first) {
    const float rate = (float)lr, kept = (float)momentum, decay = (float)weight_decay;
    for (int64_t i = 0; i < n; i++) {
        const float g = gradients[i] + decay * parameters[i];
        const float v = first ? g : kept * velocity[i] + g;
        velocity[i] = v;
        parameters[i] -= rate * (nesterov ? g + kept * v : v);
    }
}

#endif
