using System.Collections.Generic;
using System.CommandLine;
using System.Text.Json;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Accounts;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune saving ADAPTER</c>: gate 5. Both models are accounted for on the task's own trace at the
/// same promise; what the adapter costs beside its base is added to the candidate.
/// </summary>
sealed class SavingCommand(TuneStage stage)
{
    readonly ServingOptions _serving = new();
    readonly Argument<string> _adapter = new("ADAPTER") { Description = "Hash of the candidate" };
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _model = new("--candidate-model")
    {
        Description = "Model of the catalogue that the adapter is of, or its config.json",
        Required = true,
    };
    readonly Option<string?> _gpu = new("--candidate-gpu")
    {
        Description = "Accelerator of the candidate [default: that of --gpu]",
    };
    readonly Option<double> _overhead = new("--adapter-overhead") { Description =
        "Longer steps with the adapter beside its base, as 1.05; 1 is a merged model",
        DefaultValueFactory = _ => 1 };
    readonly Option<string?> _price = new("--price") { Description = "As of plimsoll account" };
    readonly Option<int> _spare = new("--spare-replicas")
    {
        Description = "Replicas beyond the busiest hour's need",
        DefaultValueFactory = _ => 1,
    };
    readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    public Command Build()
    {
        var command = new Command("saving", "Judges whether the candidate costs less at the same promise on "
            + "the same trace, by simulation.") { _adapter, _registry };
        _serving.AddTo(command);
        foreach (var option in new Option[] { _model, _gpu, _overhead, _price, _spare, _json })
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var adapter = TuneStage.AdapterOf(workspace, parsed.GetValue(_adapter)!);
        var overhead = parsed.GetValue(_overhead);
        if (!(overhead is >= 1 and <= 10))
            throw new BadInputException($"--adapter-overhead {overhead}: expected 1 to 10");
        var current = _serving.Resolve(parsed);
        if (current.Levels.Count != 1)
            throw new BadInputException("--level: gate 5 judges one promise; expected --promise alone");
        var outcomes = new List<AccountOutcome>();
        foreach (var serving in new[] { current, Candidate(current, parsed) })
        {
            using var progress = new ProgressLine(
                stage.Story, $"accounting for {serving.Deployment.Model.Name}", ProgressLine.Whole);
            outcomes.Add(Accountant.Account(new AccountRequest
            {
                Serving = serving,
                Price = Catalogue.BuiltIn.FindPrice(serving.Deployment.Accelerator, parsed.GetValue(_price)),
                BatchWindowNs = PromiseText.Duration("24h", "--window"),
                SpareReplicas = parsed.GetValue(_spare),
                Progress = progress.ReportShare,
            }));
            progress.Clear();
        }
        var gate = PlannedSaving.Judge(outcomes[0], outcomes[1], overhead);
        // The money may be another model's than the one that was judged; the report then says so.
        gate.Facts["judged_parameters"] = workspace.Registry.Get(workspace.SpecOf(adapter).Links["base"])
            .Facts["parameters"]!.DeepClone();
        gate.Facts["candidate_parameters"] = outcomes[1].Engine.Deployment.Model.Parameters;
        var evaluation = new Releases(workspace).AddEvaluation(
            adapter, current.Workload.Name, "simulated", [], [gate]);
        if (parsed.GetValue(_json))
        {
            stage.Output.WriteLine(JsonSerializer.SerializeToNode(gate, CanonicalJson.Options)!
                .ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        }
        else
        {
            stage.Output.WriteLine($"evaluation {evaluation}");
            stage.Output.Write(GateText.Of([gate]));
            foreach (var line in PlannedSaving.Lines(gate.Facts))
                stage.Output.WriteLine($"  {line}");
        }
        return gate.Verdict == GateVerdict.Passed ? CommandLine.Done : CommandLine.Failed;
    }

    Serving Candidate(Serving current, ParseResult parsed)
    {
        var model = Catalogue.BuiltIn.FindModel(parsed.GetValue(_model)!);
        var choice = current.Deployment.Open() with { Model = model, Profile = null };
        if (parsed.GetValue(_gpu) is { } gpu)
            choice = choice with { Accelerator = Catalogue.BuiltIn.FindAccelerator(gpu) };
        return current with { Deployment = choice with { Weights = model.NativeWeights } };
    }
}
