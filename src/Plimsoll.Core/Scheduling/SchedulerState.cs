using System;
using Plimsoll.Core.Scheduling.Policies;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// What a scheduler knows, and the only hand that changes it. Verbs that check leave everything as it is and
/// say what an act would need; verbs that act expect that it was checked. Policies decide with the first and
/// do with the second, so that no policy can lose a block or a request.
/// </summary>
sealed partial class SchedulerState
{
    readonly int _blockSize;
    DecisionHash _hash = new();
    long _nextSequence;
    long _planSerial;
    ulong _lastRuns;

    public SchedulerState(SchedulerOptions options)
    {
        Options = options;
        _blockSize = options.BlockSize;
        Running = new RunningList(Requests);
        Memory = new KvMemory(options, Requests);
        Cohorts = new CohortTable(options);
        Plan = new StepPlan(Requests);
    }

    public SchedulerOptions Options { get; }

    public RequestTable Requests { get; } = new();

    public RunningList Running { get; }

    public KvMemory Memory { get; }

    public CohortTable Cohorts { get; }

    /// <summary>The plan in the making, or in flight.</summary>
    public StepPlan Plan { get; }

    /// <summary>Told of every request that leaves.</summary>
    public IStepPolicy? Policy { get; set; }

    /// <summary>When the step in flight should end, by its plan; in the past when none is.</summary>
    public long StepEndsNs { get; set; } = long.MinValue;

    public bool IsInFlight => StepEndsNs != long.MinValue;

    /// <summary>Steps committed.</summary>
    public long Steps { get; private set; }

    public long NowNs { get; private set; } = long.MinValue;

    public long Preemptions { get; private set; }

    public int PeakUsedBlocks { get; private set; }

    public int FreeBlocks => Memory.Pool.FreeBlocks;

    public ulong Hash => _hash.Value;

    // Checks.

    public int LengthOfDecode(in RequestState state) => (int)(Cohorts[state.Cohort].Clock - state.DecodeBase);

    /// <summary>Blocks that the request's next decode step needs: 1 when its last block is full.</summary>
    public int BlocksForDecode(in RequestState state) => LengthOfDecode(state) % _blockSize == 0 ? 1 : 0;

    public int BlocksForChunk(in RequestState state, int tokens) =>
        Memory.MissingBlocks(state, state.ComputedTokens + tokens);

    /// <summary>A prompt's tokens, no more than one step may take of it.</summary>
    public int Limited(int tokens)
    {
        var threshold = Options.LongPrefillTokenThreshold;
        return threshold > 0 && tokens > threshold ? threshold : tokens;
    }

    /// <summary>Whether the plan leaves this decode out.</summary>
    public bool IsSkipped(RequestId request) => Plan.SkippedDecodes.IndexOf(request) >= 0;

    /// <summary>Drafts that the plan verifies for each member of a cohort.</summary>
    public int Drafts(int cohort)
    {
        foreach (ref readonly var run in Plan.Cohorts)
        {
            if (run.Cohort == cohort)
                return run.DraftTokens;
        }
        return 0;
    }

    public bool Runs(int cohort)
    {
        foreach (ref readonly var run in Plan.Cohorts)
        {
            if (run.Cohort == cohort)
                return true;
        }
        return false;
    }

    // Acts: time and requests.

    public void KeepTime(long nowNs)
    {
        Invariant.Holds(nowNs >= NowNs, "time never runs backwards");
        NowNs = nowNs;
    }

