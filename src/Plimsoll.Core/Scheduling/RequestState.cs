using System;

namespace Plimsoll.Core.Scheduling;

enum RequestPhase : byte
{
    Unknown,
    Waiting,
    Prefilling,
    Decoding,
}

/// <summary>
/// Everything the scheduler holds of one request. While a request decodes, its computed length is not
/// stored but derived: its cohort's clock less <see cref="DecodeBase"/>. A step that advances every decoding
/// request by one token therefore touches none of them.
/// <para>
/// The runtime lays longs before ints, each in the order they have here: the last longs and the first ints,
/// who it is and where it decodes, share a cache line for the many that are parked and resumed in one step.
/// </para>
/// </summary>
struct RequestState
{
    public ReadOnlyMemory<ulong> PrefixKeys;
    public int Generation;

    /// <summary>The cohort it decodes in.</summary>
    public int Cohort;

    public int PromptTokens;
    public int MaxOutputTokens;
    public int TransferredTokens;
    public int Priority;
    public int Level;
    public int Adapter;
    public int Tenant;
    public int TenantWeight;
    public RequestPhase Phase;

    /// <summary>Whether its level is batch work's.</summary>
    public bool IsBatch;

    /// <summary>Its KV is kept outside and comes back with it.</summary>
    public bool IsSwappedOut;

    /// <summary>A cancellation that waits for the running step to end.</summary>
    public bool CancelPending;

    /// <summary>Order of admission to the running list.</summary>
    public long Admission;

    public long ArrivalNs;

    /// <summary>Time the first token is due; <see cref="long.MaxValue"/> without a limit.</summary>
    public long FirstTokenDueNs;

    /// <summary>Time of the first token; 0 before.</summary>
    public long FirstTokenNs;

    /// <summary>Longest gap between tokens; <see cref="long.MaxValue"/> without a limit.</summary>
    public long ItlNs;

    /// <summary>Time the last token is due; <see cref="long.MaxValue"/> without a limit.</summary>
    public long CompletionDueNs;

    /// <summary>
    /// Tokens whose KV must exist before the next token can be sampled: prompt and answer so far.
    /// </summary>
    public int KnownTokens;

    /// <summary>Tokens whose KV exists, while prefilling.</summary>
    public int ComputedTokens;

    /// <summary>Tokens that the prefix cache gave at admission.</summary>
    public int CachedTokens;

    /// <summary>Deepest prefix node held; the chain above it is held too. Negative when none.</summary>
    public int PrefixNode;

    /// <summary>Prefix nodes held.</summary>
    public int PrefixNodes;

    /// <summary>Blocks held beside the prefix nodes, while prefilling.</summary>
    public int OwnBlocks;

    /// <summary>
    /// Run of free blocks with what it had computed when it was preempted, behind so many nodes of its chain;
    /// negative when there is none.
    /// </summary>
    public int KeptRun;
    public int KeptNodes;

    /// <summary>
    /// Serial of the plan that scheduled this decode, when the plan was made request by request.
    /// </summary>
    public long ScheduledPlan;

    /// <summary>What the executor reported of the chunk in flight, until it is applied.</summary>
    public bool ChunkAborted;
    public bool ChunkFinishes;
    public int ChunkComputedTokens;

    /// <summary>
    /// Neighbours in the running list, in order of admission; links in a free list otherwise.
    /// </summary>
    public int Previous;
    public int Next;

    /// <summary>What orders it in the heap it is in, and its place there; negative outside.</summary>
    public long QueueKey;
    public int HeapIndex;

    /// <summary>Order of arrival, never reused.</summary>
    public long Sequence;

    /// <summary>Clock value at which the computed length would have been zero, while decoding.</summary>
    public long DecodeBase;
}
