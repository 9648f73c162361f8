using System;
using Plimsoll.Plan.Figures;

// The promised figures of plan, one name each; without a name what there is.
return args switch
{
    ["wide-ep"] => WideExpertFigure.Run(),
    ["served"] => ServedFigure.Run(),
    ["catalogue"] => CatalogueFigure.Run(),
    _ => Unknown(),
};

static int Unknown()
{
    Console.Error.WriteLine("expected one of wide-ep, served, catalogue");
    return 2;
}
