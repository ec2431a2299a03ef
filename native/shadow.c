/* The shadow test of one passage (detection.md 3.3): is there a source that no shadow of this kind of vehicle explains?
 *
 * Inside a passage the length is open, and with it the basis and the class.  The vehicle may be about to leave (the
 * length so far; where the portal holds its occupancy on, it may even have left), be a little longer, or turn out to be
 * a usual one of each class; each is tested as if it were so, and the smallest statistic counts.  If the true length is
 * near one of them, the chance to cross without a source is no larger than the true vehicle's; where a class that is
 * still possible was not learned, there is no statistic.
 */
#include "ea_work.h"

#define A_LITTLE_LONGER 1.3
#define HALF 0.5

size_t ea_work_size(void)
{
	return sizeof(struct ea_work);
}

static uint32_t kind_of(const ea_shadow_model *model, double length_m)
{
	return (uint32_t)(length_m >= model->edge_m[0]) + (uint32_t)(length_m >= model->edge_m[1]);
}

static int kind_sound(const ea_shadow_model *model, uint32_t kind)
{
	uint32_t n = EA_BASIS * model->geometry.panels;
	if (!model->learned[kind]) { return 1; }
	for (uint32_t i = 0; i < n; i++) {
		if (!ea_in_range(model->mean[kind][i], -100.0, 100.0)) { return 0; }
	}
	for (uint32_t i = 0; i < n * n; i++) {
		if (!ea_in_range(model->covariance[kind][i], -1e4, 1e4)) { return 0; }
	}
	return 1;
}

static int model_sound(const ea_lane *lane, const ea_shadow_model *m)
{
	return ea_geometry_sound(lane, &m->geometry)
		&& ea_in_range(m->edge_m[0], 0.0, m->edge_m[1]) && ea_in_range(m->edge_m[1], 0.0, 1000.0)
		&& kind_sound(m, 0) && kind_sound(m, 1) && kind_sound(m, 2)
		&& ea_in_range(m->typical_m[0], 0.5, 1000.0) && ea_in_range(m->typical_m[1], 0.5, 1000.0)
		&& ea_in_range(m->typical_m[2], 0.5, 1000.0);
}

int ea_model_check(const ea_lane *lane, const ea_shadow_model *model, ea_work *work)
{
	if (!model_sound(lane, model)) { return EA_BAD_MODEL; }
	memset(&work->design, 0, sizeof work->design);
	work->design.panels = model->geometry.panels;
	work->design.mask = (1u << model->geometry.panels) - 1u;
	for (uint32_t kind = 0; kind < EA_CLASSES; kind++) {
		if (model->learned[kind] && !ea_work_prepare(work, model, kind)) { return EA_BAD_MODEL; }
	}
	return EA_OK;
}

static int sees_a_source(const ea_work *w, const ea_geometry *g)
{
	for (uint32_t a = 0; a < w->panels; a++) {
		if (g->response[w->panel[a]] > 0.0) { return 1; }
	}
	return 0;
}

/* Mean over the panels of the first coefficient, the depth, in sigmas of the model: > 0 where it is deeper. */
static double depth(const ea_work *w, const double *coefficients)
{
	double sum = 0.0, variance = 0.0;
	for (uint32_t a = 0; a < w->panels; a++) { sum += coefficients[EA_BASIS * a]; }
	for (uint32_t k = 0; k < w->size; k++) {
		double column = 0.0;
		for (uint32_t a = 0; a < w->panels; a++) { column += EA_BASIS * a >= k ? w->factor[EA_BASIS * a * w->size + k] : 0.0; }
		variance += column * column;
	}
	return variance > 0.0 ? sum / sqrt(variance) : 0.0;
}

/* rest = r, solved = C^-1 r; the depth of the shadow that fits without a source */
static double solve(ea_work *w)
{
	double x[EA_COEFFICIENTS];
	const ea_design *d = &w->design;
	for (uint32_t a = 0; a < w->panels; a++) {
		for (uint32_t i = 0; i < d->bins; i++) { w->rest[a][i] = d->counts[w->panel[a]][i] - w->expected[a][i]; }
	}
	ea_work_shadow(w, w->rest, x);
	for (uint32_t a = 0; a < w->panels; a++) {
		for (uint32_t i = 0; i < d->bins; i++) {
			const double *u = w->weighted[a][i], *c = &x[EA_BASIS * a];
			double shadow = ea_work_along(u, c);
			w->solved[a][i] = w->inverse[a][i] * w->rest[a][i] - shadow;
		}
	}
	return depth(w, x);
}

/* r.C^-1 r less what the source explains is a chi-square of as many degrees of freedom as there are counts, less one. */
static double misfit(const ea_work *w, const ea_best *best)
{
	double chi2 = -best->source * best->source * best->variance, freedom = (double)w->panels * w->design.bins - 1.0;
	for (uint32_t a = 0; a < w->panels; a++) {
		for (uint32_t i = 0; i < w->design.bins; i++) { chi2 += w->rest[a][i] * w->solved[a][i]; }
	}
	return (chi2 - freedom) / sqrt(2.0 * fmax(1.0, freedom));
}

