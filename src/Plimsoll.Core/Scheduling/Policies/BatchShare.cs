using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The shares of the engine's time that are promised to levels of batch work: what a level is owed grows
/// while others run and shrinks by what it gets. Nothing is owed while it has no work. What it gets is
/// counted as it is billed: of what a step takes whatever it carries by sequences, of the rest by what each
/// level causes.
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
    /// What levels with work are owed and will be paid within so long, the step in flight counted as run,
    /// nanoseconds.
    /// </summary>
    public long DebtNs(long withinNs)
    {
        var ns = 0.0;
        for (var level = 0; IsPromised && level < _levels.Length; level++)
        {
            ref readonly var account = ref _levels[level];
            var paidNs = _state.IsInFlight ? account.Part * (_state.Plan.PredictedNs ?? 0) : 0;
            var owedNs = account.OwedNs - paidNs;
            if (HasWork(level) && owedNs > 0 && owedNs + (account.Share * withinNs) >= _stepNs)
                ns += owedNs;
        }
        return (long)ns;
    }

    /// <summary>How much, nanoseconds: a step that pays it is as much longer, however long it is.</summary>
    public long OwedTo(int level) => (long)_levels[level].OwedNs;

    /// <summary>What these levels are owed together.</summary>
    public long OwedNs
    {
        get
        {
            var ns = 0L;
            for (var level = 0; level < _levels.Length; level++)
                ns += _isOwed[level] ? OwedTo(level) : 0;
            return ns;
        }
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
    /// Tokens of a step that are kept for levels that are owed time: the share of each, and all when it is
    /// owed two steps, since decodes of others may take more of the time than of the tokens.
    /// </summary>
    public int KeptTokens(int tokens)
    {
        var part = 0.0;
        for (var level = 0; level < _levels.Length; level++)
        {
            ref var account = ref _levels[level];
            if (_isOwed[level])
                part += Math.Clamp((account.OwedNs / _stepNs) - 1 + account.Share, account.Share, 1);
        }
        return (int)(Math.Min(1, part) * tokens);
    }

    /// <summary>What the step carries of each level.</summary>
    public void Planned(StepPlan plan)
    {
        if (!IsPromised)
            return;
        _shapes.AsSpan().Clear();
        foreach (ref readonly var run in plan.Cohorts)
        {
            var cohort = _state.Cohorts[run.Cohort];
            _shapes[cohort.Key.Level].AddDecodes(run.Decodes, cohort.NextContextTokens);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            _shapes[_state.Requests[chunk.Request.Slot].Level].AddChunk(
                chunk.Start, chunk.Tokens, chunk.EndsPrompt);
        }
        var split = _predictor.Split(plan.Shape);
        for (var level = 0; level < _levels.Length; level++)
        {
            ref var account = ref _levels[level];
            account.Part = split.ShareOf(_shapes[level], plan.Shape);
            account.Wanted = HasWork(level) || account.Part > 0;
        }
    }

    public void Passed(long durationNs)
    {
        foreach (ref var account in _levels.AsSpan())
        {
            if (account.Share == 0)
                continue;
            account.OwedNs += durationNs * (account.Share - account.Part);
            if (!account.Wanted || account.OwedNs < 0)
                account.OwedNs = Math.Min(account.OwedNs, 0) / 2;
        }
    }

    bool HasWork(int level) => _queues.Batch.CountOf(level) + _decodes.Batch(level).Count > 0;
}
