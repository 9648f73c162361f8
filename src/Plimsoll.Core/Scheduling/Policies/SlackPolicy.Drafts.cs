using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>How long speculation is, step by step.</summary>
partial class SlackPolicy
{
    readonly DraftAcceptance? _acceptance;

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
        var bestNs = GainNs(shape, best, worthNs);
        for (var k = best + 1; k <= most && BoundWithDraftsNs(shape, k) <= budgetNs; k++)
        {
            var gainNs = GainNs(shape, k, worthNs);
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
        {
            least = Math.Min(
                least, WithDraftsNs(alone, k) / (alone.Decodes * _acceptance!.ExpectedTokens(k)));
        }
        return least;
    }

    double GainNs(in StepShape shape, int k, double worthNs) =>
        (worthNs * shape.Decodes * _acceptance!.ExpectedTokens(k)) - WithDraftsNs(shape, k);

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

    /// <summary>How long the step took, and how many of its drafts came true.</summary>
    void Learn(in StepOutcome outcome, StepShape shape)
    {
        if (shape.Decodes > 0)
            _acceptance?.Observe(shape.Decodes, shape.DraftTokens / shape.Decodes, outcome.Exceptions);
        var draftingNs = outcome.DraftedTokens == 0 ? 0 : DraftingNs(shape);
        shape.DraftTokens = outcome.DraftedTokens ?? shape.DraftTokens;
        _predictor.Observe(shape, (outcome.DurationNs / outcome.Steps) - draftingNs - _state.Plan.MovedNs);
    }
}
