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

    /// <summary>A twelfth of the shortest TTFT that is promised.</summary>
    long NewcomersShareNs => options.Levels.Where(l => l.Class == ServiceClass.Interactive)
        .Min(l => l.TtftNs) / 12 ?? long.MaxValue;

    /// <summary>A request is taken in, perhaps as batch work.</summary>
    public void Taken(in Verdict verdict, int level)
    {
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
        if (options.Policy.Slack!.MixesAdapters && !plan.IsEmpty)
        {
            decoding.Where(r => !_batch.Contains(r))
                .ShouldBeSubsetOf(served, "whoever waits for his next token is in the step");
        }
        if (!hasBatch || plan.Why == StepBound.Share)
            return;
        var shape = plan.Shape;
        shape.DraftTokens = 0;
        if (plan.BudgetNs is { } budgetNs && budgetNs < long.MaxValue)
        {
            predictor.BoundNs(shape).ShouldBeLessThanOrEqualTo(
                Math.Min(budgetNs, options.Policy.Slack.BatchStepNs ?? NewcomersShareNs),
                "batch work makes no token late");
        }
        if (hasInteractive && options.Policy.Slack.MixesAdapters)
        {
            live.Where(r => !_batch.Contains(r))
                .ShouldBeSubsetOf(served, "batch work has what interactive work leaves");
        }
    }
}
