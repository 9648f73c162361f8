using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// An executor that keeps no promise a simulator would keep: it ends answers when it likes, cuts steps short,
/// cancels at any moment, adds while a step runs, repeats plans as often as it is allowed, lies about how
/// long they took and lets time jump.
/// </summary>
sealed class HostileRun(SchedulerOptions options, ulong seed, StepPredictor? predictor = null)
{
    readonly Scheduler _scheduler = new(options, predictor);
    readonly HashSet<RequestId> _live = [];
    readonly Dictionary<RequestId, int> _tokensLeft = [];
    readonly HashSet<RequestId> _decoding = [];
    readonly HashSet<RequestId> _known = [];
    readonly List<RequestOutcome> _outcomes = [];
    RandomStream _random = new(seed);
    long _nowNs;
    RequestId _cancelledInFlight;
    int _toAdd = 40;
    RequestId[] _inPlan = [];
    readonly TokenLedger _tokens = new();
    readonly SlackPlanLaws? _laws = options.Policy.Slack is null ? null : new(options, predictor!);

    /// <summary>Arrivals, cancellations, plans and their outcomes so far.</summary>
    public long Events { get; private set; }

    /// <summary>Digest of what the plans say beside what is to be computed.</summary>
    public ulong Said { get; private set; }

    public ulong ToTheEnd()
    {
        for (var turn = 0; turn < 4000; turn++)
        {
            if (_toAdd == 0 && _live.Count == 0)
                break;
            _nowNs += _random.NextBelow(1000);
            MaybeAdd();
            MaybeCancel();
            var plan = _scheduler.Plan(_nowNs);
            Events += 2;
            Check(plan);
            Listen(plan);
            if (plan.IsEmpty)
            {
                _live.ShouldBeEmpty("while anybody waits, something is planned");
                continue;
            }
            MaybeAdd();
            var cancelled = MaybeCancel();
            _cancelledInFlight = cancelled;
            Execute(plan, cancelled);
        }
        foreach (var request in _live)
            _scheduler.Cancel(request, _nowNs);
        _scheduler.Requests.ShouldBe(0);
        _scheduler.Running.ShouldBe(0);
        _scheduler.UsedBlocks.ShouldBe(0);
        return _scheduler.PlanHash;
    }

    void MaybeAdd()
    {
        if (_toAdd == 0 || _random.NextBelow(3) > 0)
            return;
        _toAdd--;
        var prompt = 1 + _random.NextBelow(60);
        var keys = new ulong[options.PrefixBlockTokens == 0 ? 0 : prompt / options.PrefixBlockTokens];
        var family = (ulong)_random.NextBelow(3) + 1;
        for (var i = 0; i < keys.Length; i++)
            keys[i] = family * 1000 + (ulong)i;
        var output = 1 + _random.NextBelow(60);
        var priority = _random.NextBelow(4);
        var level = _random.NextBelow(options.Levels.Count);
        var adapter = _random.NextBelow(3);
        var verdict = _scheduler.Add(
            new RequestSpec
            {
                PromptTokens = prompt,
                MaxOutputTokens = output,
                Priority = priority,
                Level = level,
                Adapter = adapter,
                Tenant = _random.NextBelow(3),
                TenantWeight = _random.NextBelow(3),
                ItlNs = _random.NextBelow(8) == 0 ? 30_000 : null,
                PrefixKeys = keys,
                TransferredTokens = _random.NextBelow(6) == 0 ? prompt - 1 : 0,
            }, _nowNs);
        if (!verdict.IsTaken)
            return;
        Events++;
        _laws?.Taken(verdict, level, adapter);
        _tokens.Taken(verdict.Request, prompt);
        _known.Add(verdict.Request).ShouldBeTrue("no name is given twice");
        _live.Add(verdict.Request);
        _tokensLeft[verdict.Request] = output;
    }

    RequestId MaybeCancel()
    {
        CancelLate();
        if (_live.Count == 0 || _random.NextBelow(12) > 0)
            return RequestId.None;
        var victim = RequestId.None;
        var skip = _random.NextBelow(_live.Count);
        foreach (var request in _live)
        {
            if (skip-- == 0)
                victim = request;
        }
        _scheduler.Cancel(victim, _nowNs).ShouldBeTrue();
        Events++;
        _live.Remove(victim);
        _decoding.Remove(victim);
        return victim;
    }

    /// <summary>A word about a request that is gone reaches nobody.</summary>
    void CancelLate()
    {
        foreach (var request in _known)
        {
            if (_random.NextBelow(20) == 0 && !_live.Contains(request) && request != _cancelledInFlight)
                _scheduler.Cancel(request, _nowNs).ShouldBeFalse();
        }
    }

