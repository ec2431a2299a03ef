/* What the shadow test computes with: background, counts and shadow basis of one passage.  The learning in numpy takes
 * the same numbers through the binding, so there is one definition of the basis. */
#include "ea_lane.h"

#define EDGE_M 2.0               /* how softly a vehicle's ends shadow: as far as a panel sees around it (detection.md 3.3) */
#define BINS_MIN 3               /* fewer are a point, not a course */
#define LENGTH_MIN_M 0.3         /* shorter is a flicker of the beam, not a vehicle */
#define PI 3.14159265358979323846

static void shapes(double x_m, double length_m, double *basis)
{
	double box = 0.5 * (erf(x_m / EDGE_M) - erf((x_m - length_m) / EDGE_M));
	double c = cos(PI * x_m / length_m);
	basis[0] = box;
	basis[1] = box * c;
	for (uint32_t k = 2; k + 1 < EA_BASIS; k++) { basis[k] = 2.0 * c * basis[k - 1] - basis[k - 2]; }    /* cos k a */
	basis[EA_BASIS - 1] = 1.0;
}

static void head(const ea_lane *lane, const ea_geometry *g, double length_m, ea_design *d)
{
	const ea_passage *p = &lane->passage;
	double end_s;
	d->finished = (uint32_t)ea_passage_finished(lane);
	d->panels = lane->settings.panels;
	d->speed_measured = p->speed_mps > 0.0;
	d->speed_mps = d->speed_measured ? p->speed_mps : g->assumed_mps;
	d->on_s = ea_passage_on(lane);
	/* a portal that holds its occupancy on may do so already: the vehicle is at least as long as if it did */
	end_s = d->finished ? ea_passage_off(lane) : lane->stream[EA_GAMMA].sample_s + fmin(0.0, lane->settings.end_offset_s);
	d->length_m = length_m > 0.0 ? length_m : d->speed_mps * (end_s - d->on_s);
	d->grid_s = p->gamma.grid_s;
	d->bin_s = p->gamma.interval_s * (double)p->gamma.per_bin;
}

static void background(const ea_lane *lane, ea_design *d)
{
	const ea_ring *r = &lane->ring[EA_GAMMA];
	const ea_fit *f = &lane->passage.fit;
	ea_level level = ea_level_at(f, &r->is, d->grid_s + 0.5 * d->bin_s * lane->passage.gamma.bins);
	d->common_var = level.common_var;
	for (uint32_t c = 0; c < d->panels; c++) {
		d->background_cps[c] = f->total[c] / f->exposure_s * level.factor;
		d->own_var[c] = 1.0 / fmax(1.0, f->total[c]);
		if (f->total[c] > 0.0) { d->mask |= r->mask & 1u << c; }
	}
}

static void bins(const ea_passage *p, ea_design *d)
{
	for (uint32_t i = 0; i < p->gamma.bins; i++) {
		if (!(p->gamma.exposure_s[i] > 0.0)) { continue; }
		d->slot[d->bins] = i;
		d->exposure_s[d->bins] = p->gamma.exposure_s[i];
		for (uint32_t c = 0; c < d->panels; c++) { d->counts[c][d->bins] = p->counts[i][c]; }
		d->bins++;
	}
}

static void basis(const ea_geometry *g, ea_design *d, uint32_t c)
{
	if (c > 0 && g->along_m[c] == g->along_m[c - 1]) {   /* panels of one pillar */
		memcpy(d->basis[c], d->basis[c - 1], d->bins * sizeof d->basis[c][0]);
		return;
	}
	for (uint32_t i = 0; i < d->bins; i++) {
		double t_s = d->grid_s + (d->slot[i] + 0.5) * d->bin_s;
		shapes(d->speed_mps * (t_s - d->on_s) - g->along_m[c], d->length_m, d->basis[c][i]);
	}
}

static uint32_t why(const ea_lane *lane, const ea_geometry *g, const ea_design *d)
{
	const ea_passage *p = &lane->passage;
	if (!p->seen) { return EA_NO_PASSAGE; }
	if (!(p->fit.exposure_s > 0.0) || p->fit.exposure_s < lane->ring[EA_GAMMA].is.arm_s - 1e-6) { return EA_NO_BACKGROUND; }
	if (!(d->speed_mps > 0.0)) { return EA_NO_SPEED; }
	if (g->gap_m > 0.0 && d->speed_mps * p->gap_s >= g->gap_m) { return EA_INTERRUPTED; }
	if (!ea_in_range(d->length_m, LENGTH_MIN_M, g->longest_m)) { return EA_NO_LENGTH; }
	return EA_SEEN;
}

static int is_place(double m)
{
	return ea_in_range(m, -EA_PLACE_MAX_M, EA_PLACE_MAX_M);
}

int ea_geometry_sound(const ea_lane *lane, const ea_geometry *g)
{
	if (g->panels != lane->settings.panels || g->laterals < 1 || g->laterals > EA_LATERALS) { return 0; }
	if (!is_place(g->source_height_m) || !ea_in_range(g->longest_m, 1.0, 1000.0)) { return 0; }
	if (!ea_in_range(g->gap_m, 0.0, 1000.0)) { return 0; }
	if (g->assumed_mps != 0.0 && !ea_in_range(g->assumed_mps, EA_SPEED_MIN_MPS, EA_SPEED_MAX_MPS)) { return 0; }
	for (uint32_t i = 0; i < g->laterals; i++) {
		if (!is_place(g->lateral_m[i])) { return 0; }
	}
	for (uint32_t c = 0; c < g->panels; c++) {
		if (!is_place(g->along_m[c]) || !is_place(g->across_m[c]) || !is_place(g->height_m[c])) { return 0; }
		if (!ea_in_range(g->response[c], 0.0, 1e6)) { return 0; }
	}
	return 1;
}

/* The geometry is sound, length_m is one or 0. */
void ea_design_fill(const ea_lane *lane, const ea_geometry *g, double length_m, ea_design *d)
{
	memset(d, 0, sizeof *d);
	head(lane, g, length_m, d);
	d->why = why(lane, g, d);
	if (d->why) { return; }
	background(lane, d);
	bins(&lane->passage, d);
	for (uint32_t c = 0; c < d->panels; c++) { basis(g, d, c); }
	if (d->bins < BINS_MIN) { d->why = EA_FEW_BINS; }
	if (!d->mask) { d->why = EA_NO_BACKGROUND; }
}

int ea_passage_design(const ea_lane *lane, const ea_geometry *geometry, double length_m, ea_design *out)
{
	if (!ea_geometry_sound(lane, geometry) || !ea_in_range(length_m, 0.0, geometry->longest_m)) { return EA_BAD_MODEL; }
	ea_design_fill(lane, geometry, length_m, out);
	return EA_OK;
}