/* Template of one bin over all panels, as a rate. */
static double strength(const ea_work *w, uint32_t bin, uint32_t slot)
{
	double sum = 0.0;
	for (uint32_t a = 0; a < w->panels; a++) { sum += ea_source_at(w, a, bin, slot); }
	return sum / w->design.exposure_s[bin];
}

static void sum_bin(const ea_work *w, uint32_t i, const double *coefficients, ea_shadow *out)
{
	const ea_design *d = &w->design;
	for (uint32_t a = 0; a < w->panels; a++) {
		const double *u = w->weighted[a][i], *c = &coefficients[EA_BASIS * a];
		double shadow = ea_work_along(u, c);
		out->counts += d->counts[w->panel[a]][i];
		out->background += w->flat[a][i];
		out->expected += w->expected[a][i] + shadow / w->inverse[a][i];
	}
	out->window_s += d->exposure_s[i];
}

/* The counts where the source stands out, and what was to be expected there behind the shadow fitted beside it. */
static void explain(ea_work *w, const ea_best *best, ea_shadow *out)
{
	double coefficients[EA_COEFFICIENTS], top = 0.0;
	uint32_t n = w->design.bins;
	for (uint32_t a = 0; a < w->panels; a++) {
		for (uint32_t i = 0; i < n; i++) { w->rest[a][i] -= best->source * ea_source_at(w, a, i, best->slot); }
	}
	ea_work_shadow(w, w->rest, coefficients);
	for (uint32_t i = 0; i < n; i++) { top = fmax(top, strength(w, i, best->slot)); }
	for (uint32_t i = 0; i < n; i++) {
		if (strength(w, i, best->slot) >= HALF * top) { sum_bin(w, i, coefficients, out); }
	}
}

static void report(ea_work *w, const ea_shadow_model *model, const ea_best *best, ea_shadow *out)
{
	const ea_design *d = &w->design;
	double top = ea_source_top(w, &model->geometry, best->lateral_m);
	out->statistic = best->statistic;
	out->misfit = misfit(w, best);
	out->speed_mps = best->speed_mps;
	out->lateral_m = best->lateral_m;
	out->at_s = d->grid_s + (best->slot + 0.5) * d->bin_s;
	out->after_on_s = out->at_s - d->on_s;
	out->behind_m = d->speed_mps * out->after_on_s;
	out->source_cps = best->source * top;
	out->source_sd = top / sqrt(best->variance);
	ea_source(w, &model->geometry, best->speed_mps, best->lateral_m);
	explain(w, best, out);
}

/* The test as if the vehicle were of this length; 0: as measured. */
static int look_at(const ea_lane *lane, const ea_shadow_model *model, double length_m, ea_work *w, ea_shadow *out)
{
	const ea_design *d = &w->design;
	ea_best best;
	ea_design_fill(lane, &model->geometry, length_m, &w->design);
	memset(out, 0, sizeof *out);
	out->why = d->why;
	out->finished = d->finished;
	out->bins = d->bins;
	out->mask = d->mask;
	out->speed_measured = d->speed_measured;
	out->length_m = d->length_m;
	if (out->why) { return EA_OK; }
	out->length_class = kind_of(model, d->length_m);
	if (!model->learned[out->length_class]) { out->why = EA_NO_MODEL; return EA_OK; }
	if (!ea_work_prepare(w, model, out->length_class)) { return EA_BAD_MODEL; }
	if (!sees_a_source(w, &model->geometry)) { out->why = EA_NO_GEOMETRY; return EA_OK; }
	out->depth = solve(w);
	best = ea_scan(w, &model->geometry);
	if (!best.found) { out->why = EA_FEW_BINS; return EA_OK; }
	report(w, model, &best, out);
	return EA_OK;
}

static int look_open(const ea_lane *lane, const ea_shadow_model *model, ea_work *w, ea_shadow *out)
{
	double least_m = out->length_m, longest_m = model->geometry.longest_m;
	double so_far_m = least_m - w->design.speed_mps * fmin(0.0, lane->settings.end_offset_s);
	double tried[EA_CLASSES + 2] = {fmin(longest_m, so_far_m), fmin(longest_m, A_LITTLE_LONGER * so_far_m)};
	ea_shadow other;
	for (uint32_t kind = 0; kind < EA_CLASSES; kind++) { tried[kind + 2] = fmin(longest_m, model->typical_m[kind]); }
	for (uint32_t i = 0; i < EA_CLASSES + 2; i++) {
		int status;
		if (!(tried[i] > least_m)) { continue; }
		status = look_at(lane, model, tried[i], w, &other);
		if (status) { return status; }
		if (other.why || other.statistic < out->statistic) { *out = other; }
		if (out->why) { return EA_OK; }
	}
	return EA_OK;
}

int ea_passage_look(const ea_lane *lane, const ea_shadow_model *model, ea_work *work, ea_shadow *out)
{
	int status;
	memset(out, 0, sizeof *out);
	if (!model_sound(lane, model)) { return EA_BAD_MODEL; }
	status = look_at(lane, model, 0.0, work, out);
	if (status == EA_OK && !out->finished && !out->why) { status = look_open(lane, model, work, out); }
	out->threshold = lane->settings.glrt_threshold;
	out->armed = !status && !out->why && out->threshold > 0.0;
	out->crossed = out->armed && out->statistic >= out->threshold;
	return status;
}
