using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;

namespace Plimsoll.Tests.Scheduling;

/// <summary>Requests of two interactive levels and batch work, and an engine for them.</summary>
sealed record PromiseCase(SchedulerOptions Options, Coming[] Requests, double Error, ulong Seed);

/// <summary>
/// What slack promises over a whole run, under an executor whose steps take what was predicted, or differ
/// from it by so much at most. Each returns how many events it took in.
/// </summary>
static class SlackPromises
{
    public const long TtftNs = 300_000;
    public const long ItlNs = 60_000;

    static readonly LinearStepTimes Times = new([(0, 10_000), (64, 15_000), (512, 60_000)], 2, 0.5);

    static readonly ServiceLevelSpec Chat = new() { Name = "chat", TtftNs = TtftNs, ItlNs = ItlNs };
    static readonly ServiceLevelSpec Hurried =
        new() { Name = "hurried", TtftNs = TtftNs / 2, ItlNs = ItlNs / 2 };
    static readonly ServiceLevelSpec Batch = new() { Name = "batch", Class = ServiceClass.Batch };

    static SchedulerOptions Options(SlackOptions slack, params ServiceLevelSpec[] levels) => new()
    {
        MaxNumSeqs = 64,
        MaxNumBatchedTokens = 512,
        NumBlocks = 100_000,
        Levels = levels,
        Policy = SchedulingPolicy.InSlack with { Slack = slack with { CanAbort = true } },
    };

    static Gen<Coming[]> Requests(int levels, int most, int adapters) =>
        (from at in Gen.Long[0, 3_000_000]
         from level in Gen.Int[0, levels - 1]
         from prompt in Gen.Int[1, 700]
         from output in Gen.Int[1, 60]
         from unused in Gen.Int[0, 60]
         from adapter in Gen.Int[0, adapters - 1]
         from cancelled in Gen.Int[0, 9]
         from after in Gen.Long[0, 1_000_000]
         select new Coming(at, level, prompt, output)
         {
             Adapter = adapter, Unused = unused, CancelledAfterNs = cancelled == 0 ? after : null,
         }).Array[1, most];

    static Gen<PromiseCase> Cases(
        int most, Func<SlackOptions, SchedulerOptions> options, int adapters = 3) =>
        from mixes in Gen.Bool
        from error in Gen.OneOf(Gen.Const(0.0), Gen.Const(0.2))
        let made = options(new SlackOptions { MixesAdapters = mixes })
        from requests in Requests(made.Levels.Count, most, adapters)
        from seed in Gen.ULong
        select new PromiseCase(made, requests, error, seed);

    /// <summary>One level that turns away, beside batch work.</summary>
    public static readonly Gen<PromiseCase> Rejecting = Cases(
        90,
        slack => Options(slack with { IdleStepNs = ItlNs }, Chat with { Overload = Overload.Reject }, Batch));

    /// <summary>Two levels and batch work.</summary>
    public static readonly Gen<PromiseCase> TwoLevels =
        Cases(90, slack => Options(slack, Chat, Hurried, Batch));

    /// <summary>The same where memory is short, for interactive work too.</summary>
    public static readonly Gen<PromiseCase> Crowded =
        from each in TwoLevels
        from blocks in Gen.Int[100, 400]
        from seqs in Gen.Int[2, 64]
        select each with { Options = each.Options with { NumBlocks = blocks, MaxNumSeqs = seqs } };

    /// <summary>Batch work to which a share is promised, without end.</summary>
    public static readonly Gen<PromiseCase> Sharing =
        from share in Gen.Double[0.05, 0.6]
        from each in Cases(150, slack => Options(slack, Chat, Hurried, Batch with { MinShare = share }))
        from lines in (from prompt in Gen.Int[1, 700]
                       from output in Gen.Int[1, 60]
                       from adapter in Gen.Int[0, 2]
                       select new Coming(0, 2, prompt, output) { Adapter = adapter }).Array[400]
        select each with { Requests = [.. each.Requests, .. lines] };

    static PunctualRun Run(PromiseCase each, Action<PunctualRun, StepPlan>? onPlan = null)
    {
        PunctualRun run = null!;
        run = new PunctualRun(each.Options, Times, each.Requests, each.Seed)
        {
            Error = each.Error,
            OnPlan = plan => onPlan?.Invoke(run, plan),
        };
        return run;
    }

    /// <summary>
    /// Whoever is taken in has its first token in time, as long as every arrival is judged like this one,
    /// blocks and seats suffice, and nobody else's share is promised. Where nobody decodes a step may last as
    /// long as where somebody does. Where adapters take turns, admission foresees the turns of those who are
    /// there, and a step of one who comes later may be in the way.
    /// </summary>
    public static long FirstTokensAreInTime(PromiseCase each)
    {
        var run = Run(each with { Error = 0 }).ToTheEnd();
        foreach (var answer in run.Answers.Where(a => a.Request.Level == 0 && a.TokensNs.Count > 0))
            (answer.TokensNs[0] - answer.Request.AtNs).ShouldBeLessThanOrEqualTo(TtftNs + Turns(each));
        return run.Events;
    }

