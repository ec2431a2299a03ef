/* Seeded random numbers of the simulations beside the kernel (simulate*.c): the same arguments give the same lines. */
#ifndef CHANCE_H
#define CHANCE_H

#include <math.h>
#include <stdint.h>

static uint64_t seed = 88172645463325252u;

static inline double uniform(void)                  /* xorshift64*, (0, 1) */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((double)(seed * 2685821657736338717u >> 11) + 0.5) / 9007199254740992.0;
}

static inline uint32_t poisson_few(double mean)
{
	double limit = exp(-mean), product = uniform();
	uint32_t n = 0;
	while (product > limit) {
		product *= uniform();
		n++;
	}
	return n;
}

/* Hormann 1993, transformed rejection (PTRS): exact in the tail, which is what is counted here. */
static inline uint32_t poisson(double mean)
{
	double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
	if (mean < 10.0) { return poisson_few(mean); }
	for (;;) {
		double u = uniform() - 0.5, v = uniform(), us = 0.5 - fabs(u);
		double k = floor((2.0 * a / us + b) * u + mean + 0.43);
		if (us >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2.0)) { return (uint32_t)k; }
		if (k < 0.0 || (us < 0.013 && v > us)) { continue; }
		if (log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b)) <= k * log(mean) - mean - lgamma(k + 1.0)) {
			return (uint32_t)k;
		}
	}
}

static inline double normal(void)
{
	return sqrt(-2.0 * log(uniform())) * cos(6.283185307179586 * uniform());
}

#endif
