using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Verbs.Plan;

/// <summary>The axes of a plan's space: account's options, each repeatable or a list with commas.</summary>
sealed class PlanSpaceOptions
{
    readonly Option<string[]> _model = List("--model", "Models of the catalogue or config.json files, or all",
        Usual.Model);

    readonly Option<string[]> _gpu = List("--gpu", "Accelerators, or all that have a price", "all");

    const string Native = "native";

    readonly Option<string[]> _weights = List(
        "--weights", $"Weight formats: {NumberFormats.All}, {Native} (as published) or all", Native);

    readonly Option<string[]> _kv = List("--kv", $"KV cache formats: {NumberFormats.OfKv}, or all", "bf16");

    readonly Option<string[]> _engine = List(
        "--engine", $"Engines: {EngineCatalogue.All}, each with an optional release, or all", Usual.Engine);

    readonly Option<string[]> _policy = List(
        "--policy", $"Scheduling policies: {SchedulingPolicy.All}, or all", SchedulingPolicy.VllmV1.Name);

    readonly Option<string[]> _kvTiers = List(
        "--kv-tiers", "Memories below the accelerator's: none, host, host+nvme, host=512@40+pool", "none");

    readonly Option<string[]> _router = List(
        "--router", $"Routers: even (an equal share each), {RoutingPolicies.All}, or all", "even");

    readonly Option<string[]> _tp = List("--tp", "Tensor parallel degrees [default: every one that fits]");
    readonly Option<string[]> _pp =
        List("--pp", "Pipeline stages [default: 1, more only if nothing else fits]");
    readonly Option<string[]> _ep = List("--ep", "Expert parallel degrees [default: every one that fits]");
    readonly Option<string[]> _dp =
        List("--dp", "Data parallel ranks of a replica [default: every one that fits]");

    readonly Option<string[]> _overlap = List(
        "--enable-dbo", "Batches computed as two halves where experts are exchanged: off, on or all", "off");

    readonly Option<string[]> _redundant = List(
        "--num-redundant-experts", "Copies of busy experts where they are spread: numbers, auto (an eighth "
        + "of the experts) or all (0 and auto)", "0");

    readonly Option<string[]> _maxNumSeqs = List(
        "--max-num-seqs", "Most sequences running at once in an engine rank [default: the engine's own]");

    readonly Option<string[]> _maxNumBatchedTokens = List(
        "--max-num-batched-tokens", "Most new tokens in one step [default: 2048 and 8192]");

    readonly Option<int?> _drafts = new("--num-speculative-tokens")
    {
        Description = "Also with so many drafts a step; needs --acceptance-length [default: no speculation]",
    };

    readonly Option<double?> _acceptance = new("--acceptance-length")
    {
        Description = "Mean tokens that a step with drafts yields",
    };

    /// <summary>Whether prefill and decode are computed together, apart, or both are tried.</summary>
    static readonly Choices<(bool Together, bool Apart)> _poolings = new(
        ("aggregated", (true, false)), ("disaggregated", (false, true)), ("all", (true, true)));

    /// <summary>Whether a card with nothing but a datasheet is tried.</summary>
    static readonly Choices<bool> _tiers = new(("datasheet", true), ("kernels", false));

    static readonly Choices<bool> _overlaps = new(("off", false), ("on", true));

    readonly Option<string> _pools = new Option<string>("--pools")
    {
        Description = $"{_poolings}; disaggregated: prefill apart from decode, split alike or not",
        DefaultValueFactory = _ => "aggregated",
    }.OneOf(_poolings);

    readonly Option<string[]> _price = List(
        "--price", "What an accelerator-hour costs: CARD=USD, or USD where there is one card");

    readonly Option<string?> _provider = new("--provider")
    {
        Description = "Whose prices, with an optional date: neocloud, hyperscaler@2026-08-21 "
            + "[default: latest on-demand index or median]",
    };

    readonly Option<string> _tier = new Option<string>("--tier")
    {
        Description = $"{_tiers}: cards with a datasheet alone too, or only those with measured kernels",
        DefaultValueFactory = _ => _tiers.NameOf(true),
    }.OneOf(_tiers);

