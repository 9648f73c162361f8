using System.Threading;

namespace Plimsoll.Server.Metrics;

/// <summary>What has been measured of one served model, under the names that vLLM gives.</summary>
public sealed class ModelMetrics(string model)
{
    long _promptTokens;
    long _generationTokens;
    long _successStop;
    long _successLength;
    long _successAbort;
    long _promisesKept;
    long _promisesBroken;

    public string Model => model;

    public long PromptTokens => Volatile.Read(ref _promptTokens);

    public long GenerationTokens => Volatile.Read(ref _generationTokens);

    public long FinishedStop => Volatile.Read(ref _successStop);

    public long FinishedLength => Volatile.Read(ref _successLength);

    public long FinishedAbort => Volatile.Read(ref _successAbort);

    public long PromisesKept => Volatile.Read(ref _promisesKept);

    public long PromisesBroken => Volatile.Read(ref _promisesBroken);

    public Histogram TimeToFirstToken { get; } = Histogram.FirstToken();

    public Histogram InterTokenLatency { get; } = Histogram.PerToken();

    public Histogram TimePerOutputToken { get; } = Histogram.PerToken();

    public Histogram EndToEnd { get; } = Histogram.Request();

    /// <summary>Latencies by level, for the live page.</summary>
    public LiveSamples Live { get; } = new();

    /// <summary>An answer's first token came.</summary>
    public void AddFirstToken(string level, double seconds)
    {
        TimeToFirstToken.Add(seconds);
        Live.AddFirstToken(level, seconds);
    }

    /// <summary>A further token came.</summary>
    public void AddGap(string level, double seconds)
    {
        InterTokenLatency.Add(seconds);
        Live.AddGap(level, seconds);
    }

    public void AddPrompt(long tokens) => Interlocked.Add(ref _promptTokens, tokens);

    public void AddGenerated(long tokens) => Interlocked.Add(ref _generationTokens, tokens);

    public void Finish(bool aborted, bool byLength, bool? kept)
    {
        Interlocked.Increment(ref aborted ? ref _successAbort : ref byLength ? ref _successLength
            : ref _successStop);
        if (kept is { } word)
            Interlocked.Increment(ref word ? ref _promisesKept : ref _promisesBroken);
    }
}
