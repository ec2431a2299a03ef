/* Poisson-FOCuS: the likelihood-ratio scan over every window that ends now (Ward et al., arXiv 2208.01494).
 *
 * A window is (n, b): counts and expected counts.  With background error s (relative, common to the window)
 *     T^2 = 2 min_y [ n ln(n/(b y)) - (n - b y) + (y-1)^2 / (2 s^2) ],   zero where n <= b.
 * Setting the derivative to zero, q = (y-1)/s^2 = 2(n-b) / (1 + b s^2 + sqrt((1 + b s^2)^2 + 4 (n-b) s^2)), and
 *     T^2 = 2 b y g(q/b) + s^2 q^2,   g(u) = (1+u) ln(1+u) - u,   y = 1 + s^2 q:
 * the same number as in detection.md 3.2 without its cancellations.
 *
 * Which windows can be the largest?  T rises with n, falls with b, and its level curves n(b) are concave with slope
 * >= 1 (about b + T sqrt(b + s^2 b^2), whose second derivative is -T/4 (b + s^2 b^2)^(-3/2)): T is quasi-convex, so
 * the largest value over all windows sits on a corner of their hull.  The corners are the starts of the blocks of
 * the pool-adjacent-violators stack below, as in plain FOCuS; only the score differs.  tests/kernel compares with
 * brute force over all windows and checks the concavity over the plane.
 */
#include "ea_lane.h"

double ea_focus_statistic(double counts, double expected, double variance)
{
	double excess = counts - expected, k, q;
	if (!(excess > 0.0 && expected > 0.0)) { return 0.0; }
	k = 1.0 + expected * variance;
	q = 2.0 * excess / (k + sqrt(k * k + 4.0 * excess * variance));
	return sqrt(2.0 * expected * (1.0 + variance * q) * ea_deviance(q / expected) + variance * q * q);
}

void ea_hull_clear(ea_hull *h)
{
	h->blocks = 0;
}

static void remove_at(ea_hull *h, uint32_t i)
{
	h->blocks--;
	memmove(&h->block[i], &h->block[i + 1], (h->blocks - i) * sizeof h->block[0]);
}

static void join(ea_block *older, const ea_block *newer)
{
	older->counts += newer->counts;
	older->expected += newer->expected;
	older->length_s += newer->length_s;
}

/* Full (not seen in practice): the two oldest blocks become one.  One window is no longer tried, so the statistic
 * can only be smaller than the exact one, and the windows of the present are untouched. */
static void make_room(ea_hull *h)
{
	if (h->blocks < EA_HULL) { return; }
	join(&h->block[0], &h->block[1]);
	remove_at(h, 1);
	h->overflows++;
}

static int falls(const ea_block *older, const ea_block *newer)
{
	return older->counts * newer->expected >= newer->counts * older->expected;
}

/* oldest_s: windows that began before it are given up (vacant lane); -HUGE_VAL: none. */
void ea_hull_add(ea_hull *h, ea_block sample, double oldest_s)
{
	while (h->blocks && h->block[0].start_s < oldest_s) { remove_at(h, 0); }
	make_room(h);
	h->block[h->blocks++] = sample;
	while (h->blocks > 1 && falls(&h->block[h->blocks - 2], &h->block[h->blocks - 1])) {
		join(&h->block[h->blocks - 2], &h->block[h->blocks - 1]);
		h->blocks--;
	}
	if (h->blocks == 1 && h->block[0].counts <= h->block[0].expected) { ea_hull_clear(h); }
}

/* (n-b)^2 / (b + s^2 b^2) is never below T^2 (ln(1+u) <= u in the deviance): most corners need no logarithm. */
static double bound(const ea_block *w, double variance)
{
	double excess = w->counts - w->expected;
	return excess * excess / (w->expected + variance * w->expected * w->expected);
}

void ea_hull_score(const ea_hull *h, double variance, ea_score *out)
{
	ea_block window = {0.0, 0.0, 0.0, 0.0};
	for (uint32_t i = h->blocks; i-- > 0;) {
		double t;
		join(&window, &h->block[i]);
		if (bound(&window, variance) < out->statistic * out->statistic) { continue; }
		t = ea_focus_statistic(window.counts, window.expected, variance);
		if (t <= out->statistic) { continue; }
		out->statistic = t;
		out->window_s = window.length_s;
		out->counts = window.counts;
		out->expected = window.expected;
	}
	out->expected_sd = out->expected * sqrt(variance);
	out->crossed = out->statistic >= out->threshold;
}
