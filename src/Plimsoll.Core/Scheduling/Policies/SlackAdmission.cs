using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Whether a request's promise can be kept when it arrives, and with it that of everybody who is due after
/// it: prompts in order of their deadlines through steps that leave the decodes their gaps, decodes together
/// within the shortest gap, memory for all of them at the lengths that answers have had.
/// </summary>
sealed class SlackAdmission
{
    /// <summary>Answer length taken for a level that has not finished any, tokens.</summary>
    const int FirstGuessTokens = 256;

    /// <summary>Means are kept in parts of a token, so that those of short answers move too.</summary>
    const int MeanBits = 16;

    readonly SchedulerState _state;
    readonly StepPredictor _predictor;
    readonly SlackQueues _queues;
    readonly SlackDecodes _decodes;
    readonly BatchShare _share;
    readonly double _interactiveShare;
    readonly long _idleStepNs;
    readonly long[] _meanAnswer;
    readonly int _batchLevel = -1;
    readonly PromptForecast _forecast;

    public SlackAdmission(
        SchedulerState state, StepPredictor predictor, SlackQueues queues, SlackDecodes decodes,
        BatchShare share, long idleStepNs)
    {
        _state = state;
        _predictor = predictor;
        _queues = queues;
        _decodes = decodes;
        _share = share;
        _interactiveShare = BatchShare.LeftOf(state.Options);
        _idleStepNs = idleStepNs;
        _forecast = new PromptForecast(state, predictor, queues);
        _meanAnswer = new long[state.Options.Levels.Count];
        Array.Fill(_meanAnswer, (long)FirstGuessTokens << MeanBits);
        for (var i = _meanAnswer.Length - 1; i >= 0; i--)
            _batchLevel = state.Options.Levels[i].Class == ServiceClass.Batch ? i : _batchLevel;
    }

    /// <summary>An answer of a level has ended after so many tokens.</summary>
    public void Learn(int level, int tokens) =>
        _meanAnswer[level] += (((long)tokens << MeanBits) - _meanAnswer[level]) / 16;

    int MeanAnswer(int level) => (int)((_meanAnswer[level] + (1 << (MeanBits - 1))) >> MeanBits);

    public Admission Judge(in RequestSpec request, long nowNs, out int level, out long retryAfterNs)
    {
        level = request.Level;
        retryAfterNs = 0;
        var spec = _state.Options.Levels[request.Level];
        if (spec.Class == ServiceClass.Batch || spec.Overload == Overload.Queue)
            return Admission.Accepted;
        var lateNs = LateNs(request, spec, nowNs);
        if (lateNs <= 0)
            return Admission.Accepted;
        if (spec.Overload == Overload.Relegate && _batchLevel >= 0)
        {
            level = _batchLevel;
            return Admission.Relegated;
        }
        retryAfterNs = lateNs;
        return Admission.Rejected;
    }

    /// <summary>
    /// Whether a waiting request misses its first token unless the step in flight is cut short.
    /// </summary>
    public bool WouldBeLate(int request, long nowNs, long endsNs)
    {
        ref var waiting = ref _state.Requests[request];
        if (waiting.FirstTokenDueNs == long.MaxValue)
            return false;
        var alone = new StepShape();
        alone.AddChunk(0, waiting.KnownTokens, endsPrompt: true);
        var promptNs = _predictor.BoundNs(alone);
        return endsNs + promptNs > waiting.FirstTokenDueNs && nowNs + promptNs <= waiting.FirstTokenDueNs;
    }

    /// <summary>By how much somebody would be late, nanoseconds; 0 when nobody would.</summary>
    long LateNs(in RequestSpec request, ServiceLevelSpec level, long nowNs)
    {
        var itlNs = request.ItlNs ?? level.ItlNs ?? long.MaxValue;
        var decodes = InteractiveShape(out var shortestGap);
        _forecast.Gather();
        shortestGap = Math.Min(shortestGap, _forecast.ShortestGapNs);
        var withItGap = Math.Min(shortestGap, itlNs);
        var withIt = decodes;
        withIt.AddDecodes(1 + _forecast.Count, request.PromptTokens + _forecast.KnownTokens);
        var stepNs = _predictor.BoundNs(withIt);
        var answerSteps = Math.Max(1, MeanAnswer(request.Level) / 4);
        // What is promised to batch work is no time of decodes.
        var leftNs = withItGap < long.MaxValue ? (long)(withItGap * _interactiveShare) : long.MaxValue;
        if (stepNs > leftNs)
            return Math.Max(1, stepNs - leftNs) * answerSteps;
        var dueNs = SchedulerState.Due(request.ArrivalNs ?? nowNs, request.TtftNs ?? level.TtftNs);
        if (!MemoryHolds(request) || (dueNs < long.MaxValue && withIt.Decodes > _state.Options.MaxNumSeqs))
            return Math.Max(1, stepNs) * answerSteps;
        var behindNs = BehindNs(request, decodes, stepNs, nowNs);
        var debtNs = dueNs < long.MaxValue ? _share.DebtNs(Math.Max(0, dueNs - nowNs)) : 0;
        var lateNs = _forecast.LateNs(request, dueNs, itlNs, new PromptForecast.Conditions(
            Math.Max(nowNs, _state.StepEndsNs) + debtNs, decodes, shortestGap,
            _decodes.MayCatchUp() && !IsStrict(level, itlNs) ? SlackPolicy.HurriedGaps : 1, _idleStepNs,
            TurnsNs(request.Adapter)));
        return lateNs > 0 ? lateNs : behindNs;
    }

