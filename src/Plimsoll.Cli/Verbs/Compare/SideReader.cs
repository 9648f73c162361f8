using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;
using Plimsoll.Planning.Compare;

namespace Plimsoll.Cli.Verbs.Compare;

/// <summary>
/// Reads a side: <c>gpu=h100,engine=vllm@0.13.0,promise=ttft p95 300ms+tpot p95 30ms</c> over what is common
/// to both, or the JSON that account or plan wrote.
/// </summary>
sealed class SideReader(IReadOnlyDictionary<string, string> common, TraceOptions traces, bool batch)
{
    static readonly string[] Keys =
    [
        "model", "gpu", "weights", "kv", "engine", "policy", "workload", "rate", "promise", "price", "date",
        "tp", "pp", "ep", "dp",
    ];

    /// <summary>Limits of a step, which a plan's file states.</summary>
    const string Sequences = "max-num-seqs", Tokens = "max-num-batched-tokens";

    /// <summary>The keys, for help and messages.</summary>
    public static string Known => string.Join(", ", Keys);

    public ComparedSide Read(string? text, string? date)
    {
        var own = text is null ? [] : File.Exists(text) ? OfFile(text) : OfText(text);
        if (date is not null && !own.TryAdd("date", date))
            throw new BadInputException($"{text}: has a date of its own; expected one, there or in --from");
        return Side(new Words(text ?? "", own, common));
    }

    static Dictionary<string, string> OfText(string text)
    {
        var own = new Dictionary<string, string>();
        const StringSplitOptions Trimmed =
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        foreach (var part in text.Split(',', Trimmed))
        {
            var equals = part.IndexOf('=');
            var key = equals < 0 ? part : part[..equals];
            if (equals < 0 || Array.IndexOf(Keys, key) < 0)
            {
                throw new BadInputException(
                    $"{text}", $"\"{part}\"", $"an account's or a plan's JSON, or KEY=VALUE of {Known}");
            }
            if (!own.TryAdd(key, part[(equals + 1)..]))
                throw new BadInputException($"{text}", $"{key} is there twice", "each once");
        }
        return own;
    }

