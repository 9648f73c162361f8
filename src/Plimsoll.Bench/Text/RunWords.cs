using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Bench.Results;

namespace Plimsoll.Bench.Text;

/// <summary>What a run did, in the same words at a terminal and on a page.</summary>
public static class RunWords
{
    /// <summary>One sentence each of what is known.</summary>
    public static IEnumerable<string> All(BenchResult result)
    {
        yield return $"{Served(result)}.";
        yield return $"{Rates(result)}.";
        if (result.Server is { } server)
            yield return $"The engine's own metrics: {Of(server)}.";
        if (result.Steps?.Problem is { } problem)
            yield return $"The engine's log was not joined whole: {problem}.";
        if (result.Steps is { Steps.Count: > 0 } steps)
            yield return $"The engine's log: {Of(steps)}.";
    }

    public static string Served(BenchResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{Plural.Of(result.Completed, "request")} served, {result.Failed:N0} failed, "
        + $"in {result.DurationS:0.0} s; "
        + $"{result.MeanInFlight:0.0} in flight on average, {result.MostInFlight:N0} at most");

    public static string Rates(BenchResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{BenchPage.Ms(result.PerSecond(result.Completed))} requests/s, "
        + $"{result.PerSecond(result.PromptTokens):N0} input and "
        + $"{result.PerSecond(result.OutputTokens):N0} output tokens/s");

    public static string Of(ServerReport server)
    {
        var facts = new List<string>();
        Fact("mean TTFT", server.MeanTtftMs, "ms", 1);
        Fact("mean queue", server.MeanQueueMs, "ms", 1);
        Fact("running", server.MeanRunning, "", 1);
        Fact("waiting", server.MeanWaiting, "", 1);
        Fact("prefix cache hits", server.PrefixCacheHitShare, "%", 100);
        Fact("KV cache at most", server.MostKvCacheUsage, "%", 100);
        Fact("preemptions", server.Preemptions, "", 1);
        return string.Join(", ", facts);

        void Fact(string name, double? value, string unit, double factor)
        {
            if (value is { } known)
                facts.Add(FormattableString.Invariant($"{name} {factor * known:0.#} {unit}").TrimEnd());
        }
    }

    public static string Of(StepsReport steps) => string.Create(CultureInfo.InvariantCulture,
        $"{Plural.Of(steps.Steps.Count, "step")} of {steps.MeanMs:0.00} ms on average, "
        + $"{steps.BusyS:0.0} s in all, {steps.MeanDecodes:0.0} sequences decoded at once");
}
