/* Two energy windows of the same beam: are the counts softer or harder than the background's?  (detection.md 3.8)
 *
 * A vehicle shadows both windows nearly alike, so the ratio of the windows does not know the shadow: given all counts,
 * the share of the softer window is the same with a vehicle as without, and a source changes it.  Counts down-scattered
 * in shielding or low in energy make it softer (threat-like); NORM (K-40, Th-232) gives a share near the background's
 * own, which is NORM too, or a harder one (Ely 2006, doi 10.1016/j.nima.2006.01.053).
 *
 * 2 x 2 counts, passage and vacancy by soft and hard; z is the signed root of twice the log likelihood ratio of one
 * common share against two, which has the background's own counting in it.  Plastic shifts with temperature and the
 * shadow is not the same in both windows to the last per cent: share_sd is how well the share is known beside counting.
 */
#include "ea_lane.h"

#define COUNTS_MAX 1e15      /* a double still counts by one there */
#define TINY 1e-12           /* counts below it are none: n ln n is below any error there */

static double term(double n, double expected)
{
	return n > TINY ? n * log(n / expected) : 0.0;
}

static double signed_root(double soft, double hard, double vacant_soft, double vacant_hard)
{
	double here = soft + hard, there = vacant_soft + vacant_hard, all = here + there;
	double softs = soft + vacant_soft, hards = hard + vacant_hard;
	double g = term(soft, here * softs / all) + term(hard, here * hards / all)
		+ term(vacant_soft, there * softs / all) + term(vacant_hard, there * hards / all);
	return copysign(sqrt(2.0 * fmax(0.0, g)), soft * there - vacant_soft * here);
}

int ea_window_ratio(
	const double *counts, const double *vacant, double share_sd, double threshold, ea_ratio *out)
{
	double here = counts[0] + counts[1], there = vacant[0] + vacant[1], p, z, scatter;
	for (int i = 0; i < 2; i++) {
		if (!ea_in_range(counts[i], 0.0, COUNTS_MAX) || !ea_in_range(vacant[i], 0.0, COUNTS_MAX)) { return EA_BAD_SAMPLE; }
	}
	if (!ea_in_range(share_sd, 0.0, 1.0) || !ea_in_range(threshold, 0.1, 1000.0)) { return EA_BAD_SETTINGS; }
	memset(out, 0, sizeof *out);
	if (!(here >= 1.0 && there >= 1.0)) { return EA_OK; }       /* less than a count says nothing */
	p = (counts[0] + vacant[0]) / (here + there);
	z = signed_root(counts[0], counts[1], vacant[0], vacant[1]);
	scatter = p * (1.0 - p) * (1.0 / here + 1.0 / there);      /* of the difference of the two shares, by counting */
	out->share = counts[0] / here;
	out->vacant_share = vacant[0] / there;
	out->z = scatter > 0.0 ? z * sqrt(scatter / (scatter + share_sd * share_sd)) : 0.0;
	out->side = out->z >= threshold ? EA_SOFTER : out->z <= -threshold ? EA_HARDER : EA_ALIKE;
	return EA_OK;
}
