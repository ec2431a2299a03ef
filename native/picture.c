/* What the shadow test made of a passage, bin by bin and panel by panel, for people to look at: counts, background, the
 * background behind the fitted shadow, and the source fitted beside it.  The look is asked again, so the picture is of the
 * same numbers as the alarm; only sums over the bins differ from what ea_passage_look reports.
 */
#include "ea_work.h"

static uint32_t slot_of(const ea_design *d, double at_s)
{
	double slot = floor((at_s - d->grid_s) / d->bin_s);
	return (uint32_t)fmin(fmax(slot, 0.0), d->slot[d->bins - 1]);
}

static void head(const ea_design *d, ea_picture *out)
{
	out->panels = d->panels;
	out->mask = d->mask;
	out->bins = d->bins;
	out->on_s = d->on_s;
	out->off_s = d->on_s + d->length_m / d->speed_mps;
	out->bin_s = d->bin_s;
	for (uint32_t i = 0; i < d->bins; i++) {
		out->begin_s[i] = d->grid_s + d->slot[i] * d->bin_s;
		out->exposure_s[i] = d->exposure_s[i];
	}
}

/* The shadow that is likeliest beside a source of this strength, as ea_passage_look reports it. */
static void fill(ea_work *w, double source, uint32_t slot, ea_picture *out)
{
	const ea_design *d = &w->design;
	double coefficients[EA_COEFFICIENTS];
	for (uint32_t a = 0; a < w->panels; a++) {
		uint32_t c = w->panel[a];
		for (uint32_t i = 0; i < d->bins; i++) {
			out->source[c][i] = source * ea_source_at(w, a, i, slot);
			w->rest[a][i] = d->counts[c][i] - w->expected[a][i] - out->source[c][i];
		}
	}
	ea_work_shadow(w, w->rest, coefficients);
	for (uint32_t a = 0; a < w->panels; a++) {
		uint32_t c = w->panel[a];
		for (uint32_t i = 0; i < d->bins; i++) {
			const double *u = w->weighted[a][i], *k = &coefficients[EA_BASIS * a];
			double shadow = ea_work_along(u, k);
			out->counts[c][i] = d->counts[c][i];
			out->background[c][i] = w->flat[a][i];
			out->shadowed[c][i] = w->expected[a][i] + shadow / w->inverse[a][i];
		}
	}
}

int ea_passage_picture(const ea_lane *lane, const ea_shadow_model *model, ea_work *work, ea_picture *out)
{
	ea_shadow seen;
	int status = ea_passage_look(lane, model, work, &seen);
	memset(out, 0, sizeof *out);
	if (status) { return status; }
	out->why = seen.why;
	out->seen = seen;
	if (seen.why) { return EA_OK; }
	ea_design_fill(lane, &model->geometry, seen.length_m, &work->design);    /* of several lengths, the one that counted */
	if (work->design.why || !ea_work_prepare(work, model, seen.length_class)) { return EA_BAD_MODEL; }
	ea_source(work, &model->geometry, seen.speed_mps, seen.lateral_m);
	head(&work->design, out);
	fill(work, seen.source_cps / ea_source_top(work, &model->geometry, seen.lateral_m), slot_of(&work->design, seen.at_s), out);
	return EA_OK;
}
