using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// When the interactive prompts that are not computed will give their first tokens, if nobody else came and
/// no answer ended: step by step as <see cref="SlackPolicy"/> fills them, each prompt that ends being one
/// decode more in the steps after. Prompts of the step in flight count with what it leaves of them. It errs
/// to the late side: a step that is full takes all the time there is and has a few tokens less than might
/// fit, so that answers which end meanwhile make nobody later. Where adapters take turns, a gap holds a step
/// of decodes of each and one of prompts of one.
/// </summary>
sealed class PromptForecast(SchedulerState state, StepPredictor predictor, SlackQueues queues)
{
    /// <summary>Steps that are gone through one by one; later ones go at the pace of the last.</summary>
    const int MostSteps = 64;

    readonly ChunkFit _fit = new(predictor);
    readonly double _interactiveShare = BatchShare.LeftOf(state.Options);
    readonly int _leastChunk = state.Options.Policy.Slack!.MinBatchChunk;
    Prompt[] _prompts = new Prompt[16];
    long[] _alone = new long[16];
    long[] _together = new long[16];
    int _count;

    // The step that is being filled.
    StepShape _step;
    StepShape _decodes;
    Conditions _conditions;
    long _nowNs;
    long _budgetNs;
    int _tokensLeft;
    int _firstEnding;
    int _steps;
    int _adapter;
    bool _isFull;

    struct Prompt
    {
        public long Key;
        public long DueNs;
        public int Start;
        public int Left;
        public int Adapter;
    }

    /// <param name="StartNs">When the next step begins.</param>
    /// <param name="Decodes">Interactive decodes in it.</param>
    /// <param name="GapNs">The shortest gap that is promised to any of them, decoding or not;
    /// <see cref="long.MaxValue"/> for none.</param>
    /// <param name="Gaps">Gaps that a step may take when prompts wait.</param>
    /// <param name="IdleStepNs">Time of a step without a gap to keep.</param>
    /// <param name="TurnsNs">Steps of decodes alone, one adapter after the other; null where a step carries
    /// all.</param>
    public readonly record struct Conditions(
        long StartNs, StepShape Decodes, long GapNs, int Gaps, long IdleStepNs, long? TurnsNs);

    /// <summary>Prompts gathered.</summary>
    public int Count => _count;

    /// <summary>Their tokens that are not computed.</summary>
    public long MissingTokens { get; private set; }

    /// <summary>All their tokens.</summary>
    public long KnownTokens { get; private set; }

    /// <summary>The shortest gap promised to any of them.</summary>
    public long ShortestGapNs { get; private set; }

    /// <summary>Whether one of them is another adapter's.</summary>
    public bool HasOthers(int adapter)
    {
        foreach (ref readonly var prompt in _prompts.AsSpan(0, _count))
        {
            if (prompt.Adapter != adapter)
                return true;
        }
        return false;
    }

    /// <summary>Looks who waits for a first token, and who will when the step in flight has ended.</summary>
    public void Gather()
    {
        (_count, MissingTokens, KnownTokens, ShortestGapNs) = (0, 0, 0, long.MaxValue);
        foreach (var slot in queues.Interactive.Items)
        {
            ref var request = ref state.Requests[slot];
            var start = request.Phase == RequestPhase.Waiting
                ? request.TransferredTokens
                : request.ComputedTokens;
            Add(request, start);
        }
        if (!state.IsInFlight)
            return;
        foreach (ref readonly var chunk in state.Plan.Chunks)
        {
            if (chunk.EndsPrompt || !state.Requests.Contains(chunk.Request)
                || queues.IsBatch(chunk.Request.Slot))
            {
                continue;
            }
            Add(state.Requests[chunk.Request.Slot], chunk.Start + chunk.Tokens);
        }
    }

    void Add(in RequestState request, int start)
    {
        var left = request.KnownTokens - start;
        MissingTokens += left;
        KnownTokens += request.KnownTokens;
        ShortestGapNs = Math.Min(ShortestGapNs, request.ItlNs);
        Insert(new Prompt
        {
            Key = request.QueueKey, DueNs = request.FirstTokenDueNs, Start = start, Left = left,
            Adapter = request.Adapter,
        });
    }

    /// <summary>Puts a prompt behind those that are due no later; few, so one by one.</summary>
    int Insert(in Prompt prompt)
    {
        if (_count == _prompts.Length)
        {
            Array.Resize(ref _prompts, 2 * _count);
            Array.Resize(ref _alone, 2 * _count);
            Array.Resize(ref _together, 2 * _count);
        }
        var at = _count++;
        for (; at > 0 && _prompts[at - 1].Key > prompt.Key; at--)
            _prompts[at] = _prompts[at - 1];
        _prompts[at] = prompt;
        return at;
    }

    /// <summary>
    /// By how much the newcomer, or whoever is in time without it, would be late, nanoseconds; 0 when nobody
    /// would. Call <see cref="Gather"/> before each.
    /// </summary>
    public long LateNs(in RequestSpec newcomer, long dueNs, long itlNs, in Conditions conditions)
    {
        var together = conditions with { GapNs = Math.Min(conditions.GapNs, itlNs) };
        var own = Insert(new Prompt
        {
            Key = dueNs, DueNs = dueNs, Start = newcomer.TransferredTokens,
            Left = newcomer.PromptTokens - newcomer.TransferredTokens, Adapter = newcomer.Adapter,
        });
        Run(together, skipped: -1, _together);
        if (_together[own] == long.MaxValue)
            return Math.Min(together.GapNs, together.IdleStepNs);
        var latest = LateNs(own, _together);
        var others = false;
        for (var i = own + 1; i < _count; i++)
            others |= LateNs(i, _together) > latest;
        if (!others)
            return latest;
        // Who is late already is not made so by the newcomer.
        Run(conditions, skipped: own, _alone);
        for (var i = own + 1; i < _count; i++)
        {
            if (LateNs(i, _alone) == 0)
                latest = Math.Max(latest, LateNs(i, _together));
        }
        return latest;
    }

