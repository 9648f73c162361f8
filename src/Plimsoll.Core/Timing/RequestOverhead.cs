namespace Plimsoll.Core.Timing;

/// <summary>
/// Time a request spends outside the engine's steps: API, tokenizing, transport and hashing before the
/// first, hand-over of the first token after it. It is part of TTFT and of E2E; no accelerator works in it.
/// </summary>
/// <param name="RequestNs">Of every request, nanoseconds.</param>
/// <param name="PromptTokenNs">What each token of its prompt adds.</param>
public readonly record struct RequestOverhead(double RequestNs, double PromptTokenNs)
{
    /// <summary>Of a request with such a prompt.</summary>
    public long Ns(int promptTokens) => (long)RequestNs + (long)(PromptTokenNs * promptTokens);
}
