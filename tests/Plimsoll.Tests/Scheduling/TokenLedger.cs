using System.Collections.Generic;
using Plimsoll.Core.Scheduling;
using Shouldly;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// Every token of a request, counted beside the scheduler: a prompt goes on where it stopped, and ends with
/// its last known token, the given ones after a preemption among them.
/// </summary>
sealed class TokenLedger
{
    readonly Dictionary<RequestId, int> _known = [];
    readonly Dictionary<RequestId, int> _computed = [];

    public void Taken(RequestId request, int promptTokens) => _known[request] = promptTokens;

    /// <summary>A decode has given so many tokens.</summary>
    public void Given(RequestId request, int tokens) => _known[request] += tokens;

    /// <summary>So many tokens of a chunk have KV; the last of a prompt gives a token.</summary>
    public void Computed(in PrefillChunk chunk, int tokens)
    {
        _computed[chunk.Request] = chunk.Start + tokens;
        if (chunk.EndsPrompt && tokens == chunk.Tokens)
            _known[chunk.Request]++;
    }

    public void Check(StepPlan plan)
    {
        foreach (var request in plan.Preempted)
            _computed.Remove(request);
        foreach (var chunk in plan.Chunks)
        {
            if (_computed.TryGetValue(chunk.Request, out var computed))
                chunk.Start.ShouldBe(computed, "a prompt goes on where it stopped");
            var known = _known[chunk.Request];
            chunk.EndsPrompt.ShouldBe(
                chunk.Start + chunk.Tokens == known, "a prompt ends with its last token");
            (chunk.Start + chunk.Tokens).ShouldBeLessThanOrEqualTo(known);
        }
    }
}