    long LateNs(int prompt, long[] endsNs) => Math.Max(0, endsNs[prompt] - _prompts[prompt].DueNs);

    void Run(in Conditions conditions, int skipped, long[] endsNs)
    {
        _conditions = conditions;
        (_decodes, _nowNs, _steps) = (conditions.Decodes, conditions.StartNs, 0);
        Open(first: 0);
        for (var i = 0; i < _count; i++)
        {
            if (i == skipped)
                continue;
            var prompt = _prompts[i];
            if (TakesTurns && _step.PrefillChunks > 0 && prompt.Adapter != _adapter)
                Close(endsNs, skipped, end: i);
            while (!Place(ref prompt))
            {
                if (_step.PrefillChunks == 0 || _steps == MostSteps)
                {
                    GoOn(i, prompt.Left, skipped, endsNs);
                    return;
                }
                Close(endsNs, skipped, end: i);
            }
        }
        Close(endsNs, skipped, end: _count);
    }

    void Open(int first)
    {
        _firstEnding = first;
        _isFull = false;
        _step = _decodes;
        _tokensLeft = state.Options.MaxNumBatchedTokens - _decodes.Decodes;
        var gapNs = _conditions.GapNs;
        _budgetNs = !IsPaced
            ? _conditions.IdleStepNs
            : (gapNs * _conditions.Gaps) - (_conditions.TurnsNs ?? 0);
    }

    /// <summary>Whether tokens are due.</summary>
    bool IsPaced => _conditions.GapNs < long.MaxValue && _decodes.Decodes > 0;

    bool TakesTurns => _conditions.TurnsNs is not null;

    /// <summary>Places what the step has room for. False when the prompt goes on in the next.</summary>
    bool Place(ref Prompt prompt)
    {
        var most = Math.Min(state.Limited(prompt.Left), _tokensLeft);
        var tokens = _fit.Largest(_step, prompt.Start, most, most == prompt.Left, _budgetNs);
        _isFull = tokens < most;
        if (_isFull)
            tokens = Math.Min(tokens, Math.Max(1, tokens - ChunkFit.Step));
        if (tokens == 0 || (TakesTurns && tokens < Math.Min(most, _leastChunk)))
            return false;
        _adapter = prompt.Adapter;
        prompt.Left -= tokens;
        _step.AddChunk(prompt.Start, tokens, prompt.Left == 0);
        prompt.Start += tokens;
        _tokensLeft -= tokens;
        if (prompt.Left > 0)
            return false;
        _budgetNs = SlackPolicy.Until(prompt.DueNs - _nowNs, predictor.BoundNs(_step), _budgetNs);
        return true;
    }

    /// <summary>The step ends, and with it the prompts before <paramref name="end"/>.</summary>
    void Close(long[] endsNs, int skipped, int end)
    {
        _steps++;
        var othersNs = IsPaced ? _conditions.TurnsNs ?? 0 : 0;
        var stepNs = (_isFull ? _budgetNs : predictor.BoundNs(_step)) + othersNs;
        var beganNs = _nowNs;
        _nowNs += (long)(stepNs / _interactiveShare);
        _decodes.AddDecodes(0, _decodes.Decodes);
        var turnsNs = _conditions.TurnsNs;
        var roundNs = TakesTurns && IsPaced ? _conditions.GapNs * _conditions.Gaps : 0;
        for (var i = _firstEnding; i < end; i++)
        {
            if (i == skipped)
                continue;
            endsNs[i] = _nowNs;
            _decodes.AddDecodes(1, _prompts[i].Start + _prompts[i].Left + 1);
            turnsNs += AloneNs(_prompts[i].Start + _prompts[i].Left + 1);
        }
        _nowNs = Math.Max(_nowNs, beganNs + roundNs);
        _conditions = _conditions with { TurnsNs = turnsNs };
        Open(end);
    }

    long AloneNs(int context)
    {
        var shape = default(StepShape);
        shape.AddDecodes(1, context);
        return predictor.BoundNs(shape);
    }

    /// <summary>
    /// The rest at the pace of the step that is filled now; never, when it has time for nothing.
    /// </summary>
    void GoOn(int from, int left, int skipped, long[] endsNs)
    {
        var roundNs = TakesTurns && IsPaced ? _conditions.GapNs * _conditions.Gaps : predictor.BoundNs(_step);
        var stepNs = roundNs / _interactiveShare;
        long tokens = _step.PrefillTokens + left;
        for (var i = _firstEnding; i < _count; i++)
        {
            if (i == skipped)
                continue;
            if (i > from)
                tokens += _prompts[i].Left;
            var steps = i < from ? 1 : (double)tokens / Math.Max(1, _step.PrefillTokens);
            endsNs[i] = _step.PrefillTokens == 0 ? long.MaxValue : _nowNs + (long)(stepNs * steps);
        }
    }
}
