using System.CommandLine;
using System.Globalization;
using System.IO;
using Plimsoll.Bench.Money;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Search;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>What the endpoint runs on, and what that costs.</summary>
sealed class BenchMoneyArguments
{
    readonly Option<string?> _gpu =
        new("--gpu") { Description = "Accelerator behind the endpoint: the run in dollars" };
    readonly Option<int?> _count = new("--count") { Description = "How many of them [default: --tp]" };
    readonly Option<string?> _price = new("--price") { Description =
        "USD per accelerator-hour, or a provider type [default: the latest index]" };
    readonly Option<int> _tp = new("--tp") { Description =
        "Tensor parallel degree of a replica, for the bound", DefaultValueFactory = _ => 1 };
    readonly Option<string?> _weights = new("--weights") { Description =
        $"Weight format behind the endpoint, for the bound: {NumberFormats.All} [default: as published]" };
    readonly Option<string> _kv = new("--kv") { Description =
        $"Its KV cache format, for the bound: {NumberFormats.OfKv}", DefaultValueFactory = _ => "bf16" };
    readonly Option<FileInfo?> _against =
        new("--against") { Description = "JSON of `plimsoll account`: predicted beside realised" };

    public void AddTo(Command command)
    {
        _gpu.Suggest(Suggestions.Accelerators);
        _price.Suggest(Suggestions.ProviderTypes);
        _weights.OneOf(NumberFormats.All);
        _kv.OneOf(NumberFormats.OfKv);
        foreach (var option in new Option[] { _gpu, _count, _price, _tp, _weights, _kv, _against })
            command.Add(option);
    }

    /// <summary>The account's file; null without one.</summary>
    public string? Against(ParseResult parsed) => parsed.GetValue(_against)?.FullName;

    /// <summary>Null where no accelerator is named.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">Name of the model; one that the catalogue does not know has no bound.</param>
    /// <param name="story">Told when it has none.</param>
    public MoneyOptions? Read(ParseResult parsed, string? model, TextWriter story)
    {
        if (parsed.GetValue(_gpu) is not { } name)
        {
            foreach (var option in new Option[] { _count, _price, _tp, _weights, _kv })
            {
                if (parsed.GetResult(option) is { Implicit: false })
                    throw new BadInputException($"{option.Name}: expected --gpu with it");
            }
            return null;
        }
        foreach (var option in new Option[] { _weights, _kv })
        {
            if (model is null && parsed.GetResult(option) is { Implicit: false })
                throw new BadInputException($"{option.Name}: expected --model with it");
        }
        var accelerator = Catalogue.BuiltIn.FindAccelerator(name);
        var tensor = AtLeastOne(_tp, parsed.GetValue(_tp));
        var count = AtLeastOne(_count, parsed.GetValue(_count) ?? tensor);
        if (count % tensor != 0)
        {
            throw new BadInputException($"--count {count}: is no multiple of --tp "
                + $"{tensor}; expected whole replicas");
        }
        NumberFormat? weights =
            parsed.GetValue(_weights) is null ? null : parsed.Chosen(_weights, NumberFormats.All);
        return new MoneyOptions
        {
            Accelerator = accelerator,
            Count = count,
            Price = Catalogue.BuiltIn.FindPrice(accelerator, parsed.GetValue(_price)),
            Deployment = Known(model, story) is { } spec
                ? Fitting(Deployment(
                    spec, accelerator, tensor, weights, parsed.Chosen(_kv, NumberFormats.OfKv)), story)
                : null,
        };
    }

    static ModelSpec? Known(string? model, TextWriter story)
    {
        try
        {
            return model is null ? null : Catalogue.BuiltIn.FindModel(model);
        }
        catch (BadInputException unknown)
        {
            story.WriteLine($"no bound: {unknown.Message}");
            return null;
        }
    }

    /// <summary>Null, with a line, where nothing can have served that way: there is no bound to it.</summary>
    static Deployment? Fitting(Deployment deployment, TextWriter story)
    {
        ParallelismChoice.Check(deployment.Model, deployment.Accelerator, deployment.TensorParallel,
            pipelineParallel: null, expertParallel: null, dataParallel: null);
        if (EngineCatalogue.Capacity(deployment) is { Fits: false, MissingGb: var missing })
        {
            var gigabytes = missing.ToString("0.#", CultureInfo.InvariantCulture);
            story.WriteLine($"no bound: {deployment.Model.Name} in {deployment.Weights.Name()} misses "
                + $"{gigabytes} GB on each of {deployment.Accelerators} × {deployment.Accelerator.Name}; "
                + "expected more --tp, or fewer bytes in --weights");
            return null;
        }
        return deployment;
    }

    static Deployment Deployment(ModelSpec model, AcceleratorSpec accelerator, int tensor,
        NumberFormat? weights, NumberFormat kv) => new()
    {
        Model = model,
        Accelerator = accelerator,
        TensorParallel = tensor,
        Weights = weights ?? model.NativeWeights,
        Kv = kv,
        Engine = EngineCatalogue.ServerDefaults(accelerator),
    };

    static int AtLeastOne(Option option, int value) => value is >= 1 and <= 1_000_000
        ? value
        : throw new BadInputException($"{option.Name} {value}: expected 1 to 1000000");
}
