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

    /// <summary>Arrival to the first step that a request took part in.</summary>
    public Histogram QueueTime { get; } = Histogram.Request();

    /// <summary>First step to first token.</summary>
    public Histogram PrefillTime { get; } = Histogram.Request();

    /// <summary>First token to last.</summary>
    public Histogram DecodeTime { get; } = Histogram.Request();

    /// <summary>First step to last token.</summary>
    public Histogram InferenceTime { get; } = Histogram.Request();

    /// <summary>Tokens of each engine step, prompts' and answers'.</summary>
    public Histogram StepTokens { get; } = Histogram.StepTokens();

    public Histogram PromptTokensOfRequest { get; } = Histogram.Tokens();

    public Histogram GenerationTokensOfRequest { get; } = Histogram.Tokens();

    /// <summary>Longest answer of each request.</summary>
    public Histogram MostGenerationTokensOfRequest { get; } = Histogram.Tokens();

    /// <summary>Answers that each request asked for.</summary>
    public Histogram ChoicesOfRequest { get; } = Histogram.Choices();

    /// <summary>Limit of the answer's tokens that each request set.</summary>
    public Histogram MaxTokensOfRequest { get; } = Histogram.Tokens();

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

    /// <summary>What a request was, told once it is over.</summary>
    /// <param name="longest">Tokens of its longest answer.</param>
    /// <param name="maxTokens">Limit that it set; null for none.</param>
    public void AddRequest(int promptTokens, int outputTokens, int longest, int choices, int? maxTokens)
    {
        PromptTokensOfRequest.Add(promptTokens);
        GenerationTokensOfRequest.Add(outputTokens);
        MostGenerationTokensOfRequest.Add(longest);
        ChoicesOfRequest.Add(choices);
        if (maxTokens is { } most)
            MaxTokensOfRequest.Add(most);
    }

    /// <summary>An answer's way through the engine, nanoseconds after its arrival.</summary>
    public void AddWay(long startedNs, long firstTokenNs, long endNs)
    {
        QueueTime.Add(startedNs / 1e9);
        PrefillTime.Add((firstTokenNs - startedNs) / 1e9);
        DecodeTime.Add((endNs - firstTokenNs) / 1e9);
        InferenceTime.Add((endNs - startedNs) / 1e9);
    }

    public void Finish(bool aborted, bool byLength, bool? kept)
    {
        Interlocked.Increment(ref aborted ? ref _successAbort : ref byLength ? ref _successLength
            : ref _successStop);
        if (kept is { } word)
            Interlocked.Increment(ref word ? ref _promisesKept : ref _promisesBroken);
    }
}
