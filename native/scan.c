/* The search for a source: every moment it may have passed, every place across the lane, and where no speed is measured
 * three speeds.
 *
 * A bin's share of 1/r^2 is integrated exactly: the integral of 1/((v t)^2 + h^2) is atan(v t / h) / (v h).  It depends
 * on the distance from the passing in bins only, so one table per place serves every moment.  A bin with less counting
 * time than its length gets that share of it: exact where the counting time is spread evenly.
 *
 * One threshold on the plain statistic T = s.C^-1 r / e, e^2 = s.C^-1 s, spends false alarms alike on places where a
 * source is seen easily and on those where it hardly is.  So places are weighed as a Bayes factor with a prior density
 * proportional to the source's strength would (to first order exp(T^2/2) / e^2): S^2 = T^2 - 2 ln(e^2 / e0^2), with e0
 * of a source that passes at 8 km/h without a shadow.  There S = T.
 */
#include "ea_work.h"

#define REACH_M 1.0              /* sources are looked for this far before and behind the vehicle: overhang, late beams */
#define STEP_M 0.5               /* moments closer along the vehicle are not told apart: a template of half width h missed
                                  * by d loses (d/2h)^2, 0.3 % at worst with h = 2.5 m */
#define CLOSEST_M 0.1            /* no source is nearer to a panel's middle */
#define USUAL_MPS (8.0 / 3.6)    /* ANSI N42.35's vehicle */
#define WEIGHT 2.0
#define EASIEST 16.0             /* e^2 / e0^2 beyond this counts as this, below 1/EASIEST as that: strengths have an end */
#define PI 3.14159265358979323846
#define NOTHING_LEFT 1e-6        /* of a template's information when the shadow could make the same: not a number then */

static double distance_m(const ea_geometry *g, uint32_t c, double lateral_m)
{
	double across = lateral_m - g->across_m[c], up = g->source_height_m - g->height_m[c];
	return fmax(CLOSEST_M, sqrt(across * across + up * up));
}

void ea_source(ea_work *w, const ea_geometry *g, double speed_mps, double lateral_m)
{
	uint32_t middle = EA_LAGS / 2;
	for (uint32_t a = 0; a < w->panels; a++) {
		uint32_t c = w->panel[a];
		double h = distance_m(g, c, lateral_m), width = speed_mps * w->design.bin_s;
		double size = g->response[c] / (h * width), before = 0.0;
		for (uint32_t lag = 0; lag <= EA_LAGS; lag++) {
			double edge = atan(((((double)lag - middle) - 0.5) * width - g->along_m[c]) / h);
			if (lag) { w->source[a][lag - 1] = size * (edge - before); }
			before = edge;
		}
	}
}

/* Counts in a bin of a source of strength 1 that passes the beam in the middle of a slot. */
double ea_source_at(const ea_work *w, uint32_t a, uint32_t bin, uint32_t slot)
{
	const ea_design *d = &w->design;
	return w->source[a][d->slot[bin] + EA_LAGS / 2 - slot] * d->exposure_s[bin];
}

/* Counts/s over all panels in the test when it is closest to their middle. */
double ea_source_top(const ea_work *w, const ea_geometry *g, double lateral_m)
{
	double weight = 0.0, along = 0.0, top = 0.0;
	for (uint32_t a = 0; a < w->panels; a++) {
		weight += g->response[w->panel[a]];
		along += g->response[w->panel[a]] * g->along_m[w->panel[a]];
	}
	for (uint32_t a = 0; a < w->panels; a++) {
		uint32_t c = w->panel[a];
		double h = distance_m(g, c, lateral_m), x = along / weight - g->along_m[c];
		top += g->response[c] / (h * h + x * x);
	}
	return top;
}