    /// <summary>
    /// Every gap is within its limit while the mandatory set fits: while decodes of all adapters leave time
    /// for the least chunk that a prompt gets regardless, however deep in it.
    /// </summary>
    public static long GapsAreKept(PromiseCase each)
    {
        var fits = true;
        var mixes = each.Options.Policy.Slack!.MixesAdapters;
        var run = Run(each with { Error = 0 }, (run, _) =>
        {
            var decodes = run.Here(ServiceClass.Interactive).Where(r => r.Answer.TokensNs.Count > 0)
                .GroupBy(r => mixes ? 0 : r.Answer.Request.Adapter);
            var leastNs = 0L;
            foreach (var together in decodes)
            {
                var mandatory = default(StepShape);
                foreach (var (_, answer) in together)
                    mandatory.AddDecodes(1, answer.Request.Prompt + answer.TokensNs.Count);
                mandatory.AddChunk(636, 64, endsPrompt: true);
                leastNs += Times.PredictNs(mandatory);
            }
            fits &= leastNs <= ItlNs / 2;
        });
        foreach (var answer in run.ToTheEnd().Answers)
        {
            var itlNs = fits ? each.Options.Levels[answer.Request.Level].ItlNs : null;
            foreach (var (last, next) in answer.TokensNs.Zip(answer.TokensNs.Skip(1)))
                (next - last).ShouldBeLessThanOrEqualTo(itlNs ?? long.MaxValue);
        }
        return run.Events;
    }

    /// <summary>
    /// All that batch work does to interactive work is to lengthen steps, and only until somebody's token is
    /// due: a token comes by the time it was promised, or by when it would have if batch work had vanished
    /// when the request came, or its last token; that is the step then in flight, and after it what
    /// interactive work takes. Predictions that err by so much make it later by no more than that much of its
    /// promise. Where adapters take turns, one step of batch work more may be in its way.
    /// </summary>
    public static long BatchWorkOnlyLengthensSteps(PromiseCase each)
    {
        var run = Run(each).ToTheEnd();
        foreach (var answer in run.Answers.Where(a => !IsBatch(each, a.Request)))
            Moves(each, answer, run.Steps);
        return run.Events;
    }

    /// <summary>
    /// Where steps mix adapters: without batch work, at the same times, every interactive token comes in the
    /// very same step, so that nothing of it is displaced.
    /// </summary>
    public static long BatchWorkDisplacesNothing(PromiseCase each)
    {
        each = each with
        {
            Options = each.Options with
            {
                Policy = SchedulingPolicy.InSlack with { Slack = new SlackOptions { CanAbort = true } },
            },
        };
        var beside = Run(each).ToTheEnd();
        var alone = Run(each with
        {
            Requests = [.. each.Requests.Where(r => !IsBatch(each, r))],
        }).After(beside);
        var interactive = beside.Answers.Where(a => !IsBatch(each, a.Request));
        foreach (var (with, without) in interactive.Zip(alone.Answers))
        {
            with.Request.ShouldBe(without.Request);
            with.TokensNs.ShouldBe(without.TokensNs);
        }
        return beside.Events;
    }

    static bool IsBatch(PromiseCase each, Coming request) =>
        each.Options.Levels[request.Level].Class == ServiceClass.Batch;

    /// <summary>How far batch work moves a request's tokens.</summary>
    static void Moves(PromiseCase each, Answer answer, List<PastStep> steps)
    {
        var level = each.Options.Levels[answer.Request.Level];
        var (fromNs, limitNs) = (answer.Request.AtNs, level.TtftNs!.Value);
        var next = steps.FindIndex(step => step.EndedNs > fromNs);
        foreach (var tokenNs in answer.TokensNs)
        {
            var vanishedNs = steps[next].BeganNs < fromNs ? steps[next++].EndedNs : fromNs;
            for (; next < steps.Count && steps[next].EndedNs <= tokenNs; next++)
                vanishedNs += (long)(steps[next].Factor * Times.PredictNs(steps[next].Interactive)) + 1;
            var dueNs = fromNs + limitNs + (long)(each.Error * limitNs);
            tokenNs.ShouldBeLessThanOrEqualTo(Math.Max(dueNs, vanishedNs) + Turns(each));
            (fromNs, limitNs) = (tokenNs, level.ItlNs!.Value);
        }
    }

    /// <summary>Where adapters take turns, a step of another's may be in the way.</summary>
    static long Turns(PromiseCase each) => each.Options.Policy.Slack!.MixesAdapters ? 0 : ItlNs / 2;

    /// <summary>
    /// Of every stretch of time in which it has something to do, batch work has the share that is promised to
    /// it, as it is billed, but for what one step can be off on either side.
    /// </summary>
    public static long ShareIsKept(PromiseCase each)
    {
        var run = Run(each);
        run.ToTheEnd(untilNs: 4_000_000);
        var share = each.Options.Levels[2].MinShare;
        var longestNs = run.Steps.Max(s => s.EndedNs - s.BeganNs);
        double owedNs = 0, leastNs = 0;
        foreach (var step in run.Steps)
        {
            var tookNs = step.EndedNs - step.BeganNs;
            owedNs += tookNs * (share - step.BatchShare);
            leastNs = Math.Min(leastNs, owedNs);
            (owedNs - leastNs).ShouldBeLessThanOrEqualTo(2 * longestNs);
        }
        return run.Events;
    }
}
