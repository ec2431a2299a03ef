/* Exact tails of small counts, relative accuracy better than 1e-9 far into the tail (tests/kernel, fractions). */
#include "ea_lane.h"

#define HALF_LOG_2PI 0.91893853320467274178
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

/* Wichura's PPND16 (1988, Applied Statistics 37:477, AS 241): z as a ratio of polynomials, 1e-15 of it, without a step. */
#define NEAR_Z (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r \
	+ 1.27045825245236838258e0) * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r \
	+ 4.63033784615654529590e0) * r + 1.42343711074968357734e0)
#define NEAR_BY (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r \
	+ 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r \
	+ 2.05319162663775882187e0) * r + 1.0)
#define FAR_Z (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r \
	+ 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0) * r \
	+ 5.46378491116411436990e0) * r + 6.65790464350110377720e0)
#define FAR_BY (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r \
	+ 7.86869131145613259100e-4) * r + 1.48753612908501061485e-2) * r + 1.36929880922735805310e-1) * r \
	+ 5.99832206555887937690e-1) * r + 1.0)
#define MIDDLE_Z (((((((2.50908092873012226727e3 * r + 3.34305755835881281105e4) * r + 6.72657709270087008530e4) * r \
	+ 4.59219539315498714570e4) * r + 1.37316937655094611250e4) * r + 1.97159095030655144270e3) * r \
	+ 1.33141667891784377450e2) * r + 3.38713287279636660800e0)
#define MIDDLE_BY (((((((5.22649527885285456100e3 * r + 2.87290857357219426740e4) * r + 3.93078958000927106100e4) * r \
	+ 2.12137943015865958670e4) * r + 5.39419602142475110770e3) * r + 6.87187007492057908300e2) * r \
	+ 4.23133307016009112520e1) * r + 1.0)
#define MIDDLE_LOG_P -2.590267165445825      /* ln 0.075 */
#define FARTHEST 27.0                        /* sqrt(-ln p): the fit ends near 1e-316 */

/* ln of the upper tail beyond it by the asymptotic series (A&S 26.2.12): the first term left out is 945/z^10, 1e-13. */
static double log_far(double z)
{
	double r = 1.0 / (z * z);
	return -0.5 * z * z - HALF_LOG_2PI - log(z) + log1p(-r * (1.0 - 3.0 * r * (1.0 - 5.0 * r * (1.0 - 7.0 * r))));
}

/* Newton on ln Q, which is concave: from the first step on it comes from the side where it cannot overshoot. */
static double farther(double log_p)
{
	double z = -2.0 * log_p;
	z = sqrt(z - log(z) - 2.0 * HALF_LOG_2PI);
	for (int i = 0; i < 20; i++) {
		double here = log_far(z), step = (here - log_p) * exp(here + 0.5 * z * z + HALF_LOG_2PI);
		z += step;
		if (fabs(step) < 1e-13 * z) { break; }
	}
	return z;
}

/* z with upper tail exp(log_p), for p <= 1/2 (0 above). */
double ea_normal_quantile(double log_p)
{
	double r, q;
	if (!(log_p < log(0.5))) { return 0.0; }
	if (log_p > MIDDLE_LOG_P) {
		q = 0.5 - exp(log_p);
		r = 0.180625 - q * q;
		return q * MIDDLE_Z / MIDDLE_BY;
	}
	r = sqrt(-log_p);
	if (r > FARTHEST) { return farther(log_p); }
	if (r > 5.0) {
		r -= 5.0;
		return FAR_Z / FAR_BY;
	}
	r -= 1.6;
	return NEAR_Z / NEAR_BY;
}