    /// <summary>Writes a request down, at a level that may be another than it asked for.</summary>
    public int Register(in RequestSpec request, int levelIndex, long nowNs)
    {
        var slot = Requests.Take();
        var level = Options.Levels[levelIndex];
        var arrivalNs = request.ArrivalNs ?? nowNs;
        ref var state = ref Requests[slot];
        var generation = state.Generation;
        state = default;
        state.Generation = generation;
        state.PrefixKeys = Memory.CachesPrefixes ? request.PrefixKeys : default;
        state.PromptTokens = request.PromptTokens;
        state.MaxOutputTokens = request.MaxOutputTokens;
        state.TransferredTokens = request.TransferredTokens;
        state.Priority = request.Priority ?? level.Priority;
        state.Level = levelIndex;
        state.IsBatch = level.Class == ServiceClass.Batch;
        state.Adapter = request.Adapter;
        state.Tenant = request.Tenant;
        state.TenantWeight = request.TenantWeight;
        state.Phase = RequestPhase.Waiting;
        state.Sequence = _nextSequence++;
        state.ArrivalNs = arrivalNs;
        state.FirstTokenDueNs = Due(arrivalNs, request.TtftNs ?? level.TtftNs);
        state.ItlNs = request.ItlNs ?? level.ItlNs ?? long.MaxValue;
        state.CompletionDueNs = Due(arrivalNs, request.CompletionNs ?? level.CompletionNs);
        state.KnownTokens = request.PromptTokens;
        state.HeapIndex = RunningList.None;
        state.PrefixNode = RunningList.None;
        state.KeptRun = RunningList.None;
        state.Previous = RunningList.None;
        state.Next = RunningList.None;
        return slot;
    }

    public static long Due(long fromNs, long? limitNs) =>
        limitNs is { } limit && limit < long.MaxValue - Math.Max(0, fromNs) ? fromNs + limit : long.MaxValue;

    // Acts: the plan in the making.

    public void BeginPlan()
    {
        _planSerial++;
        Plan.ClearStep();
    }

    /// <summary>
    /// The plan before once more, with every decode so many tokens further: what
    /// <see cref="StepPlan.RepeatableSteps"/> said, without asking the policy again.
    /// </summary>
    public void RepeatPlan(int steps)
    {
        foreach (ref readonly var run in Plan.Cohorts)
            Memory.Pool.Allocate(Cohorts[run.Cohort].BlocksForNextStep());
        Plan.Repeat(steps);
        NotePeak();
    }

    /// <summary>
    /// The whole cohort takes part: memory for a token of each and for its drafts, and a place in the plan.
    /// </summary>
    public void Place(DecodeCohort cohort, int draftTokens = 0)
    {
        Memory.Pool.Allocate(cohort.BlocksForNextStep());
        if (draftTokens > 0)
            Memory.Pool.Allocate((int)cohort.BlocksForLaterSteps(draftTokens));
        Plan.AddCohort(cohort.Index, cohort.Count, draftTokens);
        Plan.Sums.AddDecodes(cohort.Count, cohort.NextContextTokens);
    }

    /// <summary>
    /// One decode takes part; its cohort is named by <see cref="PlaceSome"/> when all are known.
    /// </summary>
    public void PlaceDecode(int request)
    {
        ref var state = ref Requests[request];
        var length = LengthOfDecode(state);
        Memory.Pool.Allocate(BlocksForDecode(state));
        state.ScheduledPlan = _planSerial;
        Plan.Sums.AddDecodes(1, length + 1);
    }

    /// <summary>The cohort runs, but for the members that are skipped.</summary>
    public void PlaceSome(DecodeCohort cohort, int decodes) =>
        Plan.AddCohort(cohort.Index, decodes, draftTokens: 0);

    /// <summary>Blocks for so many drafts of every decode in the plan.</summary>
    public int BlocksForDrafts(int drafts)
    {
        long blocks = 0;
        foreach (ref readonly var run in Plan.Cohorts)
            blocks += Cohorts[run.Cohort].BlocksForLaterSteps(drafts);
        return (int)blocks;
    }

    /// <summary>Every decode of the plan has so many drafts verified with its token.</summary>
    public void AddDrafts(int drafts)
    {
        Memory.Pool.Allocate(BlocksForDrafts(drafts));
        Plan.SetDrafts(drafts);
    }

    /// <summary>Tokens of a running request's prompt; memory for them is taken.</summary>
    public void PlaceChunk(int request, int tokens, DecodeCohort cohort)
    {
        ref var state = ref Requests[request];
        Memory.Grow(ref state, state.ComputedTokens + tokens);
        AddChunk(request, ref state, tokens, cohort);
    }

    /// <summary>A waiting request starts to run, with its first tokens.</summary>
    public void Admit(int request, in PrefixHit hit, int start, int tokens, DecodeCohort cohort)
    {
        ref var state = ref Requests[request];
        Memory.Take(ref state, hit, start + tokens);
        state.ComputedTokens = start;
        state.Phase = RequestPhase.Prefilling;
        Running.Append(request);
        AddChunk(request, ref state, tokens, cohort);
    }