/* s.C^-1 r, s.D^-1 s and U^T D^-1 s of one template, one panel. */
static void project(const ea_work *w, uint32_t a, uint32_t slot, double *with_rest, double *alone, double *x)
{
	const ea_design *d = &w->design;
	double p = 0.0, q = 0.0, sum[EA_BASIS] = {0};
	for (uint32_t i = 0; i < d->bins; i++) {
		const double *u = w->weighted[a][i];
		double s = ea_source_at(w, a, i, slot);
		p += s * w->solved[a][i];
		q += s * s * w->inverse[a][i];
		for (uint32_t k = 0; k < EA_BASIS; k++) { sum[k] += s * u[k]; }
	}
	*with_rest += p;
	*alone += q;
	memcpy(x, sum, sizeof sum);
}

static double clip(double x, double low, double high)
{
	return fmin(high, fmax(low, x));
}

/* e0^2: the integral of (1 / (h^2 + (v t)^2))^2 over all times is pi / (2 v h^3). */
static double usual_information(const ea_work *w, const ea_geometry *g)
{
	double sum = 0.0;
	for (uint32_t a = 0; a < w->panels; a++) {
		uint32_t c = w->panel[a];
		double h = distance_m(g, c, g->lateral_m[0]), size = g->response[c];
		sum += size * size * PI / (2.0 * USUAL_MPS * h * h * h) / fmax(1.0, w->design.background_cps[c]);
	}
	return sum;
}

static double weighed(double t, double ease)
{
	double s2 = t * fabs(t) - WEIGHT * log(clip(ease, 1.0 / EASIEST, EASIEST));
	return copysign(sqrt(fabs(s2)), s2);
}

static void try_slot(const ea_work *w, uint32_t slot, double speed_mps, double lateral_m, double usual, ea_best *best)
{
	double x[EA_COEFFICIENTS] = {0}, y[EA_COEFFICIENTS], with_rest = 0.0, alone = 0.0, left, statistic;
	for (uint32_t a = 0; a < w->panels; a++) { project(w, a, slot, &with_rest, &alone, &x[EA_BASIS * a]); }
	ea_work_half(w, x, y);
	left = alone;
	for (uint32_t i = 0; i < w->size; i++) { left -= y[i] * y[i]; }
	if (!(left > NOTHING_LEFT * alone)) { return; }
	statistic = weighed(with_rest / sqrt(left), left / usual);
	if (best->found && !(statistic > best->statistic)) { return; }
	*best = (ea_best){statistic, with_rest / left, left, speed_mps, lateral_m, slot, 1};
}

/* Slots in which a source on the vehicle may have passed the beam, among those there are bins of. */
static void try_place(const ea_work *w, double speed_mps, double lateral_m, double usual, ea_best *best)
{
	const ea_design *d = &w->design;
	double on = (d->on_s - d->grid_s) / d->bin_s - 0.5, bin_m = d->speed_mps * d->bin_s;
	double last = d->slot[d->bins - 1];
	uint32_t from = (uint32_t)clip(ceil(on - REACH_M / bin_m), 0.0, last);
	uint32_t to = (uint32_t)clip(floor(on + (d->length_m + REACH_M) / bin_m), from, last);
	uint32_t step = (uint32_t)clip(STEP_M / bin_m, 1.0, EA_PASSAGE_BINS);
	for (uint32_t slot = from; slot <= to; slot += step) { try_slot(w, slot, speed_mps, lateral_m, usual, best); }
}

ea_best ea_scan(ea_work *w, const ea_geometry *g)
{
	static const double bank[] = {1.0, 0.82, 1.22};      /* detection.md 3.3, where no speed is measured */
	uint32_t speeds = w->design.speed_measured ? 1 : sizeof bank / sizeof bank[0];
	double usual = usual_information(w, g);
	ea_best best = {0};
	for (uint32_t v = 0; v < speeds; v++) {
		double speed_mps = bank[v] * w->design.speed_mps;
		for (uint32_t y = 0; y < g->laterals; y++) {
			ea_source(w, g, speed_mps, g->lateral_m[y]);
			try_place(w, speed_mps, g->lateral_m[y], usual, &best);
		}
	}
	return best;
}
