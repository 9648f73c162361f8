using System;
using Plimsoll.Bench.Figures;

switch (args)
{
    case ["search", .. var rest]:
        SearchFigure.Print(rest is [var seeds] ? int.Parse(seeds) : 100);
        break;
    default:
        Console.Error.WriteLine("expected: search [SEEDS]");
        return 2;
}
return 0;