    void AddChunk(int request, ref RequestState state, int tokens, DecodeCohort cohort)
    {
        var ends = tokens == state.KnownTokens - state.ComputedTokens;
        if (ends)
            cohort.Joining++;
        Plan.AddChunk(new PrefillChunk(
            Requests.IdOf(request), state.ComputedTokens, tokens, state.CachedTokens, ends, state.PrefixNode,
            cohort.Index));
    }

    /// <summary>
    /// Frees a running request's memory; what it knew must be recomputed. Returns the tokens that the plan in
    /// the making had given it. The policy puts it back to wait.
    /// </summary>
    /// <param name="request">A running request.</param>
    /// <param name="keeps">Whether it may find again what nobody has taken by the time it comes back.</param>
    public int Preempt(int request, bool keeps = false)
    {
        ref var state = ref Requests[request];
        var decoding = state.Phase == RequestPhase.Decoding;
        var tokens = decoding ? UnplaceDecode(ref state) : UnplaceChunk(request);
        var computed = decoding ? LengthOfDecode(state) : state.ComputedTokens;
        if (decoding)
            state.KnownTokens = computed + 1;
        var blocks = LeaveRunning(request, ref state) + (decoding ? tokens * BlocksForDecode(state) : 0);
        if (keeps)
            Memory.Keep(ref state, blocks, computed);
        else
            Memory.Free(ref state, blocks);
        state.ComputedTokens = 0;
        state.TransferredTokens = 0;
        state.Phase = RequestPhase.Waiting;
        Preemptions++;
        Plan.AddPreempted(request);
        _hash.Mix((ulong)state.Sequence, ~(ulong)Steps);
        return tokens;
    }

    /// <summary>The same, but what was computed is kept outside and need not be computed again.</summary>
    public void SwapOut(int request)
    {
        ref var state = ref Requests[request];
        var length = state.Phase == RequestPhase.Decoding ? LengthOfDecode(state) : state.ComputedTokens;
        Preempt(request);
        state.TransferredTokens = length;
        state.IsSwappedOut = true;
        Plan.AddSwap(request, isOut: true);
    }

    /// <summary>What was kept outside comes back before the step.</summary>
    public void SwapIn(int request)
    {
        Requests[request].IsSwappedOut = false;
        Plan.AddSwap(request, isOut: false);
    }

    int UnplaceDecode(ref RequestState state)
    {
        if (state.ScheduledPlan != _planSerial)
            return 0;
        Plan.Sums.AddDecodes(-1, -(LengthOfDecode(state) + 1));
        return 1;
    }

    int UnplaceChunk(int request)
    {
        var chunk = Plan.RemoveChunk(request);
        if (chunk.EndsPrompt)
            Cohorts[chunk.Cohort].Joining--;
        return chunk.Tokens;
    }

    /// <summary>The plan is made: its decisions, but mere repetition, go into the digest.</summary>
    public void EndPlan()
    {
        foreach (ref readonly var chunk in Plan.Chunks)
        {
            _hash.Mix((ulong)Requests[chunk.Request.Slot].Sequence,
                (ulong)Steps ^ ((ulong)chunk.Start << 40) ^ ((ulong)chunk.Tokens << 20));
        }
        foreach (var skipped in Plan.SkippedDecodes)
            _hash.Mix((ulong)Requests[skipped.Slot].Sequence, RotatedSteps);
        NotePeak();
    }

    /// <summary>
    /// Which cohorts run goes into the digest when it changes, so that a leap digests as its steps do.
    /// </summary>
    public void MixCohorts()
    {
        var runs = 17UL;
        foreach (ref readonly var run in Plan.Cohorts)
            runs = (runs * 1000003) ^ ((ulong)run.Cohort << 8) ^ (ulong)run.DraftTokens;
        if (runs == _lastRuns)
            return;
        _lastRuns = runs;
        _hash.Mix(runs, (ulong)Steps);
    }

    /// <summary>The step count as no other decision mixes it.</summary>
    ulong RotatedSteps => ulong.RotateLeft((ulong)Steps, 32) | 1;

    // Acts: what came of it.
}
