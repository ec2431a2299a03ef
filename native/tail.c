/* Exact tails of small counts, relative accuracy better than 1e-9 far into the tail (tests/kernel, fractions). */
#include "ea_lane.h"

#define HALF_LOG_2PI 0.91893853320467274178
#define SQRT_HALF 0.70710678118654752440
#define TERMS_MAX 200000     /* bounds the work (about 1 ms); reached only above 1e7 counts, where ln p loses < 1 */

double ea_deviance(double u)
{
	return u > -1.0 ? (1.0 + u) * log1p(u) - u : 1.0;
}

/* ln z! - Stirling's (z + 1/2) ln z - z + ln(2 pi)/2.  Series above 16: the first term left out, 1/(1188 z^9),
 * is 1e-14 there (Abramowitz and Stegun 6.1.41). */
static double stirling_error(double z)
{
	double zz = z * z;
	if (z < 16.0) { return lgamma(z + 1.0) - (z + 0.5) * log(z) + z - HALF_LOG_2PI; }
	return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * zz)) / zz) / zz) / z;
}

/* ln P(X = n), X binomial(n + m, p) by deviances (Loader 2000), so that nothing large cancels. */
static double log_binomial(double n, double m, double p)
{
	double all = n + m, in = all * p, out = all - in;
	if (m <= 0.0) { return n * log(p); }
	return stirling_error(all) - stirling_error(n) - stirling_error(m) + 0.5 * log(all / (n * m)) - HALF_LOG_2PI
		- in * ea_deviance((n - in) / in) - out * ea_deviance((m - out) / out);
}

/* ln I_p(n, m + 1), p = odds/(1 + odds): the chance of n or more counts in a window, given m in the background,
 * odds = window / background exposure.  For whole m it is the binomial tail P(X >= n) of n + m counts; for any m
 * (vacant rates) the predictive tail of a Gamma(m + 1) posterior, flat prior.
 * Only for n above (m + 1) odds: there the terms of the series, all positive, fall from the first. */
double ea_log_binomial_tail(double n, double m, double odds)
{
	double p = odds / (1.0 + odds), term = 1.0, sum = 1.0;
	for (double k = 1.0; k < TERMS_MAX; k += 1.0) {
		term *= (n + m + k) / (n + k) * p;
		sum += term;
		if (term < 1e-13 * sum) { break; }
	}
	return log_binomial(n, m, p) - log1p(odds) + log(sum);
}

/* ln of the upper tail of the normal; the asymptotic series (A&S 26.2.12) where erfc comes near underflow:
 * at 30 the first term left out is 945/30^10 = 2e-12. */
static double log_upper(double z)
{
	double r = 1.0 / (z * z);
	if (z < 30.0) { return log(0.5 * erfc(z * SQRT_HALF)); }
	return -0.5 * z * z - HALF_LOG_2PI - log(z) + log1p(-r * (1.0 - 3.0 * r * (1.0 - 5.0 * r * (1.0 - 7.0 * r))));
}

/* z with upper tail exp(log_p), for p <= 1/2 (0 above).  Newton on ln Q from its leading terms: 1e-12 in three steps.
 * ln Q is concave, so wherever it starts, from the first step on it comes from the side where it cannot overshoot. */
double ea_normal_quantile(double log_p)
{
	double z;
	if (!(log_p < log(0.5))) { return 0.0; }
	z = -2.0 * log_p;
	z = sqrt(z > 4.0 ? z - log(z) - 2.0 * HALF_LOG_2PI : z);
	for (int i = 0; i < 20; i++) {
		double here = log_upper(z);
		double step = (here - log_p) * exp(here + 0.5 * z * z + HALF_LOG_2PI);
		z += step;
		if (fabs(step) < 1e-13 * (1.0 + z)) { break; }
	}
	return fmax(z, 0.0);
}
