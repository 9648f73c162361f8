using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>What is sent, and when.</summary>
sealed class BenchLoadArguments
{
    const double GoodputPercentile = 95;

    const long UsualRequests = 1000;

    /// <summary>Of a closed loop that nobody stated.</summary>
    const int MostClients = 100_000;

    readonly Option<string?> _workload = new("--workload")
    {
        Description = "Workload family or trace file: lengths, prefixes and arrivals "
            + "[default: stated lengths]",
    };

    readonly TraceArguments _trace = new();

    readonly Option<FileInfo?> _dataset = new("--dataset-path")
    {
        Description = "JSONL of requests: prompt, messages or input, and whatever else the interface takes",
    };

    readonly Option<int> _input = Count("--random-input-len", "Prompt tokens, without --workload", 1024);
    readonly Option<int> _output = Count("--random-output-len", "Output tokens, without --workload", 128);
    readonly Option<int> _prefix =
        Count("--random-prefix-len", "Tokens that all prompts open with, without --workload", 0);

    readonly Option<double> _range = new("--random-range-ratio")
    {
        Description = "Half the width of the lengths' range over their mean, 0 to below 1",
        DefaultValueFactory = _ => 0,
    };

    readonly Option<string?> _rate = new("--request-rate")
    {
        Description = "Requests per second, or inf [default: the workload's own, or inf]",
    };

    readonly Option<string?> _burstiness = new("--burstiness")
    {
        Description = "Shape of gamma gaps: 1 is Poisson, above is smoother, inf is a metronome [default: "
            + "the workload's own arrivals, or 1]",
    };

    readonly Option<string> _arrivals = new Option<string>("--arrivals")
    {
        Description = $"{LoadGaps.All}; own are the workload's",
        DefaultValueFactory = _ => LoadGaps.All.NameOf(LoadGap.Own),
    }.OneOf(LoadGaps.All);

    readonly Option<string?> _stages = new("--stages")
    {
        Description = "Rates over time: 5:60s,5-20:2min,20:60s (a rate, or a ramp between two, and how long)",
    };

    readonly Option<int> _concurrency =
        Count("--max-concurrency",
            "Most requests under way; with an infinite rate a closed loop of so many "
                + "clients; 0 for any number", 0);
    readonly Option<long?> _prompts = new("--num-prompts") { Description =
        "Requests to send [default: 1000, or as many as a shorter trace has; with --duration or --stages, as "
            + "many as fit]" };
    readonly Option<string?> _duration = new("--duration") { Description = "Send for so long, such as 5min" };
    readonly Option<string?> _warmup =
        new("--warmup") { Description = "Send so long before measuring, such as 30s" };
    readonly Option<int> _warmups = Count("--num-warmups", "Requests sent at once before the run", 0);
    readonly Option<FileInfo?> _levels = new("--levels") { Description =
        "JSON list of service levels, each with its own load, promise, key and priority" };

    readonly Option<string[]> _promise = new("--promise")
    {
        Description = "A limit such as \"ttft p95 500ms\"; repeatable",
    };

