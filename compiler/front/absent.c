#include <upkeep/compile.h>

#include "front/front.h"

static upk_absence absence_of(const ir *ir, upk_str path) {
  const upk_source *source = ir->source;
  return source->absence == NULL ? UPK_ABSENT
                                 : source->absence(source->ctx, path);
}

static const struct reason {
  const char *what, *help;
} reasons[] = {
    [UPK_ABSENT] = {"cannot be read", "it went away, or is not to be read"},
    [UPK_ABSENT_OUTSIDE] = {"is a link that leads out of the project folder",
                            "copy what it leads to into the project: reviewers "
                            "and other machines see only what is in there"},
    [UPK_ABSENT_LINK] = {"is a link that leads nowhere",
                         "mend the link, or delete it"},
    [UPK_ABSENT_DENIED] = {"may not be read", "see its owner and its mode"},
    [UPK_ABSENT_SPECIAL] = {"is no regular file",
                            "name files, or write a pattern that leaves it "
                            "out"},
    [UPK_ABSENT_DAMAGED] = {"is not compressed as its name says",
                            "write it anew: `upkeep inspect -o` compresses "
                            "when the name ends in .zst"},
};

bool front_absent(ir *ir, upk_str path, upk_span at) {
  upk_absence why = absence_of(ir, path);
  if (why == UPK_ABSENT)
    return false;
  upk_diag *diag = upk_diag_add(ir->diags, 1051, at, "%.*s %s",
                                UPK_FMT(node_clip(path)), reasons[why].what);
  upk_diag_help(ir->diags, diag, "%s", reasons[why].help);
  return true;
}

bool front_closed(ir *ir, upk_str path, upk_span at) {
  if (!upk_str_ends(path, "/"))
    return false;
  const struct reason *why = &reasons[absence_of(ir, path)];
  upk_diag *diag =
      upk_diag_add(ir->diags, 1052, at, "%.*s %s: nothing below it is read",
                   UPK_FMT(node_clip(path)), why->what);
  upk_diag_help(ir->diags, diag, "%s", why->help);
  return true;
}
