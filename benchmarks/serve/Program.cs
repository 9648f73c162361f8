using System;
using System.Globalization;
using Plimsoll.EndToEnd.Tests.Serve;
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
    case ["latency", var binary, var perSecond]:
        await GatewayFigures.PrintLatencyAsync(Console.Out, binary, Number(perSecond), 9);
        break;
    case ["latency", var binary, var perSecond, var pairs]:
        await GatewayFigures.PrintLatencyAsync(Console.Out, binary, Number(perSecond), Number(pairs));
        break;
    case ["live", var binary]:
        return await LiveFigures.PrintAsync(Console.Out, binary, 120);
    case ["live", var binary, var seconds]:
        return await LiveFigures.PrintAsync(Console.Out, binary, Number(seconds));
    case ["share", var binary]:
        return await ShareFigures.PrintAsync(Console.Out, binary, 60);
    case ["share", var binary, var seconds]:
        return await ShareFigures.PrintAsync(Console.Out, binary, Number(seconds));
    case ["engine", var seconds]:
        await ShareFigures.PrintEngineAsync(Console.Out, Number(seconds));
        break;
    case ["load", var address, var requests, var kind]:
        await GatewayFigures.LoadAsync(address, Number(requests), kind == "streams");
        break;
    case ["kill", var binary]:
        return await KillFigures.PrintAsync(Console.Out, binary, 100, 10_000, "sqlite");
    case ["kill", var binary, var kills, var lines]:
        return await KillFigures.PrintAsync(Console.Out, binary, Number(kills), Number(lines), "sqlite");
    case ["kill", var binary, var kills, var lines, "postgres"]:
        using (var postgres = PostgresServer.TryStart()
            ?? throw new InvalidOperationException("PostgreSQL is not installed"))
        {
            return await KillFigures.PrintAsync(
                Console.Out, binary, Number(kills), Number(lines), postgres.Url);
        }
    case ["kill", var binary, var kills, var lines, var ledger]:
        return await KillFigures.PrintAsync(Console.Out, binary, Number(kills), Number(lines), ledger);
    case ["writes"]:
        await WriteFigures.PrintAsync(Console.Out, "SQLite", "sqlite");
        using (var postgres = PostgresServer.TryStart())
        {
            if (postgres is not null)
                await WriteFigures.PrintAsync(Console.Out, "PostgreSQL", postgres.Url);
        }
        break;
    case ["soak", var binary]:
        return await SoakFigures.PrintAsync(Console.Out, binary, 1_000_000);
    case ["soak", var binary, var requests]:
        return await SoakFigures.PrintAsync(Console.Out, binary, Number(requests));
    case ["bare", var upstream]:
        await BareProxy.RunAsync(upstream);
        break;
    case ["stub"]:
        StubUpstream.Run();
        break;
    default:
        Console.Error.WriteLine(
            "expected: twin, fleet, errors or ledger [SEEDS]; writes; gateway or soak PLIMSOLL [REQUESTS]; "
            + "latency PLIMSOLL REQUESTS_PER_SECOND [RUNS]; live or share PLIMSOLL [SECONDS]; "
            + "engine SECONDS; "
            + "kill PLIMSOLL [KILLS LINES [LEDGER]]; load URL REQUESTS whole|streams; bare URL; or stub");
        return 2;
}
return 0;

static int Seeds(string[] rest) => rest is [var seeds] ? Number(seeds) : 3;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
