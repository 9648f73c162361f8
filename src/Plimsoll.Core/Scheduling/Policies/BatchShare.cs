using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The shares of the engine's time that are promised to levels of batch work: what a level is owed grows
/// while others run and shrinks by what it gets. Nothing is owed while it has no work, and no more of a step
/// that carries all it has; for decodes nobody leaves more than they take. What it gets is counted as it is
/// billed: of what a step takes whatever it carries by sequences, of the rest by what each level causes.
/// </summary>
sealed class BatchShare
{
    readonly SchedulerState _state;
    readonly StepPredictor _predictor;
    readonly SlackQueues _queues;
    readonly SlackDecodes _decodes;
    readonly long _stepNs;
    readonly double _promised;
    readonly Account[] _levels;
    readonly StepShape[] _shapes;
    readonly bool[] _isOwed;

    struct Account
    {
        public double Share;
        public double OwedNs;
        public double Part;
        public bool Wanted;

        /// <summary>Whether the step carries all work that the level has.</summary>
        public bool HasAll;
    }

    public BatchShare(
        SchedulerState state, StepPredictor predictor, SlackQueues queues, SlackDecodes decodes, long stepNs)
    {
        (_state, _predictor, _queues, _decodes, _stepNs) = (state, predictor, queues, decodes, stepNs);
        var levels = state.Options.Levels;
        _levels = new Account[levels.Count];
        for (var i = 0; i < _levels.Length; i++)
            _levels[i].Share = Of(levels[i]);
        _shapes = new StepShape[_levels.Length];
        _isOwed = new bool[_levels.Length];
        _promised = Promised(state.Options);
    }

    /// <summary>What is promised to a level.</summary>
    public static double Of(ServiceLevelSpec level) => level.Class == ServiceClass.Batch ? level.MinShare : 0;

    /// <summary>The share of all levels that are batch.</summary>
    public static double Promised(SchedulerOptions options)
    {
        var share = 0.0;
        foreach (var level in options.Levels)
            share += Of(level);
        return share;
    }

    /// <summary>What those shares leave to interactive work: something, whatever is promised.</summary>
    public static double LeftOf(SchedulerOptions options) =>
        1 - Math.Min(ServiceLevelSpec.MostShared(hasInteractive: true), Promised(options));

    public bool IsPromised => _promised > 0;

    /// <summary>Whether a level with work was owed a whole step's time when the step began.</summary>
    public ReadOnlySpan<bool> IsOwed => _isOwed;

    /// <summary>The same of any level.</summary>
    public bool IsAnyOwed => _isOwed.AsSpan().Contains(true);

    /// <summary>
    /// What levels with prompts are owed and will be paid within so long, the step in flight counted as run,
    /// nanoseconds; decodes are paid beside others.
    /// </summary>
    public long DebtNs(long withinNs)
    {
        var ns = 0.0;
        for (var level = 0; IsPromised && level < _levels.Length; level++)
        {
            ref readonly var account = ref _levels[level];
            var paidNs = _state.IsInFlight ? account.Part * (_state.Plan.PredictedNs ?? 0) : 0;
            var owedNs = account.OwedNs - paidNs;
            if (HasPrompts(level) && owedNs > 0 && owedNs + (account.Share * withinNs) >= _stepNs)
                ns += owedNs;
        }
        return (long)ns;
    }

    /// <summary>How much, nanoseconds: a step that pays it is as much longer, however long it is.</summary>
    public long OwedTo(int level) => (long)_levels[level].OwedNs;

    /// <summary>What of that these levels can take together of a step, nanoseconds.</summary>
    public long UsableNs(in StepShape step)
    {
        var ns = 0L;
        for (var level = 0; level < _levels.Length; level++)
        {
            if (_isOwed[level])
                ns += HasPrompts(level) ? OwedTo(level) : Math.Min(OwedTo(level), DecodesNs(level, step));
        }
        return ns;
    }

