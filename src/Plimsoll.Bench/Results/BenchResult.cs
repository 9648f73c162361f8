using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Verdicts;

namespace Plimsoll.Bench.Results;

/// <summary>A finished run, or as much of one as ran before it was stopped.</summary>
public sealed record BenchResult
{
    /// <summary>Of another tool's run, which seldom says it, when its file was written.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether another tool measured it, from its own send.</summary>
    public bool IsImported { get; init; }

    /// <summary>Where latencies start, for people.</summary>
    public string LatenciesFrom => IsImported ? "that tool's own send" : "the scheduled send";

    /// <summary>From when the first request was due to the end of the last answer, seconds.</summary>
    public required double DurationS { get; init; }

    /// <summary>Whether somebody stopped it.</summary>
    public required bool Interrupted { get; init; }

    public required string Address { get; init; }

    public required string Model { get; init; }

    /// <summary>How tokens were counted, for people.</summary>
    public required string TokenCounting { get; init; }

    /// <summary>How prompts got their lengths, for people.</summary>
    public required string PromptLengths { get; init; }

    /// <summary>The load in one line, for people.</summary>
    public required string Load { get; init; }

    /// <summary>
    /// <c>open</c>, <c>closed</c>, or <c>mixed</c> where levels differ; null where not known.
    /// </summary>
    public string? Loop { get; init; }

    /// <summary>Requests per second that the load has on average; null for a closed loop.</summary>
    public double? RequestRate { get; init; }

    public double? Burstiness { get; init; }

    public int? MaxConcurrency { get; init; }

    /// <summary>Most requests that were under way at once.</summary>
    public int MostInFlight { get; init; }

    /// <summary>Requests under way on average over the run.</summary>
    public double MeanInFlight { get; init; }

    /// <summary>Requests that were due in the warm-up; nothing of them is measured.</summary>
    public long InWarmup { get; init; }

    /// <summary>Seconds in which at least one request was under way.</summary>
    public double BusyS { get; init; }

    public required IReadOnlyList<LevelReport> Levels { get; init; }

    public required ClientReport Client { get; init; }

    /// <summary>What the endpoint's own metrics say of the run; null where it has none.</summary>
    public ServerReport? Server { get; init; }

    /// <summary>The engine's own log of its steps during the run; null where none was named.</summary>
    public StepsReport? Steps { get; init; }

    /// <summary>Whatever the user wants remembered.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>Tokens of each tenth of the run, for intervals.</summary>
    public IReadOnlyList<SliceReport> Slices { get; init; } = [];

    /// <summary>What a search of the load line found; null without one.</summary>
    public LoadLineEstimate? LoadLine { get; init; }

    public long Completed => Sum(level => level.Completed);

    public long Failed => Sum(level => level.Failed);

    public long PromptTokens => Sum(level => level.PromptTokens);

    public long OutputTokens => Sum(level => level.OutputTokens);

    public long CachedTokens => Sum(level => level.CachedTokens);

    public double PerSecond(double count) => DurationS > 0 ? count / DurationS : 0;

    /// <summary>What is known of all promises together.</summary>
    public PromiseVerdict Verdict => PromiseJudge.Of([.. Levels.Select(level => level.Verdict)]);

    /// <summary>Whether every promise held; null where that is not known or none was made.</summary>
    public bool? Holds => Verdict switch
    {
        PromiseVerdict.Kept => true,
        PromiseVerdict.Broken => false,
        _ => null,
    };

    /// <summary>Why the endpoint could not be measured; null where it was.</summary>
    public string? Refused { get; init; }

    /// <summary>
    /// Why its figures are not those of the endpoint under the whole load; empty where they are.
    /// </summary>
    public IReadOnlyList<string> InvalidBecause =>
    [
        .. Refused is { } refused ? [$"nothing was measured: {refused}"] : Array.Empty<string>(),
        .. Interrupted ? ["the run was stopped before its end; what is here is what ran"]
            : Array.Empty<string>(),
        .. Client.InvalidBecause.Select(reason => $"the client measured itself: {reason}"),
    ];

    public bool IsValid => InvalidBecause.Count == 0;

    /// <summary>
    /// What number tells the prompts from another run's of the same seed; null for a file's.
    /// </summary>
    public ulong? PromptSalt { get; init; }

    /// <summary>Answers that each request asked for at once.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Requests per second that were due; null where no rate was asked for.</summary>
    public double? DueRate { get; init; }

    /// <summary>What a reader of the figures should know.</summary>
    public IReadOnlyList<string> Warnings => RunWarnings.Of(this);

    long Sum(Func<LevelReport, long> of)
    {
        long sum = 0;
        foreach (var level in Levels)
            sum += of(level);
        return sum;
    }
}

/// <summary>A stretch of the run.</summary>
/// <param name="PromptTokens">Of the requests that ended in it.</param>
/// <param name="OutputTokens">Of the requests that ended in it.</param>
/// <param name="GoodTokens">Prompt and output tokens of those that kept every limit.</param>
public readonly record struct SliceReport(long PromptTokens, long OutputTokens, long GoodTokens);
