using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Planning;
using Plimsoll.Planning.Accounts;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll account</c>: the cost of a token at a promised latency, and where it goes.</summary>
sealed class AccountVerb(TextWriter output, TextWriter story)
{
    readonly ServingOptions _serving = new();

    readonly Option<string> _window = new("--window")
    {
        Description = "Completion window of the batch class",
        DefaultValueFactory = _ => "24h",
    };

    readonly Option<string?> _price = new("--price")
    {
        Description = "USD per accelerator-hour, or a provider type of the catalogue with an optional date: "
            + "2.49, neocloud, hyperscaler@2026-08-21 [default: latest on-demand median]",
    };

    readonly Option<int> _spare = new("--spare-replicas")
    {
        Description = "Interactive replicas beyond the busiest hour's need",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command("account", "What a token costs, batch and interactive, and where the money goes.");
        _serving.AddTo(command);
        foreach (var option in new Option[] { _window, _price, _spare, _json })
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var spare = parsed.GetValue(_spare);
        if (spare is < 0 or > 10_000)
            throw new BadInputException($"--spare-replicas {spare}: expected 0 to 10000");
        var window = PromiseText.Duration(parsed.GetValue(_window)!, "--window");
        var request = _serving.Resolve(parsed, parsed.GetValue(_price), window, spare);
        var outcome = Accountant.Account(request);
        if (outcome.Result is not { } result)
        {
            story.WriteLine($"plimsoll: {outcome.Broken}");
            return CommandLine.Failed;
        }
        output.Write(parsed.GetValue(_json) ? AccountJson.Of(result) : AccountText.Of(outcome));
        return CommandLine.Done;
    }
}
