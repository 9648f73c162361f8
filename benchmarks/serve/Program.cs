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
    case ["ledger", .. var rest]:
        LedgerFigures.Print(Console.Out, Seeds(rest));
        break;
    case ["gateway", var binary]:
        await GatewayFigures.PrintAsync(Console.Out, binary, 40_000);
        break;
    case ["gateway", var binary, var requests]:
        await GatewayFigures.PrintAsync(Console.Out, binary, Number(requests));
        break;
    case ["load", var address, var requests, var kind]:
        await GatewayFigures.LoadAsync(address, Number(requests), kind == "streams");
        break;
    case ["kill", var binary]:
        return await KillFigures.PrintAsync(Console.Out, binary, 100, 10_000, "sqlite");
    case ["kill", var binary, var kills, var lines]:
        return await KillFigures.PrintAsync(Console.Out, binary, Number(kills), Number(lines), "sqlite");
    case ["kill", var binary, var kills, var lines, var ledger]:
        return await KillFigures.PrintAsync(Console.Out, binary, Number(kills), Number(lines), ledger);
    case ["soak", var binary]:
        return await SoakFigures.PrintAsync(Console.Out, binary, 1_000_000);
    case ["soak", var binary, var requests]:
        return await SoakFigures.PrintAsync(Console.Out, binary, Number(requests));
    case ["bare", var upstream]:
        await BareProxy.RunAsync(upstream);
        break;
    case ["stub"]:
        await StubUpstream.RunAsync();
        break;
    default:
        Console.Error.WriteLine(
            "expected: twin, fleet, errors or ledger [SEEDS]; gateway PLIMSOLL [REQUESTS]; "
            + "kill PLIMSOLL [KILLS LINES [LEDGER]]; or soak PLIMSOLL [REQUESTS]");
        return 2;
}
return 0;

static int Seeds(string[] rest) => rest is [var seeds] ? Number(seeds) : 3;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
