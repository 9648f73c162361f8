using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>How long speculation is, step by step.</summary>
partial class SlackPolicy
{
    /// <summary>
    /// As many drafts for everybody as pay, within the time there is; every number is tried, since the curve
    /// has several tops. A token is worth the time that a step of decodes alone takes for one at its best;
    /// prompts in the step take theirs whatever is drafted, so they count by what drafts add to it.
    /// </summary>
    void Speculate(long budgetNs)
    {
        var drafts = _options.Drafts!;
        var shape = _state.Plan.Shape;
        if (shape.Decodes == 0)
            return;
        var alone = default(StepShape);
        alone.AddDecodes(shape.Decodes, shape.DecodeContextTokens);
        var most = Math.Min(drafts.MaxTokens, _tokensLeft / shape.Decodes);
        var worthNs = TokenNs(alone, drafts, most);
        var best = Math.Min(drafts.MinTokens, most);
        var bestNs = GainNs(shape, best, drafts, worthNs);
        for (var k = best + 1; k <= most && BoundWithDraftsNs(shape, k) <= budgetNs; k++)
        {
            var gainNs = GainNs(shape, k, drafts, worthNs);
            if (gainNs > bestNs)
                (best, bestNs) = (k, gainNs);
        }
        if (best > 0 && _state.BlocksForDrafts(best) <= _state.FreeBlocks)
            _state.AddDrafts(best);
    }

    /// <summary>Time per token of decodes alone, with as many drafts as make it the least.</summary>
    double TokenNs(in StepShape alone, DraftSpec drafts, int most)
    {
        var least = double.MaxValue;
        for (var k = Math.Min(drafts.MinTokens, most); k <= most; k++)
            least = Math.Min(least, WithDraftsNs(alone, k) / (alone.Decodes * drafts.ExpectedTokens(k)));
        return least;
    }

    double GainNs(in StepShape shape, int k, DraftSpec drafts, double worthNs) =>
        (worthNs * shape.Decodes * drafts.ExpectedTokens(k)) - WithDraftsNs(shape, k);

    long BoundWithDraftsNs(in StepShape shape, int k) =>
        (long)(WithDraftsNs(shape, k) * (1 + _predictor.Margin));

    long WithDraftsNs(StepShape shape, int k)
    {
        shape.DraftTokens = k * shape.Decodes;
        return PredictNs(shape);
    }

    /// <summary>The step and the drafting before it.</summary>
    long PredictNs(in StepShape shape) => _predictor.PredictNs(shape) + DraftingNs(shape);

    long DraftingNs(in StepShape shape) => _options.Drafts?.DraftNs(shape) ?? 0;
}