    readonly Option<string[]> _goodput = new("--goodput")
    {
        Description = "Limits of single requests in ms: ttft:500 tpot:50 e2el:5000",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<bool> _ignoreEos =
        new("--ignore-eos") { Description = "Answers run to their length (vLLM and its kin)" };
    readonly Option<string?> _extra =
        new("--extra-body") { Description = "JSON object added to every request" };
    readonly Option<int> _images = Count("--num-images", "Generated pictures in every prompt", 0);
    readonly Option<string> _imageSize =
        new("--image-size") { Description = "Their size in pixels", DefaultValueFactory = _ => "512x512" };
    readonly Option<string?> _tokenizer = new("--tokenizer") { Description =
        "tokenizer.json for exact prompt lengths [default: the endpoint's /tokenize, else its usage]" };
    readonly Option<ulong> _seed =
        new("--seed") { Description = "Seed of all random draws", DefaultValueFactory = _ => 1 };
    readonly Option<ulong?> _salt = new("--prompt-salt") { Description =
        "Number that, with the seed, draws the prompts' words; the result says which it was [default: the "
            + "time, so that no prefix cache knows them]" };

    public void AddTo(Command command)
    {
        _workload.Suggest(Suggestions.Workloads);
        _trace.AddTo(command);
        foreach (var option in new Option[]
        {
            _workload, _dataset, _input, _output, _prefix, _range, _rate, _burstiness, _arrivals, _stages,
                _concurrency,
            _prompts, _duration, _warmup, _warmups, _levels, _promise, _goodput, _ignoreEos, _extra,
                _images, _imageSize,
            _tokenizer, _seed, _salt,
        })
        {
            command.Add(option);
        }
    }

    /// <summary>A run of the load against an endpoint, checked.</summary>
    public BenchOptions Read(ParseResult parsed, EndpointOptions endpoint)
    {
        var duration = Duration(parsed, _duration);
        var levels = Levels(parsed, duration);
        var (width, height) = ImageSize(parsed.GetValue(_imageSize)!);
        var dataset = parsed.GetValue(_dataset)?.FullName;
        if (dataset is not null && !File.Exists(dataset))
        {
            throw new BadInputException($"--dataset-path {parsed.GetValue(_dataset)}: no such file; "
                + $"expected JSONL, a request per line");
        }
        var extra = ExtraMembers.Read(parsed.GetValue(_extra));
        ExtraMembers.Check(extra, endpoint.Api, dataset is not null, parsed.GetValue(_ignoreEos), levels);
        endpoint = endpoint with { Choices = Choices(extra) };
        CheckGaps(endpoint, levels);
        return new BenchOptions
        {
            Endpoint = endpoint,
            Levels = levels,
            Load = Text(levels, dataset),
            MaxConcurrency = levels.All(level => level.Clients is null)
                ? Natural(parsed, _concurrency, 1_000_000) : 0,
            DurationNs = duration ?? long.MaxValue,
            WarmupNs = Duration(parsed, _warmup) ?? 0,
            Warmups = Natural(parsed, _warmups, 100_000),
            DatasetPath = dataset,
            Tokenizer = parsed.GetValue(_tokenizer),
            Body = new BodyOptions
            {
                IgnoreEos = parsed.GetValue(_ignoreEos),
                Extra = extra,
                Images = Natural(parsed, _images, 64),
                ImageWidth = width,
                ImageHeight = height,
                Seed = parsed.GetValue(_seed),
                Salt = parsed.GetValue(_salt) ?? (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            },
        };
    }

    /// <summary>What lies between tokens is seen only where one answer is streamed.</summary>
    static void CheckGaps(EndpointOptions endpoint, IReadOnlyList<LevelOptions> levels)
    {
        if (endpoint is { Stream: true, Choices: 1 }
            || !levels.Any(level => level.Promise.Any(limit => limit.Metric is Metric.Tpot or Metric.Itl)))
        {
            return;
        }
        throw new BadInputException(endpoint.Stream
            ? "--extra-body: n asks for several answers at once, whose tokens come mixed; expected no "
                + "promise of tpot or itl with it"
            : "--no-stream: whole answers show no time between tokens; expected no promise of tpot or itl");
    }

    IReadOnlyList<LevelOptions> Levels(ParseResult parsed, long? duration)
    {
        var usual = new LevelOptions
        {
            Seed = parsed.GetValue(_seed),
            Requests = Requests(parsed, duration),
            EndsWithTrace = parsed.GetValue(_prompts) is null && duration is null
                && parsed.GetValue(_stages) is null,
            Promise = Promise(parsed),
            Judged = parsed.GetValue(_goodput) is not { Length: > 0 },
            Burstiness = Burstiness(parsed),
            Poisson = parsed.Chosen(_arrivals, LoadGaps.All) == LoadGap.Poisson,
        };
        if (parsed.GetValue(_levels) is { } file)
            return LevelsFile.Read(file.FullName, usual, _trace.Read(parsed));
        return [One(parsed, usual)];
    }

    LevelOptions One(ParseResult parsed, LevelOptions usual)
    {
        var workload = parsed.GetValue(_workload) is { } name
            ? WorkloadChoice.Open(name, _trace.Read(parsed)) : null;
        var stages = parsed.GetValue(_stages) is { } text ? RateStage.Parse(text) : [];
        var concurrency = Natural(parsed, _concurrency, 1_000_000);
        var rate = Rate(parsed, workload);
        if (workload is { HasRate: false } && double.IsInfinity(rate) && stages.Count == 0
            && concurrency == 0)
        {
            throw new BadInputException($"{workload.Name} spans no time; expected --request-rate or "
                + $"--max-concurrency");
        }
        var requests = usual.RequestsOf(workload);
        var closed = double.IsInfinity(rate) && stages.Count == 0;
        return usual with
        {
            Workload = workload,
            Lengths = workload is null ? Lengths(parsed) : null,
            RequestsPerSecond = closed ? 0 : rate,
            // An infinite rate without a limit on what is under way: every request at once.
            Clients = !closed ? null : concurrency > 0 ? concurrency
                : (int)Math.Min(requests, MostClients),
            Requests = requests,
            Stages = stages,
        };
    }

    LengthOptions Lengths(ParseResult parsed)
    {
        var range = parsed.GetValue(_range);
        if (!(range is >= 0 and < 1))
            throw new BadInputException($"--random-range-ratio {range}: expected 0 to below 1");
        return new LengthOptions(
            Math.Max(1, Natural(parsed, _input, LengthOptions.MostTokens)),
                Math.Max(1, Natural(parsed, _output, LengthOptions.MostTokens)), range,
            Natural(parsed, _prefix, LengthOptions.MostTokens));
    }

    double Rate(ParseResult parsed, Workload? workload)
    {
        if (parsed.GetValue(_rate) is not { } text)
            return workload is { HasRate: true } ? workload.RequestsPerSecond : double.PositiveInfinity;
        if (text == "inf")
            return double.PositiveInfinity;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate)
            && rate is > 0 and <= 1e6
            ? rate
            : throw new BadInputException($"--request-rate {text}: expected requests per second above 0 "
                + $"and at most 1000000, or inf");
    }

    double? Burstiness(ParseResult parsed)
    {
        if (parsed.Chosen(_arrivals, LoadGaps.All) == LoadGap.Constant)
            return double.PositiveInfinity;
        return parsed.GetValue(_burstiness) switch
        {
            null => null,
            "inf" => double.PositiveInfinity,
            var text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var shape)
                && shape is > 0 and <= 1e9
                ? shape
                : throw new BadInputException($"--burstiness {text}: expected a shape above 0 and at most "
                    + "1000000000, or inf"),
        };
    }