    public PlanSpaceOptions()
    {
        _model.Suggest(Suggestions.Models);
        _gpu.Suggest(Suggestions.Accelerators);
        _provider.Suggest(Suggestions.ProviderTypes);
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _model, _gpu, _tp, _pp, _ep, _dp, _weights, _kv, _engine, _maxNumSeqs, _maxNumBatchedTokens,
            _overlap, _redundant, _policy, _router, _pools, _kvTiers, _drafts, _acceptance, _tier, _provider,
            _price,
        })
        {
            command.Add(option);
        }
    }

    public PlanSpace Resolve(ParseResult parsed, bool isBatch)
    {
        var (together, apart) = parsed.Chosen(_pools, _poolings);
        if (isBatch && apart)
        {
            throw new BadInputException(
                $"{_pools.Name} {parsed.GetValue(_pools)}",
                "batch work has no promise that pools could keep", _poolings.NameOf((true, false)));
        }
        return new PlanSpace
        {
            Models = Models(parsed),
            Accelerators = Accelerators(parsed),
            Weights = [.. Chosen(parsed, _weights, NumberFormats.All, Native)
                .Select(chosen => chosen.IsOwn ? (NumberFormat?)null : chosen.Value)],
            Kv = Chosen(parsed, _kv, NumberFormats.OfKv),
            Engines = Engines(parsed),
            TensorParallel = Degrees(parsed, _tp, 4096),
            PipelineParallel = Degrees(parsed, _pp, 4096),
            ExpertParallel = Degrees(parsed, _ep, 4096),
            DataParallel = Degrees(parsed, _dp, 4096),
            MaxNumSeqs = Degrees(parsed, _maxNumSeqs, 1_000_000),
            MaxNumBatchedTokens = Degrees(parsed, _maxNumBatchedTokens, 10_000_000) is { Count: > 0 } given
                ? given : [2048, 8192],
            Policies = Chosen(parsed, _policy, SchedulingPolicy.All),
            Routers = Routers(parsed),
            Speculations = Speculations(parsed),
            KvTiers = KvTiers(Words(parsed, _kvTiers)),
            TwoBatchOverlaps = Chosen(parsed, _overlap, _overlaps),
            RedundantExperts = Redundant(parsed),
            Aggregated = together,
            Disaggregated = apart,
        };
    }

    IReadOnlyList<int?> Redundant(ParseResult parsed)
    {
        var copies = new List<int?>();
        foreach (var word in Words(parsed, _redundant))
        {
            if (IsAll(word))
            {
                copies.AddRange([0, null]);
                continue;
            }
            copies.Add(word == "auto" ? null
                : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number <= 4096 ? number
                : throw new BadInputException(
                    $"{_redundant.Name} {word}", "", "whole numbers of 0 to 4096, auto or all"));
        }
        return copies.Count > 0 ? [.. copies.Distinct()]
            : throw new BadInputException(
                $"{_redundant.Name}: names none; expected at least one number, auto or all");
    }

    static Option<string[]> List(string name, string description, string? usual = null)
    {
        var option = new Option<string[]>(name)
        {
            Description = description,
        };
        if (usual is not null)
            option.DefaultValueFactory = _ => [usual];
        return option;
    }

    static List<string> Words(ParseResult parsed, Option<string[]> option)
    {
        var words = new List<string>();
        foreach (var text in parsed.GetValue(option) ?? [])
        {
            words.AddRange(text.Split(
                ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
        return [.. words.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    static bool IsAll(string word) => string.Equals(word, "all", StringComparison.OrdinalIgnoreCase);

    IReadOnlyList<ModelSpec> Models(ParseResult parsed)
    {
        var models = new List<ModelSpec>();
        foreach (var word in Words(parsed, _model))
        {
            if (IsAll(word))
                models.AddRange(Catalogue.BuiltIn.Models);
            else
                models.Add(Catalogue.BuiltIn.FindModel(word));
        }
        return models.Count > 0 ? [.. models.DistinctBy(m => m.Name)]
            : throw new BadInputException("--model: names none; expected at least one model");
    }

    IReadOnlyList<(AcceleratorSpec, PriceSpec)> Accelerators(ParseResult parsed)
    {
        var words = Words(parsed, _gpu);
        if (words.Count == 0)
            throw new BadInputException("--gpu: names none; expected at least one accelerator, or all");
        var prices = Prices(parsed);
        CheckProvider(parsed);
        var found = new List<(AcceleratorSpec, PriceSpec)>();
        foreach (var word in words)
        {
            if (!IsAll(word))
            {
                var accelerator = Catalogue.BuiltIn.FindAccelerator(word);
                found.Add((accelerator, PriceOf(parsed, accelerator, prices)));
                continue;
            }
            foreach (var accelerator in Catalogue.BuiltIn.Accelerators)
            {
                // An accelerator that nobody sells is no candidate unless the user says what it costs.
                if (HasPrice(parsed, accelerator, prices) && IsKnown(parsed, accelerator))
                    found.Add((accelerator, PriceOf(parsed, accelerator, prices)));
            }
        }
        if (prices.TryGetValue("", out _) && found.Count > 1)
        {
            throw new BadInputException(
                $"--price {prices[""]}: is for one card and there are {found.Count}; expected CARD=USD "
                + "each, or --provider TYPE");
        }
        return found.Count > 0 ? [.. found.DistinctBy(f => f.Item1.Key)]
            : throw new BadInputException(
                "--gpu all: no accelerator has such a price; expected --price CARD=USD");
    }

    void CheckProvider(ParseResult parsed)
    {
        if (parsed.GetValue(_provider) is not { } given)
            return;
        var types = Catalogue.BuiltIn.Prices.Select(price => price.ProviderType).Distinct()
            .Order(StringComparer.Ordinal).ToList();
        if (!types.Contains(given.Split('@')[0]))
        {
            throw new BadInputException(
                $"{_provider.Name} {given}", "unknown", $"one of {string.Join(", ", types)}");
        }
    }

    /// <summary>Stated prices by the accelerator's key; under "" one without a card.</summary>
    Dictionary<string, string> Prices(ParseResult parsed)
    {
        var prices = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in Words(parsed, _price))
        {
            var at = word.IndexOf('=');
            var key = at < 0 ? "" : Catalogue.BuiltIn.FindAccelerator(word[..at]).Key;
            var amount = word[(at + 1)..];
            if (!decimal.TryParse(amount, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                throw new BadInputException($"--price {word}: expected CARD=USD such as h100_sxm=2.10");
            if (!prices.TryAdd(key, amount))
                throw new BadInputException($"--price {word}: a second price of one card; expected one");
        }
        return prices;
    }

    PriceSpec PriceOf(
        ParseResult parsed, AcceleratorSpec accelerator, Dictionary<string, string> prices) =>
        Catalogue.BuiltIn.FindPrice(
            accelerator,
            prices.TryGetValue(accelerator.Key, out var own) ? own
                : prices.TryGetValue("", out var any) ? any : parsed.GetValue(_provider), "--price");

    bool HasPrice(ParseResult parsed, AcceleratorSpec accelerator, Dictionary<string, string> prices)
    {
        if (prices.ContainsKey(accelerator.Key) || prices.ContainsKey(""))
            return true;
        var type = parsed.GetValue(_provider)?.Split('@')[0];
        return Catalogue.BuiltIn.Prices.Any(
            p => p.Accelerator == accelerator.Key && (type is null || p.ProviderType == type));
    }

    /// <summary>Whether an accelerator that nobody named is known as well as is asked.</summary>
    bool IsKnown(ParseResult parsed, AcceleratorSpec accelerator) =>
        parsed.Chosen(_tier, _tiers)
        || StepTimeCatalogue.For(accelerator, Engines(parsed)[0].Item1).Tier != Tier.Datasheet;

    /// <summary>Values of a closed choice.</summary>
    static IReadOnlyList<T> Chosen<T>(ParseResult parsed, Option<string[]> option, Choices<T> choices) =>
        [.. Chosen(parsed, option, choices, null).Select(value => value.Value)];

    /// <summary>
    /// Values of a closed choice, or of a word of its own for what is no value and stands first: null.
    /// </summary>
    static IReadOnlyList<(bool IsOwn, T Value)> Chosen<T>(
        ParseResult parsed, Option<string[]> option, Choices<T> choices, string? own)
    {
        var all = own is null ? $"{choices}, or all" : $"{own}, {choices}, or all";
        var chosen = new List<(bool, T)>();
        foreach (var word in Words(parsed, option))
        {
            if (own is not null && (word == own || IsAll(word)))
                chosen.Add((true, default!));
            if (word == own)
                continue;
            foreach (var name in IsAll(word) ? choices.Names : [word])
            {
                if (!choices.TryFind(name, out var value))
                    throw new BadInputException($"{option.Name} {word}", "", all);
                chosen.Add((false, value));
            }
        }
        return chosen.Count > 0 ? [.. chosen.Distinct()]
            : throw new BadInputException($"{option.Name}: names none", "", $"at least one of {all}");
    }

    IReadOnlyList<(string, string?)> Engines(ParseResult parsed)
    {
        var engines = new List<(string, string?)>();
        foreach (var word in Words(parsed, _engine))
        {
            foreach (var text in IsAll(word) ? EngineCatalogue.All.Names : [word])
                engines.Add(EngineCatalogue.Read(text));
        }
        return engines.Count > 0 ? [.. engines.Distinct()]
            : throw new BadInputException($"{_engine.Name}: names none", "", $"{EngineCatalogue.All}");
    }

    IReadOnlyList<RoutingPolicy?> Routers(ParseResult parsed) =>
        [.. Chosen(parsed, _router, RoutingPolicies.All, "even")
            .Select(chosen => chosen.IsOwn ? (RoutingPolicy?)null : chosen.Value)];

    static IReadOnlyList<string> KvTiers(List<string> words)
    {
        // A name that means nothing is refused before anything is searched.
        foreach (var word in words)
            KvTierChoice.Of(word, Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator));
        return words.Count > 0 ? words : ["none"];
    }

    IReadOnlyList<SpeculationSpec?> Speculations(ParseResult parsed)
    {
        var (drafts, accepted) = (parsed.GetValue(_drafts), parsed.GetValue(_acceptance));
        if (drafts is null && accepted is null)
            return [null];
        if (drafts is not (>= 1 and <= 32) || accepted is not { } length
            || !(length >= 1 && length <= drafts + 1))
        {
            throw new BadInputException(
                "--num-speculative-tokens and --acceptance-length: expected 1 to 32 drafts and 1 to drafts + "
                + "1 tokens a step, both or neither");
        }
        return [null, new SpeculationSpec(drafts.Value, length)];
    }

    static IReadOnlyList<int> Degrees(ParseResult parsed, Option<string[]> option, int most)
    {
        var degrees = new SortedSet<int>();
        foreach (var word in Words(parsed, option))
        {
            degrees.Add(int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var degree)
                && degree >= 1 && degree <= most ? degree
                : throw new BadInputException(
                    $"{option.Name} {word}: expected whole numbers of 1 to {most}"));
        }
        return [.. degrees];
    }
}