    /// <summary>
    /// What decodes take when those of each adapter have a step of their own; null where there is one adapter
    /// only, or a step carries all.
    /// </summary>
    long? TurnsNs(int adapter)
    {
        if (_state.Options.Policy.Slack!.MixesAdapters)
            return null;
        var others = _forecast.HasOthers(adapter);
        var ns = 0L;
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.IsBatch)
                continue;
            others |= cohort.Key.Adapter != adapter;
            var shape = default(StepShape);
            shape.AddDecodes(cohort.Count, cohort.NextContextTokens + cohort.Count);
            ns += _predictor.BoundNs(shape);
        }
        foreach (ref readonly var chunk in _state.IsInFlight ? _state.Plan.Chunks : [])
        {
            if (!chunk.EndsPrompt || !_state.Requests.Contains(chunk.Request)
                || _queues.IsBatch(chunk.Request.Slot))
            {
                continue;
            }
            ref var joins = ref _state.Requests[chunk.Request.Slot];
            others |= joins.Adapter != adapter;
            var shape = default(StepShape);
            shape.AddDecodes(1, joins.KnownTokens + 1);
            ns += _predictor.BoundNs(shape);
        }
        return others ? ns : null;
    }

    static bool IsStrict(ServiceLevelSpec level, long itlNs) =>
        itlNs < long.MaxValue && level.Pacing == Pacing.Strict;

    /// <summary>
    /// Answers that are promised a pace wait for prompts and catch up afterwards: by how much the one that is
    /// furthest behind would not, in an eighth of an answer: short ones have no more to do it in.
    /// </summary>
    long BehindNs(in RequestSpec request, in StepShape decodes, long stepNs, long nowNs)
    {
        if (_decodes.FirstPaced() is not { } first)
            return 0;
        var tokens = _forecast.MissingTokens + request.PromptTokens;
        var most = Math.Min(tokens, _state.Options.MaxNumBatchedTokens);
        var shape = decodes;
        shape.AddChunk(0, (int)most, endsPrompt: false);
        var promptsNs = (double)(_predictor.BoundNs(shape) - _predictor.BoundNs(decodes)) / most * tokens;
        var gainNs = SlackDecodes.PaceNs(first.Key.ItlNs) - (long)(stepNs / _interactiveShare);
        var endsNs = Math.Max(nowNs, _state.StepEndsNs) + (long)((stepNs + promptsNs) / _interactiveShare);
        return Math.Max(
            0, endsNs - _decodes.DueNs(first) - (Math.Max(0, gainNs) * (MeanAnswer(first.Key.Level) / 8)));
    }

    /// <summary>Who decodes when the step in flight has ended.</summary>
    StepShape InteractiveShape(out long shortestGap)
    {
        shortestGap = long.MaxValue;
        var shape = new StepShape();
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.IsBatch)
                continue;
            shape.AddDecodes(
                cohort.Count, cohort.NextContextTokens + (_state.IsInFlight ? cohort.Count : 0));
            shortestGap = Math.Min(shortestGap, cohort.Key.ItlNs);
        }
        if (!_state.IsInFlight)
            return shape;
        foreach (ref readonly var chunk in _state.Plan.Chunks)
        {
            if (!chunk.EndsPrompt || !_state.Requests.Contains(chunk.Request)
                || _queues.IsBatch(chunk.Request.Slot))
            {
                continue;
            }
            ref var joins = ref _state.Requests[chunk.Request.Slot];
            shape.AddDecodes(1, joins.KnownTokens + 1);
            shortestGap = Math.Min(shortestGap, joins.ItlNs);
        }
        return shape;
    }

    /// <summary>
    /// Whether everybody who is interactive fits at once when each has a whole mean answer of its level still
    /// to come, as far as its own limit goes: more than the peak can be, since they do not end together.
    /// Batch work is not counted; it gives way.
    /// </summary>
    bool MemoryHolds(in RequestSpec request)
    {
        long blocks = Blocks(request.PromptTokens, request.MaxOutputTokens, request.Level);
        for (var slot = _state.Running.First; slot != RunningList.None; slot = _state.Requests[slot].Next)
            blocks += _queues.IsBatch(slot) ? 0 : Blocks(slot);
        foreach (var slot in _queues.Interactive.Items)
            blocks += _state.Requests[slot].Phase == RequestPhase.Waiting ? Blocks(slot) : 0;
        return blocks <= _state.Options.NumBlocks;
    }

    int Blocks(int slot)
    {
        ref var request = ref _state.Requests[slot];
        var tokens = request.Phase == RequestPhase.Decoding
            ? _state.LengthOfDecode(request) + 1
            : request.KnownTokens;
        return Blocks(tokens, request.PromptTokens + request.MaxOutputTokens - tokens, request.Level);
    }

    /// <summary>Blocks for what there is and what may come, and the one that is begun.</summary>
    int Blocks(int tokens, int answerLeft, int level) =>
        _state.Memory.BlocksFor((long)tokens + Math.Clamp(answerLeft, 0, MeanAnswer(level))) + 1;
}
