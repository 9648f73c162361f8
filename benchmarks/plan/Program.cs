using System;
using System.Globalization;
using Plimsoll.Plan.Figures;

// The promised figures of plan, one name each; without a name what there is.
return args switch
{
    ["wide-ep"] => WideExpertFigure.Run(),
    ["served"] => ServedFigure.Run(),
    ["catalogue"] => CatalogueFigure.Run(),
    ["speed"] => SpeedFigure.Run(),
    ["compare"] => CompareFigure.Run(),
    ["ranking", var points] => RankingFigure.Run(points),
    ["thousand", var trace] => ThousandFigure.Run(trace),
    ["handmade", var trace] => HandmadeFigure.Run(trace),
    ["pruned"] => PrunedFigure.Run(),
    ["pruned", var from, var to] => PrunedFigure.Run(
        int.Parse(from, CultureInfo.InvariantCulture), int.Parse(to, CultureInfo.InvariantCulture)),
    _ => Unknown(),
};

static int Unknown()
{
    Console.Error.WriteLine("expected one of wide-ep, served, catalogue, speed, compare, pruned [FROM TO], "
        + "ranking POINTS, thousand TRACE, handmade TRACE");
    return 2;
}
