namespace Plimsoll.Planning.Simulation;

/// <summary>
/// What batch work got beside the interactive requests, over the time they were measured in.
/// </summary>
/// <param name="SpanS">That time, seconds.</param>
/// <param name="PromptTokens">Batch prompt tokens computed, recomputed ones included.</param>
/// <param name="OutputTokens">Batch tokens given.</param>
/// <param name="Lines">Lines answered.</param>
public sealed record BatchResult(double SpanS, long PromptTokens, long OutputTokens, long Lines)
{
    public double OutputTokensPerSecond => SpanS > 0 ? OutputTokens / SpanS : 0;

    public double PromptTokensPerSecond => SpanS > 0 ? PromptTokens / SpanS : 0;

    public double LinesPerSecond => SpanS > 0 ? Lines / SpanS : 0;

    /// <summary>What all replicas did up to a time.</summary>
    internal static BatchResult Of(ReplicaSimulation[] replicas, long nowNs)
    {
        long prompt = 0, output = 0, lines = 0;
        foreach (var replica in replicas)
        {
            prompt += replica.BatchPromptTokens;
            output += replica.BatchOutputTokens;
            lines += replica.Batch?.CompletedLines ?? 0;
        }
        return new BatchResult(nowNs / 1e9, prompt, output, lines);
    }

    internal BatchResult Since(BatchResult before) => new(
        SpanS - before.SpanS, PromptTokens - before.PromptTokens, OutputTokens - before.OutputTokens,
        Lines - before.Lines);
}
