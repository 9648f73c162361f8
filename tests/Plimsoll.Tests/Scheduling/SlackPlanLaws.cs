using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;

namespace Plimsoll.Tests.Scheduling;

/// <summary>What every single plan of the policy slack keeps, whatever the executor did before it.</summary>
sealed class SlackPlanLaws(SchedulerOptions options, StepPredictor predictor)
{
    readonly HashSet<RequestId> _batch = [];
    readonly Dictionary<RequestId, int> _adapters = [];

    /// <summary>A twelfth of the shortest TTFT that is promised.</summary>
    long NewcomersShareNs => options.Levels.Where(l => l.Class == ServiceClass.Interactive)
        .Min(l => l.TtftNs) / 12 ?? long.MaxValue;

    /// <summary>A request is taken in, perhaps as batch work.</summary>
    public void Taken(in Verdict verdict, int level, int adapter)
    {
        _adapters[verdict.Request] = adapter;
        var isBatch = options.Levels[level].Class == ServiceClass.Batch;
        if (isBatch || verdict.Admission == Admission.Relegated)
            _batch.Add(verdict.Request);
    }

    /// <param name="plan">What is to be computed.</param>
    /// <param name="inPlan">Who decodes in it.</param>
    /// <param name="live">Everybody who is here.</param>
    /// <param name="decoding">Those of them whose prompt is computed.</param>
    public void Check(
        StepPlan plan, IReadOnlyCollection<RequestId> inPlan, IReadOnlyCollection<RequestId> live,
        IReadOnlyCollection<RequestId> decoding)
    {
        var chunks = plan.Chunks.ToArray();
        var served = inPlan.Concat(chunks.Select(c => c.Request)).ToHashSet();
        var hasBatch = served.Overlaps(_batch);
        var hasInteractive = served.Any(r => !_batch.Contains(r));
        if (plan.IsAbortable)
            hasInteractive.ShouldBeFalse("what may be cut short has nobody in it who waits for a token");
        var mixes = options.Policy.Slack!.MixesAdapters;
        var adapter = served.Select(r => _adapters[r]).FirstOrDefault();
        (mixes || served.All(r => _adapters[r] == adapter)).ShouldBeTrue("a step carries one adapter");
        if (!plan.IsEmpty)
        {
            decoding.Where(r => !_batch.Contains(r) && (mixes || _adapters[r] == adapter))
                .ShouldBeSubsetOf(served, "whoever waits for his next token, and may be, is in the step");
        }
        if (!hasBatch || plan.Why == StepBound.Share)
            return;
        var shape = plan.Shape;
        shape.DraftTokens = 0;
        if (plan.BudgetNs is { } budgetNs && budgetNs < long.MaxValue)
        {
            var stepNs = options.Policy.Slack.BatchStepNs ?? NewcomersShareNs;
            var givesFirst = chunks.Any(c => c.EndsPrompt && !_batch.Contains(c.Request));
            predictor.BoundNs(shape).ShouldBeLessThanOrEqualTo(
                Math.Min(budgetNs, givesFirst ? stepNs / 2 : stepNs), "batch work makes no token late");
        }
        if (hasInteractive)
        {
            live.Except(_batch).Where(r => mixes || _adapters[r] == adapter || !decoding.Contains(r))
                .ShouldBeSubsetOf(served, "batch work has what interactive work leaves");
        }
    }
}
