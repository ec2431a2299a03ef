/* Inside of the shadow test: its scratch memory, and what its files offer each other. */
#ifndef EA_WORK_H
#define EA_WORK_H

#include "ea_lane.h"

#define EA_LAGS 512              /* templates are kept by bin distance: -255..256 and one to spare */

typedef struct {
	double statistic, source, variance; /* source: fitted strength; 1/variance its squared error */
	double speed_mps, lateral_m;
	uint32_t slot;                   /* the source passes the beam in the middle of it */
	uint32_t found;
} ea_best;

struct ea_work {                     /* [a]: panels in the test, counted without those left out */
	ea_design design;
	uint32_t panel[EA_GAMMA_MAX];    /* a -> panel of the lane */
	uint32_t panels, size;           /* of them; coefficients, EA_BASIS * panels */
	double factor[EA_COVARIANCES];   /* L, lower, row-major, size x size: S = L L^T */
	double inner[EA_COVARIANCES];    /* Cholesky factor of M, the same way */
	double between[EA_COVARIANCES];
	double flat[EA_GAMMA_MAX][EA_PASSAGE_BINS];      /* expected without shadow */
	double expected[EA_GAMMA_MAX][EA_PASSAGE_BINS];  /* behind the mean shadow */
	double inverse[EA_GAMMA_MAX][EA_PASSAGE_BINS];   /* D^-1 */
	double weighted[EA_GAMMA_MAX][EA_PASSAGE_BINS][EA_BASIS];   /* D^-1 U */
	double rest[EA_GAMMA_MAX][EA_PASSAGE_BINS];      /* r, then r less the source */
	double solved[EA_GAMMA_MAX][EA_PASSAGE_BINS];    /* C^-1 r */
	double source[EA_GAMMA_MAX][EA_LAGS];            /* counts/s of a source of strength 1, by bins from its passing */
};

/* design.c */
int ea_geometry_sound(const ea_lane *lane, const ea_geometry *g);
void ea_design_fill(const ea_lane *lane, const ea_geometry *g, double length_m, ea_design *d);

/* woodbury.c */
int ea_work_prepare(ea_work *w, const ea_shadow_model *model, uint32_t kind);
void ea_work_half(const ea_work *w, const double *x, double *y);
void ea_work_rest(const ea_work *w, double *y, double *x);
void ea_work_shadow(const ea_work *w, double rest[][EA_PASSAGE_BINS], double *coefficients);

/* A shadow at one bin, of its shapes there. */
static inline double ea_work_along(const double *shapes, const double *coefficients)
{
	double sum = 0.0;
	for (uint32_t k = 0; k < EA_BASIS; k++) { sum += shapes[k] * coefficients[k]; }
	return sum;
}

/* scan.c */
void ea_source(ea_work *w, const ea_geometry *g, double speed_mps, double lateral_m);
double ea_source_at(const ea_work *w, uint32_t a, uint32_t bin, uint32_t slot);
double ea_source_top(const ea_work *w, const ea_geometry *g, double lateral_m);
ea_best ea_scan(ea_work *w, const ea_geometry *g);

#endif
