using System;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>
/// A batch computed as two halves, one on the network while the other computes (DeepSeek's profile data).
/// <code>
///   prompts   2 · max((attention + dense + experts) · 132/108, dispatch + combine)
///   decodes   2 · [max(dispatch, part 0) + experts + max(combine, part 1)] + ε a layer
/// </code>
/// Parts 0 and 1 are what of a layer is neither experts nor exchange. Where halves are so small that this is
/// slower, the batch stays whole.
/// </summary>
sealed class TwoBatchOverlap(Deployment deployment, LogTable tokens, LogTable experts, LogTable exchange)
{
    /// <summary>Multiprocessors in all over those that compute while others communicate.</summary>
    const double Communicating = 132.0 / 108;

    /// <summary>Switching halves, twice a layer.</summary>
    const double SwitchNs = 80_000;

    /// <summary>Dispatch in eight bits over dispatch and combine.</summary>
    const double DispatchShare = 1.0 / 3;

    readonly int _layers = deployment.Model.FeedForward.MoeLayers;

    /// <summary>Null where nothing is exchanged or no overlap is asked for.</summary>
    public static TwoBatchOverlap? Of(
        Deployment deployment, LogTable tokens, LogTable experts, LogTable exchange) =>
        deployment.Engine.TwoBatchOverlap && deployment.DataParallel > 1 && deployment.ExpertParallel > 1
            ? new TwoBatchOverlap(deployment, tokens, experts, exchange)
            : null;

    /// <summary>Everything of a step but logits, its attention given.</summary>
    /// <param name="newTokens">Of the step.</param>
    /// <param name="attentionNs">Of the whole batch.</param>
    /// <param name="prompts">Whether it has prompts.</param>
    /// <param name="decodes">Whether it has decodes.</param>
    public double Ns(int newTokens, double attentionNs, bool prompts, bool decodes)
    {
        var whole = tokens.At(newTokens) + attentionNs;
        var half = (newTokens + 1) / 2;
        var (mixture, away) = (experts.At(half), exchange.At(half));
        var here = Math.Max(0, tokens.At(half) - mixture - away) + (attentionNs / 2);
        var asPrompts = 2 * Math.Max((here + mixture) * Communicating, away);
        var asDecodes = (_layers * SwitchNs) + (2 * (Math.Max(DispatchShare * away, here / 2) + mixture
            + Math.Max((1 - DispatchShare) * away, here / 2)));
        return Math.Min(whole, Math.Max(prompts ? asPrompts : 0, decodes ? asDecodes : 0));
    }
}
