using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>What a step does when nothing fits, and what it drafts when time is left.</summary>
sealed partial class SlackPolicy
{
    /// <summary>
    /// Nothing fits the rules and somebody is here: the oldest goes on, and whoever stands in its way gives
    /// way.
    /// </summary>
    void Force()
    {
        if (_requests.Count == 0)
            return;
        PutBackAside();
        _budgetNs = long.MaxValue;
        _tokensLeft = _state.Options.MaxNumBatchedTokens;
        if (_decodes.FirstInteractiveAdapter() is { } adapter)
        {
            _adapter = _options.MixesAdapters ? -1 : adapter;
            PlaceInteractiveDecodes();
        }
        if (_state.Plan.IsEmpty && _decodes.Batch.Count > 0)
        {
            _adapter = _options.MixesAdapters ? -1 : _requests[_decodes.Batch.Items[0]].Adapter;
            PlaceBatchDecodes(regardless: true);
        }
        if (_state.Plan.IsEmpty && _state.Running.Prefilling.Length > 0)
        {
            var oldest = _state.Running.Prefilling[0];
            ForcePrompt(oldest, interactive: !_queues.IsBatch(oldest));
        }
        if (_state.Plan.IsEmpty && _queues.Interactive.Count > 0)
            ForcePrompt(_queues.Interactive.Peek(), interactive: true);
        if (_state.Plan.IsEmpty && _queues.Batch.Count > 0)
            ForcePrompt(_queues.Batch.Peek(), interactive: false);
    }

    void ForcePrompt(int request, bool interactive)
    {
        _adapter = _options.MixesAdapters ? -1 : _requests[request].Adapter;
        while (!PlacePrompt(request, interactive, out _) && _memory.GiveWay(request))
        {
        }
    }

    /// <summary>
    /// As many drafts for everybody as gain the most tokens per time, within the time there is.
    /// </summary>
    void Speculate()
    {
        var drafts = _options.Drafts!;
        var shape = _state.Plan.Shape;
        if (shape.Decodes == 0)
            return;
        var best = 0;
        var bestRate = Rate(shape, 0, drafts);
        for (var k = 1; k <= drafts.MaxTokens && shape.Decodes * k <= _tokensLeft; k++)
        {
            if (BoundWithDraftsNs(shape, k) > _budgetNs)
                break;
            var rate = Rate(shape, k, drafts);
            if (rate > bestRate)
                (best, bestRate) = (k, rate);
        }
        if (best > 0 && _state.BlocksForDrafts(best) <= _state.FreeBlocks)
            _state.AddDrafts(best);
    }

    double Rate(StepShape shape, int k, DraftSpec drafts)
    {
        var tokens = (shape.Decodes * drafts.ExpectedTokens(k)) + shape.LogitRows - shape.Decodes;
        shape.DraftTokens = k * shape.Decodes;
        return tokens / Math.Max(1, PredictNs(shape));
    }

    long BoundWithDraftsNs(StepShape shape, int k)
    {
        shape.DraftTokens = k * shape.Decodes;
        return (long)(PredictNs(shape) * (1 + _predictor.Margin));
    }

    /// <summary>The step and the drafting before it.</summary>
    long PredictNs(in StepShape shape) => _predictor.PredictNs(shape) + DraftingNs(shape);

    long DraftingNs(in StepShape shape) => shape.DraftTokens == 0
        ? 0
        : _options.Drafts!.DraftNs(shape.Decodes, shape.DraftTokens / shape.Decodes);
}
