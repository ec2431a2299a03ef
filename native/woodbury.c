/* Products with the inverse of C = D + U S U^T without ever forming it (Woodbury).
 *
 * With S = L L^T and M = I + L^T (U^T D^-1 U) L:  C^-1 = D^-1 - D^-1 U L M^-1 L^T U^T D^-1.  M >= I, so its Cholesky
 * factor is safe whatever was learned, and S may be singular.  U^T D^-1 U is one 5 x 5 block per panel.
 */
#include "ea_work.h"

#define FLAT 1e-12               /* of the largest variance: a direction that does not vary */
#define NEGATIVE 1e-7            /* of it: more than rounding; not a covariance */
#define VARIANCE_MIN 1.0         /* counts: below one expected count a normal is no model; the test then sees less */
#define DARKEST 0.3              /* of the background behind a mean shadow: 40 % off is the most anyone reports (Ludlum) */

/* In place, lower triangle, leading dimension n.  A direction without variance becomes a column of zeros. */
static int cholesky(double *a, uint32_t n)
{
	double most = 0.0;
	for (uint32_t j = 0; j < n; j++) { most = fmax(most, a[j * n + j]); }
	for (uint32_t j = 0; j < n; j++) {
		double d = a[j * n + j], scale;
		for (uint32_t k = 0; k < j; k++) { d -= a[j * n + k] * a[j * n + k]; }
		if (!(d >= -NEGATIVE * most)) { return 0; }          /* NaN too */
		scale = d > FLAT * most ? 1.0 / sqrt(d) : 0.0;
		a[j * n + j] = d * scale;
		for (uint32_t i = j + 1; i < n; i++) {
			double sum = a[i * n + j];
			for (uint32_t k = 0; k < j; k++) { sum -= a[i * n + k] * a[j * n + k]; }
			a[i * n + j] = sum * scale;
		}
	}
	return 1;
}

/* Rows and columns of the panels in the test; the background's own errors are errors of its constant. */
static void prior(ea_work *w, const ea_shadow_model *model, uint32_t kind)
{
	const ea_design *d = &w->design;
	uint32_t all = EA_BASIS * d->panels;
	for (uint32_t i = 0; i < w->size; i++) {
		uint32_t row = EA_BASIS * w->panel[i / EA_BASIS] + i % EA_BASIS;
		for (uint32_t j = 0; j <= i; j++) {
			uint32_t column = EA_BASIS * w->panel[j / EA_BASIS] + j % EA_BASIS;
			double *s = &w->factor[i * w->size + j];
			*s = model->covariance[kind][row * all + column];
			if (i % EA_BASIS != EA_BASIS - 1 || j % EA_BASIS != EA_BASIS - 1) { continue; }
			*s += d->common_var + (i == j ? d->own_var[w->panel[i / EA_BASIS]] : 0.0);
		}
	}
}

static void panel_terms(ea_work *w, const ea_shadow_model *model, uint32_t kind, uint32_t a)
{
	const ea_design *d = &w->design;
	uint32_t c = w->panel[a];
	const double *mean = &model->mean[kind][EA_BASIS * c];
	for (uint32_t i = 0; i < d->bins; i++) {
		double flat = d->background_cps[c] * d->exposure_s[i], shade = 0.0;
		for (uint32_t k = 0; k < EA_BASIS; k++) { shade += mean[k] * d->basis[c][i][k]; }
		w->flat[a][i] = flat;
		w->expected[a][i] = flat * (1.0 - shade);
		w->inverse[a][i] = 1.0 / fmax(fmax(w->expected[a][i], DARKEST * flat), VARIANCE_MIN);
		for (uint32_t k = 0; k < EA_BASIS; k++) {
			w->weighted[a][i][k] = -flat * w->inverse[a][i] * d->basis[c][i][k];
		}
	}
}

static void gram(const ea_work *w, uint32_t a, double g[EA_BASIS][EA_BASIS])
{
	const ea_design *d = &w->design;
	memset(g, 0, sizeof(double[EA_BASIS][EA_BASIS]));
	for (uint32_t i = 0; i < d->bins; i++) {
		for (uint32_t k = 0; k < EA_BASIS; k++) {
			double u = -w->flat[a][i] * d->basis[w->panel[a]][i][k];
			for (uint32_t l = 0; l < EA_BASIS; l++) { g[k][l] += u * w->weighted[a][i][l]; }
		}
	}
}

