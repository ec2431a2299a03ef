/* Of fuzz_lane.c: a look at a passage is finite, and its picture is of the same look. */
static void check_shadow(const ea_shadow *s)
{
	must(isfinite(s->statistic) && isfinite(s->expected) && isfinite(s->source_cps), "a shadow look is not finite");
	must(isfinite(s->at_s) && isfinite(s->source_sd) && isfinite(s->counts), "a shadow look is not finite");
	must(s->crossed <= s->armed && (!s->why || !s->armed), "armed without a statistic");
}

static void check_picture(const ea_picture *p, const ea_shadow *s)
{
	double sum = 0.0;
	must(p->why == s->why && memcmp(&p->seen, s, sizeof *s) == 0, "a picture of another look");
	for (uint32_t i = 0; i < p->bins; i++) {
		for (uint32_t c = 0; c < p->panels; c++) { sum += p->shadowed[c][i] + p->source[c][i] + p->background[c][i]; }
	}
	must(isfinite(sum), "a picture is not finite");
}
