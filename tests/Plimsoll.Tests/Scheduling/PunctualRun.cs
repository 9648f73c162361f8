using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Tests.Scheduling;

/// <summary>A request that comes at a time and gives so many tokens.</summary>
readonly record struct Coming(long AtNs, int Level, int Prompt, int Output);

/// <summary>When each token of a request came; of one that was not taken in, none ever does.</summary>
sealed record Answer(Coming Request, Verdict Verdict)
{
    public List<long> TokensNs { get; } = [];
}

/// <summary>
/// An executor that does what it is told in exactly the time that was predicted: nothing is cut short,
/// nobody cancels, each arrival is told of when it comes. What goes wrong here is the policy's doing.
/// </summary>
sealed class PunctualRun(SchedulerOptions options, IStepTimes times, IEnumerable<Coming> requests)
{
    readonly Scheduler _scheduler = new(options, new StepPredictor(times, margin: 0));
    readonly Dictionary<RequestId, Answer> _running = [];
    readonly Queue<Coming> _coming = new(requests.OrderBy(r => r.AtNs));

    public List<Answer> Answers { get; } = [];

    public long NowNs { get; private set; }

    /// <summary>Called with every plan, before it runs.</summary>
    public Action<StepPlan>? OnPlan { get; init; }

    public PunctualRun ToTheEnd(long untilNs = long.MaxValue)
    {
        while (NowNs < untilNs)
        {
            Take(NowNs);
            var plan = _scheduler.Plan(NowNs);
            if (plan.IsEmpty)
            {
                if (!_coming.TryPeek(out var next))
                    break;
                NowNs = next.AtNs;
                continue;
            }
            OnPlan?.Invoke(plan);
            Step(plan);
        }
        return this;
    }

    void Step(StepPlan plan)
    {
        var endsNs = NowNs + times.PredictNs(plan.Shape);
        var given = new RequestId[plan.Shape.Decodes];
        _scheduler.ListDecodes(given);
        RequestId[] ending = [.. plan.Chunks.ToArray().Where(c => c.EndsPrompt).Select(c => c.Request)];
        Take(endsNs - 1);
        var outcomes = new List<RequestOutcome>();
        foreach (var request in given.Concat(ending))
        {
            var answer = _running[request];
            answer.TokensNs.Add(endsNs);
            if (answer.TokensNs.Count < answer.Request.Output)
                continue;
            outcomes.Add(new RequestOutcome { Request = request, Finished = true });
            _running.Remove(request);
        }
        var tookNs = endsNs - NowNs;
        NowNs = endsNs;
        _scheduler.Commit(new StepOutcome(outcomes.ToArray()) { DurationNs = tookNs }, NowNs);
    }

    void Take(long untilNs)
    {
        while (_coming.TryPeek(out var request) && request.AtNs <= untilNs)
        {
            _coming.Dequeue();
            var verdict = _scheduler.Add(
                new RequestSpec
                {
                    PromptTokens = request.Prompt, MaxOutputTokens = request.Output, Level = request.Level,
                },
                request.AtNs);
            var answer = new Answer(request, verdict);
            Answers.Add(answer);
            if (verdict.IsTaken)
                _running.Add(verdict.Request, answer);
        }
    }
}
