using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Drivers;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune run</c>: by the embedded trainer, or as files for a trainer with accelerators.
/// </summary>
sealed class RunCommand(TuneStage stage)
{
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _base = TuneStage.BaseOption();
    readonly Option<string> _dataset = new("--dataset")
    {
        Description = "Hash of the dataset",
        Required = true,
    };
    readonly Option<TrainingMethod> _method = new("--method")
    {
        Description = "sft or dpo",
        DefaultValueFactory = _ => TrainingMethod.Sft,
    };
    readonly Option<string?> _adapter = new("--from")
    {
        Description = "Adapter to go on from: DPO after SFT",
    };
    readonly Option<int> _rank = new("--rank") { Description = "Of the LoRA", DefaultValueFactory = _ => 16 };
    readonly Option<double?> _alpha = new("--alpha")
    {
        Description = "Of the LoRA [default: twice the rank]",
    };
    readonly Option<bool> _stabilised = new("--rslora") { Description = "Scale by alpha / sqrt(rank)" };
    readonly Option<int> _epochs = new("--epochs")
    {
        Description = "Passes over the data",
        DefaultValueFactory = _ => 3,
    };
    readonly Option<int?> _steps = new("--most-steps") { Description = "Stop after so many" };
    readonly Option<double> _rate = new("--learning-rate")
    {
        Description = "Highest, of AdamW",
        DefaultValueFactory = _ => 2e-3,
    };
    readonly Option<int> _sequence = new("--sequence-tokens")
    {
        Description = "Longest record, and length of a packed row",
        DefaultValueFactory = _ => 256,
    };
    readonly Option<int> _batch = new("--batch-tokens")
    {
        Description = "Of one step",
        DefaultValueFactory = _ => 2048,
    };
    readonly Option<Precision> _precision = new("--precision")
    {
        Description = "f32 or bf16",
        DefaultValueFactory = _ => Precision.F32,
    };
    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Of data order and first weights",
        DefaultValueFactory = _ => 1,
    };
    readonly Option<int> _threads = new("--threads")
    {
        Description = "Part of the spec: other sums round otherwise",
        DefaultValueFactory = _ => 1,
    };
    readonly Option<double?> _price = new("--usd-per-hour")
    {
        Description = "Price of this machine, for the cost of the run",
    };
    readonly Option<double?> _budget = new("--budget-usd")
    {
        Description = "Refuse a run that would cost more",
    };
    readonly Option<string> _driver = new("--driver")
    {
        Description = "embedded, files for axolotl, trl, llama-factory, slurm, kubeflow, or hosted",
        DefaultValueFactory = _ => "embedded",
    };
    readonly Option<string?> _out = new("--out") { Description = "Folder for a driver's files" };
    readonly Option<string?> _bundle = new("--bundle")
    {
        Description = "PEFT folder that the driver's trainer has made of this spec: takes it in",
    };
    readonly Option<string?> _version = new("--driver-version")
    {
        Description = "Of the trainer that made it",
    };
    readonly HostedOptions _hosted = new();

    readonly Option<double?> _cost = new("--run-usd") { Description = "What that run cost" };

    public Command Build()
    {
        var command = new Command("run", "Trains an adapter. A spec is trained once; a killed "
            + "run goes on where it was.")
        {
            _registry, _base, _dataset, _method, _adapter, _rank, _alpha, _stabilised, _epochs, _steps, _rate,
            _sequence, _batch, _precision, _seed, _threads, _price, _budget, _driver, _out, _bundle, _version,
            _cost,
        };
        _hosted.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var baseHash = TuneStage.BaseOf(workspace, parsed.GetValue(_base)!);
        var dataset = workspace.Registry.Resolve(parsed.GetValue(_dataset)!);
        var options = Options(parsed);
        if (parsed.GetValue(_driver) != "embedded" && parsed.GetValue(_adapter) is not null)
            throw new BadInputException("--from: expected --driver embedded; others start from the base");
        if (parsed.GetValue(_driver) == HostedOptions.Driver)
        {
            var (model, run) = await _hosted.RunAsync(parsed, workspace, baseHash, dataset, options,
                text => stage.Story.WriteLine($"plimsoll: {text}"), cancellation);
            stage.Output.WriteLine($"model {model}\nrun {run}");
            return CommandLine.Done;
        }
        if (parsed.GetValue(_driver) is var driver && driver != "embedded")
            return await DrivenAsync(parsed, workspace, driver!, baseHash, dataset, options, cancellation);
        if (parsed.GetValue(_bundle) is not null)
            throw new BadInputException("--bundle: expected the --driver that it was trained by");
        if (parsed.GetValue(_budget) is not null && parsed.GetValue(_price) is null)
            throw new BadInputException("--budget-usd: expected --usd-per-hour beside it");
        var initial = parsed.GetValue(_adapter) is { } from ? TuneStage.AdapterOf(workspace, from) : null;
        var runs = new EmbeddedRuns(workspace, stage.Trainer);
        var (adapter, existing) = await runs.RunAsync(
            baseHash, dataset, options, initial, parsed.GetValue(_price), Progress, cancellation);
        if (existing)
            stage.Story.WriteLine("plimsoll: this spec was trained before; its adapter is returned");
        stage.Output.WriteLine($"adapter {adapter}");
        return CommandLine.Done;
    }

    // Files go out to the driver's trainer, or its bundle comes back.
    async Task<int> DrivenAsync(ParseResult parsed, TuneWorkspace workspace, string driver, string baseHash,
        string dataset, TrainingOptions options, CancellationToken cancellation)
    {
        if (parsed.GetValue(_bundle) is { } bundle)
        {
            var version = parsed.GetValue(_version)
                ?? throw new BadInputException("--bundle: expected --driver-version beside it");
            stage.Output.WriteLine("adapter " + new ReturnedBundles(workspace).Keep(
                baseHash, dataset, options, driver, version, bundle, parsed.GetValue(_cost)));
            return CommandLine.Done;
        }
        using var model = workspace.OpenFolder(baseHash);
        var spec = HeldSpec.Of(workspace, options, model, baseHash, dataset, initialAdapter: null);
        var files = DriverFiles.For(driver, spec, model, workspace.Registry.Blobs.Find(spec.DatasetHash));
        var folder = parsed.GetValue(_out) ?? throw new BadInputException(
            "--driver: expected --out FOLDER for its files, or --bundle FOLDER of what came back");
        Plimsoll.Inputs.Files.WholeFile.WriteIn(folder, files);
        foreach (var (name, _) in files)
            stage.Output.WriteLine(Path.Combine(folder, name));
        if (driver == "kubeflow" && await _hosted.InClusterAsync(
            parsed, spec, text => stage.Story.WriteLine($"plimsoll: {text}"), cancellation))
        {
            stage.Story.WriteLine(
                "plimsoll: the same command with --bundle in place of --out takes its adapter in");
        }
        return CommandLine.Done;
    }

    TrainingOptions Options(ParseResult parsed) => new()
    {
        Method = parsed.GetValue(_method) is var method and not TrainingMethod.Pretrain
            ? method
            : throw new BadInputException("--method pretrain: expected sft or dpo"),
        Rank = parsed.GetValue(_rank),
        Alpha = parsed.GetValue(_alpha),
        RankStabilised = parsed.GetValue(_stabilised),
        Epochs = parsed.GetValue(_epochs),
        MostSteps = parsed.GetValue(_steps),
        LearningRate = parsed.GetValue(_rate),
        SequenceTokens = parsed.GetValue(_sequence),
        BatchTokens = parsed.GetValue(_batch),
        Precision = parsed.GetValue(_precision),
        Seed = parsed.GetValue(_seed),
        Threads = parsed.GetValue(_threads),
        BudgetUsd = parsed.GetValue(_budget),
    };

    void Progress(TrainerEvent e)
    {
        if (Console.IsErrorRedirected || e.Kind is not ("step" or "done"))
            return;
        var money = e.UsdLeft is { } usd ? FormattableString.Invariant($", ${usd:F4} left") : "";
        stage.Story.Write(e.Kind == "done" ? "\r" + new string(' ', 78) + "\r"
            : string.Create(CultureInfo.InvariantCulture, $"\rstep {e.Step}/{e.Steps}  loss {e.Loss:F3}  "
                + $"{e.TokensPerSecond:F0} tokens/s  {e.SecondsLeft:F0} s left{money}   "));
    }
}
