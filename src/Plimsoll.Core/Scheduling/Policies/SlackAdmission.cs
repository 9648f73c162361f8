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

    readonly SchedulerState _state;
    readonly StepPredictor _predictor;
    readonly SlackQueues _queues;
    readonly SlackDecodes _decodes;
    readonly long _idleStepNs;
    readonly int[] _meanAnswer;
    readonly int _batchLevel = -1;
    int[] _ordered = new int[16];

    public SlackAdmission(
        SchedulerState state, StepPredictor predictor, SlackQueues queues, SlackDecodes decodes,
        long idleStepNs)
    {
        _state = state;
        _predictor = predictor;
        _queues = queues;
        _decodes = decodes;
        _idleStepNs = idleStepNs;
        _meanAnswer = new int[state.Options.Levels.Count];
        Array.Fill(_meanAnswer, FirstGuessTokens);
        for (var i = _meanAnswer.Length - 1; i >= 0; i--)
            _batchLevel = state.Options.Levels[i].Class == ServiceClass.Batch ? i : _batchLevel;
    }

    /// <summary>An answer of a level has ended after so many tokens.</summary>
    public void Learn(int level, int tokens) => _meanAnswer[level] += (tokens - _meanAnswer[level]) / 16;

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
        var itl = request.ItlNs ?? level.ItlNs ?? long.MaxValue;
        var decodes = InteractiveShape(out var shortestGap);
        shortestGap = Math.Min(shortestGap, itl);
        var withIt = decodes;
        withIt.AddDecodes(1 + _queues.Interactive.Count, request.PromptTokens + WaitingTokens());
        var stepNs = _predictor.BoundNs(withIt);
        if (shortestGap < long.MaxValue && stepNs > shortestGap)
            return Math.Max(1, stepNs - shortestGap) * Math.Max(1, _meanAnswer[request.Level] / 4);
        if (!MemoryHolds(request, withIt))
            return Math.Max(1, stepNs) * Math.Max(1, _meanAnswer[request.Level] / 4);
        var ttft = request.TtftNs ?? level.TtftNs;
        var lateNs = PromptsLateNs(request, ttft, decodes, shortestGap, nowNs);
        return lateNs > 0 ? lateNs : BehindNs(request, decodes, stepNs, nowNs);
    }

    /// <summary>
    /// Answers that are promised a pace wait for prompts and catch up afterwards: by how much the one that is
    /// furthest behind would not, in an eighth of an answer: short ones have no more to do it in.
    /// </summary>
    long BehindNs(in RequestSpec request, in StepShape decodes, long stepNs, long nowNs)
    {
        if (_decodes.FirstPaced() is not { } first)
            return 0;
        var tokens = MissingTokens() + request.PromptTokens;
        var most = Math.Min(tokens, _state.Options.MaxNumBatchedTokens);
        var shape = decodes;
        shape.AddChunk(0, (int)most, endsPrompt: false);
        var promptsNs = (double)(_predictor.BoundNs(shape) - _predictor.BoundNs(decodes)) / most * tokens;
        var gainNs = SlackDecodes.PaceNs(first.Key.ItlNs) - stepNs;
        var endsNs = Math.Max(nowNs, _state.StepEndsNs) + stepNs + (long)promptsNs;
        return Math.Max(
            0, endsNs - _decodes.DueNs(first) - (Math.Max(0, gainNs) * (_meanAnswer[first.Key.Level] / 8)));
    }

    /// <summary>Prompt tokens of interactive requests that are not computed.</summary>
    long MissingTokens()
    {
        long tokens = 0;
        foreach (var prompt in _queues.Interactive.Items)
            tokens += _state.Requests[prompt].KnownTokens - _state.Requests[prompt].ComputedTokens;
        return tokens;
    }

    /// <summary>
    /// Prompts by deadline, the newcomer among them, one after another at the pace that gaps allow.
    /// </summary>
    long PromptsLateNs(in RequestSpec request, long? ttft, in StepShape decodes, long gapNs, long nowNs)
    {
        var arrivalNs = request.ArrivalNs ?? nowNs;
        var due = ttft is { } limit ? arrivalNs + limit : long.MaxValue;
        var nsPerToken = NsPerPromptToken(decodes, gapNs);
        if (nsPerToken == double.PositiveInfinity)
            return gapNs;
        var count = Order();
        var startNs = Math.Max(nowNs, _state.StepEndsNs);
        long tokens = 0, latest = 0;
        var placed = false;
        for (var i = 0; i <= count; i++)
        {
            if (!placed && (i == count || _state.Requests[_ordered[i]].FirstTokenDueNs > due))
            {
                placed = true;
                tokens += request.PromptTokens;
                latest = Math.Max(latest, Late(tokens, due));
            }
            if (i == count)
                break;
            ref var prompt = ref _state.Requests[_ordered[i]];
            tokens += prompt.KnownTokens - prompt.ComputedTokens;
            // Who is late already is not made so by the newcomer.
            if (placed && Late(tokens - request.PromptTokens, prompt.FirstTokenDueNs) <= 0)
                latest = Math.Max(latest, Late(tokens, prompt.FirstTokenDueNs));
        }
        return latest;

        long Late(long promptTokens, long dueNs) => dueNs == long.MaxValue
            ? 0
            : startNs + (long)(promptTokens * nsPerToken) - dueNs;
    }

    /// <summary>Time per prompt token in steps that fill the shortest gap beside the decodes.</summary>
    double NsPerPromptToken(in StepShape decodes, long gapNs)
    {
        var budget = gapNs == long.MaxValue || decodes.Decodes == 0 ? _idleStepNs : gapNs;
        int fits = 0, breaks = _state.Options.MaxNumBatchedTokens - decodes.Decodes + 1;
        while (breaks - fits > 16)
        {
            var middle = (fits + breaks) / 2;
            var shape = decodes;
            shape.AddChunk(0, middle, endsPrompt: false);
            if (_predictor.BoundNs(shape) <= budget)
                fits = middle;
            else
                breaks = middle;
        }
        return fits == 0 ? double.PositiveInfinity : (double)budget / fits;
    }

    /// <summary>Interactive prompts by deadline; few, so they are inserted one by one.</summary>
    int Order()
    {
        var items = _queues.Interactive.Items;
        if (_ordered.Length < items.Length)
            Array.Resize(ref _ordered, Math.Max(items.Length, 2 * _ordered.Length));
        for (var i = 0; i < items.Length; i++)
        {
            var due = _state.Requests[items[i]].FirstTokenDueNs;
            var at = i;
            for (; at > 0 && _state.Requests[_ordered[at - 1]].FirstTokenDueNs > due; at--)
                _ordered[at] = _ordered[at - 1];
            _ordered[at] = items[i];
        }
        return items.Length;
    }

    StepShape InteractiveShape(out long shortestGap)
    {
        shortestGap = long.MaxValue;
        var shape = new StepShape();
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || _decodes.IsBatch(cohort))
                continue;
            shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
            shortestGap = Math.Min(shortestGap, cohort.Key.ItlNs);
        }
        return shape;
    }

    long WaitingTokens()
    {
        long tokens = 0;
        foreach (var prompt in _queues.Interactive.Items)
            tokens += _state.Requests[prompt].KnownTokens;
        return tokens;
    }

    /// <summary>
    /// Whether everybody who is interactive fits at once when each has its mean answer: more than the peak
    /// can be, since they do not end together. Batch work is not counted; it gives way.
    /// </summary>
    bool MemoryHolds(in RequestSpec request, in StepShape everybody)
    {
        var answer = Math.Min(request.MaxOutputTokens, _meanAnswer[request.Level]);
        var tokens = everybody.DecodeContextTokens + ((long)everybody.Decodes * answer);
        return _state.Memory.BlocksFor(tokens) + everybody.Decodes <= _state.Options.NumBlocks;
    }
}