    /// <summary>What an account or a plan was made for, by its own statement.</summary>
    static Dictionary<string, string> OfFile(string file)
    {
        try
        {
            var text = SmallFile.ReadText(file, "an account's or a plan's JSON");
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            return root.GetProperty("schema").GetString() switch
            {
                "plimsoll/account/1" => OfAccount(root),
                "plimsoll/plan/1" => OfPlan(root),
                var schema => throw new BadInputException(
                    $"{file}: schema {schema}; expected plimsoll/account/1 or plimsoll/plan/1"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or ArgumentOutOfRangeException)
        {
            throw new BadInputException($"{file}: not what `plimsoll account --json` or `plan --json` wrote");
        }
    }

    static Dictionary<string, string> OfAccount(JsonElement root)
    {
        var statement = root.GetProperty("statement");
        var deployment = statement.GetProperty("deployment");
        var own = Deployment(deployment);
        own["model"] = statement.GetProperty("model").GetString()!;
        own["workload"] = statement.GetProperty("workload").GetString()!;
        own["price"] = statement.GetProperty("price").GetProperty("usdPerGpuHour").GetRawText();
        own["promise"] = string.Join('+', root.GetProperty("classes")[0].GetProperty("promise")
            .EnumerateArray().Select(limit => string.Create(CultureInfo.InvariantCulture,
                $"{limit.GetProperty("metric").GetString()} p{limit.GetProperty("percentile").GetDouble()} ")
                + $"{limit.GetProperty("limitMs").GetRawText()}ms"));
        return own;
    }

    static Dictionary<string, string> OfPlan(JsonElement root)
    {
        var best = root.GetProperty("best")[0];
        var statement = root.GetProperty("statement");
        RefuseWhatIsNotCompared(best);
        var own = Deployment(best);
        foreach (var (key, name) in new[] { (Sequences, "maxNumSeqs"), (Tokens, "maxNumBatchedTokens") })
            own[key] = best.GetProperty(name).GetRawText();
        own["model"] = best.GetProperty("model").GetString()!;
        own["workload"] = statement.GetProperty("workload").GetString()!;
        own["rate"] = statement.GetProperty("requestsPerSecond").GetRawText();
        own["price"] = best.GetProperty("price").GetProperty("usdPerGpuHour").GetRawText();
        own["promise"] = string.Join('+', statement.GetProperty("promise").EnumerateArray()
            .Select(limit => limit.GetString()));
        return own;
    }

    /// <summary>What is left out of a fleet would be a change that nobody made.</summary>
    static void RefuseWhatIsNotCompared(JsonElement best)
    {
        var what = best.GetProperty("prefillReplicas").GetInt32() > 0 ? "prefill apart from decode"
            : best.GetProperty("router").ValueKind != JsonValueKind.Null ? "a router"
            : best.GetProperty("draftTokens").ValueKind != JsonValueKind.Null ? "drafts"
            : best.GetProperty("kvTiers").ValueKind != JsonValueKind.Null ? "memories for KV"
            : best.GetProperty("twoBatchOverlap").GetBoolean() ? "the two-batch overlap"
            : best.GetProperty("redundantExperts").GetInt32() > 0 ? "copies of experts" : null;
        if (what is not null)
        {
            throw new BadInputException(
                $"the best of the plan has {what}, which is not compared", "", "a plan without");
        }
    }

    static Dictionary<string, string> Deployment(JsonElement of)
    {
        var own = new Dictionary<string, string>();
        foreach (var key in new[] { "gpu", "weights", "kv", "engine", "policy" })
            own[key] = of.GetProperty(key).GetString()!;
        foreach (var key in new[] { "tp", "pp", "ep", "dp" })
            own[key] = of.GetProperty(key).GetRawText();
        return own;
    }

    ComparedSide Side(Words words)
    {
        var day = words["date"] is { } date ? EraCatalogue.Day(date) : null;
        var card = words["gpu"] is { } gpu ? Catalogue.BuiltIn.FindAccelerator(gpu)
            : day is null ? Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator) : EraCatalogue.Card(day);
        var workload = WorkloadChoice.Open(words["workload"] ?? Usual.Workload, traces);
        var model = Catalogue.BuiltIn.FindModel(words["model"] ?? Usual.Model);
        if (words["rate"] is null && !workload.HasRate)
            throw new BadInputException($"{workload.Name} spans no time; expected rate=REQUESTS-PER-SECOND");
        return new ComparedSide
        {
            Model = model,
            Weights = words["weights"] is { } weights
                ? Format(words, "weights", weights, NumberFormats.All) : null,
            Kv = Format(words, "kv", words["kv"] ?? "bf16", NumberFormats.OfKv),
            Accelerator = card,
            Price = Price(words, card, day),
            Engine = Engine(words, day),
            Workload = workload,
            RequestsPerSecond = words.Number("rate", 1e-6, 1e7) ?? workload.RequestsPerSecond,
            Levels = batch ? [LevelPromise.None]
                : [LevelPromise.Of(ServiceLevelSpec.Default, Promise(words, workload, model))],
            Parallelism = new Parallelism(
                words.Degree("tp"), words.Degree("pp"), words.Degree("ep"), words.Degree("dp")),
            Tuning = new EngineTuning(
                (int?)words.Number(Sequences, 1, int.MaxValue), (int?)words.Number(Tokens, 1, int.MaxValue)),
        };
    }

    static IReadOnlyList<Limit> Promise(Words words, Workload workload, ModelSpec model) =>
        [.. (words["promise"] ?? (model.Pools || workload.MeanOutputTokens == 0
            ? "ttft p95 500ms" : "ttft p95 500ms+tpot p95 50ms"))
            .Split('+', StringSplitOptions.TrimEntries).Select(PromiseText.Parse)];

    static PriceSpec Price(Words words, AcceleratorSpec card, string? day)
    {
        if (words["price"] is { } price)
            return Catalogue.BuiltIn.FindPrice(card, price);
        return day is null ? Catalogue.BuiltIn.FindPrice(card, null)
            : EraCatalogue.Price(card, day) ?? throw new BadInputException(
                $"{card.Name}", $"no price by {day}", "price=USD, or another gpu or date");
    }

    static ComparedEngine Engine(Words words, string? day)
    {
        var (name, version) = EngineCatalogue.Read(words["engine"] ?? Usual.Engine);
        var era = day is null ? null : EraCatalogue.Of(day);
        var policy = era?.Policy ?? SchedulingPolicy.VllmV1;
        if (words["policy"] is { } own && !SchedulingPolicy.Simulated.TryFind(own, out policy))
            throw new BadInputException($"policy={own}", "", $"{SchedulingPolicy.Simulated}");
        return era is null || words["engine"] is not null
            ? new ComparedEngine(name, version, policy)
            : new ComparedEngine(name, version, policy, era.Slower, era.SlowerLow, era.SlowerHigh);
    }

    static NumberFormat Format(Words words, string key, string text, Choices<NumberFormat> choices) =>
        choices.TryFind(text, out var format)
            ? format : throw new BadInputException($"{words.Text}", $"{key}={text}", $"{choices}");

    /// <summary>A side's own words over the common ones.</summary>
    sealed record Words(
        string Text, IReadOnlyDictionary<string, string> Own, IReadOnlyDictionary<string, string> Common)
    {
        public string? this[string key] => Own.TryGetValue(key, out var own) ? own
            : Common.TryGetValue(key, out var common) ? common : null;

        public double? Number(string key, double least, double most) => this[key] is not { } text ? null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && value >= least && value <= most
                ? value
                : throw new BadInputException($"{key}={text}", "", FormattableString.Invariant(
                    $"{least} to {most}"));

        public int? Degree(string key) => (int?)Number(key, 1, 4096);
    }
}
