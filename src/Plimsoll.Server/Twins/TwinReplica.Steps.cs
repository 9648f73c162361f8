using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Twins;

/// <summary>How the mirrored engine moves on.</summary>
public sealed partial class TwinReplica
{
    /// <summary>Steps that gave a decode nothing after which it counts as gone.</summary>
    const int MostSilent = 400;

    /// <summary>Plans that one piece of news may end.</summary>
    const int MostCatchUp = 32;

    readonly List<RequestOutcome> _outcomes = [];
    readonly List<TwinRequest> _gone = [];
    RequestId[] _decodes = new RequestId[64];
    StepPlan? _inFlight;
    double _predictedNs;
    double _quietNs;
    int _quietSteps;
    long _begunNs;
    long _clockNs;
    long _heardFirstNs;
    long _anchorNs = long.MinValue;
    int _expects;
    int _endingChunks;
    long _plan = 1;
    int _unheard;
    int _heardOf;
    int _aheadOf;
    int _earlyFirsts;

    /// <summary>End of the plan in flight as predicted; it may be overdue.</summary>
    long PredictedEndNs => _begunNs + (long)(_predictedNs * _pace.Ratio);

    /// <summary>Notices of one step come within this time of each other.</summary>
    long PatienceNs => (long)Math.Clamp(0.2 * _pace.MeanNs, 500_000, 5_000_000);

    /// <summary>
    /// Time passes: plans that give nobody a token end, and stragglers are waited for no longer.
    /// </summary>
    public void Advance(long nowNs)
    {
        for (var i = 0; i < MostCatchUp && _inFlight is not null; i++)
        {
            if (_expects == 0 && PredictedEndNs <= nowNs)
                Close(PredictedEndNs);
            else if (_heardFirstNs > 0 && nowNs - _heardFirstNs >= PatienceNs && HasHeardAny())
                Close(_heardFirstNs);
            else
                return;
        }
    }

    /// <summary>Ends plans as far as what was heard says that they have ended.</summary>
    void Settle(long nowNs)
    {
        for (var i = 0; i < MostCatchUp && _inFlight is not null; i++)
        {
            if (!HasHeardAll(out var ahead) && !ahead)
                return;
            Close(_heardFirstNs > 0 ? _heardFirstNs : nowNs);
        }
    }

    /// <summary>
    /// Whether everybody who gets a token from the plan in flight was heard of; and whether somebody was
    /// heard of who can only be from a later one.
    /// </summary>
    bool HasHeardAll(out bool ahead)
    {
        ahead = _aheadOf > 0 || _earlyFirsts > 0;
        return _expects > 0 && _unheard == 0;
    }

    /// <summary>A first token that comes before its prompt is computed here counts too.</summary>
    bool HasHeardAny() => _heardOf > 0 || _earlyFirsts > 0;

    /// <summary>
    /// Counts a request into what is heard of the plan in flight, or out of it: with every token a look at
    /// one request, never at all of them.
    /// </summary>
    void Count(TwinRequest request, int by)
    {
        if (request.ExpectedBy == _plan)
        {
            _unheard += request.Heard <= request.Given ? by : 0;
            _heardOf += request.Heard > request.Given ? by : 0;
            _aheadOf += request.Heard > request.Given + 1 ? by : 0;
        }
        if (request.PartlyBy == _plan)
            _earlyFirsts += request.Heard > 0 ? by : 0;
    }

    TwinRequest? Of(RequestId id) =>
        _bySlot[id.Slot] is { } request && request.Id == id ? request : null;

    void Begin(long nowNs)
    {
        _clockNs = Math.Max(_clockNs, nowNs);
        // An engine that plans ahead has made this plan before it knew of them.
        if (_options.StepTime.StepsAhead == 0)
            HandOver(_clockNs);
        var plan = _scheduler.Plan(_clockNs);
        if (plan.IsEmpty && _newcomers.Count > 0)
        {
            _clockNs = Math.Max(_clockNs, _newcomers[0].VisibleNs);
            HandOver(_clockNs);
            plan = _scheduler.Plan(_clockNs);
            _anchorNs = long.MinValue;
        }
        else
        {
            HandOver(_clockNs);
        }
        _heardFirstNs = 0;
        if (plan.IsEmpty)
        {
            _inFlight = null;
            (_expects, _endingChunks, Decodes) = (0, 0, 0);
            (_unheard, _heardOf, _aheadOf, _earlyFirsts) = (0, 0, 0, 0);
            _plan++;
            _anchorNs = long.MinValue;
            return;
        }
        _inFlight = plan;
        _begunNs = _clockNs;
        Decodes = plan.Shape.Decodes;
        _predictedNs = _options.StepTime.PredictNs(WithUnseen(plan.Shape));
        NoteExpected(plan);
    }

