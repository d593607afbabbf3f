/* Pictures of a plan as inline SVG, which takes its colours from the page:
 * classes node, barrier, low, medium, high, edge, axis. */
#ifndef CLI_PLAN_SVG_H
#define CLI_PLAN_SVG_H

#include "plan_view.h"

/* Steps (or groups of them) from left to right, as they depend. */
void plan_svg_graph(const plan_view *view, upk_buf *out);
/* When each is predicted to run, in the zone of the first window. */
void plan_svg_times(const plan_view *view, upk_buf *out);

#endif
