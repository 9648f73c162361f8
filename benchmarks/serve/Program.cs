using System;
using System.Globalization;
using Plimsoll.Serve.Figures;

switch (args)
{
    case ["twin", .. var rest]:
        TwinFigures.Print(Console.Out, Seeds(rest));
        break;
    case ["fleet", .. var rest]:
        TwinFigures.PrintFleet(Console.Out, Seeds(rest));
        break;
    case ["errors", .. var rest]:
        TwinFigures.PrintErrors(Console.Out, Seeds(rest));
        break;
    case ["gateway", var binary]:
        await GatewayFigures.PrintAsync(Console.Out, binary);
        break;
    case ["stub"]:
        await StubUpstream.RunAsync();
        break;
    default:
        Console.Error.WriteLine("expected: twin, fleet or errors [SEEDS], or gateway PLIMSOLL");
        return 2;
}
return 0;

static int Seeds(string[] rest) => rest is [var seeds] ? int.Parse(seeds, CultureInfo.InvariantCulture) : 3;