    void NoteExpected(StepPlan plan)
    {
        if (_decodes.Length < plan.Shape.Decodes + plan.Chunks.Length)
            _decodes = new RequestId[2 * (plan.Shape.Decodes + plan.Chunks.Length)];
        var decodes = _expects = _scheduler.ListDecodes(_decodes);
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (chunk.EndsPrompt)
                _decodes[_expects++] = chunk.Request;
        }
        _endingChunks = _expects - decodes;
        (_unheard, _heardOf, _aheadOf, _earlyFirsts) = (0, 0, 0, 0);
        _plan++;
        foreach (var id in _decodes.AsSpan(0, _expects))
        {
            if (Of(id) is not { } request)
                continue;
            request.ExpectedBy = _plan;
            Count(request, 1);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (chunk.EndsPrompt || Of(chunk.Request) is not { } request)
                continue;
            request.PartlyBy = _plan;
            Count(request, 1);
        }
    }

    void HandOver(long visibleNs)
    {
        var count = 0;
        while (count < _newcomers.Count && _newcomers[count].VisibleNs <= visibleNs)
            Hand(_newcomers[count++], _clockNs);
        _newcomers.RemoveRange(0, count);
    }

    /// <summary>Ends the plan in flight: what was heard of came, the rest did not.</summary>
    void Close(long endNs)
    {
        var plan = _inFlight!;
        var quiet = _expects == 0;
        _clockNs = Math.Max(_clockNs, endNs);
        _outcomes.Clear();
        _gone.Clear();
        foreach (var id in _decodes.AsSpan(0, _expects - _endingChunks))
        {
            if (Of(id) is { } request && !Give(request))
                Withhold(request, 0);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (Of(chunk.Request) is { } request)
                Compute(request, chunk);
        }
        _scheduler.Commit(new StepOutcome(CollectionsMarshal.AsSpan(_outcomes)), _clockNs);
        foreach (var request in _gone)
            ForgetFinished(request);
        Observe(quiet, endNs);
        _batchPerStep += 0.02 * (_batchSince - _batchPerStep);
        _batchSince = 0;
        _inFlight = null;
        Steps++;
        Begin(_clockNs);
    }

    void Observe(bool quiet, long endNs)
    {
        if (quiet)
        {
            _quietNs += _predictedNs;
            _quietSteps++;
            return;
        }
        if (_anchorNs != long.MinValue)
            _pace.Observe(endNs - _anchorNs, _quietNs + _predictedNs, _quietSteps + 1);
        (_anchorNs, _quietNs, _quietSteps) = (endNs, 0, 0);
    }

    /// <summary>Lets a request have the next token that was heard; false when there is none.</summary>
    bool Give(TwinRequest request)
    {
        if (request.Heard <= request.Given)
            return false;
        request.Given++;
        request.Silent = 0;
        if (request.IsOver && request.Given == request.Heard)
        {
            _outcomes.Add(new RequestOutcome { Request = request.Id, Finished = true });
            _gone.Add(request);
        }
        return true;
    }

    void Withhold(TwinRequest request, int computedTokens)
    {
        var lost = ++request.Silent > MostSilent;
        _outcomes.Add(new RequestOutcome
        {
            Request = request.Id,
            Aborted = true,
            ComputedTokens = computedTokens,
            Finished = lost,
        });
        if (lost)
            _gone.Add(request);
    }

    /// <summary>
    /// A prompt ends when its token was heard of and not before: until then its last token is still to be
    /// computed, whatever was predicted.
    /// </summary>
    void Compute(TwinRequest request, in PrefillChunk chunk)
    {
        request.Computed = chunk.Start + chunk.Tokens;
        if (!chunk.EndsPrompt || Give(request))
            return;
        request.Computed--;
        Withhold(request, chunk.Tokens - 1);
    }

    /// <summary>The scheduler has let it go already.</summary>
    void ForgetFinished(TwinRequest request)
    {
        request.IsOver = true;
        _bySlot[request.Id.Slot] = null;
        request.Id = RequestId.None;
        _pending.Remove(request);
        if (request.IsBatch)
            _batch.Remove(request);
    }

    /// <summary>Others' requests decode beside ours, at our mean context.</summary>
    StepShape WithUnseen(StepShape shape)
    {
        if (Unseen == 0)
            return shape;
        var each = shape.Decodes > 0 ? shape.DecodeContextTokens / shape.Decodes : 512;
        shape.AddDecodes(Unseen, Unseen * each);
        return shape;
    }
}
