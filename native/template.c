/* Neutrons of a vehicle in motion: the likelihood of a source passing by, against none (detection.md 3.6).
 *
 * Counts n_i of a bin with exposure e_i are Poisson with mean b e_i + A s_i; all that is known of b is N vacant counts in
 * E s, which are Poisson too.  Without a source the likeliest b is b0 = (N + sum n) / (E + sum e).  With one, b1 = (N +
 * sum n - A sum s) / (E + sum e) stands for the likeliest: nearly the same and never more likely, so a short background
 * never makes the ratio too large.  One bin speaks for a source by a factor of 100 at most: what gives more in one bin
 * and nothing beside it is a cosmic-ray shower as likely as one passage in a hundred has one there (assumed: one in
 * 100 s; docs/decisions/0005).  Slow and stopped vehicles are left to the windows of neutron.c.
 *
 * While the vehicle is in the beam only moments are tried that lie as far behind as the panels stand aside: what a
 * source there gave is mostly in, so the statistic of a moment hardly changes any more and all looks of a passage
 * together are little more than the last one.  The last has the threshold, the others one that is e times rarer to
 * cross: with moments up to the present in every look, each of them half seen, and one threshold, a source has to be
 * 4 % stronger (docs/decisions/0005).  An early word costs more than it brings: the windows of neutron.c speak first.
 */
#include "ea_work.h"

#define BINS_MIN 3
#define REACH_M 1.0              /* as in scan.c */
#define STEP_M 0.5
#define HALF 0.5
#define BIN_MOST 4.605170185988091       /* ln 100 */
#define OPEN_RARER 1.0           /* ln of how much rarer a crossing is before the end */

static const double STRENGTH_CPS[] = {1.5, 3.0, 6.0, 12.0};          /* detection.md 3.6 */
static const double BANK[] = {1.0, 0.82, 1.22};                      /* where no speed is measured, as in scan.c */
enum { STRENGTHS = sizeof STRENGTH_CPS / sizeof STRENGTH_CPS[0], BANKS = sizeof BANK / sizeof BANK[0] };

typedef struct {                     /* a passage, and the best so far */
	const ea_grid *grid;
	const double *counts;
	double bin_s, speed_mps, total, exposure_s;      /* totals of the passage */
	double vacant, vacant_s;                         /* N, E */
	double shape[EA_LAGS];                           /* 1 at closest approach, by bins from it */
	double best, best_speed_mps, best_cps;
	uint32_t best_slot;
} search;

static void shape(search *s, const ea_geometry *g, double speed_mps)
{
	double width = speed_mps * s->bin_s, top = 0.0;
	memset(s->shape, 0, sizeof s->shape);
	for (uint32_t c = 0; c < g->panels; c++) {
		double up = g->source_height_m - g->height_m[c], h = fmax(0.1, sqrt(g->across_m[c] * g->across_m[c] + up * up));
		double before = 0.0, weight = g->response[c];
		top += weight / (h * h);
		for (uint32_t lag = 0; lag <= EA_LAGS && weight > 0.0; lag++) {
			double edge = atan((((double)lag - EA_LAGS / 2) - 0.5) * width / h);
			if (lag) { s->shape[lag - 1] += weight * (edge - before) / (h * width); }
			before = edge;
		}
	}
	for (uint32_t lag = 0; lag < EA_LAGS; lag++) { s->shape[lag] /= top; }
}

static double source_at(const search *s, uint32_t bin, uint32_t slot)
{
	return s->shape[bin + EA_LAGS / 2 - slot] * s->grid->exposure_s[bin];
}

/* Log likelihood ratio of a source of `cps` passing in the middle of a slot. */
static double ratio(const search *s, uint32_t slot, double cps)
{
	double all_s = s->vacant_s + s->exposure_s, b0 = (s->vacant + s->total) / all_s, share = 0.0, b1, log_ratio;
	for (uint32_t i = 0; i < s->grid->bins; i++) { share += source_at(s, i, slot); }
	b1 = (s->vacant + s->total - cps * share) / all_s;
	if (!(b1 > 0.0)) { return 0.0; }
	log_ratio = s->vacant * log(b1 / b0) - (b1 - b0) * s->vacant_s;
	for (uint32_t i = 0; i < s->grid->bins; i++) {
		double e = s->grid->exposure_s[i], more = cps * source_at(s, i, slot), of_bin = -(b1 - b0) * e - more;
		if (s->counts[i] > 0.0) { of_bin += s->counts[i] * log((b1 + more / e) / b0); }
		log_ratio += fmin(of_bin, BIN_MOST);
	}
	return log_ratio;
}

static void try_slot(search *s, uint32_t slot, double speed_mps)
{
	for (uint32_t a = 0; a < STRENGTHS; a++) {
		double found = ratio(s, slot, STRENGTH_CPS[a]);
		if (!(found > s->best)) { continue; }
		s->best = found;
		s->best_slot = slot;
		s->best_cps = STRENGTH_CPS[a];
		s->best_speed_mps = speed_mps;
	}
}

static double clip(double x, double low, double high)
{
	return fmin(high, fmax(low, x));
}