/* between = (U^T D^-1 U) L, a panel's rows at a time. */
static void spread(ea_work *w, uint32_t a)
{
	double g[EA_BASIS][EA_BASIS];
	uint32_t n = w->size, first = EA_BASIS * a;
	gram(w, a, g);
	for (uint32_t k = 0; k < EA_BASIS; k++) {
		for (uint32_t j = 0; j < n; j++) {
			double sum = 0.0;
			for (uint32_t l = 0; l < EA_BASIS; l++) {
				if (first + l >= j) { sum += g[k][l] * w->factor[(first + l) * n + j]; }
			}
			w->between[(first + k) * n + j] = sum;
		}
	}
}

static void inner(ea_work *w)
{
	uint32_t n = w->size;
	for (uint32_t i = 0; i < n; i++) {
		double *row = &w->inner[i * n];
		for (uint32_t j = 0; j <= i; j++) { row[j] = i == j; }
		for (uint32_t k = i; k < n; k++) {
			double l = w->factor[k * n + i];
			for (uint32_t j = 0; j <= i; j++) { row[j] += l * w->between[k * n + j]; }
		}
	}
}

/* Everything but the template: model of one class, background and basis of w->design.  0: not a covariance. */
int ea_work_prepare(ea_work *w, const ea_shadow_model *model, uint32_t kind)
{
	const ea_design *d = &w->design;
	w->panels = 0;
	for (uint32_t c = 0; c < d->panels; c++) {
		if (d->mask >> c & 1u) { w->panel[w->panels++] = c; }
	}
	w->size = EA_BASIS * w->panels;
	prior(w, model, kind);
	if (!cholesky(w->factor, w->size)) { return 0; }
	for (uint32_t a = 0; a < w->panels; a++) {
		panel_terms(w, model, kind, a);
		spread(w, a);
	}
	inner(w);
	return cholesky(w->inner, w->size);
}

/* y = chol(M)^-1 L^T x, so that x^T (S^-1 + U^T D^-1 U)^-1 x = y.y */
void ea_work_half(const ea_work *w, const double *x, double *y)
{
	uint32_t n = w->size;
	for (uint32_t i = 0; i < n; i++) { y[i] = 0.0; }
	for (uint32_t k = 0; k < n; k++) {
		for (uint32_t i = 0; i <= k; i++) { y[i] += w->factor[k * n + i] * x[k]; }
	}
	for (uint32_t i = 0; i < n; i++) {
		double sum = y[i];
		for (uint32_t k = 0; k < i; k++) { sum -= w->inner[i * n + k] * y[k]; }
		y[i] = sum / w->inner[i * n + i];
	}
}

/* x = L chol(M)^-T y: with ea_work_half the coefficients that U^T D^-1 x asks for. */
void ea_work_rest(const ea_work *w, double *y, double *x)
{
	uint32_t n = w->size;
	for (uint32_t i = n; i-- > 0;) {
		y[i] /= w->inner[i * n + i];
		for (uint32_t k = 0; k < i; k++) { y[k] -= w->inner[i * n + k] * y[i]; }
	}
	for (uint32_t i = 0; i < n; i++) {
		x[i] = 0.0;
		for (uint32_t k = 0; k <= i; k++) { x[i] += w->factor[i * n + k] * y[k]; }
	}
}

/* The shadow's coefficients beside their mean that rest[panel][bin] asks for. */
void ea_work_shadow(const ea_work *w, double rest[][EA_PASSAGE_BINS], double *coefficients)
{
	double x[EA_COEFFICIENTS] = {0}, y[EA_COEFFICIENTS];
	for (uint32_t a = 0; a < w->panels; a++) {
		for (uint32_t i = 0; i < w->design.bins; i++) {
			for (uint32_t k = 0; k < EA_BASIS; k++) { x[EA_BASIS * a + k] += rest[a][i] * w->weighted[a][i][k]; }
		}
	}
	ea_work_half(w, x, y);
	ea_work_rest(w, y, coefficients);
}
