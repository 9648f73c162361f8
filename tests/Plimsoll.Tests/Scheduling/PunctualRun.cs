using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;

namespace Plimsoll.Tests.Scheduling;

/// <summary>A request that comes at a time and gives so many tokens, or is cancelled before.</summary>
readonly record struct Coming(long AtNs, int Level, int Prompt, int Output)
{
    public int Adapter { get; init; }

    /// <summary>How much longer the answer might have been.</summary>
    public int Unused { get; init; }

    /// <summary>How long after it came it is taken back; null when it is not.</summary>
    public long? CancelledAfterNs { get; init; }
}

/// <summary>When each token of a request came; of one that was not taken in, none ever does.</summary>
sealed record Answer(Coming Request, Verdict Verdict)
{
    public List<long> TokensNs { get; } = [];
}

/// <summary>A step that was run.</summary>
/// <param name="BeganNs">When.</param>
/// <param name="EndedNs">When.</param>
/// <param name="Interactive">What it carried but for batch work.</param>
/// <param name="Factor">By how much it took longer than predicted.</param>
/// <param name="IsCut">Whether it was cut short.</param>
/// <param name="BatchShare">Share of its time that batch work caused.</param>
readonly record struct PastStep(
    long BeganNs, long EndedNs, StepShape Interactive, double Factor, bool IsCut, double BatchShare);

