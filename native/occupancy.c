/* Vacant, occupied, hold-in.  A beam that flickers between axles or trailers is one vehicle. */
#include "ea_lane.h"

static int accepts(const ea_beams *b, double t_s)
{
	return ea_is_time(t_s) && !(b->seen && t_s < b->last_s);
}

static int run_out(ea_beams *b, double t_s)
{
	b->last_s = t_s;
	b->seen = 1;
	if (b->state != EA_HOLD_IN || t_s < b->until_s) { return EA_NOTHING; }
	b->state = EA_VACANT;
	return EA_ENDED;
}

static int clear(ea_beams *b, double t_s)
{
	b->until_s = t_s + b->hold_in_s;
	b->state = EA_HOLD_IN;
	return run_out(b, t_s);                     /* ends here when there is no hold-in */
}

int ea_beams_clock(ea_beams *b, double t_s)
{
	return accepts(b, t_s) ? run_out(b, t_s) : EA_BAD_TIME;
}

int ea_beams_read(ea_beams *b, double t_s, int occupied)
{
	int change;
	if (occupied != 0 && occupied != 1) { return EA_BAD_SAMPLE; }
	if (!accepts(b, t_s)) { return EA_BAD_TIME; }
	change = run_out(b, t_s);
	if (!occupied) { return b->state == EA_OCCUPIED ? clear(b, t_s) : change; }
	if (b->state == EA_VACANT) { change |= EA_BEGAN; }
	b->state = EA_OCCUPIED;
	return change;
}