    long Requests(ParseResult parsed, long? duration)
    {
        if (parsed.GetValue(_prompts) is { } given)
        {
            return given is >= 1 and <= 1_000_000_000 ? given
                : throw new BadInputException($"--num-prompts {given}: expected 1 to 1000000000");
        }
        return duration is null && parsed.GetValue(_stages) is null ? UsualRequests : 1_000_000_000;
    }

    IReadOnlyList<Limit> Promise(ParseResult parsed)
    {
        var (promise, goodput) = (parsed.GetValue(_promise) ?? [], parsed.GetValue(_goodput) ?? []);
        if (promise.Length > 0 && goodput.Length > 0)
        {
            throw new BadInputException("--promise and --goodput: expected one of them; a "
                + "promise has its goodput too");
        }
        return goodput.Length > 0 ? [.. goodput.Select(Goodput)] : [.. promise.Select(PromiseText.Parse)];
    }

    static Limit Goodput(string text)
    {
        if (text.Split(':') is not [var name, var number]
            || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms)
                || !(ms is > 0 and < 1e9))
        {
            throw new BadInputException($"--goodput {text}: expected METRIC:MS such as ttft:500");
        }
        if (!VllmMetrics.TryFind(name, out var metric) || metric == Metric.Itl)
            throw new BadInputException($"--goodput {text}: expected ttft, tpot or e2el");
        return new Limit(metric, GoodputPercentile, (long)(1e6 * ms));
    }

    /// <summary>What <c>n</c> asks for.</summary>
    static int Choices(JsonObject? extra) =>
        extra?["n"] is JsonValue value && value.TryGetValue(out int n) && n > 1 ? n : 1;

    static (int Width, int Height) ImageSize(string text) =>
        text.Split('x') is [var w, var h] && int.TryParse(w, out var width) && int.TryParse(h, out var height)
        && width is >= 1 and <= 8192 && height is >= 1 and <= 8192
            ? (width, height)
            : throw new BadInputException($"--image-size {text}: expected WIDTHxHEIGHT of 1 to 8192 pixels");

    /// <summary>The same load where its rate is not sent but searched.</summary>
    internal static BenchOptions Searched(BenchOptions load)
    {
        // However short a trace: a search begins it again.
        var level = load.Levels[0];
        level = level with
        {
            Clients = null, Requests = Math.Max(level.Requests, UsualRequests),
            // It breaks its promise on purpose.
            Judged = false,
        };
        return load with
        {
            Levels = [level],
            Load = $"{What(level, load.DatasetPath)} at rates that are searched, {Scatter(level)}",
        };
    }

    internal static string Text(IReadOnlyList<LevelOptions> levels, string? dataset) =>
        string.Join("; ", levels.Select(level =>
            (levels.Count > 1 ? level.Name + ": " : "") + Text(level, dataset)));

    static string Text(LevelOptions level, string? dataset)
    {
        var what = What(level, dataset);
        if (level.Clients is { } clients)
            return $"{what}, a closed loop of {clients} clients";
        if (level.Stages.Count > 0)
            return $"{what} in {level.Stages.Count} stages";
        return string.Create(CultureInfo.InvariantCulture,
            $"{what} at {level.RequestsPerSecond:0.###} requests/s, {Scatter(level)}");
    }

    static string What(LevelOptions level, string? dataset) => dataset is not null
        ? Path.GetFileName(dataset)
        : level.Workload is { } workload ? Named(workload, level.Requests)
        : $"{level.Lengths!.PromptTokens + level.Lengths.PrefixTokens} + {level.Lengths.OutputTokens} tokens";

    static string Named(Workload workload, long requests)
    {
        var name = string.Join("; ", workload.Notes) is { Length: > 0 } notes
            ? $"{workload.Name} ({notes})" : workload.Name;
        return workload.Recorded is { } recorded && requests > recorded
            ? $"{name}, from its start again after its {recorded} requests," : name;
    }

    static string Scatter(LevelOptions level) => level.Burstiness is { } shape
        ? double.IsInfinity(shape) ? "equal gaps"
            : FormattableString.Invariant($"gamma gaps of shape {shape:0.##}")
        : level.Workload is not null && !level.Poisson ? "its own arrivals" : "Poisson";

    static Option<int> Count(string name, string description, int usual) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual };

    static int Natural(ParseResult parsed, Option<int> option, int most)
    {
        var value = parsed.GetValue(option);
        return value >= 0 && value <= most ? value
            : throw new BadInputException($"{option.Name} {value}: expected 0 to {most}");
    }

    static long? Duration(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? PromiseText.Duration(text, option.Name) : null;
}