    void Check(StepPlan plan)
    {
        foreach (var preempted in plan.Preempted)
            _decoding.Remove(preempted);
        plan.Shape.Tokens.ShouldBeLessThanOrEqualTo(options.MaxNumBatchedTokens);
        _scheduler.Running.ShouldBeLessThanOrEqualTo(options.MaxNumSeqs);
        _scheduler.UsedBlocks.ShouldBeInRange(0, options.NumBlocks);
        _inPlan = new RequestId[plan.Shape.Decodes];
        _scheduler.ListDecodes(_inPlan).ShouldBe(_inPlan.Length);
        plan.Cohorts.ToArray().Sum(c => c.Decodes).ShouldBe(_inPlan.Length);
        if (options.Policy.Slack is null)
            _inPlan.ShouldBe(_decoding.Except(plan.SkippedDecodes.ToArray()), ignoreOrder: true);
        else
            _inPlan.ShouldBeSubsetOf(_decoding);
        foreach (var move in plan.Parked)
            _inPlan.ShouldNotContain(move.Request);
        foreach (var chunk in plan.Chunks)
        {
            _live.ShouldContain(chunk.Request);
            _decoding.ShouldNotContain(chunk.Request);
            chunk.Tokens.ShouldBePositive();
        }
        _tokens.Check(plan);
        _laws?.Check(plan, _inPlan, _live, _decoding);
    }

    void Listen(StepPlan plan)
    {
        Mix(plan.PredictedNs ?? -1);
        Mix(plan.BudgetNs ?? -1);
        Mix(plan.MovedNs);
        Mix(((long)plan.RepeatableSteps << 8) + ((long)plan.Why << 1) + (plan.IsAbortable ? 1 : 0));
    }

    void Mix(long value) => Said = ulong.RotateLeft((Said ^ (ulong)value) * 0x9E3779B97F4A7C15, 29);

    void Execute(StepPlan plan, RequestId cancelled)
    {
        _outcomes.Clear();
        if (_random.NextBelow(15) == 0 || (_scheduler.ShouldAbort(_nowNs) && _random.NextBelow(2) == 0))
        {
            CutShort(plan);
            return;
        }
        var most = Math.Min(plan.RepeatableSteps, 50);
        foreach (var request in _inPlan)
            most = request == cancelled ? most : Math.Min(most, _tokensLeft[request]);
        var steps = 1 + _random.NextBelow(most);
        var drafts = plan.Cohorts.Length > 0 ? plan.Cohorts[0].DraftTokens : 0;
        foreach (var request in _inPlan)
        {
            if (request != cancelled)
                EndDecode(request, steps, drafts);
        }
        foreach (var chunk in plan.Chunks)
        {
            var fate = _random.NextBelow(10);
            var outcome = new RequestOutcome
            {
                Request = chunk.Request,
                Finished = fate < 2 && chunk.Request != cancelled,
                Aborted = fate is 1 or 2,
                ComputedTokens = fate is 1 or 2 ? _random.NextBelow(chunk.Tokens) : 0,
            };
            if (fate < 3)
                _outcomes.Add(outcome);
            _tokens.Computed(chunk, outcome.Aborted ? outcome.ComputedTokens : chunk.Tokens);
            if (chunk.EndsPrompt && !outcome.Aborted && --_tokensLeft[chunk.Request] == 0)
            {
                _outcomes.RemoveAll(o => o.Request == chunk.Request);
                outcome = new RequestOutcome { Request = chunk.Request, Finished = true };
                _outcomes.Add(outcome);
            }
            if (outcome.Finished)
                Forget(chunk.Request);
            else if (chunk.EndsPrompt && !outcome.Aborted && chunk.Request != cancelled)
                _decoding.Add(chunk.Request);
        }
        _nowNs += _random.NextBelow(100_000);
        _scheduler.Commit(
            new StepOutcome(_outcomes.ToArray(), steps) { DurationNs = _random.NextBelow(200_000) }, _nowNs);
        _cancelledInFlight = RequestId.None;
        _scheduler.UsedBlocks.ShouldBeInRange(0, options.NumBlocks);
    }

    void EndDecode(RequestId request, int steps, int drafts)
    {
        _tokensLeft[request] -= steps;
        var accepted = Math.Min(_random.NextBelow(drafts + 1), _tokensLeft[request]);
        _tokensLeft[request] -= accepted;
        _tokens.Given(request, steps + accepted);
        var fate = _tokensLeft[request] == 0 ? 0 : _random.NextBelow(30);
        if (fate > 2 && accepted == 0)
            return;
        var finished = fate < 2;
        if (fate is 1 or 2 && accepted == 0)
            _tokens.Given(request, -1);
        _outcomes.Add(new RequestOutcome
        {
            Request = request,
            Finished = finished,
            Aborted = fate is 1 or 2 && accepted == 0,
            AcceptedDrafts = accepted,
        });
        if (finished)
            Forget(request);
    }

    /// <summary>A step that ends before anybody has a token; of some chunks a part is kept.</summary>
    void CutShort(StepPlan plan)
    {
        var used = _scheduler.UsedBlocks;
        foreach (var chunk in plan.Chunks)
        {
            if (_random.NextBelow(2) == 0)
            {
                _tokens.Computed(chunk, 0);
                continue;
            }
            var computed = _random.NextBelow(chunk.Tokens);
            _tokens.Computed(chunk, computed);
            _outcomes.Add(new RequestOutcome { Request = chunk.Request, ComputedTokens = computed });
        }
        _scheduler.Commit(new StepOutcome(_outcomes.ToArray()) { Aborted = true }, _nowNs);
        _cancelledInFlight = RequestId.None;
        _scheduler.UsedBlocks.ShouldBeInRange(0, used);
    }

    void Forget(RequestId request)
    {
        _live.Remove(request);
        _decoding.Remove(request);
    }
}