    /// <summary>What a level's decodes add to a step.</summary>
    long DecodesNs(int level, in StepShape step)
    {
        var shape = step;
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count > 0 && cohort.Key.Level == level)
                shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
        }
        return Math.Max(0, _predictor.BoundNs(shape) - _predictor.BoundNs(step));
    }

    /// <summary>Whether the time that decodes leave of a step can be all that is promised of it.</summary>
    public bool FitsInto(long spareNs, long stepNs) => spareNs >= _promised * stepNs;

    /// <summary>Whether a level is owed two steps: what gaps left it was too little.</summary>
    public bool IsOverdue(int level) => _levels[level].OwedNs >= 2 * _stepNs;

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        for (var level = 0; IsPromised && level < _levels.Length; level++)
        {
            ref var account = ref _levels[level];
            _isOwed[level] = account.Share > 0 && account.OwedNs >= _stepNs && HasWork(level);
        }
    }

    /// <summary>The level that is owed most of those that have not had their time; negative: none.</summary>
    public int Most(ReadOnlySpan<bool> had)
    {
        var most = -1;
        for (var level = 0; level < _levels.Length; level++)
        {
            if (_isOwed[level] && (had.IsEmpty || !had[level])
                && (most < 0 || _levels[level].OwedNs > _levels[most].OwedNs))
            {
                most = level;
            }
        }
        return most;
    }

    /// <summary>
    /// Tokens of a step that are kept for levels that are owed time: the share of each, and all that it can
    /// use when it is owed two steps, since decodes of others may take more of the time than of the tokens.
    /// </summary>
    public int KeptTokens(int tokens)
    {
        var kept = 0.0;
        for (var level = 0; level < _levels.Length; level++)
        {
            ref var account = ref _levels[level];
            if (!_isOwed[level])
                continue;
            var part = Math.Clamp((account.OwedNs / _stepNs) - 1 + account.Share, account.Share, 1);
            kept += HasPrompts(level)
                ? part * tokens : Math.Min(part * tokens, _decodes.Batch(level).Count);
        }
        return (int)Math.Min(kept, tokens);
    }

    /// <summary>What the step carries of each level.</summary>
    public void Planned(StepPlan plan)
    {
        if (!IsPromised)
            return;
        _shapes.AsSpan().Clear();
        for (var level = 0; level < _levels.Length; level++)
            _levels[level].HasAll = _queues.Batch.CountOf(level) == 0;
        foreach (ref readonly var run in plan.Cohorts)
        {
            var cohort = _state.Cohorts[run.Cohort];
            _shapes[cohort.Key.Level].AddDecodes(run.Decodes, cohort.NextContextTokens);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            var level = _state.Requests[chunk.Request.Slot].Level;
            _shapes[level].AddChunk(chunk.Start, chunk.Tokens, chunk.EndsPrompt);
            _levels[level].HasAll &= chunk.EndsPrompt;
        }
        var split = _predictor.Split(plan.Shape);
        for (var level = 0; level < _levels.Length; level++)
        {
            ref var account = ref _levels[level];
            account.Part = split.ShareOf(_shapes[level], plan.Shape);
            account.Wanted = HasWork(level) || account.Part > 0;
            account.HasAll &= _shapes[level].Decodes == _decodes.Batch(level).Count;
        }
    }

    public void Passed(long durationNs)
    {
        foreach (ref var account in _levels.AsSpan())
        {
            if (account.Share == 0)
                continue;
            var due = account.HasAll ? Math.Min(account.Share, account.Part) : account.Share;
            account.OwedNs += durationNs * (due - account.Part);
            if (!account.Wanted || account.OwedNs < 0)
                account.OwedNs = Math.Min(account.OwedNs, 0) / 2;
        }
    }

    bool HasWork(int level) => _queues.Batch.CountOf(level) + _decodes.Batch(level).Count > 0;

    /// <summary>Whether a prompt waits or is computed: it can use whatever time there is.</summary>
    bool HasPrompts(int level)
    {
        if (_queues.Batch.CountOf(level) > 0)
            return true;
        foreach (var slot in _state.Running.Prefilling)
        {
            if (_state.Requests[slot].Level == level)
                return true;
        }
        return false;
    }
}
