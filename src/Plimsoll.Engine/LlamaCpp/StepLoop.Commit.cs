using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>What came of a step, told to the scheduler, the listener and the readers.</summary>
sealed partial class StepLoop
{
    readonly List<RequestOutcome> _outcomes = [];
    readonly List<StepShare> _shares = [];
    readonly List<Sequence> _finished = [];

    void Commit(StepPlan plan, long startNs)
    {
        // What was computed: fewer drafts than asked for where nothing was known.
        var shape = plan.Shape;
        shape.DraftTokens = _stepDrafts;
        var predictedNs = Predict(plan);
        _outcomes.Clear();
        _shares.Clear();
        _finished.Clear();
        foreach (ref readonly var item in CollectionsMarshal.AsSpan(_work))
            Describe(item);
        long endNs;
        lock (_gate)
        {
            _context.EndAbort();
            _abortableUntilNs = 0;
            endNs = _clock.NowNs;
            var outcome =
                new StepOutcome(CollectionsMarshal.AsSpan(_outcomes))
                {
                    DurationNs = endNs - startNs,
                    DraftedTokens = _stepDrafts,
                };
            Scheduler.Commit(outcome, endNs);
            _log?.Commit(outcome, endNs);
            foreach (ref readonly var item in CollectionsMarshal.AsSpan(_work))
                Settle(item);
        }
        Steps++;
        BusyNs += endNs - startNs;
        if (_abortedItems == 0)
            _times.Observe(shape, endNs - startNs - DraftingNs);
        OnStep?.Invoke(new EngineStep
        {
            Serial = Steps,
            StartNs = startNs,
            DurationNs = endNs - startNs,
            PredictedNs = predictedNs,
            Shape = shape,
            Causes = _times.Split(shape),
            Shares = CollectionsMarshal.AsSpan(_shares),
        });
        _tokens = _publisher.Publish(_tokens, endNs, Steps);
        foreach (var sequence in _finished)
        {
            if (!sequence.HasImages)
                _drafts?.Remember(sequence);
            sequence.Dispose();
        }
    }

    /// <summary>
    /// Work beside the scheduler, between two steps: a step of one request to the listener.
    /// </summary>
    public void Report(long startNs, in StepShare share)
    {
        var shape = new StepShape();
        shape.AddChunk(0, share.PrefillTokens, endsPrompt: false);
        var durationNs = _clock.NowNs - startNs;
        Steps++;
        BusyNs += durationNs;
        OnStep?.Invoke(new EngineStep
        {
            Serial = Steps,
            StartNs = startNs,
            DurationNs = durationNs,
            PredictedNs = _times.PredictNs(shape),
            Shape = shape,
            Causes = _times.Split(shape),
            Shares = [share],
        });
    }

    /// <summary>The item's share of the step, and how it departed from the rule.</summary>
    void Describe(in StepWorkItem item)
    {
        var sequence = item.Sequence;
        var (wasAborted, accepted) = (sequence.StepAborted, sequence.StepAccepted);
        var isDecode = sequence.IsDecoding;
        var start = item.To - item.Planned;
        var done = Math.Max(0, Math.Min(item.To, sequence.KvTokens) - start);
        if (isDecode && !wasAborted)
        {
            _shares.Add(new StepShare(
                sequence.LedgerId, 0, 1 + accepted, item.To + accepted, DraftTokens: item.Drafts));
        }
        else if (!isDecode && done > 0)
        {
            var again = Math.Clamp(sequence.ReachedTokens - start, 0, done);
            _shares.Add(new StepShare(sequence.LedgerId, done, 0, start + done, again));
        }
        sequence.ReachedTokens = Math.Max(sequence.ReachedTokens, sequence.KvTokens);
        if (sequence.StepFinished)
            _finished.Add(sequence);
        if (wasAborted || accepted > 0 || sequence.StepFinished)
        {
            _outcomes.Add(new RequestOutcome
            {
                Request = sequence.Id,
                Finished = sequence.StepFinished,
                Aborted = wasAborted,
                ComputedTokens = isDecode ? 0 : Math.Min(done, item.Planned - 1),
                AcceptedDrafts = accepted,
            });
        }
    }

    /// <summary>After the commit: who decodes from now on, who is over, whose duplicate KV goes.</summary>
    void Settle(in StepWorkItem item)
    {
        var sequence = item.Sequence;
        if (sequence.StepFinished)
        {
            _live.Remove(sequence.Id);
            LoseKv(sequence);
            return;
        }
        if (sequence.Kv == KvStore.None)
            return;
        if (!sequence.IsDecoding)
        {
            _kv.Unify(
                sequence.Kv, sequence.Keys.Span, Math.Min(sequence.KvTokens, sequence.Request.Prompt.Length));
        }
        if (!sequence.IsDecoding && item.WantsToken && !sequence.StepAborted)
        {
            sequence.IsDecoding = true;
            _decoding.Add(sequence);
        }
    }
}