/* How far past the panels a source must be before a vehicle in the beam is judged by it. */
static double settled_m(const ea_geometry *g)
{
	double most = 0.0;
	for (uint32_t c = 0; c < g->panels; c++) {
		if (g->response[c] > 0.0) { most = fmax(most, fabs(g->across_m[c])); }
	}
	return most;
}

static void scan(search *s, const ea_lane *lane, const ea_geometry *g, uint32_t banks)
{
	int finished = ea_passage_finished(lane);
	double bin_m = s->speed_mps * s->bin_s, last = s->grid->bins - 1;
	double off_s = finished ? ea_passage_off(lane) : lane->stream[EA_NEUTRON].sample_s;
	double on = (ea_passage_on(lane) - s->grid->grid_s) / s->bin_s - 0.5, off = (off_s - s->grid->grid_s) / s->bin_s - 0.5;
	double first = clip(ceil(on - REACH_M / bin_m), 0.0, last);
	double final = floor(off + (finished ? REACH_M : -settled_m(g)) / bin_m);
	uint32_t from = (uint32_t)first, to = (uint32_t)clip(final, first, last);
	uint32_t step = (uint32_t)clip(STEP_M / bin_m, 1.0, EA_PASSAGE_BINS);
	if (!finished && final < first) { return; }
	for (uint32_t v = 0; v < banks; v++) {
		shape(s, g, BANK[v] * s->speed_mps);
		for (uint32_t slot = from; slot <= to; slot += step) { try_slot(s, slot, BANK[v] * s->speed_mps); }
	}
}

static void report(search *s, const ea_lane *lane, const ea_geometry *g, ea_neutron_source *out)
{
	out->statistic = sqrt(2.0 * s->best);
	if (!(s->best > 0.0)) { return; }
	shape(s, g, s->best_speed_mps);
	out->speed_mps = s->best_speed_mps;
	out->at_s = s->grid->grid_s + (s->best_slot + 0.5) * s->bin_s;
	out->after_on_s = out->at_s - ea_passage_on(lane);
	out->behind_m = s->speed_mps * out->after_on_s;
	out->source_cps = s->best_cps;
	for (uint32_t i = 0; i < s->grid->bins; i++) {
		double top = s->shape[EA_LAGS / 2];
		if (s->shape[i + EA_LAGS / 2 - s->best_slot] < HALF * top) { continue; }
		out->window_s += s->grid->exposure_s[i];
		out->counts += s->counts[i];
	}
	out->expected = (s->vacant / s->vacant_s) * out->window_s;
}

/* As h^2: exp(-h^2/2) is how rare a crossing is. */
static double threshold(const ea_lane *lane)
{
	int finished = ea_passage_finished(lane);
	double h = lane->settings.neutron_template_threshold;
	double end_s = finished ? ea_passage_off(lane) : lane->stream[EA_NEUTRON].sample_s;
	double rarer = ea_rarer(&lane->settings, end_s - ea_passage_on(lane)) + (finished ? 0.0 : OPEN_RARER);
	return h > 0.0 ? sqrt(h * h + 2.0 * rarer) : 0.0;
}

static uint32_t why(const ea_lane *lane, const search *s)
{
	const ea_fit *f = &lane->passage.neutron_fit;
	if (!lane->passage.seen) { return EA_NO_PASSAGE; }
	if (!(f->exposure_s > 0.0) || f->exposure_s < lane->ring[EA_NEUTRON].is.arm_s - 1e-6) { return EA_NO_BACKGROUND; }
	if (!(s->speed_mps > 0.0)) { return EA_NO_SPEED; }
	return s->grid->bins < BINS_MIN ? EA_FEW_BINS : EA_SEEN;
}

static int responds(const ea_geometry *g)
{
	for (uint32_t c = 0; c < g->panels; c++) {
		if (g->response[c] > 0.0) { return 1; }
	}
	return 0;
}

int ea_neutron_look(const ea_lane *lane, const ea_geometry *geometry, ea_neutron_source *out)
{
	const ea_passage *p = &lane->passage;
	search s = {.grid = &p->neutron, .counts = p->neutrons, .bin_s = p->neutron.interval_s * (double)p->neutron.per_bin};
	memset(out, 0, sizeof *out);
	if (!lane->settings.tubes) { return EA_BAD_SAMPLE; }
	if (!ea_geometry_sound(lane, geometry)) { return EA_BAD_MODEL; }
	out->finished = (uint32_t)ea_passage_finished(lane);
	out->speed_measured = p->speed_mps > 0.0;
	out->threshold = threshold(lane);
	s.speed_mps = out->speed_measured ? p->speed_mps : geometry->assumed_mps;
	out->why = why(lane, &s);
	if (!out->why && !responds(geometry)) { out->why = EA_NO_GEOMETRY; }
	if (out->why) { return EA_OK; }
	for (uint32_t i = 0; i < s.grid->bins; i++) {
		s.total += s.counts[i];
		s.exposure_s += s.grid->exposure_s[i];
	}
	out->bins = s.grid->bins;
	s.vacant = fmax(1.0, p->neutron_fit.counts);
	s.vacant_s = p->neutron_fit.exposure_s;
	scan(&s, lane, geometry, out->speed_measured ? 1 : BANKS);
	report(&s, lane, geometry, out);
	out->armed = out->threshold > 0.0;
	out->crossed = out->armed && out->statistic >= out->threshold;
	return EA_OK;
}