/// <summary>
/// An executor whose steps take what was predicted, or differ from it by so much at most. Else it does what
/// it likes: answers end early, requests come and are cancelled while a step runs, and steps that may be cut
/// short are. What goes wrong here is the policy's doing.
/// </summary>
sealed class PunctualRun(
    SchedulerOptions options, IStepTimes times, IEnumerable<Coming> requests, ulong seed = 1)
{
    readonly Scheduler _scheduler = new(options, new StepPredictor(times, margin: 0));
    readonly Dictionary<RequestId, Answer> _running = [];
    readonly Queue<Coming> _coming = new(requests.OrderBy(r => r.AtNs));
    readonly PriorityQueue<RequestId, long> _cancels = new();
    RandomStream _random = new(seed);

    public List<Answer> Answers { get; } = [];

    public List<PastStep> Steps { get; } = [];

    public long NowNs { get; private set; }

    /// <summary>Arrivals, cancellations, plans and their outcomes so far.</summary>
    public long Events { get; private set; }

    /// <summary>Most that a step may differ from its prediction, relative.</summary>
    public double Error { get; init; }

    /// <summary>Called with every plan, before it runs.</summary>
    public Action<StepPlan>? OnPlan { get; init; }

    /// <summary>The requests that are here and were taken in at a level of this class.</summary>
    public IEnumerable<(RequestId Id, Answer Answer)> Here(ServiceClass service) => _running
        .Where(r => ClassOf(r.Value) == service).Select(r => (r.Key, r.Value));

    ServiceClass ClassOf(Answer answer) => answer.Verdict.Admission == Admission.Relegated
        ? ServiceClass.Batch
        : options.Levels[answer.Request.Level].Class;

    public PunctualRun ToTheEnd(long untilNs = long.MaxValue)
    {
        while (NowNs < untilNs)
        {
            Happen(NowNs);
            var plan = Plan();
            if (plan.IsEmpty)
            {
                if (Math.Min(NextArrivalNs, NextCancelNs) is not (< long.MaxValue and var nextNs))
                    break;
                NowNs = nextNs;
                continue;
            }
            Run(plan);
        }
        return this;
    }

    /// <summary>
    /// The same times again: plans when the other run planned, and each step takes what the other's took.
    /// </summary>
    public PunctualRun After(PunctualRun other)
    {
        foreach (var step in other.Steps)
        {
            NowNs = step.BeganNs;
            Happen(NowNs);
            var plan = Plan();
            var shape = plan.Shape;
            var (given, ending) = (Decodes(plan), Ending(plan));
            Happen(step.EndedNs - 1);
            NowNs = step.EndedNs;
            Steps.Add(step with { Interactive = shape });
            if (plan.IsEmpty)
                continue;
            step.IsCut.ShouldBeFalse("nobody who waits for a token is in a step that is cut short");
            Give([.. given, .. ending], step.EndedNs - step.BeganNs);
        }
        return this;
    }

    StepPlan Plan()
    {
        var plan = _scheduler.Plan(NowNs);
        Events += 2;
        if (plan.IsEmpty)
            _running.ShouldBeEmpty("while anybody waits, something is planned");
        else
            OnPlan?.Invoke(plan);
        return plan;
    }

    void Run(StepPlan plan)
    {
        var factor = 1 + (Error * ((2 * _random.NextDouble()) - 1));
        var endsNs = NowNs + Math.Max(1, (long)(factor * times.PredictNs(plan.Shape)));
        var (given, ending) = (Decodes(plan), Ending(plan));
        var batch = BatchPart(plan, given);
        var cutNs = plan.IsAbortable && _random.NextBelow(3) == 0
            ? NowNs + _random.NextBelow((int)(endsNs - NowNs))
            : long.MaxValue;
        while (Math.Min(NextArrivalNs, NextCancelNs) is var nextNs && nextNs < Math.Min(endsNs, cutNs))
        {
            Happen(nextNs);
            if (_scheduler.ShouldAbort(nextNs))
                cutNs = nextNs;
        }
        var isCut = cutNs < endsNs;
        Steps.Add(new PastStep(
            NowNs, isCut ? cutNs : endsNs, plan.Shape.Without(batch), factor, isCut,
            isCut ? 1 : times.Split(plan.Shape).ShareOf(batch, plan.Shape)));
        var tookNs = (isCut ? cutNs : endsNs) - NowNs;
        NowNs += tookNs;
        if (isCut)
            CutShort(plan, tookNs);
        else
            Give([.. given, .. ending], tookNs);
    }

    StepShape BatchPart(StepPlan plan, RequestId[] given)
    {
        var part = default(StepShape);
        foreach (var (id, answer) in Here(ServiceClass.Batch))
        {
            if (given.Contains(id))
                part.AddDecodes(1, answer.Request.Prompt + answer.TokensNs.Count);
            foreach (ref readonly var chunk in plan.Chunks)
            {
                if (chunk.Request == id)
                    part.AddChunk(chunk.Start, chunk.Tokens, chunk.EndsPrompt);
            }
        }
        return part;
    }

    RequestId[] Decodes(StepPlan plan)
    {
        var given = new RequestId[plan.Shape.Decodes];
        _scheduler.ListDecodes(given);
        return given;
    }

    static RequestId[] Ending(StepPlan plan) =>
        [.. plan.Chunks.ToArray().Where(c => c.EndsPrompt).Select(c => c.Request)];

    void Give(RequestId[] tokens, long tookNs)
    {
        var outcomes = new List<RequestOutcome>();
        foreach (var request in tokens)
        {
            if (!_running.TryGetValue(request, out var answer))
                continue;
            answer.TokensNs.Add(NowNs);
            if (answer.TokensNs.Count < answer.Request.Output)
                continue;
            outcomes.Add(new RequestOutcome { Request = request, Finished = true });
            _running.Remove(request);
        }
        _scheduler.Commit(new StepOutcome(outcomes.ToArray()) { DurationNs = tookNs }, NowNs);
    }

    void CutShort(StepPlan plan, long tookNs)
    {
        var outcomes = plan.Chunks.ToArray().Select(chunk => new RequestOutcome
        {
            Request = chunk.Request, ComputedTokens = _random.NextBelow(chunk.Tokens),
        });
        _scheduler.Commit(
            new StepOutcome(outcomes.ToArray()) { Aborted = true, DurationNs = tookNs }, NowNs);
    }

    long NextArrivalNs => _coming.TryPeek(out var request) ? request.AtNs : long.MaxValue;

    long NextCancelNs => _cancels.TryPeek(out _, out var atNs) ? atNs : long.MaxValue;

    void Happen(long untilNs)
    {
        while (Math.Min(NextArrivalNs, NextCancelNs) is var nextNs && nextNs <= untilNs
            && nextNs < long.MaxValue)
        {
            Events++;
            if (NextArrivalNs <= NextCancelNs)
                Take(_coming.Dequeue());
            else if (_cancels.Dequeue() is var gone && _running.Remove(gone))
                _scheduler.Cancel(gone, nextNs).ShouldBeTrue();
        }
    }

    void Take(Coming request)
    {
        var verdict = _scheduler.Add(
            new RequestSpec
            {
                PromptTokens = request.Prompt, MaxOutputTokens = request.Output + request.Unused,
                Level = request.Level, Adapter = request.Adapter,
            },
            request.AtNs);
        var answer = new Answer(request, verdict);
        Answers.Add(answer);
        if (!verdict.IsTaken)
            return;
        _running.Add(verdict.Request, answer);
        if (request.CancelledAfterNs is { } afterNs)
            _cancels.Enqueue(verdict.Request, request.AtNs + afterNs);
    }
}
